/* Findings as one JSON document:
 *
 *     {"version": 1,
 *      "files": ["site.conf"],
 *      "findings": [{"rule": "open-proxy", "severity": "error", "message": "...", "help": "...",
 *                    "file": "site.conf", "line": 3, "column": 20, "end_line": 3,
 *                    "end_column": 31, "notes": [{"message": "...", "file": ..., ...}]}],
 *      "errors": [{"code": "RPC0100", ...as above}],
 *      "summary": {"findings": 1, "error": 1, "warning": 0, "info": 0, "note": 0,
 *                  "input_errors": 0}}
 *
 * Lines and columns count from 1, columns in bytes; the end is just behind the last byte. A note
 * without a place has no file and line. Warnings of the compiler are findings whose rule is their
 * code. The version changes when a member changes its meaning or goes; members may be added. */
#include "cli/json_text.h"
#include "cli/lint.h"

#include <string.h>

#define FORMAT_VERSION 1

static void put_place(json_t *object, struct source_set *sources, struct span span) {
    struct position begin = source_locate(sources, span.source, span.begin);
    struct position end = source_locate(sources, span.source, span.end);
    json_put(object, "file", json_text(sources->all.items[span.source]->name));
    json_put(object, "line", json_integer(begin.line));
    json_put(object, "column", json_integer(begin.column));
    json_put(object, "end_line", json_integer(end.line));
    json_put(object, "end_column", json_integer(end.column));
}

static json_t *describe(struct source_set *sources, const struct diagnostic *diagnostic,
                        const char *label_key) {
    json_t *object = json_require(json_object());
    json_put(object, label_key, json_text(diagnostic->label));
    json_put(object, "severity", json_text(slice_from_string(severity_name(diagnostic->severity))));
    json_put(object, "message", json_text(diagnostic->message));
    json_put(object, "help", json_text(diagnostic->help));
    if (diagnostic->has_span) {
        put_place(object, sources, diagnostic->span);
    }
    json_t *notes = json_require(json_array());
    for (size_t i = 0; i < diagnostic->notes.count; i++) {
        json_t *note = json_require(json_object());
        json_put(note, "message", json_text(diagnostic->notes.items[i].message));
        if (diagnostic->notes.items[i].has_span) {
            put_place(note, sources, diagnostic->notes.items[i].span);
        }
        json_append(notes, note);
    }
    json_put(object, "notes", notes);
    return object;
}

void lint_json_begin(struct lint_report *report) {
    report->files = json_require(json_array());
    report->findings = json_require(json_array());
    report->errors = json_require(json_array());
}

void lint_json_add(struct lint_report *report, const char *path, struct input *input,
                   const struct input_diagnostics *findings) {
    struct slice name = slice_from_string(strcmp(path, "-") == 0 ? "<stdin>" : path);
    json_append(report->files, json_text(name));
    for (size_t i = 0; i < findings->items.count; i++) {
        json_append(report->findings, describe(&input->sources, findings->items.items[i], "rule"));
    }
    struct input_diagnostics errors = input_collect(input, SEVERITY_ERROR, SEVERITY_ERROR);
    for (size_t i = 0; i < errors.items.count; i++) {
        json_append(report->errors, describe(&input->sources, errors.items.items[i], "code"));
    }
}

void lint_json_finish(struct lint_report *report) {
    json_t *summary = json_require(json_object());
    json_put(summary, "findings", json_integer((json_int_t)json_array_size(report->findings)));
    for (size_t i = SEVERITY_ERROR + 1; i-- > 0;) {
        json_put(summary, severity_name((enum severity)i),
                 json_integer((json_int_t)report->counts[i]));
    }
    json_put(summary, "input_errors", json_integer((json_int_t)report->error_count));
    json_t *document = json_require(json_object());
    json_put(document, "version", json_integer(FORMAT_VERSION));
    json_put(document, "files", report->files);
    json_put(document, "findings", report->findings);
    json_put(document, "errors", report->errors);
    json_put(document, "summary", summary);
    json_print(document);
    json_decref(document);
}
