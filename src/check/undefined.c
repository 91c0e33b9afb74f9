/* Rule undefined-variable: variables that are defined somewhere, but not where they are used, and
 * captures where nothing captures. What is defined nowhere is an error that the model reports. */
#include "check/dataflow.h"
#include "check/reaching.h"
#include "check/rules.h"
#include "check/steps.h"

#include <ctype.h>

/* One statement of a location, and what is looked at there. */
struct user {
    struct finding_list *findings;
    struct dataflow_place place;
    const struct word *word;
};

static bool is_variable_byte(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether what another location sets may be seen here. */
static bool may_come_from(struct user *user, const struct reaching_definition *reaching) {
    const struct location *from = steps_find_base(reaching->place.location);
    const struct location *to = steps_find_base(user->place.location);
    if (from == NULL || from == to || reaching->place.server == NULL ||
        reaching->definition->kind == DEFINED_ELSEWHERE) {
        return true;
    }
    /* A capture of a location around. */
    for (const struct location *outer = to; outer != NULL; outer = outer->parent) {
        if (outer == from) {
            return true;
        }
    }
    struct dataflow *flow = check_flow(user->findings);
    return steps_lead_to(user->findings->model->arena, from, to, &flow->ways);
}

static void check_variable(struct user *user, const struct config_variable *variable) {
    struct model *model = user->findings->model;
    struct reaching_definitions found =
        reaching_find_definitions(check_flow(user->findings), &user->place, variable);
    for (size_t i = 0; i < found.items.count; i++) {
        if (may_come_from(user, &found.items.items[i])) {
            return;
        }
    }
    const struct statement *other = variable->definitions.items[0].statement;
    if (other == NULL) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        user->findings, RULE_undefined_variable, user->word->span,
        "nothing gives \"$%.*s\" a value here: it is empty", SLICE_ARGS(variable->name));
    diagnostic_note(model->arena, diagnostic, other->words[0].span,
                    "it gets one here, which does not hold there");
    diagnostic_help(model->arena, diagnostic,
                    "give it a value in the server, or by a map at http level");
}

/* The most captures of an expression whose captures may be meant; 0 without any. */
static uint32_t count_captures(struct user *user) {
    struct reaching_regexes regexes =
        reaching_find_regexes(check_flow(user->findings), &user->place);
    uint32_t most = 0;
    for (size_t i = 0; i < regexes.items.count; i++) {
        uint32_t count = regexes.items.items[i].regex->capture_count;
        most = count > most ? count : most;
    }
    return most;
}

static void check_capture(struct user *user, struct slice name) {
    const struct location *base = steps_find_base(user->place.location);
    /* Requests that come from other locations keep what was captured there. */
    if (base != NULL && (base->kind == TABLE_LOCATION_NAMED || base->is_internal)) {
        return;
    }
    uint32_t count = count_captures(user);
    if (count >= (uint32_t)(name.data[0] - '0')) {
        return;
    }
    if (count > 0) {
        struct diagnostic *diagnostic =
            check_report(user->findings, RULE_undefined_variable, user->word->span,
                         "\"$%.*s\" is empty: no expression captures more than %u here",
                         SLICE_ARGS(name), count);
        diagnostic_help(user->findings->model->arena, diagnostic,
                        "captures are numbered by their \"(\", from 1 on; \"(?:\" is none");
        return;
    }
    struct diagnostic *diagnostic =
        check_report(user->findings, RULE_undefined_variable, user->word->span,
                     "nothing is captured here: \"$%.*s\" is empty", SLICE_ARGS(name));
    diagnostic_help(user->findings->model->arena, diagnostic,
                    "capture it by \"location ~\", a rewrite or a server_name with an expression");
}

static void check_word(struct user *user) {
    struct slice text = user->word->text;
    for (size_t i = slice_find_byte(text, '$'); i < text.size; i = slice_find_byte(text, '$')) {
        text = slice_skip(text, i + 1);
        text = slice_skip(text, text.size > 0 && text.data[0] == '{' ? 1 : 0);
        size_t size = 0;
        while (size < text.size && is_variable_byte(text.data[size])) {
            size++;
        }
        struct slice name = slice_take(text, size);
        const struct config_variable *variable =
            size > 0 ? map_find(&user->findings->model->variables_by_name, name) : NULL;
        if (variable != NULL && variable->definitions.count > 0) {
            check_variable(user, variable);
        } else if (size == 1 && isdigit((unsigned char)name.data[0]) && name.data[0] != '0') {
            check_capture(user, name);
        }
        text = slice_skip(text, size);
    }
}

/* Directives of the rewrite phase, for which only what stands before them counts. */
static bool is_in_order(struct slice name) {
    static const struct slice names[] = {SLICE_INIT("set"), SLICE_INIT("return"),
                                         SLICE_INIT("rewrite")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* Expressions of a directive's own fill the captures in its other words. */
static bool has_expression(const struct statement *statement) {
    for (uint32_t i = 0; i < statement_argument_count(statement); i++) {
        struct slice text = statement_argument(statement, i)->text;
        if (text.size > 0 && (text.data[0] == '~' || text.data[0] == '^')) {
            return true;
        }
    }
    return slice_equals(statement_name(statement), SLICE("rewrite"));
}

static void check_statement(struct finding_list *findings, const struct location *location,
                            const struct statement *statement) {
    if (has_expression(statement)) {
        return;
    }
    bool is_set = slice_equals(statement_name(statement), SLICE("set"));
    for (uint32_t i = is_set ? 1 : 0; i < statement_argument_count(statement); i++) {
        struct user user = {
            .findings = findings,
            .place = {.server = location->server,
                      .location = location,
                      .statement = is_in_order(statement_name(statement)) ? statement : NULL},
            .word = statement_argument(statement, i),
        };
        check_word(&user);
    }
}

/* A rewrite whose own expression has matched: $1 to $9 are of that. */
static void check_rewriting(struct finding_list *findings, const struct rewriting *rewriting,
                            const struct template *template) {
    uint32_t count = rewriting->regex->capture_count;
    for (size_t i = 0; i < template->parts.count; i++) {
        const struct template_part *part = &template->parts.items[i];
        if (part->kind != PART_CAPTURE || part->capture <= count) {
            continue;
        }
        struct diagnostic *diagnostic = check_report(
            findings, RULE_undefined_variable, part->span,
            count == 0 ? "\"$%u\" is empty: this rewrite's expression captures nothing"
                       : "\"$%u\" is empty: this rewrite's expression captures only %u",
            part->capture, count);
        diagnostic_help(findings->model->arena, diagnostic,
                        "captures are numbered by their \"(\", from 1 on; \"(?:\" is none");
    }
}

static void check_rewrites(struct finding_list *findings, const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_PATH) {
            check_rewriting(findings, step->rewriting, &step->rewriting->path);
            check_rewriting(findings, step->rewriting, &step->rewriting->args);
        }
    }
}

void check_rule_undefined_variable(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        check_rewrites(findings, &findings->model->servers.items[i]->rewrite);
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_rewrites(findings, &findings->site.locations.items[i]->rewrite);
    }
    for (size_t i = 0; !findings->model->is_snippet && i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        struct tree_walk walk = tree_walk_begin(location->statement->block);
        for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
            if (s->block == NULL && !slice_ends_with(statement_name(s), SLICE("_set"))) {
                check_statement(findings, location, s);
            }
        }
    }
}
