/* Where things are drawn. Locations stand below one another in their order, each server beside its
 * own. What is connected with several things wants to be at their middle: listeners with servers,
 * upstream groups, each with its peers, with locations. Where two want the same place they make
 * room in equal parts. */
#include "cli/graph.h"

#include "syntax/glyph.h"

#include <stdlib.h>

enum { GAP = 8, SERVER_GAP = 22, COLUMN_GAP = 84, NARROWEST_COLUMN = 96 };

struct layouter {
    struct graph_layout *layout;
    const struct graph *graph;
    struct arena *arena;
};

/* Something that is placed as a whole in one column. */
struct block {
    uint32_t node;
    uint32_t first_peer; /* of an upstream group, adjacent nodes */
    uint32_t peer_count;
    double height;
    double wish; /* of its middle */
    double top;
};

struct blocks {
    VECTOR_OF(struct block) all;
};

/* --- Sizes --- */

uint32_t graph_measure(struct slice text, uint32_t limit) {
    uint32_t width = 0;
    while (text.size > 0 && width < limit) {
        struct glyph glyph = glyph_read(text, width);
        width += glyph.width;
        text = slice_skip(text, glyph.size);
    }
    return width < limit ? width : limit;
}

static void measure_node(struct layouter *layouter, uint32_t number) {
    const struct graph_node *node = &layouter->graph->nodes.items[number];
    struct graph_box *box = &layouter->layout->boxes[number];
    double label = graph_measure(node->label, GRAPH_LABEL_LIMIT) * GRAPH_GLYPH_WIDTH;
    double detail = graph_measure(node->detail, GRAPH_LABEL_LIMIT) * GRAPH_DETAIL_GLYPH_WIDTH;
    box->width = 2.0 * GRAPH_PADDING + (label > detail ? label : detail);
    box->height = GRAPH_LINE + (node->detail.size > 0 ? GRAPH_DETAIL : 0);
}

/* All nodes of a column are as wide as its widest, but for the indentation of nested ones. */
static void place_columns(struct layouter *layouter) {
    double widths[GRAPH_COLUMN_COUNT];
    const struct graph *graph = layouter->graph;
    struct graph_box *boxes = layouter->layout->boxes;
    for (size_t i = 0; i < GRAPH_COLUMN_COUNT; i++) {
        widths[i] = NARROWEST_COLUMN;
    }
    for (uint32_t i = 0; i < graph->nodes.count; i++) {
        const struct graph_node *node = &graph->nodes.items[i];
        measure_node(layouter, i);
        double right = boxes[i].width + (double)node->depth * GRAPH_INDENT;
        widths[node->column] = right > widths[node->column] ? right : widths[node->column];
    }
    double x = GRAPH_MARGIN;
    for (size_t i = 0; i < GRAPH_COLUMN_COUNT; i++) {
        layouter->layout->column_x[i] = x;
        x += widths[i] + COLUMN_GAP;
    }
    layouter->layout->width = x - COLUMN_GAP + GRAPH_MARGIN;
    for (uint32_t i = 0; i < graph->nodes.count; i++) {
        const struct graph_node *node = &graph->nodes.items[i];
        double indent = (double)node->depth * GRAPH_INDENT;
        boxes[i].x = layouter->layout->column_x[node->column] + indent;
        boxes[i].width = widths[node->column] - indent;
    }
}

/* --- Servers and locations --- */

static double middle(const struct graph_box *box) {
    return box->y + box->height / 2;
}

/* The locations of a server follow it among the nodes; others come between. Returns the end. */
static double place_server(struct layouter *layouter, uint32_t server, double top) {
    const struct graph *graph = layouter->graph;
    struct graph_box *boxes = layouter->layout->boxes;
    double y = top;
    for (uint32_t i = server + 1;
         i < graph->nodes.count && graph->nodes.items[i].column != GRAPH_SERVER; i++) {
        if (graph->nodes.items[i].column == GRAPH_LOCATION) {
            boxes[i].y = y;
            y += boxes[i].height + GAP;
        }
    }
    double end = y > top ? y - GAP : top;
    double needed = boxes[server].height;
    boxes[server].y = end - top > needed ? (top + end - needed) / 2 : top;
    return end - top > needed ? end : top + needed;
}

static double place_servers(struct layouter *layouter) {
    const struct graph *graph = layouter->graph;
    double y = GRAPH_MARGIN + GRAPH_HEADING;
    for (uint32_t i = 0; i < graph->nodes.count; i++) {
        if (graph->nodes.items[i].column == GRAPH_SERVER) {
            y = place_server(layouter, i, y) + SERVER_GAP;
        }
    }
    return y;
}

/* --- Listeners and upstream groups --- */

/* The middle of all that is connected with each node on its other side; `wishes` of those without
 * any is negative. */
static double *find_wishes(struct layouter *layouter, enum graph_column column) {
    const struct graph *graph = layouter->graph;
    size_t count = graph->nodes.count + 1;
    double *sums = arena_require(layouter->arena, count * sizeof *sums);
    uint32_t *counts = arena_require(layouter->arena, count * sizeof *counts);
    for (size_t i = 0; i < graph->edges.count; i++) {
        const struct graph_edge *edge = &graph->edges.items[i];
        bool is_from = graph->nodes.items[edge->from].column == column && column == GRAPH_LISTENER;
        bool is_to = graph->nodes.items[edge->to].column == column && column == GRAPH_UPSTREAM;
        if (is_from || is_to) {
            uint32_t own = is_from ? edge->from : edge->to;
            uint32_t other = is_from ? edge->to : edge->from;
            sums[own] += middle(&layouter->layout->boxes[other]);
            counts[own]++;
        }
    }
    for (size_t i = 0; i < graph->nodes.count; i++) {
        sums[i] = counts[i] > 0 ? sums[i] / counts[i] : -1;
    }
    return sums;
}

