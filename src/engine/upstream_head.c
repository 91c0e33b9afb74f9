/* The head of a request to a backend: configured fields, framing, then the client's fields that may
 * pass. */
#include "engine/http_byte.h"
#include "engine/http_field.h"
#include "engine/observe.h"
#include "engine/safe_text.h"
#include "engine/state.h"
#include "engine/upstream.h"

#include <string.h>

struct head_maker {
    struct engine_request *request;
    bool is_http2;
    const struct table *table;
    struct table_range configured; /* proxy_set_header */
    struct engine_upstream_head *head;
};

uint32_t engine_upstream_field_limit(const struct engine_request *request) {
    return request->settings->proxy_set_header.count + request->header_count + 3;
}

static void add(struct head_maker *maker, struct slice name, struct slice value) {
    maker->head->fields[maker->head->count++] = (struct engine_header){name, value};
}

static bool is_configured(const struct head_maker *maker, struct slice name) {
    const struct table_header_field *fields = maker->table->header_field + maker->configured.first;
    for (uint32_t i = 0; i < maker->configured.count; i++) {
        if (slice_equals_nocase(table_text(maker->table, fields[i].name), name)) {
            return true;
        }
    }
    return false;
}

static bool is_h2c(struct slice protocol) {
    return slice_equals_nocase(slice_take(protocol, slice_find_byte(protocol, '/')), SLICE("h2c"));
}

/* The protocols of an Upgrade field without h2c: the requests in such a connection would get past
 * all that is decided about requests (RFC 9113 3.1 has given it up). False without memory. */
static bool take_out_h2c(struct arena *arena, struct slice *value) {
    char *kept = arena_allocate_bytes(arena, value->size + 1);
    char *end = kept;
    struct slice rest = *value;
    struct slice protocol;
    while (kept != NULL && http_list_next(&rest, &protocol)) {
        if (!is_h2c(protocol) && protocol.size > 0) {
            if (end > kept) {
                *end++ = ',';
            }
            end = mempcpy(end, protocol.data, protocol.size);
        }
    }
    *value = (struct slice){kept, (size_t)(end - kept)};
    return kept != NULL;
}

/* Fields of proxy_set_header that describe framing, which is always ours, or would have the
 * connection go over to what is_h2c keeps out. */
static bool is_never_configured(enum http_field id) {
    return id == HTTP_FIELD_CONTENT_LENGTH || id == HTTP_FIELD_TRANSFER_ENCODING ||
           id == HTTP_FIELD_HTTP2_SETTINGS;
}

/* HTTP/2 has no fields of the connection, and a TE of one word (RFC 9113 8.2.2). */
static bool fits_http2(enum http_field id, struct slice value) {
    static const bool is_of_connection[HTTP_FIELD_COUNT] = {[HTTP_FIELD_CONNECTION] = true,
                                                            [HTTP_FIELD_KEEP_ALIVE] = true,
                                                            [HTTP_FIELD_PROXY_CONNECTION] = true,
                                                            [HTTP_FIELD_UPGRADE] = true};
    return !is_of_connection[id] &&
           (id != HTTP_FIELD_TE || slice_equals_nocase(value, SLICE("trailers")));
}

static bool add_configured(struct head_maker *maker, const struct table_header_field *field) {
    struct engine_upstream_head *head = maker->head;
    struct slice name = table_text(maker->table, field->name);
    struct slice value;
    enum http_field id = http_field_find(name);
    if (is_never_configured(id)) {
        return true;
    }
    if (!engine_run_template(maker->request, field->value, &value) ||
        (id == HTTP_FIELD_UPGRADE && !take_out_h2c(maker->request->arena, &value))) {
        return false;
    }
    if (value.size == 0 || (maker->is_http2 && !fits_http2(id, value))) {
        return true;
    }
    head->asks_upgrade = head->asks_upgrade || id == HTTP_FIELD_UPGRADE;
    head->asks_close = head->asks_close ||
                       (id == HTTP_FIELD_CONNECTION && http_list_has_token(value, SLICE("close")));
    if (!engine_make_value_safe(maker->request->arena, &value)) {
        return false;
    }
    add(maker, name, value);
    return true;
}

static void add_client_fields(struct head_maker *maker) {
    const struct engine_request *request = maker->request;
    const struct engine_header *fields = request->headers;
    const uint8_t *ids = request->header_ids;
    uint32_t count = request->header_count;
    bool has_connection = count > 0 && memchr(ids, HTTP_FIELD_CONNECTION, count) != NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct slice name = fields[i].name;
        if (http_field_in_request[ids[i]] == HTTP_PASS && !is_configured(maker, name) &&
            !(has_connection && http_fields_connection_names(fields, ids, count, name))) {
            add(maker, name, fields[i].value);
        }
    }
}

