/* Variables about upstreams. With several attempts a value lists one part for each, as in nginx. */
#include "proxy/internal.h"

#include <stdio.h>
#include <string.h>

enum { PART_SIZE = 32 };

typedef struct slice part_of(const struct proxy_attempt *attempt, char text[PART_SIZE]);

static struct slice format_number(uint64_t number, char text[PART_SIZE]) {
    int size = snprintf(text, PART_SIZE, "%llu", (unsigned long long)number);
    return (struct slice){text, (size_t)size};
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

static bool list_attempts(struct proxy *proxy, part_of *part, struct slice *value) {
    char text[PART_SIZE];
    size_t size = 0;
    for (uint32_t i = 0; i < proxy->attempt_count; i++) {
        size += part(&proxy->attempts[i], text).size + 2;
    }
    char *list = arena_allocate_bytes(&proxy->exchange->arena, size + 1);
    if (list == NULL || proxy->attempt_count == 0) {
        return false;
    }
    size = 0;
    for (uint32_t i = 0; i < proxy->attempt_count; i++) {
        struct slice one = part(&proxy->attempts[i], text);
        if (i > 0) {
            memcpy(list + size, ", ", 2);
            size += 2;
        }
        memcpy(list + size, one.data, one.size);
        size += one.size;
    }
    *value = (struct slice){list, size};
    return true;
}

bool proxy_variable(struct exchange *exchange, enum variable_id id, struct slice suffix,
                    struct slice *value) {
    struct proxy *proxy = exchange->proxy_data;
    if (parts[id] != NULL) {
        return list_attempts(proxy, parts[id], value);
    }
    switch (id) {
    case VARIABLE_UPSTREAM_HTTP:
        return proxy->has_head && engine_find_field(&exchange->arena, proxy->head.fields.items,
                                                    proxy->head.fields.count, suffix, value);
    case VARIABLE_PROXY_HOST:
        *value = proxy->host;
        return true;
    case VARIABLE_PROXY_PORT:
        *value = proxy->port;
        return true;
    default:
        return false;
    }
}
