/* Variables by name: the configuration's own, built-in ones, and families of them. */
#include "decided.h"

static const char site[] = "server { listen 80; set $Own \"$host!\"; set $unset2 x;\n"
                           "    location ~ ^/(?<part>[a-z]+) { return 200 $part; } }\n";

static bool is(struct decided *decided, const char *name, const char *expected) {
    struct slice value;
    CU_ASSERT_TRUE(engine_variable_exists(&decided->compiled.table, slice_from_string(name)));
    bool has_value = engine_variable_by_name(&decided->request, slice_from_string(name), &value);
    return has_value ? expected != NULL && slice_equals(value, slice_from_string(expected))
                     : expected == NULL;
}

static void finds_all_kinds(void) {
    struct decided decided;
    decided_open(&decided, site);
    decided_begin(&decided, "GET", "/abc?x=1&y=2");
    decided_add_header(&decided, "X-Some", "thing");
    decided_run(&decided, "H");
    CU_ASSERT_TRUE(is(&decided, "own", "h!"));
    CU_ASSERT_TRUE(is(&decided, "OWN", "h!"));
    CU_ASSERT_TRUE(is(&decided, "part", "abc"));
    CU_ASSERT_TRUE(is(&decided, "host", "h"));
    CU_ASSERT_TRUE(is(&decided, "args", "x=1&y=2"));
    CU_ASSERT_TRUE(is(&decided, "arg_y", "2"));
    CU_ASSERT_TRUE(is(&decided, "http_x_some", "thing"));
    CU_ASSERT_TRUE(is(&decided, "Http_X_None", NULL));
    CU_ASSERT_TRUE(is(&decided, "https", ""));
    CU_ASSERT_TRUE(is(&decided, "request_id", NULL)); /* nobody is there to ask */
    decided_close(&decided);
}

static void knows_what_there_is_not(void) {
    static const char *const names[] = {"",      "nothing", "ow",    "owned",
                                        "http_", "arg_",    "hostt", "1"};
    struct decided decided;
    struct slice value;
    decided_open(&decided, site);
    decided_begin(&decided, "GET", "/");
    decided_run(&decided, "h");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice name = slice_from_string(names[i]);
        CU_ASSERT_FALSE(engine_variable_exists(&decided.compiled.table, name));
        CU_ASSERT_FALSE(engine_variable_by_name(&decided.request, name, &value));
    }
    decided_close(&decided);
}

UNIT_TESTS("engine/variable_name", {"finds all kinds", finds_all_kinds},
           {"knows what there is not", knows_what_there_is_not})
