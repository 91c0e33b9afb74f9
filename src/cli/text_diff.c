/* Unified diffs, made from the edits themselves: which lines change is known beforehand. */
#include "cli/text_diff.h"

#include "base/text.h"

enum { CONTEXT = 3 };

static void add_edited(struct text *out, struct slice text, size_t begin, size_t end,
                       const struct diagnostic_edit *edits, size_t count) {
    size_t at = begin;
    for (size_t i = 0; i < count; i++) {
        text_add(out, slice_take(slice_skip(text, at), edits[i].span.begin - at));
        text_add(out, edits[i].text);
        at = edits[i].span.end;
    }
    text_add(out, slice_take(slice_skip(text, at), end - at));
}

struct slice text_edits_apply(struct arena *arena, struct slice text,
                              const struct text_edits *edits) {
    struct text out;
    text_init(&out, arena);
    add_edited(&out, text, 0, text.size, edits->items.items, edits->items.count);
    return text_slice(&out);
}

/* Whole lines of the old text, and what becomes of them. */
struct change {
    size_t begin;
    size_t end;
    struct slice lines;
};

struct changes {
    VECTOR_OF(struct change) items;
};

static size_t line_begin(struct slice text, size_t at) {
    while (at > 0 && text.data[at - 1] != '\n') {
        at--;
    }
    return at;
}

static size_t line_end(struct slice text, size_t at) {
    size_t size = slice_find_byte(slice_skip(text, at), '\n');
    return at + size < text.size ? at + size + 1 : text.size;
}

/* The end of the lines that edits change: none behind when what goes or comes is whole lines. */
static size_t change_end(struct slice text, size_t begin, const struct diagnostic_edit *edit) {
    bool is_whole = edit->span.begin == begin &&
                    edit->span.end == line_begin(text, edit->span.end) &&
                    (edit->text.size == 0 || edit->text.data[edit->text.size - 1] == '\n');
    return is_whole ? edit->span.end : line_end(text, edit->span.end);
}

static struct changes find_changes(struct arena *arena, struct slice text,
                                   const struct text_edits *edits) {
    struct changes changes = {0};
    for (size_t i = 0; i < edits->items.count;) {
        const struct diagnostic_edit *first = &edits->items.items[i];
        size_t begin = line_begin(text, first->span.begin);
        size_t end = change_end(text, begin, first);
        size_t count = 1;
        while (i + count < edits->items.count && first[count].span.begin < end) {
            if (first[count].span.end >= end) {
                end = change_end(text, begin, &first[count]);
            }
            count++;
        }
        struct text lines;
        text_init(&lines, arena);
        add_edited(&lines, text, begin, end, first, count);
        VECTOR_PUSH(arena, &changes.items, (struct change){begin, end, text_slice(&lines)});
        i += count;
    }
    return changes;
}

static size_t count_lines(struct slice text) {
    size_t count = 0;
    for (size_t at = 0; at < text.size; at = line_end(text, at)) {
        count++;
    }
    return count;
}

static void print_lines(FILE *out, char mark, struct slice text) {
    while (text.size > 0) {
        struct slice line = slice_take(text, line_end(text, 0));
        fprintf(out, "%c%.*s", mark, SLICE_ARGS(line));
        if (line.data[line.size - 1] != '\n') {
            fputs("\n\\ No newline at end of file\n", out);
        }
        text = slice_skip(text, line.size);
    }
}

static size_t lines_before(struct slice text, size_t at, int count) {
    for (int i = 0; i < count && at > 0; i++) {
        at = line_begin(text, at - 1);
    }
    return at;
}

static size_t lines_after(struct slice text, size_t at, int count) {
    for (int i = 0; i < count && at < text.size; i++) {
        at = line_end(text, at);
    }
    return at;
}

static struct slice part(struct slice text, size_t begin, size_t end) {
    return slice_take(slice_skip(text, begin), end - begin);
}

/* "-12,3": an empty range names the line before it. */
static void print_range(FILE *out, char mark, size_t before, size_t count) {
    fprintf(out, "%c%zu", mark, count == 0 ? before : before + 1);
    if (count != 1) {
        fprintf(out, ",%zu", count);
    }
}

/* Changes `first` up to but not including `last`, which are near enough to share a hunk. `grown` is
 * by how many lines the text has grown before. Returns by how many it has behind. */
static size_t print_hunk(FILE *out, struct slice text, const struct change *changes, size_t count,
                         size_t grown) {
    size_t begin = lines_before(text, changes[0].begin, CONTEXT);
    size_t end = lines_after(text, changes[count - 1].end, CONTEXT);
    size_t before = count_lines(slice_take(text, begin));
    size_t old = count_lines(part(text, begin, end));
    size_t new = old;
    for (size_t i = 0; i < count; i++) {
        new += count_lines(changes[i].lines);
        new -= count_lines(part(text, changes[i].begin, changes[i].end));
    }
    fputs("@@ ", out);
    print_range(out, '-', before, old);
    fputc(' ', out);
    print_range(out, '+', before + grown, new);
    fputs(" @@\n", out);
    for (size_t i = 0; i < count; i++) {
        print_lines(out, ' ', part(text, begin, changes[i].begin));
        print_lines(out, '-', part(text, changes[i].begin, changes[i].end));
        print_lines(out, '+', changes[i].lines);
        begin = changes[i].end;
    }
    print_lines(out, ' ', part(text, begin, end));
    return grown + new - old; /* modulo the size of size_t: it may shrink */
}

void text_edits_print(FILE *out, struct arena *arena, struct slice name, struct slice text,
                      const struct text_edits *edits) {
    struct changes changes = find_changes(arena, text, edits);
    if (changes.items.count == 0) {
        return;
    }
    fprintf(out, "--- %.*s\n+++ %.*s\n", SLICE_ARGS(name), SLICE_ARGS(name));
    size_t grown = 0;
    for (size_t i = 0; i < changes.items.count;) {
        size_t count = 1;
        while (i + count < changes.items.count &&
               lines_after(text, changes.items.items[i + count - 1].end, 2 * CONTEXT) >=
                   changes.items.items[i + count].begin) {
            count++;
        }
        grown = print_hunk(out, text, &changes.items.items[i], count, grown);
        i += count;
    }
}
