/* The graph as an SVG picture that needs no other program: five columns, names cut where they are
 * long, everything else in tooltips. It follows the reader's light or dark scheme. */
#include "cli/graph.h"

#include "syntax/glyph.h"

static const char *const headings[GRAPH_COLUMN_COUNT] = {"Listeners", "Servers", "Locations",
                                                         "Upstreams", "Peers"};
static const char *const classes[GRAPH_COLUMN_COUNT] = {"listener", "server", "location",
                                                        "upstream", "peer"};

/* Plain selectors and colours: what draws SVG outside of browsers understands no more. */
static const char style[] =
    "  <style>\n"
    "    .page { fill: #ffffff; }\n"
    "    text { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace;\n"
    "           font-size: 12px; fill: #1f2328; }\n"
    "    .detail { font-size: 10px; fill: #59636e; }\n"
    "    .heading, .legend { font-family: system-ui, 'DejaVu Sans', sans-serif; fill: #59636e; }\n"
    "    .heading { font-size: 13px; font-weight: bold; }\n"
    "    .legend { font-size: 11px; }\n"
    "    .node rect { stroke-width: 1; }\n"
    "    .listener rect { fill: #ddf4ff; stroke: #54aeff; }\n"
    "    .server rect { fill: #fbefff; stroke: #c297ff; }\n"
    "    .location rect { fill: #f6f8fa; stroke: #afb8c1; }\n"
    "    .upstream rect { fill: #dafbe1; stroke: #4ac26b; }\n"
    "    .peer rect { fill: #fff8c5; stroke: #d4a72c; }\n"
    "    .faint rect { stroke-dasharray: 4 3; }\n"
    "    path { fill: none; stroke: #8c959f; stroke-width: 1.2; }\n"
    "    path.default { stroke: #0969da; stroke-width: 2.2; }\n"
    "    path.maybe { stroke-dasharray: 5 4; }\n"
    "    path.nested { stroke: #afb8c1; }\n"
    "    path:hover { stroke: #cf222e; stroke-width: 3; }\n"
    "    @media (prefers-color-scheme: dark) {\n"
    "      .page { fill: #0d1117; }\n"
    "      text { fill: #e6edf3; }\n"
    "      .detail, .heading, .legend { fill: #9198a1; }\n"
    "      .listener rect { fill: #0c2d4d; stroke: #1f6feb; }\n"
    "      .server rect { fill: #2b1f45; stroke: #8957e5; }\n"
    "      .location rect { fill: #1c2128; stroke: #545d68; }\n"
    "      .upstream rect { fill: #12351f; stroke: #2ea043; }\n"
    "      .peer rect { fill: #3a2d0c; stroke: #9e6a03; }\n"
    "      path { stroke: #6e7681; }\n"
    "      path.default { stroke: #58a6ff; }\n"
    "      path.nested { stroke: #545d68; }\n"
    "    }\n"
    "  </style>\n";

struct picture {
    FILE *out;
    const struct graph *graph;
    const struct graph_layout *layout;
};

/* --- Text --- */

static void print_glyph(FILE *out, const struct glyph *glyph) {
    static const struct {
        char byte;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (glyph->shown.size == 1 && glyph->shown.data[0] == entities[i].byte) {
            fputs(entities[i].entity, out);
            return;
        }
    }
    if (glyph->shown.size > 0) {
        fprintf(out, "%.*s", SLICE_ARGS(glyph->shown));
    } else {
        fputc(' ', out);
    }
}

/* The beginning of a text that is wider than `limit`, and an ellipsis. */
static void print_label(FILE *out, struct slice text, uint32_t limit) {
    bool is_cut = graph_measure(text, limit + 1) > limit;
    uint32_t room = is_cut ? limit - 1 : limit;
    uint32_t column = 0;
    while (text.size > 0) {
        struct glyph glyph = glyph_read(text, column);
        if (column + glyph.width > room) {
            break;
        }
        print_glyph(out, &glyph);
        column += glyph.width;
        text = slice_skip(text, glyph.size);
    }
    fputs(is_cut ? "\xe2\x80\xa6" : "", out);
}

static void print_title(FILE *out, struct slice text) {
    fputs("<title>", out);
    while (text.size > 0) {
        struct glyph glyph = glyph_read(text, 0);
        if (text.data[0] == '\n') {
            fputc('\n', out);
        } else {
            print_glyph(out, &glyph);
        }
        text = slice_skip(text, glyph.size);
    }
    fputs("</title>", out);
}

/* --- Nodes --- */

