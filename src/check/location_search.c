/* Locations of paths; see location_search.h. */
#include "check/location_search.h"

#include "check/regex_match.h"

#define MATCH_STEPS 10000u

bool location_matches(const struct location *location, struct slice path) {
    return location->regex != NULL &&
           regex_match(location->regex->pattern, location->regex->ignore_case, path, MATCH_STEPS) ==
               REGEX_MATCHED;
}

static const struct location *find_static(struct location *const *items, size_t count,
                                          struct slice path) {
    const struct location *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct location *location = items[i];
        if (location->kind == TABLE_LOCATION_EXACT && !location->is_condition &&
            slice_equals(location->name, path)) {
            return location;
        }
        bool is_prefix = location->kind == TABLE_LOCATION_PREFIX ||
                         location->kind == TABLE_LOCATION_PREFIX_NO_REGEX;
        if (is_prefix && !location->is_condition && slice_starts_with(path, location->name) &&
            (best == NULL || location->name.size > best->name.size)) {
            best = location;
        }
    }
    return best;
}

/* As ngx_http_core_find_location. `*is_final` when nothing around is asked any more. */
static const struct location *find(struct location *const *items, size_t count, struct slice path,
                                   bool *is_final) {
    const struct location *found = find_static(items, count, path);
    const struct location *inner = NULL;
    bool asks_no_regex = found != NULL && found->kind == TABLE_LOCATION_PREFIX_NO_REGEX;
    *is_final = found != NULL && found->kind == TABLE_LOCATION_EXACT;
    if (found != NULL && !*is_final) {
        inner = find(found->nested.items, found->nested.count, path, is_final);
    }
    for (size_t i = 0; !*is_final && !asks_no_regex && i < count; i++) {
        if (!items[i]->is_condition && location_matches(items[i], path)) {
            found = items[i];
            inner = find(found->nested.items, found->nested.count, path, is_final);
            *is_final = true;
        }
    }
    return inner != NULL ? inner : found;
}

const struct location *location_search(const struct server *server, struct slice path) {
    bool is_final;
    return find(server->locations.items, server->locations.count, path, &is_final);
}
