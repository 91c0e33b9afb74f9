/* Files in memory: holes are charged to nobody, however strict the system is about memory that is
 * promised. */
#include "net/shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

int shared_memory_create(const char *name, size_t size) {
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor >= 0 && (ftruncate(descriptor, (off_t)size) != 0 ||
                            fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

void shared_memory_seal(int descriptor, bool is_ours) {
    if (is_ours) {
        (void)fcntl(descriptor, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
    }
    (void)fcntl(descriptor, F_ADD_SEALS, F_SEAL_SEAL);
}

void *shared_memory_map(int descriptor, bool writes, size_t *size) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return NULL;
    }
    *size = (size_t)status.st_size;
    int rights = writes ? PROT_READ | PROT_WRITE : PROT_READ;
    void *memory = mmap(NULL, *size, rights, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    (void)madvise(memory, *size, MADV_DONTDUMP);
    return memory;
}

bool shared_area_map(struct shared_area *area, int descriptor) {
    *area = (struct shared_area){.patience = SHARED_AREA_PATIENCE_MS};
    area->memory = shared_memory_map(descriptor, true, &area->size);
    return area->memory != NULL;
}

void shared_area_unmap(struct shared_area *area) {
    if (area->memory != NULL) {
        (void)munmap(area->memory, area->size);
        area->memory = NULL;
    }
}
