/* Inputs that end where memory ends: a copy whose last byte lies just before an unmapped page, so
 * that reading one byte too many is a crash. */
#ifndef GUARD_H
#define GUARD_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    char *data; /* `size` bytes; may be written to */
    size_t size;
    void *mapping;
    size_t mapping_size;
};

static inline struct guard guard_copy(const void *data, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (size / page + 1) * page;
    struct guard guard = {.size = size, .mapping_size = room + page};
    guard.mapping =
        mmap(NULL, guard.mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard.mapping == MAP_FAILED ||
        mprotect((char *)guard.mapping + room, page, PROT_NONE) != 0) {
        abort();
    }
    guard.data = (char *)guard.mapping + room - size;
    if (size > 0) {
        memcpy(guard.data, data, size);
    }
    return guard;
}

static inline void guard_release(struct guard *guard) {
    munmap(guard->mapping, guard->mapping_size);
}

#endif
