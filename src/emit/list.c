/* Settings that are lists: header fields, words, logs. A list is a run of records; equal lists are
 * one run. */
#include "emit/emitter.h"

#include <string.h>

struct table_range emit_headers(struct emitter *emitter, const struct header_list *headers) {
    size_t count = headers->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_header_field *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct header_setting *header = &headers->list.items[i];
        records[i].name = emit_string(emitter, header->name);
        records[i].value = emit_template(emitter, &header->value);
        records[i].always = header->always;
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_header_field, records,
                               (uint32_t)count);
}

struct table_range emit_names(struct emitter *emitter, const struct name_list *names) {
    size_t count = names->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_name *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i].text = emit_string(emitter, names->list.items[i].text);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_name, records, (uint32_t)count);
}

static uint32_t emit_log_format(struct emitter *emitter, const struct log_format *format) {
    if (format == NULL) {
        return TABLE_NONE;
    }
    uint32_t index = emit_find_thing(&emitter->log_formats, format);
    if (index == TABLE_NONE) {
        struct table_log_format record = {
            .name = emit_string(emitter, format->name),
            .escape = format->escape,
            .line = emit_template(emitter, &format->line),
        };
        index = emit_shared(emitter, TABLE_SECTION_log_format, &record);
        emit_remember_thing(&emitter->log_formats, format, index);
    }
    return index;
}

static uint32_t emit_syslog(struct emitter *emitter, const struct syslog_setting *syslog) {
    if (syslog == NULL) {
        return TABLE_NONE;
    }
    const struct table_syslog record = {
        .facility = syslog->facility,
        .severity = syslog->severity,
        .tag = emit_string(emitter, syslog->tag),
        .nohostname = syslog->nohostname,
    };
    return emit_shared(emitter, TABLE_SECTION_syslog, &record);
}

struct table_range emit_access_logs(struct emitter *emitter, const struct access_log_list *logs) {
    size_t count = logs->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_access_log *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct access_log_setting *log = &logs->list.items[i];
        records[i].path = emit_string(emitter, log->path);
        records[i].format =
            log->path.size == 0 ? TABLE_NONE : emit_log_format(emitter, log->format);
        records[i].condition =
            log->has_condition ? emit_template(emitter, &log->condition) : TABLE_NONE;
        records[i].buffer_size = (uint32_t)log->buffer_size;
        records[i].flush = (uint32_t)log->flush;
        records[i].gzip = log->gzip_level;
        records[i].name = log->has_name ? emit_template(emitter, &log->name) : TABLE_NONE;
        records[i].syslog = emit_syslog(emitter, log->syslog);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_access_log, records,
                               (uint32_t)count);
}

struct table_range emit_error_logs(struct emitter *emitter, const struct error_log_list *logs) {
    size_t count = logs->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_error_log *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i].path = emit_string(emitter, logs->list.items[i].path);
        records[i].level = logs->list.items[i].level;
        records[i].syslog = emit_syslog(emitter, logs->list.items[i].syslog);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_error_log, records, (uint32_t)count);
}

struct table_range emit_error_pages(struct emitter *emitter, const struct error_page_list *pages) {
    size_t count = pages->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_error_page *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct error_page_setting *page = &pages->list.items[i];
        records[i].status = page->status;
        records[i].response = page->response;
        records[i].target = emit_template(emitter, &page->target);
        records[i].place = emit_place(emitter, page->statement);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_error_page, records,
                               (uint32_t)count);
}

struct table_range emit_access_rules(struct emitter *emitter,
                                     const struct access_rule_list *rules) {
    size_t count = rules->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_access_rule *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct access_rule_setting *rule = &rules->list.items[i];
        records[i].deny = rule->deny;
        records[i].match = rule->network.match;
        records[i].prefix = rule->network.prefix;
        memcpy(records[i].address.bytes, rule->network.bytes, sizeof rule->network.bytes);
        records[i].place = emit_place(emitter, rule->statement);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_access_rule, records,
                               (uint32_t)count);
}

struct table_range emit_trusted_networks(struct emitter *emitter,
                                         const struct network_list *networks) {
    size_t count = networks->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_trusted_network *records =
        arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct network_setting *setting = &networks->list.items[i];
        records[i].match = setting->network.match;
        records[i].prefix = setting->network.prefix;
        memcpy(records[i].address.bytes, setting->network.bytes, sizeof setting->network.bytes);
        records[i].place = emit_place(emitter, setting->statement);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_trusted_network, records,
                               (uint32_t)count);
}

struct table_range emit_replacements(struct emitter *emitter, const struct replacement_list *list) {
    size_t count = list->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_replacement *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct replacement_setting *replacement = &list->list.items[i];
        bool is_default = replacement->is_default;
        bool has_regex = replacement->regex != NULL;
        records[i].regex = has_regex ? emit_regex(emitter, replacement->regex) : TABLE_NONE;
        records[i].pattern =
            is_default || has_regex ? TABLE_NONE : emit_template(emitter, &replacement->pattern);
        records[i].text = is_default ? TABLE_NONE : emit_template(emitter, &replacement->text);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_replacement, records,
                               (uint32_t)count);
}

static struct table_range emit_flags(struct emitter *emitter,
                                     const struct cookie_rule_setting *cookie) {
    size_t count = cookie->flags.count;
    struct table_cookie_flag *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i].flag = emit_template(emitter, &cookie->flags.items[i]);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_cookie_flag, records,
                               (uint32_t)count);
}

struct table_range emit_cookie_rules(struct emitter *emitter, const struct cookie_rule_list *list) {
    size_t count = list->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_cookie_rule *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct cookie_rule_setting *cookie = &list->list.items[i];
        bool has_regex = cookie->regex != NULL;
        records[i].regex = has_regex ? emit_regex(emitter, cookie->regex) : TABLE_NONE;
        records[i].name = has_regex ? TABLE_NONE : emit_template(emitter, &cookie->name);
        records[i].flags = emit_flags(emitter, cookie);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_cookie_rule, records,
                               (uint32_t)count);
}

struct table_range emit_expression_list(struct emitter *emitter,
                                        const struct expression_list *list) {
    size_t count = list->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_expression *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct regex *regex = list->list.items[i].regex;
        records[i].regex = regex != NULL ? emit_regex(emitter, regex) : TABLE_NONE;
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_expression, records,
                               (uint32_t)count);
}

struct table_range emit_assignments(struct emitter *emitter, const struct assignment_list *list) {
    size_t count = list->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_assignment *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i].slot = list->list.items[i].variable->slot;
        records[i].value = emit_template(emitter, &list->list.items[i].value);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_assignment, records,
                               (uint32_t)count);
}
