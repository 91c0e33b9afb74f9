/* Heads of requests: the request line (RFC 9112 3), what its fields say about the message, and
 * which answer a refused one gets. */
#include "http/head_parser.h"

#include "engine/http_byte.h"

#include <string.h>

/* RFC 9112 3.2: exactly one Host in HTTP/1.1. Two are refused in 1.0 as well. */
static bool on_host(struct http_head_parser *parser, struct slice value) {
    struct http_request_head *head = parser->message;
    if (head->has_host) {
        return http_head_refuse(parser, 400, "duplicate Host");
    }
    head->has_host = true;
    head->host = value;
    return true;
}

/* RFC 9110 10.1.1: HTTP/1.0 knows no expectations. */
static bool on_expect(struct http_head_parser *parser, struct slice value) {
    struct http_request_head *head = parser->message;
    if (head->minor == 0) {
        return true;
    }
    if (!slice_equals_nocase(value, SLICE("100-continue"))) {
        return http_head_refuse(parser, 417, "unknown expectation");
    }
    head->expects_continue = true;
    return true;
}

static bool on_upgrade(struct http_head_parser *parser, struct slice value) {
    struct http_request_head *head = parser->message;
    head->has_upgrade = value.size > 0;
    return true;
}

static bool (*const handlers[HTTP_FIELD_COUNT])(struct http_head_parser *, struct slice) = {
    [HTTP_FIELD_HOST] = on_host,
    [HTTP_FIELD_CONNECTION] = http_head_on_connection,
    [HTTP_FIELD_UPGRADE] = on_upgrade,
    [HTTP_FIELD_TRANSFER_ENCODING] = http_head_on_transfer_encoding,
    [HTTP_FIELD_CONTENT_LENGTH] = http_head_on_content_length,
    [HTTP_FIELD_EXPECT] = on_expect,
};

/* One space between the three parts, nothing else: RFC 9112 3 allows to be laxer, and warns of what
 * comes of it. The target's inner form is the engine's to judge (engine_parse_target). */
static bool take_request_line(struct http_head_parser *parser, struct http_request_head *head) {
    const char *begin = parser->at;
    head->method = http_head_take_class(parser, HTTP_BYTE_METHOD);
    if (head->method.size == 0 || !http_head_take_byte(parser, ' ')) {
        return http_head_refuse(parser, 400, "invalid method");
    }
    head->target = http_head_take_target(parser);
    if (head->target.size == 0 || !http_head_take_byte(parser, ' ')) {
        return http_head_refuse(parser, 400, "invalid request target");
    }
    const char *protocol = parser->at;
    if (!http_head_take_version(parser, &head->minor)) {
        return false;
    }
    head->protocol = (struct slice){protocol, (size_t)(parser->at - protocol)};
    head->line = (struct slice){begin, (size_t)(parser->at - begin)};
    if (!http_head_take_line_end(parser)) {
        return http_head_refuse(parser, 400, "invalid request line");
    }
    return true;
}

/* RFC 9112 6.1 and 6.3. */
static bool decide_framing(struct http_head_parser *parser, struct http_request_head *head) {
    if (parser->coding != HTTP_CODING_NONE) {
        if (head->minor == 0) {
            return http_head_refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
        }
        if (parser->has_content_length) {
            return http_head_refuse(parser, 400, "Content-Length with Transfer-Encoding");
        }
        if (parser->coding != HTTP_CODING_CHUNKED) {
            return http_head_refuse(parser, 501, "unknown Transfer-Encoding");
        }
        head->framing = HTTP_BODY_CHUNKED;
    } else if (parser->has_content_length) {
        head->framing = HTTP_BODY_LENGTH;
        head->content_length = parser->content_length;
    }
    return true;
}

/* As nginx: this proxy is no tunnel for CONNECT, and TRACE would show a client the fields that a
 * proxy in front of it has added. */
static bool is_refused_method(struct slice method) {
    return slice_equals(method, SLICE("CONNECT")) || slice_equals(method, SLICE("TRACE"));
}

static bool check_request(struct http_head_parser *parser, struct http_request_head *head) {
    head->connection_close = parser->connection_close;
    head->connection_keep_alive = parser->connection_keep_alive;
    /* RFC 9110 7.8: not in HTTP/1.0, and only if Connection names it. */
    head->has_upgrade = head->has_upgrade && head->minor > 0 && parser->connection_upgrade;
    if (!head->has_host && head->minor > 0) {
        return http_head_refuse(parser, 400, "no Host");
    }
    if (!decide_framing(parser, head)) {
        return false;
    }
    if (is_refused_method(head->method)) {
        return http_head_refuse(parser, 405, "method not allowed");
    }
    return true;
}

/* A refused request is logged with its first line, as far as it is one. */
static struct slice find_first_line(const char *data, size_t size) {
    size_t end = 0;
    while (end < size && data[end] != '\r' && data[end] != '\n') {
        end++;
    }
    return (struct slice){data, end};
}

bool http_parse_request_line(const char *data, size_t size, struct http_request_head *head) {
    struct http_head_parser parser = {.at = data, .end = data + size};
    return take_request_line(&parser, head);
}

bool http_find_host(const char *data, size_t size, uint64_t longest_line, struct slice *host) {
    struct http_request_head ignored;
    struct engine_header field;
    uint8_t classes;
    struct http_head_parser parser = {.at = data, .end = data + size};
    if (!take_request_line(&parser, &ignored)) {
        return false;
    }
    const char *line = parser.at;
    while (http_head_take_field(&parser, &field, &classes) &&
           (size_t)(parser.at - line) <= longest_line) {
        line = parser.at;
        if (http_field_find(field.name) == HTTP_FIELD_HOST) {
            *host = field.value;
            return true;
        }
    }
    return false;
}

enum http_parse_result http_parse_request(const char *data, size_t size,
                                          const struct http_header_rules *rules,
                                          struct http_request_head *head) {
    struct http_fields fields = head->fields;
    fields.count = 0;
    *head = (struct http_request_head){.fields = fields};
    struct http_head_parser parser = {
        .at = data,
        .end = data + size,
        .fields = &head->fields,
        .rules = rules,
        .handlers = handlers,
        .message = head,
    };
    enum http_parse_result result = HTTP_PARSE_BAD;
    if (take_request_line(&parser, head)) {
        result = http_head_take_fields(&parser);
    }
    if (result == HTTP_PARSE_OK && !check_request(&parser, head)) {
        result = HTTP_PARSE_BAD;
    }
    if (result != HTTP_PARSE_OK) {
        head->line = find_first_line(data, size);
        head->status = parser.status;
        head->reason = parser.reason;
    }
    return result;
}
