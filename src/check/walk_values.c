/* Variables, expressions and conditions of one request; see walk_values.h. */
#include "check/walk_values.h"

#include "base/text.h"
#include "model/mapping.h"

#include <string.h>

/* Steps that trying an expression counts as, and PCRE2's own that it may take; and the same of one
 * that takes longer, and is tried again. */
#define STEPS_OF_MATCH 10
#define USUAL_LIMIT 500
#define STEPS_OF_LONG_MATCH 2000
#define LONG_LIMIT 20000
/* Maps whose subjects are maps. */
#define DEEPEST 8

struct walk_value {
    bool is_known;
    struct slice text;
};

bool walk_spend(struct request_walker *walker, size_t steps) {
    walker->budget = walker->budget > steps ? walker->budget - (uint32_t)steps : 0;
    return walker->budget > 0;
}

void walk_set(struct request_walk *walk, struct slice name, bool is_known, struct slice text) {
    struct walk_value *value = arena_require(&walk->walker->scratch, sizeof *value);
    *value = (struct walk_value){.is_known = is_known, .text = text};
    map_set(&walk->values, name, value);
}

/* --- regular expressions --- */

/* Compiled when it is first used: every location that is looked for tries those of the server. */
static const pcre2_code *find_code(struct request_walker *walker, const struct regex *regex,
                                   bool ignores_case) {
    struct slice key = {(const char *)&regex, sizeof regex};
    pcre2_code *code = map_find(&walker->codes, key);
    if (code == NULL) {
        int error;
        PCRE2_SIZE at;
        code = pcre2_compile(
            (PCRE2_SPTR)(regex->pattern.size > 0 ? regex->pattern.data : ""), regex->pattern.size,
            ignores_case || regex->ignore_case ? PCRE2_CASELESS : 0, &error, &at, NULL);
        if (code != NULL) {
            map_insert(&walker->codes, arena_copy_slice(walker->model->arena, key), code);
        }
    }
    return code;
}

static struct slice captured(const struct request_walker *walker, uint32_t number, int count,
                             struct slice subject) {
    if ((int)number >= count) {
        return SLICE("");
    }
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(walker->match) + (size_t)2 * number;
    if (ends[0] == PCRE2_UNSET) {
        return SLICE("");
    }
    return (struct slice){subject.data + ends[0], ends[1] - ends[0]};
}

static void take_named(struct request_walk *walk, const struct regex *regex, const pcre2_code *code,
                       int count, struct slice subject) {
    for (size_t i = 0; i < regex->capture_names.count; i++) {
        struct slice name = regex->capture_names.items[i];
        struct slice terminated = arena_copy_slice(&walk->walker->scratch, name);
        int number = pcre2_substring_number_from_name(code, (PCRE2_SPTR)terminated.data);
        bool is_known = number > 0 && number < REQUEST_WALK_CAPTURES;
        walk_set(walk, name, is_known,
                 is_known ? captured(walk->walker, (uint32_t)number, count, subject) : SLICE(""));
    }
}

static int match(struct request_walker *walker, const pcre2_code *code, struct slice subject,
                 uint32_t limit) {
    (void)pcre2_set_match_limit(walker->limits, limit);
    return pcre2_match(code, (PCRE2_SPTR)(subject.size > 0 ? subject.data : ""), subject.size, 0, 0,
                       walker->match, walker->limits);
}

bool walk_match(struct request_walk *walk, const struct regex *regex, bool ignores_case,
                struct slice subject) {
    struct request_walker *walker = walk->walker;
    const pcre2_code *code = find_code(walker, regex, ignores_case);
    int count = PCRE2_ERROR_MATCHLIMIT;
    if (code != NULL && walk_spend(walker, STEPS_OF_MATCH)) {
        count = match(walker, code, subject, USUAL_LIMIT);
    }
    if (code != NULL && count == PCRE2_ERROR_MATCHLIMIT &&
        walk_spend(walker, STEPS_OF_LONG_MATCH)) {
        count = match(walker, code, subject, LONG_LIMIT);
    }
    if (count < 0) {
        walk->is_lost |= count != PCRE2_ERROR_NOMATCH;
        return false;
    }
    count = count == 0 ? REQUEST_WALK_CAPTURES : count;
    for (uint32_t i = 0; i < REQUEST_WALK_CAPTURES; i++) {
        walk->captures[i] = captured(walker, i, count, subject);
    }
    take_named(walk, regex, code, count, subject);
    return true;
}

/* --- variables of the request --- */

static bool get_path(struct request_walk *walk, struct slice *text) {
    *text = walk->path;
    return true;
}

static bool get_args(struct request_walk *walk, struct slice *text) {
    *text = walk->args;
    return true;
}

static bool get_args_mark(struct request_walk *walk, struct slice *text) {
    *text = walk->args.size > 0 ? SLICE("?") : SLICE("");
    return true;
}

static bool get_request_uri(struct request_walk *walk, struct slice *text) {
    const struct request_url *url = &walk->url;
    *text = url->args.size == 0 ? url->path
                                : arena_format(&walk->walker->scratch, "%.*s?%.*s",
                                               SLICE_ARGS(url->path), SLICE_ARGS(url->args));
    return true;
}

