/* Fingerprints: what a finding is recognised by after lines have moved. They are kept in baselines
 * and by services that read SARIF, so what goes into them must not change. */
#include "cli/lint.h"

#include "base/text.h"

#include <inttypes.h>

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The line without its indent, and with one space for several. */
static void add_normalised(struct text *text, struct slice line) {
    bool has_gap = false;
    size_t begin = text->size;
    for (size_t i = 0; i < line.size; i++) {
        if (is_space(line.data[i])) {
            has_gap = text->size > begin;
            continue;
        }
        if (has_gap) {
            text_add_byte(text, ' ');
        }
        has_gap = false;
        text_add_byte(text, line.data[i]);
    }
}

/* The line that was hashed last: of a long one with many findings once is enough. */
struct line_hash {
    bool is_known;
    uint32_t source;
    uint32_t line;
    uint64_t hash;
};

static uint64_t hash_line(struct lint_report *report, struct lint_file *file, struct span span,
                          struct line_hash *latest) {
    struct source_set *sources = &file->input->sources;
    uint32_t line = source_locate(sources, span.source, span.begin).line;
    if (!latest->is_known || latest->source != span.source || latest->line != line) {
        struct text text;
        text_init(&text, report->arena);
        add_normalised(&text, source_line(sources, span.source, line));
        *latest = (struct line_hash){true, span.source, line, slice_hash(text_slice(&text))};
    }
    return latest->hash;
}

/* The message is no part of it: its words may become better ones. */
static struct slice describe(struct lint_report *report, struct lint_file *file,
                             const struct lint_finding *finding, struct line_hash *latest) {
    struct text text;
    text_init(&text, report->arena);
    text_add(&text, finding_kind_name(report->arena, finding->kind));
    text_add_byte(&text, '\0');
    text_add(&text, lint_project_path(report, file, finding->name));
    if (finding->diagnostic->has_span) {
        text_format(&text, "/%016" PRIx64,
                    hash_line(report, file, finding->diagnostic->span, latest));
    }
    return text_slice(&text);
}

void lint_take_prints(struct lint_report *report, struct lint_file *file,
                      struct lint_findings *findings) {
    struct line_hash latest = {0};
    for (size_t i = 0; i < findings->items.count; i++) {
        struct lint_finding *finding = &findings->items.items[i];
        struct slice key = describe(report, file, finding, &latest);
        uint32_t *count = arena_require(report->arena, sizeof *count);
        count = map_insert(&report->prints, key, count);
        ++*count;
        finding->print = arena_format(report->arena, "%016" PRIx64 ":%u", slice_hash(key), *count);
    }
}
