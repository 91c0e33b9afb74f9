/* Upstream groups with their peers, and what leads to them. */
#include "cli/graph_builder.h"

#include "table/dump.h"

static void add_peer(struct graph_builder *builder, uint32_t upstream_node, uint32_t record) {
    const struct table_peer *peer = &builder->table->peer[record];
    struct graph_text text;
    struct graph_node node = {.column = GRAPH_PEER,
                              .label = graph_text_of(builder, peer->name),
                              .parent = TABLE_NONE,
                              .is_faint = peer->down != 0 || peer->drain != 0};
    if (node.is_faint) {
        node.detail = peer->down != 0 ? SLICE("down") : SLICE("drain");
    } else if (peer->backup != 0) {
        node.detail = SLICE("backup");
    } else if (peer->weight != 1) {
        node.detail = arena_format(builder->graph->arena, "weight %u", peer->weight);
    }
    graph_text_begin(&text, builder);
    fputs("peer ", text.memory.out);
    graph_text_write(&text, node.label);
    table_dump_peer_parameters(text.memory.out, peer);
    graph_text_place(&text, peer->place);
    node.title = graph_text_end(&text);
    graph_add_edge(builder, upstream_node, graph_add_node(builder, node), GRAPH_EDGE_PLAIN);
}

static struct slice upstream_label(struct graph_builder *builder,
                                   const struct table_upstream *upstream) {
    struct slice name = graph_text_of(builder, upstream->name);
    return upstream->port == 0
               ? name
               : arena_format(builder->graph->arena, "%.*s:%u", SLICE_ARGS(name), upstream->port);
}

uint32_t graph_need_upstream(struct graph_builder *builder, uint32_t record) {
    const struct table_upstream *upstream = &builder->table->upstream[record];
    uint32_t *known = &builder->upstream_nodes[record];
    if (*known != TABLE_NONE) {
        return *known;
    }
    struct graph_text text;
    struct graph_node node = {.column = GRAPH_UPSTREAM,
                              .label = upstream_label(builder, upstream),
                              .parent = TABLE_NONE,
                              .is_faint = upstream->implicit != 0};
    graph_text_begin(&text, builder);
    fputs("upstream ", text.memory.out);
    graph_text_write(&text, node.label);
    fputs(upstream->implicit != 0 ? ", implied by proxy_pass" : "", text.memory.out);
    graph_text_place(&text, upstream->place);
    node.title = graph_text_end(&text);
    *known = graph_add_node(builder, node);
    for (uint32_t i = 0; i < upstream->peers.count && !builder->graph->is_too_large; i++) {
        add_peer(builder, *known, upstream->peers.first + i);
    }
    return *known;
}

/* A proxy_pass with variables leads where the request says. */
static uint32_t need_target(struct graph_builder *builder, uint32_t program) {
    uint32_t *known = &builder->target_nodes[program];
    if (*known != TABLE_NONE) {
        return *known;
    }
    struct graph_text text;
    graph_text_begin(&text, builder);
    dump_program(&text.dumper, program);
    struct graph_node node = {.column = GRAPH_UPSTREAM,
                              .label = graph_text_end(&text),
                              .parent = TABLE_NONE,
                              .is_faint = true};
    node.title = arena_format(builder->graph->arena, "%.*s, chosen for each request",
                              SLICE_ARGS(node.label));
    *known = graph_add_node(builder, node);
    return *known;
}

void graph_connect_proxy(struct graph_builder *builder, uint32_t from, uint32_t record,
                         enum graph_edge_kind kind) {
    if (record == TABLE_NONE || builder->graph->is_too_large) {
        return;
    }
    const struct table_proxy *proxy = &builder->table->proxy[record];
    uint32_t to = proxy->upstream != TABLE_NONE ? graph_need_upstream(builder, proxy->upstream)
                                                : need_target(builder, proxy->target);
    graph_add_edge(builder, from, to, kind);
}
