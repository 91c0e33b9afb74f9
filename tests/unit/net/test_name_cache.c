/* The cache of names over a resolver that the tests answer for, in a time that they make. */
#include "net/resolver.h"

static struct resolver_query *
start_query(struct resolver *resolver, const char *host,
            void (*done)(void *owner, const struct resolver_answer *answer), void *owner);
static void cancel_query(struct resolver_query *query);
#define resolver_start start_query
#define resolver_cancel cancel_query
#include "net/name_cache.c"
#undef resolver_start
#undef resolver_cancel

#include "unit.h"

#include <stdio.h>

/* --- the resolver --- */

enum { QUERIES = 70 };

struct resolver_query {
    char host[256];
    void (*done)(void *owner, const struct resolver_answer *answer);
    void *owner;
    bool is_cancelled;
};

static struct resolver_query queries[QUERIES];
static unsigned query_count;
static bool has_memory;

static struct resolver_query *
start_query(struct resolver *resolver, const char *host,
            void (*done)(void *owner, const struct resolver_answer *answer), void *owner) {
    (void)resolver;
    if (!has_memory) {
        return NULL;
    }
    struct resolver_query *query = &queries[query_count++ % QUERIES];
    snprintf(query->host, sizeof query->host, "%s", host);
    query->done = done;
    query->owner = owner;
    query->is_cancelled = false;
    return query;
}

static void cancel_query(struct resolver_query *query) {
    query->is_cancelled = true;
}

static void answer(unsigned number, uint32_t count, uint32_t ttl) {
    struct sockaddr_storage *addresses = calloc(count + 1, sizeof *addresses);
    for (uint32_t i = 0; i < count; i++) {
        struct sockaddr_in *address = (struct sockaddr_in *)&addresses[i];
        address->sin_family = AF_INET;
        address->sin_addr.s_addr = htonl(0x0a000001 + i);
    }
    struct resolver_answer made = {.addresses = addresses, .count = count, .ttl = ttl};
    if (count == 0) {
        made.code = RESOLVER_NOT_FOUND;
        made.error = "Host not found";
    }
    queries[number % QUERIES].done(queries[number % QUERIES].owner, &made);
    free(addresses);
}

/* --- the frame --- */

struct asker {
    struct name_wait wait;
    unsigned calls;
    uint32_t count;
    uint32_t code;
    uint64_t expires;
    struct asker *cancels;   /* when it is answered */
    struct asker *asks;      /* the same name, when it is answered */
    struct name_cache *ends; /* when it is answered */
};

static struct loop loop;
static struct name_cache *cache;
static struct asker askers[4];

static void wait_for(struct asker *asker, const char *host, uint64_t timeout);

static void told(struct name_wait *wait, const struct name_result *result) {
    struct asker *asker = CONTAINER_OF(wait, struct asker, wait);
    asker->calls++;
    asker->count = result->addresses != NULL ? result->addresses->count : 0;
    asker->code = result->code;
    asker->expires = result->expires;
    if (asker->cancels != NULL) {
        name_wait_cancel(&asker->cancels->wait);
    }
    if (asker->asks != NULL) {
        wait_for(asker->asks, "a.test", 0);
    }
    if (asker->ends != NULL) {
        name_cache_release(asker->ends);
    }
}

static void wait_for(struct asker *asker, const char *host, uint64_t timeout) {
    asker->wait.done = told;
    CU_ASSERT_TRUE(name_cache_wait(cache, slice_from_string(host), timeout, &asker->wait));
    CU_ASSERT_EQUAL(asker->calls, 0);
}

