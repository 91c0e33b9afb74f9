/* Tests of sequence.c: every op of a rewrite sequence, as table/ops.def and nginx's rewrite module
 * define it. What a whole rewrite makes of a path is in test_rewrite.c. */
#include "table_builder.h"

#define SLOT(index) ((struct table_op){TABLE_OP_APPEND_SLOT, (index), 0})
#define CAPTURE(number) ((struct table_op){TABLE_OP_APPEND_CAPTURE, (number), 0})
#define OP(code, a, b) ((struct table_op){TABLE_OP_##code, (a), (b)})
#define OPS(...)                                                                                   \
    ((struct table_op[]){__VA_ARGS__}),                                                            \
        (uint32_t)(sizeof((struct table_op[]){__VA_ARGS__}) / sizeof(struct table_op))

static struct engine_fixture fixture;
static struct table_builder *const builder = &fixture.builder;
static struct engine_answer answer;

static uint32_t template(const struct table_op *ops, uint32_t count) {
    return builder_program(builder, TABLE_PROGRAM_TEMPLATE, ops, count);
}

static uint32_t text(const char *text) {
    struct table_op op = builder_text_op(builder, text);
    return template(&op, text[0] == '\0' ? 0 : 1);
}

static uint32_t sequence(const struct table_op *ops, uint32_t count) {
    return builder_program(builder, TABLE_PROGRAM_SEQUENCE, ops, count);
}

static uint32_t variable(enum variable_id id, const char *suffix) {
    struct table_op op = builder_variable_op(builder, id, suffix);
    return template(&op, 1);
}

static uint32_t capture(uint32_t number) {
    return template(OPS(CAPTURE(number)));
}

/* The slot that tests look at; set to "no" before, whatever a sequence does. */
static uint32_t result_slot(void) {
    return builder_slot(builder, SLICE("result"));
}

static bool run(uint32_t program) {
    memset(&answer, 0xff, sizeof answer);
    fixture.request.captures.count = 0;
    fixture.request.effort = 0;
    return engine_run_sequence(&fixture.request, program, &answer);
}

/* Whether the sequence gave the slot that value; NULL: none. */
static bool gives(uint32_t program, const char *expected) {
    uint32_t slot = 0;
    while (!slice_equals(table_text(&builder->table, builder->table.slot[slot].name),
                         SLICE("result"))) {
        slot++;
    }
    fixture.request.slots[slot] = (struct slice){NULL, 0};
    if (!run(program)) {
        return false;
    }
    struct slice value = fixture.request.slots[slot];
    return expected == NULL ? value.data == NULL : value.data != NULL && text_is(value, expected);
}

/* A block entered when the test holds, or when it does not: gives the slot the text. */
static uint32_t when(struct table_op test, enum table_op_code skip, const char *value) {
    uint32_t slot = result_slot();
    uint32_t program = text(value);
    return sequence(OPS(test, ((struct table_op){skip, 1, 0}), OP(SET, slot, program)));
}

