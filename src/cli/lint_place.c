/* Places for other programs: paths from the working directory, URIs, columns in UTF-16. */
#include "cli/lint.h"

#include "base/text.h"
#include "syntax/glyph.h"

#include <string.h>

/* Takes "." and ".." and repeated slashes out of a path that begins at the root. What is a symbolic
 * link on the way is not asked: the name is for people. */
static struct slice normalise(struct arena *arena, struct slice path) {
    struct text clean;
    text_init(&clean, arena);
    while (path.size > 0) {
        path = slice_skip(path, 1); /* a slash */
        struct slice part = slice_take(path, slice_find_byte(path, '/'));
        path = slice_skip(path, part.size);
        if (slice_equals(part, SLICE(".."))) {
            while (clean.size > 0 && clean.data[--clean.size] != '/') {
            }
        } else if (part.size > 0 && !slice_equals(part, SLICE("."))) {
            text_add_byte(&clean, '/');
            text_add(&clean, part);
        }
    }
    return text_slice(&clean);
}

struct slice lint_full_path(struct lint_report *report, struct slice name) {
    if (slice_starts_with(name, SLICE("<"))) {
        return name; /* standard input */
    }
    if (!slice_starts_with(name, SLICE("/"))) {
        name = arena_format(report->arena, "%.*s%.*s", SLICE_ARGS(report->directory),
                            SLICE_ARGS(name));
    }
    return normalise(report->arena, name);
}

struct slice lint_path(struct lint_report *report, struct slice name) {
    struct slice path = lint_full_path(report, name);
    return slice_starts_with(path, report->directory) ? slice_skip(path, report->directory.size)
                                                      : path;
}

struct slice lint_uri(struct arena *arena, struct slice path) {
    static const char plain[] =
        "/-._~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    struct text uri;
    text_init(&uri, arena);
    text_add(&uri, slice_starts_with(path, SLICE("/")) ? SLICE("file://") : SLICE(""));
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] != '\0' && strchr(plain, path.data[i]) != NULL) {
            text_add_byte(&uri, path.data[i]);
        } else {
            text_format(&uri, "%%%02X", (unsigned char)path.data[i]);
        }
    }
    return text_slice(&uri);
}

struct lint_region lint_region_in_bytes(struct source_set *sources, struct span span) {
    return (struct lint_region){source_locate(sources, span.source, span.begin),
                                source_locate(sources, span.source, span.end)};
}

/* Code units of UTF-16. A byte that is not UTF-8 is shown as one U+FFFD. */
static uint32_t count_units(struct slice text) {
    uint32_t units = 0;
    while (text.size > 0) {
        uint32_t point = 0;
        size_t size = glyph_decode_utf8(text, &point);
        units += size > 0 && point > 0xffff ? 2 : 1;
        text = slice_skip(text, size > 0 ? size : 1);
    }
    return units;
}

/* Of a long line, which may hold many findings, the units are counted once, and noted where a step
 * begins. */
enum { STEP = 4096 };

struct line_steps {
    size_t count;
    struct {
        uint32_t byte;  /* where a character begins */
        uint32_t units; /* before it */
    } steps[];
};

struct line_key {
    const struct source *source;
    uint64_t line;
};

static struct line_steps *measure_line(struct arena *arena, struct slice line) {
    size_t most = line.size / STEP + 1;
    struct line_steps *steps = arena_require(arena, sizeof *steps + most * sizeof steps->steps[0]);
    uint32_t units = 0;
    for (size_t at = 0; at < line.size && steps->count < most;) {
        steps->steps[steps->count].byte = (uint32_t)at;
        steps->steps[steps->count++].units = units;
        for (size_t end = at + STEP; at < line.size && at < end;) {
            uint32_t point = 0;
            size_t size = glyph_decode_utf8(slice_skip(line, at), &point);
            units += size > 0 && point > 0xffff ? 2 : 1;
            at += size > 0 ? size : 1;
        }
    }
    return steps;
}

static const struct line_steps *find_steps(struct lint_report *report, const struct source *source,
                                           uint32_t line, struct slice text) {
    struct line_key *key = arena_require(report->arena, sizeof *key);
    key->source = source;
    key->line = line;
    struct slice bytes = {(const char *)key, sizeof *key};
    struct line_steps *steps = map_find(&report->columns, bytes);
    if (steps == NULL) {
        steps = measure_line(report->arena, text);
        map_set(&report->columns, bytes, steps);
    }
    return steps;
}

/* Units before a byte of a line. */
static uint32_t units_before(struct lint_report *report, const struct source *source, uint32_t line,
                             struct slice text, uint32_t byte) {
    if (byte < STEP) {
        return count_units(slice_take(text, byte));
    }
    const struct line_steps *steps = find_steps(report, source, line, text);
    size_t step = byte / STEP < steps->count ? byte / STEP : steps->count - 1;
    while (steps->steps[step].byte > byte) {
        step--;
    }
    uint32_t begin = steps->steps[step].byte;
    return steps->steps[step].units +
           count_units(slice_take(slice_skip(text, begin), byte - begin));
}

static uint32_t column_in_units(struct lint_report *report, const struct lint_file *file,
                                uint32_t id, struct position position) {
    struct source_set *sources = &file->input->sources;
    struct slice text = source_line(sources, id, position.line);
    uint32_t byte = position.column - 1;
    /* At a line's end the column may count bytes of the line end, which are units, too. */
    uint32_t beyond = byte > text.size ? byte - (uint32_t)text.size : 0;
    return 1 + beyond +
           units_before(report, sources->all.items[id], position.line, text, byte - beyond);
}

struct lint_region lint_region_in_units(struct lint_report *report, const struct lint_file *file,
                                        struct span span) {
    struct lint_region region = lint_region_in_bytes(&file->input->sources, span);
    region.begin.column = column_in_units(report, file, span.source, region.begin);
    region.end.column = column_in_units(report, file, span.source, region.end);
    return region;
}

const struct source *lint_source(const struct lint_file *file, struct span span) {
    return file->input->sources.all.items[span.source];
}
