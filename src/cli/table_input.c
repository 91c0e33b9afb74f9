/* Reading tables. */
#include "cli/table_input.h"

#include "base/file.h"

#include <string.h>

/* No table can be larger: places in it are counted with 32 bits, records are small. */
#define SIZE_LIMIT ((size_t)1 << 36)

/* Records are used where they lie, so they have to be aligned. */
static const char *align(struct arena *arena, struct slice content) {
    if ((uintptr_t)content.data % 8 == 0) {
        return content.data;
    }
    char *aligned = arena_require(arena, content.size + 1);
    memcpy(aligned, content.data, content.size);
    return aligned;
}

enum outcome table_input_open(struct table_input *input, const struct command *command,
                              struct arena *arena, const char *path, struct slice content) {
    input->bytes = (struct slice){align(arena, content), content.size};
    struct table_error refusal = {0};
    if (!table_open(&input->table, input->bytes.data, input->bytes.size, &refusal)) {
        char reason[256];
        table_error_format(&refusal, reason, sizeof reason);
        cli_error(command, "%s: %s", path, reason);
        return OUTCOME_INPUT;
    }
    return OUTCOME_CLEAN;
}

enum outcome table_input_read(struct table_input *input, const struct command *command,
                              struct arena *arena, const char *path) {
    struct slice content;
    int error = file_read(arena, path, SIZE_LIMIT, &content);
    if (error != 0) {
        return cli_error(command, "cannot read %s: %s",
                         strcmp(path, "-") == 0 ? "standard input" : path, strerror(error));
    }
    return table_input_open(input, command, arena, path, content);
}
