/* Header, buckets, entries, by the size alone. A memory of zeros is an empty store; only the secret
 * is written when it is made. */
#include "limit/store.h"

#include "limit/zone.h"
#include "net/zone_lock.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <xxhash.h>

enum {
    LINE = 64,
    SECRET = 192,
    LONGEST_CHAIN = 4096, /* of a bucket; one or two are usual, more where many processes count */
};

_Static_assert((int)SECRET >= (int)XXH3_SECRET_SIZE_MIN, "XXH3 takes no less");

struct limit_memory {
    struct zone_lock lock;
    uint32_t is_changing;
    uint32_t used; /* entries that were ever used; the first so many */
    uint32_t free; /* those of them that are free again */
    uint32_t newest;
    uint32_t oldest;
    uint8_t secret[SECRET];
};

/* --- what lies there may change under our hands, so that it is read once --- */

static uint32_t read_number(const uint32_t *number) {
    return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static void write_number(uint32_t *number, uint32_t value) {
    *(volatile uint32_t *)number = value;
}

/* All the processor did is done in order when the process is killed, so only the compiler has to be
 * told. */
static void keep_order(void) {
    atomic_signal_fence(memory_order_seq_cst);
}

static void mark(struct limit_store *store, uint32_t is_changing) {
    keep_order();
    write_number(&store->memory->is_changing, is_changing);
    keep_order();
}

/* --- the memory --- */

static bool draw_secret(struct limit_memory *memory) {
    return getrandom(memory->secret, SECRET, 0) == SECRET;
}

int limit_zone_create(uint64_t size) {
    struct shared_area area;
    if (size > SIZE_MAX / 2) {
        errno = ENOMEM;
        return -1;
    }
    int descriptor = shared_memory_create("rpcd-limits", (size_t)size);
    if (descriptor < 0) {
        return -1;
    }
    if (!shared_area_map(&area, descriptor) || !draw_secret(area.memory)) {
        int error = errno;
        close(descriptor);
        shared_area_unmap(&area);
        errno = error;
        return -1;
    }
    shared_area_unmap(&area);
    shared_memory_seal(descriptor, false);
    return descriptor;
}

static size_t round_up(size_t size) {
    return (size + LINE - 1) / LINE * LINE;
}

static uint32_t power_of_two_below(uint32_t number) {
    return UINT32_C(1) << (31 - __builtin_clz(number));
}

/* A bucket for one or two entries. */
static void divide(struct limit_store *store, const struct shared_area *area) {
    size_t header = round_up(sizeof(struct limit_memory));
    size_t room = area->size > header + LINE ? area->size - header - LINE : 0;
    size_t count = room / (store->entry_size + sizeof *store->buckets);
    store->entry_count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX - 1;
    store->bucket_count = store->entry_count > 0 ? power_of_two_below(store->entry_count) : 0;
    store->memory = area->memory;
    store->buckets = (uint32_t *)(void *)((char *)area->memory + header);
    store->entries =
        (char *)area->memory + header + round_up(store->bucket_count * sizeof *store->buckets);
}

/* --- entries --- */

struct limit_entry *limit_store_at(struct limit_store *store, uint32_t number) {
    if (number > store->entry_count) {
        store->is_broken = true;
        return NULL;
    }
    return number > 0 ? (void *)(store->entries + (size_t)(number - 1) * store->entry_size) : NULL;
}

uint32_t limit_store_number(const struct limit_store *store, const struct limit_entry *entry) {
    return (uint32_t)(((size_t)((const char *)entry - store->entries)) / store->entry_size) + 1;
}

uint32_t limit_store_used(const struct limit_store *store) {
    uint32_t used = read_number(&store->memory->used);
    return used < store->entry_count ? used : store->entry_count;
}

static uint32_t *bucket_of(const struct limit_store *store, const uint64_t key[2]) {
    return &store->buckets[key[0] & (store->bucket_count - 1)];
}

void limit_store_hash(const struct shared_area *area, struct slice key, uint64_t hash[2]) {
    const struct limit_memory *memory = area->memory;
    XXH128_hash_t value = XXH3_128bits_withSecret(key.data, key.size, memory->secret, SECRET);
    hash[0] = value.low64;
    hash[1] = value.high64;
}

struct limit_entry *limit_store_first(struct limit_store *store, const uint64_t key[2]) {
    store->steps = 0;
    return limit_store_at(store, read_number(bucket_of(store, key)));
}

struct limit_entry *limit_store_next(struct limit_store *store, const struct limit_entry *entry) {
    if (++store->steps > LONGEST_CHAIN) {
        store->is_broken = true;
        return NULL;
    }
    return limit_store_at(store, read_number(&entry->next));
}

/* --- the order of their last use --- */

static struct limit_request_entry *ordered_at(struct limit_store *store, uint32_t number) {
    return (struct limit_request_entry *)limit_store_at(store, number);
}

static void join(struct limit_store *store, struct limit_entry *entry) {
    struct limit_memory *memory = store->memory;
    struct limit_request_entry *ordered = (struct limit_request_entry *)entry;
    uint32_t number = limit_store_number(store, entry);
    uint32_t newest = read_number(&memory->newest);
    struct limit_request_entry *second = ordered_at(store, newest);
    write_number(&ordered->newer, 0);
    write_number(&ordered->older, newest);
    write_number(second != NULL ? &second->newer : &memory->oldest, number);
    write_number(&memory->newest, number);
}

static void leave(struct limit_store *store, struct limit_entry *entry) {
    struct limit_memory *memory = store->memory;
    struct limit_request_entry *ordered = (struct limit_request_entry *)entry;
    uint32_t newer = read_number(&ordered->newer);
    uint32_t older = read_number(&ordered->older);
    struct limit_request_entry *above = ordered_at(store, newer);
    struct limit_request_entry *below = ordered_at(store, older);
    write_number(above != NULL ? &above->older : &memory->newest, older);
    write_number(below != NULL ? &below->newer : &memory->oldest, newer);
}

void limit_store_touch(struct limit_store *store, struct limit_entry *entry) {
    if (read_number(&store->memory->newest) != limit_store_number(store, entry)) {
        leave(store, entry);
        join(store, entry);
    }
}

struct limit_entry *limit_store_oldest(struct limit_store *store) {
    return limit_store_at(store, read_number(&store->memory->oldest));
}

/* --- making links anew --- */

static void put_into_bucket(struct limit_store *store, struct limit_entry *entry) {
    uint32_t *bucket = bucket_of(store, entry->key);
    write_number(&entry->next, read_number(bucket));
    write_number(bucket, limit_store_number(store, entry));
    if (store->is_ordered) {
        join(store, entry);
    }
}

static void put_among_free(struct limit_store *store, struct limit_entry *entry) {
    write_number(&entry->next, read_number(&store->memory->free));
    write_number(&store->memory->free, limit_store_number(store, entry));
}

/* The entries themselves are sound; which of them was used last is forgotten. */
static void repair(struct limit_store *store) {
    uint32_t used = limit_store_used(store);
    memset(store->buckets, 0, store->bucket_count * sizeof *store->buckets);
    write_number(&store->memory->free, 0);
    write_number(&store->memory->newest, 0);
    write_number(&store->memory->oldest, 0);
    for (uint32_t number = 1; number <= used; number++) {
        struct limit_entry *entry = limit_store_at(store, number);
        if (entry == NULL) {
            break; /* there are not so many */
        }
        if (read_number(&entry->is_used) != 0) {
            put_into_bucket(store, entry);
        } else {
            put_among_free(store, entry);
        }
    }
    store->is_broken = false;
}

/* --- the lock --- */

bool limit_store_begin(struct limit_store *store, struct shared_area *area, bool is_ordered,
                       uint32_t owner) {
    struct limit_memory *memory = area->memory;
    store->is_ordered = is_ordered;
    store->entry_size = (uint32_t)(is_ordered ? sizeof(struct limit_request_entry)
                                              : sizeof(struct limit_connection_entry));
    divide(store, area);
    if (!zone_lock_take_patiently(&memory->lock, owner, &area->patience)) {
        return false;
    }
    area->patience = SHARED_AREA_PATIENCE_MS;
    store->is_broken = false;
    bool is_half_done = read_number(&memory->is_changing) != 0;
    mark(store, 1);
    if (is_half_done) {
        repair(store);
    }
    return true;
}

void limit_store_end(struct limit_store *store) {
    if (store->is_broken) {
        repair(store);
    }
    mark(store, 0);
    zone_lock_give(&store->memory->lock);
}

/* --- adding and removing --- */

static struct limit_entry *take_free(struct limit_store *store) {
    struct limit_memory *memory = store->memory;
    struct limit_entry *entry = limit_store_at(store, read_number(&memory->free));
    if (entry != NULL) {
        write_number(&memory->free, read_number(&entry->next));
        return entry;
    }
    uint32_t used = limit_store_used(store);
    if (used == store->entry_count) {
        return NULL;
    }
    write_number(&memory->used, used + 1);
    return limit_store_at(store, used + 1);
}

/* It is used only once its key is there; what else it has is for the caller to write. */
struct limit_entry *limit_store_add(struct limit_store *store, const uint64_t key[2]) {
    struct limit_entry *entry = take_free(store);
    if (entry == NULL) {
        return NULL;
    }
    memset(entry, 0, store->entry_size);
    entry->key[0] = key[0];
    entry->key[1] = key[1];
    keep_order();
    write_number(&entry->is_used, 1);
    put_into_bucket(store, entry);
    return entry;
}

static void take_out_of_bucket(struct limit_store *store, const struct limit_entry *entry) {
    uint32_t number = limit_store_number(store, entry);
    uint32_t *link = bucket_of(store, entry->key);
    for (int i = 0; i < LONGEST_CHAIN; i++) {
        if (read_number(link) == number) {
            write_number(link, read_number(&entry->next));
            return;
        }
        struct limit_entry *other = limit_store_at(store, read_number(link));
        if (other == NULL) {
            break;
        }
        link = &other->next;
    }
    store->is_broken = true;
}

void limit_store_remove(struct limit_store *store, struct limit_entry *entry) {
    take_out_of_bucket(store, entry);
    if (store->is_ordered) {
        leave(store, entry);
    }
    write_number(&entry->is_used, 0);
    put_among_free(store, entry);
}

/* --- ended processes --- */

static void drop_connections(struct limit_store *store, uint32_t ended) {
    uint32_t used = limit_store_used(store);
    for (uint32_t number = 1; number <= used; number++) {
        struct limit_entry *entry = limit_store_at(store, number);
        const struct limit_connection_entry *connections = (struct limit_connection_entry *)entry;
        bool is_left = read_number(&connections->owner) == ended ||
                       read_number(&connections->count) == 0; /* killed before it counted */
        if (read_number(&entry->is_used) != 0 && is_left) {
            limit_store_remove(store, entry);
        }
    }
}

bool limit_zone_clear(struct shared_area *area, bool counts_connections, uint32_t self,
                      uint32_t ended) {
    struct limit_memory *memory = area->memory;
    struct limit_store store;
    zone_lock_give_for(&memory->lock, ended);
    if (!counts_connections) {
        return true;
    }
    area->patience = SHARED_AREA_PATIENCE_MS;
    if (!limit_store_begin(&store, area, false, self)) {
        return false;
    }
    drop_connections(&store, ended);
    limit_store_end(&store);
    return true;
}
