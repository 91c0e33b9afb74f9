/* What both back ends share: the order of a turn, deferred tasks, the clock. */
#include "loop/loop.h"

#include <stddef.h>
#include <string.h>

static const struct loop_backend *const backends[] = {
    [LOOP_EPOLL] = &loop_backend_epoll,
    [LOOP_POLL] = &loop_backend_poll,
};

bool loop_init(struct loop *loop, enum loop_method method) {
    memset(loop, 0, sizeof *loop);
    loop->backend = backends[method];
    loop->tasks_end = &loop->tasks;
    loop_update_clock(loop);
    timer_wheel_init(&loop->timers, loop->now);
    loop->backend_data = loop->backend->create();
    return loop->backend_data != NULL;
}

bool loop_add(struct loop *loop, struct loop_handle *handle) {
    return loop->backend->add(loop->backend_data, handle);
}

void loop_remove(struct loop *loop, struct loop_handle *handle) {
    loop->backend->remove(loop->backend_data, handle);
}

void loop_close(struct loop *loop, struct loop_handle *handle) {
    loop->backend->close(loop->backend_data, handle);
}

void loop_replace(struct loop *loop, struct loop_handle *handle, struct loop_handle *old) {
    handle->fd = old->fd;
    handle->ready = old->ready;
    loop->backend->replace(loop->backend_data, handle, old);
}

void loop_defer(struct loop *loop, struct loop_task *task) {
    if (task->is_queued) {
        return;
    }
    task->is_queued = true;
    task->next = NULL;
    *loop->tasks_end = task;
    loop->tasks_end = &task->next;
}

void loop_defer_next(struct loop *loop, struct loop_task *task) {
    if (task->is_queued) {
        return;
    }
    task->is_queued = true;
    task->next = loop->next_tasks;
    loop->next_tasks = task;
}

/* Tasks put off in the last turn are due at the end of this one. */
static void queue_next_tasks(struct loop *loop) {
    struct loop_task *task = loop->next_tasks;
    loop->next_tasks = NULL;
    while (task != NULL) {
        struct loop_task *older = task->next;
        task->is_queued = false;
        loop_defer(loop, task);
        task = older;
    }
}

static void unlink_task(struct loop_task **list, struct loop_task *task) {
    for (struct loop_task **link = list; *link != NULL; link = &(*link)->next) {
        if (*link == task) {
            *link = task->next;
            return;
        }
    }
}

void loop_cancel(struct loop *loop, struct loop_task *task) {
    if (!task->is_queued) {
        return;
    }
    task->is_queued = false;
    unlink_task(&loop->next_tasks, task);
    unlink_task(&loop->tasks, task);
    loop->tasks_end = &loop->tasks;
    while (*loop->tasks_end != NULL) {
        loop->tasks_end = &(*loop->tasks_end)->next;
    }
}

static void run_tasks(struct loop *loop) {
    while (loop->tasks != NULL) {
        struct loop_task *task = loop->tasks;
        loop->tasks = task->next;
        if (loop->tasks == NULL) {
            loop->tasks_end = &loop->tasks;
        }
        task->is_queued = false;
        task->run(task);
    }
}

void loop_destroy(struct loop *loop) {
    queue_next_tasks(loop);
    run_tasks(loop); /* among them those that free memory */
    if (loop->backend_data != NULL) {
        loop->backend->destroy(loop->backend_data);
        loop->backend_data = NULL;
    }
}

bool loop_run_once(struct loop *loop) {
    queue_next_tasks(loop);
    int timeout = loop->tasks != NULL ? 0 : timer_wheel_wait(&loop->timers, loop->now);
    if (!loop->backend->wait(loop, timeout)) {
        return false;
    }
    timer_wheel_advance(&loop->timers, loop->now);
    run_tasks(loop);
    return true;
}

bool loop_run(struct loop *loop) {
    while (!loop->is_stopped) {
        if (!loop_run_once(loop)) {
            return false;
        }
    }
    return true;
}

void loop_update_clock(struct loop *loop) {
    struct timespec monotonic;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &loop->clock);
    loop->now = (uint64_t)monotonic.tv_sec * 1000 + (uint64_t)monotonic.tv_nsec / 1000000;
}
