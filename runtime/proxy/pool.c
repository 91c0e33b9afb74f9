/* Opening, keeping and closing connections to backends. */
#include "proxy/pool.h"

#include "base/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- pools --- */

struct back_pool *back_pool_create(void) {
    struct back_pool *pool = calloc(1, sizeof *pool);
    if (pool != NULL) {
        pool->references = 1;
    }
    return pool;
}

struct back_pool *back_pool_hold(struct back_pool *pool) {
    pool->references++;
    return pool;
}

void back_pool_empty(struct back_pool *pool) {
    while (pool->oldest != NULL) {
        back_close(pool->oldest);
    }
}

void back_pool_release(struct back_pool *pool) {
    if (--pool->references == 0) {
        back_pool_empty(pool);
        free(pool);
    }
}

static void take_out(struct back *back) {
    struct back_pool *pool = back->pool;
    if (back->newer != NULL) {
        back->newer->older = back->older;
    } else {
        pool->newest = back->older;
    }
    if (back->older != NULL) {
        back->older->newer = back->newer;
    } else {
        pool->oldest = back->newer;
    }
    back->newer = back->older = NULL;
    back->pool = NULL;
    pool->count--;
}

static void put_in(struct back *back, struct back_pool *pool) {
    back->pool = pool;
    back->newer = NULL;
    back->older = pool->newest;
    if (pool->newest != NULL) {
        pool->newest->newer = back;
    } else {
        pool->oldest = back;
    }
    pool->newest = back;
    pool->count++;
}

static bool goes_to(const struct back *back, const struct balance_peer *peer) {
    return back->peer == peer ||
           (back->peer->address_size == peer->address_size &&
            memcmp(&back->peer->address, &peer->address, peer->address_size) == 0);
}

/* Whether a connection that was made so serves who would make it so. */
static bool comes_from(const struct back *back, const struct socket_origin *origin) {
    return back->origin.local_size == origin->local_size &&
           back->origin.is_transparent == origin->is_transparent &&
           memcmp(&back->origin.local, &origin->local, origin->local_size) == 0;
}

static bool is_secured(const struct back *back, const struct back_security *security) {
    if (security->context == NULL || back->tls == NULL) {
        return security->context == NULL && back->tls == NULL;
    }
    return tls_stream_is_for(back->tls, security->context, security->name);
}

struct back *back_pool_take(struct back_pool *pool, const struct balance_peer *peer, uint64_t tag,
                            const struct back_way *way) {
    if (way->greeting.size > 0) {
        return NULL;
    }
    for (struct back *back = pool->newest; back != NULL; back = back->older) {
        if (goes_to(back, peer) && (!pool->is_local || back->tag == tag) &&
            back->protocol == way->protocol && comes_from(back, &way->origin) &&
            is_secured(back, &way->security)) {
            take_out(back);
            timer_stop(&back->timer);
            back->is_reused = true;
            back->tag = tag;
            return back;
        }
    }
    return NULL;
}

/* --- connections --- */

static void free_back(struct loop_task *task) {
    struct back *back = CONTAINER_OF(task, struct back, freeing);
    balance_peer_release(back->peer);
    if (back->protocol->release != NULL) {
        back->protocol->release(back);
    }
    free(back);
}

void back_close(struct back *back) {
    if (back->is_closed) {
        return;
    }
    back->is_closed = true;
    if (back->pool != NULL) {
        take_out(back);
    }
    if (back->tls != NULL) {
        tls_stream_close(back->tls);
        tls_stream_destroy(back->tls);
        back->tls = NULL;
    }
    loop_close(back->service->loop, &back->handle);
    timer_remove(&back->service->loop->timers, &back->timer);
    http_service_give_connection(back->service);
    loop_defer(back->service->loop, &back->freeing);
}

