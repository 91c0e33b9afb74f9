/* Host names to addresses by c-ares. Its sockets are handles of the loop, its time-outs a timer.
 * Answers are kept and delivered from that timer, never from inside a call of c-ares, so that a
 * callback may start and cancel queries as it likes.
 *
 * The loop tells of a readiness once, and c-ares does not say whether it has read a socket dry: it
 * is asked to process a socket until poll(2) sees nothing more to do there. */
#include "net/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_TIMEOUT_MS = 2000, /* doubled with each try */
    TRIES = 3,
    TRIES_OF_GIVEN = 4, /* half a minute, which is resolver_timeout's default */
    ROUNDS_LIMIT = 64,  /* of processing one socket before others get their turn */
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    int family; /* AF_UNSPEC: both */
    struct timer timer;
    struct resolver_socket *sockets;
    struct resolver_query *answered; /* oldest first */
    struct resolver_query **answered_end;
};

struct resolver_socket {
    struct loop_handle handle; /* fd is -1 once c-ares has closed it */
    struct loop_task release;
    struct resolver *resolver;
    struct resolver_socket *next;
    bool wants_read;
    bool wants_write;
    bool is_unserved; /* what c-ares wants has changed since the kernel was asked */
};

struct resolver_query {
    struct resolver *resolver;
    struct resolver_query *next; /* among the answered ones */
    struct resolver_query **link;
    void (*done)(void *owner, const struct resolver_answer *answer); /* NULL once cancelled */
    void *owner;
    bool is_answered;
    struct resolver_answer answer;
};

/* --- the timer --- */

static uint64_t find_deadline(const struct resolver *resolver) {
    uint64_t now = resolver->loop->now;
    for (const struct resolver_socket *s = resolver->sockets; s != NULL; s = s->next) {
        if (s->is_unserved) {
            return now;
        }
    }
    if (resolver->answered != NULL) {
        return now;
    }
    struct timeval left;
    if (ares_timeout(resolver->channel, NULL, &left) == NULL) {
        return 0;
    }
    return now + (uint64_t)left.tv_sec * 1000 + (uint64_t)left.tv_usec / 1000 + 1;
}

static void schedule(struct resolver *resolver) {
    uint64_t deadline = find_deadline(resolver);
    if (deadline == 0) {
        timer_stop(&resolver->timer);
    } else {
        timer_start(&resolver->loop->timers, &resolver->timer, deadline);
    }
}

/* --- sockets --- */

static void release_socket(struct loop_task *task) {
    free((char *)task - offsetof(struct resolver_socket, release));
}

static void remove_socket(struct resolver_socket *socket) {
    struct resolver *resolver = socket->resolver;
    struct resolver_socket **link = &resolver->sockets;
    while (*link != socket) {
        link = &(*link)->next;
    }
    *link = socket->next;
    loop_remove(resolver->loop, &socket->handle);
    socket->handle.fd = -1;
    loop_defer(resolver->loop, &socket->release);
}

/* Asks the kernel what can be done now, and notes it for the loop. */
static bool check_socket(struct resolver_socket *socket, bool *can_read, bool *can_write) {
    struct pollfd state = {.fd = socket->handle.fd, .events = POLLIN | POLLOUT};
    if (poll(&state, 1, 0) < 0) {
        state.revents = 0;
    }
    bool is_broken = (state.revents & (POLLERR | POLLHUP)) != 0;
    *can_read = (state.revents & POLLIN) != 0 || is_broken;
    *can_write = (state.revents & POLLOUT) != 0 || is_broken;
    socket->handle.ready = (uint8_t)((*can_read ? LOOP_READ : 0) | (*can_write ? LOOP_WRITE : 0));
    *can_read = *can_read && socket->wants_read;
    *can_write = *can_write && socket->wants_write;
    return *can_read || *can_write;
}

/* Lets c-ares do what it can with one socket. c-ares may close it meanwhile; its memory stays until
 * the end of the turn. */
