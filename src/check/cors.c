/* Rule cors-wildcard-credentials: other sites' scripts that may read what a visitor's cookies let
 * them see. */
#include "check/client_value.h"
#include "check/protection.h"
#include "check/rules.h"
#include "check/steps.h"
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

static bool sets(const struct rewrite *rewrite, const struct config_variable *variable) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        if (rewrite->steps.items[i].kind == REWRITE_SET &&
            rewrite->steps.items[i].variable == variable) {
            return true;
        }
    }
    return false;
}

/* Whether a condition among the steps asks for an origin and sets the variable. */
static bool is_set_by_check(struct finding_list *findings, const struct rewrite *rewrite,
                            const struct config_variable *variable) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_IF && sets(&step->block->rewrite, variable) &&
            asks_for_origin(findings, step->condition)) {
            return true;
        }
    }
    return false;
}

/* Whether a map of origins says of others what does not meet the condition. What else gives the
 * variable its value is for the author to know. */
static bool is_of_check(struct finding_list *findings, const struct condition *use,
                        const struct variable_definition *definition) {
    struct slice value;
    return definition->map == NULL || !is_origin_variable(&definition->key) ||
           !template_is_constant(findings->model, &definition->map->otherwise, &value) ||
           !protection_is_met_by(findings->model, use, value);
}

/* In `if ($allowed)`, where the variable has its value by looking at the origin. */
static bool is_behind_a_check(struct finding_list *findings, const struct location *block) {
    const struct condition *condition = block != NULL ? block->condition : NULL;
    if (condition == NULL || condition->subject.parts.count != 1 ||
        condition->subject.parts.items[0].kind != PART_CONFIG) {
        return false;
    }
    const struct config_variable *variable = condition->subject.parts.items[0].variable;
    const struct location *base = steps_find_base(block);
    if (variable->definitions.count > 0 && variable->definitions.items[0].kind != DEFINED_BY_SET) {
        return is_of_check(findings, condition, &variable->definitions.items[0]);
    }
    return is_set_by_check(findings, &block->server->rewrite, variable) ||
           (base != NULL && is_set_by_check(findings, &base->rewrite, variable));
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
