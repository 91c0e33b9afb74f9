/* The head of a backend's response: read, judged, and turned into the head the client gets. Taking
 * it apart is the protocol's. */
#include "proxy/internal.h"

#include "base/container.h"
#include "engine/reply.h"
#include "engine/safe_text.h"
#include "engine/upstream.h"

#include <errno.h>
#include <string.h>

enum { READS_PER_TURN = 16 /* then others have their turn */ };

static struct buffer_pool *pool_of(const struct proxy *proxy) {
    return &proxy->exchange->service->buffers;
}

/* --- which fields pass --- */

/* Fields that speak to the proxy or belong to the answering server; a row of nginx's defaults. */
static const struct slice hidden_by_default[] = {
    SLICE_INIT("X-Accel-Buffering"),  SLICE_INIT("X-Accel-Charset"),  SLICE_INIT("X-Accel-Expires"),
    SLICE_INIT("X-Accel-Limit-Rate"), SLICE_INIT("X-Accel-Redirect"), SLICE_INIT("X-Pad"),
};

static bool is_listed(const struct proxy *proxy, struct table_range range, struct slice name) {
    const struct table *table = &proxy->exchange->generation->table;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        if (slice_equals_nocase(table_text(table, table->name[i].text), name)) {
            return true;
        }
    }
    return false;
}

static bool is_hidden_by_default(enum http_field id, struct slice name) {
    if (id == HTTP_FIELD_DATE || id == HTTP_FIELD_SERVER) {
        return true;
    }
    if (name.size < 5 || byte_lower(name.data[0]) != 'x') {
        return false;
    }
    for (size_t i = 0; i < sizeof hidden_by_default / sizeof hidden_by_default[0]; i++) {
        if (slice_equals_nocase(hidden_by_default[i], name)) {
            return true;
        }
    }
    return false;
}

/* Fields of one connection stop here, but trailers that pass are announced. */
static bool is_for_next_hop(const struct proxy *proxy, enum http_field id) {
    return http_field_in_response[id] == HTTP_PASS || id == HTTP_FIELD_DATE ||
           id == HTTP_FIELD_SERVER || (id == HTTP_FIELD_TRAILER && proxy->passes_trailers);
}

/* keep-alive names a field that never passes; it is what backends say with every answer. */
bool proxy_has_connection(const struct http_fields *fields) {
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->ids[i] == HTTP_FIELD_CONNECTION &&
            !slice_equals_nocase(fields->items[i].value, SLICE("keep-alive"))) {
            return true;
        }
    }
    return false;
}

bool proxy_passes_field(const struct proxy *proxy, const struct http_fields *fields, uint32_t index,
                        bool has_connection) {
    const struct table_settings *settings = proxy->exchange->request.settings;
    struct slice name = fields->items[index].name;
    enum http_field id = fields->ids[index];
    if (!is_for_next_hop(proxy, id)) {
        return false;
    }
    if (has_connection &&
        http_fields_connection_names(fields->items, fields->ids, fields->count, name)) {
        return false;
    }
    if (is_hidden_by_default(id, name)) {
        return is_listed(proxy, settings->proxy_pass_header, name);
    }
    return settings->proxy_hide_header.count == 0 ||
           !is_listed(proxy, settings->proxy_hide_header, name);
}

/* Fields that lead the client to the backend's own places are rewritten. */
static bool (*const rewriters[HTTP_FIELD_COUNT])(struct engine_request *, struct slice *) = {
    [HTTP_FIELD_LOCATION] = engine_rewrite_location,
    [HTTP_FIELD_REFRESH] = engine_rewrite_refresh,
    [HTTP_FIELD_SET_COOKIE] = engine_rewrite_cookie,
};

bool proxy_make_field(struct proxy *proxy, uint32_t index, struct engine_header *field) {
    struct engine_request *request = &proxy->exchange->request;
    enum http_field id = proxy->head.fields.ids[index];
    *field = proxy->head.fields.items[index];
    return rewriters[id] == NULL || (rewriters[id](request, &field->value) &&
                                     engine_make_value_safe(request->arena, &field->value));
}

static bool copy_field(struct proxy *proxy, uint32_t index) {
    struct engine_header field;
    return proxy_make_field(proxy, index, &field) &&
           exchange_add_field(proxy->exchange, field.name, field.value);
}

static bool copy_fields(struct proxy *proxy) {
    const struct http_fields *fields = &proxy->head.fields;
    bool has_connection = proxy_has_connection(fields);
    for (uint32_t i = 0; i < fields->count; i++) {
        if (proxy_passes_field(proxy, fields, i, has_connection) && !copy_field(proxy, i)) {
            return false;
        }
    }
    return true;
}

/* --- judging --- */

void proxy_fail_bad(struct proxy *proxy, const char *reason) {
    proxy_log(proxy, TABLE_LOG_ERROR,
              "upstream sent an invalid response (%s) while reading response header from upstream",
              reason);
    proxy_fail_attempt(proxy, PROXY_BAD_HEAD);
}

