/* Rule rewrite-loop: rewrites and redirects that lead to where they stand. Requests that may go
 * round are made up from the names and expressions of locations, and followed by request_walk.h. */
#include "base/text.h"
#include "check/pattern.h"
#include "check/regex_sample.h"
#include "check/request_walk.h"
#include "check/rules.h"
#include "check/steps.h"
#include "model/mapping.h"

/* Clients follow no more redirects than that. */
#define MOST_REDIRECTS 20
/* Requests that are made up for a location or a server, keys of a map that are asked for, and names
 * of a server that they are for. */
#define MOST_TRIALS 24
#define MOST_KEYS 1000
#define MOST_NAMES 4

struct trial {
    struct slice path;
    struct slice args;
    struct request_wish wish;
};

struct trial_list {
    VECTOR_OF(struct trial) items;
};

struct loop_search {
    struct finding_list *findings;
    struct request_walker walker;
    struct map reported; /* statements, by their addresses */
};

/* Whether a step changes the path for another location, or redirects. */
static bool leads_on(const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if ((step->kind == REWRITE_PATH && step->rewriting->flag != TABLE_REWRITE_BREAK) ||
            (step->kind == REWRITE_RETURN && step->is_redirect) ||
            (step->kind == REWRITE_IF && leads_on(&step->block->rewrite))) {
            return true;
        }
    }
    return false;
}

/* --- requests to try --- */

static void add_trial(struct loop_search *search, struct trial_list *trials, struct trial trial) {
    if (trials->items.count >= MOST_TRIALS || !request_walk_is_plain_path(trial.path)) {
        return;
    }
    for (size_t i = 0; i < trials->items.count; i++) {
        const struct trial *other = &trials->items.items[i];
        if (slice_equals(other->path, trial.path) && slice_equals(other->args, trial.args) &&
            slice_equals(other->wish.name, trial.wish.name) &&
            slice_equals(other->wish.value, trial.wish.value)) {
            return;
        }
    }
    VECTOR_PUSH(&search->walker.scratch, &trials->items, trial);
}

static void add_path(struct loop_search *search, struct trial_list *trials, struct slice path) {
    add_trial(search, trials, (struct trial){.path = path});
}

/* Paths that a map knows. */
static void add_keys(struct loop_search *search, struct trial_list *trials,
                     const struct template *subject) {
    const struct template_part *part = &subject->parts.items[0];
    if (subject->parts.count != 1 || part->kind != PART_CONFIG ||
        part->variable->definitions.count != 1) {
        return;
    }
    const struct map_definition *map = part->variable->definitions.items[0].map;
    for (size_t i = 0; map != NULL && i < map->keys.count && i < MOST_KEYS; i++) {
        if (request_walk_is_plain_path(map->keys.items[i].text)) {
            VECTOR_PUSH(&search->walker.scratch, &trials->items,
                        (struct trial){.path = map->keys.items[i].text});
        }
    }
}

/* A path that an expression may match: its literal texts, and something in each gap. */
static struct slice fill_gaps(struct arena *arena, const struct regex *regex, const char *filling) {
    struct pattern pattern = pattern_read(arena, regex->pattern, false);
    if (pattern.texts.items.count == 0) {
        return SLICE("/x");
    }
    const struct pattern_text *text = &pattern.texts.items.items[0];
    const char *slash = slice_starts_with(text->text, SLICE("/")) ? "" : "/x";
    return arena_format(arena, "%s%.*s%s%.*s", slash, SLICE_ARGS(text->text),
                        text->is_open ? filling : "", SLICE_ARGS(text->ending));
}

/* A text that the expression matches, or "". */
static struct slice make_sample(struct loop_search *search, const struct regex *regex) {
    struct regex_sample sample;
    const struct regex_tree *tree = dataflow_regex_tree(check_flow(search->findings), regex);
    return regex_sample_make(&search->walker.scratch, tree, &sample) ? sample.text : SLICE("");
}

static void add_matching(struct loop_search *search, struct trial_list *trials,
                         const struct regex *regex) {
    struct arena *arena = &search->walker.scratch;
    struct slice sample = make_sample(search, regex);
    add_path(search, trials, fill_gaps(arena, regex, "x"));
    add_path(search, trials, fill_gaps(arena, regex, REQUEST_WALK_NO_FILE));
    add_path(search, trials,
             slice_starts_with(sample, SLICE("/"))
                 ? sample
                 : arena_format(arena, "/x%.*s", SLICE_ARGS(sample)));
}

