/* Streams against a server of OpenSSL's own: what is read and written, and what handle->ready says
 * in between. */
#include "net/tls_stream.h"

#include "tls_peer.h"

#include <errno.h>

static struct tls_peer peer;
static struct tls_link link_;
static char big[200000];
static char got[sizeof big];

static void open_linked(void) {
    peer_open(&peer);
    link_open(&link_, &peer, PEER_NAME);
    CU_ASSERT_EQUAL_FATAL(link_handshake(&link_), TLS_DONE);
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (char)(i * 31 + i / 251);
    }
}

static void close_linked(void) {
    link_close(&link_);
    peer_close(&peer);
}

static ssize_t write_text(const char *text) {
    const struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    return tls_stream_write(link_.stream, &part, 1);
}

/* Everything that is there; stops when the stream has nothing more. */
static size_t read_all(size_t at_a_time) {
    size_t size = 0;
    ssize_t taken = 1;
    while ((link_.handle.ready & LOOP_READ) != 0 && taken > 0) {
        size_t room = sizeof got - size < at_a_time ? sizeof got - size : at_a_time;
        taken = tls_stream_read(link_.stream, got + size, room);
        size += taken > 0 ? (size_t)taken : 0;
    }
    return size;
}

static void carries_bytes_both_ways(void) {
    open_linked();
    CU_ASSERT_EQUAL(write_text("hello"), 5);
    CU_ASSERT_EQUAL(SSL_read(link_.server, got, sizeof got), 5);
    CU_ASSERT_EQUAL(memcmp(got, "hello", 5), 0);
    CU_ASSERT_EQUAL(SSL_write(link_.server, "answer", 6), 6);
    CU_ASSERT_EQUAL(link_poll(&link_) & LOOP_READ, LOOP_READ);
    CU_ASSERT_EQUAL(read_all(sizeof got), 6);
    CU_ASSERT_EQUAL(memcmp(got, "answer", 6), 0);
    CU_ASSERT_EQUAL(link_.handle.ready & LOOP_READ, 0);
    CU_ASSERT_TRUE(tls_stream_is_quiet(link_.stream));
    close_linked();
}

/* Parts leave in one record, so in one write. */
static void joins_parts(void) {
    open_linked();
    const struct iovec parts[] = {{(void *)(uintptr_t) "one, ", 5},
                                  {NULL, 0},
                                  {(void *)(uintptr_t) "two, ", 5},
                                  {(void *)(uintptr_t) "three", 5}};
    CU_ASSERT_EQUAL(tls_stream_write(link_.stream, parts, 4), 15);
    CU_ASSERT_EQUAL(SSL_read(link_.server, got, sizeof got), 15);
    CU_ASSERT_EQUAL(memcmp(got, "one, two, three", 15), 0);
    CU_ASSERT_EQUAL(tls_stream_write(link_.stream, parts + 1, 1), 0);
    CU_ASSERT_EQUAL(tls_stream_write(link_.stream, parts, 0), 0);
    close_linked();
}

/* Parts around the size of a record, cut everywhere. */
static void splits_parts(void) {
    static const size_t sizes[][3] = {
        {16384, 0, 1}, {16383, 1, 1},     {1, 16384, 16384}, {40000, 1, 3},
        {1, 1, 40000}, {0, 16385, 16383}, {16384, 16384, 0}, {5, 16379, 5},
    };
    open_linked();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct iovec parts[3];
        size_t total = 0;
        for (size_t k = 0; k < 3; k++) {
            parts[k] = (struct iovec){big + total, sizes[i][k]};
            total += sizes[i][k];
        }
        CU_ASSERT_EQUAL(tls_stream_write(link_.stream, parts, 3), (ssize_t)total);
        size_t read = 0;
        int taken;
        while ((taken = SSL_read(link_.server, got + read, sizeof got)) > 0) {
            read += (size_t)taken;
        }
        CU_ASSERT_EQUAL(read, total);
        CU_ASSERT_EQUAL(memcmp(got, big, total), 0);
    }
    close_linked();
}

/* However little is asked for, nothing stays behind without the handle saying so. */
static void reads_in_pieces(void) {
    static const size_t pieces[] = {1, 100, 16383, 16384, 16385, 30000, sizeof got};
    open_linked();
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t size = 60000;
        size_t sent = 0;
        size_t read = 0;
        while (read < size) {
            int taken = sent < size ? SSL_write(link_.server, big + sent, (int)(size - sent)) : 0;
            sent += taken > 0 ? (size_t)taken : 0;
            (void)link_poll(&link_);
            size_t now = read_all(pieces[i]);
            CU_ASSERT_EQUAL(memcmp(got, big + read, now), 0);
            read += now;
            CU_ASSERT_FATAL(now > 0 || taken > 0);
        }
        CU_ASSERT_EQUAL(read, size);
        CU_ASSERT_EQUAL(link_.handle.ready & LOOP_READ, 0);
    }
    close_linked();
}

