/* Interim responses (RFC 9110 15.2): what becomes of what a backend says before its answer. */
#include "proxy/internal.h"

#include <string.h>

/* No honest backend comes near it before its time for the head is over. */
enum { INTERIM_LIMIT = 1000 };

/* With the fields that would pass in an answer, too. */
static void pass_on(struct proxy *proxy) {
    const struct http_fields *fields = &proxy->head.fields;
    struct engine_header *passed =
        arena_allocate(&proxy->exchange->arena, fields->count * sizeof *passed);
    uint32_t count = 0;
    if (passed == NULL) {
        return; /* nobody depends on it */
    }
    bool has_connection = proxy_has_connection(fields);
    for (uint32_t i = 0; i < fields->count; i++) {
        if (proxy_passes_field(proxy, fields, i, has_connection) &&
            proxy_make_field(proxy, i, &passed[count])) {
            count++;
        }
    }
    exchange_send_interim(proxy->exchange, proxy->head.status, passed, count);
}

const char *proxy_take_interim(struct proxy *proxy) {
    if (++proxy->interim_count > INTERIM_LIMIT) {
        return "too many interim responses";
    }
    /* 100 is nobody's business: the client's expectation was met when its body was asked for. */
    if (proxy->head.status != 100 && proxy->exchange->head.minor >= 1) {
        pass_on(proxy);
    }
    return NULL;
}
