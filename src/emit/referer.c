/* valid_referers: hash slots over hosts, and regexes. */
#include "emit/emitter.h"

static struct table_range emit_slots_of(struct emitter *emitter, struct hash_slots *slots,
                                        const struct referers_setting *referers) {
    hash_slots_begin(slots, emitter, referers->keys.count);
    for (size_t i = 0; i < referers->keys.count; i++) {
        const struct referer_key *key = &referers->keys.items[i];
        struct table_name path = {.text = emit_string(emitter, key->path)};
        hash_slots_put(slots, key->text, key->kind,
                       emit_shared(emitter, TABLE_SECTION_name, &path));
    }
    return hash_slots_share(slots, TABLE_SECTION_referer_slot);
}

static struct table_range emit_regexes(struct emitter *emitter,
                                       const struct referers_setting *referers) {
    size_t count = referers->regexes.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_referer_regex *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i].regex = emit_regex(emitter, referers->regexes.items[i].regex);
        records[i].is_name = referers->regexes.items[i].is_name;
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_referer_regex, records,
                               (uint32_t)count);
}

uint32_t emit_referers(struct emitter *emitter, const struct referers_setting *referers) {
    if (referers->statement == NULL) {
        return TABLE_NONE;
    }
    struct hash_slots slots;
    struct table_range range = emit_slots_of(emitter, &slots, referers);
    struct table_referers record = {
        .none = referers->none != NULL,
        .blocked = referers->blocked != NULL,
        .slots = range,
        .has_leading = slots.has[TABLE_NAME_LEADING],
        .has_trailing = slots.has[TABLE_NAME_TRAILING],
        .regexes = emit_regexes(emitter, referers),
    };
    return emit_shared(emitter, TABLE_SECTION_referers, &record);
}
