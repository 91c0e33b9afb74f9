/* TLS of virtual servers: what belongs together. Single values are read in tls.c. */
#include "model/reading.h"

/* nginx counts only (ngx_http_ssl_merge_srv_conf): the first key is for the first certificate. */
static void check_keys(struct model *model, const struct server_settings *settings) {
    size_t certificates = settings->ssl_certificate.list.count;
    size_t keys = settings->ssl_certificate_key.list.count;
    if (certificates <= keys) {
        return;
    }
    const struct name_setting *lonely = &settings->ssl_certificate.list.items[keys];
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INCOMPLETE_TLS, lonely->statement->span,
                         "there is no ssl_certificate_key for this ssl_certificate");
    diagnostic_help(
        model->arena, diagnostic,
        "add \"ssl_certificate_key FILE;\", one for each certificate and in their order");
}

static bool has_certificate(const struct server *server) {
    return server->own_settings->ssl_certificate.list.count > 0;
}

static bool can_answer(const struct server *server) {
    return has_certificate(server) || server->own_settings->ssl_reject_handshake != 0;
}

static const struct listen *find_listen(const struct server *server,
                                        const struct endpoint *endpoint) {
    for (size_t i = 0; i < server->listens.count; i++) {
        if (listen_is_same_address(&server->listens.items[i]->address, &endpoint->address)) {
            return server->listens.items[i];
        }
    }
    return NULL;
}

static void report_server(struct model *model, const struct server *server,
                          const struct endpoint *endpoint) {
    const struct listen *listen = find_listen(server, endpoint);
    struct span span = listen != NULL && listen->statement != NULL
                           ? listen->statement->span
                           : server->statement->words[0].span;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INCOMPLETE_TLS, span,
                         "there is no ssl_certificate for \"listen ... ssl\"");
    if (endpoint->ssl_listen != listen && endpoint->ssl_listen != NULL) {
        diagnostic_note(model->arena, diagnostic, endpoint->ssl_listen->statement->span,
                        "which asks for TLS on this address");
    }
    diagnostic_help(model->arena, diagnostic,
                    "add \"ssl_certificate FILE; ssl_certificate_key FILE;\", or "
                    "\"ssl_reject_handshake on;\" to a server that is to refuse whoever names no "
                    "other");
}

/* As ngx_http_ssl_init: the default server's certificate serves those that have none of their own;
 * when it has none, each has to have one. */
static void check_endpoint(struct model *model, const struct endpoint *endpoint) {
    if (!endpoint->ssl || has_certificate(endpoint->default_server)) {
        return;
    }
    if (!can_answer(endpoint->default_server)) {
        report_server(model, endpoint->default_server, endpoint);
        return;
    }
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        if (!can_answer(endpoint->servers.items[i])) {
            report_server(model, endpoint->servers.items[i], endpoint);
            return;
        }
    }
}

/* --- certificates of clients --- */

enum { VERIFY_OFF = 0, VERIFY_OPTIONAL_NO_CA = 3 }; /* among the values of ssl_verify_client */

static bool has_authority(const struct server_settings *settings) {
    return settings->ssl_client_certificate.size > 0 || settings->ssl_trusted_certificate.size > 0;
}

static void report_authority(struct model *model, const struct statement *statement) {
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_INCOMPLETE_TLS, statement->span,
        "there is no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client");
    diagnostic_help(model->arena, diagnostic,
                    "add \"ssl_client_certificate FILE;\" with the authorities that vouch for "
                    "clients, or write \"optional_no_ca\" if a backend judges them");
}

/* As nginx, which looks at servers that have a certificate, or refuse handshakes. */
static bool lacks_authority(const struct server *server) {
    const struct server_settings *settings = server->own_settings;
    return settings->ssl_verify_client != VERIFY_OFF &&
           settings->ssl_verify_client != VERIFY_OPTIONAL_NO_CA && !has_authority(settings) &&
           can_answer(server);
}

/* What http says is reported once. */
static void check_clients(struct model *model) {
    bool is_reported = false;
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server_settings *settings = model->servers.items[i]->own_settings;
        bool is_own = settings != model->http_own_settings &&
                      settings->is_own[SERVER_SETTING_ssl_verify_client];
        if (lacks_authority(model->servers.items[i]) && (is_own || !is_reported)) {
            report_authority(model, settings->origin[SERVER_SETTING_ssl_verify_client]);
            is_reported = is_reported || !is_own;
        }
    }
}

/* --- altogether --- */

void tls_server_check(struct model *model) {
    check_keys(model, model->http_own_settings);
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server_settings *settings = model->servers.items[i]->own_settings;
        if (settings == model->http_own_settings) {
            continue;
        }
        if (settings->is_own[SERVER_SETTING_ssl_certificate] ||
            settings->is_own[SERVER_SETTING_ssl_certificate_key]) {
            check_keys(model, settings);
        }
    }
    if (!model->is_snippet) {
        check_clients(model);
    }
    /* The rest of a server may well have it. */
    for (size_t i = 0; i < model->listeners.count && !model->is_snippet; i++) {
        const struct listener *listener = model->listeners.items[i];
        for (size_t j = 0; j < listener->endpoints.count; j++) {
            check_endpoint(model, listener->endpoints.items[j]);
        }
    }
}
