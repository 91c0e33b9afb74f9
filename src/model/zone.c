/* Shared memory zones: their names, what the directives that define one and those that name one
 * have in common, and those of caches. `rpc lint` has a rule about names that nothing defines; what
 * is compiled must not have any. */
#include "model/quantity.h"
#include "model/reading.h"

/* --- names --- */

static const char *const uses[] = {
    [ZONE_LIMIT_REQ] = "counts requests",   [ZONE_LIMIT_CONN] = "counts connections",
    [ZONE_CACHE] = "belongs to a cache",    [ZONE_UPSTREAM] = "belongs to a group of servers",
    [ZONE_SESSIONS] = "keeps TLS sessions",
};

static void report_use(const struct setter_call *call, const struct word *word,
                       const struct zone *zone) {
    struct model *model = call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_DUPLICATE_DIRECTIVE, word->span,
                         "the zone \"%.*s\" is there for another use", SLICE_ARGS(zone->name));
    diagnostic_note(model->arena, diagnostic, zone->word->span, "here it %s", uses[zone->kind]);
    diagnostic_help(model->arena, diagnostic, "give one of them another name");
}

static void report_size(const struct setter_call *call, const struct word *word,
                        const struct zone *zone) {
    struct model *model = call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_SIZE, word->span,
                         "the zone \"%.*s\" has another size already", SLICE_ARGS(zone->name));
    diagnostic_note(model->arena, diagnostic, zone->word->span, "first given here");
    diagnostic_help(model->arena, diagnostic, "give both the same size, or one another name");
}

/* As ngx_shared_memory_add. */
struct zone *zone_claim(const struct setter_call *call, const struct word *word, struct slice name,
                        enum zone_kind kind, uint64_t size) {
    struct model *model = call->model;
    struct zone *zone = map_find(&model->zones, name);
    if (zone == NULL) {
        zone = arena_require(model->arena, sizeof *zone);
        *zone =
            (struct zone){.statement = call->statement, .word = word, .kind = kind, .name = name};
        map_set(&model->zones, name, zone);
    }
    if (zone->kind != kind) {
        report_use(call, word, zone);
        return NULL;
    }
    if (size > 0 && zone->size == 0) {
        zone->size = size;
        zone->statement = call->statement;
        zone->word = word;
    }
    if (size > 0 && zone->size != size) {
        report_size(call, word, zone);
        return NULL;
    }
    return zone;
}

/* --- definitions --- */

const struct word *zone_find_parameter(const struct setter_call *call, uint32_t first,
                                       struct slice name) {
    for (uint32_t i = first; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        if (slice_starts_with(word->text, name)) {
            return word;
        }
    }
    return NULL;
}

bool zone_report_missing(const struct setter_call *call, struct slice parameter, const char *form) {
    struct model *model = call->model;
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_INVALID_VALUE, call->statement->words[0].span,
        "\"%s\" needs the parameter \"%.*s\"", call->directive->name, SLICE_ARGS(parameter));
    diagnostic_help(model->arena, diagnostic, "write %.*s%s", SLICE_ARGS(parameter), form);
    return false;
}

static bool parse_definition(const struct setter_call *call, const struct word *word, size_t prefix,
                             struct slice *name, uint64_t *size) {
    struct model *model = call->model;
    struct slice value = slice_skip(word->text, prefix);
    size_t colon = slice_find_byte(value, ':');
    *name = slice_take(value, colon);
    if (name->size > 0 && colon < value.size &&
        quantity_parse_size(slice_skip(value, colon + 1), false, size) && *size >= ZONE_SMALLEST) {
        return true;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_SIZE, word->span,
                         "invalid zone \"%.*s\"", SLICE_ARGS(value));
    diagnostic_help(model->arena, diagnostic, "write %.*sNAME:SIZE, with a size of at least 32k",
                    (int)prefix, word->text.data);
    return false;
}

