/* Streams: OpenSSL between two ends, a handle that never blocks and owners who never wait. What is
 * particular to one end is in tls_client.c and tls_server.c. */
#include "net/tls_error.h"
#include "net/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- life --- */

bool tls_stream_set_up(struct tls_stream *stream, SSL_CTX *context, BIO_METHOD *method,
                       struct loop_handle *handle, struct buffer_pool *buffers) {
    ERR_clear_error();
    stream->handle = handle;
    stream->buffers = buffers;
    stream->record_limit = TLS_LARGEST_RECORD;
    stream->ssl = SSL_new(context);
    BIO *transport = stream->ssl != NULL ? BIO_new(method) : NULL;
    if (transport == NULL) {
        return false;
    }
    BIO_set_data(transport, stream);
    BIO_set_init(transport, 1);
    SSL_set_bio(stream->ssl, transport, transport);
    SSL_set_app_data(stream->ssl, stream);
    return true;
}

void tls_stream_attach(struct tls_stream *stream, struct loop_handle *handle) {
    stream->handle = handle;
}

static void send_held_back(struct tls_stream *stream) {
    if (stream->holds_back) {
        stream->holds_back = false;
        tls_transport_send(stream);
    }
}

/* Without a goodbye OpenSSL takes a session for one that must not be resumed; only an error of the
 * protocol itself is a reason for that. */
