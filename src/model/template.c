/* Templates: finds the variables in a text by nginx's rules. What a name refers to is decided in
 * variables.c, once everything is read. */
#include "base/text.h"
#include "model/reading.h"

static bool is_name_byte(char c) {
    return (c >= '0' && c <= '9') || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_';
}

/* The text being taken apart. */
struct template_scan {
    struct model *model;
    const struct word *word;
    struct slice text;
    uint32_t offset; /* of text in the word */
    size_t at;
    bool is_log_format; /* a digit does not end a name there */
    VECTOR_OF(struct template_part) parts;
};

static struct span scan_span(const struct template_scan *scan, size_t begin, size_t end) {
    return word_span(scan->model, scan->word, scan->offset + begin, scan->offset + end);
}

static void add_part(struct template_scan *scan, struct template_part part) {
    VECTOR_PUSH(scan->model->arena, &scan->parts, part);
}

static void scan_literal(struct template_scan *scan) {
    size_t begin = scan->at;
    struct slice rest = slice_skip(scan->text, begin);
    size_t size = slice_find_byte(rest, '$');
    scan->at += size;
    add_part(scan, (struct template_part){
                       .kind = PART_TEXT,
                       .span = scan_span(scan, begin, scan->at),
                       .text = slice_take(rest, size),
                   });
}

static void reject_reference(struct template_scan *scan, size_t begin, const char *message) {
    struct diagnostic *diagnostic = diagnostic_error(
        scan->model->diagnostics, DIAGNOSTIC_INVALID_VARIABLE,
        scan_span(scan, begin, scan->at > begin ? scan->at : begin + 1), "%s", message);
    diagnostic_help(scan->model->arena, diagnostic,
                    "write $name or ${name}; nginx's language has no way to write a literal '$'");
}

/* A reference to a capture: one digit. nginx takes ${1} for a variable of that name, and $1 in a
 * log format; there is none. */
static bool scan_capture(struct template_scan *scan, size_t begin, struct slice name) {
    if (name.size != 1 || name.data[0] < '1' || name.data[0] > '9' || scan->is_log_format ||
        scan->text.data[begin + 1] == '{') {
        return false;
    }
    add_part(scan, (struct template_part){
                       .kind = PART_CAPTURE,
                       .span = scan_span(scan, begin, scan->at),
                       .text = name,
                       .capture = (uint32_t)(name.data[0] - '0'),
                   });
    return true;
}

static void add_variable(struct template_scan *scan, size_t begin, struct slice name) {
    struct config_variable *variable = variable_intern(scan->model, name);
    add_part(scan, (struct template_part){
                       .kind = PART_CONFIG,
                       .span = scan_span(scan, begin, scan->at),
                       .text = variable->name,
                       .variable = variable,
                   });
}

/* Steps over a reference; `scan->at` is at its '$'. */
static void scan_reference(struct template_scan *scan) {
    struct slice text = scan->text;
    size_t begin = scan->at++;
    bool has_brace = scan->at < text.size && text.data[scan->at] == '{';
    scan->at += has_brace ? 1 : 0;
    size_t name_begin = scan->at;
    if (!has_brace && !scan->is_log_format && scan->at < text.size && text.data[scan->at] >= '1' &&
        text.data[scan->at] <= '9') {
        scan->at++;
    } else {
        while (scan->at < text.size && is_name_byte(text.data[scan->at])) {
            scan->at++;
        }
    }
    struct slice name = slice_take(slice_skip(text, name_begin), scan->at - name_begin);
    if (has_brace) {
        if (scan->at >= text.size || text.data[scan->at] != '}') {
            reject_reference(scan, begin, "the closing '}' of a variable is missing");
            return;
        }
        scan->at++;
    }
    if (name.size == 0) {
        reject_reference(scan, begin, "invalid variable name: nothing follows the '$'");
        return;
    }
    if (!scan_capture(scan, begin, name)) {
        add_variable(scan, begin, name);
    }
}

static void scan_text(struct template_scan *scan) {
    scan->at = 0;
    while (scan->at < scan->text.size) {
        if (scan->text.data[scan->at] == '$') {
            scan_reference(scan);
        } else {
            scan_literal(scan);
        }
    }
}

/* Copies the parts to where they stay, and remembers the variables among them for the lookup at the
 * end. A large site has millions of templates with one or two parts, so room is made for no more
 * than there are. */
static struct template finish(struct template_scan *scan, const struct word *word) {
    struct model *model = scan->model;
    struct template result = {.word = word};
    size_t count = scan->parts.count;
    if (count == 0) {
        return result;
    }
    result.parts.items = arena_require(model->arena, count * sizeof *result.parts.items);
    result.parts.count = count;
    result.parts.capacity = count;
    for (size_t i = 0; i < count; i++) {
        struct template_part *part = &result.parts.items[i];
        *part = scan->parts.items[i];
        if (part->kind == PART_CONFIG) {
            VECTOR_PUSH(model->arena, &model->reading->references, part);
        }
    }
    return result;
}

#define USUAL_PARTS 16

struct template template_parse(struct model *model, const struct word *word, struct slice text,
                               uint32_t offset_in_word) {
    struct template_part usual[USUAL_PARTS];
    struct template_scan scan = {
        .model = model,
        .word = word,
        .text = text,
        .offset = offset_in_word,
        .parts = {.items = usual, .capacity = USUAL_PARTS},
    };
    scan_text(&scan);
    return finish(&scan, word);
}

struct template template_parse_log(struct model *model, const struct word *words, uint32_t count) {
    struct template_scan scan = {.model = model, .is_log_format = true};
    for (uint32_t i = 0; i < count; i++) {
        scan.word = &words[i];
        scan.text = words[i].text;
        scan_text(&scan);
    }
    return finish(&scan, words);
}

bool template_has_variables(const struct template *template) {
    for (size_t i = 0; i < template->parts.count; i++) {
        if (template->parts.items[i].kind != PART_TEXT) {
            return true;
        }
    }
    return false;
}

bool template_is_constant(struct model *model, const struct template *template,
                          struct slice *text) {
    struct text joined;
    text_init(&joined, model->arena);
    for (size_t i = 0; i < template->parts.count; i++) {
        if (template->parts.items[i].kind != PART_TEXT) {
            return false;
        }
        text_add(&joined, template->parts.items[i].text);
    }
    *text = text_slice(&joined);
    return true;
}
