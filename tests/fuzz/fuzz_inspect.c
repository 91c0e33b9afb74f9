/* fuzz: compiler */
/* What asks a table without running it: whatever table_open accepts is compared with itself and
 * with the sample, both ways, printed as JSON and drawn. Mutations are those of the table reader's
 * target. */
#define LLVMFuzzerTestOneInput fuzz_table_one_input
int fuzz_table_one_input(const unsigned char *data, unsigned long size);
#include "fuzz_table.c"
#undef LLVMFuzzerTestOneInput
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#include "cli/dump_json.h"
#include "cli/graph.h"
#include "table/diff.h"

enum { DRAWN_NODES = 200 };

static FILE *open_sink(void) {
    FILE *sink = fopencookie(NULL, "w", (cookie_io_functions_t){.write = discard});
    require(sink != NULL);
    return sink;
}

static void print_diff(FILE *out, const struct table_diff *diff) {
    for (size_t i = 0; i < diff->changes.count; i++) {
        const struct diff_change *change = diff->changes.items[i];
        require(change->things.count > 0);
        for (size_t j = 0; j < change->things.count; j++) {
            diff_thing_print(out, diff, change->things.items[j]);
            diff_thing_place(diff, change->things.items[j], DIFF_OLD);
            diff_thing_place(diff, change->things.items[j], DIFF_NEW);
        }
    }
}

/* Equal tables do not differ; that two were given up is only for those that no compiler writes. */
static void compare(FILE *out, struct arena *arena, const struct table *old,
                    const struct table *new) {
    struct table_diff diff;
    if (table_diff(&diff, arena, old, new)) {
        require(old != new || diff.changes.count == 0);
        print_diff(out, &diff);
    }
}

static void draw(FILE *out, struct arena *arena, const struct table *table) {
    struct graph graph;
    struct graph_server *servers = graph_find_names(arena, table);
    graph_choose_servers(servers, table, SLICE("www.example.com"));
    for (uint32_t i = 0; i < table->server_count; i++) {
        servers[i].is_chosen |= i % 2 == 0;
    }
    graph_build(&graph, arena, table, servers, table->server_count % 2 == 0, DRAWN_NODES);
    graph_print_dot(out, &graph, SLICE("site"));
    graph_print_svg(out, &graph, SLICE("site"));
}

static void inspect(const struct table *table) {
    struct arena arena;
    struct table sample;
    struct table_error error;
    FILE *sink = open_sink();
    arena_init(&arena, 1 << 16);
    struct slice bytes = sample_build(&arena);
    require(table_open(&sample, bytes.data, bytes.size, &error));
    compare(sink, &arena, table, table);
    compare(sink, &arena, &sample, table);
    compare(sink, &arena, table, &sample);
    dump_json_print(sink, table, TABLE_SECTION_COUNT);
    draw(sink, &arena, table);
    fclose(sink);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct table table;
    struct table_error error;
    char *copy = malloc(size + 1); /* aligned, and its end is watched */
    require(copy != NULL);
    copy = realloc(copy, size > 0 ? size : 1);
    require(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (table_open(&table, copy, size, &error)) {
        inspect(&table);
    }
    free(copy);
    return 0;
}
