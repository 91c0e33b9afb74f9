/* Rules about which server answers for names that none has: catch-alls that are none, defaults that
 * nobody chose, and names by which a server can never be reached. */
#include "check/pattern.h"
#include "check/rules.h"
#include "check/steps.h"

/* Calls the function for every address and port that servers share. */
static void for_each_endpoint(struct finding_list *findings,
                              void (*check)(struct finding_list *, const struct endpoint *)) {
    for (size_t i = 0; i < findings->model->listeners.count; i++) {
        const struct listener *listener = findings->model->listeners.items[i];
        for (size_t j = 0; j < listener->endpoints.count; j++) {
            if (listener->endpoints.items[j]->servers.count > 1) {
                check(findings, listener->endpoints.items[j]);
            }
        }
    }
}

/* Names that people give to a server which is for all others. */
static bool is_catch_all(const struct server_name *name) {
    return name->text.size == 0 || slice_equals(name->text, SLICE("_")) ||
           slice_equals(name->text, SLICE("*"));
}

static bool has_only_catch_alls(const struct server *server) {
    for (size_t i = 0; i < server->names.count; i++) {
        if (!is_catch_all(server->names.items[i])) {
            return false;
        }
    }
    return true;
}

static struct span place_of(const struct server *server) {
    return server->statement->words[0].span;
}

/* --- conflicting-default-server --- */

/* A listen with default_server for the same port of the other family, or NULL. */
static const struct listen *find_default_listen(const struct server *server,
                                                const struct address *address) {
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct listen *listen = server->listens.items[i];
        if (listen->is_default && listen->is_wildcard && listen->address.port == address->port &&
            listen->address.family != address->family) {
            return listen;
        }
    }
    return NULL;
}

static void check_both_families(struct finding_list *findings, const struct endpoint *endpoint,
                                const struct server *server) {
    const struct listen *other = find_default_listen(server, &endpoint->address);
    if (!endpoint->is_wildcard || other == NULL) {
        return;
    }
    bool is_ipv6 = endpoint->address.family == TABLE_FAMILY_IPV6;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_conflicting_default_server, other->statement->words[0].span,
                     "this server is the default for %s, but not for %s of the same port",
                     is_ipv6 ? "IPv4" : "IPv6", is_ipv6 ? "IPv6" : "IPv4");
    diagnostic_note(findings->model->arena, diagnostic, place_of(endpoint->default_server),
                    "there, this server gets requests for names that no server has");
    diagnostic_help(findings->model->arena, diagnostic,
                    "write \"default_server\" behind both listens of one server");
}

static void check_conflict(struct finding_list *findings, const struct endpoint *endpoint) {
    if (endpoint->default_server->statement == NULL) {
        return;
    }
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        if (server == endpoint->default_server || server->statement == NULL) {
            continue;
        }
        check_both_families(findings, endpoint, server);
    }
}

void check_rule_conflicting_default_server(struct finding_list *findings) {
    for_each_endpoint(findings, check_conflict);
}

/* --- missing-default-server --- */

static bool has_catch_all(const struct endpoint *endpoint) {
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        if (has_only_catch_alls(endpoint->servers.items[i])) {
            return true;
        }
    }
    return false;
}

static void check_missing(struct finding_list *findings, const struct endpoint *endpoint) {
    const struct server *first = endpoint->default_server;
    /* Where there is a catch-all that is none, unreachable-server says more. One that refuses
     * everything is good for any name. */
    if (endpoint->default_listen != NULL || first->statement == NULL || has_catch_all(endpoint) ||
        steps_find_status(&first->rewrite) >= 400 || first->own_settings->ssl_reject_handshake) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_missing_default_server, place_of(first),
                     "requests for names that no server has are answered by this one, only because "
                     "it comes first");
    diagnostic_help(findings->model->arena, diagnostic,
                    "write \"default_server\" behind the listen of the server that is to get them, "
                    "such as one with \"return 444;\"");
}

void check_rule_missing_default_server(struct finding_list *findings) {
    for_each_endpoint(findings, check_missing);
}

/* --- unreachable-server --- */

/* A regular expression among the names. */
struct rival {
    const struct server_name *name;
    struct pattern pattern;
};

/* The names of one address and port that hide others. */
struct rivals {
    struct finding_list *findings;
    struct map wildcards; /* ".example.com" to the struct server_name */
    /* Those before the one that is looked at. */
    VECTOR_OF(struct rival) expressions;
};

/* Those behind so many are not compared with each other. */
#define MOST_EXPRESSIONS 200

/* The wildcard that every host with that ending has, or NULL. */
static const struct server_name *find_wildcard(const struct rivals *rivals, struct slice ending) {
    for (size_t i = 0; i < ending.size; i++) {
        const struct server_name *name =
            ending.data[i] == '.' ? map_find(&rivals->wildcards, slice_skip(ending, i)) : NULL;
        if (name != NULL) {
            return name;
        }
    }
    return NULL;
}

static const struct server_name *find_covering_wildcard(const struct rivals *rivals,
                                                        const struct pattern *pattern) {
    const struct server_name *found = NULL;
    for (size_t i = 0; i < pattern->texts.items.count; i++) {
        const struct pattern_text *text = &pattern->texts.items.items[i];
        found =
            text->at_end ? find_wildcard(rivals, text->is_open ? text->ending : text->text) : NULL;
        if (found == NULL) {
            return NULL;
        }
    }
    return found;
}

static const struct server_name *find_covering_expression(const struct rivals *rivals,
                                                          const struct pattern *pattern) {
    for (size_t i = 0; i < rivals->expressions.count; i++) {
        if (pattern_covers(&rivals->expressions.items[i].pattern, pattern)) {
            return rivals->expressions.items[i].name;
        }
    }
    return NULL;
}

