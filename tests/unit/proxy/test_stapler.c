/* Asking a responder on a loop: what becomes of its answers, when it is asked again, and by whom.
 */
#include "proxy/stapler.c"

#include "log/file.h"
#include "net/ocsp_authority.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK_HEAD "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n\r\n"

/* A worker as far as it is needed, and what it asks about. */
static struct {
    struct loop loop;
    struct log log;
    struct table_process process;
    struct log_target target;
    struct generation generation;
    struct http_service service;
    struct proxy_state state;
    struct ocsp_authority authority;
    SSL_CTX *context;
    struct staples *staples;
    int log_descriptor;
    pid_t responder;
    uint16_t port;
} world;

static const struct table_settings settings = {.resolver = TABLE_NONE};

static struct watch *watch(void) {
    return &world.state.staple_watches->items[0];
}

/* --- the responder: a process that answers every connection alike --- */

static void read_request(int connection) {
    char text[4096];
    size_t size = 0;
    while (size + 1 < sizeof text) {
        ssize_t count = read(connection, text + size, sizeof text - 1 - size);
        if (count <= 0) {
            return;
        }
        size += (size_t)count;
        text[size] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL) {
            return;
        }
    }
}

static void respond(int listener, struct slice head, struct slice body) {
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        read_request(connection);
        (void)!write(connection, head.data, head.size);
        (void)!write(connection, body.data, body.size);
        if (head.size == 0) {
            pause(); /* says nothing, and keeps the connection */
        }
        close(connection);
    }
}

static int listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&address, size), 0);
    CU_ASSERT_EQUAL_FATAL(listen(listener, 16), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    world.port = ntohs(address.sin_port);
    return listener;
}

static void start_responder(const char *head, struct slice body) {
    int listener = listen_anywhere();
    world.responder = fork();
    if (world.responder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        respond(listener, slice_from_string(head), body);
    }
    close(listener);
}

/* --- the world --- */

static void open_world(void) {
    memset(&world, 0, sizeof world);
    signal(SIGPIPE, SIG_IGN);
    CU_ASSERT_TRUE_FATAL(loop_init(&world.loop, LOOP_EPOLL));
    log_init(&world.log, &world.loop);
    world.log_descriptor = memfd_create("log", 0);
    world.target = (struct log_target){
        .file = log_file_adopt(&world.log, SLICE("log"), dup(world.log_descriptor)),
        .level = TABLE_LOG_ERROR,
    };
    world.process.error_logs.count = 1;
    world.generation.table.process = &world.process;
    world.generation.error_logs = &world.target;
    world.service = (struct http_service){.loop = &world.loop,
                                          .log = &world.log,
                                          .generation = &world.generation,
                                          .staples = staple_board_create(),
                                          .connection_limit = 10};
    world.state.service = &world.service;
    authority_open(&world.authority);
}

static struct staples *make_staples(const char *host) {
    char url[64];
    struct failure failure;
    snprintf(url, sizeof url, "http://%s:%u/", host, world.port);
    return staples_create(
        world.context,
        &(struct staples_options){.responder = slice_from_string(url), .verifies = true}, &failure);
}

static void open_context(void) {
    world.context = SSL_CTX_new(TLS_server_method());
    X509_alias_set1(world.authority.leaf, (const unsigned char *)"www.pem", -1);
    SSL_CTX_use_certificate(world.context, world.authority.leaf);
    SSL_CTX_use_PrivateKey(world.context, world.authority.leaf_key);
    SSL_CTX_add1_chain_cert(world.context, world.authority.certificate);
    world.staples = make_staples("127.0.0.1");
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.staples);
    CU_ASSERT_TRUE_FATAL(stapler_watch(&world.state, &world.generation, &settings, world.staples));
}

static void close_world(void) {
    staples_destroy(world.staples);
    CU_ASSERT_PTR_NULL(world.state.staple_watches);
    CU_ASSERT_EQUAL(world.state.staple_fetch_count, 0);
    CU_ASSERT_EQUAL(world.service.connection_count, 0);
    SSL_CTX_free(world.context);
    if (world.responder > 0) {
        kill(world.responder, SIGKILL);
        waitpid(world.responder, NULL, 0);
    }
    log_file_release(&world.log, world.target.file);
    loop_destroy(&world.loop); /* runs deferred tasks */
    log_destroy(&world.log);
    close(world.log_descriptor);
    staple_board_destroy(world.service.staples);
    authority_close(&world.authority);
}

