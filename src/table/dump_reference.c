/* What one record says of another: its number, and in few words what it is called or what it
 * says. */
#include "table/dump_value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

/* How much is shown of one list. */
enum { SHOWN_REFERENCES = 64 };

static void describe_program(const struct dumper *dumper, uint32_t index) {
    dump_program(dumper, index);
}

static void describe_header_field(const struct dumper *dumper, uint32_t index) {
    const struct table_header_field *field = &dumper->table->header_field[index];
    dump_string(dumper, field->name);
    fputc(' ', dumper->out);
    dump_program(dumper, field->value);
    fputs(field->always ? " always" : "", dumper->out);
}

static void describe_syslog(const struct dumper *dumper, uint32_t index) {
    const struct table_syslog *syslog = &dumper->table->syslog[index];
    fprintf(dumper->out, "facility=%u severity=%u tag=", syslog->facility, syslog->severity);
    dump_string(dumper, syslog->tag);
    fputs(syslog->nohostname ? " nohostname" : "", dumper->out);
}

static void describe_access_log(const struct dumper *dumper, uint32_t index) {
    const struct table_access_log *log = &dumper->table->access_log[index];
    if (log->path.length == 0) {
        fputs("off", dumper->out);
        return;
    }
    dump_string(dumper, log->path);
    fputc(' ', dumper->out);
    dump_string(dumper, dumper->table->log_format[log->format].name);
    if (log->buffer_size > 0) {
        fprintf(dumper->out, " buffer=%u", log->buffer_size);
    }
    if (log->flush > 0) {
        fprintf(dumper->out, " flush=%ums", log->flush);
    }
    if (log->gzip > 0) {
        fprintf(dumper->out, " gzip=%u", log->gzip);
    }
    if (log->condition != TABLE_NONE) {
        fputs(" if=", dumper->out);
        dump_program(dumper, log->condition);
    }
    if (log->syslog != TABLE_NONE) {
        fputc(' ', dumper->out);
        describe_syslog(dumper, log->syslog);
    }
}

static void describe_error_log(const struct dumper *dumper, uint32_t index) {
    const struct table_error_log *log = &dumper->table->error_log[index];
    const struct table_field *level = &table_records[TABLE_SECTION_error_log].fields[1];
    dump_string(dumper, log->path);
    fprintf(dumper->out, " %s", level->words[log->level]);
    if (log->syslog != TABLE_NONE) {
        fputc(' ', dumper->out);
        describe_syslog(dumper, log->syslog);
    }
}

/* An implicit group has the host's name, and groups for several ports of it differ in the port. */
static void describe_upstream(const struct dumper *dumper, uint32_t index) {
    const struct table_upstream *upstream = &dumper->table->upstream[index];
    fputc('"', dumper->out);
    dump_text(dumper, table_text(dumper->table, upstream->name));
    if (upstream->port != 0) {
        fprintf(dumper->out, ":%u", upstream->port);
    }
    fputc('"', dumper->out);
}

static void describe_name_server(const struct dumper *dumper, uint32_t index) {
    const struct table_name_server *server = &dumper->table->name_server[index];
    bool is_ipv6 = server->family == TABLE_FAMILY_IPV6;
    fputs(is_ipv6 ? "[" : "", dumper->out);
    dump_network_address(dumper, is_ipv6 ? AF_INET6 : AF_INET, server->address.bytes);
    fprintf(dumper->out, "%s:%u", is_ipv6 ? "]" : "", server->port);
}

static void describe_resolver(const struct dumper *dumper, uint32_t index) {
    const struct table_resolver *resolver = &dumper->table->resolver[index];
    for (uint32_t i = 0; i < resolver->servers.count && i < SHOWN_REFERENCES; i++) {
        fputs(i > 0 ? " " : "", dumper->out);
        describe_name_server(dumper, resolver->servers.first + i);
    }
    fputs(resolver->servers.count > SHOWN_REFERENCES ? " ..." : "", dumper->out);
    if (resolver->valid != 0) {
        fprintf(dumper->out, " valid=%us", resolver->valid);
    }
    fputs(resolver->ipv4 ? "" : " ipv4=off", dumper->out);
    fputs(resolver->ipv6 ? "" : " ipv6=off", dumper->out);
}

static void describe_proxy(const struct dumper *dumper, uint32_t index) {
    const struct table_proxy *proxy = &dumper->table->proxy[index];
    if (proxy->target != TABLE_NONE) {
        dump_program(dumper, proxy->target);
        return;
    }
    fputs(proxy->is_tls != 0 ? "https to " : "", dumper->out);
    describe_upstream(dumper, proxy->upstream);
    if (proxy->has_uri) {
        fputs(" with ", dumper->out);
        dump_string(dumper, proxy->uri);
    }
}

