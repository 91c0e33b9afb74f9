/* Rules about checks of where a request comes from: referer-none and weak-origin-check. */
#include "check/regex_match.h"
#include "check/regex_sample.h"
#include "check/rules.h"
#include "check/steps.h"
#include "model/mapping.h"

/* --- referer-none --- */

void check_rule_referer_none(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        const struct word *none = settings->valid_referers.none;
        if (!settings->is_own[SETTING_valid_referers] || none == NULL) {
            continue;
        }
        struct diagnostic *diagnostic = check_report(
            findings, RULE_referer_none, none->span,
            "\"none\" lets every request pass that has no Referer, which any page can see to");
        diagnostic_help(findings->model->arena, diagnostic,
                        "leave it out where this is to keep anybody out");
    }
}

/* --- weak-origin-check --- */

#define STEPS 10000u

/* An expression that says which origins are fine. */
struct check {
    struct finding_list *findings;
    const struct regex *regex;
    bool is_referer; /* a whole URL, else scheme and host */
    bool has_scheme; /* valid_referers looks at what follows it */
};

/* The host of a text that is a URL or a part of one, and where it begins. */
static struct slice find_host(struct slice text, size_t *begin) {
    *begin = 0;
    for (size_t i = 0; i + 3 <= text.size; i++) {
        if (slice_starts_with(slice_skip(text, i), SLICE("://"))) {
            *begin = i + 3;
            break;
        }
    }
    struct slice host = slice_skip(text, *begin);
    for (size_t i = 0; i < host.size; i++) {
        if (strchr("/:?#", host.data[i]) != NULL) {
            return slice_take(host, i);
        }
    }
    return host;
}

static bool matches(const struct check *check, struct slice text) {
    return regex_match(check->regex->pattern, check->regex->ignore_case, text, STEPS) ==
           REGEX_MATCHED;
}

static const char *scheme_of(const struct check *check) {
    return check->has_scheme ? "https://" : "";
}

static size_t count_dots(struct slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '.' ? 1 : 0;
    }
    return count;
}

/* Somebody else's site that the expression takes for one of ours: `origin`, and how to keep it
 * out. */
struct intruder {
    struct slice origin;
    const char *help;
};

/* example.com.attacker.net */
static bool goes_on(const struct check *check, struct slice host, struct intruder *intruder) {
    struct arena *arena = check->findings->model->arena;
    bool ends_with_dot = host.size > 0 && host.data[host.size - 1] == '.';
    bool begins_with_dot = host.size > 0 && host.data[0] == '.';
    intruder->origin =
        arena_format(arena, "%s%s%.*s%sattacker.net", scheme_of(check),
                     begins_with_dot ? "www" : "", SLICE_ARGS(host), ends_with_dot ? "" : ".");
    intruder->help = "say where it ends: \"$\" behind the name, or \"(:\\d+)?$\" with a port";
    return host.size > 0 && matches(check, intruder->origin);
}

/* attackerexample.com: what stands before a name of two labels is somebody else's name. */
static bool goes_before(const struct check *check, struct slice host, struct intruder *intruder) {
    struct arena *arena = check->findings->model->arena;
    intruder->origin = arena_format(arena, "%sattacker%.*s", scheme_of(check), SLICE_ARGS(host));
    intruder->help = "say where it begins: \"^https://\" before the name, or "
                     "\"^https://([a-z0-9-]+\\.)?\" with others before it";
    return host.size > 0 && host.data[0] != '.' && count_dots(host) == 1 &&
           matches(check, intruder->origin);
}

/* wwwxexample.com, by a dot that stands for any byte. */
static bool takes_dot(const struct check *check, const struct regex_sample *sample, size_t begin,
                      struct slice host, struct intruder *intruder) {
    struct arena *arena = check->findings->model->arena;
    for (size_t i = 0; i < sample->wildcards.count; i++) {
        size_t at = sample->wildcards.items[i] - begin;
        if (sample->wildcards.items[i] < begin || at >= host.size ||
            count_dots(slice_skip(host, at + 1)) == 0) {
            continue;
        }
        struct slice before = slice_take(host, at);
        struct slice behind = slice_skip(host, at + 1);
        intruder->origin = arena_format(arena, "%s%.*sx%.*s", scheme_of(check), SLICE_ARGS(before),
                                        SLICE_ARGS(behind));
        intruder->help = "write \"\\.\" for a dot";
        if (matches(check, intruder->origin)) {
            return true;
        }
    }
    return false;
}

