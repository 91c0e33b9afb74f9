/* What the files that build a graph share: its nodes and edges in the making, and their texts.
 * Every record is drawn once, however many others lead to it, so that building ends for any table.
 */
#ifndef CLI_GRAPH_BUILDER_H
#define CLI_GRAPH_BUILDER_H

#include "cli/graph.h"
#include "table/dump_memory.h"
#include "table/dump_value.h"

struct graph_builder {
    struct graph *graph;
    const struct table *table;
    const struct graph_server *servers;
    size_t limit;
    /* Nodes of records, TABLE_NONE where there is none yet. */
    uint32_t *server_nodes;
    uint32_t *location_nodes;
    uint32_t *upstream_nodes;
    uint32_t *target_nodes;     /* of programs that give a proxy's target */
    uint32_t *latest_listeners; /* by server: the node that was last connected with it */
};

struct graph_records {
    VECTOR_OF(uint32_t) all;
};

/* --- graph_build.c --- */

/* The node's number, or TABLE_NONE when there are too many. */
uint32_t graph_add_node(struct graph_builder *builder, struct graph_node node);

/* Does nothing when one of the nodes is TABLE_NONE. */
void graph_add_edge(struct graph_builder *builder, uint32_t from, uint32_t to,
                    enum graph_edge_kind kind);

/* Adds a record, which is to become a node, unless it is TABLE_NONE. */
void graph_put_record(struct graph_builder *builder, struct graph_records *records,
                      uint32_t record);

/* The op of a sequence that answers whatever the request, or TABLE_NONE. */
uint32_t graph_find_answer(const struct table *table, uint32_t program);

/* --- graph_text.c --- */

/* A text in the making; in the end it is in the arena of the graph. */
struct graph_text {
    struct graph_builder *builder;
    struct dump_memory memory;
    struct dumper dumper; /* prints to it */
};

void graph_text_begin(struct graph_text *text, struct graph_builder *builder);
struct slice graph_text_end(struct graph_text *text);
void graph_text_write(struct graph_text *text, struct slice piece);

/* On a line of its own. */
void graph_text_place(struct graph_text *text, struct table_place place);

struct slice graph_text_of(const struct graph_builder *builder, struct table_string string);

/* --- graph_upstream.c --- */

/* The node of a group, which is added with its peers unless it is there. */
uint32_t graph_need_upstream(struct graph_builder *builder, uint32_t record);

/* Connects what has a proxy_pass with where that leads; `record` may be TABLE_NONE. */
void graph_connect_proxy(struct graph_builder *builder, uint32_t from, uint32_t record,
                         enum graph_edge_kind kind);

/* --- graph_location.c --- */

/* The locations of a set, in the order in which they were written. */
void graph_add_locations(struct graph_builder *builder, uint32_t outer, uint32_t set,
                         unsigned depth);
void graph_add_location(struct graph_builder *builder, uint32_t outer, uint32_t record,
                        enum graph_edge_kind kind, unsigned depth);

#endif
