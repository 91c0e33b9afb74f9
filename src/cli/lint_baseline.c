/* Baselines: findings that a project had when it began to lint, and that do not count. A finding is
 * known by its fingerprint; the rest of an entry is for people who read the file:
 *
 *     {"version": 1,
 *      "findings": [{"file": "site.conf", "rule": "open-proxy", "fingerprint": "..."}]}
 */
#include "cli/lint_project.h"

#include "base/file.h"
#include "cli/json_text.h"
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASELINE_VERSION 1
#define SIZE_LIMIT ((size_t)1 << 28)

struct entry {
    struct slice file;
    struct slice rule;
    struct slice print;
    bool is_found;
};

struct entries {
    VECTOR_OF(struct entry *) items;
};

/* --- reading --- */

static struct slice member(struct arena *arena, const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? arena_copy_slice(arena, slice_from_string(text))
                        : (struct slice){NULL, 0};
}

static bool take_document(struct arena *arena, const json_t *document, struct entries *entries) {
    const json_t *findings = json_object_get(document, "findings");
    if (json_integer_value(json_object_get(document, "version")) != BASELINE_VERSION ||
        !json_is_array(findings)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        struct entry *entry = arena_require(arena, sizeof *entry);
        entry->file = member(arena, finding, "file");
        entry->rule = member(arena, finding, "rule");
        entry->print = member(arena, finding, "fingerprint");
        if (entry->file.size == 0 || entry->rule.size == 0 || entry->print.size == 0) {
            return false;
        }
        VECTOR_PUSH(arena, &entries->items, entry);
    }
    return true;
}

static enum outcome read_baseline(struct lint_report *report, struct entries *entries) {
    const char *path = report->options->baseline;
    struct slice content;
    int error = file_read(report->arena, path, SIZE_LIMIT, &content);
    if (error != 0) {
        return cli_error(report->command, "cannot read %s: %s%s", path, strerror(error),
                         error == ENOENT ? " (--write-baseline writes it)" : "");
    }
    json_error_t problem;
    json_t *document = json_loadb(content.data, content.size, 0, &problem);
    bool is_good = document != NULL && take_document(report->arena, document, entries);
    json_decref(document);
    if (!is_good) {
        cli_error(report->command, "%s is no baseline that rpc lint has written", path);
        return OUTCOME_INPUT;
    }
    return OUTCOME_CLEAN;
}

/* --- comparing --- */

/* Takes the known findings of a file out of those that count. */
static void hide_known(struct lint_report *report, struct lint_file *file,
                       const struct map *known) {
    size_t kept = 0;
    for (size_t i = 0; i < file->findings.items.count; i++) {
        struct lint_finding finding = file->findings.items.items[i];
        struct entry *entry = map_find(known, finding.print);
        if (entry != NULL) {
            entry->is_found = true;
            VECTOR_PUSH(report->arena, &file->known.items, finding);
        } else {
            file->findings.items.items[kept++] = finding;
        }
    }
    file->findings.items.count = kept;
    report->known_count += file->known.items.count;
}

/* The files of the run with all that they include, as entries name them. */
static void index_sources(struct lint_report *report, struct map *read) {
    for (size_t i = 0; i < report->files.count; i++) {
        struct lint_file *file = report->files.items[i];
        const struct source_set *sources = &file->input->sources;
        for (size_t j = 0; j < sources->all.count; j++) {
            map_insert(read, lint_project_path(report, file, sources->all.items[j]->name), file);
        }
    }
}