/* What a variable has to be for the condition to be met, where it is the client's to choose. */
static struct request_wish make_wish(struct loop_search *search,
                                     const struct condition *condition) {
    struct request_wish nothing = {0};
    struct slice value = SLICE("1");
    if (condition->is_negated || condition->subject.parts.count != 1 ||
        condition->kind == CONDITION_FILE) {
        return nothing;
    }
    if (condition->kind == CONDITION_EQUAL &&
        !template_is_constant(search->findings->model, &condition->value, &value)) {
        return nothing;
    }
    if (condition->kind == CONDITION_REGEX) {
        value = make_sample(search, condition->regex);
    }
    return (struct request_wish){.name = condition->subject.parts.items[0].text, .value = value};
}

/* Whether a header, or with no `others` in it an argument, can have the value as it is. */
static bool is_sendable(struct slice value, const char *others) {
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] <= ' ' || value.data[i] > '~' || strchr(others, value.data[i]) != NULL) {
            return false;
        }
    }
    return true;
}

static void add_wish(struct loop_search *search, struct trial_list *trials,
                     const struct condition *condition, struct slice path) {
    struct request_wish wish = make_wish(search, condition);
    if (!is_sendable(wish.value, "")) {
        return;
    }
    if (slice_starts_with(wish.name, SLICE("arg_")) && is_sendable(wish.value, "&#%+?")) {
        struct slice args =
            arena_format(&search->walker.scratch, "%.*s=%.*s",
                         SLICE_ARGS(slice_skip(wish.name, strlen("arg_"))), SLICE_ARGS(wish.value));
        add_trial(search, trials, (struct trial){.path = path, .args = args});
    } else if (slice_starts_with(wish.name, SLICE("http_")) ||
               slice_starts_with(wish.name, SLICE("cookie_")) ||
               slice_equals(wish.name, SLICE("request_method"))) {
        add_trial(search, trials, (struct trial){.path = path, .wish = wish});
    } else if (condition->kind == CONDITION_REGEX &&
               (slice_equals(wish.name, SLICE("uri")) ||
                slice_equals(wish.name, SLICE("request_uri")))) {
        add_matching(search, trials, condition->regex);
    }
}

static void add_steps(struct loop_search *search, struct trial_list *trials,
                      const struct rewrite *rewrite, struct slice path) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_PATH) {
            add_matching(search, trials, step->rewriting->regex);
        } else if (step->kind == REWRITE_IF && step->condition != NULL) {
            add_wish(search, trials, step->condition, path);
            add_steps(search, trials, &step->block->rewrite, path);
            add_keys(search, trials, &step->condition->subject);
        }
    }
}

static void add_location(struct loop_search *search, struct trial_list *trials,
                         const struct location *location) {
    struct arena *arena = &search->walker.scratch;
    bool is_regex = location->regex != NULL;
    struct slice path = is_regex ? fill_gaps(arena, location->regex, "x") : location->name;
    if (leads_on(&location->rewrite)) {
        add_path(search, trials, path);
        add_path(search, trials, arena_format(arena, "%.*sx", SLICE_ARGS(path)));
        if (is_regex) {
            add_matching(search, trials, location->regex);
        }
        add_steps(search, trials, &location->rewrite, path);
    }
    add_path(search, trials,
             is_regex ? fill_gaps(arena, location->regex, REQUEST_WALK_NO_FILE)
                      : arena_format(arena, "%.*s%s" REQUEST_WALK_NO_FILE, SLICE_ARGS(path),
                                     slice_ends_with(path, SLICE("/")) ? "" : "/"));
}

/* A host that a name of the server is asked for by; empty: not known. */
static struct slice make_host(struct loop_search *search, const struct server_name *name) {
    switch (name->kind) {
    case SERVER_NAME_EXACT:
        return name->text.size == 0 || slice_equals(name->text, SLICE("_")) ? SLICE("any.example")
                                                                            : name->text;
    case SERVER_NAME_BOTH:
        return slice_skip(name->text, 1);
    case SERVER_NAME_LEADING:
        return arena_format(&search->walker.scratch, "any%.*s", SLICE_ARGS(name->text));
    case SERVER_NAME_REGEX:
        return name->regex != NULL ? make_sample(search, name->regex) : SLICE("");
    case SERVER_NAME_TRAILING:
        break;
    }
    return SLICE("");
}

/* --- findings --- */

