/* Locations: which one a path belongs to. The order of search is that of nginx's
 * ngx_http_core_find_location, without its recursion:
 *
 *   - an exact location ends the search at once; so does the redirect to a path with a slash;
 *   - the longest prefix is remembered, and the search goes on among the locations nested in it;
 *   - when none is left to go down into, the regexes of the sets passed on the way are tried, the
 *     innermost set's first, leaving out sets whose longest prefix is ^~;
 *   - a regex that matches ends it, but for regexes nested in its location;
 *   - otherwise the innermost prefix stands. */
#include "engine/engine.h"

#include "engine/observe.h"
#include "engine/state.h"

enum static_match {
    STATIC_NONE,
    STATIC_PREFIX,
    STATIC_EXACT,
    STATIC_REDIRECT,
    STATIC_NO_MEMORY,
};

/* A set whose regexes are still to be tried. */
struct pending_set {
    const struct table_location_set *set;
    struct pending_set *outer;
};

struct search {
    struct engine_request *request;
    const struct table *table;
    uint32_t location;           /* the best so far, or TABLE_NONE */
    struct pending_set *pending; /* innermost first */
    struct pending_set first;    /* used for the outermost; more are rare and lie in the arena */
};

/* The child whose label begins with `byte`; NULL when there is none. */
static const struct table_node *find_child(const struct table *table, const struct table_node *node,
                                           char byte) {
    uint32_t low = 0;
    uint32_t high = node->children.count;
    const struct table_node *children = table->node + node->children.first;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        unsigned char first = (unsigned char)*table_chars(table, children[middle].label);
        if (first == (unsigned char)byte) {
            return &children[middle];
        }
        if (first < (unsigned char)byte) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static bool wants_redirect(const struct table *table, uint32_t location) {
    return location != TABLE_NONE &&
           table_handling_of(table, &table->location[location])->auto_redirect != 0;
}

/* Whether the location at `node`, whose name is the path and a slash, wants the redirect. */
static bool redirects(const struct table *table, const struct table_node *node) {
    return wants_redirect(table, node->exact) || wants_redirect(table, node->prefix);
}

/* Looks at `node`, whose label begins where `rest` does but is longer. */
static enum static_match match_longer(const struct table *table, const struct table_node *node,
                                      struct slice rest, enum static_match best,
                                      uint32_t *location) {
    struct slice label = table_text(table, node->label);
    if (label.size == rest.size + 1 && label.data[rest.size] == '/' &&
        slice_starts_with(label, rest) && redirects(table, node)) {
        *location = node->exact != TABLE_NONE ? node->exact : node->prefix;
        return STATIC_REDIRECT;
    }
    return best;
}

static void tell(const struct engine_request *request, enum engine_event_kind kind,
                 uint32_t location, bool result) {
    ENGINE_TELL(request, (struct engine_event){.kind = kind, .record = location, .result = result});
}

/* For those who explain the decision: what regexes from number `first` on would have said. */
static void tell_untried(const struct search *search, const struct table_location_set *set,
                         uint32_t first) {
    struct engine_request *request = search->request;
    for (uint32_t i = first; request->observer != NULL && i < set->regexes.count; i++) {
        const struct table_location_regex *regex =
            &search->table->location_regex[set->regexes.first + i];
        tell(request, ENGINE_EVENT_NO_REGEX, regex->location,
             engine_regex_would_match(&request->engine->regexes, regex->regex, request->uri));
    }
}

static void tell_all_untried(const struct search *search, const struct pending_set *pending) {
    for (; search->request->observer != NULL && pending != NULL; pending = pending->outer) {
        tell_untried(search, pending->set, 0);
    }
}

static void tell_exact(const struct search *search, const struct table_location_set *set) {
    tell(search->request, ENGINE_EVENT_EXACT, search->location, true);
    tell_untried(search, set, 0);
    tell_all_untried(search, search->pending);
}

/* Walks the radix tree of one set along the path. `*location` changes unless nothing matches. */
static enum static_match match_static(const struct engine_request *request,
                                      const struct table_location_set *set, uint32_t *location) {
    const struct table *table = request->engine->table;
    struct slice path = request->uri;
    enum static_match best = STATIC_NONE;
    const struct table_node *node = set->nodes.count > 0 ? &table->node[set->nodes.first] : NULL;
    while (node != NULL) {
        struct slice label = table_text(table, node->label);
        if (label.size > path.size) {
            return match_longer(table, node, path, best, location);
        }
        if (!slice_starts_with(path, label)) {
            return best;
        }
        path = slice_skip(path, label.size);
        if (node->prefix != TABLE_NONE) {
            tell(request, ENGINE_EVENT_PREFIX, node->prefix, true);
        }
        if (path.size == 0 && node->exact != TABLE_NONE) {
            *location = node->exact;
            return STATIC_EXACT;
        }
        if (node->prefix != TABLE_NONE) {
            *location = node->prefix;
            best = STATIC_PREFIX;
            if (path.size == 0) {
                return best;
            }
        }
        /* At the path's end only a slash can follow, and lead to a redirect. */
        char next = '/';
        if (path.size > 0) {
            next = path.data[0];
        }
        node = find_child(table, node, next);
    }
    return best;
}

/* Remembers the set's regexes for later. False when there is no memory. */
static bool postpone_regexes(struct search *search, const struct table_location_set *set) {
    if (set->regexes.count == 0) {
        return true;
    }
    struct pending_set *pending = &search->first;
    if (search->pending != NULL) {
        pending = arena_allocate(search->request->arena, sizeof *pending);
        if (pending == NULL) {
            return false;
        }
    }
    *pending = (struct pending_set){set, search->pending};
    search->pending = pending;
    return true;
}

/* Goes down from a set through the longest prefixes and what is nested in them. STATIC_NONE, never
 * STATIC_PREFIX, when there is no further down: regexes may still decide. */
static enum static_match descend(struct search *search, uint32_t index) {
    const struct table *table = search->table;
    while (index != TABLE_NONE) {
        const struct table_location_set *set = &table->location_set[index];
        enum static_match match = match_static(search->request, set, &search->location);
        if (match == STATIC_EXACT) {
            tell_exact(search, set);
            return match;
        }
        if (match == STATIC_REDIRECT) {
            return match;
        }
        bool wants_regexes = match == STATIC_NONE || table->location[search->location].kind !=
                                                         TABLE_LOCATION_PREFIX_NO_REGEX;
        if (!wants_regexes) {
            tell_untried(search, set, 0);
        } else if (!postpone_regexes(search, set)) {
            return STATIC_NO_MEMORY;
        }
        index = match == STATIC_PREFIX ? table->location[search->location].nested : TABLE_NONE;
    }
    return STATIC_NONE;
}

static enum engine_regex_result match_set(struct search *search,
                                          const struct table_location_set *set) {
    struct engine_request *request = search->request;
    for (uint32_t i = 0; i < set->regexes.count; i++) {
        const struct table_location_regex *regex =
            &search->table->location_regex[set->regexes.first + i];
        enum engine_regex_result result =
            engine_regex_match(&request->engine->regexes, request, regex->regex, request->uri);
        tell(request, ENGINE_EVENT_REGEX, regex->location, result == ENGINE_REGEX_MATCHED);
        if (result != ENGINE_REGEX_UNMATCHED) {
            search->location = regex->location;
            tell_untried(search, set, i + 1);
            return result;
        }
    }
    return ENGINE_REGEX_UNMATCHED;
}

/* Tries the regexes of all pending sets until one matches. */
static enum engine_regex_result match_pending(struct search *search) {
    enum engine_regex_result result = ENGINE_REGEX_UNMATCHED;
    for (const struct pending_set *pending = search->pending;
         pending != NULL && result == ENGINE_REGEX_UNMATCHED; pending = pending->outer) {
        result = match_set(search, pending->set);
        if (result == ENGINE_REGEX_MATCHED) {
            tell_all_untried(search, pending->outer);
        }
    }
    return result;
}

/* Goes down from a regex location that matched through the regexes nested in it. Exact and prefix
 * locations nested there are never found: nginx builds trees of them only below other such
 * locations, and what it accepts does the same here. */
static enum engine_regex_result descend_regexes(struct search *search) {
    enum engine_regex_result result = ENGINE_REGEX_MATCHED;
    while (result == ENGINE_REGEX_MATCHED) {
        uint32_t nested = search->table->location[search->location].nested;
        if (nested == TABLE_NONE) {
            return ENGINE_REGEX_MATCHED;
        }
        result = match_set(search, &search->table->location_set[nested]);
    }
    return result == ENGINE_REGEX_FAILED ? result : ENGINE_REGEX_MATCHED;
}

/* Decides; search->location is the location found or to be redirected to. */
static enum engine_location_result decide(struct search *search) {
    switch (descend(search, search->request->server->locations)) {
    case STATIC_EXACT:
        return ENGINE_LOCATION_FOUND;
    case STATIC_REDIRECT:
        return ENGINE_LOCATION_REDIRECT;
    case STATIC_NO_MEMORY:
        return ENGINE_LOCATION_FAILED;
    case STATIC_NONE:
    case STATIC_PREFIX:
        break;
    }
    enum engine_regex_result result = match_pending(search);
    if (result == ENGINE_REGEX_MATCHED) {
        result = descend_regexes(search);
    }
    if (result == ENGINE_REGEX_FAILED) {
        return ENGINE_LOCATION_FAILED;
    }
    return search->location == TABLE_NONE ? ENGINE_LOCATION_NONE : ENGINE_LOCATION_FOUND;
}

static void tell_result(const struct search *search, enum engine_location_result result) {
    if (result != ENGINE_LOCATION_FAILED) {
        bool is_redirect = result == ENGINE_LOCATION_REDIRECT;
        tell(search->request, is_redirect ? ENGINE_EVENT_SLASH : ENGINE_EVENT_LOCATION,
             search->location, !is_redirect);
    }
}

enum engine_location_result engine_find_location(struct engine_request *request) {
    struct search search = {
        .request = request, .table = request->engine->table, .location = TABLE_NONE};
    enum engine_location_result result = decide(&search);
    tell_result(&search, result);
    request->location = NULL;
    if (result == ENGINE_LOCATION_FOUND || result == ENGINE_LOCATION_REDIRECT) {
        request->location = &search.table->location[search.location];
        request->settings = &search.table->settings[request->location->settings];
    }
    return result;
}
