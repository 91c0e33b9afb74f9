/* Rule open-redirect: whether a link can make this site redirect to any other. The text of the
 * target is followed from state to state as a browser reads it; the host that
 * the visitor asked for does not count, as no link can make it another one. */
#include "base/container.h"
#include "check/redirects.h"
#include "check/rules.h"
#include "check/story.h"

/* Which part of the URL comes next. */
enum state {
    STATE_BEGIN,
    STATE_SCHEME, /* within letters that may be a scheme */
    STATE_COLON,
    STATE_COLON_SLASH,
    STATE_LEAD, /* behind one slash at the beginning; another one begins a host */
    STATE_HOST_BEGIN,
    STATE_HOST,
    STATE_PART, /* in the host, behind a part of the visitor's host, such as its first labels, */
    STATE_PART_DOT,     /* and behind a dot and more that is written out */
    STATE_STRANGER,     /* the host was over there: somebody else's domain may be it */
    STATE_NO_ARGUMENTS, /* in the host, when the request is known to have no arguments */
    STATE_PATH,
    STATE_COUNT
};

#define BIT(state) (1u << (state))
#define PART_STATES (BIT(STATE_PART) | BIT(STATE_PART_DOT))
#define HOST_STATES (BIT(STATE_COLON_SLASH) | BIT(STATE_HOST_BEGIN) | BIT(STATE_HOST) | PART_STATES)

/* A part of a host may be any domain; with two labels behind it that are written out it is one of
 * theirs. */
static enum state read_part(enum state state, char c) {
    if (c == '.') {
        return state == STATE_PART ? STATE_PART_DOT : STATE_HOST;
    }
    bool is_over = c == '/' || c == '\\' || c == '?' || c == '#' || c == ':';
    return is_over || state == STATE_PART ? STATE_STRANGER : STATE_PART_DOT;
}

static enum state read_byte(enum state state, char c) {
    bool is_slash = c == '/' || c == '\\';
    switch (state) {
    case STATE_BEGIN:
        return is_slash ? STATE_LEAD : STATE_SCHEME;
    case STATE_SCHEME:
        return c == ':' ? STATE_COLON : is_slash || c == '?' ? STATE_PATH : STATE_SCHEME;
    case STATE_COLON:
        return is_slash ? STATE_COLON_SLASH : STATE_PATH;
    case STATE_COLON_SLASH:
    case STATE_LEAD:
        return is_slash ? STATE_HOST_BEGIN : STATE_PATH;
    case STATE_HOST_BEGIN:
    case STATE_HOST:
    case STATE_NO_ARGUMENTS:
        return is_slash || c == '?' || c == '#' ? STATE_PATH : STATE_HOST;
    case STATE_PART:
    case STATE_PART_DOT:
        return read_part(state, c);
    case STATE_STRANGER:
        return STATE_STRANGER;
    default:
        return STATE_PATH;
    }
}

static uint32_t read_text(uint32_t states, struct slice text) {
    uint32_t after = 0;
    for (enum state begin = STATE_BEGIN; begin < STATE_COUNT; begin++) {
        if ((states & BIT(begin)) != 0) {
            enum state state = begin;
            for (size_t i = 0; i < text.size && state != STATE_PATH; i++) {
                state = read_byte(state, text.data[i]);
            }
            after |= BIT(state);
        }
    }
    return after;
}

/* A walk over one target. */
struct walk {
    struct dataflow_visitor visitor;
    bool is_relative; /* "/path" is sent as it is, without scheme and host before it */
    bool merges_slashes;
    const char *decided; /* what the client decides; NULL: nothing yet */
    bool is_glued;       /* it goes on with a host that is written out */
    struct dataflow_atom atom;
    struct dataflow_atom part; /* the last part of the visitor's host */
};

static bool is_header(const struct dataflow_atom *atom) {
    return slice_starts_with_nocase(atom->name, SLICE("http_")) &&
           !slice_equals_nocase(atom->name, SLICE("http_referer"));
}

/* Whether somebody else than the visitor may decide the value: by a link, or by a header that a
 * cache does not look at. The host that the visitor asked for is nobody else's: no link makes it
 * another one. */
static bool is_foreign(const struct dataflow_atom *atom) {
    return atom->control == DATAFLOW_CLIENT && atom->host != DATAFLOW_HOST_WHOLE &&
           !atom->is_argument_mark;
}

/* Whether a path that is sent as it stands may begin with two slashes. */
static bool may_begin_with_two(const struct walk *walk, const struct dataflow_atom *atom) {
    return walk->is_relative &&
           (slice_equals_nocase(atom->name, SLICE("request_uri")) || !walk->merges_slashes);
}

static bool is_part(uint32_t states, const struct dataflow_atom *atom) {
    return atom->host == DATAFLOW_HOST_PART && (states & ~(HOST_STATES | BIT(STATE_PATH))) == 0;
}

