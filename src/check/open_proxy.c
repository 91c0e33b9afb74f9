/* Rule open-proxy: whether the client has a say in the scheme, host, port or socket path of
 * proxy_pass and its like. What follows them is the path and decides nothing, so the rule follows
 * the text of the argument from state to state, as nginx reads the finished URL, and asks of each
 * value in which states it can stand. */
#include "base/container.h"
#include "check/dataflow.h"
#include "check/own_network.h"
#include "check/reaching.h"
#include "check/rules.h"
#include "check/steps.h"
#include "check/story.h"

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
    STATE_LABEL,   /* behind a part of a label, and */
    STATE_ALONE,   /* behind one that begins the host */
    STATE_BRACKET, /* inside [...] */
    STATE_PORT,
    STATE_NO_ARGUMENTS, /* in the host, when the request is known to have no arguments */
    STATE_SOCKET,       /* after "http://unix:" */
    STATE_PATH,
    STATE_COUNT
};

#define BIT(state) (1u << (state))
#define SCHEME_STATES (BIT(STATE_SCHEME) | BIT(STATE_COLON) | BIT(STATE_SLASH))
#define LABEL_STATES (BIT(STATE_LABEL) | BIT(STATE_ALONE))
#define HOST_STATES                                                                                \
    (LABEL_STATES | BIT(STATE_HOST_BEGIN) | BIT(STATE_U) | BIT(STATE_UN) | BIT(STATE_UNI) |        \
     BIT(STATE_UNIX) | BIT(STATE_HOST) | BIT(STATE_BRACKET) | BIT(STATE_PORT))

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

/* Whether the value is a part of a label of the host, or all of it, and nothing else. */
static bool is_label(uint32_t states, const struct dataflow_atom *atom) {
    return byte_set_is_of_label(&atom->bytes) && (states & BIT(STATE_PORT)) == 0 &&
           (states & ~HOST_STATES) == 0;
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
        } else if (is_label(states, atom)) {
            after |= (states & ~BIT(STATE_HOST)) != 0 ? BIT(STATE_ALONE) : BIT(STATE_LABEL);
        } else {
            after |= BIT(STATE_HOST) | (states & BIT(STATE_PORT)) |
                     (atom->may_hold_slash ? BIT(STATE_PATH) : 0);
        }
    }
    return after;
}

/* A walk over the target of one directive. */
struct walk {
    struct dataflow_visitor visitor;
    struct slice text;   /* the last one before the value that is not empty */
    const char *decided; /* NULL: nothing yet */
    struct dataflow_atom atom;
    struct dataflow_atom label; /* of a host whose zone has to follow */
};

/* Folders in which programs of all kinds have their sockets: any of them answers to its name. */
static bool is_shared_folder(struct slice text) {
    return slice_ends_with(text, SLICE("/run/")) || slice_ends_with(text, SLICE("/tmp/")) ||
           slice_ends_with(text, SLICE(":/"));
}

/* The part of the target that a value in these states decides, or NULL. */
static const char *find_decided(const struct walk *walk, const struct dataflow_atom *atom) {
    uint32_t states = walk->visitor.states;
    if ((states & BIT(STATE_SOCKET)) != 0) {
        return !byte_set_has(&atom->bytes, '/') && states == BIT(STATE_SOCKET) &&
                       !is_shared_folder(walk->text)
                   ? NULL
                   : "socket";
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
    if ((states & HOST_STATES) == 0 || is_label(states, atom)) {
        return NULL; /* what follows a label decides: see judge_zone */
    }
    return (states & HOST_STATES) == BIT(STATE_PORT) ? "port" : "host";
}

static void decide(struct walk *walk, const char *decided, const struct dataflow_atom *atom) {
    if (walk->decided == NULL && decided != NULL) {
        walk->decided = decided;
        walk->atom = *atom;
    }
}

/* What stands behind a label of the client's choice: a zone of one owner is fine, and so are labels
 * with something of their own in them, such as "app-$1:8080". Others may be anybody's. */
static void judge_zone(struct walk *walk, struct slice text) {
    size_t size = 0;
    while (size < text.size && strchr(":/?", text.data[size]) == NULL) {
        size++;
    }
    struct slice rest = slice_take(text, size);
    size_t dot = slice_find_byte(rest, '.');
    bool is_whole = dot == 0 || rest.size == 0; /* nothing follows it in the label */
    bool is_alone = is_whole && (walk->visitor.states & BIT(STATE_ALONE)) != 0;
    if (dot + 1 < rest.size ? !own_network_is_zone(slice_skip(rest, dot), is_alone)
                            : is_alone && rest.size == 0) {
        decide(walk, "host", &walk->label);
    }
}

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    if (atom->control == DATAFLOW_CONSTANT) {
        if (atom->text.size > 0 && (visitor->states & LABEL_STATES) != 0) {
            judge_zone(walk, atom->text);
            visitor->states = (visitor->states & ~LABEL_STATES) | BIT(STATE_HOST);
        }
        visitor->states = read_text(visitor->states, atom->text);
        walk->text = atom->text.size > 0 ? atom->text : walk->text;
        return;
    }
    if (atom->control == DATAFLOW_CLIENT) {
        decide(walk, find_decided(walk, atom), atom);
        walk->label = is_label(visitor->states, atom) ? *atom : walk->label;
    }
    if ((visitor->states & BIT(STATE_ALONE)) != 0 &&
        (atom->begins_with_slash || atom->is_argument_mark)) {
        decide(walk, "host", &walk->label);
    }
    visitor->states = read_value(visitor->states, atom);
}

