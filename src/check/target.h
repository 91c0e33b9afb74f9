/* How far into the URL of a proxy_pass with variables a text gets. Rules follow it from atom to
 * atom as a set of states, one bit each. */
#ifndef CHECK_TARGET_H
#define CHECK_TARGET_H

#include "check/dataflow.h"

enum target_state {
    TARGET_HOST,   /* in the scheme or the host */
    TARGET_ROOT,   /* behind the slash that ends the host */
    TARGET_FOLDER, /* below a folder that is written out */
    TARGET_ARGUMENTS,
    TARGET_STATE_COUNT
};

#define TARGET_BIT(state) (1u << (state))

/* The states after an atom that is read in any of `states`. */
uint32_t target_read(uint32_t states, const struct dataflow_atom *atom);

#endif
