/* Blocks of Lua: where they end, and that what follows them is read as ever. */
#include "parsed.h"

#include "syntax/lua.h"

static size_t measure(const char *text) {
    return lua_measure_block(slice_from_string(text));
}

static void knows_its_directives(void) {
    CU_ASSERT_TRUE(lua_is_block_of(SLICE("content_by_lua_block")));
    CU_ASSERT_TRUE(lua_is_block_of(SLICE("init_worker_by_lua_block")));
    CU_ASSERT_FALSE(lua_is_block_of(SLICE("content_by_lua_file")));
    CU_ASSERT_FALSE(lua_is_block_of(SLICE("location")));
}

static void counts_braces(void) {
    CU_ASSERT_EQUAL(measure("}"), 0);
    CU_ASSERT_EQUAL(measure("a = {1, {2}} } b }"), 13);
    CU_ASSERT_EQUAL(measure("a = {1, 2 }"), 11);
    CU_ASSERT_EQUAL(measure(""), 0);
}

static void passes_over_strings(void) {
    CU_ASSERT_EQUAL(measure("'}' }"), 4);
    CU_ASSERT_EQUAL(measure("\"\\\"}\" }"), 6);
    CU_ASSERT_EQUAL(measure("\"'}\" }"), 5);
    CU_ASSERT_EQUAL(measure("it's }\n"), 5); /* no string: its line does not end it */
    CU_ASSERT_EQUAL(measure("'\\"), 2);
}

static void passes_over_long_strings(void) {
    CU_ASSERT_EQUAL(measure("[[ } ]] }"), 8);
    CU_ASSERT_EQUAL(measure("[==[ } ]] ]=] ]==] }"), 19);
    CU_ASSERT_EQUAL(measure("[=[]]=]}"), 7);
    CU_ASSERT_EQUAL(measure("a[b[1]] }"), 8);
    CU_ASSERT_EQUAL(measure("[= } "), 3);
    CU_ASSERT_EQUAL(measure("[[ } "), 5);
}

static void passes_over_comments(void) {
    CU_ASSERT_EQUAL(measure("-- }\n }"), 6);
    CU_ASSERT_EQUAL(measure("--[[ }\n } ]] }"), 13);
    CU_ASSERT_EQUAL(measure("--[ }\n}"), 6);
    CU_ASSERT_EQUAL(measure("a - { } - b }"), 12);
    CU_ASSERT_EQUAL(measure("-- }"), 4);
}

static void leaves_the_rest_to_the_reader(void) {
    EXPECT("a_by_lua_block { if x ~= \"}\" then } b c;", "a_by_lua_block{}b<c>;", "");
    EXPECT("a_by_lua_block {x} b;", "a_by_lua_block{}b;", "");
    EXPECT("s { set_by_lua_block $x {return 1} } b;", "s{set_by_lua_block<$x>{}}b;", "");
    EXPECT("a_by_lua_block ;", "a_by_lua_block;", "");
}

UNIT_TESTS("syntax/lua", {"knows its directives", knows_its_directives},
           {"counts braces", counts_braces}, {"passes over strings", passes_over_strings},
           {"passes over long strings", passes_over_long_strings},
           {"passes over comments", passes_over_comments},
           {"leaves the rest to the reader", leaves_the_rest_to_the_reader})
