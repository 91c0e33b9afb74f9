/* How far a long piece of work is. The work counts its steps; whoever started it shows the count,
 * or leaves the pointer NULL, and then counting costs a comparison. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stddef.h>

/* One kind of steps after the other. */
struct progress_phase {
    const char *name; /* "reading" */
    const char *unit; /* what is counted: "statements" */
    size_t total;     /* 0: not known */
    size_t interval;  /* steps between calls of `show`; at least 1 */
};

struct progress {
    void (*show)(struct progress *progress); /* may look at a clock, and do nothing */
    struct progress_phase phase;
    size_t done;
    size_t until_show;
};

static inline void progress_begin(struct progress *progress, struct progress_phase phase) {
    if (progress != NULL) {
        progress->phase = phase;
        progress->done = 0;
        progress->until_show = phase.interval;
        progress->show(progress);
    }
}

static inline void progress_step(struct progress *progress) {
    if (progress != NULL) {
        progress->done++;
        if (--progress->until_show == 0) {
            progress->until_show = progress->phase.interval;
            progress->show(progress);
        }
    }
}

#endif
