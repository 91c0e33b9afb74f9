/* Differences as text, one a line:
 *
 *     upstream "app", peer "127.0.0.1:3000": weight 1 -> 3 (site.conf:4)
 *
 * What applies to many things, as an inherited setting does, is told once:
 *
 *     1 server, 12 locations: proxy_read_timeout 60s -> 30s
 *       server "example.com" (site.conf:3)
 *       ...
 */
#include "cli/cli.h"
#include "cli/diff.h"
#include "table/dump_value.h"

/* Up to so many things have a line each, of more so many are listed. */
enum { LISTED_THINGS = 3 };

/* How much is shown of a value, in bytes: values are printable ASCII. */
enum { SHOWN_VALUE = 200, SHOWN_BEFORE_DIFFERENCE = 40 };

static const char bold[] = "\033[1m";
static const char red[] = "\033[31m";
static const char green[] = "\033[32m";
static const char yellow[] = "\033[33m";
static const char plain[] = "\033[0m";

struct printer {
    const struct diff_report *report;
    bool is_coloured;
};

static void set_colour(const struct printer *printer, const char *colour) {
    fputs(printer->is_coloured ? colour : "", stdout);
}

static void print_thing(const struct printer *printer, const struct diff_thing *thing) {
    set_colour(printer, bold);
    diff_thing_print(stdout, printer->report->diff, thing);
    set_colour(printer, plain);
}

static void print_place(const struct printer *printer, const struct diff_thing *thing) {
    const struct table_diff *diff = printer->report->diff;
    enum diff_side side = diff_thing_side(thing);
    struct table_place place = diff_thing_place(diff, thing, side);
    if (place.source != TABLE_NONE) {
        fputs(" (", stdout);
        dump_place(&(struct dumper){stdout, diff->tables[side]}, place);
        putchar(')');
    }
}

static size_t find_difference(struct slice a, struct slice b) {
    size_t i = 0;
    while (i < a.size && i < b.size && a.data[i] == b.data[i]) {
        i++;
    }
    return i;
}

/* Of long values the part around the first difference. */
static void print_value(struct slice value, size_t difference) {
    size_t begin = 0;
    if (value.size > SHOWN_VALUE && difference > SHOWN_BEFORE_DIFFERENCE) {
        begin = difference - SHOWN_BEFORE_DIFFERENCE;
    }
    struct slice rest = slice_skip(value, begin);
    struct slice shown = slice_take(rest, SHOWN_VALUE);
    printf("%s%.*s%s", begin > 0 ? "..." : "", SLICE_ARGS(shown),
           shown.size < rest.size ? "..." : "");
}

static void print_coloured(const struct printer *printer, const char *colour, struct slice value,
                           size_t difference) {
    set_colour(printer, colour);
    print_value(value, difference);
    set_colour(printer, plain);
}

static void print_changed(const struct printer *printer, struct slice old, struct slice new) {
    size_t difference = find_difference(old, new);
    if (slice_equals(old, new)) {
        fputs("differs in what is too long to show", stdout);
        return;
    }
    print_coloured(printer, red, old, difference);
    fputs(" -> ", stdout);
    print_coloured(printer, green, new, difference);
}

static void print_change(const struct printer *printer, const struct diff_change *change) {
    bool is_new = change->kind == DIFF_ADDED;
    printf("%.*s%s", SLICE_ARGS(change->what), change->what.size > 0 ? " " : "");
    switch (change->kind) {
    case DIFF_CHANGED:
        print_changed(printer, change->values[DIFF_OLD], change->values[DIFF_NEW]);
        break;
    case DIFF_REORDERED:
        print_coloured(printer, yellow, SLICE("in another order"), 0);
        break;
    case DIFF_ADDED:
    case DIFF_REMOVED:
        set_colour(printer, is_new ? green : red);
        print_value(change->values[is_new ? DIFF_NEW : DIFF_OLD], 0);
        printf("%s%s", change->what.size > 0 ? " " : "", is_new ? "added" : "removed");
        set_colour(printer, plain);
        break;
    }
}

/* "1 server, 12 locations" */
static void print_counts(const struct diff_change *change) {
    size_t counts[TABLE_SECTION_COUNT] = {0};
    for (size_t i = 0; i < change->things.count; i++) {
        counts[change->things.items[i]->section]++;
    }
    const char *before = "";
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        if (counts[i] > 0) {
            const struct diff_thing thing = {.section = i};
            printf("%s%zu %s%s", before, counts[i], diff_thing_word(&thing),
                   counts[i] > 1 ? "s" : "");
            before = ", ";
        }
    }
}

static void print_joined(const struct printer *printer, const struct diff_change *change) {
    size_t count = change->things.count;
    size_t listed = printer->report->shows_all ? count : LISTED_THINGS;
    print_counts(change);
    fputs(": ", stdout);
    print_change(printer, change);
    putchar('\n');
    for (size_t i = 0; i < listed; i++) {
        fputs("  ", stdout);
        print_thing(printer, change->things.items[i]);
        print_place(printer, change->things.items[i]);
        putchar('\n');
    }
    if (listed < count) {
        printf("  and %zu more\n", count - listed);
    }
}

static void print_single(const struct printer *printer, const struct diff_change *change,
                         const struct diff_thing *thing) {
    print_thing(printer, thing);
    fputs(": ", stdout);
    print_change(printer, change);
    print_place(printer, thing);
    putchar('\n');
}

void diff_text_print(const struct diff_report *report) {
    const struct printer printer = {report, cli_wants_colour(stdout)};
    for (size_t i = 0; i < report->diff->changes.count; i++) {
        const struct diff_change *change = report->diff->changes.items[i];
        if (change->things.count > LISTED_THINGS) {
            print_joined(&printer, change);
            continue;
        }
        for (size_t j = 0; j < change->things.count; j++) {
            print_single(&printer, change, change->things.items[j]);
        }
    }
}
