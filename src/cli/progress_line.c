/* The line of progress. */
#include "cli/progress_line.h"

#include "base/container.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Whoever waits for less does not wonder. */
enum { PATIENCE_MS = 500, INTERVAL_MS = 100 };

/* To the beginning of the line, and erase it (ECMA-48 EL). */
static const char erase[] = "\r\x1b[K";

static uint64_t read_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void show(struct progress *progress) {
    struct progress_line *line = CONTAINER_OF(progress, struct progress_line, progress);
    uint64_t now = read_clock();
    if (now < line->next) {
        return;
    }
    line->next = now + INTERVAL_MS;
    line->is_shown = true;
    const struct progress_phase *phase = &progress->phase;
    fprintf(stderr, "%srpc %s: %s, %zu ", erase, line->command->name, phase->name, progress->done);
    if (phase->total > 0) {
        fprintf(stderr, "of %zu ", phase->total);
    }
    fputs(phase->unit, stderr);
    fflush(stderr);
}

struct progress *progress_line_start(struct progress_line *line, const struct command *command) {
    const char *terminal = getenv("TERM");
    *line = (struct progress_line){.progress = {.show = show}, .command = command};
    if (!isatty(STDERR_FILENO) || terminal == NULL || strcmp(terminal, "dumb") == 0) {
        return NULL;
    }
    line->next = read_clock() + PATIENCE_MS;
    return &line->progress;
}

void progress_line_clear(struct progress_line *line) {
    if (line->is_shown) {
        fputs(erase, stderr);
        fflush(stderr);
        line->is_shown = false;
    }
}
