/* A key encrypts for as long as the longest-lived session lives, an hour at most, and decrypts
 * until no session can be left that it has encrypted. */
#include "rotation.h"

#include "base/container.h"

enum { SHORTEST_MS = 1000, LONGEST_MS = 3600000 };

static uint64_t find_longest_timeout(const struct table *table) {
    uint64_t longest = 0;
    for (uint32_t i = 0; i < table->server_settings_count; i++) {
        uint64_t timeout = table->server_settings[i].ssl_session_timeout;
        longest = timeout > longest ? timeout : longest;
    }
    return longest;
}

static uint64_t choose_period(uint64_t timeout) {
    uint64_t period = timeout < LONGEST_MS ? timeout : LONGEST_MS;
    return period > SHORTEST_MS ? period : SHORTEST_MS;
}

static const struct table *table_of(const struct rotation *rotation) {
    return &rotation->instance->bundle->file.table;
}

static void rotate(struct timer *timer) {
    struct rotation *rotation = CONTAINER_OF(timer, struct rotation, timer);
    uint64_t timeout = find_longest_timeout(table_of(rotation));
    uint64_t now = rotation->loop->now;
    struct ticket_keys *keys = rotation->instance->bundle->session_zones.keys;
    if (keys != NULL && !ticket_keys_rotate(keys, now, timeout)) {
        reporter_say(&rotation->instance->reporter, TABLE_LOG_ALERT,
                     "no randomness for a new key of TLS tickets, the previous one stays");
    }
    timer_start(&rotation->loop->timers, timer, now + choose_period(timeout));
}

void rotation_start(struct rotation *rotation, struct loop *loop, const struct instance *instance) {
    rotation->loop = loop;
    rotation->instance = instance;
    rotation->timer.on_expire = rotate;
    if (instance->bundle->session_zones.keys == NULL) {
        return;
    }
    uint64_t due = loop->now + choose_period(find_longest_timeout(table_of(rotation)));
    if (rotation->timer.deadline == 0 || due < rotation->timer.deadline) {
        timer_start(&loop->timers, &rotation->timer, due);
    }
}

void rotation_stop(struct rotation *rotation) {
    if (rotation->loop != NULL) {
        timer_remove(&rotation->loop->timers, &rotation->timer);
    }
}
