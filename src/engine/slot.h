/* Values of the configuration's variables. Inside the engine only. */
#ifndef ENGINE_SLOT_H
#define ENGINE_SLOT_H

#include "engine/variable.h"

/* The value of slot `index`: what it was set to, else what its source makes of the request. */
enum engine_value engine_slot_value(struct engine_request *request, uint32_t index,
                                    struct slice *value);

#endif