static void takes_nothing_and_zero_for_false(void) {
    static const struct {
        const char *value;
        bool is_true;
    } rows[] = {{"", false},  {"0", false}, {"1", true},     {"00", true}, {"0 ", true},
                {" 0", true}, {"no", true}, {"false", true}, {"-", true},  {"0.0", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        builder_begin(builder);
        struct table_op test = OP(TEST_TRUE, text(rows[i].value), 0);
        uint32_t program = when(test, TABLE_OP_SKIP_UNLESS, "yes");
        uint32_t negated = when(test, TABLE_OP_SKIP_IF, "yes");
        fixture_open(&fixture);
        CU_ASSERT(gives(program, rows[i].is_true ? "yes" : NULL));
        CU_ASSERT(gives(negated, rows[i].is_true ? NULL : "yes"));
        fixture_close(&fixture);
    }
}

static void compares_bytes(void) {
    static const struct {
        const char *left;
        const char *right;
        bool is_equal;
    } rows[] = {{"", "", true},     {"a", "a", true}, {"a", "A", false}, {"a", "ab", false},
                {"ab", "a", false}, {"a", "", false}, {"", "0", false},  {"0", "00", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        builder_begin(builder);
        uint32_t left = text(rows[i].left);
        struct table_op test = OP(TEST_EQUAL, left, text(rows[i].right));
        uint32_t program = when(test, TABLE_OP_SKIP_UNLESS, "yes");
        uint32_t negated = when(test, TABLE_OP_SKIP_IF, "yes");
        fixture_open(&fixture);
        CU_ASSERT(gives(program, rows[i].is_equal ? "yes" : NULL));
        CU_ASSERT(gives(negated, rows[i].is_equal ? NULL : "yes"));
        fixture_close(&fixture);
    }
}

static void matches_regexes(void) {
    builder_begin(builder);
    uint32_t value = variable(VARIABLE_ARG, "x");
    uint32_t plain = builder_regex(builder, "^a+$", false);
    uint32_t nocase = builder_regex(builder, "^a+$", true);
    uint32_t with_case = when(OP(TEST_REGEX, value, plain), TABLE_OP_SKIP_UNLESS, "yes");
    uint32_t without = when(OP(TEST_REGEX, value, nocase), TABLE_OP_SKIP_UNLESS, "yes");
    uint32_t negated = when(OP(TEST_REGEX, value, plain), TABLE_OP_SKIP_IF, "yes");
    fixture_open(&fixture);
    fixture.request.args = SLICE("x=aa");
    CU_ASSERT(gives(with_case, "yes") && gives(without, "yes") && gives(negated, NULL));
    fixture.request.args = SLICE("x=aA");
    CU_ASSERT(gives(with_case, NULL) && gives(without, "yes") && gives(negated, "yes"));
    fixture.request.args = (struct slice){NULL, 0}; /* a variable without a value is empty */
    CU_ASSERT(gives(with_case, NULL) && gives(without, NULL) && gives(negated, "yes"));
    fixture_close(&fixture);
}

/* A match that fails leaves no captures; named groups keep what they had. */
static void forgets_captures_when_nothing_matches(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t value = variable(VARIABLE_ARG, "x");
    uint32_t first = builder_regex(builder, "^(?<name>.)(.)(z)?", false);
    uint32_t second = builder_regex(builder, "^(q)", false);
    uint32_t name = builder_slot(builder, SLICE("name"));
    struct table_op bar = builder_text_op(builder, "|");
    uint32_t all = template(
        OPS(CAPTURE(0), bar, CAPTURE(1), bar, CAPTURE(2), bar, CAPTURE(3), bar, SLOT(name)));
    uint32_t kept = sequence(OPS(OP(TEST_REGEX, value, first), OP(SET, slot, all)));
    uint32_t lost = sequence(
        OPS(OP(TEST_REGEX, value, first), OP(TEST_REGEX, value, second), OP(SET, slot, all)));
    uint32_t replaced = sequence(
        OPS(OP(TEST_REGEX, value, second), OP(TEST_REGEX, value, first), OP(SET, slot, all)));
    fixture_open(&fixture);
    fixture.request.args = SLICE("x=abc");
    CU_ASSERT(gives(kept, "ab|a|b||a"));
    CU_ASSERT(gives(lost, "||||a"));
    fixture.request.args = SLICE("x=qrz");
    CU_ASSERT(gives(lost, "q|q|||q"));
    CU_ASSERT(gives(replaced, "qrz|q|r|z|q"));
    fixture_close(&fixture);
}

static void ends_when_a_regex_fails(void) {
    builder_begin(builder);
    uint32_t value = variable(VARIABLE_ARG, "x");
    uint32_t endless = builder_regex(builder, "^(a+)+$", false);
    uint32_t program = when(OP(TEST_REGEX, value, endless), TABLE_OP_SKIP_IF, "no match");
    fixture_open(&fixture);
    char args[64] = "x=";
    memset(args + 2, 'a', 40);
    args[42] = 'b';
    fixture.request.args = slice_from_string(args);
    CU_ASSERT_FALSE(gives(program, "no match"));
    fixture_close(&fixture);
}

static uint32_t look(void *owner, struct slice path) {
    (void)owner;
    if (slice_equals(path, SLICE("/file"))) {
        return ENGINE_FILE_EXISTS | ENGINE_FILE_REGULAR;
    }
    if (slice_equals(path, SLICE("/folder"))) {
        return ENGINE_FILE_EXISTS | ENGINE_FILE_DIRECTORY | ENGINE_FILE_EXECUTABLE;
    }
    return slice_equals(path, SLICE("/program"))
               ? ENGINE_FILE_EXISTS | ENGINE_FILE_REGULAR | ENGINE_FILE_EXECUTABLE
               : ENGINE_FILE_NONE;
}

static void tests_files(void) {
    static const struct engine_live live = {.file = look};
    static const struct {
        const char *path;
        const char *kinds; /* letters of the tests that hold */
    } rows[] = {{"/file", "fe"}, {"/folder", "dex"}, {"/program", "fex"}, {"/none", ""}, {"", ""}};
    static const char letters[] = {[TABLE_FILE_REGULAR] = 'f',
                                   [TABLE_FILE_DIRECTORY] = 'd',
                                   [TABLE_FILE_EXISTS] = 'e',
                                   [TABLE_FILE_EXECUTABLE] = 'x'};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t kind = 0; kind < TABLE_file_test_COUNT; kind++) {
            builder_begin(builder);
            struct table_op test = OP(TEST_FILE, text(rows[i].path), kind);
            uint32_t program = when(test, TABLE_OP_SKIP_UNLESS, "yes");
            fixture_open(&fixture);
            CU_ASSERT(gives(program, NULL)); /* nobody to ask: no file */
            fixture.request.live = &live;
            bool holds = strchr(rows[i].kinds, letters[kind]) != NULL;
            CU_ASSERT(gives(program, holds ? "yes" : NULL));
            fixture_close(&fixture);
        }
    }
}

