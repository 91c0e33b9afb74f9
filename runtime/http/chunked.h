/* The chunked transfer coding (RFC 9112 7.1): a decoder fed with whatever arrives, and the few
 * bytes an encoder writes. No allocation. */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "base/slice.h"

struct http_chunked {
    uint8_t state;
    uint8_t digits;     /* of the chunk size so far */
    uint32_t overhead;  /* bytes of extensions, or then of trailers, so far; bounded */
    uint64_t remaining; /* bytes left of the current chunk */
    bool gives_trailer; /* its section is handed out, too; set by the caller after the init */
};

/* Of a trailer section that is wanted the last part comes with HTTP_CHUNKED_END, its empty line
 * included. */
enum http_chunked_result {
    HTTP_CHUNKED_MORE,    /* everything was consumed, the body goes on */
    HTTP_CHUNKED_DATA,    /* `*data` holds body bytes; call again with the rest */
    HTTP_CHUNKED_TRAILER, /* `*data` holds a part of the trailer section; call again */
    HTTP_CHUNKED_END,     /* the body is complete; bytes after `*consumed` belong to what follows */
    HTTP_CHUNKED_BAD,     /* not a chunked body */
};

void http_chunked_init(struct http_chunked *decoder);

/* Consumes a part of `input` (`*consumed` bytes of it) up to and including one run of body bytes.
 * Strict: sizes of at most 16 hexadecimal digits, CR LF everywhere, extensions of the RFC's grammar
 * (with at most 4 KiB in all), trailer fields (8 KiB in all) that are valid fields. They are read
 * and dropped unless wanted. */
enum http_chunked_result http_chunked_decode(struct http_chunked *decoder, struct slice input,
                                             size_t *consumed, struct slice *data);

enum { HTTP_CHUNK_HEADER_SIZE = 18 };

/* Writes "SIZE CR LF" in hexadecimal; returns its length. */
size_t http_chunk_header(char buffer[HTTP_CHUNK_HEADER_SIZE], uint64_t size);

#endif
