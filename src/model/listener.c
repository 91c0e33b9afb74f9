/* Listens to listeners: which sockets to bind and which virtual servers are behind each, grouped as
 * nginx does. A socket on the wildcard address of a port also takes the connections to the port's
 * other addresses, unless one of those asks for socket options of its own. */
#include "model/reading.h"

#include <arpa/inet.h>
#include <string.h>

/* One address of one port, while the listens are being gathered. */
struct gathered {
    struct endpoint *endpoint;
    const struct listen *listen;  /* the first, or the one with socket options */
    const struct listen *options; /* the one with socket options, if any */
    const struct listen *first;
    const struct listen *other; /* the first whose protocols are not those of `first`, if any */
    uint32_t usual;             /* protocols of all listens but perhaps one, once there are two */
    bool has_usual;
    bool is_protocols_reported;
    struct map names; /* server name to struct server_name, for conflicts */
};

/* All addresses of one family and port; sockets of different ports have nothing to do with each
 * other. Unix sockets form one such group, without a wildcard. */
struct port_group {
    VECTOR_OF(struct gathered *) addresses;
};

struct gathering {
    struct model *model;
    struct map groups;    /* family and port to struct port_group */
    struct map addresses; /* the whole address to struct gathered */
    /* Found last: the servers of a large site listen on the same address one after the other. */
    struct gathered *latest;
};

static struct slice address_name(struct model *model, const struct address *address) {
    char text[INET6_ADDRSTRLEN];
    if (address->family == TABLE_FAMILY_UNIX) {
        return arena_format(model->arena, "unix:%.*s", SLICE_ARGS(address->host));
    }
    bool is_ipv6 = address->family == TABLE_FAMILY_IPV6;
    if (inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, address->bytes, text, sizeof text) == NULL) {
        text[0] = '\0';
    }
    return arena_format(model->arena, is_ipv6 ? "[%s]:%u" : "%s:%u", text, address->port);
}

static struct slice group_key(struct model *model, const struct address *address) {
    return arena_format(model->arena, "%d:%u", (int)address->family, address->port);
}

static struct port_group *find_group(struct gathering *gathering, const struct address *address) {
    struct slice key = group_key(gathering->model, address);
    struct port_group *group = map_find(&gathering->groups, key);
    if (group == NULL) {
        group = arena_require(gathering->model->arena, sizeof *group);
        map_set(&gathering->groups, key, group);
    }
    return group;
}

static struct gathered *find_address(struct gathering *gathering, const struct listen *listen) {
    struct model *model = gathering->model;
    struct gathered *gathered = gathering->latest;
    if (gathered != NULL &&
        listen_is_same_address(&gathered->endpoint->address, &listen->address)) {
        return gathered;
    }
    struct slice name = address_name(model, &listen->address);
    gathered = map_find(&gathering->addresses, name);
    if (gathered == NULL) {
        gathered = arena_require(model->arena, sizeof *gathered);
        gathered->endpoint = arena_require(model->arena, sizeof *gathered->endpoint);
        gathered->endpoint->address = listen->address;
        gathered->endpoint->is_wildcard = listen->is_wildcard;
        gathered->listen = listen;
        map_init(&gathered->names, model->arena);
        map_set(&gathering->addresses, name, gathered);
        VECTOR_PUSH(model->arena, &find_group(gathering, &listen->address)->addresses, gathered);
    }
    gathering->latest = gathered;
    return gathered;
}

static void report_conflict(struct model *model, enum diagnostic_code code,
                            const struct listen *listen, const struct listen *first,
                            const char *problem, const char *help) {
    struct slice name = address_name(model, &listen->address);
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, code, listen->statement->span, "%s for %.*s", problem,
                         SLICE_ARGS(name));
    diagnostic_note(model->arena, diagnostic, first->statement->span, "first given here");
    diagnostic_help(model->arena, diagnostic, "%s", help);
}

static void merge_options(struct model *model, struct gathered *gathered,
                          const struct listen *listen) {
    if (!listen->has_socket_options) {
        return;
    }
    if (gathered->options != NULL) {
        report_conflict(model, DIAGNOSTIC_CONFLICTING_LISTEN, listen, gathered->options,
                        "socket options are given twice",
                        "give them in one server only; they hold for all servers of the address");
        return;
    }
    gathered->options = listen;
    gathered->listen = listen;
}

/* A bit for each: 1 is ssl, 2 is http2, 4 is proxy_protocol. */
static uint32_t join_protocols(bool ssl, bool http2, bool proxy_protocol) {
    return (uint32_t)ssl | (uint32_t)http2 << 1 | (uint32_t)proxy_protocol << 2;
}

