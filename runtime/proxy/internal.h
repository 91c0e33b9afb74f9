/* What the files of proxy/ share: the state of one proxied exchange and the steps on it. */
#ifndef PROXY_INTERNAL_H
#define PROXY_INTERNAL_H

#include "balance/group.h"
#include "engine/upstream.h"
#include "http/chunked.h"
#include "net/backlog.h"
#include "net/spool.h"
#include "proxy/group.h"
#include "proxy/protocol.h"
#include "proxy/tls.h"

/* Of one worker. */
struct proxy_state {
    struct http_service *service;
    struct resolver *resolver;   /* NULL: c-ares did not start; names do not resolve */
    struct proxy_groups *groups; /* of the current generation; not owned */
    struct proxy_tls tls;
    struct probe *probes; /* under way */
    struct stapler_watch *staple_watches;
    uint32_t staple_fetch_count; /* under way */
    struct balance_random random;
    uint32_t rotation; /* which address of a resolved name is tried first */
};

/* One try of one peer, for $upstream_… */
struct proxy_attempt {
    struct balance_peer *peer; /* held */
    bool is_under_way;         /* it has not been given back to its group */
    struct slice name;
    uint32_t status;       /* 0: none */
    uint64_t started;      /* loop time */
    uint64_t connect_time; /* milliseconds since started; PROXY_NEVER: it did not come to that */
    uint64_t header_time;
    uint64_t response_time;
    uint64_t bytes_sent;
    bool was_stale; /* an idle connection that turned out to be closed */
    uint64_t bytes_received;
    uint64_t response_length;
};
#define PROXY_NEVER UINT64_MAX

enum proxy_body {
    PROXY_BODY_NONE,
    PROXY_BODY_COLLECT, /* read whole before a backend is asked, so that it can be sent again */
    PROXY_BODY_STREAM,  /* passed on as it arrives; what is there at first waits in the spool */
};

/* Chunks of a body that is passed on without its size being known. */
struct proxy_framing {
    char bytes[32]; /* of ours, between those of the body */
    uint8_t begin;  /* of what is not sent yet */
    uint8_t end;
    bool is_ended;       /* the last chunk is sent or in `bytes` */
    uint64_t chunk_left; /* bytes announced and not sent yet */
};

enum proxy_step {
    PROXY_RESOLVING,  /* the name that a variable gave */
    PROXY_COLLECTING, /* the request body is being read */
    PROXY_CONNECTING,
    PROXY_SENDING,  /* the request; the response may begin at any time */
    PROXY_RELAYING, /* the response */
    PROXY_DONE,
};

/* In the exchange's arena, as exchange->proxy_data. */
struct proxy {
    struct proxy *previous; /* before an error page; NULL: there was none */
    struct exchange *exchange;
    struct proxy_state *state;
    const struct table_proxy *record;
    const struct proxy_protocol *protocol; /* what its backends speak */
    void *protocol_data;                   /* the protocol's own */
    enum proxy_step step;

    /* Where to: a group, or an address or name that a variable gave. */
    struct proxy_group *group;
    struct balance_group *balance;         /* of the group, or `single` */
    struct balance_group single;           /* of the address or name that a variable gave */
    struct balance_request balancing;      /* what it has tried */
    struct exchange_lasting_field *cookie; /* that binds the client; NULL: none so far */
    struct name_wait name;                 /* while that name is being resolved */
    struct slice name_text;
    uint32_t name_port;
    struct back_security security; /* by TLS for https:// */
    struct slice host;             /* $proxy_host */
    struct slice port;             /* $proxy_port */
    struct slice uri;              /* of the request to the backend */

