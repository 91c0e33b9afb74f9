/* What ties a request to a peer: the key of a hash, the client's address, and the cookie or route
 * of a sticky group. */
#include "proxy/internal.h"

#include "engine/safe_text.h"
#include "engine/sticky.h"

static const struct table_sticky *sticky_of(const struct proxy *proxy) {
    uint32_t sticky = proxy->group == NULL ? TABLE_NONE : proxy->group->record->sticky;
    return sticky == TABLE_NONE ? NULL : &proxy->exchange->generation->table.sticky[sticky];
}

bool proxy_prepare_balancing(struct proxy *proxy) {
    struct engine_request *request = &proxy->exchange->request;
    const struct table_sticky *sticky = sticky_of(proxy);
    return (!proxy->balance->method->needs_key ||
            engine_run_template(request, proxy->group->record->hash_key, &proxy->balancing.key)) &&
           (sticky == NULL || engine_find_route(request, sticky, &proxy->balancing.route));
}

static bool make_cookie(struct exchange *exchange, const struct table_sticky *sticky,
                        const struct balance_peer *peer, struct slice *cookie) {
    return engine_make_cookie(&exchange->request, sticky, slice_from_string(peer->route),
                              exchange->service->loop->clock.tv_sec, cookie) &&
           engine_make_value_safe(&exchange->arena, cookie);
}

static struct exchange_lasting_field *add_cookie(struct exchange *exchange) {
    struct exchange_lasting_field *field = arena_allocate(&exchange->arena, sizeof *field);
    if (field != NULL) {
        field->next = exchange->lasting_fields;
        field->header.name = SLICE("Set-Cookie");
        exchange->lasting_fields = field;
    }
    return field;
}

/* Of several attempts the last one counts. Only a value that is whole and safe gets into the field:
 * the answer to a failure here has it, too. */
bool proxy_bind_client(struct proxy *proxy, const struct balance_peer *peer) {
    const struct table_sticky *sticky = sticky_of(proxy);
    struct slice value;
    if (sticky == NULL || sticky->cookie.length == 0) {
        return true;
    }
    if (!make_cookie(proxy->exchange, sticky, peer, &value)) {
        return false;
    }
    if (proxy->cookie == NULL) {
        proxy->cookie = add_cookie(proxy->exchange);
    }
    if (proxy->cookie == NULL) {
        return false;
    }
    proxy->cookie->header.value = value;
    return true;
}
