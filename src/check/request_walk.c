/* Requests on their way through rewrites; see request_walk.h. */
#include "check/request_walk.h"

#include "base/text.h"
#include "check/regex_match.h"
#include "check/walk_values.h"

/* nginx gives up after as many, with status 500. */
#define MOST_CYCLES 10
/* Steps in all, enough for any site but one that is made to take long: one for a location that is
 * looked at, more for an expression that is tried. */
#define MOST_STEPS 5000000
#define SCRATCH_CHUNK (1u << 14)
/* For an expression that is a name of a server, and PCRE2's for it. */
#define STEPS_OF_NAME 500
#define MATCH_LIMIT 1000
/* A path that grows this long goes on growing. */
#define LONGEST_PATH 4096

bool request_walker_init(struct request_walker *walker, struct model *model) {
    *walker = (struct request_walker){
        .model = model,
        .match = pcre2_match_data_create(REQUEST_WALK_CAPTURES, NULL),
        .limits = pcre2_match_context_create(NULL),
        .budget = MOST_STEPS,
    };
    arena_init(&walker->scratch, SCRATCH_CHUNK);
    map_init(&walker->codes, model->arena);
    map_init(&walker->ports, model->arena);
    map_init(&walker->servers, model->arena);
    return walker->match != NULL && walker->limits != NULL;
}

void request_walker_release(struct request_walker *walker) {
    for (size_t i = 0; i < walker->codes.count; i++) {
        pcre2_code_free(walker->codes.entries[i].value);
    }
    pcre2_match_context_free(walker->limits);
    pcre2_match_data_free(walker->match);
    arena_release(&walker->scratch);
}

/* --- locations --- */

static const struct location *find_static(struct location *const *items, size_t count,
                                          struct slice path) {
    const struct location *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct location *location = items[i];
        if (location->is_condition) {
            continue;
        }
        if (location->kind == TABLE_LOCATION_EXACT && slice_equals(location->name, path)) {
            return location;
        }
        if ((location->kind == TABLE_LOCATION_PREFIX ||
             location->kind == TABLE_LOCATION_PREFIX_NO_REGEX) &&
            slice_starts_with(path, location->name) &&
            (best == NULL || location->name.size > best->name.size)) {
            best = location;
        }
    }
    return best;
}

static bool is_final(const struct location *location) {
    return location->kind == TABLE_LOCATION_EXACT || location->regex != NULL;
}

/* As ngx_http_core_find_location. */
static const struct location *find_location(struct request_walk *walk,
                                            struct location *const *items, size_t count) {
    if (!walk_spend(walk->walker, count)) {
        return NULL;
    }
    const struct location *found = find_static(items, count, walk->path);
    if (found != NULL && !is_final(found) && found->nested.count > 0) {
        const struct location *inner =
            find_location(walk, found->nested.items, found->nested.count);
        found = inner != NULL ? inner : found;
    }
    if (found != NULL && (is_final(found) || found->kind == TABLE_LOCATION_PREFIX_NO_REGEX)) {
        return found;
    }
    for (size_t i = 0; i < count; i++) {
        const struct location *location = items[i];
        if (!location->is_condition && location->regex != NULL &&
            walk_match(walk, location->regex, location->kind == TABLE_LOCATION_REGEX_NOCASE,
                       walk->path)) {
            return location;
        }
    }
    return found;
}

/* Whether the path lacks but the slash of a location that proxies: nginx answers that with a
 * redirect of its own. */
static bool lacks_slash(struct request_walk *walk) {
    const struct server *server = walk->server;
    (void)walk_spend(walk->walker, server->locations.count);
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        if (location->name.size == walk->path.size + 1 && location->regex == NULL &&
            slice_starts_with(location->name, walk->path) &&
            slice_ends_with(location->name, SLICE("/"))) {
            return true;
        }
    }
    return false;
}

/* Goes to the location of the path; false when that is not known, or answers nothing. */
static bool locate(struct request_walk *walk) {
    const struct server *server = walk->server;
    if (walk->is_sent) {
        walk->is_sent = false;
        return true;
    }
    walk->location = find_location(walk, server->locations.items, server->locations.count);
    return walk->location != NULL && walk->walker->budget > 0 &&
           (walk->is_internal || !walk->location->is_internal) &&
           (is_final(walk->location) || !lacks_slash(walk));
}

