/* Validation of records: one number of the sample changed, and what is said about it. */
#include "base/expiry.h"
#include "table/table.h"

#include "guard.h"
#include "sample.h"
#include "unit.h"

struct fault {
    enum table_section section;
    uint32_t record;
    size_t offset; /* of the number within the record */
    size_t size;
    uint64_t value;
    const char *message;
};

#define FAULT(record_name, index, field, value, message)                                           \
    {                                                                                              \
        TABLE_SECTION_##record_name, (index), offsetof(struct table_##record_name, field),         \
            sizeof(((struct table_##record_name *)0)->field), (value), (message)                   \
    }

static void check_fault(const struct fault *fault, struct slice sample) {
    struct guard guard = guard_copy(sample.data, sample.size);
    const struct table_header *header = (const struct table_header *)(const void *)guard.data;
    const struct table_section_entry *entry = &header->sections[fault->section];
    memcpy(guard.data + entry->offset + (size_t)fault->record * entry->record_size + fault->offset,
           &fault->value, fault->size);
    sample_repair(guard.data, guard.size);
    struct table table;
    struct table_error error;
    char message[256] = "accepted";
    if (!table_open(&table, guard.data, guard.size, &error)) {
        table_error_format(&error, message, sizeof message);
    }
    if (strcmp(message, fault->message) != 0) {
        printf("expected: %s\n     got: %s\n", fault->message, message);
    }
    CU_ASSERT_STRING_EQUAL(message, fault->message);
    guard_release(&guard);
}

static void check_faults(const struct fault *faults, size_t count) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    for (size_t i = 0; i < count; i++) {
        check_fault(&faults[i], sample);
    }
    arena_release(&arena);
}

#define CHECK_FAULTS(...)                                                                          \
    do {                                                                                           \
        const struct fault faults[] = {__VA_ARGS__};                                               \
        check_faults(faults, sizeof faults / sizeof faults[0]);                                    \
    } while (0)

#define AT(section, record, field, reason)                                                         \
    "section \"" section "\", record " #record ", field \"" field "\": " reason

static void refuses_fields_out_of_bounds(void) {
    CHECK_FAULTS(
        FAULT(process, 0, daemon, 2, AT("process", 0, "daemon", "is neither 0 nor 1")),
        FAULT(listener, 0, family, 4, AT("listener", 0, "family", "is no such value")),
        FAULT(peer, 1, name.offset, UINT32_MAX, AT("peer", 1, "name", "points beyond the strings")),
        FAULT(peer, 1, name.length, UINT32_MAX, AT("peer", 1, "name", "points beyond the strings")),
        FAULT(peer, 1, name.length, 3, AT("peer", 1, "name", "has no terminating zero byte")),
        FAULT(server, 0, settings, 1, AT("server", 0, "settings", "names no record")),
        FAULT(server, 0, settings, TABLE_NONE, AT("server", 0, "settings", "names no record")),
        FAULT(location, 0, proxy, 2, AT("location", 0, "proxy", "names no record")),
        FAULT(settings, 0, error_log.first, 1,
              AT("settings", 0, "error_log", "reaches beyond the records")),
        FAULT(settings, 0, error_log.count, UINT32_MAX,
              AT("settings", 0, "error_log", "reaches beyond the records")),
        FAULT(program, 1, ops.first, 3, AT("program", 1, "ops", "holds records of another")),
        FAULT(location, 3, place.source, 1, AT("location", 3, "place", "names no source")),
        FAULT(location, 3, place.source, TABLE_NONE,
              AT("location", 3, "place", "has a line without a source")),
        FAULT(location, 3, place.line, 0, AT("location", 3, "place", "has no line")));
}

static void refuses_settings_beyond_their_limits(void) {
    CHECK_FAULTS(
        FAULT(settings, 0, proxy_http_version, 3,
              AT("settings", 0, "proxy_http_version", "is no such value")),
        FAULT(settings, 0, server_tokens, 3,
              AT("settings", 0, "server_tokens", "is no such value")),
        FAULT(process, 0, use, 2, AT("process", 0, "use", "is no such value")),
        FAULT(process, 0, worker_processes, 1025,
              AT("process", 0, "worker_processes", "is too large")),
        FAULT(process, 0, worker_connections, 0,
              AT("process", 0, "worker_connections", "is too small")),
        FAULT(settings, 0, proxy_read_timeout, UINT64_MAX,
              AT("settings", 0, "proxy_read_timeout", "is too large")),
        FAULT(settings, 0, client_max_body_size, UINT64_MAX,
              AT("settings", 0, "client_max_body_size", "is too large")),
        FAULT(settings, 0, large_client_header_buffers.first, 0,
              AT("settings", 0, "large_client_header_buffers", "is too small")),
        FAULT(settings, 0, large_client_header_buffers.second, UINT64_MAX,
              AT("settings", 0, "large_client_header_buffers", "is too large")),
        FAULT(upstream, 0, keepalive.second, 2, AT("upstream", 0, "keepalive", "is too large")));
}

static void refuses_programs_that_could_go_wrong(void) {
    CHECK_FAULTS(
        FAULT(op, 0, code, TABLE_op_code_COUNT, AT("op", 0, "code", "is no such value")),
        FAULT(op, 0, code, TABLE_OP_SET,
              AT("op", 0, "code", "does not belong into this kind of program")),
        FAULT(op, 4, code, TABLE_OP_APPEND_SLOT,
              AT("op", 4, "code", "does not belong into this kind of program")),
        FAULT(op, 0, a, UINT32_MAX, AT("op", 0, "a", "points beyond the strings")),
        FAULT(op, 0, b, 2, AT("op", 0, "a", "has no terminating zero byte")),
        FAULT(op, 1, a, 1, AT("op", 1, "a", "names no variable")),
        FAULT(op, 1, b, 1, AT("op", 1, "b", "is not zero")),
        FAULT(op, 2, a, 10, AT("op", 2, "a", "is no capture")),
        FAULT(op, 3, a, 4, AT("op", 3, "a", "names no slot")),
        FAULT(op, 4, b, 1, AT("op", 4, "b", "names no earlier program")),
        FAULT(op, 4, b, UINT32_MAX, AT("op", 4, "b", "names no earlier program")),
        FAULT(op, 5, a, 1000, AT("op", 5, "a", "is no status")),
        FAULT(program, 2, ops.count, 0, "section \"op\", record 6: is in no program"),
        FAULT(program, 0, ops.count, 3, "section \"op\", record 3: is in no program"),
        FAULT(op, 6, b, 1, AT("op", 6, "b", "names a program that is no template")),
        FAULT(server, 0, rewrite, 0,
              AT("server", 0, "rewrite", "names a program of the wrong kind")),
        FAULT(location, 0, rewrite, 0,
              AT("location", 0, "rewrite", "names a program of the wrong kind")),
        FAULT(header_field, 0, value, 1,
              AT("header_field", 0, "value", "names a program of the wrong kind")),
        FAULT(log_format, 0, line, 1,
              AT("log_format", 0, "line", "names a program of the wrong kind")),
        FAULT(proxy, 1, target, 1, AT("proxy", 1, "target", "names a program of the wrong kind")));
}

/* The slot of the sample's names or of its map that holds the exact key. */
static uint32_t find_exact_slot(enum table_section section) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    struct table table;
    struct table_error error;
    uint32_t found = TABLE_NONE;
    CU_ASSERT_TRUE_FATAL(table_open(&table, sample.data, sample.size, &error));
    for (uint32_t i = 0; i < SLOTS; i++) {
        const struct table_hash_slot *slot = (const void *)table_record_at(&table, section, i);
        if (slot->target != TABLE_NONE && slot->kind == TABLE_NAME_EXACT) {
            found = i;
        }
    }
    arena_release(&arena);
    return found;
}

static uint64_t range_of(uint32_t first, uint32_t count) {
    return first | (uint64_t)count << 32;
}

/* Record numbers in messages are only known when the test runs. */
static const char *at_slot(char *buffer, size_t size, enum table_section section, uint32_t slot,
                           const char *rest) {
    snprintf(buffer, size, "section \"%s\", record %u%s", table_records[section].name, slot, rest);
    return buffer;
}

static void refuses_names_that_would_not_be_found(void) {
    uint32_t exact = find_exact_slot(TABLE_SECTION_name_slot);
    char hash[128];
    char form[128];
    char home[128];
    CHECK_FAULTS(FAULT(name_index, 0, slots, range_of(exact - 1, 3),
                       AT("name_index", 0, "slots", "have none free")),
                 FAULT(name_slot, exact, hash, 1,
                       at_slot(hash, sizeof hash, TABLE_SECTION_name_slot, exact,
                               ", field \"hash\": is not that of the key")),
                 FAULT(name_slot, exact, kind, TABLE_NAME_LEADING,
                       at_slot(form, sizeof form, TABLE_SECTION_name_slot, exact,
                               ", field \"key\": is not of its kind")),
                 FAULT(name_index, 0, has_leading, 0,
                       AT("name_index", 0, "has_leading", "does not agree with the slots")),
                 FAULT(name_index, 0, has_trailing, 0,
                       AT("name_index", 0, "has_trailing", "does not agree with the slots")),
                 /* The name behind it stands there because this one had its place. */
                 FAULT(name_slot, exact, server, TABLE_NONE,
                       at_slot(home, sizeof home, TABLE_SECTION_name_slot, exact + 1,
                               ": is not where its hash leads")));
}

/* A text of the sample, as the number that its two fields are together. */
static uint64_t text_of(struct table_string (*find)(const struct table *table, uint32_t record),
                        uint32_t record) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    struct table table;
    struct table_error error;
    CU_ASSERT_TRUE_FATAL(table_open(&table, sample.data, sample.size, &error));
    struct table_string text = find(&table, record);
    arena_release(&arena);
    return range_of(text.offset, text.length);
}

