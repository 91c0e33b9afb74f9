/* The listen directive: an address and parameters. Which sockets the listens of all servers come to
 * is worked out in listener.c. */
#include "model/address.h"
#include "model/quantity.h"
#include "model/reading.h"

#define DEFAULT_PORT 80
#define DEFAULT_BACKLOG 511

/* What Linux takes (tcp(7)): seconds of idleness and between probes, and probes. */
enum { LONGEST_PROBING = 32767, MOST_PROBES = 127 };

/* One parameter being read, e.g. backlog=100. */
struct listen_parameter {
    const struct setter_call *call;
    const struct word *word;
    struct slice name;  /* up to the '=' */
    struct slice value; /* behind it */
    struct listen *listen;
};

struct parameter_kind {
    struct slice name;
    bool has_value;
    bool is_socket_option;
    bool (*set)(const struct listen_parameter *parameter);
};

static bool reject_setting(const struct listen_parameter *parameter, enum diagnostic_code code,
                           const char *help) {
    struct model *model = parameter->call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, code, parameter->word->span,
                         "invalid parameter \"%.*s\" of listen", SLICE_ARGS(parameter->word->text));
    diagnostic_help(model->arena, diagnostic, "%s", help);
    return false;
}

static bool set_default(const struct listen_parameter *parameter) {
    parameter->listen->is_default = true;
    return true;
}

static bool set_backlog(const struct listen_parameter *parameter) {
    uint64_t value;
    if (!slice_parse_u64(parameter->value, INT32_MAX, &value) || value == 0) {
        return reject_setting(parameter, DIAGNOSTIC_INVALID_NUMBER, "write backlog=NUMBER");
    }
    parameter->listen->backlog = (uint32_t)value;
    parameter->listen->has_backlog = true;
    return true;
}

static bool set_reuseport(const struct listen_parameter *parameter) {
    parameter->listen->reuseport = true;
    return true;
}

static bool set_ipv6only(const struct listen_parameter *parameter) {
    bool is_on = slice_equals(parameter->value, SLICE("on"));
    if (!is_on && !slice_equals(parameter->value, SLICE("off"))) {
        return reject_setting(parameter, DIAGNOSTIC_INVALID_FLAG,
                              "write ipv6only=on or ipv6only=off");
    }
    if (parameter->listen->address.family == TABLE_FAMILY_IPV6) {
        parameter->listen->ipv6only = is_on;
        return true;
    }
    struct model *model = parameter->call->model;
    struct diagnostic *diagnostic = diagnostic_add(
        model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_CONFLICTING_PARAMETERS,
        parameter->word->span, "\"ipv6only\" has no effect on an address that is not IPv6");
    diagnostic_help(model->arena, diagnostic, "remove it, or listen on [::]:%u",
                    parameter->listen->address.port);
    return true;
}

static bool set_bind(const struct listen_parameter *parameter) {
    (void)parameter; /* being a socket option is all it says */
    return true;
}

static bool set_deferred(const struct listen_parameter *parameter) {
    parameter->listen->deferred = true;
    return true;
}

static bool set_fastopen(const struct listen_parameter *parameter) {
    uint64_t value;
    if (!slice_parse_u64(parameter->value, INT32_MAX, &value)) {
        return reject_setting(parameter, DIAGNOSTIC_INVALID_NUMBER, "write fastopen=NUMBER");
    }
    parameter->listen->fastopen = (uint32_t)value;
    return true;
}

static bool read_buffer(const struct listen_parameter *parameter, const char *help,
                        uint32_t *size) {
    uint64_t value;
    if (!quantity_parse_size(parameter->value, false, &value) || value == 0 || value > INT32_MAX) {
        return reject_setting(parameter, DIAGNOSTIC_INVALID_SIZE, help);
    }
    *size = (uint32_t)value;
    return true;
}

static bool set_receive_buffer(const struct listen_parameter *parameter) {
    return read_buffer(parameter, "write rcvbuf=SIZE, such as rcvbuf=64k",
                       &parameter->listen->receive_buffer);
}

static bool set_send_buffer(const struct listen_parameter *parameter) {
    return read_buffer(parameter, "write sndbuf=SIZE, such as sndbuf=64k",
                       &parameter->listen->send_buffer);
}

/* IDLE:INTERVAL:COUNT, each of which may be left out, but not all; as in nginx the last one need
 * not be there with its colon. */
