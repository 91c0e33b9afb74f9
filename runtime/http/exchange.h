/* The exchange: one request and its response, whatever protocol either side speaks. The front (the
 * client's side) and the handler (who answers: a static answer, the proxy) meet here and nowhere
 * else. Routing, limits, header policy, error pages and logging are written once, against this.
 *
 * Life: the front takes an exchange, fills in the request and calls exchange_begin. That chooses
 * server and location and starts a handler. The handler answers through exchange_send_head and
 * exchange_send_body. When everything was handed to the kernel the front calls exchange_end, which
 * logs and releases. Every exchange ends there, once, with or without an answer.
 *
 * Nobody releases an exchange while a handler or front function runs on it: ends are deferred to
 * the end of the loop's turn. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "engine/compression.h"
#include "http/head.h"
#include "http/service.h"
#include "net/buffer.h"
#include "net/socket.h"

struct exchange;
struct http_filter;
struct exchange_limits;
struct exchange_wait;
struct proxy_header;
struct staples;
struct tls_stream;

/* Who answers. Handlers are constant. What the proxy keeps per exchange hangs on
 * exchange->proxy_data, in the exchange's arena, and stays readable for the log until the end. */
struct http_handler {
    /* Begins to answer. */
    void (*start)(struct exchange *exchange);
    /* Decoded bytes of the request body. Returns how many of them were taken, from the beginning;
     * what was not taken is offered again after exchange_want_body. `last` says that the body ends
     * after this piece, and counts only if all of it was taken. */
    size_t (*take_body)(struct exchange *exchange, struct slice piece, bool last);
    /* exchange_send_body took less than was offered; now there is room again. */
    void (*resume)(struct exchange *exchange);
    /* The exchange is ending or gets another handler: lets go of everything. */
    void (*stop)(struct exchange *exchange);
    /* It has nothing to do with the client for now, not even with the rest of its body: one that
     * closes its connection meanwhile is gone. */
    bool is_waiting;
};

/* What the proxy room gives to the service at start, so that http/ need not look up to it. */
struct http_proxy_hooks {
    const struct http_handler *handler;
    /* The LIVE variables about upstreams; false when there is no value. Called only when
     * exchange->proxy_data is set. */
    bool (*variable)(struct exchange *exchange, enum variable_id id, struct slice suffix,
                     struct slice *value);
    /* The fields of the backend's answer; NULL: there was none. Called likewise. */
    const struct http_fields *(*fields)(const struct exchange *exchange);
    /* The proxy's state in this worker; NULL without memory. */
    void *(*create)(struct http_service *service);
    void (*destroy)(void *proxy);
    /* Builds what `generation` needs (generation->extension), carrying over from what is in use. */
    bool (*prepare)(void *proxy, struct generation *generation);
    /* Closes connections that nobody waits for. */
    void (*drain)(void *proxy);
    /* Has somebody ask about these certificates, of a context of a server with these settings, from
     * now on until they go. False without memory. */
    bool (*staple)(void *proxy, const struct generation *generation,
                   const struct table_settings *settings, struct staples *staples);
};

/* What the room of files gives to the service, likewise. What its handler keeps per exchange hangs
 * on exchange->file_data. */
struct http_file_hooks {
    /* Answers with the file that exchange->file_name names, as engine_decide found it. */
    const struct http_handler *handler;
    /* Answers with the list of the folder that exchange->file_name names. */
    const struct http_handler *folder_handler;
    /* Bits of enum engine_file, by the settings in effect. */
    uint32_t (*look)(struct exchange *exchange, struct slice path);
    /* What this worker knows of files; NULL without memory. */
    void *(*create)(struct http_service *service);
    void (*destroy)(void *files);
    /* Forgets what is known: another generation is to be used. */
    void (*forget)(void *files);
    /* Writes a line of an access log whose path has variables. */
    void (*log_line)(struct exchange *exchange, const struct table_access_log *record,
                     struct slice line);
    /* Closes the log files that are kept open. */
    void (*forget_logs)(void *files);
};

