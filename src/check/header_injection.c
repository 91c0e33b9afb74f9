/* Rule header-injection: whether a line break that a client chooses gets into the head of a
 * response or of a request to a backend. Paths are decoded, so that %0A in a request is one in $uri
 * and in what is captured of it. */
#include "base/container.h"
#include "check/protection.h"
#include "check/redirects.h"
#include "check/rules.h"
#include "check/story.h"
#include "check/target.h"

/* A walk over one value. */
struct walk {
    struct dataflow_visitor visitor;
    bool escapes_captures; /* redirects by rewrite do, for $1 to $9 */
    bool has_user;         /* $remote_user has been looked up in a file */
    bool is_found;
    struct dataflow_atom atom;
};

/* `states` is how far into a URL the text is; a line break in a host makes it none. */
static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    bool is_in_host = visitor->states == TARGET_BIT(TARGET_HOST);
    visitor->states = target_read(visitor->states, atom);
    if (is_in_host && !atom->begins_with_slash) {
        return;
    }
    if (atom->control != DATAFLOW_CLIENT || !byte_set_has(&atom->bytes, '\n') ||
        (walk->escapes_captures && atom->is_capture && atom->path == NULL) ||
        (walk->has_user && slice_equals_nocase(atom->name, SLICE("remote_user")))) {
        return;
    }
    if (!walk->is_found) {
        walk->is_found = true;
        walk->atom = *atom;
    }
}

/* What is looked at: a value, and what becomes of it. */
struct sink {
    const struct site_block *block;
    const struct template *value;
    struct slice target;          /* e.g. "the header Location" */
    const struct regex *captured; /* see struct dataflow_place */
    bool escapes_captures;
    bool is_url; /* it begins with a host */
};

static void suggest(struct arena *arena, struct diagnostic *diagnostic,
                    const struct dataflow_atom *atom) {
    if (slice_equals_nocase(atom->name, SLICE("uri")) ||
        slice_equals_nocase(atom->name, SLICE("document_uri"))) {
        diagnostic_help(arena, diagnostic,
                        "write $request_uri, which is as the client sent it: not decoded, and with "
                        "its arguments");
    } else if (slice_equals_nocase(atom->name, SLICE("remote_user"))) {
        diagnostic_help(arena, diagnostic,
                        "require a user by auth_basic where this is in effect: without it "
                        "anything is a user's name");
    } else {
        diagnostic_help(arena, diagnostic,
                        "capture what has no line breaks: \".*\" instead of a class that admits "
                        "them, or \"[^/\\r\\n]\" instead of \"[^/]\"");
    }
}

static void check_sink(struct finding_list *findings, const struct sink *sink) {
    struct arena *arena = findings->model->arena;
    struct slice text;
    if (template_is_constant(findings->model, sink->value, &text)) {
        return;
    }
    struct walk walk = {
        .visitor = {.visit = visit, .states = TARGET_BIT(sink->is_url ? TARGET_HOST : TARGET_ROOT)},
        .escapes_captures = sink->escapes_captures,
        .has_user = protection_has_password(sink->block->settings)};
    struct dataflow_place place = {.server = sink->block->server,
                                   .location = sink->block->location,
                                   .captured = sink->captured};
    dataflow_walk(check_flow(findings), &place, sink->value, &walk.visitor);
    if (!walk.is_found) {
        return;
    }
    struct story story = story_tell(arena, &walk.atom);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_header_injection, story.span,
        "%.*s%.*s may hold a line break of the client's, which ends %.*s and begins another one",
        SLICE_ARGS(story.name), SLICE_ARGS(story.origin), SLICE_ARGS(sink->target));
    story_note(arena, diagnostic, &walk.atom);
    suggest(arena, diagnostic, &walk.atom);
}

static void check_headers(struct finding_list *findings, const struct site_block *block,
                          const struct header_list *list, const char *kind) {
    for (size_t i = 0; i < list->list.count; i++) {
        struct slice name = list->list.items[i].name;
        struct sink sink = {.block = block, .value = &list->list.items[i].value};
        sink.target = arena_format(findings->model->arena, "the %s %.*s", kind, SLICE_ARGS(name));
        check_sink(findings, &sink);
    }
}

static void check_redirects(struct finding_list *findings, const struct site_block *block) {
    struct redirect_list redirects = {0};
    redirects_collect(findings->model->arena, block, &redirects);
    for (size_t i = 0; i < redirects.items.count; i++) {
        const struct redirect *redirect = &redirects.items.items[i];
        check_sink(findings, &(struct sink){.block = block,
                                            .value = redirect->target,
                                            .target = SLICE("the header Location"),
                                            .captured = redirect->captured,
                                            .escapes_captures = redirect->escapes_captures});
    }
}

static void check_block(struct finding_list *findings, const struct site_block *block) {
    const struct settings *settings = block->settings;
    if (settings->is_own[SETTING_add_header]) {
        check_headers(findings, block, &settings->add_header, "header");
    }
    if (settings->is_own[SETTING_proxy_set_header]) {
        check_headers(findings, block, &settings->proxy_set_header, "backend's header");
    }
    if (settings->is_own[SETTING_grpc_set_header]) {
        check_headers(findings, block, &settings->grpc_set_header, "backend's header");
    }
    check_redirects(findings, block);
    const struct proxy_pass *proxy = block->location != NULL ? block->location->proxy : NULL;
    if (proxy != NULL && proxy->has_variables && !proxy->is_grpc) {
        check_sink(findings, &(struct sink){.block = block,
                                            .value = &proxy->target,
                                            .target = SLICE("the backend's request line"),
                                            .is_url = true});
    }
}

void check_rule_header_injection(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        check_block(findings, &findings->site.blocks.items[i]);
    }
}
