/* Findings as workflow commands, which GitHub shows beside the lines of a change:
 *
 *     ::error file=site.conf,line=3,endLine=3,col=20,endColumn=31,title=open-proxy::message
 */
#include "cli/lint.h"

#include <stdio.h>
#include <string.h>

static const char *const commands[] = {
    [SEVERITY_NOTE] = "notice",
    [SEVERITY_INFO] = "notice",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error",
};

/* What would end a command, or one of its properties, is escaped; so are other control bytes, as
 * whoever wrote the configuration must not write commands. */
static void print_escaped(struct slice text, const char *special) {
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < ' ' || byte == 0x7f || strchr(special, byte) != NULL) {
            printf("%%%02X", byte);
        } else {
            putchar(byte);
        }
    }
}

static void print_data(struct slice text) {
    print_escaped(text, "%");
}

static void print_property(struct slice text) {
    print_escaped(text, "%:,");
}

static void print_place(struct lint_report *report, const struct lint_file *file,
                        const struct lint_finding *finding) {
    struct lint_region region = lint_region_in_units(report, file, finding->diagnostic->span);
    fputs(" file=", stdout);
    print_property(finding->path);
    printf(",line=%u,endLine=%u", region.begin.line, region.end.line);
    /* Columns are refused when they are not on one line. */
    if (region.begin.line == region.end.line) {
        printf(",col=%u,endColumn=%u", region.begin.column, region.end.column);
    }
    putchar(',');
}

static void print_findings(struct lint_report *report, const struct lint_file *file,
                           const struct lint_findings *findings) {
    for (size_t i = 0; i < findings->items.count; i++) {
        const struct lint_finding *finding = &findings->items.items[i];
        const struct diagnostic *diagnostic = finding->diagnostic;
        printf("::%s", commands[diagnostic->severity]);
        print_place(report, file, finding);
        fputs("title=", stdout);
        print_property(diagnostic->label);
        fputs("::", stdout);
        print_data(diagnostic->message);
        for (size_t j = 0; j < diagnostic->notes.count; j++) {
            fputs("%0Anote: ", stdout);
            print_data(diagnostic->notes.items[j].message);
        }
        if (diagnostic->help.size > 0) {
            fputs("%0Ahelp: ", stdout);
            print_data(diagnostic->help);
        }
        putchar('\n');
    }
}

void lint_print_github(struct lint_report *report) {
    for (size_t i = 0; i < report->files.count; i++) {
        const struct lint_file *file = report->files.items[i];
        print_findings(report, file, &file->errors);
        print_findings(report, file, &file->findings);
    }
}
