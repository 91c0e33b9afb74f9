/* fuzz: runtime -max_len=16384 */
/* Shared memory in which another process may have written anything: a store over it reads and
 * writes nothing else, and is of use again after a while. */
#include "fuzz.h"

#include "net/session_store.c"

enum { MEMORY = 8192, NOW = 1000, LATER = 2000 };

static char found[SESSION_LARGEST];

static struct slice id_of(uint8_t number) {
    static char id[SESSION_LARGEST_ID];
    memset(id, number % 16, sizeof id);
    return (struct slice){id, 1 + (size_t)number % SESSION_LARGEST_ID};
}

static struct slice session_of(uint8_t number) {
    static char bytes[SESSION_LARGEST];
    memset(bytes, number, sizeof bytes);
    return (struct slice){bytes, 1 + (size_t)number * number % 4000};
}

static void act(struct session_store *store, uint8_t action, uint8_t number) {
    switch (action % 4) {
    case 0:
        session_store_remove(store, id_of(number));
        break;
    case 1:
        (void)session_store_get(store, id_of(number), action > 128 ? LATER : NOW, found);
        break;
    default:
        session_store_put(store, id_of(number), session_of(number), NOW, LATER);
    }
}

/* Four bytes a step: an action, or a number that is written somewhere. */
static void run(struct session_store *store, struct slice steps) {
    for (; steps.size >= 4; steps = slice_skip(steps, 4)) {
        const uint8_t *step = (const uint8_t *)steps.data;
        uint32_t *words = (uint32_t *)(void *)store->memory;
        if (step[0] < 192) {
            act(store, step[0], step[1]);
        } else {
            size_t at = sizeof(struct zone_lock) / 4 + (step[1] | (size_t)(step[0] & 7) << 8);
            uint32_t number = step[3] == 255 ? UINT32_MAX - step[2] : step[2] | step[3] % 2U << 8;
            words[at % (MEMORY / sizeof *words)] = number;
            store->memory->lock.word = 0;
        }
    }
}

/* Whatever it was, a session that is put there is found, at the latest when the nonsense has been
 * met. */
static void require_recovery(struct session_store *store) {
    struct slice session = session_of(9);
    size_t size = 0;
    for (int i = 0; i < 1000 && size == 0; i++) {
        session_store_put(store, id_of(9), session, NOW, LATER);
        size = session_store_get(store, id_of(9), NOW, found);
    }
    require(slice_equals((struct slice){found, size}, session));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = {(const char *)data, size};
    char *memory = aligned_alloc(CELL, MEMORY);
    require(memory != NULL);
    memset(memory, 0, MEMORY);
    struct slice before = slice_take(input, take_last(&input) % 2 == 0 ? 0 : MEMORY);
    if (before.size > 0) {
        memcpy(memory, before.data, before.size);
    }
    struct session_store store = {
        .references = 1, .owner = 1, .patience = 1, .memory = (void *)memory, .size = MEMORY};
    store.memory->lock.word = 0;
    divide(&store);
    run(&store, slice_skip(input, before.size));
    require_recovery(&store);
    free(memory);
    return 0;
}