static bool read_probing(struct slice text, struct listen *listen) {
    struct slice idle = slice_take(text, slice_find_byte(text, ':'));
    struct slice rest = slice_skip(text, idle.size + 1);
    struct slice interval = slice_take(rest, slice_find_byte(rest, ':'));
    struct slice count = slice_skip(rest, interval.size + 1);
    uint64_t values[3] = {0, 0, 0};
    if ((idle.size > 0 && !quantity_parse_seconds(idle, &values[0])) ||
        (interval.size > 0 && !quantity_parse_seconds(interval, &values[1])) ||
        (count.size > 0 && !slice_parse_u64(count, MOST_PROBES, &values[2])) ||
        values[0] > LONGEST_PROBING || values[1] > LONGEST_PROBING) {
        return false;
    }
    listen->keepalive_idle = (uint32_t)values[0];
    listen->keepalive_interval = (uint32_t)values[1];
    listen->keepalive_count = (uint32_t)values[2];
    return values[0] + values[1] + values[2] > 0;
}

static bool set_keepalive(const struct listen_parameter *parameter) {
    bool is_off = slice_equals(parameter->value, SLICE("off"));
    if (!is_off && !slice_equals(parameter->value, SLICE("on")) &&
        !read_probing(parameter->value, parameter->listen)) {
        return reject_setting(parameter, DIAGNOSTIC_INVALID_VALUE,
                              "write on, off or IDLE:INTERVAL:COUNT, such as 30m::10");
    }
    parameter->listen->keepalive = !is_off;
    return true;
}

static bool refuse_parameter(const struct listen_parameter *parameter) {
    struct model *model = parameter->call->model;
    refuse(model, parameter->call->statement, parameter->word->span, "parameter \"%.*s\" of listen",
           SLICE_ARGS(parameter->name));
    return true;
}

static bool set_ssl(const struct listen_parameter *parameter) {
    parameter->listen->ssl = true;
    return true;
}

static bool set_http2(const struct listen_parameter *parameter) {
    parameter->listen->http2 = true;
    return true;
}

static bool set_quic(const struct listen_parameter *parameter) {
    parameter->listen->quic = true;
    return refuse_parameter(parameter);
}

static bool set_proxy_protocol(const struct listen_parameter *parameter) {
    parameter->listen->proxy_protocol = true;
    return true;
}

static const struct parameter_kind parameter_kinds[] = {
    {SLICE_INIT("default_server"), false, false, set_default},
    {SLICE_INIT("default"), false, false, set_default},
    {SLICE_INIT("backlog"), true, true, set_backlog},
    {SLICE_INIT("reuseport"), false, true, set_reuseport},
    {SLICE_INIT("ipv6only"), true, true, set_ipv6only},
    {SLICE_INIT("bind"), false, true, set_bind},
    {SLICE_INIT("ssl"), false, false, set_ssl},
    {SLICE_INIT("http2"), false, false, set_http2},
    {SLICE_INIT("quic"), false, false, set_quic},
    {SLICE_INIT("proxy_protocol"), false, false, set_proxy_protocol},
    {SLICE_INIT("setfib"), true, true, refuse_parameter},
    {SLICE_INIT("fastopen"), true, true, set_fastopen},
    {SLICE_INIT("rcvbuf"), true, true, set_receive_buffer},
    {SLICE_INIT("sndbuf"), true, true, set_send_buffer},
    {SLICE_INIT("accept_filter"), true, true, refuse_parameter},
    {SLICE_INIT("deferred"), false, true, set_deferred},
    {SLICE_INIT("multipath"), false, true, refuse_parameter},
    {SLICE_INIT("so_keepalive"), true, true, set_keepalive},
};

#define PARAMETER_COUNT (sizeof parameter_kinds / sizeof parameter_kinds[0])

static void report_unknown_parameter(const struct setter_call *call, uint32_t index) {
    struct model *model = call->model;
    const struct word *word = statement_argument(call->statement, index);
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_PARAMETER, word->span,
                         "listen has no parameter \"%.*s\"", SLICE_ARGS(word->text));
    if (structure_hint_semicolon(model, call->scope->context, call->statement, index + 1,
                                 diagnostic)) {
        return;
    }
    struct slice names[PARAMETER_COUNT];
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        names[i] = parameter_kinds[i].name;
    }
    struct slice name = slice_take(word->text, slice_find_byte(word->text, '='));
    struct slice nearest = nearest_name(name, names, PARAMETER_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    }
}

