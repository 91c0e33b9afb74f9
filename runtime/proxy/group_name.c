/* Names of a group: asking, and when to ask again. */
#include "proxy/group_name.h"

#include "base/container.h"
#include "proxy/internal.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_LAST_MS = 60000,
    LEAST_LIFE_MS = 1000, /* of an answer, however short its own */
};

static struct loop *loop_of(const struct group_name *name) {
    return name->group->state->service->loop;
}

static const char *text_of(const struct group_name *name, struct table_string text) {
    return table_chars(&name->group->generation->table, text);
}

__attribute__((format(printf, 2, 3))) static void report(const struct group_name *name,
                                                         const char *format, ...) {
    const struct generation *generation = name->group->generation;
    struct table_range logs = generation->table.process[0].error_logs;
    struct log_subject subject = {0};
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    log_error(name->group->state->service->log, generation->error_logs + logs.first, logs.count,
              TABLE_LOG_ERROR, &subject, "%s", message);
}

static void ask_again(struct group_name *name, uint64_t deadline) {
    timer_start(&loop_of(name)->timers, &name->timer, deadline);
}

static void ask_later(struct group_name *name) {
    ask_again(name, loop_of(name)->now + name->retry_delay);
    name->retry_delay =
        name->retry_delay * 2 < RETRY_LAST_MS ? name->retry_delay * 2 : RETRY_LAST_MS;
}

/* False without memory: the addresses before are kept. */
static bool use_addresses(struct group_name *name, const union socket_address *addresses,
                          uint32_t count) {
    if (!proxy_group_set_addresses(name->group, name->origin, addresses, count)) {
        report(name, "no memory for the addresses of \"%s\" in upstream \"%s\"",
               text_of(name, name->record->host), text_of(name, name->group->record->name));
        ask_later(name);
        return false;
    }
    name->retry_delay = RETRY_FIRST_MS;
    return true;
}

static void report_unresolved(struct group_name *name, const char *reason) {
    report(name,
           "host not found in upstream \"%s\": \"%s\": %s; its peers are down until it resolves",
           text_of(name, name->group->record->name), text_of(name, name->record->host), reason);
    ask_later(name);
}

/* --- without `resolve`: until it resolves once, by the system's resolver --- */

static void answered(void *owner, const struct resolver_answer *answer) {
    struct group_name *name = owner;
    name->query = NULL;
    if (answer->count == 0) {
        report_unresolved(name, answer->error);
        return;
    }
    struct name_addresses *addresses = name_addresses_copy(answer);
    if (addresses == NULL) {
        report_unresolved(name, "no memory");
        return;
    }
    (void)use_addresses(name, addresses->items, addresses->count);
    name_addresses_release(addresses);
}

static void ask_system(struct group_name *name) {
    struct resolver *resolver = name->group->state->resolver;
    if (resolver != NULL) {
        name->query = resolver_start(resolver, text_of(name, name->record->host), answered, name);
    }
    if (name->query == NULL) {
        report_unresolved(name, "the resolver is not available");
    }
}

/* --- with `resolve`: again and again, by the group's resolver --- */

/* A name that does not exist any more has no peers, as in nginx; after any other failure those that
 * there are go on. */
static void failed(struct group_name *name, const struct name_result *result) {
    bool is_gone = result->code == RESOLVER_NOT_FOUND;
    report(name, "%s could not be resolved (%u: %s) in upstream \"%s\"%s",
           text_of(name, name->record->host), result->code, result->error,
           text_of(name, name->group->record->name),
           is_gone ? "" : "; its addresses stay as they are");
    if (!is_gone) {
        ask_later(name);
    } else if (use_addresses(name, NULL, 0)) {
        ask_again(name, result->expires);
    }
}

static void use_result(struct group_name *name, const struct name_result *result) {
    uint64_t soonest = loop_of(name)->now + LEAST_LIFE_MS;
    if (result->addresses == NULL) {
        failed(name, result);
    } else if (use_addresses(name, result->addresses->items, result->addresses->count)) {
        ask_again(name, result->expires > soonest ? result->expires : soonest);
    }
}

static void resolved(struct name_wait *wait, const struct name_result *result) {
    use_result(CONTAINER_OF(wait, struct group_name, wait), result);
}

static void ask_cache(struct group_name *name) {
    const struct table_upstream *group = name->group->record;
    struct name_cache *cache = name->group->resolvers->items[group->resolver];
    struct slice host = table_text(&name->group->generation->table, name->record->host);
    struct name_result known;
    if (cache == NULL) {
        report_unresolved(name, "the resolver is not available");
    } else if (name_cache_find(cache, host, &known)) {
        use_result(name, &known);
    } else if (!name_cache_wait(cache, host, group->resolver_timeout, &name->wait)) {
        report_unresolved(name, "too many names are being resolved");
    }
}

/* --- both --- */

void group_name_start(struct group_name *name) {
    if (name->record->resolve) {
        ask_cache(name);
    } else {
        ask_system(name);
    }
}

static void expired(struct timer *timer) {
    group_name_start(CONTAINER_OF(timer, struct group_name, timer));
}

void group_name_init(struct group_name *name, struct proxy_group *group, uint32_t origin) {
    *name = (struct group_name){
        .group = group,
        .record = &group->generation->table.peer[group->record->peers.first + origin],
        .origin = origin,
        .wait = {.done = resolved},
        .timer = {.on_expire = expired},
        .retry_delay = RETRY_FIRST_MS,
    };
}

void group_name_stop(struct group_name *name) {
    timer_remove(&loop_of(name)->timers, &name->timer);
    name_wait_cancel(&name->wait);
    if (name->query != NULL) {
        resolver_cancel(name->query);
        name->query = NULL;
    }
}