static struct table_string label_of(const struct table *table, uint32_t node) {
    return table->node[node].label;
}

static void refuses_trees_that_lead_astray(void) {
    CHECK_FAULTS(
        FAULT(location_set, 0, nodes.count, 0,
              AT("location_set", 0, "nodes", "are none, not even a root")),
        FAULT(location_set, 1, nodes.first, 3,
              AT("location_set", 1, "nodes", "holds records of another")),
        FAULT(node, 0, children.count, 3, AT("node", 1, "children", "holds records of another")),
        FAULT(node, 0, children.first, 0, AT("node", 0, "children", "are not behind their parent")),
        FAULT(node, 1, children.first, 4, AT("node", 1, "children", "are not in the same index")),
        FAULT(node, 2, label, 0, AT("node", 0, "children", "have an empty label")),
        FAULT(node, 1, label, text_of(label_of, 2),
              AT("node", 0, "children", "are not sorted by their first bytes")),
        FAULT(node, 1, label, text_of(label_of, 3),
              AT("node", 0, "children", "are not sorted by their first bytes")));
}

static void refuses_locations_in_the_wrong_place(void) {
    CHECK_FAULTS(
        FAULT(node, 1, prefix, 1, AT("node", 1, "prefix", "names a location of another kind")),
        FAULT(node, 5, exact, 0, AT("node", 5, "exact", "names a location of another kind")),
        FAULT(node, 2, prefix, 0, AT("node", 2, "prefix", "names a location of another name")),
        FAULT(node, 0, exact, 1, AT("node", 0, "exact", "names a location of another name")),
        FAULT(node, 0, label, text_of(label_of, 2),
              AT("node", 1, "prefix", "names a location of another name")),
        FAULT(
            location, 0, nested, 0,
            AT("node", 1, "prefix", "names a location whose nested index is not behind this one")),
        FAULT(location, 1, nested, 1,
              AT("node", 5, "exact", "names a location whose nested index is not behind this one")),
        FAULT(location, 2, nested, 0,
              AT("location_regex", 0, "location",
                 "names a location whose nested index is not behind this one")),
        FAULT(location_regex, 0, location, 3,
              AT("location_regex", 0, "location", "names a location of another kind")),
        FAULT(named_location, 1, name, 0,
              AT("named_location", 1, "name", "is not behind the one before")),
        FAULT(named_location, 0, location, 0,
              AT("named_location", 0, "location", "names a location of another kind")));
}

