/* Streams of clients: which server they ask for and what is spoken with them, decided within the
 * handshake. */
#include "net/tls_internal.h"

#include "base/container.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define HTTP2_PROTOCOL "\x02h2"

/* By the bits of ssl_alpn, the one we would rather speak first. */
static const struct slice protocols[] = {
    SLICE_INIT(HTTP2_PROTOCOL),
    SLICE_INIT("\x08http/1.1"),
    SLICE_INIT("\x08http/1.0"),
    SLICE_INIT("\x08http/0.9"),
};

enum { HTTP2_BIT = 1, PROTOCOL_COUNT = sizeof protocols / sizeof protocols[0] };

struct server {
    struct tls_stream stream;
    struct tls_server_context *first;  /* held: what it began with, the transport included */
    struct tls_server_context *chosen; /* held: that of the server asked for */
    struct tls_server_chooser chooser;
    uint32_t protocols; /* bits of ssl_alpn that the client may choose from */
    bool is_rejected;
};

static struct server *server_of(struct tls_stream *stream) {
    return CONTAINER_OF(stream, struct server, stream);
}

/* --- the name asked for --- */

/* RFC 6066 3: a list with one name of type 0. What is malformed OpenSSL refuses itself, later. */
static struct slice parse_names(const unsigned char *list, size_t size) {
    enum { LIST_HEADER = 2, NAME_HEADER = 3 };
    if (size < LIST_HEADER + NAME_HEADER || list[LIST_HEADER] != TLSEXT_NAMETYPE_host_name) {
        return SLICE("");
    }
    size_t name_size = (size_t)list[3] << 8 | list[4];
    if (name_size > size - LIST_HEADER - NAME_HEADER) {
        return SLICE("");
    }
    return (struct slice){(const char *)list + LIST_HEADER + NAME_HEADER, name_size};
}

static struct slice find_name(SSL *ssl) {
    const unsigned char *list;
    size_t size;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &list, &size) != 1) {
        return SLICE("");
    }
    return parse_names(list, size);
}

/* SSL_set_SSL_CTX changes certificates and suites; the rest has to be taken along. */
static bool change_context(struct server *server, struct tls_server_context *context) {
    SSL *ssl = server->stream.ssl;
    if (context == server->chosen) {
        return true;
    }
    if (SSL_set_SSL_CTX(ssl, context->ssl) == NULL) {
        return false;
    }
    tls_server_context_hold(context);
    tls_server_context_release(server->chosen);
    server->chosen = context;
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context->ssl),
                   SSL_CTX_get_verify_callback(context->ssl));
    SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(context->ssl));
    uint64_t options = SSL_CTX_get_options(context->ssl);
    SSL_clear_options(ssl, SSL_get_options(ssl) & ~options);
    SSL_set_options(ssl, options);
    return SSL_set_min_proto_version(ssl, (int)SSL_CTX_get_min_proto_version(context->ssl)) == 1 &&
           SSL_set_max_proto_version(ssl, (int)SSL_CTX_get_max_proto_version(context->ssl)) == 1;
}

/* SSL_CTX_set_client_hello_cb: before anything is decided, so that versions and sessions are those
 * of the server asked for, as in nginx 1.29.2. A second hello, after a retry, must name the same.
 */
