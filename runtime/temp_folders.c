/* Folders of temporary files, made and tried before anybody needs them. Only the last part of a
 * path is made, as in nginx: a missing folder further up is most likely a mistake, or a disk that
 * is not mounted. */
#include "temp_folders.h"

#include "net/temp_file.h"
#include "prefix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct failure *failure, const char *path, const char *what) {
    return failure_set(failure, "temporary files: cannot %s %s: %s", what, path, strerror(errno));
}

static bool hand_over(const char *path, const struct privileges *privileges,
                      struct failure *failure) {
    struct stat state;
    if (!privileges->is_dropped) {
        return true;
    }
    if (stat(path, &state) != 0) {
        return fail(failure, path, "look at");
    }
    /* In this order: what is another's may take a capability that was not given. */
    if ((state.st_mode & S_IRWXU) != S_IRWXU && chmod(path, state.st_mode | S_IRWXU) != 0) {
        return fail(failure, path, "change the mode of");
    }
    if (state.st_uid != privileges->user && chown(path, privileges->user, (gid_t)-1) != 0) {
        return fail(failure, path, "change the owner of");
    }
    return true;
}

/* As the workers' user: a folder further up may keep it out. */
static bool try_out(const char *path, const struct privileges *privileges,
                    struct failure *failure) {
    if (privileges->is_dropped) {
        setfsgid(privileges->group);
        setfsuid(privileges->user);
    }
    int file = temp_file_open((struct temp_place){.folder = slice_from_string(path)});
    int error = errno;
    if (privileges->is_dropped) {
        setfsuid(geteuid());
        setfsgid(getegid());
    }
    if (file < 0) {
        errno = error;
        return fail(failure, path, "make files in");
    }
    close(file);
    return true;
}

static bool prepare(struct slice folder, const char *prefix, const struct privileges *privileges,
                    struct failure *failure) {
    char path[PATH_MAX];
    if (!prefix_resolve(prefix, folder, path, failure)) {
        return false;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fail(failure, path, "make the folder");
    }
    return hand_over(path, privileges, failure) && try_out(path, privileges, failure);
}

/* Equal texts are one in a table, so that their places tell them apart. */
struct prepared {
    uint32_t *offsets;
    size_t count;
};

static bool is_prepared(const struct prepared *prepared, uint32_t offset) {
    for (size_t i = 0; i < prepared->count; i++) {
        if (prepared->offsets[i] == offset) {
            return true;
        }
    }
    return false;
}

static bool prepare_once(struct prepared *prepared, const struct table *table,
                         struct table_string folder, const char *prefix,
                         const struct privileges *privileges, struct failure *failure) {
    if (folder.length == 0 || is_prepared(prepared, folder.offset)) {
        return true;
    }
    uint32_t *offsets =
        realloc(prepared->offsets, (prepared->count + 1) * sizeof *prepared->offsets);
    if (offsets == NULL) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    prepared->offsets = offsets;
    offsets[prepared->count++] = folder.offset;
    return prepare(table_text(table, folder), prefix, privileges, failure);
}

bool temp_folders_prepare(const struct table *table, const char *prefix,
                          const struct privileges *privileges, struct failure *failure) {
    struct prepared prepared = {0};
    bool is_fine = true;
    for (uint32_t i = 0; is_fine && i < table->settings_count; i++) {
        const struct table_settings *settings = &table->settings[i];
        is_fine =
            prepare_once(&prepared, table, settings->client_body_temp_path, prefix, privileges,
                         failure) &&
            prepare_once(&prepared, table, settings->proxy_temp_path, prefix, privileges, failure);
    }
    free(prepared.offsets);
    return is_fine;
}
