/* split_clients: nginx's hash, and its bounds to the last unit. */
#include "engine/guard.h"
#include "site_engine.h"

static struct site_engine site;

static const char *split(const char *text) {
    char args[256];
    int size = snprintf(args, sizeof args, "x=%s", text);
    return site_value_for(&site, "v", guard_copy((struct slice){args, (size_t)size}));
}

#define EXPECT(text, value) CU_ASSERT_STRING_EQUAL(split(text), (value))

/* Where the first of two parts ends; the table is this test's own. */
static void set_bound(uint32_t below) {
    memcpy((void *)(uintptr_t)&site.compiled.table.split_part[0].below, &below, sizeof below);
}

/* The hashes are those of MurmurHash2 by its reference implementation. A part ends below its
 * bound. */
static void hashes_as_nginx_does(void) {
    static const struct {
        const char *text;
        uint32_t hash;
    } rows[] = {
        {"", 0x00000000},
        {"a", 0x92685f5e},
        {"ab", 0x1aa14063},
        {"abc", 0x13577c9b},
        {"abcd", 0x26873021},
        {"abcde", 0x5f09a8de},
        {"/index.html", 0x7a72597d},
        {"203.0.113.7agent", 0x9e399195},
        {"\xff\xfe\x80", 0xa30efe85},
    };
    site_open(&site, "split_clients $arg_x $v { 50% below; * above; } server { listen 80; }");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_bound(rows[i].hash + 1);
        EXPECT(rows[i].text, "below");
        if (rows[i].hash > 0) {
            set_bound(rows[i].hash);
            EXPECT(rows[i].text, "above");
        }
    }
    site_close(&site);
}

static void divides_by_percentages(void) {
    site_open(&site, "split_clients $arg_x $v { 25% a; 25% '$b'; * c; } server { listen 80; }");
    uint32_t counts[3] = {0};
    for (int i = 0; i < 4000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        const char *value = split(text);
        counts[value[0] == 'a' ? 0 : value[0] == '$' ? 1 : 2]++;
    }
    CU_ASSERT_TRUE(counts[0] > 900 && counts[0] < 1100);
    CU_ASSERT_TRUE(counts[1] > 900 && counts[1] < 1100);
    site_close(&site);
}

static void leaves_the_rest_empty(void) {
    site_open(&site, "split_clients $arg_x $v { 0.01% a; } split_clients $arg_x $w { }"
                     "server { listen 80; }");
    EXPECT("a", "");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "w"), "");
    site_close(&site);
}

/* Each share is rounded down by itself. */
static void computes_bounds_as_nginx_does(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "split_clients $arg_x $v { 0.01% a; 33.33% b; 66.66% c; }"
                             "server { listen 80; }");
    CU_ASSERT_EQUAL_FATAL(compiled.table.split_part_count, 3);
    CU_ASSERT_EQUAL(compiled.table.split_part[0].below, 429496);
    CU_ASSERT_EQUAL(compiled.table.split_part[1].below, 429496 + 1431512599u);
    CU_ASSERT_EQUAL(compiled.table.split_part[2].below, 429496 + 1431512599u + 2863025198u);
    compiled_release(&compiled);
}

UNIT_TESTS("engine/split", {"hashes as nginx does", hashes_as_nginx_does},
           {"divides by percentages", divides_by_percentages},
           {"leaves the rest empty", leaves_the_rest_empty},
           {"computes bounds as nginx does", computes_bounds_as_nginx_does})