static void report_hidden(struct finding_list *findings, const struct server_name *name,
                          const struct server_name *winner) {
    struct diagnostic *diagnostic =
        check_report(findings, RULE_unreachable_server, name->word->span,
                     "this name is never used: another one gets every host that it matches");
    diagnostic_note(findings->model->arena, diagnostic, winner->word->span, "%s",
                    winner->kind == SERVER_NAME_REGEX
                        ? "this expression comes first, and the first match wins"
                        : "names with an asterisk win over expressions");
    diagnostic_help(findings->model->arena, diagnostic, "%s",
                    winner->kind == SERVER_NAME_REGEX
                        ? "put the narrower expression first"
                        : "write the hosts that are meant out, or remove one of the two");
}

static void check_expression(struct rivals *rivals, const struct server_name *name) {
    struct arena *arena = rivals->findings->model->arena;
    struct rival rival = {name, pattern_read(arena, name->regex->pattern, true)};
    const struct server_name *winner = find_covering_wildcard(rivals, &rival.pattern);
    winner = winner != NULL ? winner : find_covering_expression(rivals, &rival.pattern);
    if (winner != NULL && winner != name && winner->word != NULL) {
        report_hidden(rivals->findings, name, winner);
    }
    if (rivals->expressions.count < MOST_EXPRESSIONS) {
        VECTOR_PUSH(arena, &rivals->expressions, rival);
    }
}

static void check_port(struct finding_list *findings, const struct server_name *name) {
    size_t colon = slice_find_byte(name->text, ':');
    if (name->kind == SERVER_NAME_REGEX || colon == name->text.size || name->text.data[0] == '[' ||
        slice_find_byte(name->text, '/') < name->text.size) {
        return; /* the model has something to say of names with a slash */
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_unreachable_server, name->word->span,
                     "this name is never used: names are compared without the port");
    diagnostic_help(findings->model->arena, diagnostic, "write \"server_name %.*s;\"%s",
                    SLICE_ARGS(slice_take(name->text, colon)), ", and the port behind \"listen\"");
}

static void report_catch_all(struct finding_list *findings, const struct endpoint *endpoint,
                             const struct server_name *name) {
    struct arena *arena = findings->model->arena;
    struct diagnostic *diagnostic = check_report(
        findings, RULE_unreachable_server, name->word->span,
        "\"%.*s\" is a name like any other: requests for names that no server has go elsewhere",
        SLICE_ARGS(name->text));
    diagnostic_note(arena, diagnostic, place_of(endpoint->default_server),
                    endpoint->default_listen != NULL ? "this server is the default_server"
                                                     : "this server gets them, as it comes first");
    diagnostic_help(arena, diagnostic, "%s",
                    endpoint->default_listen != NULL
                        ? "move \"default_server\" to the listen of this server, or remove it"
                        : "add \"default_server\" to the listen of this server");
}

static void report_nameless(struct finding_list *findings, const struct endpoint *endpoint,
                            const struct server *server) {
    struct diagnostic *diagnostic =
        check_report(findings, RULE_unreachable_server, place_of(server),
                     "without a server_name, and not being the default, this server gets nothing "
                     "but requests without a Host");
    diagnostic_note(findings->model->arena, diagnostic, place_of(endpoint->default_server),
                    "requests for names that no server has are for this one");
    diagnostic_help(findings->model->arena, diagnostic,
                    "give it a server_name, or write \"default_server\" behind its listen");
}

/* Of the other family: then conflicting-default-server says what is wrong. */
static bool is_default_elsewhere(const struct server *server, const struct endpoint *endpoint) {
    return endpoint->is_wildcard && find_default_listen(server, &endpoint->address) != NULL;
}

/* A server meant for all names that is not the default; the second such is one with a name that
 * another has, which is told by duplicate-server-name. */
static void check_catch_all(struct finding_list *findings, const struct endpoint *endpoint,
                            const struct server *server) {
    if (server == endpoint->default_server || endpoint->default_server->statement == NULL ||
        server->names.count == 0 || !has_only_catch_alls(server) ||
        is_default_elsewhere(server, endpoint) || has_only_catch_alls(endpoint->default_server)) {
        return;
    }
    const struct server_name *name = server->names.items[0];
    if (name->word != NULL && name->text.size > 0) {
        report_catch_all(findings, endpoint, name);
    } else if (name->word == NULL && endpoint->is_wildcard) {
        report_nameless(findings, endpoint, server);
    }
}

static void collect_wildcards(struct rivals *rivals, const struct endpoint *endpoint) {
    map_init(&rivals->wildcards, rivals->findings->model->arena);
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        for (size_t j = 0; j < server->names.count; j++) {
            struct server_name *name = server->names.items[j];
            if (name->kind == SERVER_NAME_LEADING || name->kind == SERVER_NAME_BOTH) {
                map_insert(&rivals->wildcards, name->text, name);
            }
        }
    }
}

static void check_reach(struct finding_list *findings, const struct endpoint *endpoint) {
    struct rivals rivals = {.findings = findings};
    collect_wildcards(&rivals, endpoint);
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        if (server->statement == NULL) {
            continue;
        }
        check_catch_all(findings, endpoint, server);
        for (size_t j = 0; j < server->names.count; j++) {
            const struct server_name *name = server->names.items[j];
            if (name->kind == SERVER_NAME_REGEX && name->regex != NULL && name->word != NULL) {
                check_expression(&rivals, name);
            } else if (name->word != NULL) {
                check_port(findings, name);
            }
        }
    }
}

void check_rule_unreachable_server(struct finding_list *findings) {
    for_each_endpoint(findings, check_reach);
}
