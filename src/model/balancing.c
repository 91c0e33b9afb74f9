/* How a group chooses the peer of a request: the directives that name a method, and what does not
 * go together with one. Round robin is what there is without any. */
#include "model/reading.h"

static void report_conflict(struct model *model, const struct statement *statement,
                            const struct statement *first) {
    if (slice_equals(statement_name(statement), statement_name(first))) {
        structure_report_duplicate(model, statement, first);
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_CONFLICTING_BALANCING,
                         statement->words[0].span, "the group has a balancing method already");
    diagnostic_note(model->arena, diagnostic, first->span, "given here");
    diagnostic_help(model->arena, diagnostic, "keep \"%.*s\" or \"%.*s\"",
                    SLICE_ARGS(statement_name(first)), SLICE_ARGS(statement_name(statement)));
}

/* nginx takes a method behind `sticky`, with a warning, and forgets about `sticky`. */
static void report_order(struct model *model, const struct statement *statement,
                         const struct statement *sticky) {
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_CONFLICTING_BALANCING, statement->words[0].span,
        "a balancing method behind \"sticky\" undoes it in nginx");
    diagnostic_note(model->arena, diagnostic, sticky->span, "this would have no effect");
    diagnostic_help(model->arena, diagnostic, "write \"%.*s\" before \"sticky\"",
                    SLICE_ARGS(statement_name(statement)));
}

static bool set_method(const struct setter_call *call, enum table_balance_method method) {
    struct upstream *upstream = call->scope->upstream;
    if (upstream->method_statement != NULL) {
        report_conflict(call->model, call->statement, upstream->method_statement);
        return false;
    }
    if (upstream->sticky != NULL) {
        report_order(call->model, call->statement, upstream->sticky->statement);
        return false;
    }
    upstream->method = method;
    upstream->method_statement = call->statement;
    return true;
}

static bool refuse_argument(const struct setter_call *call, uint32_t argument, const char *help) {
    const struct word *word = statement_argument(call->statement, argument);
    return reject_word(call, DIAGNOSTIC_UNKNOWN_PARAMETER, word, help,
                       "%s has no parameter \"%.*s\" here", call->directive->name,
                       SLICE_ARGS(word->text));
}

static bool is_argument(const struct setter_call *call, uint32_t argument, struct slice text) {
    return slice_equals(statement_argument(call->statement, argument)->text, text);
}

bool model_set_least_conn(const struct setter_call *call) {
    return set_method(call, TABLE_BALANCE_LEAST_CONN);
}

bool model_set_ip_hash(const struct setter_call *call) {
    return set_method(call, TABLE_BALANCE_IP_HASH);
}

bool model_set_hash(const struct setter_call *call) {
    const struct word *key = statement_argument(call->statement, 0);
    bool is_consistent = statement_argument_count(call->statement) == 2;
    if (is_consistent && !is_argument(call, 1, SLICE("consistent"))) {
        return refuse_argument(call, 1,
                               "the only one is \"consistent\"; a key with spaces goes between "
                               "quotes");
    }
    if (!set_method(call, is_consistent ? TABLE_BALANCE_HASH_CONSISTENT : TABLE_BALANCE_HASH)) {
        return false;
    }
    call->scope->upstream->hash_key = template_parse(call->model, key, key->text, 0);
    return true;
}

/* What is left out of "random two least_conn" means the same. */
bool model_set_random(const struct setter_call *call) {
    uint32_t count = statement_argument_count(call->statement);
    if (count == 0) {
        return set_method(call, TABLE_BALANCE_RANDOM);
    }
    if (!is_argument(call, 0, SLICE("two"))) {
        return refuse_argument(call, 0, "write \"random\" or \"random two\"");
    }
    if (count == 2 && !is_argument(call, 1, SLICE("least_conn"))) {
        const struct word *word = statement_argument(call->statement, 1);
        if (!slice_starts_with(word->text, SLICE("least_time="))) {
            return refuse_argument(call, 1, "write \"least_conn\", or nothing");
        }
        refuse(call->model, call->statement, word->span, "parameter \"least_time\" of random");
    }
    return set_method(call, TABLE_BALANCE_RANDOM_TWO_LEAST_CONN);
}

/* --- what does not go together with a method --- */

/* A hash or chance leaves no room for them: nginx's ngx_http_upstream_server. */
static const struct slice excluded_parameters[] = {SLICE_INIT("backup"), SLICE_INIT("slow_start=")};

static bool excludes(enum table_balance_method method) {
    return method != TABLE_BALANCE_ROUND_ROBIN && method != TABLE_BALANCE_LEAST_CONN;
}

static bool is_excluded(struct slice parameter) {
    return slice_equals(parameter, excluded_parameters[0]) ||
           slice_starts_with(parameter, excluded_parameters[1]);
}

static void report_parameter(struct model *model, const struct upstream *upstream,
                             const struct word *word) {
    struct slice name = slice_take(word->text, slice_find_byte(word->text, '='));
    struct slice method = statement_name(upstream->method_statement);
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_CONFLICTING_BALANCING, word->span,
        "\"%.*s\" does not go together with \"%.*s\"", SLICE_ARGS(name), SLICE_ARGS(method));
    diagnostic_note(model->arena, diagnostic, upstream->method_statement->span,
                    "the group's balancing method");
    diagnostic_help(model->arena, diagnostic,
                    "leave \"%.*s\" out, or write \"least_conn;\" instead of \"%.*s\"",
                    SLICE_ARGS(name), SLICE_ARGS(method));
}

/* nginx looks at a server when it gets to it: one that stands before the method has the parameter.
 * The rule backup-with-hash says what comes of that. */
static bool stands_before_method(const struct upstream *upstream,
                                 const struct statement *statement) {
    const struct span *method = &upstream->method_statement->span;
    return statement->span.source == method->source && statement->span.begin < method->begin;
}

static void check_parameter(struct model *model, const struct upstream *upstream,
                            const struct statement *statement, const struct word *word) {
    if (stands_before_method(upstream, statement)) {
        refuse(model, statement, word->span, "parameter \"%.*s\" beside %.*s",
               SLICE_ARGS(word->text), SLICE_ARGS(statement_name(upstream->method_statement)));
    } else {
        report_parameter(model, upstream, word);
    }
}

void balancing_check(struct model *model, const struct upstream *upstream) {
    if (!excludes(upstream->method)) {
        return;
    }
    for (size_t i = 0; i < upstream->peers.count; i++) {
        const struct statement *statement = upstream->peers.items[i]->statement;
        for (uint32_t j = 1; j < statement_argument_count(statement); j++) {
            const struct word *word = statement_argument(statement, j);
            if (is_excluded(word->text)) {
                check_parameter(model, upstream, statement, word);
            }
        }
    }
}
