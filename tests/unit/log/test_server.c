/* Syslog servers: addresses out of paths, datagrams, and what becomes of those that nobody takes.
 */
#include "log/server.h"

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool find_address(struct slice path, struct sockaddr_storage *address) {
    struct failure failure = {""};
    int descriptor = log_server_find(path, &failure);
    memset(address, 0, sizeof *address);
    if (descriptor < 0) {
        CU_ASSERT_TRUE(strlen(failure.text) > 0);
        return false;
    }
    CU_ASSERT_TRUE(pread(descriptor, address, sizeof *address, 0) > 0);
    close(descriptor);
    return true;
}

static void finds_addresses(void) {
    struct sockaddr_storage address;
    CU_ASSERT_TRUE(find_address(SLICE("syslog:127.0.0.1:514"), &address));
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)&address;
    CU_ASSERT_EQUAL(address.ss_family, AF_INET);
    CU_ASSERT_EQUAL(ipv4->sin_port, htons(514));
    CU_ASSERT_EQUAL(ipv4->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CU_ASSERT_TRUE(find_address(SLICE("syslog:[::1]:99"), &address));
    CU_ASSERT_EQUAL(address.ss_family, AF_INET6);
    CU_ASSERT_TRUE(find_address(SLICE("syslog:unix:/dev/log"), &address));
    CU_ASSERT_STRING_EQUAL(((const struct sockaddr_un *)(const void *)&address)->sun_path,
                           "/dev/log");
}

/* Of tables that no compiler has written. */
static void refuses_what_is_no_address(void) {
    static const char long_path[200] = "syslog:unix:/aaaaaaaa";
    const struct slice paths[] = {
        SLICE("syslog:"),           SLICE("syslog::"),         SLICE("syslog:127.0.0.1"),
        SLICE("syslog:127.0.0.1:"), SLICE("syslog:1.1.1.1:x"), SLICE("syslog:unix:"),
        SLICE("syslog:[::1:514"),   SLICE("syslog:[]:514"),    {long_path, sizeof long_path},
        {"syslog:a\0b:514", 15},
    };
    struct sockaddr_storage address;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        CU_ASSERT_FALSE(find_address(paths[i], &address));
    }
}

/* A loop, a log with a pipe as fallback, and a server that is a unix socket. */
struct fixture {
    struct loop loop;
    struct log log;
    int fallback; /* reading end */
    char folder[64];
    char path[128];
    int server;
    struct log_target target;
};

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int server = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(server >= 0);
    CU_ASSERT_FATAL(bind(server, (const struct sockaddr *)&address, sizeof address) == 0);
    return server;
}

static void set_up(struct fixture *fixture) {
    struct failure failure;
    char name[160];
    int ends[2];
    memset(fixture, 0, sizeof *fixture);
    CU_ASSERT_FATAL(loop_init(&fixture->loop, LOOP_POLL));
    log_init(&fixture->log, &fixture->loop);
    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    CU_ASSERT_FATAL(log_adopt_fallback(&fixture->log, ends[1]));
    fixture->fallback = ends[0];
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/rpc-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/socket", fixture->folder);
    fixture->server = listen_at(fixture->path);
    snprintf(name, sizeof name, "syslog:unix:%s", fixture->path);
    int descriptor = log_server_find(slice_from_string(name), &failure);
    CU_ASSERT_FATAL(descriptor >= 0);
    fixture->target = (struct log_target){
        .file = log_file_adopt(&fixture->log, slice_from_string(name), descriptor),
        .level = TABLE_LOG_INFO,
        .sender = {.facility = 23, .hides_host = true, .tag = SLICE("t")},
    };
    CU_ASSERT_PTR_NOT_NULL_FATAL(fixture->target.file);
}

static void tear_down(struct fixture *fixture) {
    loop_destroy(&fixture->loop);
    log_destroy(&fixture->log);
    close(fixture->fallback);
    close(fixture->server);
    unlink(fixture->path);
    rmdir(fixture->folder);
}

/* How many messages wait at the server; the last one is in `text`. */
static uint32_t receive(struct fixture *fixture, char *text, size_t size) {
    uint32_t count = 0;
    for (;;) {
        ssize_t got = recv(fixture->server, text, size - 1, 0);
        if (got < 0) {
            return count;
        }
        text[got] = '\0';
        count++;
    }
}

