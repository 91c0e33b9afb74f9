/* Locations, with what is nested in them, and where they lead. */
#include "cli/graph_builder.h"

#include <stdlib.h>

enum { DEEPEST_NESTING = 300 }; /* no configuration nests deeper */

static struct slice location_label(struct graph_builder *builder,
                                   const struct table_location *location) {
    static const char *const marks[TABLE_location_kind_COUNT] = {"", "= ", "^~ ", "~ ", "~* ", ""};
    return arena_format(builder->graph->arena, "%s%.*s", marks[location->kind],
                        SLICE_ARGS(graph_text_of(builder, location->name)));
}

/* What it answers instead of passing on, or with what path it passes on. */
static struct slice location_detail(struct graph_builder *builder,
                                    const struct table_location *location) {
    const struct table *table = builder->table;
    uint32_t answer = graph_find_answer(table, location->rewrite);
    struct graph_text text;
    graph_text_begin(&text, builder);
    if (answer != TABLE_NONE) {
        dump_op(&text.dumper, answer);
    } else if (location->proxy != TABLE_NONE && table->proxy[location->proxy].has_uri) {
        fputs("as ", text.memory.out);
        graph_text_write(&text, graph_text_of(builder, table->proxy[location->proxy].uri));
    }
    return graph_text_end(&text);
}

static struct slice location_title(struct graph_builder *builder, const struct graph_node *node,
                                   const struct table_location *location) {
    struct graph_text text;
    graph_text_begin(&text, builder);
    fputs("location ", text.memory.out);
    graph_text_write(&text, node->label);
    fputs(table_handling_of(builder->table, location)->internal != 0 ? ", internal" : "",
          text.memory.out);
    if (location->proxy != TABLE_NONE) {
        fputs("\nproxy_pass ", text.memory.out);
        dump_description(&text.dumper, TABLE_SECTION_proxy, location->proxy);
    }
    if (location->rewrite != TABLE_NONE) {
        fputc('\n', text.memory.out);
        dump_program(&text.dumper, location->rewrite);
    }
    graph_text_place(&text, location->place);
    return graph_text_end(&text);
}

/* Blocks of `if` and limit_except may pass requests on to elsewhere. */
static void connect_block(struct graph_builder *builder, uint32_t node, uint32_t around,
                          uint32_t block) {
    uint32_t proxy = builder->table->location[block].proxy;
    if (proxy != builder->table->location[around].proxy) {
        graph_connect_proxy(builder, node, proxy, GRAPH_EDGE_MAYBE);
    }
}

static void connect_blocks(struct graph_builder *builder, uint32_t node, uint32_t record) {
    const struct table *table = builder->table;
    const struct table_location *location = &table->location[record];
    uint32_t limited = table_handling_of(table, location)->limited;
    if (limited != TABLE_NONE) {
        connect_block(builder, node, record, limited);
    }
    if (location->rewrite == TABLE_NONE) {
        return;
    }
    struct table_range ops = table->program[location->rewrite].ops;
    for (uint32_t i = ops.first; i < ops.first + ops.count; i++) {
        if (table->op[i].code == TABLE_OP_ENTER) {
            connect_block(builder, node, record, table->op[i].a);
        }
    }
}

void graph_add_location(struct graph_builder *builder, uint32_t outer, uint32_t record,
                        enum graph_edge_kind kind, unsigned depth) {
    const struct table_location *location = &builder->table->location[record];
    uint32_t *known = &builder->location_nodes[record];
    if (*known != TABLE_NONE) {
        graph_add_edge(builder, outer, *known, GRAPH_EDGE_MAYBE);
        return;
    }
    struct graph_node node = {.column = GRAPH_LOCATION,
                              .label = location_label(builder, location),
                              .detail = location_detail(builder, location),
                              .parent = kind == GRAPH_EDGE_NESTED ? outer : TABLE_NONE,
                              .depth = depth,
                              .is_faint =
                                  table_handling_of(builder->table, location)->internal != 0};
    node.title = location_title(builder, &node, location);
    *known = graph_add_node(builder, node);
    graph_add_edge(builder, outer, *known, kind);
    graph_connect_proxy(builder, *known, location->proxy, GRAPH_EDGE_PLAIN);
    if (*known != TABLE_NONE) {
        connect_blocks(builder, *known, record);
    }
    if (location->nested != TABLE_NONE && depth < DEEPEST_NESTING) {
        graph_add_locations(builder, *known, location->nested, depth + 1);
    }
}

static int compare_places(const void *left, const void *right, void *context) {
    const struct table *table = context;
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    struct table_place first = table->location[a].place;
    struct table_place second = table->location[b].place;
    if (first.source != second.source) {
        return first.source < second.source ? -1 : 1;
    }
    if (first.line != second.line) {
        return first.line < second.line ? -1 : 1;
    }
    return a < b ? -1 : a > b;
}

void graph_add_locations(struct graph_builder *builder, uint32_t outer, uint32_t set,
                         unsigned depth) {
    struct table table = *builder->table;
    struct graph_records records = {0};
    struct table_range nodes = table.location_set[set].nodes;
    for (uint32_t i = nodes.first; i < nodes.first + nodes.count; i++) {
        graph_put_record(builder, &records, table.node[i].exact);
        graph_put_record(builder, &records, table.node[i].prefix);
    }
    struct table_range regexes = table.location_set[set].regexes;
    for (uint32_t i = regexes.first; i < regexes.first + regexes.count; i++) {
        graph_put_record(builder, &records, table.location_regex[i].location);
    }
    if (records.all.count > 1) {
        qsort_r(records.all.items, records.all.count, sizeof(uint32_t), compare_places, &table);
    }
    enum graph_edge_kind kind = depth > 0 ? GRAPH_EDGE_NESTED : GRAPH_EDGE_PLAIN;
    for (size_t i = 0; i < records.all.count && !builder->graph->is_too_large; i++) {
        graph_add_location(builder, outer, records.all.items[i], kind, depth);
    }
}