/* "=200" and the like; nothing when the error's own status is sent. */
static void describe_error_page(const struct dumper *dumper, uint32_t index) {
    const struct table_error_page *page = &dumper->table->error_page[index];
    fprintf(dumper->out, "%u ", page->status);
    if (page->response == 0) {
        fputs("= ", dumper->out);
    } else if (page->response != TABLE_NONE) {
        fprintf(dumper->out, "=%u ", page->response);
    }
    dump_program(dumper, page->target);
}

static void print_network(const struct dumper *dumper, uint32_t match, uint32_t prefix,
                          const struct table_bytes16 *address) {
    if (match == TABLE_CLIENT_ALL || match == TABLE_CLIENT_UNIX) {
        fputs(match == TABLE_CLIENT_ALL ? "all" : "unix:", dumper->out);
        return;
    }
    dump_network_address(dumper, match == TABLE_CLIENT_IPV6 ? AF_INET6 : AF_INET, address->bytes);
    fprintf(dumper->out, "/%u", prefix);
}

static void describe_access_rule(const struct dumper *dumper, uint32_t index) {
    const struct table_access_rule *rule = &dumper->table->access_rule[index];
    fputs(rule->deny ? "deny " : "allow ", dumper->out);
    print_network(dumper, rule->match, rule->prefix, &rule->address);
}

static void describe_trusted_network(const struct dumper *dumper, uint32_t index) {
    const struct table_trusted_network *network = &dumper->table->trusted_network[index];
    print_network(dumper, network->match, network->prefix, &network->address);
}

static void describe_try_file(const struct dumper *dumper, uint32_t index) {
    const struct table_try_file *file = &dumper->table->try_file[index];
    dump_program(dumper, file->name);
    fputs(file->is_directory ? "/" : "", dumper->out);
}

static void describe_try_files(const struct dumper *dumper, uint32_t index) {
    const struct table_try_files *files = &dumper->table->try_files[index];
    for (uint32_t i = 0; i < files->files.count && i < SHOWN_REFERENCES; i++) {
        describe_try_file(dumper, files->files.first + i);
        fputc(' ', dumper->out);
    }
    fputs(files->files.count > SHOWN_REFERENCES ? "... " : "", dumper->out);
    if (files->target != TABLE_NONE) {
        dump_program(dumper, files->target);
    } else {
        fprintf(dumper->out, "=%u", files->status);
    }
}

static void describe_map_slot(const struct dumper *dumper, uint32_t index) {
    const struct table_map_slot *slot = &dumper->table->map_slot[index];
    if (slot->value == TABLE_NONE) {
        fputs("free", dumper->out);
        return;
    }
    fputs(slot->kind == TABLE_NAME_LEADING ? "\"*" : "\"", dumper->out);
    dump_text(dumper, table_text(dumper->table, slot->key));
    fputs(slot->kind == TABLE_NAME_TRAILING ? "*\" " : "\" ", dumper->out);
    dump_program(dumper, slot->value);
}

static void describe_map(const struct dumper *dumper, uint32_t index) {
    dump_program(dumper, dumper->table->map[index].subject);
}

static void describe_regex(const struct dumper *dumper, uint32_t index) {
    const struct table_regex *regex = &dumper->table->regex[index];
    fputs(regex->ignore_case != 0 ? "~* " : "~ ", dumper->out);
    dump_string(dumper, regex->pattern);
}

static void describe_map_regex(const struct dumper *dumper, uint32_t index) {
    const struct table_map_regex *regex = &dumper->table->map_regex[index];
    describe_regex(dumper, regex->regex);
    fputc(' ', dumper->out);
    dump_program(dumper, regex->value);
}

static void describe_geo(const struct dumper *dumper, uint32_t index) {
    uint32_t subject = dumper->table->geo[index].subject;
    if (subject == TABLE_NONE) {
        fputs("the client's address", dumper->out);
    } else {
        dump_program(dumper, subject);
    }
}

/* The interval begins here and goes on to the next one. */
static void describe_geo_ipv4(const struct dumper *dumper, uint32_t index) {
    const struct table_geo_ipv4 *interval = &dumper->table->geo_ipv4[index];
    uint32_t address = htonl(interval->first);
    fputs("from ", dumper->out);
    dump_network_address(dumper, AF_INET, &address);
    fputc(' ', dumper->out);
    dump_string(dumper, interval->value);
}

