/* What goes over a connection to a backend: connecting, reading and writing, whatever protects it.
 */
#include "proxy/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

bool back_proceed(struct back *back, uint32_t events, struct failure *reason) {
    if (has_connect_failed(back, events, reason)) {
        return false;
    }
    if ((events & LOOP_WRITE) == 0) {
        return true;
    }
    back->is_connecting = false;
    return greet(back, reason);
}

const char *back_connecting_to(const struct back *back) {
    (void)back;
    return "connecting to upstream";
}

ssize_t back_read(struct back *back, char *bytes, size_t size) {
    return socket_read(&back->handle, bytes, size);
}

ssize_t back_write(struct back *back, const struct iovec *parts, int count) {
    return socket_write(&back->handle, parts, count);
}

void back_end(struct back *back) {
    shutdown(back->handle.fd, SHUT_WR);
}

const char *back_explain(const struct back *back, const char *call, int error,
                         char text[BACK_REASON_SIZE]) {
    (void)back;
    snprintf(text, BACK_REASON_SIZE, "%s failed (%d: %s)", call, error, strerror(error));
    return text;
}
