/* Shared memory zones: their names, the directives that define one and those that name one. Whether
 * a named zone exists is a check's question. */
#include "model/quantity.h"
#include "model/reading.h"

/* The kind of zone that a directive is about, and the parameter that carries its name. */
struct zone_directive {
    struct slice name;
    enum zone_kind kind;
    struct slice parameter; /* empty: the whole first argument is the name */
    bool begins_with_key;   /* the first argument is the key that requests are counted by */
};

static const struct zone_directive zone_directives[] = {
    {SLICE_INIT("limit_req_zone"), ZONE_LIMIT_REQ, SLICE_INIT("zone="), true},
    {SLICE_INIT("limit_conn_zone"), ZONE_LIMIT_CONN, SLICE_INIT("zone="), true},
    {SLICE_INIT("proxy_cache_path"), ZONE_CACHE, SLICE_INIT("keys_zone="), false},
    {SLICE_INIT("limit_req"), ZONE_LIMIT_REQ, SLICE_INIT("zone="), false},
    {SLICE_INIT("limit_conn"), ZONE_LIMIT_CONN, SLICE_INIT(""), false},
    {SLICE_INIT("proxy_cache"), ZONE_CACHE, SLICE_INIT(""), false},
};

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
const struct zone *zone_claim(const struct setter_call *call, const struct word *word,
                              struct slice name, enum zone_kind kind, uint64_t size) {
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

/* --- limits and caches --- */

static const struct zone_directive *find_directive(const struct setter_call *call) {
    const struct zone_directive *directive = zone_directives;
    while (!slice_equals(directive->name, slice_from_string(call->directive->name))) {
        directive++;
    }
    return directive;
}

static void refuse_directive(const struct setter_call *call) {
    refuse(call->model, call->statement, call->statement->words[0].span, "directive \"%s\"",
           call->directive->name);
}

static const struct word *find_parameter(const struct statement *statement, struct slice name) {
    for (uint32_t i = 0; i < statement_argument_count(statement); i++) {
        const struct word *word = statement_argument(statement, i);
        if (slice_starts_with(word->text, name)) {
            return word;
        }
    }
    return NULL;
}

static bool report_missing(const struct setter_call *call, const struct zone_directive *directive,
                           const char *form) {
    struct model *model = call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE,
                         call->statement->words[0].span, "\"%s\" needs the parameter \"%.*s\"",
                         call->directive->name, SLICE_ARGS(directive->parameter));
    diagnostic_help(model->arena, diagnostic, "write %.*s%s", SLICE_ARGS(directive->parameter),
                    form);
    return false;
}

/* "NAME:SIZE" */
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
    const struct zone *first = map_find(&model->zones, name);
    if (first == NULL || first->kind != kind) {
        return true;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_DUPLICATE_DIRECTIVE, call->statement->words[0].span,
        "the zone \"%.*s\" is defined already", SLICE_ARGS(name));
    diagnostic_note(model->arena, diagnostic, first->statement->span, "first given here");
    diagnostic_help(model->arena, diagnostic, "give one of them another name");
    return false;
}

bool model_set_zone_definition(const struct setter_call *call) {
    struct model *model = call->model;
    const struct zone_directive *directive = find_directive(call);
    refuse_directive(call);
    if (directive->begins_with_key) {
        const struct word *key = statement_argument(call->statement, 0);
        (void)template_parse(model, key, key->text, 0);
    }
    const struct word *word = find_parameter(call->statement, directive->parameter);
    if (word == NULL) {
        return report_missing(call, directive, "NAME:SIZE");
    }
    struct slice name;
    uint64_t size;
    return parse_definition(call, word, directive->parameter.size, &name, &size) &&
           check_repeated(call, directive->kind, name) &&
           zone_claim(call, word, name, directive->kind, size) != NULL;
}

bool model_set_zone_reference(const struct setter_call *call) {
    struct model *model = call->model;
    const struct zone_directive *directive = find_directive(call);
    refuse_directive(call);
    struct zone_reference reference = {
        .statement = call->statement,
        .kind = directive->kind,
        .word = find_parameter(call->statement, directive->parameter),
    };
    if (reference.word == NULL) {
        return report_missing(call, directive, "NAME");
    }
    reference.name = slice_skip(reference.word->text, directive->parameter.size);
    /* The name of a cache may be computed, or "off". */
    if (slice_find_byte(reference.name, '$') < reference.name.size) {
        (void)template_parse(model, reference.word, reference.name,
                             (uint32_t)directive->parameter.size);
        return true;
    }
    if (reference.kind != ZONE_CACHE || !slice_equals(reference.name, SLICE("off"))) {
        VECTOR_PUSH(model->arena, &model->zone_references, reference);
    }
    return true;
}
