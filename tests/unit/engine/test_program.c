/* Tests of program.c: templates and rewrite sequences. */
#include "table_builder.h"

#define SLOT(index) ((struct table_op){TABLE_OP_APPEND_SLOT, (index), 0})
#define CAPTURE(number) ((struct table_op){TABLE_OP_APPEND_CAPTURE, (number), 0})

static uint32_t template(struct table_builder *builder, const struct table_op *ops,
                         uint32_t count) {
    return builder_program(builder, TABLE_PROGRAM_TEMPLATE, ops, count);
}

static uint32_t sequence(struct table_builder *builder, const struct table_op *ops,
                         uint32_t count) {
    return builder_program(builder, TABLE_PROGRAM_SEQUENCE, ops, count);
}

static bool gives(struct engine_fixture *fixture, uint32_t program, const char *expected) {
    struct slice text;
    return engine_run_template(&fixture->request, program, &text) && text_is(text, expected);
}

static void joins_the_parts_of_a_template(void) {
    struct engine_fixture fixture;
    struct table_builder *builder = &fixture.builder;
    builder_begin(builder);
    struct table_op ops[] = {
        builder_text_op(builder, "<"),
        builder_variable_op(builder, VARIABLE_URI, ""),
        builder_variable_op(builder, VARIABLE_REMOTE_USER, ""),
        builder_text_op(builder, ">"),
        builder_variable_op(builder, VARIABLE_ARG, "x"),
    };
    uint32_t program = template(builder, ops, 5);
    fixture_open(&fixture);
    fixture.request.uri = SLICE("/path");
    fixture.request.args = SLICE("x=1");
    CU_ASSERT(gives(&fixture, program, "</path>1"));
    fixture.request.args = SLICE("");
    CU_ASSERT(gives(&fixture, program, "</path>"));
    fixture_close(&fixture);
}

/* With an arena that has no memory. */
static void borrows_where_nothing_is_joined(void) {
    struct engine_fixture fixture;
    struct table_builder *builder = &fixture.builder;
    builder_begin(builder);
    struct table_op uri = builder_variable_op(builder, VARIABLE_URI, "");
    struct table_op args = builder_variable_op(builder, VARIABLE_ARGS, "");
    struct table_op text = builder_text_op(builder, "literal");
    uint32_t empty = template(builder, NULL, 0);
    uint32_t literal = template(builder, &text, 1);
    uint32_t variable = template(builder, &uri, 1);
    uint32_t joined = template(builder, (struct table_op[]){uri, args}, 2);
    fixture_open(&fixture);
    arena_init(&fixture.arena, SIZE_MAX);
    fixture.request.uri = SLICE("/path");
    struct slice value;
    CU_ASSERT(gives(&fixture, empty, ""));
    CU_ASSERT(gives(&fixture, literal, "literal"));
    CU_ASSERT(engine_run_template(&fixture.request, variable, &value));
    CU_ASSERT_PTR_EQUAL(value.data, fixture.request.uri.data);
    CU_ASSERT(engine_run_template(&fixture.request, joined, &value));
    CU_ASSERT_PTR_EQUAL(value.data, fixture.request.uri.data);
    fixture.request.args = SLICE("a");
    CU_ASSERT_FALSE(engine_run_template(&fixture.request, joined, &value));
    fixture_close(&fixture);
}

static void says_when_a_variable_finds_no_memory(void) {
    struct engine_fixture fixture;
    struct table_builder *builder = &fixture.builder;
    builder_begin(builder);
    struct table_op port = builder_variable_op(builder, VARIABLE_SERVER_PORT, "");
    uint32_t program = template(builder, &port, 1);
    uint32_t set = sequence(builder, (struct table_op[]){{TABLE_OP_RETURN_TEXT, 200, program}}, 1);
    fixture_open(&fixture);
    arena_init(&fixture.arena, SIZE_MAX);
    fixture.request.server_port = 80;
    struct slice text;
    struct engine_answer answer;
    CU_ASSERT_FALSE(engine_run_template(&fixture.request, program, &text));
    CU_ASSERT_FALSE(engine_run_sequence(&fixture.request, set, &answer));
    fixture_close(&fixture);
}

static void runs_templates_of_many_parts(void) {
    enum { PARTS = 100 };
    struct engine_fixture fixture;
    struct table_op ops[PARTS];
    char expected[PARTS + 1] = "";
    builder_begin(&fixture.builder);
    for (size_t i = 0; i < PARTS; i++) {
        char text[2] = {(char)('a' + i % 26), '\0'};
        ops[i] = builder_text_op(&fixture.builder, text);
        strcat(expected, text);
    }
    uint32_t program = template(&fixture.builder, ops, PARTS);
    fixture_open(&fixture);
    CU_ASSERT(gives(&fixture, program, expected));
    fixture_close(&fixture);
}

