/* Redirects of every request to the same scheme, host and path, such as that to https:// in a
 * server for both ports; see redirect_loops.h. */
#include "check/redirect_loops.h"

#include "check/rules.h"
#include "check/steps.h"

enum scheme { SCHEME_HTTP, SCHEME_HTTPS, SCHEME_SAME, SCHEME_UNKNOWN };

static const struct {
    struct slice text;
    enum scheme scheme;
} schemes[] = {
    {SLICE_INIT("http://"), SCHEME_HTTP},
    {SLICE_INIT("https://"), SCHEME_HTTPS},
};

static bool is_variable(const struct template_part *part, struct slice name) {
    return part->kind == PART_BUILTIN && slice_equals(part->text, name);
}

/* Takes the scheme off the target: `*rest` gets the text behind it, `*next` the part after that. */
static enum scheme read_scheme(const struct template *target, struct slice *rest, size_t *next) {
    const struct template_part *first = &target->parts.items[0];
    if (is_variable(first, SLICE("scheme")) && target->parts.count > 1 &&
        target->parts.items[1].kind == PART_TEXT &&
        slice_starts_with(target->parts.items[1].text, SLICE("://"))) {
        *rest = slice_skip(target->parts.items[1].text, 3);
        *next = 2;
        return SCHEME_SAME;
    }
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && first->kind == PART_TEXT; i++) {
        if (slice_starts_with(first->text, schemes[i].text)) {
            *rest = slice_skip(first->text, schemes[i].text.size);
            *next = 1;
            return schemes[i].scheme;
        }
    }
    return SCHEME_UNKNOWN;
}

static bool has_name(const struct server *server, struct slice host) {
    for (size_t i = 0; i < server->names.count; i++) {
        const struct server_name *name = server->names.items[i];
        if (name->kind == SERVER_NAME_EXACT && name->text.size > 0 &&
            slice_equals_nocase(name->text, host)) {
            return true;
        }
    }
    return false;
}

/* Whether the request that the redirect asks for has the host that this one has, or may have. */
static bool is_same_host(const struct server *server, const struct template *target,
                         struct slice text, size_t *next) {
    if (text.size > 0) {
        return has_name(server, text);
    }
    if (*next >= target->parts.count) {
        return false;
    }
    const struct template_part *part = &target->parts.items[(*next)++];
    return is_variable(part, SLICE("host")) || is_variable(part, SLICE("http_host")) ||
           (is_variable(part, SLICE("server_name")) && server->names.count > 0 &&
            server->names.items[0]->kind == SERVER_NAME_EXACT &&
            server->names.items[0]->text.size > 0);
}

/* Whether the server listens where the scheme leads. */
static bool is_there(const struct server *server, enum scheme scheme) {
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct listen *listen = server->listens.items[i];
        uint32_t port = listen->ssl ? 443 : 80;
        bool is_wanted = scheme == SCHEME_SAME || listen->ssl == (scheme == SCHEME_HTTPS);
        if (is_wanted && listen->address.port == port) {
            return true;
        }
    }
    return false;
}

static bool leads_back(const struct server *server, const struct template *target) {
    struct slice text;
    size_t next;
    enum scheme scheme =
        target->parts.count > 1 ? read_scheme(target, &text, &next) : SCHEME_UNKNOWN;
    return scheme != SCHEME_UNKNOWN && is_there(server, scheme) &&
           is_same_host(server, target, text, &next) && next + 1 == target->parts.count &&
           is_variable(&target->parts.items[next], SLICE("request_uri"));
}

static void check_steps(struct finding_list *findings, const struct server *server,
                        const struct rewrite *rewrite) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_SET) {
            continue;
        }
        if (step->kind == REWRITE_RETURN && step->is_redirect && leads_back(server, &step->text)) {
            struct diagnostic *diagnostic =
                check_report(findings, RULE_rewrite_loop, step->statement->words[0].span,
                             "this redirect leads to where it stands, until clients give up");
            diagnostic_help(arena, diagnostic,
                            "give what is redirected a server of its own, without the listens or "
                            "names that it is redirected to");
        }
        return;
    }
}

void redirect_loops_check(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        if (server->statement != NULL && !server->is_implied) {
            check_steps(findings, server, &server->rewrite);
        }
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (!location->is_condition && !location->is_internal &&
            location->kind != TABLE_LOCATION_NAMED && !location->server->is_implied) {
            check_steps(findings, location->server, &location->rewrite);
        }
    }
}
