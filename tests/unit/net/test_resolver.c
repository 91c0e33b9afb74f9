/* Names resolved through a small name server in the same loop, on both back ends. Includes the
 * source to point c-ares at that server. */
#include "net/resolver.c"

#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

/* --- a name server for the domain "test" --- */

enum { QUESTION_OFFSET = 12, MESSAGE_LIMIT = 2048, TYPE_A = 1, TYPE_AAAA = 28, MANY = 90 };

struct message {
    uint8_t bytes[MESSAGE_LIMIT];
    size_t size;
};

struct server {
    struct loop *loop;
    struct loop_handle datagrams;
    struct loop_handle listener;
    struct loop_handle connection; /* fd -1: none */
    uint16_t port;
    unsigned datagram_count;
    unsigned connection_count;
    unsigned stream_query_count;
};

static struct server server;

static bool is_named(const struct message *query, const char *name) {
    return memcmp(query->bytes + QUESTION_OFFSET + 1, name, strlen(name)) == 0;
}

static void add_record(struct message *reply, unsigned type, unsigned ttl, const void *address,
                       size_t size) {
    const uint8_t head[] = {
        0xc0, QUESTION_OFFSET, 0, (uint8_t)type, 0, 1, 0, 0, (uint8_t)(ttl >> 8), (uint8_t)ttl,
        0,    (uint8_t)size};
    memcpy(reply->bytes + reply->size, head, sizeof head);
    memcpy(reply->bytes + reply->size + sizeof head, address, size);
    reply->size += sizeof head + size;
    reply->bytes[7]++; /* ANCOUNT */
}

static void add_addresses(struct message *reply, unsigned type, unsigned count) {
    uint8_t address[16] = {10};
    size_t size = 4;
    if (type == TYPE_AAAA) {
        address[0] = 0xfd;
        size = 16;
    }
    for (unsigned i = 1; i <= count; i++) {
        address[size - 1] = (uint8_t)i;
        add_record(reply, type, 600 - i, address, size);
    }
}

/* both.test has two addresses of a kind, four.test only IPv4, large.test more than fit a datagram,
 * stuck.test no answer by stream, silent.test no answer at all; nothing else exists. Returns false
 * for no answer. */
static bool answer(const struct message *query, struct message *reply, bool is_datagram) {
    size_t end = QUESTION_OFFSET;
    while (query->bytes[end] != 0) {
        end += query->bytes[end] + 1u;
    }
    unsigned type = query->bytes[end + 2];
    reply->size = end + 5;
    memcpy(reply->bytes, query->bytes, reply->size);
    reply->bytes[2] = 0x85; /* an authoritative answer, recursion desired */
    reply->bytes[3] = 0x80; /* recursion available */
    memset(reply->bytes + 6, 0, 6);
    if (is_named(query, "silent") || (is_named(query, "stuck") && !is_datagram)) {
        return false;
    }
    if (is_named(query, "both")) {
        add_addresses(reply, type, 2);
    } else if (is_named(query, "four")) {
        add_addresses(reply, type, type == TYPE_A ? 1 : 0);
    } else if (is_datagram && (is_named(query, "large") || is_named(query, "stuck"))) {
        reply->bytes[2] |= 2; /* truncated */
    } else if (is_named(query, "large")) {
        add_addresses(reply, type, type == TYPE_A ? MANY : 0);
    } else {
        reply->bytes[3] |= 3; /* no such name */
    }
    return true;
}

static void on_datagram(struct loop_handle *handle, uint32_t events) {
    struct sockaddr_storage from;
    socklen_t from_size = sizeof from;
    struct message query;
    ssize_t size;
    (void)events;
    while ((size = recvfrom(handle->fd, query.bytes, sizeof query.bytes, MSG_DONTWAIT,
                            (struct sockaddr *)&from, &from_size)) > 0) {
        struct message reply;
        server.datagram_count++;
        if (answer(&query, &reply, true)) {
            (void)sendto(handle->fd, reply.bytes, reply.size, 0, (struct sockaddr *)&from,
                         from_size);
        }
    }
    handle->ready &= (uint8_t)~LOOP_READ;
}