static void refuses_routes_that_cannot_be_taken(void) {
    CHECK_FAULTS(
        FAULT(listener, 0, port, 65536, AT("listener", 0, "port", "is too large")),
        FAULT(listener, 0, family, TABLE_FAMILY_NAME,
              AT("listener", 0, "family", "is none that can be bound")),
        FAULT(listener, 0, family, TABLE_FAMILY_UNIX, AT("listener", 0, "path", "is empty")),
        FAULT(listener, 0, backlog, UINT32_MAX, AT("listener", 0, "backlog", "is too large")),
        FAULT(listener, 0, send_buffer, UINT32_MAX,
              AT("listener", 0, "send_buffer", "is too large")),
        FAULT(listener, 0, keepalive_count, 128,
              AT("listener", 0, "keepalive_count", "is too large")),
        FAULT(listener, 0, endpoints.count, 0, AT("listener", 0, "endpoints", "are none")),
        FAULT(endpoint, 0, is_wildcard, 1,
              AT("endpoint", 0, "is_wildcard", "hides the endpoints behind it")),
        FAULT(upstream, 0, port, 65536, AT("upstream", 0, "port", "is too large")),
        FAULT(upstream, 0, peers.count, 0, AT("upstream", 0, "peers", "are none")),
        FAULT(peer, 0, port, 65536, AT("peer", 0, "port", "is too large")),
        FAULT(peer, 0, weight, 0, AT("peer", 0, "weight", "is out of range")),
        FAULT(peer, 1, weight, 65536, AT("peer", 1, "weight", "is out of range")),
        FAULT(peer, 1, host, 0, AT("peer", 1, "host", "is empty")),
        FAULT(proxy, 0, upstream, TABLE_NONE,
              AT("proxy", 0, "target", "must be there exactly when there is no upstream")),
        FAULT(proxy, 1, upstream, 0,
              AT("proxy", 1, "target", "must be there exactly when there is no upstream")),
        FAULT(proxy, 1, has_uri, 1, AT("proxy", 1, "has_uri", "is set beside a target")),
        FAULT(proxy, 0, prefix_length, 6,
              AT("location", 0, "proxy", "replaces more of the path than the location matches")),
        FAULT(location, 2, proxy, 0,
              AT("location", 2, "proxy", "replaces more of the path than the location matches")),
        FAULT(header_field, 0, name, 0,
              AT("header_field", 0, "name", "is not the name of a header field")),
        FAULT(regex, 0, capture_count, 65536, AT("regex", 0, "capture_count", "is too large")),
        FAULT(access_log, 0, format, TABLE_NONE, AT("access_log", 0, "format", "is missing")));
}

/* "hello ", which is neither a token nor the value of a cookie. */
static uint64_t text_with_space(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    struct table table;
    struct table_error error;
    CU_ASSERT_TRUE_FATAL(table_open(&table, sample.data, sample.size, &error));
    uint64_t text = range_of(table.op[0].a, table.op[0].b);
    arena_release(&arena);
    return text;
}

