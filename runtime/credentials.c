/* Goes through the locations that may ask a backend by TLS, once for each of their settings. */
#include "credentials.h"

#include "net/secrets.h"
#include "net/tls_context.h"
#include "prefix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct search {
    const struct table *table;
    const char *prefix;
    struct secrets_reader *reader;
    uint32_t *users; /* by settings record: a location that needs it, or TABLE_NONE */
    struct tls_trust_list trusted;
    struct failure *failure;
};

static bool needs_tls(const struct table *table, const struct table_location *location) {
    return location->proxy != TABLE_NONE && table->proxy[location->proxy].is_tls != 0;
}

static bool has_tls(const struct table *table) {
    for (uint32_t i = 0; i < table->proxy_count; i++) {
        if (table->proxy[i].is_tls != 0) {
            return true;
        }
    }
    return false;
}

static void find_users(const struct search *search) {
    const struct table *table = search->table;
    for (uint32_t i = 0; i < table->settings_count; i++) {
        search->users[i] = TABLE_NONE;
    }
    for (uint32_t i = 0; i < table->location_count; i++) {
        const struct table_location *location = &table->location[i];
        if (needs_tls(table, location) && search->users[location->settings] == TABLE_NONE) {
            search->users[location->settings] = i;
        }
    }
}

/* Puts where the location is in front of what is wrong. Always false. */
static bool fail_at(const struct search *search, uint32_t user, const struct failure *reason) {
    const struct table *table = search->table;
    struct table_place place = table->location[user].place;
    return failure_set(
        search->failure, "%s:%u: %.900s",
        place.source != TABLE_NONE ? table_chars(table, table->source[place.source].name) : "",
        place.line, reason->text);
}

static bool read_file(const struct search *search, uint32_t user, enum tls_file file) {
    const struct table_settings *settings =
        &search->table->settings[search->table->location[user].settings];
    struct slice path = tls_file_path(search->table, settings, file);
    char resolved[PATH_MAX];
    struct failure reason;
    if (path.size == 0) {
        return true;
    }
    if (!prefix_resolve(search->prefix, path, resolved, &reason)) {
        return fail_at(search, user, &reason);
    }
    if (!secrets_read(search->reader, path, resolved, &reason)) {
        struct failure whole;
        failure_set(&whole, "%s \"%.700s\": %.100s", tls_file_directives[file], resolved,
                    reason.text);
        return fail_at(search, user, &whole);
    }
    return true;
}

static bool read_files(const struct search *search) {
    for (uint32_t i = 0; i < search->table->settings_count; i++) {
        for (enum tls_file file = 0; search->users[i] != TABLE_NONE && file < TLS_FILE_COUNT;
             file++) {
            if (!read_file(search, search->users[i], file)) {
                return false;
            }
        }
    }
    return true;
}

/* --- trying --- */

/* Settings that come to the same context are tried once; a set of identities. */
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

static bool try_context(struct search *search, uint32_t user, const struct secrets *secrets) {
    struct failure reason;
    struct tls_context *context = tls_context_create(
        search->table, &search->table->settings[search->table->location[user].settings], secrets,
        &search->trusted, &reason);
    if (context == NULL) {
        return fail_at(search, user, &reason);
    }
    tls_context_release(context);
    return true;
}

static bool try_all(struct search *search, const struct secrets *secrets,
                    struct identities *tried) {
    const struct table *table = search->table;
    for (uint32_t i = 0; i < table->settings_count; i++) {
        uint8_t identity[TLS_IDENTITY_SIZE];
        if (search->users[i] == TABLE_NONE) {
            continue;
        }
        tls_context_identify(table, &table->settings[i], secrets, identity);
        if (add_identity(tried, identity) && !try_context(search, search->users[i], secrets)) {
            return false;
        }
    }
    return true;
}

static bool try_contexts(struct search *search, const struct secrets *secrets) {
    size_t slot_count = 2;
    while (slot_count < (size_t)search->table->settings_count * 2) {
        slot_count *= 2;
    }
    struct identities tried = {
        .slots = calloc(slot_count, sizeof *tried.slots),
        .is_used = calloc(slot_count, sizeof *tried.is_used),
        .mask = slot_count - 1,
    };
    bool has_memory = tried.slots != NULL && tried.is_used != NULL;
    bool is_done = has_memory ? try_all(search, secrets, &tried)
                              : failure_set(search->failure, "%s", strerror(ENOMEM));
    free(tried.slots);
    free(tried.is_used);
    return is_done;
}

/* --- altogether --- */

static bool seal(struct search *search, struct credentials *credentials) {
    struct secrets secrets;
    credentials->descriptor = secrets_seal(search->reader, &credentials->size);
    if (credentials->descriptor < 0 ||
        !secrets_map(&secrets, credentials->descriptor, credentials->size)) {
        return failure_set(search->failure, "keeping certificates in memory: %s", strerror(errno));
    }
    bool is_done = try_contexts(search, &secrets);
    tls_trust_list_release(&search->trusted);
    secrets_unmap(&secrets);
    return is_done;
}

bool credentials_open(struct credentials *credentials, const struct table *table,
                      const char *prefix, struct failure *failure) {
    struct search search = {.table = table, .prefix = prefix, .failure = failure};
    *credentials = (struct credentials){.descriptor = -1};
    if (!has_tls(table)) {
        return true;
    }
    search.users = calloc(table->settings_count, sizeof *search.users);
    search.reader = secrets_reader_create();
    bool is_done = search.users != NULL && search.reader != NULL;
    if (is_done) {
        find_users(&search);
        is_done = read_files(&search) && seal(&search, credentials);
    } else {
        failure_set(failure, "%s", strerror(ENOMEM));
    }
    if (search.reader != NULL) {
        secrets_reader_destroy(search.reader);
    }
    free(search.users);
    return is_done;
}

void credentials_close(struct credentials *credentials) {
    if (credentials->descriptor >= 0) {
        close(credentials->descriptor);
    }
    credentials->descriptor = -1;
}
