/* An arena owns everything allocated from it and releases it at once. One arena per lifetime: a
 * compilation, a generation, an exchange. Nothing in an arena is freed on its own; what holds a
 * descriptor or memory from elsewhere registers a cleanup.
 *
 * Two kinds of failure: arena_allocate returns NULL, for code where a peer can make memory grow
 * (the runtime) and ignoring it is a build warning; arena_require ends the process with one clear
 * line and exit status 3, for the compiler. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

#include <stddef.h>

struct arena_chunk;
struct arena_cleanup;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    struct arena_cleanup *cleanups;
    char *next; /* free space in the newest chunk */
    char *end;
    size_t chunk_size;
};

/* Allocates nothing yet. `chunk_size` is what is asked of malloc at a time. */
void arena_init(struct arena *arena, size_t chunk_size);

/* Runs the cleanups, newest first, and frees all chunks. The arena may be used again. */
void arena_release(struct arena *arena);

/* As arena_release, and nothing of what was in it stays behind in freed memory. */
void arena_release_wiped(struct arena *arena);

/* As arena_release, but keeps one chunk of the default size for the next use. */
void arena_reset(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL. */
__attribute__((warn_unused_result, malloc)) void *arena_allocate(struct arena *arena, size_t size);

/* The same, not zeroed: for what is large and mostly left alone. */
__attribute__((warn_unused_result, malloc)) void *arena_allocate_raw(struct arena *arena,
                                                                     size_t size);

/* Memory that is not zeroed and not aligned, for bytes of text; NULL on failure. */
__attribute__((warn_unused_result, malloc)) char *arena_allocate_bytes(struct arena *arena,
                                                                       size_t size);

/* Has the text lie in the arena from now on; false without memory, and then nothing has changed. */
__attribute__((warn_unused_result)) bool arena_take_over(struct arena *arena, struct slice *text);

/* Zeroed, aligned memory; ends the process when there is none. */
__attribute__((returns_nonnull, malloc)) void *arena_require(struct arena *arena, size_t size);

/* A terminated copy; ends the process when there is no memory. */
struct slice arena_copy_slice(struct arena *arena, struct slice s);

/* printf into the arena; ends the process when there is no memory. */
__attribute__((format(printf, 2, 3))) struct slice arena_format(struct arena *arena,
                                                                const char *format, ...);

/* Calls cleanup(data) when the arena is released; false when there is no memory to remember it. */
__attribute__((warn_unused_result)) bool arena_add_cleanup(struct arena *arena,
                                                           void (*cleanup)(void *), void *data);

/* "PROGRAM: out of memory" on standard error, exit status 3. */
__attribute__((noreturn)) void memory_exhausted(void);

#endif