static void refuses_balancing_that_cannot_be(void) {
    CHECK_FAULTS(
        FAULT(upstream, 0, method, TABLE_balance_method_COUNT,
              AT("upstream", 0, "method", "is no such value")),
        FAULT(upstream, 0, method, TABLE_BALANCE_IP_HASH,
              AT("upstream", 0, "hash_key", "must be there exactly when the method is a hash")),
        FAULT(upstream, 0, hash_key, TABLE_NONE,
              AT("upstream", 0, "hash_key", "must be there exactly when the method is a hash")),
        FAULT(upstream, 0, hash_key, 1,
              AT("upstream", 0, "hash_key", "names a program of the wrong kind")),
        FAULT(upstream, 0, sticky, 1, AT("upstream", 0, "sticky", "names no record")),
        FAULT(peer, 1, route, text_with_space(),
              AT("peer", 1, "route", "cannot be the value of a cookie")),
        FAULT(sticky, 0, lookups.count, 0, AT("sticky", 0, "lookups", "are none")),
        FAULT(sticky_lookup, 0, value, 1,
              AT("sticky_lookup", 0, "value", "names a program of the wrong kind")),
        FAULT(sticky, 0, cookie, text_with_space(),
              AT("sticky", 0, "cookie", "is not the name of a cookie")),
        FAULT(sticky, 0, max_age, TABLE_COOKIE_AGE_LIMIT + 1ull,
              AT("sticky", 0, "max_age", "is too large")));
}

/* A line break in the path would let a table add header fields. */
static void refuses_cookies_with_line_breaks(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    struct guard guard = guard_copy(sample.data, sample.size);
    struct table table;
    struct table_error error;
    char message[128] = "accepted";
    CU_ASSERT_TRUE_FATAL(table_open(&table, guard.data, guard.size, &error));
    CU_ASSERT_EQUAL_FATAL(table.sticky[0].path.length, 1);
    guard.data[(size_t)(table.strings - guard.data) + table.sticky[0].path.offset] = '\n';
    sample_repair(guard.data, guard.size);
    if (!table_open(&table, guard.data, guard.size, &error)) {
        table_error_format(&error, message, sizeof message);
    }
    CU_ASSERT_STRING_EQUAL(message, AT("sticky", 0, "path", "cannot stand in a header field"));
    guard_release(&guard);
    arena_release(&arena);
}

static void refuses_maps_whose_keys_would_not_be_found(void) {
    uint32_t exact = find_exact_slot(TABLE_SECTION_map_slot);
    char hash[128];
    char form[128];
    char home[128];
    char value[128];
    CHECK_FAULTS(
        FAULT(map, 0, slots, range_of(exact - 1, 3), AT("map", 0, "slots", "have none free")),
        FAULT(map_slot, exact, hash, 1,
              at_slot(hash, sizeof hash, TABLE_SECTION_map_slot, exact,
                      ", field \"hash\": is not that of the key")),
        FAULT(map_slot, exact, kind, TABLE_NAME_LEADING,
              at_slot(form, sizeof form, TABLE_SECTION_map_slot, exact,
                      ", field \"key\": is not of its kind")),
        FAULT(map, 0, has_leading, 0, AT("map", 0, "has_leading", "does not agree with the slots")),
        FAULT(map, 0, has_trailing, 0,
              AT("map", 0, "has_trailing", "does not agree with the slots")),
        FAULT(map, 0, hostnames, 0,
              AT("map", 0, "hostnames", "is not set though keys are wildcards")),
        /* The key behind it stands there because this one had its place. */
        FAULT(map_slot, exact, value, TABLE_NONE,
              at_slot(home, sizeof home, TABLE_SECTION_map_slot, exact + 1,
                      ": is not where its hash leads")),
        FAULT(map_slot, exact, value, 4,
              at_slot(value, sizeof value, TABLE_SECTION_map_slot, exact,
                      ", field \"value\": names no record")));
}

/* The only key that there is. */
static uint32_t find_referer_slot(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    struct table table;
    struct table_error error;
    CU_ASSERT_TRUE_FATAL(table_open(&table, sample.data, sample.size, &error));
    uint32_t slot = table.referer_slot[0].path == TABLE_NONE ? 1 : 0;
    arena_release(&arena);
    return slot;
}

static void refuses_referers_that_would_not_be_found(void) {
    uint32_t slot = find_referer_slot();
    char hash[128];
    char path[128];
    CHECK_FAULTS(FAULT(referers, 0, none, 2, AT("referers", 0, "none", "is neither 0 nor 1")),
                 FAULT(referers, 0, has_trailing, 1,
                       AT("referers", 0, "has_trailing", "does not agree with the slots")),
                 FAULT(referers, 0, regexes.first, 9,
                       AT("referers", 0, "regexes", "reaches beyond the records")),
                 FAULT(referer_slot, slot, hash, 1,
                       at_slot(hash, sizeof hash, TABLE_SECTION_referer_slot, slot,
                               ", field \"hash\": is not that of the key")),
                 FAULT(referer_slot, slot, path, 1000,
                       at_slot(path, sizeof path, TABLE_SECTION_referer_slot, slot,
                               ", field \"path\": names no record")));
}

static struct table_string ending_of(const struct table *table, uint32_t type) {
    return table->type[type].ending;
}

static struct table_string type_of(const struct table *table, uint32_t type) {
    return table->type[type].type;
}

static void refuses_types_that_would_not_be_found(void) {
    CHECK_FAULTS(
        FAULT(type, 0, ending, text_of(type_of, 1),
              AT("type", 1, "ending", "is not behind the one before")),
        FAULT(type, 1, ending, text_of(ending_of, 0),
              AT("type", 1, "ending", "is not behind the one before")),
        FAULT(type, 1, ending.length, 0, AT("type", 1, "ending", "has no terminating zero byte")),
        FAULT(type, 1, type.offset, UINT32_MAX,
              AT("type", 1, "type", "points beyond the strings")));
}

