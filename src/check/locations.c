/* Rule unreachable-location: only what is certain. The order is nginx's: exact locations, the
 * longest prefix (final if ^~), nested locations of it, regular expressions in order of
 * appearance, else the prefix. */
#include "check/dead_parts.h"
#include "check/pattern.h"
#include "check/protection.h"
#include "check/rules.h"
#include "check/steps.h"

/* The locations of one block, which compete with each other. */
struct siblings {
    struct finding_list *findings;
    struct location *const *items;
    size_t count;
    struct pattern *patterns; /* parallel; of regular expressions */
    /* Their positions: a server may have thousands of prefixes, each of which asks for them. */
    VECTOR_OF(size_t) regexes;
};

static bool is_regex(const struct location *location) {
    return !location->is_condition && location->regex != NULL &&
           (location->kind == TABLE_LOCATION_REGEX ||
            location->kind == TABLE_LOCATION_REGEX_NOCASE);
}

static bool is_prefix(const struct location *location) {
    return !location->is_condition && (location->kind == TABLE_LOCATION_PREFIX ||
                                       location->kind == TABLE_LOCATION_PREFIX_NO_REGEX);
}

/* --- a regular expression behind an earlier one --- */

static bool is_same(const struct location *earlier, const struct location *later) {
    if (slice_equals(earlier->regex->pattern, later->regex->pattern)) {
        return earlier->regex->ignore_case || !later->regex->ignore_case;
    }
    /* Case matters in escapes: \d is not \D. */
    return earlier->regex->ignore_case &&
           slice_find_byte(later->regex->pattern, '\\') == later->regex->pattern.size &&
           slice_equals_nocase(earlier->regex->pattern, later->regex->pattern);
}

static bool check_earlier(const struct siblings *siblings, size_t index) {
    const struct location *later = siblings->items[index];
    for (size_t i = 0; i < index; i++) {
        const struct location *earlier = siblings->items[i];
        bool is_equal = is_regex(earlier) && is_same(earlier, later);
        if (!is_regex(earlier) ||
            !(is_equal || pattern_covers(&siblings->patterns[i], &siblings->patterns[index]))) {
            continue;
        }
        struct diagnostic *diagnostic = check_report(
            siblings->findings, RULE_unreachable_location, later->name_word->span,
            "this location is never used: every path that matches \"%.*s\" matches an earlier "
            "regular expression",
            SLICE_ARGS(later->regex->pattern));
        diagnostic_note(siblings->findings->model->arena, diagnostic, earlier->name_word->span,
                        "%s comes first, and the first match wins",
                        is_equal ? "the same expression" : "this expression");
        diagnostic_help(siblings->findings->model->arena, diagnostic, "%s",
                        is_equal ? "remove one of the two" : "put this location before the other");
        return true;
    }
    return false;
}

/* --- a regular expression that keeps out less than it seems to --- */

/* Of what a location refuses, some may match an expression before it: "\.php$" in front of
 * "^/uploads/.*\.(php|phtml)$". */
static void check_refusal(const struct siblings *siblings, size_t index) {
    struct arena *arena = siblings->findings->model->arena;
    const struct location *later = siblings->items[index];
    const struct pattern *pattern = &siblings->patterns[index];
    if (pattern->texts.items.count < 2 || !protection_is_closed(arena, later)) {
        return;
    }
    for (size_t i = 0; i < pattern->texts.items.count; i++) {
        struct pattern_text text = pattern->texts.items.items[i];
        /* As it is written: an example will do. */
        struct pattern part = {.texts.items = {.items = &text, .count = 1}};
        for (size_t j = 0; j < index; j++) {
            const struct location *earlier = siblings->items[j];
            if (!is_regex(earlier) || protection_is_closed(arena, earlier) ||
                !pattern_covers(&siblings->patterns[j], &part)) {
                continue;
            }
            struct diagnostic *diagnostic = check_report(
                siblings->findings, RULE_unreachable_location, later->name_word->span,
                "\"%s%.*s%s%.*s\" and the like are not refused here: they match an earlier "
                "regular expression",
                text.at_start ? "" : "/x", SLICE_ARGS(text.text), text.is_open ? "x" : "",
                SLICE_ARGS(text.ending));
            diagnostic_note(arena, diagnostic, earlier->name_word->span,
                            "this expression comes first, and the first match wins");
            diagnostic_help(arena, diagnostic, "put this location before the other");
            return;
        }
    }
}

/* --- a regular expression under ^~ --- */

/* The location with ^~ that takes every path beginning with `text`, unless a longer prefix leads
 * to the regular expressions after all. */
static const struct location *find_final_prefix(const struct siblings *siblings,
                                                struct slice text) {
    const struct location *found = NULL;
    for (size_t i = 0; i < siblings->count; i++) {
        const struct location *location = siblings->items[i];
        if (is_prefix(location) && slice_starts_with(text, location->name) &&
            (found == NULL || location->name.size > found->name.size)) {
            found = location;
        }
    }
    if (found == NULL || found->kind != TABLE_LOCATION_PREFIX_NO_REGEX) {
        return NULL;
    }
    for (size_t i = 0; i < siblings->count; i++) {
        if (siblings->items[i]->kind == TABLE_LOCATION_PREFIX &&
            !siblings->items[i]->is_condition &&
            slice_starts_with(siblings->items[i]->name, found->name)) {
            return NULL;
        }
    }
    return found;
}

