/* The map of a site as a graph of five columns: listeners, servers, locations, upstream groups,
 * peers; and its ways to become a picture. */
#ifndef CLI_GRAPH_H
#define CLI_GRAPH_H

#include "base/vector.h"
#include "table/table.h"

#include <stdio.h>

enum graph_column {
    GRAPH_LISTENER,
    GRAPH_SERVER,
    GRAPH_LOCATION,
    GRAPH_UPSTREAM,
    GRAPH_PEER,
    GRAPH_COLUMN_COUNT
};

struct graph_node {
    enum graph_column column;
    struct slice label;  /* as it stands in the table: any bytes */
    struct slice detail; /* a second line, or empty */
    struct slice title;  /* everything worth knowing, and where it was written; several lines */
    uint32_t parent;     /* of a nested location, or TABLE_NONE */
    unsigned depth;      /* of nesting */
    bool is_faint;       /* implied by another, chosen at run time, or down */
};

enum graph_edge_kind {
    GRAPH_EDGE_PLAIN,
    GRAPH_EDGE_DEFAULT, /* to a listener's default server */
    GRAPH_EDGE_MAYBE,   /* only sometimes: an internal redirect, a condition */
    GRAPH_EDGE_NESTED,  /* between a location and one in it */
};

struct graph_edge {
    uint32_t from; /* numbers of nodes */
    uint32_t to;
    enum graph_edge_kind kind;
};

struct graph {
    struct arena *arena;
    VECTOR_OF(struct graph_node)
    nodes;                              /* servers and locations in the order of the table; a
                                           location's nested ones follow it */
    VECTOR_OF(struct graph_edge) edges; /* from a column to the next, or nested */
    bool is_too_large;                  /* it was given up */
};

/* --- graph_name.c --- */

/* What a server is called, and where that is written down. */
struct graph_server {
    VECTOR_OF(struct slice) names; /* as in the configuration; without an empty one */
    VECTOR_OF(uint32_t) indexes;   /* of names, that lead to it; ascending */
    bool is_chosen;
};

/* One for each server of the table, none of them chosen. */
struct graph_server *graph_find_names(struct arena *arena, const struct table *table);

/* Chooses the servers that have the name or a wildcard that covers it; whether there is one. */
bool graph_choose_servers(struct graph_server *servers, const struct table *table,
                          struct slice name);

/* --- graph_build.c --- */

/* Draws the chosen servers and whatever is connected with them; with `is_whole` also what is
 * connected with nothing. Gives up beyond `limit` nodes. */
void graph_build(struct graph *graph, struct arena *arena, const struct table *table,
                 const struct graph_server *servers, bool is_whole, size_t limit);

/* --- graph_dot.c, graph_svg.c --- */

/* `name` is what the graph is about. */
void graph_print_dot(FILE *out, const struct graph *graph, struct slice name);
void graph_print_svg(FILE *out, const struct graph *graph, struct slice name);

/* --- graph_layout.c --- */

struct graph_box {
    double x;
    double y;
    double width;
    double height;
};

struct graph_layout {
    struct graph_box *boxes; /* by node */
    double column_x[GRAPH_COLUMN_COUNT];
    double width;
    double height;
};

/* Sizes as the SVG draws them, in pixels. */
enum {
    GRAPH_MARGIN = 24,
    GRAPH_HEADING = 34,     /* height of the line with the columns' names */
    GRAPH_LINE = 24,        /* height of a node with one line of text */
    GRAPH_DETAIL = 14,      /* what a second line adds */
    GRAPH_PADDING = 10,     /* between a node's side and its text */
    GRAPH_INDENT = 18,      /* of a nested location */
    GRAPH_LABEL_LIMIT = 40, /* columns of text */
};
#define GRAPH_GLYPH_WIDTH 7.25
#define GRAPH_DETAIL_GLYPH_WIDTH 6.05

/* Places every node: locations below one another, everything else as near as possible to what it is
 * connected with. The same graph always gives the same layout. */
void graph_lay_out(struct graph_layout *layout, struct arena *arena, const struct graph *graph);

/* Columns of text that a label takes when it is cut to `limit`. */
uint32_t graph_measure(struct slice text, uint32_t limit);

#endif
