/* The ends of exchanges without sockets: a client that looks at what it is sent, a backend that
 * looks at what it is asked, files that follow from their names. Includes proxy.c for its statics.
 */
#ifndef WORLD_ENDS_H
#define WORLD_ENDS_H

#include "fuzz.h"
#include "http/internal.h"
#include "proxy/http2.h"
#include "proxy/proxy.c"

/* A request as its bytes, and where it comes from. */
struct world_request {
    struct slice head;
    struct slice remote;        /* 4 or 16 bytes; empty: a unix socket */
    uint32_t back_status;       /* what a backend answers; 0: there is none, 502 */
    struct slice back_location; /* the Location in that answer, if not empty */
    size_t arena_chunk;         /* of the exchange's arena; 0: as rpcd has it */
    const struct engine_observer *observer;
};

/* What the client got. */
struct world_answer {
    uint32_t status; /* 0: nothing but the end of the connection */
    uint64_t digest; /* of status, fields and body */
    uint64_t body_size;
    bool is_complete;
    bool is_aborted;
    uint32_t asked; /* requests that backends got */
    const struct world_request *request;
};

static void digest(struct world_answer *answer, struct slice text) {
    answer->digest = answer->digest * 31 + slice_hash(text);
}

/* --- the client --- */

static bool is_token(struct slice name) {
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL) {
            return false;
        }
    }
    return name.size > 0;
}

/* Nothing that ends a field or a head. */
static bool is_field_value(struct slice value) {
    return slice_find_byte(value, '\r') == value.size &&
           slice_find_byte(value, '\n') == value.size && slice_find_byte(value, '\0') == value.size;
}

static bool world_send_head(struct exchange *exchange) {
    struct world_answer *answer = exchange->front;
    struct http_response *response = &exchange->response;
    require(answer->status == 0 && !answer->is_aborted && response->status <= 999);
    answer->status = response->status;
    digest(answer, (struct slice){(const char *)&response->status, sizeof response->status});
    for (uint32_t i = 0; i < response->field_count; i++) {
        struct engine_header field = response->fields[i];
        require(is_token(field.name) && is_field_value(field.value));
        digest(answer, field.name);
        digest(answer, field.value);
    }
    return true;
}

static size_t world_send_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                              bool last) {
    struct world_answer *answer = exchange->front;
    size_t size = 0;
    require(exchange->response.is_head_sent && !exchange->response.is_complete);
    for (uint32_t i = 0; i < count; i++) {
        digest(answer, pieces[i]);
        size += pieces[i].size;
    }
    answer->body_size += size;
    answer->is_complete = exchange->response.is_complete = last;
    return size;
}

static void world_ignore(struct exchange *exchange) {
    (void)exchange;
}

static void world_ignore_interim(struct exchange *exchange, uint32_t status,
                                 const struct engine_header *fields, uint32_t count) {
    (void)exchange;
    (void)status;
    (void)fields;
    (void)count;
}

static void world_abort(struct exchange *exchange) {
    struct world_answer *answer = exchange->front;
    answer->is_aborted = true;
}

static const struct front_operations world_front = {
    .send_head = world_send_head,
    .send_body = world_send_body,
    .want_body = world_ignore,
    .send_interim = world_ignore_interim,
    .abort = world_abort,
};

/* --- the backend --- */

static struct slice take_line(struct slice *text) {
    size_t end = slice_find_byte(*text, '\n');
    require(end > 0 && end < text->size && text->data[end - 1] == '\r');
    struct slice line = slice_take(*text, end - 1);
    *text = slice_skip(*text, end + 1);
    return line;
}

/* A request that no backend reads in two ways: three words in its line, fields of one line each,
 * the end of the head where it is meant to be, and a length only where there is a body. */
static void check_back_request(struct proxy *proxy) {
    struct slice text = buffer_content(proxy->request);
    struct slice line = take_line(&text);
    size_t method = slice_find_byte(line, ' ');
    const struct table_settings *settings = proxy->exchange->request.settings;
    struct slice asked = proxy->exchange->request.method;
    require(is_token(slice_take(line, method)));
    require(settings->proxy_method != TABLE_NONE ||
            slice_equals(slice_take(line, method), asked.size > 0 ? asked : SLICE("GET")));
    line = slice_skip(line, method + 1);
    struct slice uri = slice_take(line, slice_find_byte(line, ' '));
    require(uri.size > 0 && slice_equals(uri, proxy->uri));
    require(uri.data[0] == '/' || slice_equals(uri, SLICE("*")));
    for (size_t i = 0; i < uri.size; i++) {
        require((unsigned char)uri.data[i] > ' ' && uri.data[i] != 0x7f);
    }
    line = slice_skip(line, uri.size);
    require(slice_equals(line, SLICE(" HTTP/1.1")) || slice_equals(line, SLICE(" HTTP/1.0")));
    uint32_t lengths = 0;
    uint64_t length = 0;
    while ((line = take_line(&text)).size > 0) {
        struct slice name = slice_take(line, slice_find_byte(line, ':'));
        require(is_token(name) && is_field_value(line) && name.size < line.size);
        require(http_field_find(name) != HTTP_FIELD_TRANSFER_ENCODING);
        if (http_field_find(name) == HTTP_FIELD_CONTENT_LENGTH) {
            lengths++;
            require(
                slice_parse_u64(slice_trim(slice_skip(line, name.size + 1)), UINT64_MAX, &length));
        }
    }
    bool has_body = proxy->exchange->head.framing != HTTP_BODY_NONE;
    if (settings->proxy_set_body != TABLE_NONE) {
        require(lengths == 1 && length == text.size);
    } else if (settings->proxy_pass_request_body == 0) {
        require(text.size == 0 && length == 0 && lengths <= (has_body ? 1 : 0));
    } else {
        require(text.size == 0 && lengths == (has_body ? 1 : 0));
    }
}