static void describe_geo_ipv6(const struct dumper *dumper, uint32_t index) {
    const struct table_geo_ipv6 *interval = &dumper->table->geo_ipv6[index];
    fputs("from ", dumper->out);
    dump_network_address(dumper, AF_INET6, interval->first.bytes);
    fputc(' ', dumper->out);
    dump_string(dumper, interval->value);
}

static void describe_geo_proxy(const struct dumper *dumper, uint32_t index) {
    const struct table_geo_proxy *proxy = &dumper->table->geo_proxy[index];
    print_network(dumper, proxy->match, proxy->prefix, &proxy->address);
}

static void describe_split(const struct dumper *dumper, uint32_t index) {
    dump_program(dumper, dumper->table->split[index].subject);
}

static void describe_split_part(const struct dumper *dumper, uint32_t index) {
    const struct table_split_part *part = &dumper->table->split_part[index];
    if (part->below == 0) {
        fputs("all others ", dumper->out);
    } else {
        fprintf(dumper->out, "below %u ", part->below);
    }
    dump_string(dumper, part->value);
}

static void describe_sticky_lookup(const struct dumper *dumper, uint32_t index) {
    dump_program(dumper, dumper->table->sticky_lookup[index].value);
}

static void describe_sticky(const struct dumper *dumper, uint32_t index) {
    const struct table_sticky *sticky = &dumper->table->sticky[index];
    if (sticky->cookie.length > 0) {
        fputs("cookie ", dumper->out);
        dump_string(dumper, sticky->cookie);
        return;
    }
    fputs("route ", dumper->out);
    describe_sticky_lookup(dumper, sticky->lookups.first);
    fputs(sticky->lookups.count > 1 ? " ..." : "", dumper->out);
}

static void describe_binding(const struct dumper *dumper, uint32_t index) {
    const struct table_binding *binding = &dumper->table->binding[index];
    dump_program(dumper, binding->address);
    fputs(binding->transparent ? " transparent" : "", dumper->out);
}

static void describe_session_zone(const struct dumper *dumper, uint32_t index) {
    const struct table_session_zone *zone = &dumper->table->session_zone[index];
    fputs("shared:", dumper->out);
    dump_string(dumper, zone->name);
    fprintf(dumper->out, ":%" PRIu64, zone->size);
}

static void describe_session_cache(const struct dumper *dumper, uint32_t index) {
    const struct table_session_cache *cache = &dumper->table->session_cache[index];
    if (cache->off != 0) {
        fputs("off", dumper->out);
    }
    if (cache->builtin > 0) {
        fprintf(dumper->out, "builtin:%u%s", cache->builtin, cache->zone != TABLE_NONE ? " " : "");
    }
    if (cache->zone != TABLE_NONE) {
        describe_session_zone(dumper, cache->zone);
    }
}

static void describe_limit_zone(const struct dumper *dumper, uint32_t index) {
    const struct table_limit_zone *zone = &dumper->table->limit_zone[index];
    fputs("zone=", dumper->out);
    dump_string(dumper, zone->name);
}

static void describe_request_limit(const struct dumper *dumper, uint32_t index) {
    const struct table_request_limit *limit = &dumper->table->request_limit[index];
    describe_limit_zone(dumper, limit->zone);
    if (limit->burst > 0) {
        fprintf(dumper->out, " burst=%u", limit->burst);
    }
    if (limit->delay > 0) {
        fprintf(dumper->out, " delay=%u", limit->delay);
    }
    fputs(limit->nodelay != 0 ? " nodelay" : "", dumper->out);
}

static void describe_connection_limit(const struct dumper *dumper, uint32_t index) {
    const struct table_connection_limit *limit = &dumper->table->connection_limit[index];
    dump_string(dumper, dumper->table->limit_zone[limit->zone].name);
    fprintf(dumper->out, " %u", limit->most);
}

static void describe_replacement(const struct dumper *dumper, uint32_t index) {
    const struct table_replacement *replacement = &dumper->table->replacement[index];
    if (replacement->text == TABLE_NONE) {
        fputs("default", dumper->out);
        return;
    }
    if (replacement->regex != TABLE_NONE) {
        describe_regex(dumper, replacement->regex);
    } else {
        dump_program(dumper, replacement->pattern);
    }
    fputc(' ', dumper->out);
    dump_program(dumper, replacement->text);
}

static void describe_cookie_flag(const struct dumper *dumper, uint32_t index) {
    dump_program(dumper, dumper->table->cookie_flag[index].flag);
}

