/* Rules about what is defined and never used: upstream groups, zones of limits, caches, variables.
 * A file without a server is left alone: what it defines is for others. So is one whose includes
 * are not all there, or that was not understood, as the use may be in what is missing. */
#include "check/dataflow.h"
#include "check/mentions.h"
#include "check/rules.h"
#include "model/catalogue.h"

static bool is_site(const struct model *model) {
    return !model->is_snippet && model->servers.count > 0 && model->diagnostics->error_count == 0;
}

/* --- unused-upstream --- */

/* The part of a target that says which host is meant. */
static struct template host_part(const struct template *target) {
    struct template host = *target;
    size_t slashes = 0;
    for (size_t i = 0; i < target->parts.count; i++) {
        const struct template_part *part = &target->parts.items[i];
        for (size_t j = 0; part->kind == PART_TEXT && j < part->text.size; j++) {
            slashes += part->text.data[j] == '/';
        }
        if (slashes > 2) {
            host.parts.count = i;
            return host;
        }
    }
    return host;
}

/* Whether requests, or names put together of parts, may choose any group. */
static bool is_any_group_possible(struct finding_list *findings) {
    struct dataflow flow;
    dataflow_init(&flow, findings->model, &findings->site);
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->proxy == NULL || !location->proxy->has_variables) {
            continue;
        }
        struct dataflow_place place = {.server = location->server, .location = location};
        struct template host = host_part(&location->proxy->target);
        if (dataflow_find_control(&flow, &place, &host) != DATAFLOW_CONSTANT) {
            return true;
        }
    }
    return false;
}

static void mark_used(const struct site *site, struct map *used) {
    for (size_t i = 0; i < site->locations.count; i++) {
        const struct location *location = site->locations.items[i];
        if (location->proxy != NULL && location->proxy->upstream != NULL) {
            map_insert(used, location->proxy->upstream->name, location->proxy->upstream);
        }
    }
}

static void report_upstream(struct finding_list *findings, const struct upstream *upstream) {
    struct diagnostic *diagnostic = check_report(
        findings, RULE_unused_upstream, statement_argument(upstream->statement, 0)->span,
        "upstream \"%.*s\" is not used by any proxy_pass or the like", SLICE_ARGS(upstream->name));
    diagnostic_help(findings->model->arena, diagnostic,
                    "write \"proxy_pass http://%.*s;\" where it was meant, or remove the group",
                    SLICE_ARGS(upstream->name));
}

void check_rule_unused_upstream(struct finding_list *findings) {
    struct model *model = findings->model;
    struct map used;
    struct mentions mentions = {0};
    map_init(&used, model->arena);
    mark_used(&findings->site, &used);
    for (size_t i = 0; is_site(model) && i < model->upstreams.count; i++) {
        const struct upstream *upstream = model->upstreams.items[i];
        if (upstream->statement == NULL || map_find(&used, upstream->name) != NULL) {
            continue;
        }
        if (mentions.names.arena == NULL) {
            mentions_collect(&mentions, model);
            if (mentions.is_incomplete || is_any_group_possible(findings)) {
                return;
            }
        }
        if (!mentions_has_name(&mentions, upstream->name)) {
            report_upstream(findings, upstream);
        }
    }
}

/* --- limit-zone-unused --- */

static struct slice zone_key(struct arena *arena, enum zone_kind kind, struct slice name) {
    return arena_format(arena, "%d %.*s", (int)kind, SLICE_ARGS(name));
}

static void collect_references(struct model *model, struct map *used) {
    map_init(used, model->arena);
    for (size_t i = 0; i < model->zone_references.count; i++) {
        struct zone_reference *reference = &model->zone_references.items[i];
        map_insert(used, zone_key(model->arena, reference->kind, reference->name), reference);
    }
}

