/* How findings tell of a value; see story.h. */
#include "check/story.h"

#include "base/text.h"

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

struct diagnostic *story_report(struct finding_list *findings, enum rule_id rule,
                                const struct dataflow_atom *atom, const char *help,
                                const char *format, ...) {
    struct arena *arena = findings->model->arena;
    struct story story = story_tell(arena, atom);
    struct text rest;
    text_init(&rest, arena);
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&rest, format, arguments);
    va_end(arguments);
    struct slice text = text_slice(&rest);
    struct diagnostic *diagnostic =
        check_report(findings, rule, story.span, "%.*s%.*s %.*s", SLICE_ARGS(story.name),
                     SLICE_ARGS(story.origin), SLICE_ARGS(text));
    story_note(arena, diagnostic, atom);
    diagnostic_help(arena, diagnostic, "%s", help);
    return diagnostic;
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
