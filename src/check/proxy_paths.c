/* Rules about what becomes of the path when requests are passed on: slashes that are doubled or
 * lost, and one path for every request. */
#include "check/pattern.h"
#include "check/rules.h"
#include "check/steps.h"

static bool is_prefix(const struct location *location) {
    return !location->is_condition && (location->kind == TABLE_LOCATION_PREFIX ||
                                       location->kind == TABLE_LOCATION_PREFIX_NO_REGEX);
}

static bool ends_with_slash(struct slice text) {
    return text.size > 0 && text.data[text.size - 1] == '/';
}

/* A rewritten path is passed on whole, whatever proxy_pass says. */
static bool rewrites(const struct location *location) {
    for (size_t i = 0; i < location->rewrite.steps.count; i++) {
        const struct rewrite_step *step = &location->rewrite.steps.items[i];
        if (step->kind == REWRITE_PATH && step->rewriting->redirect == 0) {
            return true;
        }
    }
    return false;
}

/* --- proxy-pass-slash --- */

static void report_doubled(struct finding_list *findings, const struct location *location) {
    struct slice name = location->name;
    struct slice uri = location->proxy->uri;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_proxy_pass_slash, location->proxy->word->span,
                     "\"%.*s/x\" is passed on as \"%.*s/x\", with two slashes", SLICE_ARGS(name),
                     SLICE_ARGS(uri));
    diagnostic_note(findings->model->arena, diagnostic, location->name_word->span,
                    "this part of the path is replaced");
    diagnostic_help(findings->model->arena, diagnostic, "write \"location %.*s/ {\"",
                    SLICE_ARGS(name));
}

static void report_lost(struct finding_list *findings, const struct location *location) {
    struct slice name = location->name;
    struct slice uri = location->proxy->uri;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_proxy_pass_slash, location->proxy->word->span,
                     "\"%.*sx\" is passed on as \"%.*sx\", without a slash between",
                     SLICE_ARGS(name), SLICE_ARGS(uri));
    diagnostic_note(findings->model->arena, diagnostic, location->name_word->span,
                    "this part of the path is replaced");
    diagnostic_help(findings->model->arena, diagnostic, "end the URL with \"/\"");
}

static bool is_plain_path(struct slice uri) {
    return uri.size > 0 && uri.data[0] == '/' && slice_find_byte(uri, '?') == uri.size &&
           slice_find_byte(uri, '#') == uri.size;
}

void check_rule_proxy_pass_slash(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        const struct proxy_pass *proxy = location->proxy;
        if (proxy == NULL || proxy->is_grpc || proxy->has_variables || !proxy->has_uri ||
            !is_prefix(location) || rewrites(location) || !is_plain_path(proxy->uri)) {
            continue;
        }
        bool is_slash_replaced = ends_with_slash(location->name);
        if (!is_slash_replaced && ends_with_slash(proxy->uri)) {
            report_doubled(findings, location);
        } else if (is_slash_replaced && !ends_with_slash(proxy->uri)) {
            report_lost(findings, location);
        }
    }
}

/* --- proxy-pass-uri-in-regex --- */

/* The path that a target with variables ends with when it has none in its path: a constant. Empty
 * without one. */
static struct slice find_constant_path(const struct template *target) {
    static const struct slice none = {NULL, 0};
    if (target->parts.count < 2) {
        return none;
    }
    const struct template_part *last = &target->parts.items[target->parts.count - 1];
    bool begins_with_variable = target->parts.items[0].kind != PART_TEXT;
    size_t schemes = 0;
    for (size_t i = 0; i + 1 < target->parts.count; i++) {
        const struct template_part *part = &target->parts.items[i];
        for (size_t j = 0; part->kind == PART_TEXT && j < part->text.size; j++) {
            schemes += part->text.data[j] == '/';
        }
    }
    /* "http://$name/path", or "$url/path": a slash elsewhere may be that of a path already. */
    if (last->kind != PART_TEXT || schemes != (begins_with_variable ? 0 : 2)) {
        return none;
    }
    struct slice text = last->text;
    if (begins_with_variable && slice_starts_with(text, SLICE("://"))) {
        text = slice_skip(text, 3); /* the variable was the scheme */
    }
    return slice_skip(text, slice_find_byte(text, '/'));
}