/* A client that takes trailers is told about by the one value of TE that HTTP/2 knows. */
static void add_te(struct head_maker *maker) {
    const struct engine_request *request = maker->request;
    if (request->settings->proxy_pass_trailers == 0 || is_configured(maker, SLICE("TE"))) {
        return;
    }
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (request->header_ids[i] == HTTP_FIELD_TE &&
            http_list_has_token(request->headers[i].value, SLICE("trailers"))) {
            add(maker, SLICE("TE"), SLICE("trailers"));
            return;
        }
    }
}

static bool is_token(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (!http_byte_is(text.data[i], HTTP_BYTE_TOKEN)) {
            return false;
        }
    }
    return text.size > 0;
}

/* proxy_method, else the client's. What is no token would be read as more than a method (RFC 9112
 * 3.1). */
static bool choose_method(struct head_maker *maker) {
    struct engine_request *request = maker->request;
    struct slice *method = &maker->head->method;
    *method = request->method.size > 0 ? request->method : SLICE("GET");
    if (request->settings->proxy_method == TABLE_NONE) {
        return true;
    }
    if (!engine_run_template(request, request->settings->proxy_method, method)) {
        return false;
    }
    if (!is_token(*method)) {
        engine_note(request, TABLE_LOG_ERROR, "\"%.*s\", as proxy_method makes it, is no method",
                    SLICE_ARGS(*method));
        return false;
    }
    return true;
}

bool engine_passes_body(const struct table_settings *settings) {
    return settings->proxy_set_body == TABLE_NONE && settings->proxy_pass_request_body != 0;
}

/* What is sent instead of the client's body, and its size. Of one that is kept back nginx announces
 * the size all the same, unless Content-Length is taken out; here it is 0 or taken out. */
static bool choose_body(struct head_maker *maker, struct slice *body_size) {
    struct engine_request *request = maker->request;
    const struct table_settings *settings = request->settings;
    struct slice *body = &maker->head->body;
    *body = (struct slice){NULL, 0};
    if (engine_passes_body(settings)) {
        return true;
    }
    if (settings->proxy_set_body == TABLE_NONE) {
        bool is_announced =
            body_size->data != NULL && !is_configured(maker, SLICE("Content-Length"));
        *body_size = is_announced ? SLICE("0") : (struct slice){NULL, 0};
        return true;
    }
    char *size = arena_allocate_bytes(request->arena, SLICE_U64_SIZE);
    if (size == NULL || !engine_run_template(request, settings->proxy_set_body, body)) {
        return false;
    }
    *body_size = slice_format_u64(body->size, size);
    return true;
}

static const struct slice protocols[] = {
    [TABLE_HTTP_1_0] = SLICE_INIT("HTTP/1.0"),
    [TABLE_HTTP_1_1] = SLICE_INIT("HTTP/1.1"),
    [TABLE_HTTP_2] = SLICE_INIT("HTTP/2.0"),
};

bool engine_make_upstream_head(struct engine_request *request, struct slice host,
                               struct slice body_size, struct engine_upstream_head *head) {
    const struct table_settings *settings = request->settings;
    struct head_maker maker = {
        .request = request,
        .is_http2 = settings->proxy_http_version == TABLE_HTTP_2,
        .table = request->engine->table,
        .configured = settings->proxy_set_header,
        .head = head,
    };
    head->count = 0;
    head->asks_upgrade = head->asks_close = false;
    head->protocol = protocols[settings->proxy_http_version];
    if (!choose_method(&maker) || !choose_body(&maker, &body_size)) {
        return false;
    }
    if (!is_configured(&maker, SLICE("Host"))) {
        if (!engine_make_value_safe(request->arena, &host)) {
            return false;
        }
        add(&maker, SLICE("Host"), host);
    }
    for (uint32_t i = 0; i < maker.configured.count; i++) {
        if (!add_configured(&maker, &maker.table->header_field[maker.configured.first + i])) {
            return false;
        }
    }
    if (maker.is_http2) {
        add_te(&maker);
    }
    if (head->is_chunked && !maker.is_http2) {
        add(&maker, SLICE("Transfer-Encoding"), SLICE("chunked"));
    } else if (!head->is_chunked && body_size.data != NULL) {
        add(&maker, SLICE("Content-Length"), body_size);
    }
    if (settings->proxy_pass_request_headers != 0) {
        add_client_fields(&maker);
    }
    return true;
}
