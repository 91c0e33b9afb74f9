/* Heads of responses, written once for all protocols: which fields the client gets, in which order.
 * How they look on the wire is the front's business. */
#include "http/exchange.h"
#include "http/internal.h"
#include "http/response_filter.h"

#include "engine/http_status.h"

#include "engine/expires.h"
#include "engine/reply.h"
#include "engine/safe_text.h"

#include <string.h>

static struct slice server_field(const struct exchange *exchange) {
    return exchange->request.settings->server_tokens == 0 ? SLICE("rpcd")
                                                          : SLICE("rpcd/" RPC_VERSION);
}

void exchange_start_response(struct exchange *exchange, uint32_t status) {
    uint32_t replaced = exchange->request.error_status;
    struct http_response *response = &exchange->response;
    /* Of another one that was begun before, and given up, nothing is left. */
    if (exchange->filter != NULL) {
        http_filter_release(exchange);
        exchange->filter = NULL;
    }
    response->status = http_status_sent(replaced != 0 ? replaced : status);
    response->field_count = 0;
    response->has_length = false;
    response->has_modified = false;
    response->is_from_back = false;
    response->is_upgrade = false;
    response->reason = response->upgrade = (struct slice){0};
}

static bool grow_fields(struct exchange *exchange) {
    struct http_response *response = &exchange->response;
    uint32_t capacity = response->field_capacity * 2;
    struct engine_header *fields =
        arena_allocate(&exchange->arena, capacity * sizeof(struct engine_header));
    if (fields == NULL) {
        return false;
    }
    memcpy(fields, response->fields, response->field_count * sizeof *fields);
    response->fields = fields;
    response->field_capacity = capacity;
    return true;
}

bool exchange_add_field(struct exchange *exchange, struct slice name, struct slice value) {
    struct http_response *response = &exchange->response;
    if (response->field_count == response->field_capacity && !grow_fields(exchange)) {
        return false;
    }
    response->fields[response->field_count++] = (struct engine_header){name, value};
    return true;
}

bool exchange_response_has_body(const struct exchange *exchange) {
    uint32_t status = exchange->response.status;
    return !slice_equals(exchange->head.method, SLICE("HEAD")) && status >= 200 && status != 204 &&
           status != 304;
}

/* Returns how many of the first `count` fields are left. */
static uint32_t remove_field(struct http_response *response, struct slice name, uint32_t count) {
    uint32_t left = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < response->field_count; i++) {
        if (!slice_equals_nocase(response->fields[i].name, name)) {
            response->fields[kept++] = response->fields[i];
            left += i < count;
        }
    }
    response->field_count = kept;
    return left;
}

bool exchange_add_made_field(struct exchange *exchange, struct slice name, struct slice value) {
    return engine_make_value_safe(&exchange->arena, &value) &&
           exchange_add_field(exchange, name, value);
}

/* As nginx: these two replace what is there, all others are added to it. */
static bool is_replaced(struct slice name) {
    return slice_equals_nocase(name, SLICE("Last-Modified")) ||
           slice_equals_nocase(name, SLICE("ETag"));
}

/* Of the `*own_count` fields that were there some may be replaced. */
static bool add_configured_headers(struct exchange *exchange, uint32_t *own_count) {
    const struct table *table = &exchange->generation->table;
    struct table_range range = exchange->request.settings->add_header;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        struct engine_header header;
        if (!engine_make_added_header(&exchange->request, &table->header_field[i],
                                      exchange->response.status, &header)) {
            return false;
        }
        if (header.name.size > 0 && is_replaced(header.name)) {
            *own_count = remove_field(&exchange->response, header.name, *own_count);
        }
        if (header.name.size > 0 && header.value.size > 0 &&
            !exchange_add_field(exchange, header.name, header.value)) {
            return false;
        }
    }
    return true;
}

/* add_header, then compression, which goes by its fields, too. */
static bool add_configured(struct exchange *exchange) {
    const struct table_settings *settings = exchange->request.settings;
    uint32_t own_count = exchange->response.field_count;
    return add_configured_headers(exchange, &own_count) &&
           ((settings->gzip | settings->gunzip | settings->gzip_static) == 0 ||
            http_filter_head(exchange, own_count));
}

/* Puts a field before those that are there. */
static bool prepend_field(struct exchange *exchange, struct slice name, struct slice value) {
    struct http_response *response = &exchange->response;
    if (!exchange_add_field(exchange, name, value)) {
        return false;
    }
    memmove(response->fields + 1, response->fields,
            (response->field_count - 1) * sizeof *response->fields);
    response->fields[0] = (struct engine_header){name, value};
    return true;
}

static bool add_lasting_fields(struct exchange *exchange) {
    const struct exchange_lasting_field *field = exchange->lasting_fields;
    for (; field != NULL; field = field->next) {
        if (field->header.value.size > 0 &&
            !prepend_field(exchange, field->header.name, field->header.value)) {
            return false;
        }
    }
    return true;
}