static void skips_so_many_ops(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t yes = text("1");
    uint32_t no = text("0");
    struct table_op more[] = {SLOT(slot), builder_text_op(builder, "x")};
    struct table_op add = OP(SET, slot, template(more, 2));
    struct table_op is_true = OP(TEST_TRUE, yes, 0);
    struct table_op is_false = OP(TEST_TRUE, no, 0);
    uint32_t none = sequence(OPS(is_false, OP(SKIP_UNLESS, 0, 0), add, add));
    uint32_t one = sequence(OPS(is_false, OP(SKIP_UNLESS, 1, 0), add, add));
    uint32_t rest = sequence(OPS(add, is_true, OP(SKIP_IF, 2, 0), add, add));
    uint32_t not_taken = sequence(OPS(is_true, OP(SKIP_UNLESS, 2, 0), add, add));
    /* A block in a block: the outer one is skipped as a whole, the inner test included. */
    uint32_t nested =
        sequence(OPS(is_false, OP(SKIP_UNLESS, 4, 0), add, is_true, OP(SKIP_IF, 0, 0), add, add));
    uint32_t both = sequence(
        OPS(is_true, OP(SKIP_UNLESS, 4, 0), add, is_false, OP(SKIP_UNLESS, 1, 0), add, add));
    fixture_open(&fixture);
    CU_ASSERT(gives(none, "xx"));
    CU_ASSERT(gives(one, "x"));
    CU_ASSERT(gives(rest, "x"));
    CU_ASSERT(gives(not_taken, "xx"));
    CU_ASSERT(gives(nested, "x"));
    CU_ASSERT(gives(both, "xx"));
    fixture_close(&fixture);
}

static void takes_the_place_of_the_location(void) {
    static const struct location_spec specs[] = {{TABLE_LOCATION_PREFIX, "/a", false, NULL, 0},
                                                 {TABLE_LOCATION_PREFIX, "/b", false, NULL, 0}};
    builder_begin(builder);
    builder_server(builder, "x", builder_location_set(builder, specs, 2));
    uint32_t slot = result_slot();
    uint32_t value = text("after");
    uint32_t one = sequence(OPS(OP(ENTER, 1, 0), OP(SET, slot, value)));
    uint32_t two = sequence(OPS(OP(ENTER, 1, 0), OP(ENTER, 0, 0), OP(SET, slot, value)));
    fixture_open(&fixture);
    const struct table *table = &builder->table;
    CU_ASSERT(gives(one, "after"));
    CU_ASSERT_PTR_EQUAL(fixture.request.location, &table->location[1]);
    CU_ASSERT_PTR_EQUAL(fixture.request.settings, &table->settings[table->location[1].settings]);
    CU_ASSERT(gives(two, "after"));
    CU_ASSERT_PTR_EQUAL(fixture.request.location, &table->location[0]);
    CU_ASSERT_PTR_EQUAL(fixture.request.settings, &table->settings[table->location[0].settings]);
    CU_ASSERT_FALSE(answer.changed_path);
    fixture_close(&fixture);
}

