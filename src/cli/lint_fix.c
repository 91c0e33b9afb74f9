/* Safe edits of findings: shown as a diff (--diff), or made (--fix). An edit that overlaps one that
 * was taken before waits for the next run. */
#include "cli/lint.h"

#include "base/file.h"
#include "cli/text_diff.h"

#include <errno.h>
#include <string.h>

/* A file that is edited. */
struct target {
    struct slice path; /* from the root */
    struct slice name; /* as it is shown */
    const struct source *source;
    struct text_edits edits;
};

struct fixes {
    struct lint_report *report;
    struct map targets; /* by path */
    size_t taken;       /* findings that are put right */
    size_t waiting;     /* whose edits overlap others */
};

static struct target *find_target(struct fixes *fixes, const struct lint_file *file,
                                  struct span span) {
    const struct source *source = lint_source(file, span);
    struct slice path = lint_full_path(fixes->report, source->name);
    struct target *target = map_find(&fixes->targets, path);
    if (target == NULL) {
        target = arena_require(fixes->report->arena, sizeof *target);
        target->path = path;
        target->name = source->name;
        target->source = source;
        map_set(&fixes->targets, path, target);
    }
    return target;
}

/* Insertions at one place are no overlap of bytes, but their order would be by chance. */
static bool overlaps(struct span a, struct span b) {
    return a.begin == b.begin || (a.begin < b.end && b.begin < a.end);
}

/* The place of an edit among those that were taken, which are in order. Findings come in order, so
 * it is mostly the end. */
static size_t find_place(const struct target *target, struct span span) {
    size_t place = target->edits.items.count;
    while (place > 0 && target->edits.items.items[place - 1].span.begin > span.begin) {
        place--;
    }
    return place;
}

static bool is_free(struct fixes *fixes, const struct lint_file *file,
                    const struct diagnostic *diagnostic) {
    for (size_t i = 0; i < diagnostic->edits.count; i++) {
        struct span span = diagnostic->edits.items[i].span;
        const struct target *target = find_target(fixes, file, span);
        size_t place = find_place(target, span);
        if ((place > 0 && overlaps(target->edits.items.items[place - 1].span, span)) ||
            (place < target->edits.items.count &&
             overlaps(target->edits.items.items[place].span, span))) {
            return false;
        }
    }
    return true;
}

static void take(struct fixes *fixes, const struct lint_file *file,
                 const struct diagnostic *diagnostic) {
    for (size_t i = 0; i < diagnostic->edits.count; i++) {
        struct diagnostic_edit edit = diagnostic->edits.items[i];
        struct target *target = find_target(fixes, file, edit.span);
        size_t place = find_place(target, edit.span);
        VECTOR_PUSH(fixes->report->arena, &target->edits.items, edit);
        struct diagnostic_edit *items = target->edits.items.items;
        memmove(&items[place + 1], &items[place],
                (target->edits.items.count - 1 - place) * sizeof *items);
        items[place] = edit;
    }
}

static void collect(struct fixes *fixes) {
    struct lint_report *report = fixes->report;
    map_init(&fixes->targets, report->arena);
    for (size_t i = 0; i < report->files.count; i++) {
        const struct lint_file *file = report->files.items[i];
        for (size_t j = 0; j < file->findings.items.count; j++) {
            const struct diagnostic *diagnostic = file->findings.items.items[j].diagnostic;
            if (diagnostic->edits.count == 0) {
                continue;
            }
            if (is_free(fixes, file, diagnostic)) {
                take(fixes, file, diagnostic);
                fixes->taken++;
            } else {
                fixes->waiting++;
            }
        }
    }
}

static void print_diffs(FILE *out, const struct fixes *fixes) {
    for (size_t i = 0; i < fixes->targets.count; i++) {
        const struct target *target = fixes->targets.entries[i].value;
        text_edits_print(out, fixes->report->arena, target->name, target->source->text,
                         &target->edits);
    }
}

static void print_count(const struct fixes *fixes, const char *what) {
    const struct lint_report *report = fixes->report;
    fflush(stdout);
    fprintf(stderr, "rpc lint: %zu of %zu findings %s", fixes->taken, report->finding_count, what);
    if (fixes->waiting > 0) {
        fprintf(stderr, "; %zu more wait for the next run, as they are about the same words",
                fixes->waiting);
    }
    fputc('\n', stderr);
}

void lint_print_diff(struct lint_report *report) {
    struct fixes fixes = {.report = report};
    for (size_t i = 0; i < report->files.count; i++) {
        lint_print_errors(report->files.items[i]);
    }
    collect(&fixes);
    print_diffs(stdout, &fixes);
    print_count(&fixes, "can be put right by --fix");
}

/* Somebody may have saved the file in the meantime: what is read again must be what was judged. */
static int write_target(struct arena *arena, const struct target *target) {
    struct slice text;
    int error = file_read(arena, target->path.data, target->source->text.size, &text);
    if (error != 0) {
        return error;
    }
    if (!slice_equals(text, target->source->text)) {
        return EFBIG;
    }
    return file_rewrite(target->path.data,
                        text_edits_apply(arena, target->source->text, &target->edits));
}

enum outcome lint_fix(struct lint_report *report) {
    struct fixes fixes = {.report = report};
    enum outcome outcome = OUTCOME_CLEAN;
    collect(&fixes);
    for (size_t i = 0; i < fixes.targets.count; i++) {
        const struct target *target = fixes.targets.entries[i].value;
        int error = target->edits.items.count > 0 ? write_target(report->arena, target) : 0;
        if (error != 0) {
            outcome = cli_error(report->command, "cannot write %.*s: %s", SLICE_ARGS(target->name),
                                error == EFBIG ? "it has changed meanwhile" : strerror(error));
            continue;
        }
        text_edits_print(stderr, report->arena, target->name, target->source->text, &target->edits);
    }
    print_count(&fixes, outcome == OUTCOME_CLEAN ? "were put right" : "have edits");
    return outcome;
}