static uint32_t protocols_of(const struct listen *listen) {
    return join_protocols(listen->ssl, listen->http2, listen->proxy_protocol);
}

/* As ngx_http_add_addresses of nginx 1.24 and later: all listens of an address have the same
 * protocols, but for one that may have more, which is the one with socket options where there is
 * one. `before` are those of the earlier listens together. */
static bool is_odd(const struct gathered *gathered, const struct listen *listen, uint32_t before) {
    uint32_t now = protocols_of(listen);
    bool has_other = gathered->other != NULL;
    if ((now & ~before) != 0) {
        bool is_another = gathered->options != NULL && !listen->has_socket_options;
        return is_another || has_other || (before & ~now) != 0;
    }
    return (listen->has_socket_options && (now != before || has_other)) ||
           (gathered->has_usual && now != gathered->usual);
}

static void report_protocols(struct model *model, const struct gathered *gathered,
                             const struct listen *listen) {
    static const char *const names[] = {"no protocol",
                                        "ssl",
                                        "http2",
                                        "ssl and http2",
                                        "proxy_protocol",
                                        "ssl and proxy_protocol",
                                        "http2 and proxy_protocol",
                                        "ssl, http2 and proxy_protocol"};
    const struct listen *other =
        protocols_of(gathered->first) != protocols_of(listen) ? gathered->first : gathered->other;
    const struct statement *statement =
        listen->statement != NULL ? listen->statement : other->statement;
    struct slice name = address_name(model, &listen->address);
    struct diagnostic *diagnostic = diagnostic_add(
        model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_CONFLICTING_LISTEN, statement->span,
        "the servers on %.*s ask for different protocols", SLICE_ARGS(name));
    if (other->statement != NULL && other->statement != statement) {
        diagnostic_note(model->arena, diagnostic, other->statement->span, "%s is asked for here",
                        names[protocols_of(other)]);
    }
    diagnostic_help(model->arena, diagnostic,
                    "they hold for all servers of the address: give each the same, or only one "
                    "more than the others");
}

static void merge_protocols(struct model *model, struct gathered *gathered,
                            const struct listen *listen) {
    struct endpoint *endpoint = gathered->endpoint;
    uint32_t now = protocols_of(listen);
    uint32_t before = join_protocols(endpoint->ssl, endpoint->http2, endpoint->proxy_protocol);
    endpoint->ssl |= listen->ssl;
    endpoint->http2 |= listen->http2;
    endpoint->proxy_protocol |= listen->proxy_protocol;
    if (listen->ssl && endpoint->ssl_listen == NULL) {
        endpoint->ssl_listen = listen;
    }
    if (gathered->first == NULL) {
        gathered->first = listen;
        return;
    }
    if (!gathered->is_protocols_reported && is_odd(gathered, listen, before)) {
        gathered->is_protocols_reported = true;
        report_protocols(model, gathered, listen);
    }
    if (now != protocols_of(gathered->first) && gathered->other == NULL) {
        gathered->other = listen;
    }
    gathered->usual = (now & ~before) != 0 ? before : now;
    gathered->has_usual = true;
}

static void merge_default(struct model *model, struct endpoint *endpoint, struct server *server,
                          const struct listen *listen) {
    if (endpoint->default_server == NULL) {
        endpoint->default_server = server;
    }
    if (!listen->is_default) {
        return;
    }
    if (endpoint->default_listen != NULL) {
        report_conflict(model, DIAGNOSTIC_DUPLICATE_DEFAULT_SERVER, listen,
                        endpoint->default_listen, "there are two default servers",
                        "remove \"default_server\" from one of them");
        return;
    }
    endpoint->default_server = server;
    endpoint->default_listen = listen;
}

static void report_name(struct model *model, const struct server_name *name,
                        const struct server *server, const struct server_name *first,
                        const struct endpoint *endpoint) {
    struct slice address = address_name(model, &endpoint->address);
    struct span span = name->word != NULL ? name->word->span : server->statement->words[0].span;
    struct slice text = name->word != NULL ? name->word->text : SLICE("");
    struct diagnostic *diagnostic = diagnostic_add(
        model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_CONFLICTING_SERVER_NAME, span,
        "conflicting server name \"%.*s\" on %.*s, ignored", SLICE_ARGS(text), SLICE_ARGS(address));
    if (first->word != NULL) {
        diagnostic_note(model->arena, diagnostic, first->word->span, "first given here");
    }
    diagnostic_help(model->arena, diagnostic, "%s",
                    name->word != NULL ? "remove the name from one of the servers"
                                       : "give the servers a server_name each");
}

/* The keys under which a name is looked up; .example.com is example.com and *.example.com at
 * once. */
