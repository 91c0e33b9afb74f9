/* Reading and replacing whole files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_descriptor(struct arena *arena, int descriptor, size_t limit, struct slice *content) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return errno;
    }
    if (S_ISDIR(status.st_mode)) {
        return EISDIR;
    }
    size_t capacity = status.st_size > 0 ? (size_t)status.st_size + 1 : 65536;
    if (capacity - 1 > limit && status.st_size > 0) {
        return EFBIG;
    }
    char *data = arena_allocate_bytes(arena, capacity);
    size_t size = 0;
    while (data != NULL) {
        ssize_t got = read(descriptor, data + size, capacity - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno;
        }
        size += (size_t)got;
        if (size > limit) {
            return EFBIG;
        }
        if (got == 0 && size < capacity) {
            data[size] = '\0';
            *content = (struct slice){data, size};
            return 0;
        }
        if (size == capacity) {
            char *moved = arena_allocate_bytes(arena, capacity * 2);
            if (moved != NULL) {
                memcpy(moved, data, size);
                capacity *= 2;
            }
            data = moved;
        }
    }
    return ENOMEM;
}

int file_read(struct arena *arena, const char *path, size_t limit, struct slice *content) {
    if (strcmp(path, "-") == 0) {
        return file_read_descriptor(arena, STDIN_FILENO, limit, content);
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }
    int error = file_read_descriptor(arena, descriptor, limit, content);
    close(descriptor);
    return error;
}

int file_write_all(int descriptor, struct slice content) {
    while (content.size > 0) {
        ssize_t written = write(descriptor, content.data, content.size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno;
        }
        content = slice_skip(content, (size_t)written);
    }
    return 0;
}

/* Mode, owner and group for a new file: those of `model`, or the mode that open(2) would give. */
static int take_rights(int descriptor, const struct stat *model) {
    struct stat status;
    if (model == NULL) {
        mode_t mask = umask(0);
        umask(mask);
        return fchmod(descriptor, 0666 & ~mask) != 0 ? errno : 0;
    }
    if (fstat(descriptor, &status) != 0) {
        return errno;
    }
    bool is_other = status.st_uid != model->st_uid || status.st_gid != model->st_gid;
    if (is_other && fchown(descriptor, model->st_uid, model->st_gid) != 0) {
        return errno;
    }
    return fchmod(descriptor, model->st_mode & 07777) != 0 ? errno : 0;
}

static int write_beside(const char *path, struct slice content, const struct stat *model) {
    size_t size = strlen(path) + sizeof ".XXXXXX";
    char *temporary = malloc(size);
    if (temporary == NULL) {
        return ENOMEM;
    }
    snprintf(temporary, size, "%s.XXXXXX", path);
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0) {
        int error = errno;
        free(temporary);
        return error;
    }
    int error = file_write_all(descriptor, content);
    if (error == 0) {
        error = take_rights(descriptor, model);
    }
    if (error == 0 && fsync(descriptor) != 0) {
        error = errno;
    }
    if (close(descriptor) != 0 && error == 0) {
        error = errno;
    }
    if (error == 0 && rename(temporary, path) != 0) {
        error = errno;
    }
    if (error != 0) {
        unlink(temporary);
    }
    free(temporary);
    return error;
}

int file_replace(const char *path, struct slice content) {
    return write_beside(path, content, NULL);
}

int file_rewrite(const char *path, struct slice content) {
    char *target = realpath(path, NULL);
    struct stat status;
    if (target == NULL) {
        return errno;
    }
    int error = stat(target, &status) != 0 ? errno : 0;
    if (error == 0 && !S_ISREG(status.st_mode)) {
        error = EINVAL;
    }
    if (error == 0) {
        error = write_beside(target, content, &status);
    }
    free(target);
    return error;
}
