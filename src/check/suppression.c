/* Comments that turn rules off; see suppression.h. Comments that name no rule that exists are
 * findings themselves (rule unknown-rule). */
#include "check/suppression.h"

#include "check/rules.h"

#include <string.h>

struct suppression {
    const struct rule *rule;
    struct span covered; /* the statement, with its block */
    uint32_t line;       /* of a comment beside a statement: whatever begins there; else 0 */
    struct slice reason; /* what the comment says behind the names; may be empty */
};

struct suppression_list {
    VECTOR_OF(struct suppression) items;
};

/* The outermost statements that begin at a place, by offset and by line. */
struct statement_index {
    struct map by_offset;
    struct map by_line;
};

static struct slice span_text(const struct tree *tree, struct span span) {
    const struct source *source = tree->sources->all.items[span.source];
    return slice_take(slice_skip(source->text, span.begin), span.end - span.begin);
}

/* Finds what follows "rpc:disable=" in a comment: names, commas between them, up to a space. */
static bool find_names(const struct tree *tree, const struct comment *comment, struct span *names) {
    static const char marker[] = "rpc:disable=";
    struct slice text = span_text(tree, comment->span);
    size_t at = 1;
    while (at < text.size && (text.data[at] == ' ' || text.data[at] == '\t')) {
        at++;
    }
    struct slice rest = slice_skip(text, at);
    if (!slice_starts_with(rest, SLICE(marker))) {
        return false;
    }
    size_t begin = at + sizeof marker - 1;
    size_t end = begin;
    while (end < text.size && strchr(" \t\r\n", text.data[end]) == NULL) {
        end++;
    }
    *names = (struct span){comment->span.source, comment->span.begin + (uint32_t)begin,
                           comment->span.begin + (uint32_t)end};
    return true;
}

/* What a comment says behind the names, without parentheses, dashes or a colon around it. */
static struct slice find_reason(const struct tree *tree, const struct comment *comment,
                                struct span names) {
    static const char around[] = " \t\r\n-:";
    struct span rest = {names.source, names.end, comment->span.end};
    struct slice reason = span_text(tree, rest);
    while (reason.size > 0 && strchr(around, reason.data[0]) != NULL) {
        reason = slice_skip(reason, 1);
    }
    while (reason.size > 0 && strchr(around, reason.data[reason.size - 1]) != NULL) {
        reason.size--;
    }
    if (slice_starts_with(reason, SLICE("(")) && slice_ends_with(reason, SLICE(")"))) {
        reason = slice_take(slice_skip(reason, 1), reason.size - 2);
    }
    return slice_trim(reason);
}

/* Takes the next name off `names`; false at the end. Empty names between commas are skipped. */
static bool next_name(const struct tree *tree, struct span *names, struct span *name) {
    while (names->begin < names->end) {
        struct slice rest = span_text(tree, *names);
        uint32_t size = (uint32_t)slice_find_byte(rest, ',');
        *name = (struct span){names->source, names->begin, names->begin + size};
        names->begin += size < rest.size ? size + 1 : size;
        if (size > 0) {
            return true;
        }
    }
    return false;
}

static struct slice place_key(struct arena *arena, uint32_t source, uint32_t number) {
    uint32_t *key = arena_require(arena, 2 * sizeof *key);
    key[0] = source;
    key[1] = number;
    return (struct slice){(const char *)key, 2 * sizeof *key};
}

/* Unlike a tree_walk this goes into blocks and keeps include statements. */
static void index_statements(const struct tree *tree, const struct block *block,
                             struct statement_index *index) {
    for (; block != NULL; block = block->next) {
        for (struct statement *s = block->first; s != NULL; s = s->next) {
            uint32_t line = source_locate(tree->sources, s->span.source, s->span.begin).line;
            map_insert(&index->by_offset, place_key(tree->arena, s->span.source, s->span.begin), s);
            map_insert(&index->by_line, place_key(tree->arena, s->span.source, line), s);
            if (s->block != NULL) {
                index_statements(tree, s->block, index);
            }
            index_statements(tree, s->included, index);
        }
    }
}

/* Offset of what a comment alone on its line stands above: the next text, over further lines of
 * comment but not over an empty line. */
static uint32_t find_text_below(const struct tree *tree, const struct comment *comment) {
    struct slice text = tree->sources->all.items[comment->span.source]->text;
    size_t at = comment->span.end;
    while (at < text.size) {
        size_t line = at + slice_find_byte(slice_skip(text, at), '\n') + 1;
        at = line;
        while (at < text.size && strchr(" \t\r", text.data[at]) != NULL) {
            at++;
        }
        if (at >= text.size || text.data[at] != '#') {
            break;
        }
    }
    return (uint32_t)at;
}