void check_rule_limit_zone_unused(struct finding_list *findings) {
    struct model *model = findings->model;
    struct mentions mentions = {0};
    struct map used;
    for (size_t i = 0; is_site(model) && i < model->zones.count; i++) {
        const struct zone *zone = model->zones.entries[i].value;
        bool limits_requests = zone->kind == ZONE_LIMIT_REQ;
        if (!limits_requests && zone->kind != ZONE_LIMIT_CONN) {
            continue;
        }
        if (mentions.names.arena == NULL) {
            mentions_collect(&mentions, model);
            collect_references(model, &used);
        }
        if (mentions.is_incomplete) {
            return;
        }
        if (map_find(&used, zone_key(model->arena, zone->kind, zone->name)) != NULL) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_limit_zone_unused, zone->word->span,
                         "nothing is limited by zone \"%.*s\": no %s names it",
                         SLICE_ARGS(zone->name), limits_requests ? "limit_req" : "limit_conn");
        diagnostic_help(model->arena, diagnostic,
                        limits_requests ? "write \"limit_req zone=%.*s;\" where it is to count"
                                        : "write \"limit_conn %.*s 10;\" where it is to count",
                        SLICE_ARGS(zone->name));
    }
}

/* --- unused-cache --- */

/* Caches of each kind have names of their own. */
static const struct {
    struct slice path; /* defines one */
    struct slice use;  /* names it */
} caches[] = {
    {SLICE_INIT("proxy_cache_path"), SLICE_INIT("proxy_cache")},
    {SLICE_INIT("fastcgi_cache_path"), SLICE_INIT("fastcgi_cache")},
    {SLICE_INIT("uwsgi_cache_path"), SLICE_INIT("uwsgi_cache")},
    {SLICE_INIT("scgi_cache_path"), SLICE_INIT("scgi_cache")},
};

#define CACHE_KINDS (sizeof caches / sizeof caches[0])

struct cache_survey {
    struct arena *arena;
    VECTOR_OF(const struct statement *) paths[CACHE_KINDS];
    struct map used[CACHE_KINDS];
    struct map defined[CACHE_KINDS];
    bool is_any_used[CACHE_KINDS]; /* a variable says which */
};

/* The word "keys_zone=NAME:SIZE", or NULL; `*name` gets the name. */
static const struct word *find_zone_word(const struct statement *path, struct slice *name) {
    const struct slice parameter = SLICE("keys_zone=");
    for (uint32_t i = 0; i < statement_argument_count(path); i++) {
        const struct word *word = statement_argument(path, i);
        if (slice_starts_with(word->text, parameter)) {
            *name = slice_skip(word->text, parameter.size);
            *name = slice_take(*name, slice_find_byte(*name, ':'));
            return word;
        }
    }
    return NULL;
}

static void survey_cache(void *context, const struct statement *statement) {
    struct cache_survey *survey = context;
    struct slice name = statement_name(statement);
    for (size_t kind = 0; kind < CACHE_KINDS; kind++) {
        if (slice_equals(name, caches[kind].path)) {
            struct slice zone;
            VECTOR_PUSH(survey->arena, &survey->paths[kind], statement);
            if (find_zone_word(statement, &zone) != NULL) {
                map_insert(&survey->defined[kind], zone, survey);
            }
        } else if (slice_equals(name, caches[kind].use) &&
                   statement_argument_count(statement) > 0) {
            struct slice zone = statement_argument(statement, 0)->text;
            survey->is_any_used[kind] |= slice_find_byte(zone, '$') < zone.size;
            map_insert(&survey->used[kind], zone, survey);
        }
    }
}

/* Whether any cache may be meant somewhere: by a variable, or by a name that is misspelt. */
static bool may_mean_any(const struct cache_survey *survey, size_t kind) {
    const struct map *used = &survey->used[kind];
    bool may_mean_any = survey->is_any_used[kind];
    for (size_t i = 0; i < used->count; i++) {
        may_mean_any |= !slice_equals(used->entries[i].key, SLICE("off")) &&
                        map_find(&survey->defined[kind], used->entries[i].key) == NULL;
    }
    return may_mean_any;
}

