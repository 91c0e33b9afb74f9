/* Validation of what carries a request: listeners, peers, upstream groups, proxies, header fields,
 * regexes and logs. */
#include "table/validate.h"

enum {
    HIGHEST_STATUS = 999,
    LARGEST_LOG_BUFFER = 64 << 20,
    HIGHEST_GZIP_LEVEL = 9,
    HIGHEST_FACILITY = 23,
    HIGHEST_PORT = 65535,
    HIGHEST_WEIGHT = 65535,
    HIGHEST_CAPTURE_COUNT = 65535,
    LONGEST_PROBING = 32767, /* seconds; as the next in tcp(7) */
    MOST_PROBES = 127,
};

/* The field of a listener that is larger than the system takes, or NULL. */
static const char *find_excess(const struct table_listener *listener) {
    const struct {
        const char *name;
        uint32_t value;
        uint32_t most;
    } fields[] = {
        {"port", listener->port, HIGHEST_PORT},
        {"backlog", listener->backlog, INT32_MAX},
        {"fastopen", listener->fastopen, INT32_MAX},
        {"receive_buffer", listener->receive_buffer, INT32_MAX},
        {"send_buffer", listener->send_buffer, INT32_MAX},
        {"keepalive_idle", listener->keepalive_idle, LONGEST_PROBING},
        {"keepalive_interval", listener->keepalive_interval, LONGEST_PROBING},
        {"keepalive_count", listener->keepalive_count, MOST_PROBES},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].value > fields[i].most) {
            return fields[i].name;
        }
    }
    return NULL;
}

static bool check_listener(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    const struct table_listener *listener = &table->listener[record];
    const char *field = NULL;
    const char *fault = NULL;
    if (listener->family == TABLE_FAMILY_NAME) {
        field = "family", fault = "is none that can be bound";
    } else if (listener->family == TABLE_FAMILY_UNIX && listener->path.length == 0) {
        field = "path", fault = "is empty";
    } else if (listener->endpoints.count == 0) {
        field = "endpoints", fault = "are none";
    } else if ((field = find_excess(listener)) != NULL) {
        fault = "is too large";
    }
    if (fault != NULL) {
        return table_refuse(validation, TABLE_SECTION_listener, record, field, fault);
    }
    uint32_t last = listener->endpoints.first + listener->endpoints.count - 1;
    for (uint32_t i = listener->endpoints.first; i < last; i++) {
        if (table->endpoint[i].is_wildcard) {
            return table_refuse(validation, TABLE_SECTION_endpoint, i, "is_wildcard",
                                "hides the endpoints behind it");
        }
    }
    return true;
}

static bool check_upstream(const struct table_validation *validation, uint32_t record) {
    const struct table_upstream *upstream = &validation->table->upstream[record];
    if (upstream->port > HIGHEST_PORT) {
        return table_refuse(validation, TABLE_SECTION_upstream, record, "port", "is too large");
    }
    if (upstream->peers.count == 0) {
        return table_refuse(validation, TABLE_SECTION_upstream, record, "peers", "are none");
    }
    for (uint32_t i = 0; upstream->resolver == TABLE_NONE && i < upstream->peers.count; i++) {
        if (validation->table->peer[upstream->peers.first + i].resolve) {
            return table_refuse(validation, TABLE_SECTION_upstream, record, "resolver",
                                "is missing");
        }
    }
    return true;
}

static bool check_peer(const struct table_validation *validation, uint32_t record) {
    const struct table_peer *peer = &validation->table->peer[record];
    bool needs_host = peer->family == TABLE_FAMILY_UNIX || peer->family == TABLE_FAMILY_NAME;
    const char *field = NULL;
    const char *fault = NULL;
    if (peer->port > HIGHEST_PORT) {
        field = "port", fault = "is too large";
    } else if (needs_host && peer->host.length == 0) {
        field = "host", fault = "is empty";
    } else if (peer->weight == 0 || peer->weight > HIGHEST_WEIGHT) {
        field = "weight", fault = "is out of range";
    } else if (peer->resolve && peer->family != TABLE_FAMILY_NAME) {
        field = "resolve", fault = "is set for an address";
    }
    return fault == NULL || table_refuse(validation, TABLE_SECTION_peer, record, field, fault);
}

