/* From a table to the graph of a site: nodes and edges, servers and listeners. */
#include "cli/graph_builder.h"

enum { EDGES_PER_NODE = 16 /* more than that, on average, nobody can follow */, SHOWN_NAMES = 16 };

/* --- Nodes and edges --- */

uint32_t graph_add_node(struct graph_builder *builder, struct graph_node node) {
    struct graph *graph = builder->graph;
    if (graph->nodes.count >= builder->limit) {
        graph->is_too_large = true;
        return TABLE_NONE;
    }
    VECTOR_PUSH(graph->arena, &graph->nodes, node);
    return (uint32_t)graph->nodes.count - 1;
}

void graph_add_edge(struct graph_builder *builder, uint32_t from, uint32_t to,
                    enum graph_edge_kind kind) {
    struct graph *graph = builder->graph;
    if (from == TABLE_NONE || to == TABLE_NONE || graph->is_too_large) {
        return;
    }
    if (graph->edges.count >= builder->limit * EDGES_PER_NODE) {
        graph->is_too_large = true;
        return;
    }
    VECTOR_PUSH(graph->arena, &graph->edges, (struct graph_edge){from, to, kind});
}

static uint32_t *make_nodes(struct graph_builder *builder, uint32_t count) {
    uint32_t *nodes = arena_require(builder->graph->arena, ((size_t)count + 1) * sizeof *nodes);
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = TABLE_NONE;
    }
    return nodes;
}

void graph_put_record(struct graph_builder *builder, struct graph_records *records,
                      uint32_t record) {
    if (record == TABLE_NONE) {
        return;
    }
    if (records->all.count >= builder->limit) {
        builder->graph->is_too_large = true;
        return;
    }
    VECTOR_PUSH(builder->graph->arena, &records->all, record);
}

uint32_t graph_find_answer(const struct table *table, uint32_t program) {
    struct table_range ops = {0, 0};
    if (program != TABLE_NONE) {
        ops = table->program[program].ops;
    }
    uint32_t block_end = ops.first;
    for (uint32_t i = ops.first; i < ops.first + ops.count; i++) {
        uint32_t code = table->op[i].code;
        bool is_return = code == TABLE_OP_RETURN_STATUS || code == TABLE_OP_RETURN_TEXT ||
                         code == TABLE_OP_RETURN_REDIRECT;
        if (is_return && i >= block_end) {
            return i;
        }
        if ((code == TABLE_OP_SKIP_IF || code == TABLE_OP_SKIP_UNLESS) &&
            i + 1 + table->op[i].a > block_end) {
            block_end = i + 1 + table->op[i].a;
        }
    }
    return TABLE_NONE;
}

/* --- Servers and listeners --- */

static struct slice server_title(struct graph_builder *builder, uint32_t record) {
    const struct table_server *server = &builder->table->server[record];
    const struct graph_server *names = &builder->servers[record];
    struct graph_text text;
    graph_text_begin(&text, builder);
    fputs("server", text.memory.out);
    for (size_t i = 0; i < names->names.count && i < SHOWN_NAMES; i++) {
        fputc(' ', text.memory.out);
        graph_text_write(&text, names->names.items[i]);
    }
    fputs(names->names.count > SHOWN_NAMES ? " ..." : "", text.memory.out);
    if (server->rewrite != TABLE_NONE) {
        fputc('\n', text.memory.out);
        dump_program(&text.dumper, server->rewrite);
    }
    graph_text_place(&text, server->place);
    return graph_text_end(&text);
}

static struct slice server_detail(struct graph_builder *builder, uint32_t record) {
    uint32_t answer = graph_find_answer(builder->table, builder->table->server[record].rewrite);
    size_t count = builder->servers[record].names.count;
    struct graph_text text;
    graph_text_begin(&text, builder);
    if (answer != TABLE_NONE) {
        dump_op(&text.dumper, answer);
    } else if (count > 1) {
        fprintf(text.memory.out, "and %zu more name%s", count - 1, count > 2 ? "s" : "");
    }
    return graph_text_end(&text);
}

static void add_server(struct graph_builder *builder, uint32_t record) {
    const struct table_server *server = &builder->table->server[record];
    struct slice name = graph_text_of(builder, server->name);
    struct graph_node node = {.column = GRAPH_SERVER,
                              .label = name.size > 0 ? name : SLICE("(no name)"),
                              .detail = server_detail(builder, record),
                              .title = server_title(builder, record),
                              .parent = TABLE_NONE};
    uint32_t added = graph_add_node(builder, node);
    builder->server_nodes[record] = added;
    graph_add_locations(builder, added, server->locations, 0);
    for (uint32_t i = 0; i < server->named.count && !builder->graph->is_too_large; i++) {
        uint32_t location = builder->table->named_location[server->named.first + i].location;
        graph_add_location(builder, added, location, GRAPH_EDGE_MAYBE, 0);
    }
}

