/* Opening and closing what a table needs. */
#include "bundle.h"

#include "log/server.h"
#include "prefix.h"
#include "temp_folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WORKERS = 1024 }; /* NGX_MAX_PROCESSES */

struct bundle *bundle_load(const char *path, const struct table_keys *trusted_keys,
                           struct failure *failure) {
    struct bundle *bundle = calloc(1, sizeof *bundle);
    if (bundle == NULL) {
        failure_set(failure, "%s: %s", path, strerror(ENOMEM));
        return NULL;
    }
    if (!table_file_open(&bundle->file, path, trusted_keys, failure)) {
        free(bundle);
        return NULL;
    }
    bundle->credentials.descriptor = -1;
    return bundle;
}

static uint32_t count_workers(const struct table *table) {
    long count = table->process->worker_processes;
    if (count == 0) { /* auto */
        count = sysconf(_SC_NPROCESSORS_ONLN);
    }
    if (count < 1) {
        return 1;
    }
    return count < MOST_WORKERS ? (uint32_t)count : MOST_WORKERS;
}

/* The listeners of two tables are few; their addresses are compared one by one. */
static uint32_t find_previous(const struct bundle *bundle, uint32_t listener,
                              const struct bundle *previous) {
    for (uint32_t i = 0; previous != NULL && i < previous->file.table.listener_count; i++) {
        if (listening_is_same(&bundle->file.table, listener, &previous->file.table, i)) {
            return i;
        }
    }
    return TABLE_NONE;
}

/* Sockets that are open already go on; those that are missing are opened. */
static bool open_sockets(struct bundle *bundle, uint32_t listener, const struct bundle *previous,
                         struct failure *failure) {
    struct bundle_listener *opened = &bundle->listeners[listener];
    const struct bundle_listener *old =
        opened->previous != TABLE_NONE ? &previous->listeners[opened->previous] : NULL;
    uint32_t wanted = opened->is_shared ? 1 : bundle->worker_count;
    opened->sockets = calloc(wanted, sizeof(struct listening_socket *));
    if (opened->sockets == NULL) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    while (opened->count < wanted) {
        struct listening_socket *socket = NULL;
        if (old != NULL && opened->count < old->count) {
            socket = listening_hold(old->sockets[opened->count]);
        } else {
            socket = listening_open(&bundle->file.table, listener, failure);
        }
        if (socket == NULL) {
            return false;
        }
        opened->sockets[opened->count++] = socket;
        if (old != NULL &&
            !listening_admit_others(socket, &bundle->file.table, listener, failure)) {
            return false;
        }
    }
    return true;
}

/* Last, as it cannot be undone. */
static bool adjust_sockets(const struct bundle *bundle, struct failure *failure) {
    const struct table *table = &bundle->file.table;
    for (uint32_t i = 0; i < table->listener_count; i++) {
        const struct bundle_listener *opened = &bundle->listeners[i];
        for (uint32_t k = 0; opened->previous != TABLE_NONE && k < opened->count; k++) {
            if (!listening_adjust(opened->sockets[k], table, i, failure)) {
                return false;
            }
        }
    }
    return true;
}

/* An IPv6 socket cannot change its mind about IPv4 once it is bound. */
static bool check_change(const struct bundle *bundle, uint32_t listener,
                         const struct bundle *previous, struct failure *failure) {
    const struct table *table = &bundle->file.table;
    const struct table_listener *record = &table->listener[listener];
    uint32_t old = bundle->listeners[listener].previous;
    if (previous == NULL || old == TABLE_NONE ||
        previous->file.table.listener[old].ipv6only == record->ipv6only) {
        return true;
    }
    return failure_set(failure, "%s:%u: ipv6only of %s can only change with a restart",
                       record->place.source != TABLE_NONE
                           ? table_chars(table, table->source[record->place.source].name)
                           : "",
                       record->place.line, table_chars(table, record->name));
}

