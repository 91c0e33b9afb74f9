/* Which files a run is over: those that were named, and of directories that were named what nginx's
 * users keep configurations in. */
#include "cli/lint.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A directory being listed, and those it is in. */
struct folder {
    const struct folder *outer;
    struct slice path;
    bool takes_all; /* files of any name */
    dev_t device;
    ino_t inode;
};

void lint_fail_file(struct lint_report *report, const char *path, int error) {
    VECTOR_PUSH(report->arena, &report->failures, (struct lint_failure){path, error});
    cli_error(report->command, "cannot read %s: %s",
              strcmp(path, "-") == 0 ? "standard input" : path, strerror(error));
}

/* Debian's way: what is in effect is a link without a suffix in a folder of this name. */
static bool is_sites_folder(struct slice path) {
    while (slice_ends_with(path, SLICE("/"))) {
        path.size--;
    }
    struct slice name = path;
    for (size_t at; (at = slice_find_byte(name, '/')) < name.size;) {
        name = slice_skip(name, at + 1);
    }
    return slice_equals(name, SLICE("sites-enabled"));
}

/* A link that leads to a folder around it would be listed for ever. */
static bool is_inside_itself(const struct folder *folder) {
    for (const struct folder *outer = folder->outer; outer != NULL; outer = outer->outer) {
        if (outer->device == folder->device && outer->inode == folder->inode) {
            return true;
        }
    }
    return false;
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct names {
    VECTOR_OF(const char *) items;
};

/* Hidden ones are left out: editors and version control keep theirs so. */
static int list_names(struct arena *arena, const char *path, struct names *names) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return errno;
    }
    errno = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') {
            VECTOR_PUSH(arena, &names->items,
                        arena_copy_slice(arena, slice_from_string(entry->d_name)).data);
        }
    }
    int error = errno;
    closedir(directory);
    if (names->items.count > 1) {
        qsort(names->items.items, names->items.count, sizeof *names->items.items, compare_names);
    }
    return error;
}

static void add_folder(struct lint_report *report, const struct folder *folder,
                       struct lint_paths *paths);

static void add_entry(struct lint_report *report, const struct folder *folder, const char *name,
                      struct lint_paths *paths) {
    bool has_slash = slice_ends_with(folder->path, SLICE("/"));
    struct slice path = arena_format(report->arena, "%.*s%s%s", SLICE_ARGS(folder->path),
                                     has_slash ? "" : "/", name);
    struct stat status;
    if (stat(path.data, &status) != 0) {
        /* A link to nothing is told where nginx would read it. */
        if (folder->takes_all || slice_ends_with(path, SLICE(".conf"))) {
            lint_fail_file(report, path.data, errno);
        }
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        struct folder inner = {.outer = folder,
                               .path = path,
                               .takes_all = is_sites_folder(path),
                               .device = status.st_dev,
                               .inode = status.st_ino};
        add_folder(report, &inner, paths);
    } else if (S_ISREG(status.st_mode) &&
               (folder->takes_all || slice_ends_with(path, SLICE(".conf")))) {
        VECTOR_PUSH(report->arena, &paths->items, path.data);
    }
}

static void add_folder(struct lint_report *report, const struct folder *folder,
                       struct lint_paths *paths) {
    struct names names = {0};
    if (is_inside_itself(folder)) {
        return;
    }
    int error = list_names(report->arena, folder->path.data, &names);
    if (error != 0) {
        lint_fail_file(report, folder->path.data, error);
    }
    for (size_t i = 0; i < names.items.count; i++) {
        add_entry(report, folder, names.items.items[i], paths);
    }
}

/* A run that checks nothing must not look like one that found nothing. */
static void add_named_folder(struct lint_report *report, const char *path,
                             const struct stat *status, struct lint_paths *paths) {
    struct folder folder = {.path = slice_from_string(path),
                            .takes_all = is_sites_folder(slice_from_string(path)),
                            .device = status->st_dev,
                            .inode = status->st_ino};
    size_t files = paths->items.count;
    size_t failures = report->failures.count;
    add_folder(report, &folder, paths);
    if (paths->items.count == files && report->failures.count == failures) {
        VECTOR_PUSH(report->arena, &report->failures, (struct lint_failure){path, ENOENT});
        cli_error(report->command, "there is no configuration (*.conf) in %s", path);
    }
}

struct lint_paths lint_list_files(struct lint_report *report, char **named, size_t count) {
    struct lint_paths paths = {0};
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        if (strcmp(named[i], "-") != 0 && stat(named[i], &status) == 0 && S_ISDIR(status.st_mode)) {
            add_named_folder(report, named[i], &status, &paths);
        } else {
            VECTOR_PUSH(report->arena, &paths.items, named[i]);
        }
    }
    return paths;
}
