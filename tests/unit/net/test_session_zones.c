/* What workers share about TLS: a reload takes over what is the same, and only that; what a worker
 * maps is what the supervisor has made. */
#include "session_zones.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* A table as far as it is looked at: zones, and whether an endpoint speaks TLS. */
struct site {
    struct table table;
    struct table_session_zone zones[4];
    struct table_endpoint endpoint;
    char strings[64];
};

static void make_site(struct site *site, bool speaks_tls, uint32_t count, const char *const names[],
                      const uint64_t sizes[]) {
    memset(site, 0, sizeof *site);
    site->endpoint.ssl = speaks_tls;
    site->table.strings = site->strings;
    site->table.endpoint = &site->endpoint;
    site->table.endpoint_count = 1;
    site->table.session_zone = site->zones;
    site->table.session_zone_count = count;
    uint32_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = (uint32_t)strlen(names[i]);
        memcpy(site->strings + end, names[i], length + 1);
        site->zones[i] = (struct table_session_zone){.name = {end, length}, .size = sizes[i]};
        end += length + 1;
    }
}

static struct session_zones open_zones(const struct site *site, uint32_t number,
                                       const struct session_zones *previous,
                                       const struct site *previous_site) {
    struct session_zones zones;
    struct failure failure;
    CU_ASSERT_TRUE_FATAL(session_zones_open(&zones, &site->table, number, previous,
                                            previous_site != NULL ? &previous_site->table : NULL,
                                            &failure));
    return zones;
}

/* What a worker gets. */
static struct tls_shared map(const struct session_zones *zones) {
    struct delivery delivery;
    struct tls_shared shared;
    CU_ASSERT_TRUE_FATAL(delivery_create(&delivery, 0, session_zones_memory_count(zones), 1));
    session_zones_deliver(zones, &delivery);
    CU_ASSERT_TRUE_FATAL(
        tls_shared_map(&shared, delivery.memories, delivery.memory_numbers, delivery.memory_count));
    delivery_release(&delivery);
    return shared;
}

static void put(struct tls_shared *shared, uint32_t store, const char *id) {
    session_store_put(shared->stores[store], slice_from_string(id), SLICE("session"), 1, 2);
}

static bool has(struct tls_shared *shared, uint32_t store, const char *id) {
    char session[SESSION_LARGEST];
    return session_store_get(shared->stores[store], slice_from_string(id), 1, session) == 7;
}

static void nothing_is_made_without_need(void) {
    struct site site;
    make_site(&site, false, 0, NULL, NULL);
    struct session_zones zones = open_zones(&site, 1, NULL, NULL);
    CU_ASSERT_PTR_NULL(zones.keys);
    struct tls_shared shared = map(&zones);
    CU_ASSERT_PTR_NULL(shared.keys);
    CU_ASSERT_EQUAL(shared.store_count, 0);
    tls_shared_unmap(&shared);
    session_zones_close(&zones);
}

static void a_reload_keeps_what_is_the_same(void) {
    struct site before;
    struct site after;
    make_site(&before, true, 3, (const char *const[]){"a", "b", "c"},
              (const uint64_t[]){65536, 65536, 65536});
    make_site(&after, false, 3, (const char *const[]){"d", "c", "b"},
              (const uint64_t[]){65536, 65536, 131072});
    struct session_zones old = open_zones(&before, 1, NULL, NULL);
    struct tls_shared old_shared = map(&old);
    struct ticket_key old_key;
    struct ticket_key key;
    put(&old_shared, 1, "of b");
    put(&old_shared, 2, "of c");
    ticket_keys_current(old_shared.keys, &old_key);
    struct session_zones new = open_zones(&after, 2, &old, &before);
    session_zones_close(&old);
    struct tls_shared shared = map(&new);
    CU_ASSERT_TRUE(has(&shared, 1, "of c"));
    CU_ASSERT_FALSE(has(&shared, 2, "of b")); /* of another size now */
    CU_ASSERT_EQUAL(shared.store_numbers[0], 2);
    CU_ASSERT_EQUAL(shared.store_numbers[1], 1);
    CU_ASSERT_EQUAL(shared.store_numbers[2], 2);
    ticket_keys_current(shared.keys, &key);
    CU_ASSERT_EQUAL(memcmp(&key, &old_key, sizeof key), 0);
    CU_ASSERT_TRUE(has(&old_shared, 1, "of b")); /* who still has it goes on with it */
    tls_shared_unmap(&old_shared);
    tls_shared_unmap(&shared);
    session_zones_close(&new);
}

static void what_cannot_be_made_is_told(void) {
    struct site site;
    make_site(&site, true, 2, (const char *const[]){"good", "huge"},
              (const uint64_t[]){65536, UINT64_MAX});
    struct session_zones zones;
    struct failure failure = {""};
    CU_ASSERT_FALSE(session_zones_open(&zones, &site.table, 1, NULL, NULL, &failure));
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "ssl_session_cache \"huge\": "));
    session_zones_close(&zones);
}

static void descriptors_that_are_none_are_refused(void) {
    struct tls_shared shared;
    CU_ASSERT_FALSE(tls_shared_map(&shared, (const int[]){-1, -1}, (const uint32_t[]){0, 0}, 2));
    CU_ASSERT_TRUE(tls_shared_map(&shared, NULL, NULL, 0));
    tls_shared_unmap(&shared);
}

UNIT_TESTS("net/session_zones", {"nothing is made without need", nothing_is_made_without_need},
           {"a reload keeps what is the same", a_reload_keeps_what_is_the_same},
           {"what cannot be made is told", what_cannot_be_made_is_told},
           {"descriptors that are none are refused", descriptors_that_are_none_are_refused}, )
