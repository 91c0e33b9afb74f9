/* The single process: deliveries go from the bundle to the worker without a line between them. */
#include "solo.h"

#include "balance/zone.h"
#include "instance.h"
#include "net/staple_board.h"
#include "rotation.h"
#include "signals.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct solo {
    struct instance instance;
    struct worker worker;
    struct signals signals;
    struct rotation rotation;
    struct worker_shared shared;
    bool has_failed;
};

/* Duplicates, as the worker closes what it is given and the bundle keeps its own. */
static bool hand_over(struct solo *self, const struct bundle *previous, struct failure *failure) {
    const struct bundle *bundle = self->instance.bundle;
    struct delivery delivery;
    if (!bundle_deliver(bundle, previous, 0, instance_fallback(&self->instance), &delivery)) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    bool is_done;
    if (!delivery_own(&delivery)) {
        is_done = failure_set(failure, "%s", strerror(errno));
    } else if (previous == NULL) {
        is_done = worker_start(&self->worker, bundle->file.table.process,
                               self->instance.options->prefix, &self->shared, &delivery, failure);
    } else {
        is_done = worker_take(&self->worker, &delivery, failure);
    }
    delivery_close(&delivery);
    delivery_release(&delivery);
    return is_done;
}

static void fail(struct solo *self, const struct failure *failure) {
    reporter_say(&self->instance.reporter, TABLE_LOG_EMERG, "%s", failure->text);
    self->has_failed = true;
    self->worker.loop.is_stopped = true;
}

static void reload(struct solo *self) {
    struct bundle *previous = instance_reload(&self->instance);
    if (previous == NULL) {
        return;
    }
    struct failure failure;
    if (!hand_over(self, previous, &failure)) {
        fail(self, &failure);
    }
    bundle_close(previous, true);
    rotation_start(&self->rotation, &self->worker.loop, &self->instance);
}

static void reopen_logs(struct solo *self) {
    struct delivery delivery;
    struct failure failure;
    if (!instance_reopen_logs(&self->instance)) {
        return;
    }
    if (!bundle_deliver_logs(self->instance.bundle, instance_fallback(&self->instance),
                             &delivery)) {
        return;
    }
    if (!delivery_own(&delivery)) {
        reporter_say(&self->instance.reporter, TABLE_LOG_ALERT, "cannot reopen log files: %s",
                     strerror(errno));
    } else if (!worker_take(&self->worker, &delivery, &failure)) {
        fail(self, &failure);
    }
    delivery_close(&delivery);
    delivery_release(&delivery);
}

static void take_signal(void *owner, int number) {
    struct solo *self = owner;
    if (number == SIGTERM || number == SIGINT) {
        self->worker.loop.is_stopped = true;
    } else if (number == SIGQUIT) {
        bundle_close_listeners(self->instance.bundle, true);
        worker_drain(&self->worker);
    } else if (number == SIGHUP && !self->worker.is_draining) {
        reload(self);
    } else if (number == SIGUSR1) {
        reopen_logs(self);
    }
}

static bool serve(struct solo *self, struct failure *failure) {
    instance_report_ready(&self->instance);
    if (!hand_over(self, NULL, failure)) {
        return false;
    }
    if (!signals_start(&self->signals, &self->worker.loop, take_signal, self)) {
        return failure_set(failure, "cannot watch signals: %s", strerror(errno));
    }
    rotation_start(&self->rotation, &self->worker.loop, &self->instance);
    if (!loop_run(&self->worker.loop)) {
        failure_set(failure, "waiting for events failed: %s", strerror(errno));
        self->has_failed = true;
    }
    rotation_stop(&self->rotation);
    signals_stop(&self->signals, &self->worker.loop);
    return !self->has_failed;
}

bool solo_run(const struct options *options, struct bundle *bundle, int daemon_report,
              struct failure *failure) {
    struct solo *self = calloc(1, sizeof *self);
    if (self == NULL) {
        bundle_close(bundle, true);
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    failure_set(failure, "stopped after an error; see the error log");
    bool is_done = instance_open(&self->instance, options, bundle, daemon_report, failure);
    if (is_done) {
        self->shared.zone = balance_zone_create();
        self->shared.staples = staple_board_create();
        balance_zone_sit(self->shared.zone, balance_zone_reserve_seat(self->shared.zone));
        is_done = serve(self, failure);
        worker_destroy(&self->worker);
        staple_board_destroy(self->shared.staples);
        balance_zone_destroy(self->shared.zone);
    }
    instance_close(&self->instance);
    free(self);
    return is_done;
}