/* Queries over TCP come one at a time here; the reply is sent in two pieces. */
static void on_stream(struct loop_handle *handle, uint32_t events) {
    struct message query;
    uint8_t length[2];
    (void)events;
    while (recv(handle->fd, length, 2, MSG_DONTWAIT) == 2) {
        size_t size = (size_t)(length[0] << 8 | length[1]);
        CU_ASSERT_EQUAL_FATAL(recv(handle->fd, query.bytes, size, 0), (ssize_t)size);
        server.stream_query_count++;
        struct message reply;
        if (answer(&query, &reply, false)) {
            const uint8_t head[] = {(uint8_t)(reply.size >> 8), (uint8_t)reply.size};
            CU_ASSERT_EQUAL(send(handle->fd, head, 2, 0), 2);
            usleep(1000);
            CU_ASSERT_EQUAL(send(handle->fd, reply.bytes, reply.size, 0), (ssize_t)reply.size);
        }
    }
    handle->ready &= (uint8_t)~LOOP_READ;
}

static void close_connection(void) {
    if (server.connection.fd >= 0) {
        loop_remove(server.loop, &server.connection);
        close(server.connection.fd);
        server.connection.fd = -1;
    }
}

static void on_connection(struct loop_handle *handle, uint32_t events) {
    (void)events;
    close_connection();
    server.connection = (struct loop_handle){.fd = accept(handle->fd, NULL, NULL)};
    server.connection.on_ready = on_stream;
    server.connection_count++;
    CU_ASSERT_TRUE_FATAL(server.connection.fd >= 0);
    CU_ASSERT_TRUE_FATAL(loop_add(server.loop, &server.connection));
}

/* A socket of `type` on the loopback, at the server's port if that is known. */
static int open_socket(int type) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server.port)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        close(fd);
        return -1;
    }
    server.port = ntohs(address.sin_port);
    return fd;
}

/* The port must be free for both kinds of socket. */
static void open_server(struct loop *loop) {
    for (unsigned attempt = 0; attempt < 20; attempt++) {
        server = (struct server){.loop = loop};
        server.connection.fd = -1;
        server.listener.fd = open_socket(SOCK_STREAM);
        server.datagrams.fd = server.listener.fd < 0 ? -1 : open_socket(SOCK_DGRAM);
        if (server.datagrams.fd >= 0) {
            break;
        }
        close(server.listener.fd);
    }
    CU_ASSERT_TRUE_FATAL(server.datagrams.fd >= 0);
    CU_ASSERT_EQUAL_FATAL(listen(server.listener.fd, 8), 0);
    server.listener.is_listener = true;
    server.listener.on_ready = on_connection;
    server.datagrams.on_ready = on_datagram;
    CU_ASSERT_TRUE_FATAL(loop_add(loop, &server.listener));
    CU_ASSERT_TRUE_FATAL(loop_add(loop, &server.datagrams));
}

static void close_server(void) {
    close_connection();
    loop_remove(server.loop, &server.listener);
    close(server.listener.fd);
    if (server.datagrams.fd >= 0) {
        loop_remove(server.loop, &server.datagrams);
        close(server.datagrams.fd);
    }
}

/* --- the tests' frame --- */

struct lookup {
    struct resolver *resolver;
    struct resolver_query *query;
    unsigned calls;
    uint32_t count;
    uint32_t ttl;
    bool has_error;
    char addresses[MANY][INET6_ADDRSTRLEN];
    struct lookup *cancels; /* another one to be cancelled when this is answered */
    const char *next_host;  /* to be looked up when this is answered */
    struct lookup *next;
};

static struct lookup lookups[4];

static void look_up(struct lookup *lookup, struct resolver *resolver, const char *host);

static void on_answer(void *owner, const struct resolver_answer *found) {
    struct lookup *lookup = owner;
    lookup->calls++;
    lookup->count = found->count;
    lookup->ttl = found->ttl;
    lookup->has_error = found->error != NULL;
    for (uint32_t i = 0; i < found->count && i < MANY; i++) {
        const void *address = &((const struct sockaddr_in *)&found->addresses[i])->sin_addr;
        if (found->addresses[i].ss_family == AF_INET6) {
            address = &((const struct sockaddr_in6 *)&found->addresses[i])->sin6_addr;
        }
        inet_ntop(found->addresses[i].ss_family, address, lookup->addresses[i], INET6_ADDRSTRLEN);
    }
    if (lookup->cancels != NULL) {
        resolver_cancel(lookup->cancels->query);
    }
    if (lookup->next_host != NULL) {
        look_up(lookup->next, lookup->resolver, lookup->next_host);
    }
}

static void look_up(struct lookup *lookup, struct resolver *resolver, const char *host) {
    lookup->resolver = resolver;
    lookup->query = resolver_start(resolver, host, on_answer, lookup);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lookup->query);
    CU_ASSERT_EQUAL(lookup->calls, 0);
}

static void wait_for(struct loop *loop, const struct lookup *lookup) {
    for (unsigned turn = 0; lookup->calls == 0 && turn < 1000; turn++) {
        CU_ASSERT_TRUE_FATAL(loop_run_once(loop));
    }
    CU_ASSERT_EQUAL(lookup->calls, 1);
}

