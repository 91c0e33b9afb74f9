/* limit_req and limit_conn. A zone is one record, as it has one name. */
#include "emit/emitter.h"

static uint32_t emit_zone(struct emitter *emitter, enum zone_kind kind, struct slice name) {
    const struct zone *zone = model_find_zone(emitter->model, kind, name);
    struct table_limit_zone record = {
        .name = emit_string(emitter, zone->name),
        .kind = kind == ZONE_LIMIT_REQ ? TABLE_LIMIT_REQUESTS : TABLE_LIMIT_CONNECTIONS,
        .key_text = emit_string(emitter, zone->key.word->text),
        .key = emit_template(emitter, &zone->key),
        .size = zone->size,
        .rate = zone->rate,
        .place = emit_place(emitter, zone->statement),
    };
    return emit_shared(emitter, TABLE_SECTION_limit_zone, &record);
}

struct table_range emit_request_limits(struct emitter *emitter, const struct limit_list *limits) {
    size_t count = limits->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_request_limit *records = arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct limit_setting *limit = &limits->list.items[i];
        records[i].zone = emit_zone(emitter, ZONE_LIMIT_REQ, limit->zone);
        records[i].burst = limit->burst;
        records[i].delay = limit->delay;
        records[i].nodelay = limit->nodelay;
        records[i].place = emit_place(emitter, limit->statement);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_request_limit, records,
                               (uint32_t)count);
}

struct table_range emit_connection_limits(struct emitter *emitter,
                                          const struct limit_list *limits) {
    size_t count = limits->list.count;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    struct table_connection_limit *records =
        arena_require(&emitter->scratch, count * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        const struct limit_setting *limit = &limits->list.items[i];
        records[i].zone = emit_zone(emitter, ZONE_LIMIT_CONN, limit->zone);
        records[i].most = limit->most;
        records[i].place = emit_place(emitter, limit->statement);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_connection_limit, records,
                               (uint32_t)count);
}