static void refuses_times_that_cannot_be_added_to(void) {
    CHECK_FAULTS(FAULT(expires, 0, seconds, (uint64_t)EXPIRY_LIMIT + 1,
                       AT("expires", 0, "seconds", "is too large")),
                 FAULT(expires, 0, value, 1000, AT("expires", 0, "value", "names no record")));
}

static void refuses_maps_that_name_no_templates(void) {
    uint32_t exact = find_exact_slot(TABLE_SECTION_map_slot);
    char value[128];
    CHECK_FAULTS(
        FAULT(map, 0, subject, 1, AT("map", 0, "subject", "names a program of the wrong kind")),
        FAULT(map, 0, otherwise, 1, AT("map", 0, "otherwise", "names a program of the wrong kind")),
        FAULT(map, 0, otherwise, TABLE_NONE, AT("map", 0, "otherwise", "names no record")),
        FAULT(map_slot, exact, value, 1,
              at_slot(value, sizeof value, TABLE_SECTION_map_slot, exact,
                      ", field \"value\": names a program of the wrong kind")),
        FAULT(map_regex, 0, value, 1,
              AT("map_regex", 0, "value", "names a program of the wrong kind")),
        FAULT(map_regex, 0, regex, 1, AT("map_regex", 0, "regex", "names no record")),
        FAULT(geo, 0, subject, 1, AT("geo", 0, "subject", "names a program of the wrong kind")),
        FAULT(split, 0, subject, 1,
              AT("split", 0, "subject", "names a program of the wrong kind")));
}

static void refuses_intervals_with_gaps_or_in_disorder(void) {
    CHECK_FAULTS(
        FAULT(geo, 0, ipv4.count, 0, AT("geo", 0, "ipv4", "do not begin with the lowest address")),
        FAULT(geo, 0, ipv6.count, 0, AT("geo", 0, "ipv6", "do not begin with the lowest address")),
        FAULT(geo, 0, ipv4.first, 1, AT("geo", 0, "ipv4", "reaches beyond the records")),
        FAULT(geo, 0, ipv4, range_of(1, 2),
              AT("geo", 0, "ipv4", "do not begin with the lowest address")),
        FAULT(geo_ipv4, 0, first, 1, AT("geo", 0, "ipv4", "do not begin with the lowest address")),
        FAULT(geo_ipv4, 1, first, 0, AT("geo_ipv4", 1, "first", "is not behind the one before")),
        FAULT(geo_ipv4, 2, first, 0x0a000000,
              AT("geo_ipv4", 2, "first", "is not behind the one before")),
        FAULT(geo_ipv6, 0, first.bytes[15], 1,
              AT("geo", 0, "ipv6", "do not begin with the lowest address")),
        FAULT(geo_ipv6, 1, first.bytes[0], 0,
              AT("geo_ipv6", 1, "first", "is not behind the one before")),
        FAULT(geo_proxy, 0, prefix, 33, AT("geo_proxy", 0, "prefix", "is longer than an address")),
        FAULT(geo_proxy, 1, prefix, 129,
              AT("geo_proxy", 1, "prefix", "is longer than an address")));
}

static void refuses_parts_in_disorder(void) {
    CHECK_FAULTS(
        FAULT(split_part, 0, below, 0, AT("split_part", 0, "below", "is not above the one before")),
        FAULT(split_part, 1, below, 1000,
              AT("split_part", 1, "below", "is not above the one before")),
        FAULT(split_part, 1, below, 0, AT("split_part", 1, "below", "is not above the one before")),
        FAULT(split_part, 2, below, 3000, "accepted"), FAULT(split, 0, parts.count, 0, "accepted"));
}

static void refuses_slots_that_say_one_thing_and_name_another(void) {
    CHECK_FAULTS(
        FAULT(slot, 0, source, TABLE_SLOT_MAP,
              AT("slot", 0, "map", "does not agree with the source")),
        FAULT(slot, 0, source, TABLE_SLOT_SET, "accepted"),
        FAULT(slot, 0, split, 0, AT("slot", 0, "split", "does not agree with the source")),
        FAULT(slot, 1, map, TABLE_NONE, AT("slot", 1, "map", "does not agree with the source")),
        FAULT(slot, 1, geo, 0, AT("slot", 1, "geo", "does not agree with the source")),
        FAULT(slot, 2, source, TABLE_SLOT_SPLIT,
              AT("slot", 2, "geo", "does not agree with the source")),
        FAULT(slot, 3, split, 1, AT("slot", 3, "split", "names no record")));
}

