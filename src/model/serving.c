/* What rpcd does not run yet: serving files. nginx does where a request gets to the end of its
 * phases and nothing else answers; compile refuses exactly that. A request that stays in a location
 * is followed through its rewrite phase for the places it may end in: the location itself, or one
 * of its blocks of `if`. */
#include "model/reading.h"

#include <ctype.h>
#include <string.h>

/* --- what a pattern is sure to match --- */

static struct slice without_groups(struct model *model, struct slice pattern) {
    char *text = arena_require(model->arena, pattern.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < pattern.size; i++) {
        if (pattern.data[i] != '(' && pattern.data[i] != ')') {
            text[size++] = pattern.data[i];
        }
    }
    return (struct slice){text, size};
}

/* How much of the pattern stands for the one byte it begins with; 0: for something else. */
static size_t measure_literal(struct slice pattern, char *byte) {
    if (pattern.size == 0) {
        return 0;
    }
    *byte = pattern.data[0];
    if (pattern.data[0] == '\\' && pattern.size > 1) {
        *byte = pattern.data[1];
        return isalnum((unsigned char)*byte) != 0 ? 0 : 2;
    }
    return *byte == '\0' || strchr("\\*+?{[|^$.", *byte) != NULL ? 0 : 1;
}

/* Steps over what `name` begins with, too; an optional byte may be there or not. */
static struct slice skip_name(struct slice pattern, struct slice name) {
    char byte;
    for (size_t size; (size = measure_literal(pattern, &byte)) > 0;) {
        bool is_optional = pattern.size > size && pattern.data[size] == '?';
        bool is_next = name.size > 0 && name.data[0] == byte;
        if (!is_next && !is_optional) {
            break;
        }
        pattern = slice_skip(pattern, size + (is_optional ? 1 : 0));
        name = slice_skip(name, is_next ? 1 : 0);
    }
    return pattern;
}

/* Whether it is one of the usual ways to match any path that begins with `name`: ^, ^/, .*,
 * ^/name/(.*)$ and the like. */
static bool matches_all(struct model *model, const struct regex *regex, struct slice name) {
    struct slice rest = without_groups(model, regex->pattern);
    if (slice_starts_with(rest, SLICE("^"))) {
        rest = skip_name(slice_skip(rest, 1), name);
    } else if (slice_equals(rest, SLICE("/"))) {
        return true;
    }
    return rest.size == 0 || slice_equals(rest, SLICE(".*")) || slice_equals(rest, SLICE(".*$"));
}

/* --- where the rewrite phase may end --- */

/* A place in which a request may be during the phase. */
struct place {
    const struct location *block; /* of an `if` that it entered; NULL: outside of all */
    bool may_be_unchanged;        /* its path; with another one the end leads elsewhere */
};

struct walk {
    struct model *model;
    bool is_server;    /* the end of the phase, whatever ends it, leads to a location */
    struct slice name; /* what the path is known to begin with, unless it was rewritten */
    bool has_rewritten;
    VECTOR_OF(struct place) places;             /* at this step */
    VECTOR_OF(const struct location *) reached; /* blocks of places where a request may stay */
};

static void add_place(struct walk *walk, struct place place) {
    for (size_t i = 0; i < walk->places.count; i++) {
        struct place *other = &walk->places.items[i];
        if (other->block == place.block) {
            other->may_be_unchanged = other->may_be_unchanged || place.may_be_unchanged;
            return;
        }
    }
    VECTOR_PUSH(walk->model->arena, &walk->places, place);
}

/* All requests that got here stay where they are. */
static void stay(struct walk *walk) {
    for (size_t i = 0; i < walk->places.count; i++) {
        VECTOR_PUSH(walk->model->arena, &walk->reached, walk->places.items[i].block);
    }
}

static void walk_rewriting(struct walk *walk, const struct rewriting *rewriting) {
    bool matches_any = matches_all(walk->model, rewriting->regex, SLICE(""));
    bool matches_old = matches_any || matches_all(walk->model, rewriting->regex, walk->name);
    bool goes_on = rewriting->redirect == 0 && rewriting->flag == TABLE_REWRITE_GO_ON;
    if (rewriting->redirect == 0 &&
        (rewriting->flag == TABLE_REWRITE_BREAK || (walk->is_server && !goes_on))) {
        stay(walk);
    }
    for (size_t i = 0; matches_old && i < walk->places.count; i++) {
        walk->places.items[i].may_be_unchanged = false;
    }
    if (!goes_on && (matches_any || (matches_old && !walk->has_rewritten))) {
        walk->places.count = 0;
    }
    walk->has_rewritten = walk->has_rewritten || goes_on;
}

static void walk_steps(struct walk *walk, const struct rewrite *rewrite);

