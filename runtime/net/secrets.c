/* Reading files into memory that is then sealed: a header, the entries sorted by path, the bytes.
 */
#include "net/secrets.h"

#include "base/arena.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* Bytes of one file; bundles of all the world's authorities have a few hundred thousand. */
enum { LARGEST_FILE = 16 << 20 };

struct secrets_entry {
    uint64_t path; /* offsets from the beginning of the memory */
    uint64_t path_size;
    uint64_t content;
    uint64_t content_size;
    uint64_t hash[2];
};

struct file {
    struct slice path;
    struct slice content; /* in the arena */
};

struct secrets_reader {
    struct arena arena;
    struct file *files; /* sorted by path */
    uint32_t count;
    uint32_t capacity;
};

/* --- mapped --- */

bool secrets_map(struct secrets *secrets, int descriptor, size_t size) {
    void *mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapping == MAP_FAILED) {
        return false;
    }
    (void)madvise(mapping, size, MADV_DONTDUMP);
    const uint64_t *count = mapping;
    *secrets = (struct secrets){
        .mapping = mapping,
        .size = size,
        .entries = (const void *)(count + 1),
        .count = (uint32_t)*count,
    };
    return true;
}

void secrets_unmap(struct secrets *secrets) {
    if (secrets->mapping != NULL) {
        munmap(secrets->mapping, secrets->size);
    }
    *secrets = (struct secrets){0};
}

static struct slice bytes_at(const struct secrets *secrets, uint64_t offset, uint64_t size) {
    return (struct slice){(const char *)secrets->mapping + offset, (size_t)size};
}

bool secrets_find(const struct secrets *secrets, struct slice path, struct secret *secret) {
    uint32_t low = 0;
    uint32_t high = secrets->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct secrets_entry *entry = &secrets->entries[middle];
        int order = slice_compare(bytes_at(secrets, entry->path, entry->path_size), path);
        if (order == 0) {
            secret->content = bytes_at(secrets, entry->content, entry->content_size);
            memcpy(secret->hash, entry->hash, sizeof secret->hash);
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

/* --- reading --- */

struct secrets_reader *secrets_reader_create(void) {
    struct secrets_reader *reader = calloc(1, sizeof *reader);
    if (reader != NULL) {
        arena_init(&reader->arena, 16384);
    }
    return reader;
}

void secrets_reader_destroy(struct secrets_reader *reader) {
    arena_release_wiped(&reader->arena);
    free(reader->files);
    free(reader);
}

/* Where the path is, or would be. */
static uint32_t find_place(const struct secrets_reader *reader, struct slice path, bool *is_there) {
    uint32_t low = 0;
    uint32_t high = reader->count;
    *is_there = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = slice_compare(reader->files[middle].path, path);
        if (order == 0) {
            *is_there = true;
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return low;
}

static bool grow(struct secrets_reader *reader) {
    if (reader->count < reader->capacity) {
        return true;
    }
    uint32_t capacity = reader->capacity == 0 ? 16 : reader->capacity * 2;
    struct file *files = reallocarray(reader->files, capacity, sizeof *files);
    if (files == NULL) {
        return false;
    }
    reader->files = files;
    reader->capacity = capacity;
    return true;
}

/* A pipe would keep the supervisor waiting. Returns 0 or errno. */
static int read_file(struct arena *arena, const char *file, struct slice *content) {
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return errno;
    }
    struct stat status;
    int error = fstat(descriptor, &status) != 0 ? errno : 0;
    if (error == 0) {
        error = S_ISFIFO(status.st_mode)
                    ? ESPIPE
                    : file_read_descriptor(arena, descriptor, LARGEST_FILE, content);
    }
    close(descriptor);
    return error;
}

bool secrets_read(struct secrets_reader *reader, struct slice path, const char *file,
                  struct failure *failure) {
    bool is_there;
    uint32_t place = find_place(reader, path, &is_there);
    if (is_there) {
        return true;
    }
    struct slice content = {0};
    int error = grow(reader) ? read_file(&reader->arena, file, &content) : ENOMEM;
    if (error != 0) {
        return failure_set(failure, "%s", strerror(error));
    }
    memmove(reader->files + place + 1, reader->files + place,
            (reader->count - place) * sizeof *reader->files);
    reader->files[place] = (struct file){path, content};
    reader->count++;
    return true;
}

/* --- sealing --- */

static size_t measure(const struct secrets_reader *reader) {
    size_t size = sizeof(uint64_t) + reader->count * sizeof(struct secrets_entry);
    for (uint32_t i = 0; i < reader->count; i++) {
        size += reader->files[i].path.size + reader->files[i].content.size;
    }
    return size;
}

static uint64_t put(char *memory, uint64_t *next, struct slice bytes) {
    uint64_t offset = *next;
    if (bytes.size > 0) {
        memcpy(memory + offset, bytes.data, bytes.size);
    }
    *next += bytes.size;
    return offset;
}

static void fill(const struct secrets_reader *reader, char *memory) {
    uint64_t count = reader->count;
    struct secrets_entry *entries = (void *)(memory + sizeof count);
    uint64_t next = sizeof count + reader->count * sizeof *entries;
    memcpy(memory, &count, sizeof count);
    for (uint32_t i = 0; i < reader->count; i++) {
        const struct file *file = &reader->files[i];
        XXH128_hash_t hash = XXH3_128bits(file->content.data, file->content.size);
        entries[i] = (struct secrets_entry){
            .path = put(memory, &next, file->path),
            .path_size = file->path.size,
            .content = put(memory, &next, file->content),
            .content_size = file->content.size,
            .hash = {hash.low64, hash.high64},
        };
    }
}

static bool write_all(const struct secrets_reader *reader, int descriptor, size_t size) {
    if (ftruncate(descriptor, (off_t)size) != 0) {
        return false;
    }
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    fill(reader, memory);
    munmap(memory, size);
    int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    return fcntl(descriptor, F_ADD_SEALS, seals) == 0;
}

int secrets_seal(const struct secrets_reader *reader, size_t *size) {
    int descriptor = memfd_create("rpcd-secrets", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *size = measure(reader);
    if (descriptor >= 0 && !write_all(reader, descriptor, *size)) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}