static size_t name_keys(struct model *model, const struct server_name *name, struct slice keys[2]) {
    struct slice text = name->text;
    switch (name->kind) {
    case SERVER_NAME_EXACT:
        keys[0] = text_marked(model->arena, '=', text);
        return 1;
    case SERVER_NAME_LEADING:
        keys[0] = text_marked(model->arena, '*', text);
        return 1;
    case SERVER_NAME_BOTH:
        keys[0] = text_marked(model->arena, '=', slice_skip(text, 1));
        keys[1] = text_marked(model->arena, '*', text);
        return 2;
    case SERVER_NAME_TRAILING:
        keys[0] = text_marked(model->arena, '>', text);
        return 1;
    case SERVER_NAME_REGEX:
        break;
    }
    return 0;
}

/* Enters the name on that address; returns who has it already, or NULL. */
static const struct server_name *enter_name(struct model *model, struct gathered *gathered,
                                            struct server_name *name) {
    struct slice keys[2];
    size_t count = name_keys(model, name, keys);
    const struct server_name *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct server_name *holder = map_insert(&gathered->names, keys[i], name);
        first = holder != name ? holder : first;
    }
    return first;
}

static bool has_name(const struct server *server, const struct server_name *name) {
    for (size_t i = 0; i < server->names.count; i++) {
        if (server->names.items[i] == name) {
            return true;
        }
    }
    return false;
}

/* One warning for a name, on however many addresses it conflicts. A name that one server has twice
 * is no conflict. */
static void check_name(struct gathering *gathering, const struct server *server,
                       struct server_name *name) {
    const struct server_name *first = NULL;
    for (size_t i = 0; i < server->listens.count; i++) {
        struct gathered *gathered = find_address(gathering, server->listens.items[i]);
        const struct server_name *holder = enter_name(gathering->model, gathered, name);
        if (first == NULL && holder != NULL && !has_name(server, holder)) {
            first = holder;
            report_name(gathering->model, name, server, first, gathered->endpoint);
        }
    }
}

static void gather_server(struct gathering *gathering, struct server *server) {
    struct model *model = gathering->model;
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct listen *listen = server->listens.items[i];
        struct gathered *gathered = find_address(gathering, listen);
        VECTOR_PUSH(model->arena, &gathered->endpoint->servers, server);
        merge_options(model, gathered, listen);
        merge_protocols(model, gathered, listen);
        merge_default(model, gathered->endpoint, server, listen);
    }
    for (size_t i = 0; i < server->names.count; i++) {
        check_name(gathering, server, server->names.items[i]);
    }
}

static struct listener *add_listener(struct model *model, const struct gathered *gathered) {
    struct listener *listener = arena_require(model->arena, sizeof *listener);
    listener->listen = gathered->listen;
    listener->address = gathered->endpoint->address;
    listener->name = address_name(model, &listener->address);
    VECTOR_PUSH(model->arena, &model->listeners, listener);
    return listener;
}

/* Addresses with socket options first, the wildcard last, each with what it covers. */
static void add_group(struct model *model, const struct port_group *group) {
    const struct gathered *wildcard = NULL;
    VECTOR_OF(struct endpoint *) covered = {0};
    for (size_t i = 0; i < group->addresses.count; i++) {
        const struct gathered *gathered = group->addresses.items[i];
        if (gathered->endpoint->is_wildcard) {
            wildcard = gathered;
        } else if (gathered->options != NULL) {
            struct listener *listener = add_listener(model, gathered);
            VECTOR_PUSH(model->arena, &listener->endpoints, gathered->endpoint);
        } else {
            VECTOR_PUSH(model->arena, &covered, gathered->endpoint);
        }
    }
    for (size_t i = 0; wildcard == NULL && i < group->addresses.count; i++) {
        if (group->addresses.items[i]->options == NULL) {
            struct listener *listener = add_listener(model, group->addresses.items[i]);
            VECTOR_PUSH(model->arena, &listener->endpoints, group->addresses.items[i]->endpoint);
        }
    }
    if (wildcard != NULL) {
        struct listener *listener = add_listener(model, wildcard);
        for (size_t i = 0; i < covered.count; i++) {
            VECTOR_PUSH(model->arena, &listener->endpoints, covered.items[i]);
        }
        VECTOR_PUSH(model->arena, &listener->endpoints, wildcard->endpoint);
    }
}

void listener_build(struct model *model) {
    struct gathering gathering = {.model = model};
    map_init(&gathering.groups, model->arena);
    map_init(&gathering.addresses, model->arena);
    for (size_t i = 0; i < model->servers.count; i++) {
        gather_server(&gathering, model->servers.items[i]);
    }
    for (size_t i = 0; i < gathering.groups.count; i++) {
        add_group(model, gathering.groups.entries[i].value);
    }
}
