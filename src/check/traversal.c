/* Rules about paths that climb out of where they belong: alias-traversal, for files, and
 * path-traversal-proxy, for backends. Both come from joining texts where one ends and the other
 * begins without a slash, or from pieces of the path that have been decoded. */
#include "base/container.h"
#include "check/climbing.h"
#include "check/rules.h"
#include "check/story.h"
#include "check/target.h"

static bool is_prefix(const struct location *location) {
    return !location->is_condition && (location->kind == TABLE_LOCATION_PREFIX ||
                                       location->kind == TABLE_LOCATION_PREFIX_NO_REGEX);
}

static bool ends_with_slash(struct slice text) {
    return text.size > 0 && text.data[text.size - 1] == '/';
}

/* "/files" for prefixes that "/files../x" begins with. */
static bool is_open_prefix(const struct location *location) {
    return is_prefix(location) && location->name.size > 0 && !ends_with_slash(location->name);
}

static const char help_for_captures[] =
    "let it follow a slash in the expression, as \"^/name/(.*)$\"";

/* --- alias-traversal --- */

static void check_alias(struct finding_list *findings, const struct location *location) {
    const struct alias_setting *alias = &location->settings->alias;
    if (!location->settings->is_own[SETTING_alias] || alias->statement == NULL ||
        alias->path.parts.count == 0 || !is_open_prefix(location)) {
        return;
    }
    const struct template_part *last = &alias->path.parts.items[alias->path.parts.count - 1];
    if (last->kind != PART_TEXT || !ends_with_slash(last->text)) {
        return;
    }
    struct arena *arena = findings->model->arena;
    struct slice name = location->name;
    struct slice path = statement_argument(alias->statement, 0)->text;
    struct diagnostic *diagnostic = check_report(
        findings, RULE_alias_traversal, location->name_word->span,
        "\"%.*s../x\" leads out of the alias, to \"%.*s../x\"", SLICE_ARGS(name), SLICE_ARGS(path));
    diagnostic_note(arena, diagnostic, alias->statement->words[0].span,
                    "the alias ends with a slash, the location's name does not");
    diagnostic_help(arena, diagnostic, "write \"location %s%.*s/\"",
                    location->kind == TABLE_LOCATION_PREFIX_NO_REGEX ? "^~ " : "",
                    SLICE_ARGS(name));
}

/* location ~ ^/files(.*)$ { alias /srv/files/$1; } */
static void check_captures(struct finding_list *findings, const struct location *location) {
    const struct alias_setting *alias = &location->settings->alias;
    const struct template_part *part =
        location->settings->is_own[SETTING_alias]
            ? climbing_find_capture(findings, location->regex, &alias->path)
            : NULL;
    if (part == NULL) {
        return;
    }
    struct slice name = part->text;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_alias_traversal, part->span,
                     "$%.*s may be \"../x\", which leads out of the alias", SLICE_ARGS(name));
    diagnostic_note(findings->model->arena, diagnostic, location->regex->span,
                    "it begins in the middle of a name here");
    diagnostic_help(findings->model->arena, diagnostic, "%s", help_for_captures);
}

void check_rule_alias_traversal(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_alias(findings, findings->site.locations.items[i]);
        check_captures(findings, findings->site.locations.items[i]);
    }
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        climbing_check_files(findings, &findings->site.blocks.items[i]);
    }
}

/* --- path-traversal-proxy --- */

/* location /api { proxy_pass http://app/v1/; } has "/api../x" be "/v1/../x". */
static void check_joint(struct finding_list *findings, const struct location *location) {
    const struct proxy_pass *proxy = location->proxy;
    if (proxy->has_variables || !proxy->has_uri || proxy->uri.size < 2 ||
        !ends_with_slash(proxy->uri) || !is_open_prefix(location)) {
        return;
    }
    struct slice name = location->name;
    struct slice uri = proxy->uri;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_path_traversal_proxy, location->name_word->span,
                     "\"%.*s../x\" is passed on as \"%.*s../x\", which leads out of \"%.*s\"",
                     SLICE_ARGS(name), SLICE_ARGS(uri), SLICE_ARGS(uri));
    diagnostic_note(findings->model->arena, diagnostic, proxy->word->span,
                    "the path here ends with a slash, the location's name does not");
    diagnostic_help(findings->model->arena, diagnostic, "write \"location %s%.*s/\"",
                    location->kind == TABLE_LOCATION_PREFIX_NO_REGEX ? "^~ " : "",
                    SLICE_ARGS(name));
}

/* A walk over a proxy_pass with variables. */
struct walk {
    struct dataflow_visitor visitor;
    bool is_found;
    struct dataflow_atom atom;
};

/* Whether ".." can come out of the value once a backend decodes it: it may hold "%2e%2e", where the
 * request had "%252e%252e". A name of several folders may climb several times. */
static bool may_climb(const struct dataflow_atom *atom) {
    return atom->control == DATAFLOW_CLIENT && atom->is_path && byte_set_has(&atom->bytes, '%') &&
           byte_set_has(&atom->bytes, '2');
}

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    if ((visitor->states & TARGET_BIT(TARGET_FOLDER)) != 0 && !walk->is_found && may_climb(atom)) {
        walk->is_found = true;
        walk->atom = *atom;
    }
    visitor->states = target_read(visitor->states, atom);
}

static void check_pieces(struct finding_list *findings, const struct location *location) {
    struct walk walk = {.visitor = {.visit = visit, .states = TARGET_BIT(TARGET_HOST)}};
    struct dataflow_place place = {.server = location->server, .location = location};
    dataflow_walk(check_flow(findings), &place, &location->proxy->target, &walk.visitor);
    if (!walk.is_found) {
        return;
    }
    story_report(findings, RULE_path_traversal_proxy, &walk.atom,
                 "write proxy_pass without variables, or change the path by \"rewrite ... break\": "
                 "both encode it again; or capture what has no \"%\"",
                 "is decoded once and passed on as it is: %%252e%%252e%%252f of a request is "
                 "%%2e%%2e%%2f for the backend, and leads out of the folder");
}

/* rewrite ^/api(.*)$ /v1/$1 break; in front of a proxy_pass that sends what it makes. */
static void check_rewrites(struct finding_list *findings, const struct location *location) {
    struct arena *arena = findings->model->arena;
    const struct proxy_pass *proxy = location->proxy;
    for (size_t i = 0; !proxy->has_variables && i < location->rewrite.steps.count; i++) {
        const struct rewrite_step *step = &location->rewrite.steps.items[i];
        const struct rewriting *rewriting = step->kind == REWRITE_PATH ? step->rewriting : NULL;
        const struct template_part *part =
            rewriting != NULL && rewriting->flag == TABLE_REWRITE_BREAK
                ? climbing_find_capture(findings, rewriting->regex, &rewriting->path)
                : NULL;
        if (part == NULL) {
            continue;
        }
        struct slice name = part->text;
        struct diagnostic *diagnostic = check_report(
            findings, RULE_path_traversal_proxy, part->span,
            "$%.*s may be \"../x\", which leads out of the folder before it", SLICE_ARGS(name));
        diagnostic_note(arena, diagnostic, proxy->statement->words[0].span,
                        "the path is passed on as the rewrite has made it");
        diagnostic_help(arena, diagnostic, "%s", help_for_captures);
    }
}

void check_rule_path_traversal_proxy(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->proxy == NULL || location->proxy->is_grpc) {
            continue;
        }
        if (location->proxy->has_variables) {
            check_pieces(findings, location);
        } else {
            check_joint(findings, location);
            check_rewrites(findings, location);
        }
    }
}