static struct block make_block(struct layouter *layouter, uint32_t number) {
    const struct graph *graph = layouter->graph;
    struct block block = {.node = number, .first_peer = number + 1};
    double peers = 0;
    for (uint32_t i = number + 1;
         i < graph->nodes.count && graph->nodes.items[i].column == GRAPH_PEER; i++) {
        peers += layouter->layout->boxes[i].height + (block.peer_count > 0 ? GAP : 0);
        block.peer_count++;
    }
    double own = layouter->layout->boxes[number].height;
    block.height = peers > own ? peers : own;
    return block;
}

static int compare_blocks(const void *left, const void *right) {
    const struct block *a = left;
    const struct block *b = right;
    if (a->wish < b->wish || a->wish > b->wish) {
        return a->wish < b->wish ? -1 : 1;
    }
    return a->node < b->node ? -1 : a->node > b->node;
}

static struct blocks collect_blocks(struct layouter *layouter, enum graph_column column,
                                    double last) {
    struct blocks blocks = {0};
    const double *wishes = find_wishes(layouter, column);
    for (uint32_t i = 0; i < layouter->graph->nodes.count; i++) {
        if (layouter->graph->nodes.items[i].column == column) {
            struct block block = make_block(layouter, i);
            block.wish = wishes[i] < 0 ? last : wishes[i];
            VECTOR_PUSH(layouter->arena, &blocks.all, block);
        }
    }
    if (blocks.all.count > 1) {
        qsort(blocks.all.items, blocks.all.count, sizeof *blocks.all.items, compare_blocks);
    }
    return blocks;
}

/* Blocks that touch, moved as one. */
struct pile {
    size_t first;
    double height;
    double top;
    double wishes; /* sum of where its blocks would have the pile begin */
    size_t count;
};

static void settle(struct pile *pile) {
    double highest = GRAPH_MARGIN + GRAPH_HEADING;
    pile->top = pile->wishes / (double)pile->count;
    pile->top = pile->top < highest ? highest : pile->top;
}

static void join(struct pile *pile, const struct pile *next) {
    double offset = pile->height + GAP;
    pile->wishes += next->wishes - (double)next->count * offset;
    pile->count += next->count;
    pile->height = offset + next->height;
    settle(pile);
}

/* Least squares for an order that is given: a block that would overlap the ones before joins them
 * (pool adjacent violators). */
static void spread(struct layouter *layouter, struct blocks *blocks) {
    VECTOR_OF(struct pile) piles = {0};
    for (size_t i = 0; i < blocks->all.count; i++) {
        const struct block *block = &blocks->all.items[i];
        struct pile pile = {i, block->height, 0, block->wish - block->height / 2, 1};
        settle(&pile);
        VECTOR_PUSH(layouter->arena, &piles, pile);
        while (piles.count > 1) {
            struct pile *before = &piles.items[piles.count - 2];
            if (before->top + before->height + GAP <= piles.items[piles.count - 1].top) {
                break;
            }
            join(before, &piles.items[piles.count - 1]);
            piles.count--;
        }
    }
    for (size_t i = 0; i < piles.count; i++) {
        double y = piles.items[i].top;
        for (size_t j = 0; j < piles.items[i].count; j++) {
            struct block *block = &blocks->all.items[piles.items[i].first + j];
            block->top = y;
            y += block->height + GAP;
        }
    }
}

static void place_block(struct layouter *layouter, const struct block *block) {
    struct graph_box *boxes = layouter->layout->boxes;
    double peers = block->peer_count > 0 ? -GAP : 0;
    for (uint32_t i = 0; i < block->peer_count; i++) {
        peers += boxes[block->first_peer + i].height + GAP;
    }
    boxes[block->node].y = block->top + (block->height - boxes[block->node].height) / 2;
    double y = block->top + (block->height - peers) / 2;
    for (uint32_t i = 0; i < block->peer_count; i++) {
        boxes[block->first_peer + i].y = y;
        y += boxes[block->first_peer + i].height + GAP;
    }
}

static void place_blocks(struct layouter *layouter, enum graph_column column, double last) {
    struct blocks blocks = collect_blocks(layouter, column, last);
    spread(layouter, &blocks);
    for (size_t i = 0; i < blocks.all.count; i++) {
        place_block(layouter, &blocks.all.items[i]);
    }
}

void graph_lay_out(struct graph_layout *layout, struct arena *arena, const struct graph *graph) {
    struct layouter layouter = {layout, graph, arena};
    *layout = (struct graph_layout){0};
    layout->boxes = arena_require(arena, (graph->nodes.count + 1) * sizeof *layout->boxes);
    place_columns(&layouter);
    double last = place_servers(&layouter);
    place_blocks(&layouter, GRAPH_LISTENER, last);
    place_blocks(&layouter, GRAPH_UPSTREAM, last);
    double end = GRAPH_MARGIN + GRAPH_HEADING;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        double bottom = layout->boxes[i].y + layout->boxes[i].height;
        end = bottom > end ? bottom : end;
    }
    layout->height = end + GRAPH_MARGIN;
}
