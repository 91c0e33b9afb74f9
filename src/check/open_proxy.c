/* Rule open-proxy: whether the client has a say in the scheme, host, port or socket path of
 * proxy_pass. What follows them is the path and decides nothing, so the rule follows the text of
 * the argument from state to state, as nginx reads the finished URL, and asks of each value in
 * which states it can stand. */
#include "base/container.h"
#include "check/dataflow.h"
#include "check/reaching.h"
#include "check/rules.h"
#include "check/steps.h"

/* Where in the URL the next byte stands. */
enum state {
    STATE_SCHEME,
    STATE_COLON,      /* after "http:" */
    STATE_SLASH,      /* after "http:/" */
    STATE_HOST_BEGIN, /* after "http://" */
    STATE_U,          /* after "http://u", "un", "uni", "unix": maybe a socket */
    STATE_UN,
    STATE_UNI,
    STATE_UNIX,
    STATE_HOST,
    STATE_BRACKET, /* inside [...] */
    STATE_PORT,
    STATE_NO_ARGUMENTS, /* in the host, when the request is known to have no arguments */
    STATE_SOCKET,       /* after "http://unix:" */
    STATE_PATH,
    STATE_COUNT
};

#define BIT(state) (1u << (state))
#define SCHEME_STATES (BIT(STATE_SCHEME) | BIT(STATE_COLON) | BIT(STATE_SLASH))
#define HOST_STATES                                                                                \
    (BIT(STATE_HOST_BEGIN) | BIT(STATE_U) | BIT(STATE_UN) | BIT(STATE_UNI) | BIT(STATE_UNIX) |     \
     BIT(STATE_HOST) | BIT(STATE_BRACKET) | BIT(STATE_PORT))

static enum state read_scheme(enum state state, char c) {
    if (c == ':') {
        return STATE_COLON;
    }
    if (c == '/' && state == STATE_COLON) {
        return STATE_SLASH;
    }
    return c == '/' && state == STATE_SLASH ? STATE_HOST_BEGIN : STATE_SCHEME;
}

static enum state read_host(enum state state, char c) {
    static const char socket[] = "unix";
    if (c == '/' || c == '?') {
        return STATE_PATH;
    }
    if (state == STATE_UNIX && c == ':') {
        return STATE_SOCKET;
    }
    if (state >= STATE_HOST_BEGIN && state < STATE_UNIX &&
        byte_lower(c) == socket[state - STATE_HOST_BEGIN]) {
        return state + 1;
    }
    if (state == STATE_PORT || c == ':') {
        return STATE_PORT;
    }
    return c == '[' ? STATE_BRACKET : STATE_HOST;
}

static enum state read_byte(enum state state, char c) {
    switch (state) {
    case STATE_SCHEME:
    case STATE_COLON:
    case STATE_SLASH:
        return read_scheme(state, c);
    case STATE_BRACKET:
        return c == ']' ? STATE_HOST : STATE_BRACKET;
    case STATE_SOCKET:
        return c == ':' ? STATE_PATH : STATE_SOCKET;
    case STATE_PATH:
        return STATE_PATH;
    default:
        return read_host(state, c);
    }
}

static uint32_t read_text(uint32_t states, struct slice text) {
    uint32_t after = 0;
    for (enum state begin = 0; begin < STATE_COUNT; begin++) {
        if ((states & BIT(begin)) == 0) {
            continue;
        }
        enum state state = begin;
        for (size_t i = 0; i < text.size && state != STATE_PATH; i++) {
            state = read_byte(state, text.data[i]);
        }
        after |= BIT(state);
    }
    return after;
}

/* The states after a value of unknown text. */
static uint32_t read_value(uint32_t states, const struct dataflow_atom *atom) {
    uint32_t after = states & (BIT(STATE_PATH) | BIT(STATE_SOCKET));
    if ((states & SCHEME_STATES) != 0 && !atom->begins_with_slash) {
        after |= BIT(STATE_SCHEME) | BIT(STATE_HOST) | BIT(STATE_PATH);
    }
    if ((states & BIT(STATE_NO_ARGUMENTS)) != 0) {
        after |= atom->is_arguments ? BIT(STATE_NO_ARGUMENTS) : BIT(STATE_HOST);
    }
    if ((states & BIT(STATE_SOCKET)) != 0) {
        after |= BIT(STATE_PATH);
    }
    if ((states & HOST_STATES) != 0) {
        if (atom->begins_with_slash) {
            after |= BIT(STATE_PATH);
        } else if (atom->is_argument_mark) {
            after |= BIT(STATE_PATH) | BIT(STATE_NO_ARGUMENTS);
        } else {
            after |= BIT(STATE_HOST) | (states & BIT(STATE_PORT)) |
                     (atom->may_hold_slash ? BIT(STATE_PATH) : 0);
        }
    }
    return after;
}

