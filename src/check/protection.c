/* What keeps strangers out of a block; see protection.h. */
#include "check/protection.h"

#include "check/regex_match.h"
#include "check/steps.h"
#include "model/mapping.h"

#define MATCH_STEPS 10000u

bool protection_has_password(const struct settings *settings) {
    const struct word *realm = settings->auth_basic.word;
    return realm != NULL && settings->auth_basic.parts.count > 0 &&
           !slice_equals(realm->text, SLICE("off"));
}

bool protection_has_deny(const struct settings *settings) {
    for (size_t i = 0; i < settings->allow.list.count; i++) {
        if (settings->allow.list.items[i].deny) {
            return true;
        }
    }
    return false;
}

/* --- who is asked --- */

/* Directives that ask somebody else; their first word may be "off". */
static const struct slice askers[] = {
    SLICE_INIT("auth_request"),        SLICE_INIT("auth_jwt"),
    SLICE_INIT("auth_oidc"),           SLICE_INIT("secure_link"),
    SLICE_INIT("access_by_lua_block"),
};

static bool asks_somebody(struct site *site, const struct site_block *block) {
    for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++) {
        const struct statement *asker = site_find_in_block(site, block, askers[i]);
        if (asker != NULL && (statement_argument_count(asker) == 0 ||
                              !slice_equals(statement_argument(asker, 0)->text, SLICE("off")))) {
            return true;
        }
    }
    return false;
}

static bool is_loopback(const struct address *address) {
    static const uint8_t loopback_v6[16] = {[15] = 1};
    switch (address->family) {
    case TABLE_FAMILY_IPV4:
        return address->bytes[0] == 127;
    case TABLE_FAMILY_IPV6:
        return memcmp(address->bytes, loopback_v6, sizeof loopback_v6) == 0;
    case TABLE_FAMILY_UNIX:
        return true;
    default:
        return false;
    }
}

bool protection_is_local(const struct server *server) {
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct listen *listen = server->listens.items[i];
        if (listen->is_wildcard || !is_loopback(&listen->address)) {
            return false;
        }
    }
    return server->listens.count > 0 && !server->is_implied;
}

/* --- addresses --- */

enum { SATISFY_ANY = 1, VERIFY_ON = 1 }; /* as in directives.def */

static bool is_everybody(const struct client_network *network) {
    return network->match == TABLE_CLIENT_ALL ||
           (network->prefix == 0 && network->match != TABLE_CLIENT_UNIX);
}

/* What becomes of an address that no rule names: the first rule for everybody decides. */
enum fate { FATE_UNDECIDED, FATE_ALLOWED, FATE_DENIED };

static enum fate find_fate_of_others(const struct settings *settings) {
    for (size_t i = 0; i < settings->allow.list.count; i++) {
        const struct access_rule_setting *rule = &settings->allow.list.items[i];
        if (is_everybody(&rule->network)) {
            return rule->deny ? FATE_DENIED : FATE_ALLOWED;
        }
    }
    return FATE_UNDECIDED;
}

bool protection_denies_others(const struct settings *settings) {
    return find_fate_of_others(settings) == FATE_DENIED;
}

/* Whether access control keeps those out whom it does not know. With "satisfy any" an address that
 * is allowed needs no password. */
static bool is_controlled(struct site *site, const struct site_block *block) {
    const struct settings *settings = block->settings;
    enum fate fate = find_fate_of_others(settings);
    if (settings->satisfy == SATISFY_ANY && fate == FATE_ALLOWED) {
        return false;
    }
    return fate == FATE_DENIED || protection_has_password(settings) || asks_somebody(site, block);
}

/* --- conditions --- */

/* Variables by which anybody is asked for something else than who it is. */
static bool is_of_request(struct slice name) {
    static const struct slice names[] = {
        SLICE_INIT("args"),
        SLICE_INIT("content_type"),
        SLICE_INIT("document_uri"),
        SLICE_INIT("host"),
        SLICE_INIT("http_accept"),
        SLICE_INIT("http_accept_encoding"),
        SLICE_INIT("http_accept_language"),
        SLICE_INIT("http_host"),
        SLICE_INIT("http_origin"),
        SLICE_INIT("http_referer"),
        SLICE_INIT("http_user_agent"),
        SLICE_INIT("http_x_forwarded_proto"),
        SLICE_INIT("http_x_requested_with"),
        SLICE_INIT("https"),
        SLICE_INIT("invalid_referer"),
        SLICE_INIT("query_string"),
        SLICE_INIT("request_body"),
        SLICE_INIT("request_filename"),
        SLICE_INIT("request_method"),
        SLICE_INIT("request_uri"),
        SLICE_INIT("scheme"),
        SLICE_INIT("server_name"),
        SLICE_INIT("server_port"),
        SLICE_INIT("server_protocol"),
        SLICE_INIT("ssl_cipher"),
        SLICE_INIT("ssl_protocol"),
        SLICE_INIT("ssl_server_name"),
        SLICE_INIT("uri"),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals_nocase(names[i], name)) {
            return true;
        }
    }
    return slice_starts_with_nocase(name, SLICE("geoip")); /* a country is not somebody */
}