/* A snippet's server is not known; neither is its host then. */
static bool get_scheme(struct request_walk *walk, struct slice *text) {
    *text = walk->url.is_tls ? SLICE("https") : SLICE("http");
    return walk->url.host.size > 0;
}

static bool get_https(struct request_walk *walk, struct slice *text) {
    *text = walk->url.is_tls ? SLICE("on") : SLICE("");
    return walk->url.host.size > 0;
}

static bool get_host(struct request_walk *walk, struct slice *text) {
    *text = walk->url.host;
    return text->size > 0;
}

static bool get_http_host(struct request_walk *walk, struct slice *text) {
    const struct request_url *url = &walk->url;
    bool is_usual = url->port == (url->is_tls ? 443 : 80);
    *text = is_usual
                ? url->host
                : arena_format(&walk->walker->scratch, "%.*s:%u", SLICE_ARGS(url->host), url->port);
    return url->host.size > 0;
}

static bool get_port(struct request_walk *walk, struct slice *text) {
    *text = arena_format(&walk->walker->scratch, "%u", walk->url.port);
    return walk->url.host.size > 0;
}

static bool get_server_name(struct request_walk *walk, struct slice *text) {
    const struct server *server = walk->server;
    if (server->names.count == 0 || server->names.items[0]->kind != SERVER_NAME_EXACT) {
        return false;
    }
    *text = server->names.items[0]->text;
    return text->size > 0;
}

static bool get_method(struct request_walk *walk, struct slice *text) {
    (void)walk;
    *text = SLICE("GET");
    return true;
}

static const struct {
    struct slice name;
    bool (*get)(struct request_walk *walk, struct slice *text);
} readers[] = {
    {SLICE_INIT("uri"), get_path},
    {SLICE_INIT("document_uri"), get_path},
    {SLICE_INIT("args"), get_args},
    {SLICE_INIT("query_string"), get_args},
    {SLICE_INIT("is_args"), get_args_mark},
    {SLICE_INIT("request_uri"), get_request_uri},
    {SLICE_INIT("scheme"), get_scheme},
    {SLICE_INIT("https"), get_https},
    {SLICE_INIT("host"), get_host},
    {SLICE_INIT("http_host"), get_http_host},
    {SLICE_INIT("server_port"), get_port},
    {SLICE_INIT("server_name"), get_server_name},
    {SLICE_INIT("request_method"), get_method},
};

/* As nginx looks for $arg_name. */
static struct slice find_argument(struct slice args, struct slice name) {
    while (args.size > 0) {
        struct slice pair = slice_take(args, slice_find_byte(args, '&'));
        args = slice_skip(args, pair.size + 1);
        if (pair.size > name.size && pair.data[name.size] == '=' &&
            slice_starts_with_nocase(pair, name)) {
            return slice_skip(pair, name.size + 1);
        }
    }
    return SLICE("");
}

bool request_walk_is_relayed(struct slice name) {
    static const struct slice beginnings[] = {
        SLICE_INIT("http_x_"),  SLICE_INIT("http_forwarded"),   SLICE_INIT("http_via"),
        SLICE_INIT("http_cf_"), SLICE_INIT("http_cloudfront_"), SLICE_INIT("http_front_end_")};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (slice_starts_with_nocase(name, beginnings[i])) {
            return true;
        }
    }
    return false;
}

static bool evaluate_builtin(struct request_walk *walk, struct slice name, struct slice *text) {
    bool is_cookie =
        slice_starts_with(name, SLICE("cookie_")) || slice_equals(name, SLICE("http_cookie"));
    walk->depends_on_cookies |= is_cookie;
    if (walk->wish.name.size > 0 && slice_equals(walk->wish.name, name)) {
        *text = walk->wish.value;
        return true;
    }
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (slice_equals(readers[i].name, name)) {
            return readers[i].get(walk, text);
        }
    }
    *text = SLICE("");
    if (slice_starts_with(name, SLICE("arg_"))) {
        *text = find_argument(walk->args, slice_skip(name, strlen("arg_")));
        return true;
    }
    /* It is the client's choice to send none. */
    return is_cookie || (slice_starts_with(name, SLICE("http_")) && !request_walk_is_relayed(name));
}

/* --- variables of the configuration --- */

static bool evaluate(struct request_walk *walk, const struct template *template, uint32_t depth,
                     struct slice *text);

static bool evaluate_map(struct request_walk *walk, const struct map_definition *map,
                         uint32_t depth, struct slice *text) {
    struct slice subject;
    if (map->hostnames || !evaluate(walk, &map->subject, depth + 1, &subject) ||
        !walk_spend(walk->walker, map->keys.count + 1)) {
        return false;
    }
    for (size_t i = 0; i < map->keys.count; i++) {
        if (slice_equals_nocase(map->keys.items[i].text, subject)) {
            return evaluate(walk, &map->keys.items[i].value, depth + 1, text);
        }
    }
    for (size_t i = 0; i < map->expressions.count; i++) {
        if (walk_match(walk, map->expressions.items[i].regex, false, subject)) {
            return evaluate(walk, &map->expressions.items[i].value, depth + 1, text);
        }
    }
    return evaluate(walk, &map->otherwise, depth + 1, text);
}

