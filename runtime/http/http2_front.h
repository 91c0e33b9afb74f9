/* An HTTP/2 client connection, private to the http2_*.c files: the front of as many exchanges at a
 * time as it has streams. nghttp2 does frames, HPACK and windows. The connection's life is in
 * http2_front.c, what goes between it and nghttp2 in http2_session.c, frames on their way out are
 * in http2_output.c, requests in http2_request.c and their bodies in http2_body.c, responses in
 * http2_response.c, their order in http2_priority.c, WebSockets in http2_tunnel.c.
 *
 * Within a callback of nghttp2's nothing is done but taking notes: neither may nghttp2 be asked to
 * send there, nor may an exchange that begins, takes bytes or ends be kept from answering. */
#ifndef HTTP_HTTP2_FRONT_H
#define HTTP_HTTP2_FRONT_H

#include "http/connection.h"

#include <nghttp2/nghttp2.h>

enum { HTTP2_FRAME_HEADER = 9 }; /* RFC 9113 4.1 */

enum http2_state {
    HTTP2_OPEN,
    HTTP2_LINGER, /* all is said; input is dropped until the client closes */
    HTTP2_CLOSED,
};

struct http2_front;

/* A field that has not become one of the exchange's. */
struct http2_pseudo_fields {
    struct slice method;
    struct slice scheme;
    struct slice authority;
    struct slice path;
    struct slice protocol;
};

/* What a client wants of the order of answers (RFC 9218 4). */
struct http2_priority {
    uint8_t urgency;  /* 0 comes first, 7 last */
    bool takes_turns; /* with others of this kind, piece by piece; else one after the other */
};

/* One request and its response. In the arena of its exchange. */
struct http2_stream {
    struct http2_front *front;
    struct exchange *exchange;
    struct http2_stream *next; /* of the front's list */
    struct http2_stream **link;
    struct http2_stream *next_due;     /* of those to be looked at */
    struct http2_stream *next_blocked; /* of those that wait for room */
    struct http2_stream **blocked_link;
    int32_t id;
    bool is_due;
    bool is_blocked;
    bool has_priority; /* it is known */
    struct http2_priority priority;
    uint32_t round; /* of asking those that wait, the latest that it was seen in */

    /* The request's head, while it arrives. */
    struct http2_pseudo_fields pseudo;
    const struct table_settings *limits; /* of the server that is not chosen yet */
    uint64_t head_size;                  /* of its fields, and of trailers */
    uint32_t cookies;                    /* Cookie fields so far */
    uint32_t refusal;                    /* status; 0: there is nothing wrong with it so far */
    const char *reason;
    bool has_head;
    bool is_begun; /* the exchange is */

    /* The request's body. */
    struct buffer *body; /* arrived and not taken; a list through next_free, oldest first */
    struct buffer *body_end;
    uint64_t body_received;
    bool has_ended; /* nothing follows what has arrived */
    bool body_ended;
    bool wants_body;
    bool is_pumping;
    bool is_window_wide;
    bool is_lingering;    /* it is not wanted any more, as the response is complete */
    bool is_told_to_stop; /* at the next look */
    struct timer body_timer;

    /* A WebSocket (RFC 8441). */
    bool is_tunnel;
    struct slice tunnel_key; /* of the handshake that the backend gets */

    /* The response. */
    const struct slice *pieces; /* being offered */
    uint32_t piece_count;
    size_t piece_used; /* of the first one */
    size_t offered;    /* bytes in them all */
    size_t taken;
    bool is_last;
    bool is_bodiless;
    bool has_response;  /* its head is there */
    bool is_submitted;  /* nghttp2 has it */
    bool is_deferred;   /* nghttp2 does not ask for more of the body until it is told to */
    bool has_sent_all;  /* nghttp2 has packed the last frame */
    bool has_trailers;  /* nghttp2 has them */
    bool is_gone;       /* the stream is closed */
    bool is_broken;     /* to be reset */
    bool is_discarding; /* the client is gone, and the exchange goes on without it */
    struct timer send_timer;
};

struct http2_front {
    struct http_connection connection;
    struct loop_task settle; /* at the turn's end: ends exchanges, writes, frees */
    struct timer read_timer;
    struct timer write_timer;
    nghttp2_session *session;
    struct buffer *out; /* frames on their way to the kernel */
    struct http2_stream *streams;
    struct http2_stream *due; /* oldest first */
    struct http2_stream **due_end;
    struct http2_stream *blocked; /* in the order in which they are asked */
    struct http2_stream *cursor;  /* of them, the next one to be asked; NULL between rounds */
    struct http2_stream *heading; /* whose head is arriving */
    /* What a callback has put aside for http2_take: body bytes, in the bytes being taken. */
    struct http2_stream *chunk_stream;
    struct slice chunk;
    uint32_t stream_count;
    uint32_t round;           /* of asking those that wait */
    size_t turn;              /* bytes that the one which is asked may still have packed */
    uint32_t gone_count;      /* streams that are over since streams were settled */
    uint32_t reset_allowance; /* how often the client may still reset a stream */
    uint64_t reset_refilled;  /* loop time */
    uint64_t total_bytes;     /* received */
    uint64_t useful_bytes;    /* of fields and bodies, received or sent */
    uint64_t linger_until;    /* loop time */
    uint64_t idle_since;      /* loop time; 0: no stream has ended yet */
    uint64_t min_idle;        /* milliseconds in which an idle one is left alone */
    uint64_t leaving_since;   /* loop time */
    uint8_t state;            /* enum http2_state */
    bool has_chunk;           /* `chunk` is to be seen to */
    bool has_news;            /* a head or an end has arrived */
    bool must_pause;          /* streams that are over are to be settled first */
    bool is_leaving;          /* no new streams once the client knows */
    bool has_left;            /* it was told which stream is the last */
    bool is_failed;           /* nghttp2 will not go on */
    bool is_write_failed;     /* found out while packing */
    bool is_settling;
    bool has_progressed; /* bytes were packed, or written while some waited, since it was looked at
                          */
    bool is_reading_on;  /* settle was queued to go on reading */
};

