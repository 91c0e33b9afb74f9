/* The map of a site: what is drawn, where, and that it ends for any table. */
#include "cli/graph.h"

#include "base/text.h"
#include "emit/compiled.h"
#include "unit.h"

#include <string.h>

enum { ENOUGH = 1000 };

static const char site[] =
    "upstream app { server 127.0.0.1:1; server 127.0.0.1:2; }\n"
    "upstream unused { server 127.0.0.1:3; }\n"
    "server { listen 80 default_server; server_name a; return 301 https://$host; }\n"
    "server { listen 81; server_name b *.b; \n"
    "    location / { proxy_pass http://app; location /x { proxy_pass http://127.0.0.1:1; } }\n"
    "    location ~ y { proxy_pass http://$host; }\n"
    "    location /z { if ($arg_a) { proxy_pass http://app; } } }\n"
    "server { listen 80; listen 81; server_name c; location / { return 204; } }\n";

/* The graph of the servers of that name, or of all. */
static void draw(struct graph *graph, struct compiled *compiled, const char *name, size_t limit) {
    struct graph_server *servers = graph_find_names(&compiled->arena, &compiled->table);
    if (name != NULL) {
        CU_ASSERT_TRUE(graph_choose_servers(servers, &compiled->table, slice_from_string(name)));
    }
    for (uint32_t i = 0; name == NULL && i < compiled->table.server_count; i++) {
        servers[i].is_chosen = true;
    }
    graph_build(graph, &compiled->arena, &compiled->table, servers, name == NULL, limit);
}

static size_t count_column(const struct graph *graph, enum graph_column column) {
    size_t count = 0;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        count += graph->nodes.items[i].column == column;
    }
    return count;
}

static bool has_edge(const struct graph *graph, const char *from, const char *to,
                     enum graph_edge_kind kind) {
    for (size_t i = 0; i < graph->edges.count; i++) {
        const struct graph_edge *edge = &graph->edges.items[i];
        if (edge->kind == kind &&
            slice_equals(graph->nodes.items[edge->from].label, slice_from_string(from)) &&
            slice_equals(graph->nodes.items[edge->to].label, slice_from_string(to))) {
            return true;
        }
    }
    return false;
}

static void connects_what_leads_to_what(void) {
    struct compiled compiled;
    struct graph graph;
    COMPILE_FATAL(&compiled, site);
    draw(&graph, &compiled, NULL, ENOUGH);
    CU_ASSERT_FALSE(graph.is_too_large);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_LISTENER), 2);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_SERVER), 3);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_LOCATION), 5);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_UPSTREAM), 4);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_PEER), 4);
    CU_ASSERT_TRUE(has_edge(&graph, "0.0.0.0:80", "a", GRAPH_EDGE_DEFAULT));
    CU_ASSERT_TRUE(has_edge(&graph, "0.0.0.0:80", "c", GRAPH_EDGE_PLAIN));
    CU_ASSERT_TRUE(has_edge(&graph, "0.0.0.0:81", "b", GRAPH_EDGE_DEFAULT));
    CU_ASSERT_TRUE(has_edge(&graph, "0.0.0.0:81", "c", GRAPH_EDGE_PLAIN));
    CU_ASSERT_FALSE(has_edge(&graph, "0.0.0.0:80", "b", GRAPH_EDGE_PLAIN));
    CU_ASSERT_TRUE(has_edge(&graph, "b", "/", GRAPH_EDGE_PLAIN));
    CU_ASSERT_TRUE(has_edge(&graph, "/", "/x", GRAPH_EDGE_NESTED));
    CU_ASSERT_TRUE(has_edge(&graph, "/", "app", GRAPH_EDGE_PLAIN));
    CU_ASSERT_TRUE(has_edge(&graph, "/x", "127.0.0.1:1", GRAPH_EDGE_PLAIN));
    CU_ASSERT_TRUE(has_edge(&graph, "/z", "app", GRAPH_EDGE_MAYBE));
    CU_ASSERT_TRUE(has_edge(&graph, "~ y", "\"http://$host\"", GRAPH_EDGE_PLAIN));
    CU_ASSERT_TRUE(has_edge(&graph, "app", "127.0.0.1:2", GRAPH_EDGE_PLAIN));
    compiled_release(&compiled);
}

