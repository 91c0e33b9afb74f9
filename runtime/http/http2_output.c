/* Frames on their way to the kernel: packed into one buffer during a turn, whichever streams they
 * are of, and written at its end, or when the buffer is full. */
#include "http/http2_front.h"

#include <string.h>

enum {
    LEAST_ROOM = 4096, /* with less nghttp2 is not asked for frames */
    LEAST_DATA = 1024, /* smaller frames are not made because of room alone */
};

static struct buffer_pool *pool_of(const struct http2_front *front) {
    return &front->connection.service->buffers;
}

static void watch_write(struct http2_front *front, bool has_progressed) {
    struct loop *loop = front->connection.service->loop;
    if (front->out == NULL && !http_connection_has_unsent(&front->connection)) {
        timer_stop(&front->write_timer);
    } else if (has_progressed || front->write_timer.deadline == 0) {
        timer_start(&loop->timers, &front->write_timer,
                    loop->now + http_connection_settings(&front->connection)->send_timeout);
    }
}

bool http2_flush(struct http2_front *front) {
    bool has_progressed = false;
    while (front->out != NULL && (front->connection.handle.ready & LOOP_WRITE) != 0) {
        struct slice left = buffer_content(front->out);
        struct iovec part = {.iov_base = (void *)(uintptr_t)left.data, .iov_len = left.size};
        ssize_t written = http_connection_write(&front->connection, &part, 1);
        if (written == SOCKET_FAILED) {
            return false;
        }
        has_progressed = has_progressed || written > 0;
        front->out->begin += written > 0 ? (size_t)written : 0;
        if (front->out->begin == front->out->end) {
            buffer_give(pool_of(front), front->out);
            front->out = NULL;
        }
    }
    watch_write(front, has_progressed);
    front->has_progressed = front->has_progressed || (has_progressed && front->blocked != NULL);
    return true;
}

/* Another buffer for what is in `out`, with room for `size` more. */
static bool enlarge(struct http2_front *front, size_t size) {
    struct slice left = buffer_content(front->out);
    size_t wanted = left.size + size > BUFFER_LARGE ? left.size + size : BUFFER_LARGE;
    struct buffer *larger = buffer_take(pool_of(front), wanted);
    if (larger == NULL) {
        return false;
    }
    (void)buffer_append(larger, left);
    buffer_give(pool_of(front), front->out);
    front->out = larger;
    return true;
}

/* Frames of nghttp2's own come whole. */
static bool reserve(struct http2_front *front, size_t size) {
    if (front->out == NULL) {
        front->out = buffer_take(pool_of(front), size);
        return front->out != NULL;
    }
    return buffer_room(front->out) >= size || enlarge(front, size);
}

/* What was written in part leaves a gap, which is worth closing once it is the larger part. */
static bool has_gap(const struct buffer *out) {
    return out->begin >= out->capacity / 2;
}

static void close_gap(struct buffer *out) {
    struct slice left = buffer_content(out);
    memmove(out->bytes, left.data, left.size);
    out->begin = 0;
    out->end = left.size;
}

bool http2_has_room(const struct http2_front *front) {
    const struct buffer *out = front->out;
    return out == NULL || out->capacity < BUFFER_LARGE || has_gap(out) ||
           buffer_room(out) >= LEAST_ROOM;
}

void http2_pack(struct http2_front *front) {
    while (front->state == HTTP2_OPEN && !front->is_write_failed) {
        const uint8_t *bytes;
        if (!http2_has_room(front)) {
            front->is_write_failed = !http2_flush(front);
            if (front->out != NULL) {
                return;
            }
        }
        ssize_t size = nghttp2_session_mem_send(front->session, &bytes);
        if (size == 0) {
            return;
        }
        if (size < 0 || !reserve(front, (size_t)size)) {
            http_connection_log(&front->connection, TABLE_LOG_ALERT, "no memory for a response");
            http2_close(front);
            return;
        }
        (void)buffer_append(front->out, (struct slice){(const char *)bytes, (size_t)size});
    }
}

/* A buffer that is full is written before its turn. */
static bool make_room(struct http2_front *front, size_t wanted, size_t least) {
    struct buffer *out = front->out;
    if (out != NULL && buffer_room(out) < least) {
        bool may_grow = out->capacity < BUFFER_LARGE && enlarge(front, 0);
        if (!may_grow && has_gap(out)) {
            close_gap(out);
        } else if (!may_grow && !http2_flush(front)) {
            front->is_write_failed = true;
        }
    }
    if (front->out == NULL) {
        front->out = buffer_take_large(pool_of(front), wanted > BUFFER_STANDARD / 2);
    }
    return front->out != NULL && buffer_room(front->out) >= least;
}

size_t http2_data_room(struct http2_front *front, size_t size) {
    size_t least = HTTP2_FRAME_HEADER + (size < LEAST_DATA ? size : LEAST_DATA);
    if (!make_room(front, size, least)) {
        return SIZE_MAX;
    }
    size_t room = buffer_room(front->out) - HTTP2_FRAME_HEADER;
    return room < size ? room : size;
}
