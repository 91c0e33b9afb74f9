/* The head of a request to a backend, built anew from parsed parts: request line, configured
 * fields, framing, then the client's fields that may pass. Nothing is copied through unparsed. */
#include "proxy/internal.h"

#include <stdio.h>
#include <string.h>

/* Text being written into proxy->request, which grows. */
static bool add(struct proxy *proxy, struct slice s) {
    struct buffer *out = proxy->request;
    if (buffer_append(out, s)) {
        return true;
    }
    struct buffer_pool *pool = &proxy->exchange->service->buffers;
    struct buffer *larger = buffer_take(pool, 2 * (out->end + s.size));
    if (larger == NULL) {
        return false;
    }
    (void)buffer_append(larger, buffer_content(out));
    (void)buffer_append(larger, s);
    buffer_give(pool, out);
    proxy->request = larger;
    return true;
}

static bool add_field(struct proxy *proxy, struct slice name, struct slice value) {
    return add(proxy, name) && add(proxy, SLICE(": ")) && add(proxy, value) &&
           add(proxy, SLICE("\r\n"));
}

/* RFC 9110 5.5: CR, LF and NUL in a value become spaces; they can only come from variables. */
static bool add_configured_field(struct proxy *proxy, struct slice name, struct slice value) {
    if (!add(proxy, name) || !add(proxy, SLICE(": "))) {
        return false;
    }
    size_t begin = 0;
    for (size_t i = 0; i < value.size; i++) {
        char byte = value.data[i];
        if (byte == '\r' || byte == '\n' || byte == '\0') {
            if (!add(proxy, (struct slice){value.data + begin, i - begin}) ||
                !add(proxy, SLICE(" "))) {
                return false;
            }
            begin = i + 1;
        }
    }
    return add(proxy, slice_skip(value, begin)) && add(proxy, SLICE("\r\n"));
}

static struct table_range configured(const struct proxy *proxy) {
    return proxy->exchange->request.settings->proxy_set_header;
}

static bool is_configured(const struct proxy *proxy, struct slice name) {
    const struct table *table = &proxy->exchange->generation->table;
    struct table_range range = configured(proxy);
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        if (slice_equals_nocase(table_text(table, table->header_field[i].name), name)) {
            return true;
        }
    }
    return false;
}

/* proxy_set_header, except for what describes framing, which is always ours. */
static bool add_configured_fields(struct proxy *proxy) {
    const struct table *table = &proxy->exchange->generation->table;
    struct table_range range = configured(proxy);
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        const struct table_header_field *field = &table->header_field[i];
        struct slice name = table_text(table, field->name);
        enum http_field id = http_field_find(name);
        struct slice value;
        if (id == HTTP_FIELD_CONTENT_LENGTH || id == HTTP_FIELD_TRANSFER_ENCODING) {
            continue;
        }
        if (!engine_run_template(&proxy->exchange->request, field->value, &value)) {
            return false;
        }
        if (value.size > 0 && !add_configured_field(proxy, name, value)) {
            return false;
        }
        proxy->asks_upgrade = proxy->asks_upgrade || (id == HTTP_FIELD_UPGRADE && value.size > 0);
        proxy->asks_close = proxy->asks_close || (id == HTTP_FIELD_CONNECTION &&
                                                  http_list_has_token(value, SLICE("close")));
    }
    return true;
}

/* The error page of a request that was not understood is asked for with GET. */
static bool add_request_line(struct proxy *proxy) {
    bool is_1_0 = proxy->exchange->request.settings->proxy_http_version == 0;
    struct slice method = proxy->exchange->request.method;
    return add(proxy, method.size > 0 ? method : SLICE("GET")) && add(proxy, SLICE(" ")) &&
           add(proxy, proxy->uri) &&
           add(proxy, is_1_0 ? SLICE(" HTTP/1.0\r\n") : SLICE(" HTTP/1.1\r\n"));
}

static bool add_body_length(struct proxy *proxy) {
    char text[32];
    uint64_t length = 0;
    if (proxy->body == PROXY_BODY_COLLECT) {
        length = spool_size(&proxy->spool);
    } else if (proxy->body == PROXY_BODY_STREAM) {
        length = proxy->exchange->head.content_length;
    }
    if (proxy->exchange->head.framing == HTTP_BODY_NONE) {
        return true;
    }
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)length);
    return add_field(proxy, SLICE("Content-Length"), (struct slice){text, (size_t)size});
}

/* Whether the client's field goes on to the backend. */
static bool passes(const struct proxy *proxy, uint32_t index, bool has_connection) {
    const struct http_fields *fields = &proxy->exchange->head.fields;
    return http_field_in_request[fields->ids[index]] == HTTP_PASS &&
           !is_configured(proxy, fields->items[index].name) &&
           !(has_connection && http_fields_connection_names(fields, fields->items[index].name));
}

static bool has_connection_field(const struct http_fields *fields) {
    return memchr(fields->ids, HTTP_FIELD_CONNECTION, fields->count) != NULL;
}

static bool add_client_fields(struct proxy *proxy) {
    const struct http_fields *fields = &proxy->exchange->head.fields;
    bool has_connection = has_connection_field(fields);
    for (uint32_t i = 0; i < fields->count; i++) {
        if (passes(proxy, i, has_connection) &&
            !add_field(proxy, fields->items[i].name, fields->items[i].value)) {
            return false;
        }
    }
    return true;
}

bool proxy_build_request(struct proxy *proxy) {
    proxy->request = buffer_take(&proxy->exchange->service->buffers, BUFFER_STANDARD);
    if (proxy->request == NULL || !add_request_line(proxy)) {
        return false;
    }
    if (!is_configured(proxy, SLICE("Host")) &&
        !add_configured_field(proxy, SLICE("Host"), proxy->host)) {
        return false;
    }
    if (!add_configured_fields(proxy) || !add_body_length(proxy)) {
        return false;
    }
    bool passes_fields = proxy->exchange->request.settings->proxy_pass_request_headers != 0;
    return (!passes_fields || add_client_fields(proxy)) && add(proxy, SLICE("\r\n"));
}
