/* Opening files by disable_symlinks. Each part of a name is opened below the one before, so that
 * nothing can be exchanged for a link between a look and the use of what was seen. Where the kernel
 * can do the whole walk by itself (openat2, RESOLVE_NO_SYMLINKS) it is asked to. */
#include "file/symlinks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    READ_FLAGS = O_RDONLY | O_NONBLOCK | O_CLOEXEC, /* a FIFO is not waited for */
    APPEND_FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
    NEW_MODE = 0644,
    WALK_FLAGS = O_PATH | O_RDONLY | O_DIRECTORY | O_CLOEXEC,
};

/* A link, or what was one when it was opened, whose owner is another than that of what it leads to,
 * is refused. The owners are compared in any case: between the two calls the name may change. */
static int open_owned(int folder, const char *name, int flags) {
    struct stat target;
    struct stat link;
    int fd = openat(folder, name, flags, NEW_MODE);
    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &target) != 0 || fstatat(folder, name, &link, AT_SYMLINK_NOFOLLOW) != 0) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    if (target.st_uid != link.st_uid) {
        (void)close(fd);
        errno = ELOOP;
        return -1;
    }
    return fd;
}

static int open_part(int folder, const char *name, int flags, enum file_links links) {
    return links == FILE_LINKS_OF_OTHERS_REFUSED
               ? open_owned(folder, name, flags)
               : openat(folder, name, flags | O_NOFOLLOW, NEW_MODE);
}

static void close_folder(int folder) {
    if (folder >= 0) {
        int error = errno;
        (void)close(folder);
        errno = error;
    }
}

/* Where the walk begins: behind `from`, at the root, or in the current folder. `*rest` is what of
 * the name is to be walked. */
static int open_start(char *name, const struct file_link_rule *rule, char **rest,
                      const char **call) {
    *call = "open()";
    if (rule->from > 0) {
        *rest = name + rule->from + 1;
        name[rule->from] = '\0';
        return open(name, WALK_FLAGS);
    }
    if (name[0] == '/') {
        *rest = name + 1;
        return open("/", WALK_FLAGS);
    }
    *rest = name;
    return AT_FDCWD;
}

/* Walks down one part of the name after the other. `name` is the caller's to be cut into parts. */
static int walk(char *name, const struct file_link_rule *rule, int flags, const char **call) {
    char *rest;
    int folder = open_start(name, rule, &rest, call);
    if (folder == -1) {
        return -1;
    }
    *call = "openat()";
    for (char *slash; (slash = strchr(rest, '/')) != NULL; rest = slash + 1) {
        *slash = '\0';
        if (slash == rest) {
            continue;
        }
        int next = open_part(folder, rest, WALK_FLAGS, rule->links);
        close_folder(folder);
        if (next < 0) {
            return -1;
        }
        folder = next;
    }
    /* A slash at the end: it is the folder itself. */
    int fd = *rest == '\0' ? openat(folder, ".", READ_FLAGS)
                           : open_part(folder, rest, flags, rule->links);
    close_folder(folder);
    return fd;
}

/* In one call; -1 when the kernel cannot, or there is a link. */
static int open_without_links(const char *name, int flags) {
    struct open_how how = {.flags = (unsigned int)flags,
                           .mode = (flags & O_CREAT) != 0 ? NEW_MODE : 0,
                           .resolve = RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof how);
}

int file_open(const char *name, size_t size, const struct file_link_rule *rule, bool is_appended,
              const char **call) {
    char parts[PATH_MAX];
    int flags = is_appended ? APPEND_FLAGS : READ_FLAGS;
    *call = "open()";
    if (rule->links == FILE_LINKS_FOLLOWED) {
        return open(name, flags, NEW_MODE);
    }
    if (rule->links == FILE_LINKS_REFUSED && rule->from == 0) {
        int fd = open_without_links(name, flags);
        *call = "openat()";
        /* Which link it is makes a difference to the error, as in nginx. */
        if (fd >= 0 || (errno != ELOOP && errno != ENOSYS && errno != EPERM)) {
            return fd;
        }
    }
    if (size >= sizeof parts) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(parts, name, size);
    parts[size] = '\0';
    return walk(parts, rule, flags, call);
}
