/* Reads regular expressions as sets of literal texts; see pattern.h. PCRE2 decides what an
 * expression matches; this decides only what is certain about it beforehand. */
#include "check/pattern.h"

#include <string.h>

/* More texts than this become {""...""}. */
#define TEXT_LIMIT 64
#define DEPTH_LIMIT 32

struct group {
    uint32_t number;
    struct slice name;
    struct pattern_texts texts;
    bool is_certain;  /* it takes part in every match */
    bool is_at_start; /* its text begins where the subject begins */
};

struct reader {
    struct arena *arena;
    struct slice text;
    size_t at;
    uint32_t depth;
    uint32_t group_count;
    bool is_exact;
    VECTOR_OF(struct group) groups;
};

static struct pattern_texts read_alternatives(struct reader *reader);

static void add_text(struct reader *reader, struct pattern_texts *texts, struct pattern_text text) {
    VECTOR_PUSH(reader->arena, &texts->items, text);
}

static struct pattern_texts one_text(struct reader *reader, struct slice text, bool is_open) {
    struct pattern_texts texts = {0};
    add_text(reader, &texts,
             (struct pattern_text){.text = text, .is_open = is_open, .ending = SLICE("")});
    return texts;
}

static struct pattern_texts anything(struct reader *reader) {
    reader->is_exact = false;
    return one_text(reader, SLICE(""), true);
}

static struct pattern_texts unite(struct reader *reader, const struct pattern_texts *left,
                                  const struct pattern_texts *right) {
    if (left->items.count + right->items.count > TEXT_LIMIT) {
        return anything(reader);
    }
    struct pattern_texts texts = {0};
    for (size_t i = 0; i < left->items.count; i++) {
        add_text(reader, &texts, left->items.items[i]);
    }
    for (size_t i = 0; i < right->items.count; i++) {
        add_text(reader, &texts, right->items.items[i]);
    }
    return texts;
}

static struct slice join(struct reader *reader, struct slice left, struct slice right) {
    return arena_format(reader->arena, "%.*s%.*s", SLICE_ARGS(left), SLICE_ARGS(right));
}

/* One text followed by another. Of two gaps and what is between them one gap is made. */
static struct pattern_text follow(struct reader *reader, const struct pattern_text *first,
                                  const struct pattern_text *second) {
    struct pattern_text result = {.is_open = first->is_open || second->is_open,
                                  .ending = SLICE("")};
    if (first->is_open && second->is_open) {
        reader->is_exact = false;
    }
    result.text = first->is_open ? first->text : join(reader, first->text, second->text);
    if (second->is_open) {
        result.ending = second->ending;
    } else if (first->is_open) {
        result.ending = join(reader, first->ending, second->text);
    }
    return result;
}

/* Every text of `left` followed by every text of `right`. */
static struct pattern_texts concatenate(struct reader *reader, const struct pattern_texts *left,
                                        const struct pattern_texts *right) {
    if (left->items.count * right->items.count > TEXT_LIMIT) {
        return anything(reader);
    }
    struct pattern_texts texts = {0};
    for (size_t i = 0; i < left->items.count; i++) {
        for (size_t j = 0; j < right->items.count; j++) {
            add_text(reader, &texts, follow(reader, &left->items.items[i], &right->items.items[j]));
        }
    }
    return texts;
}

/* The byte that many places on; zero behind the end. */
static char peek_ahead(const struct reader *reader, size_t distance) {
    if (reader->at + distance >= reader->text.size) {
        return '\0';
    }
    return reader->text.data[reader->at + distance];
}

static char peek(const struct reader *reader) {
    return peek_ahead(reader, 0);
}

static bool take(struct reader *reader, struct slice text) {
    if (!slice_starts_with(slice_skip(reader->text, reader->at), text)) {
        return false;
    }
    reader->at += text.size;
    return true;
}

/* Past a bracketed class, whose first character may be ']' or '^' and ']'. */
static void skip_class(struct reader *reader) {
    reader->at++;
    (void)take(reader, SLICE("^"));
    (void)take(reader, SLICE("]"));
    while (reader->at < reader->text.size && peek(reader) != ']') {
        if (slice_starts_with(slice_skip(reader->text, reader->at), SLICE("[:"))) {
            reader->at++;
            while (reader->at < reader->text.size && peek(reader) != ']') {
                reader->at++;
            }
        } else if (peek(reader) == '\\') {
            reader->at++;
        }
        reader->at++;
    }
    reader->at++;
}