static void serve_socket(struct resolver_socket *socket) {
    struct resolver *resolver = socket->resolver;
    socket->is_unserved = false;
    for (unsigned round = 0; round < ROUNDS_LIMIT; round++) {
        bool can_read;
        bool can_write;
        if (socket->handle.fd < 0 || !check_socket(socket, &can_read, &can_write)) {
            return;
        }
        int fd = socket->handle.fd;
        ares_process_fd(resolver->channel, can_read ? fd : ARES_SOCKET_BAD,
                        can_write ? fd : ARES_SOCKET_BAD);
    }
    socket->is_unserved = socket->handle.fd >= 0;
}

static void on_ready(struct loop_handle *handle, uint32_t events) {
    struct resolver_socket *socket = (struct resolver_socket *)handle;
    struct resolver *resolver = socket->resolver;
    (void)events;
    serve_socket(socket);
    schedule(resolver);
}

static struct resolver_socket *find_socket(const struct resolver *resolver, int fd) {
    struct resolver_socket *socket = resolver->sockets;
    while (socket != NULL && socket->handle.fd != fd) {
        socket = socket->next;
    }
    return socket;
}

/* Without memory c-ares never hears of this socket, and its queries end by their time-out. */
static struct resolver_socket *add_socket(struct resolver *resolver, int fd) {
    struct resolver_socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) {
        return NULL;
    }
    socket->handle.fd = fd;
    socket->handle.on_ready = on_ready;
    socket->release.run = release_socket;
    socket->resolver = resolver;
    if (!loop_add(resolver->loop, &socket->handle)) {
        free(socket);
        return NULL;
    }
    socket->next = resolver->sockets;
    resolver->sockets = socket;
    return socket;
}

/* c-ares tells what it waits for on a socket; for nothing: before it closes it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable) {
    struct resolver *resolver = data;
    struct resolver_socket *socket = find_socket(resolver, fd);
    if (!readable && !writable) {
        if (socket != NULL) {
            remove_socket(socket);
        }
        return;
    }
    if (socket == NULL) {
        socket = add_socket(resolver, fd);
    }
    if (socket != NULL) {
        socket->wants_read = readable != 0;
        socket->wants_write = writable != 0;
        socket->is_unserved = true;
    }
}

/* --- answers --- */

static void free_query(struct resolver_query *query) {
    free(query->answer.addresses);
    free(query);
}

static void add_answered(struct resolver_query *query) {
    struct resolver *resolver = query->resolver;
    query->next = NULL;
    query->link = resolver->answered_end;
    *query->link = query;
    resolver->answered_end = &query->next;
}

/* The query that `*link` points to. */
static struct resolver_query *take_answered(struct resolver *resolver,
                                            struct resolver_query **link) {
    struct resolver_query *query = *link;
    *link = query->next;
    if (query->next != NULL) {
        query->next->link = link;
    } else if (resolver->answered_end == &query->next) {
        resolver->answered_end = link;
    }
    return query;
}

/* Those of now; what the callbacks start comes in the next turn. */
static void deliver_answers(struct resolver *resolver) {
    struct resolver_query *batch = resolver->answered;
    if (batch == NULL) {
        return;
    }
    batch->link = &batch;
    resolver->answered = NULL;
    resolver->answered_end = &resolver->answered;
    while (batch != NULL) {
        struct resolver_query *query = take_answered(resolver, &batch);
        query->done(query->owner, &query->answer);
        free_query(query);
    }
}

/* c-ares' reasons as nginx tells them. It says only that it could not contact any when every name
 * server has refused or failed. */
static const struct {
    int status;
    uint32_t code;
    const char *text;
} reasons[] = {
    {ARES_EFORMERR, 1, "Format error"},
    {ARES_ESERVFAIL, 2, "Server failure"},
    {ARES_ECONNREFUSED, 2, "Server failure"},
    {ARES_ENOTFOUND, RESOLVER_NOT_FOUND, "Host not found"},
    {ARES_ENODATA, RESOLVER_NOT_FOUND, "Host not found"},
    {ARES_ENOTIMP, 4, "Unimplemented"},
    {ARES_EREFUSED, 5, "Operation refused"},
    {ARES_ETIMEOUT, RESOLVER_TIMED_OUT, "Operation timed out"},
};

