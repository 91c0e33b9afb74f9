/* ssl_session_cache. Equal zones are one record, as a name has one size. */
#include "emit/emitter.h"

static uint32_t emit_zone(struct emitter *emitter, const struct zone *zone) {
    struct table_session_zone record = {
        .name = emit_string(emitter, zone->name),
        .size = zone->size,
    };
    return emit_shared(emitter, TABLE_SECTION_session_zone, &record);
}

uint32_t emit_session_cache(struct emitter *emitter, const struct session_cache_setting *cache) {
    if (!cache->is_off && cache->builtin == 0 && cache->zone == NULL) {
        return TABLE_NONE;
    }
    struct table_session_cache record = {
        .off = cache->is_off,
        .builtin = cache->builtin,
        .zone = cache->zone != NULL ? emit_zone(emitter, cache->zone) : TABLE_NONE,
    };
    return emit_shared(emitter, TABLE_SECTION_session_cache, &record);
}
