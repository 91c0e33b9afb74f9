/* `zone NAME [SIZE]` of an upstream group. All workers share what they know of a group in any case;
 * the name tells the group's memory apart in nginx, and its size limits it there. */
#include "model/quantity.h"
#include "model/reading.h"

/* Eight pages, as in nginx. */
#define SMALLEST_ZONE 32768

static bool read_size(const struct setter_call *call, uint64_t *size) {
    const struct word *word = statement_argument(call->statement, 1);
    if (!quantity_parse_size(word->text, false, size)) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_SIZE, word, "size",
                              "write zone NAME SIZE, such as 64k");
    }
    return *size >= SMALLEST_ZONE ||
           reject_word(call, DIAGNOSTIC_INVALID_SIZE, word, "write 32k at least",
                       "too small a size \"%.*s\"", SLICE_ARGS(word->text));
}

static struct slice make_key(struct model *model, struct slice name) {
    return arena_format(model->arena, "upstream:%.*s", SLICE_ARGS(name));
}

/* Groups may share a zone, whose size is said once, or always the same. */
static bool check_size(const struct setter_call *call, struct slice name, uint64_t size) {
    struct model *model = call->model;
    const struct statement *first =
        map_insert(&model->reading->zones, make_key(model, name), call->statement);
    uint64_t before;
    if (first == call->statement ||
        !quantity_parse_size(statement_argument(first, 1)->text, false, &before) ||
        before == size) {
        return true;
    }
    const struct word *word = statement_argument(call->statement, 1);
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_SIZE, word->span,
                         "zone \"%.*s\" has another size already", SLICE_ARGS(name));
    diagnostic_note(model->arena, diagnostic, first->span, "given here");
    diagnostic_help(model->arena, diagnostic, "leave \"%.*s\" out, or name another zone",
                    SLICE_ARGS(word->text));
    return false;
}

bool model_set_upstream_zone(const struct setter_call *call) {
    const struct word *name = statement_argument(call->statement, 0);
    uint64_t size;
    if (name->text.size == 0) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_SIZE, name, "name of a zone",
                              "write zone NAME SIZE");
    }
    if (statement_argument_count(call->statement) < 2) {
        VECTOR_PUSH(call->model->arena, &call->model->reading->unsized_zones, call->statement);
    } else if (!read_size(call, &size) || !check_size(call, name->text, size)) {
        return false;
    }
    *(MODEL_TYPE_TEXT *)call->field = name->text;
    return true;
}

void upstream_zone_check(struct model *model) {
    const struct reading *reading = model->reading;
    for (size_t i = 0; i < reading->unsized_zones.count; i++) {
        const struct word *word = statement_argument(reading->unsized_zones.items[i], 0);
        if (map_find(&reading->zones, make_key(model, word->text)) != NULL) {
            continue;
        }
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_SIZE, word->span,
                             "no size is given for zone \"%.*s\"", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic, "write zone %.*s 64k", SLICE_ARGS(word->text));
    }
}