static void nothing(struct timer *timer) {
    (void)timer;
}

/* A turn of the loop that waits for a moment only. */
static void turn(void) {
    static struct timer tick = {.on_expire = nothing};
    timer_start(&world.loop.timers, &tick, world.loop.now + 5);
    CU_ASSERT_TRUE_FATAL(loop_run_once(&world.loop));
    timer_remove(&world.loop.timers, &tick);
}

static void ask_and_wait(void) {
    for (int i = 0; i < 1000 && watch()->fetch != NULL; i++) {
        turn();
    }
    CU_ASSERT_PTR_NULL_FATAL(watch()->fetch);
}

static bool has_logged(const char *text) {
    static char log[8192];
    log_flush(&world.log);
    ssize_t size = pread(world.log_descriptor, log, sizeof log - 1, 0);
    log[size > 0 ? size : 0] = '\0';
    return strstr(log, text) != NULL;
}

static const struct ocsp_draft good = {.status = V_OCSP_CERTSTATUS_GOOD, .begin = -60, .end = 3600};

/* --- */

static void publishes_what_it_is_told(void) {
    static unsigned char bytes[OCSP_ANSWER_LIMIT];
    static struct staple_answer answer;
    open_world();
    struct slice body = {(char *)bytes, authority_answer(&world.authority, &good, bytes)};
    start_responder(OK_HEAD, body);
    open_context();
    ask_and_wait();
    struct staple *staple = &world.staples->items[0];
    CU_ASSERT_PTR_NOT_NULL_FATAL(staple->place);
    CU_ASSERT_TRUE(staple_place_read(staple->place, &staple->key, &answer));
    CU_ASSERT_TRUE(slice_equals((struct slice){(char *)answer.bytes, answer.size}, body));
    uint64_t due = staple_place_due(staple->place);
    CU_ASSERT_TRUE(due > world.loop.now + 3290000 && due <= world.loop.now + 3300000);
    CU_ASSERT_EQUAL(watch()->timer.deadline, due);
    CU_ASSERT_FALSE(has_logged("OCSP"));
    close_world();
}

/* Without a board a worker keeps what it is told. */
static void does_without_a_board(void) {
    static unsigned char bytes[OCSP_ANSWER_LIMIT];
    open_world();
    staple_board_destroy(world.service.staples);
    world.service.staples = NULL;
    struct slice body = {(char *)bytes, authority_answer(&world.authority, &good, bytes)};
    start_responder(OK_HEAD, body);
    open_context();
    ask_and_wait();
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.staples->items[0].answer);
    CU_ASSERT_EQUAL(world.staples->items[0].answer_size, body.size);
    close_world();
}

/* An answer that is of no use is logged, and asked for again soon, then less often. */
static void expect_failure(const char *head, const struct ocsp_draft *draft, const char *reason) {
    static unsigned char bytes[OCSP_ANSWER_LIMIT];
    open_world();
    struct slice body = {(char *)bytes,
                         draft != NULL ? authority_answer(&world.authority, draft, bytes) : 0};
    start_responder(head, body);
    open_context();
    ask_and_wait();
    CU_ASSERT_EQUAL(staple_place_version(world.staples->items[0].place), 0);
    CU_ASSERT_PTR_NULL(world.staples->items[0].answer);
    uint64_t delay = watch()->timer.deadline - world.loop.now;
    CU_ASSERT_TRUE(delay > 9000 && delay <= 10000);
    CU_ASSERT_TRUE(has_logged(reason));
    CU_ASSERT_TRUE(has_logged(" while requesting certificate status, responder: 127.0.0.1:"));
    CU_ASSERT_TRUE(has_logged(", peer: 127.0.0.1, certificate: \"www.pem\""));
    staple_place_fail(watch()->staple->place, world.loop.now);
    look(&watch()->timer);
    ask_and_wait();
    delay = watch()->timer.deadline - world.loop.now;
    CU_ASSERT_TRUE(delay > 19000 && delay <= 20000);
    close_world();
}

