/* Requests of HTTP/2: from fields as HPACK gives them to an exchange like any other. nghttp2 has
 * checked what RFC 9113 8 demands: names in lower case, pseudo-header fields that are there once
 * and first, no fields of HTTP/1's connections. What goes to a backend is made from what is checked
 * here by the rules that hold for HTTP/1, too. */
#include "http/http2_front.h"

#include "engine/http_byte.h"

#include <string.h>

enum {
    OWN_FIELDS = 8,      /* that are made of pseudo-header fields, and do not count */
    FIELD_OVERHEAD = 32, /* as HPACK counts (RFC 7541 4.1) */
    BOMB_RATIO = 16,     /* so many times the largest head is an attack */
};

void http2_request_refuse(struct http2_stream *stream, uint32_t status, const char *reason) {
    if (stream->refusal == 0) {
        stream->refusal = status;
        stream->reason = reason;
    }
}

/* Each indexed field costs the client a byte, so what nobody will read is not even kept, and
 * trailers count as well. False when it is not. */
static bool measure_field(struct http2_stream *stream, size_t name_size, size_t value_size) {
    uint64_t limit = http_head_limit(stream->limits);
    stream->head_size += name_size + value_size + FIELD_OVERHEAD;
    if (stream->head_size > BOMB_RATIO * limit) {
        http2_accuse(stream->front, NGHTTP2_ENHANCE_YOUR_CALM,
                     "client sent a much too large request header");
    }
    if (stream->head_size > limit) {
        http2_request_refuse(stream, HTTP_HEADER_TOO_LARGE, "client sent too large request header");
    } else if (name_size + value_size > http_line_limit(stream->limits)) {
        http2_request_refuse(stream, HTTP_HEADER_TOO_LARGE, "client sent too long header line");
    }
    return stream->refusal == 0;
}

/* --- fields as they arrive --- */

