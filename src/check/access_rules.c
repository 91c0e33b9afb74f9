/* Rules about access control that is not in effect: allow-without-deny and
 * acl-bypassed-by-return. */
#include "check/protection.h"
#include "check/rules.h"
#include "check/steps.h"

/* --- allow-without-deny --- */

/* The first allow of some addresses that no deny follows: it lets in who comes in anyway. */
static const struct access_rule_setting *find_idle(const struct access_rule_list *rules) {
    const struct access_rule_setting *found = NULL;
    for (size_t i = 0; i < rules->list.count; i++) {
        const struct access_rule_setting *rule = &rules->list.items[i];
        if (rule->deny || rule->network.match == TABLE_CLIENT_ALL) {
            found = NULL;
        } else if (found == NULL) {
            found = rule;
        }
    }
    return found;
}

/* With "satisfy any" an address that is allowed spares its owner the password. */
static bool spares_password(struct site *site, const struct site_block *block) {
    return slice_equals(block->settings->origin[SETTING_satisfy] != NULL
                            ? statement_argument(block->settings->origin[SETTING_satisfy], 0)->text
                            : SLICE("all"),
                        SLICE("any")) &&
           (protection_has_password(block->settings) ||
            site_find_in_block(site, block, SLICE("auth_request")) != NULL);
}

void check_rule_allow_without_deny(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct settings *settings = block->settings;
        if (!settings->is_own[SETTING_allow] || spares_password(&findings->site, block)) {
            continue;
        }
        const struct access_rule_setting *rule = find_idle(&settings->allow);
        if (rule == NULL) {
            continue;
        }
        struct slice network = statement_argument(rule->statement, 0)->text;
        struct diagnostic *diagnostic = check_report(
            findings, RULE_allow_without_deny, rule->statement->words[0].span,
            "\"allow %.*s\" keeps nobody out: no deny follows it", SLICE_ARGS(network));
        diagnostic_help(findings->model->arena, diagnostic, "write \"deny all;\" behind it");
    }
}

/* --- acl-bypassed-by-return --- */

/* What is said about who may come in, in the block itself or around it; NULL: nothing. */
static const struct statement *find_control(const struct settings *settings, bool *is_own) {
    if (protection_has_deny(settings)) {
        *is_own = settings->is_own[SETTING_allow];
        return settings->origin[SETTING_allow];
    }
    *is_own = settings->is_own[SETTING_auth_basic];
    return protection_has_password(settings) ? settings->origin[SETTING_auth_basic] : NULL;
}

/* More than what is written here, as a check of health or a robots.txt has, which is often meant
 * for everybody below what protects the server. */
static bool tells_something(struct model *model, const struct rewrite_step *step) {
    struct slice text;
    return step->has_text && !step->is_redirect && !template_is_constant(model, &step->text, &text);
}

/* The return that answers everybody, unless it is an error. */
static const struct rewrite_step *find_answer(const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_RETURN) {
            return step->status < 400 ? step : NULL;
        }
        if (step->kind == REWRITE_BREAK || step->kind == REWRITE_PATH) {
            return NULL;
        }
    }
    return NULL;
}

/* A few who are unwanted everywhere are no secret's keepers: they may well be redirected. */
static bool is_list_of_unwanted(const struct settings *settings) {
    return !protection_denies_others(settings) && !protection_has_password(settings);
}

void check_rule_acl_bypassed_by_return(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        bool is_own = false;
        const struct statement *control = find_control(block->settings, &is_own);
        if (control == NULL || block->server == NULL ||
            (block->location != NULL && block->location->is_condition)) {
            continue;
        }
        const struct rewrite_step *answer = find_answer(
            block->location != NULL ? &block->location->rewrite : &block->server->rewrite);
        if (answer == NULL || (!is_own && !tells_something(findings->model, answer)) ||
            (answer->is_redirect && is_list_of_unwanted(block->settings))) {
            continue;
        }
        struct slice name = statement_name(control);
        struct diagnostic *diagnostic =
            check_report(findings, RULE_acl_bypassed_by_return, answer->statement->words[0].span,
                         "everybody gets this answer: %.*s is asked later only", SLICE_ARGS(name));
        diagnostic_note(findings->model->arena, diagnostic, control->words[0].span,
                        "%.*s, which is to keep some out", SLICE_ARGS(name));
        diagnostic_help(findings->model->arena, diagnostic,
                        "put the return into a named location, and get there by \"try_files "
                        "/nonexistent @name;\": files are looked for behind access control");
    }
}
