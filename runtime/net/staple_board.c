/* A hash table of fixed size: a key may be in any of the few places of its row. Each place has room
 * for two answers, the current one and the one that is being written. */
#include "net/staple_board.h"

#include "net/shared_memory.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

enum {
    ROWS = 1024,
    PLACES = 8,             /* of a row */
    ABANDONED_MS = 3600000, /* so long after the time to ask nobody is interested any more */
};

struct record {
    uint64_t checksum; /* of what follows */
    struct staple_key key;
    int64_t expires;
    uint64_t size;
    unsigned char bytes[OCSP_ANSWER_LIMIT];
};

struct staple_place {
    _Atomic uint64_t key; /* the first half; 0: free */
    _Atomic uint64_t due;
    _Atomic uint32_t version; /* its lowest bit: which record is current */
    struct record records[2];
};

struct staple_board {
    struct staple_place rows[ROWS][PLACES];
};

/* --- the mapping --- */

struct staple_board *staple_board_create(void) {
    size_t size;
    int descriptor = shared_memory_create("rpcd-staples", sizeof(struct staple_board));
    if (descriptor < 0) {
        return NULL;
    }
    struct staple_board *board = shared_memory_map(descriptor, true, &size);
    close(descriptor);
    return board;
}

void staple_board_destroy(struct staple_board *board) {
    if (board != NULL) {
        (void)munmap(board, sizeof *board);
    }
}

/* --- places --- */

static bool is_free(const struct staple_place *place, uint64_t key, uint64_t now) {
    return key == 0 || atomic_load(&place->due) + ABANDONED_MS < now;
}

/* Whoever comes first gets it; what it held before is recognised by its key as another's. Somebody
 * may have found it and claimed it already before its time is set: that stays. */
static bool take(struct staple_place *place, uint64_t old, uint64_t key, uint64_t now) {
    uint64_t due = atomic_load(&place->due);
    if (!atomic_compare_exchange_strong(&place->key, &old, key)) {
        return false;
    }
    (void)atomic_compare_exchange_strong(&place->due, &due, now);
    return true;
}

/* All go along a row in the same order: who is too late for a place sees whose it is, and does not
 * take another for the same key. */
static bool take_free(struct staple_place *place, uint64_t key, uint64_t now) {
    uint64_t old = atomic_load(&place->key);
    return old == key || (is_free(place, old, now) &&
                          (take(place, old, key, now) || atomic_load(&place->key) == key));
}

struct staple_place *staple_board_find(struct staple_board *board, const struct staple_key *key,
                                       uint64_t now) {
    struct staple_place *row = board->rows[key->words[1] % ROWS];
    uint64_t wanted = key->words[0];
    for (size_t i = 0; i < PLACES; i++) {
        if (atomic_load(&row[i].key) == wanted) {
            return &row[i];
        }
    }
    for (size_t i = 0; i < PLACES; i++) {
        if (take_free(&row[i], wanted, now)) {
            return &row[i];
        }
    }
    return NULL;
}

uint64_t staple_place_due(const struct staple_place *place) {
    return atomic_load(&place->due);
}

bool staple_place_claim(struct staple_place *place, uint64_t now, uint64_t until) {
    uint64_t due = atomic_load(&place->due);
    return due <= now && atomic_compare_exchange_strong(&place->due, &due, until);
}

void staple_place_fail(struct staple_place *place, uint64_t due) {
    atomic_store(&place->due, due);
}

/* --- answers --- */

static uint64_t sum_up(const struct record *record, uint64_t size) {
    size_t begin = offsetof(struct record, key);
    return XXH3_64bits((const char *)record + begin, offsetof(struct record, bytes) + size - begin);
}

void staple_place_publish(struct staple_place *place, const struct staple_key *key,
                          struct slice answer, time_t expires, uint64_t due) {
    uint32_t version = atomic_load(&place->version) + 1;
    version = version == 0 ? 2 : version;
    struct record *record = &place->records[version & 1];
    record->key = *key;
    record->expires = expires;
    record->size = answer.size;
    memcpy(record->bytes, answer.data, answer.size);
    record->checksum = sum_up(record, answer.size);
    atomic_store(&place->version, version);
    atomic_store(&place->due, due);
}

uint32_t staple_place_version(const struct staple_place *place) {
    return atomic_load(&place->version);
}

/* What is copied may change meanwhile, so the copy alone is looked at. */
bool staple_place_read(const struct staple_place *place, const struct staple_key *key,
                       struct staple_answer *answer) {
    uint32_t version = atomic_load(&place->version);
    struct record copy;
    if (version == 0) {
        return false;
    }
    memcpy(&copy, &place->records[version & 1], sizeof copy);
    if (copy.size > OCSP_ANSWER_LIMIT || copy.checksum != sum_up(&copy, copy.size) ||
        copy.key.words[0] != key->words[0] || copy.key.words[1] != key->words[1]) {
        return false;
    }
    answer->expires = (time_t)copy.expires;
    answer->size = (uint32_t)copy.size;
    memcpy(answer->bytes, copy.bytes, copy.size);
    return true;
}
