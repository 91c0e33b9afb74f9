/* Text as a terminal shows it. */
#include "syntax/glyph.h"

struct point_range {
    uint32_t first;
    uint32_t last;
};

/* Controls, and format characters that are invisible or change the direction of what follows. */
static const struct point_range hidden_ranges[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

/* Combining marks: no column of their own. */
static const struct point_range narrow_ranges[] = {
    {0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
};

/* East Asian wide characters and emoji: two columns. */
static const struct point_range wide_ranges[] = {
    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool is_within(uint32_t point, const struct point_range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

#define IS_WITHIN(point, ranges) is_within((point), (ranges), sizeof(ranges) / sizeof(ranges)[0])

/* Lead byte ranges of RFC 3629, section 4: bytes that follow, and the smallest point that needs
 * that many. */
struct utf8_form {
    uint8_t mask;
    uint8_t lead;
    uint8_t size;
    uint32_t smallest;
};

static const struct utf8_form utf8_forms[] = {
    {0x80, 0x00, 1, 0x0000},
    {0xe0, 0xc0, 2, 0x0080},
    {0xf0, 0xe0, 3, 0x0800},
    {0xf8, 0xf0, 4, 0x10000},
};

size_t glyph_decode_utf8(struct slice text, uint32_t *point) {
    uint8_t lead = text.size > 0 ? (uint8_t)text.data[0] : 0xff;
    for (size_t i = 0; i < sizeof utf8_forms / sizeof utf8_forms[0]; i++) {
        const struct utf8_form *form = &utf8_forms[i];
        if ((lead & form->mask) != form->lead || text.size < form->size) {
            continue;
        }
        uint32_t value = lead & (uint8_t)~form->mask;
        for (size_t at = 1; at < form->size; at++) {
            uint8_t byte = (uint8_t)text.data[at];
            if ((byte & 0xc0) != 0x80) {
                return 0;
            }
            value = value << 6 | (byte & 0x3f);
        }
        bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
        if (value < form->smallest || value > 0x10ffff || is_surrogate) {
            return 0;
        }
        *point = value;
        return form->size;
    }
    return 0;
}

struct glyph glyph_read(struct slice text, uint32_t column) {
    if (text.data[0] >= ' ' && text.data[0] <= '~') {
        return (struct glyph){1, 1, slice_take(text, 1)}; /* nearly all of them */
    }
    if (text.data[0] == '\t') {
        return (struct glyph){1, GLYPH_TAB_WIDTH - column % GLYPH_TAB_WIDTH, {NULL, 0}};
    }
    uint32_t point = 0;
    size_t size = glyph_decode_utf8(text, &point);
    if (size == 0 || IS_WITHIN(point, hidden_ranges)) {
        return (struct glyph){size == 0 ? 1 : size, 1, SLICE("?")};
    }
    uint32_t width = IS_WITHIN(point, narrow_ranges) ? 0 : IS_WITHIN(point, wide_ranges) ? 2 : 1;
    return (struct glyph){size, width, slice_take(text, size)};
}

uint32_t glyph_measure(struct slice text) {
    uint32_t column = 0;
    while (text.size > 0) {
        struct glyph glyph = glyph_read(text, column);
        column += glyph.width;
        text = slice_skip(text, glyph.size);
    }
    return column;
}

uint32_t glyph_print(FILE *out, struct slice text) {
    uint32_t column = 0;
    while (text.size > 0) {
        struct glyph glyph = glyph_read(text, column);
        if (glyph.shown.size > 0) {
            fwrite(glyph.shown.data, 1, glyph.shown.size, out);
        } else {
            fprintf(out, "%*s", (int)glyph.width, "");
        }
        column += glyph.width;
        text = slice_skip(text, glyph.size);
    }
    return column;
}
