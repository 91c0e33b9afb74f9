/* The cache of a resolver: entries by name, those that are known in the order of their last use,
 * and who waits for those that are not. */
#include "net/name_cache.h"

#include "base/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_LIMIT = 4096, /* being asked for or known */
    ADDRESSES_LIMIT = 65536,
    BUCKETS = 1024,
    NAME_SIZE_LIMIT = 255, /* RFC 1035 2.3.4 */
    FAILURE_SECONDS = 10,  /* after which asking again makes sense, as nginx thinks */
};

/* A name. Either `query` is under way or `addresses` are known. */
struct name_entry {
    struct name_cache *cache;
    struct name_entry *next; /* in its bucket */
    struct name_entry *newer;
    struct name_entry *older;
    struct name_wait *waits;
    struct resolver_query *query;
    struct name_addresses *addresses;
    uint64_t expires;
    uint64_t hash;
    size_t size;
    char host[]; /* lower case, zero-terminated */
};

struct name_cache {
    struct loop *loop;
    struct resolver *resolver;
    uint32_t references;
    uint32_t valid;
    bool ipv4;
    bool ipv6;
    char *servers;
    struct loop_task ending;
    uint32_t name_count;
    uint32_t address_count;
    struct name_entry *newest; /* of those that are known */
    struct name_entry *oldest;
    struct name_wait *told;    /* those whose answer is there */
    struct name_wait *refused; /* names that need no asking */
    struct timer refusal;
    struct name_entry *buckets[BUCKETS];
};

struct name_addresses *name_addresses_hold(struct name_addresses *addresses) {
    addresses->references++;
    return addresses;
}

void name_addresses_release(struct name_addresses *addresses) {
    if (addresses != NULL && --addresses->references == 0) {
        free(addresses);
    }
}

struct name_addresses *name_addresses_copy(const struct resolver_answer *answer) {
    struct name_addresses *addresses =
        calloc(1, sizeof *addresses + answer->count * sizeof addresses->items[0]);
    if (addresses == NULL) {
        return NULL;
    }
    addresses->references = 1;
    addresses->count = answer->count;
    for (uint32_t i = 0; i < answer->count; i++) {
        memcpy(&addresses->items[i], &answer->addresses[i], sizeof addresses->items[i]);
    }
    return addresses;
}

/* --- entries --- */

static void add_newest(struct name_entry *entry) {
    struct name_cache *cache = entry->cache;
    entry->newer = NULL;
    entry->older = cache->newest;
    if (entry->older != NULL) {
        entry->older->newer = entry;
    } else {
        cache->oldest = entry;
    }
    cache->newest = entry;
}

