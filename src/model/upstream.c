/* Upstream groups: named ones with their servers, and those implied by a proxy_pass to a host. */
#include "model/address.h"
#include "model/reading.h"

#include <string.h>

#define DEFAULT_PORT 80
#define LARGEST_WEIGHT 65535

static struct upstream *create(struct model *model, struct slice name) {
    struct upstream *upstream = arena_require(model->arena, sizeof *upstream);
    *upstream = model->reading->upstream_defaults;
    upstream->name = name;
    return upstream;
}

struct upstream *model_find_upstream(const struct model *model, struct slice name) {
    struct arena scratch;
    arena_init(&scratch, 512);
    char *lower = arena_require(&scratch, name.size + 1);
    for (size_t i = 0; i < name.size; i++) {
        lower[i] = byte_lower(name.data[i]);
    }
    struct upstream *upstream =
        map_find(&model->upstreams_by_name, (struct slice){lower, name.size});
    arena_release(&scratch);
    return upstream;
}

static bool has_servers_elsewhere(const struct statement *statement) {
    struct tree_walk walk = tree_walk_begin(statement->block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        struct slice name = statement_name(s);
        /* Lines that could not be understood have been reported; `state` is a file of servers. */
        if (slice_equals(name, SLICE("server")) || slice_equals(name, SLICE("state"))) {
            return true;
        }
    }
    return false;
}

static void check_servers(struct model *model, const struct upstream *upstream) {
    if (upstream->peers.count > 0 || has_servers_elsewhere(upstream->statement)) {
        return;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_EMPTY_UPSTREAM, upstream->statement->words[1].span,
        "no servers are inside upstream \"%.*s\"", SLICE_ARGS(upstream->name));
    diagnostic_help(model->arena, diagnostic, "add at least one \"server ADDRESS:PORT;\"");
}

bool model_set_upstream_block(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *word = statement_argument(call->statement, 0);
    struct upstream *upstream = create(model, word->text);
    upstream->statement = call->statement;
    struct upstream *first =
        map_insert(&model->upstreams_by_name, text_lower(model, word->text), upstream);
    if (first != upstream) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_DUPLICATE_UPSTREAM, word->span,
                             "duplicate upstream \"%.*s\"", SLICE_ARGS(word->text));
        diagnostic_note(model->arena, diagnostic, first->statement->words[1].span,
                        "first given here");
        diagnostic_help(model->arena, diagnostic, "give one of them another name");
    } else {
        VECTOR_PUSH(model->arena, &model->upstreams, upstream);
    }
    struct scope inner = build_inner_scope(call->scope, call->statement, C_UPSTREAM);
    inner.upstream = upstream;
    inner.settings = NULL;
    build_block(model, &inner, call->statement->block);
    check_servers(model, upstream);
    balancing_check(model, upstream);
    return true;
}

static struct peer *add_peer(struct model *model, struct upstream *upstream,
                             const struct address_parts *parts, struct slice name) {
    struct peer *peer = arena_require(model->arena, sizeof *peer);
    peer->name = name;
    peer->address.family = parts->family;
    memcpy(peer->address.bytes, parts->bytes, sizeof parts->bytes);
    peer->address.port = parts->port;
    if (parts->family == TABLE_FAMILY_NAME || parts->family == TABLE_FAMILY_UNIX) {
        peer->address.host = parts->host;
    }
    peer->weight = 1;
    VECTOR_PUSH(model->arena, &upstream->peers, peer);
    return peer;
}

/* Parameters of nginx's that are not run yet; those with '=' take a value. */
static const struct slice refused_parameters[] = {
    SLICE_INIT("max_conns="),  SLICE_INIT("max_fails="), SLICE_INIT("fail_timeout="),
    SLICE_INIT("backup"),      SLICE_INIT("resolve"),    SLICE_INIT("service="),
    SLICE_INIT("slow_start="),
};

#define REFUSED_COUNT (sizeof refused_parameters / sizeof refused_parameters[0])

static bool is_parameter(struct slice text, struct slice name) {
    bool has_value = name.data[name.size - 1] == '=';
    return has_value ? slice_starts_with(text, name) && text.size > name.size
                     : slice_equals(text, name);
}

