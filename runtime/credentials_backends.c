/* What asking backends by TLS takes: the settings of locations with https://. */
#include "credentials_search.h"

static bool needs_tls(const struct table *table, const struct table_location *location) {
    return location->proxy != TABLE_NONE && table->proxy[location->proxy].is_tls != 0;
}

static bool is_needed(const struct table *table) {
    for (uint32_t i = 0; i < table->proxy_count; i++) {
        if (table->proxy[i].is_tls != 0) {
            return true;
        }
    }
    return false;
}

/* Users are locations. */
static void find_users(const struct table *table, uint32_t *users) {
    for (uint32_t i = 0; i < table->location_count; i++) {
        const struct table_location *location = &table->location[i];
        if (needs_tls(table, location) && users[location->settings] == TABLE_NONE) {
            users[location->settings] = i;
        }
    }
}

static uint32_t count(const struct table *table) {
    return table->settings_count;
}

static bool read_files(const struct credentials_search *search, uint32_t record, uint32_t user) {
    const struct table *table = search->table;
    for (enum tls_file file = 0; file < TLS_FILE_COUNT; file++) {
        struct slice path = tls_file_path(table, &table->settings[record], file);
        if (!credentials_read(search, table->location[user].place, tls_file_directives[file],
                              path)) {
            return false;
        }
    }
    return true;
}

static void identify(const struct credentials_search *search, uint32_t record,
                     const struct secrets *secrets, uint8_t identity[TLS_IDENTITY_SIZE]) {
    tls_context_identify(search->table, &search->table->settings[record], secrets, identity);
}

static bool try_context(struct credentials_search *search, uint32_t record, uint32_t user,
                        const struct secrets *secrets) {
    const struct table *table = search->table;
    struct failure reason;
    struct tls_context *context =
        tls_context_create(table, &table->settings[record], secrets, &search->trusted, &reason);
    if (context == NULL) {
        return credentials_fail(search, table->location[user].place, &reason);
    }
    tls_context_release(context);
    return true;
}

const struct credentials_kind credentials_backends = {
    .is_needed = is_needed,
    .find_users = find_users,
    .count = count,
    .read = read_files,
    .identify = identify,
    .try = try_context,
};
