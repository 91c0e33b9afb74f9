/* Upstream groups: named ones with their servers, and those implied by a proxy_pass to a host. */
#include "model/address.h"
#include "model/reading.h"

#include <string.h>

#define DEFAULT_PORT 80

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

static bool has_only_backups(const struct upstream *upstream) {
    for (size_t i = 0; i < upstream->peers.count; i++) {
        if (!upstream->peers.items[i]->backup) {
            return false;
        }
    }
    return upstream->peers.count > 0;
}

static void check_servers(struct model *model, const struct upstream *upstream) {
    bool has_backups = has_only_backups(upstream);
    if (!has_backups && (upstream->peers.count > 0 || has_servers_elsewhere(upstream->statement))) {
        return;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_EMPTY_UPSTREAM, upstream->statement->words[1].span,
        "no servers %sare inside upstream \"%.*s\"", has_backups ? "but backups " : "",
        SLICE_ARGS(upstream->name));
    diagnostic_help(model->arena, diagnostic,
                    has_backups ? "leave \"backup\" out at one of them at least"
                                : "add at least one \"server ADDRESS:PORT;\"");
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
    peer->max_fails = 1;
    peer->fail_timeout = 10000;
    VECTOR_PUSH(model->arena, &upstream->peers, peer);
    return peer;
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
    return upstream_read_parameters(call, peer);
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
