/* Streams to backends: whom they are for, the sessions they resume, and what is said of a backend
 * that is not who it should be. */
#include "net/tls_internal.h"

#include "base/container.h"
#include "base/ip.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_SERVER_NAME = 255 }; /* RFC 6066 3, and TLSEXT_MAXLEN_host_name */

struct client {
    struct tls_stream stream;
    struct tls_context *context;
    struct tls_sessions *sessions;
    /* Under which sessions are kept: the context's identity, the address, and then the name. */
    size_t key_size;
    size_t name_size;
    char key[];
};

static struct client *client_of(struct tls_stream *stream) {
    return CONTAINER_OF(stream, struct client, stream);
}

static struct slice name_of(const struct client *client) {
    return (struct slice){client->key + client->key_size - client->name_size, client->name_size};
}

/* --- sessions --- */

static struct slice key_of(const struct client *client) {
    return (struct slice){client->key, client->key_size};
}

int tls_client_keep_session(SSL *ssl, SSL_SESSION *session) {
    const struct client *client = client_of(SSL_get_app_data(ssl));
    return tls_sessions_keep(client->sessions, key_of(client), session) ? 1 : 0;
}

struct slice tls_client_name(const SSL *ssl) {
    return name_of(client_of(SSL_get_app_data(ssl)));
}

/* --- life --- */

static void set_key(struct client *client, const struct tls_stream_options *options) {
    char *end = mempcpy(client->key, options->context->identity, TLS_IDENTITY_SIZE);
    end = mempcpy(end, options->address, options->address_size);
    if (options->name.size > 0) {
        memcpy(end, options->name.data, options->name.size);
    }
    client->name_size = options->name.size;
    client->key_size = TLS_IDENTITY_SIZE + options->address_size + options->name.size;
}

bool tls_stream_is_for(const struct tls_stream *stream, const struct tls_context *context,
                       struct slice name) {
    const struct client *client = (const struct client *)stream;
    return client->context == context && slice_equals(name_of(client), name);
}

/* RFC 6066 3: addresses are not permitted. */
static bool set_server_name(const struct client *client) {
    struct slice name = name_of(client);
    uint8_t address[IP_V6_SIZE];
    char text[LARGEST_SERVER_NAME + 1];
    if (!client->context->sends_name || name.size == 0 || name.data[0] == '[' ||
        ip_parse_v4(name, address) || ip_parse_v6(name, address)) {
        return true;
    }
    if (name.size > LARGEST_SERVER_NAME) {
        return false;
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    return SSL_set_tlsext_host_name(client->stream.ssl, text) == 1;
}

static bool begin(const struct client *client) {
    SSL_set_connect_state(client->stream.ssl);
    if (!set_server_name(client)) {
        return false;
    }
    SSL_SESSION *session = client->context->keeps_sessions
                               ? tls_sessions_find(client->sessions, key_of(client))
                               : NULL;
    return session == NULL || SSL_set_session(client->stream.ssl, session) == 1;
}

static bool explain(struct tls_stream *stream, struct failure *failure) {
    const struct client *client = client_of(stream);
    long verified = SSL_get_verify_result(stream->ssl);
    if (!client->context->verifies || verified == X509_V_OK) {
        return false;
    }
    if (verified == X509_V_ERR_HOSTNAME_MISMATCH) {
        failure_set(failure, "upstream SSL certificate does not match \"%.*s\"",
                    SLICE_ARGS(name_of(client)));
    } else {
        failure_set(failure, "upstream SSL certificate verify error: (%ld:%s)", verified,
                    X509_verify_cert_error_string(verified));
    }
    return true;
}

static void release(struct tls_stream *stream) {
    struct client *client = client_of(stream);
    tls_context_release(client->context);
    free(client);
}

static const struct tls_role role = {.explain = explain, .release = release};

struct tls_stream *tls_stream_create(const struct tls_stream_options *options,
                                     struct loop_handle *handle, struct buffer_pool *buffers) {
    size_t key_size = TLS_IDENTITY_SIZE + options->address_size + options->name.size;
    struct client *client = calloc(1, sizeof *client + key_size);
    if (client == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    client->stream.role = &role;
    client->context = tls_context_hold(options->context);
    client->sessions = options->sessions;
    set_key(client, options);
    if (!tls_stream_set_up(&client->stream, client->context->ssl, client->context->transport,
                           handle, buffers) ||
        !begin(client)) {
        tls_stream_destroy(&client->stream);
        errno = options->name.size > LARGEST_SERVER_NAME ? ENAMETOOLONG : ENOMEM;
        return NULL;
    }
    return &client->stream;
}
