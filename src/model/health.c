/* health_check: who is asked how often and for what. The group it is about, and the match block it
 * names, are found when everything is read. */
#include "model/quantity.h"
#include "model/reading.h"

#define USUAL_INTERVAL 5000
#define HIGHEST_PORT 65535
/* Added to a clock these cannot overflow. */
#define LONGEST_TIME ((uint64_t)366 * 24 * 60 * 60 * 1000)

static bool read_time(const struct setter_call *call, const struct word *word, struct slice value,
                      uint64_t *milliseconds) {
    if (!quantity_parse_time(value, milliseconds) || *milliseconds > LONGEST_TIME) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_TIME, word, "time",
                              "write a number with a unit behind the \"=\": 500ms, 5s, 1m");
    }
    return true;
}

static bool read_count(const struct setter_call *call, const struct word *word, struct slice value,
                       uint32_t *count) {
    uint64_t number;
    if (!slice_parse_u64(value, INT32_MAX, &number) || number == 0) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_NUMBER, word, "number of checks",
                              "write how many in a row, 1 or more");
    }
    *count = (uint32_t)number;
    return true;
}

/* --- parameters --- */

static bool set_interval(const struct setter_call *call, const struct word *word,
                         struct slice value, struct health_check *check) {
    if (!read_time(call, word, value, &check->interval)) {
        return false;
    }
    return check->interval > 0 ||
           reject_invalid(call, DIAGNOSTIC_INVALID_TIME, word, "time",
                          "write a time between checks, such as interval=5s");
}

static bool set_jitter(const struct setter_call *call, const struct word *word, struct slice value,
                       struct health_check *check) {
    return read_time(call, word, value, &check->jitter);
}

static bool set_keepalive_time(const struct setter_call *call, const struct word *word,
                               struct slice value, struct health_check *check) {
    return read_time(call, word, value, &check->keepalive_time);
}

static bool set_fails(const struct setter_call *call, const struct word *word, struct slice value,
                      struct health_check *check) {
    return read_count(call, word, value, &check->fails);
}

static bool set_passes(const struct setter_call *call, const struct word *word, struct slice value,
                       struct health_check *check) {
    return read_count(call, word, value, &check->passes);
}

static bool set_port(const struct setter_call *call, const struct word *word, struct slice value,
                     struct health_check *check) {
    uint64_t port;
    if (!slice_parse_u64(value, HIGHEST_PORT, &port) || port == 0) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_NUMBER, word, "port",
                              "write a port from 1 to 65535 behind the \"=\"");
    }
    check->port = (uint32_t)port;
    return true;
}

/* What would end the request line, or make it another one, is no path (RFC 9112 3). */
static bool set_uri(const struct setter_call *call, const struct word *word, struct slice value,
                    struct health_check *check) {
    bool is_path = value.size > 0 && value.data[0] == '/';
    for (size_t i = 0; is_path && i < value.size; i++) {
        is_path = (unsigned char)value.data[i] > ' ' && value.data[i] != 0x7f;
    }
    check->uri = value;
    return is_path || reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, word, "path",
                                     "write a path that begins with \"/\" and has no spaces in it");
}

static bool set_match(const struct setter_call *call, const struct word *word, struct slice value,
                      struct health_check *check) {
    check->match_word = word;
    check->match_name = value;
    return value.size > 0 || reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, word, "name",
                                            "write the name of a match block behind the \"=\"");
}

static bool set_mandatory(const struct setter_call *call, const struct word *word,
                          struct slice value, struct health_check *check) {
    (void)call, (void)word, (void)value;
    check->is_mandatory = true;
    return true;
}

static bool set_persistent(const struct setter_call *call, const struct word *word,
                           struct slice value, struct health_check *check) {
    (void)call, (void)word, (void)value;
    check->is_persistent = true;
    return true;
}

struct parameter {
    struct slice name;
    /* NULL: nginx has it, and compile refuses it. */
    bool (*set)(const struct setter_call *call, const struct word *word, struct slice value,
                struct health_check *check);
};

static const struct parameter parameters[] = {
    {SLICE_INIT("interval="), set_interval},
    {SLICE_INIT("jitter="), set_jitter},
    {SLICE_INIT("fails="), set_fails},
    {SLICE_INIT("passes="), set_passes},
    {SLICE_INIT("uri="), set_uri},
    {SLICE_INIT("port="), set_port},
    {SLICE_INIT("mandatory"), set_mandatory},
    {SLICE_INIT("persistent"), set_persistent},
    {SLICE_INIT("match="), set_match},
    {SLICE_INIT("keepalive_time="), set_keepalive_time},
    {SLICE_INIT("type="), NULL},
    {SLICE_INIT("grpc_service="), NULL},
    {SLICE_INIT("grpc_status="), NULL},
};

enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

static bool has_value(struct slice name) {
    return name.data[name.size - 1] == '=';
}

static const struct parameter *find_parameter(struct slice text) {
    for (size_t i = 0; i < PARAMETERS; i++) {
        struct slice name = parameters[i].name;
        if (has_value(name) ? slice_starts_with(text, name) : slice_equals(text, name)) {
            return &parameters[i];
        }
    }
    return NULL;
}

