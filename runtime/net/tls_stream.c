/* Streams: OpenSSL between two ends, a handle that never blocks and owners who never wait. */
#include "net/tls_error.h"
#include "net/tls_internal.h"

#include "base/ip.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST_RECORD = 16384,    /* bytes of one record, encrypted at once */
    LARGEST_UNSENT = 262144,   /* what a peer can make us answer without reading it */
    LARGEST_SERVER_NAME = 255, /* RFC 6066 3, and TLSEXT_MAXLEN_host_name */
};

struct tls_stream {
    SSL *ssl;
    struct tls_context *context;
    struct tls_sessions *sessions;
    struct loop_handle *handle;
    struct buffer_pool *buffers;
    struct buffer *unsent; /* encrypted already; what the kernel did not take */
    int read_error;        /* errno of the transport */
    int write_error;
    bool is_open;        /* the handshake is over */
    bool is_broken;      /* OpenSSL will not go on */
    bool has_ended;      /* the transport, without a word of TLS's */
    bool waits_to_write; /* a write needs something to be read first */
    char problem[TLS_ERROR_SIZE + 32];
    /* Under which sessions are kept: the context's identity, the address, and then the name. */
    size_t key_size;
    size_t name_size;
    char key[];
};

/* --- the transport --- */

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

/* Takes everything: what the kernel has no room for is sent by tls_stream_translate. */
static int write_transport(BIO *transport, const char *bytes, int size) {
    struct tls_stream *stream = BIO_get_data(transport);
    struct slice rest = {bytes, (size_t)size};
    BIO_clear_retry_flags(transport);
    if (stream->unsent == NULL && (stream->handle->ready & LOOP_WRITE) != 0) {
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

BIO_METHOD *tls_stream_create_transport(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "handle of a loop");
    if (method != NULL) {
        BIO_meth_set_read(method, read_transport);
        BIO_meth_set_write(method, write_transport);
        BIO_meth_set_ctrl(method, control_transport);
    }
    return method;
}

/* --- sessions --- */

static struct slice key_of(const struct tls_stream *stream) {
    return (struct slice){stream->key, stream->key_size};
}

int tls_stream_keep_session(SSL *ssl, SSL_SESSION *session) {
    struct tls_stream *stream = SSL_get_app_data(ssl);
    return tls_sessions_keep(stream->sessions, key_of(stream), session) ? 1 : 0;
}

/* --- life --- */

static void set_key(struct tls_stream *stream, const struct tls_stream_options *options) {
    char *end = mempcpy(stream->key, options->context->identity, TLS_IDENTITY_SIZE);
    end = mempcpy(end, options->address, options->address_size);
    if (options->name.size > 0) {
        memcpy(end, options->name.data, options->name.size);
    }
    stream->name_size = options->name.size;
    stream->key_size = TLS_IDENTITY_SIZE + options->address_size + options->name.size;
}

struct slice tls_stream_name(const struct tls_stream *stream) {
    return (struct slice){stream->key + stream->key_size - stream->name_size, stream->name_size};
}

bool tls_stream_is_for(const struct tls_stream *stream, const struct tls_context *context,
                       struct slice name) {
    return stream->context == context && slice_equals(tls_stream_name(stream), name);
}

/* RFC 6066 3: addresses are not permitted. */
static bool set_server_name(const struct tls_stream *stream) {
    struct slice name = tls_stream_name(stream);
    uint8_t address[IP_V6_SIZE];
    char text[LARGEST_SERVER_NAME + 1];
    if (!stream->context->sends_name || name.size == 0 || name.data[0] == '[' ||
        ip_parse_v4(name, address) || ip_parse_v6(name, address)) {
        return true;
    }
    if (name.size > LARGEST_SERVER_NAME) {
        return false;
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    return SSL_set_tlsext_host_name(stream->ssl, text) == 1;
}

static bool set_up(struct tls_stream *stream) {
    BIO *transport = BIO_new(stream->context->transport);
    if (transport == NULL) {
        return false;
    }
    BIO_set_data(transport, stream);
    BIO_set_init(transport, 1);
    SSL_set_bio(stream->ssl, transport, transport);
    SSL_set_app_data(stream->ssl, stream);
    SSL_set_connect_state(stream->ssl);
    if (!set_server_name(stream)) {
        return false;
    }
    SSL_SESSION *session = stream->context->keeps_sessions
                               ? tls_sessions_find(stream->sessions, key_of(stream))
                               : NULL;
    return session == NULL || SSL_set_session(stream->ssl, session) == 1;
}

struct tls_stream *tls_stream_create(const struct tls_stream_options *options,
                                     struct loop_handle *handle, struct buffer_pool *buffers) {
    size_t key_size = TLS_IDENTITY_SIZE + options->address_size + options->name.size;
    struct tls_stream *stream = calloc(1, sizeof *stream + key_size);
    if (stream == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    ERR_clear_error();
    stream->context = tls_context_hold(options->context);
    stream->sessions = options->sessions;
    stream->handle = handle;
    stream->buffers = buffers;
    stream->ssl = SSL_new(options->context->ssl);
    set_key(stream, options);
    if (stream->ssl == NULL || !set_up(stream)) {
        tls_stream_destroy(stream);
        errno = options->name.size > LARGEST_SERVER_NAME ? ENAMETOOLONG : ENOMEM;
        return NULL;
    }
    return stream;
}

void tls_stream_attach(struct tls_stream *stream, struct loop_handle *handle) {
    stream->handle = handle;
}

/* Without a goodbye OpenSSL takes a session for one that must not be resumed; only an error of the
 * protocol itself is a reason for that. */
void tls_stream_close(struct tls_stream *stream) {
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
    tls_context_release(stream->context);
    free(stream);
}

/* --- the handshake --- */

static enum tls_progress fail_handshake(struct tls_stream *stream, struct failure *failure) {
    char text[TLS_ERROR_SIZE];
    int error = stream->read_error != 0 ? stream->read_error : stream->write_error;
    long verified = SSL_get_verify_result(stream->ssl);
    bool is_judged = stream->context->verifies && verified != X509_V_OK;
    stream->is_broken = true;
    if (is_judged && verified == X509_V_ERR_HOSTNAME_MISMATCH) {
        failure_set(failure, "upstream SSL certificate does not match \"%.*s\"",
                    SLICE_ARGS(tls_stream_name(stream)));
    } else if (is_judged) {
        failure_set(failure, "upstream SSL certificate verify error: (%ld:%s)", verified,
                    X509_verify_cert_error_string(verified));
    } else if (error != 0) {
        failure_set(failure, "SSL_do_handshake() failed (%d: %s)", error, strerror(error));
    } else if (stream->has_ended) {
        failure_set(failure, "peer closed connection in SSL handshake");
    } else {
        failure_set(failure, "SSL_do_handshake() failed (%s)", tls_error_take(text));
    }
    ERR_clear_error();
    return TLS_FAILED;
}

enum tls_progress tls_stream_handshake(struct tls_stream *stream, struct failure *failure) {
    ERR_clear_error();
    int result = SSL_do_handshake(stream->ssl);
    if (result == 1) {
        stream->is_open = true;
        if (SSL_has_pending(stream->ssl)) {
            stream->handle->ready |= LOOP_READ;
        }
        return TLS_DONE;
    }
    if (SSL_get_error(stream->ssl, result) == SSL_ERROR_WANT_READ && stream->write_error == 0) {
        return TLS_GOES_ON;
    }
    return fail_handshake(stream, failure);
}

/* --- events --- */

/* What fails here is found out by the next write. */
static void send_unsent(struct tls_stream *stream) {
    struct slice rest = buffer_content(stream->unsent);
    struct iovec part = {.iov_base = (void *)(uintptr_t)rest.data, .iov_len = rest.size};
    ssize_t written = socket_write(stream->handle, &part, 1);
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

uint32_t tls_stream_translate(struct tls_stream *stream, uint32_t events) {
    if (stream->unsent != NULL && (events & LOOP_WRITE) != 0) {
        send_unsent(stream);
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
        snprintf(stream->problem, sizeof stream->problem, "%s failed (%s)", call,
                 tls_error_take(text));
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

/* As many records as there are and have room, so that none is left behind that no event tells of.
 */
ssize_t tls_stream_read(struct tls_stream *stream, char *bytes, size_t size) {
    size_t done = 0;
    ERR_clear_error();
    if (stream->is_broken || stream->read_error != 0) {
        return fail(stream, "SSL_read()", stream->read_error);
    }
    while (done < size) {
        size_t room = size - done < INT32_MAX ? size - done : INT32_MAX;
        int got = SSL_read(stream->ssl, bytes + done, (int)room);
        if (got > 0) {
            done += (size_t)got;
            continue;
        }
        ssize_t result = judge_read(stream, got);
        if (done == 0) {
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

bool tls_stream_is_truncated(const struct tls_stream *stream) {
    return stream->has_ended;
}

/* The next bytes for one record, from `skip` on: where they are when they lie together, else
 * copied into `copy`. */
static struct slice gather(const struct iovec *parts, int count, size_t skip,
                           char copy[LARGEST_RECORD]) {
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        struct slice part = slice_skip((struct slice){parts[i].iov_base, parts[i].iov_len}, skip);
        skip -= parts[i].iov_len < skip ? parts[i].iov_len : skip;
        part = slice_take(part, LARGEST_RECORD - size);
        bool is_alone = size == 0 && (i == count - 1 || part.size == LARGEST_RECORD);
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
    int written = SSL_write(stream->ssl, bytes.data, (int)bytes.size);
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

ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *parts, int count) {
    char copy[LARGEST_RECORD];
    size_t done = 0;
    ERR_clear_error();
    if (stream->is_broken || stream->write_error != 0) {
        return fail(stream, "SSL_write()", stream->write_error);
    }
    while (stream->unsent == NULL && (stream->handle->ready & LOOP_WRITE) != 0) {
        struct slice bytes = gather(parts, count, done, copy);
        ssize_t written = bytes.size > 0 ? write_record(stream, bytes) : 0;
        if (written == SOCKET_FAILED) {
            return SOCKET_FAILED;
        }
        if (written == 0) {
            return done > 0 || bytes.size == 0 ? (ssize_t)done : SOCKET_AGAIN;
        }
        done += (size_t)written;
    }
    return done > 0 ? (ssize_t)done : SOCKET_AGAIN;
}

bool tls_stream_has_unsent(const struct tls_stream *stream) {
    return stream->unsent != NULL;
}

void tls_stream_end(struct tls_stream *stream) {
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

const char *tls_stream_problem(const struct tls_stream *stream) {
    return stream->problem;
}
