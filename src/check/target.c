/* How far into the URL of a proxy_pass a text gets; see target.h. */
#include "check/target.h"

static enum target_state read_text(enum target_state state, struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (state == TARGET_HOST && slice_starts_with(slice_skip(text, i), SLICE("://"))) {
            i += 2;
        } else if (c == '?') {
            state = TARGET_ARGUMENTS;
        } else if (state == TARGET_HOST && c == '/') {
            state = TARGET_ROOT;
        } else if (state == TARGET_ROOT && c != '/') {
            state = TARGET_FOLDER;
        }
    }
    return state;
}

uint32_t target_read(uint32_t states, const struct dataflow_atom *atom) {
    if (atom->control != DATAFLOW_CONSTANT) {
        if (atom->begins_with_slash && (states & TARGET_BIT(TARGET_HOST)) != 0) {
            states = (states & ~TARGET_BIT(TARGET_HOST)) | TARGET_BIT(TARGET_ROOT);
        }
        return states | (atom->is_argument_mark ? TARGET_BIT(TARGET_ARGUMENTS) : 0);
    }
    uint32_t after = 0;
    for (enum target_state state = TARGET_HOST; state < TARGET_STATE_COUNT; state++) {
        if ((states & TARGET_BIT(state)) != 0) {
            after |= TARGET_BIT(read_text(state, atom->text));
        }
    }
    return after;
}