static void describe_cookie_rule(const struct dumper *dumper, uint32_t index) {
    const struct table_cookie_rule *cookie = &dumper->table->cookie_rule[index];
    if (cookie->regex != TABLE_NONE) {
        describe_regex(dumper, cookie->regex);
    } else {
        dump_program(dumper, cookie->name);
    }
    for (uint32_t i = 0; i < cookie->flags.count && i < SHOWN_REFERENCES; i++) {
        fputc(' ', dumper->out);
        describe_cookie_flag(dumper, cookie->flags.first + i);
    }
}

static void describe_alias(const struct dumper *dumper, uint32_t index) {
    const struct table_alias *alias = &dumper->table->alias[index];
    dump_program(dumper, alias->path);
    if (!alias->is_whole) {
        fprintf(dumper->out, " for %u bytes", alias->prefix);
    }
}

static void describe_template(const struct dumper *dumper, uint32_t index) {
    dump_program(dumper, dumper->table->template[index].text);
}

static void describe_type(const struct dumper *dumper, uint32_t index) {
    const struct table_type *type = &dumper->table->type[index];
    dump_string(dumper, type->type);
    fputc(' ', dumper->out);
    dump_string(dumper, type->ending);
}

static void describe_expires(const struct dumper *dumper, uint32_t index) {
    static const char *const words[] = {"epoch", "max", "", "modified ", "@"};
    const struct table_expires *expires = &dumper->table->expires[index];
    fputs(words[expires->kind], dumper->out);
    if (expires->value != TABLE_NONE) {
        dump_program(dumper, expires->value);
    } else if (expires->kind >= TABLE_EXPIRES_ACCESS) {
        fprintf(dumper->out, "%s%" PRIu64 "s", expires->is_negative ? "-" : "", expires->seconds);
    }
}

static void describe_log_cache(const struct dumper *dumper, uint32_t index) {
    const struct table_log_cache *cache = &dumper->table->log_cache[index];
    fprintf(dumper->out, "max=%" PRIu64 " inactive=%" PRIu64 "ms min_uses=%u valid=%" PRIu64 "ms",
            cache->max, cache->inactive, cache->min_uses, cache->valid);
}

static void describe_symlinks(const struct dumper *dumper, uint32_t index) {
    const struct table_symlinks *symlinks = &dumper->table->symlinks[index];
    fputs(symlinks->if_not_owner ? "if_not_owner" : "on", dumper->out);
    if (symlinks->from != TABLE_NONE) {
        fputs(" from=", dumper->out);
        dump_program(dumper, symlinks->from);
    }
}

static void describe_expression(const struct dumper *dumper, uint32_t index) {
    uint32_t regex = dumper->table->expression[index].regex;
    if (regex != TABLE_NONE) {
        describe_regex(dumper, regex);
    } else {
        fputs("msie6", dumper->out);
    }
}

static void describe_assignment(const struct dumper *dumper, uint32_t index) {
    const struct table_assignment *assignment = &dumper->table->assignment[index];
    fputc('$', dumper->out);
    dump_text(dumper, table_text(dumper->table, dumper->table->slot[assignment->slot].name));
    fputc(' ', dumper->out);
    dump_program(dumper, assignment->value);
}

static void describe_referer_slot(const struct dumper *dumper, uint32_t index) {
    const struct table *table = dumper->table;
    const struct table_referer_slot *slot = &table->referer_slot[index];
    if (slot->path == TABLE_NONE) {
        fputs("free", dumper->out);
        return;
    }
    fputs(slot->kind == TABLE_NAME_LEADING ? "\"*" : "\"", dumper->out);
    dump_text(dumper, table_text(table, slot->key));
    fputs(slot->kind == TABLE_NAME_TRAILING ? "*" : "", dumper->out);
    dump_text(dumper, table_text(table, table->name[slot->path].text));
    fputc('"', dumper->out);
}

static void describe_referer_regex(const struct dumper *dumper, uint32_t index) {
    describe_regex(dumper, dumper->table->referer_regex[index].regex);
}

static void describe_referers(const struct dumper *dumper, uint32_t index) {
    const struct table_referers *referers = &dumper->table->referers[index];
    fprintf(dumper->out, "%s%s%u slots", referers->none ? "none, " : "",
            referers->blocked ? "blocked, " : "", referers->slots.count);
    for (uint32_t i = 0; i < referers->regexes.count; i++) {
        fputs(", ", dumper->out);
        describe_referer_regex(dumper, referers->regexes.first + i);
    }
}