/* The name in (?<name>, (?'name' or (?P<name>; empty for a group without one. False for a construct
 * that is not a group of alternatives whose text is matched in place. */
static bool read_group_head(struct reader *reader, bool *captures, struct slice *name) {
    *captures = true;
    *name = SLICE("");
    if (!take(reader, SLICE("?"))) {
        *captures = peek(reader) != '*';
        return *captures;
    }
    if (peek(reader) == '|') { /* numbers its groups in a way of its own */
        reader->at = reader->text.size;
    }
    if (take(reader, SLICE(":"))) {
        *captures = false;
        return true;
    }
    (void)take(reader, SLICE("P"));
    char quote = peek(reader);
    char next = peek_ahead(reader, 1);
    if ((quote != '<' && quote != '\'') || next == '=' || next == '!') {
        *captures = false;
        return false;
    }
    struct slice rest = slice_skip(reader->text, reader->at + 1);
    size_t size = slice_find_byte(rest, quote == '<' ? '>' : '\'');
    *name = slice_take(rest, size);
    reader->at += size + 2;
    return true;
}

static struct pattern_texts read_group(struct reader *reader) {
    size_t begin = reader->at;
    reader->at++;
    bool captures;
    struct slice name;
    bool is_plain = read_group_head(reader, &captures, &name);
    uint32_t number = captures ? ++reader->group_count : 0;
    struct pattern_texts texts = read_alternatives(reader);
    (void)take(reader, SLICE(")"));
    if (!is_plain) {
        texts = anything(reader);
    }
    if (captures) {
        struct group group = {
            .number = number,
            .name = name,
            .texts = texts,
            .is_certain = reader->depth == 1,
            .is_at_start = begin == 1 && reader->text.data[0] == '^',
        };
        VECTOR_PUSH(reader->arena, &reader->groups, group);
    }
    return texts;
}

/* Whether an escaped character stands for itself: PCRE2 gives meaning to letters and digits
 * only. */
static bool is_literal_escape(char c) {
    return strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ", c) != NULL && c != '\0';
}

static struct pattern_texts read_atom(struct reader *reader) {
    const char *data = &reader->text.data[reader->at];
    char c = *data;
    if (c == '(') {
        return read_group(reader);
    }
    if (c == '[') {
        skip_class(reader);
        return anything(reader);
    }
    if (c == '\\') {
        bool is_literal = reader->at + 1 < reader->text.size && is_literal_escape(data[1]);
        reader->at += 2;
        return is_literal ? one_text(reader, (struct slice){data + 1, 1}, false) : anything(reader);
    }
    reader->at++;
    if (c == '.' || c == '^' || c == '$') {
        return anything(reader);
    }
    return one_text(reader, (struct slice){data, 1}, false);
}

/* Applies what follows an atom: ?, *, +, {n,m}, each possibly lazy or possessive. */
static struct pattern_texts read_quantifier(struct reader *reader, struct pattern_texts texts,
                                            size_t first_group) {
    char c = peek(reader);
    if (c != '?' && c != '*' && c != '+' && c != '{') {
        return texts;
    }
    if (c == '{') {
        reader->at += slice_find_byte(slice_skip(reader->text, reader->at), '}');
    }
    reader->at++;
    for (size_t i = first_group; c != '+' && i < reader->groups.count; i++) {
        reader->groups.items[i].is_certain = false;
    }
    if (peek(reader) == '+') {
        reader->is_exact = false;
    }
    (void)(take(reader, SLICE("?")) || take(reader, SLICE("+")));
    if (c == '?') {
        struct pattern_texts none = one_text(reader, SLICE(""), false);
        return unite(reader, &texts, &none);
    }
    struct pattern_texts more = anything(reader);
    return c == '+' ? concatenate(reader, &texts, &more) : more;
}

/* Takes ".*" or ".*?": a gap that may indeed hold anything, as a path holds no line break worth the
 * difference. */
static bool take_gap(struct reader *reader) {
    char next = peek_ahead(reader, 2);
    if (peek(reader) != '.' || peek_ahead(reader, 1) != '*' || next == '+' || next == '*' ||
        next == '{') {
        return false;
    }
    reader->at += next == '?' ? 3 : 2;
    return true;
}

/* One branch, up to '|', ')' or the end. Anchors count at its very ends, and only outside of
 * groups; elsewhere they are not understood. */
