/* The table around the programs of program_input.h: settings, locations and all else that runs
 * them, in one shape with many choices. */
#ifndef PROGRAM_SITE_H
#define PROGRAM_SITE_H

#include "program_input.h"

/* An exact key, a leading and a trailing one, if there are to be any. */
static void add_map_slots(struct program_input *input, uint32_t count) {
    static const char *const keys[TABLE_name_kind_COUNT][3] = {
        {"/a/b", "1", ""}, {".example", ".b", "./"}, {"s.", "/a.", "a.b."}};
    struct table_hash_slot slots[INPUT_MAP_SLOTS];
    memset(slots, 0, sizeof slots);
    for (uint32_t i = 0; i < INPUT_MAP_SLOTS; i++) {
        slots[i].target = TABLE_NONE;
    }
    for (uint32_t kind = 0; kind < TABLE_name_kind_COUNT; kind++) {
        const char *key = keys[kind][choose(input, 3)];
        uint32_t value = choose_template(input);
        uint64_t hash = slice_hash(slice_from_string(key));
        uint32_t place = table_hash_home(hash, INPUT_MAP_SLOTS);
        while (slots[place].target != TABLE_NONE) {
            place = table_hash_next(place, INPUT_MAP_SLOTS);
        }
        if (kind < count) {
            slots[place] =
                (struct table_hash_slot){hash, sample_string(&input->writer, key), kind, value};
        }
    }
    for (uint32_t i = 0; i < INPUT_MAP_SLOTS; i++) {
        table_writer_append(&input->writer, TABLE_SECTION_map_slot, &slots[i]);
    }
}

static void add_maps(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_MAPS; i++) {
        uint32_t count = choose(input, TABLE_name_kind_COUNT + 1);
        add_map_slots(input, count);
        uint32_t regexes = choose(input, 2);
        uint32_t first = input->writer.sections[TABLE_SECTION_map_regex].count;
        uint32_t regex = choose(input, INPUT_REGEXES);
        uint32_t value = choose_template(input);
        if (regexes > 0) {
            INPUT_ADD(input, map_regex, .regex = regex, .value = value);
        }
        INPUT_ADD(input, map, .subject = choose_template(input),
                  .hostnames = choose(input, 2) | (count > TABLE_NAME_LEADING),
                  .is_volatile = choose(input, 2), .slots = {i * INPUT_MAP_SLOTS, INPUT_MAP_SLOTS},
                  .has_leading = count > TABLE_NAME_LEADING,
                  .has_trailing = count > TABLE_NAME_TRAILING, .regexes = {first, regexes},
                  .otherwise = choose_template(input), .place = nowhere);
    }
}

static void add_geo(struct program_input *input) {
    uint32_t begin = 1 + (uint32_t)take_byte(input) * 0x01000001u;
    INPUT_ADD(input, geo_ipv4, 0, choose_text(input));
    INPUT_ADD(input, geo_ipv4, begin, choose_text(input));
    INPUT_ADD(input, geo_ipv6, {{0}}, choose_text(input));
    INPUT_ADD(input, geo_ipv6, {{0x20, take_byte(input)}}, choose_text(input));
    uint32_t proxies = choose(input, 3);
    INPUT_ADD(input, geo_proxy, TABLE_CLIENT_IPV4, choose(input, 33), {{192, 0, 2, 1}});
    INPUT_ADD(input, geo_proxy,
              .match = choose(input, 2) == 0 ? TABLE_CLIENT_ALL : TABLE_CLIENT_UNIX);
    INPUT_ADD(input, geo, .subject = choose_any_template(input), .is_volatile = choose(input, 2),
              .ipv4 = {0, 2}, .ipv6 = {0, 2}, .proxies = {0, proxies},
              .proxy_recursive = choose(input, 2), .place = nowhere);
}

static void add_split(struct program_input *input) {
    uint32_t below = 1 + (uint32_t)take_byte(input) * 0x00ffffffu;
    INPUT_ADD(input, split_part, below, choose_text(input));
    INPUT_ADD(input, split_part, 0, choose_text(input));
    INPUT_ADD(input, split, .subject = choose_template(input), .parts = {0, 1 + choose(input, 2)},
              .place = nowhere);
}

