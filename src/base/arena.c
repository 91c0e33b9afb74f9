/* Arenas: bump allocation from malloc'd chunks, released together. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of the space behind this header */
    alignas(max_align_t) char space[];
};

struct arena_cleanup {
    struct arena_cleanup *older;
    void (*run)(void *);
    void *data;
};

void memory_exhausted(void) {
    static const char message[] = "out of memory\n";
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written; /* nothing is left to do if even this fails */
    _exit(3);
}

void arena_init(struct arena *arena, size_t chunk_size) {
    *arena = (struct arena){.chunk_size = chunk_size};
}

static void run_cleanups(struct arena *arena) {
    for (struct arena_cleanup *c = arena->cleanups; c != NULL; c = c->older) {
        c->run(c->data);
    }
    arena->cleanups = NULL;
}

static void free_chunks(struct arena_chunk *chunk) {
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void arena_release(struct arena *arena) {
    run_cleanups(arena);
    free_chunks(arena->chunks);
    arena->chunks = NULL;
    arena->next = arena->end = NULL;
}

void arena_release_wiped(struct arena *arena) {
    run_cleanups(arena);
    for (struct arena_chunk *c = arena->chunks; c != NULL; c = c->older) {
        explicit_bzero(c->space, c->size);
    }
    arena_release(arena);
}

void arena_reset(struct arena *arena) {
    run_cleanups(arena);
    struct arena_chunk *kept = arena->chunks;
    if (kept == NULL || kept->size != arena->chunk_size) {
        arena_release(arena);
        return;
    }
    free_chunks(kept->older);
    kept->older = NULL;
    arena->next = kept->space;
    arena->end = kept->space + kept->size;
}

static bool add_chunk(struct arena *arena, size_t size) {
    if (size > SIZE_MAX - sizeof(struct arena_chunk)) {
        return false;
    }
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL) {
        return false;
    }
    chunk->size = size;
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = chunk->space;
    arena->end = chunk->space + size;
    return true;
}

/* A large piece gets a chunk of its own, placed behind the current one so that the current one's
 * free space stays in use. */
static char *allocate_large(struct arena *arena, size_t size) {
    if (size > SIZE_MAX - sizeof(struct arena_chunk)) {
        return NULL;
    }
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->size = size;
    if (arena->chunks == NULL) {
        chunk->older = NULL;
        arena->chunks = chunk;
    } else {
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
    }
    return chunk->space;
}

static char *take(struct arena *arena, size_t size, size_t alignment) {
    size_t padding = (size_t)(-(uintptr_t)arena->next & (alignment - 1));
    if (arena->next != NULL && (size_t)(arena->end - arena->next) >= padding &&
        (size_t)(arena->end - arena->next) - padding >= size) {
        char *piece = arena->next + padding;
        arena->next = piece + size;
        return piece;
    }
    if (size > arena->chunk_size / 4) {
        return allocate_large(arena, size);
    }
    if (!add_chunk(arena, arena->chunk_size)) {
        return NULL;
    }
    char *piece = arena->next;
    arena->next += size;
    return piece;
}

void *arena_allocate_raw(struct arena *arena, size_t size) {
    return take(arena, size, alignof(max_align_t));
}

void *arena_allocate(struct arena *arena, size_t size) {
    void *piece = arena_allocate_raw(arena, size);
    return piece == NULL ? NULL : memset(piece, 0, size);
}

char *arena_allocate_bytes(struct arena *arena, size_t size) {
    return take(arena, size, 1);
}

void *arena_require(struct arena *arena, size_t size) {
    void *piece = arena_allocate(arena, size);
    if (piece == NULL) {
        memory_exhausted();
    }
    return piece;
}

bool arena_take_over(struct arena *arena, struct slice *text) {
    char *bytes = arena_allocate_bytes(arena, text->size);
    if (bytes == NULL) {
        return false;
    }
    if (text->size > 0) {
        memcpy(bytes, text->data, text->size);
    }
    text->data = bytes;
    return true;
}

struct slice arena_copy_slice(struct arena *arena, struct slice s) {
    char *copy = arena_allocate_bytes(arena, s.size + 1);
    if (copy == NULL) {
        memory_exhausted();
    }
    if (s.size > 0) {
        memcpy(copy, s.data, s.size);
    }
    copy[s.size] = '\0';
    return (struct slice){copy, s.size};
}

struct slice arena_format(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : arena_allocate_bytes(arena, (size_t)size + 1);
    if (text == NULL) {
        memory_exhausted();
    }
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return (struct slice){text, (size_t)size};
}

bool arena_add_cleanup(struct arena *arena, void (*cleanup)(void *), void *data) {
    struct arena_cleanup *record = arena_allocate(arena, sizeof *record);
    if (record == NULL) {
        return false;
    }
    *record = (struct arena_cleanup){arena->cleanups, cleanup, data};
    arena->cleanups = record;
    return true;
}
