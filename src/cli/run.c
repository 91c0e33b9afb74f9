/* rpc run: checks and compiles a configuration to memory and becomes rpcd serving it. For
 * development: there is no table on disk, so a reload brings nothing new. */
#include "cli/input.h"

#include "base/file.h"
#include "base/text.h"
#include "check/check.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char help[] =
    "Findings go to standard error and do not keep it from running; errors do. rpcd is the one\n"
    "beside rpc, else the one in PATH. What follows \"--\" is handed to it.\n"
    "\n"
    "  -p, --prefix DIR      where relative include patterns begin (default: the directory of the\n"
    "                        file); also rpcd's prefix\n"
    "  -h, --help            this text\n";

static void print_findings(struct input *input) {
    struct finding_list findings;
    input_check(input, NULL, &findings);
    bool colour = cli_wants_colour(stderr);
    for (size_t i = 0; i < findings.all.count; i++) {
        diagnostic_print(stderr, &input->sources, findings.all.items[i].diagnostic, colour);
    }
}

/* The path of rpcd beside this program, or its mere name, to be looked for in PATH. */
static const char *find_rpcd(struct arena *arena) {
    char self[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self);
    while (size > 0 && self[size - 1] != '/') {
        size--;
    }
    if (size > 0) {
        const char *path = arena_format(arena, "%.*srpcd", (int)size, self).data;
        if (access(path, X_OK) == 0) {
            return path;
        }
    }
    return "rpcd";
}

/* A descriptor that survives exec, holding the table; -1 and errno on failure. */
static int store_table(struct slice table) {
    int descriptor = memfd_create("rpc-table", 0);
    if (descriptor < 0) {
        return -1;
    }
    int error = file_write_all(descriptor, table);
    if (error != 0) {
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

/* Returns only when rpcd could not be started. */
static enum outcome serve(const struct command *command, struct arena *arena, struct slice table,
                          const char *prefix, char **options, size_t option_count) {
    int descriptor = store_table(table);
    if (descriptor < 0) {
        return cli_error(command, "cannot keep the table in memory: %s", strerror(errno));
    }
    VECTOR_OF(char *) arguments = {0};
    char name[] = "rpcd";
    char prefix_option[] = "-p";
    VECTOR_PUSH(arena, &arguments, name);
    if (prefix != NULL) {
        struct text copy;
        text_init(&copy, arena);
        text_add(&copy, slice_from_string(prefix));
        VECTOR_PUSH(arena, &arguments, prefix_option);
        VECTOR_PUSH(arena, &arguments, copy.data);
    }
    for (size_t i = 0; i < option_count; i++) {
        VECTOR_PUSH(arena, &arguments, options[i]);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    VECTOR_PUSH(arena, &arguments, path);
    VECTOR_PUSH(arena, &arguments, NULL);
    const char *program = find_rpcd(arena);
    fflush(stderr);
    execvp(program, arguments.items);
    return cli_error(command, "cannot run %s: %s", program, strerror(errno));
}

static enum outcome run(const struct command *command, const char *path, const char *prefix,
                        char **options, size_t option_count) {
    struct input input;
    struct slice table;
    enum outcome outcome = input_read(&input, command, path, prefix);
    if (outcome != OUTCOME_FAILED) {
        outcome = input_compile(&input, &table);
        input_print_diagnostics(&input, SEVERITY_WARNING);
        print_findings(&input);
    }
    if (outcome == OUTCOME_CLEAN) {
        outcome = serve(command, &input.arena, table, prefix, options, option_count);
    }
    input_release(&input);
    return outcome;
}

/* getopt_long takes what follows "--" for further files; they are rpcd's. */
enum outcome command_run(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {{"prefix", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int own = 1;
    while (own < argc && strcmp(argv[own], "--") != 0) {
        own++;
    }
    const char *prefix = NULL;
    int option;
    while ((option = getopt_long(own, argv, ":p:h", known, NULL)) != -1) {
        switch (option) {
        case 'p':
            prefix = optarg;
            break;
        case 'h':
            return cli_print_help(command, help);
        default:
            return cli_option_error(command, option, argv);
        }
    }
    if (optind + 1 != own) {
        return cli_usage_error(command, optind == own ? "no file is named"
                                                      : "more than one file is named; options of "
                                                        "rpcd go behind \"--\"");
    }
    size_t option_count = own < argc ? (size_t)(argc - own - 1) : 0;
    return run(command, argv[optind], prefix, argv + own + 1, option_count);
}