/* A target that ends with a label is judged like one with a path behind it. */
static void end_walk(struct walk *walk) {
    if ((walk->visitor.states & LABEL_STATES) != 0) {
        judge_zone(walk, SLICE(""));
    }
}

static const char *choose_help(const struct location *location, bool is_host) {
    if (!is_host) {
        return "write the host out, or choose it by a map whose results are constants";
    }
    return location->server->is_implied
               ? "write the host out, or use this only in a server that is not the default one and "
                 "has exact names only"
               : "write the host out, or choose it by a map of the hosts you serve";
}

static void report(struct finding_list *findings, const struct location *location,
                   const struct walk *walk) {
    const struct server *server = location->server;
    bool is_host = slice_equals_nocase(walk->atom.name, SLICE("host"));
    struct diagnostic *diagnostic =
        story_report(findings, RULE_open_proxy, &walk->atom, choose_help(location, is_host),
                     "lets the client choose the %s that requests are proxied to", walk->decided);
    if (steps_is_limited(location)) {
        diagnostic_note(findings->model->arena, diagnostic, location->statement->words[0].span,
                        "for the methods this is for, nothing that the location around sets or "
                        "tests counts");
    }
    if (is_host && server->is_implied) {
        diagnostic->severity = SEVERITY_WARNING; /* its names are not known */
    } else if (is_host && server->statement != NULL &&
               reaching_is_default_server(check_flow(findings), server)) {
        diagnostic_note(findings->model->arena, diagnostic, server->statement->words[0].span,
                        "this is the default server of its address: it gets requests for any host");
    }
}

/* What a block answers by. */
struct target {
    const struct template *value; /* NULL: nothing that variables choose */
    enum state begin;
};

/* A URL, or a host and a port alone: uwsgi_pass takes both, others of its kind have no scheme. */
static struct target find_own_target(const struct location *location) {
    const struct template *other = &location->other_pass.target;
    if (location->proxy != NULL) {
        return (struct target){location->proxy->has_variables ? &location->proxy->target : NULL,
                               STATE_SCHEME};
    }
    bool has_scheme = other->parts.count > 0 && other->parts.items[0].kind == PART_TEXT &&
                      slice_ends_with(other->parts.items[0].text, SLICE("://"));
    return (struct target){template_has_variables(other) ? other : NULL,
                           has_scheme ? STATE_SCHEME : STATE_HOST_BEGIN};
}

/* The target of the block itself or, under limit_except, that of the location around, to which
 * other methods come without its rewrites. */
static struct target find_target(const struct location *location) {
    bool is_without = location->proxy == NULL && location->other_pass.statement == NULL;
    return find_own_target(is_without && steps_is_limited(location) &&
                                   !model_is_closed(location->settings)
                               ? location->parent
                               : location);
}

void check_rule_open_proxy(struct finding_list *findings) {
    const struct template *reported = NULL;
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        struct target target = find_target(location);
        if (target.value == NULL || target.value == reported) {
            continue;
        }
        struct walk walk = {.visitor = {.visit = visit, .states = BIT(target.begin)}};
        struct dataflow_place place = {.server = location->server, .location = location};
        dataflow_walk(check_flow(findings), &place, target.value, &walk.visitor);
        end_walk(&walk);
        if (walk.decided != NULL) {
            report(findings, location, &walk);
            reported = target.value;
        }
    }
}