static void fail_answer(struct resolver_answer *answer, int status) {
    answer->code = (uint32_t)status;
    answer->error = ares_strerror(status);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            answer->code = reasons[i].code;
            answer->error = reasons[i].text;
        }
    }
}

static bool is_usable(const struct ares_addrinfo_node *node) {
    return node->ai_family == AF_INET || node->ai_family == AF_INET6;
}

static uint32_t count_addresses(const struct ares_addrinfo *result) {
    uint32_t count = 0;
    for (const struct ares_addrinfo_node *node = result->nodes; node != NULL;
         node = node->ai_next) {
        count += is_usable(node) ? 1 : 0;
    }
    return count;
}

/* Nothing but what makes the address: two that are equal have equal bytes. */
static void copy_address(struct sockaddr_storage *copy, const struct sockaddr *address) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)copy;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)copy;
    copy->ss_family = address->sa_family;
    if (address->sa_family == AF_INET) {
        v4->sin_addr = ((const struct sockaddr_in *)(const void *)address)->sin_addr;
    } else {
        v6->sin6_addr = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        v6->sin6_scope_id = ((const struct sockaddr_in6 *)(const void *)address)->sin6_scope_id;
    }
}

/* AF_INET is the smaller number. Zeroed storage, so that all bytes compare. */
static int compare_addresses(const void *left, const void *right) {
    const struct sockaddr_storage *a = left;
    const struct sockaddr_storage *b = right;
    return a->ss_family != b->ss_family ? (int)a->ss_family - (int)b->ss_family
                                        : memcmp(a, b, sizeof(struct sockaddr_in6));
}

/* Sorted, so that all workers agree on who is first whatever the order of the answers; c-ares
 * itself sends two queries, either of which may be answered first. */
static void sort_addresses(struct resolver_answer *answer) {
    struct sockaddr_storage *addresses = answer->addresses;
    uint32_t count = 1;
    qsort(addresses, answer->count, sizeof *addresses, compare_addresses);
    for (uint32_t i = 1; i < answer->count; i++) {
        if (compare_addresses(&addresses[i], &addresses[count - 1]) != 0) {
            addresses[count++] = addresses[i];
        }
    }
    answer->count = count < RESOLVER_ADDRESSES_LIMIT ? count : RESOLVER_ADDRESSES_LIMIT;
}

/* The shortest life of anything that led to the addresses. */
static uint32_t find_ttl(const struct ares_addrinfo *result) {
    int ttl = INT32_MAX;
    for (const struct ares_addrinfo_node *node = result->nodes; node != NULL;
         node = node->ai_next) {
        ttl = node->ai_ttl < ttl ? node->ai_ttl : ttl;
    }
    for (const struct ares_addrinfo_cname *name = result->cnames; name != NULL; name = name->next) {
        ttl = name->ttl < ttl ? name->ttl : ttl;
    }
    return ttl > 0 ? (uint32_t)ttl : 0;
}

static void fill_answer(struct resolver_answer *answer, const struct ares_addrinfo *result) {
    uint32_t count = count_addresses(result);
    if (count == 0) {
        fail_answer(answer, ARES_ENODATA);
        return;
    }
    answer->addresses = calloc(count, sizeof *answer->addresses);
    if (answer->addresses == NULL) {
        fail_answer(answer, ARES_ENOMEM);
        return;
    }
    for (const struct ares_addrinfo_node *node = result->nodes; node != NULL;
         node = node->ai_next) {
        if (is_usable(node)) {
            copy_address(&answer->addresses[answer->count++], node->ai_addr);
        }
    }
    sort_addresses(answer);
    answer->ttl = find_ttl(result);
}

static void answer_query(struct resolver_query *query) {
    query->is_answered = true;
    add_answered(query);
}

static void on_result(void *data, int status, int timeouts, struct ares_addrinfo *result) {
    struct resolver_query *query = data;
    (void)timeouts;
    if (query->done == NULL) {
        free_query(query);
    } else {
        if (status == ARES_SUCCESS) {
            fill_answer(&query->answer, result);
        } else {
            fail_answer(&query->answer, status);
        }
        answer_query(query);
    }
    ares_freeaddrinfo(result);
}

