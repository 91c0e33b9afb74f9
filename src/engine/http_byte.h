/* What each byte may be part of in an HTTP/1 message: one table look-up per byte instead of chains
 * of comparisons. The grammars are those of RFC 9110 5.5 and 5.6 and RFC 9112 3. */
#ifndef ENGINE_HTTP_BYTE_H
#define ENGINE_HTTP_BYTE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HTTP_BYTE_TOKEN = 1,       /* tchar */
    HTTP_BYTE_NAME = 2,        /* letters, digits and hyphen: what field names are made of */
    HTTP_BYTE_UNDERSCORE = 4,  /* those and the underscore */
    HTTP_BYTE_METHOD = 8,      /* upper-case letters, hyphen and underscore, as nginx */
    HTTP_BYTE_TARGET = 16,     /* visible, or 0x80 and above, as nginx */
    HTTP_BYTE_TEXT = 32,       /* field-content with its spaces and tabs, reason-phrase */
    HTTP_BYTE_HEXADECIMAL = 64 /* HEXDIG in either case */
};

extern const uint8_t http_byte_classes[256];

static inline uint8_t http_byte_class(char byte) {
    return http_byte_classes[(unsigned char)byte];
}

static inline bool http_byte_is(char byte, uint8_t class) {
    return (http_byte_class(byte) & class) != 0;
}

#endif