static bool exists_somewhere(struct lint_report *report, struct slice path) {
    if (access(path.data, F_OK) == 0) {
        return true;
    }
    for (size_t i = 0; i < report->files.count; i++) {
        const struct lint_project *project = report->files.items[i]->project;
        if (project != NULL && access(arena_format(report->arena, "%.*s%.*s",
                                                   SLICE_ARGS(project->directory), SLICE_ARGS(path))
                                          .data,
                                      F_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether an entry that was not found has gone: of a file or a rule that this run is not about
 * nothing is known. */
static bool is_gone(struct lint_report *report, const struct map *read, const struct entry *entry) {
    const struct lint_file *file = map_find(read, entry->file);
    size_t kind = finding_kind_find(entry->rule);
    if (file == NULL) {
        return !exists_somewhere(report, entry->file);
    }
    if (kind == FINDING_KIND_COUNT) {
        return true;
    }
    enum severity severity;
    bool is_run = kind >= RULE_COUNT || file->checks.certificates != NULL ||
                  check_rule_family((enum rule_id)kind) != FAMILY_certificates;
    return is_run && lint_heeds(report, file, entry->file, kind, &severity);
}

static void compare(struct lint_report *report, const struct entries *entries) {
    struct map known;
    struct map read;
    map_init(&known, report->arena);
    map_init(&read, report->arena);
    index_sources(report, &read);
    for (size_t i = 0; i < entries->items.count; i++) {
        map_insert(&known, entries->items.items[i]->print, entries->items.items[i]);
    }
    for (size_t i = 0; i < report->files.count; i++) {
        hide_known(report, report->files.items[i], &known);
    }
    for (size_t i = 0; i < known.count; i++) {
        const struct entry *entry = known.entries[i].value;
        report->gone_count += !entry->is_found && is_gone(report, &read, entry);
    }
}

/* --- writing --- */

static int compare_entries(const void *left, const void *right) {
    const struct entry *a = *(const struct entry *const *)left;
    const struct entry *b = *(const struct entry *const *)right;
    int order = slice_compare(a->file, b->file);
    order = order != 0 ? order : slice_compare(a->rule, b->rule);
    return order != 0 ? order : slice_compare(a->print, b->print);
}

static void list_findings(struct lint_report *report, struct entries *entries) {
    for (size_t i = 0; i < report->files.count; i++) {
        const struct lint_file *file = report->files.items[i];
        for (size_t j = 0; j < file->findings.items.count; j++) {
            const struct lint_finding *finding = &file->findings.items.items[j];
            struct entry *entry = arena_require(report->arena, sizeof *entry);
            entry->file = lint_project_path(report, file, finding->name);
            entry->rule = finding_kind_name(report->arena, finding->kind);
            entry->print = finding->print;
            VECTOR_PUSH(report->arena, &entries->items, entry);
        }
    }
    if (entries->items.count > 1) {
        qsort(entries->items.items, entries->items.count, sizeof *entries->items.items,
              compare_entries);
    }
}

static json_t *describe(const struct entries *entries) {
    json_t *findings = json_require(json_array());
    for (size_t i = 0; i < entries->items.count; i++) {
        json_t *finding = json_require(json_object());
        json_put(finding, "file", json_text(entries->items.items[i]->file));
        json_put(finding, "rule", json_text(entries->items.items[i]->rule));
        json_put(finding, "fingerprint", json_text(entries->items.items[i]->print));
        json_append(findings, finding);
    }
    json_t *document = json_require(json_object());
    json_put(document, "version", json_integer(BASELINE_VERSION));
    json_put(document, "findings", findings);
    return document;
}

static enum outcome write_baseline(struct lint_report *report, struct entries *entries) {
    list_findings(report, entries);
    json_t *document = describe(entries);
    char *text = json_dumps(document, JSON_INDENT(1));
    if (text == NULL) {
        memory_exhausted();
    }
    struct slice content = arena_format(report->arena, "%s\n", text);
    free(text);
    json_decref(document);
    return output_write(report->command, report->options->baseline, content);
}

enum outcome lint_apply_baseline(struct lint_report *report) {
    struct entries entries = {0};
    if (report->options->baseline == NULL) {
        return OUTCOME_CLEAN;
    }
    enum outcome outcome = report->options->writes_baseline ? write_baseline(report, &entries)
                                                            : read_baseline(report, &entries);
    if (outcome == OUTCOME_CLEAN) {
        compare(report, &entries);
    }
    return outcome;
}