    /* What is sent. */
    struct buffer *request; /* the head, until it is sent */
    size_t request_written;
    enum proxy_body body;
    struct spool spool;
    bool is_collected; /* the whole body is in the spool */
    uint64_t spool_written;
    struct proxy_framing framing;
    uint64_t stream_taken;    /* bytes that a backend got and nobody can send again */
    bool stream_ended;        /* the client's last byte was taken, or the end of its side */
    struct loop_task send_on; /* goes on in the next turn */
    bool body_sent;
    bool body_refused;      /* the backend has stopped reading before the body's end */
    int write_error;        /* errno of a failed write, told if no response can be read either */
    uint64_t blocked_until; /* loop time by which a tunnel's backend must read on; 0: it reads */
    bool asks_upgrade;      /* the request carries an Upgrade field */
    bool asks_close;        /* it says Connection: close, so it is the connection's last */
    bool asks_head;         /* its method is HEAD, whatever the client's is: no body follows */
    bool keeps_body; /* the client's body is read, and not sent: proxy_set_body and the like */

    /* What comes back. */
    struct back *back;
    struct buffer *response;    /* head and then body, see relay.c */
    struct buffer *head_buffer; /* holds the head when `response` no longer does */
    size_t scanned;
    size_t body_offset;
    struct http_response_head head;
    bool has_head;
    uint64_t remaining;
    struct http_chunked chunked;
    bool passes_trailers;
    struct slice trailer; /* of the section what has arrived, in the exchange's arena */
    uint32_t piece_count;
    bool pieces_are_last;
    bool must_flush;           /* the front has a head that no body bytes pushed out */
    bool is_relaying;          /* guards against re-entry through the front */
    struct loop_task relay_on; /* goes on in the next turn */
    struct loop_task read_on;  /* the same while there is no head */
    bool is_buffered;          /* proxy_buffering, see absorb.c */
    bool is_absorbing;         /* what the front does not take is put aside */
    bool is_front_full;        /* it took less than it was offered, and has not asked since */
    struct backlog backlog;    /* what was put aside; it comes before `pieces` */
    uint64_t rate;             /* bytes a second to be read; 0: no limit */
    uint64_t rate_from;        /* loop time since when */
    uint64_t rate_used;        /* bytes read since then */
    struct timer pace;         /* until more may be read */

    struct proxy_attempt *attempts;
    struct balance_peer **tried; /* room for the peers of all attempts */
    uint32_t attempt_count;
    uint32_t attempt_capacity;
    uint32_t interim_count;
    bool is_unseen;       /* the backend has said that it did not look at the request */
    uint32_t stale_count; /* attempts on kept connections that turned out to be closed */

    /* What follows is not zeroed, as most of it is never used: that would be half the memory that a
     * request touches. */
    struct slice pieces[EXCHANGE_PIECES]; /* decoded, not taken by the front yet */
    struct engine_header fields[EXCHANGE_FIELDS];
    uint8_t field_ids[EXCHANGE_FIELDS];
};

static inline struct proxy_attempt *proxy_current_attempt(struct proxy *proxy) {
    return &proxy->attempts[proxy->attempt_count - 1];
}

/* --- proxy.c --- */

/* The peers are known: reads the request body first, or begins with the first attempt. */
void proxy_begin(struct proxy *proxy);

/* --- target.c --- */

/* Decides where the request goes: fills in group or peers, host, port and uri. False after it has
 * answered an error, or when a name has to be resolved first: then it goes on with proxy_begin once
 * that is done. */
bool proxy_find_target(struct proxy *proxy);

/* --- request.c --- */

/* More fields than this are listed in the arena. */
enum { PROXY_FEW_FIELDS = 64, PROXY_LENGTH_SIZE = 32 };

/* The head and what it may borrow from. */
struct proxy_request_head {
    struct engine_upstream_head head;
    struct engine_header few[PROXY_FEW_FIELDS];
    char length[PROXY_LENGTH_SIZE];
};

/* False without memory. */
__attribute__((warn_unused_result)) bool proxy_make_request_head(struct proxy *proxy,
                                                                 struct proxy_request_head *made);

/* Whether the body is passed on without anybody knowing its size. */
static inline bool proxy_has_unknown_size(const struct proxy *proxy) {
    return proxy->body == PROXY_BODY_STREAM && proxy->exchange->head.framing == HTTP_BODY_CHUNKED;
}