static bool read_parameter(const struct setter_call *call, uint32_t index, struct listen *listen) {
    struct listen_parameter parameter = {
        .call = call, .word = statement_argument(call->statement, index), .listen = listen};
    struct slice text = parameter.word->text;
    size_t equals = slice_find_byte(text, '=');
    parameter.name = slice_take(text, equals);
    parameter.value = slice_skip(text, equals + 1);
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        const struct parameter_kind *kind = &parameter_kinds[i];
        if (slice_equals(kind->name, parameter.name) && kind->has_value == (equals < text.size)) {
            listen->has_socket_options |= kind->is_socket_option;
            return kind->set(&parameter);
        }
    }
    report_unknown_parameter(call, index);
    return false;
}

static void report_address(const struct setter_call *call, const char *problem, const char *help) {
    const struct word *word = statement_argument(call->statement, 0);
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_ADDRESS, word->span,
                         "%s in \"%.*s\"", problem, SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic, "%s", help);
}

static bool parse_address(const struct setter_call *call, struct address_parts *parts) {
    struct slice text = statement_argument(call->statement, 0)->text;
    const char *problem = address_parse(text, ADDRESS_TO_LISTEN, DEFAULT_PORT, parts);
    if (problem != NULL) {
        report_address(call, problem, "write a port, ADDRESS:PORT, [IPV6]:PORT or unix:PATH");
        return false;
    }
    if (parts->family == TABLE_FAMILY_NAME) {
        report_address(call, "neither a port nor an address",
                       "write a port, an address or both; names are not looked up when a site is "
                       "compiled");
        return false;
    }
    return true;
}

static struct listen *create(struct model *model, const struct statement *statement,
                             const struct address_parts *parts, uint32_t port) {
    struct listen *listen = arena_require(model->arena, sizeof *listen);
    listen->statement = statement;
    listen->address.family = parts->family;
    for (size_t i = 0; i < sizeof parts->bytes; i++) {
        listen->address.bytes[i] = parts->bytes[i];
    }
    listen->address.port = port;
    if (parts->family == TABLE_FAMILY_UNIX) {
        listen->address.host = parts->host;
    }
    listen->is_wildcard = parts->is_wildcard;
    listen->backlog = DEFAULT_BACKLOG;
    listen->ipv6only = parts->family == TABLE_FAMILY_IPV6;
    return listen;
}

struct listen *listen_implied(struct model *model) {
    const struct address_parts parts = {.family = TABLE_FAMILY_IPV4, .is_wildcard = true};
    return create(model, NULL, &parts, DEFAULT_PORT);
}

bool listen_is_same_address(const struct address *a, const struct address *b) {
    bool is_same = a->family == b->family && a->port == b->port && slice_equals(a->host, b->host);
    for (size_t i = 0; is_same && i < sizeof a->bytes; i++) {
        is_same = a->bytes[i] == b->bytes[i];
    }
    return is_same;
}

/* Whether the address is that of another one of the `count` listens. */
static bool is_repeated(const struct setter_call *call, struct listen *const *listens, size_t count,
                        const struct listen *listen) {
    for (size_t i = 0; i < count; i++) {
        const struct listen *other = listens[i];
        if (listen_is_same_address(&other->address, &listen->address)) {
            struct diagnostic *diagnostic = diagnostic_error(
                call->model->diagnostics, DIAGNOSTIC_DUPLICATE_LISTEN,
                statement_argument(call->statement, 0)->span, "this server listens there already");
            diagnostic_note(call->model->arena, diagnostic, other->statement->span,
                            "first given here");
            diagnostic_help(call->model->arena, diagnostic, "remove one of them");
            return true;
        }
    }
    return false;
}

static bool add(const struct setter_call *call, struct listen *listen) {
    struct server *server = call->scope->server;
    if (listen->quic) {
        if (is_repeated(call, server->quic_listens.items, server->quic_listens.count, listen)) {
            return false;
        }
        VECTOR_PUSH(call->model->arena, &server->quic_listens, listen);
        return true;
    }
    if (is_repeated(call, server->listens.items, server->listens.count, listen)) {
        return false;
    }
    VECTOR_PUSH(call->model->arena, &server->listens, listen);
    return true;
}

bool model_set_listen(const struct setter_call *call) {
    struct address_parts parts;
    if (!parse_address(call, &parts)) {
        return false;
    }
    for (uint32_t port = parts.port; port <= parts.last_port; port++) {
        struct listen *listen = create(call->model, call->statement, &parts, port);
        for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
            if (!read_parameter(call, i, listen)) {
                return false;
            }
        }
        if (!add(call, listen)) {
            return false;
        }
    }
    return true;
}
