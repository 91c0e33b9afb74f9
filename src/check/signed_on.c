/* Headers that say who has signed on; see signed_on.h. A backend that believes X-User believes it
 * in every request: where one location fills it in and another passes requests to the same backend
 * without touching it, the client of the other one is whoever it likes. */
#include "check/signed_on.h"

#include "check/protection.h"
#include "check/rules.h"

/* Names that tell of somebody. Credentials are checked by the backend itself. */
static bool is_name_of_somebody(struct slice name) {
    static const struct slice words[] = {
        SLICE_INIT("user"),    SLICE_INIT("email"), SLICE_INIT("group"),    SLICE_INIT("role"),
        SLICE_INIT("subject"), SLICE_INIT("dn"),    SLICE_INIT("identity"), SLICE_INIT("account"),
        SLICE_INIT("tenant"),  SLICE_INIT("verify")};
    for (size_t at = 0; at < name.size; at++) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (slice_starts_with_nocase(slice_skip(name, at), words[i])) {
                return true;
            }
        }
    }
    return false;
}

/* Whether the value is of what has found out who it is: auth_request, a password or a certificate.
 */
static bool is_of_check(const struct template *value) {
    for (size_t i = 0; i < value->parts.count; i++) {
        const struct template_part *part = &value->parts.items[i];
        if (slice_equals_nocase(part->text, SLICE("remote_user")) ||
            slice_starts_with_nocase(part->text, SLICE("ssl_client_"))) {
            return part->kind != PART_TEXT;
        }
        for (size_t j = 0; part->kind == PART_CONFIG && j < part->variable->definitions.count;
             j++) {
            if (part->variable->definitions.items[j].kind == DEFINED_BY_REPLY) {
                return true;
            }
        }
    }
    return false;
}

static bool is_same_backend(const struct proxy_pass *a, const struct proxy_pass *b) {
    return a->upstream == b->upstream ||
           (a->address.family != TABLE_FAMILY_UNIX && slice_equals(a->host, b->host));
}

static bool passes_headers_to(const struct location *location, const struct location *other) {
    const struct proxy_pass *proxy = location->proxy;
    return proxy != NULL && !proxy->is_grpc && !location->is_condition &&
           location->settings->proxy_pass_request_headers != 0 && !proxy->has_variables &&
           is_same_backend(proxy, other->proxy);
}

/* The location that lets clients write the header, among those of the same server. */
static void check_location(struct finding_list *findings, const struct location *location,
                           const struct location *filling, const struct header_setting *setting) {
    struct arena *arena = findings->model->arena;
    if (location == filling || location->is_internal || !passes_headers_to(location, filling) ||
        site_find_header(&location->settings->proxy_set_header, setting->name) != NULL ||
        protection_is_closed(arena, location) || protection_is_local(location->server)) {
        return;
    }
    struct slice name = setting->name;
    struct diagnostic *diagnostic = check_report(findings, RULE_internal_headers_trusted,
                                                 location->proxy->statement->words[0].span,
                                                 "clients may write %.*s themselves here, by which "
                                                 "the same backend is told who has signed on",
                                                 SLICE_ARGS(name));
    diagnostic_note(arena, diagnostic, setting->statement->words[1].span, "it is filled in here");
    diagnostic_help(arena, diagnostic,
                    "write \"proxy_set_header %.*s '';\", beside the headers that hold here",
                    SLICE_ARGS(name));
}

static void check_others(struct finding_list *findings, const struct location *filling,
                         const struct header_setting *setting, struct location *const *locations,
                         size_t count) {
    for (size_t i = 0; i < count; i++) {
        check_location(findings, locations[i], filling, setting);
        check_others(findings, filling, setting, locations[i]->nested.items,
                     locations[i]->nested.count);
    }
}

void signed_on_check(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *filling = findings->site.locations.items[i];
        const struct header_list *list = &filling->settings->proxy_set_header;
        const struct server *server = filling->server;
        bool is_backend = filling->proxy != NULL && !filling->proxy->has_variables &&
                          !filling->proxy->is_grpc && !filling->is_condition;
        for (size_t j = 0; is_backend && j < list->list.count; j++) {
            const struct header_setting *setting = &list->list.items[j];
            if (is_name_of_somebody(setting->name) && is_of_check(&setting->value)) {
                check_others(findings, filling, setting, server->locations.items,
                             server->locations.count);
            }
        }
    }
}