/* --- retry.c --- */

/* How an attempt goes wrong. */
enum proxy_failure {
    PROXY_FAILED, /* no connection, or it broke before there was a head */
    PROXY_TIMED_OUT,
    PROXY_BAD_HEAD,
    PROXY_ANSWERED_500,
    PROXY_ANSWERED_502,
    PROXY_ANSWERED_503,
    PROXY_ANSWERED_504,
    PROXY_ANSWERED_403,
    PROXY_ANSWERED_404,
    PROXY_ANSWERED_429,
    PROXY_FAILURE_COUNT,
};

/* What the client gets, unless another peer is asked. */
uint32_t proxy_failure_status(enum proxy_failure failure);

/* What it says of the peer. */
enum balance_outcome proxy_failure_outcome(enum proxy_failure failure);

/* PROXY_FAILURE_COUNT for a status that no peer is given up for. */
enum proxy_failure proxy_failure_of_status(uint32_t status);

/* Whether another peer may be asked, the current attempt having failed: nginx's rules. */
bool proxy_may_try_next(const struct proxy *proxy, enum proxy_failure failure);

/* --- way.c --- */

/* How connections for this request are made, besides their security: proxy_bind, proxy_protocol and
 * the like. False without memory. */
bool proxy_choose_way(struct engine_request *request, struct back_way *way);

/* --- attempt.c --- */

/* Picks a peer, takes or opens a connection to it, and begins to send; tries on when a connection
 * fails at once. Answers 502 when there is nobody to try. */
void proxy_start_attempt(struct proxy *proxy);

/* The current attempt has failed before its response began: another peer if that is allowed, else
 * 502 or 504. */
void proxy_fail_attempt(struct proxy *proxy, enum proxy_failure failure);

/* Starts a tunnel's time-out anew: silence in both directions, or a backend that does not read. */
void proxy_watch_tunnel(struct proxy *proxy);

/* Tells the group how the current attempt went, unless that was told already. */
void proxy_give_back(struct proxy *proxy, enum balance_outcome outcome);

/* The rest of a response that has begun does not come: breaks it off. As in nginx that is no
 * failure of the peer. */
void proxy_break_attempt(struct proxy *proxy);

/* Whether the head that was read is left alone, and another peer asked, because of its status. */
bool proxy_retry_status(struct proxy *proxy, uint32_t status);

/* The response was read whole. */
void proxy_finish_attempt(struct proxy *proxy);

/* The exchange needs the connection no more: it is kept or closed. */
void proxy_leave_back(struct proxy *proxy);

/* Closes the connection, whatever state it is in. */
void proxy_drop_back(struct proxy *proxy);

/* Error log line that names the upstream. */
__attribute__((format(printf, 3, 4))) void
proxy_log(struct proxy *proxy, enum table_log_level level, const char *format, ...);

/* --- collect.c --- */

/* Begins to read the body that the backend is to get: to its end, or of one that is passed on what
 * is there. Then the first attempt starts. */
void proxy_start_collecting(struct proxy *proxy);
/* Bytes of the body while the first attempt has not started; as http_handler.take_body. */
size_t proxy_collect(struct proxy *proxy, struct slice piece, bool last);
/* The body that the backend before got, for the one that answers as its error page. */
void proxy_take_over_body(struct proxy *proxy);

/* --- sticky.c --- */

/* What the choice of a peer depends on: the key of a hash, and whom the request is bound to. False
 * without memory. */
__attribute__((warn_unused_result)) bool proxy_prepare_balancing(struct proxy *proxy);

/* Binds the client to that peer, if the group is sticky. False without memory. */
__attribute__((warn_unused_result)) bool proxy_bind_client(struct proxy *proxy,
                                                           const struct balance_peer *peer);

/* --- send.c --- */

