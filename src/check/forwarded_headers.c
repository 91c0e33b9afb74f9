/* Rules about what a client says of itself and of the host it wants: host-spoofing and
 * internal-headers-trusted. */
#include "check/client_value.h"
#include "check/protection.h"
#include "check/rules.h"
#include "check/signed_on.h"
#include "check/steps.h"
#include "check/story.h"
#include "model/mapping.h"

/* --- host-spoofing --- */

static bool is_spoofed_host(const struct dataflow_atom *atom) {
    static const struct slice beginnings[] = {SLICE_INIT("http_"), SLICE_INIT("arg_"),
                                              SLICE_INIT("cookie_")};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (slice_starts_with_nocase(atom->name, beginnings[i])) {
            return true;
        }
    }
    return false;
}

static void check_host(struct finding_list *findings, const struct site_block *block,
                       const struct header_setting *setting) {
    struct dataflow_atom atom;
    if (!slice_equals_nocase(setting->name, SLICE("Host")) ||
        !client_value_find(findings, block, &setting->value, is_spoofed_host, &atom)) {
        return;
    }
    struct diagnostic *diagnostic =
        story_report(findings, RULE_host_spoofing, &atom,
                     "write $host, or $host:$server_port where the backend needs the port", "%s",
                     slice_equals_nocase(atom.name, SLICE("http_host"))
                         ? "passes on the field Host as the client wrote it, which need not be "
                           "the host that this server was chosen by"
                         : "lets the client tell the backend any host");
    const struct word *value = statement_argument_count(setting->statement) == 2
                                   ? statement_argument(setting->statement, 1)
                                   : NULL;
    if (value != NULL && slice_equals(value->text, SLICE("$http_host"))) {
        diagnostic_edit(findings->model->arena, diagnostic, value->span, "$host");
    }
}

void check_rule_host_spoofing(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct settings *settings = block->settings;
        const struct header_list *lists[] = {
            settings->is_own[SETTING_proxy_set_header] ? &settings->proxy_set_header : NULL,
            settings->is_own[SETTING_grpc_set_header] ? &settings->grpc_set_header : NULL,
        };
        for (size_t j = 0; j < 2; j++) {
            for (size_t k = 0; lists[j] != NULL && k < lists[j]->list.count; k++) {
                check_host(findings, block, &lists[j]->list.items[k]);
            }
        }
    }
}

/* --- internal-headers-trusted --- */

/* Headers that say who the client is. A backend believes the proxy about them. */
static const struct slice identity_headers[] = {
    SLICE_INIT("X-Forwarded-For"),     SLICE_INIT("X-Real-IP"),        SLICE_INIT("X-Client-IP"),
    SLICE_INIT("True-Client-IP"),      SLICE_INIT("CF-Connecting-IP"), SLICE_INIT("Forwarded"),
    SLICE_INIT("X-Cluster-Client-IP"),
};

#define IDENTITY_COUNT (sizeof identity_headers / sizeof identity_headers[0])

/* Whether $http_… is that of the header. */
static bool is_variable_of(struct slice variable, struct slice header) {
    struct slice rest = slice_skip(variable, sizeof "http_" - 1);
    if (!slice_starts_with_nocase(variable, SLICE("http_")) || rest.size != header.size) {
        return false;
    }
    for (size_t i = 0; i < rest.size; i++) {
        char c = byte_lower(header.data[i]);
        if (byte_lower(rest.data[i]) != (c == '-' ? '_' : c)) {
            return false;
        }
    }
    return true;
}

static bool is_claim_name(struct slice variable) {
    for (size_t i = 0; i < IDENTITY_COUNT; i++) {
        if (is_variable_of(variable, identity_headers[i])) {
            return true;
        }
    }
    return false;
}

static bool is_claim(const struct dataflow_atom *atom) {
    return is_claim_name(atom->name);
}

static bool is_identity_header(struct slice name) {
    for (size_t i = 0; i < IDENTITY_COUNT; i++) {
        if (slice_equals_nocase(name, identity_headers[i])) {
            return true;
        }
    }
    return false;
}

/* Whether the value says itself where the request came from, as "$http_x_forwarded_for,
 * $remote_addr" does. */
static bool has_address(const struct template *value) {
    for (size_t i = 0; i < value->parts.count; i++) {
        const struct template_part *part = &value->parts.items[i];
        if (slice_equals_nocase(part->text, SLICE("remote_addr")) ||
            slice_equals_nocase(part->text, SLICE("realip_remote_addr"))) {
            return true;
        }
    }
    return false;
}

static void check_identity(struct finding_list *findings, const struct site_block *block,
                           const struct header_setting *setting) {
    struct dataflow_atom atom;
    if (!is_identity_header(setting->name) || has_address(&setting->value) ||
        protection_knows_peers(&findings->site, block) ||
        !client_value_find(findings, block, &setting->value, is_claim, &atom)) {
        return;
    }
    struct slice name = setting->name;
    story_report(findings, RULE_internal_headers_trusted, &atom,
                 slice_equals_nocase(name, SLICE("X-Forwarded-For"))
                     ? "write $proxy_add_x_forwarded_for, which ends with the address that the "
                       "request came from; behind a proxy of your own name it by set_real_ip_from "
                       "first"
                     : "write $remote_addr; behind a proxy of your own name it by "
                       "set_real_ip_from first",
                 "is what the client writes itself, and the backend believes it as %.*s",
                 SLICE_ARGS(name));
}

