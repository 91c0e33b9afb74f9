/* Routes of requests and cookies of responses; see sticky.h. */
#include "engine/sticky.h"

#include "engine/decide.h"
#include "engine/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

bool engine_find_route(struct engine_request *request, const struct table_sticky *sticky,
                       struct slice *route) {
    const struct table *table = request->engine->table;
    *route = SLICE("");
    for (uint32_t i = 0; i < sticky->lookups.count && route->size == 0; i++) {
        uint32_t value = table->sticky_lookup[sticky->lookups.first + i].value;
        if (!engine_run_template(request, value, route)) {
            return false;
        }
    }
    return true;
}

enum { LAST_SHORT_YEAR = 2037, LONGEST_EXPIRES = 96 };

/* The form and the years that nginx has for the oldest of browsers (ngx_http_cookie_time). */
static void format_limit(char text[LONGEST_EXPIRES], int64_t now, uint64_t age) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t end = (time_t)(now + (int64_t)age);
    struct tm parts = {0};
    gmtime_r(&end, &parts);
    int year = parts.tm_year + 1900;
    snprintf(text, LONGEST_EXPIRES,
             "; expires=%s, %02d-%s-%02d %02d:%02d:%02d GMT; max-age=%" PRIu64, days[parts.tm_wday],
             parts.tm_mday, months[parts.tm_mon], year > LAST_SHORT_YEAR ? year : year % 100,
             parts.tm_hour, parts.tm_min, parts.tm_sec, age);
}

static struct slice make_expires(const struct table_sticky *sticky, int64_t now,
                                 char text[LONGEST_EXPIRES]) {
    switch ((enum table_cookie_life)sticky->life) {
    case TABLE_COOKIE_SESSION:
        break;
    case TABLE_COOKIE_LIMITED:
        format_limit(text, now, sticky->max_age);
        return slice_from_string(text);
    case TABLE_COOKIE_MAX:
        return SLICE("; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000");
    }
    return SLICE("");
}

static bool run_optional(struct engine_request *request, uint32_t program, struct slice *text) {
    *text = SLICE("");
    return program == TABLE_NONE || engine_run_template(request, program, text);
}

/* What a variable says that makes no sense is taken for the strictest, as in nginx. */
static struct slice check_samesite(struct slice value) {
    static const struct slice words[] = {SLICE_INIT(""), SLICE_INIT("strict"), SLICE_INIT("lax"),
                                         SLICE_INIT("none")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_equals_nocase(value, words[i])) {
            return value;
        }
    }
    return words[1];
}

static struct slice label(const char *text, struct slice value) {
    return value.size > 0 ? slice_from_string(text) : SLICE("");
}

bool engine_make_cookie(struct engine_request *request, const struct table_sticky *sticky,
                        struct slice route, int64_t now, struct slice *cookie) {
    const struct table *table = request->engine->table;
    char expires[LONGEST_EXPIRES];
    struct slice domain;
    struct slice samesite;
    if (!run_optional(request, sticky->domain, &domain) ||
        !run_optional(request, sticky->samesite, &samesite)) {
        return false;
    }
    samesite = check_samesite(samesite);
    struct slice path = table_text(table, sticky->path);
    struct slice parts[] = {
        table_text(table, sticky->cookie),
        SLICE("="),
        route,
        make_expires(sticky, now, expires),
        label("; domain=", domain),
        domain,
        sticky->httponly != 0 ? SLICE("; httponly") : SLICE(""),
        sticky->secure != 0 ? SLICE("; secure") : SLICE(""),
        label("; samesite=", samesite),
        samesite,
        label("; path=", path),
        path,
    };
    return engine_join(request, parts, sizeof parts / sizeof parts[0], cookie);
}
