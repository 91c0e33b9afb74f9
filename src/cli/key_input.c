/* Reading keys. */
#include "cli/key_input.h"

#include "base/file.h"

#include <string.h>

static void release(void *keys) {
    table_keys_release(keys);
}

enum outcome key_input_read(const struct table_keys **keys, const struct command *command,
                            struct arena *arena, enum table_key_kind kind, const char *path) {
    struct table_keys *read = arena_require(arena, sizeof *read);
    struct slice pem;
    char reason[160];
    int error = file_read(arena, path, TABLE_KEY_FILE_LIMIT, &pem);
    if (error != 0) {
        return cli_error(command, "cannot read the key %s: %s",
                         strcmp(path, "-") == 0 ? "from standard input" : path, strerror(error));
    }
    if (!table_keys_read(read, kind, pem, reason, sizeof reason)) {
        return cli_error(command, "%s %s", path, reason);
    }
    if (!arena_add_cleanup(arena, release, read)) {
        memory_exhausted();
    }
    *keys = read;
    return OUTCOME_CLEAN;
}
