/* Goes through everything that needs certificates and keys, once for each of its settings. */
#include "credentials.h"

#include "credentials_search.h"
#include "prefix.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct credentials_kind *const kinds[] = {
    &credentials_backends,
    &credentials_servers,
};

enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

/* By kind and settings record: who needs it, or TABLE_NONE; NULL when nobody does. */
struct users {
    uint32_t *of[KIND_COUNT];
};

static const char *source_of(const struct credentials_search *search, struct table_place place) {
    const struct table *table = search->table;
    return place.source != TABLE_NONE ? table_chars(table, table->source[place.source].name) : "";
}

bool credentials_fail(const struct credentials_search *search, struct table_place place,
                      const struct failure *reason) {
    return failure_set(search->failure, "%s:%u: %.900s", source_of(search, place), place.line,
                       reason->text);
}

/* Without memory it is not told. */
void credentials_warn(struct credentials_search *search, struct table_place place,
                      const char *text) {
    struct failure whole;
    failure_set(&whole, "%s:%u: %.900s", source_of(search, place), place.line, text);
    size_t size = strlen(whole.text) + 1;
    struct credentials_warning *warning = malloc(sizeof *warning + size);
    if (warning != NULL) {
        warning->next = NULL;
        memcpy(warning->text, whole.text, size);
        *search->warnings_end = warning;
        search->warnings_end = &warning->next;
    }
}

bool credentials_read(const struct credentials_search *search, struct table_place place,
                      const char *directive, struct slice path) {
    char resolved[PATH_MAX];
    struct failure reason;
    if (path.size == 0) {
        return true;
    }
    if (!prefix_resolve(search->prefix, path, resolved, &reason)) {
        return credentials_fail(search, place, &reason);
    }
    if (!secrets_read(search->reader, path, resolved, &reason)) {
        struct failure whole;
        failure_set(&whole, "%s \"%.700s\": %.100s", directive, resolved, reason.text);
        return credentials_fail(search, place, &whole);
    }
    return true;
}

/* --- who needs what --- */

static bool find_users(const struct table *table, struct users *users) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        uint32_t count = kinds[i]->count(table);
        if (!kinds[i]->is_needed(table)) {
            continue;
        }
        users->of[i] = malloc(((size_t)count + 1) * sizeof *users->of[i]);
        if (users->of[i] == NULL) {
            return false;
        }
        for (uint32_t j = 0; j < count; j++) {
            users->of[i][j] = TABLE_NONE;
        }
        kinds[i]->find_users(table, users->of[i]);
    }
    return true;
}

static void free_users(struct users *users) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        free(users->of[i]);
    }
}

static bool is_needed(const struct table *table) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i]->is_needed(table)) {
            return true;
        }
    }
    return false;
}

static bool read_files(const struct credentials_search *search, const struct users *users) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        uint32_t count = users->of[i] != NULL ? kinds[i]->count(search->table) : 0;
        for (uint32_t j = 0; j < count; j++) {
            uint32_t user = users->of[i][j];
            if (user != TABLE_NONE && !kinds[i]->read(search, j, user)) {
                return false;
            }
        }
    }
    return true;
}

/* --- trying --- */

/* A set of identities. */
struct identities {
    uint8_t (*slots)[TLS_IDENTITY_SIZE];
    bool *is_used;
    size_t mask;
};

static bool add_identity(struct identities *set, const uint8_t identity[TLS_IDENTITY_SIZE]) {
    uint64_t hash;
    memcpy(&hash, identity, sizeof hash);
    size_t slot = (size_t)hash & set->mask;
    while (set->is_used[slot]) {
        if (memcmp(set->slots[slot], identity, TLS_IDENTITY_SIZE) == 0) {
            return false;
        }
        slot = (slot + 1) & set->mask;
    }
    set->is_used[slot] = true;
    memcpy(set->slots[slot], identity, TLS_IDENTITY_SIZE);
    return true;
}

static bool try_all(struct credentials_search *search, const struct credentials_kind *kind,
                    const uint32_t *users, const struct secrets *secrets,
                    struct identities *tried) {
    uint32_t count = kind->count(search->table);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t identity[TLS_IDENTITY_SIZE];
        if (users[i] == TABLE_NONE) {
            continue;
        }
        kind->identify(search, i, secrets, identity);
        if (add_identity(tried, identity) && !kind->try(search, i, users[i], secrets)) {
            return false;
        }
    }
    return true;
}

static bool try_kind(struct credentials_search *search, const struct credentials_kind *kind,
                     const uint32_t *users, const struct secrets *secrets) {
    size_t slot_count = 2;
    while (slot_count < (size_t)kind->count(search->table) * 2) {
        slot_count *= 2;
    }
    struct identities tried = {
        .slots = calloc(slot_count, sizeof *tried.slots),
        .is_used = calloc(slot_count, sizeof *tried.is_used),
        .mask = slot_count - 1,
    };
    bool has_memory = tried.slots != NULL && tried.is_used != NULL;
    bool is_done = has_memory ? try_all(search, kind, users, secrets, &tried)
                              : failure_set(search->failure, "%s", strerror(ENOMEM));
    free(tried.slots);
    free(tried.is_used);
    return is_done;
}

static bool try_kinds(struct credentials_search *search, const struct users *users,
                      const struct secrets *secrets) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (users->of[i] != NULL && !try_kind(search, kinds[i], users->of[i], secrets)) {
            return false;
        }
    }
    return true;
}

/* --- altogether --- */

static bool seal(struct credentials_search *search, const struct users *users,
                 struct credentials *credentials) {
    struct secrets secrets;
    credentials->descriptor = secrets_seal(search->reader, &credentials->size);
    if (credentials->descriptor < 0 ||
        !secrets_map(&secrets, credentials->descriptor, credentials->size)) {
        return failure_set(search->failure, "keeping certificates in memory: %s", strerror(errno));
    }
    bool is_done = try_kinds(search, users, &secrets);
    tls_trust_list_release(&search->trusted);
    secrets_unmap(&secrets);
    return is_done;
}

bool credentials_open(struct credentials *credentials, const struct table *table,
                      const char *prefix, struct failure *failure) {
    struct credentials_search search = {.table = table,
                                        .prefix = prefix,
                                        .failure = failure,
                                        .warnings_end = &credentials->warnings};
    struct users users = {0};
    *credentials = (struct credentials){.descriptor = -1};
    if (!is_needed(table)) {
        return true;
    }
    search.reader = secrets_reader_create();
    bool is_done = false;
    if (search.reader == NULL || !find_users(table, &users)) {
        failure_set(failure, "%s", strerror(ENOMEM));
    } else {
        is_done = read_files(&search, &users) && seal(&search, &users, credentials);
    }
    if (search.reader != NULL) {
        secrets_reader_destroy(search.reader);
    }
    free_users(&users);
    return is_done;
}

void credentials_close(struct credentials *credentials) {
    if (credentials->descriptor >= 0) {
        close(credentials->descriptor);
    }
    credentials->descriptor = -1;
    while (credentials->warnings != NULL) {
        struct credentials_warning *warning = credentials->warnings;
        credentials->warnings = warning->next;
        free(warning);
    }
}