static void check_networks(struct finding_list *findings, const struct settings *settings) {
    for (size_t i = 0; i < settings->set_real_ip_from.list.count; i++) {
        const struct network_setting *setting = &settings->set_real_ip_from.list.items[i];
        const struct client_network *network = &setting->network;
        bool is_everybody = network->match == TABLE_CLIENT_ALL ||
                            (network->prefix == 0 && (network->match == TABLE_CLIENT_IPV4 ||
                                                      network->match == TABLE_CLIENT_IPV6));
        if (!is_everybody) {
            continue;
        }
        struct slice text = statement_argument(setting->statement, 0)->text;
        struct diagnostic *diagnostic = check_report(
            findings, RULE_internal_headers_trusted,
            statement_argument(setting->statement, 0)->span,
            "set_real_ip_from %.*s believes everybody about their address", SLICE_ARGS(text));
        diagnostic->severity = SEVERITY_ERROR;
        diagnostic_help(findings->model->arena, diagnostic,
                        "name the addresses of your own proxies only");
    }
}

/* --- what is decided by such headers --- */

#define DEPTH_LIMIT 4

/* The header that the variable is, or that a map or geo chooses its value by; NULL: none. */
static const struct template_part *find_claim(const struct template *value, uint32_t depth) {
    const struct template_part *found = NULL;
    for (size_t i = 0; found == NULL && depth < DEPTH_LIMIT && i < value->parts.count; i++) {
        const struct template_part *part = &value->parts.items[i];
        if (is_claim_name(part->text) && part->kind != PART_TEXT) {
            return part;
        }
        for (size_t j = 0;
             found == NULL && part->kind == PART_CONFIG && j < part->variable->definitions.count;
             j++) {
            const struct variable_definition *definition = &part->variable->definitions.items[j];
            found = find_claim(
                definition->geo != NULL ? &definition->geo->subject : &definition->key, depth + 1);
        }
    }
    return found;
}

/* Reports that the value is a claim of the client's, or is chosen by one. */
static void report_claim(struct finding_list *findings, const struct template *value,
                         const struct template_part *claim, const char *decided) {
    struct arena *arena = findings->model->arena;
    const struct template_part *part = &value->parts.items[0];
    struct slice name = claim->text;
    struct slice shown = part->text;
    struct slice way =
        part == claim ? SLICE("") : arena_format(arena, "$%.*s depends on ", SLICE_ARGS(shown));
    struct diagnostic *diagnostic =
        check_report(findings, RULE_internal_headers_trusted, part->span,
                     "%.*s$%.*s%s the client writes itself, and decides %s", SLICE_ARGS(way),
                     SLICE_ARGS(name), part == claim ? " is what" : ", which", decided);
    if (part != claim) {
        diagnostic_note(arena, diagnostic, claim->span, "it is looked at here");
    }
    diagnostic_help(arena, diagnostic,
                    "ask for $remote_addr, and name your own proxies by set_real_ip_from");
}

/* if ($http_x_forwarded_for !~ ^10\.) { return 403; } */
static void check_condition(struct finding_list *findings, const struct location *block) {
    const struct condition *condition = block->condition;
    if (condition == NULL || steps_find_status(&block->rewrite) < 400 ||
        !steps_always_leave(findings->model->arena, &block->rewrite, STEPS_OF_SERVER) ||
        protection_has_deny(block->settings) || protection_is_local(block->server) ||
        !protection_is_met_by_strangers(findings->model, condition)) {
        return;
    }
    const struct template_part *claim = find_claim(&condition->subject, 0);
    if (claim != NULL) {
        report_claim(findings, &condition->subject, claim, "who is let in");
    }
}

/* Limits that a client is counted by: with a key of its choice it is never the same client. */
static void check_zone(struct finding_list *findings, const struct zone *zone) {
    struct site_block nowhere = {.settings = findings->model->http_settings};
    struct dataflow_atom atom;
    struct slice name = zone->name;
    if ((zone->kind == ZONE_LIMIT_REQ || zone->kind == ZONE_LIMIT_CONN) &&
        client_value_find(findings, &nowhere, &zone->key, is_claim, &atom)) {
        story_report(findings, RULE_internal_headers_trusted, &atom,
                     "count by $binary_remote_addr, and name your own proxies by set_real_ip_from",
                     "is what clients write themselves, and zone \"%.*s\" counts them by it",
                     SLICE_ARGS(name));
        return;
    }
    const struct template_part *claim =
        zone->kind == ZONE_LIMIT_REQ || zone->kind == ZONE_LIMIT_CONN ? find_claim(&zone->key, 0)
                                                                      : NULL;
    if (claim != NULL) {
        report_claim(findings, &zone->key, claim, "who is counted");
    }
}

void check_rule_internal_headers_trusted(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct settings *settings = block->settings;
        if (settings->is_own[SETTING_set_real_ip_from]) {
            check_networks(findings, settings);
        }
        for (size_t j = 0; settings->is_own[SETTING_proxy_set_header] &&
                           j < settings->proxy_set_header.list.count;
             j++) {
            check_identity(findings, block, &settings->proxy_set_header.list.items[j]);
        }
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        if (findings->site.locations.items[i]->is_condition) {
            check_condition(findings, findings->site.locations.items[i]);
        }
    }
    signed_on_check(findings);
    const struct map *zones = &findings->model->zones;
    for (size_t i = 0; i < zones->count; i++) {
        check_zone(findings, zones->entries[i].value);
    }
}
