/* Variables about upstreams. With several attempts a value lists one part for each, as in nginx. */
#include "proxy/internal.h"

#include <stdio.h>
#include <string.h>

enum { PART_SIZE = 32 };

typedef struct slice part_of(const struct proxy_attempt *attempt, char text[PART_SIZE]);

static struct slice format_number(uint64_t number, char text[PART_SIZE]) {
    return slice_format_u64(number, text);
}

static struct slice format_seconds(uint64_t milliseconds, char text[PART_SIZE]) {
    if (milliseconds == PROXY_NEVER) {
        return SLICE("-");
    }
    int size = snprintf(text, PART_SIZE, "%llu.%03u", (unsigned long long)(milliseconds / 1000),
                        (unsigned)(milliseconds % 1000));
    return (struct slice){text, (size_t)size};
}

/* Of the type of all parts. NOLINTNEXTLINE(readability-non-const-parameter) */
static struct slice address(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    (void)text;
    return attempt->name;
}

static struct slice bytes_received(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    return format_number(attempt->bytes_received, text);
}

static struct slice bytes_sent(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    return format_number(attempt->bytes_sent, text);
}

static struct slice connect_time(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    return format_seconds(attempt->connect_time, text);
}

static struct slice header_time(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    return format_seconds(attempt->header_time, text);
}

static struct slice response_time(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    return format_seconds(attempt->response_time, text);
}

static struct slice response_length(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    return format_number(attempt->response_length, text);
}

static struct slice status(const struct proxy_attempt *attempt, char text[PART_SIZE]) {
    return attempt->status == 0 ? SLICE("-") : format_number(attempt->status, text);
}

static part_of *const parts[TABLE_variable_id_COUNT] = {
    [VARIABLE_UPSTREAM_ADDR] = address,
    [VARIABLE_UPSTREAM_BYTES_RECEIVED] = bytes_received,
    [VARIABLE_UPSTREAM_BYTES_SENT] = bytes_sent,
    [VARIABLE_UPSTREAM_CONNECT_TIME] = connect_time,
    [VARIABLE_UPSTREAM_HEADER_TIME] = header_time,
    [VARIABLE_UPSTREAM_RESPONSE_LENGTH] = response_length,
    [VARIABLE_UPSTREAM_RESPONSE_TIME] = response_time,
    [VARIABLE_UPSTREAM_STATUS] = status,
};

/* Bytes that the list of all attempts has room in. */
static size_t measure_list(const struct proxy *proxy, part_of *part) {
    char text[PART_SIZE];
    size_t size = 0;
    for (; proxy != NULL; proxy = proxy->previous) {
        size += 3;
        for (uint32_t i = 0; i < proxy->attempt_count; i++) {
            size += part(&proxy->attempts[i], text).size + 2;
        }
    }
    return size;
}

static size_t append(char *list, size_t size, struct slice text) {
    if (text.size > 0) {
        memcpy(list + size, text.data, text.size);
    }
    return size + text.size;
}

/* Attempts for one answer are separated by commas; those after an error page by a colon. The number
 * of error pages in a row is limited, and so is this recursion. */
static size_t write_list(const struct proxy *proxy, part_of *part, char *list) {
    char text[PART_SIZE];
    size_t size = proxy->previous != NULL ? write_list(proxy->previous, part, list) : 0;
    if (size > 0 && proxy->attempt_count > 0) {
        size = append(list, size, SLICE(" : "));
    }
    for (uint32_t i = 0; i < proxy->attempt_count; i++) {
        size = append(list, size, i > 0 ? SLICE(", ") : SLICE(""));
        size = append(list, size, part(&proxy->attempts[i], text));
    }
    return size;
}

static bool list_attempts(const struct proxy *proxy, part_of *part, struct slice *value) {
    char *list = arena_allocate_bytes(&proxy->exchange->arena, measure_list(proxy, part));
    if (list == NULL) {
        return false;
    }
    *value = (struct slice){list, write_list(proxy, part, list)};
    return value->size > 0;
}

/* nginx: only what is in memory as a whole. */
static bool request_body(const struct proxy *proxy, struct slice *value) {
    const struct spool *spool = &proxy->spool;
    if (!proxy->is_collected || spool->memory == NULL || spool->file >= 0) {
        return false;
    }
    *value = buffer_content(spool->memory);
    return true;
}

bool proxy_variable(struct exchange *exchange, enum variable_id id, struct slice suffix,
                    struct slice *value) {
    struct proxy *proxy = exchange->proxy_data;
    if (parts[id] != NULL) {
        return list_attempts(proxy, parts[id], value);
    }
    if (id == VARIABLE_REQUEST_BODY) {
        return request_body(proxy, value);
    }
    return id == VARIABLE_UPSTREAM_HTTP && proxy->has_head &&
           engine_find_field(&exchange->arena, proxy->head.fields.items, proxy->head.fields.count,
                             suffix, value);
}

const struct http_fields *proxy_fields(const struct exchange *exchange) {
    const struct proxy *proxy = exchange->proxy_data;
    return proxy->has_head ? &proxy->head.fields : NULL;
}
