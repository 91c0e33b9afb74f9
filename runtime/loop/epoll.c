/* The epoll back end: a descriptor is registered once, edge-triggered, for both directions.
 * Listeners are level-triggered, and the kernel wakes one worker for a connection. The kernel knows
 * descriptors by their numbers alone, so that a handle is replaced by another without asking it. */
#include "loop/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_PER_WAIT = 512 };

static const uint32_t LISTENER_EVENTS = EPOLLIN | EPOLLEXCLUSIVE;
static const uint32_t CONNECTION_EVENTS = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

struct epoll_backend {
    int fd;
    struct loop_handle **handles; /* by number of their descriptor */
    size_t capacity;
    struct epoll_event events[EVENTS_PER_WAIT];
};

static void *create_epoll(void) {
    struct epoll_backend *epoll = calloc(1, sizeof *epoll);
    if (epoll == NULL) {
        return NULL;
    }
    epoll->fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll->fd < 0) {
        int error = errno;
        free(epoll);
        errno = error;
        return NULL;
    }
    return epoll;
}

static void destroy_epoll(void *data) {
    struct epoll_backend *epoll = data;
    close(epoll->fd);
    free(epoll->handles);
    free(epoll);
}

/* Room for a descriptor of that number: the kernel gives the lowest that is free. */
static bool reserve(struct epoll_backend *epoll, size_t number) {
    enum { FIRST_CAPACITY = 64 };
    size_t capacity = epoll->capacity > 0 ? epoll->capacity : FIRST_CAPACITY;
    while (capacity <= number) {
        capacity *= 2;
    }
    if (capacity == epoll->capacity) {
        return true;
    }
    struct loop_handle **handles = reallocarray(epoll->handles, capacity, sizeof(void *));
    if (handles == NULL) {
        return false;
    }
    memset(handles + epoll->capacity, 0, (capacity - epoll->capacity) * sizeof(void *));
    epoll->handles = handles;
    epoll->capacity = capacity;
    return true;
}

static bool add_epoll(void *data, struct loop_handle *handle) {
    struct epoll_backend *epoll = data;
    struct epoll_event event = {.data.fd = handle->fd};
    event.events = handle->is_listener ? LISTENER_EVENTS : CONNECTION_EVENTS;
    handle->position = 0;
    if (!reserve(epoll, (size_t)handle->fd) ||
        epoll_ctl(epoll->fd, EPOLL_CTL_ADD, handle->fd, &event) != 0) {
        return false;
    }
    epoll->handles[handle->fd] = handle;
    return true;
}

static void forget(struct epoll_backend *epoll, struct loop_handle *handle) {
    handle->position = 0;
    epoll->handles[handle->fd] = NULL;
}

/* Listeners are shared, so that closing them is not enough. */
static void remove_epoll(void *data, struct loop_handle *handle) {
    struct epoll_backend *epoll = data;
    forget(epoll, handle);
    epoll_ctl(epoll->fd, EPOLL_CTL_DEL, handle->fd, NULL);
}

static void close_epoll(void *data, struct loop_handle *handle) {
    forget(data, handle);
    close(handle->fd);
}

/* An event of `old` that is still to come in this batch is the new one's. */
static void replace_epoll(void *data, struct loop_handle *handle, struct loop_handle *old) {
    struct epoll_backend *epoll = data;
    handle->position = old->position;
    forget(epoll, old);
    epoll->handles[handle->fd] = handle;
}

static uint32_t translate(uint32_t events) {
    uint32_t bits = 0;
    if ((events & EPOLLIN) != 0) {
        bits |= LOOP_READ;
    }
    if ((events & EPOLLOUT) != 0) {
        bits |= LOOP_WRITE;
    }
    if ((events & EPOLLRDHUP) != 0) {
        bits |= LOOP_READ | LOOP_HANGUP;
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        bits |= LOOP_READ | LOOP_WRITE | LOOP_HANGUP;
    }
    return bits;
}

static void deliver(struct loop_handle *handle, uint32_t events) {
    uint32_t bits = translate(events);
    if (handle->is_listener) {
        bits = LOOP_READ;
    } else {
        bits &= ~(uint32_t)handle->ready;
    }
    if (bits != 0) {
        handle->ready |= (uint8_t)bits;
        handle->on_ready(handle, bits);
    }
}

/* During delivery a handle's position is the number, from 1, of its event in this batch. A handle
 * that is removed, or added again for another descriptor, loses it, and its event is stale. */
static bool wait_epoll(struct loop *loop, int timeout) {
    struct epoll_backend *epoll = loop->backend_data;
    int count = epoll_wait(epoll->fd, epoll->events, EVENTS_PER_WAIT, timeout);
    int error = errno;
    loop_update_clock(loop);
    if (count < 0) {
        errno = error;
        return error == EINTR;
    }
    for (int i = 0; i < count; i++) {
        struct loop_handle *handle = epoll->handles[epoll->events[i].data.fd];
        if (handle != NULL) {
            handle->position = (uint32_t)i + 1;
        }
    }
    for (int i = 0; i < count; i++) {
        struct loop_handle *handle = epoll->handles[epoll->events[i].data.fd];
        if (handle != NULL && handle->position == (uint32_t)i + 1) {
            handle->position = 0;
            deliver(handle, epoll->events[i].events);
        }
    }
    return true;
}

const struct loop_backend loop_backend_epoll = {
    .name = "epoll",
    .create = create_epoll,
    .destroy = destroy_epoll,
    .add = add_epoll,
    .remove = remove_epoll,
    .close = close_epoll,
    .replace = replace_epoll,
    .wait = wait_epoll,
};
