/* upstream-tls-unverified: TLS over networks of others to a backend that anybody in between can
 * pose as. Only where nobody has decided: a written "proxy_ssl_verify off" is a decision. */
#include "check/own_network.h"
#include "check/rules.h"

static const struct peer *find_foreign(const struct upstream *upstream) {
    for (size_t i = 0; upstream != NULL && i < upstream->peers.count; i++) {
        if (!own_network_has(&upstream->peers.items[i]->address)) {
            return upstream->peers.items[i];
        }
    }
    return NULL;
}

static void check_location(struct finding_list *findings, const struct location *location) {
    const struct proxy_pass *proxy = location->proxy;
    const struct settings *settings = location->settings;
    if (proxy == NULL || proxy->has_variables || !proxy->is_tls ||
        settings->origin[SETTING_proxy_ssl_verify] != NULL) {
        return;
    }
    const struct peer *peer = find_foreign(proxy->upstream);
    if (peer == NULL) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_upstream_tls_unverified, proxy->word->span,
                     "nobody verifies that \"%.*s\" is who answers", SLICE_ARGS(peer->name));
    if (peer->statement != NULL) {
        diagnostic_note(findings->model->arena, diagnostic, peer->statement->words[0].span,
                        "it is a server of the group");
    }
    diagnostic_help(findings->model->arena, diagnostic,
                    proxy->is_grpc
                        ? "write \"grpc_ssl_verify on; grpc_ssl_trusted_certificate "
                          "/etc/ssl/certs/ca-certificates.crt;\", or \"off\" if that is meant"
                        : "write \"proxy_ssl_verify on; proxy_ssl_trusted_certificate "
                          "/etc/ssl/certs/ca-certificates.crt;\", or \"off\" if that is meant");
}

void check_rule_upstream_tls_unverified(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_location(findings, findings->site.locations.items[i]);
    }
}