static void sets_what_the_value_is_at_that_time(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t other = builder_slot(builder, SLICE("other"));
    uint32_t one = text("1");
    uint32_t two = text("2");
    uint32_t own = template(OPS(SLOT(slot), SLOT(other), SLOT(slot)));
    uint32_t program = sequence(OPS(OP(SET, slot, one), OP(SET, other, two), OP(SET, slot, own),
                                    OP(SET, other, one), OP(SET, slot, own)));
    uint32_t empty = sequence(OPS(OP(SET, slot, text(""))));
    fixture_open(&fixture);
    CU_ASSERT(gives(program, "1211121"));
    CU_ASSERT(gives(empty, ""));
    fixture_close(&fixture);
}

static void sets_the_arguments(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    struct table_op both[] = {builder_text_op(builder, "new="),
                              builder_variable_op(builder, VARIABLE_ARG, "old")};
    uint32_t value = template(both, 2);
    uint32_t args = variable(VARIABLE_ARGS, "");
    uint32_t program = sequence(OPS(OP(SET_ARGS, value, 0), OP(SET, slot, args)));
    fixture_open(&fixture);
    fixture.request.args = SLICE("old=1&x=y");
    CU_ASSERT(gives(program, "new=1"));
    CU_ASSERT(text_is(fixture.request.args, "new=1"));
    CU_ASSERT_TRUE(fixture.request.is_rewritten);
    CU_ASSERT_FALSE(answer.changed_path);
    fixture_close(&fixture);
}

static void sets_the_rate(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t good = sequence(
        OPS(OP(SET_RATE, text("10k"), 0), OP(SET, slot, variable(VARIABLE_LIMIT_RATE, ""))));
    uint32_t none = sequence(OPS(OP(SET_RATE, text("0"), 0)));
    uint32_t bad = sequence(OPS(OP(SET_RATE, text("10kb"), 0)));
    fixture_open(&fixture);
    CU_ASSERT(run(bad));
    CU_ASSERT_FALSE(fixture.request.has_limit_rate);
    CU_ASSERT(gives(good, "10240"));
    CU_ASSERT_TRUE(fixture.request.has_limit_rate);
    CU_ASSERT(run(bad));
    CU_ASSERT_EQUAL(fixture.request.limit_rate, 10240);
    CU_ASSERT(run(none));
    CU_ASSERT_EQUAL(fixture.request.limit_rate, 0);
    fixture_close(&fixture);
}

static uint32_t rewrite(uint32_t regex, uint32_t path, enum table_rewrite_flag flag) {
    uint32_t index = table_writer_add(&builder->writer, TABLE_SECTION_rewrite);
    *BUILDER_RECORD(builder, rewrite, index) = (struct table_rewrite){
        .regex = regex,
        .path = path,
        .args = TABLE_NONE,
        .keep_args = true,
        .flag = flag,
        .place = builder->place,
    };
    return index;
}

/* nginx: break behind a rewrite keeps the location that was found, with the path as it is now; a
 * URI of proxy_pass does not replace a part of it then. Without a rewrite it only ends. */