static void is_not_taken_in(void) {
    const struct ocsp_draft revoked = {.status = V_OCSP_CERTSTATUS_REVOKED, .begin = -60};
    const struct ocsp_draft expired = {.begin = -7200, .end = -3600};
    expect_failure(OK_HEAD, &revoked, "certificate status \"revoked\" in the OCSP response");
    expect_failure(OK_HEAD, &expired, "OCSP_check_validity() failed");
    expect_failure(OK_HEAD "garbage", NULL, "d2i_OCSP_RESPONSE() failed");
    expect_failure("HTTP/1.0 404 Not Found\r\nContent-Type: application/ocsp-response\r\n\r\n",
                   &good, "OCSP responder sent status 404");
    expect_failure("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n", &good,
                   "OCSP responder sent invalid \"Content-Type\" header: \"text/html\"");
    expect_failure("garbage\r\n\r\n", NULL, "OCSP responder sent invalid response");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", NULL,
                   "OCSP responder sent invalid response: the connection was closed too early");
}

static void bounds_answers(void) {
    static char large[OCSP_ANSWER_LIMIT * 4];
    open_world();
    memset(large, 'x', sizeof large);
    start_responder(OK_HEAD, (struct slice){large, sizeof large});
    open_context();
    ask_and_wait();
    CU_ASSERT_TRUE(has_logged("OCSP responder sent more than 16384 bytes"));
    close_world();
}

static void gives_up_on_silence(void) {
    open_world();
    start_responder("", SLICE(""));
    open_context();
    for (int i = 0; i < 20; i++) {
        turn();
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(watch()->fetch);
    timer_wheel_advance(&world.loop.timers, world.loop.now + STAPLE_FETCH_LIMIT_MS - 1000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(watch()->fetch);
    timer_wheel_advance(&world.loop.timers, world.loop.now + STAPLE_FETCH_LIMIT_MS + 1000);
    CU_ASSERT_PTR_NULL(watch()->fetch);
    CU_ASSERT_TRUE(has_logged("OCSP responder timed out while requesting certificate status"));
    close_world();
}

static void tells_that_nobody_listens(void) {
    open_world();
    close(listen_anywhere());
    open_context();
    ask_and_wait();
    CU_ASSERT_TRUE(has_logged("connect() to OCSP responder failed: Connection refused"));
    close_world();
}

/* What one worker has claimed another waits for. */
static void leaves_it_to_another(void) {
    open_world();
    world.port = 1;
    world.context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(world.context, world.authority.leaf);
    SSL_CTX_use_PrivateKey(world.context, world.authority.leaf_key);
    SSL_CTX_add1_chain_cert(world.context, world.authority.certificate);
    world.staples = make_staples("127.0.0.1");
    struct staple *staple = &world.staples->items[0];
    uint64_t now = world.loop.now;
    struct staple_place *place = staple_board_find(world.service.staples, &staple->key, now);
    CU_ASSERT_TRUE(staple_place_claim(place, now, now + 5000));
    CU_ASSERT_TRUE_FATAL(stapler_watch(&world.state, &world.generation, &settings, world.staples));
    CU_ASSERT_PTR_NULL(watch()->fetch);
    CU_ASSERT_EQUAL(watch()->timer.deadline, now + 5000);
    CU_ASSERT_PTR_EQUAL(staple->place, place);
    close_world();
}

/* A worker that ends gives its claim back. */
static void gives_back_what_it_has_begun(void) {
    open_world();
    start_responder("", SLICE(""));
    open_context();
    struct staple_place *place = world.staples->items[0].place;
    CU_ASSERT_PTR_NOT_NULL(watch()->fetch);
    CU_ASSERT_TRUE(staple_place_due(place) > world.loop.now);
    stapler_stop(&world.state);
    CU_ASSERT_TRUE(staple_place_due(place) <= world.loop.now);
    close_world();
}

UNIT_TESTS("proxy/stapler", {"publishes what it is told", publishes_what_it_is_told},
           {"does without a board", does_without_a_board}, {"is not taken in", is_not_taken_in},
           {"bounds answers", bounds_answers}, {"gives up on silence", gives_up_on_silence},
           {"tells that nobody listens", tells_that_nobody_listens},
           {"leaves it to another", leaves_it_to_another},
           {"gives back what it has begun", gives_back_what_it_has_begun})