static void draws_only_what_a_server_leads_to(void) {
    struct compiled compiled;
    struct graph graph;
    COMPILE_FATAL(&compiled, site);
    draw(&graph, &compiled, "x.B", ENOUGH);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_LISTENER), 1);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_SERVER), 1);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_LOCATION), 4);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_UPSTREAM), 3);
    draw(&graph, &compiled, "c", ENOUGH);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_LISTENER), 2);
    CU_ASSERT_EQUAL(count_column(&graph, GRAPH_UPSTREAM), 0);
    struct graph_server *servers = graph_find_names(&compiled.arena, &compiled.table);
    CU_ASSERT_FALSE(graph_choose_servers(servers, &compiled.table, SLICE("b.")));
    CU_ASSERT_FALSE(graph_choose_servers(servers, &compiled.table, SLICE(".b")));
    compiled_release(&compiled);
}

static void gives_up_beyond_the_limit(void) {
    struct compiled compiled;
    struct graph graph;
    COMPILE_FATAL(&compiled, site);
    draw(&graph, &compiled, NULL, 18);
    CU_ASSERT_FALSE(graph.is_too_large);
    CU_ASSERT_EQUAL(graph.nodes.count, 18);
    for (size_t limit = 0; limit < 18; limit++) {
        draw(&graph, &compiled, NULL, limit);
        CU_ASSERT_TRUE(graph.is_too_large);
        CU_ASSERT_TRUE(graph.nodes.count <= limit);
    }
    compiled_release(&compiled);
}

static bool overlap(const struct graph_box *a, const struct graph_box *b) {
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
           b->y < a->y + a->height;
}

static void check_layout(const struct graph *graph, struct arena *arena) {
    struct graph_layout layout;
    graph_lay_out(&layout, arena, graph);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const struct graph_box *box = &layout.boxes[i];
        CU_ASSERT_TRUE(box->x >= GRAPH_MARGIN && box->y >= GRAPH_MARGIN + GRAPH_HEADING);
        CU_ASSERT_TRUE(box->x + box->width <= layout.width - GRAPH_MARGIN + 0.01);
        CU_ASSERT_TRUE(box->y + box->height <= layout.height - GRAPH_MARGIN + 0.01);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_FALSE(overlap(box, &layout.boxes[j]));
        }
    }
}

/* Many servers, in turn with groups that want to be beside the same location, and with none. */
static void nothing_lies_on_anything_else(void) {
    struct compiled compiled;
    struct graph graph;
    struct text text;
    struct arena arena;
    arena_init(&arena, 4096);
    text_init(&text, &arena);
    for (int i = 0; i < 40; i++) {
        text_format(&text, "upstream u%d { server 10.0.0.1:%d; server 10.0.0.2:%d weight=2; }\n", i,
                    i + 1, i + 1);
        text_format(&text, "server { listen %d; listen %d; server_name s%d; ", 8000 + i / 2,
                    9000 + i % 7, i);
        for (int j = 0; j < i % 5; j++) {
            text_format(&text, "location /%d { proxy_pass http://u%d; ", j, i * (j + 7) % 40);
            text_format(&text, "location /%d/x { return 204; } } ", j);
        }
        text_add(&text, SLICE("}\n"));
    }
    COMPILE_FATAL(&compiled, text_slice(&text).data);
    draw(&graph, &compiled, NULL, ENOUGH);
    CU_ASSERT_FALSE(graph.is_too_large);
    check_layout(&graph, &arena);
    compiled_release(&compiled);
    COMPILE_FATAL(&compiled, site);
    draw(&graph, &compiled, NULL, ENOUGH);
    check_layout(&graph, &arena);
    compiled_release(&compiled);
    arena_release(&arena);
}

static void measures_text_as_it_is_drawn(void) {
    CU_ASSERT_EQUAL(graph_measure(SLICE(""), 10), 0);
    CU_ASSERT_EQUAL(graph_measure(SLICE("abc"), 10), 3);
    CU_ASSERT_EQUAL(graph_measure(SLICE("\xc3\xbc\xe6\x97\xa5"), 10), 3);
    CU_ASSERT_EQUAL(graph_measure(SLICE("\xff\xff"), 10), 2);
    CU_ASSERT_EQUAL(graph_measure(SLICE("abcdefghijklmnop"), 10), 10);
}

UNIT_TESTS("cli/graph", {"connects what leads to what", connects_what_leads_to_what},
           {"draws only what a server leads to", draws_only_what_a_server_leads_to},
           {"gives up beyond the limit", gives_up_beyond_the_limit},
           {"nothing lies on anything else", nothing_lies_on_anything_else},
           {"measures text as it is drawn", measures_text_as_it_is_drawn})
