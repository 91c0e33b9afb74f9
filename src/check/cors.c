/* Rule cors-wildcard-credentials: other sites' scripts that may read what a visitor's cookies let
 * them see. */
#include "check/client_value.h"
#include "check/protection.h"
#include "check/rules.h"
#include "check/story.h"
#include "model/mapping.h"

static bool is_origin(const struct dataflow_atom *atom) {
    return slice_equals_nocase(atom->name, SLICE("http_origin")) ||
           slice_equals_nocase(atom->name, SLICE("http_referer"));
}

static void report_constant(struct finding_list *findings, const struct header_setting *origin,
                            const struct header_setting *credentials, struct slice text) {
    bool is_wildcard = slice_equals(text, SLICE("*"));
    struct diagnostic *diagnostic =
        check_report(findings, RULE_cors_wildcard_credentials, origin->statement->words[2].span,
                     is_wildcard ? "no browser takes \"*\" for requests with credentials"
                                 : "\"null\" is the origin of any page in a sandbox, which may "
                                   "read what the visitor's cookies show");
    if (is_wildcard) {
        diagnostic->severity = SEVERITY_WARNING;
    }
    diagnostic_note(findings->model->arena, diagnostic, credentials->statement->words[0].span,
                    "credentials are allowed here");
    diagnostic_help(findings->model->arena, diagnostic,
                    "name the origins that are to read this, by a map of $http_origin");
}

static void check_headers(struct finding_list *findings, const struct site_block *block,
                          const struct header_setting *origin,
                          const struct header_setting *credentials) {
    struct slice text;
    if (template_is_constant(findings->model, &origin->value, &text)) {
        if (slice_equals(text, SLICE("*")) || slice_equals_nocase(text, SLICE("null"))) {
            report_constant(findings, origin, credentials, text);
        }
        return;
    }
    struct dataflow_atom atom;
    if (client_value_find(findings, block, &origin->value, is_origin, &atom)) {
        struct diagnostic *diagnostic =
            story_report(findings, RULE_cors_wildcard_credentials, &atom,
                         "name the origins that are to read this, by a map of $http_origin",
                         "allows every site to read this with the visitor's cookies");
        diagnostic_note(findings->model->arena, diagnostic, credentials->statement->words[0].span,
                        "credentials are allowed here");
    }
}

static bool is_origin_variable(const struct template *subject) {
    return subject->parts.count == 1 &&
           (slice_equals_nocase(subject->parts.items[0].text, SLICE("http_origin")) ||
            slice_equals_nocase(subject->parts.items[0].text, SLICE("http_referer")));
}

/* if ($http_origin ~ ^https://a\.b$) */
static bool asks_for_origin(struct finding_list *findings, const struct condition *condition) {
    return condition != NULL && is_origin_variable(&condition->subject) &&
           (condition->kind == CONDITION_EQUAL ||
            (condition->kind == CONDITION_REGEX &&
             dataflow_asks_something(check_flow(findings), condition->regex)));
}

/* Whether the variable has its value by looking at the origin: set where a condition has asked for
 * one, or by a map that says otherwise of others. */
static bool is_of_check(struct finding_list *findings, const struct condition *use,
                        const struct variable_definition *definition) {
    struct slice value;
    if (definition->kind == DEFINED_BY_MAP) {
        return definition->map == NULL || !is_origin_variable(&definition->key) ||
               !template_is_constant(findings->model, &definition->map->otherwise, &value) ||
               !protection_is_met_by(findings->model, use, value);
    }
    for (size_t i = 0; definition->kind == DEFINED_BY_SET && i < findings->site.locations.count;
         i++) {
        const struct location *block = findings->site.locations.items[i];
        if (block->is_condition && block->statement == statement_owner(definition->statement)) {
            return asks_for_origin(findings, block->condition);
        }
    }
    return definition->kind != DEFINED_BY_SET;
}

/* In `if ($allowed)`. */
static bool is_behind_a_check(struct finding_list *findings, const struct location *block) {
    const struct condition *condition = block != NULL ? block->condition : NULL;
    if (condition == NULL || condition->subject.parts.count != 1 ||
        condition->subject.parts.items[0].kind != PART_CONFIG) {
        return false;
    }
    const struct config_variable *variable = condition->subject.parts.items[0].variable;
    for (size_t i = 0; i < variable->definitions.count; i++) {
        if (is_of_check(findings, condition, &variable->definitions.items[i])) {
            return true;
        }
    }
    return false;
}

void check_rule_cors_wildcard_credentials(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct header_list *list = &block->settings->add_header;
        if (!block->settings->is_own[SETTING_add_header]) {
            continue;
        }
        const struct header_setting *origin =
            site_find_header(list, SLICE("Access-Control-Allow-Origin"));
        const struct header_setting *credentials =
            site_find_header(list, SLICE("Access-Control-Allow-Credentials"));
        struct slice text = SLICE("");
        if (is_behind_a_check(findings, block->location)) {
            continue;
        }
        if (origin != NULL && credentials != NULL &&
            (!template_is_constant(findings->model, &credentials->value, &text) ||
             slice_equals_nocase(text, SLICE("true")))) {
            check_headers(findings, block, origin, credentials);
        }
    }
}
