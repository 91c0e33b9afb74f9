/* Rule acl-bypassed-by-regex: paths below a location that keeps strangers out, which a regular
 * expression takes away from it, to a location that lets everybody in. */
#include "check/location_search.h"
#include "check/protection.h"
#include "check/regex_sample.h"
#include "check/rules.h"

/* A plain prefix, for which regular expressions are tried, with access control of its own. */
static bool is_guarded(struct finding_list *findings, const struct location *location) {
    static const struct slice askers[] = {SLICE_INIT("auth_request"), SLICE_INIT("auth_jwt")};
    const struct settings *settings = location->settings;
    struct site_block block = {settings, location->server, location};
    bool is_own = settings->is_own[SETTING_allow] || settings->is_own[SETTING_auth_basic];
    for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++) {
        is_own |= site_find_own(location->statement, askers[i]) != NULL;
    }
    return is_own && location->kind == TABLE_LOCATION_PREFIX && !location->is_condition &&
           !location->is_internal && location->name.size > 1 &&
           !slice_starts_with(location->name, SLICE("/.")) && settings->alias.statement == NULL &&
           protection_is_there(&findings->site, &block);
}

static struct slice find_target(const struct location *location) {
    return location->proxy != NULL                  ? location->proxy->word->text
           : location->other_pass.statement != NULL ? location->other_pass.target.word->text
                                                    : SLICE("");
}

static bool has_same_root(const struct settings *one, const struct settings *other) {
    const struct word *a = one->root.word;
    const struct word *b = other->root.word;
    return a == NULL || b == NULL ? a == b : slice_equals(a->text, b->text);
}

/* Whether what the location answers with is what the guarded one is about: the same backend, or the
 * files, or programs among them. */
static bool answers_for(const struct location *location, const struct location *guarded) {
    struct slice target = find_target(guarded);
    if (target.size > 0) {
        return slice_equals(target, find_target(location));
    }
    return !site_has_handler(guarded->statement) && location->settings->alias.statement == NULL &&
           has_same_root(location->settings, guarded->settings);
}

/* A path below the guarded location that ends as the expression wants; empty: there is none. One
 * that names folders is meant for them, as an exception perhaps. */
static struct slice make_path(struct finding_list *findings, const struct location *guarded,
                              const struct location *location) {
    struct arena *arena = findings->model->arena;
    struct regex_sample sample;
    const struct regex_tree *tree = dataflow_regex_tree(check_flow(findings), location->regex);
    if (regex_tree_is_anchored_at_start(tree) || !regex_sample_make(arena, tree, &sample) ||
        slice_find_byte(sample.text, '/') < sample.text.size) {
        return SLICE("");
    }
    bool has_slash = guarded->name.data[guarded->name.size - 1] == '/';
    struct slice path = arena_format(arena, "%.*s%sx%.*s", SLICE_ARGS(guarded->name),
                                     has_slash ? "" : "/", SLICE_ARGS(sample.text));
    return location_search(guarded->server, path) == location ? path : SLICE("");
}

static void report(struct finding_list *findings, const struct location *guarded,
                   const struct location *location, struct slice path) {
    struct arena *arena = findings->model->arena;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_acl_bypassed_by_regex, guarded->name_word->span,
                     "anybody gets \"%.*s\": another location takes it, without the access control "
                     "of this one",
                     SLICE_ARGS(path));
    diagnostic_note(arena, diagnostic, location->name_word->span,
                    "regular expressions win over plain prefixes, and this one matches it");
    bool needs_own = find_target(location).size > 0;
    struct slice name = guarded->name;
    diagnostic_help(arena, diagnostic, "write \"location ^~ %.*s\"%s", SLICE_ARGS(name),
                    needs_own ? ", and in it a location of its own for what that one is for"
                              : ", for which no regular expression is tried");
}

/* What may be spent on one server: looking where a path gets to takes all of its locations. */
#define LOCATIONS_LIMIT 20000u

struct search {
    const struct server *server;
    size_t locations; /* looked at */
};

static void check_guarded(struct finding_list *findings, const struct location *guarded,
                          struct search *search) {
    const struct server *server = guarded->server;
    if (search->server != server) {
        *search = (struct search){.server = server};
    }
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        struct site_block block = {location->settings, server, location};
        if (location->is_condition || location->regex == NULL || location->is_internal ||
            !answers_for(location, guarded) ||
            protection_is_closed(findings->model->arena, location) ||
            protection_is_there(&findings->site, &block)) {
            continue;
        }
        search->locations += server->locations.count;
        if (search->locations > LOCATIONS_LIMIT) {
            return;
        }
        struct slice path = make_path(findings, guarded, location);
        if (path.size > 0) {
            report(findings, guarded, location, path);
            return;
        }
    }
}

void check_rule_acl_bypassed_by_regex(struct finding_list *findings) {
    struct search search = {0};
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        if (is_guarded(findings, findings->site.locations.items[i])) {
            check_guarded(findings, findings->site.locations.items[i], &search);
        }
    }
}
