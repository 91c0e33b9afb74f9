/* Sessions of clients between OpenSSL and a store: what was kept is found, by whichever worker, and
 * nonsense in the store is no session, whatever it is. */
#include "net/tls_server_sessions.c"

#include "unit.h"

#include <openssl/bio.h>
#include <unistd.h>

enum { MEMORY = 65536, ROUNDS = 20000, TIMEOUT = 300 };

/* A server's context as far as it is looked at, and one connection. */
struct bed {
    struct tls_server_sessions sessions;
    struct tls_server_context context;
    SSL *ssl;
};

static void make_bed(struct bed *bed, int store) {
    memset(bed, 0, sizeof *bed);
    bed->sessions.store = session_store_map(store, (uint32_t)getpid());
    bed->sessions.timeout = TIMEOUT;
    bed->context.sessions = &bed->sessions;
    bed->context.ssl = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_app_data(bed->context.ssl, &bed->context);
    bed->ssl = SSL_new(bed->context.ssl);
    CU_ASSERT_TRUE_FATAL(bed->sessions.store != NULL && bed->ssl != NULL);
    SSL_set_options(bed->ssl, SSL_OP_NO_TICKET);
}

static void drop_bed(struct bed *bed) {
    SSL_free(bed->ssl);
    SSL_CTX_free(bed->context.ssl);
    session_store_release(bed->sessions.store);
}

static SSL_SESSION *make_session(const struct bed *bed, unsigned char number) {
    static const unsigned char suite[] = {0xc0, 0x2b}; /* ECDHE-ECDSA-AES128-GCM-SHA256 */
    unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH];
    unsigned char secret[SSL_MAX_MASTER_KEY_LENGTH];
    SSL_SESSION *session = SSL_SESSION_new();
    memset(id, number, sizeof id);
    memset(secret, number, sizeof secret);
    CU_ASSERT_EQUAL(SSL_SESSION_set1_id(session, id, sizeof id), 1);
    CU_ASSERT_EQUAL(SSL_SESSION_set1_master_key(session, secret, sizeof secret), 1);
    CU_ASSERT_EQUAL(SSL_SESSION_set_protocol_version(session, TLS1_2_VERSION), 1);
    CU_ASSERT_EQUAL(SSL_SESSION_set_cipher(session, SSL_CIPHER_find(bed->ssl, suite)), 1);
    CU_ASSERT_EQUAL(SSL_SESSION_set1_hostname(session, "a.test"), 1);
    return session;
}

static SSL_SESSION *find_session(struct bed *bed, unsigned char number) {
    unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH];
    int keeps_reference;
    memset(id, number, sizeof id);
    SSL_SESSION *session = find(bed->ssl, id, sizeof id, &keeps_reference);
    CU_ASSERT_EQUAL(keeps_reference, 0);
    return session;
}

static void other_workers_find_what_was_kept(void) {
    int store = session_store_create(MEMORY);
    struct bed bed;
    struct bed other;
    make_bed(&bed, store);
    make_bed(&other, store);
    close(store);
    SSL_SESSION *session = make_session(&bed, 7);
    CU_ASSERT_EQUAL(keep(bed.ssl, session), 0);
    SSL_SESSION *found = find_session(&other, 7);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_STRING_EQUAL(SSL_SESSION_get0_hostname(found), "a.test");
    CU_ASSERT_PTR_NULL(find_session(&other, 8));
    forget(other.context.ssl, found);
    CU_ASSERT_PTR_NULL(find_session(&bed, 7));
    SSL_SESSION_free(found);
    SSL_SESSION_free(session);
    drop_bed(&bed);
    drop_bed(&other);
}

static uint32_t roll(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void look_at(SSL_SESSION *session) {
    BIO *nowhere = BIO_new(BIO_s_null());
    unsigned char bytes[SESSION_LARGEST];
    unsigned char *end = bytes;
    (void)SSL_SESSION_print(nowhere, session);
    (void)SSL_SESSION_is_resumable(session);
    int size = i2d_SSL_SESSION(session, NULL);
    if (size > 0 && size <= SESSION_LARGEST) {
        CU_ASSERT_EQUAL(i2d_SSL_SESSION(session, &end), size);
    }
    BIO_free(nowhere);
}

/* As another process could have written it there: changed, cut off, made longer. */
static void nonsense_is_no_session(void) {
    int store = session_store_create(MEMORY);
    struct bed bed;
    make_bed(&bed, store);
    close(store);
    SSL_SESSION *session = make_session(&bed, 7);
    unsigned char whole[SESSION_LARGEST];
    unsigned char *end = whole;
    size_t size = (size_t)i2d_SSL_SESSION(session, &end);
    uint32_t seed = 1;
    uint32_t found_count = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        char bytes[SESSION_LARGEST];
        memcpy(bytes, whole, size);
        for (uint32_t changes = 1 + roll(&seed) % 4; changes > 0; changes--) {
            bytes[roll(&seed) % size] = (char)roll(&seed);
        }
        size_t kept = roll(&seed) % 4 > 0 ? size : 1 + roll(&seed) % (2 * size);
        session_store_put(bed.sessions.store, id_of(session), (struct slice){bytes, kept},
                          seconds(), seconds() + TIMEOUT);
        SSL_SESSION *found = find_session(&bed, 7);
        if (found != NULL) {
            found_count++;
            look_at(found);
            SSL_SESSION_free(found);
        }
    }
    CU_ASSERT_TRUE(found_count > 0 && found_count < ROUNDS);
    SSL_SESSION_free(session);
    drop_bed(&bed);
}

UNIT_TESTS("net/tls_server_sessions",
           {"other workers find what was kept", other_workers_find_what_was_kept},
           {"nonsense is no session", nonsense_is_no_session}, )