/* The same by HTTP/2: three or four fields for the line, of which none is empty, then fields of one
 * line each, and none of the connection (RFC 9113 8.2.2). */
static void check_http2_request(struct proxy *proxy, struct world_answer *answer) {
    const struct proxy_http2_request *request = proxy->protocol_data;
    for (size_t i = 0; i < request->count; i++) {
        const nghttp2_nv *field = &request->fields[i];
        struct slice name = {(const char *)field->name, field->namelen};
        struct slice value = {(const char *)field->value, field->valuelen};
        enum http_field id = http_field_find(name);
        bool is_pseudo = i < 3 || (i == 3 && slice_equals(name, SLICE(":authority")));
        require(is_pseudo ? name.data[0] == ':' : is_token(name));
        require(is_field_value(value));
        require(id != HTTP_FIELD_CONNECTION && id != HTTP_FIELD_TRANSFER_ENCODING &&
                id != HTTP_FIELD_UPGRADE && id != HTTP_FIELD_KEEP_ALIVE && id != HTTP_FIELD_HOST);
        digest(answer, value);
    }
    require(request->fields[2].value[0] == '/' || request->fields[2].value[0] == '*');
    require(is_token(
        (struct slice){(const char *)request->fields[0].value, request->fields[0].valuelen}));
}

/* What would be sent, looked at by who would get it. */
static void check_sent(struct proxy *proxy, struct world_answer *answer) {
    if (proxy->protocol == &proxy_http2) {
        check_http2_request(proxy, answer);
    } else {
        check_back_request(proxy);
        digest(answer, buffer_content(proxy->request));
    }
}

static void answer_for_back(struct proxy *proxy, uint32_t status, struct slice location) {
    struct exchange *exchange = proxy->exchange;
    exchange_start_response(exchange, status);
    if (location.size > 0) {
        struct slice refresh = location;
        struct slice cookie = SLICE("a=b; Domain=app; path=/a/b; secure");
        if (!engine_rewrite_refresh(&exchange->request, &refresh) ||
            !engine_rewrite_location(&exchange->request, &location) ||
            !engine_rewrite_cookie(&exchange->request, &cookie) ||
            !exchange_add_made_field(exchange, SLICE("Location"), location) ||
            !exchange_add_made_field(exchange, SLICE("Refresh"), refresh) ||
            !exchange_add_made_field(exchange, SLICE("Set-Cookie"), cookie)) {
            exchange_fail(exchange, 500);
            return;
        }
    }
    if (exchange_send_head(exchange)) {
        exchange_send_body(exchange, NULL, 0, true);
    }
}

/* Picks a peer, which may be none, and binds the client to the first, whoever's turn it was, so
 * that equal requests get equal answers. False without memory. */
static bool pick_peer(struct proxy *proxy) {
    struct balance_group *group = proxy->balance;
    struct balance_request *request = &proxy->balancing;
    struct balance_random random = {1};
    request->now = proxy->exchange->service->loop->now;
    request->client = proxy->exchange->request.binary_remote_addr;
    request->random = &random;
    struct balance_peer *peer = balance_group_pick(group, request);
    if (peer != NULL) {
        (void)balance_group_give_back(group, peer, BALANCE_UNTOLD, request->now);
    }
    return group->peers.count == 0 || proxy_bind_client(proxy, group->peers.items[0]);
}

