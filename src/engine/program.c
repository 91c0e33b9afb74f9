/* Templates, which become text. Sequences, the rewrite phase of a server or location, are in
 * sequence.c, log lines in log_line.c. */
#include "engine/program.h"

#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/slot.h"
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
    return engine_slot_value(request, op->a, value);
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
static enum engine_value (*const part_kinds[TABLE_op_code_COUNT])(struct engine_request *,
                                                                  const struct table_op *,
                                                                  struct slice *) = {
    [TABLE_OP_APPEND_TEXT] = part_text,
    [TABLE_OP_APPEND_VARIABLE] = part_variable,
    [TABLE_OP_APPEND_SLOT] = part_slot,
    [TABLE_OP_APPEND_CAPTURE] = part_capture,
};

enum engine_value engine_program_part(struct engine_request *request, const struct table_op *op,
                                      struct slice *value) {
    enum engine_value result = part_kinds[op->code](request, op, value);
    if (result != ENGINE_VALUE_FOUND) {
        *value = SLICE("");
    }
    return result;
}

bool engine_spend(struct engine_request *request, size_t size) {
    enum { PART_EFFORT = 64 }; /* a part costs something even when it is empty */
    bool was_too_much = request->effort > ENGINE_EFFORT_LIMIT;
    request->effort += PART_EFFORT + size;
    if (request->effort <= ENGINE_EFFORT_LIMIT) {
        return true;
    }
    if (!was_too_much) {
        engine_note(request, TABLE_LOG_ERROR, "variables of this request take too much work");
    }
    return false;
}

bool engine_spend_text(struct engine_request *request, size_t size) {
    enum { BYTE_EFFORT = 4 };
    return engine_spend(request, BYTE_EFFORT * size);
}

static bool concatenate(struct engine_request *request, const struct slice *values, uint32_t count,
                        size_t size, struct slice *text) {
    if (!engine_spend_text(request, size)) {
        return false;
    }
    char *joined = arena_allocate_bytes(request->arena, size);
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

/* Copies once; not at all when only one of them is not empty. */
bool engine_join(struct engine_request *request, const struct slice *parts, uint32_t count,
                 struct slice *text) {
    size_t size = 0;
    struct slice longest = SLICE("");
    for (uint32_t i = 0; i < count; i++) {
        size += parts[i].size;
        if (parts[i].size > 0) {
            longest = parts[i];
        }
    }
    if (longest.size == size) {
        *text = longest;
        return true;
    }
    return concatenate(request, parts, count, size, text);
}

void engine_split_args(struct slice text, struct slice *path, struct slice *args) {
    size_t question = slice_find_byte(text, '?');
    *path = slice_take(text, question);
    *args = question < text.size ? slice_skip(text, question + 1) : (struct slice){NULL, 0};
}

/* Evaluates all parts before any is copied. */
static bool join_parts(struct engine_request *request, const struct table_op *ops, uint32_t count,
                       struct slice *values, bool escapes, struct slice *text) {
    for (uint32_t i = 0; i < count; i++) {
        if (engine_program_part(request, &ops[i], &values[i]) == ENGINE_VALUE_NO_MEMORY ||
            !engine_spend(request, 0)) {
            return false;
        }
        if (escapes && ops[i].code == TABLE_OP_APPEND_CAPTURE) {
            values[i] = engine_escape_argument(request->arena, values[i]);
            if (values[i].data == NULL || !engine_spend_text(request, values[i].size)) {
                return false;
            }
        }
    }
    return engine_join(request, values, count, text);
}

static bool run_template(struct engine_request *request, uint32_t program, bool escapes,
                         struct slice *text) {
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
    return join_parts(request, table->op + range.first, range.count, values, escapes, text);
}

bool engine_run_template(struct engine_request *request, uint32_t program, struct slice *text) {
    return run_template(request, program, false, text);
}

bool engine_run_escaped_template(struct engine_request *request, uint32_t program,
                                 struct slice *text) {
    return run_template(request, program, true, text);
}
