/* What there is under a name: by system calls, or out of the cache of open files. */
#ifndef FILE_FIND_H
#define FILE_FIND_H

#include "base/slice.h"

#include <sys/stat.h>

struct file_entry;
struct file_cache;

/* disable_symlinks, for one name. */
enum file_links { FILE_LINKS_FOLLOWED, FILE_LINKS_REFUSED, FILE_LINKS_OF_OTHERS_REFUSED };
struct file_link_rule {
    enum file_links links;
    size_t from; /* bytes of the name in which links are followed */
};

/* With `error` nothing else counts. */
struct file_view {
    int error;        /* errno; 0: it is there */
    const char *call; /* that failed: "open()" */
    int fd;           /* -1: of a folder, or nobody wants to read it */
    uint64_t identity;
    uint64_t size;
    int64_t modified; /* seconds since 1970 */
    bool is_folder;
    bool is_regular;
    bool is_executable;
    struct file_entry
        *entry; /* of the cache, which the descriptor belongs to; NULL: the caller's */
};

enum file_wish {
    FILE_WISH_FACTS,  /* nobody is going to read it */
    FILE_WISH_OPEN,   /* a folder is not opened */
    FILE_WISH_APPEND, /* it is made if need be, and written to at its end */
};

/* By system calls. `name` ends with a zero byte behind its `size` bytes. */
void file_find(const char *name, size_t size, const struct file_link_rule *rule,
               enum file_wish wish, struct file_view *view);

/* Fills in the facts. */
void file_view_describe(struct file_view *view, const struct stat *status);

#endif