static struct pattern_texts read_branch(struct reader *reader) {
    bool is_outermost = reader->depth == 1;
    bool at_start = is_outermost && take(reader, SLICE("^"));
    bool at_end = false;
    struct pattern_texts texts = one_text(reader, SLICE(""), false);
    while (reader->at < reader->text.size && peek(reader) != '|' && peek(reader) != ')') {
        struct slice rest = slice_skip(reader->text, reader->at);
        if (is_outermost && rest.data[0] == '$' && (rest.size == 1 || rest.data[1] == '|')) {
            at_end = true;
            reader->at++;
            continue;
        }
        if (take_gap(reader)) {
            struct pattern_texts gap = one_text(reader, SLICE(""), true);
            texts = concatenate(reader, &texts, &gap);
            continue;
        }
        size_t first_group = reader->groups.count;
        struct pattern_texts atom = read_atom(reader);
        atom = read_quantifier(reader, atom, first_group);
        texts = concatenate(reader, &texts, &atom);
    }
    for (size_t i = 0; i < texts.items.count; i++) {
        texts.items.items[i].at_start = at_start;
        texts.items.items[i].at_end = at_end;
    }
    return texts;
}

static struct pattern_texts read_alternatives(struct reader *reader) {
    size_t first_group = reader->groups.count;
    reader->depth++;
    struct pattern_texts texts;
    if (reader->depth > DEPTH_LIMIT) {
        reader->at = reader->text.size;
        texts = anything(reader);
    } else {
        texts = read_branch(reader);
    }
    bool has_branches = false;
    while (take(reader, SLICE("|"))) {
        has_branches = true;
        struct pattern_texts branch = read_branch(reader);
        texts = unite(reader, &texts, &branch);
    }
    for (size_t i = first_group; has_branches && i < reader->groups.count; i++) {
        reader->groups.items[i].is_certain = false;
    }
    reader->depth--;
    return texts;
}

/* A stray ')' ends an expression that does not compile; the model has said so already. */
static struct pattern_texts read_all(struct reader *reader) {
    struct pattern_texts texts = read_alternatives(reader);
    return reader->at < reader->text.size ? anything(reader) : texts;
}

/* "a.*" and "a.*$" match what "a" matches, and so do ".*a" and "^.*a"; a path holds no line
 * break worth the difference. */
static struct slice strip_padding(struct slice text) {
    static const struct slice endings[] = {SLICE_INIT(".*$"), SLICE_INIT("(.*)$"), SLICE_INIT(".*"),
                                           SLICE_INIT("(.*)")};
    static const struct slice beginnings[] = {SLICE_INIT("^.*"), SLICE_INIT("^(.*)"),
                                              SLICE_INIT(".*"), SLICE_INIT("(.*)")};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t rest = text.size - endings[i].size;
        if (slice_ends_with(text, endings[i]) && (rest == 0 || text.data[rest - 1] != '\\')) {
            text.size = rest;
            break;
        }
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        struct slice rest = slice_skip(text, beginnings[i].size);
        if (slice_starts_with(text, beginnings[i]) &&
            (rest.size == 0 || strchr("?+*{", rest.data[0]) == NULL)) {
            return rest;
        }
    }
    return text;
}

struct pattern pattern_read(struct arena *arena, struct slice expression, bool ignores_case) {
    struct reader reader = {.arena = arena, .text = strip_padding(expression), .is_exact = true};
    struct pattern pattern = {.ignores_case = ignores_case};
    pattern.texts = read_all(&reader);
    pattern.is_exact = reader.is_exact;
    return pattern;
}

struct pattern_texts pattern_read_group(struct arena *arena, struct slice expression,
                                        uint32_t number, struct slice name,
                                        struct slice subject_begins) {
    struct reader reader = {.arena = arena, .text = expression, .is_exact = true};
    (void)read_all(&reader);
    struct pattern_texts texts = {0};
    for (size_t i = 0; i < reader.groups.count; i++) {
        const struct group *group = &reader.groups.items[i];
        if (number != 0 ? group->number != number : !slice_equals_nocase(group->name, name)) {
            continue;
        }
        for (size_t j = 0; j < group->texts.items.count; j++) {
            struct pattern_text text = group->texts.items.items[j];
            bool is_unknown = text.is_open && text.text.size == 0;
            if (is_unknown && group->is_at_start && subject_begins.size > 0) {
                text.text = subject_begins;
            }
            add_text(&reader, &texts, text);
        }
        if (!group->is_certain) {
            add_text(&reader, &texts, (struct pattern_text){.text = SLICE("")});
        }
    }
    return texts.items.count > 0 ? texts : anything(&reader);
}

