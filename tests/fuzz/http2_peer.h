/* Somebody who speaks HTTP/2 to rpcd over a socket, and says whatever the input is. */
#ifndef HTTP2_PEER_H
#define HTTP2_PEER_H

#include "fuzz.h"
#include "loop/loop.h"

#include <errno.h>
#include <sys/socket.h>

enum { FRAME_HEADER = 9, INPUT_LIMIT = 16384 };

/* Lengths of frames as they must be, few kinds, and streams up to `last_stream` (of one bits), so
 * that more than the first frame is looked at. */
static void peer_fit(char *bytes, size_t size, uint8_t last_stream) {
    for (size_t at = 0; at + FRAME_HEADER <= size;) {
        size_t left = size - at - FRAME_HEADER;
        size_t length = (unsigned char)bytes[at + 2];
        length = length < left ? length : left;
        bytes[at] = bytes[at + 1] = 0;
        bytes[at + 2] = (char)length;
        bytes[at + 3] = (char)(bytes[at + 3] & 15);
        bytes[at + 5] = bytes[at + 6] = bytes[at + 7] = 0;
        bytes[at + 8] = (char)(bytes[at + 8] & last_stream);
        at += FRAME_HEADER + length;
    }
}

static void peer_do_nothing(struct loop_task *task) {
    (void)task;
}

/* A turn that does not wait. */
static void peer_turn(struct loop *loop) {
    static struct loop_task task = {.run = peer_do_nothing};
    loop_defer_next(loop, &task);
    require(loop_run_once(loop));
}

/* The same, and what the peer gets is dropped. */
static void peer_listen(struct loop *loop, int connection) {
    char heard[4096];
    peer_turn(loop);
    while (recv(connection, heard, sizeof heard, MSG_DONTWAIT) > 0) {
    }
}

/* Says the next piece of `rest`, and listens. False when nobody takes it. */
static bool peer_say(struct loop *loop, int connection, struct slice *rest, size_t piece) {
    struct slice part = slice_take(*rest, piece);
    ssize_t sent = send(connection, part.data, part.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
        *rest = slice_skip(*rest, (size_t)sent);
    }
    bool is_taken = sent >= 0 || errno == EAGAIN;
    peer_listen(loop, connection);
    return is_taken;
}

#endif
