/* What a server's context depends on: every setting there is, and what is in the files they name.
 */
#include "net/tls_server_context.h"

#include <stddef.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* the streaming state on the stack */
#include <xxhash.h>

/* --- which files --- */

static const struct {
    const char *directive;
    size_t offset;
    bool is_list;
    size_t condition; /* offset of a number that must not be 0; ALWAYS: none */
} file_rows[] = {
#define IS_LIST_TEXT false
#define IS_LIST_NAMES true
#define FIELD_AT(name) offsetof(struct table_server_settings, name)
#define ALWAYS SIZE_MAX
#define ON(name) FIELD_AT(name)
#define SERVER_TLS_FILE(name, storage, condition, content)                                         \
    {#name, FIELD_AT(name), IS_LIST_##storage, condition},
#include "tls-files.def"
};

static bool is_used(const struct table_server_settings *settings, size_t condition) {
    return condition == ALWAYS ||
           *(const uint32_t *)(const void *)((const char *)settings + condition) != 0;
}

bool tls_server_file(const struct table *table, const struct table_server_settings *settings,
                     uint32_t index, struct tls_server_file *file) {
    for (size_t i = 0; i < sizeof file_rows / sizeof file_rows[0]; i++) {
        const char *field = (const char *)settings + file_rows[i].offset;
        const struct table_range *range = (const struct table_range *)(const void *)field;
        uint32_t count = file_rows[i].is_list ? range->count : 1;
        if (index >= count) {
            index -= count;
            continue;
        }
        const struct table_string *path = file_rows[i].is_list
                                              ? &table->name[range->first + index].text
                                              : (const struct table_string *)(const void *)field;
        *file = (struct tls_server_file){
            .directive = file_rows[i].directive,
            .path =
                is_used(settings, file_rows[i].condition) ? table_text(table, *path) : SLICE(""),
        };
        return true;
    }
    return false;
}

/* --- identity --- */

/* A value as it is hashed, by storage kind. */
#define HASH_FLAG(hash, table, value) hash_number(hash, value)
#define HASH_NUMBER(hash, table, value) hash_number(hash, value)
#define HASH_ENUM(hash, table, value) hash_number(hash, value)
#define HASH_WORDS(hash, table, value) hash_number(hash, value)
#define HASH_SIZE(hash, table, value) hash_number(hash, value)
#define HASH_TIME(hash, table, value) hash_number(hash, value)
#define HASH_TEXT(hash, table, value) hash_text(hash, table_text(table, value))
#define HASH_NAMES(hash, table, value) hash_names(hash, table, value)
#define HASH_SESSION_CACHE(hash, table, value) hash_session_cache(hash, table, value)

static void hash_number(XXH3_state_t *hash, uint64_t number) {
    XXH3_128bits_update(hash, &number, sizeof number);
}

static void hash_text(XXH3_state_t *hash, struct slice text) {
    hash_number(hash, text.size);
    XXH3_128bits_update(hash, text.data, text.size);
}

static void hash_names(XXH3_state_t *hash, const struct table *table, struct table_range names) {
    hash_number(hash, names.count);
    for (uint32_t i = 0; i < names.count; i++) {
        hash_text(hash, table_text(table, table->name[names.first + i].text));
    }
}

static void hash_session_cache(XXH3_state_t *hash, const struct table *table, uint32_t index) {
    hash_number(hash, index != TABLE_NONE);
    if (index == TABLE_NONE) {
        return;
    }
    const struct table_session_cache *cache = &table->session_cache[index];
    hash_number(hash, cache->off);
    hash_number(hash, cache->builtin);
    hash_number(hash, cache->zone != TABLE_NONE);
    if (cache->zone != TABLE_NONE) {
        hash_text(hash, table_text(table, table->session_zone[cache->zone].name));
        hash_number(hash, table->session_zone[cache->zone].size);
    }
}

static void hash_file(XXH3_state_t *hash, const struct secrets *secrets, struct slice path) {
    struct secret secret = {0};
    (void)secrets_find(secrets, path, &secret);
    XXH3_128bits_update(hash, secret.hash, sizeof secret.hash);
}

static void hash_files(XXH3_state_t *hash, const struct table *table,
                       const struct table_server_settings *settings,
                       const struct secrets *secrets) {
    struct tls_server_file file;
    for (uint32_t i = 0; tls_server_file(table, settings, i, &file); i++) {
        hash_file(hash, secrets, file.path);
    }
}

static void finish(const XXH3_state_t *hash, uint8_t identity[TLS_IDENTITY_SIZE]) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
    memcpy(identity, canonical.digest, TLS_IDENTITY_SIZE);
}

void tls_server_identify(const struct table *table, const struct table_server_settings *settings,
                         const struct secrets *secrets, const struct tls_shared *shared,
                         uint8_t identity[TLS_IDENTITY_SIZE]) {
    XXH3_state_t hash;
    XXH3_128bits_reset(&hash);
#define SERVER_DIRECTIVE(name, contexts, min, max, storage, ...)                                   \
    HASH_##storage(&hash, table, settings->name);
#include "directives.def"
    hash_files(&hash, table, settings, secrets);
    hash_number(&hash, tls_server_sessions_number(table, settings, shared));
    finish(&hash, identity);
}

void tls_server_identify_judges(const struct table *table,
                                const struct table_server_settings *settings,
                                const struct secrets *secrets,
                                uint8_t identity[TLS_IDENTITY_SIZE]) {
    XXH3_state_t hash;
    XXH3_128bits_reset(&hash);
    hash_number(&hash, settings->ssl_verify_client != 0);
    if (settings->ssl_verify_client != 0) {
        hash_number(&hash, settings->ssl_verify_depth);
        hash_file(&hash, secrets, table_text(table, settings->ssl_client_certificate));
        hash_file(&hash, secrets, table_text(table, settings->ssl_trusted_certificate));
        hash_file(&hash, secrets, table_text(table, settings->ssl_crl));
    }
    finish(&hash, identity);
}
