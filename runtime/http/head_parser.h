/* What the parsers of request and response heads share: reading a line piece by piece, the field
 * section, and the fields that say where a message ends. For request_head.c and response_head.c
 * alone. */
#ifndef HTTP_HEAD_PARSER_H
#define HTTP_HEAD_PARSER_H

#include "http/head.h"

/* What the Transfer-Encoding fields of a message, taken together, ask for. */
enum http_coding {
    HTTP_CODING_NONE,
    HTTP_CODING_CHUNKED, /* chunked and nothing else */
    HTTP_CODING_OTHER,   /* one or more codings, of which only the last may be chunked */
    HTTP_CODING_OTHER_CHUNKED,
};

struct http_head_parser {
    const char *at;
    const char *end;
    struct http_fields *fields;
    const struct http_header_rules *rules; /* NULL: every token is a good name */
    /* By enum http_field, NULL for those of no interest here: looks at a value, and returns false
     * when the message must be refused. */
    bool (*const *handlers)(struct http_head_parser *parser, struct slice value);
    void *message; /* what the handlers write to */

    enum http_coding coding;
    bool has_content_length;
    uint64_t content_length;
    bool connection_close;
    bool connection_keep_alive;
    bool connection_upgrade;

    uint32_t status; /* once something was refused: as in struct http_request_head */
    const char *reason;
};

/* Notes why the message is refused; returns false for the caller to return. */
bool http_head_refuse(struct http_head_parser *parser, uint32_t status, const char *reason);

/* The next byte must be `byte`; it is passed. */
bool http_head_take_byte(struct http_head_parser *parser, char byte);

/* Passes bytes of the classes, perhaps none, and returns them. */
struct slice http_head_take_class(struct http_head_parser *parser, uint8_t classes);

/* The same for runs that tend to be long: HTTP_BYTE_TARGET or HTTP_BYTE_TEXT. */
struct slice http_head_take_target(struct http_head_parser *parser);
struct slice http_head_take_text(struct http_head_parser *parser);

/* "HTTP/1.x". Refuses other majors with 505, what is not a version with 400. */
bool http_head_take_version(struct http_head_parser *parser, uint32_t *minor);

bool http_head_take_line_end(struct http_head_parser *parser);

/* One line of the field section. */
bool http_head_take_field(struct http_head_parser *parser, struct engine_header *field,
                          uint8_t *classes);

/* The field section, up to the empty line that must be the last thing of the head. Each field that
 * the rules let through is added to `fields` and shown to its handler. */
enum http_parse_result http_head_take_fields(struct http_head_parser *parser);

/* Handlers of the fields that both directions understand alike. */
bool http_head_on_content_length(struct http_head_parser *parser, struct slice value);
bool http_head_on_transfer_encoding(struct http_head_parser *parser, struct slice value);
bool http_head_on_connection(struct http_head_parser *parser, struct slice value);

#endif