/* The chosen servers of each index of names. */
static struct graph_records *list_servers(struct graph_builder *builder) {
    const struct table *table = builder->table;
    struct graph_records *lists =
        arena_require(builder->graph->arena, ((size_t)table->name_index_count + 1) * sizeof *lists);
    for (uint32_t i = 0; i < table->server_count; i++) {
        const struct graph_server *server = &builder->servers[i];
        for (size_t j = 0; j < server->indexes.count && server->is_chosen; j++) {
            graph_put_record(builder, &lists[server->indexes.items[j]], i);
        }
    }
    return lists;
}

static struct slice listener_title(struct graph_builder *builder,
                                   const struct table_listener *listener) {
    struct graph_text text;
    graph_text_begin(&text, builder);
    fputs("listen ", text.memory.out);
    graph_text_write(&text, graph_text_of(builder, listener->name));
    fprintf(text.memory.out, ", backlog %u%s%s", listener->backlog,
            listener->reuseport != 0 ? ", reuseport" : "",
            listener->ipv6only != 0 ? ", ipv6only" : "");
    graph_text_place(&text, listener->place);
    return graph_text_end(&text);
}

/* One edge for each server, however many of the listener's addresses lead to it. */
static void connect_server(struct graph_builder *builder, uint32_t node, uint32_t server,
                           enum graph_edge_kind kind) {
    if (builder->latest_listeners[server] != node) {
        builder->latest_listeners[server] = node;
        graph_add_edge(builder, node, builder->server_nodes[server], kind);
    }
}

static void connect_listener(struct graph_builder *builder, const struct table_listener *listener,
                             uint32_t node, const struct graph_records *lists) {
    const struct table_endpoint *endpoint = &builder->table->endpoint[listener->endpoints.first];
    uint32_t count = listener->endpoints.count;
    for (uint32_t i = 0; i < count && node != TABLE_NONE; i++) {
        connect_server(builder, node, endpoint[i].default_server, GRAPH_EDGE_DEFAULT);
    }
    for (uint32_t i = 0; i < count && node != TABLE_NONE; i++) {
        const struct graph_records *list = &lists[endpoint[i].names];
        for (size_t j = 0; j < list->all.count && !builder->graph->is_too_large; j++) {
            connect_server(builder, node, list->all.items[j], GRAPH_EDGE_PLAIN);
        }
    }
}

/* Whether it leads to a server that is drawn. */
static bool is_wanted(const struct graph_builder *builder, const struct table_listener *listener,
                      const struct graph_records *lists) {
    const struct table *table = builder->table;
    for (uint32_t i = 0; i < listener->endpoints.count; i++) {
        const struct table_endpoint *endpoint = &table->endpoint[listener->endpoints.first + i];
        if (builder->servers[endpoint->default_server].is_chosen ||
            lists[endpoint->names].all.count > 0) {
            return true;
        }
    }
    return false;
}

static void add_listeners(struct graph_builder *builder) {
    const struct table *table = builder->table;
    struct graph_records *lists = list_servers(builder);
    for (uint32_t i = 0; i < table->listener_count && !builder->graph->is_too_large; i++) {
        const struct table_listener *listener = &table->listener[i];
        if (is_wanted(builder, listener, lists)) {
            struct graph_node node = {.column = GRAPH_LISTENER,
                                      .label = graph_text_of(builder, listener->name),
                                      .title = listener_title(builder, listener),
                                      .parent = TABLE_NONE};
            connect_listener(builder, listener, graph_add_node(builder, node), lists);
        }
    }
}

void graph_build(struct graph *graph, struct arena *arena, const struct table *table,
                 const struct graph_server *servers, bool is_whole, size_t limit) {
    *graph = (struct graph){.arena = arena};
    struct graph_builder builder = {
        .graph = graph, .table = table, .servers = servers, .limit = limit};
    builder.server_nodes = make_nodes(&builder, table->server_count);
    builder.location_nodes = make_nodes(&builder, table->location_count);
    builder.upstream_nodes = make_nodes(&builder, table->upstream_count);
    builder.target_nodes = make_nodes(&builder, table->program_count);
    builder.latest_listeners = make_nodes(&builder, table->server_count);
    for (uint32_t i = 0; i < table->server_count && !graph->is_too_large; i++) {
        if (servers[i].is_chosen) {
            add_server(&builder, i);
        }
    }
    add_listeners(&builder);
    for (uint32_t i = 0; is_whole && i < table->upstream_count && !graph->is_too_large; i++) {
        graph_need_upstream(&builder, i);
    }
}
