/* limit_req and limit_conn of an exchange, in nginx's order and with its words (its modules of
 * these names): each is asked once, however many locations the exchange gets to. */
#include "http/internal.h"

#include "limit/connections.h"
#include "limit/requests.h"

#include <stdlib.h>

/* In the order of the words of exchange_limit_variable. */
enum { UNSAID, PASSED, DELAYED, REJECTED, DELAYED_DRY_RUN, REJECTED_DRY_RUN };

enum {
    FEW_LIMITS = 4, /* no more need memory */
    LONGEST_REQUEST_KEY = 65535,
    LONGEST_CONNECTION_KEY = 255,
    STATUS_INTERNAL_ERROR = 500,
};

/* A thousand years, which no clock gets to. */
#define LONGEST_WAIT ((uint64_t)1000 * 366 * 24 * 60 * 60 * 1000)

struct held {
    struct held *next;
    struct limit_connection connection;
};

struct exchange_limits {
    struct exchange *exchange; /* whose they are; others share them that are a part of it */
    uint8_t requests;
    uint8_t connections;
    struct held *held; /* what limit_conn counts of it */
};

/* What could not be given back, as a process that has stopped had the zone. */
struct limit_debt {
    struct limit_debt *next;
    struct generation *generation;
    struct limit_connection connection;
};

bool exchange_limit_variable(const struct exchange *exchange, enum variable_id id,
                             struct slice *value) {
    static const struct slice words[] = {
        SLICE_INIT(""),         SLICE_INIT("PASSED"),          SLICE_INIT("DELAYED"),
        SLICE_INIT("REJECTED"), SLICE_INIT("DELAYED_DRY_RUN"), SLICE_INIT("REJECTED_DRY_RUN"),
    };
    const struct exchange_limits *limits = exchange->limits;
    if (limits == NULL) {
        return false;
    }
    uint8_t status = id == VARIABLE_LIMIT_REQ_STATUS ? limits->requests : limits->connections;
    *value = words[status];
    return status != UNSAID;
}

/* The words of limit_req_log_level and limit_conn_log_level, from the least severe on. */
static enum table_log_level level_of(uint32_t word) {
    return (enum table_log_level)(TABLE_LOG_INFO - word);
}

static struct slice zone_name(const struct exchange *exchange, uint32_t zone) {
    const struct table *table = &exchange->generation->table;
    return table_text(table, table->limit_zone[zone].name);
}

/* The key, empty when it is too long to be counted. False without memory. */
static bool find_key(struct exchange *exchange, uint32_t zone, size_t longest, struct slice *key) {
    const struct table *table = &exchange->generation->table;
    if (!engine_limit_key(&exchange->request, zone, key)) {
        return false;
    }
    if (key->size > longest) {
        struct slice text = table_text(table, table->limit_zone[zone].key_text);
        exchange_log(exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "the value of the \"%.*s\" key is more than %zu bytes: \"%.*s\"",
                     SLICE_ARGS(text), longest, SLICE_ARGS(*key));
        key->size = 0;
    }
    return true;
}

static void report_locked(struct exchange *exchange, uint32_t zone) {
    exchange_log(exchange, TABLE_LOG_ALERT, (struct slice){0},
                 "zone \"%.*s\" is locked by a process that has stopped, and limits nothing "
                 "meanwhile",
                 SLICE_ARGS(zone_name(exchange, zone)));
}

/* --- limit_req --- */

static const struct table_request_limit *request_limit(const struct exchange *exchange,
                                                       uint32_t position) {
    uint32_t first = exchange->request.settings->limit_req.first;
    return &exchange->generation->table.request_limit[first + position];
}

static bool fill_in(struct exchange *exchange, const struct table_request_limit *row,
                    struct limit_request *limit) {
    struct slice key;
    *limit = (struct limit_request){
        .area = &exchange->generation->limit_zones[row->zone],
        .rate = exchange->generation->table.limit_zone[row->zone].rate,
        .burst = (uint64_t)row->burst * 1000,
        .delay = row->nodelay != 0 ? UINT64_MAX : (uint64_t)row->delay * 1000,
    };
    if (!find_key(exchange, row->zone, LONGEST_REQUEST_KEY, &key)) {
        return false;
    }
    limit_requests_set_key(limit, key);
    return true;
}

