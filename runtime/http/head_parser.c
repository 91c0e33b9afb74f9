/* Lines and fields of HTTP/1 heads (RFC 9112 2 and 5), and the fields that frame a message (6) as
 * far as requests and responses agree about them. Every byte is looked at once. */
#include "http/head_parser.h"

#include "engine/http_byte.h"
#include "http/block.h"

#include <string.h>

/* More than fits a file offset is an attempt at overflow. */
static const uint64_t CONTENT_LENGTH_LIMIT = INT64_MAX;

bool http_head_refuse(struct http_head_parser *parser, uint32_t status, const char *reason) {
    parser->status = status;
    parser->reason = reason;
    return false;
}

bool http_head_take_byte(struct http_head_parser *parser, char byte) {
    if (parser->at == parser->end || *parser->at != byte) {
        return false;
    }
    parser->at++;
    return true;
}

static struct slice pass_to(struct http_head_parser *parser, const char *end) {
    struct slice passed = {parser->at, (size_t)(end - parser->at)};
    parser->at = end;
    return passed;
}

struct slice http_head_take_class(struct http_head_parser *parser, uint8_t classes) {
    const char *at = parser->at;
    while (at < parser->end && http_byte_is(*at, classes)) {
        at++;
    }
    return pass_to(parser, at);
}

struct slice http_head_take_target(struct http_head_parser *parser) {
    const char *at = parser->at;
    while (parser->end - at >= HTTP_BLOCK_SIZE) {
        uint32_t found = http_block_controls(at, ' ');
        if (found != 0) {
            return pass_to(parser, at + __builtin_ctz(found));
        }
        at += HTTP_BLOCK_SIZE;
    }
    while (at < parser->end && http_byte_is(*at, HTTP_BYTE_TARGET)) {
        at++;
    }
    return pass_to(parser, at);
}

struct slice http_head_take_text(struct http_head_parser *parser) {
    const char *at = parser->at;
    while (parser->end - at >= HTTP_BLOCK_SIZE) {
        uint32_t found = http_block_controls(at, ' ' - 1) & ~http_block_match(at, '\t');
        if (found != 0) {
            return pass_to(parser, at + __builtin_ctz(found));
        }
        at += HTTP_BLOCK_SIZE;
    }
    while (at < parser->end && http_byte_is(*at, HTTP_BYTE_TEXT)) {
        at++;
    }
    return pass_to(parser, at);
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

bool http_head_take_version(struct http_head_parser *parser, uint32_t *minor) {
    const char *at = parser->at;
    if (parser->end - at < 8 || memcmp(at, "HTTP/", 5) != 0 || !is_digit(at[5]) || at[6] != '.' ||
        !is_digit(at[7])) {
        return http_head_refuse(parser, 400, "invalid protocol version");
    }
    if (at[5] != '1') {
        return http_head_refuse(parser, 505, "unsupported protocol version");
    }
    *minor = at[7] == '0' ? 0 : 1; /* RFC 9110 2.5: a higher minor version speaks ours as well */
    parser->at += 8;
    return true;
}

bool http_head_take_line_end(struct http_head_parser *parser) {
    return http_head_take_byte(parser, '\r') && http_head_take_byte(parser, '\n');
}

/* RFC 9112 5.1: nothing stands between name and colon. A name that begins with white space, which
 * would continue the line before (5.2), is no token either. `*classes` gets what all its bytes have
 * in common. */
static bool take_name(struct http_head_parser *parser, struct slice *name, uint8_t *classes) {
    const char *at = parser->at;
    uint8_t shared = UINT8_MAX;
    while (at < parser->end) {
        uint8_t class = http_byte_class(*at);
        if ((class & HTTP_BYTE_TOKEN) == 0) {
            break;
        }
        shared &= class;
        at++;
    }
    *classes = shared;
    *name = pass_to(parser, at);
    if (name->size == 0 || !http_head_take_byte(parser, ':')) {
        return http_head_refuse(parser, 400, "invalid header name");
    }
    return true;
}

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t';
}

/* Without the white space around it (RFC 9112 5.1). */
static bool take_value(struct http_head_parser *parser, struct slice *value) {
    while (parser->at < parser->end && is_space(*parser->at)) {
        parser->at++;
    }
    *value = http_head_take_text(parser);
    while (value->size > 0 && is_space(value->data[value->size - 1])) {
        value->size--;
    }
    if (!http_head_take_line_end(parser)) {
        return http_head_refuse(parser, 400, "invalid header value");
    }
    return true;
}

