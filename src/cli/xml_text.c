/* Text of configurations in XML documents. */
#include "cli/xml_text.h"

#include "syntax/glyph.h"

static const char *entity(unsigned char byte) {
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

void xml_write_text(FILE *out, struct slice text, bool is_attribute) {
    while (text.size > 0) {
        unsigned char byte = (unsigned char)text.data[0];
        uint32_t point = byte;
        size_t size = glyph_decode_utf8(text, &point);
        bool is_line = byte == '\n' || byte == '\t' || byte == '\r';
        bool is_good = size > 0 && (point >= ' ' || is_line) && point != 0xfffe && point != 0xffff;
        if (!is_good) {
            fputs("\xef\xbf\xbd", out);
        } else if (is_line && (is_attribute || byte == '\r')) {
            fprintf(out, "&#%u;", byte);
        } else if (entity(byte) != NULL) {
            fputs(entity(byte), out);
        } else {
            fwrite(text.data, 1, size, out);
        }
        text = slice_skip(text, size > 0 ? size : 1);
    }
}

void xml_write_attribute(FILE *out, const char *name, struct slice value) {
    fprintf(out, " %s=\"", name);
    xml_write_text(out, value, true);
    fputc('"', out);
}