static void refuses_resolvers_that_cannot_be_asked(void) {
    CHECK_FAULTS(
        FAULT(resolver, 0, servers.count, 0, AT("resolver", 0, "servers", "are none")),
        FAULT(resolver, 0, servers.count, 3,
              AT("resolver", 0, "servers", "reaches beyond the records")),
        FAULT(resolver, 0, valid, 0x80000000, AT("resolver", 0, "valid", "is too large")),
        FAULT(resolver, 0, ipv4, 0, AT("resolver", 0, "ipv6", "is off, as ipv4 is")),
        FAULT(resolver, 0, ipv6, 1, "accepted"),
        FAULT(name_server, 0, family, TABLE_FAMILY_UNIX,
              AT("name_server", 0, "family", "is none that name servers have")),
        FAULT(name_server, 1, family, TABLE_FAMILY_NAME,
              AT("name_server", 1, "family", "is none that name servers have")),
        FAULT(name_server, 0, port, 0, AT("name_server", 0, "port", "is out of range")),
        FAULT(name_server, 0, port, 65536, AT("name_server", 0, "port", "is out of range")),
        FAULT(upstream, 0, resolver, TABLE_NONE, AT("upstream", 0, "resolver", "is missing")),
        FAULT(upstream, 0, resolver, 1, AT("upstream", 0, "resolver", "names no record")),
        FAULT(settings, 0, resolver, 1, AT("settings", 0, "resolver", "names no record")),
        FAULT(settings, 0, resolver, 0, "accepted"),
        FAULT(peer, 0, resolve, 1, AT("peer", 0, "resolve", "is set for an address")),
        FAULT(peer, 1, resolve, 0, "accepted"));
}

static void refuses_checks_that_cannot_be_made(void) {
    CHECK_FAULTS(
        FAULT(health_check, 0, interval, 0, AT("health_check", 0, "interval", "is out of range")),
        FAULT(health_check, 0, interval, (uint64_t)1 << 40,
              AT("health_check", 0, "interval", "is out of range")),
        FAULT(health_check, 0, jitter, (uint64_t)1 << 40,
              AT("health_check", 0, "jitter", "is too large")),
        FAULT(health_check, 0, keepalive_time, (uint64_t)1 << 40,
              AT("health_check", 0, "keepalive_time", "is too large")),
        FAULT(health_check, 0, fails, 0, AT("health_check", 0, "fails", "is zero")),
        FAULT(health_check, 0, passes, 0, AT("health_check", 0, "passes", "is zero")),
        FAULT(health_check, 0, port, 65536, AT("health_check", 0, "port", "is too large")),
        FAULT(health_check, 0, server, 9, AT("health_check", 0, "server", "names no record")),
        FAULT(health_check, 0, match, TABLE_NONE, "accepted"),
        FAULT(status_range, 0, last, 199, AT("status_range", 0, "first", "is above last")),
        FAULT(status_range, 1, last, 1000, AT("status_range", 1, "last", "is no status")),
        FAULT(header_test, 0, test, TABLE_MATCH_UNMATCHING,
              AT("header_test", 0, "regex", "does not agree with the test")),
        FAULT(header_test, 1, regex, TABLE_NONE,
              AT("header_test", 1, "regex", "does not agree with the test")),
        FAULT(header_test, 1, test, TABLE_MATCH_UNMATCHING, "accepted"),
        FAULT(header_test, 0, test, 6, AT("header_test", 0, "test", "is no such value")),
        FAULT(body_test, 0, regex, 9, AT("body_test", 0, "regex", "names no record")),
        FAULT(location, 0, proxy, 1, AT("location", 0, "proxy", "has no upstream to check")),
        FAULT(location, 0, proxy, TABLE_NONE,
              AT("location", 0, "proxy", "has no upstream to check")),
        FAULT(handling, 0, health_check, 0,
              AT("location", 1, "proxy", "has no upstream to check")));
}

static void refuses_limits_that_count_nothing(void) {
    CHECK_FAULTS(
        FAULT(limit_zone, 0, size, 32767, AT("limit_zone", 0, "size", "is out of bounds")),
        FAULT(limit_zone, 0, size, UINT64_MAX, AT("limit_zone", 0, "size", "is out of bounds")),
        FAULT(limit_zone, 0, rate, 0, AT("limit_zone", 0, "rate", "is out of bounds")),
        FAULT(limit_zone, 0, rate, UINT64_MAX, AT("limit_zone", 0, "rate", "is out of bounds")),
        FAULT(limit_zone, 1, rate, 1, AT("limit_zone", 1, "rate", "is out of bounds")),
        FAULT(limit_zone, 0, key, 1,
              AT("limit_zone", 0, "key", "names a program of the wrong kind")),
        FAULT(request_limit, 0, zone, 1, AT("request_limit", 0, "zone", "is of another kind")),
        FAULT(request_limit, 0, burst, UINT32_MAX,
              AT("request_limit", 0, "burst", "is out of bounds")),
        FAULT(request_limit, 0, delay, 1, AT("request_limit", 0, "delay", "is out of bounds")),
        FAULT(request_limit, 1, delay, UINT32_MAX,
              AT("request_limit", 1, "delay", "is out of bounds")),
        FAULT(connection_limit, 0, zone, 0,
              AT("connection_limit", 0, "zone", "is of another kind")),
        FAULT(connection_limit, 0, most, 0, AT("connection_limit", 0, "most", "is out of bounds")),
        FAULT(connection_limit, 0, most, 65536,
              AT("connection_limit", 0, "most", "is out of bounds")));
}