/* A part of a file. */
struct front_file {
    int fd;
    uint64_t offset;
    uint64_t size;
};

enum {
    FRONT_NEEDS_BYTES = -1, /* nothing was sent; the handler is to read the file itself */
    FRONT_FILE_ENDED = -2,  /* the file has become shorter, or cannot be read: errno, or 0 */
};

/* What a front does for an exchange. */
struct front_operations {
    /* Takes response status and fields (exchange->response); may keep them until body follows. */
    bool (*send_head)(struct exchange *exchange);
    /* Takes a beginning of the pieces, returns how many bytes. `last`: nothing follows them. */
    size_t (*send_body)(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                        bool last);
    /* The same with a part of a file, which the kernel sends by itself. Returns how many bytes were
     * taken, or FRONT_…. NULL: as if it always said FRONT_NEEDS_BYTES. */
    ssize_t (*send_file)(struct exchange *exchange, const struct front_file *file, bool last);
    /* The handler can take request body bytes (again). */
    void (*want_body)(struct exchange *exchange);
    /* An interim response, before the head. A client that cannot take it, or not now, gets none. */
    void (*send_interim)(struct exchange *exchange, uint32_t status,
                         const struct engine_header *fields, uint32_t count);
    /* Breaks the response off in a way that the client cannot take for its end. */
    void (*abort)(struct exchange *exchange);
    /* The exchange, which went on without its client (is_left), is answered by somebody else now,
     * who may mind: the client counts as gone only now. Of fronts that have clients. */
    void (*mind_end)(struct exchange *exchange);
};

enum { EXCHANGE_FIELDS = 64, EXCHANGE_FIELDS_LIMIT = 1000, EXCHANGE_PIECES = 16 };

struct http_response {
    uint32_t status;
    bool is_head_sent;
    bool is_complete; /* the front has taken the last byte */
    bool is_upgrade;  /* 101: from now on both directions are opaque bytes */
    bool has_length;
    bool is_from_back; /* of fields, Server and Date may be the backend's own */
    uint64_t length;   /* of the body as announced */
    bool has_modified;
    int64_t modified;             /* the content's time, in seconds since 1970 */
    uint64_t bytes_sent;          /* everything written to the client */
    uint64_t head_size;           /* of it, the head */
    struct slice reason;          /* the backend's own phrase; empty: the usual one */
    struct slice upgrade;         /* 101: value of the Upgrade field */
    bool is_chunked;              /* set by the front, for $sent_http_transfer_encoding */
    struct engine_header *fields; /* as sent, without framing and connection fields */
    uint32_t field_count;
    uint32_t field_capacity;
    struct engine_header *trailers; /* to be sent behind the body, if that can be */
    uint32_t trailer_count;
};

/* A field that the response gets, whatever becomes of the request: a page of an error, too. */
struct exchange_lasting_field {
    struct exchange_lasting_field *next; /* added before */
    struct engine_header header;         /* may change until the head is sent; no value: no field */
};

struct exchange {
    struct exchange *next_free;
    struct http_service *service;
    struct generation *generation;
    const struct front_operations *front_operations;
    void *front;
    const struct http_handler *handler;
    void *proxy_data;           /* NULL until the proxy took part; of several times the latest */
    void *file_data;            /* NULL until a file was opened */
    struct slice file_name;     /* of ENGINE_FILE and ENGINE_FOLDER */
    struct slice answer;        /* the rest of an answer made here */
    struct http_filter *filter; /* compression; NULL: bodies go as they are */
    enum engine_gzip_verdict gzip_verdict;
    bool varies;                /* other clients may get the response in another coding */
    struct exchange_wait *wait; /* see wait.c; NULL: there was none */
    struct exchange *main; /* whose subrequest this is, which outlives it; NULL: a client's own */
    struct exchange *part; /* the subrequest that it waits for; NULL: none */
    struct exchange_limits *limits; /* what limit_req and limit_conn say; NULL: nothing yet */
    const struct table_endpoint *endpoint;
    struct tls_stream *tls;               /* of the client's connection; NULL: plain */
    const struct proxy_header *announced; /* the ends of it that a proxy has told of; NULL: none */

