/* The supervisor's loop. It uses poll: a forked process may then close its copy without a trace in
 * the parent's, which epoll's shared set does not offer. */
#include "supervisor.h"

#include "balance/zone.h"
#include "base/container.h"
#include "control.h"
#include "crew.h"
#include "instance.h"
#include "net/staple_board.h"
#include "rotation.h"
#include "signals.h"
#include "worker_limits.h"
#include "worker_process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STOP_PATIENCE_MS = 5000 };

struct supervisor {
    struct instance instance;
    struct loop loop;
    struct signals signals;
    struct crew crew;
    struct rotation rotation;
    struct worker_shared shared; /* of what is NULL each worker has its own */
    struct timer patience;       /* after SIGTERM: what has not ended then is killed */
    bool is_stopping;
};

/* The forked process keeps its delivery and nothing of the supervisor's. */
__attribute__((noreturn)) static void become_worker(struct supervisor *self,
                                                    struct worker_process_setup *setup) {
    crew_forget(&self->crew);
    rotation_stop(&self->rotation);
    signals_stop(&self->signals, &self->loop);
    loop_destroy(&self->loop);
    instance_forget(&self->instance);
    worker_process_run(setup);
}

/* What the worker of that place starts with; descriptors are duplicates of the supervisor's. */
static bool prepare_setup(const struct supervisor *self, uint32_t place,
                          struct worker_process_setup *setup) {
    const struct bundle *bundle = self->instance.bundle;
    setup->supervisor = getpid();
    setup->privileges = bundle->privileges;
    setup->process = *bundle->file.table.process;
    setup->prefix = self->instance.options->prefix;
    setup->shared = self->shared;
    if (!bundle_deliver(bundle, NULL, place, instance_fallback(&self->instance),
                        &setup->delivery)) {
        errno = ENOMEM;
        return false;
    }
    return true;
}

static pid_t start_worker(void *owner, uint32_t place, int *line, uint32_t *seat) {
    struct supervisor *self = owner;
    struct worker_process_setup setup;
    if (!prepare_setup(self, place, &setup)) {
        return -1;
    }
    *seat = setup.seat = balance_zone_reserve_seat(self->shared.zone);
    pid_t process = -1;
    if (control_create(line, &setup.line)) {
        process = fork();
        if (process == 0) {
            close(*line);
            if (!delivery_own(&setup.delivery)) {
                _exit(EXIT_FAILURE);
            }
            worker_limits_begin(&self->instance.reporter, &self->instance.bundle->file.table,
                                place);
            become_worker(self, &setup);
        }
        int error = errno;
        close(setup.line);
        if (process < 0) {
            close(*line);
        }
        errno = error;
    }
    int error = errno;
    delivery_release(&setup.delivery);
    if (process < 0) {
        balance_zone_clear_seat(self->shared.zone, *seat);
    }
    errno = error;
    return process;
}

/* What it has left in shared memory is put right. */
static void clear_up(void *owner, const struct crew_member *member) {
    struct supervisor *self = owner;
    balance_zone_clear_seat(self->shared.zone, member->seat);
    session_zones_forget_process(&self->instance.bundle->session_zones, member->process);
    limit_zones_forget_process(&self->instance.bundle->limit_zones, member->process);
}

/* Sends a delivery; a worker that cannot be told any more is retired. */
static void send_delivery(struct supervisor *self, struct crew_member *member,
                          struct delivery *delivery, bool is_made) {
    if (is_made && control_send(member->line, delivery)) {
        delivery_release(delivery);
        return;
    }
    reporter_say(&self->instance.reporter, TABLE_LOG_ALERT,
                 "worker process %d does not follow and is replaced: %s", (int)member->process,
                 is_made ? strerror(errno) : strerror(ENOMEM));
    if (is_made) {
        delivery_release(delivery);
    }
    if (!member->is_retired) {
        crew_retire(&self->crew, member);
    }
}

static void reload(struct supervisor *self) {
    struct bundle *previous = instance_reload(&self->instance);
    if (previous == NULL) {
        return;
    }
    const struct bundle *bundle = self->instance.bundle;
    int fallback = instance_fallback(&self->instance);
    for (struct crew_member *member = self->crew.members; member != NULL; member = member->next) {
        if (!member->is_retired) {
            struct delivery delivery;
            bool is_made = bundle_deliver(bundle, previous, member->place, fallback, &delivery);
            worker_limits_change(&self->instance.reporter, &bundle->file.table,
                                 &previous->file.table, member->place, member->process);
            send_delivery(self, member, &delivery, is_made);
        }
    }
    bundle_close(previous, true);
    rotation_start(&self->rotation, &self->loop, &self->instance);
    if (!crew_resize(&self->crew, bundle->worker_count)) {
        reporter_say(&self->instance.reporter, TABLE_LOG_ALERT,
                     "cannot start more worker processes: %s", strerror(ENOMEM));
    }
}