/* What the kernel does not take is sent before anything else; who writes has to wait. */
static void waits_for_room(void) {
    open_linked();
    size_t sent = 0;
    size_t read = 0;
    while (read < sizeof big) {
        const struct iovec part = {big + sent, sizeof big - sent};
        ssize_t taken = sent < sizeof big ? tls_stream_write(link_.stream, &part, 1) : 0;
        CU_ASSERT_FATAL(taken >= 0 || taken == SOCKET_AGAIN);
        sent += taken > 0 ? (size_t)taken : 0;
        if (sent < sizeof big) {
            CU_ASSERT_EQUAL(link_.handle.ready & LOOP_WRITE, 0);
            CU_ASSERT_FALSE(tls_stream_is_quiet(link_.stream));
            CU_ASSERT_EQUAL(tls_stream_write(link_.stream, &part, 1), SOCKET_AGAIN);
        }
        int got_now;
        while ((got_now = SSL_read(link_.server, got + read, (int)(sizeof got - read))) > 0) {
            read += (size_t)got_now;
        }
        (void)link_poll(&link_);
    }
    CU_ASSERT_EQUAL(read, sizeof big);
    CU_ASSERT_EQUAL(memcmp(got, big, sizeof big), 0);
    CU_ASSERT_TRUE(tls_stream_is_quiet(link_.stream));
    close_linked();
}

/* While something waits to leave, the writer is not told that it can write. */
static void keeps_back_the_news_of_room(void) {
    open_linked();
    const struct iovec part = {big, sizeof big};
    while (tls_stream_write(link_.stream, &part, 1) > 0) {
    }
    link_.handle.ready |= LOOP_WRITE; /* a lie: the other side has read nothing */
    CU_ASSERT_EQUAL(tls_stream_translate(link_.stream, LOOP_WRITE), 0);
    CU_ASSERT_EQUAL(link_.handle.ready & LOOP_WRITE, 0);
    CU_ASSERT_EQUAL(tls_stream_translate(link_.stream, LOOP_READ), LOOP_READ);
    close_linked();
}

static void tells_the_end_from_a_cut(void) {
    for (int is_said = 0; is_said < 2; is_said++) {
        open_linked();
        CU_ASSERT_EQUAL(SSL_write(link_.server, "last", 4), 4);
        if (is_said != 0) {
            SSL_shutdown(link_.server);
        }
        shutdown(link_.far, SHUT_RDWR);
        (void)link_poll(&link_);
        CU_ASSERT_EQUAL(tls_stream_read(link_.stream, got, sizeof got), 4);
        CU_ASSERT_EQUAL(link_.handle.ready & LOOP_READ, is_said != 0 ? LOOP_READ : 0);
        (void)link_poll(&link_);
        CU_ASSERT_EQUAL(tls_stream_read(link_.stream, got, sizeof got), SOCKET_END);
        CU_ASSERT_EQUAL(tls_stream_is_truncated(link_.stream), is_said == 0);
        CU_ASSERT_FALSE(tls_stream_is_quiet(link_.stream));
        close_linked();
    }
}

static void says_goodbye(void) {
    open_linked();
    tls_stream_close(link_.stream);
    CU_ASSERT_EQUAL(SSL_read(link_.server, got, sizeof got), 0);
    CU_ASSERT_EQUAL(SSL_get_shutdown(link_.server) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    close_linked();
}

/* The end of writing is not that of reading. */
static void ends_one_side(void) {
    open_linked();
    tls_stream_end(link_.stream);
    CU_ASSERT_EQUAL(SSL_read(link_.server, got, sizeof got), 0);
    CU_ASSERT_EQUAL(SSL_write(link_.server, "more", 4), 4);
    (void)link_poll(&link_);
    CU_ASSERT_EQUAL(tls_stream_read(link_.stream, got, sizeof got), 4);
    close_linked();
}

static void names_what_breaks_it(void) {
    open_linked();
    CU_ASSERT_EQUAL(SSL_write(link_.server, "good", 4), 4);
    CU_ASSERT_EQUAL(write(link_.far, big, 100), 100);
    (void)link_poll(&link_);
    CU_ASSERT_EQUAL(tls_stream_read(link_.stream, got, sizeof got), 4);
    for (int i = 0; i < 2; i++) {
        errno = 0;
        CU_ASSERT_EQUAL(tls_stream_read(link_.stream, got, sizeof got), SOCKET_FAILED);
        CU_ASSERT_EQUAL(errno, EPROTO);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(tls_stream_problem(link_.stream), "SSL_read() failed (SSL: error:"));
    }
    CU_ASSERT_EQUAL(write_text("x"), SOCKET_FAILED);
    close_linked();
}