    struct engine_request request;
    struct http_request_head head;
    struct http_response response;

    /* The request body. */
    uint64_t body_received; /* decoded bytes */
    bool body_complete;
    bool is_body_dropped; /* an error came before its end: nobody gets the rest */
    bool wants_continue;  /* 100 is still owed */
    bool is_upgraded;     /* see response.is_upgrade */
    bool is_http2;        /* so speaks the client */

    bool keep_alive;  /* the client's connection may be used again */
    bool is_answered; /* an answer made here has begun: guards against errors while making it */
    bool is_aborted;  /* ended without a complete response */
    bool is_silent;   /* so the configuration wants it: return 444 */
    bool is_left;     /* its client is gone, and it goes on all the same; see mind_end */
    bool is_pipelined;
    /* Fields of a backend that left the answer to another location by X-Accel-Redirect. */
    struct engine_header *kept;
    uint32_t kept_count;
    struct exchange_lasting_field *lasting_fields;
    struct exchange_pace *pace; /* NULL: the response may go as fast as it can */
    uint32_t log_status;        /* what $status says when it is not response.status: 499, 0 */
    uint64_t started;           /* loop time of the first byte */
    struct slice id;            /* $request_id, once it was asked for */
    uint64_t request_length;
    uint64_t connection_number;
    uint64_t connection_started;
    uint64_t connection_requests;

    struct arena arena;
    char remote_text[SOCKET_TEXT_SIZE];
    char server_text[SOCKET_TEXT_SIZE];
    struct engine_header request_fields[EXCHANGE_FIELDS];
    uint8_t request_field_ids[EXCHANGE_FIELDS];
    struct engine_header response_fields[EXCHANGE_FIELDS];
};

/* --- exchange.c: life --- */

/* A fresh exchange on `generation`, or NULL without memory. */
__attribute__((warn_unused_result)) struct exchange *exchange_take(struct http_service *service,
                                                                   struct generation *generation);

/* Routes and starts a handler. The front has filled in head, request (target, protocol, addresses),
 * endpoint and the connection's facts. May answer an error. */
void exchange_begin(struct exchange *exchange);

/* Answers a request whose head could not be understood; 0 ends it without an answer, `log_status`
 * being what the log shows. endpoint and connection facts must be filled in. */
void exchange_refuse(struct exchange *exchange, uint32_t status, uint32_t log_status,
                     const char *reason);

/* Decoded request body bytes from the front, see http_handler.take_body. Enforces
 * client_max_body_size. */
size_t exchange_take_body(struct exchange *exchange, struct slice piece, bool last);

/* The front has room again. */
void exchange_resume(struct exchange *exchange);

/* Whether a backend's answer is awaited, for itself or its subrequest. */
bool exchange_awaits_backend(const struct exchange *exchange);

/* Whether it goes on when the client is gone (proxy_ignore_client_abort): only a backend's answer
 * is worth waiting for when nobody gets it. */
bool exchange_ignores_abort(const struct exchange *exchange);

/* The client is gone or broke its side: stops the handler; exchange_end is to follow. `status` is
 * what the log shows if nothing was sent: 499, 408, 400. */
void exchange_client_gone(struct exchange *exchange, uint32_t status);

/* Stops the handler of an exchange whose response is complete; the rest of a body is dropped. */
void exchange_stop(struct exchange *exchange);

/* Logs, unless it is a subrequest, and releases. */
void exchange_end(struct exchange *exchange);

/* --- answer.c: answers made here --- */

/* Answers as the engine has decided: an answer made here, or the proxy. */
void exchange_act(struct exchange *exchange, const struct engine_outcome *decided);

