/* Diagnostics as text for people: place, message, source line with a caret, notes, help. */
#include "syntax/diagnostic.h"
#include "syntax/glyph.h"

enum {
    LINE_WIDTH = 160,       /* no source line is printed wider */
    LONG_LINE = 2048,       /* bytes; of a longer one only a part is looked at */
    LONGEST_FILE_CHAIN = 10 /* "in file included from" lines */
};

static const char colour_off[] = "\033[0m";
static const char colour_bold[] = "\033[1m";
static const char colour_caret[] = "\033[1;32m";

static const char *const severity_colours[] = {
    [SEVERITY_NOTE] = "\033[1;36m",
    [SEVERITY_INFO] = "\033[1;36m",
    [SEVERITY_WARNING] = "\033[1;35m",
    [SEVERITY_ERROR] = "\033[1;31m",
};

struct printer {
    FILE *out;
    struct source_set *sources;
    bool colour;
};

static void set_colour(const struct printer *printer, const char *code) {
    if (printer->colour) {
        fputs(code, printer->out);
    }
}

static void print_text(const struct printer *printer, struct slice text) {
    while (text.size > 0) {
        struct glyph glyph = glyph_read(text, 0);
        if (glyph.shown.size == 0) {
            fputc(' ', printer->out);
        } else {
            fwrite(glyph.shown.data, 1, glyph.shown.size, printer->out);
        }
        text = slice_skip(text, glyph.size);
    }
}

static void print_place(const struct printer *printer, struct span span) {
    struct position position = source_locate(printer->sources, span.source, span.begin);
    set_colour(printer, colour_bold);
    print_text(printer, printer->sources->all.items[span.source]->name);
    fprintf(printer->out, ":%u:%u: ", position.line, position.column);
    set_colour(printer, colour_off);
}

/* The include statements that led to a source, innermost first. */
static void print_file_chain(const struct printer *printer, uint32_t id) {
    const struct source *source = printer->sources->all.items[id];
    for (int depth = 0; source->is_included; depth++) {
        if (depth == LONGEST_FILE_CHAIN) {
            fputs("and so on\n", printer->out);
            return;
        }
        struct span place = source->included_at;
        struct position position = source_locate(printer->sources, place.source, place.begin);
        source = printer->sources->all.items[place.source];
        fputs("in file included from ", printer->out);
        print_text(printer, source->name);
        fprintf(printer->out, ":%u\n", position.line);
    }
}

/* The columns of a source line that are printed: `begin` up to but not including `end`. Where
 * something is left out at a side, three dots stand in its outermost columns. */
struct window {
    uint32_t begin;
    uint32_t end;
    bool is_cut_left;
    bool is_cut_right;
};

/* Keeps the caret visible, with a third of the room before it. */
static struct window choose_window(uint32_t line_width, uint32_t caret, uint32_t room) {
    uint32_t begin = 0;
    if (line_width > room && caret > room / 3) {
        begin = caret - room / 3;
        uint32_t last_begin = line_width + 1 - room;
        begin = begin > last_begin ? last_begin : begin;
    }
    uint32_t end = line_width - begin > room ? begin + room : line_width;
    return (struct window){begin, end, begin > 0, end < line_width};
}

static void print_spaces(const struct printer *printer, uint32_t count) {
    fprintf(printer->out, "%*s", (int)count, "");
}

/* The part of a line within columns begin to end; a glyph half inside is shown as spaces. */
static void print_columns(const struct printer *printer, struct slice line, uint32_t begin,
                          uint32_t end) {
    uint32_t column = 0;
    while (line.size > 0 && column < end) {
        struct glyph glyph = glyph_read(line, column);
        uint32_t after = column + glyph.width;
        if (glyph.shown.size > 0 && column >= begin && after <= end) {
            fwrite(glyph.shown.data, 1, glyph.shown.size, printer->out);
        } else if (after > begin) {
            uint32_t from = column > begin ? column : begin;
            print_spaces(printer, (after < end ? after : end) - from);
        }
        column = after;
        line = slice_skip(line, glyph.size);
    }
}

