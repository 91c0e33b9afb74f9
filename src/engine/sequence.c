/* Rewrite sequences: what set, if, rewrite, break and return do, op by op. What a rewrite makes of
 * the path is in rewrite.c. */
#include "engine/sequence.h"

#include "base/size.h"
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/program.h"
#include "engine/state.h"

static bool is_encoded(struct slice path) {
    return slice_find_byte(path, '%') < path.size || slice_find_byte(path, '+') < path.size;
}

bool engine_sequence_template(struct engine_request *request, uint32_t program, bool encodes,
                              struct slice *text) {
    return encodes && is_encoded(request->raw_path)
               ? engine_run_escaped_template(request, program, text)
               : engine_run_template(request, program, text);
}

/* A value of set or if. In nginx captures in it are encoded, as those in arguments, until a rewrite
 * has matched. */
static bool make_value(struct engine_run *run, uint32_t program, struct slice *text) {
    return engine_sequence_template(run->request, program, !run->has_rewritten, text);
}

static bool run_set(struct engine_run *run, const struct table_op *op) {
    struct slice text; /* not the slot at once, which the template may refer to */
    if (!make_value(run, op->b, &text)) {
        return false;
    }
    if (text.data == NULL) {
        text.data = "";
    }
    run->request->slots[op->a] = text;
    ENGINE_TELL(run->request,
                (struct engine_event){.kind = ENGINE_EVENT_SET, .record = op->a, .value = text});
    return true;
}

static bool run_set_args(struct engine_run *run, const struct table_op *op) {
    struct slice text;
    if (!make_value(run, op->a, &text)) {
        return false;
    }
    run->request->args = text;
    run->request->is_rewritten = true;
    ENGINE_TELL(run->request, (struct engine_event){.kind = ENGINE_EVENT_SET_ARGS, .value = text});
    return true;
}

/* As in nginx what is no size changes nothing but the log. */
static bool run_set_rate(struct engine_run *run, const struct table_op *op) {
    struct engine_request *request = run->request;
    struct slice text;
    uint64_t rate;
    if (!make_value(run, op->a, &text)) {
        return false;
    }
    if (size_parse(text, false, &rate)) {
        request->limit_rate = rate;
        request->has_limit_rate = true;
    } else {
        engine_note(request, TABLE_LOG_ERROR, "invalid $limit_rate \"%.*s\"", SLICE_ARGS(text));
    }
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_SET_RATE, .value = text});
    return true;
}

/* Called before the op that skips: what is told is whether the block is entered. */
static void tell_test(struct engine_run *run, const struct table_op *op, struct slice subject) {
    bool is_negated = run->next < run->count && op[1].code == TABLE_OP_SKIP_IF;
    ENGINE_TELL(run->request,
                (struct engine_event){.kind = ENGINE_EVENT_TEST,
                                      .record = (uint32_t)(op - run->request->engine->table->op),
                                      .subject = subject,
                                      .result = run->condition != is_negated});
}

static bool run_test_true(struct engine_run *run, const struct table_op *op) {
    struct slice text;
    if (!engine_run_template(run->request, op->a, &text)) {
        return false;
    }
    run->condition = text.size > 1 || (text.size == 1 && text.data[0] != '0');
    tell_test(run, op, text);
    return true;
}

static bool run_test_equal(struct engine_run *run, const struct table_op *op) {
    struct slice left;
    struct slice right;
    if (!engine_run_template(run->request, op->a, &left) || !make_value(run, op->b, &right)) {
        return false;
    }
    run->condition = slice_equals(left, right);
    tell_test(run, op, left);
    return true;
}

enum engine_regex_result engine_sequence_match(struct engine_request *request, uint32_t regex,
                                               struct slice subject) {
    if (!engine_spend(request, ENGINE_REGEX_EFFORT + subject.size)) {
        return ENGINE_REGEX_FAILED;
    }
    enum engine_regex_result result =
        engine_regex_match(&request->engine->regexes, request, regex, subject);
    if (result == ENGINE_REGEX_UNMATCHED) {
        request->captures.count = 0; /* nginx forgets earlier captures here, but not in locations */
    }
    return result;
}