/* Whether requests for one path only get there: then one path is right. */
static bool is_for_one_path(struct arena *arena, const struct location *location) {
    const struct location *base = location;
    while (base->is_condition && base->parent != NULL) {
        base = base->parent;
    }
    if (base->kind == TABLE_LOCATION_EXACT || base->is_internal) {
        return true;
    }
    if (base->regex == NULL) {
        return false;
    }
    struct pattern pattern = pattern_read(arena, base->regex->pattern, false);
    return pattern_is_enumeration(&pattern) && pattern.texts.items.count == 1;
}

/* What may hold query strings: $args and its like, and variables that are made of anything. */
static bool may_hold_args(const struct template_part *part) {
    static const struct slice names[] = {SLICE_INIT("args"), SLICE_INIT("query_string"),
                                         SLICE_INIT("is_args"), SLICE_INIT("request_uri")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (part->kind == PART_BUILTIN && slice_equals(part->text, names[i])) {
            return true;
        }
    }
    return part->kind == PART_CONFIG ||
           (part->kind == PART_BUILTIN && slice_starts_with(part->text, SLICE("arg_")));
}

static bool is_path(const struct template_part *part) {
    return part->kind == PART_BUILTIN && (slice_equals(part->text, SLICE("uri")) ||
                                          slice_equals(part->text, SLICE("document_uri")));
}

static size_t count_slashes(const struct template_part *part) {
    size_t count = 0;
    for (size_t i = 0; part->kind == PART_TEXT && i < part->text.size; i++) {
        count += part->text.data[i] == '/';
    }
    return count;
}

/* Whether what follows the host is made of the request's path, and holds no query string. */
static bool loses_args(const struct template *target) {
    size_t slashes = 0;
    bool has_path = false;
    for (size_t i = 0; i < target->parts.count; i++) {
        const struct template_part *part = &target->parts.items[i];
        bool is_behind_host = slashes >= 3 || is_path(part);
        if ((is_behind_host && may_hold_args(part)) ||
            (part->kind == PART_TEXT && slice_find_byte(part->text, '?') < part->text.size)) {
            return false;
        }
        has_path |= is_behind_host && (is_path(part) || part->kind == PART_CAPTURE);
        slashes = is_path(part) ? 3 : slashes + count_slashes(part);
    }
    return has_path;
}

static void report_args(struct finding_list *findings, const struct proxy_pass *proxy) {
    struct diagnostic *diagnostic = check_report(
        findings, RULE_proxy_pass_uri_in_regex, proxy->word->span,
        "requests are passed on without their query strings: with variables the URL is taken as it "
        "is");
    diagnostic->severity = SEVERITY_INFO;
    diagnostic_help(findings->model->arena, diagnostic,
                    "write \"$is_args$args\" at its end, if backends are to have them");
}

void check_rule_proxy_pass_uri_in_regex(struct finding_list *findings) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        const struct proxy_pass *proxy = location->proxy;
        if (proxy == NULL || proxy->is_grpc || !proxy->has_variables) {
            continue;
        }
        struct slice path = find_constant_path(&proxy->target);
        if (loses_args(&proxy->target) && !steps_take_raw_path(arena, &location->rewrite)) {
            report_args(findings, proxy);
        }
        if (path.size == 0 || is_for_one_path(arena, location)) {
            continue;
        }
        struct diagnostic *diagnostic = check_report(
            findings, RULE_proxy_pass_uri_in_regex, proxy->word->span,
            "every request is passed on as \"%.*s\", whatever its path: with variables the URL is "
            "taken as it is",
            SLICE_ARGS(path));
        if (path.size == 1) {
            diagnostic_help(arena, diagnostic,
                            "leave out the \"/\" at the end to pass the request's own path on");
        } else {
            diagnostic_help(
                arena, diagnostic,
                "add the rest of the path, e.g. by a capture of a rewrite with \"break\"");
        }
    }
}