/* Nobody reads any more, but what was said before can still be read. */
static void reads_on_after_a_failed_write(void) {
    open_linked();
    CU_ASSERT_EQUAL(SSL_write(link_.server, "early", 5), 5);
    shutdown(link_.far, SHUT_RD);
    CU_ASSERT_EQUAL(write_text("x"), SOCKET_FAILED);
    CU_ASSERT_EQUAL(errno, EPIPE);
    (void)link_poll(&link_);
    CU_ASSERT_EQUAL(tls_stream_read(link_.stream, got, sizeof got), 5);
    close_linked();
}

/* --- handshakes --- */

/* What came along with the last of it would be told of by no event. */
static void notices_what_comes_with_the_handshake(void) {
    peer_open(&peer);
    SSL_CTX_set_max_proto_version(peer.server, TLS1_2_VERSION);
    link_open(&link_, &peer, PEER_NAME);
    CU_ASSERT_EQUAL(tls_stream_handshake(link_.stream, &link_.failure), TLS_GOES_ON);
    SSL_do_handshake(link_.server);
    (void)link_poll(&link_);
    CU_ASSERT_EQUAL(tls_stream_handshake(link_.stream, &link_.failure), TLS_GOES_ON);
    CU_ASSERT_EQUAL(SSL_do_handshake(link_.server), 1);
    CU_ASSERT_EQUAL(SSL_write(link_.server, "eager", 5), 5);
    (void)link_poll(&link_);
    CU_ASSERT_EQUAL(tls_stream_handshake(link_.stream, &link_.failure), TLS_DONE);
    CU_ASSERT_EQUAL(link_.handle.ready & LOOP_READ, LOOP_READ);
    CU_ASSERT_EQUAL(read_all(sizeof got), 5);
    close_linked();
}

/* Another handshake, in TLS 1.2: a write waits for something to be read, and is told of it as if
 * there were room. */
static void writes_on_after_another_handshake(void) {
    peer_open(&peer);
    SSL_CTX_set_max_proto_version(peer.server, TLS1_2_VERSION);
    link_open(&link_, &peer, PEER_NAME);
    CU_ASSERT_EQUAL_FATAL(link_handshake(&link_), TLS_DONE);
    CU_ASSERT_EQUAL(SSL_renegotiate(link_.server), 1);
    SSL_do_handshake(link_.server);
    (void)link_poll(&link_);
    CU_ASSERT_EQUAL(tls_stream_read(link_.stream, got, sizeof got), SOCKET_AGAIN);
    CU_ASSERT_EQUAL(write_text("late"), SOCKET_AGAIN);
    CU_ASSERT_EQUAL(link_.handle.ready & LOOP_WRITE, 0);
    CU_ASSERT_EQUAL(link_poll(&link_), 0); /* room alone is no news */
    ssize_t written = SOCKET_AGAIN;
    for (int i = 0; i < 10 && written == SOCKET_AGAIN; i++) {
        (void)SSL_read(link_.server, got, sizeof got);
        if ((link_poll(&link_) & LOOP_WRITE) != 0) {
            written = write_text("late");
        }
    }
    CU_ASSERT_EQUAL(written, 4);
    int read = -1;
    for (int i = 0; i < 10 && read <= 0; i++) {
        read = SSL_read(link_.server, got, sizeof got);
        (void)link_poll(&link_);
        (void)tls_stream_read(link_.stream, big, 1);
    }
    CU_ASSERT_EQUAL(read, 4);
    close_linked();
}

static void judges_names(void) {
    static const struct {
        const char *name;
        const char *problem;
    } rows[] = {
        {PEER_NAME, NULL},
        {"BACKEND.test", NULL},
        {"other.test", "upstream SSL certificate does not match \"other.test\""},
        {"127.0.0.1", "upstream SSL certificate does not match \"127.0.0.1\""},
        {"", "upstream SSL certificate does not match \"\""},
    };
    peer_open(&peer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        link_open(&link_, &peer, rows[i].name);
        CU_ASSERT_EQUAL(link_handshake(&link_), rows[i].problem == NULL ? TLS_DONE : TLS_FAILED);
        if (rows[i].problem != NULL) {
            CU_ASSERT_STRING_EQUAL(link_.failure.text, rows[i].problem);
        }
        link_close(&link_);
    }
    peer.settings->proxy_ssl_verify = 0;
    link_open(&link_, &peer, "other.test");
    CU_ASSERT_EQUAL(link_handshake(&link_), TLS_DONE);
    link_close(&link_);
    peer_close(&peer);
}