/* --- rewrite phases --- */

enum turn {
    TURN_GOES_ON,
    TURN_STOPS, /* by break */
    TURN_LAST,
    TURN_LEAVES,  /* by a redirect */
    TURN_UNKNOWN, /* or answered */
};

/* The new path and arguments; false when they are not known. */
static bool substitute(struct request_walk *walk, const struct rewriting *rewriting) {
    struct slice path;
    struct slice args = rewriting->keeps_args ? walk->args : SLICE("");
    if (!walk_evaluate(walk, &rewriting->path, &path)) {
        return false;
    }
    if (rewriting->sets_args) {
        struct slice old = args;
        if (!walk_evaluate(walk, &rewriting->args, &args)) {
            return false;
        }
        if (old.size > 0) {
            args = arena_format(&walk->walker->scratch, "%.*s&%.*s", SLICE_ARGS(args),
                                SLICE_ARGS(old));
        }
    }
    walk->path = path;
    walk->args = args;
    return path.size > 0 && path.data[0] == '/' && path.size < LONGEST_PATH;
}

static bool make_target(struct request_walk *walk, const struct rewriting *rewriting) {
    if (!walk_evaluate(walk, &rewriting->path, &walk->target)) {
        return false;
    }
    if (rewriting->keeps_args && walk->args.size > 0) {
        walk->target = arena_format(&walk->walker->scratch, "%.*s%s%.*s", SLICE_ARGS(walk->target),
                                    rewriting->has_args ? "&" : "?", SLICE_ARGS(walk->args));
    }
    return true;
}

static enum turn rewrite_path(struct request_walk *walk, const struct rewriting *rewriting,
                              bool *has_changed) {
    if (!walk_match(walk, rewriting->regex, false, walk->path)) {
        return TURN_GOES_ON;
    }
    if (rewriting->redirect != 0) {
        return make_target(walk, rewriting) ? TURN_LEAVES : TURN_UNKNOWN;
    }
    if (!substitute(walk, rewriting)) {
        return TURN_UNKNOWN;
    }
    walk->is_internal = true;
    *has_changed = true;
    switch (rewriting->flag) {
    case TABLE_REWRITE_BREAK:
        return TURN_STOPS;
    case TABLE_REWRITE_LAST:
        return TURN_LAST;
    case TABLE_REWRITE_GO_ON:
        break;
    }
    return TURN_GOES_ON;
}

static enum turn run_steps(struct request_walk *walk, const struct rewrite *rewrite,
                           const struct rewrite_step *around, bool *has_changed);

static enum turn enter(struct request_walk *walk, const struct rewrite_step *step,
                       bool *has_changed) {
    enum walk_truth truth =
        step->condition != NULL ? walk_judge(walk, step->condition) : WALK_UNKNOWN;
    if (truth == WALK_UNKNOWN) {
        return TURN_UNKNOWN;
    }
    return truth == WALK_TRUE ? run_steps(walk, &step->block->rewrite, step, has_changed)
                              : TURN_GOES_ON;
}

static enum turn set_args(struct request_walk *walk, const struct template *value) {
    return walk_evaluate(walk, value, &walk->args) ? TURN_GOES_ON : TURN_UNKNOWN;
}

static enum turn take_step(struct request_walk *walk, const struct rewrite_step *step,
                           bool *has_changed) {
    struct slice text = SLICE("");
    switch (step->kind) {
    case REWRITE_SET: {
        bool is_known = walk_evaluate(walk, &step->text, &text);
        walk_set(walk, step->variable->name, is_known, text);
        return TURN_GOES_ON;
    }
    case REWRITE_SET_ARGS:
        return set_args(walk, &step->text);
    case REWRITE_SET_RATE:
        return TURN_GOES_ON;
    case REWRITE_RETURN:
        return step->is_redirect && walk_evaluate(walk, &step->text, &walk->target) ? TURN_LEAVES
                                                                                    : TURN_UNKNOWN;
    case REWRITE_IF:
        return enter(walk, step, has_changed);
    case REWRITE_PATH:
        return rewrite_path(walk, step->rewriting, has_changed);
    case REWRITE_BREAK:
        return TURN_STOPS;
    }
    return TURN_UNKNOWN;
}