/* An error: what error_page has for it, its page, or the bare close of 444. Replaces the current
 * handler, perhaps by another one of the same kind. When a response has begun already it is broken
 * off instead. */
void exchange_fail(struct exchange *exchange, uint32_t status);

/* Ends it without an answer, `status` being what the log shows: return 444. */
void exchange_close_silently(struct exchange *exchange, uint32_t status);

/* Goes on with what X-Accel-Redirect of a backend names. The handler that runs is replaced; no head
 * may have been sent. */
void exchange_redirect(struct exchange *exchange, struct slice target);

/* --- subrequest.c: auth_request --- */

/* Has a subrequest ask for leave, and goes on once that is answered. Called by exchange_act. */
void exchange_ask(struct exchange *main, struct slice path);

/* --- limit.c: limit_req and limit_conn --- */

/* Asks the limits in effect, once for each exchange, and goes on: at once, later, or with an error.
 * Called by exchange_act. */
void exchange_limit(struct exchange *exchange);

/* At the end: what is counted as under way is no more. An exchange that is a part of another, as a
 * subrequest, has the other's `limits`, and nothing is done then. */
void exchange_give_limits(struct exchange *exchange);

/* $limit_req_status or $limit_conn_status; false: there is none. */
bool exchange_limit_variable(const struct exchange *exchange, enum variable_id id,
                             struct slice *value);

/* --- response.c: heads --- */

/* Starts the list of fields with Server and Date; the handler then adds its own. */
void exchange_start_response(struct exchange *exchange, uint32_t status);

/* Adds one field; name and value are borrowed, and hold no CR, LF or NUL. False without memory. */
__attribute__((warn_unused_result)) bool exchange_add_field(struct exchange *exchange,
                                                            struct slice name, struct slice value);

/* The same for a value that the configuration or a variable made: CR, LF and NUL in it become
 * spaces (RFC 9110 5.5). */
__attribute__((warn_unused_result)) bool
exchange_add_made_field(struct exchange *exchange, struct slice name, struct slice value);

/* Applies add_header and passes the head to the front. False when the exchange has failed. */
bool exchange_send_head(struct exchange *exchange);

/* Whether the client gets what lies there compressed with gzip. */
bool exchange_accepts_gzip(struct exchange *exchange);

/* Whether the response, of status and length as they are set, would be compressed or decompressed
 * if its handler added these fields: a part of it cannot be asked for then. */
bool exchange_will_recode(struct exchange *exchange, const struct engine_header *fields,
                          uint32_t count);

/* An interim response (RFC 9110 15.2): 100, with which the client's expectation is met, or another
 * one but 101. Nothing happens once the head was sent. */
void exchange_send_interim(struct exchange *exchange, uint32_t status,
                           const struct engine_header *fields, uint32_t count);

/* See front_operations.send_body. The trailers must be there when the last piece is sent. */
size_t exchange_send_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                          bool last);

/* See front_operations.send_file. */
ssize_t exchange_send_file(struct exchange *exchange, const struct front_file *file, bool last);

/* Nothing follows for now. A compressed response is sent on as far as it has come; `is_needed`: up
 * to its last byte, since the body is not buffered. */
void exchange_flush_body(struct exchange *exchange, bool is_needed);

/* Whether a response of this status to this request has a body on the wire. */
bool exchange_response_has_body(const struct exchange *exchange);

/* Asks the front for request body bytes. */
void exchange_want_body(struct exchange *exchange);

/* Says that there is no memory for `what`, and fails with 500. */
void exchange_fail_memory(struct exchange *exchange, const char *what);

/* --- error log --- */

/* To the error logs of the exchange's location or server, with client, server, request and host. */
__attribute__((format(printf, 4, 5))) void exchange_log(struct exchange *exchange,
                                                        enum table_log_level level,
                                                        struct slice upstream, const char *format,
                                                        ...);

#endif
