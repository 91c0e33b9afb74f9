/* Keys of tickets: the same for all processes, new ones in time, old ones as long as they are
 * needed and not a moment longer. */
#include "net/ticket_keys.c"

#include "unit.h"

#include <sys/wait.h>

enum { HOUR = 3600000 };

static struct ticket_keys *create(void) {
    struct ticket_keys *keys = ticket_keys_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(keys);
    return keys;
}

static bool knows(const struct ticket_keys *keys, const struct ticket_key *key, bool is_current) {
    struct ticket_key found;
    bool is_it = !is_current;
    return ticket_keys_find(keys, key->name, &found, &is_it) &&
           memcmp(&found, key, sizeof found) == 0 && is_it == is_current;
}

static void all_processes_have_the_same(void) {
    struct ticket_keys *keys = create();
    struct ticket_key key;
    ticket_keys_current(keys, &key);
    CU_ASSERT_TRUE(knows(keys, &key, true));
    struct ticket_keys *others = ticket_keys_map(ticket_keys_descriptor(keys));
    CU_ASSERT_PTR_NOT_NULL_FATAL(others);
    CU_ASSERT_TRUE(knows(others, &key, true));
    CU_ASSERT_EQUAL(ticket_keys_descriptor(others), -1);
    CU_ASSERT_TRUE(ticket_keys_rotate(keys, 1, HOUR));
    CU_ASSERT_TRUE(knows(others, &key, false));
    struct ticket_key next;
    ticket_keys_current(others, &next);
    CU_ASSERT_NOT_EQUAL(memcmp(&next, &key, sizeof key), 0);
    CU_ASSERT_TRUE(knows(others, &next, true));
    ticket_keys_release(others);
    ticket_keys_release(keys);
}

static void a_stranger_is_not_known(void) {
    struct ticket_keys *keys = create();
    struct ticket_key none = {.size = 0};
    CU_ASSERT_FALSE(knows(keys, &none, false));
    memset(none.name, 7, sizeof none.name);
    CU_ASSERT_FALSE(knows(keys, &none, false));
    ticket_keys_release(keys);
}

/* How often some bytes occur in the memory. */
static uint32_t count_traces(const struct ticket_keys *keys, const uint8_t bytes[32]) {
    const uint8_t *memory = (const void *)keys->memory;
    uint32_t count = 0;
    for (size_t i = 0; i + 32 <= keys->size; i++) {
        count += memcmp(memory + i, bytes, 32) == 0;
    }
    return count;
}

static void old_keys_leave_no_trace(void) {
    struct ticket_keys *keys = create();
    struct ticket_key first;
    ticket_keys_current(keys, &first);
    CU_ASSERT_TRUE(ticket_keys_rotate(keys, 1000, 5000));
    CU_ASSERT_TRUE(ticket_keys_rotate(keys, 5999, 5000));
    CU_ASSERT_TRUE(knows(keys, &first, false));
    CU_ASSERT_EQUAL(count_traces(keys, first.cipher), 1);
    CU_ASSERT_TRUE(ticket_keys_rotate(keys, 6000, 5000));
    CU_ASSERT_FALSE(knows(keys, &first, false));
    CU_ASSERT_EQUAL(count_traces(keys, first.cipher), 0);
    CU_ASSERT_EQUAL(count_traces(keys, first.mac), 0);
    ticket_keys_release(keys);
}

/* With keys for longer than there is room the oldest go first. */
static void the_ring_goes_round(void) {
    struct ticket_keys *keys = create();
    struct ticket_key made[KEYS + 5];
    for (uint32_t i = 0; i < KEYS + 5; i++) {
        ticket_keys_current(keys, &made[i]);
        CU_ASSERT_TRUE(ticket_keys_rotate(keys, i + 1, UINT64_MAX / 2));
    }
    uint32_t known = 0;
    for (uint32_t i = 0; i < KEYS + 5; i++) {
        known += knows(keys, &made[i], false);
        CU_ASSERT_EQUAL(knows(keys, &made[i], false), i >= 6);
    }
    CU_ASSERT_EQUAL(known, KEYS - 1);
    ticket_keys_release(keys);
}

/* Linux 5.1 and later. */
static void only_their_maker_can_write(void) {
    struct ticket_keys *keys = create();
    size_t size;
    CU_ASSERT_PTR_NULL(shared_memory_map(ticket_keys_descriptor(keys), true, &size));
    CU_ASSERT_EQUAL(write(ticket_keys_descriptor(keys), "x", 1), -1);
    CU_ASSERT_EQUAL(ftruncate(ticket_keys_descriptor(keys), 0), -1);
    struct ticket_keys *others = ticket_keys_map(ticket_keys_descriptor(keys));
    CU_ASSERT_PTR_NOT_NULL_FATAL(others);
    if (fork() == 0) {
        others->memory->current = 7;
        _exit(0);
    }
    int status = 0;
    CU_ASSERT_TRUE(wait(&status) > 0 && (WIFSIGNALED(status) || WEXITSTATUS(status) != 0));
    ticket_keys_release(others);
    ticket_keys_release(keys);
    CU_ASSERT_PTR_NULL(ticket_keys_map(-1));
}

UNIT_TESTS("net/ticket_keys", {"all processes have the same", all_processes_have_the_same},
           {"a stranger is not known", a_stranger_is_not_known},
           {"old keys leave no trace", old_keys_leave_no_trace},
           {"the ring goes round", the_ring_goes_round},
           {"only their maker can write", only_their_maker_can_write}, )