static void hold(struct fixture *fixture, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        log_hold(&fixture->log, &fixture->target, SLICE("line"));
    }
}

static bool is_told(struct fixture *fixture, const char *what) {
    char text[4096];
    ssize_t got = read(fixture->fallback, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    return strstr(text, what) != NULL;
}

static void sends_a_turns_messages_at_its_end(void) {
    struct fixture fixture;
    char text[256];
    set_up(&fixture);
    hold(&fixture, 3);
    CU_ASSERT_EQUAL(receive(&fixture, text, sizeof text), 0);
    log_flush(&fixture.log);
    CU_ASSERT_EQUAL(receive(&fixture, text, sizeof text), 3);
    CU_ASSERT_NSTRING_EQUAL(text, "<190>", 5);
    CU_ASSERT_STRING_EQUAL(strchr(text, '>') + 1 + strlen("Jan  1 00:00:00"), " t: line");
    CU_ASSERT_FALSE(is_told(&fixture, "lost"));
    tear_down(&fixture);
}

static void keeps_what_a_full_queue_has_no_room_for(void) {
    enum { COUNT = 700 };
    struct fixture fixture;
    char text[256];
    set_up(&fixture);
    hold(&fixture, COUNT);
    log_flush(&fixture.log);
    uint32_t received = receive(&fixture, text, sizeof text);
    CU_ASSERT_TRUE(received > 0);
    while (fixture.target.file->buffer != NULL && received < COUNT) {
        log_file_flush(&fixture.log, fixture.target.file);
        received += receive(&fixture, text, sizeof text);
    }
    CU_ASSERT_EQUAL(received, COUNT);
    CU_ASSERT_PTR_NULL(fixture.target.file->buffer);
    CU_ASSERT_FALSE(is_told(&fixture, "lost"));
    tear_down(&fixture);
}

static void counts_what_does_not_fit_behind_a_full_queue(void) {
    struct fixture fixture;
    set_up(&fixture);
    hold(&fixture, 20000);
    log_flush(&fixture.log);
    CU_ASSERT_TRUE(is_told(&fixture, "were lost: Resource temporarily unavailable"));
    tear_down(&fixture);
}

static void finds_another_at_the_same_place(void) {
    struct fixture fixture;
    char text[256];
    set_up(&fixture);
    hold(&fixture, 1);
    log_flush(&fixture.log);
    CU_ASSERT_EQUAL(receive(&fixture, text, sizeof text), 1);
    close(fixture.server);
    unlink(fixture.path);
    fixture.server = listen_at(fixture.path);
    hold(&fixture, 2);
    log_flush(&fixture.log);
    CU_ASSERT_EQUAL(receive(&fixture, text, sizeof text), 2);
    CU_ASSERT_FALSE(is_told(&fixture, "lost"));
    tear_down(&fixture);
}

static void tells_that_there_is_none(void) {
    struct fixture fixture;
    set_up(&fixture);
    unlink(fixture.path);
    hold(&fixture, 3);
    log_flush(&fixture.log);
    CU_ASSERT_TRUE(is_told(&fixture, "3 lines of log"));
    tear_down(&fixture);
}

/* In order: what was collected goes first. */
static void sends_a_long_message_by_itself(void) {
    enum { SIZE = 50000 };
    struct fixture fixture;
    static char text[SIZE + 256];
    set_up(&fixture);
    char *line = malloc(SIZE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    memset(line, 'x', SIZE);
    hold(&fixture, 1);
    log_hold(&fixture.log, &fixture.target, (struct slice){line, SIZE});
    CU_ASSERT_EQUAL(receive(&fixture, text, sizeof text), 2);
    CU_ASSERT_TRUE(strlen(text) > SIZE);
    free(line);
    tear_down(&fixture);
}

UNIT_TESTS("log/server", {"finds addresses", finds_addresses},
           {"refuses what is no address", refuses_what_is_no_address},
           {"sends a turn's messages at its end", sends_a_turns_messages_at_its_end},
           {"keeps what a full queue has no room for", keeps_what_a_full_queue_has_no_room_for},
           {"counts what does not fit", counts_what_does_not_fit_behind_a_full_queue},
           {"finds another at the same place", finds_another_at_the_same_place},
           {"tells that there is none", tells_that_there_is_none},
           {"sends a long message by itself", sends_a_long_message_by_itself})
