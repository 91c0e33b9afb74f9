/* Settings of blocks: their defaults and their inheritance, generic over the rows of
 * grammar/directives.def. What a single value looks like is left to the setters. */
#include "model/reading.h"

#include <string.h>

/* A statement as if the default stood in a file; its words have empty spans. */
static struct statement *default_statement(struct model *model, const struct directive *directive) {
    VECTOR_OF(struct word) words = {0};
    VECTOR_PUSH(model->arena, &words, (struct word){.text = slice_from_string(directive->name)});
    struct slice rest = slice_from_string(directive->initial);
    while (rest.size > 0) {
        size_t end = slice_find_byte(rest, ' ');
        VECTOR_PUSH(model->arena, &words, (struct word){.text = slice_take(rest, end)});
        rest = slice_skip(rest, end < rest.size ? end + 1 : end);
    }
    struct statement *statement = arena_require(model->arena, sizeof *statement);
    statement->words = words.items;
    statement->word_count = (uint32_t)words.count;
    return statement;
}

/* Runs the setters of a group's rows on their defaults; `owner` is the struct they belong to. */
static void set_defaults(struct model *model, enum directive_group group, void *owner) {
    for (size_t i = 0; i < catalogue_directive_count(); i++) {
        const struct directive *directive = catalogue_directive(i);
        if (directive->group != group || directive->initial[0] == '\0') {
            continue;
        }
        struct setter_call call = {
            .model = model,
            .directive = directive,
            .statement = default_statement(model, directive),
            .field = (char *)owner + directive->offset,
        };
        directive->set(&call);
    }
}

void settings_set_defaults(struct model *model, struct settings *settings) {
    set_defaults(model, GROUP_HTTP, settings);
}

void settings_set_server_defaults(struct model *model, struct server_settings *settings) {
    set_defaults(model, GROUP_SERVER, settings);
}

void settings_set_process_defaults(struct model *model) {
    set_defaults(model, GROUP_PROCESS, &model->process);
}

void settings_set_upstream_defaults(struct model *model, struct upstream *upstream) {
    set_defaults(model, GROUP_UPSTREAM, upstream);
}

struct settings *settings_create(struct model *model, const struct settings *outer) {
    struct settings *settings = arena_require(model->arena, sizeof *settings);
    settings->outer = outer;
    return settings;
}

/* What they inherit is decided by settings_inherit. */
struct settings *settings_own(struct model *model, struct scope *scope) {
    if (scope->settings == model->reading->no_settings) {
        scope->settings = settings_create(model, NULL);
        if (scope->location != NULL) {
            scope->location->settings = scope->settings;
        } else {
            scope->server->settings = scope->settings;
        }
    }
    return scope->settings;
}

struct server_settings *settings_find_server(const struct model *model, const struct scope *scope) {
    return scope->server != NULL ? scope->server->own_settings : model->http_own_settings;
}

struct server_settings *settings_own_server(struct model *model, const struct scope *scope) {
    struct server_settings *settings = settings_find_server(model, scope);
    if (settings == NULL) {
        settings = arena_require(model->arena, sizeof *settings);
        scope->server->own_settings = settings;
    }
    return settings;
}

/* Where each setting lives, by enum setting_id. */
struct setting_field {
    size_t offset;
    size_t size;
};

static const struct setting_field setting_fields[SETTING_COUNT] = {
#define HTTP_DIRECTIVE(name, contexts, min, max, storage, ...)                                     \
    [SETTING_##name] = {offsetof(struct settings, name), sizeof(MODEL_TYPE_##storage)},
#define GRPC_DIRECTIVE(suffix, ...) HTTP_DIRECTIVE(grpc_##suffix, __VA_ARGS__)
#include "directives.def"
};

static const struct setting_field server_setting_fields[SERVER_SETTING_COUNT] = {
#define SERVER_DIRECTIVE(name, contexts, min, max, storage, ...)                                   \
    [SERVER_SETTING_##                                                                             \
        name] = {offsetof(struct server_settings, name), sizeof(MODEL_TYPE_##storage)},
#include "directives.def"
};

static void inherit_server_settings(struct model *model, struct server_settings *settings,
                                    const struct server_settings *outer) {
    tls_profile_apply(model, settings);
    for (size_t i = 0; i < SERVER_SETTING_COUNT; i++) {
        if (!settings->is_own[i]) {
            memcpy((char *)settings + server_setting_fields[i].offset,
                   (const char *)outer + server_setting_fields[i].offset,
                   server_setting_fields[i].size);
            settings->origin[i] = outer->origin[i];
        }
    }
}

static void inherit_from_outer(struct settings *settings) {
    const struct settings *outer = settings->outer;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!settings->is_own[i]) {
            memcpy((char *)settings + setting_fields[i].offset,
                   (const char *)outer + setting_fields[i].offset, setting_fields[i].size);
            settings->origin[i] = outer->origin[i];
        }
    }
}

static struct settings *find_heir(struct model *model, struct settings *outer) {
    if (outer->heir == NULL) {
        struct settings *heir = settings_create(model, outer);
        inherit_from_outer(heir);
        headers_inherit(model, heir);
        buffering_complete(model, heir);
        outer->heir = heir;
    }
    return outer->heir;
}

/* The settings of a block inside one with the settings `outer`, now complete. */
static struct settings *inherit(struct model *model, struct settings *settings,
                                struct settings *outer) {
    if (settings == model->reading->no_settings) {
        return find_heir(model, outer);
    }
    settings->outer = outer;
    inherit_from_outer(settings);
    files_inherit(settings);
    secure_link_inherit(settings);
    headers_inherit(model, settings);
    buffering_complete(model, settings);
    compression_complete(model, settings);
    return settings;
}

static void inherit_location(struct model *model, struct location *location,
                             struct settings *outer) {
    location->settings = inherit(model, location->settings, outer);
    referer_complete(model, location->server, location->settings);
    access_check_file(model, location);
    if (location->parent != NULL && location->parent->is_internal) {
        location->is_internal = true;
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        inherit_location(model, location->nested.items[i], location->settings);
    }
    location->settings = grpc_choose_settings(model, location, location->settings);
}

void settings_inherit(struct model *model) {
    /* The defaults are no block that anybody could have set something in. */
    inherit_from_outer(model->main_settings);
    model->main_settings->outer = NULL;
    inherit_from_outer(model->http_settings);
    headers_inherit(model, model->http_settings);
    buffering_complete(model, model->http_settings);
    inherit_server_settings(model, model->http_own_settings, &model->reading->server_defaults);
    for (size_t i = 0; i < model->servers.count; i++) {
        struct server *server = model->servers.items[i];
        server->settings = inherit(model, server->settings, model->http_settings);
        referer_complete(model, server, server->settings);
        if (server->own_settings == NULL) {
            server->own_settings = model->http_own_settings;
        } else {
            inherit_server_settings(model, server->own_settings, model->http_own_settings);
        }
        for (size_t j = 0; j < server->conditions.count; j++) {
            inherit_location(model, server->conditions.items[j], server->settings);
        }
        for (size_t j = 0; j < server->locations.count; j++) {
            inherit_location(model, server->locations.items[j], server->settings);
        }
    }
}
