/* Headers of the PROXY protocol as they arrive: pieces, time-outs, what is logged of those that are
 * broken. What they say is read in net/proxy_header.c. */
#include "http/announcement.h"

#include "base/container.h"
#include "http/handshake.h"
#include "http/http1_front.h"
#include "net/proxy_header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct announcement {
    struct http_connection connection;
    struct timer timer;
    struct loop_task finish; /* at the turn's end: frees */
    char *kept;              /* what has arrived of an unfinished header */
    size_t kept_size;
    bool is_over;  /* closed, or left to another owner */
    bool is_moved; /* left to another owner */
};

/* --- the end --- */

static void leave(struct announcement *announcement) {
    struct loop *loop = announcement->connection.service->loop;
    announcement->is_over = true;
    timer_remove(&loop->timers, &announcement->timer);
    loop_defer(loop, &announcement->finish);
}

static void close_announcement(struct announcement *announcement) {
    if (!announcement->is_over) {
        http_connection_close(&announcement->connection);
        leave(announcement);
    }
}

static void free_announcement(struct announcement *announcement) {
    if (!announcement->is_moved) {
        http_connection_release(&announcement->connection);
    }
    free(announcement->kept);
    free(announcement);
}

static void finish(struct loop_task *task) {
    free_announcement(CONTAINER_OF(task, struct announcement, finish));
}

/* --- the log --- */

static void report(struct announcement *announcement, enum table_log_level level,
                   const char *problem) {
    http_connection_log(&announcement->connection, level, "%s while reading PROXY protocol",
                        problem);
}

static void report_memory(struct announcement *announcement) {
    report(announcement, TABLE_LOG_ALERT, "no memory for a client connection");
}

/* As nginx, its first line; what ends a line of the log, or is no text, is escaped there. */
static void report_broken(struct announcement *announcement, struct slice bytes) {
    enum { SHOWN = 512 };
    struct slice line = slice_take(bytes, SHOWN);
    size_t size = 0;
    while (size < line.size && line.data[size] != '\r' && line.data[size] != '\n') {
        size++;
    }
    http_connection_log(&announcement->connection, TABLE_LOG_ERROR,
                        "broken header: \"%.*s\" while reading PROXY protocol", (int)size,
                        line.data);
}

/* --- the header --- */

/* The values of the header come to lie behind it. */
static bool keep_header(struct announcement *announcement, const struct proxy_header *header) {
    struct slice tlvs = header->tlvs;
    struct proxy_header *kept = malloc(sizeof *kept + tlvs.size);
    if (kept == NULL) {
        return false;
    }
    *kept = *header;
    char *values = (char *)(kept + 1);
    if (tlvs.size > 0) {
        memcpy(values, tlvs.data, tlvs.size);
    }
    kept->tlvs = (struct slice){values, tlvs.size};
    announcement->connection.announced = kept;
    return true;
}

static bool hand_over(struct announcement *announcement) {
    struct http_connection *connection = &announcement->connection;
    return http_connection_endpoint(connection)->ssl != 0 ? http_handshake_take(connection)
                                                          : http1_front_take(connection);
}

static void use_header(struct announcement *announcement, const struct proxy_header *header) {
    announcement->is_moved =
        (!header->has_ends || keep_header(announcement, header)) && hand_over(announcement);
    if (announcement->is_moved) {
        leave(announcement);
    } else {
        report_memory(announcement);
        close_announcement(announcement);
    }
}

/* Takes bytes that were looked at off the socket, so that what follows them is the next one's. */
static bool consume(struct announcement *announcement, size_t size) {
    char bytes[PROXY_HEADER_LIMIT];
    return recv(announcement->connection.handle.fd, bytes, size, 0) == (ssize_t)size;
}

static void refuse(struct announcement *announcement, enum proxy_header_result result,
                   struct slice bytes, size_t size) {
    if (result == PROXY_HEADER_OTHER_VERSION) {
        http_connection_log(&announcement->connection, TABLE_LOG_ERROR,
                            "unknown PROXY protocol version: %zu while reading PROXY protocol",
                            size);
    } else if (result == PROXY_HEADER_TOO_LARGE) {
        report(announcement, TABLE_LOG_ERROR, "header is too large");
    } else {
        report_broken(announcement, bytes);
    }
    close_announcement(announcement);
}

/* Returns whether more may be there: all of these bytes were the header's, and it goes on. The
 * first `taken` of them were off the socket before. */
