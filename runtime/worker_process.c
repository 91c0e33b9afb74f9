/* A worker process: rights are dropped, then the loop serves, with the line to the supervisor and
 * the signals on it. */
#include "worker_process.h"

#include "balance/zone.h"
#include "base/container.h"
#include "control.h"
#include "net/staple_board.h"
#include "reporter.h"
#include "signals.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct worker_process {
    struct worker worker;
    struct loop_handle line;
    struct signals signals;
    struct control_intake intake;
    int status; /* to exit with */
};

static void report(struct worker *worker, const struct failure *failure) {
    struct reporter reporter = {.log = &worker->log};
    reporter.targets = worker_error_logs(worker, &reporter.target_count);
    if (worker->log.fallback != NULL) {
        reporter_say(&reporter, TABLE_LOG_ALERT, "worker process: %s", failure->text);
    } else {
        fprintf(stderr, "rpcd: worker process: %s\n", failure->text);
    }
}

static void stop(struct worker_process *self, int status) {
    self->status = status;
    self->worker.loop.is_stopped = true;
}

static void take_signal(void *owner, int number) {
    struct worker_process *self = owner;
    if (number == SIGTERM || number == SIGINT) {
        stop(self, EXIT_SUCCESS);
    } else if (number == SIGQUIT) {
        worker_drain(&self->worker);
    }
}

/* A worker that cannot follow makes room for one that starts with the new table. */
static void take_delivery(struct worker_process *self) {
    struct failure failure;
    if (!worker_take(&self->worker, &self->intake.delivery, &failure)) {
        report(&self->worker, &failure);
        stop(self, EXIT_FAILURE);
    }
    control_intake_clear(&self->intake);
}

static void read_line(struct loop_handle *handle, uint32_t events) {
    struct worker_process *self = CONTAINER_OF(handle, struct worker_process, line);
    (void)events;
    enum control_result result = CONTROL_COMPLETE;
    while (result == CONTROL_COMPLETE && !self->worker.loop.is_stopped) {
        result = control_receive(handle->fd, &self->intake);
        if (result == CONTROL_COMPLETE) {
            take_delivery(self);
        }
    }
    if (result == CONTROL_WAIT) {
        handle->ready &= (uint8_t)~LOOP_READ;
    } else if (result == CONTROL_ENDED) {
        stop(self, EXIT_SUCCESS);
    } else if (result == CONTROL_BROKEN) {
        struct failure failure;
        failure_set(&failure, "a delivery from the supervisor came in pieces");
        report(&self->worker, &failure);
        stop(self, EXIT_FAILURE);
    }
}

/* The signal comes when the supervisor ends from now on; it may have ended before. */
static bool bind_to_supervisor(pid_t supervisor, struct failure *failure) {
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0) {
        return failure_set(failure, "prctl(PR_SET_PDEATHSIG) failed: %s", strerror(errno));
    }
    return getppid() == supervisor || failure_set(failure, "the supervisor is gone");
}

static bool watch(struct worker_process *self, int line, struct failure *failure) {
    self->line = (struct loop_handle){.fd = line, .on_ready = read_line};
    if (!signals_start(&self->signals, &self->worker.loop, take_signal, self) ||
        !loop_add(&self->worker.loop, &self->line)) {
        return failure_set(failure, "cannot watch signals: %s", strerror(errno));
    }
    return true;
}

void worker_process_run(struct worker_process_setup *setup) {
    static const struct worker_process empty;
    struct worker_process *self = malloc(sizeof *self);
    if (self == NULL) {
        exit(EXIT_FAILURE);
    }
    *self = empty;
    struct failure failure;
    balance_zone_sit(setup->shared.zone, setup->seat);
    /* Changing the user cancels the signal of a parent's end, so that is arranged afterwards. */
    bool has_started = privileges_drop(&setup->privileges, &failure) &&
                       bind_to_supervisor(setup->supervisor, &failure) &&
                       worker_start(&self->worker, &setup->process, setup->prefix, &setup->shared,
                                    &setup->delivery, &failure) &&
                       watch(self, setup->line, &failure);
    delivery_close(&setup->delivery);
    delivery_release(&setup->delivery);
    if (!has_started) {
        report(&self->worker, &failure);
        exit(EXIT_FAILURE);
    }
    if (!loop_run(&self->worker.loop)) {
        failure_set(&failure, "waiting for events failed: %s", strerror(errno));
        report(&self->worker, &failure);
        self->status = EXIT_FAILURE;
    }
    int status = self->status;
    control_intake_clear(&self->intake);
    signals_stop(&self->signals, &self->worker.loop);
    loop_remove(&self->worker.loop, &self->line);
    close(setup->line);
    worker_destroy(&self->worker);
    staple_board_destroy(setup->shared.staples);
    balance_zone_destroy(setup->shared.zone);
    free(self);
    exit(status);
}
