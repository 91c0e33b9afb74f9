/* Writing, reading and removing the pid file. */
#include "pid_file.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool fail_system(struct failure *failure, const char *path, int error) {
    return failure_set(failure, "pid file %s: %s", path, strerror(error));
}

static int write_number(const char *path) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) {
        return errno;
    }
    char text[32];
    int size = snprintf(text, sizeof text, "%d\n", (int)getpid());
    int error = file_write_all(descriptor, (struct slice){text, (size_t)size});
    close(descriptor);
    return error;
}

/* Not synced to disk as file_replace does: after a crash of the machine nobody needs it. */
bool pid_file_write(const char *path, struct failure *failure) {
    char temporary[PATH_MAX];
    int size = snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
    if (size < 0 || (size_t)size >= sizeof temporary) {
        return fail_system(failure, path, ENAMETOOLONG);
    }
    int error = write_number(temporary);
    if (error == 0 && rename(temporary, path) != 0) {
        error = errno;
    }
    if (error != 0) {
        unlink(temporary);
        return fail_system(failure, path, error);
    }
    return true;
}

bool pid_file_read(const char *path, pid_t *process, struct failure *failure) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return fail_system(failure, path, errno);
    }
    char text[32];
    ssize_t size = read(descriptor, text, sizeof text);
    int error = errno;
    close(descriptor);
    if (size < 0) {
        return fail_system(failure, path, error);
    }
    struct slice number = {text, (size_t)size};
    number = slice_take(number, slice_find_byte(number, '\n'));
    uint64_t value;
    if (!slice_parse_u64(slice_trim(number), INT_MAX, &value) || value == 0) {
        return failure_set(failure, "pid file %s: holds no process id", path);
    }
    *process = (pid_t)value;
    return true;
}

void pid_file_remove(const char *path) {
    struct failure unused;
    pid_t process = 0;
    if (pid_file_read(path, &process, &unused) && process == getpid()) {
        unlink(path);
    }
}