static void breaks(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t value = text("after");
    uint32_t all = builder_regex(builder, "^", false);
    uint32_t path = text("/new");
    uint32_t to_new = rewrite(all, path, TABLE_REWRITE_GO_ON);
    uint32_t alone = sequence(OPS(OP(BREAK, 0, 0), OP(SET, slot, value)));
    uint32_t behind = sequence(OPS(OP(REWRITE, to_new, 0), OP(BREAK, 0, 0), OP(SET, slot, value)));
    uint32_t without = sequence(OPS(OP(REWRITE, to_new, 0)));
    fixture_open(&fixture);
    fixture.request.uri = SLICE("/old");
    CU_ASSERT(gives(alone, NULL));
    CU_ASSERT_FALSE(answer.changed_path || fixture.request.keeps_path);
    CU_ASSERT(text_is(fixture.request.uri, "/old"));
    CU_ASSERT(gives(behind, NULL));
    CU_ASSERT_TRUE(!answer.changed_path && fixture.request.keeps_path);
    CU_ASSERT(text_is(fixture.request.uri, "/new"));
    fixture.request.keeps_path = false;
    CU_ASSERT(gives(without, NULL));
    CU_ASSERT_TRUE(answer.changed_path && !fixture.request.keeps_path);
    fixture_close(&fixture);
}

static void returns_and_ends(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t value = text("before");
    uint32_t later = text("after");
    uint32_t shown = template(OPS(SLOT(slot)));
    struct table_op before = OP(SET, slot, value);
    struct table_op after = OP(SET, slot, later);
    uint32_t status = sequence(OPS(before, OP(RETURN_STATUS, 404, 0), after));
    uint32_t body = sequence(OPS(before, OP(RETURN_TEXT, 200, shown), after));
    uint32_t redirect = sequence(OPS(before, OP(RETURN_REDIRECT, 308, shown), after));
    uint32_t second = sequence(OPS(OP(RETURN_TEXT, 200, shown), OP(RETURN_STATUS, 404, 0)));
    fixture_open(&fixture);
    CU_ASSERT(gives(status, "before"));
    CU_ASSERT_TRUE(answer.status == 404 && !answer.has_text && !answer.is_redirect);
    CU_ASSERT(gives(body, "before") && text_is(answer.text, "before"));
    CU_ASSERT_TRUE(answer.status == 200 && answer.has_text && !answer.is_redirect);
    CU_ASSERT(gives(redirect, "before") && text_is(answer.text, "before"));
    CU_ASSERT_TRUE(answer.status == 308 && answer.has_text && answer.is_redirect);
    CU_ASSERT(gives(second, NULL) && text_is(answer.text, ""));
    CU_ASSERT_EQUAL(answer.status, 200);
    fixture_close(&fixture);
}

/* nginx: `return 404 $x` is a text of the configuration's even when $x is empty; `return 404 ""` is
 * none. */
static void tells_an_empty_text_from_none(void) {
    builder_begin(builder);
    uint32_t nothing = variable(VARIABLE_ARG, "none");
    uint32_t empty = sequence(OPS(OP(RETURN_TEXT, 404, nothing)));
    uint32_t none = sequence(OPS(OP(RETURN_TEXT, 404, text(""))));
    fixture_open(&fixture);
    CU_ASSERT_TRUE(run(empty) && answer.status == 404 && answer.has_text);
    CU_ASSERT_TRUE(answer.text.data != NULL && answer.text.size == 0);
    CU_ASSERT_TRUE(run(none) && answer.status == 404 && !answer.has_text);
    fixture_close(&fixture);
}

static void answers_nothing_when_it_is_empty(void) {
    builder_begin(builder);
    uint32_t program = sequence(NULL, 0);
    fixture_open(&fixture);
    CU_ASSERT_TRUE(run(program));
    CU_ASSERT_TRUE(answer.status == 0 && !answer.has_text && !answer.is_redirect);
    CU_ASSERT_FALSE(answer.changed_path);
    fixture_close(&fixture);
}

/* nginx encodes captures in values of set and if (ngx_http_script_copy_capture_code, e->quote) as
 * long as no rewrite has matched, if the path came with "%" or "+". */