static void begin(uint32_t valid) {
    const struct name_cache_options options = {
        .resolver = {.servers = "127.0.0.1:53", .ipv4 = true, .ipv6 = true}, .valid = valid};
    const char *error = NULL;
    CU_ASSERT_TRUE_FATAL(loop_init(&loop, LOOP_POLL));
    memset(askers, 0, sizeof askers);
    query_count = 0;
    has_memory = true;
    cache = name_cache_create(&loop, &options, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
}

static void finish(void) {
    name_cache_release(cache);
    loop_destroy(&loop);
}

/* Lets time go by. */
static void pass(uint64_t milliseconds) {
    loop.now += milliseconds;
    timer_wheel_advance(&loop.timers, loop.now);
}

static bool is_known(const char *host) {
    struct name_result result;
    return name_cache_find(cache, slice_from_string(host), &result);
}

/* --- the tests --- */

static void keeps_answers_as_long_as_they_say(void) {
    begin(0);
    wait_for(&askers[0], "a.test", 0);
    CU_ASSERT_EQUAL(query_count, 1);
    answer(0, 2, 30);
    CU_ASSERT_EQUAL(askers[0].calls, 1);
    CU_ASSERT_EQUAL(askers[0].count, 2);
    CU_ASSERT_EQUAL(askers[0].expires, loop.now + 30000);
    CU_ASSERT_TRUE(is_known("a.test"));
    CU_ASSERT_TRUE(is_known("A.Test."));
    CU_ASSERT_FALSE(is_known("b.test"));
    pass(29999);
    CU_ASSERT_TRUE(is_known("a.test"));
    pass(1);
    CU_ASSERT_FALSE(is_known("a.test"));
    wait_for(&askers[1], "a.test", 0);
    CU_ASSERT_EQUAL(query_count, 2);
    CU_ASSERT_FALSE(is_known("a.test"));
    answer(1, 1, 30);
    CU_ASSERT_EQUAL(askers[1].count, 1);
    finish();
}

static void keeps_answers_as_long_as_the_configuration_says(void) {
    begin(5);
    wait_for(&askers[0], "a.test", 0);
    answer(0, 1, 600);
    pass(4999);
    CU_ASSERT_TRUE(is_known("a.test"));
    pass(1);
    CU_ASSERT_FALSE(is_known("a.test"));
    finish();
}

static void forgets_what_has_no_life_and_what_failed(void) {
    begin(0);
    wait_for(&askers[0], "a.test", 0);
    answer(0, 1, 0);
    CU_ASSERT_EQUAL(askers[0].count, 1);
    CU_ASSERT_FALSE(is_known("a.test"));
    wait_for(&askers[1], "a.test", 0);
    answer(1, 0, 0);
    CU_ASSERT_EQUAL(askers[1].calls, 1);
    CU_ASSERT_EQUAL(askers[1].code, RESOLVER_NOT_FOUND);
    CU_ASSERT_EQUAL(askers[1].expires, loop.now + 10000);
    CU_ASSERT_FALSE(is_known("a.test"));
    CU_ASSERT_EQUAL(cache->name_count, 0);
    finish();
}

static void joins_those_who_ask_for_one_name(void) {
    begin(0);
    wait_for(&askers[0], "a.test", 0);
    wait_for(&askers[1], "A.TEST", 0);
    wait_for(&askers[2], "b.test", 0);
    CU_ASSERT_EQUAL(query_count, 2);
    CU_ASSERT_STRING_EQUAL(queries[0].host, "a.test");
    answer(0, 3, 30);
    CU_ASSERT_EQUAL(askers[0].count, 3);
    CU_ASSERT_EQUAL(askers[1].count, 3);
    CU_ASSERT_EQUAL(askers[2].calls, 0);
    answer(1, 1, 30);
    CU_ASSERT_EQUAL(askers[2].calls, 1);
    finish();
}

/* The query goes on, for those who come later. */
static void stops_waiting_in_time(void) {
    begin(0);
    wait_for(&askers[0], "a.test", 1000);
    wait_for(&askers[1], "a.test", 3000);
    pass(1000);
    CU_ASSERT_EQUAL(askers[0].calls, 1);
    CU_ASSERT_EQUAL(askers[0].code, RESOLVER_TIMED_OUT);
    CU_ASSERT_EQUAL(askers[1].calls, 0);
    answer(0, 1, 30);
    CU_ASSERT_EQUAL(askers[0].calls, 1);
    CU_ASSERT_EQUAL(askers[1].count, 1);
    pass(5000);
    CU_ASSERT_EQUAL(askers[1].calls, 1);
    CU_ASSERT_EQUAL(query_count, 1);
    finish();
}

static void lets_askers_go(void) {
    begin(0);
    wait_for(&askers[0], "a.test", 1000);
    wait_for(&askers[1], "a.test", 1000);
    name_wait_cancel(&askers[0].wait);
    name_wait_cancel(&askers[0].wait);
    answer(0, 1, 30);
    CU_ASSERT_EQUAL(askers[0].calls, 0);
    CU_ASSERT_EQUAL(askers[1].calls, 1);
    name_wait_cancel(&askers[1].wait);
    pass(2000);
    CU_ASSERT_EQUAL(askers[0].calls, 0);
    finish();
}

/* The last to come is told first. */
static void may_be_used_by_those_it_tells(void) {
    begin(0);
    wait_for(&askers[0], "a.test", 0);
    wait_for(&askers[1], "a.test", 0);
    wait_for(&askers[2], "a.test", 0);
    askers[2].cancels = &askers[1];
    askers[0].asks = &askers[3];
    answer(0, 1, 0);
    CU_ASSERT_EQUAL(askers[1].calls, 0);
    CU_ASSERT_EQUAL(askers[0].calls + askers[2].calls, 2);
    CU_ASSERT_EQUAL(query_count, 2);
    askers[3].ends = name_cache_hold(cache);
    answer(1, 1, 30);
    CU_ASSERT_EQUAL(askers[3].calls, 1);
    finish();
}

/* Not within the call, and without a query. */
static void knows_what_is_no_name(void) {
    static const char *const hosts[] = {"", ".", "a..b", ".a", "a b", "a\x01", "a\\.b", "\xc3\xa9"};
    char text[300];
    begin(0);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        memset(askers, 0, sizeof askers);
        wait_for(&askers[0], hosts[i], 0);
        pass(1);
        CU_ASSERT_EQUAL(askers[0].calls, 1);
        CU_ASSERT_EQUAL(askers[0].code, RESOLVER_NOT_FOUND);
    }
    memset(text, 'a', sizeof text);
    text[256] = '\0';
    memset(askers, 0, sizeof askers);
    wait_for(&askers[0], text, 0);
    wait_for(&askers[1], "a..b", 0);
    name_wait_cancel(&askers[1].wait);
    pass(1);
    CU_ASSERT_EQUAL(askers[0].calls, 1);
    CU_ASSERT_EQUAL(askers[1].calls, 0);
    CU_ASSERT_EQUAL(query_count, 0);
    wait_for(&askers[2], text + 1, 0);
    CU_ASSERT_EQUAL(query_count, 1);
    finish();
}

