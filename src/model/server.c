/* The server block, and what a server has without saying so. */
#include "model/reading.h"

/* Whether the block has such a statement, be it a wrong one that has been reported. */
static bool mentions(const struct server *server, struct slice name) {
    struct tree_walk walk = tree_walk_begin(server->statement->block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        if (slice_equals(statement_name(s), name)) {
            return true;
        }
    }
    return false;
}

void server_finish(struct model *model, struct server *server) {
    if (server->listens.count == 0 && !mentions(server, SLICE("listen"))) {
        VECTOR_PUSH(model->arena, &server->listens, listen_implied(model));
    }
    if (server->names.count == 0 && !mentions(server, SLICE("server_name"))) {
        server_name_add_implied(model, server);
    }
}

struct server *server_create(struct model *model, struct statement *statement) {
    struct server *server = arena_require(model->arena, sizeof *server);
    server->statement = statement;
    server->settings = model->reading->no_settings;
    VECTOR_PUSH(model->arena, &model->servers, server);
    return server;
}

bool model_set_server_block(const struct setter_call *call) {
    struct server *server = server_create(call->model, call->statement);
    struct scope inner = build_inner_scope(call->scope, call->statement, C_SERVER);
    inner.server = server;
    inner.settings = server->settings;
    inner.rewrite = &server->rewrite;
    build_block(call->model, &inner, call->statement->block);
    server_finish(call->model, server);
    return true;
}
