/* The graph in DOT, the language of Graphviz. */
#include "cli/graph.h"

#include "syntax/glyph.h"

/* Columns of text of a label; the tooltip has the whole. */
enum { SHOWN_LABEL = 60 };

static const char *const columns[GRAPH_COLUMN_COUNT] = {"listener", "server", "location",
                                                        "upstream", "peer"};

/* Within quotes. A line end is a new line of the label, what cannot be shown is a '?'. */
static void print_escaped(FILE *out, struct slice text, uint32_t limit) {
    uint32_t column = 0;
    while (text.size > 0 && column < limit) {
        struct glyph glyph = glyph_read(text, column);
        char byte = text.data[0];
        if (byte == '\n') {
            fputs("\\n", out);
        } else if (byte == '"' || byte == '\\') {
            fprintf(out, "\\%c", byte);
        } else if (glyph.shown.size > 0) {
            fprintf(out, "%.*s", SLICE_ARGS(glyph.shown));
        } else {
            fputc(' ', out);
        }
        column += glyph.width;
        text = slice_skip(text, glyph.size);
    }
    fputs(text.size > 0 ? "..." : "", out);
}

static void print_node(FILE *out, const struct graph_node *node, size_t number) {
    fprintf(out, "    n%zu [label=\"", number);
    print_escaped(out, node->label, SHOWN_LABEL);
    if (node->detail.size > 0) {
        fputs("\\n", out);
        print_escaped(out, node->detail, SHOWN_LABEL);
    }
    fputs("\", tooltip=\"", out);
    print_escaped(out, node->title, UINT32_MAX);
    fprintf(out, "\"%s];\n", node->is_faint ? ", style=dashed" : "");
}

static void print_column(FILE *out, const struct graph *graph, enum graph_column column) {
    fprintf(out, "\n  subgraph %s {\n    rank=same;\n", columns[column]);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        /* Nested locations stand apart: a rank cannot hold edges within itself in order. */
        if (graph->nodes.items[i].column == column && graph->nodes.items[i].depth == 0) {
            print_node(out, &graph->nodes.items[i], i);
        }
    }
    fputs("  }\n", out);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        if (graph->nodes.items[i].column == column && graph->nodes.items[i].depth > 0) {
            print_node(out, &graph->nodes.items[i], i);
        }
    }
}

void graph_print_dot(FILE *out, const struct graph *graph, struct slice name) {
    static const char *const styles[] = {
        [GRAPH_EDGE_PLAIN] = "",
        [GRAPH_EDGE_DEFAULT] = " [style=bold, label=\"default\"]",
        [GRAPH_EDGE_MAYBE] = " [style=dashed]",
        [GRAPH_EDGE_NESTED] = " [arrowhead=none]",
    };
    fputs("digraph \"", out);
    print_escaped(out, name, UINT32_MAX);
    fputs("\" {\n  rankdir=LR;\n  node [shape=box, fontname=\"monospace\", fontsize=10];\n"
          "  edge [fontname=\"sans-serif\", fontsize=8];\n",
          out);
    for (enum graph_column i = 0; i < GRAPH_COLUMN_COUNT; i++) {
        print_column(out, graph, i);
    }
    fputc('\n', out);
    for (size_t i = 0; i < graph->edges.count; i++) {
        const struct graph_edge *edge = &graph->edges.items[i];
        fprintf(out, "  n%u -> n%u%s;\n", edge->from, edge->to, styles[edge->kind]);
    }
    fputs("}\n", out);
}
