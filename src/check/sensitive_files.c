/* Rule sensitive-file-locations: files that no site means to show and many have: repositories,
 * secrets of the environment, dumps and copies. They are served by a location that is for them, or
 * because no location keeps the files that begin with a dot back. */
#include "check/location_search.h"
#include "check/protection.h"
#include "check/regex_sample.h"
#include "check/rules.h"
#include "check/steps.h"
#include "check/story.h"

/* --- what a location answers with --- */

static bool serves_files(struct arena *arena, const struct location *location) {
    return !site_has_handler(location->statement) && !location->is_internal &&
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

/* --- programs that are sent instead of run --- */

#define RUNNER_LIMIT 100 /* locations that are asked whether they run a program */

/* Programs by the folder that has them. What else is kept from a location for programs by "^~" is
 * meant to be sent, as uploads are. */
static const struct slice program_folders[] = {
    SLICE_INIT("/wp-admin"), SLICE_INIT("/phpmyadmin"),    SLICE_INIT("/pma"),
    SLICE_INIT("/adminer"),  SLICE_INIT("/administrator"), SLICE_INIT("/typo3"),
};

/* A program in the location, which is one file, or a folder of programs; empty: there is none. */
static struct slice find_program(struct arena *arena, const struct location *location) {
    struct slice name = location->name;
    if (location->kind == TABLE_LOCATION_EXACT && slice_ends_with(name, SLICE(".php"))) {
        return name;
    }
    name.size -= name.size > 0 && name.data[name.size - 1] == '/' ? 1 : 0;
    for (size_t i = 0; location->kind == TABLE_LOCATION_PREFIX_NO_REGEX &&
                       i < sizeof program_folders / sizeof program_folders[0];
         i++) {
        if (slice_ends_with(name, program_folders[i])) {
            return arena_format(arena, "%.*s/index.php", SLICE_ARGS(name));
        }
    }
    return SLICE("");
}

/* Whether the location goes on elsewhere without looking for the file of that name. */
static bool goes_elsewhere(const struct location *location) {
    const struct try_files *files = location->try_files;
    for (size_t i = 0; files != NULL && i < files->files.count; i++) {
        if (template_has_variables(&files->files.items[i].name)) {
            return false;
        }
    }
    return files != NULL;
}

static const struct location *find_runner(const struct server *server, struct slice path) {
    for (size_t i = 0; i < server->locations.count && i < RUNNER_LIMIT; i++) {
        const struct location *location = server->locations.items[i];
        if (!location->is_condition && location->other_pass.statement != NULL &&
            location_matches(location, path)) {
            return location;
        }
    }
    return NULL;
}

static void check_program(struct finding_list *findings, const struct location *location) {
    struct arena *arena = findings->model->arena;
    struct slice path = find_program(arena, location);
    const struct location *runner = path.size > 0 ? find_runner(location->server, path) : NULL;
    if (runner == NULL || location->is_condition || !serves_files(arena, location) ||
        goes_elsewhere(location) || location_search(location->server, path) != location) {
        return;
    }
    struct slice pass = statement_name(runner->other_pass.statement);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_sensitive_file_locations, location->name_word->span,
        "\"%.*s\" is sent as it is written instead of being run: there is no %.*s here",
        SLICE_ARGS(path), SLICE_ARGS(pass));
    diagnostic->severity = SEVERITY_WARNING;
    diagnostic_note(arena, diagnostic, runner->other_pass.statement->words[0].span,
                    "the %.*s of another location does not hold for this one", SLICE_ARGS(pass));
    diagnostic_help(arena, diagnostic, "write the %.*s here as well, with its parameters",
                    SLICE_ARGS(pass));
}

/* --- files that begin with a dot --- */

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
    const struct location *location = location_search(server, path);
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
        check_program(findings, findings->site.locations.items[i]);
    }
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        if (!findings->model->servers.items[i]->is_implied) {
            check_server(findings, findings->model->servers.items[i], &reported);
        }
    }
}