static void report_unknown_parameter(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_PARAMETER, word->span,
                         "server has no parameter \"%.*s\" in an upstream", SLICE_ARGS(word->text));
    if (structure_hint_semicolon(model, call->scope->context, call->statement,
                                 (uint32_t)(word - call->statement->words), diagnostic)) {
        return;
    }
    struct slice names[REFUSED_COUNT + 4] = {SLICE("weight="), SLICE("down"), SLICE("drain"),
                                             SLICE("route=")};
    memcpy(names + 4, refused_parameters, sizeof refused_parameters);
    struct slice nearest = nearest_name(word->text, names, REFUSED_COUNT + 4);
    if (nearest.size == 0) {
        size_t end = slice_find_byte(word->text, '=');
        nearest = nearest_name(slice_take(word->text, end + 1), names, REFUSED_COUNT + 4);
    }
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    }
}

static bool set_weight(const struct setter_call *call, const struct word *word, struct peer *peer) {
    uint64_t weight;
    if (!slice_parse_u64(slice_skip(word->text, 7), LARGEST_WEIGHT, &weight) || weight == 0) {
        struct diagnostic *diagnostic =
            diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_NUMBER, word->span,
                             "invalid weight \"%.*s\"", SLICE_ARGS(word->text));
        diagnostic_help(call->model->arena, diagnostic,
                        "write weight=NUMBER, from 1 to %d; a server out of use is \"down\"",
                        LARGEST_WEIGHT);
        return false;
    }
    peer->weight = (uint32_t)weight;
    return true;
}

static bool read_parameter(const struct setter_call *call, const struct word *word,
                           struct peer *peer) {
    if (slice_starts_with(word->text, SLICE("weight="))) {
        return set_weight(call, word, peer);
    }
    if (slice_equals(word->text, SLICE("down"))) {
        peer->down = true;
        return true;
    }
    if (slice_equals(word->text, SLICE("drain"))) {
        peer->drain = true;
        refuse(call->model, call->statement, word->span,
               "parameter \"drain\" of server in an upstream");
        return true;
    }
    if (slice_starts_with(word->text, SLICE("route="))) {
        return sticky_set_route(call, word, peer);
    }
    for (size_t i = 0; i < REFUSED_COUNT; i++) {
        if (is_parameter(word->text, refused_parameters[i])) {
            struct slice name = refused_parameters[i];
            name.size -= name.data[name.size - 1] == '=' ? 1 : 0;
            refuse(call->model, call->statement, word->span,
                   "parameter \"%.*s\" of server in an upstream", SLICE_ARGS(name));
            return true;
        }
    }
    report_unknown_parameter(call, word);
    return false;
}

static void report_address(const struct setter_call *call, const char *problem) {
    const struct word *word = statement_argument(call->statement, 0);
    bool has_scheme = slice_starts_with_nocase(word->text, SLICE("http://")) ||
                      slice_starts_with_nocase(word->text, SLICE("https://"));
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_ADDRESS, word->span,
                         "%s in \"%.*s\"", problem, SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic,
                    has_scheme ? "leave the scheme out: it belongs to proxy_pass"
                               : "write HOST, HOST:PORT, [IPV6]:PORT or unix:PATH");
}

static bool check_parameters(const struct setter_call *call, const struct peer *peer) {
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

bool model_set_upstream_server(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    struct address_parts parts;
    const char *problem = address_parse(word->text, ADDRESS_TO_CONNECT, DEFAULT_PORT, &parts);
    if (problem != NULL) {
        report_address(call, problem);
        return false;
    }
    struct peer *peer = add_peer(call->model, call->scope->upstream, &parts, word->text);
    peer->statement = call->statement;
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
    return check_parameters(call, peer) && is_set;
}

/* The group that nginx makes for a host and port without an upstream block. */
struct upstream *upstream_implied(struct model *model, const struct proxy_pass *proxy) {
    const struct address *address = &proxy->address;
    bool is_unix = address->family == TABLE_FAMILY_UNIX;
    struct slice name =
        is_unix ? arena_format(model->arena, "unix:%.*s", SLICE_ARGS(address->host))
                : arena_format(model->arena, "%.*s:%u", SLICE_ARGS(address->host), address->port);
    struct slice key = is_unix ? name : text_lower(model, name);
    struct upstream *upstream = map_find(&model->reading->implicit_upstreams, key);
    if (upstream != NULL) {
        return upstream;
    }
    upstream = create(model, is_unix ? name : address->host);
    upstream->port = address->port;
    upstream->implied_by = proxy;
    struct address_parts parts = {
        .family = address->family, .port = address->port, .host = address->host};
    memcpy(parts.bytes, address->bytes, sizeof parts.bytes);
    add_peer(model, upstream, &parts, name);
    map_set(&model->reading->implicit_upstreams, key, upstream);
    VECTOR_PUSH(model->arena, &model->upstreams, upstream);
    return upstream;
}