static bool use_bytes(struct announcement *announcement, struct slice bytes, size_t taken) {
    struct proxy_header header;
    size_t size = 0;
    enum proxy_header_result result = proxy_header_read(bytes, &header, &size);
    if (result != PROXY_HEADER_DONE && result != PROXY_HEADER_MORE) {
        refuse(announcement, result, bytes, size);
        return false;
    }
    bool is_done = result == PROXY_HEADER_DONE;
    if (!consume(announcement, (is_done ? size : bytes.size) - taken)) {
        close_announcement(announcement);
        return false;
    }
    if (is_done) {
        use_header(announcement, &header);
    }
    return !is_done;
}

static void keep_bytes(struct announcement *announcement, struct slice bytes) {
    if (bytes.size == announcement->kept_size) {
        return;
    }
    char *kept = realloc(announcement->kept, bytes.size);
    if (kept == NULL) {
        report_memory(announcement);
        close_announcement(announcement);
        return;
    }
    memcpy(kept, bytes.data, bytes.size);
    announcement->kept = kept;
    announcement->kept_size = bytes.size;
}

/* The client has closed, or its connection has failed. */
static void give_up(struct announcement *announcement, struct slice bytes) {
    if (bytes.size > 0) {
        report_broken(announcement, bytes);
    } else {
        report(announcement, TABLE_LOG_INFO, "client closed connection");
    }
    close_announcement(announcement);
}

/* Bytes are looked at before they are taken: what follows the header stays where it is. */
static void look(struct announcement *announcement) {
    struct loop_handle *handle = &announcement->connection.handle;
    char bytes[PROXY_HEADER_LIMIT];
    size_t size = announcement->kept_size;
    if (size > 0) {
        memcpy(bytes, announcement->kept, size);
    }
    for (;;) {
        ssize_t got = recv(handle->fd, bytes + size, sizeof bytes - size, MSG_PEEK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            handle->ready &= (uint8_t)~LOOP_READ;
            keep_bytes(announcement, (struct slice){bytes, size});
            return;
        }
        if (got <= 0) {
            give_up(announcement, (struct slice){bytes, size});
            return;
        }
        if (!use_bytes(announcement, (struct slice){bytes, size + (size_t)got}, size)) {
            return;
        }
        size += (size_t)got;
    }
}

static void ready(struct loop_handle *handle, uint32_t events) {
    struct announcement *announcement =
        CONTAINER_OF(handle, struct announcement, connection.handle);
    if ((events & (LOOP_READ | LOOP_HANGUP)) != 0) {
        look(announcement);
    }
}

static void expire(struct timer *timer) {
    struct announcement *announcement = CONTAINER_OF(timer, struct announcement, timer);
    report(announcement, TABLE_LOG_INFO, "client timed out");
    close_announcement(announcement);
}

/* --- the service's wishes --- */

static uint64_t idle_since(const struct http_connection *connection) {
    const struct announcement *announcement =
        (const struct announcement *)(const void *)connection; /* its first member */
    return announcement->kept_size > 0 || announcement->is_over ? HTTP_NOT_IDLE
                                                                : connection->opened;
}

static void close_now(struct http_connection *connection) {
    close_announcement(CONTAINER_OF(connection, struct announcement, connection));
}

static void destroy(struct http_connection *connection) {
    struct announcement *announcement = CONTAINER_OF(connection, struct announcement, connection);
    close_announcement(announcement);
    loop_cancel(connection->service->loop, &announcement->finish);
    free_announcement(announcement);
}

static const struct http_protocol announcement_protocol = {
    .drain = close_now,
    .idle_since = idle_since,
    .close = close_now,
    .destroy = destroy,
};

bool http_announcement_create(const struct http_accepted *accepted) {
    struct announcement *announcement = calloc(1, sizeof *announcement);
    if (announcement == NULL) {
        return false;
    }
    announcement->connection.handle.on_ready = ready;
    announcement->connection.protocol = &announcement_protocol;
    announcement->timer.on_expire = expire;
    announcement->finish.run = finish;
    if (!http_connection_open(&announcement->connection, accepted)) {
        free(announcement);
        return false;
    }
    struct loop *loop = accepted->service->loop;
    uint64_t timeout = http_connection_settings(&announcement->connection)->client_header_timeout;
    timer_start(&loop->timers, &announcement->timer, loop->now + timeout);
    return true;
}