static int read_hello(SSL *ssl, int *alert, void *unused) {
    struct server *server = server_of(SSL_get_app_data(ssl));
    struct tls_server_choice choice = {0};
    (void)unused;
    server->chooser.choose(server->chooser.owner, find_name(ssl), &choice);
    server->is_rejected = choice.rejects;
    server->protocols = choice.protocols != 0 ? choice.protocols : UINT32_MAX;
    server->protocols &= choice.http2 ? UINT32_MAX : ~(uint32_t)HTTP2_BIT;
    if (choice.record_limit < TLS_LARGEST_RECORD) {
        server->stream.record_limit = (uint32_t)choice.record_limit;
    }
    if (choice.rejects) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    if (choice.context == NULL || !change_context(server, choice.context)) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    tls_server_sessions_choose(server->chosen->sessions, ssl);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* Without it the name is neither acknowledged nor kept. By then there is a session, new or resumed.
 * A callback's type. NOLINTNEXTLINE(readability-non-const-parameter) */
static int acknowledge_name(SSL *ssl, int *alert, void *unused) {
    const struct server *server = server_of(SSL_get_app_data(ssl));
    tls_server_sessions_settle(server->chosen->sessions, ssl);
    (void)alert;
    (void)unused;
    return SSL_TLSEXT_ERR_OK;
}

/* --- what is spoken --- */

/* Where the client's list has this protocol, whose length comes first; NULL: nowhere. OpenSSL has
 * seen to it that the list is well-formed. */
static const unsigned char *find_offered(const unsigned char *list, size_t size,
                                         struct slice protocol) {
    for (size_t at = 0; at < size; at += 1 + (size_t)list[at]) {
        if (list[at] + (size_t)1 == protocol.size &&
            memcmp(list + at, protocol.data, protocol.size) == 0) {
            return list + at;
        }
    }
    return NULL;
}

/* A client that speaks none of ours is turned away (RFC 7301 3.2). */
static int select_protocol(SSL *ssl, const unsigned char **selected, unsigned char *selected_size,
                           const unsigned char *offered, unsigned offered_size, void *unused) {
    const struct server *server = server_of(SSL_get_app_data(ssl));
    (void)unused;
    for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
        const unsigned char *found = (server->protocols >> i & 1) != 0
                                         ? find_offered(offered, offered_size, protocols[i])
                                         : NULL;
        if (found != NULL) {
            *selected = found + 1;
            *selected_size = found[0];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool tls_server_speaks_http2(const struct tls_stream *stream) {
    const unsigned char *protocol;
    unsigned size;
    SSL_get0_alpn_selected(stream->ssl, &protocol, &size);
    return size == sizeof HTTP2_PROTOCOL - 2 && memcmp(protocol, &HTTP2_PROTOCOL[1], size) == 0;
}

void tls_server_set_callbacks(SSL_CTX *ssl) {
    SSL_CTX_set_client_hello_cb(ssl, read_hello, NULL);
    SSL_CTX_set_tlsext_servername_callback(ssl, acknowledge_name);
    SSL_CTX_set_alpn_select_cb(ssl, select_protocol, NULL);
}

/* --- life --- */

static bool explain(struct tls_stream *stream, struct failure *failure) {
    if (server_of(stream)->is_rejected) {
        failure_set(failure, "handshake rejected");
        return true;
    }
    return false;
}

static void release(struct tls_stream *stream) {
    struct server *server = server_of(stream);
    tls_server_context_release(server->first);
    tls_server_context_release(server->chosen);
    free(server);
}

static const struct tls_role role = {.explain = explain, .release = release};

struct tls_stream *tls_server_create(struct tls_server_context *context,
                                     const struct tls_server_chooser *chooser,
                                     struct loop_handle *handle, struct buffer_pool *buffers) {
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    server->stream.role = &role;
    server->first = tls_server_context_hold(context);
    server->chosen = tls_server_context_hold(context);
    server->chooser = *chooser;
    if (!tls_stream_set_up(&server->stream, context->ssl, context->transport, handle, buffers)) {
        tls_stream_destroy(&server->stream);
        errno = ENOMEM;
        return NULL;
    }
    SSL_set_accept_state(server->stream.ssl);
    if (tls_server_sessions_take_early_data(context->sessions)) {
        server->stream.early = TLS_EARLY_EXPECTED;
    }
    return &server->stream;
}

struct slice tls_server_name(const struct tls_stream *stream) {
    const char *name = SSL_get_servername(stream->ssl, TLSEXT_NAMETYPE_host_name);
    return name != NULL ? slice_from_string(name) : SLICE("");
}

bool tls_server_was_judged_by(const struct tls_stream *stream, const struct table *table,
                              const struct table_server_settings *settings,
                              const struct secrets *secrets) {
    const struct server *server = (const struct server *)stream;
    uint8_t judges[TLS_IDENTITY_SIZE];
    tls_server_identify_judges(table, settings, secrets, judges);
    return memcmp(judges, server->chosen->judges, sizeof judges) == 0;
}

bool tls_server_is_early(const struct tls_stream *stream) {
    return stream->early != TLS_EARLY_NONE && SSL_is_init_finished(stream->ssl) == 0;
}

SSL *tls_server_ssl(const struct tls_stream *stream) {
    return stream->ssl;
}
