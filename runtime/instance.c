/* Starting, renewing and ending what is common to all ways of running. */
#include "instance.h"

#include "daemon.h"
#include "log/file.h"
#include "pid_file.h"
#include "prefix.h"
#include "worker_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The fallback: rpcd -e FILE, or standard error. */
static bool open_fallback(struct instance *instance, struct failure *failure) {
    const char *path = instance->options->error_log;
    char resolved[PATH_MAX] = "stderr";
    if (path != NULL && strcmp(path, "stderr") != 0 &&
        !prefix_resolve(instance->options->prefix, slice_from_string(path), resolved, failure)) {
        return false;
    }
    int descriptor = log_descriptor_open(resolved);
    if (descriptor < 0) {
        return failure_set(failure, "cannot open log file %s: %s", resolved, strerror(errno));
    }
    return log_adopt_fallback(&instance->log, descriptor) ||
           failure_set(failure, "%s", strerror(ENOMEM));
}

static void release_targets(struct instance *instance, struct log_target *targets, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        log_file_release(&instance->log, targets[i].file);
    }
    free(targets);
}

/* The process's own error logs, on duplicates of the bundle's descriptors. */
static struct log_target *open_targets(struct instance *instance, const struct bundle *bundle) {
    const struct table *table = &bundle->file.table;
    struct table_range range = table->process->error_logs;
    struct log_target *targets = calloc((size_t)range.count + 1, sizeof *targets);
    for (uint32_t i = 0; targets != NULL && i < range.count; i++) {
        uint32_t position = bundle->log_paths.error_logs[range.first + i];
        int copy = fcntl(bundle->logs[position], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        struct log_file *file =
            copy >= 0 ? log_file_adopt(&instance->log, bundle->log_paths.paths[position], copy)
                      : NULL;
        if (file == NULL) {
            release_targets(instance, targets, i);
            return NULL;
        }
        const struct table_error_log *record = &table->error_log[range.first + i];
        targets[i] = (struct log_target){
            .file = file, .level = record->level, .sender = log_sender_of(table, record->syslog)};
    }
    return targets;
}

static void use_targets(struct instance *instance, const struct bundle *bundle,
                        struct log_target *targets) {
    release_targets(instance, instance->targets, instance->reporter.target_count);
    instance->targets = targets;
    instance->reporter.targets = targets;
    instance->reporter.target_count = bundle->file.table.process->error_logs.count;
}

/* Writes the pid file where the bundle's table wants it, and removes one it wanted elsewhere. */
static bool move_pid_file(struct instance *instance, const struct bundle *bundle,
                          struct failure *failure) {
    struct slice path = table_text(&bundle->file.table, bundle->file.table.process->pid);
    char resolved[PATH_MAX] = "";
    if (path.size > 0 && !prefix_resolve(instance->options->prefix, path, resolved, failure)) {
        return false;
    }
    if (strcmp(resolved, instance->pid_path) == 0) {
        return true;
    }
    if (resolved[0] != '\0' && !pid_file_write(resolved, failure)) {
        return false;
    }
    if (instance->pid_path[0] != '\0') {
        pid_file_remove(instance->pid_path);
    }
    memcpy(instance->pid_path, resolved, sizeof resolved);
    return true;
}

static void tell_warnings(const struct instance *instance, const struct bundle *bundle) {
    for (const struct credentials_warning *warning = bundle->credentials.warnings; warning != NULL;
         warning = warning->next) {
        reporter_say(&instance->reporter, TABLE_LOG_WARN, "%s", warning->text);
    }
}

/* The last step that can fail of making a bundle current. */
static bool use_bundle(struct instance *instance, const struct bundle *bundle,
                       struct failure *failure) {
    struct log_target *targets = open_targets(instance, bundle);
    if (targets == NULL) {
        return failure_set(failure, "cannot open error log: %s", strerror(errno));
    }
    if (!move_pid_file(instance, bundle, failure)) {
        release_targets(instance, targets, bundle->file.table.process->error_logs.count);
        return false;
    }
    use_targets(instance, bundle, targets);
    tell_warnings(instance, bundle);
    return true;
}

static void warn_of_limits(const struct instance *instance, uint64_t file_limit) {
    const struct table *table = &instance->bundle->file.table;
    uint32_t connections = table->process->worker_connections;
    uint64_t limit = worker_limits_files(table, file_limit);
    if (connections > file_limit && connections > limit) {
        reporter_say(&instance->reporter, TABLE_LOG_WARN,
                     "%u worker_connections exceed open file resource limit: %llu", connections,
                     (unsigned long long)limit);
    }
}

static bool open_all(struct instance *instance, struct failure *failure) {
    if (!open_fallback(instance, failure) ||
        !bundle_open(instance->bundle, instance->options->prefix, NULL, failure)) {
        return false;
    }
    return use_bundle(instance, instance->bundle, failure);
}

bool instance_open(struct instance *instance, const struct options *options, struct bundle *bundle,
                   int daemon_report, struct failure *failure) {
    memset(instance, 0, sizeof *instance);
    instance->options = options;
    instance->bundle = bundle;
    instance->daemon_report = daemon_report;
    log_init(&instance->log, NULL);
    instance->reporter.log = &instance->log;
    uint64_t file_limit = privileges_raise_file_limit();
    if (!open_all(instance, failure)) {
        if (options->error_log != NULL) {
            log_message(&instance->log, TABLE_LOG_EMERG, "%s", failure->text);
        }
        return false;
    }
    warn_of_limits(instance, file_limit);
    return true;
}

/* A log that goes to a terminal or pipe ends here; better said than found out. */
static void warn_of_lost_logs(const struct instance *instance) {
    const struct log_paths *paths = &instance->bundle->log_paths;
    for (uint32_t i = 0; i < paths->count; i++) {
        int own = log_own_descriptor(paths->paths[i]);
        if (own >= 0 && daemon_gives_up(own)) {
            fprintf(stderr, "rpcd: with daemon on, nothing is logged to %.*s any more\n",
                    SLICE_ARGS(paths->paths[i]));
        }
    }
}

void instance_report_ready(struct instance *instance) {
    if (instance->daemon_report < 0) {
        return;
    }
    warn_of_lost_logs(instance);
    daemon_report_ready(instance->daemon_report);
    instance->daemon_report = -1;
    if (!instance_reopen_logs(instance)) {
        reporter_say(&instance->reporter, TABLE_LOG_ALERT, "standard error is not given up");
    }
}

/* What workers that go on cannot take over. */
static void warn_of_lasting_settings(const struct instance *instance, const struct bundle *bundle) {
    const struct bundle *old = instance->bundle;
    if (bundle->keeps_user) {
        reporter_say(&instance->reporter, TABLE_LOG_WARN,
                     "workers keep their user until rpcd is restarted");
    }
    if (old->file.table.process->use != bundle->file.table.process->use) {
        reporter_say(&instance->reporter, TABLE_LOG_WARN,
                     "workers that are running keep their event method until they are restarted");
    }
}

static bool renew(struct instance *instance, struct bundle *bundle, struct failure *failure) {
    return bundle_open(bundle, instance->options->prefix, instance->bundle, failure) &&
           use_bundle(instance, bundle, failure);
}

struct bundle *instance_reload(struct instance *instance) {
    struct failure failure = {""};
    struct bundle *bundle =
        bundle_load(instance->options->table, options_trusted_keys(instance->options), &failure);
    bool is_new = bundle != NULL && renew(instance, bundle, &failure);
    if (!is_new) {
        reporter_say(&instance->reporter, TABLE_LOG_EMERG,
                     "cannot reload, the previous table stays: %s", failure.text);
        if (bundle != NULL) {
            bundle_close(bundle, true);
        }
        return NULL;
    }
    struct bundle *previous = instance->bundle;
    warn_of_lasting_settings(instance, bundle);
    instance->bundle = bundle;
    reporter_say(&instance->reporter, TABLE_LOG_NOTICE, "reloaded %s: table %u",
                 instance->options->table, bundle->number);
    return previous;
}

bool instance_reopen_logs(struct instance *instance) {
    struct failure failure;
    if (!open_fallback(instance, &failure) ||
        !bundle_reopen_logs(instance->bundle, instance->options->prefix, &failure)) {
        reporter_say(&instance->reporter, TABLE_LOG_ALERT, "cannot reopen log files: %s",
                     failure.text);
        return false;
    }
    struct log_target *targets = open_targets(instance, instance->bundle);
    if (targets == NULL) {
        reporter_say(&instance->reporter, TABLE_LOG_ALERT, "cannot reopen error log: %s",
                     strerror(errno));
        return false;
    }
    use_targets(instance, instance->bundle, targets);
    return true;
}

static void close_all(struct instance *instance, bool remove_files) {
    bundle_close(instance->bundle, remove_files);
    release_targets(instance, instance->targets, instance->reporter.target_count);
    log_destroy(&instance->log);
    if (instance->daemon_report >= 0) {
        close(instance->daemon_report);
    }
}

void instance_close(struct instance *instance) {
    if (instance->pid_path[0] != '\0') {
        pid_file_remove(instance->pid_path);
    }
    close_all(instance, true);
}

void instance_forget(struct instance *instance) {
    close_all(instance, false);
}

int instance_fallback(const struct instance *instance) {
    return instance->log.fallback->descriptor;
}
