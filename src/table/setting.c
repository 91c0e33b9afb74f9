/* The settings catalogue as data, and the limits of their numbers. */
#include "table/setting.h"

#include <stddef.h>

#define SETTING(record, name, storage, values, setter)                                             \
    {#name,                                                                                        \
     TABLE_SECTION_##record,                                                                       \
     TABLE_STORAGE_##storage,                                                                      \
     offsetof(struct table_##record, name),                                                        \
     SLICE_INIT(values),                                                                           \
     SLICE_INIT(#setter)},

const struct table_setting table_settings[] = {
#define PROCESS_DIRECTIVE(name, contexts, min, max, storage, values, setter, ...)                  \
    SETTING(process, name, storage, values, setter)
#define HTTP_DIRECTIVE(name, contexts, min, max, storage, values, setter, ...)                     \
    SETTING(settings, name, storage, values, setter)
#define SERVER_DIRECTIVE(name, contexts, min, max, storage, values, setter, ...)                   \
    SETTING(server_settings, name, storage, values, setter)
#define UPSTREAM_DIRECTIVE(name, contexts, min, max, storage, values, setter, ...)                 \
    SETTING(upstream, name, storage, values, setter)
#include "directives.def"
};
const uint32_t table_setting_count = sizeof table_settings / sizeof table_settings[0];

const struct table_setting *table_setting_find(enum table_section section, uint32_t offset) {
    for (uint32_t i = 0; i < table_setting_count; i++) {
        if (table_settings[i].section == section && table_settings[i].offset == offset) {
            return &table_settings[i];
        }
    }
    return NULL;
}

bool table_setting_is_number(const struct table_setting *setting) {
    return setting->storage <= TABLE_STORAGE_WORDS;
}

struct slice table_setting_word(const struct table_setting *setting, uint32_t index) {
    struct slice rest = setting->words;
    while (index > 0 && rest.size > 0) {
        rest = slice_skip(rest, slice_find_byte(rest, '|') + 1);
        index--;
    }
    return slice_take(rest, slice_find_byte(rest, '|'));
}

static uint64_t count_words(const struct table_setting *setting) {
    uint64_t count = 1;
    for (size_t i = 0; i < setting->words.size; i++) {
        count += setting->words.data[i] == '|';
    }
    return count;
}

uint64_t table_setting_number(const struct table_setting *setting, const void *record) {
    const char *field = (const char *)record + setting->offset;
    if (setting->storage == TABLE_STORAGE_SIZE || setting->storage == TABLE_STORAGE_TIME) {
        return *(const uint64_t *)(const void *)field;
    }
    return *(const uint32_t *)(const void *)field;
}

static const uint64_t number_limit = INT32_MAX;
/* Offsets in files are signed. */
static const uint64_t size_limit = INT64_MAX;
/* What is allocated in one piece. */
static const uint64_t buffer_limit = (uint64_t)1 << 30;
/* A thousand years of milliseconds: added to a clock it cannot overflow. */
static const uint64_t time_limit = (uint64_t)1000 * 366 * 24 * 60 * 60 * 1000;

/* What may be answered to who is limited. */
static const uint64_t first_error = 400;
static const uint64_t last_error = 599;

static struct table_setting_limits storage_limits(const struct table_setting *setting) {
    switch (setting->storage) {
    case TABLE_STORAGE_FLAG:
        return (struct table_setting_limits){0, 1, 0, 0};
    case TABLE_STORAGE_ENUM:
        return (struct table_setting_limits){0, count_words(setting) - 1, 0, 0};
    case TABLE_STORAGE_WORDS:
        return (struct table_setting_limits){0, ((uint64_t)1 << count_words(setting)) - 1, 0, 0};
    case TABLE_STORAGE_NUMBER:
        return (struct table_setting_limits){0, number_limit, 0, 0};
    case TABLE_STORAGE_TIME:
        return (struct table_setting_limits){0, time_limit, 0, 0};
    default:
        return (struct table_setting_limits){0, size_limit, 0, size_limit};
    }
}

struct table_setting_limits table_setting_limits(const struct table_setting *setting) {
    const struct {
        enum table_section section;
        uint32_t offset;
        struct table_setting_limits limits;
    } narrower[] = {
#define LIMITS(record, field, ...)                                                                 \
    {                                                                                              \
        TABLE_SECTION_##record, offsetof(struct table_##record, field), {                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
        /* 0 workers: one for each CPU */
        LIMITS(process, worker_processes, 0, 1024, 0, 0),
        LIMITS(process, worker_connections, 1, number_limit, 0, 0),
        LIMITS(settings, client_body_buffer_size, 0, buffer_limit, 0, 0),
        LIMITS(settings, proxy_buffer_size, 1, buffer_limit, 0, 0),
        LIMITS(settings, proxy_buffers, 2, number_limit, 1, buffer_limit),
        LIMITS(settings, proxy_busy_buffers_size, 1, size_limit, 0, 0),
        LIMITS(settings, proxy_temp_file_write_size, 1, size_limit, 0, 0),
        LIMITS(settings, gzip_comp_level, 1, 9, 0, 0),
        LIMITS(settings, gzip_buffers, 1, number_limit, 1, buffer_limit),
        LIMITS(settings, gzip_window, 512, 32768, 0, 0),
        LIMITS(settings, gzip_hash, 512, 131072, 0, 0),
        LIMITS(settings, postpone_gzipping, 0, buffer_limit, 0, 0),
        LIMITS(settings, gunzip_buffers, 1, number_limit, 1, buffer_limit),
        LIMITS(settings, client_header_buffer_size, 1, buffer_limit, 0, 0),
        LIMITS(settings, large_client_header_buffers, 1, number_limit, 1, buffer_limit),
        LIMITS(settings, keepalive_timeout, 0, time_limit, 0, time_limit),
        LIMITS(settings, limit_req_status, first_error, last_error, 0, 0),
        LIMITS(settings, limit_conn_status, first_error, last_error, 0, 0),
        LIMITS(server_settings, ssl_buffer_size, 1, size_limit, 0, 0),
        LIMITS(upstream, keepalive, 0, number_limit, 0, 1),
#undef LIMITS
    };
    for (size_t i = 0; i < sizeof narrower / sizeof narrower[0]; i++) {
        if (narrower[i].section == setting->section && narrower[i].offset == setting->offset) {
            return narrower[i].limits;
        }
    }
    return storage_limits(setting);
}
