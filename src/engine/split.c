/* split_clients: the part of all hash values that the subject's is in. */
#include "engine/program.h"
#include "engine/slot.h"
#include "engine/state.h"

static uint32_t read_little_endian(const unsigned char *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* MurmurHash2 by Austin Appleby, seed 0, of little-endian words. */
static uint32_t hash_text(struct slice text) {
    enum { SHIFT = 24 };
    const uint32_t factor = 0x5bd1e995;
    const unsigned char *bytes = (const unsigned char *)text.data;
    uint32_t hash = (uint32_t)text.size;
    size_t rest = text.size;
    for (; rest >= 4; rest -= 4, bytes += 4) {
        uint32_t word = read_little_endian(bytes) * factor;
        hash = hash * factor ^ (word ^ word >> SHIFT) * factor;
    }
    if (rest > 0) {
        for (size_t i = 0; i < rest; i++) {
            hash ^= (uint32_t)bytes[i] << 8 * i;
        }
        hash *= factor;
    }
    hash = (hash ^ hash >> 13) * factor;
    return hash ^ hash >> 15;
}

enum engine_value engine_split_value(struct engine_request *request, const struct table_slot *slot,
                                     struct slice *value) {
    const struct table *table = request->engine->table;
    const struct table_split *split = &table->split[slot->split];
    struct slice subject;
    if (!engine_run_template(request, split->subject, &subject) ||
        !engine_spend(request, subject.size + split->parts.count)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    uint32_t hash = hash_text(subject);
    *value = SLICE("");
    for (uint32_t i = 0; i < split->parts.count; i++) {
        const struct table_split_part *part = &table->split_part[split->parts.first + i];
        if (hash < part->below || part->below == 0) {
            *value = table_text(table, part->value);
            break;
        }
    }
    engine_slot_tell(request, slot, subject, *value);
    return ENGINE_VALUE_FOUND;
}