static void encodes_captures_until_a_rewrite_has_matched(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t uri = variable(VARIABLE_URI, "");
    uint32_t rest = builder_regex(builder, "^/(.*)$", false);
    uint32_t never = builder_regex(builder, "^nothing", false);
    uint32_t first = capture(1);
    struct table_op literal[] = {builder_text_op(builder, "& "), CAPTURE(1),
                                 builder_variable_op(builder, VARIABLE_URI, "")};
    uint32_t mixed = template(literal, 3);
    uint32_t same = text("/same");
    struct table_op match = OP(TEST_REGEX, uri, rest);
    uint32_t set = sequence(OPS(match, OP(SET, slot, first)));
    uint32_t parts = sequence(OPS(match, OP(SET, slot, mixed)));
    uint32_t args = sequence(OPS(match, OP(SET_ARGS, first, 0)));
    uint32_t after = sequence(
        OPS(OP(REWRITE, rewrite(rest, same, TABLE_REWRITE_GO_ON), 0), OP(SET, slot, first)));
    uint32_t unmatched = sequence(OPS(OP(REWRITE, rewrite(never, same, TABLE_REWRITE_GO_ON), 0),
                                      match, OP(SET, slot, first)));
    uint32_t encoded = text("a%20b");
    uint32_t yes = text("equal");
    uint32_t equal = sequence(
        OPS(match, OP(TEST_EQUAL, encoded, first), OP(SKIP_UNLESS, 1, 0), OP(SET, slot, yes)));
    uint32_t returned = sequence(OPS(match, OP(RETURN_TEXT, 200, first)));
    fixture_open(&fixture);
    fixture.request.raw_path = SLICE("/a%20b");
    fixture.request.uri = SLICE("/a b");
    CU_ASSERT(gives(set, "a%20b"));
    CU_ASSERT(gives(parts, "& a%20b/a b"));
    CU_ASSERT(gives(equal, "equal"));
    CU_ASSERT(gives(unmatched, "a%20b"));
    CU_ASSERT(run(args) && text_is(fixture.request.args, "a%20b"));
    CU_ASSERT(run(returned) && text_is(answer.text, "a b"));
    CU_ASSERT(gives(after, "a b"));
    fixture.request.raw_path = SLICE("/a+b&c");
    fixture.request.uri = SLICE("/a+b&c");
    CU_ASSERT(gives(set, "a%2Bb%26c"));
    fixture.request.raw_path = SLICE("/a&b");
    fixture.request.uri = SLICE("/a&b");
    CU_ASSERT(gives(set, "a&b"));
    fixture_close(&fixture);
}

static char notes[4096];

static void note(void *owner, enum table_log_level level, const char *message) {
    (void)owner;
    CU_ASSERT_EQUAL(level, TABLE_LOG_ERROR);
    strncat(notes, message, sizeof notes - strlen(notes) - 1);
}

static void bounds_the_effort(void) {
    enum { DOUBLINGS = 64 };
    static const struct engine_live live = {.note = note};
    struct table_op ops[DOUBLINGS + 1];
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t value = text("12345678");
    uint32_t twice = template(OPS(SLOT(slot), SLOT(slot)));
    ops[0] = OP(SET, slot, value);
    for (size_t i = 1; i <= DOUBLINGS; i++) {
        ops[i] = OP(SET, slot, twice);
    }
    uint32_t program = sequence(ops, DOUBLINGS + 1);
    fixture_open(&fixture);
    fixture.request.live = &live;
    notes[0] = '\0';
    CU_ASSERT_FALSE(run(program));
    CU_ASSERT_STRING_EQUAL(notes, "variables of this request take too much work");
    fixture_close(&fixture);
}

static void says_when_there_is_no_memory(void) {
    builder_begin(builder);
    uint32_t slot = result_slot();
    struct table_op parts[] = {builder_variable_op(builder, VARIABLE_URI, ""),
                               builder_variable_op(builder, VARIABLE_URI, "")};
    uint32_t joined = template(parts, 2);
    uint32_t regex = builder_regex(builder, "^", false);
    uint32_t programs[] = {
        sequence(OPS(OP(SET, slot, joined))),
        sequence(OPS(OP(SET_ARGS, joined, 0))),
        sequence(OPS(OP(TEST_TRUE, joined, 0))),
        sequence(OPS(OP(TEST_EQUAL, joined, joined))),
        sequence(OPS(OP(TEST_REGEX, joined, regex))),
        sequence(OPS(OP(TEST_FILE, joined, TABLE_FILE_EXISTS))),
        sequence(OPS(OP(RETURN_TEXT, 200, joined))),
        sequence(OPS(OP(RETURN_REDIRECT, 302, joined))),
        sequence(OPS(OP(REWRITE, rewrite(regex, joined, TABLE_REWRITE_GO_ON), 0))),
    };
    fixture_open(&fixture);
    arena_release(&fixture.arena);
    arena_init(&fixture.arena, SIZE_MAX);
    fixture.request.uri = SLICE("/path");
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        CU_ASSERT_FALSE(run(programs[i]));
    }
    fixture_close(&fixture);
}

