/* Early data (RFC 8446 2.3): what a client that resumes a session sends along with its first
 * flight, to be read before the handshake is over, and answered as well. Nobody has proved yet that
 * it was sent just now; what to do about that is decided by who looks at $ssl_early_data. */
#include "net/tls_internal.h"

/* OpenSSL says that there is early data by giving some of it. */
int tls_early_accept(struct tls_stream *stream) {
    size_t size;
    int result = SSL_read_early_data(stream->ssl, &stream->early_byte, 1, &size);
    if (result == SSL_READ_EARLY_DATA_SUCCESS) {
        stream->has_early_byte = true;
        stream->handle->ready |= LOOP_READ;
    } else if (result == SSL_READ_EARLY_DATA_FINISH) {
        stream->early = TLS_EARLY_NONE;
    }
    return result;
}

/* The handshake may have ended meanwhile, and with it what was early. */
static void look_for_end(struct tls_stream *stream) {
    if (SSL_is_init_finished(stream->ssl)) {
        stream->early = TLS_EARLY_NONE;
        stream->is_open = true;
    }
}

static int read_on(struct tls_stream *stream, char *bytes, int size) {
    size_t got;
    if (stream->early == TLS_EARLY_EXPECTED) {
        int result = SSL_read_early_data(stream->ssl, bytes, (size_t)size, &got);
        if (result != SSL_READ_EARLY_DATA_FINISH) {
            return result == SSL_READ_EARLY_DATA_SUCCESS ? (int)got : 0;
        }
        stream->early = TLS_EARLY_OVER;
    }
    return SSL_read(stream->ssl, bytes, size);
}

/* What ends the handshake may have tickets to send, which leave together. */
int tls_early_read(struct tls_stream *stream, char *bytes, int size) {
    if (stream->has_early_byte) {
        stream->has_early_byte = false;
        bytes[0] = stream->early_byte;
        return 1;
    }
    stream->holds_back = true;
    int got = read_on(stream, bytes, size);
    stream->holds_back = false;
    tls_transport_send(stream);
    look_for_end(stream);
    return got;
}

int tls_early_write(struct tls_stream *stream, const char *bytes, int size) {
    size_t written;
    look_for_end(stream);
    if (stream->early == TLS_EARLY_NONE) {
        return SSL_write(stream->ssl, bytes, size);
    }
    return SSL_write_early_data(stream->ssl, bytes, (size_t)size, &written) == 1 ? (int)written : 0;
}
