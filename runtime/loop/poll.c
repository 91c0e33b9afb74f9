/* The poll back end, the portable reference. What epoll's edges give is made from poll's levels: a
 * direction is asked for only while its ready bit is clear, and a handle with nothing left to ask
 * for is passed over, as poll would otherwise report its hang-up for ever. */
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* handle->position is the entry's number. */
struct poll_entry {
    struct loop_handle *handle; /* NULL: removed, to be closed up before the next wait */
    bool is_ended;              /* the peer's last byte is on its way or here: once it was reported,
                                   reading need not be waited for any more */
};

struct poll_backend {
    struct pollfd *requests; /* side by side with entries */
    struct poll_entry *entries;
    uint32_t count;
    uint32_t capacity;
};

static void *create_poll(void) {
    return calloc(1, sizeof(struct poll_backend));
}

static void destroy_poll(void *data) {
    struct poll_backend *set = data;
    free(set->requests);
    free(set->entries);
    free(set);
}

static bool grow(struct poll_backend *set) {
    if (set->capacity >= UINT32_MAX / 2) {
        errno = ENOMEM;
        return false;
    }
    uint32_t capacity = set->capacity > 0 ? set->capacity * 2 : 64;
    struct pollfd *requests = reallocarray(set->requests, capacity, sizeof *requests);
    if (requests == NULL) {
        return false;
    }
    set->requests = requests;
    struct poll_entry *entries = reallocarray(set->entries, capacity, sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    set->entries = entries;
    set->capacity = capacity;
    return true;
}

static bool add_poll(void *data, struct loop_handle *handle) {
    struct poll_backend *set = data;
    if (set->count == set->capacity && !grow(set)) {
        return false;
    }
    handle->position = set->count++;
    set->entries[handle->position] = (struct poll_entry){.handle = handle};
    set->requests[handle->position] = (struct pollfd){.fd = -1};
    return true;
}

static void remove_poll(void *data, struct loop_handle *handle) {
    struct poll_backend *set = data;
    set->entries[handle->position].handle = NULL;
}

static void close_poll(void *data, struct loop_handle *handle) {
    remove_poll(data, handle);
    close(handle->fd);
}

static void replace_poll(void *data, struct loop_handle *handle, struct loop_handle *old) {
    struct poll_backend *set = data;
    handle->position = old->position;
    set->entries[handle->position].handle = handle;
}

static short wanted(const struct poll_entry *entry) {
    const struct loop_handle *handle = entry->handle;
    if (handle->is_listener) {
        return POLLIN;
    }
    int events = 0;
    if ((handle->ready & LOOP_READ) == 0 && !entry->is_ended) {
        events |= POLLIN | POLLRDHUP;
    } else if ((handle->ready & LOOP_HANGUP) == 0) {
        events |= POLLRDHUP;
    }
    if ((handle->ready & LOOP_WRITE) == 0) {
        events |= POLLOUT;
    }
    return (short)events;
}

/* Closes up the gaps of removed handles and writes down what each of the others waits for. */
static void prepare(struct poll_backend *set) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct poll_entry *entry = &set->entries[i];
        if (entry->handle == NULL) {
            continue;
        }
        short events = wanted(entry);
        entry->handle->position = kept;
        set->requests[kept] = (struct pollfd){
            .fd = events != 0 ? entry->handle->fd : -1,
            .events = events,
        };
        set->entries[kept++] = *entry;
    }
    set->count = kept;
}

static uint32_t translate(short events) {
    uint32_t bits = 0;
    if ((events & POLLIN) != 0) {
        bits |= LOOP_READ;
    }
    if ((events & POLLOUT) != 0) {
        bits |= LOOP_WRITE;
    }
    if ((events & POLLRDHUP) != 0) {
        bits |= LOOP_READ | LOOP_HANGUP;
    }
    if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        bits |= LOOP_READ | LOOP_WRITE | LOOP_HANGUP;
    }
    return bits;
}

static void deliver(struct poll_entry *entry, short events) {
    struct loop_handle *handle = entry->handle;
    uint32_t bits = translate(events);
    if (handle->is_listener) {
        bits = LOOP_READ;
    } else {
        bits &= ~(uint32_t)handle->ready;
        entry->is_ended = entry->is_ended || (events & (POLLRDHUP | POLLHUP)) != 0;
    }
    if (bits != 0) {
        handle->ready |= (uint8_t)bits;
        handle->on_ready(handle, bits); /* may move the entries */
    }
}

static bool wait_poll(struct loop *loop, int timeout) {
    struct poll_backend *set = loop->backend_data;
    prepare(set);
    uint32_t count = set->count;
    int reported = poll(set->requests, count, timeout);
    int error = errno;
    loop_update_clock(loop);
    if (reported < 0) {
        errno = error;
        return error == EINTR;
    }
    for (uint32_t i = 0; i < count && reported > 0; i++) {
        short events = set->requests[i].revents;
        if (events == 0) {
            continue;
        }
        reported--;
        if (set->entries[i].handle != NULL) {
            deliver(&set->entries[i], events);
        }
    }
    return true;
}

const struct loop_backend loop_backend_poll = {
    .name = "poll",
    .create = create_poll,
    .destroy = destroy_poll,
    .add = add_poll,
    .remove = remove_poll,
    .close = close_poll,
    .replace = replace_poll,
    .wait = wait_poll,
};
