/* The loop: the same expectations of both back ends, over sockets and pipes of the kernel. */
#include "loop/loop.h"

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct watch {
    struct loop_handle handle;
    unsigned calls;
    uint32_t events; /* of all calls */
    struct loop *loop;
    struct watch *other;
    struct watch *next; /* who takes over from the other */
    int next_fd;        /* what move_the_other puts it on */
    void (*then)(struct watch *watch);
};

static void note_ready(struct loop_handle *handle, uint32_t events) {
    struct watch *watch = (struct watch *)(void *)handle; /* its first member */
    watch->calls++;
    watch->events |= events;
    if (watch->then != NULL) {
        watch->then(watch);
    }
}

static struct watch make_watch(struct loop *loop, int fd) {
    return (struct watch){.handle = {.fd = fd, .on_ready = note_ready}, .loop = loop};
}

static void on_timeout(struct timer *timer) {
    (void)timer;
}

/* One turn that ends after `milliseconds` even when nothing happens. */
static void turn(struct loop *loop, uint64_t milliseconds) {
    struct timer limit = {.on_expire = on_timeout};
    loop_update_clock(loop);
    timer_wheel_advance(&loop->timers, loop->now);
    timer_start(&loop->timers, &limit, loop->now + milliseconds);
    CU_ASSERT(loop_run_once(loop));
    timer_remove(&loop->timers, &limit);
}

static void make_pair(int pair[2]) {
    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
}

static void close_pair(const int pair[2]) {
    close(pair[0]);
    close(pair[1]);
}

/* Reads to EAGAIN or the end, as an owner does; returns the bytes read. */
static size_t drain(struct watch *watch) {
    char bytes[256];
    size_t total = 0;
    ssize_t got;
    while ((got = read(watch->handle.fd, bytes, sizeof bytes)) > 0) {
        total += (size_t)got;
    }
    if (got < 0 && errno == EAGAIN) {
        watch->handle.ready &= (uint8_t)~LOOP_READ;
    }
    return total;
}

static void fill(struct watch *watch) {
    static const char bytes[4096];
    while (write(watch->handle.fd, bytes, sizeof bytes) > 0) {
    }
    CU_ASSERT_EQUAL(errno, EAGAIN);
    watch->handle.ready &= (uint8_t)~LOOP_WRITE;
}

static void reports_directions_as_they_become_ready(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    struct watch watch = make_watch(&loop, pair[0]);
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.calls, 1);
    CU_ASSERT_EQUAL(watch.events, LOOP_WRITE);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_WRITE);
    CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.calls, 2);
    CU_ASSERT_EQUAL(watch.events, LOOP_READ | LOOP_WRITE);
    loop_remove(&loop, &watch.handle);
    close_pair(pair);
    loop_destroy(&loop);
}

static void is_silent_while_the_bit_is_set(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    struct watch watch = make_watch(&loop, pair[0]);
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.calls, 1);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
        turn(&loop, 5);
    }
    CU_ASSERT_EQUAL(watch.calls, 1);
    CU_ASSERT_EQUAL(drain(&watch), 4);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(watch.calls, 1);
    CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.calls, 2);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_READ | LOOP_WRITE);
    loop_remove(&loop, &watch.handle);
    close_pair(pair);
    loop_destroy(&loop);
}

static void reports_writing_after_it_was_full(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    struct watch watch = make_watch(&loop, pair[0]);
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    turn(&loop, 50);
    fill(&watch);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(watch.handle.ready, 0);
    struct watch reader = make_watch(&loop, pair[1]);
    drain(&reader);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_WRITE);
    CU_ASSERT_EQUAL(watch.calls, 2);
    loop_remove(&loop, &watch.handle);
    close_pair(pair);
    loop_destroy(&loop);
}

/* Turns in a time in which an endless report would show. */
static void check_no_spin(struct loop *loop, const struct watch *watch) {
    unsigned calls = watch->calls;
    uint64_t begin = loop->now;
    unsigned turns = 0;
    for (; loop->now < begin + 30 && turns < 1000; turns++) {
        turn(loop, 10);
    }
    CU_ASSERT_EQUAL(watch->calls, calls);
    CU_ASSERT(turns < 20);
}

