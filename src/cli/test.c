/* rpc test: whether requests fare as files of tests expect. */
#include "cli/site_input.h"
#include "cli/suite.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "FILE is a configuration or a table, TESTS are files of requests and what is expected of "
    "them;\n"
    "one of them may be \"-\", standard input. What differs is printed with the steps that led\n"
    "there. Exit status 1: a test failed; 2: the tests or the configuration are not understood.\n"
    "\n"
    "      --junit REPORT    write a report for continuous integration as well; \"-\" is standard\n"
    "                        output, and the rest then goes to standard error\n"
    "  -v, --verbose         name the tests that passed, too\n"
    "  -p, --prefix DIR      where relative include patterns of FILE begin (default: its folder);\n"
    "                        also rpcd's prefix, where relative roots begin\n"
    "  -h, --help            this text\n";

struct test_options {
    const char *prefix;
    const char *junit; /* NULL: no report */
    bool is_verbose;
};

/* One run over all files. */
struct test_run {
    const struct command *command;
    const struct test_options *options;
    const struct table *table;
    struct engine *engine;
    struct junit *junit;
    FILE *out;
    struct suite_totals totals;
};

static void print_done(void *owner, struct suite *suite, const struct suite_result *result) {
    const struct test_run *run = owner;
    bool colour = cli_wants_colour(run->out);
    if (result->failed.count > 0) {
        suite_print_failures(run->out, suite, result, colour);
    } else if (run->options->is_verbose) {
        suite_print_passed(run->out, suite, result, colour);
    }
}

static void report_done(void *owner, struct suite *suite, const struct suite_result *result) {
    struct test_run *run = owner;
    junit_add(run->junit, suite, result);
}

static enum outcome run_file(struct test_run *run, const char *path) {
    struct suite suite;
    const struct suite_listener listeners[] = {{print_done, run}, {report_done, run}};
    enum outcome outcome = suite_read(&suite, run->command, path, run->table, run->options->prefix);
    if (outcome == OUTCOME_CLEAN) {
        size_t failed = run->totals.failed;
        junit_begin_suite(run->junit);
        suite_run(&suite, run->engine, listeners, sizeof listeners / sizeof listeners[0],
                  &run->totals);
        junit_end_suite(run->junit, path);
        outcome = run->totals.failed > failed ? OUTCOME_FINDINGS : OUTCOME_CLEAN;
    }
    suite_release(&suite);
    return outcome;
}

static void print_count(FILE *out, size_t count, const char *what) {
    fprintf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

static void print_summary(const struct test_run *run) {
    const struct suite_totals *totals = &run->totals;
    print_count(run->out, totals->tests, "test");
    fputs(", ", run->out);
    print_count(run->out, totals->requests, "request");
    fputs(", ", run->out);
    print_count(run->out, totals->expectations, "expectation");
    if (totals->failed == 0) {
        fputs(": all passed\n", run->out);
    } else {
        fprintf(run->out, ": %zu failed\n", totals->failed);
    }
}

/* Into the file, pipe or device itself: a report is not worth more. */
static enum outcome write_report(const struct test_run *run) {
    const char *path = run->options->junit;
    struct slice report = junit_finish(run->junit);
    if (strcmp(path, "-") == 0) {
        fwrite(report.data, 1, report.size, stdout);
        return OUTCOME_CLEAN; /* main looks at standard output */
    }
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int error = descriptor < 0 ? errno : file_write_all(descriptor, report);
    if (descriptor >= 0 && close(descriptor) != 0 && error == 0) {
        error = errno;
    }
    return error == 0 ? OUTCOME_CLEAN
                      : cli_error(run->command, "cannot write %s: %s", path, strerror(error));
}

static enum outcome run_files(struct test_run *run, char **paths, size_t count) {
    enum outcome outcome = OUTCOME_CLEAN;
    run->engine = engine_create(run->table);
    if (run->engine == NULL) {
        memory_exhausted();
    }
    for (size_t i = 0; i < count; i++) {
        outcome = cli_worse(outcome, run_file(run, paths[i]));
    }
    engine_destroy(run->engine);
    if (outcome <= OUTCOME_FINDINGS) {
        print_summary(run);
        enum outcome written = run->options->junit != NULL ? write_report(run) : OUTCOME_CLEAN;
        outcome = cli_worse(outcome, written);
    }
    return outcome;
}

static enum outcome test(const struct command *command, char **paths, size_t count,
                         const struct test_options *options) {
    struct site_input site;
    bool takes_output = options->junit != NULL && strcmp(options->junit, "-") == 0;
    enum outcome outcome = site_input_read(&site, command, paths[0], options->prefix);
    if (outcome == OUTCOME_CLEAN) {
        struct test_run run = {
            .command = command,
            .options = options,
            .table = &site.table,
            .junit = junit_create(),
            .out = takes_output ? stderr : stdout,
        };
        outcome = run_files(&run, paths + 1, count - 1);
        junit_destroy(run.junit);
    }
    site_input_release(&site);
    return outcome;
}

static bool names_input_twice(char **paths, size_t count) {
    size_t inputs = 0;
    for (size_t i = 0; i < count; i++) {
        inputs += strcmp(paths[i], "-") == 0;
    }
    return inputs > 1;
}

enum outcome command_test(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {{"junit", required_argument, NULL, 'j'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {"prefix", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct test_options options = {0};
    int option;
    while ((option = getopt_long(argc, argv, ":vp:h", known, NULL)) != -1) {
        switch (option) {
        case 'j':
            options.junit = optarg;
            break;
        case 'v':
            options.is_verbose = true;
            break;
        case 'p':
            options.prefix = optarg;
            break;
        case 'h':
            return cli_print_help(command, help);
        default:
            return cli_option_error(command, option, argv);
        }
    }
    if (optind + 2 > argc) {
        return cli_usage_error(command, "a file and tests for it are needed");
    }
    size_t count = (size_t)(argc - optind);
    if (names_input_twice(argv + optind, count)) {
        return cli_usage_error(command, "standard input can be read once only");
    }
    return test(command, argv + optind, count, &options);
}