static enum http_parse_result add_field(struct http_head_parser *parser,
                                        const struct engine_header *field) {
    struct http_fields *fields = parser->fields;
    if (fields->count == fields->capacity) {
        http_head_refuse(parser, 400, "too many header fields");
        return HTTP_PARSE_TOO_MANY_FIELDS;
    }
    enum http_field id = http_field_find(field->name);
    fields->items[fields->count] = *field;
    fields->ids[fields->count] = (uint8_t)id;
    fields->count++;
    if (parser->handlers[id] != NULL && !parser->handlers[id](parser, field->value)) {
        return HTTP_PARSE_BAD;
    }
    return HTTP_PARSE_OK;
}

static enum http_parse_result take_empty_line(struct http_head_parser *parser) {
    if (!http_head_take_line_end(parser) || parser->at != parser->end) {
        http_head_refuse(parser, 400, "invalid line end");
        return HTTP_PARSE_BAD;
    }
    return HTTP_PARSE_OK;
}

bool http_head_take_field(struct http_head_parser *parser, struct engine_header *field,
                          uint8_t *classes) {
    return take_name(parser, &field->name, classes) && take_value(parser, &field->value);
}

enum http_parse_result http_head_take_fields(struct http_head_parser *parser) {
    parser->fields->count = 0;
    while (parser->at < parser->end && *parser->at != '\r') {
        struct engine_header field;
        uint8_t classes;
        if (!http_head_take_field(parser, &field, &classes)) {
            return HTTP_PARSE_BAD;
        }
        if (http_header_is_wanted(parser->rules, classes)) {
            enum http_parse_result result = add_field(parser, &field);
            if (result != HTTP_PARSE_OK) {
                return result;
            }
        }
    }
    return take_empty_line(parser);
}

/* RFC 9112 6.3: a repeated or list-valued length may be taken as one if all agree; refusing it is
 * allowed as well, and leaves nothing to disagree about with the next hop. */
bool http_head_on_content_length(struct http_head_parser *parser, struct slice value) {
    if (parser->has_content_length) {
        return http_head_refuse(parser, 400, "duplicate Content-Length");
    }
    if (!slice_parse_u64(value, CONTENT_LENGTH_LIMIT, &parser->content_length)) {
        return http_head_refuse(parser, 400, "invalid Content-Length");
    }
    parser->has_content_length = true;
    return true;
}

/* transfer-coding = token *( OWS ";" OWS transfer-parameter ); as none with parameters is accepted
 * they are not looked at. */
static bool is_coding(struct slice element) {
    size_t size = 0;
    while (size < element.size && http_byte_is(element.data[size], HTTP_BYTE_TOKEN)) {
        size++;
    }
    struct slice parameters = slice_trim(slice_skip(element, size));
    return size > 0 && (parameters.size == 0 || parameters.data[0] == ';');
}

bool http_head_on_transfer_encoding(struct http_head_parser *parser, struct slice value) {
    struct slice element;
    while (http_list_next(&value, &element)) {
        if (!is_coding(element) || parser->coding == HTTP_CODING_CHUNKED ||
            parser->coding == HTTP_CODING_OTHER_CHUNKED) {
            return http_head_refuse(parser, 400, "invalid Transfer-Encoding");
        }
        bool is_chunked = slice_equals_nocase(element, SLICE("chunked"));
        if (parser->coding == HTTP_CODING_NONE) {
            parser->coding = is_chunked ? HTTP_CODING_CHUNKED : HTTP_CODING_OTHER;
        } else if (is_chunked) {
            parser->coding = HTTP_CODING_OTHER_CHUNKED;
        }
    }
    return true;
}

bool http_head_on_connection(struct http_head_parser *parser, struct slice value) {
    struct slice option;
    while (http_list_next(&value, &option)) {
        if (slice_equals_nocase(option, SLICE("close"))) {
            parser->connection_close = true;
        } else if (slice_equals_nocase(option, SLICE("keep-alive"))) {
            parser->connection_keep_alive = true;
        } else if (slice_equals_nocase(option, SLICE("upgrade"))) {
            parser->connection_upgrade = true;
        }
    }
    return true;
}