static enum turn run_steps(struct request_walk *walk, const struct rewrite *rewrite,
                           const struct rewrite_step *around, bool *has_changed) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        struct slice before = walk->path;
        enum turn turn = take_step(walk, step, has_changed);
        bool is_own = step->kind == REWRITE_PATH
                          ? turn == TURN_LEAVES || before.data != walk->path.data
                          : step->kind == REWRITE_RETURN;
        if (is_own) {
            walk->last = step->statement;
            walk->met = around;
        }
        if (turn != TURN_GOES_ON) {
            return turn;
        }
    }
    return TURN_GOES_ON;
}

/* --- the request --- */

static bool is_missing(struct request_walk *walk, const struct try_file *file) {
    struct slice name;
    if (walk_is_no_file(walk, &file->name)) {
        return true;
    }
    /* A directory, if anything, which is not what is looked for. */
    return !file->is_directory && walk_evaluate(walk, &file->name, &name) &&
           slice_ends_with(name, SLICE("/"));
}

static bool send_to_named(struct request_walk *walk, struct slice name) {
    const struct server *server = walk->server;
    for (size_t i = 0; i < server->locations.count; i++) {
        if (server->locations.items[i]->kind == TABLE_LOCATION_NAMED &&
            slice_equals(server->locations.items[i]->name, name)) {
            walk->location = server->locations.items[i];
            walk->is_sent = true;
        }
    }
    return walk->is_sent;
}

/* Looks for the files of a try_files; false when the request stays, as one of them may be there. */
static bool try_files(struct request_walk *walk) {
    const struct try_files *files = walk->location->try_files;
    struct slice target;
    bool goes_on = files != NULL && files->status == 0;
    for (size_t i = 0; goes_on && i < files->files.count; i++) {
        goes_on = is_missing(walk, &files->files.items[i]);
    }
    if (!goes_on || !walk_evaluate(walk, &files->target, &target)) {
        return false;
    }
    walk->last = files->statement;
    walk->met = NULL;
    walk->is_internal = true;
    if (slice_starts_with(target, SLICE("@"))) {
        return send_to_named(walk, target);
    }
    size_t question = slice_find_byte(target, '?');
    walk->args = question < target.size ? slice_skip(target, question + 1) : walk->args;
    walk->path = slice_take(target, question);
    return slice_starts_with(target, SLICE("/")) && target.size < LONGEST_PATH;
}

static enum request_end run_server(struct request_walk *walk) {
    bool has_changed = false;
    walk->location = NULL;
    switch (run_steps(walk, &walk->server->rewrite, NULL, &has_changed)) {
    case TURN_LEAVES:
        return REQUEST_REDIRECTED;
    case TURN_UNKNOWN:
        return REQUEST_STAYS;
    case TURN_GOES_ON:
    case TURN_STOPS:
    case TURN_LAST:
        break;
    }
    return REQUEST_ROUND; /* it goes on */
}

/* One location; REQUEST_ROUND when another one is looked for behind it. */
static enum request_end run_location(struct request_walk *walk) {
    bool has_changed = false;
    switch (run_steps(walk, &walk->location->rewrite, NULL, &has_changed)) {
    case TURN_LEAVES:
        return REQUEST_REDIRECTED;
    case TURN_UNKNOWN:
    case TURN_STOPS:
        return REQUEST_STAYS;
    case TURN_GOES_ON:
    case TURN_LAST:
        break;
    }
    if (has_changed) {
        return REQUEST_ROUND;
    }
    if (!try_files(walk)) {
        return REQUEST_STAYS;
    }
    return walk->is_sent ? REQUEST_ROUND : run_server(walk);
}

enum request_end request_walk_run(struct request_walker *walker, struct request_walk *walk,
                                  const struct server *server, const struct request_url *url,
                                  const struct request_wish *wish) {
    memset(walk, 0, sizeof *walk);
    walk->walker = walker;
    walk->server = server;
    walk->url = *url;
    walk->wish = wish != NULL ? *wish : (struct request_wish){{NULL, 0}, {NULL, 0}};
    walk->path = url->path;
    walk->args = url->args;
    map_init(&walk->values, &walker->scratch);
    enum request_end end = run_server(walk);
    for (int cycle = 0; end == REQUEST_ROUND && cycle <= MOST_CYCLES && !walk->is_lost; cycle++) {
        end = locate(walk) ? run_location(walk) : REQUEST_STAYS;
    }
    return walker->budget > 0 && !walk->is_lost ? end : REQUEST_STAYS;
}

