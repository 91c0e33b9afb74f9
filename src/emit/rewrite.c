/* Rewrite sequences: what set, if, rewrite, break and return of a server or location do, as ops. A
 * block of `if` lies between the ops of what is around it, behind a skip. */
#include "emit/emitter.h"

struct sequence {
    struct emitter *emitter;
    VECTOR_OF(struct table_op) ops;
    VECTOR_OF(struct table_step_place) places;
    struct table_place place; /* of the statement at hand */
};

static void add(struct sequence *sequence, uint32_t code, uint32_t a, uint32_t b) {
    struct arena *scratch = &sequence->emitter->scratch;
    VECTOR_PUSH(scratch, &sequence->ops, (struct table_op){code, a, b});
    VECTOR_PUSH(scratch, &sequence->places, (struct table_step_place){sequence->place});
}

static void add_steps(struct sequence *sequence, const struct rewrite *rewrite);

static void add_set(struct sequence *sequence, const struct rewrite_step *step) {
    add(sequence, TABLE_OP_SET, step->variable->slot,
        emit_template(sequence->emitter, &step->text));
}

static void add_set_args(struct sequence *sequence, const struct rewrite_step *step) {
    add(sequence, TABLE_OP_SET_ARGS, emit_template(sequence->emitter, &step->text), 0);
}

static void add_set_rate(struct sequence *sequence, const struct rewrite_step *step) {
    add(sequence, TABLE_OP_SET_RATE, emit_template(sequence->emitter, &step->text), 0);
}

static void add_return(struct sequence *sequence, const struct rewrite_step *step) {
    if (!step->has_text) {
        add(sequence, TABLE_OP_RETURN_STATUS, step->status, 0);
        return;
    }
    add(sequence, step->is_redirect ? TABLE_OP_RETURN_REDIRECT : TABLE_OP_RETURN_TEXT, step->status,
        emit_template(sequence->emitter, &step->text));
}

static void add_rewrite(struct sequence *sequence, const struct rewrite_step *step) {
    struct emitter *emitter = sequence->emitter;
    const struct rewriting *rewriting = step->rewriting;
    struct table_rewrite record = {
        .regex = emit_regex(emitter, rewriting->regex),
        .path = emit_template(emitter, &rewriting->path),
        .args = rewriting->sets_args ? emit_template(emitter, &rewriting->args) : TABLE_NONE,
        .keep_args = rewriting->keeps_args,
        .has_args = rewriting->has_args,
        .flag = rewriting->flag,
        .redirect = rewriting->redirect,
        .place = sequence->place,
    };
    add(sequence, TABLE_OP_REWRITE, emit_shared(emitter, TABLE_SECTION_rewrite, &record), 0);
}

static void add_break(struct sequence *sequence, const struct rewrite_step *step) {
    (void)step;
    add(sequence, TABLE_OP_BREAK, 0, 0);
}

static void add_test(struct sequence *sequence, const struct condition *condition) {
    struct emitter *emitter = sequence->emitter;
    uint32_t subject = emit_template(emitter, &condition->subject);
    switch (condition->kind) {
    case CONDITION_TRUE:
        add(sequence, TABLE_OP_TEST_TRUE, subject, 0);
        break;
    case CONDITION_EQUAL:
        add(sequence, TABLE_OP_TEST_EQUAL, subject, emit_template(emitter, &condition->value));
        break;
    case CONDITION_REGEX:
        add(sequence, TABLE_OP_TEST_REGEX, subject, emit_regex(emitter, condition->regex));
        break;
    case CONDITION_FILE:
        add(sequence, TABLE_OP_TEST_FILE, subject, condition->test);
        break;
    }
}

/* An `if` of a server has no settings of its own. */
static void add_if(struct sequence *sequence, const struct rewrite_step *step) {
    add_test(sequence, step->condition);
    size_t skip = sequence->ops.count;
    add(sequence, step->condition->is_negated ? TABLE_OP_SKIP_IF : TABLE_OP_SKIP_UNLESS, 0, 0);
    if (step->block->parent != NULL) {
        add(sequence, TABLE_OP_ENTER, emit_condition_location(sequence->emitter, step->block), 0);
    }
    add_steps(sequence, &step->block->rewrite);
    sequence->ops.items[skip].a = (uint32_t)(sequence->ops.count - skip - 1);
}

static void (*const step_kinds[])(struct sequence *, const struct rewrite_step *) = {
    [REWRITE_SET] = add_set,
    [REWRITE_SET_ARGS] = add_set_args,
    [REWRITE_SET_RATE] = add_set_rate,
    [REWRITE_RETURN] = add_return,
    [REWRITE_IF] = add_if,
    [REWRITE_PATH] = add_rewrite,
    [REWRITE_BREAK] = add_break,
};

static void add_steps(struct sequence *sequence, const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        sequence->place = emit_place(sequence->emitter, step->statement);
        step_kinds[step->kind](sequence, step);
    }
}

static struct table_range emit_places(const struct sequence *sequence) {
    struct emitter *emitter = sequence->emitter;
    struct table_range places = {emit_next(emitter, TABLE_SECTION_step_place),
                                 (uint32_t)sequence->places.count};
    for (size_t i = 0; i < sequence->places.count; i++) {
        emit_append(emitter, TABLE_SECTION_step_place, &sequence->places.items[i]);
    }
    return places;
}

uint32_t emit_rewrite(struct emitter *emitter, const struct rewrite *rewrite,
                      struct table_range *places) {
    *places = (struct table_range){0, 0};
    if (rewrite->steps.count == 0) {
        return TABLE_NONE;
    }
    struct sequence sequence = {.emitter = emitter};
    add_steps(&sequence, rewrite);
    *places = emit_places(&sequence);
    return emit_program(emitter, TABLE_PROGRAM_SEQUENCE, sequence.ops.items, sequence.ops.count);
}

void emit_sequence_place(struct emitter *emitter, uint32_t server, uint32_t location,
                         struct table_range places) {
    struct table_sequence_place record = {server, location, places};
    if (places.count > 0) {
        emit_append(emitter, TABLE_SECTION_sequence_place, &record);
    }
}