/* The condition may hold or not. */
static void walk_if(struct walk *walk, const struct location *block) {
    size_t count = walk->places.count;
    struct place *before = arena_require(walk->model->arena, (count + 1) * sizeof *before);
    struct place entered = {.block = block};
    for (size_t i = 0; i < count; i++) {
        before[i] = walk->places.items[i];
        entered.may_be_unchanged = entered.may_be_unchanged || before[i].may_be_unchanged;
    }
    if (count == 0) {
        return;
    }
    walk->places.count = 0;
    add_place(walk, entered);
    walk_steps(walk, &block->rewrite);
    for (size_t i = 0; i < count; i++) {
        add_place(walk, before[i]);
    }
}

static void walk_steps(struct walk *walk, const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        switch (step->kind) {
        case REWRITE_SET:
        case REWRITE_SET_ARGS:
            break;
        case REWRITE_PATH:
            walk_rewriting(walk, step->rewriting);
            break;
        case REWRITE_IF:
            walk_if(walk, step->block);
            break;
        case REWRITE_BREAK:
            stay(walk);
            walk->places.count = 0;
            break;
        case REWRITE_RETURN:
            walk->places.count = 0;
            break;
        }
    }
}

/* `location` is whose sequence it is; NULL: the server's. */
static struct walk walk_rewrite(struct model *model, const struct rewrite *rewrite,
                                const struct location *location) {
    bool is_server = location == NULL;
    struct walk walk = {.model = model, .is_server = is_server, .name = SLICE("/")};
    if (location != NULL && location->regex == NULL && location->kind != TABLE_LOCATION_NAMED) {
        walk.name = location->name;
    }
    add_place(&walk, (struct place){.may_be_unchanged = true});
    walk_steps(&walk, rewrite);
    for (size_t i = 0; i < walk.places.count; i++) {
        if (is_server || walk.places.items[i].may_be_unchanged) {
            VECTOR_PUSH(model->arena, &walk.reached, walk.places.items[i].block);
        }
    }
    return walk;
}

static bool reaches(const struct walk *walk, const struct location *block) {
    for (size_t i = 0; i < walk->reached.count; i++) {
        if (walk->reached.items[i] == block) {
            return true;
        }
    }
    return false;
}

/* --- who would serve files there --- */

static bool is_file_there(const struct try_files *try_files) {
    for (size_t i = 0; i < try_files->files.count; i++) {
        if (try_files->files.items[i].name.parts.count > 0) {
            return true;
        }
    }
    return false; /* "" is a usual way to go to the fallback at once */
}

/* `statement` is the head of the block in which a request got to the end. */
static void refuse_files(struct model *model, const struct statement *statement,
                         const struct settings *settings, const struct try_files *try_files) {
    const struct statement *root = settings->origin[SETTING_root];
    if (model_is_closed(settings)) {
        return;
    }
    if (try_files != NULL && is_file_there(try_files)) {
        refuse_serving(model, statement, try_files->statement);
    } else if (try_files == NULL && root != NULL) {
        refuse_serving(model, statement, root);
    }
}

/* Of a location that does not proxy; its blocks would inherit that. */
static void refuse_at_end(struct model *model, const struct location *location) {
    struct walk walk = walk_rewrite(model, &location->rewrite, location);
    if (reaches(&walk, NULL)) {
        refuse_files(model, location->statement, location->settings, location->try_files);
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        const struct location *block = location->nested.items[i];
        if (block->is_condition && block->proxy == NULL &&
            (block == location->limited || reaches(&walk, block))) {
            refuse_files(model, block->statement, block->settings, NULL);
        }
    }
}

static void refuse_in_location(struct model *model, const struct location *location) {
    if (location->proxy == NULL) {
        refuse_at_end(model, location);
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        if (!location->nested.items[i]->is_condition) {
            refuse_in_location(model, location->nested.items[i]);
        }
    }
}

/* Whether some location takes every path, so that nothing is left to the server itself. */
static bool takes_everything(struct model *model, const struct location *location) {
    switch (location->kind) {
    case TABLE_LOCATION_PREFIX:
    case TABLE_LOCATION_PREFIX_NO_REGEX:
        return location->name.size <= 1;
    case TABLE_LOCATION_REGEX:
    case TABLE_LOCATION_REGEX_NOCASE:
        return location->regex != NULL && matches_all(model, location->regex, SLICE("/"));
    case TABLE_LOCATION_EXACT:
    case TABLE_LOCATION_NAMED:
        break;
    }
    return false;
}

/* Whether the server's own rewrite phase lets requests through. */
static bool looks_for_locations(struct model *model, const struct server *server) {
    return server->rewrite.steps.count == 0 ||
           walk_rewrite(model, &server->rewrite, NULL).reached.count > 0;
}

static void refuse_in_server(struct model *model, const struct server *server) {
    bool is_open = looks_for_locations(model, server);
    bool is_covered = false;
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        is_covered = is_covered || takes_everything(model, location);
        if (is_open || location->kind == TABLE_LOCATION_NAMED) {
            refuse_in_location(model, location);
        }
    }
    if (is_open && !is_covered) {
        refuse_files(model, server->statement, server->settings, server->try_files);
    }
}

void serving_refuse(struct model *model) {
    for (size_t i = 0; i < model->servers.count; i++) {
        refuse_in_server(model, model->servers.items[i]);
    }
}
