/* The zone as one shared mapping, most of which is never touched and so takes no memory: locks, a
 * chained hash table of states, and a ledger row for each seat.
 *
 * A process may be killed between any two instructions. Links are therefore made by one store when
 * everything behind them is written, and counters are changed in an order from which the supervisor
 * can tell what is true: a ledger has an entry as long as its process may have something in the
 * counter. */
#include "balance/zone.h"

#include "net/shared_memory.h"
#include "net/zone_lock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    STATES = 1 << 20,
    BUCKETS = 1 << 18,
    LOCKS = 1024,
    SEATS = 1280, /* the most workers that there are, and some that are on their way out */
    SUPERVISOR = SEATS + 1, /* as the owner of locks; others are their seats, from 1 */
    PATIENCE_MS = 1000,     /* so long it waits for locks, to free a seat */
    FEW_STATES = 4096,      /* so many may lie unused before their places are used again */
};

/* What one process has added to a state. */
struct ledger_entry {
    uint32_t active;
    uint32_t holders;
    uint32_t is_checking;
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
    uint32_t owner;              /* of locks: this process */
    uint32_t seat_limit;         /* seats that were ever taken; the first so many */
    bool is_taken[SEATS];        /* in the supervisor */
    bool is_left[SEATS];         /* its process has ended, and not all is taken back */
    uint32_t left_count;
    void (*report)(void *data); /* of a private state; NULL: nobody asks, or it was told */
    void *report_data;
};

/* What is written before it is there when the process is killed behind it: all the processor did is
 * done in order, so only the compiler has to be told. */
static void keep_order(void) {
    atomic_signal_fence(memory_order_seq_cst);
}

/* --- locks --- */

uint32_t balance_zone_choose_lock(uint64_t hash) {
    return (uint32_t)(hash % LOCKS);
}

/* Without a seat all states are private. */
void balance_zone_lock(struct balance_zone *zone, uint32_t lock) {
    if (zone != NULL && zone->ledger != NULL) {
        zone_lock_take(&zone->memory->locks[lock], zone->owner);
    }
}

void balance_zone_unlock(struct balance_zone *zone, uint32_t lock) {
    if (zone != NULL && zone->ledger != NULL) {
        zone_lock_give(&zone->memory->locks[lock]);
    }
}

/* --- the mapping --- */

static struct zone_memory *map_memory(void) {
    size_t size;
    int descriptor = shared_memory_create("rpcd-zone", sizeof(struct zone_memory));
    if (descriptor < 0) {
        return NULL;
    }
    struct zone_memory *memory = shared_memory_map(descriptor, true, &size);
    close(descriptor);
    return memory;
}

struct balance_zone *balance_zone_create(void) {
    struct balance_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        return NULL;
    }
    zone->memory = map_memory();
    if (zone->memory == NULL) {
        free(zone);
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
        zone->owner = seat + 1;
    }
}

void balance_zone_watch(struct balance_zone *zone, void (*report)(void *data), void *data) {
    if (zone != NULL) {
        zone->report = report;
        zone->report_data = data;
    }
}

/* Counters are what all ledgers say together. */
static void recount(struct balance_zone *zone, uint32_t index) {
    struct zone_memory *memory = zone->memory;
    struct balance_state *state = &memory->states[index];
    uint32_t active = 0;
    uint32_t holders = 0;
    uint32_t is_checking = 0;
    for (uint32_t seat = 0; seat < zone->seat_limit; seat++) {
        active += memory->ledgers[seat][index].active;
        holders += memory->ledgers[seat][index].holders;
        is_checking |= memory->ledgers[seat][index].is_checking;
    }
    state->is_checking = is_checking;
    state->active = active;
    memory->unheld_count += state->holders > 0 && holders == 0 ? 1 : 0;
    state->holders = holders;
}

static void give_locks(struct zone_memory *memory, uint32_t owner) {
    zone_lock_give_for(&memory->registry, owner);
    for (uint32_t i = 0; i < LOCKS; i++) {
        zone_lock_give_for(&memory->locks[i], owner);
    }
}

static bool is_blank(const struct ledger_entry *entry) {
    return entry->active == 0 && entry->holders == 0 && entry->is_checking == 0;
}

/* False when the lock is not to be had. */
static bool clear_entry(struct balance_zone *zone, struct ledger_entry *entry, uint32_t index,
                        uint32_t *patience) {
    struct zone_memory *memory = zone->memory;
    struct zone_lock *of_group = &memory->locks[memory->states[index].lock % LOCKS];
    if (!zone_lock_take_patiently(of_group, SUPERVISOR, patience)) {
        return false;
    }
    *entry = (struct ledger_entry){0};
    recount(zone, index);
    zone_lock_give(of_group);
    return true;
}

/* False when something is left to be taken back. */
static bool clear_ledger(struct balance_zone *zone, uint32_t seat, uint32_t *patience) {
    struct zone_memory *memory = zone->memory;
    struct ledger_entry *ledger = memory->ledgers[seat];
    if (!zone_lock_take_patiently(&memory->registry, SUPERVISOR, patience)) {
        return false;
    }
    bool is_clear = true;
    uint32_t count = memory->state_count;
    for (uint32_t i = 0; i < count && i < STATES; i++) {
        is_clear &= is_blank(&ledger[i]) || clear_entry(zone, &ledger[i], i, patience);
    }
    zone_lock_give(&memory->registry);
    return is_clear;
}

/* The supervisor has to trust the memory as little as those who write there, and does not depend on
 * them: a lock that it does not get for long is that of a process that has stopped. What that one
 * guards waits until the process goes on or has ended, too. */
