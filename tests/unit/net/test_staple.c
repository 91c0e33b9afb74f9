/* Stapling in handshakes: what is sent with which certificate, and when nothing is. */
#include "net/staple.h"

#include "ocsp_authority.h"

#include <openssl/err.h>

enum { NOW = 1000000 };

static struct ocsp_authority authority;
static SSL_CTX *server;
static struct failure failure;
/* The chain is the leaf and its issuer, unless that is only trusted, or not even that. */
enum issuer { ISSUER_IN_CHAIN, ISSUER_TRUSTED, ISSUER_UNKNOWN };

static void open_server(enum issuer issuer) {
    authority_open(&authority);
    server = SSL_CTX_new(TLS_server_method());
    X509_alias_set1(authority.leaf, (const unsigned char *)"www.pem", -1);
    CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_certificate(server, authority.leaf), 1);
    CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_PrivateKey(server, authority.leaf_key), 1);
    if (issuer == ISSUER_IN_CHAIN) {
        CU_ASSERT_EQUAL_FATAL(SSL_CTX_add1_chain_cert(server, authority.certificate), 1);
    } else if (issuer == ISSUER_TRUSTED) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(server), authority.certificate);
    }
}

static void close_server(struct staples *staples) {
    SSL_CTX_free(server);
    staples_destroy(staples);
    authority_close(&authority);
}

static struct staples *create(const struct staples_options *options) {
    return staples_create(server, options, &failure);
}

/* Moves bytes between the two until neither has any. */
static bool shake_hands(SSL *client, SSL *peer) {
    for (int i = 0; i < 20; i++) {
        int client_result = SSL_do_handshake(client);
        int peer_result = SSL_do_handshake(peer);
        if (client_result == 1 && peer_result == 1) {
            return true;
        }
    }
    return false;
}

/* What a client gets that asks; of no size: nothing. */
static struct slice ask(bool asks, SSL_CTX *client_context, unsigned char *bytes) {
    BIO *client_end;
    BIO *peer_end;
    BIO_new_bio_pair(&client_end, 65536, &peer_end, 65536);
    SSL *client = SSL_new(client_context);
    SSL *peer = SSL_new(server);
    SSL_set_bio(client, client_end, client_end);
    SSL_set_bio(peer, peer_end, peer_end);
    SSL_set_connect_state(client);
    SSL_set_accept_state(peer);
    if (asks) {
        SSL_set_tlsext_status_type(client, TLSEXT_STATUSTYPE_ocsp);
    }
    CU_ASSERT_TRUE(shake_hands(client, peer));
    const unsigned char *answer = NULL;
    long size = SSL_get_tlsext_status_ocsp_resp(client, &answer);
    if (size > 0) {
        memcpy(bytes, answer, (size_t)size);
    }
    SSL_free(client);
    SSL_free(peer);
    ERR_clear_error();
    return (struct slice){(char *)bytes, size > 0 ? (size_t)size : 0};
}

static bool gets(bool asks, const char *expected) {
    static unsigned char bytes[OCSP_ANSWER_LIMIT];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct slice got = ask(asks, context, bytes);
    SSL_CTX_free(context);
    return slice_equals(got, slice_from_string(expected));
}

static void sends_what_it_has(void) {
    open_server(ISSUER_IN_CHAIN);
    struct staples *staples = create(&(struct staples_options){.verifies = true});
    CU_ASSERT_PTR_NOT_NULL_FATAL(staples);
    CU_ASSERT_EQUAL_FATAL(staples->count, 1);
    CU_ASSERT_STRING_EQUAL(staples->items[0].url, AUTHORITY_URL);
    CU_ASSERT_STRING_EQUAL(staples->items[0].name, "www.pem");
    CU_ASSERT_TRUE(gets(true, ""));
    CU_ASSERT_TRUE(staple_use(&staples->items[0], SLICE("an answer"), time(NULL) + 100));
    CU_ASSERT_TRUE(gets(true, "an answer"));
    CU_ASSERT_TRUE(gets(false, ""));
    CU_ASSERT_TRUE(staple_use(&staples->items[0], SLICE("an old answer"), time(NULL) - 1));
    CU_ASSERT_TRUE(gets(true, ""));
    close_server(staples);
}

