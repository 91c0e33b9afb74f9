/* Sets of bytes in regular expressions: escapes and bracketed classes, as PCRE2 has them without
 * UTF and in the locale C. */
#include "check/regex_tree.h"

/* The byte there, or 0 behind the end. */
static char byte_at(struct slice text, size_t at) {
    return at < text.size ? text.data[at] : '\0';
}

static struct byte_set of_text(struct slice text) {
    struct byte_set set = {{0}};
    byte_set_add_text(&set, text);
    return set;
}

static struct byte_set of_ranges(const char *ranges) {
    struct byte_set set = {{0}};
    for (; ranges[0] != '\0'; ranges += 2) {
        byte_set_add_range(&set, (unsigned char)ranges[0], (unsigned char)ranges[1]);
    }
    return set;
}

/* --- escapes --- */

/* \d and the like; the upper-case letter is for all other bytes. */
static const struct {
    char letter;
    struct slice bytes; /* or: */
    const char *ranges;
} types[] = {
    {'d', {NULL, 0}, "09"},
    {'w', {NULL, 0}, "09AZaz__"},
    {'s', SLICE_INIT(" \t\n\v\f\r"), NULL},
    {'h', SLICE_INIT(" \t\xa0"), NULL},
    {'v', SLICE_INIT("\n\v\f\r\x85"), NULL},
};

static bool read_type(char c, struct byte_set *bytes) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (byte_lower(c) == types[i].letter) {
            *bytes = types[i].ranges != NULL ? of_ranges(types[i].ranges) : of_text(types[i].bytes);
            if (c != types[i].letter) {
                *bytes = byte_set_complement(*bytes);
            }
            return true;
        }
    }
    return false;
}

static int digit_value(char c, int base) {
    char lower = byte_lower(c);
    int value = lower >= '0' && lower <= '9'   ? lower - '0'
                : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                               : base;
    return value < base ? value : -1;
}

/* Up to `most` digits. */
static unsigned read_number(struct slice text, size_t *at, int base, size_t most) {
    unsigned value = 0;
    for (size_t i = 0; i < most && digit_value(byte_at(text, *at), base) >= 0; i++) {
        value = value * (unsigned)base + (unsigned)digit_value(text.data[*at], base);
        *at += 1;
    }
    return value & 0xff;
}

/* \x4f, \x{4f} and \0nn, behind their letter. */
static unsigned read_code(struct slice text, size_t *at, char letter) {
    if (letter == '0') {
        return read_number(text, at, 8, 2);
    }
    if (byte_at(text, *at) != '{') {
        return read_number(text, at, 16, 2);
    }
    *at += 1;
    unsigned value = read_number(text, at, 16, 8);
    *at += byte_at(text, *at) == '}' ? 1 : 0;
    return value;
}

static const struct {
    char letter;
    char byte;
} control_bytes[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'f', '\f'}, {'e', 27}, {'a', 7}};

bool regex_class_read_escape(struct slice text, size_t *at, struct byte_set *bytes) {
    char c = byte_at(text, *at);
    *at += 1;
    if (read_type(c, bytes)) {
        return true;
    }
    *bytes = (struct byte_set){{0}};
    for (size_t i = 0; i < sizeof control_bytes / sizeof control_bytes[0]; i++) {
        if (c == control_bytes[i].letter) {
            byte_set_add(bytes, (unsigned char)control_bytes[i].byte);
            return true;
        }
    }
    if (c == 'x' || c == '0') {
        byte_set_add(bytes, (unsigned char)read_code(text, at, c));
        return true;
    }
    if (c == 'N') { /* all but a newline */
        byte_set_add(bytes, '\n');
        *bytes = byte_set_complement(*bytes);
        return byte_at(text, *at) != '{';
    }
    if (c == 'C') {
        *bytes = BYTE_SET_ALL;
        return true;
    }
    /* Letters and digits that are left have meanings that are no sets. */
    byte_set_add(bytes, (unsigned char)c);
    return digit_value(c, 10) < 0 && !(byte_lower(c) >= 'a' && byte_lower(c) <= 'z') && c != '\0';
}

/* --- brackets --- */

