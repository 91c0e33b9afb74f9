/* Rule chosen-source: whether the client has a say in the address that backends are asked from. */
#include "base/container.h"
#include "check/dataflow.h"
#include "check/rules.h"

/* A walk over one proxy_bind. */
struct walk {
    struct dataflow_visitor visitor;
    bool is_chosen;
    struct dataflow_atom atom; /* the first value that the client chooses */
};

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    if (atom->control == DATAFLOW_CLIENT && !walk->is_chosen) {
        walk->is_chosen = true;
        walk->atom = *atom;
    }
}

static void report(struct finding_list *findings, const struct binding_setting *binding,
                   const struct dataflow_atom *atom) {
    struct arena *arena = findings->model->arena;
    const struct dataflow_step *first = dataflow_first_step(atom);
    struct slice shown = first != NULL ? first->name : atom->name;
    struct diagnostic *diagnostic = check_report(
        findings, RULE_chosen_source, first != NULL ? first->span : atom->span,
        binding->is_transparent ? "$%.*s lets the client pass for any address at the backend"
                                : "$%.*s lets the client choose the address that backends are "
                                  "asked from",
        SLICE_ARGS(shown));
    if (binding->is_transparent) {
        diagnostic->severity = SEVERITY_ERROR;
    }
    if (first != NULL && !slice_equals_nocase(first->name, atom->name)) {
        diagnostic_note(arena, diagnostic, atom->span, "$%.*s comes in here",
                        SLICE_ARGS(atom->name));
    }
    diagnostic_help(arena, diagnostic,
                    "bind to $remote_addr, to a constant, or to what a map of constants gives");
}

/* Many locations inherit one directive. */
struct reported_list {
    VECTOR_OF(const struct statement *) statements;
};

static bool is_reported(const struct reported_list *reported, const struct statement *statement) {
    for (size_t i = 0; i < reported->statements.count; i++) {
        if (reported->statements.items[i] == statement) {
            return true;
        }
    }
    return false;
}

static bool wants_check(const struct location *location) {
    return location->proxy != NULL && location->settings->proxy_bind.statement != NULL;
}

void check_rule_chosen_source(struct finding_list *findings) {
    struct reported_list reported = {0};
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        const struct binding_setting *binding = &location->settings->proxy_bind;
        if (!wants_check(location) || is_reported(&reported, binding->statement)) {
            continue;
        }
        struct walk walk = {.visitor = {.visit = visit}};
        struct dataflow_place place = {.server = location->server, .location = location};
        dataflow_walk(check_flow(findings), &place, &binding->address, &walk.visitor);
        if (walk.is_chosen) {
            report(findings, binding, &walk.atom);
            VECTOR_PUSH(findings->model->arena, &reported.statements, binding->statement);
        }
    }
}