static bool check_repeated(const struct setter_call *call, enum zone_kind kind, struct slice name) {
    struct model *model = call->model;
    const struct zone *first = model_find_zone(model, kind, name);
    if (first == NULL) {
        return true;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_DUPLICATE_DIRECTIVE, call->statement->words[0].span,
        "the zone \"%.*s\" is defined already", SLICE_ARGS(name));
    diagnostic_note(model->arena, diagnostic, first->statement->span, "first given here");
    diagnostic_help(model->arena, diagnostic, "give one of them another name");
    return false;
}

struct zone *zone_define(const struct setter_call *call, const struct word *word, size_t prefix,
                         enum zone_kind kind) {
    struct slice name;
    uint64_t size;
    return parse_definition(call, word, prefix, &name, &size) && check_repeated(call, kind, name)
               ? zone_claim(call, word, name, kind, size)
               : NULL;
}

/* --- references --- */

const struct zone *model_find_zone(const struct model *model, enum zone_kind kind,
                                   struct slice name) {
    const struct zone *zone = map_find(&model->zones, name);
    return zone != NULL && zone->kind == kind ? zone : NULL;
}

struct slice model_nearest_zone(const struct model *model, enum zone_kind kind, struct slice name) {
    VECTOR_OF(struct slice) names = {0};
    for (size_t i = 0; i < model->zones.count; i++) {
        const struct zone *zone = model->zones.entries[i].value;
        if (zone->kind == kind) {
            VECTOR_PUSH(model->arena, &names, zone->name);
        }
    }
    return nearest_name(name, names.items, names.count);
}

void zone_refer(const struct setter_call *call, enum zone_kind kind, const struct word *word,
                struct slice name) {
    struct zone_reference reference = {
        .statement = call->statement, .word = word, .kind = kind, .name = name};
    VECTOR_PUSH(call->model->arena, &call->model->zone_references, reference);
}

static void report_unknown(struct model *model, const struct zone_reference *reference) {
    const char *definition =
        reference->kind == ZONE_LIMIT_REQ ? "limit_req_zone" : "limit_conn_zone";
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_UNKNOWN_ZONE, reference->word->span,
        "no %s defines the zone \"%.*s\"", definition, SLICE_ARGS(reference->name));
    struct slice nearest = model_nearest_zone(model, reference->kind, reference->name);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic, "define it by %s at http level", definition);
    }
}

bool zone_refuse_unknown(struct model *model) {
    bool is_refused = false;
    for (size_t i = 0; i < model->zone_references.count; i++) {
        const struct zone_reference *reference = &model->zone_references.items[i];
        if (reference->kind != ZONE_CACHE &&
            model_find_zone(model, reference->kind, reference->name) == NULL) {
            report_unknown(model, reference);
            is_refused = true;
        }
    }
    return is_refused;
}

/* --- caches --- */

static void refuse_directive(const struct setter_call *call) {
    refuse(call->model, call->statement, call->statement->words[0].span, "directive \"%s\"",
           call->directive->name);
}

bool model_set_cache_zone(const struct setter_call *call) {
    const struct slice parameter = SLICE("keys_zone=");
    const struct word *word = zone_find_parameter(call, 0, parameter);
    refuse_directive(call);
    return word == NULL ? zone_report_missing(call, parameter, "NAME:SIZE")
                        : zone_define(call, word, parameter.size, ZONE_CACHE) != NULL;
}

/* The name may be computed. "off" is what there is without. */
bool model_set_cache_reference(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    if (slice_equals(word->text, SLICE("off"))) {
        return true;
    }
    refuse_directive(call);
    if (slice_find_byte(word->text, '$') < word->text.size) {
        (void)template_parse(call->model, word, word->text, 0);
    } else {
        zone_refer(call, ZONE_CACHE, word, word->text);
    }
    return true;
}

/* What a cache is not asked for, or does not keep. Where there is none nobody looks at it. */
bool model_set_cache_condition(const struct setter_call *call) {
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        (void)template_parse(call->model, word, word->text, 0);
    }
    return true;
}
