/* The machinery around the rules: registry, queue of findings, their order. Which comments turn a
 * finding off is decided in suppression.c. */
#include "check/check.h"

#include "base/text.h"
#include "check/rules.h"
#include "check/suppression.h"

#include <stdlib.h>

const struct rule check_rules[RULE_COUNT] = {
#define RULE(id, slug, severity, summary, rationale, fix, references)                              \
    [RULE_##id] = {slug, severity, summary, rationale, fix, references},
#include "check/rules.def"
#undef RULE
};

const struct rule_family_row check_families[FAMILY_COUNT] = {
#define FAMILY(name, title) [FAMILY_##name] = {#name, title},
#define RULE(id, slug, severity, summary, rationale, fix, references)
#include "check/rules.def"
#undef RULE
};

/* The rows of the registry, families and rules, in their order. */
enum row_number {
#define FAMILY(name, title) ROW_FAMILY_##name,
#define RULE(id, slug, severity, summary, rationale, fix, references) ROW_##id,
#include "check/rules.def"
#undef RULE
};

static const enum row_number family_rows[FAMILY_COUNT] = {
#define FAMILY(name, title) [FAMILY_##name] = ROW_FAMILY_##name,
#define RULE(id, slug, severity, summary, rationale, fix, references)
#include "check/rules.def"
#undef RULE
};

static const enum row_number rule_rows[RULE_COUNT] = {
#define RULE(id, slug, severity, summary, rationale, fix, references) [RULE_##id] = ROW_##id,
#include "check/rules.def"
#undef RULE
};

static void (*const functions[RULE_COUNT])(struct finding_list *) = {
#define RULE(id, slug, severity, summary, rationale, fix, references) [RULE_##id] = check_rule_##id,
#include "check/rules.def"
#undef RULE
};

const struct rule *check_find_rule(struct slice slug) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (slice_equals(slug, slice_from_string(check_rules[i].slug))) {
            return &check_rules[i];
        }
    }
    return NULL;
}

enum rule_family check_rule_family(enum rule_id rule) {
    size_t family = 0;
    while (family + 1 < FAMILY_COUNT && family_rows[family + 1] < rule_rows[rule]) {
        family++;
    }
    return (enum rule_family)family;
}

struct dataflow *check_flow(struct finding_list *findings) {
    if (findings->flow.model == NULL) {
        dataflow_init(&findings->flow, findings->model, &findings->site);
    }
    return &findings->flow;
}

struct diagnostic *check_report(struct finding_list *findings, enum rule_id rule, struct span span,
                                const char *format, ...) {
    struct arena *arena = findings->model->arena;
    struct text message;
    if (findings->counts[rule]++ >= CHECK_MOST_FINDINGS) {
        findings->beyond.notes.count = 0;
        findings->beyond.edits.count = 0;
        return &findings->beyond;
    }
    text_init(&message, arena);
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&message, format, arguments);
    va_end(arguments);
    struct diagnostic *diagnostic =
        diagnostic_create(arena, check_rules[rule].severity,
                          slice_from_string(check_rules[rule].slug), span, text_slice(&message));
    VECTOR_PUSH(arena, &findings->all, (struct finding){.rule = rule, .diagnostic = diagnostic});
    return diagnostic;
}

/* Says of each rule how many of its findings were not kept. They are in the order of their rules.
 */
static void tell_beyond(struct finding_list *findings) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < findings->all.count; i++) {
        size_t count = findings->counts[findings->all.items[i].rule];
        bool is_last = i + 1 == findings->all.count ||
                       findings->all.items[i + 1].rule != findings->all.items[i].rule;
        if (is_last && count > CHECK_MOST_FINDINGS) {
            struct diagnostic_note note = {
                .message = arena_format(arena, "%zu more of this rule are not listed",
                                        count - CHECK_MOST_FINDINGS)};
            VECTOR_PUSH(arena, &findings->all.items[i].diagnostic->notes, note);
        }
    }
}

/* By place, then by rule, then by message: an order that does not depend on which rule ran
 * first. */
static int compare(const void *left, const void *right) {
    const struct finding *a = left;
    const struct finding *b = right;
    int order = span_compare(a->diagnostic->span, b->diagnostic->span);
    if (order != 0) {
        return order;
    }
    if (a->rule != b->rule) {
        return a->rule < b->rule ? -1 : 1;
    }
    return slice_compare(a->diagnostic->message, b->diagnostic->message);
}

/* What makes two findings the same for a reader. A file that is included twice is two sources of
 * one name. */
static struct slice identity(struct finding_list *findings, const struct finding *finding) {
    const struct diagnostic *diagnostic = finding->diagnostic;
    const struct source *source =
        findings->model->tree->sources->all.items[diagnostic->span.source];
    return arena_format(findings->model->arena, "%.*s:%u:%u:%d:%.*s", SLICE_ARGS(source->name),
                        diagnostic->span.begin, diagnostic->span.end, (int)finding->rule,
                        SLICE_ARGS(diagnostic->message));
}

/* Sorts, and leaves one of each; returns how many there are. */
static size_t put_in_order(struct finding_list *findings, struct finding *items, size_t count) {
    struct map seen;
    map_init(&seen, findings->model->arena);
    if (count > 1) {
        qsort(items, count, sizeof *items, compare);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct diagnostic *diagnostic = items[i].diagnostic;
        if (map_insert(&seen, identity(findings, &items[i]), diagnostic) == diagnostic) {
            items[kept++] = items[i];
        }
    }
    return kept;
}

void check_run(struct model *model, const struct check_options *options,
               struct finding_list *findings) {
    static const struct check_options nothing;
    *findings = (struct finding_list){.model = model, .options = options ? options : &nothing};
    site_collect(&findings->site, model);
    map_init(&findings->cipher_lists, model->arena);
    if (findings->options->certificates != NULL) {
        findings->certificates =
            certificates_read(model, &findings->site, findings->options->certificates);
    }
    for (size_t i = 0; i < RULE_COUNT; i++) {
        functions[i](findings);
        progress_step(model->tree->progress);
    }
    tell_beyond(findings);
    suppression_apply(findings);
    findings->all.count = put_in_order(findings, findings->all.items, findings->all.count);
    findings->suppressed.count =
        put_in_order(findings, findings->suppressed.items, findings->suppressed.count);
}
