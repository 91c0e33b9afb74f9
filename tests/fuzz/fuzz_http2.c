/* fuzz: compiler runtime -max_len=16384 */
/* Bytes of a client that speaks HTTP/2, over a real socket: whatever they are, every exchange that
 * begins ends, and nothing is left behind. The first byte says
 * how the bytes come; frames are easier to find if their lengths are right, so a second form of
 * inputs has them made right (see fit). */
#include "emit/emit.h"
#include "http/http1_front.h"
#include "syntax/parse.h"
#include "world.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_HEADER = 9, TURNS = 64, INPUT_LIMIT = 16384 };

static const char site[] =
    "server {\n"
    "    listen 80 http2; client_max_body_size 100; http2_body_preread_size 200;\n"
    "    http2_max_concurrent_streams 4; client_header_buffer_size 512;\n"
    "    large_client_header_buffers 2 512; http2_chunk_size 50; keepalive_requests 20;\n"
    "    location / { return 200 \"some text that is longer than a chunk, and is sent in two\"; }\n"
    "    location /p { proxy_pass http://unix:/nowhere/at/all; }\n"
    "    location /s { proxy_request_buffering off; proxy_set_header Upgrade $http_upgrade;\n"
    "        proxy_pass http://unix:/nowhere/at/all; }\n"
    "    location /x { return 444; }\n"
    "}\n";

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

static struct table table;

static void open_site(void) {
    static struct arena arena;
    static struct source_set sources;
    static struct diagnostic_list diagnostics;
    static struct tree tree;
    static struct model model;
    struct slice bytes;
    struct table_error error;
    struct parse_options options = {0};
    arena_init(&arena, 1 << 16);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    parse_text(&arena, &sources, &diagnostics, SLICE("site.conf"), slice_from_string(site),
               &options, &tree);
    model_build(&model, &tree);
    require(diagnostics.error_count == 0 && !model_refuse_unsupported(&model));
    require(emit_table(&model, &bytes) && table_open(&table, bytes.data, bytes.size, &error));
}

/* Lengths of frames as they must be, few kinds and few streams. */
static void fit(char *bytes, size_t size) {
    for (size_t at = 0; at + FRAME_HEADER <= size;) {
        size_t left = size - at - FRAME_HEADER;
        size_t length = (unsigned char)bytes[at + 2];
        length = length < left ? length : left;
        bytes[at] = bytes[at + 1] = 0;
        bytes[at + 2] = (char)length;
        bytes[at + 3] = (char)(bytes[at + 3] & 15);
        bytes[at + 5] = bytes[at + 6] = bytes[at + 7] = 0;
        bytes[at + 8] = (char)(bytes[at + 8] & 15);
        at += FRAME_HEADER + length;
    }
}

static void do_nothing(struct loop_task *task) {
    (void)task;
}

/* A turn that does not wait; what the client gets is dropped. */
static void turn(struct loop *loop, int client) {
    static struct loop_task task = {.run = do_nothing};
    char heard[4096];
    loop_defer_next(loop, &task);
    require(loop_run_once(loop));
    while (client >= 0 && recv(client, heard, sizeof heard, MSG_DONTWAIT) > 0) {
    }
}

static void send_all(struct loop *loop, int client, struct slice bytes, size_t piece) {
    for (int turns = 0; bytes.size > 0 && turns < INPUT_LIMIT; turns++) {
        struct slice part = slice_take(bytes, piece);
        ssize_t sent = send(client, part.data, part.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes = slice_skip(bytes, (size_t)sent);
        }
        turn(loop, client);
        if (sent < 0 && errno != EAGAIN) {
            return;
        }
    }
}

static void run(struct world *world, struct slice input, size_t piece) {
    struct http_service *service = &world->service;
    struct http_listener listener = {.service = service, .references = 1};
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    struct http_accepted accepted = {.service = service, .listener = &listener, .fd = ends[1]};
    accepted.remote.any.sa_family = accepted.local.any.sa_family = AF_UNIX;
    require(http_service_take_connection(service) && http1_front_create(&accepted));
    send_all(&world->loop, ends[0], (struct slice){preface, sizeof preface - 1}, sizeof preface);
    send_all(&world->loop, ends[0], input, piece);
    for (int turns = 0; turns < TURNS; turns++) {
        turn(&world->loop, ends[0]);
    }
    close(ends[0]);
    for (int turns = 0; service->connections != NULL; turns++) {
        require(turns < TURNS);
        turn(&world->loop, -1);
    }
    turn(&world->loop, -1);
    require(listener.references == 1 && service->connection_count == 0);
    if (service->http2 != NULL) {
        service->release_http2(service);
    }
}

/* Nobody answers there, so that a backend is asked and the answer is an error. */
static const struct http_proxy_hooks real_hooks = {.handler = &proxy_handler,
                                                   .variable = proxy_variable};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char bytes[INPUT_LIMIT];
    static struct world world;
    if (size < 1 || size > INPUT_LIMIT) {
        return 0;
    }
    if (table.server_count == 0) {
        open_site();
    }
    size_t piece = (data[0] & 7) == 0 ? INPUT_LIMIT : (size_t)(data[0] & 7) * 7;
    memcpy(bytes, data + 1, size - 1);
    if ((data[0] & 128) != 0) {
        fit(bytes, size - 1);
    }
    world_open(&world, &table);
    require(loop_init(&world.loop, LOOP_POLL));
    world.service.connection_limit = 16;
    world.service.proxy = &real_hooks;
    run(&world, (struct slice){bytes, size - 1}, piece);
    world_close(&world);
    loop_destroy(&world.loop);
    return 0;
}