static uint32_t add_sticky(struct program_input *input) {
    uint32_t first = choose_template(input);
    uint32_t second = choose_template(input);
    uint32_t domain = choose_any_template(input);
    uint32_t samesite = choose_any_template(input);
    uint8_t flags = take_byte(input);
    if (flags == 0) {
        return TABLE_NONE;
    }
    INPUT_ADD(input, sticky_lookup, first);
    INPUT_ADD(input, sticky_lookup, second);
    return INPUT_ADD(input, sticky, .lookups = {0, 1 + (flags & 1)},
                     .cookie = sample_string(&input->writer, (flags & 2) != 0 ? "id" : ""),
                     .life = flags % TABLE_cookie_life_COUNT, .max_age = flags * 1000u,
                     .domain = domain, .path = sample_string(&input->writer, "/"),
                     .httponly = flags >> 2 & 1, .secure = flags >> 3 & 1, .samesite = samesite,
                     .place = nowhere);
}

static void add_upstream(struct program_input *input) {
    struct table_upstream upstream = {.name = sample_string(&input->writer, "app"),
                                      .method = choose(input, TABLE_balance_method_COUNT),
                                      .hash_key = choose_template(input),
                                      .sticky = add_sticky(input),
                                      .place = nowhere};
    bool is_hash =
        upstream.method == TABLE_BALANCE_HASH || upstream.method == TABLE_BALANCE_HASH_CONSISTENT;
    upstream.hash_key = is_hash ? upstream.hash_key : TABLE_NONE;
    sample_fill_settings(TABLE_SECTION_upstream, &upstream);
    for (uint32_t i = 0; i < 2; i++) {
        INPUT_ADD(input, peer, .name = sample_string(&input->writer, i == 0 ? "a:9" : "b:9"),
                  .family = TABLE_FAMILY_IPV4, .port = 9 + i, .address = {{127, 0, 0, 1}},
                  .weight = 1, .drain = choose(input, 2),
                  .route = sample_string(&input->writer, i == 0 ? "a" : ""), .place = nowhere);
    }
    upstream.peers = (struct table_range){0, 2};
    table_writer_append(&input->writer, TABLE_SECTION_upstream, &upstream);
}

/* The first without a URI, the second with one, the third with variables. */
static void add_proxies(struct program_input *input) {
    struct table_string host = sample_string(&input->writer, "app");
    struct table_string port = sample_string(&input->writer, "80");
    struct table_string uri = choose_text(input);
    INPUT_ADD(input, proxy, .upstream = 0, .target = TABLE_NONE, .host = host, .port = port,
              .has_uri = 0);
    INPUT_ADD(input, proxy, .upstream = 0, .target = TABLE_NONE, .host = host, .port = port,
              .has_uri = 1, .uri = uri, .prefix_length = 1);
    INPUT_ADD(input, proxy, .upstream = TABLE_NONE, .target = choose_template(input));
}

static void add_error_pages(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_ERROR_PAGES; i++) {
        uint32_t status = make_status(take_byte(input));
        uint8_t response = take_byte(input);
        INPUT_ADD(input, error_page, .status = status,
                  .response = response == 0 ? TABLE_NONE : make_status((uint8_t)(response - 1)),
                  .target = choose_template(input), .place = nowhere);
    }
}

static void add_access_rules(struct program_input *input) {
    static const uint32_t widths[TABLE_client_match_COUNT] = {0, 32, 128, 0};
    for (uint32_t i = 0; i < INPUT_ACCESS_RULES; i++) {
        uint32_t match = choose(input, TABLE_client_match_COUNT);
        uint8_t first = take_byte(input);
        INPUT_ADD(input, access_rule, .deny = choose(input, 2), .match = match,
                  .prefix = choose(input, widths[match] + 1), .address = {{first, 0, 2, 1}},
                  .place = nowhere);
    }
}

static void add_trusted_networks(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_TRUSTED_NETWORKS; i++) {
        INPUT_ADD(input, trusted_network, .match = TABLE_CLIENT_IPV4, .prefix = choose(input, 33),
                  .address = {{i == 0 ? 127 : 192, 0, 0, 1}}, .place = nowhere);
    }
}

static void add_bindings(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_BINDINGS; i++) {
        INPUT_ADD(input, binding, choose_template(input), choose(input, 2));
    }
}

