/* Rules about files: try_files that does something else than it seems to, and folders that only
 * some locations know. */
#include "check/rules.h"
#include "check/steps.h"

/* --- try-files-evil --- */

static const struct word *last_argument(const struct statement *statement) {
    return &statement->words[statement->word_count - 1];
}

static void report_proxied(struct finding_list *findings, const struct location *location) {
    struct arena *arena = findings->model->arena;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_try_files_evil, location->try_files->statement->words[0].span,
                     "files that exist are not sent: the backend is asked for them as well");
    diagnostic_note(arena, diagnostic, location->proxy->statement->words[0].span,
                    "this answers whatever try_files finds");
    diagnostic_help(arena, diagnostic,
                    "move it into a location of its own, e.g. \"try_files $uri @app;\" here and "
                    "\"location @app { proxy_pass ...; }\"");
}

static void report_relative(struct finding_list *findings, const struct word *word) {
    struct diagnostic *diagnostic =
        check_report(findings, RULE_try_files_evil, word->span,
                     "\"%.*s\" is no path of this server: requests for which nothing is found fail",
                     SLICE_ARGS(word->text));
    uint64_t status;
    bool is_status = slice_parse_u64(word->text, 599, &status) && status >= 400;
    diagnostic_help(findings->model->arena, diagnostic, "write \"%s%.*s\"", is_status ? "=" : "/",
                    SLICE_ARGS(word->text));
}

static void check_words(struct finding_list *findings, const struct try_files *files) {
    const struct word *last = last_argument(files->statement);
    if (files->status == 0 && last->text.size > 0 && last->text.data[0] != '/' &&
        last->text.data[0] != '@' && last->text.data[0] != '$' && last->text.data[0] != '=') {
        report_relative(findings, last);
    }
    for (uint32_t i = 0; i + 1 < statement_argument_count(files->statement); i++) {
        const struct word *word = statement_argument(files->statement, i);
        if (slice_starts_with(word->text, SLICE("$request_uri")) ||
            slice_starts_with(word->text, SLICE("${request_uri}"))) {
            struct diagnostic *diagnostic =
                check_report(findings, RULE_try_files_evil, word->span,
                             "no file is called like a path with its query string and its escapes");
            diagnostic_help(findings->model->arena, diagnostic, "write \"$uri\"");
        }
    }
}

void check_rule_try_files_evil(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        if (server->try_files != NULL) {
            check_words(findings, server->try_files);
        }
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->try_files == NULL) {
            continue;
        }
        check_words(findings, location->try_files);
        if (location->proxy != NULL) {
            report_proxied(findings, location);
        }
    }
}

/* --- root-in-location --- */

/* Whether what the location answers with are files, without more locations inside. */
static bool serves_files(struct arena *arena, const struct location *location) {
    return !location->is_condition && location->kind != TABLE_LOCATION_NAMED &&
           location->nested.count == 0 && location->rewrite.steps.count == 0 &&
           location->proxy == NULL && !location->is_internal &&
           !model_is_closed(location->settings) && !site_has_handler(location->statement) &&
           site_find_own(location->statement, SLICE("alias")) == NULL &&
           !steps_always_leave(arena, &location->rewrite, STEPS_OF_LOCATION);
}

static const struct location *find_with_root(const struct server *server) {
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        if (!location->is_condition && location->settings->is_own[SETTING_root] &&
            location->kind != TABLE_LOCATION_NAMED) {
            return location;
        }
    }
    return NULL;
}

/* Whether a program behind the location is told where the files are. */
static bool names_root(const struct location *location) {
    struct tree_walk walk = tree_walk_begin(location->statement->block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        for (uint32_t i = 0; i < statement_argument_count(s); i++) {
            if (slice_starts_with(statement_argument(s, i)->text, SLICE("$document_root")) ||
                slice_starts_with(statement_argument(s, i)->text, SLICE("$realpath_root"))) {
                return true;
            }
        }
    }
    return false;
}

/* A location that asks for files, and has no root of its own or around. */
static const struct location *find_without_root(struct arena *arena, const struct server *server) {
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        if (location->settings->origin[SETTING_root] == NULL &&
            (serves_files(arena, location) ||
             (location->name_word != NULL && names_root(location)))) {
            return location;
        }
    }
    return NULL;
}

void check_rule_root_in_location(struct finding_list *findings) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        const struct location *main =
            server->settings->origin[SETTING_root] == NULL ? find_with_root(server) : NULL;
        const struct location *other = main != NULL ? find_without_root(arena, server) : NULL;
        if (other == NULL) {
            continue;
        }
        struct diagnostic *diagnostic = check_report(
            findings, RULE_root_in_location, main->settings->origin[SETTING_root]->words[0].span,
            "this root holds for one location only: others look for files in the "
            "default folder \"html\"");
        diagnostic_note(arena, diagnostic, other->name_word->span, "for example this one");
        diagnostic_help(arena, diagnostic, "move the root out of the location, to the server");
    }
}
