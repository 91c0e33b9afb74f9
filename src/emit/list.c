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
