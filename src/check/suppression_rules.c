/* What is wrong with comments that turn rules off: they name no rule that exists, turn off what
 * finds nothing, or do not say why. */
#include "check/rules.h"
#include "check/suppression.h"
#include "syntax/edit.h"

void check_rule_unknown_rule(struct finding_list *findings) {
    struct model *model = findings->model;
    struct slice slugs[RULE_COUNT];
    for (size_t i = 0; i < RULE_COUNT; i++) {
        slugs[i] = slice_from_string(check_rules[i].slug);
    }
    for (size_t i = 0; i < model->tree->comments.count; i++) {
        struct span names;
        struct span name;
        if (!suppression_find_names(model->tree, &model->tree->comments.items[i], &names)) {
            continue;
        }
        while (suppression_next_name(model->tree, &names, &name)) {
            struct slice text = suppression_text(model->tree, name);
            if (check_find_rule(text) != NULL || suppression_is_code(text)) {
                continue;
            }
            struct diagnostic *diagnostic = check_report(
                findings, RULE_unknown_rule, name, "no rule is called \"%.*s\"", SLICE_ARGS(text));
            struct slice nearest = nearest_name(text, slugs, RULE_COUNT);
            if (nearest.size > 0) {
                diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
            }
        }
    }
}

void check_rule_suppression_without_reason(struct finding_list *findings) {
    const struct tree *tree = findings->model->tree;
    for (size_t i = 0; findings->options->requires_reasons && i < tree->comments.count; i++) {
        const struct comment *comment = &tree->comments.items[i];
        struct span names;
        if (suppression_find_names(tree, comment, &names) &&
            suppression_find_reason(tree, comment, names).size == 0) {
            struct diagnostic *diagnostic =
                check_report(findings, RULE_suppression_without_reason, comment->span,
                             "the comment does not say why \"%.*s\" is turned off",
                             SLICE_ARGS(suppression_text(tree, names)));
            diagnostic_help(tree->arena, diagnostic, "write \"rpc:disable=%.*s (the reason)\"",
                            SLICE_ARGS(suppression_text(tree, names)));
        }
    }
}

/* --- unused-suppression --- */

/* Whether the rule had the chance to find something. What it says of the comments themselves comes
 * with them. */
static bool is_judged(const struct finding_list *findings, size_t rule) {
    enum rule_family family = check_rule_family((enum rule_id)rule);
    return family != FAMILY_suppressions &&
           (family != FAMILY_certificates || findings->options->certificates != NULL);
}

/* A file that is included twice is two sources of one name: its comment is of use when it is in one
 * of them. */
static struct slice place_of(const struct finding_list *findings,
                             const struct suppression *suppression) {
    const struct tree *tree = findings->model->tree;
    return arena_format(tree->arena, "%.*s:%u",
                        SLICE_ARGS(tree->sources->all.items[suppression->name.source]->name),
                        suppression->name.begin);
}

/* The name goes, or the comment when it has no other. Of an included file it may be of use where
 * another configuration includes it. */
static void add_edit(const struct tree *tree, const struct suppression *suppression,
                     struct diagnostic *diagnostic) {
    const struct source *source = tree->sources->all.items[suppression->name.source];
    struct span names = suppression->names;
    struct span cut = suppression->name;
    if (source->is_included) {
        return;
    }
    if (names.begin == cut.begin && names.end == cut.end) {
        cut = edit_widen(tree, suppression->comment);
    } else if (cut.end < names.end) {
        cut.end++; /* the comma behind it */
    } else {
        cut.begin--; /* the one before */
    }
    diagnostic_edit(tree->arena, diagnostic, cut, "%s", "");
}

static void report_unused(struct finding_list *findings, const struct suppression *suppression) {
    struct tree *tree = findings->model->tree;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_unused_suppression, suppression->name,
                     "\"%.*s\" finds nothing here that the comment could turn off",
                     SLICE_ARGS(suppression_text(tree, suppression->name)));
    diagnostic_help(tree->arena, diagnostic, "remove it");
    add_edit(tree, suppression, diagnostic);
}

static void note_used(struct finding_list *findings, struct suppression *suppression) {
    if (suppression != NULL) {
        map_insert(&findings->used_suppressions, place_of(findings, suppression), suppression);
    }
}

static void note_all_used(struct finding_list *findings) {
    const struct diagnostic_list *told = findings->model->tree->diagnostics;
    for (size_t i = 0; i < findings->all.count; i++) {
        note_used(findings, suppression_find(findings, &findings->all.items[i]));
    }
    for (size_t i = 0; i < told->all.count; i++) {
        note_used(findings, suppression_find_code(findings, told->all.items[i]));
    }
}

static void report_all_unused(struct finding_list *findings,
                              const struct suppressions *suppressions) {
    for (size_t i = 0; i < suppressions->items.count; i++) {
        const struct suppression *suppression = &suppressions->items.items[i];
        if (map_find(&findings->used_suppressions, place_of(findings, suppression)) == NULL) {
            report_unused(findings, suppression);
        }
    }
}

/* The last of all rules: it looks at what the others found. Of a configuration that was not
 * understood whole nothing is said, as rules may have found less than there is. */
void check_rule_unused_suppression(struct finding_list *findings) {
    const struct suppression_list *list = suppression_collect(findings);
    map_init(&findings->used_suppressions, findings->model->arena);
    if (list->count == 0) {
        return;
    }
    note_all_used(findings);
    if (findings->model->tree->diagnostics->error_count > 0) {
        return;
    }
    report_all_unused(findings, &list->of_codes);
    for (size_t rule = 0; rule < RULE_COUNT; rule++) {
        if (is_judged(findings, rule)) {
            report_all_unused(findings, &list->of_rules[rule]);
        }
    }
}