static void clear_left(struct balance_zone *zone) {
    uint32_t patience = PATIENCE_MS;
    for (uint32_t seat = 0; zone->left_count > 0 && seat < zone->seat_limit; seat++) {
        if (zone->is_left[seat] && clear_ledger(zone, seat, &patience)) {
            zone->is_left[seat] = zone->is_taken[seat] = false;
            zone->left_count--;
        }
    }
}

void balance_zone_clear_seat(struct balance_zone *zone, uint32_t seat) {
    if (zone == NULL || seat == BALANCE_NO_SEAT) {
        return;
    }
    give_locks(zone->memory, seat + 1);
    zone->is_left[seat] = true;
    zone->left_count++;
    clear_left(zone);
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

/* One that was never put into its bucket, as whoever was to do it was killed, is in none. */
static void take_out(struct zone_memory *memory, const struct balance_state *state) {
    uint32_t number = (uint32_t)(state - memory->states) + 1;
    uint32_t *link = bucket_of(memory, &state->key);
    while (*link != number && *link != 0) {
        link = &memory->states[*link - 1].next;
    }
    if (*link == number) {
        *link = state->next;
        keep_order();
    }
}

/* A state that nobody holds, taken out of its bucket; the hand of a clock goes round for it. The
 * search is over when there cannot be one, so that a full zone costs nothing. */
static struct balance_state *find_unheld(struct zone_memory *memory) {
    for (uint32_t i = 0; i < memory->state_count && memory->unheld_count > 0; i++) {
        memory->hand = (memory->hand + 1) % memory->state_count;
        struct balance_state *state = &memory->states[memory->hand];
        if (state->holders == 0) {
            memory->unheld_count--;
            take_out(memory, state);
            return state;
        }
    }
    memory->unheld_count = 0;
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

static void init_state(struct balance_state *state, const struct balance_key *key, uint32_t lock,
                       uint32_t weight) {
    *state = (struct balance_state){
        .key = *key, .lock = lock, .weight = weight, .effective_weight = weight};
}

static struct balance_state *add(struct zone_memory *memory, const struct balance_key *key,
                                 uint32_t lock, uint32_t weight) {
    struct balance_state *state = find_place(memory);
    if (state != NULL) {
        uint32_t *bucket = bucket_of(memory, key);
        init_state(state, key, lock, weight);
        state->next = *bucket;
        keep_order();
        *bucket = (uint32_t)(state - memory->states) + 1;
    }
    return state;
}

static void hold(struct balance_zone *zone, struct balance_state *state) {
    zone->ledger[state - zone->memory->states].holders++;
    keep_order();
    state->holders++;
}

/* The registry's lock is held. */
static struct balance_state *hold_known(struct balance_zone *zone, const struct balance_key *key) {
    struct zone_memory *memory = zone->memory;
    struct balance_state *state = find(memory, key);
    if (state != NULL) {
        memory->unheld_count -= state->holders == 0 && memory->unheld_count > 0 ? 1 : 0;
        hold(zone, state);
    }
    return state;
}

static struct balance_state *attach_shared(struct balance_zone *zone, const struct balance_key *key,
                                           uint32_t lock, uint32_t weight) {
    zone_lock_take(&zone->memory->registry, zone->owner);
    struct balance_state *state = hold_known(zone, key);
    if (state == NULL) {
        state = add(zone->memory, key, lock, weight);
        if (state != NULL) {
            hold(zone, state);
        }
    }
    zone_lock_give(&zone->memory->registry);
    return state;
}

static struct balance_state *create_private(struct balance_zone *zone,
                                            const struct balance_key *key, uint32_t lock,
                                            uint32_t weight) {
    struct balance_state *state = malloc(sizeof *state);
    if (state != NULL) {
        init_state(state, key, lock, weight);
    }
    if (zone != NULL && zone->report != NULL) {
        zone->report(zone->report_data);
        zone->report = NULL;
    }
    return state;
}

struct balance_state *balance_zone_attach(struct balance_zone *zone, const struct balance_key *key,
                                          uint32_t lock, uint32_t weight) {
    struct balance_state *state = NULL;
    if (zone != NULL && zone->ledger != NULL) {
        state = attach_shared(zone, key, lock, weight);
    }
    return state != NULL ? state : create_private(zone, key, lock, weight);
}

struct balance_state *balance_zone_recall(struct balance_zone *zone,
                                          const struct balance_key *key) {
    struct balance_state *state = NULL;
    if (zone != NULL && zone->ledger != NULL) {
        zone_lock_take(&zone->memory->registry, zone->owner);
        state = hold_known(zone, key);
        zone_lock_give(&zone->memory->registry);
    }
    return state;
}

void balance_zone_detach(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    if (index == STATES) {
        free(state);
        return;
    }
    zone_lock_take(&zone->memory->registry, zone->owner);
    state->holders--;
    zone->memory->unheld_count += state->holders == 0 ? 1 : 0;
    keep_order();
    zone->ledger[index].holders--;
    zone_lock_give(&zone->memory->registry);
}

void balance_zone_enter(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    if (index != STATES) {
        zone->ledger[index].active++;
        keep_order();
    }
    state->active++;
}

void balance_zone_leave(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    state->active--;
    if (index != STATES) {
        keep_order();
        zone->ledger[index].active--;
    }
}

void balance_zone_begin_check(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    if (index != STATES) {
        zone->ledger[index].is_checking = 1;
    }
    state->is_checking = 1;
}

void balance_zone_end_check(struct balance_zone *zone, struct balance_state *state) {
    uint32_t index = index_of(zone, state);
    state->is_checking = 0;
    if (index != STATES) {
        zone->ledger[index].is_checking = 0;
    }
}