/* Runs a test on each back end, with the resolver asking only the server above. */
static void on_both_backends(void (*test)(struct loop *loop, struct resolver *resolver)) {
    const enum loop_method methods[] = {LOOP_EPOLL, LOOP_POLL};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct loop loop;
        const char *error = NULL;
        char address[32];
        memset(lookups, 0, sizeof lookups);
        CU_ASSERT_TRUE_FATAL(loop_init(&loop, methods[i]));
        open_server(&loop);
        struct resolver *resolver =
            resolver_create(&loop, &(struct resolver_options){.ipv4 = true, .ipv6 = true}, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(resolver);
        snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
        CU_ASSERT_EQUAL_FATAL(ares_set_servers_ports_csv(resolver->channel, address), ARES_SUCCESS);
        test(&loop, resolver);
        resolver_destroy(resolver);
        close_server();
        if (loop.tasks != NULL) {
            CU_ASSERT_TRUE(loop_run_once(&loop));
        }
        loop_destroy(&loop);
    }
}

#define ASSERT_ADDRESS(lookup, position, text)                                                     \
    CU_ASSERT_STRING_EQUAL((lookup)->addresses[position], text)

/* --- tests --- */

static void check_both_families(struct loop *loop, struct resolver *resolver) {
    look_up(&lookups[0], resolver, "both.test");
    wait_for(loop, &lookups[0]);
    CU_ASSERT_EQUAL_FATAL(lookups[0].count, 4);
    ASSERT_ADDRESS(&lookups[0], 0, "10.0.0.1");
    ASSERT_ADDRESS(&lookups[0], 1, "10.0.0.2");
    ASSERT_ADDRESS(&lookups[0], 2, "fd00::1");
    ASSERT_ADDRESS(&lookups[0], 3, "fd00::2");
    CU_ASSERT_EQUAL(lookups[0].ttl, 598);
    CU_ASSERT_FALSE(lookups[0].has_error);
    CU_ASSERT_EQUAL(server.datagram_count, 2);
}

static void finds_addresses_of_both_families(void) {
    on_both_backends(check_both_families);
}

static void check_one_family(struct loop *loop, struct resolver *resolver) {
    look_up(&lookups[0], resolver, "four.test");
    wait_for(loop, &lookups[0]);
    CU_ASSERT_EQUAL(lookups[0].count, 1);
    ASSERT_ADDRESS(&lookups[0], 0, "10.0.0.1");
}

static void finds_addresses_of_one_family(void) {
    on_both_backends(check_one_family);
}

static void check_stream(struct loop *loop, struct resolver *resolver) {
    look_up(&lookups[0], resolver, "large.test");
    wait_for(loop, &lookups[0]);
    CU_ASSERT_EQUAL_FATAL(lookups[0].count, MANY);
    ASSERT_ADDRESS(&lookups[0], MANY - 1, "10.0.0.90");
    CU_ASSERT_TRUE(server.connection_count > 0);
}

static void asks_by_stream_when_truncated(void) {
    on_both_backends(check_stream);
}

/* The connection is ready for writing all the time, and the server says nothing on it. */
static void check_busy_stream(struct loop *loop, struct resolver *resolver) {
    look_up(&lookups[0], resolver, "stuck.test");
    for (unsigned turn = 0; server.stream_query_count < 2 && turn < 1000; turn++) {
        CU_ASSERT_TRUE_FATAL(loop_run_once(loop));
    }
    uint64_t begin = loop->now;
    look_up(&lookups[1], resolver, "large.test");
    wait_for(loop, &lookups[1]);
    CU_ASSERT_EQUAL(lookups[1].count, MANY);
    CU_ASSERT_EQUAL(server.connection_count, 1);
    CU_ASSERT_TRUE(loop->now - begin < FIRST_TIMEOUT_MS / 2);
    resolver_cancel(lookups[0].query);
}

static void asks_again_on_a_busy_stream(void) {
    on_both_backends(check_busy_stream);
}

static void check_missing(struct loop *loop, struct resolver *resolver) {
    look_up(&lookups[0], resolver, "none.test");
    wait_for(loop, &lookups[0]);
    CU_ASSERT_EQUAL(lookups[0].count, 0);
    CU_ASSERT_TRUE(lookups[0].has_error);
}

static void reports_names_that_do_not_exist(void) {
    on_both_backends(check_missing);
}

