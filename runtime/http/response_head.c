/* Heads of a backend's responses: the status line (RFC 9112 4) and where the body ends (6.3). What
 * is refused here becomes a 502. */
#include "http/head_parser.h"

#include "engine/http_byte.h"

static bool (*const handlers[HTTP_FIELD_COUNT])(struct http_head_parser *, struct slice) = {
    [HTTP_FIELD_CONNECTION] = http_head_on_connection,
    [HTTP_FIELD_TRANSFER_ENCODING] = http_head_on_transfer_encoding,
    [HTTP_FIELD_CONTENT_LENGTH] = http_head_on_content_length,
};

static bool take_status(struct http_head_parser *parser, uint32_t *status) {
    const char *at = parser->at;
    if (parser->end - at < 3) {
        return false;
    }
    uint64_t number;
    if (!slice_parse_u64((struct slice){at, 3}, 999, &number) || number < 100) {
        return false;
    }
    *status = (uint32_t)number;
    parser->at += 3;
    return true;
}

/* The space before the reason phrase is required even if that is empty. Servers that leave it out
 * exist, and nothing is ambiguous about them. */
static bool take_status_line(struct http_head_parser *parser, struct http_response_head *head) {
    if (!http_head_take_version(parser, &head->minor)) {
        return false;
    }
    if (!http_head_take_byte(parser, ' ') || !take_status(parser, &head->status)) {
        return http_head_refuse(parser, 502, "invalid status code");
    }
    if (http_head_take_byte(parser, ' ')) {
        head->reason_phrase = http_head_take_text(parser);
    }
    if (!http_head_take_line_end(parser)) {
        return http_head_refuse(parser, 502, "invalid status line");
    }
    return true;
}

static bool has_no_body(uint32_t status, bool to_head) {
    return to_head || status < 200 || status == 204 || status == 304;
}

/* Conflicts are refused even where no body follows: what they come from is not to be trusted. */
static bool decide_framing(struct http_head_parser *parser, bool to_head,
                           struct http_response_head *head) {
    head->has_content_length = parser->has_content_length;
    head->content_length = parser->content_length;
    if (parser->coding != HTTP_CODING_NONE) {
        if (head->minor == 0) {
            return http_head_refuse(parser, 502, "Transfer-Encoding in HTTP/1.0");
        }
        if (parser->has_content_length) {
            return http_head_refuse(parser, 502, "Content-Length with Transfer-Encoding");
        }
        if (parser->coding != HTTP_CODING_CHUNKED) {
            return http_head_refuse(parser, 502, "unknown Transfer-Encoding");
        }
    }
    if (has_no_body(head->status, to_head)) {
        head->framing = HTTP_BODY_NONE;
    } else if (parser->coding == HTTP_CODING_CHUNKED) {
        head->framing = HTTP_BODY_CHUNKED;
    } else {
        head->framing = parser->has_content_length ? HTTP_BODY_LENGTH : HTTP_BODY_UNTIL_CLOSE;
    }
    return true;
}

enum http_parse_result http_parse_response(const char *data, size_t size, bool to_head,
                                           struct http_response_head *head) {
    struct http_fields fields = head->fields;
    fields.count = 0;
    *head = (struct http_response_head){.fields = fields};
    struct http_head_parser parser = {
        .at = data,
        .end = data + size,
        .fields = &head->fields,
        .handlers = handlers,
        .message = head,
    };
    enum http_parse_result result = HTTP_PARSE_BAD;
    if (take_status_line(&parser, head)) {
        result = http_head_take_fields(&parser);
    }
    if (result == HTTP_PARSE_OK && !decide_framing(&parser, to_head, head)) {
        result = HTTP_PARSE_BAD;
    }
    head->connection_close = parser.connection_close;
    head->connection_keep_alive = parser.connection_keep_alive;
    head->reason = parser.reason;
    return result;
}

enum http_parse_result http_parse_trailers(const char *data, size_t size,
                                           struct http_fields *fields) {
    static bool (*const none[HTTP_FIELD_COUNT])(struct http_head_parser *, struct slice) = {NULL};
    struct http_head_parser parser = {
        .at = data,
        .end = data + size,
        .fields = fields,
        .handlers = none,
    };
    fields->count = 0;
    return http_head_take_fields(&parser);
}
