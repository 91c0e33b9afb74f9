/* Reading the keys whose signature tables need. */
#include "trusted_keys.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int read_file(struct arena *arena, const char *path, struct slice *pem) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }
    int error = file_read_descriptor(arena, descriptor, TABLE_KEY_FILE_LIMIT, pem);
    close(descriptor);
    return error;
}

bool trusted_keys_read(struct table_keys *keys, const char *path, struct failure *failure) {
    struct arena arena;
    struct slice pem = {NULL, 0};
    char reason[160];
    arena_init(&arena, 4096);
    int error = read_file(&arena, path, &pem);
    bool is_read =
        error == 0 && table_keys_read(keys, TABLE_KEY_PUBLIC, pem, reason, sizeof reason);
    arena_release(&arena);
    if (error != 0) {
        return failure_set(failure, "cannot read the key %s: %s", path, strerror(error));
    }
    return is_read || failure_set(failure, "%s %s", path, reason);
}