/* Whether it is empty as long as no step gave it a value. */
static bool is_given_by_steps(const struct config_variable *variable) {
    for (size_t i = 0; i < variable->definitions.count; i++) {
        enum definition_kind kind = variable->definitions.items[i].kind;
        if (kind != DEFINED_BY_SET && kind != DEFINED_BY_CAPTURE) {
            return false;
        }
    }
    return variable->definitions.count > 0;
}

static bool evaluate_variable(struct request_walk *walk, const struct config_variable *variable,
                              uint32_t depth, struct slice *text) {
    const struct walk_value *value = map_find(&walk->values, variable->name);
    if (value != NULL) {
        *text = value->text;
        return value->is_known;
    }
    *text = SLICE("");
    if (is_given_by_steps(variable)) {
        return true;
    }
    return variable->definitions.count == 1 && variable->definitions.items[0].map != NULL &&
           evaluate_map(walk, variable->definitions.items[0].map, depth, text);
}

/* --- templates --- */

static bool evaluate_part(struct request_walk *walk, const struct template_part *part,
                          uint32_t depth, struct slice *text) {
    switch (part->kind) {
    case PART_TEXT:
        *text = part->text;
        return true;
    case PART_CAPTURE:
        *text = part->capture < REQUEST_WALK_CAPTURES ? walk->captures[part->capture] : SLICE("");
        return part->capture < REQUEST_WALK_CAPTURES;
    case PART_CONFIG:
        return evaluate_variable(walk, part->variable, depth, text);
    case PART_BUILTIN:
    case PART_KNOWN:
        break;
    }
    return evaluate_builtin(walk, part->text, text);
}

static bool evaluate(struct request_walk *walk, const struct template *template, uint32_t depth,
                     struct slice *text) {
    struct text value;
    if (depth > DEEPEST) {
        return false;
    }
    text_init(&value, &walk->walker->scratch);
    for (size_t i = 0; i < template->parts.count; i++) {
        struct slice part;
        if (!evaluate_part(walk, &template->parts.items[i], depth, &part)) {
            return false;
        }
        text_add(&value, part);
    }
    *text = text_slice(&value);
    return true;
}

bool walk_evaluate(struct request_walk *walk, const struct template *template, struct slice *text) {
    return evaluate(walk, template, 0, text);
}

/* --- conditions --- */

static bool holds_no_file(struct slice text) {
    const struct slice wanted = SLICE(REQUEST_WALK_NO_FILE);
    for (size_t i = 0; i + wanted.size <= text.size; i++) {
        if (slice_starts_with(slice_skip(text, i), wanted)) {
            return true;
        }
    }
    return false;
}

static bool has_alias(const struct request_walk *walk) {
    return walk->location != NULL && walk->location->settings->alias.statement != NULL;
}

bool walk_is_no_file(struct request_walk *walk, const struct template *name) {
    for (size_t i = 0; i < name->parts.count; i++) {
        const struct template_part *part = &name->parts.items[i];
        struct slice text;
        /* The path is its end, unless there is an alias. */
        if (slice_equals(part->text, SLICE("request_filename")) && !has_alias(walk)) {
            text = walk->path;
        } else if (!evaluate_part(walk, part, 0, &text)) {
            continue;
        }
        if (holds_no_file(text)) {
            walk->depends_on_files = true;
            return true;
        }
    }
    return false;
}

static enum walk_truth truth(bool value) {
    return value ? WALK_TRUE : WALK_FALSE;
}

static enum walk_truth judge_positive(struct request_walk *walk,
                                      const struct condition *condition) {
    struct slice subject;
    struct slice value;
    if (condition->kind == CONDITION_FILE) {
        return walk_is_no_file(walk, &condition->subject) ? WALK_FALSE : WALK_UNKNOWN;
    }
    if (!walk_evaluate(walk, &condition->subject, &subject)) {
        return WALK_UNKNOWN;
    }
    switch (condition->kind) {
    case CONDITION_TRUE:
        return truth(subject.size > 0 && !slice_equals(subject, SLICE("0")));
    case CONDITION_EQUAL:
        return walk_evaluate(walk, &condition->value, &value) ? truth(slice_equals(subject, value))
                                                              : WALK_UNKNOWN;
    case CONDITION_REGEX:
        return truth(walk_match(walk, condition->regex, false, subject));
    case CONDITION_FILE:
        break;
    }
    return WALK_UNKNOWN;
}

enum walk_truth walk_judge(struct request_walk *walk, const struct condition *condition) {
    enum walk_truth positive = judge_positive(walk, condition);
    if (positive == WALK_UNKNOWN || !condition->is_negated) {
        return positive;
    }
    return truth(positive == WALK_FALSE);
}
