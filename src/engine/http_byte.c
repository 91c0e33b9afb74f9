/* The table of byte classes. Bytes without a row (control characters and DEL) belong to none. */
#include "engine/http_byte.h"

enum {
    VISIBLE = HTTP_BYTE_TARGET | HTTP_BYTE_TEXT,
    TOKEN = VISIBLE | HTTP_BYTE_TOKEN,
    UNDERSCORE = TOKEN | HTTP_BYTE_UNDERSCORE | HTTP_BYTE_METHOD,
    HYPHEN = UNDERSCORE | HTTP_BYTE_NAME,
    LOWER = TOKEN | HTTP_BYTE_UNDERSCORE | HTTP_BYTE_NAME,
    UPPER = LOWER | HTTP_BYTE_METHOD,
    DIGIT = LOWER | HTTP_BYTE_HEXADECIMAL,
};

const uint8_t http_byte_classes[256] = {
    ['\t'] = HTTP_BYTE_TEXT, [' '] = HTTP_BYTE_TEXT,
    ['!'] = TOKEN,           ['"'] = VISIBLE,
    ['#' ... '\''] = TOKEN,  ['(' ... ')'] = VISIBLE,
    ['*' ... '+'] = TOKEN,   [','] = VISIBLE,
    ['-'] = HYPHEN,          ['.'] = TOKEN,
    ['/'] = VISIBLE,         ['0' ... '9'] = DIGIT,
    [':' ... '@'] = VISIBLE, ['A' ... 'F'] = UPPER | HTTP_BYTE_HEXADECIMAL,
    ['G' ... 'Z'] = UPPER,   ['[' ... ']'] = VISIBLE,
    ['^'] = TOKEN,           ['_'] = UNDERSCORE,
    ['`'] = TOKEN,           ['a' ... 'f'] = LOWER | HTTP_BYTE_HEXADECIMAL,
    ['g' ... 'z'] = LOWER,   ['{'] = VISIBLE,
    ['|'] = TOKEN,           ['}'] = VISIBLE,
    ['~'] = TOKEN,           [0x80 ... 0xff] = VISIBLE,
};