/* These c-ares answers at once; `look_up` asserts that the callback has not been called yet. */
static void check_local(struct loop *loop, struct resolver *resolver) {
    char long_name[400];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    look_up(&lookups[0], resolver, "localhost");
    look_up(&lookups[1], resolver, "192.0.2.7");
    look_up(&lookups[2], resolver, "2001:db8::7");
    look_up(&lookups[3], resolver, long_name);
    wait_for(loop, &lookups[0]);
    wait_for(loop, &lookups[1]);
    wait_for(loop, &lookups[2]);
    wait_for(loop, &lookups[3]);
    if (access("/etc/hosts", R_OK) == 0) { /* a minimal system has none, and so no localhost */
        CU_ASSERT_TRUE(lookups[0].count > 0);
        CU_ASSERT_TRUE(strcmp(lookups[0].addresses[0], "127.0.0.1") == 0 ||
                       strcmp(lookups[0].addresses[0], "::1") == 0);
    }
    ASSERT_ADDRESS(&lookups[1], 0, "192.0.2.7");
    ASSERT_ADDRESS(&lookups[2], 0, "2001:db8::7");
    CU_ASSERT_EQUAL(lookups[3].count, 0);
    CU_ASSERT_TRUE(lookups[3].has_error);
    CU_ASSERT_EQUAL(server.datagram_count, 0);
}

static void answers_local_names_after_the_start(void) {
    on_both_backends(check_local);
}

static void check_cancel(struct loop *loop, struct resolver *resolver) {
    look_up(&lookups[0], resolver, "both.test");
    look_up(&lookups[1], resolver, "192.0.2.1");
    look_up(&lookups[2], resolver, "four.test");
    resolver_cancel(lookups[0].query);
    resolver_cancel(lookups[1].query);
    wait_for(loop, &lookups[2]);
    CU_ASSERT_EQUAL(lookups[0].calls, 0);
    CU_ASSERT_EQUAL(lookups[1].calls, 0);
}

static void does_not_call_back_once_cancelled(void) {
    on_both_backends(check_cancel);
}

static void check_callbacks(struct loop *loop, struct resolver *resolver) {
    lookups[0].cancels = &lookups[1];
    lookups[0].next_host = "192.0.2.3";
    lookups[0].next = &lookups[2];
    look_up(&lookups[0], resolver, "192.0.2.1");
    look_up(&lookups[1], resolver, "192.0.2.2");
    wait_for(loop, &lookups[2]);
    CU_ASSERT_EQUAL(lookups[0].calls, 1);
    CU_ASSERT_EQUAL(lookups[1].calls, 0);
    ASSERT_ADDRESS(&lookups[2], 0, "192.0.2.3");
}

static void callbacks_may_cancel_and_start(void) {
    on_both_backends(check_callbacks);
}

/* The destruction that follows must neither call back nor leak. */
static void check_destruction(struct loop *loop, struct resolver *resolver) {
    look_up(&lookups[0], resolver, "silent.test");
    look_up(&lookups[1], resolver, "192.0.2.1");
    look_up(&lookups[2], resolver, "four.test");
    wait_for(loop, &lookups[2]);
    look_up(&lookups[3], resolver, "192.0.2.2");
}

static void may_be_destroyed_while_running(void) {
    on_both_backends(check_destruction);
    CU_ASSERT_EQUAL(lookups[0].calls, 0);
    CU_ASSERT_EQUAL(lookups[3].calls, 0);
}

/* Nobody listens any more: the kernel says so on the socket. */
static void check_no_server(struct loop *loop, struct resolver *resolver) {
    loop_remove(loop, &server.datagrams);
    close(server.datagrams.fd);
    server.datagrams.fd = -1;
    look_up(&lookups[0], resolver, "both.test");
    wait_for(loop, &lookups[0]);
    CU_ASSERT_EQUAL(lookups[0].count, 0);
    CU_ASSERT_TRUE(lookups[0].has_error);
}

static void reports_that_no_server_answers(void) {
    on_both_backends(check_no_server);
}

UNIT_TESTS("net/resolver", {"finds addresses of both families", finds_addresses_of_both_families},
           {"finds addresses of one family", finds_addresses_of_one_family},
           {"asks by stream when truncated", asks_by_stream_when_truncated},
           {"asks again on a busy stream", asks_again_on_a_busy_stream},
           {"reports names that do not exist", reports_names_that_do_not_exist},
           {"answers local names after the start", answers_local_names_after_the_start},
           {"does not call back once cancelled", does_not_call_back_once_cancelled},
           {"callbacks may cancel and start", callbacks_may_cancel_and_start},
           {"may be destroyed while running", may_be_destroyed_while_running},
           {"reports that no server answers", reports_that_no_server_answers})
