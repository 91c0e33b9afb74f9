/* The cookie of a sticky group, with memory that ends somewhere: it is whole and safe, or not
 * there. The answer to the failure would have it, too. */
#include "../failing_arena.h"

#include "unit.h"

#include "engine/state.h"
#include "proxy/internal.h"

/* The cookie's name, and a path that would be a field of its own. */
static const char strings[] = "a/\r\nX: y";

/* What proxy_bind_client looks at of an exchange. */
struct bound {
    struct loop loop;
    struct http_service service;
    struct table_sticky sticky;
    struct table_upstream upstream;
    struct generation generation;
    struct engine engine;
    struct exchange exchange;
    struct proxy_group group;
    struct proxy proxy;
    struct balance_peer peer;
};

static void begin(struct bound *bound) {
    memset(bound, 0, sizeof *bound);
    bound->sticky = (struct table_sticky){.cookie = {0, 1},
                                          .path = {1, sizeof strings - 2},
                                          .domain = TABLE_NONE,
                                          .samesite = TABLE_NONE};
    bound->generation.table.strings = strings;
    bound->generation.table.sticky = &bound->sticky;
    bound->engine.table = &bound->generation.table;
    bound->service.loop = &bound->loop;
    bound->exchange.service = &bound->service;
    bound->exchange.generation = &bound->generation;
    bound->exchange.request.engine = &bound->engine;
    bound->exchange.request.arena = &bound->exchange.arena;
    arena_init(&bound->exchange.arena, 1); /* each piece of memory for itself */
    bound->group.record = &bound->upstream;
    bound->proxy.exchange = &bound->exchange;
    bound->proxy.group = &bound->group;
    memcpy(bound->peer.route, "peer", 5);
}

static bool is_sound(struct slice value) {
    return value.size > 0 && slice_find_byte(value, '\r') == value.size &&
           slice_find_byte(value, '\n') == value.size;
}

/* Returns whether there was memory enough. */
static bool bind_with(int pieces) {
    struct bound bound;
    begin(&bound);
    failing_arena_left = pieces;
    failing_arena_recovers = true;
    bool is_bound = proxy_bind_client(&bound.proxy, &bound.peer);
    failing_arena_left = -1;
    const struct exchange_lasting_field *field = bound.exchange.lasting_fields;
    CU_ASSERT_EQUAL(field != NULL, is_bound);
    CU_ASSERT_TRUE(field == NULL || (is_sound(field->header.value) && field->next == NULL));
    arena_release(&bound.exchange.arena);
    return is_bound;
}

static void a_cookie_is_whole_and_safe_or_not_there(void) {
    int pieces = 0;
    while (!bind_with(pieces) && pieces < 100) {
        pieces++;
    }
    CU_ASSERT_TRUE(pieces > 1 && pieces < 100);
}

UNIT_TESTS("proxy/sticky",
           {"a cookie is whole and safe, or not there", a_cookie_is_whole_and_safe_or_not_there})