static void take_out(struct name_entry *entry) {
    struct name_cache *cache = entry->cache;
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

/* An entry whose query is under way is in no order of use. */
static void forget_addresses(struct name_entry *entry) {
    if (entry->addresses != NULL) {
        entry->cache->address_count -= entry->addresses->count;
        take_out(entry);
        name_addresses_release(entry->addresses);
        entry->addresses = NULL;
    }
}

static void free_entry(struct name_entry *entry) {
    name_addresses_release(entry->addresses);
    if (entry->query != NULL) {
        resolver_cancel(entry->query);
    }
    free(entry);
}

static void remove_entry(struct name_entry *entry) {
    struct name_cache *cache = entry->cache;
    struct name_entry **link = &cache->buckets[entry->hash % BUCKETS];
    while (*link != entry) {
        link = &(*link)->next;
    }
    *link = entry->next;
    cache->name_count--;
    forget_addresses(entry);
    free_entry(entry);
}

static void remember_addresses(struct name_entry *entry, struct name_addresses *addresses) {
    struct name_cache *cache = entry->cache;
    while (cache->oldest != NULL && cache->address_count + addresses->count > ADDRESSES_LIMIT) {
        remove_entry(cache->oldest);
    }
    entry->addresses = name_addresses_hold(addresses);
    cache->address_count += addresses->count;
    add_newest(entry);
}

static struct name_entry *find_entry(const struct name_cache *cache, uint64_t hash,
                                     struct slice host) {
    struct name_entry *entry = cache->buckets[hash % BUCKETS];
    while (entry != NULL && !(entry->hash == hash && entry->size == host.size &&
                              memcmp(entry->host, host.data, host.size) == 0)) {
        entry = entry->next;
    }
    return entry;
}

static struct name_entry *add_entry(struct name_cache *cache, uint64_t hash, struct slice host) {
    if (cache->name_count >= NAMES_LIMIT) {
        if (cache->oldest == NULL) {
            return NULL;
        }
        remove_entry(cache->oldest);
    }
    struct name_entry *entry = calloc(1, sizeof *entry + host.size + 1);
    if (entry == NULL) {
        return NULL;
    }
    entry->cache = cache;
    entry->hash = hash;
    entry->size = host.size;
    memcpy(entry->host, host.data, host.size);
    entry->next = cache->buckets[hash % BUCKETS];
    cache->buckets[hash % BUCKETS] = entry;
    cache->name_count++;
    return entry;
}

/* --- names --- */

/* The name as it is asked for, lower-case and without the dot at its end, into `text`. An empty one
 * for what no name server can know: it is told at once. */
static struct slice normalise(struct slice host, char text[NAME_SIZE_LIMIT]) {
    if (host.size > 0 && host.data[host.size - 1] == '.') {
        host.size--;
    }
    if (host.size > NAME_SIZE_LIMIT) {
        return (struct slice){text, 0};
    }
    for (size_t i = 0; i < host.size; i++) {
        unsigned char byte = (unsigned char)host.data[i];
        bool ends_nothing = byte == '.' && (i == 0 || host.data[i - 1] == '.');
        if (byte <= ' ' || byte >= 0x7f || byte == '\\' || ends_nothing) {
            return (struct slice){text, 0};
        }
        text[i] = byte_lower(host.data[i]);
    }
    return (struct slice){text, host.size};
}

/* --- those who wait --- */

static void add_wait(struct name_wait **list, struct name_wait *wait) {
    wait->next = *list;
    wait->link = list;
    if (wait->next != NULL) {
        wait->next->link = &wait->next;
    }
    *list = wait;
}

static void remove_wait(struct name_wait *wait) {
    *wait->link = wait->next;
    if (wait->next != NULL) {
        wait->next->link = wait->link;
    }
    timer_remove(&wait->cache->loop->timers, &wait->timer);
    wait->link = NULL;
    wait->cache = NULL;
}

void name_wait_cancel(struct name_wait *wait) {
    if (wait->cache != NULL) {
        remove_wait(wait);
    }
}

/* The callbacks may cancel others, wait anew and let go of the cache. */
static void tell(struct name_cache *cache, struct name_wait *waits,
                 const struct name_result *result) {
    cache->told = waits;
    if (waits != NULL) {
        waits->link = &cache->told;
    }
    while (cache->told != NULL) {
        struct name_wait *wait = cache->told;
        remove_wait(wait);
        wait->done(wait, result);
    }
}

static void wait_expired(struct timer *timer) {
    struct name_wait *wait = CONTAINER_OF(timer, struct name_wait, timer);
    const struct name_result result = {
        .code = RESOLVER_TIMED_OUT,
        .error = "Operation timed out",
        .expires = wait->cache->loop->now +
                   (uint64_t)(wait->cache->valid > 0 ? wait->cache->valid : FAILURE_SECONDS) * 1000,
    };
    remove_wait(wait);
    wait->done(wait, &result);
}

static void refuse_names(struct timer *timer) {
    struct name_cache *cache = CONTAINER_OF(timer, struct name_cache, refusal);
    const struct name_result result = {
        .code = RESOLVER_NOT_FOUND,
        .error = "Host not found",
        .expires = cache->loop->now + (uint64_t)FAILURE_SECONDS * 1000,
    };
    struct name_wait *waits = cache->refused;
    cache->refused = NULL;
    tell(cache, waits, &result);
}

/* --- answers --- */

static void answered(void *owner, const struct resolver_answer *answer) {
    struct name_entry *entry = owner;
    struct name_cache *cache = entry->cache;
    struct name_wait *waits = entry->waits;
    uint32_t life = answer->count > 0 ? answer->ttl : FAILURE_SECONDS;
    struct name_result result = {
        .addresses = answer->count > 0 ? name_addresses_copy(answer) : NULL,
        .code = answer->count > 0 ? ENOMEM : answer->code,
        .error = answer->count > 0 ? "no memory" : answer->error,
        .expires = cache->loop->now + (uint64_t)(cache->valid > 0 ? cache->valid : life) * 1000,
    };
    entry->query = NULL;
    entry->waits = NULL;
    entry->expires = result.expires;
    if (result.addresses != NULL && result.expires > cache->loop->now) {
        remember_addresses(entry, result.addresses);
    } else {
        remove_entry(entry);
    }
    tell(cache, waits, &result);
    name_addresses_release(result.addresses);
}

bool name_cache_find(struct name_cache *cache, struct slice host, struct name_result *result) {
    char text[NAME_SIZE_LIMIT];
    struct slice name = normalise(host, text);
    struct name_entry *entry = find_entry(cache, slice_hash(name), name);
    if (entry == NULL || entry->addresses == NULL || entry->expires <= cache->loop->now) {
        return false;
    }
    take_out(entry);
    add_newest(entry);
    *result = (struct name_result){.addresses = entry->addresses, .expires = entry->expires};
    return true;
}

/* The entry to wait at; NULL when there is no room for one. */
static struct name_entry *ask(struct name_cache *cache, struct slice name) {
    uint64_t hash = slice_hash(name);
    struct name_entry *entry = find_entry(cache, hash, name);
    if (entry == NULL) {
        entry = add_entry(cache, hash, name);
    }
    if (entry == NULL || entry->query != NULL) {
        return entry;
    }
    forget_addresses(entry);
    entry->query = resolver_start(cache->resolver, entry->host, answered, entry);
    if (entry->query == NULL) {
        remove_entry(entry);
        return NULL;
    }
    return entry;
}

bool name_cache_wait(struct name_cache *cache, struct slice host, uint64_t timeout,
                     struct name_wait *wait) {
    char text[NAME_SIZE_LIMIT];
    struct slice name = normalise(host, text);
    if (name.size == 0) {
        add_wait(&cache->refused, wait);
        timer_start(&cache->loop->timers, &cache->refusal, cache->loop->now);
    } else {
        struct name_entry *entry = ask(cache, name);
        if (entry == NULL) {
            return false;
        }
        add_wait(&entry->waits, wait);
    }
    wait->cache = cache;
    wait->timer.on_expire = wait_expired;
    if (timeout > 0) {
        timer_start(&cache->loop->timers, &wait->timer, cache->loop->now + timeout);
    }
    return true;
}

/* --- the cache --- */

static void end(struct loop_task *task) {
    struct name_cache *cache = CONTAINER_OF(task, struct name_cache, ending);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct name_entry *entry = cache->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            free_entry(entry);
        }
    }
    timer_remove(&cache->loop->timers, &cache->refusal);
    resolver_destroy(cache->resolver);
    free(cache->servers);
    free(cache);
}