extern const struct front_operations http2_operations;

/* --- http2_front.c --- */

/* A front that goes on where the owner of `connection` was, beginning with bytes that were read
 * already (the preface, perhaps more). False without memory; the connection is then its owner's as
 * before. */
__attribute__((warn_unused_result)) bool http2_front_take(struct http_connection *connection,
                                                          struct slice bytes);

void http2_settle_later(struct http2_front *front);
void http2_close(struct http2_front *front);

/* Ends the exchanges of streams that are over. Not for callbacks and handlers. */
void http2_settle_streams(struct http2_front *front);

/* A stream that the client has opened. */
void http2_stream_enter(struct http2_front *front, struct http2_stream *stream,
                        struct exchange *exchange, int32_t id);

/* To be looked at when the turn ends. */
void http2_stream_due(struct http2_stream *stream);

/* To be reset when the turn ends. */
void http2_stream_break(struct http2_stream *stream);

/* The stream, and with it what its exchange is doing, is given up; the log shows `status` if
 * nothing was sent. */
void http2_stream_give_up(struct http2_stream *stream, uint32_t status);

/* The client, or we, have said that it is time to go. */
void http2_begin_leaving(struct http2_front *front);

/* Tells the client which stream is the last; those that follow are not looked at. */
void http2_tell_last(struct http2_front *front);

/* Says goodbye because of what the client does, with a line for the log. */
void http2_accuse(struct http2_front *front, uint32_t code, const char *what);

/* --- http2_session.c --- */

/* Begins the session with our settings on a connection that is still another's. False without
 * memory. */
__attribute__((warn_unused_result)) bool http2_session_begin(struct http2_front *front,
                                                             struct http_connection *connection);

/* Where a worker reads into; what is there is taken apart before anything else is read. NULL
 * without memory. */
struct buffer *http2_shared_input(struct http_service *service);

/* Takes apart what was read, and does what it asks for. */
void http2_take(struct http2_front *front, struct slice bytes);

/* The stream that nghttp2 means; NULL when it is done with. */
struct http2_stream *http2_find_stream(nghttp2_session *session, int32_t id);

/* --- http2_output.c --- */

/* Moves frames from nghttp2 to `out`, as many as there is room for. */
void http2_pack(struct http2_front *front);

/* Writes `out` as far as the kernel takes it. False when the connection has failed. */
__attribute__((warn_unused_result)) bool http2_flush(struct http2_front *front);
bool http2_has_room(const struct http2_front *front);

/* For a frame with up to `size` body bytes: how many of them have room in `out`, which is then
 * there; SIZE_MAX when not even its header has. */
size_t http2_data_room(struct http2_front *front, size_t size);

/* --- http2_request.c --- */

/* For the callbacks; the first returns what those return. */
int http2_request_open(struct http2_front *front, int32_t id);
void http2_request_add_field(struct http2_stream *stream, nghttp2_rcbuf *name,
                             nghttp2_rcbuf *value);
/* Adds a field to the exchange's. */
void http2_request_put_field(struct http2_stream *stream, enum http_field id, struct slice name,
                             struct slice value);
void http2_request_refuse(struct http2_stream *stream, uint32_t status, const char *reason);

/* The head is there: begins the exchange. */
void http2_request_begin(struct http2_stream *stream);

/* --- http2_body.c --- */
void http2_want_body(struct exchange *exchange);

/* Bytes of a body have arrived. */
void http2_body_take(struct http2_stream *stream, struct slice bytes);
/* Its end has, or the client is gone and the exchange goes on with what there is. */
void http2_body_end(struct http2_stream *stream);
void http2_body_release(struct http2_stream *stream);
void http2_body_start_timer(struct http2_stream *stream);

/* --- http2_response.c --- */
bool http2_send_head(struct exchange *exchange);
size_t http2_send_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                       bool last);
void http2_send_interim(struct exchange *exchange, uint32_t status,
                        const struct engine_header *fields, uint32_t count);

/* The callbacks through which nghttp2 gets a body. */
ssize_t http2_response_measure(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t size,
                               uint32_t *flags, nghttp2_data_source *source, void *data);
int http2_response_pack(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                        size_t size, nghttp2_data_source *source, void *data);

/* Asks those that wait for room to go on, while there is some. */
void http2_resume_blocked(struct http2_front *front);

/* --- http2_priority.c --- */

/* What a Priority field's value says (RFC 9218 5); what it does not say is as usual. */
struct http2_priority http2_priority_parse(struct slice value);

/* Puts a stream among those that wait for room, in the place that its client wants. */
void http2_wait_enter(struct http2_stream *stream);
void http2_wait_leave(struct http2_stream *stream);

/* The client has thought better of it (RFC 9218 7.1). */
void http2_priority_change(struct http2_stream *stream, struct slice value);

/* --- http2_tunnel.c --- */

/* Makes a handshake of HTTP/1.1 from the request. False without memory. */
__attribute__((warn_unused_result)) bool http2_tunnel_begin(struct http2_stream *stream);

/* Fields of the handshake that the client does not get. */
bool http2_tunnel_hides(struct slice name);

/* Whether the response's head is the handshake's proper answer. */
bool http2_tunnel_is_accepted(const struct http2_stream *stream);

#endif
