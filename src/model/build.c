/* The walk from tree to model: which kind of file it is, one statement after the other, then what
 * can be decided only when everything is read. */
#include "model/reading.h"

struct scope build_inner_scope(struct scope *outer, struct statement *statement, uint32_t context) {
    return (struct scope){
        .outer = outer,
        .context = context,
        .owner = statement,
        .settings = outer->settings,
        .server = outer->server,
        .location = outer->location,
        .upstream = outer->upstream,
        .rewrite = outer->rewrite,
        .is_refused = outer->is_refused,
    };
}

static bool is_list(enum directive_storage storage) {
    return storage == STORAGE_REQUEST_LIMITS || storage == STORAGE_CONNECTION_LIMITS ||
           storage == STORAGE_WORDS || storage == STORAGE_HEADERS || storage == STORAGE_NAMES ||
           storage == STORAGE_ACCESS_LOGS || storage == STORAGE_ERROR_LOGS ||
           storage == STORAGE_ERROR_PAGES || storage == STORAGE_ACCESS_RULES ||
           storage == STORAGE_REFERERS || storage == STORAGE_REPLACEMENTS ||
           storage == STORAGE_COOKIE_RULES || storage == STORAGE_TEMPLATES ||
           storage == STORAGE_TYPES || storage == STORAGE_TRUSTED_NETWORKS ||
           storage == STORAGE_EXPRESSIONS || storage == STORAGE_ASSIGNMENTS;
}

/* Whether nginx refuses a second one in the same block. */
static bool may_stand_once(const struct directive *directive) {
    switch (directive->group) {
    case GROUP_HTTP:
    case GROUP_SERVER:
        return !is_list(directive->storage);
    case GROUP_PROCESS:
    case GROUP_UPSTREAM:
        return true;
    case GROUP_PLAIN:
        return directive->form == FORM_BLOCK && (directive->contexts & C_MAIN) != 0;
    case GROUP_LISTED:
        return directive->form == FORM_FLAG;
    }
    return false;
}

/* Whether its block remembers itself what has been given in it. */
static bool is_remembered(const struct directive *directive) {
    return directive->group == GROUP_HTTP || directive->group == GROUP_SERVER;
}

/* The earlier statement of the same directive in this block, or NULL. */
static const struct statement *find_earlier(const struct model *model, const struct scope *scope,
                                            const struct directive *directive) {
    if (directive->group == GROUP_HTTP) {
        return scope->settings->is_own[directive->setting]
                   ? scope->settings->origin[directive->setting]
                   : NULL;
    }
    if (directive->group == GROUP_SERVER) {
        const struct server_settings *settings = settings_find_server(model, scope);
        return settings != NULL && settings->is_own[directive->setting]
                   ? settings->origin[directive->setting]
                   : NULL;
    }
    struct slice name = slice_from_string(directive->name);
    for (size_t i = 0; i < scope->seen.count; i++) {
        if (slice_equals(statement_name(scope->seen.items[i]), name)) {
            return scope->seen.items[i];
        }
    }
    return NULL;
}

static void *find_field(struct model *model, struct scope *scope,
                        const struct directive *directive) {
    char *owner = NULL;
    switch (directive->group) {
    case GROUP_HTTP:
        owner = (char *)settings_own(model, scope);
        break;
    case GROUP_SERVER:
        owner = (char *)settings_own_server(model, scope);
        break;
    case GROUP_PROCESS:
        owner = (char *)&model->process;
        break;
    case GROUP_UPSTREAM:
        owner = (char *)scope->upstream;
        break;
    case GROUP_PLAIN:
    case GROUP_LISTED:
        break;
    }
    return owner == NULL ? NULL : owner + directive->offset;
}

static void remember(struct model *model, const struct scope *scope,
                     const struct directive *directive, const struct statement *statement) {
    if (directive->group == GROUP_HTTP) {
        scope->settings->is_own[directive->setting] = true;
        scope->settings->origin[directive->setting] = statement;
    } else if (directive->group == GROUP_SERVER) {
        struct server_settings *settings = settings_own_server(model, scope);
        settings->is_own[directive->setting] = true;
        settings->origin[directive->setting] = statement;
    }
}

