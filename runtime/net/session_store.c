/* A store as cells of a cache line. A session is a chain of them, the first of which has what there
 * is to know about it; it is in a bucket by its id, and in a list by the time of its last use.
 *
 * A process may be killed between any two instructions. While links are changed a mark says so;
 * whoever finds it, having the lock, empties the store: sessions are lost once, and nothing worse.
 * A store of zeros is an empty one. */
#include "net/session_store.h"

#include "net/shared_memory.h"
#include "net/zone_lock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    CELL = 64,
    CELLS_PER_BUCKET = 4, /* a session takes about as many */
    LONGEST_CHAIN = 256,  /* of a bucket; ids are random, so that a handful is usual */
    PATIENCE_MS = 1000,   /* of waiting for the lock, until it is had again */
};

/* Numbers of cells begin at 1; 0 is none. */
struct first_cell {
    uint32_t rest;  /* of the session: the next cell */
    uint32_t next;  /* in the bucket */
    uint32_t newer; /* in the order of their last use */
    uint32_t older;
    uint32_t expires; /* seconds */
    uint32_t check;   /* of the session's bytes */
    uint16_t size;    /* of the session */
    uint8_t id_size;
    uint8_t unused;
    uint8_t id[SESSION_LARGEST_ID];
    uint8_t bytes[CELL - 28 - SESSION_LARGEST_ID];
};

struct rest_cell {
    uint32_t next;
    uint8_t bytes[CELL - 4];
};

union cell {
    struct first_cell first;
    struct rest_cell rest; /* also of one that is free */
};

_Static_assert(sizeof(union cell) == CELL, "a cell fills a cache line");

struct store_memory {
    struct zone_lock lock;
    uint32_t is_changing;
    uint32_t used; /* cells that were ever used; the first so many */
    uint32_t free; /* those of them that are free again */
    uint32_t newest;
    uint32_t oldest;
};

struct session_store {
    uint32_t references;
    uint32_t owner;
    uint32_t patience;
    struct store_memory *memory;
    size_t size;
    uint32_t *buckets;
    uint32_t bucket_count;
    union cell *cells;
    uint32_t cell_count;
    bool is_broken; /* something was found that cannot be */
};

/* --- the mapping --- */

static size_t round_up(size_t size) {
    return (size + CELL - 1) / CELL * CELL;
}

/* Header, buckets, cells: as many as the size allows. */
static void divide(struct session_store *store) {
    size_t header = round_up(sizeof *store->memory);
    size_t cells = store->size > header ? (store->size - header) / CELL : 0;
    cells = cells < UINT32_MAX ? cells : UINT32_MAX - 1;
    store->bucket_count = (uint32_t)cells / CELLS_PER_BUCKET;
    size_t buckets = round_up(store->bucket_count * sizeof *store->buckets);
    store->cell_count = (uint32_t)(cells - buckets / CELL);
    store->buckets = (void *)((char *)store->memory + header);
    store->cells = (void *)((char *)store->memory + header + buckets);
}

int session_store_create(uint64_t size) {
    if (size > SIZE_MAX / 2) {
        errno = ENOMEM;
        return -1;
    }
    int descriptor = shared_memory_create("rpcd-sessions", (size_t)size);
    if (descriptor >= 0) {
        shared_memory_seal(descriptor, false);
    }
    return descriptor;
}

struct session_store *session_store_map(int descriptor, uint32_t owner) {
    struct session_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return NULL;
    }
    store->memory = shared_memory_map(descriptor, true, &store->size);
    if (store->memory == NULL) {
        free(store);
        return NULL;
    }
    store->references = 1;
    store->owner = owner;
    store->patience = PATIENCE_MS;
    divide(store);
    if (store->bucket_count == 0) {
        session_store_release(store);
        errno = EINVAL;
        return NULL;
    }
    return store;
}

struct session_store *session_store_hold(struct session_store *store) {
    store->references++;
    return store;
}

void session_store_release(struct session_store *store) {
    if (--store->references == 0) {
        (void)munmap(store->memory, store->size);
        free(store);
    }
}

/* --- what lies there may change under our hands, so that it is read once --- */