static void reopen_logs(struct supervisor *self) {
    if (!instance_reopen_logs(&self->instance)) {
        return;
    }
    int fallback = instance_fallback(&self->instance);
    for (struct crew_member *member = self->crew.members; member != NULL; member = member->next) {
        struct delivery delivery;
        bool is_made = bundle_deliver_logs(self->instance.bundle, fallback, &delivery);
        send_delivery(self, member, &delivery, is_made);
    }
    /* Whoever could not be told has left a vacancy. */
    if (!self->is_stopping && !crew_resize(&self->crew, self->crew.wanted)) {
        reporter_say(&self->instance.reporter, TABLE_LOG_ALERT, "%s", strerror(ENOMEM));
    }
}

static void end_when_alone(struct supervisor *self) {
    if (self->is_stopping && self->crew.members == NULL) {
        self->loop.is_stopped = true;
    }
}

/* Sockets are closed here too, so that nobody waits in a queue that will not be served. */
static void stop(struct supervisor *self, int signal) {
    self->is_stopping = true;
    bundle_close_listeners(self->instance.bundle, true);
    crew_dismiss(&self->crew, signal);
    if (signal == SIGTERM) {
        timer_start(&self->loop.timers, &self->patience, self->loop.now + STOP_PATIENCE_MS);
    }
    end_when_alone(self);
}

static void patience_is_over(struct timer *timer) {
    struct supervisor *self = CONTAINER_OF(timer, struct supervisor, patience);
    crew_dismiss(&self->crew, SIGKILL);
}

static void take_signal(void *owner, int number) {
    struct supervisor *self = owner;
    switch (number) {
    case SIGHUP:
        if (!self->is_stopping) {
            reload(self);
        }
        break;
    case SIGUSR1:
        reopen_logs(self);
        break;
    case SIGTERM:
    case SIGINT:
        stop(self, SIGTERM);
        break;
    case SIGQUIT:
        stop(self, SIGQUIT);
        break;
    case SIGCHLD:
        crew_reap(&self->crew);
        end_when_alone(self);
        break;
    default: /* SIGUSR2, with which nginx replaces its program */
        reporter_say(&self->instance.reporter, TABLE_LOG_WARN, "signal %d is ignored", number);
    }
}

/* Everything is open: loop, signals and workers on top. */
static bool start(struct supervisor *self, struct failure *failure) {
    if (!loop_init(&self->loop, LOOP_POLL)) {
        return failure_set(failure, "cannot start the event loop: %s", strerror(errno));
    }
    if (!signals_start(&self->signals, &self->loop, take_signal, self)) {
        int error = errno;
        loop_destroy(&self->loop);
        return failure_set(failure, "cannot watch signals: %s", strerror(error));
    }
    self->patience.on_expire = patience_is_over;
    rotation_start(&self->rotation, &self->loop, &self->instance);
    self->shared.zone = balance_zone_create();
    self->shared.staples = staple_board_create();
    if (self->shared.zone == NULL) {
        reporter_say(&self->instance.reporter, TABLE_LOG_ALERT,
                     "no memory that workers can share: each counts connections and failures of "
                     "peers for itself");
    }
    self->crew.loop = &self->loop;
    self->crew.reporter = &self->instance.reporter;
    self->crew.start = start_worker;
    self->crew.ended = clear_up;
    self->crew.owner = self;
    instance_report_ready(&self->instance);
    if (!crew_resize(&self->crew, self->instance.bundle->worker_count)) {
        signals_stop(&self->signals, &self->loop);
        loop_destroy(&self->loop);
        staple_board_destroy(self->shared.staples);
        balance_zone_destroy(self->shared.zone);
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    return true;
}

static void run(struct supervisor *self) {
    if (!loop_run(&self->loop)) {
        reporter_say(&self->instance.reporter, TABLE_LOG_EMERG, "waiting for events failed: %s",
                     strerror(errno));
        crew_dismiss(&self->crew, SIGTERM);
    }
    timer_remove(&self->loop.timers, &self->patience);
    rotation_stop(&self->rotation);
    crew_forget(&self->crew);
    signals_stop(&self->signals, &self->loop);
    loop_destroy(&self->loop);
    staple_board_destroy(self->shared.staples);
    balance_zone_destroy(self->shared.zone);
}

bool supervisor_run(const struct options *options, struct bundle *bundle, int daemon_report,
                    struct failure *failure) {
    struct supervisor *self = calloc(1, sizeof *self);
    if (self == NULL) {
        bundle_close(bundle, true);
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    bool has_started = instance_open(&self->instance, options, bundle, daemon_report, failure) &&
                       start(self, failure);
    if (has_started) {
        run(self);
    }
    instance_close(&self->instance);
    free(self);
    return has_started;
}
