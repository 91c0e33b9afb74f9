/* Shared memory zones: the directives that define one and those that name one. Whether a named zone
 * exists is a check's question. */
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

/* Eight pages, as in nginx. */
#define SMALLEST_ZONE 32768

/* "NAME:SIZE" */
static bool parse_definition(const struct setter_call *call, const struct word *word, size_t prefix,
                             struct slice *name) {
    struct model *model = call->model;
    struct slice value = slice_skip(word->text, prefix);
    size_t colon = slice_find_byte(value, ':');
    *name = slice_take(value, colon);
    uint64_t size;
    if (name->size > 0 && colon < value.size &&
        quantity_parse_size(slice_skip(value, colon + 1), false, &size) && size >= SMALLEST_ZONE) {
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
    struct slice key = arena_format(model->arena, "%d:%.*s", (int)kind, SLICE_ARGS(name));
    const struct statement *first = map_insert(&model->reading->zones, key, call->statement);
    if (first == call->statement) {
        return true;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_DUPLICATE_DIRECTIVE, call->statement->words[0].span,
        "the zone \"%.*s\" is defined already", SLICE_ARGS(name));
    diagnostic_note(model->arena, diagnostic, first->span, "first given here");
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
    struct zone zone = {.statement = call->statement, .kind = directive->kind};
    if (!parse_definition(call, word, directive->parameter.size, &zone.name) ||
        !check_repeated(call, zone.kind, zone.name)) {
        return false;
    }
    VECTOR_PUSH(model->arena, &model->zones, zone);
    return true;
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