int http2_request_open(struct http2_front *front, int32_t id) {
    struct http_connection *connection = &front->connection;
    struct exchange *exchange =
        exchange_take(connection->service, http_listener_generation(connection->listener));
    struct http2_stream *stream =
        exchange == NULL ? NULL : arena_allocate(&exchange->arena, sizeof *stream);
    if (stream == NULL) {
        http_connection_log(connection, TABLE_LOG_ALERT, "no memory for a request");
        if (exchange != NULL) {
            exchange_end(exchange);
        }
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    connection->requests++;
    stream->limits = http_connection_settings(connection);
    http2_stream_enter(front, stream, exchange, id);
    exchange->front = stream;
    exchange->front_operations = &http2_operations;
    exchange->is_http2 = true;
    exchange->keep_alive = true;
    exchange->started = connection->service->loop->now;
    http_connection_describe(connection, exchange);
    (void)nghttp2_session_set_stream_user_data(front->session, id, stream);
    return 0;
}

/* NULL data without memory. What nghttp2 has in its own tables stays where it is. */
static struct slice keep(struct http2_stream *stream, nghttp2_rcbuf *text) {
    nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
    struct slice kept = {(const char *)bytes.base, bytes.len};
    if (bytes.len == 0 || nghttp2_rcbuf_is_static(text)) {
        return kept.size == 0 ? SLICE("") : kept;
    }
    char *copy = arena_allocate_bytes(&stream->exchange->arena, kept.size);
    if (copy != NULL) {
        memcpy(copy, kept.data, kept.size);
    }
    kept.data = copy;
    return kept;
}

static const struct {
    struct slice name;
    size_t offset;
} pseudo_fields[] = {
    {SLICE_INIT(":method"), offsetof(struct http2_pseudo_fields, method)},
    {SLICE_INIT(":scheme"), offsetof(struct http2_pseudo_fields, scheme)},
    {SLICE_INIT(":authority"), offsetof(struct http2_pseudo_fields, authority)},
    {SLICE_INIT(":path"), offsetof(struct http2_pseudo_fields, path)},
    {SLICE_INIT(":protocol"), offsetof(struct http2_pseudo_fields, protocol)},
};

static void add_pseudo_field(struct http2_stream *stream, struct slice name, struct slice value) {
    for (size_t i = 0; i < sizeof pseudo_fields / sizeof pseudo_fields[0]; i++) {
        if (slice_equals(name, pseudo_fields[i].name)) {
            *(struct slice *)((char *)&stream->pseudo + pseudo_fields[i].offset) = value;
            return;
        }
    }
    http2_request_refuse(stream, 400, "client sent unknown pseudo-header");
}

/* Room for more fields, as many as are allowed at the most. */
static bool make_room(struct exchange *exchange, uint32_t limit) {
    struct http_fields *fields = &exchange->head.fields;
    uint32_t most = limit < UINT32_MAX - OWN_FIELDS ? limit + OWN_FIELDS : limit;
    uint32_t wanted = fields->capacity * 4;
    uint32_t capacity = wanted < most || most <= fields->capacity ? wanted : most;
    struct engine_header *items = arena_allocate(&exchange->arena, capacity * sizeof *items);
    uint8_t *ids = arena_allocate(&exchange->arena, capacity);
    if (items == NULL || ids == NULL) {
        return false;
    }
    memcpy(items, fields->items, fields->count * sizeof *items);
    memcpy(ids, fields->ids, fields->count);
    fields->items = items;
    fields->ids = ids;
    fields->capacity = capacity;
    return true;
}

void http2_request_put_field(struct http2_stream *stream, enum http_field id, struct slice name,
                             struct slice value) {
    struct http_fields *fields = &stream->exchange->head.fields;
    if (fields->count == fields->capacity &&
        !make_room(stream->exchange, stream->limits->max_headers)) {
        http2_request_refuse(stream, 500, "no memory for header fields");
    } else if (fields->items != NULL) {
        fields->items[fields->count] = (struct engine_header){name, value};
        fields->ids[fields->count++] = (uint8_t)id;
    }
}

static uint8_t shared_classes(struct slice name) {
    uint8_t shared = UINT8_MAX;
    for (size_t i = 0; i < name.size; i++) {
        shared &= http_byte_class(name.data[i]);
    }
    return shared;
}

static bool is_text(struct slice value) {
    for (size_t i = 0; i < value.size; i++) {
        if (!http_byte_is(value.data[i], HTTP_BYTE_TEXT)) {
            return false;
        }
    }
    return true;
}

static void add_field(struct http2_stream *stream, struct slice name, struct slice value) {
    const struct http_header_rules rules = http_header_rules(stream->limits);
    uint8_t classes = shared_classes(name);
    if ((classes & HTTP_BYTE_TOKEN) == 0 || !is_text(value)) {
        http2_request_refuse(stream, 400, "client sent invalid header line");
    } else if (http_header_is_wanted(&rules, classes)) {
        enum http_field id = http_field_find(name);
        stream->cookies += id == HTTP_FIELD_COOKIE;
        if (stream->exchange->head.fields.count >= stream->limits->max_headers) {
            http2_request_refuse(stream, HTTP_HEADER_TOO_LARGE,
                                 "client sent too many header lines");
            return;
        }
        http2_request_put_field(stream, id, name, value);
    }
}

void http2_request_add_field(struct http2_stream *stream, nghttp2_rcbuf *name,
                             nghttp2_rcbuf *value) {
    size_t name_size = nghttp2_rcbuf_get_buf(name).len;
    size_t value_size = nghttp2_rcbuf_get_buf(value).len;
    stream->front->useful_bytes += name_size + value_size;
    if (!measure_field(stream, name_size, value_size) || stream->has_head) {
        return; /* too much, or trailers, which go nowhere */
    }
    struct slice kept_name = keep(stream, name);
    struct slice kept_value = keep(stream, value);
    if (kept_name.data == NULL || kept_value.data == NULL) {
        http2_request_refuse(stream, 500, "no memory for header fields");
    } else if (kept_name.size > 0 && kept_name.data[0] == ':') {
        add_pseudo_field(stream, kept_name, kept_value);
    } else {
        add_field(stream, kept_name, kept_value);
    }
}

/* --- the head as a whole --- */

/* RFC 9113 8.2.3: for what is not HTTP/2 the parts are one again. */
static bool join_cookies(struct http2_stream *stream) {
    struct http_fields *fields = &stream->exchange->head.fields;
    size_t size = 0;
    uint32_t kept = 0;
    struct engine_header *whole = NULL;
    for (uint32_t i = 0; i < fields->count; i++) {
        size += fields->ids[i] == HTTP_FIELD_COOKIE ? fields->items[i].value.size + 2 : 0;
    }
    char *text = arena_allocate_bytes(&stream->exchange->arena, size);
    char *end = text;
    if (text == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < fields->count; i++) {
        bool is_cookie = fields->ids[i] == HTTP_FIELD_COOKIE;
        if (is_cookie) {
            end = mempcpy(end, fields->items[i].value.data, fields->items[i].value.size);
            end = mempcpy(end, "; ", 2);
        }
        if (!is_cookie || whole == NULL) {
            fields->items[kept] = fields->items[i];
            fields->ids[kept] = fields->ids[i];
            whole = is_cookie ? &fields->items[kept] : whole;
            kept++;
        }
    }
    fields->count = kept;
    if (whole != NULL) {
        whole->value = (struct slice){text, size - 2};
    }
    return true;
}

static const struct engine_header *find_field(const struct http_fields *fields, enum http_field id,
                                              uint32_t *count) {
    const struct engine_header *found = NULL;
    *count = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->ids[i] == (uint8_t)id) {
            found = &fields->items[i];
            ++*count;
        }
    }
    return found;
}

