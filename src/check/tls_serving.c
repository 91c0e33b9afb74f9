/* Rules about how servers come to speak TLS: certificates that are not there, plain HTTP where TLS
 * was meant or beside it, and directives of old for it. */
#include "check/rules.h"
#include "check/site.h"
#include "check/steps.h"

#define HTTPS_PORT 443

static bool has_word(const struct statement *statement, struct slice text) {
    for (uint32_t i = 0; statement != NULL && i < statement_argument_count(statement); i++) {
        if (slice_equals(statement_argument(statement, i)->text, text)) {
            return true;
        }
    }
    return false;
}

/* What older versions have instead of a word behind listen. */
static bool has_ssl_on(struct finding_list *findings, const struct server *server) {
    const struct statement *found =
        site_find_in_effect(&findings->site, server->statement, SLICE("ssl"));
    return found != NULL && has_word(found, SLICE("on"));
}

static bool listens_with_tls(const struct server *server) {
    for (size_t i = 0; i < server->listens.count; i++) {
        if (server->listens.items[i]->ssl) {
            return true;
        }
    }
    return server->quic_listens.count > 0;
}

static bool is_real(const struct server *server) {
    return server->statement != NULL && !server->is_implied;
}

/* --- tls-certificate-missing --- */

/* Of its own: what http names is for those that speak TLS. */
static bool has_own_certificate(const struct finding_list *findings, const struct server *server) {
    return server->own_settings != findings->model->http_own_settings &&
           server->own_settings->is_own[SERVER_SETTING_ssl_certificate];
}

static void report_plain(struct finding_list *findings, const struct server *server,
                         const struct listen *listen) {
    struct span place = listen->statement != NULL ? listen->statement->words[0].span
                                                  : server->statement->words[0].span;
    bool has_certificate = has_own_certificate(findings, server);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_tls_certificate_missing, place, "%s",
                     has_certificate ? "this is plain HTTP: the server's certificate is never shown"
                                     : "this is plain HTTP on the port of HTTPS");
    if (has_certificate) {
        diagnostic_note(findings->model->arena, diagnostic,
                        server->own_settings->origin[SERVER_SETTING_ssl_certificate]->words[0].span,
                        "the certificate is named here");
    }
    diagnostic_help(findings->model->arena, diagnostic, "write \"listen %u ssl;\"%s",
                    has_certificate && listen->address.port == 80 ? HTTPS_PORT
                                                                  : listen->address.port,
                    has_certificate ? "" : ", with ssl_certificate and ssl_certificate_key");
}

/* A server that was meant to speak TLS, and has no listen for it. */
static void check_plain(struct finding_list *findings, const struct server *server) {
    bool has_certificate = has_own_certificate(findings, server);
    const struct listen *found = has_certificate ? server->listens.items[0] : NULL;
    for (size_t i = 0; i < server->listens.count; i++) {
        if (server->listens.items[i]->address.port == HTTPS_PORT) {
            found = server->listens.items[i];
        }
    }
    if (found != NULL && !has_ssl_on(findings, server)) {
        report_plain(findings, server, found);
    }
}

void check_rule_tls_certificate_missing(struct finding_list *findings) {
    struct arena *arena = findings->model->arena;
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        if (!is_real(server) || server->listens.count == 0) {
            continue;
        }
        if (server->tls_server == NULL && !listens_with_tls(server)) {
            check_plain(findings, server);
        } else if (server->tls_server != NULL && server->tls_server != server &&
                   listens_with_tls(server) && !server->own_settings->ssl_reject_handshake) {
            struct diagnostic *diagnostic = check_report(
                findings, RULE_tls_certificate_missing, server->statement->words[0].span,
                "without a certificate of its own, this server shows that of another");
            diagnostic->severity = SEVERITY_INFO;
            diagnostic_note(arena, diagnostic, server->tls_server->statement->words[0].span,
                            "of this one, as it is the default");
            diagnostic_help(arena, diagnostic,
                            "name ssl_certificate and ssl_certificate_key here, or for both at "
                            "http level");
        }
    }
}

/* --- no-https-redirect --- */

static bool leads_to_https(const struct template *target) {
    return target->parts.count > 0 && target->parts.items[0].kind == PART_TEXT &&
           slice_starts_with_nocase(target->parts.items[0].text, SLICE("https://"));
}

static bool redirects(const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if ((step->kind == REWRITE_RETURN && leads_to_https(&step->text)) ||
            (step->kind == REWRITE_PATH && step->rewriting->redirect != 0 &&
             leads_to_https(&step->rewriting->path)) ||
            (step->kind == REWRITE_IF && redirects(&step->block->rewrite))) {
            return true;
        }
    }
    return false;
}

static bool any_redirects(struct location *const *locations, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (redirects(&locations[i]->rewrite) ||
            any_redirects(locations[i]->nested.items, locations[i]->nested.count)) {
            return true;
        }
    }
    return false;
}

/* Whether nothing is served at all: every request is led somewhere else. */
static bool leads_elsewhere(const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        if (rewrite->steps.items[i].kind == REWRITE_RETURN) {
            return rewrite->steps.items[i].is_redirect;
        }
    }
    return false;
}

