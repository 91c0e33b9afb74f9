/* Findings as one JSON document, which docs/lint.schema.json describes:
 *
 *     {"version": 1,
 *      "files": ["site.conf"],
 *      "findings": [{"rule": "open-proxy", "severity": "error", "message": "...", "help": "...",
 *                    "file": "site.conf", "line": 3, "column": 20, "end_line": 3,
 *                    "end_column": 31, "notes": [{"message": "...", "file": ..., ...}],
 *                    "fingerprint": "...", "edits": [{"file": ..., ..., "text": "..."}]}],
 *      "errors": [{"code": "RPC0100", ...as above}],
 *      "suppressed": [{"rule": ..., "reason": "...", ...as above}],
 *      "known": [...as findings, those of the baseline],
 *      "summary": {"findings": 1, "error": 1, "warning": 0, "info": 0, "note": 0,
 *                  "input_errors": 0, "suppressed": 0, "known": 0, "gone": 0}}
 *
 * Lines and columns count from 1, columns in bytes; the end is just behind the last byte. A note
 * without a place has no file and line. Warnings of the compiler are findings whose rule is their
 * code. The version changes when a member changes its meaning or goes; members may be added. */
#include "cli/json_text.h"
#include "cli/lint.h"

#define FORMAT_VERSION 1

static void put_place(json_t *object, struct source_set *sources, struct span span) {
    struct lint_region region = lint_region_in_bytes(sources, span);
    json_put(object, "file", json_text(sources->all.items[span.source]->name));
    json_put(object, "line", json_integer(region.begin.line));
    json_put(object, "column", json_integer(region.begin.column));
    json_put(object, "end_line", json_integer(region.end.line));
    json_put(object, "end_column", json_integer(region.end.column));
}

static json_t *describe_notes(struct source_set *sources, const struct diagnostic *diagnostic) {
    json_t *notes = json_require(json_array());
    for (size_t i = 0; i < diagnostic->notes.count; i++) {
        json_t *note = json_require(json_object());
        json_put(note, "message", json_text(diagnostic->notes.items[i].message));
        if (diagnostic->notes.items[i].has_span) {
            put_place(note, sources, diagnostic->notes.items[i].span);
        }
        json_append(notes, note);
    }
    return notes;
}

static json_t *describe_edits(struct source_set *sources, const struct diagnostic *diagnostic) {
    json_t *edits = json_require(json_array());
    for (size_t i = 0; i < diagnostic->edits.count; i++) {
        json_t *edit = json_require(json_object());
        put_place(edit, sources, diagnostic->edits.items[i].span);
        json_put(edit, "text", json_text(diagnostic->edits.items[i].text));
        json_append(edits, edit);
    }
    return edits;
}

static json_t *describe(const struct lint_file *file, const struct lint_finding *finding,
                        const char *label_key) {
    struct source_set *sources = &file->input->sources;
    const struct diagnostic *diagnostic = finding->diagnostic;
    json_t *object = json_require(json_object());
    json_put(object, label_key, json_text(diagnostic->label));
    json_put(object, "severity", json_text(slice_from_string(severity_name(diagnostic->severity))));
    json_put(object, "message", json_text(diagnostic->message));
    json_put(object, "help", json_text(diagnostic->help));
    if (diagnostic->has_span) {
        put_place(object, sources, diagnostic->span);
    }
    json_put(object, "notes", describe_notes(sources, diagnostic));
    json_put(object, "fingerprint", json_text(finding->print));
    if (diagnostic->edits.count > 0) {
        json_put(object, "edits", describe_edits(sources, diagnostic));
    }
    return object;
}

static void add_findings(json_t *array, const struct lint_file *file,
                         const struct lint_findings *findings, const char *label_key,
                         bool has_reasons) {
    for (size_t i = 0; i < findings->items.count; i++) {
        json_t *object = describe(file, &findings->items.items[i], label_key);
        if (has_reasons) {
            json_put(object, "reason", json_text(findings->items.items[i].reason));
        }
        json_append(array, object);
    }
}

static json_t *summarise(const struct lint_report *report) {
    json_t *summary = json_require(json_object());
    json_put(summary, "findings", json_integer((json_int_t)report->finding_count));
    for (size_t i = SEVERITY_ERROR + 1; i-- > 0;) {
        json_put(summary, severity_name((enum severity)i),
                 json_integer((json_int_t)report->counts[i]));
    }
    json_put(summary, "input_errors", json_integer((json_int_t)report->error_count));
    json_put(summary, "suppressed", json_integer((json_int_t)report->suppressed_count));
    json_put(summary, "known", json_integer((json_int_t)report->known_count));
    json_put(summary, "gone", json_integer((json_int_t)report->gone_count));
    return summary;
}

void lint_print_json(struct lint_report *report) {
    json_t *files = json_require(json_array());
    json_t *findings = json_require(json_array());
    json_t *errors = json_require(json_array());
    json_t *suppressed = json_require(json_array());
    json_t *known = json_require(json_array());
    for (size_t i = 0; i < report->files.count; i++) {
        const struct lint_file *file = report->files.items[i];
        json_append(files, json_text(file->name));
        add_findings(findings, file, &file->findings, "rule", false);
        add_findings(errors, file, &file->errors, "code", false);
        add_findings(suppressed, file, &file->suppressed, "rule", true);
        add_findings(known, file, &file->known, "rule", false);
    }
    json_t *document = json_require(json_object());
    json_put(document, "version", json_integer(FORMAT_VERSION));
    json_put(document, "files", files);
    json_put(document, "findings", findings);
    json_put(document, "errors", errors);
    json_put(document, "suppressed", suppressed);
    json_put(document, "known", known);
    json_put(document, "summary", summarise(report));
    json_print(document);
    json_decref(document);
}
