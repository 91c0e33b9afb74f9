/* Rule map-without-default: maps whose result has to be there, but is empty for what they do not
 * name. */
#include "check/pattern.h"
#include "check/rules.h"
#include "model/mapping.h"

/* Expressions that match any value that is not empty, or at least any that is likely. */
static const struct slice everything[] = {
    SLICE_INIT("."),   SLICE_INIT(".*"),     SLICE_INIT(".+"),     SLICE_INIT("^.*$"),
    SLICE_INIT("^"),   SLICE_INIT("^.*"),    SLICE_INIT("^.+$"),   SLICE_INIT("^.+"),
    SLICE_INIT(".*$"), SLICE_INIT("^(.*)$"), SLICE_INIT("^(.+)$"), SLICE_INIT("(.*)"),
};

static bool catches_all(struct arena *arena, const struct map_definition *map) {
    for (size_t i = 0; i < map->expressions.count; i++) {
        struct slice expression = map->expressions.items[i].regex->pattern;
        struct pattern pattern = pattern_read(arena, expression, false);
        bool is_everything = pattern_matches_every_path(&pattern);
        for (size_t j = 0; j < sizeof everything / sizeof everything[0]; j++) {
            is_everything |= slice_equals(expression, everything[j]);
        }
        if (is_everything) {
            return true;
        }
    }
    return false;
}

/* The map that the variable is, when it has no default and no entry with an empty result on
 * purpose. */
static const struct map_definition *find_map(struct arena *arena,
                                             const struct config_variable *variable) {
    for (size_t i = 0; i < variable->definitions.count; i++) {
        const struct map_definition *map = variable->definitions.items[i].map;
        if (map != NULL && map->otherwise.word == NULL && map->otherwise.parts.count == 0 &&
            !catches_all(arena, map)) {
            return map;
        }
    }
    return NULL;
}

/* The text between the scheme and the path, or all that there is, is one variable of a map. */
static const struct template_part *find_needed(const struct template *value) {
    const struct template_part *first = value->parts.count > 0 ? &value->parts.items[0] : NULL;
    if (first != NULL && first->kind == PART_TEXT && slice_ends_with(first->text, SLICE("://"))) {
        first = value->parts.count > 1 ? &value->parts.items[1] : NULL;
    }
    return first != NULL && first->kind == PART_CONFIG ? first : NULL;
}

static void check_part(struct finding_list *findings, struct map *reported,
                       const struct template_part *part, const char *what) {
    struct arena *arena = findings->model->arena;
    const struct map_definition *map = find_map(arena, part->variable);
    if (map == NULL || map_find(reported, part->text) != NULL) {
        return;
    }
    map_insert(reported, part->text, reported);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_map_without_default, map->statement->words[0].span,
        "\"$%.*s\" is empty for what this map does not name, and %s", SLICE_ARGS(part->text), what);
    diagnostic_note(arena, diagnostic, part->span, "it is needed here");
    diagnostic_help(arena, diagnostic, "add a line \"default VALUE;\"");
}

static void check_use(struct finding_list *findings, struct map *reported,
                      const struct template *value, const char *what) {
    const struct template_part *part = find_needed(value);
    if (part != NULL) {
        check_part(findings, reported, part, what);
    }
}

/* Redirects in an `if` are only for those that the map names, as a rule. */
static void check_redirects(struct finding_list *findings, struct map *reported,
                            const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        for (size_t j = 0; step->is_redirect && j < step->text.parts.count; j++) {
            if (step->text.parts.items[j].kind == PART_CONFIG) {
                check_part(findings, reported, &step->text.parts.items[j],
                           "the redirect leads somewhere else then");
            }
        }
    }
}

void check_rule_map_without_default(struct finding_list *findings) {
    struct map reported;
    map_init(&reported, findings->model->arena);
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        check_redirects(findings, &reported, &findings->model->servers.items[i]->rewrite);
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->proxy != NULL && location->proxy->has_variables) {
            check_use(findings, &reported, &location->proxy->target,
                      "requests are answered with 500 then");
        }
        if (!location->is_condition) {
            check_redirects(findings, &reported, &location->rewrite);
        }
    }
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_root]) {
            check_use(findings, &reported, &settings->root,
                      "files are looked for in the root of the file system then");
        }
    }
}