/* --- what an observer is told --- */

static char told[1024];

static void tell(void *owner, const struct engine_event *event) {
    static const char *const names[ENGINE_EVENT_COUNT] = {
        [ENGINE_EVENT_TEST] = "test",       [ENGINE_EVENT_ENTER] = "enter",
        [ENGINE_EVENT_SET] = "set",         [ENGINE_EVENT_SET_ARGS] = "args",
        [ENGINE_EVENT_REWRITE] = "rewrite", [ENGINE_EVENT_BREAK] = "break",
        [ENGINE_EVENT_RETURN] = "return"};
    (void)owner;
    if (event->kind == ENGINE_EVENT_STEP) {
        return; /* one for each op; told by test_observe.c */
    }
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s %u %d %.*s>%.*s;",
             names[event->kind] != NULL ? names[event->kind] : "?", event->status, event->result,
             SLICE_ARGS(event->subject), SLICE_ARGS(event->value));
}

static void tells_every_step(void) {
    static const struct engine_observer observer = {.event = tell};
    builder_begin(builder);
    uint32_t slot = result_slot();
    uint32_t yes = text("1");
    uint32_t path = text("/new");
    uint32_t all = builder_regex(builder, "^", false);
    uint32_t never = builder_regex(builder, "^nothing", false);
    uint32_t program = sequence(
        OPS(OP(TEST_TRUE, yes, 0), OP(SKIP_IF, 1, 0), OP(SET, slot, yes), OP(TEST_TRUE, yes, 0),
            OP(SKIP_UNLESS, 1, 0), OP(SET, slot, path), OP(SET_ARGS, yes, 0),
            OP(REWRITE, rewrite(never, path, TABLE_REWRITE_GO_ON), 0),
            OP(REWRITE, rewrite(all, path, TABLE_REWRITE_GO_ON), 0), OP(RETURN_TEXT, 200, yes)));
    uint32_t ending = sequence(OPS(OP(BREAK, 0, 0)));
    fixture_open(&fixture);
    fixture.request.observer = &observer;
    fixture.request.uri = SLICE("/old");
    told[0] = '\0';
    CU_ASSERT(run(program));
    CU_ASSERT_STRING_EQUAL(told, "test 0 0 1>;" /* not so: the block is not entered */
                                 "test 0 1 1>;" /* so */
                                 "set 0 0 >/new;"
                                 "args 0 0 >1;"
                                 "rewrite 0 0 /old>;"
                                 "rewrite 0 1 /old>/new;"
                                 "return 200 0 >1;");
    told[0] = '\0';
    CU_ASSERT(run(ending));
    CU_ASSERT_STRING_EQUAL(told, "break 0 0 >;");
    fixture_close(&fixture);
}

UNIT_TESTS("engine/sequence",
           {"takes nothing and zero for false", takes_nothing_and_zero_for_false},
           {"compares bytes", compares_bytes}, {"matches regexes", matches_regexes},
           {"forgets captures when nothing matches", forgets_captures_when_nothing_matches},
           {"ends when a regex fails", ends_when_a_regex_fails}, {"tests files", tests_files},
           {"skips so many ops", skips_so_many_ops},
           {"takes the place of the location", takes_the_place_of_the_location},
           {"sets what the value is at that time", sets_what_the_value_is_at_that_time},
           {"sets the arguments", sets_the_arguments}, {"sets the rate", sets_the_rate},
           {"breaks", breaks}, {"returns and ends", returns_and_ends},
           {"tells an empty text from none", tells_an_empty_text_from_none},
           {"answers nothing when it is empty", answers_nothing_when_it_is_empty},
           {"encodes captures until a rewrite has matched",
            encodes_captures_until_a_rewrite_has_matched},
           {"bounds the effort", bounds_the_effort},
           {"says when there is no memory", says_when_there_is_no_memory},
           {"tells every step", tells_every_step})
