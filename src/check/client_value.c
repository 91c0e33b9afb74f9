/* What the client chooses in a value; see client_value.h. */
#include "check/client_value.h"

#include "base/container.h"

struct walk {
    struct dataflow_visitor visitor;
    bool (*is_wanted)(const struct dataflow_atom *atom);
    bool is_found;
    struct dataflow_atom atom;
};

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    if (!walk->is_found && atom->control == DATAFLOW_CLIENT && !atom->is_matched &&
        (walk->is_wanted == NULL || walk->is_wanted(atom))) {
        walk->is_found = true;
        walk->atom = *atom;
    }
}

bool client_value_find(struct finding_list *findings, const struct site_block *block,
                       const struct template *value,
                       bool (*is_wanted)(const struct dataflow_atom *atom),
                       struct dataflow_atom *atom) {
    struct slice text;
    if (template_is_constant(findings->model, value, &text)) {
        return false;
    }
    struct walk walk = {.visitor.visit = visit, .is_wanted = is_wanted};
    struct dataflow_place place = {.server = block->server, .location = block->location};
    dataflow_walk(check_flow(findings), &place, value, &walk.visitor);
    *atom = walk.atom;
    return walk.is_found;
}
