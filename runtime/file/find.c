/* What there is under a name, by as few system calls as there can be. */
#include "file/find.h"

#include "file/symlinks.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void file_view_describe(struct file_view *view, const struct stat *status) {
    view->identity = status->st_ino;
    view->size = status->st_size > 0 ? (uint64_t)status->st_size : 0;
    view->modified = status->st_mtim.tv_sec;
    view->is_folder = S_ISDIR(status->st_mode);
    view->is_regular = S_ISREG(status->st_mode);
    view->is_executable = (status->st_mode & S_IXUSR) != 0;
}

static void fail(struct file_view *view, const char *call) {
    view->error = errno;
    view->call = call;
}

static void find_by_name(const char *name, struct file_view *view) {
    struct stat status;
    if (stat(name, &status) != 0) {
        fail(view, "stat()");
        return;
    }
    file_view_describe(view, &status);
}

void file_find(const char *name, size_t size, const struct file_link_rule *rule,
               enum file_wish wish, struct file_view *view) {
    struct stat status;
    *view = (struct file_view){.fd = -1};
    if (wish == FILE_WISH_FACTS && rule->links == FILE_LINKS_FOLLOWED) {
        find_by_name(name, view);
        return;
    }
    int fd = file_open(name, size, rule, wish == FILE_WISH_APPEND, &view->call);
    if (fd < 0) {
        view->error = errno;
        return;
    }
    if (fstat(fd, &status) != 0) {
        fail(view, "fstat()");
        (void)close(fd);
        return;
    }
    file_view_describe(view, &status);
    if (view->is_folder || wish == FILE_WISH_FACTS) {
        (void)close(fd);
    } else {
        view->fd = fd;
    }
}
