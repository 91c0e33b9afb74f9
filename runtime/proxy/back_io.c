/* What goes over a connection to a backend: connecting, reading and writing, whatever protects it.
 */
#include "proxy/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_quiet_plain(const struct back *back) {
    return (back->handle.ready & LOOP_READ) == 0;
}

bool back_is_quiet(struct back *back) {
    return (back->handle.ready & LOOP_HANGUP) == 0 &&
           (back->tls != NULL ? tls_stream_is_quiet(back->tls) : is_quiet_plain(back));
}

uint32_t back_translate(struct back *back, uint32_t events) {
    return back->tls != NULL ? tls_stream_translate(back->tls, events) : events;
}

/* A failed connect is reported as hang-up together with writability; SO_ERROR has the reason. */
static bool has_connect_failed(const struct back *back, uint32_t events, struct failure *reason) {
    int error = 0;
    socklen_t size = sizeof error;
    if ((events & LOOP_HANGUP) == 0 ||
        getsockopt(back->handle.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error == 0) {
        return false;
    }
    failure_set(reason, "connect() failed (%d: %s) while connecting to upstream", error,
                strerror(error));
    return true;
}

/* The header of the PROXY protocol goes before everything else, a handshake, too. It fits into any
 * socket's empty buffer: what does not go out at once never will. */
static bool greet(struct back *back, struct failure *reason) {
    struct slice greeting = back->greeting;
    back->greeting = (struct slice){NULL, 0};
    if (greeting.size == 0) {
        return true;
    }
    ssize_t sent = send(back->handle.fd, greeting.data, greeting.size, MSG_NOSIGNAL);
    return sent == (ssize_t)greeting.size ||
           failure_set(reason,
                       "send() of the PROXY header failed (%d: %s) while connecting to "
                       "upstream",
                       errno, strerror(errno));
}

static bool shake_hands(struct back *back, struct failure *reason) {
    struct failure failure;
    enum tls_progress progress = tls_stream_handshake(back->tls, &failure);
    back->is_connecting = progress != TLS_DONE;
    return progress != TLS_FAILED ||
           failure_set(reason, "%.512s while SSL handshaking to upstream", failure.text);
}

bool back_proceed(struct back *back, uint32_t events, struct failure *reason) {
    if (back->is_shaking_hands) {
        return shake_hands(back, reason);
    }
    if (has_connect_failed(back, events, reason)) {
        return false;
    }
    if ((events & LOOP_WRITE) == 0) {
        return true;
    }
    if (!greet(back, reason)) {
        return false;
    }
    if (back->tls != NULL) {
        back->is_shaking_hands = true;
        return shake_hands(back, reason);
    }
    back->is_connecting = false;
    return true;
}

const char *back_connecting_to(const struct back *back) {
    return back->is_shaking_hands ? "SSL handshaking to upstream" : "connecting to upstream";
}

ssize_t back_read(struct back *back, char *bytes, size_t size) {
    return back->tls != NULL ? tls_stream_read(back->tls, bytes, size)
                             : socket_read(&back->handle, bytes, size);
}

ssize_t back_write(struct back *back, const struct iovec *parts, int count) {
    return back->tls != NULL ? tls_stream_write(back->tls, parts, count)
                             : socket_write(&back->handle, parts, count);
}

bool back_is_truncated(const struct back *back) {
    return back->tls != NULL && tls_stream_is_truncated(back->tls);
}

void back_end(struct back *back) {
    if (back->tls != NULL) {
        tls_stream_end(back->tls);
    } else {
        shutdown(back->handle.fd, SHUT_WR);
    }
}

const char *back_explain(const struct back *back, const char *call, int error,
                         char text[BACK_REASON_SIZE]) {
    if (back->tls != NULL && error == EPROTO) {
        return tls_stream_problem(back->tls);
    }
    snprintf(text, BACK_REASON_SIZE, "%s failed (%d: %s)", call, error, strerror(error));
    return text;
}