/* RFC 9113 8.3.1: Host says the same as :authority, or stands for it. Variables find it as Host in
 * any case. */
static void check_host(struct http2_stream *stream) {
    struct http_request_head *head = &stream->exchange->head;
    struct slice authority = stream->pseudo.authority;
    uint32_t count;
    const struct engine_header *host = find_field(&head->fields, HTTP_FIELD_HOST, &count);
    if (count > 1) {
        http2_request_refuse(stream, 400, "duplicate Host");
    } else if (authority.data == NULL && host == NULL) {
        http2_request_refuse(stream, 400, "no Host");
    } else if (authority.data != NULL && host != NULL &&
               !slice_equals_nocase(authority, host->value)) {
        http2_request_refuse(stream, 400, "Host differs from :authority");
    } else if (host != NULL) {
        head->has_host = true;
        head->host = host->value;
    } else {
        head->has_host = true;
        head->host = authority;
        http2_request_put_field(stream, HTTP_FIELD_HOST, SLICE("host"), authority);
    }
}

static bool consists_of(struct slice text, uint8_t class) {
    for (size_t i = 0; i < text.size; i++) {
        if (!http_byte_is(text.data[i], class)) {
            return false;
        }
    }
    return text.size > 0;
}

static void check_line(struct http2_stream *stream) {
    const struct http2_pseudo_fields *pseudo = &stream->pseudo;
    bool is_connect = slice_equals(pseudo->method, SLICE("CONNECT"));
    bool has_path = pseudo->path.size > 0 &&
                    (pseudo->path.data[0] == '/' || slice_equals(pseudo->path, SLICE("*")));
    if (!consists_of(pseudo->method, HTTP_BYTE_METHOD)) {
        http2_request_refuse(stream, 400, "invalid method");
    } else if ((is_connect && pseudo->protocol.data == NULL) ||
               slice_equals(pseudo->method, SLICE("TRACE"))) {
        http2_request_refuse(stream, 405, "method not allowed");
    } else if (is_connect && !slice_equals(pseudo->protocol, SLICE("websocket"))) {
        http2_request_refuse(stream, 501, "unknown :protocol");
    } else if (!has_path || !consists_of(pseudo->path, HTTP_BYTE_TARGET)) {
        http2_request_refuse(stream, 400, "invalid request target");
    }
    stream->is_tunnel = is_connect && stream->refusal == 0;
}

/* RFC 9110 10.1.1, as in request_head.c. */
static void check_expectation(struct http2_stream *stream) {
    uint32_t count;
    const struct engine_header *expect =
        find_field(&stream->exchange->head.fields, HTTP_FIELD_EXPECT, &count);
    if (expect != NULL && !slice_equals_nocase(expect->value, SLICE("100-continue"))) {
        http2_request_refuse(stream, 417, "unknown expectation");
    }
    stream->exchange->head.expects_continue = expect != NULL;
}

