/* Virtual servers. */
#include "emit/emitter.h"

/* $server_name: the first name as nginx gives it, ".example.com" without its dot
 * (ngx_http_core_merge_srv_conf). */
static struct slice main_name(struct emitter *emitter, const struct server *server) {
    if (server->names.count == 0) {
        return SLICE("");
    }
    const struct server_name *name = server->names.items[0];
    switch (name->kind) {
    case SERVER_NAME_EXACT:
        return name->text;
    case SERVER_NAME_LEADING:
        return arena_format(&emitter->scratch, "*%.*s", SLICE_ARGS(name->text));
    case SERVER_NAME_BOTH:
        return slice_skip(name->text, 1);
    case SERVER_NAME_TRAILING:
        return arena_format(&emitter->scratch, "%.*s*", SLICE_ARGS(name->text));
    case SERVER_NAME_REGEX:
        break;
    }
    return arena_format(&emitter->scratch, "~%.*s", SLICE_ARGS(name->regex->pattern));
}

static void emit_server(struct emitter *emitter, const struct server *server) {
    uint64_t identity = emit_server_identity(emitter, server);
    struct table_range places;
    struct table_server record = {
        .name = emit_string(emitter, main_name(emitter, server)),
        .settings = emit_settings(emitter, server->settings),
        .own_settings = emit_server_settings(emitter, server->own_settings),
        .locations =
            emit_locations(emitter, server->locations.items, server->locations.count, identity),
        .named = emit_named_locations(emitter, server, identity),
        .rewrite = emit_rewrite(emitter, &server->rewrite, &places),
        .try_files = emit_try_files(emitter, server->try_files),
        .place = emit_place(emitter, server->statement),
    };
    uint32_t index = emit_append(emitter, TABLE_SECTION_server, &record);
    emit_sequence_place(emitter, index, TABLE_NONE, places);
    emit_remember_thing(&emitter->servers, server, index);
}

void emit_servers(struct emitter *emitter) {
    for (size_t i = 0; i < emitter->model->servers.count; i++) {
        emit_server(emitter, emitter->model->servers.items[i]);
        arena_reset(&emitter->scratch);
        progress_step(emitter->model->tree->progress);
    }
}
