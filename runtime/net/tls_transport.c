/* How OpenSSL reads and writes: through the handle of a stream, which never blocks. What is written
 * and has no room in the kernel waits in the stream. */
#include "net/tls_internal.h"

#include <errno.h>
#include <string.h>

/* A record of data is 16 KiB at the most. Keys that are changed without end, renegotiation asked
 * for again and again would keep OpenSSL busy as long as they come, and everybody else waiting. */
enum { LARGEST_SILENCE = 65536 };

enum { LARGEST_UNSENT = 262144 }; /* what a peer can make us answer without reading it */

static int read_transport(BIO *transport, char *bytes, int size) {
    struct tls_stream *stream = BIO_get_data(transport);
    BIO_clear_retry_flags(transport);
    ssize_t got = (stream->handle->ready & LOOP_READ) != 0
                      ? socket_read(stream->handle, bytes, (size_t)size)
                      : SOCKET_AGAIN;
    if (got == SOCKET_AGAIN) {
        BIO_set_retry_read(transport);
        return -1;
    }
    if (got == SOCKET_FAILED) {
        stream->read_error = errno;
        return -1;
    }
    stream->has_ended = got == SOCKET_END;
    stream->silence += stream->is_open ? (uint32_t)got : 0;
    if (stream->silence > LARGEST_SILENCE) {
        stream->problem = strdup("too much was received without any data in it");
        stream->is_broken = true;
        stream->read_error = EPROTO;
        return -1;
    }
    return (int)got;
}

/* Makes room for more behind what is there. */
static bool grow_unsent(struct tls_stream *stream, size_t size) {
    struct buffer *old = stream->unsent;
    size_t left = old == NULL ? 0 : old->end - old->begin;
    if (old != NULL && buffer_room(old) >= size) {
        return true;
    }
    size_t wanted = left + size > BUFFER_STANDARD ? (left + size) * 2 : BUFFER_STANDARD;
    struct buffer *grown =
        left + size > LARGEST_UNSENT ? NULL : buffer_take(stream->buffers, wanted);
    if (grown == NULL) {
        return false;
    }
    if (old != NULL) {
        (void)buffer_append(grown, buffer_content(old));
        buffer_give(stream->buffers, old);
    }
    stream->unsent = grown;
    return true;
}

/* Takes everything: what the kernel has no room for is sent by tls_stream_translate, and what is
 * held back by tls_transport_send. */
static int write_transport(BIO *transport, const char *bytes, int size) {
    struct tls_stream *stream = BIO_get_data(transport);
    struct slice rest = {bytes, (size_t)size};
    BIO_clear_retry_flags(transport);
    if (!stream->holds_back && stream->unsent == NULL &&
        (stream->handle->ready & LOOP_WRITE) != 0) {
        struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = rest.size};
        ssize_t written = socket_write(stream->handle, &part, 1);
        if (written == SOCKET_FAILED) {
            stream->write_error = errno;
            return -1;
        }
        rest = slice_skip(rest, written > 0 ? (size_t)written : 0);
    }
    if (rest.size > 0 &&
        (!grow_unsent(stream, rest.size) || !buffer_append(stream->unsent, rest))) {
        stream->write_error = ENOMEM;
        return -1;
    }
    return size;
}

static long control_transport(BIO *transport, int command, long number, void *pointer) {
    const struct tls_stream *stream = BIO_get_data(transport);
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return stream->has_ended ? 1 : 0;
    default:
        return 0;
    }
}

BIO_METHOD *tls_transport_create(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "handle of a loop");
    if (method != NULL) {
        BIO_meth_set_read(method, read_transport);
        BIO_meth_set_write(method, write_transport);
        BIO_meth_set_ctrl(method, control_transport);
    }
    return method;
}

void tls_transport_send(struct tls_stream *stream) {
    if (stream->unsent == NULL || (stream->handle->ready & LOOP_WRITE) == 0) {
        return;
    }
    struct slice rest = buffer_content(stream->unsent);
    struct iovec part = {.iov_base = (void *)(uintptr_t)rest.data, .iov_len = rest.size};
    ssize_t written = rest.size > 0 ? socket_write(stream->handle, &part, 1) : 0;
    if (written == SOCKET_FAILED) {
        stream->write_error = errno;
    } else if (written > 0) {
        stream->unsent->begin += (size_t)written;
    }
    if (written == SOCKET_FAILED || stream->unsent->begin == stream->unsent->end) {
        buffer_give(stream->buffers, stream->unsent);
        stream->unsent = NULL;
    }
}
