/* expires: Expires and Cache-Control as nginx makes them (ngx_http_set_expires). */
#include "engine/expires.h"

#include "base/expiry.h"
#include "engine/reply.h"
#include "engine/state.h"

#include <stdio.h>
#include <time.h>

/* What the text of an `expires` with variables says; what makes no sense says nothing. False
 * without memory. */
static bool read_value(struct engine_request *request, const struct table_expires *record,
                       struct expiry *expiry) {
    struct slice text;
    if (record->value == TABLE_NONE) {
        *expiry = (struct expiry){(enum expiry_kind)record->kind, record->is_negative != 0,
                                  record->seconds};
        return true;
    }
    if (!engine_run_template(request, record->value, &text)) {
        return false;
    }
    if (expiry_parse(text, record->kind == TABLE_EXPIRES_MODIFIED, expiry) != NULL) {
        expiry->kind = EXPIRY_OFF;
    }
    return true;
}

/* The next time at which so many seconds of the day are over, by the local clock. */
static int64_t find_next(int64_t now, uint64_t seconds) {
    time_t time = (time_t)now;
    struct tm parts;
    if (localtime_r(&time, &parts) == NULL) {
        return now;
    }
    parts.tm_hour = (int)(seconds / 3600);
    parts.tm_min = (int)(seconds / 60 % 60);
    parts.tm_sec = (int)(seconds % 60);
    time_t next = mktime(&parts);
    if (next != (time_t)-1 && next <= time) {
        parts.tm_mday++;
        next = mktime(&parts);
    }
    return next == (time_t)-1 ? now : (int64_t)next;
}

static void set_times(struct engine_expires *expires, int64_t until, int64_t age, bool is_over) {
    expires->expires = http_date_format(until, expires->date);
    if (is_over || age < 0) {
        expires->cache_control = SLICE("no-cache");
        return;
    }
    int size = snprintf(expires->control, sizeof expires->control, "max-age=%lld", (long long)age);
    expires->cache_control = (struct slice){expires->control, (size_t)size};
}

bool engine_make_expires(struct engine_request *request, uint32_t status, int64_t now,
                         int64_t modified, struct engine_expires *expires) {
    struct expiry expiry;
    uint32_t index = request->settings->expires;
    expires->expires = expires->cache_control = (struct slice){NULL, 0};
    if (index == TABLE_NONE || !engine_takes_added_headers(status)) {
        return true;
    }
    const struct table_expires *record = &request->engine->table->expires[index];
    if (!read_value(request, record, &expiry)) {
        return false;
    }
    int64_t seconds = expiry.is_negative ? -(int64_t)expiry.seconds : (int64_t)expiry.seconds;
    /* A negative time that variables made is over only if what it counts from makes it so. */
    bool is_over = seconds < 0 && record->value == TABLE_NONE;
    switch (expiry.kind) {
    case EXPIRY_OFF:
        break;
    case EXPIRY_EPOCH:
        expires->expires = SLICE("Thu, 01 Jan 1970 00:00:01 GMT");
        expires->cache_control = SLICE("no-cache");
        break;
    case EXPIRY_MAX:
        expires->expires = SLICE("Thu, 31 Dec 2037 23:55:55 GMT");
        expires->cache_control = SLICE("max-age=315360000");
        break;
    case EXPIRY_DAILY:
        seconds = find_next(now, expiry.seconds);
        set_times(expires, seconds, seconds - now, false);
        break;
    case EXPIRY_MODIFIED:
        if (seconds != 0 && modified != ENGINE_NOT_MODIFIED) {
            set_times(expires, modified + seconds, modified + seconds - now, is_over);
            break;
        }
        set_times(expires, now + seconds, seconds, is_over);
        break;
    case EXPIRY_ACCESS:
        set_times(expires, now + seconds, seconds, is_over);
        break;
    }
    return true;
}
