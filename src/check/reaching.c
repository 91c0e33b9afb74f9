/* Which definitions, captures and guards are in effect at a place; see reaching.h. */
#include "check/reaching.h"

#include "check/steps.h"

/* When a definition takes effect, as seen from the place of use. */
enum phase {
    PHASE_LOCATION,  /* in the location of use or an `if` of it */
    PHASE_SERVER,    /* at server level */
    PHASE_ELSEWHERE, /* in another location of the server */
    PHASE_ANYWHERE,  /* evaluated on use: map, geo */
    PHASE_NEVER,     /* after the use */
};

/* --- which block is what --- */

/* A map's key for something by its identity; lives in the arena like the map. */
static struct slice identity_key(struct arena *arena, const void *first, const void *second) {
    const void **key = arena_require(arena, 2 * sizeof *key);
    key[0] = first;
    key[1] = second;
    return (struct slice){(const char *)key, 2 * sizeof *key};
}

/* The same for a lookup only. */
#define LOOKUP_KEY(first, second)                                                                  \
    ((struct slice){(const char *)(const void *[]){(first), (second)}, 2 * sizeof(const void *)})

static void index_block(struct dataflow *flow, const struct statement *statement,
                        const struct server *server, const struct location *location) {
    struct arena *arena = flow->model->arena;
    struct dataflow_place *place = arena_require(arena, sizeof *place);
    *place = (struct dataflow_place){.server = server, .location = location};
    map_insert(&flow->scopes, identity_key(arena, statement, NULL), place);
}

static void index_blocks(struct dataflow *flow, const struct site *site) {
    for (size_t i = 0; i < flow->model->servers.count; i++) {
        const struct server *server = flow->model->servers.items[i];
        if (server->statement != NULL) {
            index_block(flow, server->statement, server, NULL);
        }
    }
    for (size_t i = 0; i < site->locations.count; i++) {
        const struct location *location = site->locations.items[i];
        index_block(flow, location->statement, location->server, location);
    }
}

/* The innermost server or location that `statement` stands in or is itself the head of. */
static struct dataflow_place find_scope(const struct dataflow *flow,
                                        const struct statement *statement) {
    for (const struct statement *s = statement; s != NULL; s = statement_owner(s)) {
        const struct dataflow_place *place = map_find(&flow->scopes, LOOKUP_KEY(s, NULL));
        if (place != NULL) {
            return *place;
        }
    }
    struct dataflow_place outermost = {0};
    if (flow->model->is_snippet && flow->model->servers.count > 0) {
        outermost.server = flow->model->servers.items[0];
    }
    return outermost;
}

/* One variable's definitions within one server, in order; or those outside of all servers and
 * those that are evaluated on use. */
struct local_definition {
    const struct variable_definition *definition;
    struct dataflow_place scope; /* the block it stands in */
};
struct local_definitions {
    VECTOR_OF(struct local_definition) items;
};

/* A snippet's variables that are defined outside of it have definitions without a statement. */
static bool takes_effect_in_order(const struct variable_definition *definition) {
    return definition->statement != NULL &&
           (definition->kind == DEFINED_BY_SET || definition->kind == DEFINED_BY_CAPTURE ||
            definition->kind == DEFINED_BY_REPLY || definition->kind == DEFINED_ELSEWHERE);
}

static void index_definitions(struct dataflow *flow, const struct config_variable *variable) {
    struct arena *arena = flow->model->arena;
    for (size_t i = 0; i < variable->definitions.count; i++) {
        const struct variable_definition *definition = &variable->definitions.items[i];
        struct local_definition local = {definition, {0}};
        if (takes_effect_in_order(definition)) {
            local.scope = find_scope(flow, definition->statement);
        }
        struct local_definitions *definitions =
            map_find(&flow->definitions, LOOKUP_KEY(variable, local.scope.server));
        if (definitions == NULL) {
            definitions = arena_require(arena, sizeof *definitions);
            map_insert(&flow->definitions, identity_key(arena, variable, local.scope.server),
                       definitions);
        }
        VECTOR_PUSH(arena, &definitions->items, local);
    }
}

static void index_default_servers(struct dataflow *flow) {
    for (size_t i = 0; i < flow->model->listeners.count; i++) {
        const struct listener *listener = flow->model->listeners.items[i];
        for (size_t j = 0; j < listener->endpoints.count; j++) {
            struct server *server = listener->endpoints.items[j]->default_server;
            map_insert(&flow->default_servers, identity_key(flow->model->arena, server, NULL),
                       server);
        }
    }
}

bool reaching_is_default_server(const struct dataflow *flow, const struct server *server) {
    return map_find(&flow->default_servers, LOOKUP_KEY(server, NULL)) != NULL;
}

