/* rpcd: runs a table. The command line decides what is done; each way of running is a file. */
#include "bundle.h"
#include "daemon.h"
#include "options.h"
#include "pid_file.h"
#include "prefix.h"
#include "signals.h"
#include "solo.h"
#include "supervisor.h"
#include "trusted_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* Tells the rpcd that runs this table. */
static bool send_signal(const struct options *options, const struct table *table,
                        struct failure *failure) {
    char path[PATH_MAX];
    struct slice name = table_text(table, table->process->pid);
    pid_t process;
    if (name.size == 0) {
        return failure_set(failure, "%s names no pid file", options->table);
    }
    if (!prefix_resolve(options->prefix, name, path, failure) ||
        !pid_file_read(path, &process, failure)) {
        return false;
    }
    return kill(process, options->signal) == 0 ||
           failure_set(failure, "cannot signal process %d: %s", (int)process, strerror(errno));
}

static bool run(const struct options *options, struct bundle *bundle, struct failure *failure) {
    const struct table_process *process = bundle->file.table.process;
    int report = -1;
    signals_prepare();
    if (process->daemon != 0 && !daemon_start(&report, failure)) {
        bundle_close(bundle, true);
        return false;
    }
    return process->master_process != 0 ? supervisor_run(options, bundle, report, failure)
                                        : solo_run(options, bundle, report, failure);
}

/* With the files that a start would need, where it would find them. */
static bool test(const struct options *options, struct bundle *bundle, struct failure *failure) {
    if (!credentials_open(&bundle->credentials, &bundle->file.table, options->prefix, failure)) {
        return false;
    }
    printf("rpcd: %s is valid\n", options->table);
    return true;
}

static bool act(const struct options *options, struct failure *failure) {
    struct bundle *bundle = bundle_load(options->table, options_trusted_keys(options), failure);
    if (bundle == NULL) {
        return false;
    }
    if (options->action == OPTIONS_RUN) {
        return run(options, bundle, failure);
    }
    bool is_done = options->action == OPTIONS_SIGNAL
                       ? send_signal(options, &bundle->file.table, failure)
                       : test(options, bundle, failure);
    bundle_close(bundle, false);
    return is_done;
}

/* With the keys that tables must be signed with, when they must be. */
static bool act_with_keys(struct options *options, struct failure *failure) {
    if (options->key_file != NULL &&
        !trusted_keys_read(&options->trusted_keys, options->key_file, failure)) {
        return false;
    }
    bool is_done = act(options, failure);
    table_keys_release(&options->trusted_keys);
    return is_done;
}

/* Started without standard input, output or error, the first files opened would take their places
 * and get what is meant for them. */
static bool fill_standard_descriptors(void) {
    int descriptor;
    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return descriptor >= 0;
}

int main(int count, char **arguments) {
    struct options options;
    struct failure failure;
    if (!fill_standard_descriptors()) {
        return STATUS_FAILED;
    }
    if (!options_parse(&options, count, arguments, &failure)) {
        fprintf(stderr, "rpcd: %s\nrpcd -h lists the options\n", failure.text);
        return STATUS_USAGE;
    }
    if (options.action == OPTIONS_HELP) {
        fputs(options_usage, stdout);
        return STATUS_DONE;
    }
    if (options.action == OPTIONS_VERSION) {
        puts("rpcd " RPC_VERSION);
        return STATUS_DONE;
    }
    if (!act_with_keys(&options, &failure)) {
        fprintf(stderr, "rpcd: %s\n", failure.text);
        return STATUS_FAILED;
    }
    return STATUS_DONE;
}
