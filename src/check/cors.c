/* Rule cors-wildcard-credentials: other sites' scripts that may read what a visitor's cookies let
 * them see. */
#include "base/container.h"
#include "check/rules.h"
#include "check/story.h"

static const struct header_setting *find_header(const struct header_list *list, struct slice name) {
    for (size_t i = 0; i < list->list.count; i++) {
        if (slice_equals_nocase(list->list.items[i].name, name)) {
            return &list->list.items[i];
        }
    }
    return NULL;
}

/* A walk over the value of Access-Control-Allow-Origin. */
struct walk {
    struct dataflow_visitor visitor;
    bool is_found; /* an origin that nobody has checked: */
    struct dataflow_atom atom;
};

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    bool is_origin = slice_equals_nocase(atom->name, SLICE("http_origin")) ||
                     slice_equals_nocase(atom->name, SLICE("http_referer"));
    if (atom->control == DATAFLOW_CLIENT && is_origin && !atom->is_matched && !walk->is_found) {
        walk->is_found = true;
        walk->atom = *atom;
    }
}

static void report_constant(struct finding_list *findings, const struct header_setting *origin,
                            const struct header_setting *credentials, struct slice text) {
    bool is_wildcard = slice_equals(text, SLICE("*"));
    struct diagnostic *diagnostic =
        check_report(findings, RULE_cors_wildcard_credentials, origin->statement->words[2].span,
                     is_wildcard ? "no browser takes \"*\" for requests with credentials"
                                 : "\"null\" is the origin of any page in a sandbox, which may "
                                   "read what the visitor's cookies show");
    if (is_wildcard) {
        diagnostic->severity = SEVERITY_WARNING;
    }
    diagnostic_note(findings->model->arena, diagnostic, credentials->statement->words[0].span,
                    "credentials are allowed here");
    diagnostic_help(findings->model->arena, diagnostic,
                    "name the origins that are to read this, by a map of $http_origin");
}

static void check_headers(struct finding_list *findings, const struct site_block *block,
                          const struct header_setting *origin,
                          const struct header_setting *credentials) {
    struct arena *arena = findings->model->arena;
    struct slice text;
    if (template_is_constant(findings->model, &origin->value, &text)) {
        if (slice_equals(text, SLICE("*")) || slice_equals_nocase(text, SLICE("null"))) {
            report_constant(findings, origin, credentials, text);
        }
        return;
    }
    struct walk walk = {.visitor.visit = visit};
    struct dataflow_place place = {.server = block->server, .location = block->location};
    dataflow_walk(check_flow(findings), &place, &origin->value, &walk.visitor);
    if (!walk.is_found) {
        return;
    }
    struct story story = story_tell(arena, &walk.atom);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_cors_wildcard_credentials, story.span,
                     "%.*s%.*s allows every site to read this with the visitor's cookies",
                     SLICE_ARGS(story.name), SLICE_ARGS(story.origin));
    story_note(arena, diagnostic, &walk.atom);
    diagnostic_note(arena, diagnostic, credentials->statement->words[0].span,
                    "credentials are allowed here");
    diagnostic_help(arena, diagnostic,
                    "name the origins that are to read this, by a map of $http_origin");
}

/* In `if ($allowed)`: a variable that was set by looking at the origin, it is to be hoped. */
static bool is_behind_a_check(const struct location *block) {
    const struct condition *condition = block != NULL ? block->condition : NULL;
    return condition != NULL && condition->subject.parts.count == 1 &&
           condition->subject.parts.items[0].kind == PART_CONFIG;
}

void check_rule_cors_wildcard_credentials(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct header_list *list = &block->settings->add_header;
        if (!block->settings->is_own[SETTING_add_header]) {
            continue;
        }
        const struct header_setting *origin =
            find_header(list, SLICE("Access-Control-Allow-Origin"));
        const struct header_setting *credentials =
            find_header(list, SLICE("Access-Control-Allow-Credentials"));
        struct slice text = SLICE("");
        if (is_behind_a_check(block->location)) {
            continue;
        }
        if (origin != NULL && credentials != NULL &&
            (!template_is_constant(findings->model, &credentials->value, &text) ||
             slice_equals_nocase(text, SLICE("true")))) {
            check_headers(findings, block, origin, credentials);
        }
    }
}
