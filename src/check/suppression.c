/* Comments that turn rules off; see suppression.h. What is wrong with the comments themselves is
 * found in suppression_rules.c. */
#include "check/suppression.h"

#include <string.h>

/* The outermost statements that begin at a place, by offset and by line. */
struct statement_index {
    struct map by_offset;
    struct map by_line;
};

struct slice suppression_text(const struct tree *tree, struct span span) {
    const struct source *source = tree->sources->all.items[span.source];
    return slice_take(slice_skip(source->text, span.begin), span.end - span.begin);
}

bool suppression_find_names(const struct tree *tree, const struct comment *comment,
                            struct span *names) {
    static const char marker[] = "rpc:disable=";
    struct slice text = suppression_text(tree, comment->span);
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

struct slice suppression_find_reason(const struct tree *tree, const struct comment *comment,
                                     struct span names) {
    static const char around[] = " \t\r\n-:";
    struct span rest = {names.source, names.end, comment->span.end};
    struct slice reason = suppression_text(tree, rest);
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

bool suppression_next_name(const struct tree *tree, struct span *names, struct span *name) {
    while (names->begin < names->end) {
        struct slice rest = suppression_text(tree, *names);
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

bool suppression_is_code(struct slice name) {
    static const unsigned numbers[] = {
#define DIAGNOSTIC(number, name, summary) number,
#include "diagnostics.def"
#undef DIAGNOSTIC
    };
    uint64_t number;
    if (!slice_starts_with(name, SLICE("RPC")) || name.size != 7 ||
        !slice_parse_u64(slice_skip(name, 3), 9999, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

/* Where suppressions of that name are kept; NULL when nothing is called so. */
static struct suppressions *find_list(struct suppression_list *list, struct slice name) {
    const struct rule *rule = check_find_rule(name);
    if (rule != NULL) {
        return &list->of_rules[rule - check_rules];
    }
    return suppression_is_code(name) ? &list->of_codes : NULL;
}

static void read_comment(const struct tree *tree, const struct comment *comment, struct span names,
                         const struct statement_index *index, struct suppression_list *list) {
    const struct statement *covered = find_covered(tree, comment, index);
    struct slice reason = suppression_find_reason(tree, comment, names);
    struct span rest = names;
    struct span name;
    while (suppression_next_name(tree, &rest, &name)) {
        struct suppressions *suppressions = find_list(list, suppression_text(tree, name));
        if (suppressions != NULL) {
            struct suppression suppression = {
                .name = name,
                .names = names,
                .comment = comment->span,
                .covered = covered != NULL ? covered->span : comment->span,
                .line = comment->is_alone ? 0 : comment->line,
                .reason = reason,
            };
            VECTOR_PUSH(tree->arena, &suppressions->items, suppression);
            list->count++;
        }
    }
}

static struct suppression_list *collect_suppressions(const struct tree *tree) {
    struct suppression_list *list = arena_require(tree->arena, sizeof *list);
    struct statement_index index = {0};
    for (size_t i = 0; i < tree->comments.count; i++) {
        const struct comment *comment = &tree->comments.items[i];
        struct span names;
        if (suppression_find_names(tree, comment, &names)) {
            if (index.by_line.arena == NULL) {
                map_init(&index.by_offset, tree->arena);
                map_init(&index.by_line, tree->arena);
                index_statements(tree, tree->root, &index);
            }
            read_comment(tree, comment, names, &index, list);
        }
    }
    return list;
}

struct suppression_list *suppression_collect(struct finding_list *findings) {
    if (findings->suppressions == NULL) {
        findings->suppressions = collect_suppressions(findings->model->tree);
    }
    return findings->suppressions;
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

/* The first that covers a place, or the includes that led there; only those of that name, unless it
 * is empty. */
static struct suppression *find(struct finding_list *findings, struct suppressions *suppressions,
                                struct slice name, struct span place) {
    const struct tree *tree = findings->model->tree;
    while (suppressions->items.count > 0) {
        for (size_t i = 0; i < suppressions->items.count; i++) {
            struct suppression *suppression = &suppressions->items.items[i];
            if ((name.size == 0 || slice_equals(name, suppression_text(tree, suppression->name))) &&
                covers(tree, suppression, place)) {
                return suppression;
            }
        }
        const struct source *source = tree->sources->all.items[place.source];
        if (!source->is_included) {
            break;
        }
        place = source->included_at;
    }
    return NULL;
}

struct suppression *suppression_find(struct finding_list *findings, const struct finding *finding) {
    struct suppressions *suppressions = &suppression_collect(findings)->of_rules[finding->rule];
    return find(findings, suppressions, SLICE(""), finding->diagnostic->span);
}

struct suppression *suppression_find_code(struct finding_list *findings,
                                          const struct diagnostic *warning) {
    struct suppressions *suppressions = &suppression_collect(findings)->of_codes;
    return find(findings, suppressions, warning->label, warning->span);
}

void suppression_apply(struct finding_list *findings) {
    if (suppression_collect(findings)->count == 0) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < findings->all.count; i++) {
        struct finding finding = findings->all.items[i];
        const struct suppression *suppression = suppression_find(findings, &finding);
        if (suppression == NULL) {
            findings->all.items[kept++] = finding;
        } else {
            finding.reason = suppression->reason;
            VECTOR_PUSH(findings->model->arena, &findings->suppressed, finding);
        }
    }
    findings->all.count = kept;
}