/* What a map or geo gives for those whom it does not name; false: it is not known, or depends on
 * something else than who asks. */
static bool find_default(struct model *model, const struct variable_definition *definition,
                         struct slice *value) {
    const struct geo_definition *geo = definition->geo;
    const struct map_definition *map = definition->map;
    if (map != NULL) {
        return definition->key.parts.count > 0 &&
               !is_of_request(definition->key.parts.items[0].text) &&
               template_is_constant(model, &map->otherwise, value);
    }
    if (geo == NULL) {
        return false;
    }
    *value = geo->has_ranges ? geo->otherwise : SLICE("");
    for (size_t i = 0; i < geo->networks.count; i++) {
        if (is_everybody(&geo->networks.items[i].network)) {
            *value = geo->networks.items[i].value;
        }
    }
    return true;
}

bool protection_is_met_by(struct model *model, const struct condition *condition,
                          struct slice value) {
    struct slice other = SLICE("");
    switch (condition->kind) {
    case CONDITION_TRUE:
        return value.size > 0 && !slice_equals(value, SLICE("0"));
    case CONDITION_EQUAL:
        return template_is_constant(model, &condition->value, &other) &&
               slice_equals(value, other) != condition->is_negated;
    case CONDITION_REGEX:
        return (regex_match(condition->regex->pattern, condition->regex->ignore_case, value,
                            MATCH_STEPS) == REGEX_MATCHED) != condition->is_negated;
    case CONDITION_FILE:
        break;
    }
    return false;
}

bool protection_is_met_by_strangers(struct model *model, const struct condition *condition) {
    if (condition == NULL || condition->subject.parts.count != 1) {
        return false;
    }
    const struct template_part *part = &condition->subject.parts.items[0];
    if (part->kind != PART_CONFIG) {
        return !is_of_request(part->text) && protection_is_met_by(model, condition, SLICE(""));
    }
    struct slice value;
    return part->variable->definitions.count == 1 &&
           find_default(model, &part->variable->definitions.items[0], &value) &&
           protection_is_met_by(model, condition, value);
}

/* Whether a condition among the steps refuses those whom it does not know. */
static bool refuses_strangers(struct model *model, const struct rewrite *rewrite,
                              enum steps_owner owner) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_IF && protection_is_met_by_strangers(model, step->condition) &&
            steps_find_status(&step->block->rewrite) >= 400 &&
            steps_always_leave(model->arena, &step->block->rewrite, owner) &&
            !steps_may_stop_before(rewrite, owner, step->statement)) {
            return true;
        }
    }
    return false;
}

static bool has_condition(struct model *model, const struct site_block *block) {
    const struct location *base = steps_find_base(block->location);
    return refuses_strangers(model, &block->server->rewrite, STEPS_OF_SERVER) ||
           (base != NULL && refuses_strangers(model, &base->rewrite, STEPS_OF_LOCATION));
}

bool protection_knows_peers(struct site *site, const struct site_block *block) {
    return protection_denies_others(block->settings) ||
           (block->server != NULL &&
            (protection_is_local(block->server) || has_condition(site->model, block)));
}

bool protection_is_there(struct site *site, const struct site_block *block) {
    const struct server *server = block->server;
    return (block->location != NULL && block->location->is_internal) ||
           (server != NULL &&
            (protection_is_local(server) || server->own_settings->ssl_verify_client == VERIFY_ON ||
             has_condition(site->model, block))) ||
           is_controlled(site, block);
}

bool protection_is_closed(struct arena *arena, const struct location *location) {
    return model_is_closed(location->settings) ||
           (steps_find_status(&location->rewrite) >= 400 &&
            steps_always_leave(arena, &location->rewrite, STEPS_OF_LOCATION));
}
