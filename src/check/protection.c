/* What keeps strangers out of a block; see protection.h. */
#include "check/protection.h"

#include "check/steps.h"

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

/* Whether only this machine gets to the server. */
static bool is_local(const struct server *server) {
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct listen *listen = server->listens.items[i];
        if (listen->is_wildcard || !is_loopback(&listen->address)) {
            return false;
        }
    }
    return server->listens.count > 0 && !server->is_implied;
}

bool protection_is_there(struct site *site, const struct site_block *block) {
    return protection_has_deny(block->settings) || protection_has_password(block->settings) ||
           (block->location != NULL && block->location->is_internal) ||
           (block->server != NULL &&
            (is_local(block->server) ||
             block->server->own_settings->origin[SERVER_SETTING_ssl_verify_client] != NULL)) ||
           asks_somebody(site, block);
}

bool protection_is_closed(struct arena *arena, const struct location *location) {
    return model_is_closed(location->settings) ||
           (steps_find_status(&location->rewrite) >= 400 &&
            steps_always_leave(arena, &location->rewrite, STEPS_OF_LOCATION));
}
