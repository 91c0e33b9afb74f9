/* Streams of clients, against a client of OpenSSL's own: which server they are given, what is
 * agreed on; and which contexts are shared, kept and let go. */
#include "tls_peer.h"

#include <errno.h>

enum { SERVERS = 3 };

/* Servers a.test and b.test with certificates of their own, and one that rejects. */
struct bed {
    struct arena arena;
    struct table table;
    struct table_server_settings *settings; /* of SERVERS servers */
    struct secrets secrets;
    struct buffer_pool buffers;
    struct tls_server_list list;
    struct tls_server_cache cache;
    /* The connection. */
    struct loop_handle handle;
    struct tls_stream *stream;
    SSL_CTX *client_context;
    SSL *client;
    int far;
    struct failure failure;
    /* What was asked for. */
    char asked[64];
    uint64_t record_limit;
    bool offers_http2;
    uint32_t protocols;
};

static struct bed bed;

/* --- files --- */

static void keep(struct secrets_reader *reader, const char *name, X509 *certificate,
                 EVP_PKEY *key) {
    char path[] = "/tmp/rpc-secret-XXXXXX";
    int descriptor = mkstemp(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    if (certificate != NULL) {
        PEM_write_X509(file, certificate);
    } else {
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    }
    fclose(file);
    CU_ASSERT_TRUE_FATAL(secrets_read(reader, slice_from_string(name), path, &bed.failure));
    unlink(path);
}

static void keep_pair(struct secrets_reader *reader, const char *certificate_name,
                      const char *key_name, const char *subject) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = peer_certificate(key, subject, NULL, key);
    keep(reader, certificate_name, certificate, NULL);
    keep(reader, key_name, NULL, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void make_secrets(void) {
    struct secrets_reader *reader = secrets_reader_create();
    keep_pair(reader, "a.pem", "a.key", "a.test");
    keep_pair(reader, "b.pem", "b.key", "b.test");
    size_t size;
    int descriptor = secrets_seal(reader, &size);
    CU_ASSERT_TRUE_FATAL(secrets_map(&bed.secrets, descriptor, size));
    close(descriptor);
    secrets_reader_destroy(reader);
}

/* --- the table --- */

static struct table_range names_of(struct table_writer *writer, const char *first,
                                   const char *second) {
    struct table_name names[2] = {{table_writer_string(writer, slice_from_string(first))},
                                  {table_writer_string(writer, slice_from_string(second))}};
    return table_writer_intern(writer, TABLE_SECTION_name, names, second[0] != '\0' ? 2 : 1);
}

static void make_table(void) {
    static const char *const certificates[SERVERS] = {"a.pem", "b.pem", "a.pem"};
    static const char *const keys[SERVERS] = {"a.key", "b.key", "a.key"};
    struct table_writer writer;
    table_writer_init(&writer, &bed.arena);
    for (uint32_t i = 0; i < SERVERS; i++) {
        struct table_server_settings settings = {
            .ssl_certificate = names_of(&writer, certificates[i], ""),
            .ssl_certificate_key = names_of(&writer, keys[i], ""),
            .ssl_protocols = names_of(&writer, "TLSv1.2", "TLSv1.3"),
            .ssl_ciphers = table_writer_string(&writer, SLICE("DEFAULT")),
            .ssl_ecdh_curve = table_writer_string(&writer, SLICE("auto")),
            .ssl_buffer_size = 16384,
            .ssl_session_cache = TABLE_NONE,
        };
        uint32_t index = table_writer_add(&writer, TABLE_SECTION_server_settings);
        *(struct table_server_settings *)table_writer_record(&writer, TABLE_SECTION_server_settings,
                                                             index) = settings;
    }
    table_writer_add(&writer, TABLE_SECTION_process);
    struct slice bytes = table_writer_finish(&writer);
    table_attach(&bed.table, bytes.data);
    bed.settings = arena_require(&bed.arena, SERVERS * sizeof *bed.settings);
    memcpy(bed.settings, bed.table.server_settings, SERVERS * sizeof *bed.settings);
    bed.table.server_settings = bed.settings;
}

static struct tls_server_context *context_of(uint32_t server) {
    return tls_server_list_find(&bed.list, &bed.cache, &bed.table, &bed.settings[server],
                                &bed.secrets, NULL, &bed.failure);
}

static void choose(void *owner, struct slice name, struct tls_server_choice *choice) {
    (void)owner;
    snprintf(bed.asked, sizeof bed.asked, "%.*s", SLICE_ARGS(name));
    choice->record_limit = bed.record_limit;
    choice->http2 = bed.offers_http2;
    choice->protocols = bed.protocols;
    choice->rejects = slice_equals(name, SLICE("rejected.test"));
    if (!choice->rejects && !slice_equals(name, SLICE("broken.test"))) {
        choice->context = context_of(slice_equals(name, SLICE("b.test")) ? 1 : 0);
    }
}

/* --- life --- */

static void bed_open(void) {
    memset(&bed, 0, sizeof bed);
    signal(SIGPIPE, SIG_IGN);
    arena_init(&bed.arena, 65536);
    bed.record_limit = 16384;
    make_secrets();
    make_table();
    bed.client_context = SSL_CTX_new(TLS_client_method());
}

static void connect_client(const char *name) {
    int ends[2];
    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    bed.handle = (struct loop_handle){.fd = ends[0], .ready = LOOP_WRITE};
    bed.far = ends[1];
    const struct tls_server_chooser chooser = {.choose = choose};
    bed.stream = tls_server_create(context_of(0), &chooser, &bed.handle, &bed.buffers);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bed.stream);
    bed.client = SSL_new(bed.client_context);
    SSL_set_fd(bed.client, bed.far);
    SSL_set_connect_state(bed.client);
    if (name != NULL) {
        char copy[256]; /* the macro takes no constant */
        (void)snprintf(copy, sizeof copy, "%s", name);
        SSL_set_tlsext_host_name(bed.client, copy);
    }
}

static enum tls_progress shake_hands(void) {
    enum tls_progress progress = TLS_GOES_ON;
    for (int i = 0; i < 20 && progress == TLS_GOES_ON; i++) {
        SSL_do_handshake(bed.client);
        bed.handle.ready |= LOOP_READ | LOOP_WRITE;
        (void)tls_stream_translate(bed.stream, LOOP_READ | LOOP_WRITE);
        progress = tls_stream_handshake(bed.stream, &bed.failure);
    }
    SSL_do_handshake(bed.client);
    ERR_clear_error();
    return progress;
}

static void disconnect(void) {
    tls_stream_close(bed.stream);
    tls_stream_destroy(bed.stream);
    SSL_free(bed.client);
    close(bed.handle.fd);
    close(bed.far);
}

static void bed_close(void) {
    CU_ASSERT_EQUAL(bed.buffers.used_count, 0);
    tls_server_cache_release(&bed.cache);
    tls_server_list_release(&bed.list);
    buffer_pool_release(&bed.buffers);
    SSL_CTX_free(bed.client_context);
    secrets_unmap(&bed.secrets);
    arena_release(&bed.arena);
}

/* Whose certificate the client has seen. */
static bool is_shown(const char *name) {
    char shown[64] = "";
    X509 *certificate = SSL_get1_peer_certificate(bed.client);
    if (certificate != NULL) {
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, shown,
                                  sizeof shown);
    }
    X509_free(certificate);
    return strcmp(shown, name) == 0;
}

