/* Arenas whose memory can end: arena.c as it is, but for a malloc that succeeds only so many times.
 * Whoever includes this first has the program's arenas. */
#ifndef FAILING_ARENA_H
#define FAILING_ARENA_H

#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How many more pieces arenas get; negative: as many as they want. Then they get one piece less, or
 * none any more. */
static int failing_arena_left = -1;
static bool failing_arena_recovers;

static void *failing_arena_malloc(size_t size) {
    if (failing_arena_left == 0) {
        failing_arena_left -= failing_arena_recovers;
        return NULL;
    }
    failing_arena_left -= failing_arena_left > 0;
    return malloc(size);
}

#define malloc failing_arena_malloc
#include "base/arena.c"
#undef malloc

#endif
