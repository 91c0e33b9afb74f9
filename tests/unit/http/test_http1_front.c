/* A client's connection over a pair of sockets, on a clock that the test sets: how long it lasts
 * when the rest of a request is dropped. */
#include "engine/table_builder.h"
#include "http/http1_front.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECOND = 1000 };

/* A worker with one listener, one server that has no locations, and one connection. */
struct stage {
    struct table_builder builder;
    struct generation generation;
    struct log log;
    struct loop loop;
    struct http_service service;
    struct http_listener listener;
    struct loop_handle *handle; /* of the connection; NULL once it is closed */
    uint64_t passing;           /* milliseconds, in the next turn */
    int client;                 /* the other end */
};

static struct stage stage;

/* --- the loop's back end: it does not wait --- */

static bool add(void *data, struct loop_handle *handle) {
    (void)data;
    stage.handle = handle;
    return true;
}

static void forget(void *data, struct loop_handle *handle) {
    (void)data;
    CU_ASSERT_PTR_EQUAL(stage.handle, handle);
    stage.handle = NULL;
    close(handle->fd);
}

static bool pass_time(struct loop *loop, int timeout) {
    (void)timeout;
    loop->now += stage.passing;
    struct loop_handle *handle = stage.handle;
    if (handle != NULL) {
        struct pollfd asked = {.fd = handle->fd, .events = POLLIN};
        uint32_t events = poll(&asked, 1, 0) == 1 ? LOOP_READ : 0;
        handle->ready |= (uint8_t)events;
        handle->on_ready(handle, events);
    }
    return true;
}

static const struct loop_backend still = {.add = add, .close = forget, .wait = pass_time};

/* --- the stage --- */

static void build_table(struct table_builder *builder) {
    static const struct server_name_spec name = {"a", 0};
    builder_begin(builder);
    builder_server(builder, "a", builder_location_set(builder, NULL, 0));
    struct table_settings *settings =
        BUILDER_RECORD(builder, settings, BUILDER_RECORD(builder, server, 0)->settings);
    settings->client_header_timeout = settings->client_body_timeout = 60 * SECOND;
    settings->keepalive_timeout.first = settings->send_timeout = 60 * SECOND;
    settings->keepalive_requests = settings->max_headers = 1000;
    settings->lingering_time = 30 * SECOND;
    settings->lingering_timeout = 5 * SECOND;
    settings->lingering_close = 1; /* on */
    settings->tcp_nodelay = 1;
    settings->keepalive_time = 3600 * SECOND;
    settings->client_header_buffer_size = 1024;
    uint32_t endpoint = builder_endpoint(builder, &name, 1);
    uint32_t listener = table_writer_add(&builder->writer, TABLE_SECTION_listener);
    struct table_string path = builder_string(builder, "socket");
    *BUILDER_RECORD(builder, listener, listener) =
        (struct table_listener){.family = TABLE_FAMILY_UNIX,
                                .path = path,
                                .name = path,
                                .endpoints = {endpoint, 1},
                                .place = builder->place};
    builder_open(builder);
}

static void open_service(void) {
    struct generation *generation = &stage.generation;
    *generation = (struct generation){.references = 1, .table = stage.builder.table};
    generation->engine = engine_create(&generation->table);
    CU_ASSERT_PTR_NOT_NULL_FATAL(generation->engine);
    stage.loop = (struct loop){.backend = &still, .now = SECOND, .tasks_end = &stage.loop.tasks};
    timer_wheel_init(&stage.loop.timers, stage.loop.now);
    stage.service = (struct http_service){
        .loop = &stage.loop,
        .log = &stage.log,
        .generation = generation,
        .connection_limit = 2,
    };
    stage.listener = (struct http_listener){.service = &stage.service, .references = 1};
}