static bool open_listeners(struct bundle *bundle, const struct bundle *previous,
                           struct failure *failure) {
    const struct table *table = &bundle->file.table;
    bundle->listeners = calloc((size_t)table->listener_count + 1, sizeof *bundle->listeners);
    if (bundle->listeners == NULL) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    for (uint32_t i = 0; i < table->listener_count; i++) {
        const struct table_listener *record = &table->listener[i];
        bundle->listeners[i].is_shared =
            record->reuseport == 0 || record->family == TABLE_FAMILY_UNIX;
        bundle->listeners[i].previous = find_previous(bundle, i, previous);
        if (!check_change(bundle, i, previous, failure) ||
            !open_sockets(bundle, i, previous, failure)) {
            return false;
        }
    }
    return adjust_sockets(bundle, failure);
}

static void close_logs(int *logs, uint32_t count) {
    for (uint32_t i = 0; logs != NULL && i < count; i++) {
        if (logs[i] >= 0) {
            close(logs[i]);
        }
    }
    free(logs);
}

static int open_log(const char *prefix, struct slice path, struct failure *failure) {
    char resolved[PATH_MAX];
    bool is_name = slice_equals(path, SLICE("stderr"));
    if (log_is_server(path)) {
        return log_server_find(path, failure);
    }
    if (!prefix_resolve(is_name ? NULL : prefix, path, resolved, failure)) {
        return -1;
    }
    int descriptor = log_descriptor_open(resolved);
    if (descriptor < 0) {
        failure_set(failure, "cannot open log file %s: %s", resolved, strerror(errno));
    }
    return descriptor;
}

/* There is nothing to open anew of a syslog server, and its name may just not resolve. */
static int copy_server(int descriptor, struct failure *failure) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copy < 0) {
        failure_set(failure, "cannot keep an address of syslog: %s", strerror(errno));
    }
    return copy;
}