static struct slice tell_url(struct arena *arena, const struct request_url *url) {
    struct slice question = url->args.size > 0 ? SLICE("?") : SLICE("");
    const char *scheme = url->is_tls ? "https" : "http";
    if (url->port == (url->is_tls ? 443 : 80)) {
        return arena_format(arena, "%s://%.*s%.*s%.*s%.*s", scheme, SLICE_ARGS(url->host),
                            SLICE_ARGS(url->path), SLICE_ARGS(question), SLICE_ARGS(url->args));
    }
    return arena_format(arena, "%s://%.*s:%u%.*s%.*s%.*s", scheme, SLICE_ARGS(url->host), url->port,
                        SLICE_ARGS(url->path), SLICE_ARGS(question), SLICE_ARGS(url->args));
}

/* True the first time. */
static bool remember(struct loop_search *search, const struct statement *statement) {
    struct slice key = {(const char *)&statement, sizeof statement};
    if (map_find(&search->reported, key) != NULL) {
        return false;
    }
    map_insert(&search->reported, arena_copy_slice(search->findings->model->arena, key), search);
    return true;
}

/* Under what condition it goes round. */
static void note_condition(struct arena *arena, struct diagnostic *diagnostic,
                           const struct request_walk *walk) {
    if (walk->met == NULL) {
        return;
    }
    struct span span = walk->met->statement->words[0].span;
    if (walk->met->condition->kind == CONDITION_FILE) {
        diagnostic_note(arena, diagnostic, span, "here, as there is no such file");
    } else if (walk->wish.name.size > 0) {
        diagnostic_note(arena, diagnostic, span, "here, as with $%.*s being \"%.*s\"",
                        SLICE_ARGS(walk->wish.name), SLICE_ARGS(walk->wish.value));
    } else {
        diagnostic_note(arena, diagnostic, span, "here, as this condition is met");
    }
}

static void report_rewrite(struct loop_search *search, const struct request_walk *walk) {
    struct arena *arena = search->findings->model->arena;
    if (!remember(search, walk->last)) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        search->findings, RULE_rewrite_loop, walk->last->words[0].span,
        "\"%.*s%s%.*s\" is rewritten again and again, until it is answered with 500",
        SLICE_ARGS(walk->url.path), walk->url.args.size > 0 ? "?" : "", SLICE_ARGS(walk->url.args));
    note_condition(arena, diagnostic, walk);
    if (slice_equals(statement_name(walk->last), SLICE("try_files"))) {
        diagnostic_help(arena, diagnostic,
                        "let its last word be a named location, a status, or a file that is there");
        return;
    }
    diagnostic_help(arena, diagnostic,
                    "end it with \"break\" to stay in the location, or let the expression "
                    "match no path that is rewritten already");
}

/* A redirect on the way. */
struct hop {
    struct slice url;
    struct request_walk walk;
};

/* The hops from `first` on lead back to it. */
static void report_redirect(struct loop_search *search, const struct hop *hops, size_t first,
                            size_t count) {
    struct arena *arena = search->findings->model->arena;
    const struct hop *hop = &hops[first];
    bool is_new = false;
    for (size_t i = first; i < count; i++) {
        is_new |= remember(search, hops[i].walk.last);
    }
    if (!is_new) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        search->findings, RULE_rewrite_loop, hop->walk.last->words[0].span,
        count - first == 1 ? "\"%.*s\" is redirected to itself, until clients give up"
                           : "\"%.*s\" is redirected round to itself, until clients give up",
        SLICE_ARGS(hop->url));
    note_condition(arena, diagnostic, &hop->walk);
    for (size_t i = first + 1; i < count; i++) {
        diagnostic_note(arena, diagnostic, hops[i].walk.last->words[0].span,
                        "from here \"%.*s\" leads on", SLICE_ARGS(hops[i].url));
    }
    diagnostic_help(arena, diagnostic,
                    count - first == 1
                        ? "answer what it leads to by a location or a server of its own"
                        : "let one of them answer what the others lead to");
}

/* Each time to another URL. */
static void report_endless(struct loop_search *search, const struct hop *hops) {
    const struct hop *hop = &hops[MOST_REDIRECTS - 1];
    if (!remember(search, hop->walk.last)) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        search->findings, RULE_rewrite_loop, hop->walk.last->words[0].span,
        "\"%.*s\" is redirected again and again, until clients give up", SLICE_ARGS(hops[0].url));
    note_condition(search->findings->model->arena, diagnostic, &hop->walk);
    diagnostic_help(search->findings->model->arena, diagnostic,
                    "let the expression match no path that it has led to");
}

/* --- the search --- */

