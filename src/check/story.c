/* How findings tell of a value; see story.h. */
#include "check/story.h"

static bool is_direct(const struct dataflow_step *first, const struct dataflow_atom *atom) {
    return first == NULL || slice_equals_nocase(first->name, atom->name);
}

struct story story_tell(struct arena *arena, const struct dataflow_atom *atom) {
    const struct dataflow_step *first = dataflow_first_step(atom);
    struct slice name = first != NULL ? first->name : atom->name;
    struct slice origin = atom->name;
    return (struct story){
        .span = first != NULL ? first->span : atom->span,
        .name = arena_format(arena, "$%.*s", SLICE_ARGS(name)),
        .origin = is_direct(first, atom) ? SLICE("")
                                         : arena_format(arena, " ($%.*s)", SLICE_ARGS(origin)),
    };
}

void story_note(struct arena *arena, struct diagnostic *diagnostic,
                const struct dataflow_atom *atom) {
    if (!is_direct(dataflow_first_step(atom), atom)) {
        struct slice name = atom->name;
        diagnostic_note(arena, diagnostic, atom->span, "$%.*s comes in here", SLICE_ARGS(name));
    }
}

bool story_add(struct arena *arena, struct story_list *list, const struct statement *statement) {
    for (size_t i = 0; i < list->statements.count; i++) {
        if (list->statements.items[i] == statement) {
            return false;
        }
    }
    VECTOR_PUSH(arena, &list->statements, statement);
    return true;
}
