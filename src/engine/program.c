/* Programs: templates, which become text, and sequences, the rewrite phase of a server or location.
 * Log lines are in log_line.c. */
#include "engine/program.h"

#include "engine/state.h"

#include <string.h>

/* Templates of more parts than this get their scratch space from the arena. */
enum { FEW_PARTS = 16 };

static enum engine_value part_text(struct engine_request *request, const struct table_op *op,
                                   struct slice *value) {
    *value = (struct slice){request->engine->table->strings + op->a, op->b};
    return ENGINE_VALUE_FOUND;
}

static enum engine_value part_variable(struct engine_request *request, const struct table_op *op,
                                       struct slice *value) {
    const struct table *table = request->engine->table;
    const struct table_variable *variable = &table->variable[op->a];
    return engine_variable_find(request, variable->id, table_text(table, variable->suffix), value);
}

static enum engine_value part_slot(struct engine_request *request, const struct table_op *op,
                                   struct slice *value) {
    *value = request->slots[op->a];
    if (value->data != NULL) {
        return ENGINE_VALUE_FOUND;
    }
    const bool *capture_slots = request->engine->capture_slots;
    if (capture_slots != NULL && capture_slots[op->a]) {
        return ENGINE_VALUE_NONE;
    }
    *value = SLICE("");
    return ENGINE_VALUE_FOUND;
}

static enum engine_value part_capture(struct engine_request *request, const struct table_op *op,
                                      struct slice *value) {
    const struct engine_captures *captures = &request->captures;
    if (op->a >= captures->count) {
        return ENGINE_VALUE_NONE;
    }
    const uint32_t *offsets = captures->offsets + 2 * (size_t)op->a;
    uint32_t begin = offsets[0];
    uint32_t end = offsets[1];
    bool took_part = begin != UINT32_MAX && end >= begin;
    *value = took_part ? (struct slice){captures->subject.data + begin, end - begin} : SLICE("");
    return ENGINE_VALUE_FOUND;
}

/* By op code; a template has no others. */
static enum engine_value (*const parts[TABLE_op_code_COUNT])(struct engine_request *,
                                                             const struct table_op *,
                                                             struct slice *) = {
    [TABLE_OP_APPEND_TEXT] = part_text,
    [TABLE_OP_APPEND_VARIABLE] = part_variable,
    [TABLE_OP_APPEND_SLOT] = part_slot,
    [TABLE_OP_APPEND_CAPTURE] = part_capture,
};

enum engine_value engine_program_part(struct engine_request *request, const struct table_op *op,
                                      struct slice *value) {
    enum engine_value result = parts[op->code](request, op, value);
    if (result != ENGINE_VALUE_FOUND) {
        *value = SLICE("");
    }
    return result;
}

static bool concatenate(struct arena *arena, const struct slice *values, uint32_t count,
                        size_t size, struct slice *text) {
    char *joined = arena_allocate_bytes(arena, size);
    if (joined == NULL) {
        return false;
    }
    char *end = joined;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].size > 0) {
            end = mempcpy(end, values[i].data, values[i].size);
        }
    }
    *text = (struct slice){joined, size};
    return true;
}

/* Evaluates all parts, then copies once; not at all when only one of them is not empty. */
static bool join_parts(struct engine_request *request, const struct table_op *ops, uint32_t count,
                       struct slice *values, struct slice *text) {
    size_t size = 0;
    *text = SLICE("");
    for (uint32_t i = 0; i < count; i++) {
        if (engine_program_part(request, &ops[i], &values[i]) == ENGINE_VALUE_NO_MEMORY) {
            return false;
        }
        size += values[i].size;
        if (values[i].size > 0) {
            *text = values[i];
        }
    }
    return text->size == size || concatenate(request->arena, values, count, size, text);
}

bool engine_run_template(struct engine_request *request, uint32_t program, struct slice *text) {
    const struct table *table = request->engine->table;
    struct table_range range = table->program[program].ops;
    struct slice few[FEW_PARTS];
    struct slice *values = few;
    if (range.count > FEW_PARTS) {
        values = arena_allocate(request->arena, range.count * sizeof *values);
        if (values == NULL) {
            return false;
        }
    }
    return join_parts(request, table->op + range.first, range.count, values, text);
}

static bool run_set(struct engine_request *request, const struct table_op *op,
                    struct engine_answer *answer) {
    (void)answer;
    struct slice text; /* not the slot at once, which the template may refer to */
    if (!engine_run_template(request, op->b, &text)) {
        return false;
    }
    request->slots[op->a] = text;
    return true;
}

static bool run_return_status(struct engine_request *request, const struct table_op *op,
                              struct engine_answer *answer) {
    (void)request;
    answer->status = op->a;
    return true;
}

static bool run_return_text(struct engine_request *request, const struct table_op *op,
                            struct engine_answer *answer) {
    answer->status = op->a;
    answer->has_text = true;
    return engine_run_template(request, op->b, &answer->text);
}

static bool run_return_redirect(struct engine_request *request, const struct table_op *op,
                                struct engine_answer *answer) {
    answer->is_redirect = true;
    return run_return_text(request, op, answer);
}

/* By op code; a sequence has no others. */
static bool (*const steps[TABLE_op_code_COUNT])(struct engine_request *, const struct table_op *,
                                                struct engine_answer *) = {
    [TABLE_OP_SET] = run_set,
    [TABLE_OP_RETURN_STATUS] = run_return_status,
    [TABLE_OP_RETURN_TEXT] = run_return_text,
    [TABLE_OP_RETURN_REDIRECT] = run_return_redirect,
};

bool engine_run_sequence(struct engine_request *request, uint32_t program,
                         struct engine_answer *answer) {
    const struct table *table = request->engine->table;
    struct table_range range = table->program[program].ops;
    *answer = (struct engine_answer){.text = SLICE("")};
    for (uint32_t i = 0; i < range.count && answer->status == 0; i++) {
        const struct table_op *op = &table->op[range.first + i];
        if (!steps[op->code](request, op, answer)) {
            return false;
        }
    }
    return true;
}