static bool run_test_regex(struct engine_run *run, const struct table_op *op) {
    struct slice text;
    if (!engine_run_template(run->request, op->a, &text)) {
        return false;
    }
    enum engine_regex_result result = engine_sequence_match(run->request, op->b, text);
    run->condition = result == ENGINE_REGEX_MATCHED;
    tell_test(run, op, text);
    return result != ENGINE_REGEX_FAILED;
}

static bool run_test_file(struct engine_run *run, const struct table_op *op) {
    struct slice path;
    if (!make_value(run, op->a, &path)) {
        return false;
    }
    run->condition = engine_test_file(run->request, path, (enum table_file_test)op->b);
    tell_test(run, op, path);
    return true;
}

static bool run_skip_if(struct engine_run *run, const struct table_op *op) {
    run->next += run->condition ? op->a : 0;
    return true;
}

static bool run_skip_unless(struct engine_run *run, const struct table_op *op) {
    run->next += run->condition ? 0 : op->a;
    return true;
}

static bool run_enter(struct engine_run *run, const struct table_op *op) {
    struct engine_request *request = run->request;
    const struct table *table = request->engine->table;
    request->location = &table->location[op->a];
    request->settings = &table->settings[request->location->settings];
    request->is_for_proxy = request->is_for_proxy || request->location->proxy != TABLE_NONE;
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_ENTER, .record = op->a});
    return true;
}

static bool run_break(struct engine_run *run, const struct table_op *op) {
    (void)op;
    if (run->answer->changed_path) {
        run->request->keeps_path = true;
        run->answer->changed_path = false;
    }
    run->is_over = true;
    ENGINE_TELL(run->request, (struct engine_event){.kind = ENGINE_EVENT_BREAK});
    return true;
}

static void tell_return(const struct engine_run *run) {
    ENGINE_TELL(run->request, (struct engine_event){.kind = ENGINE_EVENT_RETURN,
                                                    .status = run->answer->status,
                                                    .value = run->answer->text});
}

static bool run_return_status(struct engine_run *run, const struct table_op *op) {
    run->answer->status = op->a;
    run->is_over = true;
    tell_return(run);
    return true;
}

/* A text that turns out to be empty is still one, unless it was written so. */
static bool run_return_text(struct engine_run *run, const struct table_op *op) {
    run->answer->status = op->a;
    run->answer->has_text = run->request->engine->table->program[op->b].ops.count > 0;
    run->is_over = true;
    run->request->text_status = op->a;
    if (!engine_run_template(run->request, op->b, &run->answer->text)) {
        return false;
    }
    tell_return(run);
    return true;
}

static bool run_return_redirect(struct engine_run *run, const struct table_op *op) {
    run->answer->is_redirect = true;
    return run_return_text(run, op);
}

/* By op code; a sequence has no others. */
static bool (*const steps[TABLE_op_code_COUNT])(struct engine_run *, const struct table_op *) = {
    [TABLE_OP_SET] = run_set,
    [TABLE_OP_SET_ARGS] = run_set_args,
    [TABLE_OP_SET_RATE] = run_set_rate,
    [TABLE_OP_TEST_TRUE] = run_test_true,
    [TABLE_OP_TEST_EQUAL] = run_test_equal,
    [TABLE_OP_TEST_REGEX] = run_test_regex,
    [TABLE_OP_TEST_FILE] = run_test_file,
    [TABLE_OP_SKIP_IF] = run_skip_if,
    [TABLE_OP_SKIP_UNLESS] = run_skip_unless,
    [TABLE_OP_ENTER] = run_enter,
    [TABLE_OP_REWRITE] = engine_run_rewrite,
    [TABLE_OP_BREAK] = run_break,
    [TABLE_OP_RETURN_STATUS] = run_return_status,
    [TABLE_OP_RETURN_TEXT] = run_return_text,
    [TABLE_OP_RETURN_REDIRECT] = run_return_redirect,
};

bool engine_run_sequence(struct engine_request *request, uint32_t program,
                         struct engine_answer *answer) {
    const struct table *table = request->engine->table;
    struct table_range range = table->program[program].ops;
    *answer = (struct engine_answer){.text = SLICE("")};
    struct engine_run run = {.request = request, .answer = answer, .count = range.count};
    while (run.next < run.count && !run.is_over) {
        uint32_t index = range.first + run.next++;
        const struct table_op *op = &table->op[index];
        ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_STEP, .record = index});
        if (!steps[op->code](&run, op)) {
            return false;
        }
    }
    return true;
}
