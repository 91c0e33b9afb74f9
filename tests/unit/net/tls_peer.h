/* For tests of TLS: an authority and a server made on the spot, a table whose settings trust it,
 * and the two ends of a connection between them. */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include "net/secrets.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"
#include "table/writer.h"
#include "unit.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PEER_NAME "backend.test"

struct tls_peer {
    SSL_CTX *server;
    struct arena arena;
    struct table table;
    struct secrets secrets;
    struct tls_trust_list trusted;
    struct table_settings *settings; /* of the one location; changed at will */
    struct tls_sessions *sessions;
    struct buffer_pool buffers;
};

static inline X509 *peer_certificate(EVP_PKEY *key, const char *name, X509 *issuer,
                                     EVP_PKEY *issuer_key) {
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer == NULL ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer != NULL ? issuer : certificate));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer != NULL ? issuer : certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(
        NULL, &context, NID_basic_constraints, issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, issuer_key, EVP_sha256());
    return certificate;
}

/* The settings know the file by this name. */
static inline void peer_keep_secret(struct tls_peer *peer, X509 *authority) {
    char path[] = "/tmp/rpc-trusted-XXXXXX";
    int descriptor = mkstemp(path);
    CU_ASSERT_FATAL(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    PEM_write_X509(file, authority);
    fclose(file);
    struct failure failure;
    struct secrets_reader *reader = secrets_reader_create();
    CU_ASSERT_TRUE_FATAL(secrets_read(reader, SLICE("trusted.pem"), path, &failure));
    unlink(path);
    size_t size;
    descriptor = secrets_seal(reader, &size);
    CU_ASSERT_TRUE_FATAL(secrets_map(&peer->secrets, descriptor, size));
    close(descriptor);
    secrets_reader_destroy(reader);
}

static inline void peer_make_table(struct tls_peer *peer) {
    struct table_writer writer;
    table_writer_init(&writer, &peer->arena);
    struct table_name versions[2] = {{table_writer_string(&writer, SLICE("TLSv1.2"))},
                                     {table_writer_string(&writer, SLICE("TLSv1.3"))}};
    struct table_range range = table_writer_intern(&writer, TABLE_SECTION_name, versions, 2);
    uint32_t index = table_writer_add(&writer, TABLE_SECTION_settings);
    struct table_settings *settings = table_writer_record(&writer, TABLE_SECTION_settings, index);
    settings->proxy_ssl_protocols = range;
    settings->proxy_ssl_ciphers = table_writer_string(&writer, SLICE("DEFAULT"));
    settings->proxy_ssl_trusted_certificate = table_writer_string(&writer, SLICE("trusted.pem"));
    settings->proxy_ssl_verify = 1;
    settings->proxy_ssl_verify_depth = 1;
    settings->proxy_ssl_server_name = 1;
    settings->proxy_ssl_session_reuse = 1;
    table_writer_add(&writer, TABLE_SECTION_process);
    struct slice bytes = table_writer_finish(&writer);
    table_attach(&peer->table, bytes.data);
    peer->settings = arena_require(&peer->arena, sizeof *peer->settings);
    *peer->settings = peer->table.settings[0];
}

static inline void peer_open(struct tls_peer *peer) {
    memset(peer, 0, sizeof *peer);
    signal(SIGPIPE, SIG_IGN);
    arena_init(&peer->arena, 65536);
    EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *authority = peer_certificate(authority_key, "authority", NULL, authority_key);
    X509 *certificate = peer_certificate(key, PEER_NAME, authority, authority_key);
    peer->server = SSL_CTX_new(TLS_server_method());
    CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_certificate(peer->server, certificate), 1);
    CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_PrivateKey(peer->server, key), 1);
    peer_keep_secret(peer, authority);
    peer_make_table(peer);
    peer->sessions = tls_sessions_create(10);
    X509_free(authority);
    X509_free(certificate);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(key);
}

static inline void peer_close(struct tls_peer *peer) {
    CU_ASSERT_EQUAL(peer->buffers.used_count, 0);
    buffer_pool_release(&peer->buffers);
    tls_sessions_destroy(peer->sessions);
    tls_trust_list_sweep(&peer->trusted);
    CU_ASSERT_PTR_NULL(peer->trusted.first);
    tls_trust_list_release(&peer->trusted);
    secrets_unmap(&peer->secrets);
    SSL_CTX_free(peer->server);
    arena_release(&peer->arena);
}

/* --- a connection --- */

struct tls_link {
    struct loop_handle handle;
    struct tls_context *context;
    struct tls_stream *stream;
    SSL *server;
    int far;
    struct failure failure;
};

static inline void link_open(struct tls_link *link, struct tls_peer *peer, const char *name) {
    static const struct sockaddr address = {.sa_family = AF_UNIX};
    int ends[2];
    memset(link, 0, sizeof *link);
    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    link->handle.fd = ends[0];
    link->handle.ready = LOOP_WRITE;
    link->far = ends[1];
    link->context = tls_context_create(&peer->table, peer->settings, &peer->secrets, &peer->trusted,
                                       &link->failure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(link->context);
    const struct tls_stream_options options = {
        .context = link->context,
        .sessions = peer->sessions,
        .address = &address,
        .address_size = sizeof address,
        .name = slice_from_string(name),
    };
    link->stream = tls_stream_create(&options, &link->handle, &peer->buffers);
    CU_ASSERT_PTR_NOT_NULL_FATAL(link->stream);
    link->server = SSL_new(peer->server);
    SSL_set_fd(link->server, link->far);
    SSL_set_accept_state(link->server);
    SSL_set_mode(link->server, SSL_MODE_ENABLE_PARTIAL_WRITE);
}

/* What the loop would say now, as the edge it reports. */
static inline uint32_t link_poll(struct tls_link *link) {
    char byte;
    ssize_t there = recv(link->handle.fd, &byte, 1, MSG_PEEK);
    uint32_t bits = there >= 0 ? LOOP_READ : 0;
    bits |= there == 0 ? LOOP_HANGUP : 0;
    bits |= LOOP_WRITE;
    bits &= ~(uint32_t)link->handle.ready;
    link->handle.ready |= (uint8_t)bits;
    return bits != 0 ? tls_stream_translate(link->stream, bits) : 0;
}

static inline enum tls_progress link_handshake(struct tls_link *link) {
    enum tls_progress progress = tls_stream_handshake(link->stream, &link->failure);
    for (int i = 0; i < 20 && progress == TLS_GOES_ON; i++) {
        SSL_do_handshake(link->server);
        (void)link_poll(link);
        progress = tls_stream_handshake(link->stream, &link->failure);
    }
    SSL_do_handshake(link->server);
    ERR_clear_error();
    return progress;
}

static inline void link_close(struct tls_link *link) {
    tls_stream_close(link->stream);
    tls_stream_destroy(link->stream);
    tls_context_release(link->context);
    close(link->handle.fd);
    SSL_free(link->server);
    close(link->far);
}

#endif