/* Writes what can be written of the request. */
void proxy_send_request(struct proxy *proxy);
void proxy_send_on(struct loop_task *task);
size_t proxy_take_body(struct exchange *exchange, struct slice piece, bool last);

/* --- response.c --- */

/* Bytes may have arrived while no head is there yet. */
void proxy_read_head(struct proxy *proxy);
void proxy_read_on(struct loop_task *task);

/* For protocols, while they take a head apart: most bytes of one; proxy->head gets room for fields,
 * and more of it (false without memory, or when there are too many); a final head is complete; it
 * makes no sense, or is too big, and the attempt fails. */
uint64_t proxy_head_limit(const struct proxy *proxy);
void proxy_begin_fields(struct proxy *proxy);
__attribute__((warn_unused_result)) bool proxy_grow_fields(struct proxy *proxy);
void proxy_use_head(struct proxy *proxy);
void proxy_fail_bad(struct proxy *proxy, const char *reason);
void proxy_fail_too_big(struct proxy *proxy);

/* A field of the response as the client gets it: redirects and cookies are rewritten. False without
 * memory, or when a regex failed. */
bool proxy_make_field(struct proxy *proxy, uint32_t index, struct engine_header *field);

/* --- accelerate.c --- */

/* The value of a field that speaks to the proxy, such as X-Accel-Redirect; false when there is
 * none, or proxy_ignore_headers names it. */
bool proxy_find_order(const struct proxy *proxy, enum http_field id, struct slice *value);

/* X-Accel-Redirect: another location answers. False when there is none; else it does. */
bool proxy_follow_redirect(struct proxy *proxy);

/* Whether field `index` of these, in an answer of the backend, is for the client. */
bool proxy_passes_field(const struct proxy *proxy, const struct http_fields *fields, uint32_t index,
                        bool has_connection);

/* Whether there is a Connection field that may name others, which then do not pass. */
bool proxy_has_connection(const struct http_fields *fields);

/* --- interim.c --- */

/* The head that was read is an interim response. Returns NULL, or why the attempt fails. */
const char *proxy_take_interim(struct proxy *proxy);

/* --- trailer.c --- */

/* Whether the response's trailers pass: its head was read. */
void proxy_decide_trailers(struct proxy *proxy);

/* All of them have arrived: the front gets those that pass. `fields` lie in the exchange's arena.
 */
void proxy_pass_trailers(struct proxy *proxy, const struct http_fields *fields);

/* --- absorb.c --- */

/* Decides whether the response, whose head is there, is buffered. */
void proxy_start_absorbing(struct proxy *proxy);
/* Puts aside what the front has not taken of the pieces, as far as there is room. */
void proxy_absorb(struct proxy *proxy);
/* How many bytes the backend is to wait for: those that the front has not taken, less what
 * proxy_buffering takes for it. */
size_t proxy_kept_size(const struct proxy *proxy);
/* Offers the front a part of what was put aside. False when it cannot be read back: the exchange
 * has failed. */
bool proxy_feed(struct proxy *proxy);

/* --- pace.c --- */

/* Finds out how fast the response may be read. */
void proxy_start_pace(struct proxy *proxy);
/* How many bytes may be read now, `wanted` at most; 0 after it has seen to it that reading goes on
 * later. */
size_t proxy_pace(struct proxy *proxy, size_t wanted);

/* --- relay.c --- */

void proxy_start_relay(struct proxy *proxy);
/* For protocols: decoded bytes of the body, EXCHANGE_PIECES pieces at most. */
void proxy_add_piece(struct proxy *proxy, struct slice piece);
/* Bytes of the pieces that are left. */
size_t proxy_pieces_size(const struct proxy *proxy);
/* Moves body bytes to the front as far as both sides go. */
void proxy_relay(struct proxy *proxy);

/* --- variable.c --- */
bool proxy_variable(struct exchange *exchange, enum variable_id id, struct slice suffix,
                    struct slice *value);
const struct http_fields *proxy_fields(const struct exchange *exchange);

#endif
