/* Values of variables that are worked out once; see kept.h. */
#include "engine/kept.h"

#include <string.h>

/* What is kept of the request; NULL without memory. */
static struct engine_kept *kept_of(struct engine_request *request) {
    if (request->kept == NULL) {
        request->kept = arena_allocate(request->arena, sizeof *request->kept);
        if (request->kept != NULL) {
            memset(request->kept, 0, sizeof *request->kept);
        }
    }
    return request->kept;
}

enum engine_value engine_keep(struct engine_request *request, enum engine_kept_id id,
                              engine_getter *getter, struct slice *value) {
    struct engine_kept *kept = kept_of(request);
    if (kept == NULL) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    struct engine_kept_value *entry = &kept->values[id];
    if (!entry->is_known) {
        entry->result = getter(request, SLICE(""), &entry->value);
        entry->is_known = entry->result != ENGINE_VALUE_NO_MEMORY;
    }
    *value = entry->value;
    return entry->result;
}