/* As the proxy's own, up to the point where a connection would be opened. */
static void world_start_back(struct exchange *exchange) {
    struct world_answer *answer = exchange->main != NULL ? exchange->main->front : exchange->front;
    struct proxy *proxy = create(exchange);
    if (proxy == NULL) {
        exchange_fail(exchange, 500);
        return;
    }
    if (!proxy_find_target(proxy)) {
        return;
    }
    if (!pick_peer(proxy) || !proxy->protocol->prepare(proxy)) {
        exchange_fail(exchange, 500);
        return;
    }
    struct back_way way;
    if (!proxy_choose_way(&exchange->request, &way)) {
        exchange_fail(exchange, 500);
        return;
    }
    check_sent(proxy, answer);
    answer->asked++;
    digest(answer, way.greeting);
    uint32_t status = answer->request->back_status;
    if (answer->request->back_location.size > 0 && status == 200) {
        exchange_redirect(exchange, answer->request->back_location);
        return;
    }
    if (status == 0 || engine_has_error_page(&exchange->request, status)) {
        exchange_fail(exchange, status == 0 ? 502 : status);
    } else {
        answer_for_back(proxy, status, answer->request->back_location);
    }
}

static const struct http_handler world_back = {
    .start = world_start_back, .resume = world_ignore, .stop = stop};

static const struct http_proxy_hooks world_hooks = {.handler = &world_back,
                                                    .variable = proxy_variable};

/* What the file system has follows from the name, so that every run is like the others. */
static uint32_t world_file(void *owner, struct slice path) {
    (void)owner;
    require(path.size > 0 && slice_find_byte(path, '\0') == path.size);
    return (uint32_t)slice_hash(path) & (2 * ENGINE_FILE_SPECIAL - 1);
}

static uint32_t world_look(struct exchange *exchange, struct slice path) {
    return world_file(exchange, path);
}

/* As the room of files, of a file that is empty, a folder, or not there. */
static void world_start_file(struct exchange *exchange) {
    struct slice name = exchange->file_name;
    struct engine_outcome outcome;
    bool is_name = name.size > 0 && slice_find_byte(name, '\0') == name.size;
    uint32_t found = is_name ? world_file(exchange, name) : ENGINE_FILE_NONE;
    if ((found & ENGINE_FILE_EXISTS) == 0) {
        exchange_fail(exchange, 404);
        return;
    }
    if ((found & ENGINE_FILE_DIRECTORY) != 0) {
        exchange_stop(exchange);
        engine_answer_folder(&exchange->request, &outcome);
        exchange_act(exchange, &outcome);
        return;
    }
    exchange_start_response(exchange, 200);
    exchange->response.has_length = exchange->response.has_modified = true;
    exchange->response.length = 0;
    exchange->response.modified = (int64_t)found;
    if (!exchange_add_made_field(exchange, SLICE("Content-Type"),
                                 engine_find_type(&exchange->request))) {
        exchange_fail_memory(exchange, "a response head");
    } else if (exchange_send_head(exchange)) {
        (void)exchange_send_body(exchange, NULL, 0, true);
    }
}

static const struct http_handler world_file_handler = {
    .start = world_start_file, .resume = world_ignore, .stop = world_ignore};

/* The list of a folder, of one that is empty. */
static void world_start_folder(struct exchange *exchange) {
    exchange_start_response(exchange, 200);
    if (!exchange_add_field(exchange, SLICE("Content-Type"),
                            engine_listing_type(&exchange->request))) {
        exchange_fail_memory(exchange, "a response head");
    } else if (exchange_send_head(exchange)) {
        (void)exchange_send_body(exchange, NULL, 0, true);
    }
}

static const struct http_handler world_folder_handler = {
    .start = world_start_folder, .resume = world_ignore, .stop = world_ignore};

static void world_log_line(struct exchange *exchange, const struct table_access_log *record,
                           struct slice line) {
    struct slice name;
    (void)line;
    (void)engine_run_template(&exchange->request, record->name, &name);
}

static const struct http_file_hooks world_files = {.handler = &world_file_handler,
                                                   .folder_handler = &world_folder_handler,
                                                   .look = world_look,
                                                   .log_line = world_log_line};

static bool world_variable(void *owner, enum variable_id id, struct slice suffix,
                           struct slice *value) {
    if (id == VARIABLE_REQUEST_ID || id == VARIABLE_PID) { /* not the same in every run */
        *value = SLICE("1");
        return true;
    }
    return exchange_live.variable(owner, id, suffix, value);
}

static void world_note(void *owner, enum table_log_level level, const char *message) {
    require(strlen(message) > 0);
    exchange_live.note(owner, level, message);
}

static const struct engine_live world_live = {
    .variable = world_variable, .file = world_file, .note = world_note};

/* For a request without an exchange. */
static bool world_no_variable(void *owner, enum variable_id id, struct slice suffix,
                              struct slice *value) {
    (void)owner;
    (void)suffix;
    *value = SLICE("live");
    return (id & 1) != 0;
}

/* Counts, in a uint32_t. */
static void world_count_note(void *owner, enum table_log_level level, const char *message) {
    require(level < TABLE_log_level_COUNT && strlen(message) > 0);
    ++*(uint32_t *)owner;
}

static const struct engine_live world_silent = {
    .variable = world_no_variable, .file = world_file, .note = world_count_note};

#endif
