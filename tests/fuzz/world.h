/* A worker without sockets: what an exchange needs around a table to be routed and answered. The
 * answers are those of rpcd's own code; only the network is missing. */
#ifndef WORLD_H
#define WORLD_H

#include "world_ends.h"

struct world {
    struct loop loop;
    struct log log;
    struct memory_pool memory;
    struct http_service service;
    struct proxy_state proxy;
    struct generation generation;
};

/* Small ones, whatever the table says, and of this process alone. */
static void open_limit_zones(struct generation *generation) {
    enum { SIZE = 4096 };
    uint32_t count = generation->table.limit_zone_count;
    generation->limit_zones = calloc((size_t)count + 1, sizeof(struct shared_area));
    require(generation->limit_zones != NULL);
    for (; generation->limit_zone_count < count; generation->limit_zone_count++) {
        struct shared_area *area = &generation->limit_zones[generation->limit_zone_count];
        *area = (struct shared_area){.memory = aligned_alloc(64, SIZE), .size = SIZE};
        require(area->memory != NULL);
        memset(area->memory, 0, SIZE);
    }
}

static void close_limit_zones(struct generation *generation) {
    for (uint32_t i = 0; i < generation->limit_zone_count; i++) {
        free(generation->limit_zones[i].memory);
    }
    free(generation->limit_zones);
}

/* `table` is borrowed. Without memory nothing can be fuzzed. */
static void world_open(struct world *world, const struct table *table) {
    memset(world, 0, sizeof *world);
    struct generation *generation = &world->generation;
    world->loop.tasks_end = &world->loop.tasks;
    timer_wheel_init(&world->loop.timers, 0);
    world->service = (struct http_service){.loop = &world->loop,
                                           .log = &world->log,
                                           .memory = &world->memory,
                                           .proxy = &world_hooks,
                                           .files = &world_files,
                                           .proxy_state = &world->proxy,
                                           .prefix = "/prefix",
                                           .generation = generation};
    world->proxy.service = &world->service;
    *generation = (struct generation){.references = 1, .number = 1, .table = *table};
    generation->engine = engine_create(&generation->table);
    /* Level 0 of a log without a file: nothing is severe enough for it. */
    generation->error_logs = calloc((size_t)table->error_log_count + 1, sizeof(struct log_target));
    generation->access_logs =
        calloc((size_t)table->access_log_count + 1, sizeof(struct log_target));
    open_limit_zones(generation);
    require(generation->engine != NULL && generation->error_logs != NULL &&
            generation->access_logs != NULL);
    require(prepare(&world->proxy, generation));
}

static void world_close(struct world *world) {
    struct http_service *service = &world->service;
    require(world->generation.references == 1 && service->buffers.used_count == 0);
    drain(&world->proxy);
    release_groups(world->generation.extension);
    proxy_tls_release(&world->proxy.tls);
    engine_destroy(world->generation.engine);
    free(world->generation.error_logs);
    free(world->generation.access_logs);
    close_limit_zones(&world->generation);
    while (service->free_exchanges != NULL) {
        struct exchange *exchange = service->free_exchanges;
        service->free_exchanges = exchange->next_free;
        arena_release(&exchange->arena);
        free(exchange);
    }
    buffer_pool_release(&service->buffers);
    memory_pool_release(&world->memory);
}

static void fill_in(struct exchange *exchange, const struct world_request *request) {
    struct engine_request *known = &exchange->request;
    exchange->connection_number = 1;
    known->scheme = SLICE("http");
    known->live = &world_live;
    known->observer = request->observer;
    known->binary_remote_addr = request->remote;
    known->remote_addr = request->remote.size == 0 ? SLICE("unix:") : SLICE("192.0.2.1");
    known->remote_port = request->remote.size == 0 ? 0 : 50000;
    known->server_addr = SLICE("127.0.0.1");
    known->server_port = 8080;
}

/* Every answer is whole or broken off, and its exchange has come to an end. */
static void check_answer(const struct exchange *exchange, const struct world_answer *answer) {
    const struct engine_request *request = &exchange->request;
    require(answer->is_complete || answer->is_aborted);
    require(!answer->is_complete || answer->status != 0);
    require(request->redirects <= ENGINE_REDIRECT_LIMIT + 1 && request->depth == 0);
    if (answer->is_complete && exchange->response.has_length) {
        require(answer->body_size == exchange->response.length);
    }
}

/* What is due at the end of the loop's turn, such as the ends of subrequests. */
static void end_turn(struct loop *loop) {
    while (loop->tasks != NULL) {
        struct loop_task *task = loop->tasks;
        loop_cancel(loop, task);
        task->run(task);
    }
}

/* No clock goes here: what waits for one, or is held back by limit_rate, would wait for ever. */
static bool waits_for_a_clock(const struct exchange *exchange, const struct world_answer *answer) {
    bool is_waiting = exchange->handler != NULL && exchange->handler->is_waiting;
    bool is_held_back = exchange->pace != NULL && !answer->is_complete && !answer->is_aborted;
    return is_waiting || is_held_back;
}

/* One request from its bytes to its answer. */
static inline struct world_answer world_ask(struct world *world,
                                            const struct table_endpoint *endpoint,
                                            const struct world_request *request) {
    struct world_answer answer = {.request = request};
    struct exchange *exchange = exchange_take(&world->service, &world->generation);
    const struct table *table = &world->generation.table;
    const struct table_settings *settings =
        &table->settings[table->server[endpoint->default_server].settings];
    struct http_header_rules rules = {settings->underscores_in_headers != 0,
                                      settings->ignore_invalid_headers != 0};
    require(exchange != NULL);
    arena_release(&exchange->arena);
    arena_init(&exchange->arena, request->arena_chunk != 0 ? request->arena_chunk : 4096);
    exchange->front = &answer;
    exchange->front_operations = &world_front;
    exchange->endpoint = endpoint;
    fill_in(exchange, request);
    struct http_request_head *head = &exchange->head;
    exchange->request.line = slice_take(request->head, slice_find_byte(request->head, '\r'));
    if (http_parse_request(request->head.data, request->head.size, &rules, head) == HTTP_PARSE_OK) {
        exchange->request.method = head->method;
        exchange->request.target = head->target;
        exchange->request.protocol = head->protocol;
        exchange_begin(exchange);
    } else {
        exchange_refuse(exchange, head->status != 0 ? head->status : 400, 0, head->reason);
    }
    end_turn(&world->loop);
    if (waits_for_a_clock(exchange, &answer)) {
        exchange_client_gone(exchange, 499);
        answer.is_aborted = true;
    }
    check_answer(exchange, &answer);
    exchange_end(exchange);
    return answer;
}

#endif