static bool check_resolver(const struct table_validation *validation, uint32_t record) {
    const struct table_resolver *resolver = &validation->table->resolver[record];
    const char *field = NULL;
    const char *fault = NULL;
    if (resolver->servers.count == 0) {
        field = "servers", fault = "are none";
    } else if (resolver->valid > INT32_MAX) {
        field = "valid", fault = "is too large";
    } else if (!resolver->ipv4 && !resolver->ipv6) {
        field = "ipv6", fault = "is off, as ipv4 is";
    }
    return fault == NULL || table_refuse(validation, TABLE_SECTION_resolver, record, field, fault);
}

static bool check_name_server(const struct table_validation *validation, uint32_t record) {
    const struct table_name_server *server = &validation->table->name_server[record];
    if (server->family != TABLE_FAMILY_IPV4 && server->family != TABLE_FAMILY_IPV6) {
        return table_refuse(validation, TABLE_SECTION_name_server, record, "family",
                            "is none that name servers have");
    }
    return (server->port > 0 && server->port <= HIGHEST_PORT) ||
           table_refuse(validation, TABLE_SECTION_name_server, record, "port", "is out of range");
}

static bool check_proxy(const struct table_validation *validation, uint32_t record) {
    const struct table_proxy *proxy = &validation->table->proxy[record];
    bool has_target = proxy->target != TABLE_NONE;
    if (has_target == (proxy->upstream != TABLE_NONE)) {
        return table_refuse(validation, TABLE_SECTION_proxy, record, "target",
                            "must be there exactly when there is no upstream");
    }
    if (has_target && proxy->has_uri) {
        return table_refuse(validation, TABLE_SECTION_proxy, record, "has_uri",
                            "is set beside a target");
    }
    return true;
}

/* The runtime cuts this many bytes off a path that the location matched. */
static bool check_location(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    const struct table_location *location = &table->location[record];
    if (location->proxy == TABLE_NONE) {
        return table_handling_of(table, location)->health_check == TABLE_NONE ||
               table_refuse(validation, TABLE_SECTION_location, record, "proxy",
                            "has no upstream to check");
    }
    bool is_checked = table_handling_of(table, location)->health_check != TABLE_NONE;
    if (is_checked && table->proxy[location->proxy].upstream == TABLE_NONE) {
        return table_refuse(validation, TABLE_SECTION_location, record, "proxy",
                            "has no upstream to check");
    }
    bool is_literal = location->kind == TABLE_LOCATION_EXACT ||
                      location->kind == TABLE_LOCATION_PREFIX ||
                      location->kind == TABLE_LOCATION_PREFIX_NO_REGEX;
    uint32_t matched = is_literal ? location->name.length : 0;
    if (table->proxy[location->proxy].prefix_length > matched) {
        return table_refuse(validation, TABLE_SECTION_location, record, "proxy",
                            "replaces more of the path than the location matches");
    }
    return true;
}

/* A year: added to a clock no time of these overflows. */
static const uint64_t longest_time = (uint64_t)366 * 24 * 60 * 60 * 1000;

static bool check_health_check(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    const struct table_health_check *check = &table->health_check[record];
    const char *field = NULL;
    const char *fault = NULL;
    if (check->uri.length == 0 || table_text(table, check->uri).data[0] != '/') {
        field = "uri", fault = "is no path";
    } else if (check->interval == 0 || check->interval > longest_time) {
        field = "interval", fault = "is out of range";
    } else if (check->jitter > longest_time) {
        field = "jitter", fault = "is too large";
    } else if (check->keepalive_time > longest_time) {
        field = "keepalive_time", fault = "is too large";
    } else if (check->fails == 0) {
        field = "fails", fault = "is zero";
    } else if (check->passes == 0) {
        field = "passes", fault = "is zero";
    } else if (check->port > HIGHEST_PORT) {
        field = "port", fault = "is too large";
    }
    return fault == NULL ||
           table_refuse(validation, TABLE_SECTION_health_check, record, field, fault);
}

static bool check_status_range(const struct table_validation *validation, uint32_t record) {
    const struct table_status_range *range = &validation->table->status_range[record];
    if (range->last > HIGHEST_STATUS) {
        return table_refuse(validation, TABLE_SECTION_status_range, record, "last", "is no status");
    }
    return range->first <= range->last ||
           table_refuse(validation, TABLE_SECTION_status_range, record, "first", "is above last");
}

static bool check_header_test(const struct table_validation *validation, uint32_t record) {
    const struct table_header_test *test = &validation->table->header_test[record];
    bool needs_regex = test->test == TABLE_MATCH_MATCHING || test->test == TABLE_MATCH_UNMATCHING;
    return needs_regex == (test->regex != TABLE_NONE) ||
           table_refuse(validation, TABLE_SECTION_header_test, record, "regex",
                        "does not agree with the test");
}