static void check_final_prefix(const struct siblings *siblings, size_t index) {
    const struct pattern *pattern = &siblings->patterns[index];
    const struct location *winner = NULL;
    for (size_t i = 0; i < pattern->texts.items.count; i++) {
        const struct pattern_text *text = &pattern->texts.items.items[i];
        winner = text->at_start && !pattern->ignores_case ? find_final_prefix(siblings, text->text)
                                                          : NULL;
        if (winner == NULL) {
            return;
        }
    }
    if (winner == NULL) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        siblings->findings, RULE_unreachable_location, siblings->items[index]->name_word->span,
        "this location is never used: every path that matches it begins with "
        "\"%.*s\", where no regular expression is tried",
        SLICE_ARGS(winner->name));
    diagnostic_note(siblings->findings->model->arena, diagnostic, winner->name_word->span,
                    "^~ keeps them from being tried");
    diagnostic_help(siblings->findings->model->arena, diagnostic,
                    "remove the ^~, or put this location inside of that one");
}

/* --- a prefix that a regular expression always takes over --- */

static void check_prefix(const struct siblings *siblings, size_t index) {
    const struct location *location = siblings->items[index];
    for (size_t i = 0; i < siblings->regexes.count; i++) {
        size_t position = siblings->regexes.items[i];
        const struct location *other = siblings->items[position];
        if (!pattern_covers_prefix(&siblings->patterns[position], location->name)) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(siblings->findings, RULE_unreachable_location, location->name_word->span,
                         "this location is never used: every path that begins with \"%.*s\" "
                         "matches a regular expression, which wins",
                         SLICE_ARGS(location->name));
        diagnostic_note(siblings->findings->model->arena, diagnostic, other->name_word->span,
                        "this regular expression");
        diagnostic_help(siblings->findings->model->arena, diagnostic,
                        "write \"location ^~ %.*s\" if it is to win", SLICE_ARGS(location->name));
        return;
    }
}

/* Nested locations may still be reached through one that never answers itself. */
static bool is_empty_of_locations(const struct location *location) {
    for (size_t i = 0; i < location->nested.count; i++) {
        if (!location->nested.items[i]->is_condition) {
            return false;
        }
    }
    return true;
}

static void check_siblings(struct finding_list *findings, struct location *const *items,
                           size_t count) {
    struct siblings siblings = {.findings = findings, .items = items, .count = count};
    struct arena *arena = findings->model->arena;
    siblings.patterns = arena_require(arena, count * sizeof *siblings.patterns);
    for (size_t i = 0; i < count; i++) {
        if (is_regex(items[i])) {
            siblings.patterns[i] = pattern_read(arena, items[i]->regex->pattern,
                                                items[i]->kind == TABLE_LOCATION_REGEX_NOCASE);
            VECTOR_PUSH(arena, &siblings.regexes, i);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (is_regex(items[i])) {
            if (!check_earlier(&siblings, i)) {
                check_refusal(&siblings, i);
                check_final_prefix(&siblings, i);
            }
        } else if (items[i]->kind == TABLE_LOCATION_PREFIX && is_prefix(items[i]) &&
                   is_empty_of_locations(items[i])) {
            check_prefix(&siblings, i);
        }
        check_siblings(findings, items[i]->nested.items, items[i]->nested.count);
    }
}

/* --- locations behind a return of the server --- */

/* The statement that answers every request which gets to it: a return, or a redirect of any path.
 */
static const struct statement *find_answer(struct arena *arena, const struct server *server) {
    for (size_t i = 0; i < server->rewrite.steps.count; i++) {
        const struct rewrite_step *step = &server->rewrite.steps.items[i];
        if (step->kind == REWRITE_RETURN) {
            return step->statement;
        }
        if (step->kind == REWRITE_PATH && step->rewriting->redirect != 0) {
            struct pattern pattern = pattern_read(arena, step->rewriting->regex->pattern, false);
            if (pattern_matches_every_path(&pattern)) {
                return step->statement;
            }
        }
    }
    return NULL;
}

/* True when the server answers every request, so that nothing more is to be said of locations. */
static bool check_return(struct finding_list *findings, const struct server *server) {
    const struct statement *answer = find_answer(findings->model->arena, server);
    if (answer == NULL || server->statement == NULL ||
        steps_may_stop_before(&server->rewrite, STEPS_OF_SERVER, answer)) {
        return false;
    }
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        /* error_page reaches named locations without passing the return again. */
        if (location->kind == TABLE_LOCATION_NAMED || location->name_word == NULL) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_unreachable_location, location->name_word->span,
                         "this location is never used: the server answers every request itself");
        diagnostic_note(findings->model->arena, diagnostic, answer->words[0].span,
                        "this comes before locations are looked at, wherever it stands");
        diagnostic_help(findings->model->arena, diagnostic,
                        "put the %.*s into \"location / { ... }\"",
                        SLICE_ARGS(statement_name(answer)));
    }
    return true;
}

void check_rule_unreachable_location(struct finding_list *findings) {
    struct model *model = findings->model;
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        if (!check_return(findings, server)) {
            check_siblings(findings, server->locations.items, server->locations.count);
        }
    }
    dead_parts_check(findings);
}
