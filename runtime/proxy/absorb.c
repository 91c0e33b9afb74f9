/* proxy_buffering: what the front does not take at once is put aside, in memory and then in a
 * temporary file, so that a slow client does not keep a backend busy. While the front takes
 * everything nothing is copied, whether buffering is on or off. */
#include "proxy/internal.h"

#include <string.h>

static const struct table_settings *settings_of(const struct proxy *proxy) {
    return proxy->exchange->request.settings;
}

/* --- whether --- */

/* X-Accel-Buffering: yes or no, the backend's own wish. */
static bool choose_buffering(const struct proxy *proxy) {
    struct slice wish;
    if (proxy_find_order(proxy, HTTP_FIELD_X_ACCEL_BUFFERING, &wish)) {
        if (slice_equals_nocase(wish, SLICE("no"))) {
            return false;
        }
        if (slice_equals_nocase(wish, SLICE("yes"))) {
            return true;
        }
    }
    return settings_of(proxy)->proxy_buffering != 0;
}

static uint64_t buffered_memory(const struct proxy *proxy) {
    const struct table_settings *settings = settings_of(proxy);
    return proxy->is_buffered ? settings->proxy_buffers.first * settings->proxy_buffers.second : 0;
}

static void begin_backlog(struct proxy *proxy) {
    const struct table_settings *settings = settings_of(proxy);
    const struct exchange *exchange = proxy->exchange;
    uint64_t file = proxy->is_buffered ? settings->proxy_max_temp_file_size : 0;
    const struct backlog_limits limits = {
        .memory = buffered_memory(proxy) + (file == 0 ? proxy->protocol->window : 0),
        .file = file,
        .file_part = settings->proxy_temp_file_write_size,
        .piece = settings->proxy_busy_buffers_size,
    };
    const struct temp_place place = {
        .prefix = exchange->service->prefix,
        .folder = table_text(&exchange->generation->table, settings->proxy_temp_path),
    };
    backlog_begin(&proxy->backlog, &proxy->exchange->service->buffers, place, &limits);
}

void proxy_start_absorbing(struct proxy *proxy) {
    proxy->is_front_full = false;
    proxy->is_buffered = !proxy->exchange->is_upgraded && choose_buffering(proxy);
    proxy->is_absorbing = proxy->is_buffered || proxy->protocol->window > 0;
}

/* --- in --- */

/* A disk that is full is no reason to fail: the backend waits for the client then, as if there were
 * no file. */
static void report_file(struct proxy *proxy) {
    proxy_log(proxy, TABLE_LOG_CRIT,
              "a response could not be put aside (%d: %s) while reading upstream",
              proxy->backlog.file_error, strerror(proxy->backlog.file_error));
}

void proxy_absorb(struct proxy *proxy) {
    struct backlog *backlog = &proxy->backlog;
    if (backlog->pool == NULL) {
        begin_backlog(proxy);
    }
    bool had_failed = backlog->file_error != 0;
    uint32_t whole = 0;
    while (whole < proxy->piece_count) {
        struct slice *piece = &proxy->pieces[whole];
        *piece = slice_skip(*piece, backlog_append(backlog, *piece));
        if (piece->size > 0) {
            break;
        }
        whole++;
    }
    proxy->piece_count -= whole;
    memmove(proxy->pieces, proxy->pieces + whole, proxy->piece_count * sizeof proxy->pieces[0]);
    if (backlog->file_error != 0 && !had_failed) {
        report_file(proxy);
    }
}

size_t proxy_kept_size(const struct proxy *proxy) {
    uint64_t file = settings_of(proxy)->proxy_max_temp_file_size;
    uint64_t window = proxy->protocol->window;
    uint64_t waiting = backlog_size(&proxy->backlog);
    uint64_t allowed = buffered_memory(proxy);
    if (proxy->is_buffered && proxy->backlog.file_error == 0 && file > allowed + window) {
        allowed = file - window; /* all that the window lets come has room, too */
    }
    return proxy_pieces_size(proxy) + (waiting > allowed ? (size_t)(waiting - allowed) : 0);
}

/* --- out --- */

bool proxy_feed(struct proxy *proxy) {
    struct backlog *backlog = &proxy->backlog;
    struct slice pieces[EXCHANGE_PIECES];
    uint32_t count;
    size_t size = 0;
    int error = backlog_peek(backlog, pieces, EXCHANGE_PIECES, &count);
    if (error != 0) {
        proxy_log(proxy, TABLE_LOG_CRIT, "reading back a response failed (%d: %s)", error,
                  strerror(error));
        proxy_drop_back(proxy);
        exchange_fail(proxy->exchange, 500);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        size += pieces[i].size;
    }
    bool last = proxy->pieces_are_last && proxy->piece_count == 0 && size == backlog_size(backlog);
    size_t taken = exchange_send_body(proxy->exchange, pieces, count, last);
    backlog_drop(backlog, taken);
    proxy->is_front_full = taken < size;
    return true;
}