static void forgets_what_was_not_used_for_longest(void) {
    char host[32];
    begin(0);
    for (unsigned i = 0; i < NAMES_LIMIT + 2; i++) {
        memset(askers, 0, sizeof askers);
        snprintf(host, sizeof host, "n%u.test", i);
        wait_for(&askers[0], host, 0);
        answer(i, 1, 600);
        CU_ASSERT_TRUE(is_known("n0.test"));
    }
    CU_ASSERT_EQUAL(cache->name_count, NAMES_LIMIT);
    CU_ASSERT_EQUAL(cache->address_count, NAMES_LIMIT);
    CU_ASSERT_FALSE(is_known("n1.test"));
    CU_ASSERT_FALSE(is_known("n2.test"));
    CU_ASSERT_TRUE(is_known("n3.test"));
    finish();
}

static void bounds_the_addresses_of_all_names(void) {
    char host[32];
    begin(0);
    for (unsigned i = 0; i < 70; i++) {
        memset(askers, 0, sizeof askers);
        snprintf(host, sizeof host, "n%u.test", i);
        wait_for(&askers[0], host, 0);
        answer(i, RESOLVER_ADDRESSES_LIMIT, 600);
    }
    CU_ASSERT_EQUAL(cache->address_count, ADDRESSES_LIMIT);
    CU_ASSERT_EQUAL(cache->name_count, ADDRESSES_LIMIT / RESOLVER_ADDRESSES_LIMIT);
    CU_ASSERT_TRUE(is_known("n69.test"));
    finish();
}

/* Names that are being asked for cannot be forgotten. */
static void bounds_the_names_that_are_asked_for(void) {
    static struct asker many[NAMES_LIMIT];
    char host[32];
    begin(0);
    memset(many, 0, sizeof many);
    for (unsigned i = 0; i < NAMES_LIMIT; i++) {
        snprintf(host, sizeof host, "n%u.test", i);
        wait_for(&many[i], host, 0);
    }
    askers[0].wait.done = told;
    CU_ASSERT_FALSE(name_cache_wait(cache, SLICE("one.more.test"), 0, &askers[0].wait));
    wait_for(&askers[1], "n7.test", 0);
    for (unsigned i = 0; i < NAMES_LIMIT; i++) {
        name_wait_cancel(&many[i].wait);
    }
    name_wait_cancel(&askers[0].wait);
    name_wait_cancel(&askers[1].wait);
    finish();
}

static void fails_alone_without_memory(void) {
    begin(0);
    has_memory = false;
    askers[0].wait.done = told;
    CU_ASSERT_FALSE(name_cache_wait(cache, SLICE("a.test"), 0, &askers[0].wait));
    CU_ASSERT_EQUAL(cache->name_count, 0);
    has_memory = true;
    wait_for(&askers[0], "a.test", 0);
    answer(0, 1, 30);
    CU_ASSERT_EQUAL(askers[0].calls, 1);
    finish();
}

static void tells_for_which_options_it_is(void) {
    begin(7);
    struct name_cache_options options = {
        .resolver = {.servers = "127.0.0.1:53", .ipv4 = true, .ipv6 = true}, .valid = 7};
    CU_ASSERT_TRUE(name_cache_is_for(cache, &options));
    options.valid = 8;
    CU_ASSERT_FALSE(name_cache_is_for(cache, &options));
    options.valid = 7;
    options.resolver.ipv6 = false;
    CU_ASSERT_FALSE(name_cache_is_for(cache, &options));
    options.resolver.ipv6 = true;
    options.resolver.servers = "127.0.0.1:54";
    CU_ASSERT_FALSE(name_cache_is_for(cache, &options));
    finish();
}

UNIT_TESTS("net/name_cache",
           {"keeps answers as long as they say", keeps_answers_as_long_as_they_say},
           {"keeps answers as long as the configuration says",
            keeps_answers_as_long_as_the_configuration_says},
           {"forgets what has no life and what failed", forgets_what_has_no_life_and_what_failed},
           {"joins those who ask for one name", joins_those_who_ask_for_one_name},
           {"stops waiting in time", stops_waiting_in_time}, {"lets askers go", lets_askers_go},
           {"may be used by those it tells", may_be_used_by_those_it_tells},
           {"knows what is no name", knows_what_is_no_name},
           {"forgets what was not used for longest", forgets_what_was_not_used_for_longest},
           {"bounds the addresses of all names", bounds_the_addresses_of_all_names},
           {"bounds the names that are asked for", bounds_the_names_that_are_asked_for},
           {"fails alone without memory", fails_alone_without_memory},
           {"tells for which options it is", tells_for_which_options_it_is})
