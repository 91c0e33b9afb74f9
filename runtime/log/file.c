/* The open log files of a process, by their paths. */
#include "log/server.h"

#include "base/container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No file of a configuration has an empty name. */
static const char FALLBACK_PATH[] = "";

static void flush_task(struct loop_task *task) {
    log_flush(CONTAINER_OF(task, struct log, flush));
}

void log_init(struct log *log, struct loop *loop) {
    memset(log, 0, sizeof *log);
    log->loop = loop;
    log->flush.run = flush_task;
    log->process = getpid();
    if (gethostname(log->host_name, sizeof log->host_name - 1) != 0) {
        log->host_name[0] = '\0';
    }
    for (char *c = log->host_name; *c != '\0'; c++) {
        *c = byte_lower(*c);
    }
}

int log_own_descriptor(struct slice path) {
    static const struct {
        struct slice path;
        int descriptor;
    } own[] = {
        {SLICE_INIT("stderr"), STDERR_FILENO},
        {SLICE_INIT("/dev/stderr"), STDERR_FILENO},
        {SLICE_INIT("/dev/stdout"), STDOUT_FILENO},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (slice_equals(path, own[i].path)) {
            return own[i].descriptor;
        }
    }
    return -1;
}

int log_descriptor_open(const char *path) {
    int own = log_own_descriptor(slice_from_string(path));
    if (own >= 0) {
        return fcntl(own, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
    /* Not blocking: a named pipe that nobody reads is an error, not a reason to hang. */
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    int descriptor = open(path, flags | O_NONBLOCK, 0644);
    if (descriptor >= 0 && fcntl(descriptor, F_SETFL, O_APPEND) != 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

static struct log_file *find_file(const struct log *log, struct slice path, uint64_t hash) {
    if (log->slot_count == 0) {
        return NULL;
    }
    struct log_file *file = log->slots[hash & (log->slot_count - 1)];
    while (file != NULL &&
           !(file->hash == hash && slice_equals(slice_from_string(file->path), path))) {
        file = file->next;
    }
    return file;
}

static void insert_file(struct log_file **slots, size_t slot_count, struct log_file *file) {
    struct log_file **slot = &slots[file->hash & (slot_count - 1)];
    file->next = *slot;
    *slot = file;
}

static bool grow_slots(struct log *log) {
    size_t count = log->slot_count > 0 ? log->slot_count * 2 : 16;
    struct log_file **slots = calloc(count, sizeof(struct log_file *));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < log->slot_count; i++) {
        while (log->slots[i] != NULL) {
            struct log_file *file = log->slots[i];
            log->slots[i] = file->next;
            insert_file(slots, count, file);
        }
    }
    free(log->slots);
    log->slots = slots;
    log->slot_count = count;
    return true;
}

static struct log_file *create_file(struct log *log, struct slice path, uint64_t hash) {
    if (log->file_count >= log->slot_count && !grow_slots(log)) {
        return NULL;
    }
    struct log_file *file = calloc(1, sizeof *file);
    char *copy = malloc(path.size + 1);
    if (file == NULL || copy == NULL) {
        free(file);
        free(copy);
        return NULL;
    }
    if (path.size > 0) {
        memcpy(copy, path.data, path.size);
    }
    copy[path.size] = '\0';
    file->path = copy;
    file->hash = hash;
    file->descriptor = -1;
    insert_file(log->slots, log->slot_count, file);
    log->file_count++;
    return file;
}

/* Beyond PIPE_BUF the kernel may mix what several processes write to a pipe. */
static uint32_t choose_write_size(int descriptor) {
    struct stat status;
    bool is_pipe = fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
    return is_pipe ? PIPE_BUF : sizeof((struct log_buffer *)NULL)->data;
}

void log_file_reopen(struct log *log, struct log_file *file, int descriptor) {
    if (file->server != NULL) {
        log_server_move(log, file, descriptor);
        return;
    }
    log_file_flush(log, file);
    log_file_flush_held(log, file);
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    file->descriptor = descriptor;
    file->write_size = choose_write_size(descriptor);
    file->is_torn = false;
}

static void free_file(struct log *log, struct log_file *file) {
    if (file->server != NULL) {
        log_server_end(log, file);
    }
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    free(file->path);
    free(file);
}

static void drop_file(struct log *log, struct log_file *file) {
    struct log_file **link = &log->slots[file->hash & (log->slot_count - 1)];
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    log->file_count--;
    for (link = &log->pending; *link != NULL; link = &(*link)->next_pending) {
        if (*link == file) {
            *link = file->next_pending;
            break;
        }
    }
    free_file(log, file);
}

struct log_file *log_file_adopt(struct log *log, struct slice path, int descriptor) {
    uint64_t hash = slice_hash(path);
    struct log_file *file = find_file(log, path, hash);
    if (file == NULL) {
        file = create_file(log, path, hash);
    }
    if (file == NULL) {
        close(descriptor);
        return NULL;
    }
    if (!log_is_server(path)) {
        log_file_reopen(log, file, descriptor);
    } else if (!log_server_adopt(log, file, descriptor)) {
        if (file->references == 0) {
            drop_file(log, file);
        }
        return NULL;
    }
    file->references++;
    return file;
}
void log_file_release(struct log *log, struct log_file *file) {
    if (--file->references == 0) {
        log_file_flush(log, file);
        log_file_release_held(log, file);
        drop_file(log, file);
    }
}

bool log_adopt_fallback(struct log *log, int descriptor) {
    if (log->fallback != NULL) {
        log_file_reopen(log, log->fallback, descriptor);
        return true;
    }
    log->fallback = log_file_adopt(log, slice_from_string(FALLBACK_PATH), descriptor);
    return log->fallback != NULL;
}

void log_destroy(struct log *log) {
    log_flush(log);
    log->fallback = NULL;
    log->main_count = 0;
    for (size_t i = 0; i < log->slot_count; i++) {
        while (log->slots[i] != NULL) {
            struct log_file *file = log->slots[i];
            log->slots[i] = file->next;
            log_file_release_held(log, file);
            free_file(log, file);
        }
    }
    free(log->slots);
    log->slots = NULL;
    log->slot_count = 0;
    log->file_count = 0;
    while (log->spare != NULL) {
        struct log_buffer *next = log->spare->next;
        free(log->spare);
        log->spare = next;
    }
    log->spare_count = 0;
}