static void evaluates_captures_when_they_are_used(void) {
    static const struct location_spec specs[] = {
        {TABLE_LOCATION_REGEX, "^/(?<name>a+)(b)?(c)", false, NULL, 0},
        {TABLE_LOCATION_REGEX, "^/(x)", false, NULL, 0}};
    struct engine_fixture fixture;
    struct table_builder *builder = &fixture.builder;
    builder_begin(builder);
    builder_server(builder, "x", builder_location_set(builder, specs, 2));
    struct table_op bar = builder_text_op(builder, "|");
    uint32_t program = template(builder,
                                (struct table_op[]){CAPTURE(0), bar, CAPTURE(1), bar, CAPTURE(2),
                                                    bar, CAPTURE(3), bar, CAPTURE(4), bar, SLOT(0)},
                                11);
    fixture_open(&fixture);
    fixture.request.server = &builder->table.server[0];
    CU_ASSERT(gives(&fixture, program, "|||||"));
    fixture.request.uri = SLICE("/aaacx");
    CU_ASSERT_EQUAL(engine_find_location(&fixture.request), ENGINE_LOCATION_FOUND);
    CU_ASSERT(gives(&fixture, program, "/aaac|aaa||c||aaa"));
    fixture.request.uri = SLICE("/abc");
    CU_ASSERT_EQUAL(engine_find_location(&fixture.request), ENGINE_LOCATION_FOUND);
    CU_ASSERT(gives(&fixture, program, "/abc|a|b|c||a"));
    fixture.request.uri = SLICE("/xyz");
    CU_ASSERT_EQUAL(engine_find_location(&fixture.request), ENGINE_LOCATION_FOUND);
    CU_ASSERT(gives(&fixture, program, "/x|x||||a"));
    fixture_close(&fixture);
}

static void sets_slots_in_order(void) {
    struct engine_fixture fixture;
    struct table_builder *builder = &fixture.builder;
    builder_begin(builder);
    uint32_t a = builder_slot(builder, SLICE("a"));
    uint32_t b = builder_slot(builder, SLICE("b"));
    struct table_op one = builder_text_op(builder, "1");
    uint32_t literal = template(builder, &one, 1);
    uint32_t doubled = template(builder, (struct table_op[]){SLOT(a), SLOT(a)}, 2);
    uint32_t both = template(builder, (struct table_op[]){SLOT(a), SLOT(b)}, 2);
    uint32_t program = sequence(builder,
                                (struct table_op[]){{TABLE_OP_SET, a, literal},
                                                    {TABLE_OP_SET, b, doubled},
                                                    {TABLE_OP_SET, a, both}},
                                3);
    fixture_open(&fixture);
    struct engine_answer answer;
    CU_ASSERT(gives(&fixture, both, ""));
    CU_ASSERT(engine_run_sequence(&fixture.request, program, &answer));
    CU_ASSERT_EQUAL(answer.status, 0);
    CU_ASSERT(text_is(fixture.request.slots[a], "111"));
    CU_ASSERT(text_is(fixture.request.slots[b], "11"));
    fixture_close(&fixture);
}

static void answers_with_the_first_return(void) {
    struct engine_fixture fixture;
    struct table_builder *builder = &fixture.builder;
    builder_begin(builder);
    uint32_t slot = builder_slot(builder, SLICE("a"));
    struct table_op op = builder_text_op(builder, "text");
    uint32_t text = template(builder, &op, 1);
    uint32_t bare = sequence(builder,
                             (struct table_op[]){{TABLE_OP_RETURN_STATUS, 403, 0},
                                                 {TABLE_OP_SET, slot, text},
                                                 {TABLE_OP_RETURN_TEXT, 200, text}},
                             3);
    uint32_t body = sequence(builder, (struct table_op[]){{TABLE_OP_RETURN_TEXT, 200, text}}, 1);
    uint32_t redirect =
        sequence(builder, (struct table_op[]){{TABLE_OP_RETURN_REDIRECT, 302, text}}, 1);
    fixture_open(&fixture);
    struct engine_answer answer;
    CU_ASSERT(engine_run_sequence(&fixture.request, bare, &answer));
    CU_ASSERT_EQUAL(answer.status, 403);
    CU_ASSERT_FALSE(answer.has_text);
    CU_ASSERT_PTR_NULL(fixture.request.slots[slot].data);
    CU_ASSERT(engine_run_sequence(&fixture.request, body, &answer));
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT(answer.has_text && !answer.is_redirect && text_is(answer.text, "text"));
    CU_ASSERT(engine_run_sequence(&fixture.request, redirect, &answer));
    CU_ASSERT_EQUAL(answer.status, 302);
    CU_ASSERT(answer.has_text && answer.is_redirect && text_is(answer.text, "text"));
    fixture_close(&fixture);
}

UNIT_TESTS("engine/program", {"joins the parts of a template", joins_the_parts_of_a_template},
           {"borrows where nothing is joined", borrows_where_nothing_is_joined},
           {"says when a variable finds no memory", says_when_a_variable_finds_no_memory},
           {"runs templates of many parts", runs_templates_of_many_parts},
           {"evaluates captures when they are used", evaluates_captures_when_they_are_used},
           {"sets slots in order", sets_slots_in_order},
           {"answers with the first return", answers_with_the_first_return})