static void add_file_settings(struct program_input *input) {
    static const char *const endings[INPUT_TYPES] = {"b", "html", "x"};
    for (uint32_t i = 0; i < INPUT_ALIASES; i++) {
        INPUT_ADD(input, alias, .path = choose_template(input), .prefix = choose(input, 8),
                  .is_whole = choose(input, 2));
    }
    for (uint32_t i = 0; i < INPUT_INDEXES; i++) {
        INPUT_ADD(input, template, .text = choose_template(input));
    }
    for (uint32_t i = 0; i < INPUT_TYPES; i++) {
        INPUT_ADD(input, type, .ending = sample_string(&input->writer, endings[i]),
                  .type = choose_text(input));
    }
    for (uint32_t i = 0; i < INPUT_EXPIRES; i++) {
        uint32_t kind = choose(input, TABLE_expires_kind_COUNT);
        uint32_t value = choose_any_template(input);
        bool may_have_value = kind == TABLE_EXPIRES_ACCESS || kind == TABLE_EXPIRES_MODIFIED;
        INPUT_ADD(input, expires, .kind = kind, .is_negative = choose(input, 2),
                  .seconds = choose(input, 200) * 1000u,
                  .value = may_have_value ? value : TABLE_NONE);
    }
}

/* The last is the default of proxy_redirect. */
static void add_replacements(struct program_input *input) {
    for (uint32_t i = 0; i + 1 < INPUT_REPLACEMENTS; i++) {
        uint32_t regex = choose_any(input, INPUT_REGEXES);
        uint32_t pattern = choose_template(input);
        INPUT_ADD(input, replacement, .regex = regex,
                  .pattern = regex == TABLE_NONE ? pattern : TABLE_NONE,
                  .text = choose_template(input));
    }
    INPUT_ADD(input, replacement, TABLE_NONE, TABLE_NONE, TABLE_NONE);
}

static void add_cookie_rules(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_COOKIE_RULES; i++) {
        uint32_t regex = choose_any(input, INPUT_REGEXES);
        uint32_t name = choose_template(input);
        INPUT_ADD(input, cookie_flag, choose_template(input));
        INPUT_ADD(input, cookie_rule, .regex = regex,
                  .name = regex == TABLE_NONE ? name : TABLE_NONE, .flags = {i, 1});
    }
}

static void add_try_files(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_TRY_FILES; i++) {
        uint32_t first = input->writer.sections[TABLE_SECTION_try_file].count;
        uint32_t count = choose(input, 3);
        for (uint32_t j = 0; j < 2; j++) {
            uint32_t name = choose_template(input);
            uint32_t is_directory = choose(input, 2);
            if (j < count) {
                INPUT_ADD(input, try_file, .name = name, .is_directory = is_directory);
            }
        }
        uint32_t status = make_status(take_byte(input));
        INPUT_ADD(input, try_files, .files = {first, count}, .target = choose_any_template(input),
                  .status = status == 0 ? 404 : status, .place = nowhere);
    }
}

static void add_header_fields(struct program_input *input) {
    static const char *const names[] = {"X-Made",         "Host",    "Connection",
                                        "Content-Length", "Upgrade", "Transfer-Encoding"};
    for (uint32_t i = 0; i < INPUT_HEADER_FIELDS; i++) {
        INPUT_ADD(input, header_field,
                  .name = sample_string(&input->writer, names[choose(input, 6)]),
                  .value = choose_template(input), .always = choose(input, 2));
    }
}