static void check_caches(struct finding_list *findings, const struct cache_survey *survey,
                         size_t kind) {
    if (may_mean_any(survey, kind)) {
        return;
    }
    for (size_t i = 0; i < survey->paths[kind].count; i++) {
        struct slice name;
        const struct word *word = find_zone_word(survey->paths[kind].items[i], &name);
        if (word == NULL || map_find(&survey->used[kind], name) != NULL) {
            continue;
        }
        struct slice use = caches[kind].use;
        struct diagnostic *diagnostic =
            check_report(findings, RULE_unused_cache, word->span,
                         "nothing is kept in the cache \"%.*s\": no %.*s names it",
                         SLICE_ARGS(name), SLICE_ARGS(use));
        diagnostic_help(findings->model->arena, diagnostic,
                        "write \"%.*s %.*s;\" where answers are to be kept, or remove the cache",
                        SLICE_ARGS(use), SLICE_ARGS(name));
    }
}

void check_rule_unused_cache(struct finding_list *findings) {
    struct model *model = findings->model;
    struct cache_survey survey = {.arena = model->arena};
    struct mentions mentions = {0};
    bool has_caches = false;
    if (!is_site(model)) {
        return;
    }
    for (size_t kind = 0; kind < CACHE_KINDS; kind++) {
        map_init(&survey.used[kind], model->arena);
        map_init(&survey.defined[kind], model->arena);
    }
    site_for_each_statement(model->tree->root, survey_cache, &survey);
    for (size_t kind = 0; kind < CACHE_KINDS; kind++) {
        has_caches |= survey.paths[kind].count > 0;
    }
    if (has_caches) {
        mentions_collect(&mentions, model);
    }
    for (size_t kind = 0; has_caches && !mentions.is_incomplete && kind < CACHE_KINDS; kind++) {
        check_caches(findings, &survey, kind);
    }
}

/* --- unused-variable --- */

static const struct word *find_name(const struct variable_definition *definition) {
    switch (definition->kind) {
    case DEFINED_BY_SET:
    case DEFINED_BY_REPLY:
        return statement_argument(definition->statement, 0);
    case DEFINED_BY_MAP:
    case DEFINED_BY_GEO:
    case DEFINED_BY_SPLIT:
        return &definition->statement->words[definition->statement->word_count - 1];
    case DEFINED_BY_CAPTURE: /* the name explains the expression */
    case DEFINED_ELSEWHERE:
        break;
    }
    return NULL;
}

static void check_variable(struct finding_list *findings, const struct config_variable *variable) {
    for (size_t i = 0; i < variable->definitions.count; i++) {
        const struct variable_definition *definition = &variable->definitions.items[i];
        const struct word *word = definition->statement != NULL ? find_name(definition) : NULL;
        if (word != NULL) {
            struct diagnostic *diagnostic =
                check_report(findings, RULE_unused_variable, word->span,
                             "nothing uses the variable \"$%.*s\"", SLICE_ARGS(variable->name));
            diagnostic_help(findings->model->arena, diagnostic,
                            "remove the %.*s, or use the variable where it was meant",
                            SLICE_ARGS(statement_name(definition->statement)));
            return;
        }
    }
}

void check_rule_unused_variable(struct finding_list *findings) {
    struct model *model = findings->model;
    struct mentions mentions;
    if (!is_site(model) || model->variables.count == 0) {
        return;
    }
    mentions_collect(&mentions, model);
    for (size_t i = 0; !mentions.is_incomplete && i < model->variables.count; i++) {
        const struct config_variable *variable = model->variables.items[i];
        /* Giving one of nginx's own a value may be the purpose. */
        if (!mentions_has(&mentions, &mentions.variables, variable->name) &&
            !catalogue_variable_is_changeable(variable->name)) {
            check_variable(findings, variable);
        }
    }
}