void tls_stream_close(struct tls_stream *stream) {
    send_held_back(stream);
    bool can_say = stream->unsent == NULL && !stream->has_ended &&
                   (stream->handle->ready & (LOOP_WRITE | LOOP_HANGUP)) == LOOP_WRITE;
    if (!stream->is_open || stream->is_broken) {
        return;
    }
    ERR_clear_error();
    if (can_say && stream->read_error == 0 && stream->write_error == 0) {
        SSL_shutdown(stream->ssl);
    } else {
        SSL_set_shutdown(stream->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
}

void tls_stream_destroy(struct tls_stream *stream) {
    SSL_free(stream->ssl);
    buffer_give(stream->buffers, stream->unsent);
    free(stream->problem);
    stream->role->release(stream);
}

/* --- the handshake --- */

/* Everything else is what the other end has sent, or what it cannot do. */
static bool is_our_error(unsigned long error) {
    int reason = ERR_GET_REASON(error);
    return reason == ERR_R_MALLOC_FAILURE || reason == ERR_R_INTERNAL_ERROR;
}

static enum tls_progress fail_handshake(struct tls_stream *stream, struct failure *failure) {
    char text[TLS_ERROR_SIZE];
    int error = stream->read_error != 0 ? stream->read_error : stream->write_error;
    stream->is_broken = true;
    if (stream->role->explain(stream, failure)) {
        ERR_clear_error();
        return TLS_FAILED;
    }
    if (error != 0) {
        failure_set(failure, "SSL_do_handshake() failed (%d: %s)", error, strerror(error));
    } else if (stream->has_ended) {
        failure_set(failure, "peer closed connection in SSL handshake");
    } else {
        stream->is_at_fault = is_our_error(ERR_peek_error());
        failure_set(failure, "SSL_do_handshake() failed (%s)", tls_error_take(text));
    }
    ERR_clear_error();
    return TLS_FAILED;
}

/* OpenSSL writes its flights in pieces of 4 KiB and each ticket by itself; held back until it waits
 * for the other side they leave together. */
static int shake_hands(struct tls_stream *stream) {
    int result = SSL_READ_EARLY_DATA_FINISH;
    stream->holds_back = true;
    if (stream->early != TLS_EARLY_NONE) {
        result = tls_early_accept(stream);
    }
    if (result == SSL_READ_EARLY_DATA_FINISH) {
        result = SSL_do_handshake(stream->ssl);
    }
    return result;
}

/* The request is mostly there as soon as the handshake is over. So what is left to send then,
 * tickets, waits until it was looked for, and leaves with its answer; or at once when there is
 * none. */
static bool waits_for_request(struct tls_stream *stream) {
    if (stream->unsent == NULL || stream->early != TLS_EARLY_NONE || !SSL_is_server(stream->ssl) ||
        SSL_version(stream->ssl) != TLS1_3_VERSION) {
        return false;
    }
    stream->handle->ready |= LOOP_READ;
    return true;
}

enum tls_progress tls_stream_handshake(struct tls_stream *stream, struct failure *failure) {
    ERR_clear_error();
    int result = shake_hands(stream);
    if (result == 1) {
        stream->is_open = stream->early == TLS_EARLY_NONE;
        if (!waits_for_request(stream)) {
            send_held_back(stream);
        }
        if (SSL_has_pending(stream->ssl)) {
            stream->handle->ready |= LOOP_READ;
        }
        return TLS_DONE;
    }
    bool waits = SSL_get_error(stream->ssl, result) == SSL_ERROR_WANT_READ;
    send_held_back(stream);
    if (waits && stream->write_error == 0) {
        return TLS_GOES_ON;
    }
    return fail_handshake(stream, failure);
}

/* --- events --- */

uint32_t tls_stream_translate(struct tls_stream *stream, uint32_t events) {
    if (stream->unsent != NULL && (events & LOOP_WRITE) != 0) {
        stream->holds_back = false;
        tls_transport_send(stream);
        events &= stream->unsent != NULL ? ~(uint32_t)LOOP_WRITE : UINT32_MAX;
    }
    if (stream->waits_to_write) {
        stream->waits_to_write = (events & (LOOP_READ | LOOP_HANGUP)) == 0;
        if (stream->waits_to_write) {
            return events & ~(uint32_t)LOOP_WRITE;
        }
        stream->handle->ready |= LOOP_WRITE;
        return events | LOOP_WRITE;
    }
    return events;
}

/* --- reading and writing --- */

/* A call of OpenSSL's has failed, because of the transport's `error` or, when that is 0, of what
 * the peer sent. Sets errno. */
static ssize_t fail(struct tls_stream *stream, const char *call, int error) {
    char text[TLS_ERROR_SIZE];
    if (error == 0 && !stream->is_broken) {
        stream->is_broken = true;
        if (asprintf(&stream->problem, "%s failed (%s)", call, tls_error_take(text)) < 0) {
            stream->problem = NULL;
        }
    }
    ERR_clear_error();
    errno = error != 0 ? error : EPROTO;
    return SOCKET_FAILED;
}

/* Why SSL_read gave nothing. */
static ssize_t judge_read(struct tls_stream *stream, int got) {
    switch (SSL_get_error(stream->ssl, got)) {
    case SSL_ERROR_WANT_READ:
        return SOCKET_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return SOCKET_END;
    default:
        return fail(stream, "SSL_read()", stream->read_error);
    }
}

/* OpenSSL may not be called with errors of somebody else's in the queue. Clearing it takes a
 * thousand instructions, looking whether it is empty a few dozen. */
static void begin_without_errors(void) {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

/* Otherwise OpenSSL would only find out, for a quarter of what reading a record costs. */
static bool may_have_more(const struct tls_stream *stream) {
    return (stream->handle->ready & LOOP_READ) != 0 || SSL_has_pending(stream->ssl) != 0 ||
           stream->early != TLS_EARLY_NONE;
}

/* As many records as there are and have room, so that none is left behind that no event tells of.
 */
ssize_t tls_stream_read(struct tls_stream *stream, char *bytes, size_t size) {
    size_t done = 0;
    begin_without_errors();
    if (stream->is_broken || stream->read_error != 0) {
        return fail(stream, "SSL_read()", stream->read_error);
    }
    while (done < size && (done == 0 || may_have_more(stream))) {
        size_t room = size - done < INT32_MAX ? size - done : INT32_MAX;
        int got = stream->early == TLS_EARLY_NONE ? SSL_read(stream->ssl, bytes + done, (int)room)
                                                  : tls_early_read(stream, bytes + done, (int)room);
        if (got > 0) {
            stream->silence = 0;
            done += (size_t)got;
            continue;
        }
        ssize_t result = judge_read(stream, got);
        if (done == 0) {
            send_held_back(stream);
            return result;
        }
        if (result != SOCKET_AGAIN) {
            stream->handle->ready |= LOOP_READ; /* for the end, or the failure */
        }
        return (ssize_t)done;
    }
    if (SSL_has_pending(stream->ssl)) {
        stream->handle->ready |= LOOP_READ;
    }
    return (ssize_t)done;
}

bool tls_stream_is_at_fault(const struct tls_stream *stream) {
    return stream->is_at_fault;
}

bool tls_stream_is_truncated(const struct tls_stream *stream) {
    return stream->has_ended;
}

/* The next bytes for one record of at most `limit`, from `skip` on: where they are when they lie
 * together, else copied into `copy`. */
static struct slice gather(const struct iovec *parts, int count, size_t skip, size_t limit,
                           char copy[TLS_LARGEST_RECORD]) {
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        struct slice part = slice_skip((struct slice){parts[i].iov_base, parts[i].iov_len}, skip);
        skip -= parts[i].iov_len < skip ? parts[i].iov_len : skip;
        part = slice_take(part, limit - size);
        bool is_alone = size == 0 && (i == count - 1 || part.size == limit);
        if (is_alone) {
            return part;
        }
        if (part.size > 0) {
            memcpy(copy + size, part.data, part.size);
        }
        size += part.size;
    }
    return (struct slice){copy, size};
}

/* Returns the bytes that were taken: 0 when something must be read first, or SOCKET_FAILED. */
static ssize_t write_record(struct tls_stream *stream, struct slice bytes) {
    int written = stream->early == TLS_EARLY_NONE
                      ? SSL_write(stream->ssl, bytes.data, (int)bytes.size)
                      : tls_early_write(stream, bytes.data, (int)bytes.size);
    if (written > 0) {
        return written;
    }
    if (SSL_get_error(stream->ssl, written) != SSL_ERROR_WANT_READ || stream->write_error != 0) {
        return fail(stream, "SSL_write()", stream->write_error);
    }
    stream->waits_to_write = true;
    stream->handle->ready &= (uint8_t)~LOOP_WRITE;
    return 0;
}

/* Whether a record can be written now. Several records gather and leave together: a system call for
 * each costs more than the copy. */
static bool prepare_record(struct tls_stream *stream, size_t left) {
    size_t record = left < stream->record_limit ? left : stream->record_limit;
    size_t needed = record + SSL3_RT_MAX_ENCRYPTED_OVERHEAD;
    if (stream->holds_back && buffer_room(stream->unsent) < needed) {
        stream->holds_back = false;
        tls_transport_send(stream);
    }
    if (stream->unsent == NULL && left > stream->record_limit) {
        stream->unsent = buffer_take_large(stream->buffers, true);
        stream->holds_back = stream->unsent != NULL;
    }
    return (stream->handle->ready & LOOP_WRITE) != 0 &&
           (stream->unsent == NULL || stream->holds_back);
}

static size_t total_size(const struct iovec *parts, int count) {
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        size += parts[i].iov_len;
    }
    return size;
}

ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *parts, int count) {
    char copy[TLS_LARGEST_RECORD];
    size_t size = total_size(parts, count);
    size_t done = 0;
    ssize_t written = 1;
    begin_without_errors();
    if (stream->is_broken || stream->write_error != 0) {
        return fail(stream, "SSL_write()", stream->write_error);
    }
    while (written > 0 && done < size && prepare_record(stream, size - done)) {
        written = write_record(stream, gather(parts, count, done, stream->record_limit, copy));
        done += written > 0 ? (size_t)written : 0;
    }
    send_held_back(stream);
    if (written == SOCKET_FAILED) {
        return SOCKET_FAILED;
    }
    return done > 0 || size == 0 ? (ssize_t)done : SOCKET_AGAIN;
}

bool tls_stream_has_unsent(const struct tls_stream *stream) {
    return stream->unsent != NULL;
}

void tls_stream_end(struct tls_stream *stream) {
    send_held_back(stream);
    if (stream->is_open && !stream->is_broken) {
        ERR_clear_error();
        SSL_shutdown(stream->ssl);
    }
}

bool tls_stream_is_quiet(struct tls_stream *stream) {
    char byte;
    if (stream->unsent != NULL || stream->is_broken || stream->write_error != 0) {
        return false;
    }
    return (stream->handle->ready & LOOP_READ) == 0 ||
           tls_stream_read(stream, &byte, 1) == SOCKET_AGAIN;
}

bool tls_stream_has_problem(const struct tls_stream *stream) {
    return stream->problem != NULL;
}

const char *tls_stream_problem(const struct tls_stream *stream) {
    return stream->problem != NULL ? stream->problem : "TLS failed";
}
