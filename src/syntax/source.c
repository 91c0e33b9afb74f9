/* Source texts: their lines, and places in them. */
#include "syntax/source.h"

/* Some editors begin a file with this; it takes no column of the first line. */
static const char byte_order_mark[] = "\xef\xbb\xbf";

void source_set_init(struct source_set *set, struct arena *arena) {
    *set = (struct source_set){.arena = arena};
}

struct source *source_add(struct source_set *set, struct slice name, struct slice text) {
    struct source *source = arena_require(set->arena, sizeof *source);
    source->id = (uint32_t)set->all.count;
    source->name = name;
    source->text = text;
    VECTOR_PUSH(set->arena, &set->all, source);
    return source;
}

static uint32_t count_lines(struct slice text) {
    uint32_t count = 1;
    for (size_t at = slice_find_byte(text, '\n'); at < text.size;) {
        count++;
        at += 1 + slice_find_byte(slice_skip(text, at + 1), '\n');
    }
    return count;
}

static void index_lines(struct arena *arena, struct source *source) {
    struct slice text = source->text;
    source->line_count = count_lines(text);
    source->line_starts = arena_require(arena, source->line_count * sizeof *source->line_starts);
    uint32_t start = slice_starts_with(text, SLICE(byte_order_mark)) ? 3 : 0;
    for (uint32_t line = 0; line < source->line_count; line++) {
        source->line_starts[line] = start;
        start += (uint32_t)slice_find_byte(slice_skip(text, start), '\n') + 1;
    }
}

static struct source *indexed(struct source_set *set, uint32_t id) {
    struct source *source = set->all.items[id];
    if (source->line_starts == NULL) {
        index_lines(set->arena, source);
    }
    return source;
}

/* Lines behind the latest one that are looked at before all others. */
enum { LINES_AHEAD = 32 };

struct position source_locate(struct source_set *set, uint32_t id, uint32_t offset) {
    struct source *source = indexed(set, id);
    uint32_t low = 0;
    uint32_t high = source->line_count; /* the line is in low .. high - 1 */
    uint32_t latest = source->latest_line;
    if (source->line_starts[latest] <= offset) {
        low = latest;
        if (high - low > LINES_AHEAD && source->line_starts[low + LINES_AHEAD] > offset) {
            high = low + LINES_AHEAD;
        }
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    source->latest_line = low;
    uint32_t start = source->line_starts[low];
    return (struct position){low + 1, offset < start ? 1 : offset - start + 1};
}

struct slice source_line(struct source_set *set, uint32_t id, uint32_t line) {
    const struct source *source = indexed(set, id);
    if (line == 0 || line > source->line_count) {
        return (struct slice){NULL, 0};
    }
    /* No look at the text: a line may be as long as the file, and be asked for often. */
    size_t begin = source->line_starts[line - 1];
    size_t end = line < source->line_count ? source->line_starts[line] - 1 : source->text.size;
    struct slice text = slice_take(slice_skip(source->text, begin), end > begin ? end - begin : 0);
    if (text.size > 0 && text.data[text.size - 1] == '\r') {
        text.size--;
    }
    return text;
}

struct span span_join(struct span first, struct span last) {
    return (struct span){first.source, first.begin, last.end};
}

int span_compare(struct span a, struct span b) {
    if (a.source != b.source) {
        return a.source < b.source ? -1 : 1;
    }
    return (a.begin > b.begin) - (a.begin < b.begin);
}
