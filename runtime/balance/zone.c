/* The zone as one shared mapping, most of which is never touched and so takes no memory: locks, a
 * chained hash table of states, and a ledger row for each seat.
 *
 * A process may be killed between any two instructions. Links are therefore made by one store when
 * everything behind them is written, and counters are changed in an order from which the supervisor
 * can tell what is true: a ledger has an entry as long as its process may have something in the
 * counter. */
#include "balance/zone.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    STATES = 1 << 18,
    BUCKETS = 1 << 18,
    LOCKS = 1024,
    SEATS = 256,
    FEW_STATES = 4096, /* so many may lie unused before their places are used again */
};

/* What one process has added to a state. */
struct ledger_entry {
    uint32_t active;
    uint32_t holders;
};

struct zone_lock {
    alignas(64) pthread_mutex_t mutex; /* none shares a cache line with another */
};

struct zone_memory {
    struct zone_lock locks[LOCKS];
    struct zone_lock registry; /* guards buckets, holders and what follows */
    uint32_t state_count;      /* states that were ever given out; the first so many */
    uint32_t unheld_count;     /* about so many of them nobody holds */
    uint32_t hand;             /* where the search for one goes on */
    uint32_t buckets[BUCKETS]; /* numbers of states, from 1 */
    struct balance_state states[STATES];
    struct ledger_entry ledgers[SEATS][STATES];
};

struct balance_zone {
    struct zone_memory *memory;
    struct ledger_entry *ledger; /* of this process; NULL: it has no seat */
    uint32_t seat_limit;         /* seats that were ever taken; the first so many */
    bool is_taken[SEATS];        /* in the supervisor */
};

/* --- locks --- */

static bool init_locks(struct zone_memory *memory) {
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes) != 0) {
        return false;
    }
    bool is_done = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
                   pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
                   pthread_mutex_init(&memory->registry.mutex, &attributes) == 0;
    for (uint32_t i = 0; is_done && i < LOCKS; i++) {
        is_done = pthread_mutex_init(&memory->locks[i].mutex, &attributes) == 0;
    }
    (void)pthread_mutexattr_destroy(&attributes);
    return is_done;
}

/* What a dead owner left half done is a counter at worst, which the supervisor sets right. */
static void lock(struct zone_lock *lock) {
    if (pthread_mutex_lock(&lock->mutex) == EOWNERDEAD) {
        (void)pthread_mutex_consistent(&lock->mutex);
    }
}

static void unlock(struct zone_lock *lock) {
    (void)pthread_mutex_unlock(&lock->mutex);
}

uint32_t balance_zone_choose_lock(uint64_t hash) {
    return (uint32_t)(hash % LOCKS);
}

void balance_zone_lock(struct balance_zone *zone, uint32_t number) {
    if (zone != NULL) {
        lock(&zone->memory->locks[number]);
    }
}

void balance_zone_unlock(struct balance_zone *zone, uint32_t number) {
    if (zone != NULL) {
        unlock(&zone->memory->locks[number]);
    }
}

/* --- the mapping --- */

struct balance_zone *balance_zone_create(void) {
    struct balance_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        return NULL;
    }
    zone->memory = mmap(NULL, sizeof *zone->memory, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zone->memory == MAP_FAILED) {
        free(zone);
        return NULL;
    }
    if (!init_locks(zone->memory)) {
        balance_zone_destroy(zone);
        return NULL;
    }
    return zone;
}

void balance_zone_destroy(struct balance_zone *zone) {
    if (zone != NULL) {
        (void)munmap(zone->memory, sizeof *zone->memory);
        free(zone);
    }
}

/* --- seats --- */

uint32_t balance_zone_reserve_seat(struct balance_zone *zone) {
    for (uint32_t i = 0; zone != NULL && i < SEATS; i++) {
        if (!zone->is_taken[i]) {
            zone->is_taken[i] = true;
            zone->seat_limit = i >= zone->seat_limit ? i + 1 : zone->seat_limit;
            return i;
        }
    }
    return BALANCE_NO_SEAT;
}

void balance_zone_sit(struct balance_zone *zone, uint32_t seat) {
    if (zone != NULL && seat != BALANCE_NO_SEAT) {
        zone->ledger = zone->memory->ledgers[seat];
    }
}

/* Counters are what all ledgers say together. */
static void recount(struct balance_zone *zone, uint32_t index) {
    struct zone_memory *memory = zone->memory;
    struct balance_state *state = &memory->states[index];
    uint32_t active = 0;
    uint32_t holders = 0;
    for (uint32_t seat = 0; seat < zone->seat_limit; seat++) {
        active += memory->ledgers[seat][index].active;
        holders += memory->ledgers[seat][index].holders;
    }
    state->active = active;
    memory->unheld_count += state->holders > 0 && holders == 0 ? 1 : 0;
    state->holders = holders;
}