static void reports_a_hangup_once(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    struct watch watch = make_watch(&loop, pair[0]);
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    turn(&loop, 50);
    CU_ASSERT_EQUAL(write(pair[1], "abc", 3), 3);
    shutdown(pair[1], SHUT_WR);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
    CU_ASSERT_EQUAL(watch.calls, 2);
    check_no_spin(&loop, &watch);
    CU_ASSERT_EQUAL(drain(&watch), 3);
    check_no_spin(&loop, &watch);
    watch.handle.ready &= (uint8_t)~LOOP_READ; /* a careless owner */
    check_no_spin(&loop, &watch);
    loop_remove(&loop, &watch.handle);
    close_pair(pair);
    loop_destroy(&loop);
}

static void reports_a_hangup_to_who_has_not_read(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    struct watch watch = make_watch(&loop, pair[0]);
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    CU_ASSERT_EQUAL(write(pair[1], "abc", 3), 3);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_READ | LOOP_WRITE);
    shutdown(pair[1], SHUT_WR);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
    loop_remove(&loop, &watch.handle);
    close_pair(pair);
    loop_destroy(&loop);
}

static void a_full_close_wakes_both_directions(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    struct watch watch = make_watch(&loop, pair[0]);
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    turn(&loop, 50);
    fill(&watch);
    close(pair[1]);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
    check_no_spin(&loop, &watch);
    watch.handle.ready &= (uint8_t)~LOOP_READ;
    check_no_spin(&loop, &watch);
    loop_remove(&loop, &watch.handle);
    close(pair[0]);
    loop_destroy(&loop);
}

static int listen_on_loopback(struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof *address;
    CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)address, size) == 0 &&
                    listen(fd, 16) == 0 && getsockname(fd, (struct sockaddr *)address, &size) == 0);
    return fd;
}

static int connect_to(const struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0);
    return fd;
}

static void a_listener_is_reported_while_somebody_waits(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    struct sockaddr_in address;
    struct watch watch = make_watch(&loop, listen_on_loopback(&address));
    watch.handle.is_listener = true;
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    turn(&loop, 5);
    CU_ASSERT_EQUAL(watch.calls, 0);
    int clients[2] = {connect_to(&address), connect_to(&address)};
    turn(&loop, 50);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(watch.calls, 2);
    CU_ASSERT_EQUAL(watch.events, LOOP_READ);
    for (int i = 0; i < 2; i++) {
        int fd = accept(watch.handle.fd, NULL, NULL);
        CU_ASSERT(fd >= 0);
        close(fd);
    }
    turn(&loop, 5);
    CU_ASSERT_EQUAL(watch.calls, 2);
    loop_remove(&loop, &watch.handle);
    close_pair(clients);
    close(watch.handle.fd);
    loop_destroy(&loop);
}

