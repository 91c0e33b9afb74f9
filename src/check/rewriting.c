/* Rules about what the rewrite module is used for although something else does it better: redirects
 * of everything, and `if` around settings. */
#include "check/pattern.h"
#include "check/rules.h"
#include "check/safe_edit.h"
#include "check/steps.h"

/* --- rewrite-instead-of-return --- */

static void check_redirect(struct finding_list *findings, const struct rewrite_step *step) {
    struct arena *arena = findings->model->arena;
    if (step->kind != REWRITE_PATH || step->rewriting->redirect == 0) {
        return;
    }
    struct pattern pattern = pattern_read(arena, step->rewriting->regex->pattern, false);
    if (!pattern_matches_every_path(&pattern)) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_rewrite_instead_of_return, step->statement->words[0].span,
                     "a regular expression is tried for a redirect that every request gets");
    diagnostic_help(arena, diagnostic, "write \"return %u URL;\", with $request_uri for the path",
                    step->rewriting->redirect);
    safe_edit_redirect(findings->model->tree, diagnostic, step);
}

static void check_redirects(struct finding_list *findings, const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        check_redirect(findings, &rewrite->steps.items[i]);
    }
}

void check_rule_rewrite_instead_of_return(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        check_redirects(findings, &findings->model->servers.items[i]->rewrite);
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_redirects(findings, &findings->site.locations.items[i]->rewrite);
    }
}

/* --- if-is-evil --- */

/* Directives that are safe in an `if`: those of the rewrite module, and what only looks at the
 * request or tunes how the answer is sent. */
static const struct slice safe_directives[] = {
    SLICE_INIT("set"),        SLICE_INIT("break"),      SLICE_INIT("return"),
    SLICE_INIT("rewrite"),    SLICE_INIT("if"),         SLICE_INIT("rewrite_log"),
    SLICE_INIT("access_log"), SLICE_INIT("limit_rate"), SLICE_INIT("limit_rate_after"),
};

static bool is_safe(struct slice name) {
    for (size_t i = 0; i < sizeof safe_directives / sizeof safe_directives[0]; i++) {
        if (slice_equals(name, safe_directives[i])) {
            return true;
        }
    }
    return false;
}

/* The first statement of the block that is a setting rather than a decision, or NULL. */
static const struct statement *find_setting(const struct location *block) {
    struct tree_walk walk = tree_walk_begin(block->statement->block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        if (!is_safe(statement_name(s))) {
            return s;
        }
    }
    return NULL;
}

static bool is_if(const struct location *block) {
    return block->is_condition && !steps_is_limited(block) && block->statement->block != NULL;
}

/* A request that gets into the block and is not answered there has the block's settings. */
static bool goes_on(struct arena *arena, const struct location *block) {
    return !steps_always_leave(arena, &block->rewrite, STEPS_OF_LOCATION);
}

static void report_try_files(struct finding_list *findings, const struct location *block,
                             const struct location *location) {
    struct arena *arena = findings->model->arena;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_if_is_evil, block->statement->words[0].span,
                     "try_files is not in effect for requests that meet this condition");
    diagnostic_note(arena, diagnostic, location->try_files->statement->words[0].span,
                    "the block of an \"if\" does not inherit this");
    diagnostic_help(
        arena, diagnostic,
        "decide by a map, or let the block end with \"return\" or \"rewrite ... last\"");
}

static void report_hidden(struct finding_list *findings, const struct statement *hidden,
                          const struct location *later) {
    struct arena *arena = findings->model->arena;
    struct slice name = statement_name(hidden);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_if_is_evil, hidden->words[0].span,
        "%.*s is not in effect for requests that meet a later condition, too", SLICE_ARGS(name));
    diagnostic_note(arena, diagnostic, later->statement->words[0].span,
                    "of several blocks of \"if\" the last one that is met has its settings");
    diagnostic_help(arena, diagnostic,
                    "let maps decide, and use their variables without an \"if\"");
}

static void report_setting(struct finding_list *findings, const struct statement *setting) {
    struct slice name = statement_name(setting);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_if_is_evil, setting->words[0].span,
                     "%.*s in an \"if\" makes it a location of its own, which surprises when more "
                     "is added",
                     SLICE_ARGS(name));
    diagnostic->severity = SEVERITY_INFO;
    diagnostic_help(findings->model->arena, diagnostic,
                    "decide by a map; only \"return\" and \"rewrite\" are at home in an \"if\"");
}

static const struct location *find_later(struct arena *arena, const struct location *location,
                                         size_t begin) {
    for (size_t i = begin; i < location->nested.count; i++) {
        const struct location *block = location->nested.items[i];
        if (is_if(block) && goes_on(arena, block)) {
            return block;
        }
    }
    return NULL;
}

static void check_blocks(struct finding_list *findings, const struct location *location) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < location->nested.count; i++) {
        const struct location *block = location->nested.items[i];
        if (!is_if(block) || !goes_on(arena, block)) {
            continue;
        }
        const struct statement *setting = find_setting(block);
        const struct location *later = find_later(arena, location, i + 1);
        if (location->try_files != NULL) {
            report_try_files(findings, block, location);
        } else if (setting != NULL && later != NULL) {
            report_hidden(findings, setting, later);
        } else if (setting != NULL) {
            report_setting(findings, setting);
        }
    }
}

void check_rule_if_is_evil(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (!location->is_condition && location->nested.count > 0) {
            check_blocks(findings, location);
        }
    }
}
