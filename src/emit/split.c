/* split_clients: the bounds of the parts among all hash values. */
#include "emit/emitter.h"
#include "model/mapping.h"

/* nginx rounds each share down by itself (ngx_conf_split_clients_block). */
static uint32_t share_of_hashes(uint32_t hundredths) {
    return (uint32_t)((uint64_t)hundredths * UINT32_MAX / 10000);
}

uint32_t emit_split(struct emitter *emitter, const struct split_definition *split) {
    struct table_split record = {
        .subject = emit_template(emitter, &split->subject),
        .parts = {emit_next(emitter, TABLE_SECTION_split_part), (uint32_t)split->shares.count},
        .place = emit_place(emitter, split->statement),
    };
    uint32_t below = 0;
    for (size_t i = 0; i < split->shares.count; i++) {
        const struct split_share *share = &split->shares.items[i];
        below += share_of_hashes(share->hundredths);
        struct table_split_part part = {
            .below = share->hundredths == 0 ? 0 : below,
            .value = emit_string(emitter, share->value),
        };
        emit_append(emitter, TABLE_SECTION_split_part, &part);
    }
    return emit_append(emitter, TABLE_SECTION_split, &record);
}