/* --- redirects --- */

/* Only such bytes are the same in a redirect and in the path that it leads to. */
static bool is_plain(struct slice text, const char *others) {
    for (size_t i = 0; i < text.size; i++) {
        char c = byte_lower(text.data[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* Whether nothing of the path changes when it is asked for. */
static bool is_normal(struct slice path) {
    for (size_t i = 0; i + 1 < path.size; i++) {
        if (path.data[i] == '/' && (path.data[i + 1] == '/' || path.data[i + 1] == '.')) {
            return false;
        }
    }
    return path.size < LONGEST_PATH;
}

bool request_walk_is_plain_path(struct slice path) {
    return slice_starts_with(path, SLICE("/")) && is_plain(path, "/._-~") && is_normal(path);
}

/* "HOST:PORT" */
static bool read_authority(struct slice authority, struct request_url *url) {
    uint64_t port;
    size_t colon = slice_find_byte(authority, ':');
    url->host = slice_take(authority, colon);
    if (colon < authority.size) {
        if (!slice_parse_u64(slice_skip(authority, colon + 1), 65535, &port)) {
            return false;
        }
        url->port = (uint32_t)port;
    }
    return url->host.size > 0 && is_plain(url->host, ".-");
}

static bool read_origin(struct slice target, struct request_url *url, struct slice *rest) {
    static const struct {
        struct slice text;
        bool is_tls;
        uint32_t port;
    } schemes[] = {{SLICE_INIT("http://"), false, 80}, {SLICE_INIT("https://"), true, 443}};
    *rest = target;
    if (slice_starts_with(target, SLICE("/"))) {
        return url->host.size > 0; /* the origin stays */
    }
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (slice_starts_with(target, schemes[i].text)) {
            url->is_tls = schemes[i].is_tls;
            url->port = schemes[i].port;
            *rest = slice_skip(target, schemes[i].text.size);
            size_t slash = slice_find_byte(*rest, '/');
            size_t question = slice_find_byte(*rest, '?');
            struct slice authority = slice_take(*rest, slash < question ? slash : question);
            *rest = slice_skip(*rest, authority.size);
            return read_authority(authority, url);
        }
    }
    return false;
}

bool request_walk_follow(const struct request_walk *walk, struct request_url *url,
                         const struct server **server) {
    struct slice rest;
    *url = walk->url;
    if (!read_origin(walk->target, url, &rest)) {
        return false;
    }
    size_t question = slice_find_byte(rest, '?');
    url->path = question > 0 ? slice_take(rest, question) : SLICE("/");
    url->args = slice_skip(rest, question + 1);
    bool is_named;
    *server = request_walk_find_server(walk->walker, url, &is_named);
    return *server != NULL && (is_named || slice_equals_nocase(url->host, walk->url.host)) &&
           request_walk_is_plain_path(url->path) && is_plain(url->args, "=&/._-");
}

/* --- servers by host --- */

/* What listens at a port. */
struct port {
    const struct endpoint *endpoint; /* NULL: several, and none for any address */
    bool has_patterns;               /* names other than exact ones may take a host */
};

static struct slice port_key(struct arena *arena, uint32_t port) {
    return arena_format(arena, "%u", port);
}

static struct slice host_key(struct arena *arena, uint32_t port, struct slice name) {
    return arena_format(arena, "%u %.*s", port, SLICE_ARGS(name));
}

static void add_names(struct request_walker *walker, struct port *port, uint32_t number,
                      struct server *server) {
    struct arena *arena = walker->model->arena;
    for (size_t i = 0; i < server->names.count; i++) {
        const struct server_name *name = server->names.items[i];
        switch (name->kind) {
        case SERVER_NAME_BOTH:
            map_insert(&walker->servers, host_key(arena, number, slice_skip(name->text, 1)),
                       server);
            map_insert(&walker->servers, host_key(arena, number, name->text), server);
            break;
        case SERVER_NAME_EXACT:
        case SERVER_NAME_LEADING: /* begins with a dot, as no host does */
            map_insert(&walker->servers, host_key(arena, number, name->text), server);
            break;
        case SERVER_NAME_TRAILING:
        case SERVER_NAME_REGEX:
            port->has_patterns = true;
            break;
        }
    }
}

static void add_endpoint(struct request_walker *walker, const struct endpoint *endpoint) {
    struct arena *arena = walker->model->arena;
    struct slice key = port_key(arena, endpoint->address.port);
    struct port *port = map_find(&walker->ports, key);
    if (port == NULL) {
        port = arena_require(arena, sizeof *port);
        port->endpoint = endpoint;
        map_insert(&walker->ports, key, port);
    } else if (port->endpoint == NULL || !port->endpoint->is_wildcard) {
        port->endpoint = endpoint->is_wildcard ? endpoint : NULL;
    }
}

static void index_servers(struct request_walker *walker) {
    const struct model *model = walker->model;
    for (size_t i = 0; i < model->listeners.count; i++) {
        const struct listener *listener = model->listeners.items[i];
        for (size_t j = 0; j < listener->endpoints.count; j++) {
            if (listener->endpoints.items[j]->address.family != TABLE_FAMILY_UNIX) {
                add_endpoint(walker, listener->endpoints.items[j]);
            }
        }
    }
    for (size_t i = 0; i < walker->ports.count; i++) {
        struct port *port = walker->ports.entries[i].value;
        const struct endpoint *endpoint = port->endpoint;
        for (size_t j = 0; endpoint != NULL && j < endpoint->servers.count; j++) {
            add_names(walker, port, endpoint->address.port, endpoint->servers.items[j]);
        }
    }
}

/* By its name, or by that of the nearest domain above that has a wildcard. */
static const struct server *find_by_name(struct request_walker *walker,
                                         const struct request_url *url) {
    struct arena *arena = &walker->scratch;
    struct slice rest = url->host;
    const struct server *found = map_find(&walker->servers, host_key(arena, url->port, rest));
    while (found == NULL && rest.size > 0) {
        rest = slice_skip(rest, rest.data[0] == '.' ? 1 : 0);
        rest = slice_skip(rest, slice_find_byte(rest, '.'));
        found = rest.size > 0 ? map_find(&walker->servers, host_key(arena, url->port, rest)) : NULL;
    }
    return found;
}

/* By its expressions, in their order; `*is_known` is false when that cannot be told. */
static const struct server *find_by_pattern(struct request_walker *walker,
                                            const struct endpoint *endpoint, struct slice host,
                                            bool *is_known) {
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        for (size_t j = 0; j < server->names.count; j++) {
            const struct server_name *name = server->names.items[j];
            if (name->kind != SERVER_NAME_REGEX && name->kind != SERVER_NAME_TRAILING) {
                continue;
            }
            if (name->regex == NULL || !walk_spend(walker, STEPS_OF_NAME)) {
                *is_known = false;
                return NULL;
            }
            switch (regex_match(name->regex->pattern, true, host, MATCH_LIMIT)) {
            case REGEX_MATCHED:
                return server;
            case REGEX_UNMATCHED:
                break;
            case REGEX_TOO_LONG:
            case REGEX_FAILED:
                *is_known = false;
                return NULL;
            }
        }
    }
    return NULL;
}

const struct server *request_walk_find_server(struct request_walker *walker,
                                              const struct request_url *url, bool *is_named) {
    bool is_known = true;
    if (walker->ports.count == 0) {
        index_servers(walker);
    }
    const struct port *port = map_find(&walker->ports, port_key(&walker->scratch, url->port));
    if (port == NULL || port->endpoint == NULL || port->endpoint->ssl != url->is_tls ||
        port->endpoint->proxy_protocol) {
        return NULL;
    }
    const struct server *server = find_by_name(walker, url);
    if (server == NULL && port->has_patterns) {
        server = find_by_pattern(walker, port->endpoint, url->host, &is_known);
    }
    *is_named = server != NULL;
    return server != NULL || !is_known ? server : port->endpoint->default_server;
}
