/* Rule proxy-pass-scheme: backends that are asked in another language than the one that is spoken
 * at their port. */
#include "check/rules.h"

#define PORT_OF_HTTP 80
#define PORT_OF_HTTPS 443

static bool is_odd(const struct proxy_pass *proxy, const struct address *address) {
    return address->family != TABLE_FAMILY_UNIX &&
           address->port == (proxy->is_tls ? PORT_OF_HTTP : PORT_OF_HTTPS);
}

static const char *name_scheme(const struct proxy_pass *proxy, bool is_tls) {
    return proxy->is_grpc ? is_tls ? "grpcs" : "grpc" : is_tls ? "https" : "http";
}

static struct diagnostic *report(struct finding_list *findings, const struct proxy_pass *proxy,
                                 struct span span) {
    return check_report(findings, RULE_proxy_pass_scheme, span,
                        proxy->is_tls
                            ? "the backend is asked with TLS at port 80, that of plain HTTP"
                            : "the backend is asked without TLS at port 443, that of HTTPS");
}

/* Whether the address names its port: without one it is 80, whatever the scheme is. */
static bool has_port(const struct peer *peer) {
    size_t colon = peer->name.size;
    while (colon > 0 && peer->name.data[colon - 1] != ':' && peer->name.data[colon - 1] != ']') {
        colon--;
    }
    return colon > 0 && peer->name.data[colon - 1] == ':';
}

static void check_peer(struct finding_list *findings, const struct proxy_pass *proxy,
                       const struct peer *peer) {
    struct arena *arena = findings->model->arena;
    if (!is_odd(proxy, &peer->address)) {
        return;
    }
    struct diagnostic *diagnostic =
        report(findings, proxy, statement_argument(peer->statement, 0)->span);
    diagnostic_note(arena, diagnostic, proxy->word->span, "it is asked by this");
    if (!has_port(peer)) {
        diagnostic_help(arena, diagnostic,
                        "write \"%.*s:443\": without a port it is 80, also behind %s://",
                        SLICE_ARGS(peer->name), name_scheme(proxy, true));
        return;
    }
    diagnostic_help(arena, diagnostic, "write %s:// there, or another port here",
                    name_scheme(proxy, !proxy->is_tls));
}

static void check_proxy(struct finding_list *findings, const struct proxy_pass *proxy) {
    const struct upstream *upstream = proxy->upstream;
    if (upstream != NULL && upstream->statement != NULL) {
        for (size_t i = 0; i < upstream->peers.count; i++) {
            if (upstream->peers.items[i]->statement != NULL) {
                check_peer(findings, proxy, upstream->peers.items[i]);
            }
        }
    } else if (is_odd(proxy, &proxy->address)) {
        diagnostic_help(findings->model->arena, report(findings, proxy, proxy->word->span),
                        "write %s://, or another port", name_scheme(proxy, !proxy->is_tls));
    }
}

void check_rule_proxy_pass_scheme(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct proxy_pass *proxy = findings->site.locations.items[i]->proxy;
        if (proxy != NULL && !proxy->has_variables) {
            check_proxy(findings, proxy);
        }
    }
}
