/* Redirects of backends seen from outside: what `proxy_redirect default` does in nginx, which is in
 * force unless configured otherwise. A Location under proxy_pass's URL becomes one under the
 * location's own prefix. */
#include "proxy/internal.h"

#include "engine/reply.h"

#include <string.h>

/* What a Location of this backend begins with and what the client gets instead; false when the
 * default does not apply, as with variables in proxy_pass. */
static bool find_replacement(const struct proxy *proxy, struct slice *uri,
                             struct slice *replacement) {
    const struct table *table = &proxy->exchange->generation->table;
    const struct table_proxy *record = proxy->record;
    if (record->upstream == TABLE_NONE) {
        return false;
    }
    *uri = record->has_uri != 0 ? table_text(table, record->uri) : SLICE("/");
    *replacement = record->has_uri != 0 ? table_text(table, proxy->exchange->request.location->name)
                                        : SLICE("/");
    return true;
}

/* The rest of `value` behind http://HOST and `uri`; false when it begins otherwise. */
static bool strip_prefix(const struct proxy *proxy, struct slice value, struct slice uri,
                         struct slice *rest) {
    static const struct slice scheme = SLICE_INIT("http://");
    if (!slice_starts_with(value, scheme)) {
        return false;
    }
    value = slice_skip(value, scheme.size);
    if (!slice_starts_with(value, proxy->host)) {
        return false;
    }
    value = slice_skip(value, proxy->host.size);
    /* $proxy_host leaves the usual port out; a backend may write it. */
    if (slice_starts_with(value, SLICE(":80/")) && slice_equals(proxy->port, SLICE("80"))) {
        value = slice_skip(value, 3);
    }
    if (!slice_starts_with(value, uri)) {
        return false;
    }
    *rest = slice_skip(value, uri.size);
    return true;
}

static struct slice rewrite(struct proxy *proxy, struct slice value, bool *changed) {
    struct slice uri;
    struct slice replacement;
    struct slice rest;
    *changed =
        find_replacement(proxy, &uri, &replacement) && strip_prefix(proxy, value, uri, &rest);
    if (!*changed) {
        return value;
    }
    char *text = arena_allocate_bytes(&proxy->exchange->arena, replacement.size + rest.size + 1);
    if (text == NULL) {
        return (struct slice){0};
    }
    memcpy(text, replacement.data, replacement.size);
    memcpy(text + replacement.size, rest.data, rest.size);
    return (struct slice){text, replacement.size + rest.size};
}

struct slice proxy_rewrite_location(struct proxy *proxy, struct slice value) {
    bool changed;
    struct slice rewritten = rewrite(proxy, value, &changed);
    /* What the backend sent as a relative reference stays one. */
    return changed ? engine_absolute_location(&proxy->exchange->request, rewritten) : rewritten;
}

struct slice proxy_rewrite_refresh(struct proxy *proxy, struct slice value) {
    size_t at = 0;
    while (at + 4 <= value.size &&
           !slice_equals_nocase((struct slice){value.data + at, 4}, SLICE("url="))) {
        at++;
    }
    if (at + 4 > value.size) {
        return value;
    }
    bool changed;
    struct slice url = rewrite(proxy, slice_skip(value, at + 4), &changed);
    if (!changed || url.data == NULL) {
        return changed ? url : value;
    }
    char *text = arena_allocate_bytes(&proxy->exchange->arena, at + 4 + url.size);
    if (text == NULL) {
        return (struct slice){0};
    }
    memcpy(text, value.data, at + 4);
    memcpy(text + at + 4, url.data, url.size);
    return (struct slice){text, at + 4 + url.size};
}