/* Settings that are only understood; whatever else is, its setter refuses. */
static void refuse_known(struct model *model, const struct directive *directive,
                         const struct statement *statement) {
    if (directive->state == STATE_KNOWN && directive->group != GROUP_LISTED &&
        directive->group != GROUP_PLAIN) {
        refuse(model, statement, statement->words[0].span, "directive \"%s\"", directive->name);
    }
}

static void set_directive(struct model *model, struct scope *scope,
                          const struct directive *directive, struct statement *statement) {
    if (may_stand_once(directive)) {
        const struct statement *earlier = find_earlier(model, scope, directive);
        if (earlier != NULL) {
            structure_report_duplicate(model, statement, earlier);
            return;
        }
        if (!is_remembered(directive)) {
            VECTOR_PUSH(model->arena, &scope->seen, statement);
        }
    }
    struct setter_call call = {
        .model = model,
        .scope = scope,
        .directive = directive,
        .statement = statement,
        .origin = statement,
        .field = find_field(model, scope, directive),
    };
    refuse_known(model, directive, statement);
    if (directive->set(&call)) {
        remember(model, scope, directive, statement);
    }
}

void build_block(struct model *model, struct scope *scope, struct block *block) {
    struct tree_walk walk = tree_walk_begin(block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        progress_step(model->tree->progress);
        const struct directive *directive = structure_check(model, scope, s);
        if (directive == NULL) {
            continue;
        }
        size_t reported = model->diagnostics->all.count;
        set_directive(model, scope, directive, s);
        if (directive->max_arguments == MANY && model->diagnostics->all.count == reported) {
            structure_warn_semicolon(model, scope->context, s);
        }
    }
}

bool model_set_events_block(const struct setter_call *call) {
    struct scope inner = build_inner_scope(call->scope, call->statement, C_EVENTS);
    build_block(call->model, &inner, call->statement->block);
    return true;
}

bool model_set_http_block(const struct setter_call *call) {
    struct scope inner = build_inner_scope(call->scope, call->statement, C_HTTP);
    inner.settings = call->model->http_settings;
    build_block(call->model, &inner, call->statement->block);
    return true;
}

/* The tree's walk steps into included files; an include statement itself never gets here. */
bool model_set_include(const struct setter_call *call) {
    (void)call;
    return true;
}

/* --- What kind of file it is --- */

static const uint32_t root_contexts[] = {C_MAIN, C_HTTP, C_SERVER, C_LOCATION};

#define ROOT_COUNT (sizeof root_contexts / sizeof root_contexts[0])

static bool fits(const struct catalogue *catalogue, const struct statement *statement,
                 uint32_t context) {
    const struct directive *directive =
        catalogue_find_in(catalogue, statement_name(statement), context);
    return directive != NULL && (directive->form == FORM_BLOCK) == (statement->block != NULL);
}

/* The context in which most of the outermost statements may stand; the outer one when several are
 * as good. A block that can only be part of a whole nginx.conf settles it. */
static uint32_t recognise(const struct catalogue *catalogue, struct block *root) {
    size_t scores[ROOT_COUNT] = {0};
    struct tree_walk walk = tree_walk_begin(root);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        const struct directive_chain *chain = catalogue_find(catalogue, statement_name(s));
        if (chain != NULL && chain->contexts == C_MAIN && s->block != NULL) {
            return C_MAIN;
        }
        for (size_t i = 0; i < ROOT_COUNT; i++) {
            scores[i] += fits(catalogue, s, root_contexts[i]);
        }
    }
    size_t best = 1; /* http, when nothing says anything */
    for (size_t i = ROOT_COUNT; i-- > 0;) {
        if (scores[i] > 0 && scores[i] >= scores[best]) {
            best = i;
        }
    }
    return root_contexts[best];
}

