/* Server names: which slots they get, who wins, and what is shared. */
#include "compiled.h"

/* The server that a name of that kind belongs to, or TABLE_NONE; by looking at every slot, so that
 * the order of slots is left to the table's validation. */
static uint32_t find_name(const struct compiled *compiled, uint32_t index, const char *key,
                          enum table_name_kind kind) {
    struct table_range slots = compiled->table.name_index[index].slots;
    uint32_t found = TABLE_NONE;
    uint32_t times = 0;
    for (uint32_t i = slots.first; i < slots.first + slots.count; i++) {
        const struct table_name_slot *slot = &compiled->table.name_slot[i];
        if (slot->server != TABLE_NONE && slot->kind == (uint32_t)kind &&
            strcmp(table_chars(&compiled->table, slot->key), key) == 0) {
            found = slot->server;
            times++;
        }
    }
    CU_ASSERT_TRUE(times <= 1);
    return found;
}

static void gives_each_kind_of_name_its_slots(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { listen 80; server_name Example.com *.a.org www.b.* .c.net; }"
                             "server { listen 80; }");
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "example.com", TABLE_NAME_EXACT), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, ".a.org", TABLE_NAME_LEADING), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "a.org", TABLE_NAME_EXACT), TABLE_NONE);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "www.b.", TABLE_NAME_TRAILING), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "c.net", TABLE_NAME_EXACT), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, ".c.net", TABLE_NAME_LEADING), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "", TABLE_NAME_EXACT), 1);
    CU_ASSERT_EQUAL(compiled.table.name_index[0].has_leading, 1);
    CU_ASSERT_EQUAL(compiled.table.name_index[0].has_trailing, 1);
    compiled_release(&compiled);
}

static void lets_the_first_server_keep_a_name(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { listen 80; server_name a.com b.com; }"
                             "server { listen 80; server_name b.com c.com; }");
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "b.com", TABLE_NAME_EXACT), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "c.com", TABLE_NAME_EXACT), 1);
    compiled_release(&compiled);
}

/* As nginx: ".c.net" is one name, whichever half of it is taken. */
static void ignores_both_halves_of_a_name_that_is_taken(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { listen 80; server_name a.org *.b.org; }"
                             "server { listen 80; server_name .a.org .b.org .c.org; }"
                             "server { listen 80; server_name c.org *.c.org; }"
                             "server { listen 80; server_name d.org .d.org *.e.org .e.org; }");
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "a.org", TABLE_NAME_EXACT), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, ".a.org", TABLE_NAME_LEADING), TABLE_NONE);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "b.org", TABLE_NAME_EXACT), TABLE_NONE);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, ".b.org", TABLE_NAME_LEADING), 0);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "c.org", TABLE_NAME_EXACT), 1);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, ".c.org", TABLE_NAME_LEADING), 1);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, ".d.org", TABLE_NAME_LEADING), TABLE_NONE);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "e.org", TABLE_NAME_EXACT), TABLE_NONE);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, ".e.org", TABLE_NAME_LEADING), 3);
    compiled_release(&compiled);
}

static void keeps_regexes_in_order(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { listen 80; server_name ~^b a.com; }"
                             "server { listen 80; server_name ~^a ~^(?<x>c); }");
    struct table_range regexes = compiled.table.name_index[0].regexes;
    CU_ASSERT_EQUAL_FATAL(regexes.count, 3);
    static const char *const patterns[] = {"^b", "^a", "^(?<x>c)"};
    static const uint32_t servers[] = {0, 1, 1};
    for (uint32_t i = 0; i < 3; i++) {
        const struct table_name_regex *regex = &compiled.table.name_regex[regexes.first + i];
        CU_ASSERT_STRING_EQUAL(
            table_chars(&compiled.table, compiled.table.regex[regex->regex].pattern), patterns[i]);
        CU_ASSERT_EQUAL(regex->server, servers[i]);
    }
    CU_ASSERT_EQUAL(compiled.table.regex[2].names.count, 1);
    compiled_release(&compiled);
}

static void names_servers_as_nginx_does(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { listen 80; server_name *.a.org; }"
                             "server { listen 80; server_name www.b.*; }"
                             "server { listen 80; server_name .C.net; }"
                             "server { listen 80; server_name ~^d; }"
                             "server { listen 80; }");
    static const char *const names[] = {"*.a.org", "www.b.*", "c.net", "~^d", ""};
    CU_ASSERT_EQUAL_FATAL(compiled.table.server_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        CU_ASSERT_STRING_EQUAL(table_chars(&compiled.table, compiled.table.server[i].name),
                               names[i]);
    }
    compiled_release(&compiled);
}

static void shares_the_index_of_equal_endpoints(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { listen 80; listen 81; server_name a.com; }"
                             "server { listen 80; listen 81; listen 82; server_name b.com; }");
    CU_ASSERT_EQUAL_FATAL(compiled.table.endpoint_count, 3);
    CU_ASSERT_EQUAL(compiled.table.endpoint[0].names, compiled.table.endpoint[1].names);
    CU_ASSERT_NOT_EQUAL(compiled.table.endpoint[0].names, compiled.table.endpoint[2].names);
    CU_ASSERT_EQUAL(compiled.table.name_index_count, 2);
    compiled_release(&compiled);
}

static void holds_many_names(void) {
    enum { COUNT = 2000 };
    struct compiled compiled;
    static char text[COUNT * 32];
    size_t used = (size_t)snprintf(text, sizeof text, "server { listen 80; server_name");
    for (int i = 0; i < COUNT; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, " h%d.example", i);
    }
    snprintf(text + used, sizeof text - used, "; }");
    COMPILE_FATAL(&compiled, text);
    uint32_t slots = compiled.table.name_index[0].slots.count;
    CU_ASSERT_TRUE(slots >= COUNT * 4 / 3 && slots < COUNT * 2);
    CU_ASSERT_EQUAL(find_name(&compiled, 0, "h1999.example", TABLE_NAME_EXACT), 0);
    compiled_release(&compiled);
}

UNIT_TESTS("emit/name_index",
           {"gives each kind of name its slots", gives_each_kind_of_name_its_slots},
           {"lets the first server keep a name", lets_the_first_server_keep_a_name},
           {"ignores both halves of a name that is taken",
            ignores_both_halves_of_a_name_that_is_taken},
           {"keeps regexes in order", keeps_regexes_in_order},
           {"names servers as nginx does", names_servers_as_nginx_does},
           {"shares the index of equal endpoints", shares_the_index_of_equal_endpoints},
           {"holds many names", holds_many_names})