static void a_refused_connection_is_writable_and_hung_up(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    struct sockaddr_in address;
    close(listen_on_loopback(&address));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(fd >= 0);
    (void)connect(fd, (const struct sockaddr *)&address, sizeof address);
    struct watch watch = make_watch(&loop, fd);
    CU_ASSERT_FATAL(loop_add(&loop, &watch.handle));
    turn(&loop, 200);
    CU_ASSERT_EQUAL(watch.handle.ready, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
    check_no_spin(&loop, &watch);
    loop_remove(&loop, &watch.handle);
    close(fd);
    loop_destroy(&loop);
}

static void remove_the_other(struct watch *watch) {
    if (watch->other != NULL) {
        loop_remove(watch->loop, &watch->other->handle);
        watch->other->other = NULL;
        watch->other = NULL;
    }
}

static void a_removed_handle_is_not_reported(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int first[2];
    int second[2];
    make_pair(first);
    make_pair(second);
    struct watch one = make_watch(&loop, first[0]);
    struct watch two = make_watch(&loop, second[0]);
    one.other = &two;
    two.other = &one;
    one.then = two.then = remove_the_other;
    CU_ASSERT_FATAL(loop_add(&loop, &one.handle) && loop_add(&loop, &two.handle));
    turn(&loop, 50);
    CU_ASSERT_EQUAL(one.calls + two.calls, 1);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(one.calls + two.calls, 1);
    loop_remove(&loop, one.calls > 0 ? &one.handle : &two.handle);
    close_pair(first);
    close_pair(second);
    loop_destroy(&loop);
}

/* Both handles are ready; whichever is called first puts the other on a descriptor that is not. */
static void move_the_other(struct watch *watch) {
    if (watch->other == NULL) {
        return;
    }
    struct watch *other = watch->other;
    watch->other = other->other = NULL;
    loop_remove(watch->loop, &other->handle);
    other->handle.fd = other->next_fd;
    other->handle.ready = 0;
    CU_ASSERT(loop_add(watch->loop, &other->handle));
}

static void an_event_of_a_reused_handle_is_stale(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int first[2];
    int second[2];
    int quiet[2];
    make_pair(first);
    make_pair(second);
    CU_ASSERT_FATAL(pipe2(quiet, O_NONBLOCK | O_CLOEXEC) == 0);
    struct watch one = make_watch(&loop, first[0]);
    struct watch two = make_watch(&loop, second[0]);
    one.other = &two;
    two.other = &one;
    one.next_fd = two.next_fd = quiet[0];
    one.then = two.then = move_the_other;
    CU_ASSERT_FATAL(loop_add(&loop, &one.handle) && loop_add(&loop, &two.handle));
    turn(&loop, 50);
    CU_ASSERT_EQUAL(one.calls + two.calls, 1);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(one.calls + two.calls, 1);
    CU_ASSERT_EQUAL(write(quiet[1], "x", 1), 1);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(one.calls, 1);
    CU_ASSERT_EQUAL(two.calls, 1);
    loop_remove(&loop, &one.handle);
    loop_remove(&loop, &two.handle);
    close_pair(first);
    close_pair(second);
    close_pair(quiet);
    loop_destroy(&loop);
}

/* Both are ready; whichever is called first closes the other, and its number is given to another.
 */
static void close_the_other(struct watch *watch) {
    int number = watch->other->handle.fd;
    loop_close(watch->loop, &watch->other->handle);
    watch->next->handle.fd = dup(watch->next_fd);
    CU_ASSERT_EQUAL(watch->next->handle.fd, number);
    CU_ASSERT(loop_add(watch->loop, &watch->next->handle));
    watch->then = NULL;
}

static void a_closed_one_is_not_reported(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int first[2];
    int second[2];
    int quiet[2];
    char byte;
    make_pair(first);
    make_pair(second);
    CU_ASSERT_FATAL(pipe2(quiet, O_NONBLOCK | O_CLOEXEC) == 0);
    struct watch one = make_watch(&loop, first[0]);
    struct watch two = make_watch(&loop, second[0]);
    struct watch heir = make_watch(&loop, -1);
    one.other = &two;
    two.other = &one;
    one.next = two.next = &heir;
    one.next_fd = two.next_fd = quiet[0];
    one.then = two.then = close_the_other;
    CU_ASSERT_FATAL(loop_add(&loop, &one.handle) && loop_add(&loop, &two.handle));
    turn(&loop, 50);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(one.calls + two.calls, 1);
    CU_ASSERT_EQUAL(heir.calls, 0);
    CU_ASSERT_EQUAL(read(one.calls > 0 ? second[1] : first[1], &byte, 1), 0);
    CU_ASSERT_EQUAL(write(quiet[1], "x", 1), 1);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(heir.events, LOOP_READ);
    loop_close(&loop, &heir.handle);
    loop_close(&loop, one.calls > 0 ? &one.handle : &two.handle);
    close(first[1]);
    close(second[1]);
    close_pair(quiet);
    loop_destroy(&loop);
}

/* The owner that the other one's events go to from now on, within a turn that has one for it. */
static void replace_the_other(struct watch *watch) {
    loop_replace(watch->loop, &watch->next->handle, &watch->other->handle);
    watch->then = watch->other->then = NULL;
}

static void a_new_owner_gets_what_the_old_one_was_not_told(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int first[2];
    int second[2];
    make_pair(first);
    make_pair(second);
    struct watch one = make_watch(&loop, first[0]);
    struct watch two = make_watch(&loop, second[0]);
    struct watch heir = {.handle = {.on_ready = note_ready}, .loop = &loop};
    one.other = &two;
    two.other = &one;
    one.next = two.next = &heir;
    one.then = two.then = replace_the_other;
    CU_ASSERT_FATAL(loop_add(&loop, &one.handle) && loop_add(&loop, &two.handle));
    turn(&loop, 50);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(one.calls + two.calls, 1);
    CU_ASSERT_EQUAL(heir.calls, 1);
    CU_ASSERT_EQUAL(heir.events, LOOP_WRITE);
    CU_ASSERT_EQUAL(heir.handle.fd, one.calls == 0 ? first[0] : second[0]);
    CU_ASSERT_EQUAL(write(one.calls == 0 ? first[1] : second[1], "x", 1), 1);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(heir.events, LOOP_READ | LOOP_WRITE);
    CU_ASSERT_EQUAL(drain(&heir), 1);
    loop_remove(&loop, &heir.handle);
    loop_remove(&loop, one.calls == 0 ? &two.handle : &one.handle);
    close_pair(first);
    close_pair(second);
    loop_destroy(&loop);
}

static void a_new_owner_is_not_told_again(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    struct watch old = make_watch(&loop, pair[0]);
    struct watch heir = {.handle = {.on_ready = note_ready}, .loop = &loop};
    CU_ASSERT_FATAL(loop_add(&loop, &old.handle));
    CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
    turn(&loop, 50);
    loop_replace(&loop, &heir.handle, &old.handle);
    CU_ASSERT_EQUAL(heir.handle.ready, LOOP_READ | LOOP_WRITE);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(heir.calls, 0);
    CU_ASSERT_EQUAL(drain(&heir), 1);
    CU_ASSERT_EQUAL(write(pair[1], "y", 1), 1);
    turn(&loop, 50);
    CU_ASSERT_EQUAL(heir.calls, 1);
    CU_ASSERT_EQUAL(old.events, LOOP_READ | LOOP_WRITE);
    loop_remove(&loop, &heir.handle);
    close_pair(pair);
    loop_destroy(&loop);
}

enum { CROWD = 700 };

static void reports_more_than_one_wait_takes(enum loop_method method) {
    static struct watch crowd[CROWD];
    static int pairs[CROWD][2];
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    for (int i = 0; i < CROWD; i++) {
        if (pipe2(pairs[i], O_NONBLOCK | O_CLOEXEC) != 0) {
            CU_FAIL_FATAL("more than 1400 descriptors are needed (ulimit -n)");
        }
        crowd[i] = make_watch(&loop, pairs[i][0]);
        CU_ASSERT_FATAL(loop_add(&loop, &crowd[i].handle));
        CU_ASSERT_EQUAL(write(pairs[i][1], "x", 1), 1);
    }
    turn(&loop, 50);
    turn(&loop, 5);
    unsigned reported = 0;
    for (int i = 0; i < CROWD; i++) {
        reported += crowd[i].calls;
    }
    CU_ASSERT_EQUAL(reported, CROWD);
    for (int i = 0; i < CROWD; i++) {
        loop_remove(&loop, &crowd[i].handle);
        close_pair(pairs[i]);
    }
    loop_destroy(&loop);
}

struct chain {
    struct loop_task task;
    struct loop *loop;
    char *order;
    char name;
    struct loop_task *then;
};

static void run_chain(struct loop_task *task) {
    struct chain *chain = (struct chain *)(void *)task;
    char text[2] = {chain->name, '\0'};
    memcpy(chain->order + strlen(chain->order), text, sizeof text);
    if (chain->then != NULL) {
        loop_defer(chain->loop, chain->then);
    }
}

static void tasks_run_in_order_at_the_end_of_the_turn(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    char order[8] = "";
    struct chain third = {{.run = run_chain}, &loop, order, '3', NULL};
    struct chain second = {{.run = run_chain}, &loop, order, '2', NULL};
    struct chain first = {{.run = run_chain}, &loop, order, '1', &third.task};
    loop_defer(&loop, &first.task);
    loop_defer(&loop, &second.task);
    loop_defer(&loop, &first.task);
    CU_ASSERT_STRING_EQUAL(order, "");
    CU_ASSERT(loop_run_once(&loop)); /* does not wait, as there is something to do */
    CU_ASSERT_STRING_EQUAL(order, "123");
    loop_defer(&loop, &second.task);
    CU_ASSERT(loop_run_once(&loop));
    CU_ASSERT_STRING_EQUAL(order, "1232");
    loop_destroy(&loop);
}

struct repeated {
    struct loop_task task;
    struct loop *loop;
    unsigned runs;
};

static void run_again_next_turn(struct loop_task *task) {
    struct repeated *repeated = (struct repeated *)(void *)task;
    repeated->runs++;
    loop_defer_next(repeated->loop, task);
}

static void work_that_goes_on_takes_turns(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    struct repeated repeated = {{.run = run_again_next_turn}, &loop, 0};
    loop_defer(&loop, &repeated.task);
    for (unsigned turns = 1; turns <= 3; turns++) {
        CU_ASSERT(loop_run_once(&loop)); /* does not wait */
        CU_ASSERT_EQUAL(repeated.runs, turns);
    }
    loop_cancel(&loop, &repeated.task);
    turn(&loop, 5);
    CU_ASSERT_EQUAL(repeated.runs, 3);
    loop_destroy(&loop);
}

static void a_cancelled_task_does_not_run(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    char order[8] = "";
    struct chain first = {{.run = run_chain}, &loop, order, '1', NULL};
    struct chain second = {{.run = run_chain}, &loop, order, '2', NULL};
    struct chain third = {{.run = run_chain}, &loop, order, '3', NULL};
    loop_defer(&loop, &first.task);
    loop_defer(&loop, &second.task);
    loop_cancel(&loop, &second.task);
    loop_cancel(&loop, &third.task);
    loop_defer(&loop, &third.task);
    CU_ASSERT(loop_run_once(&loop));
    CU_ASSERT_STRING_EQUAL(order, "13");
    loop_defer(&loop, &second.task);
    loop_destroy(&loop); /* what was queued still runs */
    CU_ASSERT_STRING_EQUAL(order, "132");
}

static void ignore_signal(int number) {
    (void)number;
}

static void a_signal_is_no_error(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    struct sigaction action = {.sa_handler = ignore_signal};
    struct sigaction before;
    sigaction(SIGALRM, &action, &before);
    alarm(1);
    CU_ASSERT(loop_run_once(&loop)); /* nothing else would end it */
    sigaction(SIGALRM, &before, NULL);
    loop_destroy(&loop);
}

static void adding_a_closed_descriptor_fails_or_hangs_up(enum loop_method method) {
    struct loop loop;
    CU_ASSERT_FATAL(loop_init(&loop, method));
    int pair[2];
    make_pair(pair);
    close_pair(pair);
    struct watch watch = make_watch(&loop, pair[0]);
    if (loop_add(&loop, &watch.handle)) {
        turn(&loop, 50);
        CU_ASSERT_EQUAL(watch.handle.ready, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
        loop_remove(&loop, &watch.handle);
    }
    loop_destroy(&loop);
}

#define BOTH(function)                                                                             \
    static void function##_by_epoll(void) {                                                        \
        function(LOOP_EPOLL);                                                                      \
    }                                                                                              \
    static void function##_by_poll(void) {                                                         \
        function(LOOP_POLL);                                                                       \
    }