/* --- tests --- */

static void shows_the_certificate_of_the_server_asked_for(void) {
    static const struct {
        const char *name;
        const char *shown;
    } rows[] = {{"a.test", "a.test"}, {"b.test", "b.test"}, {"c.test", "a.test"}, {NULL, "a.test"}};
    bed_open();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        connect_client(rows[i].name);
        CU_ASSERT_EQUAL(shake_hands(), TLS_DONE);
        const char *name = rows[i].name != NULL ? rows[i].name : "";
        CU_ASSERT_STRING_EQUAL(bed.asked, name);
        CU_ASSERT_TRUE(slice_equals(tls_server_name(bed.stream), slice_from_string(name)));
        CU_ASSERT_TRUE(is_shown(rows[i].shown));
        disconnect();
    }
    bed_close();
}

static void rejects_and_breaks_off(void) {
    bed_open();
    connect_client("rejected.test");
    CU_ASSERT_EQUAL(shake_hands(), TLS_FAILED);
    CU_ASSERT_STRING_EQUAL(bed.failure.text, "handshake rejected");
    disconnect();
    connect_client("broken.test");
    CU_ASSERT_EQUAL(shake_hands(), TLS_FAILED);
    disconnect();
    connect_client("a.test");
    (void)!write(bed.far, "GET / HTTP/1.1\r\n\r\n", 18);
    bed.handle.ready |= LOOP_READ;
    CU_ASSERT_EQUAL(tls_stream_handshake(bed.stream, &bed.failure), TLS_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(bed.failure.text, "SSL_do_handshake() failed (SSL: error:"));
    disconnect();
    connect_client("a.test");
    shutdown(bed.far, SHUT_WR);
    bed.handle.ready |= LOOP_READ;
    CU_ASSERT_EQUAL(tls_stream_handshake(bed.stream, &bed.failure), TLS_FAILED);
    CU_ASSERT_STRING_EQUAL(bed.failure.text, "peer closed connection in SSL handshake");
    disconnect();
    bed_close();
}