/* A length was held against the body by nghttp2; it need not be there. */
static void decide_framing(struct http2_stream *stream) {
    struct http_request_head *head = &stream->exchange->head;
    uint32_t count;
    const struct engine_header *length =
        find_field(&head->fields, HTTP_FIELD_CONTENT_LENGTH, &count);
    if (count > 1 ||
        (length != NULL && !slice_parse_u64(length->value, INT64_MAX, &head->content_length))) {
        http2_request_refuse(stream, 400, "invalid Content-Length");
        return;
    }
    if (stream->is_tunnel) {
        head->framing = HTTP_BODY_NONE; /* what comes is no body */
    } else if (length != NULL) {
        head->framing = HTTP_BODY_LENGTH;
    } else {
        head->framing = stream->has_ended ? HTTP_BODY_NONE : HTTP_BODY_CHUNKED;
    }
    stream->body_ended = head->framing == HTTP_BODY_NONE ||
                         (head->framing == HTTP_BODY_LENGTH && head->content_length == 0);
    stream->exchange->body_complete = stream->body_ended;
}

/* $request, as nginx makes one up. */
static struct slice make_line(struct http2_stream *stream) {
    const struct http2_pseudo_fields *pseudo = &stream->pseudo;
    static const char protocol[] = " HTTP/2.0";
    size_t size = pseudo->method.size + 1 + pseudo->path.size + sizeof protocol - 1;
    char *line = arena_allocate_bytes(&stream->exchange->arena, size);
    if (line == NULL || pseudo->method.size == 0 || pseudo->path.size == 0) {
        return SLICE("");
    }
    char *end = mempcpy(line, pseudo->method.data, pseudo->method.size);
    *end++ = ' ';
    end = mempcpy(end, pseudo->path.data, pseudo->path.size);
    memcpy(end, protocol, sizeof protocol - 1);
    return (struct slice){line, size};
}

static void describe(struct http2_stream *stream) {
    struct exchange *exchange = stream->exchange;
    struct http_request_head *head = &exchange->head;
    struct engine_request *request = &exchange->request;
    head->minor = 1; /* what HTTP/1.1 can take, HTTP/2 can */
    head->method = stream->is_tunnel ? SLICE("GET") : stream->pseudo.method;
    head->target = stream->pseudo.path;
    head->protocol = SLICE("HTTP/2.0");
    head->line = make_line(stream);
    request->method = head->method;
    request->target = head->target;
    request->protocol = head->protocol;
    request->line = head->line;
}

static void check(struct http2_stream *stream) {
    if (stream->cookies > 1 && !join_cookies(stream)) {
        http2_request_refuse(stream, 500, "no memory for header fields");
    }
    check_line(stream);
    check_host(stream);
    check_expectation(stream);
    decide_framing(stream);
    if (stream->is_tunnel && stream->refusal == 0 && !http2_tunnel_begin(stream)) {
        http2_request_refuse(stream, 500, "no memory for a tunnel");
    }
}

/* The server is that of what had been read by then. */
static void find_refuser(struct http2_stream *stream) {
    struct http_request_head *head = &stream->exchange->head;
    uint32_t count;
    const struct engine_header *host = find_field(&head->fields, HTTP_FIELD_HOST, &count);
    if (stream->pseudo.authority.data != NULL) {
        head->host = stream->pseudo.authority;
    } else if (count == 1) {
        head->host = host->value;
    }
}

void http2_request_begin(struct http2_stream *stream) {
    struct exchange *exchange = stream->exchange;
    stream->is_begun = true;
    if (stream->refusal == 0) {
        check(stream);
    }
    describe(stream);
    if (stream->refusal != 0) {
        find_refuser(stream);
    }
    if (stream->is_gone) {
        exchange_refuse(exchange, 0, 499, "client reset a stream before its request began");
    } else if (stream->refusal != 0) {
        stream->body_ended = true;
        exchange_refuse(exchange, stream->refusal, 0, stream->reason);
    } else {
        exchange_begin(exchange);
    }
}
