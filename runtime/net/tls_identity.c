/* What a context depends on: the files that settings name, and everything else as a hash. */
#include "net/tls_internal.h"
#include "net/tls_material.h"

#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* the streaming state on the stack */
#include <xxhash.h>

/* --- which files --- */

const char *const tls_file_directives[TLS_FILE_COUNT] = {
#define BACKEND_TLS_FILE(id, name, condition, content) [TLS_FILE_##id] = #name,
#include "tls-files.def"
};

/* Conditions of tls-files.def. */
#define ALWAYS true
#define ON(name) (settings->name != 0)
#define NAMED(name) (settings->name.length > 0)

struct slice tls_file_path(const struct table *table, const struct table_settings *settings,
                           enum tls_file file) {
    switch (file) {
#define BACKEND_TLS_FILE(id, name, condition, content)                                             \
    case TLS_FILE_##id:                                                                            \
        return (condition) ? table_text(table, settings->name) : SLICE("");
#include "tls-files.def"
    case TLS_FILE_COUNT:
        break;
    }
    return SLICE("");
}

BIO *tls_file_open(const struct table *table, const struct table_settings *settings,
                   const struct secrets *secrets, enum tls_file file) {
    return tls_material_open(secrets, tls_file_path(table, settings, file));
}

/* --- identity --- */

static void hash_text(XXH3_state_t *hash, struct slice text) {
    XXH3_128bits_update(hash, &text.size, sizeof text.size);
    XXH3_128bits_update(hash, text.data, text.size);
}

static void hash_number(XXH3_state_t *hash, uint32_t number) {
    XXH3_128bits_update(hash, &number, sizeof number);
}

static void hash_names(XXH3_state_t *hash, const struct table *table, struct table_range names) {
    hash_number(hash, names.count);
    for (uint32_t i = 0; i < names.count; i++) {
        hash_text(hash, table_text(table, table->name[names.first + i].text));
    }
}

static void hash_files(XXH3_state_t *hash, const struct table *table,
                       const struct table_settings *settings, const struct secrets *secrets) {
    for (enum tls_file file = 0; file < TLS_FILE_COUNT; file++) {
        struct secret secret = {0};
        struct slice path = tls_file_path(table, settings, file);
        hash_text(hash, path);
        (void)secrets_find(secrets, path, &secret);
        XXH3_128bits_update(hash, secret.hash, sizeof secret.hash);
    }
}

void tls_context_identify(const struct table *table, const struct table_settings *settings,
                          const struct secrets *secrets, uint8_t identity[TLS_IDENTITY_SIZE]) {
    XXH3_state_t hash;
    XXH3_128bits_reset(&hash);
    hash_number(&hash, settings->proxy_ssl_verify);
    hash_number(&hash, settings->proxy_ssl_verify_depth);
    hash_number(&hash, settings->proxy_ssl_server_name);
    hash_number(&hash, settings->proxy_ssl_session_reuse);
    hash_number(&hash, settings->proxy_http_version == TABLE_HTTP_2);
    hash_text(&hash, table_text(table, settings->proxy_ssl_ciphers));
    hash_names(&hash, table, settings->proxy_ssl_protocols);
    hash_names(&hash, table, settings->proxy_ssl_conf_command);
    hash_files(&hash, table, settings, secrets);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&hash));
    memcpy(identity, canonical.digest, TLS_IDENTITY_SIZE);
}
