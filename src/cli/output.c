/* Writing results to where they go. */
#include "cli/output.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_is_terminal(const char *path) {
    return strcmp(path, "-") == 0 && isatty(STDOUT_FILENO);
}

enum outcome output_refuse_terminal(const struct command *command) {
    return cli_usage_error(command, "a table is not text: redirect the output to a file");
}

/* A pipe or device is written to; only a file can be replaced. */
static bool is_special(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static int write_special(const char *path, struct slice content) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }
    int error = file_write_all(descriptor, content);
    if (close(descriptor) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

enum outcome output_write(const struct command *command, const char *path, struct slice content) {
    int error;
    if (strcmp(path, "-") == 0) {
        error = file_write_all(STDOUT_FILENO, content);
        path = "standard output";
    } else {
        error = is_special(path) ? write_special(path, content) : file_replace(path, content);
    }
    return error == 0 ? OUTCOME_CLEAN
                      : cli_error(command, "cannot write %s: %s", path, strerror(error));
}
