/* Maps as records: the slots of their keys, and what equal values share. */
#include "compiled.h"

/* The slot of a key, by looking at all of them. */
static const struct table_map_slot *find_key(const struct compiled *compiled, uint32_t map,
                                             const char *key, enum table_name_kind kind) {
    struct table_range slots = compiled->table.map[map].slots;
    const struct table_map_slot *found = NULL;
    for (uint32_t i = slots.first; i < slots.first + slots.count; i++) {
        const struct table_map_slot *slot = &compiled->table.map_slot[i];
        if (slot->value != TABLE_NONE && slot->kind == (uint32_t)kind &&
            strcmp(table_chars(&compiled->table, slot->key), key) == 0) {
            CU_ASSERT_PTR_NULL(found);
            found = slot;
        }
    }
    return found;
}

static void gives_each_kind_of_key_its_slots(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled,
                  "map $host $a { hostnames; Exact 1; *.lead 2; trail.* 3; .both 4; '' 5; }"
                  "server { listen 80; }");
    const struct table_map *map = &compiled.table.map[0];
    CU_ASSERT_EQUAL(map->slots.count, 9); /* six keys */
    CU_ASSERT_EQUAL(map->hostnames, 1);
    CU_ASSERT_EQUAL(map->has_leading, 1);
    CU_ASSERT_EQUAL(map->has_trailing, 1);
    CU_ASSERT_PTR_NOT_NULL(find_key(&compiled, 0, "exact", TABLE_NAME_EXACT));
    CU_ASSERT_PTR_NOT_NULL(find_key(&compiled, 0, "", TABLE_NAME_EXACT));
    CU_ASSERT_PTR_NOT_NULL(find_key(&compiled, 0, ".lead", TABLE_NAME_LEADING));
    CU_ASSERT_PTR_NULL(find_key(&compiled, 0, "lead", TABLE_NAME_EXACT));
    CU_ASSERT_PTR_NOT_NULL(find_key(&compiled, 0, "trail.", TABLE_NAME_TRAILING));
    const struct table_map_slot *exact = find_key(&compiled, 0, "both", TABLE_NAME_EXACT);
    const struct table_map_slot *leading = find_key(&compiled, 0, ".both", TABLE_NAME_LEADING);
    CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
    CU_ASSERT_PTR_NOT_NULL_FATAL(leading);
    CU_ASSERT_EQUAL(exact->value, leading->value);
    compiled_release(&compiled);
}

static void keeps_wildcards_as_texts_without_hostnames(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "map $host $a { *.x 1; y.* 2; .z 3; } server { listen 80; }");
    CU_ASSERT_EQUAL(compiled.table.map[0].has_leading, 0);
    CU_ASSERT_EQUAL(compiled.table.map[0].has_trailing, 0);
    CU_ASSERT_PTR_NOT_NULL(find_key(&compiled, 0, "*.x", TABLE_NAME_EXACT));
    CU_ASSERT_PTR_NOT_NULL(find_key(&compiled, 0, "y.*", TABLE_NAME_EXACT));
    CU_ASSERT_PTR_NOT_NULL(find_key(&compiled, 0, ".z", TABLE_NAME_EXACT));
    compiled_release(&compiled);
}

static void keeps_regexes_in_order(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "map $uri $a { ~b 1; c 2; ~*(?<n>a) $n; } map $uri $b { ~z 3; }"
                             "server { listen 80; }");
    const struct table *table = &compiled.table;
    CU_ASSERT_EQUAL_FATAL(table->map[0].regexes.count, 2);
    const struct table_map_regex *regexes = &table->map_regex[table->map[0].regexes.first];
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->regex[regexes[0].regex].pattern), "b");
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->regex[regexes[1].regex].pattern), "(?<n>a)");
    CU_ASSERT_EQUAL(table->regex[regexes[1].regex].ignore_case, 1);
    CU_ASSERT_EQUAL(table->regex[regexes[1].regex].names.count, 1);
    CU_ASSERT_EQUAL(table->map[1].regexes.first, table->map[0].regexes.first + 2);
    CU_ASSERT_EQUAL(table->map[1].slots.count, 0);
    compiled_release(&compiled);
}

static void stores_equal_values_once(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "map $uri $a { default on; b on; c off; } map $uri $b { d off; }"
                             "server { listen 80; }");
    const struct table_map *maps = compiled.table.map;
    CU_ASSERT_EQUAL(find_key(&compiled, 0, "b", TABLE_NAME_EXACT)->value, maps[0].otherwise);
    CU_ASSERT_EQUAL(find_key(&compiled, 0, "c", TABLE_NAME_EXACT)->value,
                    find_key(&compiled, 1, "d", TABLE_NAME_EXACT)->value);
    CU_ASSERT_EQUAL(maps[0].subject, maps[1].subject);
    compiled_release(&compiled);
}

UNIT_TESTS("emit/map", {"gives each kind of key its slots", gives_each_kind_of_key_its_slots},
           {"keeps wildcards as texts without hostnames",
            keeps_wildcards_as_texts_without_hostnames},
           {"keeps regexes in order", keeps_regexes_in_order},
           {"stores equal values once", stores_equal_values_once})