void balance_zone_clear_seat(struct balance_zone *zone, uint32_t seat) {
    if (zone == NULL || seat == BALANCE_NO_SEAT) {
        return;
    }
    struct zone_memory *memory = zone->memory;
    struct ledger_entry *ledger = memory->ledgers[seat];
    lock(&memory->registry);
    for (uint32_t i = 0; i < memory->state_count; i++) {
        if (ledger[i].active > 0 || ledger[i].holders > 0) {
            struct zone_lock *of_group = &memory->locks[memory->states[i].lock];
            lock(of_group);
            ledger[i] = (struct ledger_entry){0};
            recount(zone, i);
            unlock(of_group);
        }
    }
    unlock(&memory->registry);
    zone->is_taken[seat] = false;
}

/* --- states --- */

/* The number of a shared state, from 0; STATES for a private one. */
static uint32_t index_of(const struct balance_zone *zone, const struct balance_state *state) {
    uintptr_t first = zone == NULL ? 0 : (uintptr_t)zone->memory->states;
    uintptr_t offset = (uintptr_t)state - first;
    return zone == NULL || offset >= sizeof zone->memory->states
               ? STATES
               : (uint32_t)(offset / sizeof *state);
}

static bool is_key(const struct balance_state *state, const struct balance_key *key) {
    return state->key.words[0] == key->words[0] && state->key.words[1] == key->words[1];
}

static uint32_t *bucket_of(struct zone_memory *memory, const struct balance_key *key) {
    return &memory->buckets[key->words[0] % BUCKETS];
}

static struct balance_state *find(struct zone_memory *memory, const struct balance_key *key) {
    uint32_t number = *bucket_of(memory, key);
    while (number != 0 && !is_key(&memory->states[number - 1], key)) {
        number = memory->states[number - 1].next;
    }
    return number == 0 ? NULL : &memory->states[number - 1];
}

static void take_out(struct zone_memory *memory, const struct balance_state *state) {
    uint32_t number = (uint32_t)(state - memory->states) + 1;
    uint32_t *link = bucket_of(memory, &state->key);
    while (*link != number && *link != 0) {
        link = &memory->states[*link - 1].next;
    }
    if (*link == number) {
        *link = state->next;
    }
}

/* A state that nobody holds, taken out of its bucket; the hand of a clock goes round for it. */
static struct balance_state *find_unheld(struct zone_memory *memory) {
    for (uint32_t i = 0; i < memory->state_count; i++) {
        memory->hand = (memory->hand + 1) % memory->state_count;
        struct balance_state *state = &memory->states[memory->hand];
        if (state->holders == 0) {
            memory->unheld_count -= memory->unheld_count > 0 ? 1 : 0;
            take_out(memory, state);
            return state;
        }
    }
    return NULL;
}

static struct balance_state *find_place(struct zone_memory *memory) {
    bool is_crowded =
        memory->state_count == STATES ||
        (memory->unheld_count >= FEW_STATES && memory->unheld_count >= memory->state_count / 2);
    struct balance_state *state = is_crowded ? find_unheld(memory) : NULL;
    if (state == NULL && memory->state_count < STATES) {
        state = &memory->states[memory->state_count++];
    }
    return state;
}

static void init_state(struct balance_state *state, const struct balance_key *key, uint32_t number,
                       uint32_t weight) {
    *state = (struct balance_state){
        .key = *key, .lock = number, .weight = weight, .effective_weight = weight};
}

static struct balance_state *add(struct zone_memory *memory, const struct balance_key *key,
                                 uint32_t number, uint32_t weight) {
    struct balance_state *state = find_place(memory);
    if (state != NULL) {
        uint32_t *bucket = bucket_of(memory, key);
        init_state(state, key, number, weight);
        state->next = *bucket;
        *bucket = (uint32_t)(state - memory->states) + 1;
    }
    return state;
}

static struct balance_state *attach_shared(struct balance_zone *zone, const struct balance_key *key,
                                           uint32_t number, uint32_t weight) {
    struct zone_memory *memory = zone->memory;
    lock(&memory->registry);
    struct balance_state *state = find(memory, key);
    if (state != NULL && state->holders == 0) {
        memory->unheld_count -= memory->unheld_count > 0 ? 1 : 0;
    } else if (state == NULL) {
        state = add(memory, key, number, weight);
    }
    if (state != NULL) {
        zone->ledger[state - memory->states].holders++;
        state->holders++;
    }
    unlock(&memory->registry);
    return state;
}

struct balance_state *balance_zone_attach(struct balance_zone *zone, const struct balance_key *key,
                                          uint32_t number, uint32_t weight) {
    struct balance_state *state = NULL;
    if (zone != NULL && zone->ledger != NULL) {
        state = attach_shared(zone, key, number, weight);
    }
    if (state == NULL) {
        state = malloc(sizeof *state);
        if (state != NULL) {
            init_state(state, key, number, weight);
        }
    }
    return state;
}

void balance_zone_detach(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    if (index == STATES) {
        free(state);
        return;
    }
    lock(&zone->memory->registry);
    state->holders--;
    zone->memory->unheld_count += state->holders == 0 ? 1 : 0;
    zone->ledger[index].holders--;
    unlock(&zone->memory->registry);
}

void balance_zone_enter(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    if (index != STATES) {
        zone->ledger[index].active++;
    }
    state->active++;
}

void balance_zone_leave(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    state->active--;
    if (index != STATES) {
        zone->ledger[index].active--;
    }
}
