/* The parameters of `server` in an upstream group, a row each: what the word begins with, and what
 * it sets. Names with `=` take a value. */
#include "model/quantity.h"
#include "model/reading.h"

#define LARGEST_WEIGHT 65535

struct server_parameter {
    struct slice name;
    /* Reads the value behind the name; NULL: nginx has it, and compile refuses it. */
    bool (*set)(const struct setter_call *call, const struct word *word, struct slice value,
                struct peer *peer);
};

static bool set_weight(const struct setter_call *call, const struct word *word, struct slice value,
                       struct peer *peer) {
    uint64_t weight;
    if (!slice_parse_u64(value, LARGEST_WEIGHT, &weight) || weight == 0) {
        reject_invalid(call, DIAGNOSTIC_INVALID_NUMBER, word, "weight",
                       "write weight=NUMBER, from 1 to 65535; a server out of use is \"down\"");
        return false;
    }
    peer->weight = (uint32_t)weight;
    return true;
}

static bool set_max_fails(const struct setter_call *call, const struct word *word,
                          struct slice value, struct peer *peer) {
    uint64_t count;
    if (!slice_parse_u64(value, INT32_MAX, &count)) {
        reject_invalid(call, DIAGNOSTIC_INVALID_NUMBER, word, "number of failures",
                       "write max_fails=NUMBER; 0 means that failures do not matter");
        return false;
    }
    peer->max_fails = (uint32_t)count;
    return true;
}

static bool set_fail_timeout(const struct setter_call *call, const struct word *word,
                             struct slice value, struct peer *peer) {
    uint64_t seconds;
    if (!quantity_parse_seconds(value, &seconds)) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_TIME, word, "time",
                              "write fail_timeout=TIME in seconds or more, such as 30s");
    }
    peer->fail_timeout = seconds * 1000;
    return true;
}

static bool set_max_conns(const struct setter_call *call, const struct word *word,
                          struct slice value, struct peer *peer) {
    uint64_t count;
    if (!slice_parse_u64(value, INT32_MAX, &count)) {
        reject_invalid(call, DIAGNOSTIC_INVALID_NUMBER, word, "number of connections",
                       "write max_conns=NUMBER; 0 means any number");
        return false;
    }
    peer->max_conns = (uint32_t)count;
    return true;
}

static bool set_slow_start(const struct setter_call *call, const struct word *word,
                           struct slice value, struct peer *peer) {
    if (!quantity_parse_time(value, &peer->slow_start)) {
        return reject_invalid(
            call, DIAGNOSTIC_INVALID_TIME, word, "time",
            "write slow_start=TIME, in which the server comes back to its full weight");
    }
    return true;
}

static bool set_backup(const struct setter_call *call, const struct word *word, struct slice value,
                       struct peer *peer) {
    (void)call, (void)word, (void)value;
    peer->backup = true;
    return true;
}

static bool set_down(const struct setter_call *call, const struct word *word, struct slice value,
                     struct peer *peer) {
    (void)call, (void)word, (void)value;
    peer->down = true;
    return true;
}

static bool set_drain(const struct setter_call *call, const struct word *word, struct slice value,
                      struct peer *peer) {
    (void)call, (void)word, (void)value;
    peer->drain = true;
    return true;
}

static bool set_route(const struct setter_call *call, const struct word *word, struct slice value,
                      struct peer *peer) {
    (void)value;
    return sticky_set_route(call, word, peer);
}

/* For an address there is nothing to do. */
static bool set_resolve(const struct setter_call *call, const struct word *word, struct slice value,
                        struct peer *peer) {
    (void)call, (void)word, (void)value;
    peer->resolve = peer->address.family == TABLE_FAMILY_NAME;
    return true;
}

static const struct server_parameter parameters[] = {
    {SLICE_INIT("weight="), set_weight},
    {SLICE_INIT("max_fails="), set_max_fails},
    {SLICE_INIT("fail_timeout="), set_fail_timeout},
    {SLICE_INIT("max_conns="), set_max_conns},
    {SLICE_INIT("slow_start="), set_slow_start},
    {SLICE_INIT("backup"), set_backup},
    {SLICE_INIT("down"), set_down},
    {SLICE_INIT("drain"), set_drain},
    {SLICE_INIT("route="), set_route},
    {SLICE_INIT("resolve"), set_resolve},
    {SLICE_INIT("service="), NULL},
};

enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

static bool has_value(struct slice name) {
    return name.data[name.size - 1] == '=';
}

static bool is_parameter(struct slice text, struct slice name) {
    return has_value(name) ? slice_starts_with(text, name) : slice_equals(text, name);
}

static void report_unknown(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_PARAMETER, word->span,
                         "server has no parameter \"%.*s\" in an upstream", SLICE_ARGS(word->text));
    if (structure_hint_semicolon(model, call->scope->context, call->statement,
                                 (uint32_t)(word - call->statement->words), diagnostic)) {
        return;
    }
    struct slice names[PARAMETERS];
    for (size_t i = 0; i < PARAMETERS; i++) {
        names[i] = parameters[i].name;
    }
    reject_hint_parameter(call, diagnostic, word, names, PARAMETERS);
}

static bool read_parameter(const struct setter_call *call, const struct word *word,
                           struct peer *peer) {
    for (size_t i = 0; i < PARAMETERS; i++) {
        struct slice name = parameters[i].name;
        if (!is_parameter(word->text, name)) {
            continue;
        }
        if (parameters[i].set != NULL) {
            return parameters[i].set(call, word, slice_skip(word->text, name.size), peer);
        }
        name.size -= has_value(name) ? 1 : 0;
        refuse(call->model, call->statement, word->span,
               "parameter \"%.*s\" of server in an upstream", SLICE_ARGS(name));
        return true;
    }
    report_unknown(call, word);
    return false;
}

static bool check_conflicts(const struct setter_call *call, const struct peer *peer) {
    if (!peer->down || !peer->drain) {
        return true;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_CONFLICTING_PARAMETERS,
                         call->statement->span, "a server is either \"down\" or \"drain\"");
    diagnostic_help(call->model->arena, diagnostic,
                    "write \"drain\" if clients that are bound to it are still to get there");
    return false;
}

bool upstream_read_parameters(const struct setter_call *call, struct peer *peer) {
    bool is_set = true;
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        if (!read_parameter(call, statement_argument(call->statement, i), peer)) {
            is_set = false;
            if (structure_begins_statement(call->model, call->scope->context, call->statement,
                                           i + 1)) {
                break;
            }
        }
    }
    return check_conflicts(call, peer) && is_set;
}
