/* What the files of http/ and proxy/ share of the service: the worker's state that every exchange
 * needs. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/exchange.h"
#include "http/staple_ahead.h"
#include "net/memory_pool.h"

#include <limits.h>

struct balance_zone;
struct staple_board;
struct http2_shared;
struct http_connection;
struct http_listener;

struct http_service {
    struct loop *loop;
    struct log *log;
    const struct http_proxy_hooks *proxy;
    void *proxy_state;
    const struct http_file_hooks *files;
    void *file_state;
    struct balance_zone *zone;    /* peer states; may be NULL */
    struct staple_board *staples; /* answers about certificates; may be NULL */
    struct buffer_pool buffers;
    struct memory_pool *memory; /* of nghttp2's sessions */
    struct generation *generation;
    struct tls_server_list tls_servers; /* contexts of TLS to clients */
    struct timer tls_timer;             /* until those that a reload left are let go of */
    struct limit_debt *limit_debts;     /* see limit.c */
    uint32_t process;                   /* its number, as owner of locks in shared memory */
    struct exchange *free_exchanges;
    uint32_t free_exchange_count;
    struct http_connection *connections; /* of all clients */
    struct http_listener *listeners;
    struct timer accept_timer; /* accepting starts again after descriptors ran out */
    uint32_t connection_limit;
    uint32_t connection_count; /* to clients and backends together */
    uint64_t connection_serial;
    uint64_t full_reported;  /* loop time of the last complaint about it */
    uint64_t reuse_reported; /* and of the last about idle ones that had to go */
    uint64_t reuse_from;     /* loop time before which idle ones are not looked for */
    bool multi_accept;
    bool is_paused; /* not accepting: no room for more connections */
    bool is_draining;
    bool needs_server_addr; /* the generation uses $server_addr, or tells it to backends */
    void (*on_idle)(void *data);
    void *on_idle_data;
    struct loop_task idle_task;
    struct staple_ahead staple_ahead;
    struct http2_shared *http2; /* NULL until a client speaks HTTP/2 */
    void (*release_http2)(struct http_service *service);
    /* Texts of the current second. */
    time_t second;
    char date[32];
    char local[32];
    char iso8601[32];
    char hostname[256];
    char prefix[PATH_MAX]; /* where relative roots begin */
};

/* --- variable.c --- */

/* The engine's source of LIVE variables. */
extern const struct engine_live exchange_live;

/* --- wait.c --- */

/* Holds the exchange up: a client that leaves meanwhile is gone, and a body is not taken. Then
 * calls go_on with `status`. Without memory the exchange fails. */
void exchange_wait(struct exchange *exchange, uint64_t milliseconds, uint32_t status,
                   void (*go_on)(struct exchange *exchange, uint32_t status));

/* For handlers that wait, see http_handler.is_waiting: nothing is done, and nothing is taken of the
 * body, which is offered again to whoever answers. */
void exchange_do_nothing(struct exchange *exchange);
size_t exchange_take_nothing(struct exchange *exchange, struct slice piece, bool last);

/* Answers with that status once auth_delay is over. */
void exchange_delay(struct exchange *exchange, uint32_t status);

/* password.c: what the file says of the user; struct engine_live */
enum engine_password exchange_check_password(void *owner, struct slice file, struct slice user,
                                             struct slice password);

/* --- tls_variable.c --- */

/* Whether it is one about the TLS of the client's connection; and its value, false when it has
 * none, as without TLS. */
bool exchange_is_tls_variable(enum variable_id id);
bool exchange_tls_variable(struct exchange *exchange, enum variable_id id, struct slice *value);

/* --- answer.c --- */

/* Gives the request what the engine needs, unless it has that already: it may be refused, or its
 * client gone, before it was routed. False without memory. */
__attribute__((warn_unused_result)) bool exchange_prepare(struct exchange *exchange);

/* --- pace.c: limit_rate --- */

/* Looks, when the head is there, whether the response has a pace. False without memory. */
__attribute__((warn_unused_result)) bool exchange_pace_start(struct exchange *exchange);

/* What remains of a body behind all filters, for the front: as front_operations has it, at the pace
 * that there is. Where that holds bytes back exchange_resume is called in time. */
size_t exchange_pass_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                          bool last);
ssize_t exchange_pass_file(struct exchange *exchange, const struct front_file *file, bool last);

void exchange_pace_stop(struct exchange *exchange);

/* --- limit.c --- */

/* When the service ends. */
void http_limit_forget_debts(struct http_service *service);

/* --- access_log.c --- */
void exchange_write_access_logs(struct exchange *exchange);

/* --- clock.c: times as text, made once a second; valid until the next turn of the loop --- */

/* IMF-fixdate (RFC 9110 5.6.7). */
struct slice http_service_date(struct http_service *service);
struct slice http_service_time_local(struct http_service *service);
struct slice http_service_time_iso8601(struct http_service *service);

/* --- listener.c --- */

struct http_listener {
    struct loop_handle handle;
    struct http_listener *next;
    struct http_service *service;
    uint32_t record;     /* of section listener in the current generation */
    uint32_t references; /* the service's one and its connections' */
    /* Of a listener that is no longer configured: the last generation that had it, on which its
     * remaining connections end. NULL: the service's current one. */
    struct generation *generation;
    bool is_open;      /* still in the configuration */
    bool is_accepting; /* registered with the loop */
};

/* The generation that exchanges of its connections begin on. */
struct generation *http_listener_generation(const struct http_listener *listener);

/* Before the service goes over to another generation. */
void http_listener_remember(struct http_service *service, struct generation *previous);

/* The endpoint of that generation that a connection with this local address belongs to. */
const struct table_endpoint *http_listener_endpoint(const struct http_listener *listener,
                                                    const union socket_address *local);

/* Whether the local address of its connections matters to the current generation. */
bool http_listener_needs_local(const struct http_listener *listener);

/* The local address of a connection. It is asked for only where it matters, as that costs a system
 * call: returns whether it was, else it is the listener's. */
bool http_listener_find_local(const struct http_listener *listener, int fd,
                              union socket_address *local);
void http_listener_release(struct http_listener *listener);

/* Begins or ends accepting on all open listeners. */
void http_listener_resume_all(struct http_service *service);
void http_listener_pause_all(struct http_service *service);
void http_listener_close(struct http_listener *listener);

/* --- service.c --- */

/* A connection to a client or a backend has begun; false when there is no room for it. */
__attribute__((warn_unused_result)) bool http_service_take_connection(struct http_service *service);
void http_service_give_connection(struct http_service *service);

/* Draining may be complete. */
void http_service_check_idle(struct http_service *service);

#endif
