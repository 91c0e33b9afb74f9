/* fuzz: compiler runtime -max_len=16384 */
/* Bytes of a client that speaks HTTP/2, over a real socket: whatever they are, every exchange that
 * begins ends, and nothing is left behind. The first byte says how the bytes come; frames are
 * easier to find if their lengths are right, so a second form of inputs has them made right
 * (peer_fit). */
#include "compiled_site.h"
#include "http/http1_front.h"
#include "http2_peer.h"
#include "world.h"

#include <unistd.h>

enum { TURNS = 64, LAST_STREAM = 15 };

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

static void say_all(struct loop *loop, int client, struct slice bytes, size_t piece) {
    bool is_taken = true;
    for (int turns = 0; is_taken && bytes.size > 0 && turns < INPUT_LIMIT; turns++) {
        is_taken = peer_say(loop, client, &bytes, piece);
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
    say_all(&world->loop, ends[0], (struct slice){preface, sizeof preface - 1}, sizeof preface);
    say_all(&world->loop, ends[0], input, piece);
    for (int turns = 0; turns < TURNS; turns++) {
        peer_listen(&world->loop, ends[0]);
    }
    close(ends[0]);
    for (int turns = 0; service->connections != NULL; turns++) {
        require(turns < TURNS);
        peer_turn(&world->loop);
    }
    peer_turn(&world->loop);
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
        compiled_site_open(&table, SLICE(site));
    }
    size_t piece = (data[0] & 7) == 0 ? INPUT_LIMIT : (size_t)(data[0] & 7) * 7;
    memcpy(bytes, data + 1, size - 1);
    if ((data[0] & 128) != 0) {
        peer_fit(bytes, size - 1, LAST_STREAM);
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