static void log_excess(struct exchange *exchange, enum table_log_level level,
                       const struct limit_answer *answer) {
    uint32_t zone = request_limit(exchange, answer->decisive)->zone;
    bool is_dry = exchange->request.settings->limit_req_dry_run != 0;
    exchange_log(exchange, level, (struct slice){0}, "%s%s, excess: %llu.%03u%s by zone \"%.*s\"",
                 answer->is_rejected ? "limiting requests" : "delaying request",
                 is_dry ? ", dry run" : "", (unsigned long long)(answer->excess / 1000),
                 (unsigned)(answer->excess % 1000), answer->is_rejected ? "" : ",",
                 SLICE_ARGS(zone_name(exchange, zone)));
}

/* The status to fail with, or 0. *wait: milliseconds until the request goes on. */
static uint32_t apply(struct exchange *exchange, const struct limit_answer *answer,
                      uint64_t *wait) {
    const struct table_settings *settings = exchange->request.settings;
    struct exchange_limits *limits = exchange->limits;
    bool is_dry = settings->limit_req_dry_run != 0;
    enum table_log_level level = level_of(settings->limit_req_log_level);
    if (answer->is_rejected) {
        log_excess(exchange, level, answer);
        limits->requests = is_dry ? REJECTED_DRY_RUN : REJECTED;
        return is_dry ? 0 : settings->limit_req_status;
    }
    if (answer->wait == 0) {
        limits->requests = answer->is_counted ? PASSED : UNSAID;
        return 0;
    }
    log_excess(exchange, level < TABLE_LOG_INFO ? level + 1 : level, answer);
    limits->requests = is_dry ? DELAYED_DRY_RUN : DELAYED;
    *wait = is_dry ? 0 : answer->wait;
    return 0;
}

static uint32_t ask_requests(struct exchange *exchange, uint64_t *wait) {
    const struct http_service *service = exchange->service;
    uint32_t count = exchange->request.settings->limit_req.count;
    struct limit_request few[FEW_LIMITS];
    struct limit_request *limits = few;
    if (count > FEW_LIMITS) {
        limits = arena_allocate(&exchange->arena, count * sizeof *limits);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (limits == NULL || !fill_in(exchange, request_limit(exchange, i), &limits[i])) {
            return STATUS_INTERNAL_ERROR;
        }
    }
    struct limit_answer answer =
        limit_requests_ask(limits, count, service->loop->now, service->process);
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i].is_lost) {
            report_locked(exchange, request_limit(exchange, i)->zone);
        }
    }
    return apply(exchange, &answer, wait);
}

/* --- limit_conn --- */

static void release_debt(struct limit_debt *debt) {
    generation_release(debt->generation);
    free(debt);
}

static void pay_debts(struct http_service *service) {
    struct limit_debt **link = &service->limit_debts;
    while (*link != NULL) {
        struct limit_debt *debt = *link;
        if (limit_connections_give(&debt->connection, service->process)) {
            *link = debt->next;
            release_debt(debt);
        } else {
            link = &debt->next;
        }
    }
}

void http_limit_forget_debts(struct http_service *service) {
    while (service->limit_debts != NULL) {
        struct limit_debt *debt = service->limit_debts;
        service->limit_debts = debt->next;
        release_debt(debt);
    }
}

static void owe(struct exchange *exchange, const struct limit_connection *connection) {
    struct limit_debt *debt = malloc(sizeof *debt);
    if (debt != NULL) {
        debt->next = exchange->service->limit_debts;
        debt->generation = generation_hold(exchange->generation);
        debt->connection = *connection;
        exchange->service->limit_debts = debt;
    }
}

static void give_back(struct exchange *exchange) {
    struct exchange_limits *limits = exchange->limits;
    for (; limits->held != NULL; limits->held = limits->held->next) {
        if (!limit_connections_give(&limits->held->connection, exchange->service->process)) {
            owe(exchange, &limits->held->connection);
        }
    }
}

void exchange_give_limits(struct exchange *exchange) {
    if (exchange->limits->exchange == exchange) {
        give_back(exchange);
    }
}

