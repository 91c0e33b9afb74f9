/* What a protocol does for exchanges with backends. Peers, attempts, retries, time-outs, buffering,
 * which fields pass and what failures mean are written once, against this; a protocol says how
 * heads, bodies and their ends look on a connection. A connection serves one exchange at a time. */
#ifndef PROXY_PROTOCOL_H
#define PROXY_PROTOCOL_H

#include "base/slice.h"

#include <stdbool.h>
#include <sys/types.h>

struct back;
struct proxy;

struct proxy_protocol {
    /* --- the request --- */

    /* Makes the head ready for an attempt. False without memory. */
    bool (*prepare)(struct proxy *proxy);
    /* Whether the connection may take bytes of the body now. */
    bool (*can_write)(const struct proxy *proxy);
    /* Whether something of ours is left to write: of the head, or of the body's framing. */
    bool (*has_unsent)(const struct proxy *proxy);
    /* Whether the body's end is something to be written, and has not been. */
    bool (*owes_end)(const struct proxy *proxy);
    /* Writes what is left of the head, and `body`, behind which it ends if it is `last`. Returns
     * how many bytes of the body are done with, or -1 when the connection has failed. */
    ssize_t (*write)(struct proxy *proxy, struct slice body, bool last);

    /* --- the response; what was read is in proxy->response --- */

    /* Looks for the final head in what has arrived, and goes on to proxy_use_head, or to
     * proxy_fail_attempt. Returns whether more must be read. */
    bool (*take_head)(struct proxy *proxy);
    /* Body bytes that have arrived, as pieces without framing; none are left from before. Returns
     * NULL, or what is wrong with them: "sent an invalid chunked response". */
    const char *(*decode)(struct proxy *proxy);

    /* How much of the body the backend may send before it is told to go on: what the front does not
     * take of that is put aside, as reading goes on. 0: nobody reads then, and the backend waits.
     */
    size_t window;
    /* With a window: bytes have been passed on or put aside, perhaps none. */
    void (*passed)(struct proxy *proxy);

    /* --- the connection --- */

    /* The exchange is done with the connection, perhaps before either body's end. Returns whether
     * the connection may serve another. */
    bool (*let_go)(struct proxy *proxy);
    /* An idle connection has something to read or could be written to. Returns whether it may go on
     * being idle. */
    bool (*idle)(struct back *back);
    /* Frees what the protocol keeps of a connection; NULL: nothing. */
    void (*release)(struct back *back);
};

extern const struct proxy_protocol proxy_http1;
extern const struct proxy_protocol proxy_http2;

#endif
