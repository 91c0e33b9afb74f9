/* Whoever reads tables, one function each: what is added to rpc or rpcd that takes a table apart
 * gets a row at the end. */
#ifndef TABLE_READERS_H
#define TABLE_READERS_H

#include "cli/dump_json.h"
#include "cli/graph.h"
#include "cli/route.h"
#include "engine/engine.h"
#include "engine/slot.h"
#include "net/tls_server_context.h"
#include "table/diff.h"
#include "table/dump.h"
#include "world.h"

#include <stdio.h>

/* --- rpc --- */

static ssize_t discard(void *cookie, const char *data, size_t size) {
    (void)cookie;
    (void)data;
    return (ssize_t)size;
}

static FILE *open_sink(void) {
    FILE *sink = fopencookie(NULL, "w", (cookie_io_functions_t){.write = discard});
    require(sink != NULL);
    return sink;
}

static void read_by_dump(const struct table *table) {
    FILE *sink = open_sink();
    table_dump(sink, table, TABLE_SECTION_COUNT);
    fclose(sink);
}

static void read_by_json(const struct table *table) {
    FILE *sink = open_sink();
    dump_json_print(sink, table, TABLE_SECTION_COUNT);
    fclose(sink);
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

static void read_by_diff(const struct table *table) {
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
    fclose(sink);
    arena_release(&arena);
}

static void read_by_graph(const struct table *table) {
    enum { DRAWN_NODES = 200 };
    struct arena arena;
    struct graph graph;
    FILE *sink = open_sink();
    arena_init(&arena, 1 << 16);
    struct graph_server *servers = graph_find_names(&arena, table);
    graph_choose_servers(servers, table, SLICE("www.example.com"));
    for (uint32_t i = 0; i < table->server_count; i++) {
        servers[i].is_chosen |= i % 2 == 0;
    }
    graph_build(&graph, &arena, table, servers, table->server_count % 2 == 0, DRAWN_NODES);
    graph_print_dot(sink, &graph, SLICE("site"));
    graph_print_svg(sink, &graph, SLICE("site"));
    fclose(sink);
    arena_release(&arena);
}

static void explain(FILE *out, struct arena *arena, struct engine *engine, const char *url) {
    struct question question;
    struct route route;
    question_init(&question, arena);
    require(question_set_url(&question, slice_from_string(url)) == NULL);
    require(question_add_header(&question, SLICE("X-A"), SLICE("1")) == NULL);
    if (route_ask(&route, arena, engine, &question) == NULL) {
        route_print_text(out, &route, true);
        route_print_briefly(out, &route, "  ", false, true, true);
    }
}

static void read_by_route(const struct table *table) {
    static const char *const urls[] = {"http://example.com/api/x?a=b", "http://www.x/x.php",
                                       "http://a.example.com:8080/a/%2f/b"};
    struct arena arena;
    FILE *sink = open_sink();
    struct engine *engine = engine_create(table);
    require(engine != NULL);
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        explain(sink, &arena, engine, urls[i]);
        arena_reset(&arena);
    }
    engine_destroy(engine);
    fclose(sink);
    arena_release(&arena);
}

/* --- rpcd --- */

/* Programs and variables may take too much work, and regexes fail; then the log is told why. */
static void require_reason(const struct engine_request *request, bool succeeded) {
    require(succeeded || *(const uint32_t *)request->live_owner > 0);
}

static void run_programs(struct engine_request *request) {
    const struct table *table = engine_table(request->engine);
    struct slice text;
    for (uint32_t i = 0; i < table->slot_count && i < 32; i++) {
        require_reason(request, engine_slot_value(request, i, &text) != ENGINE_VALUE_NO_MEMORY);
    }
    for (uint32_t i = 0; i < table->program_count && i < 64; i++) {
        struct engine_answer answer;
        if (table->program[i].kind == TABLE_PROGRAM_TEMPLATE) {
            require_reason(request, engine_run_template(request, i, &text));
        } else if (engine_run_sequence(request, i, &answer)) {
            require(answer.status <= 999);
        }
    }
    for (uint32_t i = 0; i < table->log_format_count && i < 16; i++) {
        require_reason(request, engine_run_log_line(request, &table->log_format[i], &text));
    }
}

/* Each step of the engine by itself, also where a whole request would not have come. */
static void read_by_engine(struct engine *engine, const struct table_endpoint *endpoint) {
    static const uint32_t statuses[] = {400, 404, 500, 502};
    static const struct engine_header forwarded = {SLICE_INIT("X-Forwarded-For"),
                                                   SLICE_INIT("10.1.2.3, [fc00::1]:80, 127.0.0.1")};
    uint32_t notes = 0;
    struct arena arena;
    arena_init(&arena, 4096);
    struct engine_request request = {.engine = engine,
                                     .arena = &arena,
                                     .live = &world_silent,
                                     .live_owner = &notes,
                                     .headers = &forwarded,
                                     .header_count = 1,
                                     .method = SLICE("POST"),
                                     .protocol = SLICE("HTTP/1.1"),
                                     .scheme = SLICE("http"),
                                     .host = SLICE("a.example.com"),
                                     .target = SLICE("/api/%41?x=y"),
                                     .binary_remote_addr = SLICE("\x7f\0\0\1")};
    struct slice authority;
    require(engine_request_prepare(&request));
    require(engine_parse_target(&request, true, &authority) == ENGINE_TARGET_OK);
    request.asked_name = SLICE("www.example.com");
    engine_use_default_server(&request, endpoint);
    if (engine_find_server(&request, endpoint)) {
        (void)engine_find_location(&request);
        run_programs(&request);
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
            struct engine_outcome outcome;
            (void)engine_has_error_page(&request, statuses[i]);
            engine_fail(&request, statuses[i], &outcome);
            require(outcome.kind != ENGINE_PROXY || request.location->proxy != TABLE_NONE);
            require(outcome.kind == ENGINE_PROXY || outcome.status <= 999);
            request.has_error_page = false;
            request.redirects = 0;
        }
    }
    arena_release(&arena);
}