static bool text_matches_every_path(const struct pattern_text *text) {
    return !text->is_open && !(text->at_end && text->text.size > 0) &&
           !(text->at_end && text->at_start) &&
           (text->text.size == 0 || slice_equals(text->text, SLICE("/")));
}

bool pattern_matches_every_path(const struct pattern *pattern) {
    for (size_t i = 0; pattern->is_exact && i < pattern->texts.items.count; i++) {
        if (text_matches_every_path(&pattern->texts.items.items[i])) {
            return true;
        }
    }
    return false;
}

static bool equal_bytes(const char *a, const char *b, size_t size, bool ignores_case) {
    struct slice left = {a, size};
    struct slice right = {b, size};
    return ignores_case ? slice_equals_nocase(left, right) : slice_equals(left, right);
}

static bool contains(struct slice text, struct slice part, bool ignores_case) {
    for (size_t i = 0; i + part.size <= text.size; i++) {
        if (equal_bytes(text.data + i, part.data, part.size, ignores_case)) {
            return true;
        }
    }
    return false;
}

static bool ends_with(struct slice text, struct slice ending, bool ignores_case) {
    return text.size >= ending.size && equal_bytes(text.data + (text.size - ending.size),
                                                   ending.data, ending.size, ignores_case);
}

/* The same for an `outer` with a gap, anchored at both ends. */
static bool open_text_covers(const struct pattern_text *outer, const struct pattern_text *inner,
                             bool ignores_case) {
    struct slice ending = inner->is_open ? inner->ending : inner->text;
    return outer->at_start && outer->at_end && inner->at_start && inner->at_end &&
           inner->text.size >= outer->text.size &&
           equal_bytes(inner->text.data, outer->text.data, outer->text.size, ignores_case) &&
           ends_with(ending, outer->ending, ignores_case) &&
           (inner->is_open || inner->text.size >= outer->text.size + outer->ending.size);
}

/* Whether a subject that matches `inner` must match `outer`. */
static bool text_covers(const struct pattern_text *outer, const struct pattern_text *inner,
                        bool ignores_case) {
    struct slice text = outer->text;
    bool starts = inner->at_start && inner->text.size >= text.size &&
                  equal_bytes(inner->text.data, text.data, text.size, ignores_case);
    bool ends = inner->at_end &&
                ends_with(inner->is_open ? inner->ending : inner->text, text, ignores_case);
    if (outer->is_open) {
        return open_text_covers(outer, inner, ignores_case);
    }
    if (outer->at_start && outer->at_end) {
        return starts && ends && !inner->is_open && inner->text.size == text.size;
    }
    if (outer->at_start) {
        return starts;
    }
    if (outer->at_end) {
        return ends;
    }
    return contains(inner->text, text, ignores_case) ||
           (inner->is_open && contains(inner->ending, text, ignores_case));
}

static bool is_covered(const struct pattern *outer, const struct pattern_text *inner) {
    for (size_t i = 0; i < outer->texts.items.count; i++) {
        if (text_covers(&outer->texts.items.items[i], inner, outer->ignores_case)) {
            return true;
        }
    }
    return false;
}

bool pattern_covers(const struct pattern *outer, const struct pattern *inner) {
    if (pattern_matches_every_path(outer)) {
        return true;
    }
    if (!outer->is_exact || (inner->ignores_case && !outer->ignores_case)) {
        return false;
    }
    for (size_t i = 0; i < inner->texts.items.count; i++) {
        if (!is_covered(outer, &inner->texts.items.items[i])) {
            return false;
        }
    }
    return true;
}

bool pattern_covers_prefix(const struct pattern *pattern, struct slice prefix) {
    struct pattern_text inner = {.text = prefix, .is_open = true, .at_start = true};
    return pattern_matches_every_path(pattern) ||
           (pattern->is_exact && is_covered(pattern, &inner));
}

bool pattern_is_enumeration(const struct pattern *pattern) {
    for (size_t i = 0; i < pattern->texts.items.count; i++) {
        const struct pattern_text *text = &pattern->texts.items.items[i];
        if (text->is_open || !text->at_start || !text->at_end) {
            return false;
        }
    }
    return true;
}