struct name_cache *name_cache_create(struct loop *loop, const struct name_cache_options *options,
                                     const char **error) {
    struct name_cache *cache = calloc(1, sizeof *cache);
    char *servers = strdup(options->resolver.servers);
    *error = "no memory";
    if (cache != NULL && servers != NULL) {
        cache->resolver = resolver_create(loop, &options->resolver, error);
    }
    if (cache == NULL || cache->resolver == NULL) {
        free(servers);
        free(cache);
        return NULL;
    }
    cache->loop = loop;
    cache->references = 1;
    cache->valid = options->valid;
    cache->ipv4 = options->resolver.ipv4;
    cache->ipv6 = options->resolver.ipv6;
    cache->servers = servers;
    cache->ending.run = end;
    cache->refusal.on_expire = refuse_names;
    return cache;
}

struct name_cache *name_cache_hold(struct name_cache *cache) {
    cache->references++;
    return cache;
}

/* Not at once: it may be one of its own callbacks that lets go. */
void name_cache_release(struct name_cache *cache) {
    if (--cache->references == 0) {
        loop_defer(cache->loop, &cache->ending);
    }
}

bool name_cache_is_for(const struct name_cache *cache, const struct name_cache_options *options) {
    return cache->valid == options->valid && cache->ipv4 == options->resolver.ipv4 &&
           cache->ipv6 == options->resolver.ipv6 &&
           strcmp(cache->servers, options->resolver.servers) == 0;
}
