/* Rule undefined-upstream-or-zone: names of upstream groups and shared memory zones that nothing
 * defines. A snippet is left alone: what it names is defined in the files that include it. */
#include "base/phrase.h"
#include "check/rules.h"

/* --- zones --- */

static const char *const zone_definitions[] = {
    [ZONE_LIMIT_REQ] = "limit_req_zone",
    [ZONE_LIMIT_CONN] = "limit_conn_zone",
    [ZONE_CACHE] = "proxy_cache_path",
};

static void check_zone(struct finding_list *findings, const struct zone_reference *reference) {
    struct model *model = findings->model;
    const char *definition = zone_definitions[reference->kind];
    bool is_dynamic = slice_find_byte(reference->name, '$') < reference->name.size;
    const struct zone *zone = map_find(&model->zones, reference->name);
    if (is_dynamic || (zone != NULL && zone->kind == reference->kind)) {
        return;
    }
    struct slice directive = statement_name(reference->statement);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_undefined_upstream_or_zone, reference->word->span,
                     "%.*s names zone \"%.*s\", which no %s defines", SLICE_ARGS(directive),
                     SLICE_ARGS(reference->name), definition);
    if (zone != NULL) {
        struct slice kind = statement_name(zone->statement);
        diagnostic_note(model->arena, diagnostic, zone->statement->words[0].span,
                        "the zone of this name is one of %.*s", SLICE_ARGS(kind));
    }
    struct slice nearest = model_nearest_zone(model, reference->kind, reference->name);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic, "define it by %s at http level", definition);
    }
}

/* --- upstream groups --- */

static struct slice find_nearest_upstream(const struct model *model, struct slice name) {
    struct phrase_list names = {0};
    for (size_t i = 0; i < model->upstreams.count; i++) {
        if (model->upstreams.items[i]->statement != NULL) {
            VECTOR_PUSH(model->arena, &names.items, model->upstreams.items[i]->name);
        }
    }
    return nearest_name(name, names.items.items, names.items.count);
}

/* A name without a dot and without a port looks like an upstream group; so does one that differs
 * from a group's name by a slip of the hand. localhost, and names with a port as they are usual
 * between containers, are hosts. */
static void check_proxy(struct finding_list *findings, const struct proxy_pass *proxy) {
    struct model *model = findings->model;
    bool is_group = proxy->upstream != NULL && proxy->upstream->statement != NULL;
    if (proxy->has_variables || is_group || proxy->has_port ||
        proxy->address.family != TABLE_FAMILY_NAME ||
        slice_equals_nocase(proxy->host, SLICE("localhost"))) {
        return;
    }
    bool is_single_label = slice_find_byte(proxy->host, '.') == proxy->host.size;
    struct slice nearest = find_nearest_upstream(model, proxy->host);
    if (!is_single_label && nearest.size == 0) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_undefined_upstream_or_zone, proxy->word->span,
        "no upstream is called \"%.*s\", so it is taken for a host name", SLICE_ARGS(proxy->host));
    diagnostic->severity = SEVERITY_WARNING;
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "define the upstream or, if a host is meant, write its port or full name");
    }
}

void check_rule_undefined_upstream_or_zone(struct finding_list *findings) {
    struct model *model = findings->model;
    if (model->is_snippet) {
        return;
    }
    for (size_t i = 0; i < model->zone_references.count; i++) {
        check_zone(findings, &model->zone_references.items[i]);
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        if (findings->site.locations.items[i]->proxy != NULL) {
            check_proxy(findings, findings->site.locations.items[i]->proxy);
        }
    }
}