/* The first listen that takes plain HTTP from elsewhere, or NULL. */
static const struct listen *find_plain(const struct server *server) {
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct listen *listen = server->listens.items[i];
        bool is_loopback =
            (listen->address.family == TABLE_FAMILY_IPV4 && listen->address.bytes[0] == 127) ||
            (listen->address.family == TABLE_FAMILY_IPV6 && listen->address.bytes[15] == 1 &&
             !listen->is_wildcard);
        if (!listen->ssl && listen->address.family != TABLE_FAMILY_UNIX && !is_loopback &&
            !listen->proxy_protocol) {
            return listen;
        }
    }
    return NULL;
}

static struct slice name_key(struct arena *arena, const struct server_name *name) {
    return arena_format(arena, "%d %.*s", (int)name->kind, SLICE_ARGS(name->text));
}

/* Names that are served with TLS, to their servers. */
static void collect_safe_names(struct finding_list *findings, struct map *safe) {
    map_init(safe, findings->model->arena);
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        struct server *server = findings->model->servers.items[i];
        for (size_t j = 0; listens_with_tls(server) && j < server->names.count; j++) {
            if (server->names.items[j]->word != NULL) {
                map_insert(safe, name_key(findings->model->arena, server->names.items[j]), server);
            }
        }
    }
}

static const struct server *find_safe(struct finding_list *findings, const struct map *safe,
                                      const struct server *server) {
    if (listens_with_tls(server)) {
        return server;
    }
    for (size_t i = 0; i < server->names.count; i++) {
        const struct server_name *name = server->names.items[i];
        bool is_real_name =
            name->word != NULL && name->text.size > 0 && !slice_equals(name->text, SLICE("_"));
        const struct server *found =
            is_real_name ? map_find(safe, name_key(findings->model->arena, name)) : NULL;
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

void check_rule_no_https_redirect(struct finding_list *findings) {
    struct arena *arena = findings->model->arena;
    struct map safe;
    collect_safe_names(findings, &safe);
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        const struct listen *plain = is_real(server) ? find_plain(server) : NULL;
        const struct server *other = plain != NULL ? find_safe(findings, &safe, server) : NULL;
        if (other == NULL || other->own_settings->ssl_reject_handshake ||
            server->settings->allow.list.count > 0 || redirects(&server->rewrite) ||
            steps_find_status(&server->rewrite) >= 400 || leads_elsewhere(&server->rewrite) ||
            any_redirects(server->locations.items, server->locations.count)) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_no_https_redirect,
                         plain->statement != NULL ? plain->statement->words[0].span
                                                  : server->statement->words[0].span,
                         "what is served with TLS is served without it as well");
        if (other != server) {
            diagnostic_note(arena, diagnostic, other->statement->words[0].span,
                            "the server with TLS is here");
        }
        diagnostic_help(arena, diagnostic, "%s",
                        other != server ? "write \"return 301 https://$host$request_uri;\" instead"
                                        : "give plain HTTP a server of its own, with \"return 301 "
                                          "https://$host$request_uri;\"");
    }
}

/* --- session-tickets-static --- */

void check_rule_session_tickets_static(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.server_settings.count; i++) {
        const struct server_settings *settings = findings->site.server_settings.items[i];
        const struct name_list *keys = &settings->ssl_session_ticket_key;
        if (!settings->is_own[SERVER_SETTING_ssl_session_ticket_key] || keys->list.count == 0 ||
            !settings->ssl_session_tickets) {
            continue;
        }
        bool is_rotated = keys->list.count > 1;
        struct diagnostic *diagnostic = check_report(
            findings, RULE_session_tickets_static, keys->list.items[0].statement->words[0].span,
            "who gets this file can decrypt what is recorded, until it is replaced");
        if (is_rotated) {
            diagnostic->severity = SEVERITY_INFO;
        }
        diagnostic_help(findings->model->arena, diagnostic, "%s",
                        is_rotated ? "make sure that the files are replaced every day or more often"
                                   : "leave it out: keys that nobody stores are made at the start");
    }
}

/* --- stapling-without-resolver --- */

/* Whether the place where the authority answers is known without a resolver. */
static bool is_answered_locally(const struct server_settings *settings) {
    struct slice url = settings->ssl_stapling_responder;
    if (settings->ssl_stapling_file.size > 0) {
        return true;
    }
    url = slice_starts_with(url, SLICE("http://")) ? slice_skip(url, 7) : url;
    return url.size > 0 && (url.data[0] == '[' || (url.data[0] >= '0' && url.data[0] <= '9'));
}

void check_rule_stapling_without_resolver(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        const struct server_settings *settings = server->own_settings;
        const struct statement *stapling = settings->origin[SERVER_SETTING_ssl_stapling];
        if (!is_real(server) || !settings->ssl_stapling || stapling == NULL ||
            server->tls_server == NULL || server->settings->resolver != NULL ||
            is_answered_locally(settings)) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_stapling_without_resolver, stapling->words[0].span,
                         "without a resolver the authority is asked at the address that its name "
                         "had when the configuration was loaded");
        diagnostic_help(findings->model->arena, diagnostic,
                        "write \"resolver ADDRESS;\" with your name server's address");
    }
}
