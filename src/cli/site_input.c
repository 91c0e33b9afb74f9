/* A table or a configuration, told apart by how it begins. */
#include "cli/site_input.h"

#include "cli/table_input.h"

#include "base/file.h"

#include <string.h>
#include <sys/stat.h>

/* What is in no regular file is read before it is known what it is. */
#define SIZE_LIMIT ((size_t)1 << 36)

/* Compiles what was read; the compiler has validated its table. */
static enum outcome compile(struct site_input *site) {
    struct slice bytes;
    enum outcome outcome = input_compile(&site->input, &bytes);
    input_print_diagnostics(&site->input, SEVERITY_ERROR);
    if (outcome == OUTCOME_CLEAN) {
        table_attach(&site->table, bytes.data);
    }
    return outcome;
}

static bool is_table(struct slice content) {
    return slice_starts_with(content, SLICE(TABLE_MAGIC));
}

/* A regular file can be read twice; of a pipe or standard input there is but one reading. */
static bool is_regular(const char *path) {
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool begins_like_table(const char *path) {
    char magic[sizeof TABLE_MAGIC - 1];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    size_t size = fread(magic, 1, sizeof magic, file);
    fclose(file);
    return is_table((struct slice){magic, size});
}

static enum outcome read_table(struct site_input *site, const struct command *command,
                               const char *path) {
    struct table_input input = {0};
    enum outcome outcome = table_input_read(&input, command, &site->input.arena, path);
    site->table = input.table;
    return outcome;
}

static enum outcome read_file(struct site_input *site, const struct command *command,
                              const char *path, const char *prefix) {
    if (begins_like_table(path)) {
        input_init(&site->input, command);
        return read_table(site, command, path);
    }
    enum outcome outcome = input_read(&site->input, command, path, prefix);
    return outcome != OUTCOME_FAILED ? compile(site) : outcome;
}

static enum outcome read_stream(struct site_input *site, const struct command *command,
                                const char *path, const char *prefix) {
    struct slice content;
    input_init(&site->input, command);
    int error = file_read(&site->input.arena, path, SIZE_LIMIT, &content);
    if (error != 0) {
        return cli_error(command, "cannot read %s: %s",
                         strcmp(path, "-") == 0 ? "standard input" : path, strerror(error));
    }
    if (is_table(content)) {
        struct table_input input = {0};
        enum outcome outcome = table_input_open(&input, command, &site->input.arena, path, content);
        site->table = input.table;
        return outcome;
    }
    input_read_text(&site->input, path, content, prefix);
    return compile(site);
}

enum outcome site_input_read(struct site_input *site, const struct command *command,
                             const char *path, const char *prefix) {
    return is_regular(path) ? read_file(site, command, path, prefix)
                            : read_stream(site, command, path, prefix);
}

void site_input_release(struct site_input *site) {
    input_release(&site->input);
}