static void refuses_rewriting_that_cannot_be_done(void) {
    CHECK_FAULTS(
        FAULT(error_page, 0, status, 1000, AT("error_page", 0, "status", "is no status")),
        FAULT(error_page, 0, response, 1000, AT("error_page", 0, "response", "is no status")),
        FAULT(error_page, 0, target, 1,
              AT("error_page", 0, "target", "names a program of the wrong kind")),
        FAULT(access_rule, 0, prefix, 33,
              AT("access_rule", 0, "prefix", "is longer than an address")),
        FAULT(access_rule, 1, prefix, 1,
              AT("access_rule", 1, "prefix", "is longer than an address")),
        FAULT(trusted_network, 0, prefix, 129,
              AT("trusted_network", 0, "prefix", "is longer than an address")),
        FAULT(trusted_network, 1, prefix, 1,
              AT("trusted_network", 1, "prefix", "is longer than an address")),
        FAULT(try_files, 0, status, 1000, AT("try_files", 0, "status", "is no status")),
        FAULT(try_files, 0, status, 0, AT("try_files", 0, "status", "is no status")),
        FAULT(try_files, 0, target, 2,
              AT("try_files", 0, "target", "names a program of the wrong kind")),
        FAULT(try_file, 1, name, 1, AT("try_file", 1, "name", "names a program of the wrong kind")),
        FAULT(rewrite, 0, redirect, 1000, AT("rewrite", 0, "redirect", "is no status")),
        FAULT(binding, 0, address, 1,
              AT("binding", 0, "address", "names a program of the wrong kind")),
        FAULT(alias, 0, path, 1, AT("alias", 0, "path", "names a program of the wrong kind")),
        FAULT(template, 0, text, 1, AT("template", 0, "text", "names a program of the wrong kind")),
        FAULT(type, 1, ending.length, 0, AT("type", 1, "ending", "has no terminating zero byte")),
        FAULT(expires, 0, kind, TABLE_expires_kind_COUNT,
              AT("expires", 0, "kind", "is no such value")),
        FAULT(expires, 0, seconds, UINT64_MAX, AT("expires", 0, "seconds", "is too large")),
        FAULT(expires, 0, value, 1, AT("expires", 0, "value", "names a program of the wrong kind")),
        FAULT(symlinks, 0, from, 1, AT("symlinks", 0, "from", "names a program of the wrong kind")),
        FAULT(assignment, 0, slot, 9, AT("assignment", 0, "slot", "names no record")),
        FAULT(assignment, 0, value, 1,
              AT("assignment", 0, "value", "names a program of the wrong kind")),
        FAULT(replacement, 0, text, 1,
              AT("replacement", 0, "text", "names a program of the wrong kind")),
        FAULT(replacement, 0, regex, 0, AT("replacement", 0, "pattern", "is set beside a regex")),
        FAULT(replacement, 0, pattern, TABLE_NONE,
              AT("replacement", 0, "text", "does not go with the pattern")),
        FAULT(replacement, 1, text, 0,
              AT("replacement", 1, "text", "does not go with the pattern")),
        FAULT(cookie_rule, 0, name, TABLE_NONE,
              AT("cookie_rule", 0, "name", "does not go with the regex")),
        FAULT(cookie_rule, 0, regex, 0, AT("cookie_rule", 0, "name", "does not go with the regex")),
        FAULT(cookie_flag, 0, flag, 1,
              AT("cookie_flag", 0, "flag", "names a program of the wrong kind")),
        FAULT(rewrite, 0, redirect, 302, AT("rewrite", 0, "args", "is set beside a redirect")),
        FAULT(rewrite, 0, path, 1, AT("rewrite", 0, "path", "names a program of the wrong kind")),
        FAULT(rewrite, 0, args, 1, AT("rewrite", 0, "args", "names a program of the wrong kind")),
        FAULT(handling, 0, limited, 1,
              AT("handling", 0, "limited", "names a location that is limited itself")),
        FAULT(op, 7, a, 1, AT("op", 7, "a", "names no rewrite")));
}

/* The sample with a text of `length` bytes behind its strings, which are the last section; returns
 * the text's place. */
static uint64_t add_text(struct arena *arena, struct slice *sample, uint32_t length) {
    size_t size = (sample->size + length + 1 + 7) & ~(size_t)7;
    char *copy = arena_require(arena, size);
    memcpy(copy, sample->data, sample->size);
    struct table_header *header = (struct table_header *)(void *)copy;
    struct table_section_entry *strings = &header->sections[TABLE_SECTION_strings];
    uint32_t offset = strings->count;
    memset(copy + strings->offset + offset, 'a', length);
    copy[strings->offset + offset + length] = '\0';
    strings->count += length + 1;
    *sample = (struct slice){copy, (strings->offset + strings->count + 7) & ~(size_t)7};
    return range_of(offset, length);
}

/* What validation reads to the end must be short, or many references to one long text would make
 * it slow. */
static void refuses_names_longer_than_words(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    uint64_t text = add_text(&arena, &sample, 4097);
    uint32_t exact = find_exact_slot(TABLE_SECTION_name_slot);
    uint32_t key = find_exact_slot(TABLE_SECTION_map_slot);
    char message[128];
    char map_message[128];
    const struct fault faults[] = {
        FAULT(name_slot, exact, key, text,
              at_slot(message, sizeof message, TABLE_SECTION_name_slot, exact,
                      ", field \"key\": is too long")),
        FAULT(map_slot, key, key, text,
              at_slot(map_message, sizeof map_message, TABLE_SECTION_map_slot, key,
                      ", field \"key\": is too long")),
        FAULT(location, 0, name, text,
              AT("node", 1, "prefix", "names a location whose name is too long")),
        FAULT(header_field, 0, name, text,
              AT("header_field", 0, "name", "is not the name of a header field")),
        FAULT(source, 0, name, text, "accepted"),
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        check_fault(&faults[i], sample);
    }
    arena_release(&arena);
}

