/* The life of a worker between start and end. */
#include "worker.h"

#include "base/container.h"
#include "file/file.h"
#include "http/service.h"
#include "log/file.h"
#include "proxy/proxy.h"
#include "reporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool fail_memory(struct failure *failure) {
    return failure_set(failure, "%s", strerror(ENOMEM));
}

bool worker_start(struct worker *worker, const struct table_process *process, const char *prefix,
                  const struct worker_shared *shared, struct delivery *delivery,
                  struct failure *failure) {
    memset(worker, 0, sizeof *worker);
    if (!loop_init(&worker->loop, process->use)) {
        return failure_set(failure, "cannot start the event loop: %s", strerror(errno));
    }
    log_init(&worker->log, &worker->loop);
    const struct http_service_options options = {
        .proxy = &proxy_hooks,
        .files = &file_hooks,
        .zone = shared->zone,
        .staples = shared->staples,
        .loop = &worker->loop,
        .log = &worker->log,
        .memory = &worker->memory,
        .worker_connections = process->worker_connections,
        .prefix = prefix,
        .multi_accept = process->multi_accept != 0,
    };
    worker->service = http_service_create(&options);
    if (worker->service == NULL) {
        return fail_memory(failure);
    }
    return worker_take(worker, delivery, failure);
}

/* The fallback comes first, so that what goes wrong with the rest can be logged. A worker that
 * never got the table whose files were reopened has none of them. */
static bool take_logs(struct worker *worker, struct delivery *delivery, struct failure *failure) {
    uint32_t count = delivery->log_count - 1;
    int fallback = delivery->logs[count];
    delivery->logs[count] = -1;
    if (!log_adopt_fallback(&worker->log, fallback)) {
        return fail_memory(failure);
    }
    if (delivery->table < 0 && worker->generation != NULL &&
        worker->generation->number == delivery->number) {
        generation_reopen_logs(worker->generation, delivery->logs, count);
        http_service_reopen_logs(worker->service);
        delivery->log_count = 0;
    }
    return true;
}

static struct generation *open_generation(struct worker *worker, struct delivery *delivery,
                                          struct failure *failure) {
    char reason[256];
    struct generation *generation = generation_open(delivery->table, delivery->table_size,
                                                    delivery->number, reason, sizeof reason);
    delivery->table = -1;
    if (generation == NULL) {
        failure_set(failure, "table %u: %s", delivery->number, reason);
        return NULL;
    }
    bool has_logs =
        generation_open_logs(generation, &worker->log, delivery->logs, delivery->log_count - 1);
    delivery->log_count = 0;
    int secrets = delivery->secrets;
    delivery->secrets = -1;
    bool has_secrets =
        secrets < 0 || generation_open_secrets(generation, secrets, delivery->secrets_size);
    bool has_memories = generation_open_memories(generation, delivery->memories,
                                                 delivery->memory_numbers, delivery->memory_count);
    if (!has_logs || !has_secrets || !has_memories) {
        fail_memory(failure);
        generation_release(generation);
        return NULL;
    }
    return generation;
}

/* The service gets a reference of its own; until it has it, ours is the only one. */
static bool use_generation(struct worker *worker, struct generation *generation,
                           struct failure *failure) {
    if (!http_service_use(worker->service, generation_hold(generation))) {
        generation_release(generation);
        generation_release(generation);
        return fail_memory(failure);
    }
    if (worker->generation != NULL) {
        generation_release(worker->generation);
    }
    worker->generation = generation;
    return true;
}

/* Matches the sockets to the new table's listeners, then adds those that are new. */
static bool relisten(struct worker *worker, struct delivery *delivery, struct failure *failure) {
    uint32_t count = delivery->listener_count;
    int *sockets = calloc((size_t)count + 1, sizeof *sockets);
    if (sockets == NULL) {
        return fail_memory(failure);
    }
    for (uint32_t i = 0; i < count; i++) {
        sockets[i] = delivery->kept[i] != TABLE_NONE ? worker->sockets[delivery->kept[i]] : -1;
    }
    free(worker->sockets);
    worker->sockets = sockets;
    http_service_relisten(worker->service, sockets, count);
    for (uint32_t i = 0; i < count; i++) {
        if (delivery->sockets[i] < 0) {
            continue;
        }
        sockets[i] = delivery->sockets[i];
        delivery->sockets[i] = -1;
        if (!http_service_listen(worker->service, sockets[i], i)) {
            return failure_set(failure, "cannot accept connections: %s", strerror(errno));
        }
    }
    return true;
}

bool worker_take(struct worker *worker, struct delivery *delivery, struct failure *failure) {
    if (!take_logs(worker, delivery, failure)) {
        return false;
    }
    if (delivery->table < 0 || worker->is_draining) {
        return true;
    }
    struct generation *generation = open_generation(worker, delivery, failure);
    return generation != NULL && use_generation(worker, generation, failure) &&
           relisten(worker, delivery, failure);
}

static void stop_loop(void *data) {
    struct worker *worker = data;
    worker->loop.is_stopped = true;
}

static void end_drain(struct timer *timer) {
    struct worker *worker = CONTAINER_OF(timer, struct worker, shutdown_timer);
    struct reporter reporter = {.log = &worker->log};
    reporter.targets = worker_error_logs(worker, &reporter.target_count);
    reporter_say(&reporter, TABLE_LOG_NOTICE,
                 "worker_shutdown_timeout is over, closing the connections that are left");
    http_service_close(worker->service);
}

static void limit_drain(struct worker *worker) {
    uint64_t limit = worker->generation->table.process->worker_shutdown_timeout;
    if (limit > 0) {
        worker->shutdown_timer.on_expire = end_drain;
        timer_start(&worker->loop.timers, &worker->shutdown_timer, worker->loop.now + limit);
    }
}

void worker_drain(struct worker *worker) {
    if (!worker->is_draining) {
        worker->is_draining = true;
        limit_drain(worker);
        http_service_drain(worker->service, stop_loop, worker);
    }
}

void worker_destroy(struct worker *worker) {
    /* Ours is given back first: what the service built for it must not outlive the service. */
    if (worker->generation != NULL) {
        generation_release(worker->generation);
    }
    if (worker->service != NULL) {
        http_service_destroy(worker->service);
    }
    timer_remove(&worker->loop.timers, &worker->shutdown_timer);
    /* Its last tasks free what may still hold a generation, and with that log files. */
    loop_destroy(&worker->loop);
    memory_pool_release(&worker->memory);
    log_destroy(&worker->log);
    free(worker->sockets);
}

const struct log_target *worker_error_logs(const struct worker *worker, uint32_t *count) {
    if (worker->generation == NULL) {
        *count = 0;
        return NULL;
    }
    struct table_range range = worker->generation->table.process->error_logs;
    *count = range.count;
    return worker->generation->error_logs + range.first;
}
