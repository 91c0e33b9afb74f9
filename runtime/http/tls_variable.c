/* Variables about the TLS of a client's connection; there are none where it has none. */
#include "http/internal.h"

#include "net/tls_stream.h"

#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

/* --- texts in the exchange's arena --- */

static bool set_text(struct exchange *exchange, const char *text, size_t size,
                     struct slice *value) {
    char *copy = size > 0 ? arena_allocate_bytes(&exchange->arena, size) : NULL;
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text, size);
    *value = (struct slice){copy, size};
    return true;
}

static bool set_constant(const char *text, struct slice *value) {
    *value = slice_from_string(text != NULL ? text : "");
    return value->size > 0;
}

static bool set_hex(struct exchange *exchange, const unsigned char *bytes, size_t size,
                    struct slice *value) {
    char *text = size > 0 ? arena_allocate_bytes(&exchange->arena, 2 * size) : NULL;
    if (text == NULL) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    *value = (struct slice){text, 2 * size};
    return true;
}

/* Names joined by colons, as far as there is room: clients may offer thousands. */
struct joined {
    char text[4096];
    size_t size;
};

static void join(struct joined *joined, const char *name) {
    size_t room = sizeof joined->text - joined->size;
    int size =
        snprintf(joined->text + joined->size, room, "%s%s", joined->size > 0 ? ":" : "", name);
    joined->size += size > 0 && (size_t)size < room ? (size_t)size : 0;
}

/* --- what was agreed on --- */

static bool protocol(struct exchange *exchange, SSL *ssl, struct slice *value) {
    (void)exchange;
    return set_constant(SSL_get_version(ssl), value);
}

static bool cipher(struct exchange *exchange, SSL *ssl, struct slice *value) {
    (void)exchange;
    return set_constant(SSL_get_cipher_name(ssl), value);
}

enum { GROUP_NAME = 16 };

/* A group that this OpenSSL does not know by name has its number in the lower bits. */
static const char *group_name(int group, char text[GROUP_NAME]) {
    if ((group & TLSEXT_nid_unknown) == 0) {
        return OBJ_nid2sn(group);
    }
    snprintf(text, GROUP_NAME, "0x%04x", (unsigned)group & 0xffff);
    return text;
}

static bool curve(struct exchange *exchange, SSL *ssl, struct slice *value) {
    char text[GROUP_NAME];
    int group = (int)SSL_get_negotiated_group(ssl);
    if (group == NID_undef) {
        return false;
    }
    const char *name = group_name(group, text);
    return set_text(exchange, name, strlen(name), value);
}

static bool alpn_protocol(struct exchange *exchange, SSL *ssl, struct slice *value) {
    const unsigned char *text;
    unsigned size;
    SSL_get0_alpn_selected(ssl, &text, &size);
    return set_text(exchange, (const char *)text, size, value);
}

static bool session_id(struct exchange *exchange, SSL *ssl, struct slice *value) {
    const SSL_SESSION *session = SSL_get_session(ssl);
    unsigned size = 0;
    const unsigned char *id = session != NULL ? SSL_SESSION_get_id(session, &size) : NULL;
    return set_hex(exchange, id, size, value);
}

static bool session_reused(struct exchange *exchange, SSL *ssl, struct slice *value) {
    (void)exchange;
    return set_constant(SSL_session_reused(ssl) ? "r" : ".", value);
}

static bool early_data(struct exchange *exchange, SSL *ssl, struct slice *value) {
    (void)ssl;
    return set_constant(tls_server_is_early(exchange->tls) ? "1" : "", value);
}

/* --- what the client has offered --- */

static bool server_name(struct exchange *exchange, SSL *ssl, struct slice *value) {
    (void)ssl;
    struct slice name = tls_server_name(exchange->tls);
    return set_text(exchange, name.data, name.size, value);
}

static bool ciphers(struct exchange *exchange, SSL *ssl, struct slice *value) {
    enum { LARGEST_CIPHER = 3 };
    const unsigned char *list;
    struct joined joined = {.size = 0};
    size_t size = (size_t)SSL_get0_raw_cipherlist(ssl, NULL);
    size_t total = (size_t)SSL_get0_raw_cipherlist(ssl, &list);
    for (size_t at = 0; size > 0 && size <= LARGEST_CIPHER && at + size <= total; at += size) {
        const SSL_CIPHER *known = SSL_CIPHER_find(ssl, list + at);
        char text[16];
        snprintf(text, sizeof text, "0x%02x%02x", list[at], list[at + 1]);
        join(&joined, known != NULL ? SSL_CIPHER_get_name(known) : text);
    }
    return set_text(exchange, joined.text, joined.size, value);
}

static bool curves(struct exchange *exchange, SSL *ssl, struct slice *value) {
    struct joined joined = {.size = 0};
    int count = (int)SSL_get1_groups(ssl, NULL);
    int *groups =
        count > 0 ? arena_allocate(&exchange->arena, (size_t)count * sizeof *groups) : NULL;
    if (groups == NULL) {
        return false;
    }
    count = (int)SSL_get1_groups(ssl, groups);
    for (int i = 0; i < count; i++) {
        char text[GROUP_NAME];
        join(&joined, group_name(groups[i], text));
    }
    return set_text(exchange, joined.text, joined.size, value);
}

/* --- one row for each --- */

static bool (*const variables[TABLE_variable_id_COUNT])(struct exchange *exchange, SSL *ssl,
                                                        struct slice *value) = {
    [VARIABLE_SSL_ALPN_PROTOCOL] = alpn_protocol,
    [VARIABLE_SSL_CIPHER] = cipher,
    [VARIABLE_SSL_CIPHERS] = ciphers,
    [VARIABLE_SSL_CURVE] = curve,
    [VARIABLE_SSL_CURVES] = curves,
    [VARIABLE_SSL_EARLY_DATA] = early_data,
    [VARIABLE_SSL_PROTOCOL] = protocol,
    [VARIABLE_SSL_SERVER_NAME] = server_name,
    [VARIABLE_SSL_SESSION_ID] = session_id,
    [VARIABLE_SSL_SESSION_REUSED] = session_reused,
};

bool exchange_is_tls_variable(enum variable_id id) {
    return variables[id] != NULL;
}

bool exchange_tls_variable(struct exchange *exchange, enum variable_id id, struct slice *value) {
    return exchange->tls != NULL && variables[id](exchange, tls_server_ssl(exchange->tls), value);
}