/* An address written out. c-ares would ask a name server about an IPv4 address when both families
 * are wanted. */
static bool is_address(const char *host, struct sockaddr_storage *address) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        address->ss_family = AF_INET;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        address->ss_family = AF_INET6;
    }
    return address->ss_family != 0;
}

static void fill_address(struct resolver_answer *answer, const struct sockaddr_storage *address) {
    answer->addresses = malloc(sizeof *answer->addresses);
    if (answer->addresses == NULL) {
        fail_answer(answer, ARES_ENOMEM);
        return;
    }
    answer->addresses[0] = *address;
    answer->count = 1;
}

/* --- the resolver --- */

/* A socket that c-ares closes meanwhile keeps its memory and its place in front of the rest. */
static void on_timer(struct timer *timer) {
    struct resolver *resolver =
        (struct resolver *)(void *)((char *)timer - offsetof(struct resolver, timer));
    for (struct resolver_socket *s = resolver->sockets; s != NULL; s = s->next) {
        if (s->is_unserved) {
            serve_socket(s);
        }
    }
    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    deliver_answers(resolver);
    schedule(resolver);
}

/* Given name servers are asked in turn, and for the name as it is: no other source, no search
 * domains. */
static int open_channel(struct resolver *resolver, const struct resolver_options *options) {
    struct ares_options wanted = {
        .timeout = FIRST_TIMEOUT_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = resolver,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    mask |=
        ARES_OPT_QUERY_CACHE; /* wanted.qcache_max_ttl is 0: answers live as long as valid= says */
#endif
    char lookups[] = "b";
    if (options->servers != NULL) {
        wanted.tries = TRIES_OF_GIVEN;
        wanted.lookups = lookups;
        mask |= ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_ROTATE;
    }
    int status = ares_init_options(&resolver->channel, &wanted, mask);
    if (status == ARES_SUCCESS && options->servers != NULL) {
        status = ares_set_servers_ports_csv(resolver->channel, options->servers);
        if (status != ARES_SUCCESS) {
            ares_destroy(resolver->channel);
        }
    }
    return status;
}

struct resolver *resolver_create(struct loop *loop, const struct resolver_options *options,
                                 const char **error) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL) {
        *error = ares_strerror(ARES_ENOMEM);
        return NULL;
    }
    resolver->loop = loop;
    resolver->family = !options->ipv6 ? AF_INET : !options->ipv4 ? AF_INET6 : AF_UNSPEC;
    resolver->timer.on_expire = on_timer;
    resolver->answered_end = &resolver->answered;
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS) {
        status = open_channel(resolver, options);
        if (status == ARES_SUCCESS) {
            return resolver;
        }
        ares_library_cleanup();
    }
    *error = ares_strerror(status);
    free(resolver);
    return NULL;
}

void resolver_destroy(struct resolver *resolver) {
    ares_destroy(resolver->channel); /* answers what is running; nobody is told */
    ares_library_cleanup();
    while (resolver->answered != NULL) {
        free_query(take_answered(resolver, &resolver->answered));
    }
    timer_remove(&resolver->loop->timers, &resolver->timer);
    free(resolver);
}

struct resolver_query *
resolver_start(struct resolver *resolver, const char *host,
               void (*done)(void *owner, const struct resolver_answer *answer), void *owner) {
    struct resolver_query *query = calloc(1, sizeof *query);
    if (query == NULL) {
        return NULL;
    }
    query->resolver = resolver;
    query->done = done;
    query->owner = owner;
    const struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NOSORT,
        .ai_family = resolver->family,
        .ai_socktype = SOCK_STREAM,
    };
    struct sockaddr_storage address;
    if (is_address(host, &address)) {
        fill_address(&query->answer, &address);
        answer_query(query);
    } else {
        ares_getaddrinfo(resolver->channel, host, NULL, &hints, on_result, query);
    }
    schedule(resolver);
    return query;
}

void resolver_cancel(struct resolver_query *query) {
    if (query->is_answered) {
        free_query(take_answered(query->resolver, query->link));
    } else {
        query->done = NULL; /* c-ares still holds it, and gives it back */
    }
}