static void open_stage(void) {
    int ends[2];
    memset(&stage, 0, sizeof stage);
    build_table(&stage.builder);
    open_service();
    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    stage.client = ends[0];
    struct http_accepted accepted = {
        .service = &stage.service, .listener = &stage.listener, .fd = ends[1]};
    accepted.remote.any.sa_family = accepted.local.any.sa_family = AF_UNIX;
    CU_ASSERT_FATAL(http_service_take_connection(&stage.service));
    CU_ASSERT_FATAL(http1_front_create(&accepted));
}

static void close_stage(void) {
    struct http_service *service = &stage.service;
    http_connections_destroy(service);
    CU_ASSERT_EQUAL(service->connection_count, 0);
    CU_ASSERT_EQUAL(stage.generation.references, 1);
    close(stage.client);
    while (service->free_exchanges != NULL) {
        struct exchange *exchange = service->free_exchanges;
        service->free_exchanges = exchange->next_free;
        arena_release(&exchange->arena);
        free(exchange);
    }
    buffer_pool_release(&service->buffers);
    engine_destroy(stage.generation.engine);
    builder_end(&stage.builder);
}

/* --- what the client does --- */

static void say(const char *text) {
    CU_ASSERT_EQUAL(send(stage.client, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* As much as there is room for. */
static void flood(void) {
    static const char bytes[16384];
    while (send(stage.client, bytes, sizeof bytes, MSG_NOSIGNAL) > 0) {
    }
}

static void let_pass(uint64_t milliseconds) {
    stage.passing = milliseconds;
    CU_ASSERT(loop_run_once(&stage.loop));
}

/* Whether it has been answered since it was asked last. */
static bool is_answered(void) {
    char text[4096];
    ssize_t got = recv(stage.client, text, sizeof text, 0);
    return got > 13 && memcmp(text, "HTTP/1.1 403 ", 13) == 0;
}

static void ask(const char *request) {
    say(request);
    let_pass(0);
    CU_ASSERT_TRUE(is_answered());
}

/* --- the tests --- */

static void goes_on_behind_what_it_drops(void) {
    open_stage();
    ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    let_pass(4 * SECOND);
    say("56789");
    let_pass(4 * SECOND);
    CU_ASSERT_PTR_NOT_NULL(stage.handle);
    ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CU_ASSERT_PTR_NOT_NULL(stage.handle);
    close_stage();
}

static void drops_nothing_for_a_client_that_is_silent(void) {
    open_stage();
    ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    let_pass(4 * SECOND);
    CU_ASSERT_PTR_NOT_NULL(stage.handle);
    let_pass(2 * SECOND);
    CU_ASSERT_PTR_NULL(stage.handle);
    close_stage();
}

/* A byte every four seconds would hold the connection for ever. */
static void drops_for_thirty_seconds_in_all(void) {
    open_stage();
    ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int turn = 0; turn < 7; turn++) {
        say("1\r\nx\r\n");
        let_pass(4 * SECOND);
        CU_ASSERT_PTR_NOT_NULL_FATAL(stage.handle);
    }
    say("1\r\nx\r\n");
    let_pass(4 * SECOND);
    CU_ASSERT_PTR_NULL(stage.handle);
    close_stage();
}

/* One that never pauses does not run into the limit for silence, but into the other. */
static void drops_for_thirty_seconds_what_never_pauses(void) {
    open_stage();
    int room = 1 << 20;
    CU_ASSERT(setsockopt(stage.client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
    ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n");
    for (int turn = 0; turn < 14; turn++) {
        flood();
        let_pass(2 * SECOND);
        CU_ASSERT_PTR_NOT_NULL_FATAL(stage.handle);
    }
    flood();
    let_pass(4 * SECOND);
    CU_ASSERT_PTR_NULL(stage.handle);
    close_stage();
}

UNIT_TESTS("http/http1_front", {"goes on behind what it drops", goes_on_behind_what_it_drops},
           {"drops nothing for a client that is silent", drops_nothing_for_a_client_that_is_silent},
           {"drops for thirty seconds in all", drops_for_thirty_seconds_in_all},
           {"drops for thirty seconds what never pauses",
            drops_for_thirty_seconds_what_never_pauses})