static void back_ready(struct loop_handle *handle, uint32_t events) {
    struct back *back = CONTAINER_OF(handle, struct back, handle);
    events = back_translate(back, events);
    if (back->pool == NULL && events != 0) {
        back->on_ready(back, events);
    } else if (back->pool != NULL && !back->protocol->idle(back)) {
        back_close(back);
    }
}

static void back_timeout(struct timer *timer) {
    struct back *back = CONTAINER_OF(timer, struct back, timer);
    if (back->pool == NULL) {
        back->on_timeout(back);
    } else {
        back_close(back);
    }
}

static struct back *create(struct http_service *service, struct balance_peer *peer,
                           const struct proxy_protocol *protocol, struct socket_failure *failure) {
    failure->call = "connect()";
    failure->error = EUSERS;
    if (!http_service_take_connection(service)) {
        return NULL;
    }
    struct back *back = calloc(1, sizeof *back);
    if (back == NULL) {
        http_service_give_connection(service);
        failure->error = ENOMEM;
        return NULL;
    }
    back->service = service;
    back->peer = peer;
    back->protocol = protocol;
    back->handle.on_ready = back_ready;
    back->timer.on_expire = back_timeout;
    back->freeing.run = free_back;
    back->started = service->loop->now;
    return back;
}

static struct tls_stream *create_stream(struct back *back, const struct back_security *security) {
    const struct tls_stream_options options = {
        .context = security->context,
        .sessions = security->sessions,
        .address = (const struct sockaddr *)&back->peer->address,
        .address_size = back->peer->address_size,
        .name = security->name,
    };
    return tls_stream_create(&options, &back->handle, &back->service->buffers);
}

/* Opens the descriptor and shows it to the loop. */
static bool begin(struct back *back, const struct back_way *way, struct socket_failure *failure) {
    bool connected = false;
    const struct balance_peer *peer = back->peer;
    back->handle.fd = socket_connect((const struct sockaddr *)&peer->address, peer->address_size,
                                     &way->origin, &connected, failure);
    if (back->handle.fd < 0) {
        return false;
    }
    if (!loop_add(back->service->loop, &back->handle)) {
        failure->error = errno;
        close(back->handle.fd);
        return false;
    }
    back->origin = way->origin;
    back->greeting = way->greeting;
    back->is_private = way->greeting.size > 0;
    back->is_connecting = !connected || back->is_private || back->tls != NULL;
    return true;
}

static bool secure(struct back *back, const struct back_way *way, struct socket_failure *failure) {
    if (way->security.context == NULL) {
        return true;
    }
    back->tls = create_stream(back, &way->security);
    if (back->tls == NULL) {
        *failure = (struct socket_failure){.call = "SSL_new()", .error = errno};
    }
    return back->tls != NULL;
}

struct back *back_connect(struct http_service *service, struct balance_peer *peer, uint64_t tag,
                          const struct back_way *way, struct socket_failure *failure) {
    struct back *back = create(service, peer, way->protocol, failure);
    if (back == NULL) {
        return NULL;
    }
    if (!secure(back, way, failure) || !begin(back, way, failure)) {
        if (back->tls != NULL) {
            tls_stream_destroy(back->tls);
        }
        http_service_give_connection(service);
        free(back);
        return NULL;
    }
    balance_peer_hold(peer);
    back->tag = tag;
    if (!back->is_connecting) {
        back->handle.ready |= LOOP_WRITE;
    }
    return back;
}

void back_keep(struct back *back, struct back_pool *pool) {
    struct http_service *service = back->service;
    back->user = NULL;
    if (pool->limit == 0 || service->is_draining || back->is_private ||
        back->requests >= pool->request_limit ||
        service->loop->now - back->started > pool->age_limit || !back->protocol->idle(back)) {
        back_close(back);
        return;
    }
    if (pool->count >= pool->limit) {
        back_close(pool->oldest);
    }
    put_in(back, pool);
    timer_start(&service->loop->timers, &back->timer, service->loop->now + pool->timeout);
}
