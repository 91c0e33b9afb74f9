/* What several rules walk over: the blocks of a model in one list each. */
#include "check/site.h"

static void collect_location(struct site *site, struct arena *arena, struct location *location) {
    VECTOR_PUSH(arena, &site->locations, location);
    VECTOR_PUSH(arena, &site->settings, location->settings);
    struct site_block block = {location->settings, location->server, location};
    VECTOR_PUSH(arena, &site->blocks, block);
    for (size_t i = 0; i < location->nested.count; i++) {
        collect_location(site, arena, location->nested.items[i]);
    }
}

void site_collect(struct site *site, struct model *model) {
    *site = (struct site){.model = model};
    map_init(&site->found, model->arena);
    VECTOR_PUSH(model->arena, &site->settings, model->http_settings);
    struct site_block http = {.settings = model->http_settings};
    VECTOR_PUSH(model->arena, &site->blocks, http);
    VECTOR_PUSH(model->arena, &site->server_settings, model->http_own_settings);
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        VECTOR_PUSH(model->arena, &site->settings, server->settings);
        struct site_block block = {.settings = server->settings, .server = server};
        VECTOR_PUSH(model->arena, &site->blocks, block);
        if (server->own_settings != model->http_own_settings) {
            VECTOR_PUSH(model->arena, &site->server_settings, server->own_settings);
        }
        for (size_t j = 0; j < server->conditions.count; j++) {
            collect_location(site, model->arena, server->conditions.items[j]);
        }
        for (size_t j = 0; j < server->locations.count; j++) {
            collect_location(site, model->arena, server->locations.items[j]);
        }
    }
}

/* Blocks with more statements are searched once for each name. */
#define LONG_BLOCK 32

struct answer {
    const struct statement *statement; /* NULL: there is none */
};

static const struct statement *find_in_block(struct site *site, struct block *block,
                                             struct slice name) {
    const void *key[] = {block, name.data};
    struct slice place = {(const char *)key, sizeof key};
    const struct answer *known = map_find(&site->found, place);
    if (known != NULL) {
        return known->statement;
    }
    const struct statement *found = NULL;
    size_t count = 0;
    struct tree_walk walk = tree_walk_begin(block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        if (slice_equals(statement_name(s), name)) {
            found = s;
        }
        count++;
    }
    if (count > LONG_BLOCK) {
        struct answer *answer = arena_require(site->model->arena, sizeof *answer);
        answer->statement = found;
        map_insert(&site->found, arena_copy_slice(site->model->arena, place), answer);
    }
    return found;
}

const struct statement *site_find_in_effect(struct site *site, const struct statement *statement,
                                            struct slice name) {
    for (const struct statement *s = statement; s != NULL; s = statement_owner(s)) {
        const struct statement *found =
            s->block != NULL ? find_in_block(site, s->block, name) : NULL;
        if (found != NULL) {
            return found;
        }
    }
    return find_in_block(site, site->model->tree->root, name);
}

void site_for_each_statement(const struct block *block,
                             void (*visit)(void *context, const struct statement *statement),
                             void *context) {
    for (const struct statement *s = block->first; s != NULL; s = s->next) {
        for (const struct block *b = s->included; b != NULL; b = b->next) {
            site_for_each_statement(b, visit, context);
        }
        visit(context, s);
        if (s->block != NULL) {
            site_for_each_statement(s->block, visit, context);
        }
    }
}

const struct statement *site_find_in_block(struct site *site, const struct site_block *block,
                                           struct slice name) {
    const struct statement *statement = block->location != NULL ? block->location->statement
                                        : block->server != NULL ? block->server->statement
                                                                : NULL;
    return site_find_in_effect(site, statement, name);
}

const struct statement *site_find_own(const struct statement *owner, struct slice name) {
    if (owner == NULL || owner->block == NULL) {
        return NULL;
    }
    struct tree_walk walk = tree_walk_begin(owner->block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        if (slice_equals(statement_name(s), name)) {
            return s;
        }
    }
    return NULL;
}

bool site_is_handler(struct slice directive) {
    static const struct slice names[] = {
        SLICE_INIT("stub_status"),
        SLICE_INIT("status"),
        SLICE_INIT("api"),
        SLICE_INIT("empty_gif"),
        SLICE_INIT("js_content"),
        SLICE_INIT("perl"),
        SLICE_INIT("hls"),
        SLICE_INIT("content_by_lua"),
        SLICE_INIT("content_by_lua_file"),
        SLICE_INIT("content_by_lua_block"),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals(directive, names[i])) {
            return true;
        }
    }
    return slice_ends_with(directive, SLICE("_pass"));
}

bool site_has_handler(const struct statement *owner) {
    struct tree_walk walk = tree_walk_begin(owner->block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        if (site_is_handler(statement_name(s))) {
            return true;
        }
    }
    return false;
}

const struct header_setting *site_find_header(const struct header_list *list, struct slice name) {
    for (size_t i = 0; i < list->list.count; i++) {
        if (slice_equals_nocase(list->list.items[i].name, name)) {
            return &list->list.items[i];
        }
    }
    return NULL;
}
