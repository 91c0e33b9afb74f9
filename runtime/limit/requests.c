/* Two rounds over the limits of a request, as in nginx: whether all let it pass, and then counting
 * it in all but the last, which has counted it when it let it pass. */
#include "limit/requests.h"

#include "limit/rate.h"
#include "limit/store.h"

enum { UNUSED_MS = 60000 }; /* after so long an entry that is empty makes room */

void limit_requests_set_key(struct limit_request *limit, struct slice key) {
    limit->is_empty = key.size == 0;
    limit->is_pending = limit->is_lost = false;
    if (!limit->is_empty) {
        limit_store_hash(limit->area, key, limit->key);
    }
}

/* --- room --- */

static bool is_empty(const struct limit_request_entry *entry, uint64_t rate, uint64_t now) {
    uint64_t elapsed = now > entry->last ? now - entry->last : entry->last - now;
    return elapsed >= UNUSED_MS && entry->excess <= limit_rate_leaked(rate, elapsed);
}

/* One or two entries that say nothing any more; with `by_force` the oldest, whatever it says,
 * before them. */
static void make_room(struct limit_store *store, uint64_t rate, uint64_t now, bool by_force) {
    for (int i = by_force ? 0 : 1; i < 3; i++) {
        struct limit_entry *entry = limit_store_oldest(store);
        if (entry == NULL || (i > 0 && !is_empty((struct limit_request_entry *)entry, rate, now))) {
            return;
        }
        limit_store_remove(store, entry);
    }
}

static struct limit_request_entry *add(struct limit_store *store, const struct limit_request *limit,
                                       uint64_t now) {
    make_room(store, limit->rate, now, false);
    struct limit_entry *entry = limit_store_add(store, limit->key);
    if (entry == NULL) {
        make_room(store, limit->rate, now, true);
        entry = limit_store_add(store, limit->key);
    }
    return (struct limit_request_entry *)entry;
}

/* --- counting --- */

static struct limit_request_entry *find(struct limit_store *store, const uint64_t key[2]) {
    struct limit_entry *entry = limit_store_first(store, key);
    while (entry != NULL && !limit_store_has_key(entry, key)) {
        entry = limit_store_next(store, entry);
    }
    return (struct limit_request_entry *)entry;
}

/* The moment counts from which it was let through; within the same millisecond it stays. */
static void count(struct limit_request_entry *entry, uint64_t excess, uint64_t elapsed,
                  uint64_t now) {
    entry->excess = excess;
    entry->last = elapsed > 0 ? now : entry->last;
}

/* A first request finds an empty bucket, and does not fill it. */
static bool look(struct limit_store *store, struct limit_request *limit, uint64_t now, bool is_last,
                 uint64_t *excess) {
    struct limit_request_entry *entry = find(store, limit->key);
    *excess = 0;
    if (entry == NULL) {
        entry = add(store, limit, now);
        if (entry != NULL && is_last) {
            entry->last = now;
        }
        return true;
    }
    limit_store_touch(store, &entry->head);
    uint64_t elapsed = limit_rate_elapsed(now, entry->last);
    *excess = limit_rate_add(entry->excess, limit->rate, elapsed);
    if (*excess > limit->burst) {
        return false;
    }
    if (is_last) {
        count(entry, *excess, elapsed, now);
    }
    return true;
}

/* False: rejected. */
static bool ask(struct limit_request *limit, uint64_t now, bool is_last, uint32_t owner,
                uint64_t *excess) {
    struct limit_store store;
    uint32_t patience = limit->area->patience;
    *excess = 0;
    if (!limit_store_begin(&store, limit->area, true, owner)) {
        limit->is_lost = patience > 0;
        return true;
    }
    bool is_passed = look(&store, limit, now, is_last, excess);
    limit_store_end(&store);
    limit->is_pending = is_passed && !is_last;
    return is_passed;
}

/* Others may have taken the entry's room in between; then it begins anew. */
static uint64_t count_pending(struct limit_request *limit, uint64_t now, uint32_t owner) {
    struct limit_store store;
    if (!limit_store_begin(&store, limit->area, true, owner)) {
        return 0;
    }
    struct limit_request_entry *entry = find(&store, limit->key);
    uint64_t excess = 0;
    if (entry != NULL) {
        uint64_t elapsed = limit_rate_elapsed(now, entry->last);
        excess = limit_rate_add(entry->excess, limit->rate, elapsed);
        count(entry, excess, elapsed, now);
    } else if ((entry = add(&store, limit, now)) != NULL) {
        entry->last = now;
    }
    limit_store_end(&store);
    return excess;
}

/* From the last but one to the first; the first of those that wait longest is what it waits for. */
static void count_others(struct limit_request *limits, uint32_t last, uint64_t now, uint32_t owner,
                         struct limit_answer *answer) {
    for (uint32_t i = last; i-- > 0;) {
        if (!limits[i].is_pending) {
            continue;
        }
        uint64_t excess = count_pending(&limits[i], now, owner);
        uint64_t wait = limit_rate_wait(excess, limits[i].delay, limits[i].rate);
        if (wait > answer->wait) {
            answer->wait = wait;
            answer->excess = excess;
            answer->decisive = i;
        }
    }
}

struct limit_answer limit_requests_ask(struct limit_request *limits, uint32_t count, uint64_t now,
                                       uint32_t owner) {
    struct limit_answer answer = {0};
    for (uint32_t i = 0; i < count; i++) {
        struct limit_request *limit = &limits[i];
        bool is_last = i + 1 == count;
        uint64_t excess;
        if (limit->is_empty) {
            continue;
        }
        answer.is_counted = true;
        answer.is_rejected = !ask(limit, now, is_last, owner, &excess);
        if (answer.is_rejected || is_last) {
            answer.decisive = i;
            answer.excess = excess;
        }
        if (answer.is_rejected) {
            return answer;
        }
        answer.wait = is_last ? limit_rate_wait(excess, limit->delay, limit->rate) : 0;
    }
    count_others(limits, count, now, owner, &answer);
    return answer;
}
