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

/* Code units of what stands before a column. A byte that is not UTF-8 is shown as one U+FFFD. */
static uint32_t count_units(struct source_set *sources, uint32_t source, struct position position) {
    struct slice rest =
        slice_take(source_line(sources, source, position.line), position.column - 1);
    /* At a line's end the column may count bytes of the line end, which are units, too. */
    uint32_t units = position.column - 1 - (uint32_t)rest.size;
    while (rest.size > 0) {
        uint32_t point = 0;
        size_t size = glyph_decode_utf8(rest, &point);
        units += size > 0 && point > 0xffff ? 2 : 1;
        rest = slice_skip(rest, size > 0 ? size : 1);
    }
    return units;
}

struct lint_region lint_region_in_units(struct source_set *sources, struct span span) {
    struct lint_region region = lint_region_in_bytes(sources, span);
    region.begin.column = count_units(sources, span.source, region.begin) + 1;
    region.end.column = count_units(sources, span.source, region.end) + 1;
    return region;
}

const struct source *lint_source(const struct lint_file *file, struct span span) {
    return file->input->sources.all.items[span.source];
}
