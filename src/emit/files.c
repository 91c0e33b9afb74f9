/* Settings of serving files: names, types, until when they may be kept. */
#include "emit/emitter.h"

uint32_t emit_alias(struct emitter *emitter, const struct alias_setting *alias) {
    if (alias->statement == NULL) {
        return TABLE_NONE;
    }
    struct table_alias record = {
        .path = emit_template(emitter, &alias->path),
        .prefix = alias->prefix,
        .is_whole = alias->is_whole,
    };
    return emit_shared(emitter, TABLE_SECTION_alias, &record);
}

struct table_range emit_templates(struct emitter *emitter, const struct template_list *templates) {
    size_t count = templates->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_template *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i].text = emit_template(emitter, &templates->list.items[i].text);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_template, records, (uint32_t)count);
}

struct table_range emit_types(struct emitter *emitter, const struct type_list *types) {
    size_t count = types->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_type *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct type_setting *type = &types->list.items[i];
        records[i].ending = emit_string(emitter, type->ending);
        records[i].type = emit_string(emitter, type->type);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_type, records, (uint32_t)count);
}

uint32_t emit_expires(struct emitter *emitter, const struct expires_setting *expires) {
    if (!expires->is_set) {
        return TABLE_NONE;
    }
    struct table_expires record = {
        .kind = expires->kind,
        .is_negative = expires->is_negative,
        .seconds = expires->seconds,
        .value = expires->value.word != NULL ? emit_template(emitter, &expires->value) : TABLE_NONE,
    };
    return emit_shared(emitter, TABLE_SECTION_expires, &record);
}

uint32_t emit_symlinks(struct emitter *emitter, const struct symlinks_setting *symlinks) {
    if (!symlinks->is_set) {
        return TABLE_NONE;
    }
    struct table_symlinks record = {
        .if_not_owner = symlinks->if_not_owner,
        .from = symlinks->from.word != NULL ? emit_template(emitter, &symlinks->from) : TABLE_NONE,
    };
    return emit_shared(emitter, TABLE_SECTION_symlinks, &record);
}

uint32_t emit_log_cache(struct emitter *emitter, const struct log_cache_setting *cache) {
    if (cache->max == 0) {
        return TABLE_NONE;
    }
    const struct table_log_cache record = {
        .max = cache->max,
        .inactive = cache->inactive,
        .valid = cache->valid,
        .min_uses = cache->min_uses,
    };
    return emit_shared(emitter, TABLE_SECTION_log_cache, &record);
}