static uint32_t read_number(const uint32_t *number) {
    return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static size_t read_size(const union cell *cell) {
    return __atomic_load_n(&cell->first.size, __ATOMIC_RELAXED);
}

static void write_number(uint32_t *number, uint32_t value) {
    *(volatile uint32_t *)number = value;
}

/* NULL for 0, which is none, and for a number that cannot be. */
static union cell *cell_at(struct session_store *store, uint32_t number) {
    if (number > store->cell_count) {
        store->is_broken = true;
        return NULL;
    }
    return number > 0 ? &store->cells[number - 1] : NULL;
}

/* Where there has to be one. */
static union cell *cell_behind(struct session_store *store, const uint32_t *link) {
    union cell *cell = cell_at(store, read_number(link));
    if (cell == NULL) {
        store->is_broken = true;
    }
    return cell;
}

static uint32_t number_of(const struct session_store *store, const union cell *cell) {
    return (uint32_t)(cell - store->cells) + 1;
}

/* --- the lock --- */

/* All the processor did is done in order when the process is killed, so only the compiler has to be
 * told. */
static void keep_order(void) {
    atomic_signal_fence(memory_order_seq_cst);
}

static void mark(struct session_store *store, uint32_t is_changing) {
    keep_order();
    write_number(&store->memory->is_changing, is_changing);
    keep_order();
}

static void empty(struct session_store *store) {
    struct store_memory *memory = store->memory;
    memset(store->buckets, 0, store->bucket_count * sizeof *store->buckets);
    write_number(&memory->used, 0);
    write_number(&memory->free, 0);
    write_number(&memory->newest, 0);
    write_number(&memory->oldest, 0);
}

static bool begin(struct session_store *store) {
    struct store_memory *memory = store->memory;
    if (!zone_lock_take_patiently(&memory->lock, store->owner, &store->patience)) {
        return false;
    }
    store->patience = PATIENCE_MS;
    store->is_broken = false;
    bool is_half_done = read_number(&memory->is_changing) != 0;
    mark(store, 1);
    if (is_half_done) {
        empty(store);
    }
    return true;
}

static void end(struct session_store *store) {
    if (store->is_broken) {
        empty(store);
    }
    mark(store, 0);
    zone_lock_give(&store->memory->lock);
}

/* --- the order of their last use --- */

static void join(struct session_store *store, union cell *cell) {
    struct store_memory *memory = store->memory;
    uint32_t newest = read_number(&memory->newest);
    union cell *second = cell_at(store, newest);
    write_number(&cell->first.newer, 0);
    write_number(&cell->first.older, newest);
    write_number(second != NULL ? &second->first.newer : &memory->oldest, number_of(store, cell));
    write_number(&memory->newest, number_of(store, cell));
}

static void leave(struct session_store *store, union cell *cell) {
    struct store_memory *memory = store->memory;
    uint32_t newer = read_number(&cell->first.newer);
    uint32_t older = read_number(&cell->first.older);
    union cell *above = cell_at(store, newer);
    union cell *below = cell_at(store, older);
    write_number(above != NULL ? &above->first.older : &memory->newest, older);
    write_number(below != NULL ? &below->first.newer : &memory->oldest, newer);
}

/* --- buckets --- */

static uint32_t *bucket_of(const struct session_store *store, struct slice id) {
    return &store->buckets[slice_hash(id) % store->bucket_count];
}

static bool has_id(const union cell *cell, struct slice id) {
    return cell->first.id_size == id.size && memcmp(cell->first.id, id.data, id.size) == 0;
}

/* The link that leads to the session with that id, or to that cell; NULL: there is none. */
static uint32_t *find_link(struct session_store *store, struct slice id, const union cell *wanted) {
    uint32_t *link = bucket_of(store, id);
    for (int i = 0; i < LONGEST_CHAIN; i++) {
        union cell *cell = cell_at(store, read_number(link));
        if (cell == NULL || (wanted != NULL ? cell == wanted : has_id(cell, id))) {
            return cell != NULL ? link : NULL;
        }
        link = &cell->first.next;
    }
    store->is_broken = true;
    return NULL;
}

/* --- cells --- */

static uint32_t count_cells(size_t session_size) {
    size_t in_first = sizeof((struct first_cell *)0)->bytes;
    size_t in_rest = sizeof((struct rest_cell *)0)->bytes;
    size_t behind = session_size > in_first ? session_size - in_first : 0;
    return 1 + (uint32_t)((behind + in_rest - 1) / in_rest);
}

static void free_cell(struct session_store *store, union cell *cell) {
    write_number(&cell->rest.next, read_number(&store->memory->free));
    write_number(&store->memory->free, number_of(store, cell));
}

/* Takes the session that `link` leads to out of everything. */
static void drop(struct session_store *store, uint32_t *link) {
    union cell *cell = cell_behind(store, link);
    if (cell == NULL) {
        return;
    }
    uint32_t left = count_cells(read_size(cell));
    write_number(link, read_number(&cell->first.next));
    leave(store, cell);
    while (cell != NULL && left > 0) {
        uint32_t next = read_number(&cell->rest.next);
        free_cell(store, cell);
        left--;
        cell = cell_at(store, next);
    }
    store->is_broken |= left > 0;
}

static void drop_oldest(struct session_store *store) {
    union cell *cell = cell_behind(store, &store->memory->oldest);
    if (cell == NULL) {
        return;
    }
    uint8_t size = __atomic_load_n(&cell->first.id_size, __ATOMIC_RELAXED);
    struct slice id = {(const char *)cell->first.id, size};
    uint32_t *link = size <= SESSION_LARGEST_ID ? find_link(store, id, cell) : NULL;
    if (link == NULL) {
        store->is_broken = true;
        return;
    }
    drop(store, link);
}

/* NULL when something is wrong: the oldest sessions make room. */
static union cell *take_cell(struct session_store *store) {
    struct store_memory *memory = store->memory;
    uint32_t used = read_number(&memory->used);
    if (read_number(&memory->free) == 0 && used < store->cell_count) {
        write_number(&memory->used, used + 1);
        return &store->cells[used];
    }
    if (read_number(&memory->free) == 0) {
        drop_oldest(store);
    }
    union cell *cell = store->is_broken ? NULL : cell_behind(store, &memory->free);
    if (cell != NULL) {
        write_number(&memory->free, read_number(&cell->rest.next));
    }
    return cell;
}

/* Puts what is left of a session into cells of their own. */
static bool fill_rest(struct session_store *store, uint32_t *link, struct slice session) {
    while (session.size > 0) {
        union cell *cell = take_cell(store);
        if (cell == NULL) {
            return false;
        }
        struct slice part = slice_take(session, sizeof cell->rest.bytes);
        memcpy(cell->rest.bytes, part.data, part.size);
        write_number(&cell->rest.next, 0);
        write_number(link, number_of(store, cell));
        link = &cell->rest.next;
        session = slice_skip(session, part.size);
    }
    return true;
}

/* So that cells which are in two sessions at once are noticed. */
static uint32_t check_of(struct slice session) {
    return (uint32_t)slice_hash(session);
}

/* The session is in its bucket and in the list only once it is whole, so that no room is made of
 * it. */
static void add(struct session_store *store, struct slice id, struct slice session,
                uint32_t expires) {
    union cell *cell = take_cell(store);
    if (cell == NULL) {
        return;
    }
    cell->first = (struct first_cell){.check = check_of(session),
                                      .expires = expires,
                                      .size = (uint16_t)session.size,
                                      .id_size = (uint8_t)id.size};
    memcpy(cell->first.id, id.data, id.size);
    struct slice part = slice_take(session, sizeof cell->first.bytes);
    memcpy(cell->first.bytes, part.data, part.size);
    if (fill_rest(store, &cell->first.rest, slice_skip(session, part.size))) {
        uint32_t *bucket = bucket_of(store, id);
        write_number(&cell->first.next, read_number(bucket));
        write_number(bucket, number_of(store, cell));
        join(store, cell);
    }
}

/* False when there is not what has to be. */
static bool copy_rest(struct session_store *store, const uint32_t *link, char *bytes, size_t size) {
    while (size > 0) {
        const union cell *cell = cell_behind(store, link);
        if (cell == NULL) {
            return false;
        }
        size_t part = size < sizeof cell->rest.bytes ? size : sizeof cell->rest.bytes;
        memcpy(bytes, cell->rest.bytes, part);
        bytes += part;
        size -= part;
        link = &cell->rest.next;
    }
    return true;
}

static size_t copy_out(struct session_store *store, const union cell *cell, char *session) {
    size_t size = read_size(cell);
    size_t part = size < sizeof cell->first.bytes ? size : sizeof cell->first.bytes;
    memcpy(session, cell->first.bytes, part);
    if (size > SESSION_LARGEST ||
        !copy_rest(store, &cell->first.rest, session + part, size - part) ||
        check_of((struct slice){session, size}) != read_number(&cell->first.check)) {
        store->is_broken = true;
        return 0;
    }
    return size;
}

/* --- what others ask for --- */

static bool is_id(struct slice id) {
    return id.size > 0 && id.size <= SESSION_LARGEST_ID;
}

void session_store_put(struct session_store *store, struct slice id, struct slice session,
                       uint64_t now, uint64_t expires) {
    bool fits = session.size > 0 && session.size <= SESSION_LARGEST &&
                count_cells(session.size) <= store->cell_count;
    if (!is_id(id) || !fits || expires <= now || !begin(store)) {
        return;
    }
    uint32_t *link = find_link(store, id, NULL);
    if (link != NULL) {
        drop(store, link);
    }
    if (!store->is_broken) {
        add(store, id, session, expires < UINT32_MAX ? (uint32_t)expires : UINT32_MAX);
    }
    end(store);
}

size_t session_store_get(struct session_store *store, struct slice id, uint64_t now,
                         char session[SESSION_LARGEST]) {
    size_t size = 0;
    if (!is_id(id) || !begin(store)) {
        return 0;
    }
    uint32_t *link = find_link(store, id, NULL);
    union cell *cell = link != NULL ? cell_at(store, read_number(link)) : NULL;
    if (cell != NULL && read_number(&cell->first.expires) <= now) {
        drop(store, link);
    } else if (cell != NULL) {
        size = copy_out(store, cell, session);
        leave(store, cell);
        join(store, cell);
    }
    size = store->is_broken ? 0 : size;
    end(store);
    return size;
}

void session_store_remove(struct session_store *store, struct slice id) {
    if (!is_id(id) || !begin(store)) {
        return;
    }
    uint32_t *link = find_link(store, id, NULL);
    if (link != NULL) {
        drop(store, link);
    }
    end(store);
}

void session_store_forget_owner(struct session_store *store, uint32_t owner) {
    zone_lock_give_for(&store->memory->lock, owner);
}
