/* Values of the configuration's variables. Inside the engine only. */
#ifndef ENGINE_SLOT_H
#define ENGINE_SLOT_H

#include "engine/variable.h"

/* The value of slot `index`: what it was set to, else what its source makes of the request. */
enum engine_value engine_slot_value(struct engine_request *request, uint32_t index,
                                    struct slice *value);

/* What gives a slot that nothing has set its value. */
typedef enum engine_value engine_source(struct engine_request *request,
                                        const struct table_slot *slot, struct slice *value);

engine_source engine_map_value;   /* map.c */
engine_source engine_geo_value;   /* geo.c */
engine_source engine_split_value; /* split.c */

/* Tells an observer what was made of a slot's subject. */
void engine_slot_tell(const struct engine_request *request, const struct table_slot *slot,
                      struct slice subject, struct slice value);

#endif