static void agrees_on_a_protocol(void) {
    static const struct {
        bool offers_http2;
        const char *offered;
        bool is_http2;
    } rows[] = {{true, "\x02h2\x08http/1.1", true},
                {true, "\x08http/1.1\x02h2", true}, /* our order counts */
                {false, "\x02h2\x08http/1.1", false},
                {true, "\x08http/1.1", false},
                {true, "", false}};
    bed_open();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bed.offers_http2 = rows[i].offers_http2;
        connect_client("a.test");
        SSL_set_alpn_protos(bed.client, (const unsigned char *)rows[i].offered,
                            (unsigned)strlen(rows[i].offered));
        CU_ASSERT_EQUAL(shake_hands(), TLS_DONE);
        CU_ASSERT_EQUAL(tls_server_speaks_http2(bed.stream), rows[i].is_http2);
        disconnect();
    }
    connect_client("a.test");
    SSL_set_alpn_protos(bed.client, (const unsigned char *)"\x04smtp", 5);
    CU_ASSERT_EQUAL(shake_hands(), TLS_FAILED);
    disconnect();
    bed.protocols = 4; /* http/1.0 */
    connect_client("a.test");
    SSL_set_alpn_protos(bed.client, (const unsigned char *)"\x02h2\x08http/1.1\x08http/1.0", 21);
    CU_ASSERT_EQUAL(shake_hands(), TLS_DONE);
    const unsigned char *protocol;
    unsigned size;
    SSL_get0_alpn_selected(bed.client, &protocol, &size);
    CU_ASSERT_TRUE(size == 8 && memcmp(protocol, "http/1.0", 8) == 0);
    disconnect();
    bed_close();
}