static void add_settings(struct program_input *input) {
    static struct table_settings usual;
    if (usual.root != TABLE_NONE) { /* not filled yet */
        sample_fill_settings(TABLE_SECTION_settings, &usual);
    }
    for (uint32_t i = 0; i < INPUT_SETTINGS; i++) {
        struct table_settings settings = usual;
        settings.error_page = choose_range(input, INPUT_ERROR_PAGES);
        settings.allow = choose_range(input, INPUT_ACCESS_RULES);
        settings.set_real_ip_from = choose_range(input, INPUT_TRUSTED_NETWORKS);
        settings.real_ip_header =
            sample_string(&input->writer, choose(input, 2) == 0 ? "X-Forwarded-For" : "X-Real-IP");
        settings.real_ip_recursive = choose(input, 2);
        settings.add_header = choose_range(input, INPUT_HEADER_FIELDS);
        settings.proxy_set_header = choose_range(input, INPUT_HEADER_FIELDS);
        settings.proxy_bind = choose_any(input, INPUT_BINDINGS);
        settings.proxy_protocol = choose(input, 3);
        settings.proxy_redirect = choose_range(input, INPUT_REPLACEMENTS);
        settings.proxy_cookie_domain = choose_range(input, INPUT_REPLACEMENTS);
        settings.proxy_cookie_path = choose_range(input, INPUT_REPLACEMENTS);
        settings.proxy_cookie_flags = choose_range(input, INPUT_COOKIE_RULES);
        settings.root = choose_any_template(input);
        settings.alias = choose_any(input, INPUT_ALIASES);
        settings.index = choose_range(input, INPUT_INDEXES);
        settings.types = choose_range(input, INPUT_TYPES);
        settings.expires = choose_any(input, INPUT_EXPIRES);
        uint8_t redirect = take_byte(input);
        settings.absolute_redirect = redirect & 1;
        settings.port_in_redirect = redirect >> 1 & 1;
        settings.server_name_in_redirect = redirect >> 2 & 1;
        settings.log_not_found = redirect >> 3 & 1;
        settings.if_modified_since = redirect % 3;
        settings.proxy_method = choose_any_template(input);
        settings.proxy_set_body = choose_any_template(input);
        settings.proxy_limit_rate = choose_any_template(input);
        settings.default_type = choose_text(input);
        uint8_t flags = take_byte(input);
        settings.recursive_error_pages = flags & 1;
        settings.satisfy = flags >> 1 & 1;
        settings.client_max_body_size = flags >> 2 & 1;
        settings.merge_slashes = flags >> 3 & 1;
        settings.underscores_in_headers = flags >> 4 & 1;
        settings.ignore_invalid_headers = flags >> 5 & 1;
        settings.proxy_pass_request_headers = flags >> 6 & 1;
        settings.proxy_http_version = flags >> 7 & 1;
        table_writer_append(&input->writer, TABLE_SECTION_settings, &settings);
    }
    struct table_process process = {0};
    sample_fill_settings(TABLE_SECTION_process, &process);
    struct table_server_settings own = {0};
    sample_fill_settings(TABLE_SECTION_server_settings, &own);
    table_writer_append(&input->writer, TABLE_SECTION_server_settings, &own);
    table_writer_append(&input->writer, TABLE_SECTION_process, &process);
}

/* --- locations --- */

static const struct {
    const char *name;
    enum table_location_kind kind;
} location_shapes[INPUT_LOCATIONS] = {
    {"/", TABLE_LOCATION_PREFIX},
    {"/a/", TABLE_LOCATION_PREFIX_NO_REGEX},
    {"/a/b", TABLE_LOCATION_EXACT},
    {"~", TABLE_LOCATION_REGEX},
    {"@n", TABLE_LOCATION_NAMED},
    {"/", TABLE_LOCATION_PREFIX}, /* blocks of if */
    {"/a/", TABLE_LOCATION_PREFIX_NO_REGEX},
    {"/", TABLE_LOCATION_PREFIX}, /* limit_except */
    {"/a/c", TABLE_LOCATION_PREFIX},
};
enum { LIMITING_LOCATION = 7, LOCATION_WITH_NESTED = 1, NESTED_LOCATION = 8 };

static void add_locations(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_LOCATIONS; i++) {
        struct table_location location = {
            .name = sample_string(&input->writer, location_shapes[i].name),
            .kind = location_shapes[i].kind,
            .identity = i,
            .nested = i == LOCATION_WITH_NESTED ? 1 : TABLE_NONE,
            .settings = choose(input, INPUT_SETTINGS),
            .rewrite = choose_sequence(input),
            .proxy = choose_any(input, INPUT_PROXIES),
            .handling = i,
            .place = nowhere,
        };
        uint8_t flags = take_byte(input);
        bool is_limited = (flags & 4) != 0 && i != LIMITING_LOCATION;
        INPUT_ADD(input, handling, .auto_redirect = flags & 1, .internal = flags >> 1 & 1,
                  .try_files = choose_any(input, INPUT_TRY_FILES),
                  .limited = is_limited ? LIMITING_LOCATION : TABLE_NONE,
                  .methods = {0, flags >> 3 & 1}, .health_check = TABLE_NONE);
        if (location.name.length < 1 || location.kind == TABLE_LOCATION_REGEX ||
            location.kind == TABLE_LOCATION_NAMED) {
            location.proxy = location.proxy == 1 ? 0 : location.proxy; /* replaces no prefix */
        }
        table_writer_append(&input->writer, TABLE_SECTION_location, &location);
    }
    INPUT_ADD(input, name, .text = sample_string(&input->writer, "GET"));
}