static struct slice find_field(const struct http_fields *fields, enum http_field id) {
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->ids[i] == id) {
            return fields->items[i].value;
        }
    }
    return (struct slice){"", 0};
}

/* 101 is the answer to an Upgrade that this request carried, or nonsense; no subrequest takes it. A
 * client of HTTP/1 that did not ask for it gets it all the same, as in nginx; a stream of HTTP/2 is
 * a tunnel from its beginning or never (RFC 8441 4). */
static bool may_upgrade(const struct proxy *proxy) {
    const struct exchange *exchange = proxy->exchange;
    bool can_be_told = exchange->is_http2 ? exchange->head.has_upgrade : exchange->head.minor > 0;
    return proxy->asks_upgrade && can_be_told && exchange->request.error_status == 0 &&
           exchange->main == NULL;
}

static void start_upgrade(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    exchange->response.is_upgrade = true;
    exchange->response.upgrade = find_field(&proxy->head.fields, HTTP_FIELD_UPGRADE);
    proxy->head.framing = HTTP_BODY_UNTIL_CLOSE;
}

/* What the page of a 401 has to say as well. */
static bool keep_challenges(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    const struct http_fields *fields = &proxy->head.fields;
    for (uint32_t i = 0; i < fields->count; i++) {
        struct slice value = fields->items[i].value;
        if (slice_equals_nocase(fields->items[i].name, SLICE("WWW-Authenticate")) &&
            (!arena_take_over(&exchange->arena, &value) ||
             !engine_add_challenge(&exchange->request, value))) {
            return false;
        }
    }
    return true;
}

/* proxy_intercept_errors: an error_page is for this status, and answers instead. */
static bool intercept(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    uint32_t status = proxy->head.status;
    if (status < 300 || exchange->request.settings->proxy_intercept_errors == 0 ||
        !engine_has_error_page(&exchange->request, status)) {
        return false;
    }
    proxy->has_head = true;
    bool is_kept = status != 401 || keep_challenges(proxy);
    proxy_give_back(proxy, BALANCE_SUCCEEDED);
    proxy->step = PROXY_DONE;
    exchange_fail(exchange, is_kept ? status : 500);
    return true;
}

/* The Location of a redirect that this backend answers as its error page, unless it has its own. */
static bool add_redirect(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    struct slice location = exchange->request.redirect;
    if (location.size == 0 || find_field(&proxy->head.fields, HTTP_FIELD_LOCATION).size > 0) {
        return true;
    }
    location = engine_own_location(&exchange->request, location);
    return location.size > 0 && exchange_add_field(exchange, SLICE("Location"), location);
}

/* proxy_method may have asked for a body that the client does not want, or for none where the
 * client expects the one whose length is announced; so does a 304 that answers as an error page,
 * with the error's status. nginx breaks the client's connection in the second case. */
static void fit_body(struct proxy *proxy) {
    struct http_response *response = &proxy->exchange->response;
    response->has_length = proxy->head.has_content_length;
    response->length = proxy->head.content_length;
    if (response->is_upgrade) {
        return;
    }
    bool is_for_head = slice_equals(proxy->exchange->head.method, SLICE("HEAD"));
    if (is_for_head && proxy->head.framing != HTTP_BODY_NONE) {
        proxy->head.framing = HTTP_BODY_NONE;
        proxy->asks_close = true; /* the body is on its way: nobody reads it */
    } else if (proxy->head.framing == HTTP_BODY_NONE &&
               exchange_response_has_body(proxy->exchange)) {
        response->has_length = true;
        response->length = 0;
    }
}

/* X-Accel-Limit-Rate: bytes a second; what is no number says nothing, as in nginx. */
static void take_rate(const struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    struct slice wish;
    uint64_t rate;
    if (proxy_find_order(proxy, HTTP_FIELD_X_ACCEL_LIMIT_RATE, &wish) &&
        slice_parse_u64(wish, INT64_MAX, &rate)) {
        exchange->request.limit_rate = rate;
        exchange->request.has_limit_rate = true;
    }
}

void proxy_use_head(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    struct proxy_attempt *attempt = proxy_current_attempt(proxy);
    attempt->status = proxy->head.status;
    attempt->header_time = exchange->service->loop->now - attempt->started;
    if (proxy->head.status == 101 && !may_upgrade(proxy)) {
        proxy_fail_bad(proxy, exchange->main != NULL ? "101 to a subrequest"
                                                     : "101 to a request without Upgrade");
        return;
    }
    take_rate(proxy);
    if (proxy_retry_status(proxy, proxy->head.status) || intercept(proxy) ||
        proxy_follow_redirect(proxy)) {
        return;
    }
    proxy->has_head = true;
    proxy->step = PROXY_RELAYING;
    exchange_start_response(exchange, proxy->head.status);
    exchange->response.is_from_back = true;
    if (exchange->request.error_status == 0) {
        exchange->response.reason = proxy->head.reason_phrase;
    }
    if (proxy->head.status == 101) {
        start_upgrade(proxy);
    }
    fit_body(proxy);
    proxy_decide_trailers(proxy);
    if (!copy_fields(proxy) || !add_redirect(proxy)) {
        proxy_drop_back(proxy);
        exchange_fail(exchange, 500);
        return;
    }
    if (!exchange_send_head(exchange)) {
        return;
    }
    exchange->is_upgraded = exchange->response.is_upgrade;
    proxy_start_relay(proxy);
}