void reaching_index(struct dataflow *flow, const struct site *site) {
    map_init(&flow->scopes, flow->model->arena);
    map_init(&flow->definitions, flow->model->arena);
    map_init(&flow->default_servers, flow->model->arena);
    map_init(&flow->map_facts, flow->model->arena);
    map_init(&flow->trees[0], flow->model->arena);
    map_init(&flow->trees[1], flow->model->arena);
    index_blocks(flow, site);
    index_default_servers(flow);
    for (size_t i = 0; i < flow->model->variables.count; i++) {
        index_definitions(flow, flow->model->variables.items[i]);
    }
}

static bool is_within(const struct location *inner, const struct location *outer) {
    for (; inner != NULL; inner = inner->parent) {
        if (inner == outer) {
            return true;
        }
    }
    return false;
}

/* --- definitions --- */

static bool is_named(const struct statement *statement, struct slice name) {
    return slice_equals(statement_name(statement), name);
}

static enum phase find_phase(const struct dataflow_place *use,
                             const struct local_definition *local) {
    const struct variable_definition *definition = local->definition;
    if (local->scope.server == NULL) {
        return PHASE_ANYWHERE;
    }
    const struct location *base = steps_find_base(local->scope.location);
    if (base == NULL) {
        return PHASE_SERVER;
    }
    const struct location *use_base = steps_find_base(use->location);
    bool is_match = definition->kind == DEFINED_BY_CAPTURE &&
                    is_named(definition->statement, SLICE("location"));
    if (is_match ? is_within(use_base, local->scope.location)
                 : base == use_base && !steps_is_limited(use->location)) {
        return PHASE_LOCATION;
    }
    return use_base == NULL && use->statement != NULL ? PHASE_NEVER : PHASE_ELSEWHERE;
}

/* Whether the phase may have been over before a `set` that stands in it directly. A use in the same
 * phase, or in a block that was entered in it, is not reached then either. */
static bool may_be_skipped(const struct local_definition *local, const struct dataflow_place *use) {
    const struct statement *statement = local->definition->statement;
    if (local->scope.location == NULL) {
        bool is_used_there = steps_find_base(use->location) == NULL && use->statement != NULL;
        return !is_used_there &&
               steps_may_stop_before(&local->scope.server->rewrite, STEPS_OF_SERVER, statement);
    }
    return use->location == local->scope.location && use->statement == NULL &&
           steps_may_stop_before(&local->scope.location->rewrite, STEPS_OF_LOCATION, statement);
}

/* Whether the definition surely took effect before the use, so that earlier ones do not count. */
static bool is_unconditional(const struct local_definition *local,
                             const struct dataflow_place *use) {
    if (local->definition->kind == DEFINED_BY_CAPTURE) {
        return is_named(local->definition->statement, SLICE("location"));
    }
    const struct location *location = local->scope.location;
    return local->definition->kind == DEFINED_BY_SET &&
           (location == NULL || !location->is_condition || is_within(use->location, location)) &&
           !may_be_skipped(local, use);
}

struct search {
    struct dataflow *flow;
    const struct dataflow_place *use;
    const struct config_variable *variable;
    struct reaching_definitions found;
};

static void add_definition(struct search *search, const struct local_definition *local,
                           enum phase phase) {
    struct reaching_definition reaching = {.definition = local->definition, .place = local->scope};
    if (phase == PHASE_ANYWHERE) {
        reaching.place = *search->use;
    } else if (local->definition->kind == DEFINED_BY_SET) {
        reaching.place.statement = local->definition->statement;
    }
    if (phase == PHASE_SERVER || phase == PHASE_LOCATION) {
        reaching_find_conditions(search->flow, search->use, search->variable, local->definition,
                                 &local->scope, &reaching.conditions);
    }
    VECTOR_PUSH(search->flow->model->arena, &search->found.items, reaching);
}

/* Adds the definitions of one phase, the last first, down to an unconditional one. True when there
 * was such a one. */
static bool add_phase(struct search *search, const struct local_definitions *definitions,
                      enum phase phase, size_t end) {
    for (size_t i = end; i-- > 0;) {
        const struct local_definition *local = &definitions->items.items[i];
        if (find_phase(search->use, local) != phase) {
            continue;
        }
        add_definition(search, local, phase);
        if (phase != PHASE_ANYWHERE && is_unconditional(local, search->use)) {
            return true;
        }
    }
    return false;
}

/* What another location sets matters where nothing else gives the variable a value, or where that
 * location hands requests on. */
static void add_elsewhere(struct search *search, const struct local_definitions *definitions) {
    bool is_unset = search->found.items.count == 0;
    const struct location *to = steps_find_base(search->use->location);
    for (size_t i = 0; i < definitions->items.count; i++) {
        const struct local_definition *local = &definitions->items.items[i];
        if (find_phase(search->use, local) == PHASE_ELSEWHERE &&
            (is_unset || to == NULL ||
             steps_lead_to(search->flow->model->arena, steps_find_base(local->scope.location), to,
                           &search->flow->ways))) {
            add_definition(search, local, PHASE_ELSEWHERE);
        }
    }
}