/* A page of the attacker's that has the name somewhere in its URL. */
static bool is_anywhere(const struct check *check, struct slice text, struct intruder *intruder) {
    struct arena *arena = check->findings->model->arena;
    intruder->origin =
        arena_format(arena, "%sattacker.net/%.*s", scheme_of(check), SLICE_ARGS(text));
    intruder->help = "say where it begins, by \"^\"";
    return check->is_referer && matches(check, intruder->origin);
}

static void check_expression(const struct check *check) {
    struct arena *arena = check->findings->model->arena;
    const struct regex_tree *tree = dataflow_regex_tree(check_flow(check->findings), check->regex);
    struct regex_sample sample;
    struct intruder intruder;
    if (!regex_sample_make(arena, tree, &sample) || sample.text.size < 3) {
        return;
    }
    size_t begin;
    struct slice host = find_host(sample.text, &begin);
    if (!goes_on(check, host, &intruder) && !goes_before(check, host, &intruder) &&
        !takes_dot(check, &sample, begin, host, &intruder) &&
        !is_anywhere(check, sample.text, &intruder)) {
        return;
    }
    struct slice origin = intruder.origin;
    struct diagnostic *diagnostic =
        check_report(check->findings, RULE_weak_origin_check, check->regex->span,
                     "\"%s%.*s\" passes this check, too", check->has_scheme ? "" : "https://",
                     SLICE_ARGS(origin));
    if (check->is_referer) {
        diagnostic->severity = SEVERITY_INFO;
    }
    diagnostic_help(arena, diagnostic, "%s", intruder.help);
}

static bool is_variable(const struct template *subject, struct slice name) {
    return subject->parts.count == 1 && slice_equals_nocase(subject->parts.items[0].text, name);
}

/* A condition that keeps out what it matches names those that are not wanted, and may well match
 * too much. */
static bool is_list_of_unwanted(struct arena *arena, const struct location *block) {
    return !block->condition->is_negated && steps_find_status(&block->rewrite) >= 400 &&
           steps_always_leave(arena, &block->rewrite, STEPS_OF_SERVER);
}

static void check_condition(struct finding_list *findings, const struct location *block) {
    const struct condition *condition = block->condition;
    if (condition == NULL || condition->kind != CONDITION_REGEX) {
        return;
    }
    bool is_referer = is_variable(&condition->subject, SLICE("http_referer"));
    if ((is_referer || is_variable(&condition->subject, SLICE("http_origin"))) &&
        !is_list_of_unwanted(findings->model->arena, block)) {
        check_expression(&(struct check){.findings = findings,
                                         .regex = condition->regex,
                                         .is_referer = is_referer,
                                         .has_scheme = true});
    }
}

/* Whether what the map says for it means no. */
static bool is_refusal(struct model *model, const struct template *value) {
    struct slice text;
    return template_is_constant(model, value, &text) &&
           (text.size == 0 || slice_equals(text, SLICE("0")));
}

/* Whether `if ($variable)` keeps out whom the map gives a value: it is a list of unwanted ones. */
static bool is_of_unwanted(const struct finding_list *findings,
                           const struct config_variable *variable) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *block = findings->site.locations.items[i];
        if (block->condition != NULL && block->condition->kind != CONDITION_REGEX &&
            is_variable(&block->condition->subject, variable->name) &&
            is_list_of_unwanted(findings->model->arena, block)) {
            return true;
        }
    }
    return false;
}

static void check_variable(struct finding_list *findings, const struct config_variable *variable) {
    for (size_t i = 0; i < variable->definitions.count; i++) {
        const struct variable_definition *definition = &variable->definitions.items[i];
        const struct map_definition *map = definition->map;
        if (map == NULL || !is_variable(&definition->key, SLICE("http_origin")) ||
            is_of_unwanted(findings, variable)) {
            continue;
        }
        for (size_t j = 0; j < map->expressions.count; j++) {
            if (!is_refusal(findings->model, &map->expressions.items[j].value)) {
                check_expression(&(struct check){.findings = findings,
                                                 .regex = map->expressions.items[j].regex,
                                                 .has_scheme = true});
            }
        }
    }
}

void check_rule_weak_origin_check(struct finding_list *findings) {
    const struct model *model = findings->model;
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        if (findings->site.locations.items[i]->is_condition) {
            check_condition(findings, findings->site.locations.items[i]);
        }
    }
    for (size_t i = 0; i < model->variables.count; i++) {
        check_variable(findings, model->variables.items[i]);
    }
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        for (size_t j = 0;
             settings->is_own[SETTING_valid_referers] && j < settings->valid_referers.regexes.count;
             j++) {
            const struct referer_regex *referer = &settings->valid_referers.regexes.items[j];
            if (!referer->is_name) {
                check_expression(&(struct check){
                    .findings = findings, .regex = referer->regex, .is_referer = true});
            }
        }
    }
}
