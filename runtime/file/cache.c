/* The cache of open files: a hash table over names, and a list of its entries in the order in which
 * they were asked for. */
#include "file/cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BUCKETS = 1 << 16 };

struct file_entry {
    struct file_entry *next_of_bucket;
    struct file_entry *newer; /* in the list; NULL: the newest */
    struct file_entry *older;
    struct file_cache *cache; /* NULL: it is in none any more, and ends with its last user */
    uint64_t hash;
    struct file_view view; /* its fd is -1 while nobody has it open */
    struct file_link_rule links;
    uint64_t looked; /* when what is known of it was found out */
    uint64_t used;   /* when it was asked for last */
    uint32_t uses;
    uint32_t users; /* of the descriptor, now */
    size_t size;
    char name[];
};

struct file_cache {
    struct file_cache_options options;
    uint64_t count;
    struct file_entry *newest;
    struct file_entry *oldest;
    uint32_t bucket_count; /* a power of two */
    struct file_entry *buckets[];
};

struct file_cache *file_cache_create(const struct file_cache_options *options) {
    uint32_t buckets = 16;
    while (buckets < options->max && buckets < MOST_BUCKETS) {
        buckets *= 2;
    }
    struct file_cache *cache = calloc(1, sizeof *cache + buckets * sizeof(struct file_entry *));
    if (cache != NULL) {
        cache->options = *options;
        cache->bucket_count = buckets;
    }
    return cache;
}

/* --- the list and the table --- */

static struct file_entry **find_link(struct file_cache *cache, const char *name, size_t size,
                                     uint64_t hash) {
    struct file_entry **link = &cache->buckets[hash & (cache->bucket_count - 1)];
    while (*link != NULL && ((*link)->hash != hash || (*link)->size != size ||
                             memcmp((*link)->name, name, size) != 0)) {
        link = &(*link)->next_of_bucket;
    }
    return link;
}

