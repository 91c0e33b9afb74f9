/* Fields of a backend's response that speak to the proxy, unless proxy_ignore_headers says not to
 * listen; and the one among them that has another location answer, X-Accel-Redirect.
 *
 * X-Accel-Charset has no effect, as in nginx where no `charset` is configured; X-Accel-Expires,
 * Expires, Cache-Control, Set-Cookie and Vary speak to a cache. */
#include "proxy/internal.h"

#include <string.h>

static bool is_ignored(const struct proxy *proxy, struct slice name) {
    const struct table *table = &proxy->exchange->generation->table;
    struct table_range names = proxy->exchange->request.settings->proxy_ignore_headers;
    for (uint32_t i = names.first; i < names.first + names.count; i++) {
        if (slice_equals_nocase(table_text(table, table->name[i].text), name)) {
            return true;
        }
    }
    return false;
}

/* Of several the first counts. */
bool proxy_find_order(const struct proxy *proxy, enum http_field id, struct slice *value) {
    const struct http_fields *fields = &proxy->head.fields;
    const uint8_t *found = memchr(fields->ids, (int)id, fields->count);
    if (found == NULL) {
        return false;
    }
    const struct engine_header *field = &fields->items[found - fields->ids];
    *value = field->value;
    return !is_ignored(proxy, field->name);
}

/* --- what is kept of this response --- */

static bool is_kept(struct slice name) {
    static const struct slice kept[] = {
        SLICE_INIT("Set-Cookie"), SLICE_INIT("Content-Disposition"), SLICE_INIT("Cache-Control"),
        SLICE_INIT("Expires"),    SLICE_INIT("Accept-Ranges"),
    };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (slice_equals_nocase(kept[i], name)) {
            return true;
        }
    }
    return false;
}

static bool keep_field(struct proxy *proxy, uint32_t index) {
    struct exchange *exchange = proxy->exchange;
    struct engine_header *field = &exchange->kept[exchange->kept_count];
    exchange->kept_count++;
    return proxy_make_field(proxy, index, field) &&
           arena_take_over(&exchange->arena, &field->name) &&
           arena_take_over(&exchange->arena, &field->value);
}

/* Fields that earlier redirects have left stay. */
static bool make_room(struct exchange *exchange, uint32_t more) {
    struct engine_header *kept =
        arena_allocate(&exchange->arena, (exchange->kept_count + more) * sizeof *kept);
    if (kept == NULL) {
        return false;
    }
    if (exchange->kept_count > 0) {
        memcpy(kept, exchange->kept, exchange->kept_count * sizeof *kept);
    }
    exchange->kept = kept;
    return true;
}

static bool keep_fields(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    const struct http_fields *fields = &proxy->head.fields;
    if (!make_room(exchange, fields->count)) {
        return false;
    }
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->ids[i] == HTTP_FIELD_CONTENT_TYPE) {
            exchange->request.kept_type = fields->items[i].value;
            if (!arena_take_over(&exchange->arena, &exchange->request.kept_type)) {
                return false;
            }
        } else if (is_kept(fields->items[i].name) && !keep_field(proxy, i)) {
            return false;
        }
    }
    return true;
}

/* --- following --- */

/* With a body to come the connection cannot be used again: nobody reads it. Nor after 101: there
 * the backend speaks another protocol now. */
static void let_go(struct proxy *proxy) {
    bool has_body = proxy->head.framing != HTTP_BODY_NONE &&
                    !(proxy->head.framing == HTTP_BODY_LENGTH && proxy->head.content_length == 0);
    proxy->pieces_are_last = !has_body && proxy->head.status != 101;
    proxy_finish_attempt(proxy);
}

bool proxy_follow_redirect(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    struct slice target;
    if (!proxy_find_order(proxy, HTTP_FIELD_X_ACCEL_REDIRECT, &target)) {
        return false;
    }
    proxy->has_head = true;
    bool is_kept = keep_fields(proxy) && arena_take_over(&exchange->arena, &target);
    let_go(proxy);
    if (is_kept) {
        exchange_redirect(exchange, target);
    } else {
        exchange_fail(exchange, 500);
    }
    return true;
}
