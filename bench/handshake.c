/* A client that makes TLS handshakes, one connection after the other, each for one request: whole
 * ones, or such as resume what the one before has left. Prints how many there were, and how many
 * were resumed. bench/README.md says how to run it.
 *
 *     handshake PORT SECONDS full|resumed 1.2|1.3 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
    struct sockaddr_in address;
    SSL_CTX *context;
    SSL_SESSION *session; /* the latest; NULL: none */
    bool resumes;
    unsigned long handshakes;
    unsigned long resumed;
};

static int fail(const char *what) {
    fprintf(stderr, "handshake: %s\n", what);
    return EXIT_FAILURE;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Sessions of TLS 1.3 come later than the handshake. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
    struct client *client = SSL_get_app_data(ssl);
    SSL_SESSION_free(client->session);
    client->session = session;
    return 1;
}

static bool set_up(struct client *client, const char *port, const char *kind, const char *version) {
    unsigned long number = strtoul(port, NULL, 10);
    int protocol = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    client->address = (struct sockaddr_in){.sin_family = AF_INET,
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                           .sin_port = htons((uint16_t)number)};
    client->resumes = strcmp(kind, "resumed") == 0;
    client->context = SSL_CTX_new(TLS_client_method());
    if (client->context == NULL || SSL_CTX_set_min_proto_version(client->context, protocol) != 1 ||
        SSL_CTX_set_max_proto_version(client->context, protocol) != 1) {
        return false;
    }
    SSL_CTX_set_session_cache_mode(client->context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client->context, keep_session);
    return true;
}

static bool ask(struct client *client, SSL *ssl) {
    static const char request[] = "GET /handshake HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char answer[4096];
    if (SSL_connect(ssl) != 1 || SSL_write(ssl, request, sizeof request - 1) <= 0 ||
        SSL_read(ssl, answer, sizeof answer) <= 0) {
        return false;
    }
    client->handshakes++;
    client->resumed += (unsigned long)SSL_session_reused(ssl);
    (void)SSL_shutdown(ssl);
    return true;
}

static bool connect_once(struct client *client) {
    const int no_delay = 1;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = SSL_new(client->context);
    bool is_done =
        descriptor >= 0 && ssl != NULL && SSL_set_fd(ssl, descriptor) == 1 &&
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay) == 0 &&
        connect(descriptor, (const struct sockaddr *)&client->address, sizeof client->address) == 0;
    if (is_done) {
        SSL_set_app_data(ssl, client);
        if (client->resumes && client->session != NULL) {
            (void)SSL_set_session(ssl, client->session);
        }
        is_done = ask(client, ssl);
    }
    SSL_free(ssl);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return is_done;
}

int main(int count, char **arguments) {
    struct client client = {.session = NULL};
    if (count != 5) {
        return fail("PORT SECONDS full|resumed 1.2|1.3");
    }
    if (!set_up(&client, arguments[1], arguments[3], arguments[4])) {
        return fail("cannot set up TLS");
    }
    double end = now() + strtod(arguments[2], NULL);
    while (now() < end) {
        if (!connect_once(&client)) {
            return fail("a connection failed");
        }
    }
    printf("%lu handshakes, %lu resumed\n", client.handshakes, client.resumed);
    SSL_SESSION_free(client.session);
    SSL_CTX_free(client.context);
    return EXIT_SUCCESS;
}