/* --- Snippets: a server, and maybe a location, are implied around them --- */

static struct statement *implied_statement(struct model *model, const char *name,
                                           const char *argument) {
    struct block *root = model->tree->root;
    struct span span = root->first != NULL ? root->first->words[0].span : root->open;
    struct statement *statement = arena_require(model->arena, sizeof *statement);
    statement->word_count = argument == NULL ? 1 : 2;
    statement->words = arena_require(model->arena, 2 * sizeof *statement->words);
    statement->words[0] = (struct word){.span = span, .text = slice_from_string(name)};
    if (argument != NULL) {
        statement->words[1] = (struct word){.span = span, .text = slice_from_string(argument)};
    }
    statement->span = span;
    statement->parent = root;
    statement->block = root;
    return statement;
}

static void build_server_snippet(struct model *model, struct scope *http, bool is_location) {
    struct server *server = server_create(model, implied_statement(model, "server", NULL));
    server->is_implied = true;
    model->is_snippet = true;
    struct scope scope = *http;
    scope.context = C_SERVER;
    scope.server = server;
    scope.settings = server->settings;
    scope.rewrite = &server->rewrite;
    if (is_location) {
        struct location *location =
            location_create(model, &scope, implied_statement(model, "location", "/"));
        location->name = SLICE("/");
        location->name_word = &location->statement->words[1];
        VECTOR_PUSH(model->arena, &server->locations, location);
        scope.context = C_LOCATION;
        scope.location = location;
        scope.settings = location->settings;
        scope.rewrite = &location->rewrite;
    }
    build_block(model, &scope, model->tree->root);
    server_finish(model, server);
}

static void build_root(struct model *model) {
    uint32_t context = recognise(&model->reading->catalogue, model->tree->root);
    struct scope scope = {.context = context, .settings = model->http_settings};
    if (context == C_SERVER || context == C_LOCATION) {
        build_server_snippet(model, &scope, context == C_LOCATION);
        return;
    }
    if (context == C_MAIN) {
        scope.settings = model->main_settings;
    }
    build_block(model, &scope, model->tree->root);
}

static void prepare(struct model *model, struct tree *tree) {
    *model = (struct model){.arena = tree->arena, .tree = tree, .diagnostics = tree->diagnostics};
    struct reading *reading = arena_require(model->arena, sizeof *reading);
    model->reading = reading;
    catalogue_init(&reading->catalogue, model->arena);
    map_init(&reading->implicit_upstreams, model->arena);
    map_init(&reading->good_values, model->arena);
    map_init(&reading->command_verdicts, model->arena);
    map_init(&reading->matches, model->arena);
    map_init(&reading->log_formats, model->arena);
    map_init(&reading->log_formats_found, model->arena);
    map_init(&reading->buffered_logs, model->arena);
    map_init(&model->upstreams_by_name, model->arena);
    map_init(&model->variables_by_name, model->arena);
    map_init(&model->zones, model->arena);
    reading->no_settings = settings_create(model, NULL);
    struct settings *defaults = settings_create(model, NULL);
    settings_set_defaults(model, defaults);
    reading->defaults = defaults;
    settings_set_process_defaults(model);
    settings_set_upstream_defaults(model, &reading->upstream_defaults);
    model->http_own_settings = arena_require(model->arena, sizeof *model->http_own_settings);
    settings_set_server_defaults(model, &reading->server_defaults);
    model->main_settings = settings_create(model, defaults);
    model->http_settings = settings_create(model, model->main_settings);
    log_add_combined(model);
}

void model_build(struct model *model, struct tree *tree) {
    prepare(model, tree);
    build_root(model);
    settings_inherit(model);
    log_resolve(model);
    proxy_resolve(model);
    upstream_zone_check(model);
    resolver_resolve(model);
    tls_check(model);
    health_resolve(model);
    location_check_duplicates(model);
    listener_build(model);
    tls_server_check(model);
    variables_resolve(model);
}