static bool check_handling(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    uint32_t limited = table->handling[record].limited;
    return limited == TABLE_NONE ||
           table_handling_of(table, &table->location[limited])->limited == TABLE_NONE ||
           table_refuse(validation, TABLE_SECTION_handling, record, "limited",
                        "names a location that is limited itself");
}

/* RFC 9110 5.6.2: tchar. */
static bool is_token_byte(unsigned char byte) {
    static const uint32_t allowed[8] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff, 0, 0, 0, 0};
    return (allowed[byte / 32] >> (byte % 32) & 1) != 0;
}

bool table_is_token(struct slice name) {
    bool is_token = name.size > 0 && name.size <= TABLE_NAME_LIMIT;
    for (size_t i = 0; is_token && i < name.size; i++) {
        is_token = is_token_byte((unsigned char)name.data[i]);
    }
    return is_token;
}

static bool check_header_field(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    struct slice name = table_text(table, table->header_field[record].name);
    return table_is_token(name) || table_refuse(validation, TABLE_SECTION_header_field, record,
                                                "name", "is not the name of a header field");
}

static bool check_regex(const struct table_validation *validation, uint32_t record) {
    return validation->table->regex[record].capture_count <= HIGHEST_CAPTURE_COUNT ||
           table_refuse(validation, TABLE_SECTION_regex, record, "capture_count", "is too large");
}

const char *table_check_network(uint32_t match, uint32_t prefix) {
    static const uint32_t widths[TABLE_client_match_COUNT] = {
        [TABLE_CLIENT_IPV4] = 32, [TABLE_CLIENT_IPV6] = 128};
    return prefix <= widths[match] ? NULL : "is longer than an address";
}

static bool check_access_rule(const struct table_validation *validation, uint32_t record) {
    const struct table_access_rule *rule = &validation->table->access_rule[record];
    const char *fault = table_check_network(rule->match, rule->prefix);
    return fault == NULL ||
           table_refuse(validation, TABLE_SECTION_access_rule, record, "prefix", fault);
}

static bool check_trusted_network(const struct table_validation *validation, uint32_t record) {
    const struct table_trusted_network *network = &validation->table->trusted_network[record];
    const char *fault = table_check_network(network->match, network->prefix);
    return fault == NULL ||
           table_refuse(validation, TABLE_SECTION_trusted_network, record, "prefix", fault);
}

static bool check_error_page(const struct table_validation *validation, uint32_t record) {
    const struct table_error_page *page = &validation->table->error_page[record];
    if (page->status > HIGHEST_STATUS) {
        return table_refuse(validation, TABLE_SECTION_error_page, record, "status", "is no status");
    }
    return page->response == TABLE_NONE || page->response <= HIGHEST_STATUS ||
           table_refuse(validation, TABLE_SECTION_error_page, record, "response", "is no status");
}

static bool check_try_files(const struct table_validation *validation, uint32_t record) {
    const struct table_try_files *try_files = &validation->table->try_files[record];
    bool is_needed = try_files->target == TABLE_NONE;
    return (try_files->status <= HIGHEST_STATUS && (try_files->status > 0 || !is_needed)) ||
           table_refuse(validation, TABLE_SECTION_try_files, record, "status", "is no status");
}

static bool check_rewrite(const struct table_validation *validation, uint32_t record) {
    const struct table_rewrite *rewrite = &validation->table->rewrite[record];
    if (rewrite->redirect > HIGHEST_STATUS) {
        return table_refuse(validation, TABLE_SECTION_rewrite, record, "redirect", "is no status");
    }
    return rewrite->redirect == 0 || rewrite->args == TABLE_NONE ||
           table_refuse(validation, TABLE_SECTION_rewrite, record, "args",
                        "is set beside a redirect");
}

static bool check_syslog(const struct table_validation *validation, uint32_t record) {
    const struct table_syslog *syslog = &validation->table->syslog[record];
    if (syslog->facility > HIGHEST_FACILITY) {
        return table_refuse(validation, TABLE_SECTION_syslog, record, "facility", "is too large");
    }
    return syslog->severity <= TABLE_LOG_DEBUG ||
           table_refuse(validation, TABLE_SECTION_syslog, record, "severity", "is too large");
}

/* A file has no name that is a server's, and the other way round. */
static bool is_of_syslog(const struct table *table, struct table_string path, uint32_t syslog) {
    bool is_server = slice_starts_with(table_text(table, path), SLICE("syslog:"));
    return is_server == (syslog != TABLE_NONE);
}