static void print_line(const struct printer *printer, struct slice line, struct window window) {
    uint32_t begin = window.is_cut_left ? window.begin + 3 : window.begin;
    uint32_t end = window.is_cut_right ? window.end - 3 : window.end;
    if (line.size > 0) {
        fputc(' ', printer->out);
    }
    fputs(window.is_cut_left ? "..." : "", printer->out);
    print_columns(printer, line, begin, end);
    fputs(window.is_cut_right ? "...\n" : "\n", printer->out);
}

static void print_caret(const struct printer *printer, uint32_t indent, uint32_t width) {
    print_spaces(printer, indent);
    set_colour(printer, colour_caret);
    fputc('^', printer->out);
    for (uint32_t i = 1; i < width; i++) {
        fputc('~', printer->out);
    }
    set_colour(printer, colour_off);
    fputc('\n', printer->out);
}

static bool continues_glyph(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* A line that may be as long as the file is cut around `caret`, a byte of it, to more than a line
 * of output shows. Returns where the part begins. */
static uint32_t cut_long_line(struct slice *line, uint32_t caret) {
    if (line->size <= LONG_LINE) {
        return 0;
    }
    size_t begin = caret > LONG_LINE / 2 ? caret - LONG_LINE / 2 : 0;
    while (begin > 0 && continues_glyph(line->data[begin])) {
        begin--;
    }
    *line = slice_take(slice_skip(*line, begin), LONG_LINE);
    return (uint32_t)begin;
}

/* The first line of a span with a caret under its first byte and tildes under the rest. */
static void print_snippet(const struct printer *printer, struct span span) {
    struct position position = source_locate(printer->sources, span.source, span.begin);
    struct slice line = source_line(printer->sources, span.source, position.line);
    size_t size = span.end > span.begin ? span.end - span.begin : 0;
    uint32_t cut = cut_long_line(&line, position.column - 1);
    uint32_t before = position.column - 1 - cut;
    uint32_t caret = glyph_measure(slice_take(line, before));
    uint32_t caret_end = glyph_measure(slice_take(line, before + size));

    uint32_t gutter = (uint32_t)snprintf(NULL, 0, "%4u | ", position.line);
    struct window window = choose_window(glyph_measure(line), caret, LINE_WIDTH - gutter);
    if (caret_end > window.end) {
        caret_end = window.end;
    }
    fprintf(printer->out, "%4u |", position.line);
    print_line(printer, line, window);
    fprintf(printer->out, "%*s| ", (int)gutter - 2, "");
    print_caret(printer, caret - window.begin, caret_end > caret ? caret_end - caret : 1);
}

static void print_heading(const struct printer *printer, enum severity severity, struct slice label,
                          struct slice message) {
    set_colour(printer, severity_colours[severity]);
    fputs(severity_name(severity), printer->out);
    if (label.size > 0) {
        fputc('[', printer->out);
        print_text(printer, label);
        fputc(']', printer->out);
    }
    fputs(": ", printer->out);
    set_colour(printer, colour_off);
    print_text(printer, message);
    fputc('\n', printer->out);
}

static void print_note(const struct printer *printer, const struct diagnostic_note *note) {
    if (note->has_span) {
        print_place(printer, note->span);
    }
    print_heading(printer, SEVERITY_NOTE, (struct slice){NULL, 0}, note->message);
}

void diagnostic_print(FILE *out, struct source_set *sources, const struct diagnostic *diagnostic,
                      bool colour) {
    struct printer printer = {out, sources, colour};
    if (diagnostic->has_span) {
        print_file_chain(&printer, diagnostic->span.source);
        print_place(&printer, diagnostic->span);
    }
    print_heading(&printer, diagnostic->severity, diagnostic->label, diagnostic->message);
    if (diagnostic->has_span) {
        print_snippet(&printer, diagnostic->span);
    }
    for (size_t i = 0; i < diagnostic->notes.count; i++) {
        print_note(&printer, &diagnostic->notes.items[i]);
    }
    if (diagnostic->help.size > 0) {
        set_colour(&printer, colour_bold);
        fputs("help: ", out);
        set_colour(&printer, colour_off);
        print_text(&printer, diagnostic->help);
        fputc('\n', out);
    }
}