static bool report_unknown(const struct setter_call *call, const struct word *word) {
    struct slice names[PARAMETERS];
    for (size_t i = 0; i < PARAMETERS; i++) {
        names[i] = parameters[i].name;
    }
    return reject_parameter(call, word, names, PARAMETERS);
}

static bool read_parameter(const struct setter_call *call, const struct word *word,
                           struct health_check *check) {
    const struct parameter *parameter = find_parameter(word->text);
    if (parameter == NULL) {
        return report_unknown(call, word);
    }
    struct slice name = parameter->name;
    if (parameter->set != NULL) {
        return parameter->set(call, word, slice_skip(word->text, name.size), check);
    }
    refuse(call->model, call->statement, word->span, "parameter \"%.*s\" of health_check",
           SLICE_ARGS(slice_take(name, name.size - 1)));
    return true;
}

/* --- the statement --- */

static bool check_persistent(const struct setter_call *call, const struct health_check *check) {
    if (!check->is_persistent || check->is_mandatory) {
        return true;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_VALUE, call->statement->span,
                         "\"persistent\" says something of \"mandatory\" alone");
    diagnostic_help(call->model->arena, diagnostic, "write \"mandatory persistent\"");
    return false;
}

static void report_conflict(struct model *model, const struct health_check *check,
                            const struct health_check *first) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_CONFLICTING_HEALTH_CHECK,
                         check->statement->words[0].span, "the group already has a health check");
    diagnostic_note(model->arena, diagnostic, first->statement->words[0].span, "it is given here");
    diagnostic_help(model->arena, diagnostic,
                    "keep one of them: it is for all locations that pass requests on to the group");
}

bool model_set_health_check(const struct setter_call *call) {
    struct model *model = call->model;
    struct health_check *check = arena_require(model->arena, sizeof *check);
    *check = (struct health_check){.statement = call->statement,
                                   .location = call->scope->location,
                                   .uri = SLICE("/"),
                                   .interval = USUAL_INTERVAL,
                                   .fails = 1,
                                   .passes = 1};
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        if (!read_parameter(call, statement_argument(call->statement, i), check)) {
            return false;
        }
    }
    if (!check_persistent(call, check)) {
        return false;
    }
    if (call->scope->location->health_check == NULL) {
        call->scope->location->health_check = check;
    }
    VECTOR_PUSH(model->arena, &model->reading->health_checks, check);
    return true;
}

/* --- what it refers to --- */

/* Whether it could be the name of a group. */
static bool is_name(const struct proxy_pass *proxy) {
    return !proxy->has_variables && proxy->address.family == TABLE_FAMILY_NAME;
}

static struct upstream *find_group(struct model *model, const struct health_check *check) {
    const struct proxy_pass *proxy = check->location->proxy;
    if (proxy != NULL && proxy->upstream != NULL && proxy->upstream->statement != NULL) {
        return proxy->upstream;
    }
    if (model->is_snippet && (proxy == NULL || is_name(proxy))) {
        return NULL; /* the group may be defined around it */
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_HEALTH_CHECK_WITHOUT_GROUP, check->statement->words[0].span,
        "health_check is for a location that passes requests on to an upstream group");
    if (proxy != NULL) {
        diagnostic_note(model->arena, diagnostic, proxy->statement->words[0].span,
                        proxy->has_variables ? "here variables say where to"
                        : is_name(proxy)     ? "no upstream has that name"
                                             : "this is one backend and no group");
    }
    diagnostic_help(model->arena, diagnostic,
                    "define \"upstream NAME { ... }\" and write \"proxy_pass http://NAME;\" "
                    "beside the health_check");
    return NULL;
}

static void find_match(struct model *model, struct health_check *check) {
    if (check->match_word == NULL) {
        return;
    }
    check->match = map_find(&model->reading->matches, check->match_name);
    if (check->match != NULL || model->is_snippet) {
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_MATCH, check->match_word->span,
                         "there is no match \"%.*s\"", SLICE_ARGS(check->match_name));
    struct map *matches = &model->reading->matches;
    struct slice *names = arena_require(model->arena, (matches->count + 1) * sizeof *names);
    for (size_t i = 0; i < matches->count; i++) {
        names[i] = matches->entries[i].key;
    }
    struct slice nearest = nearest_name(check->match_name, names, matches->count);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"match=%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic, "define \"match %.*s { ... }\" in http",
                        SLICE_ARGS(check->match_name));
    }
}

/* A check speaks HTTP/1.1 so far. */
static void refuse_http2(struct model *model, const struct health_check *check) {
    if (check->location->settings->proxy_http_version == TABLE_HTTP_2) {
        refuse(model, check->statement, check->statement->words[0].span,
               "health_check of backends that are asked by HTTP/2");
    }
}

void health_resolve(struct model *model) {
    for (size_t i = 0; i < model->reading->health_checks.count; i++) {
        struct health_check *check = model->reading->health_checks.items[i];
        struct upstream *upstream = find_group(model, check);
        find_match(model, check);
        refuse_http2(model, check);
        if (upstream != NULL && upstream->health_check != NULL) {
            report_conflict(model, check, upstream->health_check);
        } else if (upstream != NULL) {
            upstream->health_check = check;
        }
    }
}
