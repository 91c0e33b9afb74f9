/* Micro-benchmark of the engine's two indexes over a compiled table: the virtual server for a
 * random one of all names, and the location for a path below a random one of the prefixes of the
 * largest location index. Beside the time it prints what a lookup touches of the table, counted by
 * walking the same way once more. bench/README.md says how to run it. */
#include "base/file.h"
#include "engine/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOKUPS = 1 << 18, ROUNDS = 7, LINE = 64, MOST_LINES = 256 };

/* What one lookup touches. */
struct footprint {
    uintptr_t lines[MOST_LINES]; /* numbers of cache lines, each once */
    size_t line_count;
    uint64_t bytes;
};

/* All questions of one kind, in the order in which they are asked. */
struct questions {
    struct slice texts[LOOKUPS];
    uint64_t bytes;
    uint64_t lines;
};

struct bench {
    struct arena arena;
    struct table table;
    struct engine *engine;
    const struct table_endpoint *endpoint; /* with the most names */
    const struct table_server *server;     /* with the largest location index */
    struct questions questions;
    struct engine_request request;
    uint64_t random;
    uint64_t found; /* keeps the work from being optimised away */
};

static uint32_t choose(struct bench *bench, uint32_t count) {
    bench->random = bench->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((bench->random >> 32) * count >> 32);
}

static void touch(struct footprint *footprint, const void *data, size_t size) {
    footprint->bytes += size;
    uintptr_t last = ((uintptr_t)data + size - 1) / LINE;
    for (uintptr_t line = (uintptr_t)data / LINE; size > 0 && line <= last; line++) {
        size_t i = 0;
        while (i < footprint->line_count && footprint->lines[i] != line) {
            i++;
        }
        if (i == footprint->line_count && i < MOST_LINES) {
            footprint->lines[footprint->line_count++] = line;
        }
    }
}

static void count(struct questions *questions, const struct footprint *footprint) {
    questions->bytes += footprint->bytes;
    questions->lines += footprint->line_count;
}

/* Questions lie apart from the table, as those of clients do. */
static struct slice copy(struct bench *bench, struct slice text, struct slice rest) {
    char *data = arena_allocate_bytes(&bench->arena, text.size + rest.size);
    if (data == NULL) {
        memory_exhausted();
    }
    memcpy(data, text.data, text.size);
    memcpy(data + text.size, rest.data, rest.size);
    return (struct slice){data, text.size + rest.size};
}

/* --- names --- */

static void count_name(struct bench *bench, struct slice host) {
    const struct table *table = &bench->table;
    const struct table_name_index *index = &table->name_index[bench->endpoint->names];
    const struct table_name_slot *slots = &table->name_slot[index->slots.first];
    struct footprint footprint = {0};
    uint64_t hash = slice_hash(host);
    uint32_t i = table_hash_home(hash, index->slots.count);
    touch(&footprint, index, sizeof *index);
    while (slots[i].hash != hash) {
        touch(&footprint, &slots[i], sizeof slots[i]);
        i = i + 1 < index->slots.count ? i + 1 : 0;
    }
    touch(&footprint, &slots[i], sizeof slots[i]);
    touch(&footprint, table_chars(table, slots[i].key), slots[i].key.length);
    touch(&footprint, &table->server[slots[i].server], sizeof *table->server);
    count(&bench->questions, &footprint);
}

static void choose_endpoint(struct bench *bench) {
    const struct table *table = &bench->table;
    bench->endpoint = table->endpoint;
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        const struct table_endpoint *endpoint = &table->endpoint[i];
        if (table->name_index[endpoint->names].slots.count >
            table->name_index[bench->endpoint->names].slots.count) {
            bench->endpoint = endpoint;
        }
    }
}

static uint32_t ask_for_names(struct bench *bench) {
    const struct table *table = &bench->table;
    choose_endpoint(bench);
    struct table_range range = table->name_index[bench->endpoint->names].slots;
    const struct table_name_slot **names = calloc(range.count + (size_t)1, sizeof *names);
    if (names == NULL) {
        memory_exhausted();
    }
    uint32_t used = 0;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        const struct table_name_slot *slot = &table->name_slot[i];
        if (slot->server != TABLE_NONE && slot->kind == TABLE_NAME_EXACT && slot->key.length > 0) {
            names[used++] = slot;
        }
    }
    for (uint32_t i = 0; used > 0 && i < LOOKUPS; i++) {
        struct slice name = table_text(table, names[choose(bench, used)]->key);
        bench->questions.texts[i] = copy(bench, name, SLICE(""));
        count_name(bench, name);
    }
    free(names);
    return used;
}

/* One request serves all questions, as the daemon's is there before it is asked about: clearing one
 * each time would be measured instead. */
static bool find_server(struct bench *bench, struct slice host) {
    struct engine_request *request = &bench->request;
    request->engine = bench->engine;
    request->host = host;
    bool is_found = engine_find_server(request, bench->endpoint);
    bench->found += (uint64_t)(request->server - bench->table.server);
    return is_found;
}

/* --- locations --- */

static const struct table_node *count_child(const struct table *table,
                                            const struct table_node *node, char byte,
                                            struct footprint *footprint) {
    uint32_t low = node->children.first;
    uint32_t high = low + node->children.count;
    while (low < high) {
        const struct table_node *middle = &table->node[low + (high - low) / 2];
        const char *first = table_chars(table, middle->label);
        touch(footprint, middle, sizeof *middle);
        touch(footprint, first, 1);
        if (*first == byte) {
            return middle;
        }
        if ((unsigned char)*first < (unsigned char)byte) {
            low = (uint32_t)(middle - table->node) + 1;
        } else {
            high = (uint32_t)(middle - table->node);
        }
    }
    return NULL;
}