/* As nginx: what other zones count of the request is given back. */
static uint32_t reject_connection(struct exchange *exchange) {
    const struct table_settings *settings = exchange->request.settings;
    bool is_dry = settings->limit_conn_dry_run != 0;
    give_back(exchange);
    exchange->limits->connections = is_dry ? REJECTED_DRY_RUN : REJECTED;
    return is_dry ? 0 : settings->limit_conn_status;
}

static void log_rejection(struct exchange *exchange, enum limit_seat seat, uint32_t zone) {
    const struct table_settings *settings = exchange->request.settings;
    struct slice name = zone_name(exchange, zone);
    if (seat == LIMIT_SEAT_FULL) {
        exchange_log(exchange, TABLE_LOG_CRIT, (struct slice){0},
                     "no memory in limit_conn_zone \"%.*s\"", SLICE_ARGS(name));
        return;
    }
    exchange_log(exchange, level_of(settings->limit_conn_log_level), (struct slice){0},
                 "limiting connections%s by zone \"%.*s\"",
                 settings->limit_conn_dry_run != 0 ? ", dry run," : "", SLICE_ARGS(name));
}

static enum limit_seat take_seat(struct exchange *exchange,
                                 const struct table_connection_limit *limit, struct slice key) {
    struct shared_area *area = &exchange->generation->limit_zones[limit->zone];
    uint32_t patience = area->patience;
    struct held *held = arena_allocate(&exchange->limits->exchange->arena, sizeof *held);
    if (held == NULL) {
        return LIMIT_SEAT_FULL;
    }
    enum limit_seat seat = limit_connections_take(area, key, limit->most,
                                                  exchange->service->process, &held->connection);
    if (seat == LIMIT_SEAT_TAKEN) {
        held->next = exchange->limits->held;
        exchange->limits->held = held;
    } else if (seat == LIMIT_SEAT_LOCKED && patience > 0) {
        report_locked(exchange, limit->zone);
    }
    return seat;
}

/* The status to fail with, or 0. */
static uint32_t ask_connections(struct exchange *exchange) {
    struct table_range range = exchange->request.settings->limit_conn;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        const struct table_connection_limit *limit =
            &exchange->generation->table.connection_limit[i];
        struct slice key;
        if (!find_key(exchange, limit->zone, LONGEST_CONNECTION_KEY, &key)) {
            return STATUS_INTERNAL_ERROR;
        }
        if (key.size == 0) {
            continue;
        }
        exchange->limits->connections = PASSED;
        enum limit_seat seat = take_seat(exchange, limit, key);
        if (seat == LIMIT_SEAT_NONE || seat == LIMIT_SEAT_FULL) {
            log_rejection(exchange, seat, limit->zone);
            return reject_connection(exchange);
        }
    }
    return 0;
}

/* --- going on --- */

static void go_on(struct exchange *exchange, uint32_t status) {
    struct engine_outcome outcome;
    if (status == 0 && exchange->limits->connections == UNSAID) {
        pay_debts(exchange->service);
        status = ask_connections(exchange);
    }
    engine_continue(&exchange->request, ENGINE_LIMIT, status, &outcome);
    exchange_act(exchange, &outcome);
}

/* Of a subrequest they are those of the exchange that it is a part of, as in nginx. */
static bool prepare(struct exchange *exchange) {
    struct exchange *owner = exchange->main != NULL ? exchange->main : exchange;
    if (owner->limits == NULL) {
        owner->limits = arena_allocate(&owner->arena, sizeof *owner->limits);
        if (owner->limits != NULL) {
            *owner->limits = (struct exchange_limits){.exchange = owner};
        }
    }
    exchange->limits = owner->limits;
    return exchange->limits != NULL;
}

void exchange_limit(struct exchange *exchange) {
    uint64_t wait = 0;
    uint32_t status = 0;
    if (!prepare(exchange)) {
        exchange_fail_memory(exchange, "limits");
        return;
    }
    if (exchange->limits->requests == UNSAID && exchange->request.settings->limit_req.count > 0) {
        status = ask_requests(exchange, &wait);
    }
    if (wait > 0) {
        exchange_wait(exchange, wait < LONGEST_WAIT ? wait : LONGEST_WAIT, 0, go_on);
    } else {
        go_on(exchange, status);
    }
}