/* --- reading --- */

void proxy_begin_fields(struct proxy *proxy) {
    struct http_fields *fields = &proxy->head.fields;
    if (fields->items == NULL) {
        *fields = (struct http_fields){
            .items = proxy->fields, .ids = proxy->field_ids, .capacity = EXCHANGE_FIELDS};
    }
}

bool proxy_grow_fields(struct proxy *proxy) {
    struct http_fields *fields = &proxy->head.fields;
    struct arena *arena = &proxy->exchange->arena;
    struct http_fields grown = {
        .items = arena_allocate(arena, EXCHANGE_FIELDS_LIMIT * sizeof(struct engine_header)),
        .ids = arena_allocate(arena, EXCHANGE_FIELDS_LIMIT),
        .count = fields->count,
        .capacity = EXCHANGE_FIELDS_LIMIT,
    };
    if (grown.items == NULL || grown.ids == NULL || fields->capacity == EXCHANGE_FIELDS_LIMIT) {
        return false;
    }
    memcpy(grown.items, fields->items, fields->count * sizeof *grown.items);
    memcpy(grown.ids, fields->ids, fields->count);
    *fields = grown;
    return true;
}

uint64_t proxy_head_limit(const struct proxy *proxy) {
    return proxy->exchange->request.settings->proxy_buffer_size;
}

void proxy_fail_too_big(struct proxy *proxy) {
    proxy_log(proxy, TABLE_LOG_ERROR,
              "upstream sent too big header while reading response header from upstream");
    proxy_fail_attempt(proxy, PROXY_BAD_HEAD);
}

static void fail_read(struct proxy *proxy, ssize_t got) {
    int error = got == SOCKET_FAILED ? errno : proxy->write_error;
    if (error == 0) {
        proxy_log(proxy, TABLE_LOG_ERROR,
                  "upstream prematurely closed connection while reading response header from "
                  "upstream");
    } else {
        char text[BACK_REASON_SIZE];
        const char *call = got == SOCKET_FAILED ? "recv()" : "send()";
        proxy_log(proxy, TABLE_LOG_ERROR, "%s while reading response header from upstream",
                  back_explain(proxy->back, call, error, text));
    }
    proxy_fail_attempt(proxy, PROXY_FAILED);
}

void proxy_read_on(struct loop_task *task) {
    struct proxy *proxy = CONTAINER_OF(task, struct proxy, read_on);
    if (proxy->step == PROXY_SENDING && proxy->back != NULL && !proxy->has_head) {
        proxy_read_head(proxy);
    }
}

/* Room to read into: the usual buffer, and a larger one for a head that does not fit into it and
 * may be that large. NULL after the exchange has failed. */
static struct buffer *make_room(struct proxy *proxy) {
    struct buffer *in = proxy->response;
    if (in != NULL && buffer_room(in) > 0) {
        return in;
    }
    struct slice content = in == NULL ? (struct slice){"", 0} : buffer_content(in);
    size_t capacity = BUFFER_STANDARD;
    if (content.size >= BUFFER_STANDARD) {
        capacity =
            2 * content.size < proxy_head_limit(proxy) ? 2 * content.size : proxy_head_limit(proxy);
    }
    struct buffer *larger = buffer_take(pool_of(proxy), capacity);
    if (larger == NULL) {
        proxy_log(proxy, TABLE_LOG_ALERT, "no memory for a response");
        proxy_drop_back(proxy);
        exchange_fail(proxy->exchange, 503);
        return NULL;
    }
    (void)buffer_append(larger, content);
    buffer_give(pool_of(proxy), in);
    proxy->response = larger;
    return larger;
}

/* As in nginx, the time-out is for the head as a whole: a part of one does not begin it anew. What
 * a backend says besides may have no end. */
void proxy_read_head(struct proxy *proxy) {
    struct back *back = proxy->back;
    for (int reads = 0; (back->handle.ready & LOOP_READ) != 0; reads++) {
        if (reads == READS_PER_TURN) {
            loop_defer_next(proxy->exchange->service->loop, &proxy->read_on);
            return;
        }
        struct buffer *in = make_room(proxy);
        if (in == NULL) {
            return;
        }
        ssize_t got = back_read(back, in->bytes + in->end, buffer_room(in));
        if (got == SOCKET_AGAIN) {
            return;
        }
        if (got == SOCKET_END || got == SOCKET_FAILED) {
            fail_read(proxy, got);
            return;
        }
        in->end += (size_t)got;
        proxy_current_attempt(proxy)->bytes_received += (uint64_t)got;
        if (!proxy->protocol->take_head(proxy)) {
            return;
        }
    }
}
