/* Zones of limits for tests, as a supervisor would make them and a worker map them. */
#ifndef LIMIT_ZONES_H
#define LIMIT_ZONES_H

#include "limit/zone.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static inline struct shared_area zone_open(uint64_t size) {
    struct shared_area area;
    int descriptor = limit_zone_create(size);
    CU_ASSERT_FATAL(descriptor >= 0);
    CU_ASSERT_TRUE_FATAL(shared_area_map(&area, descriptor));
    close(descriptor);
    return area;
}

/* Runs `act` in processes of its own, numbered from 1, which all end before it returns. */
static inline void in_processes(int count, void (*act)(struct shared_area *area, uint32_t owner),
                                struct shared_area *area) {
    for (int i = 0; i < count; i++) {
        if (fork() == 0) {
            act(area, (uint32_t)i + 1);
            _exit(0);
        }
    }
    for (int i = 0; i < count; i++) {
        int status;
        CU_ASSERT_TRUE(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

#endif
