/* A small table with at least one record in every section, built by hand with the writer: what the
 * tests of this room damage and expect to be refused. Nothing but the format is assumed of it. */
#ifndef TABLE_SAMPLE_H
#define TABLE_SAMPLE_H

#include "table/hash_slot.h"
#include "table/setting.h"
#include "table/writer.h"

#include <stddef.h>
#include <string.h>
#include <xxhash.h>

static struct table_string sample_string(struct table_writer *writer, const char *text) {
    return table_writer_string(writer, slice_from_string(text));
}

static uint32_t sample_add(struct table_writer *writer, enum table_section section,
                           const void *record) {
    return table_writer_intern(writer, section, record, 1).first;
}

/* Adds a record with the given fields and returns its index. */
#define SAMPLE_ADD(writer, name, ...)                                                              \
    sample_add((writer), TABLE_SECTION_##name, &(struct table_##name){__VA_ARGS__})

/* Gives every setting of a record the least number that rpcd takes. */
static void sample_fill_settings(enum table_section section, void *record) {
    for (uint32_t i = 0; i < table_setting_count; i++) {
        const struct table_setting *setting = &table_settings[i];
        if (setting->section != section) {
            continue;
        }
        struct table_setting_limits limits = table_setting_limits(setting);
        char *field = (char *)record + setting->offset;
        uint32_t number = (uint32_t)limits.minimum;
        if (setting->storage == TABLE_STORAGE_PAIR) {
            struct table_pair pair = {limits.minimum, limits.second_minimum};
            memcpy(field, &pair, sizeof pair);
        } else if (table_setting_is_number(setting)) {
            memcpy(field, &number, sizeof number);
        } else if (setting->storage == TABLE_STORAGE_TEMPLATE ||
                   setting->storage == TABLE_STORAGE_RESOLVER ||
                   setting->storage == TABLE_STORAGE_BINDING ||
                   setting->storage == TABLE_STORAGE_SESSION_CACHE ||
                   setting->storage == TABLE_STORAGE_ALIAS ||
                   setting->storage == TABLE_STORAGE_EXPIRES ||
                   setting->storage == TABLE_STORAGE_SYMLINKS ||
                   setting->storage == TABLE_STORAGE_LOG_CACHE ||
                   setting->storage == TABLE_STORAGE_REFERERS) {
            number = TABLE_NONE;
            memcpy(field, &number, sizeof number);
        }
    }
}

/* Slots 0: of a capture, 1: of the map, 2: of the geo, 3: of the split. */
static void sample_add_slots(struct table_writer *writer) {
    SAMPLE_ADD(writer, slot, .name = sample_string(writer, "slot"), .source = TABLE_SLOT_CAPTURE,
               .map = TABLE_NONE, .geo = TABLE_NONE, .split = TABLE_NONE);
    SAMPLE_ADD(writer, slot, .name = sample_string(writer, "mapped"), .source = TABLE_SLOT_MAP,
               .map = 0, .geo = TABLE_NONE, .split = TABLE_NONE);
    SAMPLE_ADD(writer, slot, .name = sample_string(writer, "country"), .source = TABLE_SLOT_GEO,
               .map = TABLE_NONE, .geo = 0, .split = TABLE_NONE);
    SAMPLE_ADD(writer, slot, .name = sample_string(writer, "variant"), .source = TABLE_SLOT_SPLIT,
               .map = TABLE_NONE, .geo = TABLE_NONE, .split = 0);
}

/* Programs 0: "hello $host$1$slot", 1: set $slot to it, 2: return 301 to it, 3: rewrite to it. */
static void sample_add_programs(struct table_writer *writer) {
    SAMPLE_ADD(writer, variable, .id = VARIABLE_HOST);
    struct table_string hello = sample_string(writer, "hello ");
    const struct table_op template[] = {
        {TABLE_OP_APPEND_TEXT, hello.offset, hello.length},
        {TABLE_OP_APPEND_VARIABLE, 0, 0},
        {TABLE_OP_APPEND_CAPTURE, 1, 0},
        {TABLE_OP_APPEND_SLOT, 0, 0},
    };
    struct table_range ops = table_writer_intern(writer, TABLE_SECTION_op, template, 4);
    SAMPLE_ADD(writer, program, .kind = TABLE_PROGRAM_TEMPLATE, .ops = ops);
    SAMPLE_ADD(writer, step_place, .place = {TABLE_NONE, 0});
    SAMPLE_ADD(writer, sequence_place, .server = 0, .location = TABLE_NONE, .places = {0, 1});
    const struct table_op set[] = {{TABLE_OP_SET, 0, 0}, {TABLE_OP_RETURN_STATUS, 204, 0}};
    ops = table_writer_intern(writer, TABLE_SECTION_op, set, 2);
    SAMPLE_ADD(writer, program, .kind = TABLE_PROGRAM_SEQUENCE, .ops = ops);
    const struct table_op answer[] = {{TABLE_OP_RETURN_REDIRECT, 301, 0}};
    ops = table_writer_intern(writer, TABLE_SECTION_op, answer, 1);
    SAMPLE_ADD(writer, program, .kind = TABLE_PROGRAM_SEQUENCE, .ops = ops);
    const struct table_op rewrite[] = {{TABLE_OP_REWRITE, 0, 0}};
    ops = table_writer_intern(writer, TABLE_SECTION_op, rewrite, 1);
    SAMPLE_ADD(writer, program, .kind = TABLE_PROGRAM_SEQUENCE, .ops = ops);
    SAMPLE_ADD(writer, rewrite, .regex = 0, .path = 0, .args = 0, .keep_args = 1,
               .flag = TABLE_REWRITE_LAST, .place = {0, 12});
}

static void sample_add_server_settings(struct table_writer *writer) {
    struct table_server_settings own = {0};
    sample_fill_settings(TABLE_SECTION_server_settings, &own);
    const struct table_session_zone zone = {sample_string(writer, "tls"), 65536};
    const struct table_session_cache cache = {
        .builtin = 100,
        .zone = table_writer_intern(writer, TABLE_SECTION_session_zone, &zone, 1).first,
    };
    own.ssl_session_cache =
        table_writer_intern(writer, TABLE_SECTION_session_cache, &cache, 1).first;
    table_writer_intern(writer, TABLE_SECTION_server_settings, &own, 1);
}

static void sample_add_limits(struct table_writer *writer, struct table_settings *settings) {
    const struct table_limit_zone zones[] = {
        {sample_string(writer, "api"),
         TABLE_LIMIT_REQUESTS,
         sample_string(writer, "hello"),
         0,
         65536,
         10000,
         {0, 16}},
        {sample_string(writer, "clients"),
         TABLE_LIMIT_CONNECTIONS,
         sample_string(writer, "hello"),
         0,
         32768,
         0,
         {0, 17}},
    };
    table_writer_intern(writer, TABLE_SECTION_limit_zone, zones, 2);
    const struct table_request_limit requests[] = {{0, 20, 0, 1, {0, 18}}, {0, 5, 2, 0, {0, 19}}};
    const struct table_connection_limit connections = {1, 10, {0, 20}};
    settings->limit_req = table_writer_intern(writer, TABLE_SECTION_request_limit, requests, 2);
    settings->limit_conn =
        table_writer_intern(writer, TABLE_SECTION_connection_limit, &connections, 1);
}

/* One host, in the slot at which the search for it begins; the other is free. */
static void sample_add_referers(struct table_writer *writer, struct table_settings *settings) {
    const struct table_name path = {sample_string(writer, "/in")};
    uint64_t hash = slice_hash(SLICE("from.example"));
    struct table_referer_slot slots[2] = {{.path = TABLE_NONE}, {.path = TABLE_NONE}};
    slots[table_hash_home(hash, 2)] = (struct table_referer_slot){
        hash, sample_string(writer, "from.example"), TABLE_NAME_EXACT,
        table_writer_intern(writer, TABLE_SECTION_name, &path, 1).first};
    const struct table_referer_regex regex = {0, 1};
    const struct table_referers referers = {
        .none = 1,
        .slots = table_writer_intern(writer, TABLE_SECTION_referer_slot, slots, 2),
        .regexes = table_writer_intern(writer, TABLE_SECTION_referer_regex, &regex, 1)};
    settings->valid_referers =
        table_writer_intern(writer, TABLE_SECTION_referers, &referers, 1).first;
}

static void sample_add_settings(struct table_writer *writer) {
    uint32_t format =
        SAMPLE_ADD(writer, log_format, .name = sample_string(writer, "combined"), .line = 0);
    struct table_settings settings = {0};
    sample_fill_settings(TABLE_SECTION_settings, &settings);
    const struct table_access_log access = {.path = sample_string(writer, "access.log"),
                                            .format = format,
                                            .condition = TABLE_NONE,
                                            .name = TABLE_NONE,
                                            .syslog = TABLE_NONE};
    uint32_t syslog = SAMPLE_ADD(writer, syslog, .facility = 23, .severity = 6,
                                 .tag = sample_string(writer, "tag"));
    const struct table_error_log error = {sample_string(writer, "syslog:unix:/dev/log"),
                                          TABLE_LOG_ERROR, syslog};
    const struct table_name name = {sample_string(writer, "X-Powered-By")};
    const struct table_header_field header = {sample_string(writer, "X-Host"), 0, 1};
    settings.access_log = table_writer_intern(writer, TABLE_SECTION_access_log, &access, 1);
    settings.error_log = table_writer_intern(writer, TABLE_SECTION_error_log, &error, 1);
    settings.proxy_hide_header = table_writer_intern(writer, TABLE_SECTION_name, &name, 1);
    settings.add_header = table_writer_intern(writer, TABLE_SECTION_header_field, &header, 1);
    const struct table_error_page page = {404, TABLE_NONE, 0, {0, 13}};
    const struct table_access_rule rules[] = {
        {1, TABLE_CLIENT_IPV4, 8, {{10}}, {0, 14}},
        {0, TABLE_CLIENT_ALL, 0, {{0}}, {0, 15}},
    };
    const struct table_trusted_network networks[] = {
        {TABLE_CLIENT_IPV6, 32, {{0x20, 1, 0x0d, 0xb8}}, {0, 16}},
        {TABLE_CLIENT_UNIX, 0, {{0}}, {0, 17}},
    };
    settings.set_real_ip_from =
        table_writer_intern(writer, TABLE_SECTION_trusted_network, networks, 2);
    const struct table_replacement replacements[] = {{TABLE_NONE, 0, 0},
                                                     {TABLE_NONE, TABLE_NONE, TABLE_NONE}};
    const struct table_binding binding = {0, 1};
    settings.proxy_bind = table_writer_intern(writer, TABLE_SECTION_binding, &binding, 1).first;
    const struct table_alias alias = {0, 3, 0};
    const struct table_template index = {0};
    const struct table_type types[] = {
        {sample_string(writer, "css"), sample_string(writer, "text/css")},
        {sample_string(writer, "js"), sample_string(writer, "text/javascript")}};
    const struct table_expires expires = {TABLE_EXPIRES_MODIFIED, 0, 60, TABLE_NONE};
    const struct table_symlinks symlinks = {1, 0};
    const struct table_log_cache log_cache = {
        .max = 10, .inactive = 1000, .valid = 2000, .min_uses = 1};
    settings.alias = table_writer_intern(writer, TABLE_SECTION_alias, &alias, 1).first;
    settings.index = table_writer_intern(writer, TABLE_SECTION_template, &index, 1);
    settings.types = table_writer_intern(writer, TABLE_SECTION_type, types, 2);
    settings.expires = table_writer_intern(writer, TABLE_SECTION_expires, &expires, 1).first;
    settings.open_log_file_cache =
        table_writer_intern(writer, TABLE_SECTION_log_cache, &log_cache, 1).first;
    settings.disable_symlinks =
        table_writer_intern(writer, TABLE_SECTION_symlinks, &symlinks, 1).first;
    sample_add_referers(writer, &settings);
    const struct table_cookie_flag flag = {0};
    const struct table_cookie_rule cookie = {
        TABLE_NONE, 0, table_writer_intern(writer, TABLE_SECTION_cookie_flag, &flag, 1)};
    settings.proxy_redirect =
        table_writer_intern(writer, TABLE_SECTION_replacement, replacements, 2);
    settings.proxy_cookie_flags =
        table_writer_intern(writer, TABLE_SECTION_cookie_rule, &cookie, 1);
    const struct table_expression expressions[] = {{0}, {TABLE_NONE}};
    settings.gzip_disable = table_writer_intern(writer, TABLE_SECTION_expression, expressions, 2);
    const struct table_assignment assignment = {0, 0};
    settings.auth_request = sample_string(writer, "/auth");
    settings.auth_request_set =
        table_writer_intern(writer, TABLE_SECTION_assignment, &assignment, 1);
    settings.error_page = table_writer_intern(writer, TABLE_SECTION_error_page, &page, 1);
    settings.allow = table_writer_intern(writer, TABLE_SECTION_access_rule, rules, 2);
    sample_add_limits(writer, &settings);
    table_writer_intern(writer, TABLE_SECTION_settings, &settings, 1);
    sample_add_server_settings(writer);
    struct table_process process = {0};
    sample_fill_settings(TABLE_SECTION_process, &process);
    process.error_logs = settings.error_log;
    table_writer_intern(writer, TABLE_SECTION_process, &process, 1);
}

static uint32_t sample_add_sticky(struct table_writer *writer) {
    const struct table_sticky_lookup lookup = {0};
    return SAMPLE_ADD(writer, sticky,
                      .lookups =
                          table_writer_intern(writer, TABLE_SECTION_sticky_lookup, &lookup, 1),
                      .cookie = sample_string(writer, "server"), .life = TABLE_COOKIE_LIMITED,
                      .max_age = 3600, .domain = 0, .path = sample_string(writer, "/"),
                      .httponly = 1, .samesite = TABLE_NONE, .place = {0, 19});
}

/* The second peer is resolved by resolver 0. */
static void sample_add_upstream(struct table_writer *writer) {
    struct table_upstream upstream = {
        .name = sample_string(writer, "app"),
        .method = TABLE_BALANCE_HASH,
        .hash_key = 0,
        .sticky = sample_add_sticky(writer),
        .place = {0, 1},
    };
    sample_fill_settings(TABLE_SECTION_upstream, &upstream);
    const struct table_name_server servers[] = {
        {TABLE_FAMILY_IPV4, 53, {{10, 0, 0, 2}}},
        {TABLE_FAMILY_IPV6, 5353, {{0x20, 0x01, 0x0d, 0xb8}}},
    };
    upstream.resolver =
        SAMPLE_ADD(writer, resolver, .valid = 30, .ipv4 = 1,
                   .servers = table_writer_intern(writer, TABLE_SECTION_name_server, servers, 2));
    const struct table_peer peers[] = {
        {.name = sample_string(writer, "127.0.0.1:8080"),
         .family = TABLE_FAMILY_IPV4,
         .port = 8080,
         .address = {{127, 0, 0, 1}},
         .weight = 2,
         .place = {0, 2}},
        {.name = sample_string(writer, "app.example:81"),
         .family = TABLE_FAMILY_NAME,
         .host = sample_string(writer, "app.example"),
         .port = 81,
         .weight = 1,
         .down = 1,
         .route = sample_string(writer, "second"),
         .resolve = 1,
         .place = {0, 3}},
    };
    upstream.peers = table_writer_intern(writer, TABLE_SECTION_peer, peers, 2);
    table_writer_intern(writer, TABLE_SECTION_upstream, &upstream, 1);
    SAMPLE_ADD(writer, proxy, .upstream = 0, .target = TABLE_NONE,
               .host = sample_string(writer, "app"), .port = sample_string(writer, "80"),
               .has_uri = 1, .uri = sample_string(writer, "/v1/"), .prefix_length = 5);
    SAMPLE_ADD(writer, proxy, .upstream = TABLE_NONE, .target = 0);
}

/* Every five seconds, with a match that has one condition of a kind. */
static uint32_t sample_add_health_check(struct table_writer *writer) {
    const struct table_status_range statuses[] = {{200, 299}, {304, 304}};
    const struct table_header_test headers[] = {
        {sample_string(writer, "X-State"), TABLE_MATCH_EQUAL, sample_string(writer, "up"),
         TABLE_NONE},
        {sample_string(writer, "Server"), TABLE_MATCH_MATCHING, sample_string(writer, ""), 0},
    };
    const struct table_body_test body = {0, 1};
    uint32_t match = SAMPLE_ADD(
        writer, health_match, .name = sample_string(writer, "well"),
        .statuses = table_writer_intern(writer, TABLE_SECTION_status_range, statuses, 2),
        .headers = table_writer_intern(writer, TABLE_SECTION_header_test, headers, 2),
        .bodies = table_writer_intern(writer, TABLE_SECTION_body_test, &body, 1), .place = {0, 20});
    return SAMPLE_ADD(writer, health_check, .uri = sample_string(writer, "/health"),
                      .interval = 5000, .jitter = 500, .fails = 3, .passes = 2, .port = 8081,
                      .mandatory = 1, .match = match, .place = {0, 21});
}

/* Locations 0: /api/, 1: = /api/x, 2: ~ \.php$, 3: @fallback. Set 0 holds the first and third,
 * set 1, nested in location 0, the second. */
static void sample_add_locations(struct table_writer *writer) {
    SAMPLE_ADD(writer, handling, .try_files = TABLE_NONE, .limited = TABLE_NONE,
               .health_check = TABLE_NONE);
    SAMPLE_ADD(writer, handling, .auto_redirect = 1, .try_files = TABLE_NONE, .limited = TABLE_NONE,
               .health_check = sample_add_health_check(writer));
    SAMPLE_ADD(writer, location, .name = sample_string(writer, "/api/"), .handling = 1,
               .identity = 1, .nested = 1, .rewrite = 1, .proxy = 0, .place = {0, 7});
    SAMPLE_ADD(writer, location, .name = sample_string(writer, "/api/x"),
               .kind = TABLE_LOCATION_EXACT, .identity = 2, .nested = TABLE_NONE,
               .rewrite = TABLE_NONE, .proxy = 1, .place = {0, 9});
    SAMPLE_ADD(writer, location, .name = sample_string(writer, "\\.php$"),
               .kind = TABLE_LOCATION_REGEX, .identity = 3, .nested = TABLE_NONE, .rewrite = 2,
               .proxy = TABLE_NONE, .place = {0, 10});
    SAMPLE_ADD(writer, location, .name = sample_string(writer, "@fallback"),
               .kind = TABLE_LOCATION_NAMED, .identity = 4, .nested = TABLE_NONE, .rewrite = 3,
               .proxy = TABLE_NONE, .place = {0, 11});
    const struct table_capture_name name = {sample_string(writer, "slot"), 0};
    uint32_t regex = SAMPLE_ADD(
        writer, regex, .pattern = sample_string(writer, "(?<slot>x)\\.php$"), .capture_count = 1,
        .names = table_writer_intern(writer, TABLE_SECTION_capture_name, &name, 1));
    const struct table_node nodes[] = {
        {{0}, {1, 2}, TABLE_NONE, TABLE_NONE},
        {sample_string(writer, "/api/"), {3, 1}, TABLE_NONE, 0},
        {sample_string(writer, "x"), {0, 0}, TABLE_NONE, TABLE_NONE},
        {sample_string(writer, "y"), {0, 0}, TABLE_NONE, TABLE_NONE},
    };
    const struct table_node nested[] = {
        {{0}, {5, 1}, TABLE_NONE, TABLE_NONE},
        {sample_string(writer, "/api/x"), {0, 0}, 1, TABLE_NONE},
    };
    const struct table_location_regex by_regex = {regex, 2};
    struct table_location_set set = {
        table_writer_intern(writer, TABLE_SECTION_node, nodes, 4),
        table_writer_intern(writer, TABLE_SECTION_location_regex, &by_regex, 1)};
    table_writer_intern(writer, TABLE_SECTION_location_set, &set, 1);
    set = (struct table_location_set){table_writer_intern(writer, TABLE_SECTION_node, nested, 2),
                                      {0, 0}};
    table_writer_intern(writer, TABLE_SECTION_location_set, &set, 1);
}

/* How many slots the names of the sample have, and its map. In both the exact key stands where it
 * belongs, the leading one before it and the trailing one, which belongs there, too, behind it. */
enum { SLOTS = 5 };

/* Slots with an exact, a leading and a trailing key, each leading to record 0. */
static void sample_fill_slots(struct table_writer *writer, struct table_hash_slot slots[SLOTS],
                              const char *const keys[TABLE_name_kind_COUNT]) {
    memset(slots, 0, SLOTS * sizeof *slots);
    for (int i = 0; i < SLOTS; i++) {
        slots[i].target = TABLE_NONE;
    }
    for (uint32_t kind = 0; kind < TABLE_name_kind_COUNT; kind++) {
        uint64_t hash = slice_hash(slice_from_string(keys[kind]));
        uint32_t i = table_hash_home(hash, SLOTS);
        while (slots[i].target != TABLE_NONE) {
            i = table_hash_next(i, SLOTS);
        }
        slots[i] = (struct table_hash_slot){hash, sample_string(writer, keys[kind]), kind, 0};
    }
}

static void sample_add_map(struct table_writer *writer) {
    static const char *const keys[] = {"xyz", ".net", "e."};
    struct table_hash_slot slots[SLOTS];
    sample_fill_slots(writer, slots, keys);
    const struct table_map_regex regex = {0, 0};
    SAMPLE_ADD(writer, map, .subject = 0, .hostnames = 1, .has_leading = 1, .has_trailing = 1,
               .slots = table_writer_intern(writer, TABLE_SECTION_map_slot, slots, SLOTS),
               .regexes = table_writer_intern(writer, TABLE_SECTION_map_regex, &regex, 1),
               .otherwise = 0, .place = {0, 16});
}

static void sample_add_geo(struct table_writer *writer) {
    struct table_string inside = sample_string(writer, "inside");
    const struct table_geo_ipv4 ipv4[] = {{0, {0}}, {0x0a000000, inside}, {0x0b000000, {0}}};
    const struct table_geo_ipv6 ipv6[] = {{{{0}}, {0}}, {{{0x20}}, inside}};
    const struct table_geo_proxy proxies[] = {{TABLE_CLIENT_IPV4, 8, {{127}}},
                                              {TABLE_CLIENT_IPV6, 16, {{0xfc}}}};
    SAMPLE_ADD(writer, geo, .subject = TABLE_NONE, .is_volatile = 1,
               .ipv4 = table_writer_intern(writer, TABLE_SECTION_geo_ipv4, ipv4, 3),
               .ipv6 = table_writer_intern(writer, TABLE_SECTION_geo_ipv6, ipv6, 2),
               .proxies = table_writer_intern(writer, TABLE_SECTION_geo_proxy, proxies, 2),
               .proxy_recursive = 1, .place = {0, 17});
}

static void sample_add_split(struct table_writer *writer) {
    const struct table_split_part parts[] = {{1000, sample_string(writer, "a")},
                                             {2000, sample_string(writer, "b")},
                                             {0, sample_string(writer, "c")}};
    SAMPLE_ADD(writer, split, .subject = 0,
               .parts = table_writer_intern(writer, TABLE_SECTION_split_part, parts, 3),
               .place = {0, 18});
}

static void sample_add_server(struct table_writer *writer) {
    const struct table_named_location named[] = {{sample_string(writer, "@fallback"), 3},
                                                 {sample_string(writer, "@last"), 3}};
    const struct table_try_file files[] = {{0, 0}, {0, 1}};
    SAMPLE_ADD(writer, try_files, .target = TABLE_NONE, .status = 404,
               .files = table_writer_intern(writer, TABLE_SECTION_try_file, files, 2),
               .place = {0, 19});
    SAMPLE_ADD(writer, server, .try_files = 0, .name = sample_string(writer, "example.com"),
               .rewrite = 2,
               .named = table_writer_intern(writer, TABLE_SECTION_named_location, named, 2),
               .place = {0, 5});
    static const char *const keys[] = {"example.com", ".example.com", "www."};
    struct table_hash_slot slots[SLOTS];
    sample_fill_slots(writer, slots, keys);
    const struct table_name_regex regex = {0, 0};
    SAMPLE_ADD(writer, name_index, .has_leading = 1, .has_trailing = 1,
               .slots = table_writer_intern(writer, TABLE_SECTION_name_slot, slots, SLOTS),
               .regexes = table_writer_intern(writer, TABLE_SECTION_name_regex, &regex, 1));
    const struct table_endpoint endpoints[] = {{.address = {{127, 0, 0, 1}}}, {.is_wildcard = 1}};
    SAMPLE_ADD(writer, listener, .port = 80, .name = sample_string(writer, "0.0.0.0:80"),
               .backlog = 511,
               .endpoints = table_writer_intern(writer, TABLE_SECTION_endpoint, endpoints, 2),
               .place = {0, 6});
}

static void sample_fill(struct table_writer *writer) {
    SAMPLE_ADD(writer, source, .name = sample_string(writer, "site.conf"));
    sample_add_slots(writer);
    sample_add_programs(writer);
    sample_add_map(writer);
    sample_add_geo(writer);
    sample_add_split(writer);
    sample_add_settings(writer);
    sample_add_upstream(writer);
    sample_add_locations(writer);
    sample_add_server(writer);
}

/* The table, in the arena. */
static inline struct slice sample_build(struct arena *arena) {
    struct table_writer writer;
    table_writer_init(&writer, arena);
    sample_fill(&writer);
    return table_writer_finish(&writer);
}

/* Makes the header of a damaged table right again in everything but the section directory, so
 * that what lies behind is looked at. */
static inline void sample_repair(void *data, size_t size) {
    struct table_header *header = data;
    memcpy(header->magic, TABLE_MAGIC, sizeof header->magic);
    header->byte_order = TABLE_BYTE_ORDER;
    header->version = TABLE_VERSION;
    header->layout = table_layout_hash();
    header->size = size;
    header->section_count = TABLE_SECTION_COUNT;
    header->reserved = 0;
    header->checksum = 0;
    header->checksum = XXH3_64bits(data, size);
}

#endif