static void count_location(struct bench *bench, struct slice path) {
    const struct table *table = &bench->table;
    const struct table_location_set *set = &table->location_set[bench->server->locations];
    const struct table_node *node = &table->node[set->nodes.first];
    struct footprint footprint = {0};
    uint32_t location = TABLE_NONE;
    touch(&footprint, set, sizeof *set);
    touch(&footprint, node, sizeof *node);
    while (node != NULL) {
        struct slice label = table_text(table, node->label);
        touch(&footprint, label.data, label.size < path.size ? label.size : path.size);
        if (!slice_starts_with(path, label)) {
            break;
        }
        location = node->prefix != TABLE_NONE ? node->prefix : location;
        path = slice_skip(path, label.size);
        node = path.size > 0 ? count_child(table, node, path.data[0], &footprint) : NULL;
    }
    if (location != TABLE_NONE) {
        touch(&footprint, &table->location[location], sizeof *table->location);
    }
    count(&bench->questions, &footprint);
}

static void choose_server(struct bench *bench) {
    const struct table *table = &bench->table;
    bench->server = table->server;
    for (uint32_t i = 0; i < table->server_count; i++) {
        if (table->location_set[table->server[i].locations].nodes.count >
            table->location_set[bench->server->locations].nodes.count) {
            bench->server = &table->server[i];
        }
    }
}

static uint32_t ask_for_locations(struct bench *bench) {
    const struct table *table = &bench->table;
    choose_server(bench);
    struct table_range nodes = table->location_set[bench->server->locations].nodes;
    uint32_t *prefixes = calloc(nodes.count + (size_t)1, sizeof *prefixes);
    if (prefixes == NULL) {
        memory_exhausted();
    }
    uint32_t used = 0;
    for (uint32_t i = nodes.first; i < nodes.first + nodes.count; i++) {
        if (table->node[i].prefix != TABLE_NONE) {
            prefixes[used++] = table->node[i].prefix;
        }
    }
    for (uint32_t i = 0; used > 0 && i < LOOKUPS; i++) {
        struct slice name = table_text(table, table->location[prefixes[choose(bench, used)]].name);
        bench->questions.texts[i] = copy(bench, name, SLICE("index.html"));
        count_location(bench, bench->questions.texts[i]);
    }
    free(prefixes);
    return used;
}

static bool find_location(struct bench *bench, struct slice path) {
    struct engine_request *request = &bench->request;
    request->engine = bench->engine;
    request->arena = &bench->arena;
    request->uri = path;
    request->server = bench->server;
    enum engine_location_result result = engine_find_location(request);
    bench->found += (uint64_t)(request->location - bench->table.location);
    return result == ENGINE_LOCATION_FOUND;
}

/* --- both --- */

static const struct {
    const char *name;
    uint32_t (*ask)(struct bench *bench); /* returns among how many answers the lookups choose */
    bool (*find)(struct bench *bench, struct slice text);
} rows[] = {
    {"server by name", ask_for_names, find_server},
    {"location by path", ask_for_locations, find_location},
};

static double read_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds for one lookup; negative when one found nothing. */
static double measure(struct bench *bench, size_t row) {
    bool is_found = true;
    double begin = read_clock();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        is_found &= rows[row].find(bench, bench->questions.texts[i]);
    }
    return is_found ? (read_clock() - begin) / LOOKUPS : -1;
}

/* The best of several rounds: what disturbs a measurement only ever adds to it. */
static bool run(struct bench *bench, size_t row) {
    bench->questions.bytes = bench->questions.lines = 0;
    uint32_t among = rows[row].ask(bench);
    if (among == 0) {
        return true;
    }
    double best = measure(bench, row);
    for (unsigned round = 1; round < ROUNDS && best >= 0; round++) {
        double time = measure(bench, row);
        best = time < best ? time : best;
    }
    printf("%-18s %8u %12.1f %8.1f %8.1f\n", rows[row].name, among, best,
           (double)bench->questions.bytes / LOOKUPS, (double)bench->questions.lines / LOOKUPS);
    return best >= 0;
}

static bool load(struct bench *bench, const char *path) {
    struct slice bytes;
    struct table_error error;
    char reason[256] = "cannot be read";
    if (file_read(&bench->arena, path, SIZE_MAX / 2, &bytes) == 0) {
        if (table_open(&bench->table, bytes.data, bytes.size, &error)) {
            bench->engine = engine_create(&bench->table);
            return bench->engine != NULL;
        }
        table_error_format(&error, reason, sizeof reason);
    }
    fprintf(stderr, "lookup: %s: %s\n", path, reason);
    return false;
}

int main(int argc, char **argv) {
    static struct bench bench = {.random = 1};
    bool is_done = argc == 2;
    arena_init(&bench.arena, 1 << 20);
    if (is_done && load(&bench, argv[1])) {
        printf("%-18s %8s %12s %8s %8s\n", "", "among", "nanoseconds", "bytes", "lines");
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            is_done &= run(&bench, i);
        }
    } else {
        is_done = false;
    }
    engine_destroy(bench.engine);
    arena_release(&bench.arena);
    return is_done ? 0 : 1;
}