/* `previous`, or NULL, are those that are open. */
static int *open_logs(const struct log_paths *paths, const char *prefix, const int *previous,
                      struct failure *failure) {
    int *logs = calloc((size_t)paths->count + 1, sizeof *logs);
    if (logs == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    for (uint32_t i = 0; i < paths->count; i++) {
        bool is_kept = previous != NULL && log_is_server(paths->paths[i]);
        logs[i] = is_kept ? copy_server(previous[i], failure)
                          : open_log(prefix, paths->paths[i], failure);
        if (logs[i] < 0) {
            close_logs(logs, i);
            return NULL;
        }
    }
    return logs;
}

/* Workers that are running cannot become somebody else, and those that follow them have to get on
 * with the same folders: so the user stays until rpcd is restarted. */
static bool find_privileges(struct bundle *bundle, const struct bundle *previous,
                            struct failure *failure) {
    struct privileges *wanted = &bundle->privileges;
    if (!privileges_find(wanted, &bundle->file.table, failure)) {
        return false;
    }
    if (previous != NULL) {
        const struct privileges *kept = &previous->privileges;
        bundle->keeps_user = wanted->user != kept->user || wanted->group != kept->group;
        wanted->user = kept->user;
        wanted->group = kept->group;
        memcpy(wanted->user_name, kept->user_name, sizeof wanted->user_name);
    }
    return true;
}

bool bundle_open(struct bundle *bundle, const char *prefix, const struct bundle *previous,
                 struct failure *failure) {
    const struct table *table = &bundle->file.table;
    bundle->number = previous != NULL ? previous->number + 1 : 1;
    bundle->worker_count = count_workers(table);
    if (!find_privileges(bundle, previous, failure) ||
        !temp_folders_prepare(table, prefix, &bundle->privileges, failure)) {
        return false;
    }
    if (!log_paths_collect(&bundle->log_paths, table)) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    if (!session_zones_open(&bundle->session_zones, table, bundle->number,
                            previous != NULL ? &previous->session_zones : NULL,
                            previous != NULL ? &previous->file.table : NULL, failure)) {
        return false;
    }
    if (!limit_zones_open(&bundle->limit_zones, table, bundle->number,
                          previous != NULL ? &previous->limit_zones : NULL,
                          previous != NULL ? &previous->file.table : NULL, failure)) {
        return false;
    }
    if (!credentials_open(&bundle->credentials, table, prefix, failure)) {
        return false;
    }
    bundle->logs = open_logs(&bundle->log_paths, prefix, NULL, failure);
    return bundle->logs != NULL && open_listeners(bundle, previous, failure);
}

bool bundle_reopen_logs(struct bundle *bundle, const char *prefix, struct failure *failure) {
    int *logs = open_logs(&bundle->log_paths, prefix, bundle->logs, failure);
    if (logs == NULL) {
        return false;
    }
    close_logs(bundle->logs, bundle->log_paths.count);
    bundle->logs = logs;
    return true;
}

static struct listening_socket *socket_of(const struct bundle *bundle, uint32_t listener,
                                          uint32_t worker) {
    const struct bundle_listener *opened = &bundle->listeners[listener];
    if (opened->is_shared) {
        return opened->sockets[0];
    }
    return worker < opened->count ? opened->sockets[worker] : NULL;
}

/* A socket the worker has already stays with it, so that no connection in its queue is lost. */
static void deliver_listener(const struct bundle *bundle, const struct bundle *previous,
                             uint32_t worker, uint32_t listener, struct delivery *delivery) {
    const struct listening_socket *socket = socket_of(bundle, listener, worker);
    uint32_t old = previous != NULL ? bundle->listeners[listener].previous : TABLE_NONE;
    if (socket != NULL && old != TABLE_NONE && socket_of(previous, old, worker) == socket) {
        delivery->kept[listener] = old;
    } else if (socket != NULL) {
        delivery->sockets[listener] = socket->descriptor;
    }
}

static void deliver_logs(const struct bundle *bundle, int fallback, struct delivery *delivery) {
    uint32_t count = bundle->log_paths.count;
    memcpy(delivery->logs, bundle->logs, count * sizeof(int));
    delivery->logs[count] = fallback;
}

bool bundle_deliver(const struct bundle *bundle, const struct bundle *previous, uint32_t worker,
                    int fallback, struct delivery *delivery) {
    uint32_t listener_count = bundle->file.table.listener_count;
    uint32_t memory_count = session_zones_memory_count(&bundle->session_zones);
    if (!delivery_create(delivery, listener_count, memory_count + bundle->limit_zones.count,
                         bundle->log_paths.count + 1)) {
        return false;
    }
    delivery->number = bundle->number;
    delivery->table = bundle->file.descriptor;
    delivery->table_size = bundle->file.size;
    delivery->secrets = bundle->credentials.descriptor;
    delivery->secrets_size = bundle->credentials.size;
    for (uint32_t i = 0; i < listener_count; i++) {
        deliver_listener(bundle, previous, worker, i, delivery);
    }
    session_zones_deliver(&bundle->session_zones, delivery);
    limit_zones_deliver(&bundle->limit_zones, delivery, memory_count);
    deliver_logs(bundle, fallback, delivery);
    return true;
}

bool bundle_deliver_logs(const struct bundle *bundle, int fallback, struct delivery *delivery) {
    if (!delivery_create(delivery, 0, 0, bundle->log_paths.count + 1)) {
        return false;
    }
    delivery->number = bundle->number;
    deliver_logs(bundle, fallback, delivery);
    return true;
}

void bundle_close_listeners(struct bundle *bundle, bool remove_files) {
    if (bundle->listeners == NULL) {
        return;
    }
    for (uint32_t i = 0; i < bundle->file.table.listener_count; i++) {
        struct bundle_listener *opened = &bundle->listeners[i];
        for (uint32_t k = 0; k < opened->count; k++) {
            listening_release(opened->sockets[k], remove_files);
        }
        free(opened->sockets);
    }
    free(bundle->listeners);
    bundle->listeners = NULL;
}

void bundle_close(struct bundle *bundle, bool remove_files) {
    bundle_close_listeners(bundle, remove_files);
    close_logs(bundle->logs, bundle->log_paths.count);
    log_paths_release(&bundle->log_paths);
    credentials_close(&bundle->credentials);
    session_zones_close(&bundle->session_zones);
    limit_zones_close(&bundle->limit_zones);
    table_file_close(&bundle->file);
    free(bundle);
}
