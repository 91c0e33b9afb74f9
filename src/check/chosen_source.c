/* Rule chosen-source: whether the client has a say in the address that backends are asked from. */
#include "check/client_value.h"
#include "check/rules.h"
#include "check/story.h"

static void report(struct finding_list *findings, const struct binding_setting *binding,
                   const struct dataflow_atom *atom) {
    struct diagnostic *diagnostic = story_report(
        findings, RULE_chosen_source, atom,
        "bind to $remote_addr, to a constant, or to what a map of constants gives", "%s",
        binding->is_transparent
            ? "lets the client pass for any address at the backend"
            : "lets the client choose the address that backends are asked from");
    if (binding->is_transparent) {
        diagnostic->severity = SEVERITY_ERROR;
    }
}

void check_rule_chosen_source(struct finding_list *findings) {
    struct story_list reported = {0}; /* many locations inherit one directive */
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        const struct binding_setting *binding = &location->settings->proxy_bind;
        struct site_block block = {location->settings, location->server, location};
        struct dataflow_atom atom;
        if (location->proxy != NULL && binding->statement != NULL &&
            client_value_find(findings, &block, &binding->address, NULL, &atom) &&
            story_add(findings->model->arena, &reported, binding->statement)) {
            report(findings, binding, &atom);
        }
    }
}