/* Without renegotiation, which a client could ask for without end. */
static void does_not_renegotiate(void) {
    bed_open();
    SSL_CTX_set_max_proto_version(bed.client_context, TLS1_2_VERSION);
    connect_client("a.test");
    CU_ASSERT_EQUAL(shake_hands(), TLS_DONE);
    CU_ASSERT_EQUAL(SSL_renegotiate(bed.client), 1);
    SSL_do_handshake(bed.client);
    char bytes[16];
    bed.handle.ready |= LOOP_READ;
    CU_ASSERT_EQUAL(tls_stream_read(bed.stream, bytes, sizeof bytes), SOCKET_AGAIN);
    CU_ASSERT_TRUE(SSL_do_handshake(bed.client) <= 0);
    CU_ASSERT_EQUAL(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    disconnect();
    bed_close();
}

/* A client may change its keys without end, and each time takes work. */
static void bounds_what_is_no_data(void) {
    char bytes[16];
    ssize_t got = SOCKET_AGAIN;
    int updates = 0;
    bed_open();
    connect_client("a.test");
    CU_ASSERT_EQUAL(shake_hands(), TLS_DONE);
    for (; updates < 10000 && got == SOCKET_AGAIN; updates++) {
        SSL_key_update(bed.client, SSL_KEY_UPDATE_NOT_REQUESTED);
        SSL_do_handshake(bed.client);
        if (updates == 1000) { /* with data in between it may go on */
            SSL_write(bed.client, "x", 1);
            bed.handle.ready |= LOOP_READ;
            CU_ASSERT_EQUAL(tls_stream_read(bed.stream, bytes, sizeof bytes), 1);
        }
        bed.handle.ready |= LOOP_READ;
        got = tls_stream_read(bed.stream, bytes, sizeof bytes);
    }
    CU_ASSERT_EQUAL(got, SOCKET_FAILED);
    CU_ASSERT_EQUAL(errno, EPROTO);
    CU_ASSERT_TRUE(updates > 2000 && updates < 5000);
    CU_ASSERT_STRING_EQUAL(tls_stream_problem(bed.stream),
                           "too much was received without any data in it");
    ERR_clear_error();
    disconnect();
    bed_close();
}

/* What does not fit into one record leaves in one call, in records of the size asked for. */
static void writes_records_of_the_size_asked_for(void) {
    static char big[40000];
    static char got[sizeof big];
    bed_open();
    bed.record_limit = 4000;
    connect_client("a.test");
    CU_ASSERT_EQUAL(shake_hands(), TLS_DONE);
    const struct iovec parts[] = {{big, 100}, {big + 100, sizeof big - 100}};
    CU_ASSERT_EQUAL(tls_stream_write(bed.stream, parts, 2), (ssize_t)sizeof big);
    CU_ASSERT_FALSE(tls_stream_has_unsent(bed.stream));
    for (int i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(SSL_read(bed.client, got, sizeof got), 4000);
    }
    CU_ASSERT_TRUE(SSL_read(bed.client, got, sizeof got) < 0);
    ERR_clear_error();
    disconnect();
    bed_close();
}

static void shares_and_keeps_contexts(void) {
    bed_open();
    struct tls_server_context *a = context_of(0);
    struct tls_server_context *b = context_of(1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_EQUAL(a, b);
    CU_ASSERT_PTR_EQUAL(context_of(2), a);
    CU_ASSERT_EQUAL(bed.list.count, 2);
    /* A reload: the next generation asks for one of them alone. */
    tls_server_list_keep(&bed.list);
    tls_server_cache_release(&bed.cache);
    CU_ASSERT_PTR_EQUAL(context_of(0), a);
    CU_ASSERT_EQUAL(bed.list.count, 2);
    tls_server_list_let_go(&bed.list);
    CU_ASSERT_EQUAL(bed.list.count, 1);
    CU_ASSERT_PTR_EQUAL(context_of(0), a);
    bed_close();
}

/* The key of a certificate that was replaced goes with the last connection that it was for. */
static void a_context_ends_with_its_last_user(void) {
    bed_open();
    struct tls_server_context *a = tls_server_context_hold(context_of(0));
    tls_server_list_keep(&bed.list);
    tls_server_cache_release(&bed.cache);
    tls_server_list_let_go(&bed.list);
    CU_ASSERT_EQUAL(bed.list.count, 1);
    tls_server_context_release(a);
    CU_ASSERT_EQUAL(bed.list.count, 0);
    bed_close();
}

static void tells_settings_apart(void) {
    uint8_t first[TLS_IDENTITY_SIZE];
    uint8_t other[TLS_IDENTITY_SIZE];
    bed_open();
    tls_server_identify(&bed.table, &bed.settings[0], &bed.secrets, NULL, first);
    tls_server_identify(&bed.table, &bed.settings[2], &bed.secrets, NULL, other);
    CU_ASSERT_EQUAL(memcmp(first, other, sizeof first), 0);
    bed.settings[2].ssl_prefer_server_ciphers = 1;
    tls_server_identify(&bed.table, &bed.settings[2], &bed.secrets, NULL, other);
    CU_ASSERT_NOT_EQUAL(memcmp(first, other, sizeof first), 0);
    /* The same settings, other files. */
    struct secrets none = {0};
    tls_server_identify(&bed.table, &bed.settings[0], &none, NULL, other);
    CU_ASSERT_NOT_EQUAL(memcmp(first, other, sizeof first), 0);
    bed_close();
}

static void lists_the_files(void) {
    static const char *const expected[] = {"ssl_certificate b.pem", "ssl_certificate_key b.key"};
    struct tls_server_file file;
    size_t count = 0;
    bed_open();
    for (uint32_t i = 0; tls_server_file(&bed.table, &bed.settings[1], i, &file); i++) {
        char line[128];
        snprintf(line, sizeof line, "%s %.*s", file.directive, SLICE_ARGS(file.path));
        if (file.path.size > 0 && count < 2) {
            CU_ASSERT_STRING_EQUAL(line, expected[count]);
        }
        count += file.path.size > 0;
    }
    CU_ASSERT_EQUAL(count, 2);
    bed_close();
}

static void says_what_is_wrong(void) {
    bed_open();
    bed.settings[0].ssl_certificate_key = bed.settings[1].ssl_certificate_key;
    CU_ASSERT_PTR_NULL(context_of(0));
    CU_ASSERT_PTR_NOT_NULL(strstr(bed.failure.text, "ssl_certificate_key \"b.key\": SSL: "));
    bed.settings[0].ssl_certificate = bed.settings[1].ssl_certificate_key;
    CU_ASSERT_PTR_NULL(context_of(0));
    CU_ASSERT_PTR_NOT_NULL(strstr(bed.failure.text, "ssl_certificate \"b.key\": SSL: "));
    bed_close();
}

UNIT_TESTS("net/tls_server",
           {"shows the certificate of the server asked for",
            shows_the_certificate_of_the_server_asked_for},
           {"rejects and breaks off", rejects_and_breaks_off},
           {"agrees on a protocol", agrees_on_a_protocol},
           {"does not renegotiate", does_not_renegotiate},
           {"bounds what is no data", bounds_what_is_no_data},
           {"writes records of the size asked for", writes_records_of_the_size_asked_for},
           {"shares and keeps contexts", shares_and_keeps_contexts},
           {"a context ends with its last user", a_context_ends_with_its_last_user},
           {"tells settings apart", tells_settings_apart}, {"lists the files", lists_the_files},
           {"says what is wrong", says_what_is_wrong})
