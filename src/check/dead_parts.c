/* Parts of unreachable-location that do not depend on which paths match: what a location would do
 * behind its own return, and named locations that nothing names. */
#include "check/dead_parts.h"

#include "check/mentions.h"
#include "check/rules.h"
#include "check/steps.h"

/* --- behind a return --- */

static const struct statement *find_return(const struct location *location) {
    for (size_t i = 0; i < location->rewrite.steps.count; i++) {
        if (location->rewrite.steps.items[i].kind == REWRITE_RETURN) {
            return location->rewrite.steps.items[i].statement;
        }
    }
    return NULL;
}

static void check_handler(struct finding_list *findings, const struct location *location) {
    struct arena *arena = findings->model->arena;
    const struct statement *dead = location->proxy != NULL       ? location->proxy->statement
                                   : location->try_files != NULL ? location->try_files->statement
                                                                 : NULL;
    const struct statement *answer = dead != NULL ? find_return(location) : NULL;
    if (answer == NULL || !steps_always_leave(arena, &location->rewrite, STEPS_OF_LOCATION)) {
        return;
    }
    struct slice name = statement_name(dead);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_unreachable_location, dead->words[0].span,
        "this %.*s is never used: the location answers every request itself", SLICE_ARGS(name));
    diagnostic_note(arena, diagnostic, answer->words[0].span,
                    "this comes first, wherever it stands");
    diagnostic_help(arena, diagnostic, "remove one of the two, or put the %.*s into an \"if\"",
                    SLICE_ARGS(statement_name(answer)));
}

/* --- named locations that nothing names --- */

/* Words of other directives that begin with '@'; false when one goes on with a variable. */
static bool collect_names(struct map *names, struct block *block) {
    struct tree_walk walk = tree_walk_begin(block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        bool is_location = slice_equals(statement_name(s), SLICE("location"));
        for (uint32_t i = 0; !is_location && i < statement_argument_count(s); i++) {
            struct slice text = statement_argument(s, i)->text;
            if (text.size == 0 || (text.data[0] != '@' && text.data[0] != '$')) {
                continue;
            }
            if (text.data[0] == '@' && slice_find_byte(text, '$') < text.size) {
                return false;
            }
            map_insert(names, text, names);
        }
        if (s->block != NULL && !collect_names(names, s->block)) {
            return false;
        }
    }
    return true;
}

static bool has_named(const struct server *server) {
    for (size_t i = 0; i < server->locations.count; i++) {
        if (server->locations.items[i]->kind == TABLE_LOCATION_NAMED) {
            return true;
        }
    }
    return false;
}

static void check_named(struct finding_list *findings, const struct server *server,
                        const struct map *names) {
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        if (location->kind != TABLE_LOCATION_NAMED || location->name_word == NULL ||
            map_find(names, location->name) != NULL) {
            continue;
        }
        struct diagnostic *diagnostic = check_report(
            findings, RULE_unreachable_location, location->name_word->span,
            "this location is never used: nothing names \"%.*s\"", SLICE_ARGS(location->name));
        diagnostic_help(findings->model->arena, diagnostic,
                        "name it in try_files or error_page, or remove it");
    }
}

static void check_all_named(struct finding_list *findings) {
    struct model *model = findings->model;
    struct mentions mentions = {0};
    struct map names;
    for (size_t i = 0; !model->is_snippet && i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        if (!has_named(server)) {
            continue;
        }
        if (mentions.names.arena == NULL) {
            mentions_collect(&mentions, model);
            map_init(&names, model->arena);
            if (mentions.is_incomplete || model->diagnostics->error_count > 0 ||
                !collect_names(&names, model->tree->root)) {
                return;
            }
        }
        check_named(findings, server, &names);
    }
}

void dead_parts_check(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_handler(findings, findings->site.locations.items[i]);
    }
    check_all_named(findings);
}