static void print_node(const struct picture *picture, size_t number) {
    const struct graph_node *node = &picture->graph->nodes.items[number];
    const struct graph_box *box = &picture->layout->boxes[number];
    FILE *out = picture->out;
    fprintf(out, "  <g class=\"node %s%s\">", classes[node->column],
            node->is_faint ? " faint" : "");
    print_title(out, node->title);
    fprintf(out, "\n    <rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"5\"/>\n",
            box->x, box->y, box->width, box->height);
    fprintf(out, "    <text x=\"%.1f\" y=\"%.1f\" xml:space=\"preserve\">", box->x + GRAPH_PADDING,
            box->y + 16);
    print_label(out, node->label, GRAPH_LABEL_LIMIT);
    fputs("</text>\n", out);
    if (node->detail.size > 0) {
        fprintf(out, "    <text class=\"detail\" x=\"%.1f\" y=\"%.1f\" xml:space=\"preserve\">",
                box->x + GRAPH_PADDING, box->y + 30);
        print_label(out, node->detail, GRAPH_LABEL_LIMIT);
        fputs("</text>\n", out);
    }
    fputs("  </g>\n", out);
}

static void print_headings(const struct picture *picture) {
    size_t counts[GRAPH_COLUMN_COUNT] = {0};
    for (size_t i = 0; i < picture->graph->nodes.count; i++) {
        counts[picture->graph->nodes.items[i].column]++;
    }
    for (size_t i = 0; i < GRAPH_COLUMN_COUNT; i++) {
        fprintf(picture->out, "  <text class=\"heading\" x=\"%.1f\" y=\"%d\">%s (%zu)</text>\n",
                picture->layout->column_x[i], GRAPH_MARGIN + 12, headings[i], counts[i]);
    }
}

/* --- Edges --- */

static const char *const edge_classes[] = {
    [GRAPH_EDGE_PLAIN] = "plain",
    [GRAPH_EDGE_DEFAULT] = "default",
    [GRAPH_EDGE_MAYBE] = "maybe",
    [GRAPH_EDGE_NESTED] = "nested",
};

/* Down from the one outside, then to the right. */
static void print_elbow(FILE *out, const struct graph_box *from, const struct graph_box *to) {
    fprintf(out, "M %.1f %.1f V %.1f H %.1f", from->x + GRAPH_INDENT / 2.0, from->y + from->height,
            to->y + to->height / 2, to->x);
}

static void print_curve(FILE *out, const struct graph_box *from, const struct graph_box *to) {
    double x1 = from->x + from->width;
    double y1 = from->y + from->height / 2;
    double x2 = to->x;
    double y2 = to->y + to->height / 2;
    double bend = (x2 - x1) / 2;
    fprintf(out, "M %.1f %.1f C %.1f %.1f, %.1f %.1f, %.1f %.1f", x1, y1, x1 + bend, y1, x2 - bend,
            y2, x2, y2);
}

static void print_edge(const struct picture *picture, const struct graph_edge *edge) {
    const struct graph_node *nodes = picture->graph->nodes.items;
    const struct graph_box *from = &picture->layout->boxes[edge->from];
    const struct graph_box *to = &picture->layout->boxes[edge->to];
    FILE *out = picture->out;
    fprintf(out, "  <path class=\"%s\" d=\"", edge_classes[edge->kind]);
    if (nodes[edge->from].column == nodes[edge->to].column) {
        print_elbow(out, from, to);
    } else {
        print_curve(out, from, to);
    }
    fputs("\">", out);
    fputs("<title>", out);
    print_label(out, nodes[edge->from].label, GRAPH_LABEL_LIMIT);
    fputs(" \xe2\x86\x92 ", out);
    print_label(out, nodes[edge->to].label, GRAPH_LABEL_LIMIT);
    fputs("</title></path>\n", out);
}

/* --- The whole --- */

enum { LEGEND_LINE = 17 };

static const char *const legend[] = {
    "Strong line: the default server. Dashed line: on a condition or by an internal redirect.",
    "Dashed frame: implied by proxy_pass, chosen for each request, internal, or down.",
};
enum { LEGEND_LINES = sizeof legend / sizeof legend[0] };

static void print_legend(const struct picture *picture) {
    for (int i = 0; i < LEGEND_LINES; i++) {
        fprintf(picture->out, "  <text class=\"legend\" x=\"%d\" y=\"%.1f\">%s</text>\n",
                GRAPH_MARGIN, picture->layout->height + i * LEGEND_LINE, legend[i]);
    }
}

void graph_print_svg(FILE *out, const struct graph *graph, struct slice name) {
    struct graph_layout layout;
    graph_lay_out(&layout, graph->arena, graph);
    const struct picture picture = {out, graph, &layout};
    double height = layout.height + LEGEND_LINES * LEGEND_LINE;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n  ",
            layout.width, height, layout.width, height);
    print_title(out, name);
    fprintf(out, "\n%s  <rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n", style);
    print_headings(&picture);
    for (size_t i = 0; i < graph->edges.count; i++) {
        print_edge(&picture, &graph->edges.items[i]);
    }
    for (size_t i = 0; i < graph->nodes.count; i++) {
        print_node(&picture, i);
    }
    print_legend(&picture);
    fputs("</svg>\n", out);
}
