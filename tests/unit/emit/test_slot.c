/* Slots: which of several definitions gives a variable its value. */
#include "compiled.h"

static const struct table_slot *slot_of(const struct compiled *compiled, const char *name) {
    for (uint32_t i = 0; i < compiled->table.slot_count; i++) {
        if (strcmp(table_chars(&compiled->table, compiled->table.slot[i].name), name) == 0) {
            return &compiled->table.slot[i];
        }
    }
    CU_FAIL_FATAL("there is no such slot");
    return NULL;
}

static void expect_source(const char *text, enum table_slot_source source) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, text);
    CU_ASSERT_EQUAL(slot_of(&compiled, "a")->source, (uint32_t)source);
    compiled_release(&compiled);
}

/* nginx lets the last one define what a variable is; `set` only when there is no other. */
static void takes_the_last_definition(void) {
    expect_source("server { set $a 1; }", TABLE_SLOT_SET);
    expect_source("map $uri $a { } server { set $a 1; }", TABLE_SLOT_MAP);
    expect_source("server { set $a 1; } map $uri $a { }", TABLE_SLOT_MAP);
    expect_source("map $uri $a { } geo $a { } server { }", TABLE_SLOT_GEO);
    expect_source("geo $a { } map $uri $a { } server { }", TABLE_SLOT_MAP);
    expect_source("map $uri $a { } split_clients $uri $a { } server { }", TABLE_SLOT_SPLIT);
    expect_source("map $uri $a { } server { location ~ (?<a>x) { } }", TABLE_SLOT_CAPTURE);
    expect_source("map $uri $a { ~(?<a>x) y; } server { }", TABLE_SLOT_CAPTURE);
    expect_source("server { location ~ (?<a>x) { } } map $uri $a { }", TABLE_SLOT_MAP);
}

/* Of `set` and auth_request_set, which both give way to others, the first. */
static void takes_the_first_of_the_weak(void) {
    expect_source("server { auth_request_set $a $host; }", TABLE_SLOT_REPLY);
    expect_source("server { auth_request_set $a $host; set $a 1; }", TABLE_SLOT_REPLY);
    expect_source("server { set $a 1; auth_request_set $a $host; }", TABLE_SLOT_SET);
    expect_source("map $uri $a { } server { auth_request_set $a $host; }", TABLE_SLOT_MAP);
    expect_source("server { auth_request_set $a $host; } map $uri $a { }", TABLE_SLOT_MAP);
}

static void names_the_record_of_the_source(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled,
                  "map $uri $m1 { } map $uri $m2 { } geo $g { } split_clients $uri $s { }"
                  "server { set $x 1; }");
    CU_ASSERT_EQUAL(slot_of(&compiled, "m1")->map, 0);
    CU_ASSERT_EQUAL(slot_of(&compiled, "m2")->map, 1);
    CU_ASSERT_EQUAL(slot_of(&compiled, "m2")->geo, TABLE_NONE);
    CU_ASSERT_EQUAL(slot_of(&compiled, "g")->geo, 0);
    CU_ASSERT_EQUAL(slot_of(&compiled, "s")->split, 0);
    CU_ASSERT_EQUAL(slot_of(&compiled, "x")->map, TABLE_NONE);
    CU_ASSERT_EQUAL(compiled.table.map[1].place.line, 1);
    compiled_release(&compiled);
}

/* nginx notes it at the variable, where another definition leaves it. */
static void stays_volatile(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "map $uri $a { volatile; } map $uri $a { default 1; }"
                             "map $uri $b { volatile; } geo $b { } geo $c { } server { }");
    CU_ASSERT_EQUAL(compiled.table.map[slot_of(&compiled, "a")->map].is_volatile, 1);
    CU_ASSERT_EQUAL(compiled.table.geo[slot_of(&compiled, "b")->geo].is_volatile, 1);
    CU_ASSERT_EQUAL(compiled.table.geo[slot_of(&compiled, "c")->geo].is_volatile, 0);
    compiled_release(&compiled);
}

UNIT_TESTS("emit/slot", {"takes the last definition", takes_the_last_definition},
           {"takes the first of the weak", takes_the_first_of_the_weak},
           {"names the record of the source", names_the_record_of_the_source},
           {"stays volatile", stays_volatile})