static const char *find_decided(const struct walk *walk, const struct dataflow_atom *atom) {
    uint32_t states = walk->visitor.states;
    if (!is_foreign(atom)) {
        return NULL;
    }
    if (atom->begins_with_slash) {
        return (states & BIT(STATE_BEGIN)) != 0 && may_begin_with_two(walk, atom) ? "host" : NULL;
    }
    if ((states & (BIT(STATE_BEGIN) | BIT(STATE_SCHEME) | BIT(STATE_COLON))) != 0) {
        /* $http_x_forwarded_proto stands for a scheme. */
        return !is_header(atom) && atom->may_hold_slash && byte_set_has(&atom->bytes, ':')
                   ? "whole URL"
                   : NULL;
    }
    if (byte_set_is_of_label(&atom->bytes) || is_part(walk->visitor.states, atom)) {
        return NULL; /* of a name that goes on with what is written out, or see STATE_PART */
    }
    if ((states & BIT(STATE_LEAD)) != 0 && walk->is_relative && atom->may_hold_slash &&
        (!atom->is_capture || !walk->merges_slashes)) {
        return "host";
    }
    return (states & HOST_STATES) != 0 ||
                   ((states & BIT(STATE_NO_ARGUMENTS)) != 0 && !atom->is_arguments)
               ? "host"
               : NULL;
}

static uint32_t read_value(uint32_t states, const struct dataflow_atom *atom) {
    uint32_t after = states & (BIT(STATE_PATH) | BIT(STATE_STRANGER));
    if ((states & PART_STATES) != 0 && atom->host != DATAFLOW_HOST_WHOLE) {
        after |= BIT(STATE_STRANGER);
        states &= ~PART_STATES;
    }
    if (atom->begins_with_slash) {
        return BIT(STATE_PATH) | after;
    }
    if (atom->is_argument_mark) {
        return BIT(STATE_PATH) | after |
               ((states & HOST_STATES) != 0 ? BIT(STATE_NO_ARGUMENTS) : states);
    }
    if ((states & BIT(STATE_NO_ARGUMENTS)) != 0) {
        after |= atom->is_arguments ? BIT(STATE_NO_ARGUMENTS) : BIT(STATE_HOST);
    }
    if ((states & (BIT(STATE_BEGIN) | BIT(STATE_SCHEME))) != 0) {
        after |= BIT(STATE_SCHEME) | (atom->control == DATAFLOW_CLIENT ? BIT(STATE_PATH) : 0);
    }
    if ((states & HOST_STATES) != 0 && is_part(states, atom) &&
        !byte_set_is_of_label(&atom->bytes)) {
        after |= BIT(STATE_PART);
    } else if ((states & HOST_STATES) != 0) {
        after |= BIT(STATE_HOST) | (atom->may_hold_slash ? BIT(STATE_PATH) : 0);
    }
    if ((states & (BIT(STATE_LEAD) | BIT(STATE_COLON))) != 0) {
        after |= BIT(STATE_PATH);
    }
    return after;
}

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    if (atom->control == DATAFLOW_CONSTANT) {
        visitor->states = read_text(visitor->states, atom->text);
        return;
    }
    const char *decided = walk->decided == NULL ? find_decided(walk, atom) : NULL;
    if (decided != NULL) {
        walk->decided = decided;
        walk->is_glued = (visitor->states & BIT(STATE_HOST)) != 0;
        walk->atom = *atom;
    }
    if (is_part(visitor->states, atom)) {
        walk->part = *atom;
    }
    visitor->states = read_value(visitor->states, atom);
}

/* What ends with a part of the visitor's host, or goes on elsewhere behind it. */
static void judge_parts(struct walk *walk) {
    if (walk->decided == NULL &&
        (walk->visitor.states & (PART_STATES | BIT(STATE_STRANGER))) != 0) {
        walk->decided = "host";
        walk->atom = walk->part;
    }
}

static void check_target(struct finding_list *findings, const struct site_block *block,
                         const struct template *target, const struct regex *captured) {
    struct slice text;
    if (template_is_constant(findings->model, target, &text)) {
        return;
    }
    struct walk walk = {.visitor = {.visit = visit, .states = BIT(STATE_BEGIN)},
                        .is_relative = block->settings->absolute_redirect == 0,
                        .merges_slashes = block->settings->merge_slashes != 0};
    struct dataflow_place place = {
        .server = block->server, .location = block->location, .captured = captured};
    dataflow_walk(check_flow(findings), &place, target, &walk.visitor);
    judge_parts(&walk);
    if (walk.decided != NULL) {
        story_report(findings, RULE_open_redirect, &walk.atom,
                     walk.is_glued
                         ? "write a \"/\" behind the host: without one the value may go on with it"
                         : "write the host out, or choose the target by a map of constants",
                     "lets %s choose the %s that visitors are redirected to",
                     is_header(&walk.atom) ? "a header" : "a link", walk.decided);
    }
}

void check_rule_open_redirect(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        struct redirect_list redirects = {0};
        redirects_collect(findings->model->arena, block, &redirects);
        for (size_t j = 0; j < redirects.items.count; j++) {
            const struct redirect *redirect = &redirects.items.items[j];
            check_target(findings, block, redirect->target, redirect->captured);
        }
    }
}
