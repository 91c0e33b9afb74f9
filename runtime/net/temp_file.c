/* Opening, writing and reading temporary files. They lie in the page cache most of the time, so
 * they are written and read in place, as nginx does. */
#include "net/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The path of `name` in the folder; `name` may be empty. */
static bool make_path(struct temp_place place, const char *name, char path[PATH_MAX]) {
    bool is_relative =
        place.prefix != NULL && place.prefix[0] != '\0' && place.folder.data[0] != '/';
    int size = snprintf(path, PATH_MAX, "%s%s%.*s%s", is_relative ? place.prefix : "",
                        is_relative ? "/" : "", SLICE_ARGS(place.folder), name);
    errno = ENAMETOOLONG;
    return size >= 0 && size < PATH_MAX;
}

/* For file systems that know only files with names. */
static int open_and_remove(struct temp_place place) {
    char path[PATH_MAX];
    if (!make_path(place, "/rpcd.XXXXXX", path)) {
        return -1;
    }
    int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) {
        unlink(path);
    }
    return file;
}

static int open_in(struct temp_place place) {
    char path[PATH_MAX];
    if (!make_path(place, "", path)) {
        return -1;
    }
    int file = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    /* Kernels that do not know O_TMPFILE take it for the wish to write to a folder. */
    return file < 0 && (errno == EOPNOTSUPP || errno == EISDIR) ? open_and_remove(place) : file;
}

/* /tmp is often memory; what does not fit into memory belongs on a disk. */
static int open_by_default(void) {
    const char *chosen = getenv("TMPDIR");
    if (chosen != NULL && chosen[0] != '\0') {
        return open_in((struct temp_place){.folder = slice_from_string(chosen)});
    }
    int file = open_in((struct temp_place){.folder = SLICE("/var/tmp")});
    return file >= 0 ? file : open_in((struct temp_place){.folder = SLICE("/tmp")});
}

int temp_file_open(struct temp_place place) {
    return place.folder.size > 0 ? open_in(place) : open_by_default();
}

int temp_file_write(int file, uint64_t offset, struct slice bytes) {
    while (bytes.size > 0) {
        ssize_t written = pwrite(file, bytes.data, bytes.size, (off_t)offset);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? errno : ENOSPC;
        }
        offset += (uint64_t)written;
        bytes = slice_skip(bytes, (size_t)written);
    }
    return 0;
}

int temp_file_read(int file, uint64_t offset, char *bytes, size_t size, size_t *got) {
    ssize_t count;
    do {
        count = pread(file, bytes, size, (off_t)offset);
    } while (count < 0 && errno == EINTR);
    *got = count > 0 ? (size_t)count : 0;
    if (count < 0) {
        return errno;
    }
    return count == 0 ? EIO : 0; /* shorter than what was written */
}
