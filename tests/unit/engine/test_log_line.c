/* Tests of log_line.c. Expected lines are what nginx 1.22 logs for the same format and request. */
#include "table_builder.h"

/* The bytes that some escape= setting changes, and some that none does. */
#define BYTES "a\xc3\xa9\"\\\t\n\r\b\f\x01\x1f\x7f/ ~"

struct log_fixture {
    struct engine_fixture engine;
    struct table_log_format formats[TABLE_log_escape_COUNT];
};

/* A line of a header, a slot that `set` gives a value, a slot of a named group, and $args, between
 * literal text. */
static void open_log(struct log_fixture *fixture) {
    struct table_builder *builder = &fixture->engine.builder;
    builder_begin(builder);
    builder_regex(builder, "(?<group>x)", false);
    struct table_op bar = builder_text_op(builder, "\"|");
    struct table_op ops[] = {
        builder_variable_op(builder, VARIABLE_HTTP, "x_y"),
        bar,
        {TABLE_OP_APPEND_SLOT, builder_slot(builder, SLICE("set")), 0},
        bar,
        {TABLE_OP_APPEND_SLOT, builder_slot(builder, SLICE("group")), 0},
        bar,
        builder_variable_op(builder, VARIABLE_ARGS, ""),
    };
    uint32_t line = builder_program(builder, TABLE_PROGRAM_TEMPLATE, ops, 7);
    for (uint32_t escape = 0; escape < TABLE_log_escape_COUNT; escape++) {
        fixture->formats[escape] = (struct table_log_format){.escape = escape, .line = line};
    }
    fixture_open(&fixture->engine);
}

static bool logs(struct log_fixture *fixture, enum table_log_escape escape, const char *expected) {
    struct slice line;
    return engine_run_log_line(&fixture->engine.request, &fixture->formats[escape], &line) &&
           text_is(line, expected);
}

static void escapes_variables_but_not_literals(void) {
    struct log_fixture fixture;
    struct engine_header header = {SLICE("X-Y"), SLICE(BYTES)};
    open_log(&fixture);
    fixture.engine.request.headers = &header;
    fixture.engine.request.header_count = 1;
    fixture.engine.request.slots[0] = SLICE("g\"");
    fixture.engine.request.slots[1] = SLICE("s");
    fixture.engine.request.args = SLICE("a=1");
    CU_ASSERT(logs(&fixture, TABLE_ESCAPE_DEFAULT,
                   "a\\xC3\\xA9\\x22\\x5C\\x09\\x0A\\x0D\\x08\\x0C\\x01\\x1F\\x7F/ ~"
                   "\"|s\"|g\\x22\"|a=1"));
    CU_ASSERT(logs(&fixture, TABLE_ESCAPE_JSON,
                   "a\xc3\xa9\\\"\\\\\\t\\n\\r\\b\\f\\u0001\\u001F\x7f/ ~\"|s\"|g\\\"\"|a=1"));
    CU_ASSERT(logs(&fixture, TABLE_ESCAPE_NONE, BYTES "\"|s\"|g\"\"|a=1"));
    fixture_close(&fixture.engine);
}

/* nginx: a variable of `set` is empty before it is set, one of a regex has no value. */
static void shows_what_has_no_value(void) {
    struct log_fixture fixture;
    struct engine_header header = {SLICE("x-y"), {NULL, 0}};
    open_log(&fixture);
    CU_ASSERT(logs(&fixture, TABLE_ESCAPE_DEFAULT, "-\"|\"|-\"|-"));
    CU_ASSERT(logs(&fixture, TABLE_ESCAPE_JSON, "\"|\"|\"|"));
    CU_ASSERT(logs(&fixture, TABLE_ESCAPE_NONE, "\"|\"|\"|"));
    fixture.engine.request.headers = &header;
    fixture.engine.request.header_count = 1;
    CU_ASSERT(logs(&fixture, TABLE_ESCAPE_DEFAULT, "\"|\"|-\"|-"));
    fixture_close(&fixture.engine);
}

static void logs_lines_of_many_parts(void) {
    enum { PARTS = 200 };
    struct engine_fixture fixture;
    struct table_op ops[PARTS];
    char expected[4 * PARTS + 1] = "";
    builder_begin(&fixture.builder);
    struct table_op uri = builder_variable_op(&fixture.builder, VARIABLE_URI, "");
    for (size_t i = 0; i < PARTS; i++) {
        ops[i] = uri;
        strcat(expected, "\\x22");
    }
    struct table_log_format format = {
        .line = builder_program(&fixture.builder, TABLE_PROGRAM_TEMPLATE, ops, PARTS)};
    fixture_open(&fixture);
    fixture.request.uri = SLICE("\"");
    struct slice line;
    CU_ASSERT(engine_run_log_line(&fixture.request, &format, &line));
    CU_ASSERT(text_is(line, expected));
    arena_release(&fixture.arena);
    arena_init(&fixture.arena, SIZE_MAX); /* has no memory */
    CU_ASSERT_FALSE(engine_run_log_line(&fixture.request, &format, &line));
    fixture_close(&fixture);
}

/* A line that tables can be made to blow up is left out; a request that took too much is not. */
static void bounds_lines(void) {
    enum { SIZE = 1 << 21 };
    static char uri[SIZE];
    struct engine_fixture fixture;
    builder_begin(&fixture.builder);
    struct table_op part = builder_variable_op(&fixture.builder, VARIABLE_URI, "");
    struct table_op ops[] = {part, part};
    struct table_log_format once = {
        .line = builder_program(&fixture.builder, TABLE_PROGRAM_TEMPLATE, ops, 1)};
    struct table_log_format twice = {
        .line = builder_program(&fixture.builder, TABLE_PROGRAM_TEMPLATE, ops, 2)};
    fixture_open(&fixture);
    memset(uri, 'a', sizeof uri);
    fixture.request.uri = (struct slice){uri, sizeof uri};
    fixture.request.effort = ENGINE_EFFORT_LIMIT + 1;
    struct slice line;
    CU_ASSERT_TRUE(engine_run_log_line(&fixture.request, &once, &line));
    CU_ASSERT_EQUAL(line.size, SIZE);
    CU_ASSERT_FALSE(engine_run_log_line(&fixture.request, &twice, &line));
    CU_ASSERT_EQUAL(fixture.request.effort, ENGINE_EFFORT_LIMIT + 1);
    fixture_close(&fixture);
}

UNIT_TESTS("engine/log_line",
           {"escapes variables but not literals", escapes_variables_but_not_literals},
           {"shows what has no value", shows_what_has_no_value},
           {"logs lines of many parts", logs_lines_of_many_parts}, {"bounds lines", bounds_lines})