/* Sends a request, and follows it through redirects. */
static void try_request(struct loop_search *search, const struct server *server,
                        struct request_url url, const struct request_wish *wish) {
    struct hop hops[MOST_REDIRECTS];
    /* Behind a redirect clients use another method, proxies write other headers, and an answer may
     * set the cookie that ends it. */
    bool may_end =
        slice_equals(wish->name, SLICE("request_method")) || request_walk_is_relayed(wish->name);
    for (size_t count = 0; count < MOST_REDIRECTS; count++) {
        struct hop *hop = &hops[count];
        enum request_end end = request_walk_run(&search->walker, &hop->walk, server, &url, wish);
        if (end == REQUEST_ROUND) {
            report_rewrite(search, &hop->walk);
        }
        may_end |= hop->walk.depends_on_cookies;
        if (end != REQUEST_REDIRECTED || may_end || url.host.size == 0) {
            return;
        }
        hop->url = tell_url(&search->walker.scratch, &url);
        for (size_t first = 0; first < count; first++) {
            if (slice_equals(hops[first].url, hop->url)) {
                report_redirect(search, hops, first, count);
                return;
            }
        }
        if (!request_walk_follow(&hop->walk, &url, &server)) {
            return;
        }
    }
    report_endless(search, hops);
}

/* Where a client reaches the server, by its listens; without a host when another one is reached
 * there, or none. */
static bool find_url(struct loop_search *search, const struct server *server, size_t number,
                     struct slice host, struct request_url *url) {
    *url = (struct request_url){0};
    if (server->is_implied || server->listens.count == 0) {
        return number == 0;
    }
    const struct listen *listen = server->listens.items[number];
    for (size_t i = 0; i < number; i++) {
        const struct listen *other = server->listens.items[i];
        if (other->address.port == listen->address.port) {
            return false;
        }
    }
    *url = (struct request_url){.is_tls = listen->ssl, .port = listen->address.port, .host = host};
    bool is_named;
    if (request_walk_find_server(&search->walker, url, &is_named) != server) {
        url->host = SLICE("");
    }
    return true;
}

/* For one of the server's names. */
static void try_trials(struct loop_search *search, const struct server *server, struct slice host,
                       const struct trial_list *trials) {
    for (size_t i = 0; i == 0 || i < server->listens.count; i++) {
        struct request_url url;
        if (!find_url(search, server, i, host, &url)) {
            continue;
        }
        for (size_t j = 0; j < trials->items.count; j++) {
            url.path = trials->items.items[j].path;
            url.args = trials->items.items[j].args;
            try_request(search, server, url, &trials->items.items[j].wish);
        }
    }
}

static void search_server(struct loop_search *search, const struct server *server) {
    struct trial_list trials = {0};
    if (!leads_on(&server->rewrite)) {
        return;
    }
    add_path(search, &trials, SLICE("/"));
    add_path(search, &trials, SLICE("/x"));
    add_steps(search, &trials, &server->rewrite, SLICE("/"));
    for (size_t i = 0; i < MOST_NAMES && (i == 0 || i < server->names.count); i++) {
        struct slice host =
            i < server->names.count ? make_host(search, server->names.items[i]) : SLICE("");
        try_trials(search, server, host, &trials);
    }
}

static void search_location(struct loop_search *search, const struct location *location) {
    struct finding_list *findings = search->findings;
    struct trial_list trials = {0};
    const struct server *server = location->server;
    if (location->is_condition || location->kind == TABLE_LOCATION_NAMED || server == NULL ||
        (!leads_on(&location->rewrite) && location->try_files == NULL) ||
        steps_always_leave(findings->model->arena, &server->rewrite, STEPS_OF_SERVER)) {
        return;
    }
    add_location(search, &trials, location);
    try_trials(search, server,
               server->names.count > 0 ? make_host(search, server->names.items[0]) : SLICE(""),
               &trials);
}

void check_rule_rewrite_loop(struct finding_list *findings) {
    struct loop_search search = {.findings = findings};
    map_init(&search.reported, findings->model->arena);
    if (request_walker_init(&search.walker, findings->model)) {
        for (size_t i = 0; search.walker.budget > 0 && i < findings->model->servers.count; i++) {
            search_server(&search, findings->model->servers.items[i]);
            arena_reset(&search.walker.scratch);
        }
        for (size_t i = 0; search.walker.budget > 0 && i < findings->site.locations.count; i++) {
            search_location(&search, findings->site.locations.items[i]);
            arena_reset(&search.walker.scratch);
        }
    }
    request_walker_release(&search.walker);
}
