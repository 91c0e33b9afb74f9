/* An HTTP/1 client connection, private to the http1_*.c files: the front of its exchanges, one
 * after another. Reading is in http1_request.c, what is no request in http1_refuse.c, writing in
 * http1_response.c, the connection's life in http1_front.c. What lives only as long as one exchange
 * is in struct http1_message, so that an idle connection stays small and owns no buffer. */
#ifndef HTTP_HTTP1_FRONT_H
#define HTTP_HTTP1_FRONT_H

#include "http/chunked.h"
#include "http/connection.h"

enum http1_state {
    HTTP1_IDLE,     /* no byte of a request has arrived */
    HTTP1_HEAD,     /* part of a head has */
    HTTP1_EXCHANGE, /* a request is being answered; its body may still arrive */
    HTTP1_LINGER,   /* answered and closed for sending; input is dropped until the client closes */
    HTTP1_CLOSED,
    HTTP1_MOVED, /* the connection is another front's */
};

enum http1_output { HTTP1_OUT_NONE, HTTP1_OUT_PLAIN, HTTP1_OUT_CHUNKED };

/* In the arena of its exchange. */
struct http1_message {
    /* Request body. */
    enum http_framing framing;
    uint64_t remaining; /* of a body with Content-Length */
    struct http_chunked chunked;
    struct slice piece; /* decoded, not taken yet; in front->in */
    bool has_piece;
    bool piece_is_last;
    bool body_ended; /* all of it was taken */
    bool wants_body;
    bool is_pumping;
    uint64_t discard_until;     /* loop time; the response is out, the rest is dropped until then */
    size_t body_offset;         /* where body bytes may lie in front->in: behind the head */
    struct buffer *head_buffer; /* holds the head when front->in no longer does */
    /* Response. */
    enum http1_output output;
    struct slice last_chunk;  /* with its trailers, once it was made */
    uint64_t chunk_remaining; /* bytes announced by the last chunk header, not written yet */
    bool is_broken;           /* break the connection instead of ending the response */
    bool is_discarding;       /* the client is gone, and the exchange goes on without it */
    bool must_reset;          /* the response's end would look like a regular one */
};

struct http1_front {
    struct http_connection connection;
    struct loop_task settle; /* at the turn's end: ends exchanges, begins the next, frees */
    struct timer read_timer;
    struct timer write_timer;
    struct exchange *exchange;
    struct http1_message *message; /* of the exchange */
    struct buffer *in;
    struct buffer *out;      /* bytes for the client that are ours: heads, chunk headers */
    size_t scanned;          /* of the head in `in`; see http_head_find_end */
    uint64_t first_byte;     /* loop time, of the current request; HTTP1_LINGER: when to give up;
                                HTTP1_IDLE: since when, unless it is the connection's beginning */
    uint64_t idle_rest;      /* HTTP1_IDLE: of keepalive_timeout behind keepalive_min_timeout;
                                HTTP1_LINGER: loop time, since when */
    uint32_t linger_timeout; /* HTTP1_LINGER: milliseconds of silence that end it */
    uint8_t state;           /* enum http1_state */
    bool is_last;            /* no further request on this connection */
    bool needs_linger;       /* the client may still be sending */
    bool is_held;            /* HTTP1_IDLE: within keepalive_min_timeout */
    bool is_reading_on;      /* settle was queued to go on reading */
    uint8_t burst;           /* requests begun since others last had their turn */
    bool has_read;           /* some byte of the current request was read after the one before */
};

extern const struct front_operations http1_operations;

/* --- http1_request.c --- */

/* Whatever can be done with what has arrived, in the current state. */
void http1_read(struct http1_front *front);
void http1_want_body(struct exchange *exchange);

/* Goes on with http1_read in the next turn, after the others. */
void http1_read_next_turn(struct http1_front *front);

/* --- http1_refuse.c --- */

/* A new exchange for the connection; NULL without memory, which has ended the connection. */
struct exchange *http1_take_exchange(struct http1_front *front);

/* Answers the exchange, whose head begins with `bytes` and is refused, and ends the connection. The
 * reason goes to the log. */
void http1_refuse_head(struct http1_front *front, struct slice bytes, uint32_t status,
                       const char *reason);

/* Nothing will come behind what has arrived of a head: logs that, and ends the connection. */
void http1_give_up_head(struct http1_front *front, uint32_t log_status, const char *reason);
void http1_head_timeout(struct http1_front *front);

/* --- http1_response.c --- */
bool http1_send_head(struct exchange *exchange);
size_t http1_send_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                       bool last);
ssize_t http1_send_file(struct exchange *exchange, const struct front_file *file, bool last);
void http1_send_interim(struct exchange *exchange, uint32_t status,
                        const struct engine_header *fields, uint32_t count);

/* Writes what is left of `out`. False when the connection has failed. */
bool http1_flush(struct http1_front *front);

/* Forgets what is in `out`. */
void http1_drop_out(struct http1_front *front);

/* --- http1_front.c --- */
void http1_close(struct http1_front *front);

/* The client speaks HTTP/2, from the bytes in `in` on: another front takes over. */
void http1_leave_to_http2(struct http1_front *front);

/* The client is gone. True when the exchange goes on all the same (proxy_ignore_client_abort): its
 * output is dropped from now on. */
bool http1_goes_on_alone(struct http1_front *front);

/* Ends the exchange, which the log shows with `status` if nothing was sent, and closes. */
void http1_client_gone(struct http1_front *front, uint32_t status);

/* Queues settling for the end of this turn. */
void http1_settle_later(struct http1_front *front);

/* The front of an accepted connection. False without memory; the descriptor is then the caller's.
 */
__attribute__((warn_unused_result)) bool http1_front_create(const struct http_accepted *accepted);

/* A front that goes on where the owner of `connection` was, reading at once what is there. False
 * without memory; the connection is then its owner's as before. */
__attribute__((warn_unused_result)) bool http1_front_take(struct http_connection *connection);

#endif