/* --- requests that a table is likely to have an answer for --- */

/* Something of the table's, or something usual. */
static struct slice choose_host(const struct table *table, uint32_t choice) {
    static const struct slice hosts[] = {SLICE_INIT("example.com"), SLICE_INIT("a.example.com"),
                                         SLICE_INIT("www.x"), SLICE_INIT("1.2.3.4:80")};
    if (choice % 2 == 0 && table->name_slot_count > 0) {
        const struct table_name_slot *slot = &table->name_slot[choice / 2 % table->name_slot_count];
        struct slice key = table_text(table, slot->key);
        return slot->server == TABLE_NONE ? hosts[0] : slice_take(key, 64);
    }
    return hosts[choice / 2 % 4];
}

static struct slice choose_path(const struct table *table, uint32_t choice) {
    static const struct slice paths[] = {SLICE_INIT("/api/x"), SLICE_INIT("/x.php"),
                                         SLICE_INIT("/a/b/c"), SLICE_INIT("/")};
    if (choice % 4 != 0 && table->location_count > 0) {
        const struct table_location *location =
            &table->location[choice / 4 % table->location_count];
        struct slice name = slice_take(table_text(table, location->name), 64);
        return location->kind <= TABLE_LOCATION_PREFIX_NO_REGEX ? name : paths[choice % 3];
    }
    return paths[choice / 4 % 4];
}

static struct slice build_head(const struct table *table, struct arena *arena, uint32_t choice) {
    static const char *const methods[] = {"GET", "POST", "HEAD", "DELETE"};
    static const char *const tails[] = {"", "x", "/y%2fz.php", "%41"};
    static const char *const fields[] = {
        "", "Cookie: a=b; c=d\r\nUpgrade: websocket\r\nConnection: upgrade\r\n",
        "Content-Length: 5\r\nAuthorization: Basic YTpi\r\n",
        "X-Forwarded-For: 10.0.0.1, 192.0.2.7\r\nX-A: 1\r\nX-A: 2\r\n"};
    struct slice path = engine_escape_uri(arena, choose_path(table, choice >> 8));
    struct slice host = choose_host(table, choice >> 16);
    return arena_format(arena, "%s %.*s%s%s HTTP/1.1\r\nHost: %.*s\r\n%s\r\n", methods[choice & 3],
                        SLICE_ARGS(path), tails[choice >> 2 & 3],
                        (choice & 16) != 0 ? "?a=b&c=%2f" : "", SLICE_ARGS(host),
                        fields[choice >> 5 & 3]);
}

static void ask(struct world *world, uint32_t choice) {
    static const struct slice remotes[] = {SLICE_INIT("\x7f\0\0\1"), SLICE_INIT(""),
                                           SLICE_INIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
                                           SLICE_INIT("\xc0\0\2\1")};
    static const uint32_t statuses[] = {0, 200, 404, 302};
    const struct table *table = &world->generation.table;
    struct arena arena;
    arena_init(&arena, 4096);
    const struct world_request request = {.head = build_head(table, &arena, choice),
                                          .remote = remotes[choice >> 24 & 3],
                                          .back_status = statuses[choice >> 26 & 3],
                                          .back_location = SLICE("http://app/v1/x")};
    world_ask(world, &table->endpoint[choice % table->endpoint_count], &request);
    arena_release(&arena);
}

/* rpcd: a few requests that follow from the table's checksum. */
static void read_by_worker(const struct table *table) {
    enum { REQUESTS = 3 };
    if (table->endpoint_count == 0) {
        return;
    }
    struct world world;
    uint64_t choice = table->header->checksum;
    world_open(&world, table);
    for (int i = 0; i < REQUESTS; i++) {
        choice = choice * 6364136223846793005u + 1442695040888963407u;
        ask(&world, (uint32_t)(choice >> 32));
    }
    read_by_engine(world.generation.engine, &table->endpoint[0]);
    world_close(&world);
}

/* rpcd: what TLS of clients needs. Making a context takes too long. */
static void read_by_tls(const struct table *table) {
    const struct secrets none = {0};
    for (uint32_t i = 0; i < table->server_settings_count; i++) {
        const struct table_server_settings *settings = &table->server_settings[i];
        uint8_t identity[TLS_IDENTITY_SIZE];
        struct tls_server_file file;
        uint32_t count = 0;
        while (tls_server_file(table, settings, count, &file)) {
            require(file.path.data[file.path.size] == '\0');
            count++;
        }
        tls_server_identify(table, settings, &none, NULL, identity);
    }
}

/* Everything that takes a table apart. What takes long gets one table of several. */
static const struct {
    void (*read)(const struct table *);
    uint32_t share;
} readers[] = {
    {read_by_worker, 1}, {read_by_tls, 1},    {read_by_dump, 8},   {read_by_json, 16},
    {read_by_diff, 16},  {read_by_graph, 16}, {read_by_route, 16},
};

static void read_by_all(const struct table *table) {
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if ((table->header->checksum >> i) % readers[i].share == 0) {
            readers[i].read(table);
        }
    }
}

#endif
