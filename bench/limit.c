/* Micro-benchmark of what a limit costs a request: limit_req by one key and by a hundred thousand,
 * each alone and beside three other processes that ask the same zone, and limit_conn. Hashing the
 * key is part of it. bench/README.md says how to build it. */
#include "limit/connections.h"
#include "limit/requests.h"
#include "limit/zone.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 2000000, MANY = 100000, OTHERS = 3, MEGABYTES = 10 };

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void ask(struct shared_area *area, uint32_t owner, uint32_t client) {
    struct limit_request limit = {.area = area, .rate = 10000, .burst = 20000, .delay = UINT64_MAX};
    uint32_t address = client * 2654435761u;
    limit_requests_set_key(&limit, (struct slice){(const char *)&address, sizeof address});
    (void)limit_requests_ask(&limit, 1, nanoseconds(CLOCK_MONOTONIC_COARSE) / 1000000, owner);
}

static void hold(struct shared_area *area, uint32_t owner, uint32_t client) {
    struct limit_connection connection;
    uint32_t address = client * 2654435761u;
    struct slice key = {(const char *)&address, sizeof address};
    (void)limit_connections_take(area, key, 100, owner, &connection);
    if (!limit_connections_give(&connection, owner)) {
        exit(1);
    }
}

typedef void act_function(struct shared_area *area, uint32_t owner, uint32_t client);

/* CPU time: others share the machine. */
static double measure(act_function *act, struct shared_area *area, uint32_t clients) {
    uint64_t begun = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        act(area, 1, i % clients);
    }
    return (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - begun) / ROUNDS;
}

static void start_others(pid_t processes[OTHERS], act_function *act, struct shared_area *area,
                         uint32_t clients) {
    for (uint32_t i = 0; i < OTHERS; i++) {
        processes[i] = fork();
        if (processes[i] == 0) {
            for (uint32_t k = 0;; k++) {
                act(area, i + 2, k % clients);
            }
        }
    }
}

static void run(const char *name, act_function *act, uint32_t clients) {
    struct shared_area area;
    pid_t processes[OTHERS];
    int descriptor = limit_zone_create((uint64_t)MEGABYTES << 20);
    if (descriptor < 0 || !shared_area_map(&area, descriptor)) {
        perror("limit_zone_create");
        exit(1);
    }
    (void)measure(act, &area, clients); /* touches the memory */
    double alone = measure(act, &area, clients);
    start_others(processes, act, &area, clients);
    double beside = measure(act, &area, clients);
    for (int i = 0; i < OTHERS; i++) {
        kill(processes[i], SIGKILL);
        waitpid(processes[i], NULL, 0);
    }
    printf("%-34s %6.0f ns, beside %d others %6.0f ns\n", name, alone, OTHERS, beside);
    shared_area_unmap(&area);
    close(descriptor);
}

int main(void) {
    run("limit_req, one key", ask, 1);
    run("limit_req, 100,000 keys", ask, MANY);
    run("limit_conn, one key", hold, 1);
    run("limit_conn, 100,000 keys", hold, MANY);
    return 0;
}