/* The part of the URL that a value in these states decides, or NULL. */
static const char *find_decided(uint32_t states, const struct dataflow_atom *atom) {
    if ((states & BIT(STATE_SOCKET)) != 0) {
        return "socket";
    }
    if (atom->begins_with_slash || atom->is_argument_mark) {
        return NULL;
    }
    if ((states & SCHEME_STATES) != 0) {
        return "URL";
    }
    if ((states & BIT(STATE_NO_ARGUMENTS)) != 0 && !atom->is_arguments) {
        return "host";
    }
    if ((states & HOST_STATES) == 0 ||
        ((states & HOST_STATES) == BIT(STATE_HOST) && byte_set_is_of_label(&atom->bytes))) {
        return NULL;
    }
    return (states & HOST_STATES) == BIT(STATE_PORT) ? "port" : "host";
}

/* A walk over one proxy_pass. */
struct walk {
    struct dataflow_visitor visitor;
    const char *decided; /* NULL: nothing yet */
    struct dataflow_atom atom;
};

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    if (atom->control == DATAFLOW_CONSTANT) {
        visitor->states = read_text(visitor->states, atom->text);
        return;
    }
    if (atom->control == DATAFLOW_CLIENT && walk->decided == NULL) {
        walk->decided = find_decided(visitor->states, atom);
        walk->atom = *atom;
    }
    visitor->states = read_value(visitor->states, atom);
}

static bool is_host_variable(struct slice name) {
    return slice_equals_nocase(name, SLICE("host"));
}

static void explain_host(const struct dataflow *flow, struct diagnostic *diagnostic,
                         const struct server *server) {
    struct arena *arena = flow->model->arena;
    if (server->is_implied) {
        diagnostic->severity = SEVERITY_WARNING;
        diagnostic_help(arena, diagnostic,
                        "write the host out, or use this only in a server that is not the default "
                        "one and has exact names only");
        return;
    }
    if (reaching_is_default_server(flow, server) && server->statement != NULL) {
        diagnostic_note(arena, diagnostic, server->statement->words[0].span,
                        "this is the default server of its address: it gets requests for any host");
    }
    diagnostic_help(arena, diagnostic,
                    "write the host out, or choose it by a map of the hosts you serve");
}

static void report(struct finding_list *findings, const struct dataflow *flow,
                   const struct location *location, const struct walk *walk) {
    struct arena *arena = findings->model->arena;
    const struct dataflow_step *first = dataflow_first_step(&walk->atom);
    struct slice name = walk->atom.name;
    bool is_direct = first == NULL || slice_equals_nocase(first->name, name);
    struct span span = first != NULL ? first->span : walk->atom.span;
    struct slice shown = first != NULL ? first->name : name;
    struct slice origin =
        is_direct ? SLICE("") : arena_format(arena, ", through $%.*s,", SLICE_ARGS(name));
    struct diagnostic *diagnostic =
        check_report(findings, RULE_open_proxy, span,
                     "$%.*s lets the client%.*s choose the %s that requests are proxied to",
                     SLICE_ARGS(shown), SLICE_ARGS(origin), walk->decided);
    if (!is_direct) {
        diagnostic_note(arena, diagnostic, walk->atom.span, "$%.*s comes in here",
                        SLICE_ARGS(name));
    }
    if (steps_is_limited(location)) {
        diagnostic_note(arena, diagnostic, location->statement->words[0].span,
                        "for the methods this is for, nothing that the location around sets or "
                        "tests counts");
    }
    if (is_host_variable(name)) {
        explain_host(flow, diagnostic, location->server);
    } else {
        diagnostic_help(arena, diagnostic,
                        "write the host out, or choose it by a map whose results are constants");
    }
}

/* The proxy_pass that a block answers with: its own or, under limit_except, that of the location
 * around, to which other methods come without its rewrites. */
static const struct proxy_pass *find_proxy(const struct location *location) {
    if (location->proxy == NULL && steps_is_limited(location) &&
        !model_is_closed(location->settings)) {
        return location->parent->proxy;
    }
    return location->proxy;
}

void check_rule_open_proxy(struct finding_list *findings) {
    const struct proxy_pass *reported = NULL;
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        const struct proxy_pass *proxy = find_proxy(location);
        if (proxy == NULL || !proxy->has_variables || proxy == reported) {
            continue;
        }
        struct dataflow *flow = check_flow(findings);
        struct walk walk = {.visitor = {.visit = visit, .states = BIT(STATE_SCHEME)}};
        struct dataflow_place place = {.server = location->server, .location = location};
        dataflow_walk(flow, &place, &proxy->target, &walk.visitor);
        if (walk.decided != NULL) {
            report(findings, flow, location, &walk);
            reported = proxy;
        }
    }
}