/* Server and Date come first, unless proxy_pass_header let the backend's own through. */
static bool add_own_fields(struct exchange *exchange) {
    struct http_response *response = &exchange->response;
    bool has_server = false;
    bool has_date = false;
    for (uint32_t i = 0; response->is_from_back && i < response->field_count; i++) {
        has_server = has_server || slice_equals_nocase(response->fields[i].name, SLICE("Server"));
        has_date = has_date || slice_equals_nocase(response->fields[i].name, SLICE("Date"));
    }
    return (has_date ||
            prepend_field(exchange, SLICE("Date"), http_service_date(exchange->service))) &&
           (has_server || prepend_field(exchange, SLICE("Server"), server_field(exchange)));
}

static bool add_challenges(struct exchange *exchange) {
    const struct engine_challenge *challenge = exchange->request.challenges;
    for (; challenge != NULL; challenge = challenge->next) {
        if (!exchange_add_field(exchange, SLICE("WWW-Authenticate"), challenge->value)) {
            return false;
        }
    }
    return true;
}

static bool has_field(const struct http_response *response, struct slice name) {
    for (uint32_t i = 0; i < response->field_count; i++) {
        if (slice_equals_nocase(response->fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* What a backend said before it left the answer to another location. */
static bool add_kept_fields(struct exchange *exchange) {
    struct http_response *response = &exchange->response;
    struct slice type = exchange->request.kept_type;
    bool has_content = response->status != 204 && response->status != 304;
    for (uint32_t i = 0; i < exchange->kept_count; i++) {
        if (!exchange_add_field(exchange, exchange->kept[i].name, exchange->kept[i].value)) {
            return false;
        }
    }
    return type.size == 0 || !has_content || has_field(response, SLICE("Content-Type")) ||
           exchange_add_field(exchange, SLICE("Content-Type"), type);
}

/* They replace what a backend says. */
static bool add_expires(struct exchange *exchange) {
    struct http_response *response = &exchange->response;
    if (exchange->request.settings->expires == TABLE_NONE) {
        return true;
    }
    struct engine_expires *expires = arena_allocate(&exchange->arena, sizeof *expires);
    int64_t modified = response->has_modified ? response->modified : ENGINE_NOT_MODIFIED;
    if (expires == NULL ||
        !engine_make_expires(&exchange->request, response->status,
                             exchange->service->loop->clock.tv_sec, modified, expires)) {
        return false;
    }
    if (expires->expires.data == NULL) {
        return true;
    }
    (void)remove_field(response, SLICE("Expires"), 0);
    (void)remove_field(response, SLICE("Cache-Control"), 0);
    return exchange_add_field(exchange, SLICE("Expires"), expires->expires) &&
           exchange_add_field(exchange, SLICE("Cache-Control"), expires->cache_control);
}

/* Tried on a copy of the fields. */
bool exchange_will_recode(struct exchange *exchange, const struct engine_header *fields,
                          uint32_t count) {
    struct http_response *response = &exchange->response;
    const struct http_response kept = *response;
    if ((exchange->request.settings->gzip | exchange->request.settings->gunzip) == 0 ||
        !grow_fields(exchange)) {
        return false;
    }
    bool is_made = true;
    for (uint32_t i = 0; is_made && i < count; i++) {
        is_made = exchange_add_field(exchange, fields[i].name, fields[i].value);
    }
    is_made = is_made && add_kept_fields(exchange) && add_expires(exchange);
    uint32_t own_count = response->field_count;
    bool is_recoded = is_made && add_configured_headers(exchange, &own_count) &&
                      http_filter_would_recode(exchange, own_count);
    *response = kept;
    return is_recoded;
}

/* As in nginx what the configuration says of responses is not for those of subrequests. */
static bool complete_head(struct exchange *exchange) {
    if (exchange->main != NULL) {
        return add_kept_fields(exchange);
    }
    return add_challenges(exchange) && add_kept_fields(exchange) && add_expires(exchange) &&
           add_configured(exchange) && add_lasting_fields(exchange) && add_own_fields(exchange) &&
           exchange_pace_start(exchange);
}

bool exchange_send_head(struct exchange *exchange) {
    if (!complete_head(exchange)) {
        exchange_fail(exchange, 500);
        return false;
    }
    if (!exchange->front_operations->send_head(exchange)) {
        exchange_log(exchange, TABLE_LOG_ALERT, (struct slice){0}, "no memory for a response head");
        exchange->is_aborted = true;
        exchange->front_operations->abort(exchange);
        return false;
    }
    exchange->response.is_head_sent = true;
    return true;
}

void exchange_send_interim(struct exchange *exchange, uint32_t status,
                           const struct engine_header *fields, uint32_t count) {
    exchange->wants_continue = exchange->wants_continue && status != 100;
    if (!exchange->response.is_head_sent) {
        exchange->front_operations->send_interim(exchange, status, fields, count);
    }
}

size_t exchange_send_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                          bool last) {
    return exchange->filter != NULL ? http_filter_body(exchange, pieces, count, last)
                                    : exchange_pass_body(exchange, pieces, count, last);
}

ssize_t exchange_send_file(struct exchange *exchange, const struct front_file *file, bool last) {
    bool must_read = exchange->filter != NULL || exchange->front_operations->send_file == NULL;
    return must_read ? FRONT_NEEDS_BYTES : exchange_pass_file(exchange, file, last);
}

void exchange_flush_body(struct exchange *exchange, bool is_needed) {
    if (exchange->filter != NULL) {
        http_filter_flush(exchange, is_needed);
    }
}