static bool is_resumed(const char *name) {
    char byte;
    link_open(&link_, &peer, name);
    CU_ASSERT_EQUAL(link_handshake(&link_), TLS_DONE);
    SSL_write(link_.server, "x", 1); /* behind the tickets of TLS 1.3 */
    (void)link_poll(&link_);
    CU_ASSERT_EQUAL(tls_stream_read(link_.stream, &byte, 1), 1);
    bool is = SSL_session_reused(link_.server) == 1;
    link_close(&link_);
    return is;
}

static void resumes_sessions(void) {
    peer_open(&peer);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX_set_min_proto_version(peer.server, version);
        SSL_CTX_set_max_proto_version(peer.server, version);
        peer.settings->proxy_ssl_session_reuse = 1;
        CU_ASSERT_FALSE(is_resumed(PEER_NAME));
        CU_ASSERT_TRUE(is_resumed(PEER_NAME));
        CU_ASSERT_TRUE(is_resumed(PEER_NAME));
        peer.settings->proxy_ssl_session_reuse = 0;
        CU_ASSERT_FALSE(is_resumed(PEER_NAME));
        CU_ASSERT_FALSE(is_resumed(PEER_NAME));
        tls_sessions_destroy(peer.sessions);
        peer.sessions = tls_sessions_create(10);
    }
    peer_close(&peer);
}

/* What a context depends on is in its identity; what it does not depend on is not. */
static void identities_tell_settings_apart(void) {
    uint8_t first[TLS_IDENTITY_SIZE];
    uint8_t other[TLS_IDENTITY_SIZE];
    peer_open(&peer);
#define IDENTIFY(identity) tls_context_identify(&peer.table, peer.settings, &peer.secrets, identity)
#define CHECK_CHANGE(change, undo)                                                                 \
    IDENTIFY(first);                                                                               \
    change;                                                                                        \
    IDENTIFY(other);                                                                               \
    CU_ASSERT_NOT_EQUAL(memcmp(first, other, sizeof first), 0);                                    \
    undo;                                                                                          \
    IDENTIFY(other);                                                                               \
    CU_ASSERT_EQUAL(memcmp(first, other, sizeof first), 0)
    struct table_settings *settings = peer.settings;
    CHECK_CHANGE(settings->proxy_ssl_verify = 0, settings->proxy_ssl_verify = 1);
    CHECK_CHANGE(settings->proxy_ssl_verify_depth = 2, settings->proxy_ssl_verify_depth = 1);
    CHECK_CHANGE(settings->proxy_ssl_server_name = 0, settings->proxy_ssl_server_name = 1);
    CHECK_CHANGE(settings->proxy_ssl_session_reuse = 0, settings->proxy_ssl_session_reuse = 1);
    CHECK_CHANGE(settings->proxy_ssl_protocols.count = 1, settings->proxy_ssl_protocols.count = 2);
    IDENTIFY(first);
    settings->proxy_read_timeout = 1;
    settings->proxy_ssl_certificate_key = settings->proxy_ssl_ciphers; /* without a certificate */
    IDENTIFY(other);
    CU_ASSERT_EQUAL(memcmp(first, other, sizeof first), 0);
    peer_close(&peer);
}

UNIT_TESTS("net/tls_stream", {"carries bytes both ways", carries_bytes_both_ways},
           {"joins parts", joins_parts}, {"splits parts", splits_parts},
           {"reads in pieces", reads_in_pieces}, {"waits for room", waits_for_room},
           {"keeps back the news of room", keeps_back_the_news_of_room},
           {"tells the end from a cut", tells_the_end_from_a_cut}, {"says goodbye", says_goodbye},
           {"ends one side", ends_one_side}, {"names what breaks it", names_what_breaks_it},
           {"reads on after a failed write", reads_on_after_a_failed_write},
           {"notices what comes with the handshake", notices_what_comes_with_the_handshake},
           {"writes on after another handshake", writes_on_after_another_handshake},
           {"judges names", judges_names}, {"resumes sessions", resumes_sessions},
           {"identities tell settings apart", identities_tell_settings_apart})
