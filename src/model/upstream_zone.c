/* `zone NAME [SIZE]` of an upstream group. All workers share what they know of a group in any case;
 * the name tells the group's memory apart in nginx, and its size limits it there. */
#include "model/quantity.h"
#include "model/reading.h"

static bool read_size(const struct setter_call *call, const struct word *word, uint64_t *size) {
    if (!quantity_parse_size(word->text, false, size)) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_SIZE, word, "size",
                              "write zone NAME SIZE, such as 64k");
    }
    return *size >= ZONE_SMALLEST ||
           reject_word(call, DIAGNOSTIC_INVALID_SIZE, word, "write 32k at least",
                       "too small a size \"%.*s\"", SLICE_ARGS(word->text));
}

/* Groups may share a zone, whose size is said once, or always the same. */
bool model_set_upstream_zone(const struct setter_call *call) {
    const struct word *name = statement_argument(call->statement, 0);
    if (name->text.size == 0) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_SIZE, name, "name of a zone",
                              "write zone NAME SIZE");
    }
    bool has_size = statement_argument_count(call->statement) > 1;
    const struct word *word = has_size ? statement_argument(call->statement, 1) : name;
    uint64_t size = 0;
    if (has_size && !read_size(call, word, &size)) {
        return false;
    }
    *(MODEL_TYPE_TEXT *)call->field = name->text;
    return zone_claim(call, name, name->text, ZONE_UPSTREAM, 0) != NULL &&
           zone_claim(call, word, name->text, ZONE_UPSTREAM, size) != NULL;
}

void upstream_zone_check(struct model *model) {
    for (size_t i = 0; i < model->zones.count; i++) {
        const struct zone *zone = model->zones.entries[i].value;
        if (zone->size > 0) {
            continue;
        }
        const struct word *word = statement_argument(zone->statement, 0);
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_SIZE, word->span,
                             "no size is given for zone \"%.*s\"", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic, "write zone %.*s 64k", SLICE_ARGS(word->text));
    }
}