#define ROWS(function)                                                                             \
    {#function " by epoll", function##_by_epoll}, {                                                \
#function " by poll", function##_by_poll                                                   \
    }

BOTH(reports_directions_as_they_become_ready)
BOTH(is_silent_while_the_bit_is_set)
BOTH(reports_writing_after_it_was_full)
BOTH(reports_a_hangup_once)
BOTH(reports_a_hangup_to_who_has_not_read)
BOTH(a_full_close_wakes_both_directions)
BOTH(a_listener_is_reported_while_somebody_waits)
BOTH(a_refused_connection_is_writable_and_hung_up)
BOTH(a_removed_handle_is_not_reported)
BOTH(an_event_of_a_reused_handle_is_stale)
BOTH(a_closed_one_is_not_reported)
BOTH(a_new_owner_gets_what_the_old_one_was_not_told)
BOTH(a_new_owner_is_not_told_again)
BOTH(reports_more_than_one_wait_takes)
BOTH(tasks_run_in_order_at_the_end_of_the_turn)
BOTH(work_that_goes_on_takes_turns)
BOTH(a_cancelled_task_does_not_run)
BOTH(a_signal_is_no_error)
BOTH(adding_a_closed_descriptor_fails_or_hangs_up)

UNIT_TESTS("loop/loop", ROWS(reports_directions_as_they_become_ready),
           ROWS(is_silent_while_the_bit_is_set), ROWS(reports_writing_after_it_was_full),
           ROWS(reports_a_hangup_once), ROWS(reports_a_hangup_to_who_has_not_read),
           ROWS(a_full_close_wakes_both_directions),
           ROWS(a_listener_is_reported_while_somebody_waits),
           ROWS(a_refused_connection_is_writable_and_hung_up),
           ROWS(a_removed_handle_is_not_reported), ROWS(an_event_of_a_reused_handle_is_stale),
           ROWS(a_closed_one_is_not_reported), ROWS(a_new_owner_gets_what_the_old_one_was_not_told),
           ROWS(a_new_owner_is_not_told_again), ROWS(reports_more_than_one_wait_takes),
           ROWS(tasks_run_in_order_at_the_end_of_the_turn), ROWS(work_that_goes_on_takes_turns),
           ROWS(a_cancelled_task_does_not_run), ROWS(a_signal_is_no_error),
           ROWS(adding_a_closed_descriptor_fails_or_hangs_up))