/* The statement that a comment covers, or NULL: the first one that begins on its line or, for a
 * comment alone on its line, directly below it. */
static const struct statement *find_covered(const struct tree *tree, const struct comment *comment,
                                            const struct statement_index *index) {
    uint32_t source = comment->span.source;
    if (comment->is_alone) {
        return map_find(&index->by_offset,
                        place_key(tree->arena, source, find_text_below(tree, comment)));
    }
    return map_find(&index->by_line, place_key(tree->arena, source, comment->line));
}

static void read_comment(const struct tree *tree, const struct comment *comment, struct span names,
                         const struct statement_index *index, struct suppression_list *list) {
    const struct statement *covered = find_covered(tree, comment, index);
    struct slice reason = find_reason(tree, comment, names);
    struct span name;
    while (next_name(tree, &names, &name)) {
        const struct rule *rule = check_find_rule(span_text(tree, name));
        if (rule != NULL) {
            struct suppression suppression = {
                .rule = rule,
                .covered = covered != NULL ? covered->span : comment->span,
                .line = comment->is_alone ? 0 : comment->line,
                .reason = reason,
            };
            VECTOR_PUSH(tree->arena, &list->items, suppression);
        }
    }
}

static struct suppression_list collect_suppressions(const struct tree *tree) {
    struct suppression_list list = {0};
    struct statement_index index = {0};
    for (size_t i = 0; i < tree->comments.count; i++) {
        const struct comment *comment = &tree->comments.items[i];
        struct span names;
        if (find_names(tree, comment, &names)) {
            if (index.by_line.arena == NULL) {
                map_init(&index.by_offset, tree->arena);
                map_init(&index.by_line, tree->arena);
                index_statements(tree, tree->root, &index);
            }
            read_comment(tree, comment, names, &index, &list);
        }
    }
    return list;
}

static bool covers(const struct tree *tree, const struct suppression *suppression,
                   struct span place) {
    const struct span *covered = &suppression->covered;
    if (covered->source != place.source) {
        return false;
    }
    if (place.begin >= covered->begin && place.begin < covered->end) {
        return true;
    }
    return suppression->line != 0 &&
           source_locate(tree->sources, place.source, place.begin).line == suppression->line;
}

/* What suppresses a finding, or NULL. One in an included file is covered where it stands or where
 * the file is included. */
static const struct suppression *find_suppression(const struct tree *tree,
                                                  const struct suppression_list *list,
                                                  const struct finding *finding) {
    struct span place = finding->diagnostic->span;
    for (;;) {
        for (size_t i = 0; i < list->items.count; i++) {
            const struct suppression *suppression = &list->items.items[i];
            if (suppression->rule == &check_rules[finding->rule] &&
                covers(tree, suppression, place)) {
                return suppression;
            }
        }
        const struct source *source = tree->sources->all.items[place.source];
        if (!source->is_included) {
            return NULL;
        }
        place = source->included_at;
    }
}

void suppression_apply(struct finding_list *findings) {
    const struct tree *tree = findings->model->tree;
    struct suppression_list list = collect_suppressions(tree);
    size_t kept = 0;
    for (size_t i = 0; list.items.count > 0 && i < findings->all.count; i++) {
        struct finding finding = findings->all.items[i];
        const struct suppression *suppression = find_suppression(tree, &list, &finding);
        if (suppression == NULL) {
            findings->all.items[kept++] = finding;
        } else {
            finding.reason = suppression->reason;
            VECTOR_PUSH(tree->arena, &findings->suppressed, finding);
        }
    }
    if (list.items.count > 0) {
        findings->all.count = kept;
    }
}

void check_rule_unknown_rule(struct finding_list *findings) {
    struct model *model = findings->model;
    struct slice slugs[RULE_COUNT];
    for (size_t i = 0; i < RULE_COUNT; i++) {
        slugs[i] = slice_from_string(check_rules[i].slug);
    }
    for (size_t i = 0; i < model->tree->comments.count; i++) {
        struct span names;
        struct span name;
        if (!find_names(model->tree, &model->tree->comments.items[i], &names)) {
            continue;
        }
        while (next_name(model->tree, &names, &name)) {
            struct slice text = span_text(model->tree, name);
            if (check_find_rule(text) != NULL) {
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