static bool check_error_log(const struct table_validation *validation, uint32_t record) {
    const struct table_error_log *log = &validation->table->error_log[record];
    return is_of_syslog(validation->table, log->path, log->syslog) ||
           table_refuse(validation, TABLE_SECTION_error_log, record, "syslog",
                        "does not go with the path");
}

static bool check_log_cache(const struct table_validation *validation, uint32_t record) {
    return validation->table->log_cache[record].max > 0 ||
           table_refuse(validation, TABLE_SECTION_log_cache, record, "max", "is 0");
}

static bool check_access_log(const struct table_validation *validation, uint32_t record) {
    const struct table_access_log *log = &validation->table->access_log[record];
    if (log->name != TABLE_NONE &&
        (log->path.length == 0 || log->buffer_size > 0 || log->syslog != TABLE_NONE)) {
        return table_refuse(validation, TABLE_SECTION_access_log, record, "name",
                            "does not go with the rest");
    }
    if (log->path.length > 0 && log->format == TABLE_NONE) {
        return table_refuse(validation, TABLE_SECTION_access_log, record, "format", "is missing");
    }
    if (!is_of_syslog(validation->table, log->path, log->syslog)) {
        return table_refuse(validation, TABLE_SECTION_access_log, record, "syslog",
                            "does not go with the path");
    }
    if (log->gzip > HIGHEST_GZIP_LEVEL || (log->gzip > 0 && log->buffer_size == 0)) {
        return table_refuse(validation, TABLE_SECTION_access_log, record, "gzip",
                            log->buffer_size == 0 ? "is without a buffer" : "is too large");
    }
    return log->buffer_size <= LARGEST_LOG_BUFFER ||
           table_refuse(validation, TABLE_SECTION_access_log, record, "buffer_size",
                        "is too large");
}

static bool check_replacement(const struct table_validation *validation, uint32_t record) {
    const struct table_replacement *replacement = &validation->table->replacement[record];
    bool has_regex = replacement->regex != TABLE_NONE;
    bool has_pattern = replacement->pattern != TABLE_NONE;
    if (has_regex && has_pattern) {
        return table_refuse(validation, TABLE_SECTION_replacement, record, "pattern",
                            "is set beside a regex");
    }
    return (has_regex || has_pattern) == (replacement->text != TABLE_NONE) ||
           table_refuse(validation, TABLE_SECTION_replacement, record, "text",
                        "does not go with the pattern");
}

static bool check_cookie_rule(const struct table_validation *validation, uint32_t record) {
    const struct table_cookie_rule *cookie = &validation->table->cookie_rule[record];
    return (cookie->regex != TABLE_NONE) != (cookie->name != TABLE_NONE) ||
           table_refuse(validation, TABLE_SECTION_cookie_rule, record, "name",
                        "does not go with the regex");
}

bool table_validate_routing(const struct table_validation *validation) {
    static const struct table_rule rules[] = {
        {TABLE_SECTION_listener, check_listener},
        {TABLE_SECTION_upstream, check_upstream},
        {TABLE_SECTION_peer, check_peer},
        {TABLE_SECTION_resolver, check_resolver},
        {TABLE_SECTION_name_server, check_name_server},
        {TABLE_SECTION_proxy, check_proxy},
        {TABLE_SECTION_location, check_location},
        {TABLE_SECTION_handling, check_handling},
        {TABLE_SECTION_health_check, check_health_check},
        {TABLE_SECTION_status_range, check_status_range},
        {TABLE_SECTION_header_test, check_header_test},
        {TABLE_SECTION_header_field, check_header_field},
        {TABLE_SECTION_regex, check_regex},
        {TABLE_SECTION_syslog, check_syslog},
        {TABLE_SECTION_log_cache, check_log_cache},
        {TABLE_SECTION_access_log, check_access_log},
        {TABLE_SECTION_error_log, check_error_log},
        {TABLE_SECTION_access_rule, check_access_rule},
        {TABLE_SECTION_trusted_network, check_trusted_network},
        {TABLE_SECTION_error_page, check_error_page},
        {TABLE_SECTION_try_files, check_try_files},
        {TABLE_SECTION_rewrite, check_rewrite},
        {TABLE_SECTION_replacement, check_replacement},
        {TABLE_SECTION_cookie_rule, check_cookie_rule},
    };
    return table_apply_rules(validation, rules, sizeof rules / sizeof rules[0]);
}