/* Number of definitions up to, and without, the one that the use is part of. */
static size_t count_before(const struct local_definitions *definitions,
                           const struct statement *statement) {
    for (size_t i = 0; statement != NULL && i < definitions->items.count; i++) {
        const struct statement *other = definitions->items.items[i].definition->statement;
        if (other == statement || (other->span.source == statement->span.source &&
                                   other->span.begin > statement->span.begin)) {
            return i;
        }
    }
    return definitions->items.count;
}

static const struct local_definitions *find_local(const struct dataflow *flow,
                                                  const struct config_variable *variable,
                                                  const struct server *server) {
    static const struct local_definitions none = {0};
    const struct local_definitions *found =
        map_find(&flow->definitions, LOOKUP_KEY(variable, server));
    return found != NULL ? found : &none;
}

struct reaching_definitions reaching_find_definitions(struct dataflow *flow,
                                                      const struct dataflow_place *place,
                                                      const struct config_variable *variable) {
    struct search search = {.flow = flow, .use = place, .variable = variable};
    const struct local_definitions *local = find_local(flow, variable, place->server);
    size_t before = count_before(local, place->statement);
    bool is_at_server = steps_find_base(place->location) == NULL;
    if (!is_at_server && add_phase(&search, local, PHASE_LOCATION, before)) {
        return search.found;
    }
    if (!add_phase(&search, local, PHASE_SERVER, is_at_server ? before : local->items.count)) {
        const struct local_definitions *global = find_local(flow, variable, NULL);
        (void)add_phase(&search, global, PHASE_ANYWHERE, global->items.count);
    }
    add_elsewhere(&search, local);
    return search.found;
}

/* --- captures --- */

static void add_regex(struct dataflow *flow, struct reaching_regexes *found,
                      const struct regex *regex, const struct template *subject, bool is_path) {
    struct reaching_regex reaching = {.regex = regex, .subject = subject, .is_path = is_path};
    VECTOR_PUSH(flow->model->arena, &found->items, reaching);
}

/* Those of rewrite statements directly in a block. */
static void add_rewrites(struct dataflow *flow, struct reaching_regexes *found,
                         const struct rewrite *rewrite, bool is_of_location) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        if (rewrite->steps.items[i].kind == REWRITE_PATH) {
            add_regex(flow, found, rewrite->steps.items[i].rewriting->regex, NULL, true);
            found->items.items[found->items.count - 1].is_rewrite = is_of_location;
        }
    }
}

static bool is_path_variable(struct slice name) {
    return slice_equals(name, SLICE("uri")) || slice_equals(name, SLICE("document_uri")) ||
           slice_equals(name, SLICE("request_uri"));
}

static void add_condition(struct dataflow *flow, struct reaching_regexes *found,
                          const struct location *block) {
    const struct condition *condition = block->condition;
    if (condition != NULL && condition->kind == CONDITION_REGEX) {
        add_regex(flow, found, condition->regex, &condition->subject,
                  is_path_variable(condition->subject.parts.items[0].text));
    }
    add_rewrites(flow, found, &block->rewrite, block->parent != NULL);
}

static struct reaching_regexes find_all_regexes(struct dataflow *flow,
                                                const struct dataflow_place *place) {
    struct reaching_regexes found = {0};
    const struct location *location = place->location;
    bool has_rewritten = !steps_is_limited(location);
    for (; location != NULL; location = location->parent) {
        if (location->is_condition) {
            continue; /* added with the location that it is in */
        }
        for (size_t i = 0; has_rewritten && i < location->nested.count; i++) {
            if (location->nested.items[i]->is_condition) {
                add_condition(flow, &found, location->nested.items[i]);
            }
        }
        if (has_rewritten) {
            add_rewrites(flow, &found, &location->rewrite, true);
        }
        if (location->regex != NULL) { /* it matched after everything at server level */
            add_regex(flow, &found, location->regex, NULL, true);
            return found;
        }
    }
    for (size_t i = 0; place->server != NULL && i < place->server->conditions.count; i++) {
        add_condition(flow, &found, place->server->conditions.items[i]);
    }
    if (place->server != NULL) {
        add_rewrites(flow, &found, &place->server->rewrite, false);
    }
    for (size_t i = 0; place->server != NULL && i < place->server->names.count; i++) {
        const struct server_name *name = place->server->names.items[i];
        if (name->regex != NULL) {
            add_regex(flow, &found, name->regex, NULL, false);
        }
    }
    return found;
}

struct reaching_regexes reaching_find_regexes(struct dataflow *flow,
                                              const struct dataflow_place *place) {
    struct reaching_regexes found = find_all_regexes(flow, place);
    for (size_t i = 0; place->captured != NULL && i < found.items.count; i++) {
        if (found.items.items[i].regex == place->captured) {
            found.items.items[0] = found.items.items[i];
            found.items.count = 1;
        }
    }
    return found;
}
