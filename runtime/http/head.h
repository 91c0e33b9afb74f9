/* Heads of HTTP/1 messages: what the parsers of requests and responses share. The parsers are pure:
 * bytes in, slices of those bytes out, no allocation, no I/O. They follow RFC 9112 strictly: what
 * is invalid or ambiguous is refused, not repaired. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "engine/http_field.h"

/* Header fields as received. The caller owns the two arrays. */
struct http_fields {
    struct engine_header *items;
    uint8_t *ids; /* enum http_field, parallel to items */
    uint32_t count;
    uint32_t capacity;
};

enum http_framing { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE };

/* Finds the end of a head, the empty line, in the first `size` bytes. `*scanned` carries on from
 * the last call over the same bytes (0 at first), so that a head that trickles in is scanned once.
 * Returns the head's size with its empty line, or 0 when it is not complete yet. What can not
 * become a head, because an LF stands without its CR or the first byte is no part of a word, ends
 * at that byte, so that the parser refuses it at once instead of waiting for more. */
size_t http_head_find_end(const char *data, size_t size, size_t *scanned);

/* The size of the empty lines at the beginning, to be ignored before a request line (RFC 9112 2.2)
 * and skipped before looking for the head's end. */
size_t http_head_count_empty_lines(const char *data, size_t size);

enum http_parse_result { HTTP_PARSE_OK, HTTP_PARSE_BAD, HTTP_PARSE_TOO_MANY_FIELDS };

/* --- requests --- */

struct http_request_head {
    struct slice line; /* without CR LF */
    struct slice method;
    struct slice target;
    struct slice protocol; /* HTTP/1.1 */
    uint32_t minor;        /* 0 or 1; a higher minor version is treated as 1 */
    struct http_fields fields;
    struct slice host; /* value of the Host field */
    bool has_host;
    enum http_framing framing;
    uint64_t content_length; /* HTTP_BODY_LENGTH */
    bool connection_close;   /* the Connection field says close */
    bool connection_keep_alive;
    bool expects_continue;
    bool has_upgrade;   /* Upgrade, and Connection names it; not in 1.0 */
    uint32_t status;    /* unless HTTP_PARSE_OK: the answer: 400, 405, 417, 501 or 505 */
    const char *reason; /* unless HTTP_PARSE_OK: a constant, for the log */
};

/* Takes apart a whole head (as http_head_find_end measured it). `head->fields` must be set up by
 * the caller, the rest is overwritten. RFC 9112 3 to 6, among them: no bare CR or LF, no space
 * before a colon, no folding, one Host exactly for 1.1, Content-Length digits only and the same if
 * repeated is still refused, never Content-Length together with Transfer-Encoding, chunked the last
 * and only coding, no Transfer-Encoding in 1.0. CONNECT and TRACE are answered 405, other codings
 * than chunked 501, major versions other than 1 with 505. As in nginx, methods are of upper-case
 * letters, '-' and '_', and bytes from 0x80 may stand in the target. The slices point into `data`.
 */
enum http_parse_result http_parse_request(const char *data, size_t size,
                                          const struct http_header_rules *rules,
                                          struct http_request_head *head);

/* The first line alone, for a head that is refused: fills in line, method, target, protocol and
 * minor. False where it is no whole request line; some of them may be set then. */
bool http_parse_request_line(const char *data, size_t size, struct http_request_head *head);

/* The first Host of a head that is refused, among the lines that are whole, in order and not too
 * long, up to the first that is not. False where there is none. */
bool http_find_host(const char *data, size_t size, uint64_t longest_line, struct slice *host);

/* --- responses --- */

struct http_response_head {
    uint32_t minor;
    uint32_t status; /* 100 to 999 */
    struct slice reason_phrase;
    struct http_fields fields;
    enum http_framing framing; /* for the request method given */
    uint64_t content_length;
    bool has_content_length; /* also when the message has no body, e.g. to HEAD */
    bool connection_close;
    bool connection_keep_alive;
    const char *reason; /* unless HTTP_PARSE_OK */
};

/* The same for a backend's response (RFC 9112 4 and 6.3). `to_head`: the request was HEAD. */
enum http_parse_result http_parse_response(const char *data, size_t size, bool to_head,
                                           struct http_response_head *head);

/* A trailer section with its empty line (RFC 9112 7.1.2) into `fields`, which the caller set up. */
enum http_parse_result http_parse_trailers(const char *data, size_t size,
                                           struct http_fields *fields);

#endif