static const struct {
    enum table_section section;
    void (*describe)(const struct dumper *dumper, uint32_t index);
} descriptions[] = {
    {TABLE_SECTION_program, describe_program},
    {TABLE_SECTION_header_field, describe_header_field},
    {TABLE_SECTION_syslog, describe_syslog},
    {TABLE_SECTION_access_log, describe_access_log},
    {TABLE_SECTION_error_log, describe_error_log},
    {TABLE_SECTION_proxy, describe_proxy},
    {TABLE_SECTION_resolver, describe_resolver},
    {TABLE_SECTION_health_check, dump_health_check},
    {TABLE_SECTION_health_match, dump_health_match},
    {TABLE_SECTION_status_range, dump_status_range},
    {TABLE_SECTION_header_test, dump_header_test},
    {TABLE_SECTION_body_test, dump_body_test},
    {TABLE_SECTION_name_server, describe_name_server},
    {TABLE_SECTION_upstream, describe_upstream},
    {TABLE_SECTION_op, dump_op},
    {TABLE_SECTION_error_page, describe_error_page},
    {TABLE_SECTION_access_rule, describe_access_rule},
    {TABLE_SECTION_trusted_network, describe_trusted_network},
    {TABLE_SECTION_limit_zone, describe_limit_zone},
    {TABLE_SECTION_request_limit, describe_request_limit},
    {TABLE_SECTION_connection_limit, describe_connection_limit},
    {TABLE_SECTION_try_files, describe_try_files},
    {TABLE_SECTION_try_file, describe_try_file},
    {TABLE_SECTION_binding, describe_binding},
    {TABLE_SECTION_session_cache, describe_session_cache},
    {TABLE_SECTION_session_zone, describe_session_zone},
    {TABLE_SECTION_replacement, describe_replacement},
    {TABLE_SECTION_cookie_rule, describe_cookie_rule},
    {TABLE_SECTION_cookie_flag, describe_cookie_flag},
    {TABLE_SECTION_alias, describe_alias},
    {TABLE_SECTION_template, describe_template},
    {TABLE_SECTION_type, describe_type},
    {TABLE_SECTION_expires, describe_expires},
    {TABLE_SECTION_symlinks, describe_symlinks},
    {TABLE_SECTION_log_cache, describe_log_cache},
    {TABLE_SECTION_expression, describe_expression},
    {TABLE_SECTION_assignment, describe_assignment},
    {TABLE_SECTION_referers, describe_referers},
    {TABLE_SECTION_referer_slot, describe_referer_slot},
    {TABLE_SECTION_referer_regex, describe_referer_regex},
    {TABLE_SECTION_map, describe_map},
    {TABLE_SECTION_map_slot, describe_map_slot},
    {TABLE_SECTION_map_regex, describe_map_regex},
    {TABLE_SECTION_geo, describe_geo},
    {TABLE_SECTION_geo_ipv4, describe_geo_ipv4},
    {TABLE_SECTION_geo_ipv6, describe_geo_ipv6},
    {TABLE_SECTION_geo_proxy, describe_geo_proxy},
    {TABLE_SECTION_split, describe_split},
    {TABLE_SECTION_split_part, describe_split_part},
    {TABLE_SECTION_sticky, describe_sticky},
    {TABLE_SECTION_sticky_lookup, describe_sticky_lookup},
};

/* Prints `before` and the description; false when there is none. */
static bool describe(const struct dumper *dumper, enum table_section section, uint32_t index,
                     const char *before) {
    for (size_t i = 0; i < sizeof descriptions / sizeof descriptions[0]; i++) {
        if (descriptions[i].section == section) {
            fputs(before, dumper->out);
            descriptions[i].describe(dumper, index);
            return true;
        }
    }
    const struct table_field *first = &table_records[section].fields[0];
    if (first->kind != TABLE_KIND_STRING) {
        return false;
    }
    struct table_string name;
    memcpy(&name, table_record_at(dumper->table, section, index) + first->offset, sizeof name);
    fputs(before, dumper->out);
    dump_string(dumper, name);
    return true;
}

void dump_reference(const struct dumper *dumper, enum table_section section, uint32_t index) {
    fprintf(dumper->out, "%u", index);
    describe(dumper, section, index, " ");
}

bool dump_description(const struct dumper *dumper, enum table_section section, uint32_t index) {
    return describe(dumper, section, index, "");
}

void dump_references(const struct dumper *dumper, enum table_section section,
                     struct table_range range) {
    if (range.count == 0) {
        fputs("none", dumper->out);
        return;
    }
    for (uint32_t i = 0; i < range.count && i < SHOWN_REFERENCES; i++) {
        fputs(i > 0 ? ", " : "", dumper->out);
        dump_reference(dumper, section, range.first + i);
    }
    if (range.count > SHOWN_REFERENCES) {
        fprintf(dumper->out, ", ... to %u", range.first + range.count - 1);
    }
}