static void leave_list(struct file_cache *cache, struct file_entry *entry) {
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void enter_list(struct file_cache *cache, struct file_entry *entry, uint64_t now) {
    entry->used = now;
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void close_descriptor(struct file_entry *entry) {
    if (entry->view.fd >= 0) {
        (void)close(entry->view.fd);
        entry->view.fd = -1;
    }
}

/* Out of table and list; it is freed now or by its last user. */
static void detach(struct file_cache *cache, struct file_entry *entry) {
    *find_link(cache, entry->name, entry->size, entry->hash) = entry->next_of_bucket;
    leave_list(cache, entry);
    cache->count--;
    entry->cache = NULL;
    if (entry->users == 0) {
        close_descriptor(entry);
        free(entry);
    }
}

/* Makes room for one, or lets one or two go that nobody has asked for lately. */
static void expire(struct file_cache *cache, bool is_forced, uint64_t now) {
    enum { AT_A_TIME = 2 };
    for (uint32_t i = is_forced ? 0 : 1; i <= AT_A_TIME && cache->oldest != NULL; i++) {
        struct file_entry *oldest = cache->oldest;
        /* The analyser does not know that nothing is older: NOLINTNEXTLINE(clang-analyzer-*) */
        if (i > 0 && now - oldest->used <= cache->options.inactive_ms) {
            return;
        }
        detach(cache, oldest);
    }
}

void file_cache_empty(struct file_cache *cache) {
    while (cache->oldest != NULL) {
        detach(cache, cache->oldest);
    }
}

void file_cache_destroy(struct file_cache *cache) {
    file_cache_empty(cache);
    free(cache);
}

/* Without memory there is none, and the view stays the caller's. */
static struct file_entry *create(struct file_cache *cache, const char *name, size_t size,
                                 uint64_t hash, uint64_t now) {
    if (cache->count >= cache->options.max) {
        expire(cache, true, now);
    }
    struct file_entry *entry = calloc(1, sizeof *entry + size);
    if (entry == NULL) {
        return NULL;
    }
    entry->cache = cache;
    entry->hash = hash;
    entry->size = size;
    memcpy(entry->name, name, size);
    struct file_entry **link = &cache->buckets[hash & (cache->bucket_count - 1)];
    entry->next_of_bucket = *link;
    *link = entry;
    enter_list(cache, entry, now);
    cache->count++;
    return entry;
}

/* --- looking for names --- */

static bool is_same_rule(const struct file_link_rule *a, const struct file_link_rule *b) {
    return a->links == b->links && a->from == b->from;
}

static bool is_known(const struct file_entry *entry, const struct file_cache_rules *rules,
                     uint64_t now) {
    return now - entry->looked < rules->valid_ms && is_same_rule(&entry->links, &rules->links);
}

/* It was not asked for often enough to be kept open. */
static bool is_closed_file(const struct file_entry *entry) {
    return entry->view.fd < 0 && entry->view.error == 0 && !entry->view.is_folder;
}

/* The view of an entry for one more user. */
static void lend(struct file_entry *entry, struct file_view *view) {
    *view = entry->view;
    if (view->fd >= 0) {
        view->entry = entry;
        entry->users++;
    }
}

/* What was found out takes the place of what was known. */
static void learn(struct file_entry *entry, const struct file_cache_rules *rules, uint64_t now,
                  const struct file_view *view) {
    entry->view = *view;
    entry->links = rules->links;
    entry->looked = now;
}

/* Whether the name still leads to what is open, which a look at the name tells without opening it
 * again. Not where links are refused: looking means opening then. */
static bool is_unchanged(struct file_entry *entry, const struct file_cache_rules *rules,
                         const char *name, size_t size) {
    struct file_view view;
    if (entry->view.fd < 0 || rules->links.links != FILE_LINKS_FOLLOWED ||
        entry->links.links != FILE_LINKS_FOLLOWED) {
        return false;
    }
    file_find(name, size, &rules->links, FILE_WISH_FACTS, &view);
    if (view.error != 0 || view.identity != entry->view.identity) {
        return false;
    }
    view.fd = entry->view.fd;
    entry->view = view;
    return true;
}

static void find_anew(struct file_cache *cache, struct file_entry *entry, const char *name,
                      size_t size, uint64_t hash, const struct file_cache_rules *rules,
                      uint64_t now, struct file_view *view) {
    file_find(name, size, &rules->links, rules->is_appended ? FILE_WISH_APPEND : FILE_WISH_OPEN,
              view);
    bool is_kept = view->error == 0 || rules->keeps_errors;
    /* What others are using stays theirs; a new entry is for what was found now. */
    bool is_free = entry != NULL && entry->users == 0;
    uint32_t uses = entry != NULL ? entry->uses : 0;
    if (entry != NULL && (!is_free || !is_kept)) {
        detach(cache, entry);
        entry = NULL;
    }
    if (!is_kept) {
        return;
    }
    if (entry == NULL) {
        entry = create(cache, name, size, hash, now);
        uses = 1;
    } else {
        close_descriptor(entry);
    }
    if (entry != NULL) {
        entry->uses = uses;
        learn(entry, rules, now, view);
        lend(entry, view);
    }
}

void file_cache_find(struct file_cache *cache, const char *name, size_t size,
                     const struct file_cache_rules *rules, uint64_t now, struct file_view *view) {
    uint64_t hash = slice_hash((struct slice){name, size});
    struct file_entry *entry = *find_link(cache, name, size, hash);
    if (entry == NULL) {
        find_anew(cache, NULL, name, size, hash, rules, now, view);
        return;
    }
    entry->uses++;
    leave_list(cache, entry);
    enter_list(cache, entry, now);
    if (!is_closed_file(entry) && is_known(entry, rules, now)) {
        lend(entry, view);
    } else if (is_unchanged(entry, rules, name, size)) {
        entry->looked = now;
        lend(entry, view);
    } else {
        find_anew(cache, entry, name, size, hash, rules, now, view);
    }
}

void file_cache_give_back(struct file_entry *entry, uint32_t min_uses, uint64_t now) {
    struct file_cache *cache = entry->cache;
    entry->users--;
    if (cache == NULL) {
        if (entry->users == 0) {
            close_descriptor(entry);
            free(entry);
        }
        return;
    }
    leave_list(cache, entry);
    enter_list(cache, entry, now);
    if (entry->users == 0 && entry->uses < min_uses) {
        close_descriptor(entry);
    }
    expire(cache, false, now);
}
