/* Rules about what leaves the site on its way to backends and name servers: external-resolver and
 * backend-over-public-plaintext. */
#include "check/own_network.h"
#include "check/rules.h"
#include "check/story.h"

/* --- external-resolver --- */

static const struct address *find_foreign_server(const struct resolver *resolver, size_t *index) {
    for (size_t i = 0; i < resolver->servers.count; i++) {
        const struct address *address = &resolver->servers.items[i];
        if (address->family != TABLE_FAMILY_NAME && !own_network_has(address)) {
            *index = i;
            return address;
        }
    }
    return NULL;
}

static bool asks_for_backends(const struct finding_list *findings,
                              const struct resolver *resolver) {
    const struct model *model = findings->model;
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->settings->resolver == resolver &&
            (template_has_variables(&location->other_pass.target) ||
             (location->proxy != NULL && location->proxy->has_variables))) {
            return true;
        }
    }
    for (size_t i = 0; i < model->upstreams.count; i++) {
        const struct upstream *upstream = model->upstreams.items[i];
        for (size_t j = 0; j < upstream->peers.count; j++) {
            if (upstream->peers.items[j]->resolve) {
                return true;
            }
        }
    }
    return false;
}

/* Answers of authorities are signed, whoever says where they are. */
static bool is_for_stapling(const struct finding_list *findings, const struct resolver *resolver) {
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        const struct server *server = findings->model->servers.items[i];
        if (server->settings->resolver == resolver && server->own_settings->ssl_stapling != 0) {
            return !asks_for_backends(findings, resolver);
        }
    }
    return false;
}

static void check_resolver(struct finding_list *findings, const struct resolver *resolver) {
    size_t index = 0;
    if (resolver == NULL || resolver->statement == NULL ||
        find_foreign_server(resolver, &index) == NULL ||
        index >= statement_argument_count(resolver->statement)) {
        return;
    }
    const struct word *word = statement_argument(resolver->statement, (uint32_t)index);
    struct slice text = word->text;
    bool is_harmless = is_for_stapling(findings, resolver);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_external_resolver, word->span,
        is_harmless ? "%.*s is asked where the authority for stapling is: whoever answers in its "
                      "place can keep staples from coming, but not forge them"
                    : "names of backends are asked of %.*s, over networks where anybody on the way "
                      "can answer",
        SLICE_ARGS(text));
    if (is_harmless) {
        diagnostic->severity = SEVERITY_INFO;
    }
    diagnostic_help(findings->model->arena, diagnostic,
                    "ask a resolver on this machine or in this network, e.g. \"resolver "
                    "127.0.0.1;\"");
}

void check_rule_external_resolver(struct finding_list *findings) {
    const struct model *model = findings->model;
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_resolver]) {
            check_resolver(findings, settings->resolver);
        }
    }
    for (size_t i = 0; i < model->upstreams.count; i++) {
        check_resolver(findings, model->upstreams.items[i]->resolver);
    }
}

/* --- backend-over-public-plaintext --- */

static void report_plaintext(struct finding_list *findings, const struct proxy_pass *proxy,
                             const struct peer *peer) {
    struct arena *arena = findings->model->arena;
    struct slice name = peer->name;
    bool is_of_group = peer->statement != NULL && statement_argument_count(peer->statement) > 0;
    struct diagnostic *diagnostic = check_report(
        findings, RULE_backend_over_public_plaintext,
        is_of_group ? statement_argument(peer->statement, 0)->span : proxy->word->span,
        "requests to \"%.*s\" cross networks of others as plain text", SLICE_ARGS(name));
    if (is_of_group) {
        diagnostic_note(arena, diagnostic, proxy->word->span, "they are sent from here");
    }
    diagnostic_help(arena, diagnostic, "write \"%s\" where it speaks TLS",
                    proxy->is_grpc ? "grpcs://" : "https://");
}

void check_rule_backend_over_public_plaintext(struct finding_list *findings) {
    struct story_list reported = {0};
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct proxy_pass *proxy = findings->site.locations.items[i]->proxy;
        if (proxy == NULL || proxy->has_variables || proxy->is_tls || proxy->upstream == NULL) {
            continue;
        }
        for (size_t j = 0; j < proxy->upstream->peers.count; j++) {
            const struct peer *peer = proxy->upstream->peers.items[j];
            const struct statement *statement =
                peer->statement != NULL ? peer->statement : proxy->statement;
            if (!own_network_has(&peer->address) &&
                story_add(findings->model->arena, &reported, statement)) {
                report_plaintext(findings, proxy, peer);
            }
        }
    }
}
