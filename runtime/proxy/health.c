/* Health checks: one timer for each group, which looks for peers whose check is due. */
#include "proxy/health.h"

#include "base/container.h"
#include "proxy/internal.h"
#include "proxy/probe.h"

/* --- the timer --- */

static uint64_t check_peers(struct proxy_group *group, const struct balance_peers *peers,
                            uint64_t soonest) {
    struct proxy_state *state = group->state;
    for (uint32_t i = 0; i < peers->count; i++) {
        struct balance_peer *peer = peers->items[i];
        uint64_t next;
        if (peer->settings.is_down || peer->state == NULL) {
            continue;
        }
        if (balance_health_claim(peer, &group->health.checks, state->service->loop->now, &next)) {
            probe_start(group, peer);
        }
        soonest = next < soonest ? next : soonest;
    }
    return soonest;
}

static void look(struct timer *timer) {
    struct proxy_health *health = CONTAINER_OF(timer, struct proxy_health, timer);
    struct proxy_group *group = CONTAINER_OF(health, struct proxy_group, health);
    struct loop *loop = group->state->service->loop;
    uint64_t soonest = loop->now + health->checks.interval;
    soonest = check_peers(group, &group->balance.peers, soonest);
    soonest = check_peers(group, &group->balance.backups, soonest);
    timer_start(&loop->timers, &health->timer, soonest > loop->now ? soonest : loop->now + 1);
}

/* --- the checks of a generation --- */

static void prepare(struct proxy_group *group, const struct table_location *location,
                    const struct table_health_check *check) {
    group->health = (struct proxy_health){
        .check = check,
        .location = location,
        .checks = {.interval = check->interval,
                   .jitter = check->jitter,
                   .fails = check->fails,
                   .passes = check->passes},
        .timer = {.on_expire = look},
    };
}

/* One connection a peer at the most is enough. */
static bool create_pool(struct proxy_health *health) {
    if (health->check->keepalive_time == 0) {
        return true;
    }
    health->pool = back_pool_create();
    if (health->pool == NULL) {
        return false;
    }
    health->pool->limit = UINT32_MAX;
    health->pool->request_limit = UINT32_MAX;
    health->pool->timeout = health->pool->age_limit = health->check->keepalive_time;
    return true;
}

/* Locations are many, those with checks few: without any nobody looks through them. */
bool proxy_health_prepare(struct proxy_groups *groups) {
    if (groups->count == 0 || groups->items[0].generation->table.health_check_count == 0) {
        return true;
    }
    const struct table *table = &groups->items[0].generation->table;
    for (uint32_t i = 0; i < table->location_count; i++) {
        const struct table_location *location = &table->location[i];
        uint32_t check = table_handling_of(table, location)->health_check;
        if (check == TABLE_NONE) {
            continue;
        }
        struct proxy_group *group = &groups->items[table->proxy[location->proxy].upstream];
        if (group->health.check == NULL) {
            prepare(group, location, &table->health_check[check]);
            if (!create_pool(&group->health)) {
                return false;
            }
        }
    }
    return true;
}

static bool begin_peers(struct proxy_group *group, const struct balance_peers *peers) {
    uint64_t now = group->state->service->loop->now;
    bool is_begun = true;
    for (uint32_t i = 0; i < peers->count; i++) {
        is_begun = balance_health_begin(peers->items[i], &group->health.checks, now) && is_begun;
    }
    return is_begun;
}

/* A peer without memory for its state is not checked; nor can it be picked. */
void proxy_health_start(struct proxy_group *group) {
    struct loop *loop = group->state->service->loop;
    if (group->health.check == NULL || group->state->service->is_draining) {
        return;
    }
    bool is_begun = begin_peers(group, &group->balance.peers);
    is_begun = begin_peers(group, &group->balance.backups) && is_begun;
    if (!is_begun) {
        log_message(group->state->service->log, TABLE_LOG_ERROR,
                    "no memory for health checks of upstream \"%s\"",
                    table_chars(&group->generation->table, group->record->name));
    }
    timer_start(&loop->timers, &group->health.timer, loop->now);
}

void proxy_health_stop(struct proxy_group *group) {
    timer_remove(&group->state->service->loop->timers, &group->health.timer);
    if (group->health.pool != NULL) {
        back_pool_empty(group->health.pool);
    }
}

void proxy_health_release(struct proxy_group *group) {
    proxy_health_stop(group);
    if (group->health.pool != NULL) {
        back_pool_release(group->health.pool);
    }
}

/* --- results --- */

static void report(const struct proxy_group *group, const struct balance_peer *peer,
                   bool is_healthy, const char *doing, const char *reason) {
    const struct generation *generation = group->generation;
    const struct table *table = &generation->table;
    const struct table_health_check *check = group->health.check;
    const struct table_settings *settings = &table->settings[group->health.location->settings];
    uint32_t log_count;
    const struct log_target *logs = generation_error_logs(generation, settings, &log_count);
    const struct log_subject nobody = {0};
    log_error(
        group->state->service->log, logs, log_count, is_healthy ? TABLE_LOG_NOTICE : TABLE_LOG_WARN,
        &nobody, "peer is %s while %s%s%s, health check \"%s\" of peer %.*s in upstream \"%s\"",
        is_healthy ? "healthy" : "unhealthy", doing, reason[0] != '\0' ? ": " : "", reason,
        check->match == TABLE_NONE ? ""
                                   : table_chars(table, table->health_match[check->match].name),
        SLICE_ARGS(peer->name), table_chars(table, group->record->name));
}

void proxy_health_tell(struct proxy_group *group, struct balance_peer *peer, bool has_passed,
                       const char *doing, const char *reason) {
    struct proxy_state *state = group->state;
    enum balance_change change = balance_health_finish(peer, &group->health.checks, has_passed,
                                                       state->service->loop->now, &state->random);
    if (change != BALANCE_NO_CHANGE) {
        report(group, peer, change == BALANCE_NOW_HEALTHY, doing, has_passed ? "" : reason);
    }
}
