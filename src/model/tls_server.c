/* TLS of virtual servers: what belongs together, once it is known what each has inherited. Single
 * values are read in tls.c. */
#include "model/reading.h"

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

/* --- what a server says, or http for many of them --- */

/* Whether something amiss with the setting that stands in `server` is to be reported. What http
 * says is reported once, in `is_reported`. */
static bool is_news(const struct model *model, const struct server *server,
                    enum server_setting_id setting, bool *is_reported) {
    const struct server_settings *settings = server->own_settings;
    if (settings != model->http_own_settings && settings->is_own[setting]) {
        return true;
    }
    bool is_first = !*is_reported;
    *is_reported = true;
    return is_first;
}

/* --- keys --- */

/* The certificate without a key, or NULL. nginx counts only (ngx_http_ssl_merge_srv_conf): the
 * first key is for the first certificate. */
static const struct name_setting *find_lonely(const struct server *server) {
    const struct server_settings *settings = server->own_settings;
    size_t keys = settings->ssl_certificate_key.list.count;
    return settings->ssl_certificate.list.count > keys ? &settings->ssl_certificate.list.items[keys]
                                                       : NULL;
}

static void report_lonely(struct model *model, const struct server *server,
                          const struct name_setting *lonely) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INCOMPLETE_TLS, lonely->statement->span,
                         "there is no ssl_certificate_key for this ssl_certificate");
    if (statement_owner(lonely->statement) != server->statement) {
        diagnostic_note(model->arena, diagnostic, server->statement->words[0].span,
                        "this server inherits it");
    }
    diagnostic_help(
        model->arena, diagnostic,
        "add \"ssl_certificate_key FILE;\", one for each certificate and in their order");
}

/* Certificates and keys are inherited each by itself, and nginx looks at servers alone. */
static void check_keys(struct model *model) {
    bool is_reported = false;
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        const struct name_setting *lonely = find_lonely(server);
        if (lonely != NULL &&
            is_news(model, server, SERVER_SETTING_ssl_certificate, &is_reported)) {
            report_lonely(model, server, lonely);
        }
    }
}

/* Nothing is opened, as in nginx, of keys that there is no certificate for. */
static void leave_keys_out(struct model *model) {
    for (size_t i = 0; i < model->servers.count; i++) {
        struct server_settings *settings = model->servers.items[i]->own_settings;
        if (settings->ssl_certificate_key.list.count > settings->ssl_certificate.list.count) {
            settings->ssl_certificate_key.list.count = settings->ssl_certificate.list.count;
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

static void check_clients(struct model *model) {
    bool is_reported = false;
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        if (lacks_authority(server) &&
            is_news(model, server, SERVER_SETTING_ssl_verify_client, &is_reported)) {
            report_authority(model, server->own_settings->origin[SERVER_SETTING_ssl_verify_client]);
        }
    }
}

/* --- altogether --- */

/* With several default servers the first address counts. */
static void resolve_endpoint(const struct endpoint *endpoint) {
    for (size_t i = 0; endpoint->ssl && i < endpoint->servers.count; i++) {
        struct server *server = endpoint->servers.items[i];
        if (server->tls_server == NULL) {
            server->tls_server = can_answer(server) ? server : endpoint->default_server;
        }
    }
}

void tls_server_check(struct model *model) {
    if (model->is_snippet) { /* the rest of the server may well have it */
        for (size_t i = 0; i < model->servers.count; i++) {
            model->servers.items[i]->tls_server = model->servers.items[i];
        }
        return;
    }
    check_keys(model);
    leave_keys_out(model);
    check_clients(model);
    for (size_t i = 0; i < model->listeners.count; i++) {
        const struct listener *listener = model->listeners.items[i];
        for (size_t j = 0; j < listener->endpoints.count; j++) {
            check_endpoint(model, listener->endpoints.items[j]);
            resolve_endpoint(listener->endpoints.items[j]);
        }
    }
}