static void sends_what_others_were_told(void) {
    open_server(ISSUER_TRUSTED);
    struct staples *staples = create(&(struct staples_options){.verifies = true});
    CU_ASSERT_EQUAL_FATAL(staples->count, 1);
    struct staple_board *board = staple_board_create();
    struct staple *staple = &staples->items[0];
    staple->place = staple_board_find(board, &staple->key, NOW);
    CU_ASSERT_TRUE(gets(true, ""));
    staple_place_publish(staple->place, &staple->key, SLICE("one"), time(NULL) + 100, NOW);
    CU_ASSERT_TRUE(gets(true, "one"));
    staple_place_publish(staple->place, &staple->key, SLICE("two"), time(NULL) + 100, NOW);
    CU_ASSERT_TRUE(gets(true, "two"));
    const struct staple_key other = {{1, 2}};
    staple_place_publish(staple->place, &other, SLICE("three"), time(NULL) + 100, NOW);
    CU_ASSERT_TRUE(gets(true, "two"));
    close_server(staples);
    staple_board_destroy(board);
}

static void sends_a_file_as_it_is(void) {
    static unsigned char bytes[OCSP_ANSWER_LIMIT];
    static unsigned char received[OCSP_ANSWER_LIMIT];
    open_server(ISSUER_UNKNOWN);
    const struct ocsp_draft expired = {.begin = -7200, .end = -3600};
    struct slice file = {(char *)bytes, authority_answer(&authority, &expired, bytes)};
    struct staples *staples = create(&(struct staples_options){.file = file});
    CU_ASSERT_PTR_NOT_NULL_FATAL(staples);
    CU_ASSERT_PTR_NULL(staples->items[0].problem);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    CU_ASSERT_TRUE(slice_equals(ask(true, context, received), file));
    SSL_CTX_free(context);
    staples_destroy(staples);
    CU_ASSERT_PTR_NULL(create(&(struct staples_options){.file = SLICE("no answer")}));
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "SSL:"));
    close_server(NULL);
}

static void says_why_nobody_can_be_asked(void) {
    open_server(ISSUER_UNKNOWN);
    struct staples *staples = create(&(struct staples_options){.verifies = true});
    CU_ASSERT_EQUAL_FATAL(staples->count, 1);
    CU_ASSERT_STRING_EQUAL(staples->items[0].problem,
                           "\"ssl_stapling\" ignored, issuer certificate not found for "
                           "certificate \"www.pem\"");
    CU_ASSERT_TRUE(gets(true, ""));
    close_server(staples);
    open_server(ISSUER_IN_CHAIN);
    staples = create(&(struct staples_options){.responder = SLICE("https://ocsp.test/")});
    CU_ASSERT_EQUAL_FATAL(staples->count, 1);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(staples->items[0].problem, "invalid OCSP responder URL \"https://ocsp.test/\""));
    close_server(staples);
    open_server(ISSUER_IN_CHAIN);
    X509 *silent = authority_issue(&authority, authority.leaf_key, "silent", 5, NULL);
    SSL_CTX_use_certificate(server, silent);
    SSL_CTX_add1_chain_cert(server, authority.certificate);
    X509_free(silent);
    staples = create(&(struct staples_options){.verifies = true});
    CU_ASSERT_EQUAL_FATAL(staples->count, 1);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(staples->items[0].problem, "no OCSP responder URL in the certificate"));
    staples_destroy(staples);
    staples = create(&(struct staples_options){.responder = SLICE("http://other.test/")});
    CU_ASSERT_PTR_NULL(staples->items[0].problem);
    CU_ASSERT_STRING_EQUAL(staples->items[0].url, "http://other.test/");
    close_server(staples);
}

/* Answers are shared by the board, so what matters for them must matter for the key. */
static void has_a_key_for_each_question(void) {
    open_server(ISSUER_IN_CHAIN);
    const struct staples_options all[] = {
        {.verifies = true},
        {.verifies = false},
        {.responder = SLICE_INIT("http://other.test/"), .verifies = true},
        {.verifies = true},
    };
    struct staple_key keys[4];
    for (size_t i = 0; i < 4; i++) {
        struct staples *staples = create(&all[i]);
        keys[i] = staples->items[0].key;
        staples_destroy(staples);
    }
    CU_ASSERT_NOT_EQUAL(memcmp(&keys[0], &keys[1], sizeof keys[0]), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&keys[0], &keys[2], sizeof keys[0]), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&keys[1], &keys[2], sizeof keys[0]), 0);
    CU_ASSERT_EQUAL(memcmp(&keys[0], &keys[3], sizeof keys[0]), 0);
    close_server(NULL);
}

UNIT_TESTS("net/staple", {"sends what it has", sends_what_it_has},
           {"sends what others were told", sends_what_others_were_told},
           {"sends a file as it is", sends_a_file_as_it_is},
           {"says why nobody can be asked", says_why_nobody_can_be_asked},
           {"has a key for each question", has_a_key_for_each_question})
