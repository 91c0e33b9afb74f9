/* Strings of JSON, byte by byte. */
#include "engine/json.h"

#include <string.h>

static const char digits[] = "0123456789ABCDEF";

/* The letters of the short escapes in a JSON string (RFC 8259 7). */
static const char json_letters[128] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                       ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};

size_t engine_json_measure(unsigned char byte) {
    if (byte < 128 && json_letters[byte] != '\0') {
        return 2;
    }
    return byte < ' ' ? 6 : 1;
}

char *engine_json_write(char *out, unsigned char byte) {
    switch (engine_json_measure(byte)) {
    case 1:
        *out++ = (char)byte;
        return out;
    case 2:
        *out++ = '\\';
        *out++ = json_letters[byte];
        return out;
    default:
        out = mempcpy(out, "\\u00", 4);
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
        return out;
    }
}
