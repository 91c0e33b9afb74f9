/* fuzz: compiler runtime -max_len=16384 */
/* Bytes of a backend that is asked by HTTP/2, over a real socket: whatever they are, the client
 * gets one answer that is whole or broken off, its fields are fields, and nothing is left behind.
 * The first byte says what is asked, the second how the bytes come; frames are easier to find if
 * their lengths are right, so a second form of inputs has them made right (peer_fit). */
#include "compiled_site.h"
#include "http2_peer.h"
#include "world.h"

#include <stdio.h>
#include <sys/un.h>

enum { TURNS = 2000, LAST_STREAM = 1 };

static const char site[] =
    "server {\n"
    "    listen 80; client_max_body_size 0; proxy_http_version 2; proxy_pass_trailers on;\n"
    "    proxy_read_timeout 1s; proxy_next_upstream off;\n"
    "    location / { proxy_pass http://unix:%s; }\n"
    "    location /b { proxy_buffering off; proxy_pass http://unix:%s; }\n"
    "    location /c { proxy_set_body \"$uri\"; proxy_buffer_size 512; proxy_pass http://unix:%s; "
    "}\n"
    "}\n";

static const struct slice requests[] = {
    SLICE_INIT("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n"),
    SLICE_INIT("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
    SLICE_INIT("GET /b HTTP/1.0\r\nHost: a\r\n\r\n"),
    SLICE_INIT("POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
};
enum { REQUEST_COUNT = sizeof requests / sizeof requests[0] };

/* The backend, which listens for one connection after the other. */
static int backend = -1;
static struct table table;

static void listen_at(char path[], size_t size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, size, "/tmp/fuzz-http2-back-%d", (int)getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    backend = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(backend >= 0);
    require(bind(backend, (struct sockaddr *)&address, sizeof address) == 0);
    require(listen(backend, 8) == 0);
}

static void open_site(void) {
    static char text[1024];
    char path[64];
    listen_at(path, sizeof path);
    snprintf(text, sizeof text, site, path, path, path);
    compiled_site_open(&table, slice_from_string(text));
}

static void hang_up(void) {
    int connection = accept4(backend, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0) {
        close(connection);
    }
}

/* What the backend has been asked is of no interest; what it says is the input. */
static void answer_with(struct loop *loop, const struct world_answer *answer, struct slice input,
                        size_t piece) {
    int connection = -1;
    for (int turns = 0; connection < 0 && turns < TURNS; turns++) {
        connection = accept4(backend, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection < 0) {
            peer_turn(loop);
        }
    }
    require(connection >= 0);
    bool is_taken = true;
    while (is_taken && input.size > 0 && !answer->is_complete && !answer->is_aborted) {
        is_taken = peer_say(loop, connection, &input, piece);
    }
    close(connection);
    for (int turns = 0; !answer->is_complete && !answer->is_aborted; turns++) {
        require(turns < TURNS);
        peer_turn(loop);
        hang_up(); /* X-Accel-Redirect may have it ask again */
    }
}

static void ask(struct world *world, struct slice asked, struct slice input, size_t piece) {
    const struct world_request request = {.head = asked, .remote = SLICE("\x7f\0\0\1")};
    struct world_answer answer = {.request = &request};
    struct http_header_rules rules = {false, true};
    struct exchange *exchange = exchange_take(&world->service, &world->generation);
    require(exchange != NULL);
    exchange->front = &answer;
    exchange->front_operations = &world_front;
    exchange->endpoint = &table.endpoint[0];
    fill_in(exchange, &request);
    require(http_parse_request(asked.data, asked.size, &rules, &exchange->head) == HTTP_PARSE_OK);
    exchange->request.method = exchange->head.method;
    exchange->request.target = exchange->head.target;
    exchange->request.protocol = exchange->head.protocol;
    exchange_begin(exchange);
    answer_with(&world->loop, &answer, input, piece);
    if (exchange_response_has_body(exchange)) {
        check_answer(exchange, &answer);
    }
    exchange_end(exchange);
    peer_turn(&world->loop);
}

static const struct http_proxy_hooks real_hooks = {.handler = &proxy_handler,
                                                   .variable = proxy_variable};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char bytes[INPUT_LIMIT];
    static struct world world;
    if (size < 2 || size > INPUT_LIMIT) {
        return 0;
    }
    if (backend < 0) {
        open_site();
    }
    size_t piece = (data[1] & 7) == 0 ? INPUT_LIMIT : (size_t)(data[1] & 7) * 7;
    memcpy(bytes, data + 2, size - 2);
    if ((data[0] & 128) != 0) {
        peer_fit(bytes, size - 2, LAST_STREAM);
    }
    world_open(&world, &table);
    require(loop_init(&world.loop, LOOP_POLL));
    world.service.connection_limit = 16;
    world.service.proxy = &real_hooks;
    ask(&world, requests[data[0] % REQUEST_COUNT], (struct slice){bytes, size - 2}, piece);
    world_close(&world);
    loop_destroy(&world.loop);
    return 0;
}