/* "/" and below it "a/", and below that "b"; nested in "/a/" is "/a/c". */
static void add_location_sets(struct program_input *input) {
    struct table_writer *writer = &input->writer;
    INPUT_ADD(input, node, {0}, {1, 1}, TABLE_NONE, TABLE_NONE);
    INPUT_ADD(input, node, sample_string(writer, "/"), {2, 1}, TABLE_NONE, 0);
    INPUT_ADD(input, node, sample_string(writer, "a/"), {3, 1}, TABLE_NONE, 1);
    INPUT_ADD(input, node, sample_string(writer, "b"), {0, 0}, 2, TABLE_NONE);
    INPUT_ADD(input, node, {0}, {5, 1}, TABLE_NONE, TABLE_NONE);
    INPUT_ADD(input, node, sample_string(writer, "/a/c"), {0, 0}, TABLE_NONE, NESTED_LOCATION);
    INPUT_ADD(input, location_regex, .regex = choose(input, INPUT_REGEXES), .location = 3);
    INPUT_ADD(input, location_set, .nodes = {0, 4}, .regexes = {0, 1});
    INPUT_ADD(input, location_set, .nodes = {4, 2}, .regexes = {1, 0});
}

static void add_server(struct program_input *input) {
    struct table_writer *writer = &input->writer;
    INPUT_ADD(input, named_location, sample_string(writer, "@n"), 4);
    INPUT_ADD(input, server, .name = sample_string(writer, "s.example"),
              .settings = choose(input, INPUT_SETTINGS), .locations = 0, .named = {0, 1},
              .rewrite = choose_sequence(input), .try_files = choose_any(input, INPUT_TRY_FILES),
              .place = nowhere);
    uint32_t has_regex = choose(input, 2);
    if (has_regex != 0) {
        INPUT_ADD(input, name_regex, .regex = choose(input, INPUT_REGEXES), .server = 0);
    }
    INPUT_ADD(input, name_index, .regexes = {0, has_regex});
    INPUT_ADD(input, endpoint, .is_wildcard = 1);
    INPUT_ADD(input, listener, .port = 80, .name = sample_string(writer, "*:80"), .backlog = 1,
              .endpoints = {0, 1}, .place = nowhere);
    INPUT_ADD(input, log_format, .name = sample_string(writer, "f"),
              .escape = choose(input, TABLE_log_escape_COUNT), .line = choose_template(input));
}

/* A table of what the first bytes of `bytes` choose; they are cut off. It lies in the arena. */
static struct slice program_input_build(struct arena *arena, struct slice *bytes) {
    struct program_input input = {.bytes = *bytes};
    table_writer_init(&input.writer, arena);
    take_texts(&input);
    add_slots(&input);
    add_variables(&input);
    add_regexes(&input);
    add_programs(&input, TABLE_PROGRAM_TEMPLATE, INPUT_TEMPLATES, INPUT_TEMPLATE_OPS);
    add_programs(&input, TABLE_PROGRAM_SEQUENCE, INPUT_SEQUENCES, INPUT_SEQUENCE_OPS);
    add_rewrites(&input);
    add_maps(&input);
    add_geo(&input);
    add_split(&input);
    add_upstream(&input);
    add_proxies(&input);
    add_error_pages(&input);
    add_access_rules(&input);
    add_trusted_networks(&input);
    add_bindings(&input);
    add_file_settings(&input);
    add_replacements(&input);
    add_cookie_rules(&input);
    add_try_files(&input);
    add_header_fields(&input);
    add_settings(&input);
    add_locations(&input);
    add_location_sets(&input);
    add_server(&input);
    *bytes = input.bytes;
    return table_writer_finish(&input.writer);
}

#endif
