/* Rule sensitive-file-locations: files that no site means to show and many have: repositories,
 * secrets of the environment, dumps and copies. They are served by a location that is for them, or
 * because no location keeps the files that begin with a dot back. */
#include "check/protection.h"
#include "check/regex_match.h"
#include "check/regex_sample.h"
#include "check/rules.h"
#include "check/steps.h"
#include "check/story.h"

#define STEPS 10000u

/* --- what a location answers with --- */

/* Directives by which a location answers by something else than files. */
static const struct slice passes[] = {
    SLICE_INIT("proxy_pass"), SLICE_INIT("grpc_pass"),      SLICE_INIT("fastcgi_pass"),
    SLICE_INIT("uwsgi_pass"), SLICE_INIT("scgi_pass"),      SLICE_INIT("memcached_pass"),
    SLICE_INIT("js_content"), SLICE_INIT("content_by_lua"), SLICE_INIT("content_by_lua_block"),
    SLICE_INIT("empty_gif"),  SLICE_INIT("stub_status"),
};

static bool serves_files(struct arena *arena, const struct location *location) {
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        if (site_find_own(location->statement, passes[i]) != NULL) {
            return false;
        }
    }
    return !location->is_internal &&
           !steps_always_leave(arena, &location->rewrite, STEPS_OF_LOCATION) &&
           !model_is_closed(location->settings);
}

/* --- locations for such files --- */

static const struct slice sensitive_parts[] = {
    SLICE_INIT("/.git"), SLICE_INIT("/.svn"),     SLICE_INIT("/.hg"),       SLICE_INIT("/.env"),
    SLICE_INIT("/.ssh"), SLICE_INIT("/.aws"),     SLICE_INIT("/.htpasswd"), SLICE_INIT(".git/"),
    SLICE_INIT(".env"),  SLICE_INIT(".htpasswd"), SLICE_INIT(".sql"),       SLICE_INIT(".bak"),
    SLICE_INIT(".pem"),  SLICE_INIT("wp-config"), SLICE_INIT(".old"),       SLICE_INIT("/.docker"),
    SLICE_INIT(".swp"),  SLICE_INIT("id_rsa"),    SLICE_INIT("phpinfo"),
};

static struct slice find_sensitive(struct slice text) {
    for (size_t at = 0; at < text.size; at++) {
        char first = byte_lower(text.data[at]);
        for (size_t i = 0; i < sizeof sensitive_parts / sizeof sensitive_parts[0]; i++) {
            if (sensitive_parts[i].data[0] == first &&
                slice_starts_with_nocase(slice_skip(text, at), sensitive_parts[i])) {
                return sensitive_parts[i];
            }
        }
    }
    return SLICE("");
}

static void check_location(struct finding_list *findings, const struct location *location) {
    struct arena *arena = findings->model->arena;
    struct slice text = location->name;
    struct site_block block = {location->settings, location->server, location};
    if (location->is_condition || location->name_word == NULL ||
        location->kind == TABLE_LOCATION_NAMED) {
        return;
    }
    if (location->regex != NULL) {
        struct regex_sample sample;
        const struct regex_tree *tree = dataflow_regex_tree(check_flow(findings), location->regex);
        text = regex_sample_make(arena, tree, &sample) ? sample.text : SLICE("");
    }
    struct slice part = find_sensitive(text);
    if (part.size == 0 || !serves_files(arena, location) ||
        protection_is_there(&findings->site, &block)) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_sensitive_file_locations, location->name_word->span,
                     "this location is for \"%.*s\", and shows it to everybody", SLICE_ARGS(part));
    diagnostic->severity = SEVERITY_WARNING;
    diagnostic_help(arena, diagnostic, "write \"deny all;\" or \"return 404;\" in it");
}

/* --- files that begin with a dot --- */

static bool is_regex(const struct location *location) {
    return location->kind == TABLE_LOCATION_REGEX || location->kind == TABLE_LOCATION_REGEX_NOCASE;
}

/* The location of the server that gets the path; NULL: none. Nested ones are left alone. */
static const struct location *find_location(const struct server *server, struct slice path) {
    const struct location *prefix = NULL;
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        bool is_prefix = location->kind == TABLE_LOCATION_PREFIX ||
                         location->kind == TABLE_LOCATION_PREFIX_NO_REGEX;
        if (is_prefix && slice_starts_with(path, location->name) &&
            (prefix == NULL || location->name.size > prefix->name.size)) {
            prefix = location;
        }
    }
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        if ((prefix == NULL || prefix->kind != TABLE_LOCATION_PREFIX_NO_REGEX) &&
            is_regex(location) && location->regex != NULL &&
            regex_match(location->regex->pattern, location->regex->ignore_case, path, STEPS) ==
                REGEX_MATCHED) {
            return location;
        }
    }
    return prefix;
}

/* Folders that are made for being seen, by a tool or a package, with nothing hidden in them. */
static bool is_for_showing(struct slice path) {
    static const struct slice names[] = {
        SLICE_INIT("/public"), SLICE_INIT("/dist"),   SLICE_INIT("/build"),
        SLICE_INIT("/html"),   SLICE_INIT("/htdocs"), SLICE_INIT("/public_html"),
        SLICE_INIT("/static"), SLICE_INIT("/web"),    SLICE_INIT("/webroot"),
        SLICE_INIT("/out"),    SLICE_INIT("/www"),    SLICE_INIT("/assets"),
        SLICE_INIT("/_site"),  SLICE_INIT("/media"),  SLICE_INIT("/site"),
        SLICE_INIT("/files"),
    };
    while (path.size > 1 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_ends_with(path, names[i])) {
            return true;
        }
    }
    return false;
}

static void check_server(struct finding_list *findings, const struct server *server,
                         struct story_list *reported) {
    static const struct slice path = SLICE_INIT("/.git/config");
    struct arena *arena = findings->model->arena;
    const struct location *location = find_location(server, path);
    const struct settings *settings = location != NULL ? location->settings : server->settings;
    const struct statement *root = settings->origin[SETTING_root];
    struct site_block block = {settings, server, location};
    struct slice text;
    if (root == NULL || statement_argument_count(root) == 0 ||
        !template_is_constant(findings->model, &settings->root, &text) ||
        is_for_showing(statement_argument(root, 0)->text) ||
        (location != NULL && !serves_files(arena, location)) || model_is_closed(settings) ||
        steps_always_leave(arena, &server->rewrite, STEPS_OF_SERVER) ||
        protection_is_there(&findings->site, &block) || !story_add(arena, reported, root)) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_sensitive_file_locations, statement_argument(root, 0)->span,
        "\"/.git/config\", \"/.env\" and their like are shown to everybody if they are here");
    diagnostic_help(arena, diagnostic, "write \"location ~ /\\.(?!well-known/) { deny all; }\"");
}

void check_rule_sensitive_file_locations(struct finding_list *findings) {
    struct story_list reported = {0};
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_location(findings, findings->site.locations.items[i]);
    }
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        if (!findings->model->servers.items[i]->is_implied) {
            check_server(findings, findings->model->servers.items[i], &reported);
        }
    }
}