static const struct {
    struct slice name;
    const char *ranges;
} posix_classes[] = {
    {SLICE_INIT("alpha"), "AZaz"},
    {SLICE_INIT("digit"), "09"},
    {SLICE_INIT("alnum"), "09AZaz"},
    {SLICE_INIT("upper"), "AZ"},
    {SLICE_INIT("lower"), "az"},
    {SLICE_INIT("word"), "09AZaz__"},
    {SLICE_INIT("xdigit"), "09AFaf"},
    {SLICE_INIT("space"), "\t\r  "},
    {SLICE_INIT("blank"), "\t\t  "},
    {SLICE_INIT("punct"), "!/:@[`{~"},
    {SLICE_INIT("graph"), "!~"},
    {SLICE_INIT("print"), " ~"},
    {SLICE_INIT("cntrl"), "\001\037\177\177"},
};

/* [:alpha:] and [:^alpha:]; false, with nothing taken, when there is none. */
static bool read_posix(struct slice text, size_t *at, struct byte_set *bytes) {
    struct slice rest = slice_skip(text, *at);
    if (!slice_starts_with(rest, SLICE("[:"))) {
        return false;
    }
    bool is_negated = byte_at(rest, 2) == '^';
    struct slice name = slice_skip(rest, is_negated ? 3 : 2);
    for (size_t i = 0; i < sizeof posix_classes / sizeof posix_classes[0]; i++) {
        size_t size = posix_classes[i].name.size;
        if (slice_starts_with(name, posix_classes[i].name) &&
            slice_starts_with(slice_skip(name, size), SLICE(":]"))) {
            *bytes = of_ranges(posix_classes[i].ranges);
            *bytes = is_negated ? byte_set_complement(*bytes) : *bytes;
            *at = (size_t)(name.data - text.data) + size + 2;
            return true;
        }
    }
    return false;
}

/* One member: a byte, an escape or a named class. `single` is the byte when it is one, which may
 * begin a range, else -1. */
static bool read_member(struct slice text, size_t *at, struct byte_set *bytes, int *single) {
    *single = -1;
    if (read_posix(text, at, bytes)) {
        return true;
    }
    *bytes = (struct byte_set){{0}};
    if (byte_at(text, *at) != '\\') {
        *single = (unsigned char)text.data[*at];
        byte_set_add(bytes, (unsigned char)*single);
        *at += 1;
        return true;
    }
    *at += 1;
    char letter = byte_at(text, *at);
    if (letter == 'b') { /* a backspace, in a class */
        *single = 8;
        byte_set_add(bytes, 8);
        *at += 1;
        return true;
    }
    if (letter >= '1' && letter <= '7') {
        *single = (int)read_number(text, at, 8, 3);
        byte_set_add(bytes, (unsigned char)*single);
        return true;
    }
    struct byte_set ignored;
    bool is_type = read_type(letter, &ignored);
    if (!regex_class_read_escape(text, at, bytes)) {
        return false;
    }
    for (int byte = 0; !is_type && byte < 256 && *single < 0; byte++) {
        *single = byte_set_has(bytes, (unsigned char)byte) ? byte : -1;
    }
    return true;
}

/* "-z" behind a byte. */
static bool read_range(struct slice text, size_t *at, int first, struct byte_set *bytes) {
    if (first < 0 || byte_at(text, *at) != '-' || byte_at(text, *at + 1) == ']' ||
        *at + 1 >= text.size) {
        return true;
    }
    *at += 1;
    struct byte_set end;
    int last;
    if (!read_member(text, at, &end, &last)) {
        return false;
    }
    if (last >= 0) {
        byte_set_add_range(bytes, (unsigned)first, (unsigned)last);
    } else {
        byte_set_add(bytes, '-');
        *bytes = byte_set_unite(*bytes, end);
    }
    return true;
}

bool regex_class_read_brackets(struct slice text, size_t *at, bool ignores_case,
                               struct byte_set *bytes) {
    bool is_negated = byte_at(text, *at) == '^';
    *at += is_negated ? 1 : 0;
    *bytes = (struct byte_set){{0}};
    for (bool is_first = true; *at < text.size && (is_first || text.data[*at] != ']');
         is_first = false) {
        struct byte_set member;
        int single;
        if (!read_member(text, at, &member, &single) || !read_range(text, at, single, &member)) {
            return false;
        }
        *bytes = byte_set_unite(*bytes, member);
    }
    *at += 1;
    *bytes = ignores_case ? byte_set_fold(*bytes) : *bytes;
    *bytes = is_negated ? byte_set_complement(*bytes) : *bytes;
    return *at <= text.size;
}
