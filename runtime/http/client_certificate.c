/* The rules are nginx's (ngx_http_process_request, ngx_http_set_virtual_server): handshakes go on
 * with any certificate and without, so that error_page can tell people what is wrong. */
#include "http/client_certificate.h"

#include "http/internal.h"
#include "net/certificate_text.h"
#include "net/tls_stream.h"

enum { VERIFY_OFF, VERIFY_ON, VERIFY_OPTIONAL, VERIFY_OPTIONAL_NO_CA }; /* as in directives.def */

enum { STATUS_MISDIRECTED = 421, STATUS_BAD_CERTIFICATE = 495, STATUS_NO_CERTIFICATE = 496 };

/* --- refusing --- */

/* What optional_no_ca lets pass: nobody is known who could vouch for it. */
static bool is_about_authority(long result) {
    return result == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           result == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           result == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           result == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

/* Nobody is to come back by a session that leads to nothing. */
static uint32_t refuse(SSL *ssl, uint32_t status) {
    SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl), SSL_get_session(ssl));
    return status;
}

static uint32_t judge(struct exchange *exchange, uint32_t mode) {
    SSL *ssl = tls_server_ssl(exchange->tls);
    long result = SSL_get_verify_result(ssl);
    if (result != X509_V_OK && (mode != VERIFY_OPTIONAL_NO_CA || !is_about_authority(result))) {
        exchange_log(exchange, TABLE_LOG_INFO, (struct slice){0},
                     "client SSL certificate verify error: (%ld:%s)", result,
                     X509_verify_cert_error_string(result));
        return refuse(ssl, STATUS_BAD_CERTIFICATE);
    }
    if (mode == VERIFY_ON && SSL_get0_peer_certificate(ssl) == NULL) {
        exchange_log(exchange, TABLE_LOG_INFO, (struct slice){0},
                     "client sent no required SSL certificate");
        return refuse(ssl, STATUS_NO_CERTIFICATE);
    }
    return 0;
}

static uint32_t misdirect(struct exchange *exchange) {
    exchange_log(exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client attempted to request the server name different from the one that was "
                 "negotiated");
    engine_use_default_server(&exchange->request, exchange->endpoint);
    return STATUS_MISDIRECTED;
}

static const struct table_server_settings *settings_of(const struct exchange *exchange) {
    const struct table *table = &exchange->generation->table;
    return &table->server_settings[exchange->request.server->own_settings];
}

/* A client that named no server, or one that there is not, has shown its certificate to the default
 * server, whose authorities may not be believed here. nginx lets it in. */
static bool was_judged_by_others(const struct exchange *exchange) {
    const struct generation *generation = exchange->generation;
    return SSL_get0_peer_certificate(tls_server_ssl(exchange->tls)) != NULL &&
           !tls_server_was_judged_by(exchange->tls, &generation->table, settings_of(exchange),
                                     &generation->secrets);
}

/* Without TLS there is nobody to judge: plain requests to such an address have been refused, those
 * to another address are none of this one's business. */
uint32_t http_client_certificate_refuse(struct exchange *exchange) {
    struct engine_request *request = &exchange->request;
    if (exchange->tls == NULL) {
        return 0;
    }
    uint32_t mode = settings_of(exchange)->ssl_verify_client;
    if (mode == VERIFY_OFF) {
        return 0;
    }
    if (engine_names_another_server(request, exchange->endpoint)) {
        return misdirect(exchange);
    }
    return was_judged_by_others(exchange) ? misdirect(exchange) : judge(exchange, mode);
}

/* --- what it says --- */

static certificate_text *const texts[TABLE_variable_id_COUNT] = {
    [VARIABLE_SSL_CLIENT_CERT] = certificate_folded_pem,
    [VARIABLE_SSL_CLIENT_ESCAPED_CERT] = certificate_escaped_pem,
    [VARIABLE_SSL_CLIENT_FINGERPRINT] = certificate_fingerprint,
    [VARIABLE_SSL_CLIENT_I_DN] = certificate_issuer,
    [VARIABLE_SSL_CLIENT_I_DN_LEGACY] = certificate_issuer_legacy,
    [VARIABLE_SSL_CLIENT_RAW_CERT] = certificate_pem,
    [VARIABLE_SSL_CLIENT_S_DN] = certificate_subject,
    [VARIABLE_SSL_CLIENT_S_DN_LEGACY] = certificate_subject_legacy,
    [VARIABLE_SSL_CLIENT_SERIAL] = certificate_serial,
    [VARIABLE_SSL_CLIENT_V_END] = certificate_end,
    [VARIABLE_SSL_CLIENT_V_START] = certificate_begin,
};

bool http_client_certificate_variable(struct exchange *exchange, enum variable_id id,
                                      struct slice *value) {
    SSL *ssl = exchange->tls != NULL ? tls_server_ssl(exchange->tls) : NULL;
    X509 *certificate = ssl != NULL ? SSL_get0_peer_certificate(ssl) : NULL;
    struct arena *arena = &exchange->arena;
    if (id == VARIABLE_SSL_CLIENT_VERIFY) {
        return ssl != NULL &&
               certificate_verdict(certificate, SSL_get_verify_result(ssl), arena, value);
    }
    if (certificate == NULL) {
        return false;
    }
    if (id == VARIABLE_SSL_CLIENT_V_REMAIN) {
        return certificate_remaining(certificate, exchange->service->loop->clock.tv_sec, arena,
                                     value);
    }
    return texts[id] != NULL && texts[id](certificate, arena, value);
}