/* A spelling of "xyz" with capitals that stands in the same slot. */
static struct slice find_capital_key(uint32_t slot) {
    static const char *const keys[] = {"Xyz", "xYz", "xyZ", "XYz", "xYZ", "XyZ", "XYZ"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct slice key = slice_from_string(keys[i]);
        if (table_hash_home(slice_hash(key), SLOTS) == slot) {
            return key;
        }
    }
    CU_FAIL_FATAL("no spelling fits the slot");
    return SLICE("");
}

/* Subjects are made lower case before they are compared. */
static void refuses_keys_of_maps_with_capitals(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    uint32_t slot = find_exact_slot(TABLE_SECTION_map_slot);
    struct slice key = find_capital_key(slot);
    struct guard guard = guard_copy(sample.data, sample.size);
    struct table table;
    struct table_error error;
    char message[128];
    CU_ASSERT_TRUE_FATAL(table_open(&table, guard.data, guard.size, &error));
    memcpy(guard.data + (table_chars(&table, table.map_slot[slot].key) - guard.data), key.data,
           key.size);
    const struct fault fault = FAULT(map_slot, slot, hash, slice_hash(key),
                                     at_slot(message, sizeof message, TABLE_SECTION_map_slot, slot,
                                             ", field \"key\": is not in lower case"));
    check_fault(&fault, (struct slice){guard.data, guard.size});
    guard_release(&guard);
    arena_release(&arena);
}

/* RFC 9110 5.6.2: the bytes that may stand in the name of a field. */
static void knows_the_bytes_of_tokens(void) {
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    struct guard guard = guard_copy(sample.data, sample.size);
    struct table table;
    struct table_error error;
    CU_ASSERT_TRUE_FATAL(table_open(&table, guard.data, guard.size, &error));
    size_t place = (size_t)(table.strings - guard.data) + table.header_field[0].name.offset;
    for (int byte = 0; byte < 256; byte++) {
        guard.data[place] = (char)byte;
        sample_repair(guard.data, guard.size);
        bool is_allowed = byte != 0 && strchr(allowed, byte) != NULL;
        CU_ASSERT_EQUAL(table_open(&table, guard.data, guard.size, &error), is_allowed);
    }
    guard_release(&guard);
    arena_release(&arena);
}

/* A long section is not looked at in one piece. */
static void finds_the_one_of_many_that_is_wrong(void) {
    enum { COUNT = 9000 };
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    sample_fill(&writer);
    while (writer.sections[TABLE_SECTION_name].count < COUNT) {
        table_writer_add(&writer, TABLE_SECTION_name);
    }
    struct slice bytes = table_writer_finish(&writer);
    static const uint32_t places[] = {2, 2047, 2048, 2049, 8191, 8192, COUNT - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char message[128];
        snprintf(message, sizeof message,
                 "section \"name\", record %u, field \"text\": points beyond the strings",
                 places[i]);
        const struct fault fault = FAULT(name, places[i], text, UINT32_MAX, message);
        check_fault(&fault, bytes);
    }
    arena_release(&arena);
}

UNIT_TESTS("table/validate", {"refuses fields out of bounds", refuses_fields_out_of_bounds},
           {"refuses settings beyond their limits", refuses_settings_beyond_their_limits},
           {"refuses programs that could go wrong", refuses_programs_that_could_go_wrong},
           {"refuses names that would not be found", refuses_names_that_would_not_be_found},
           {"refuses trees that lead astray", refuses_trees_that_lead_astray},
           {"refuses locations in the wrong place", refuses_locations_in_the_wrong_place},
           {"refuses routes that cannot be taken", refuses_routes_that_cannot_be_taken},
           {"refuses maps whose keys would not be found",
            refuses_maps_whose_keys_would_not_be_found},
           {"refuses referers that would not be found", refuses_referers_that_would_not_be_found},
           {"refuses types that would not be found", refuses_types_that_would_not_be_found},
           {"refuses times that cannot be added to", refuses_times_that_cannot_be_added_to},
           {"refuses maps that name no templates", refuses_maps_that_name_no_templates},
           {"refuses intervals with gaps or in disorder",
            refuses_intervals_with_gaps_or_in_disorder},
           {"refuses parts in disorder", refuses_parts_in_disorder},
           {"refuses slots that say one thing and name another",
            refuses_slots_that_say_one_thing_and_name_another},
           {"refuses balancing that cannot be", refuses_balancing_that_cannot_be},
           {"refuses cookies with line breaks", refuses_cookies_with_line_breaks},
           {"refuses resolvers that cannot be asked", refuses_resolvers_that_cannot_be_asked},
           {"refuses checks that cannot be made", refuses_checks_that_cannot_be_made},
           {"refuses limits that count nothing", refuses_limits_that_count_nothing},
           {"refuses rewriting that cannot be done", refuses_rewriting_that_cannot_be_done},
           {"refuses names longer than words", refuses_names_longer_than_words},
           {"refuses keys of maps with capitals", refuses_keys_of_maps_with_capitals},
           {"knows the bytes of tokens", knows_the_bytes_of_tokens},
           {"finds the one of many that is wrong", finds_the_one_of_many_that_is_wrong})
