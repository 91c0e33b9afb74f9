/* Listeners: sockets by what they are bound to, and which server answers by default at each
 * address. Which names lead to which servers is told with the servers. */
#include "table/differ.h"

#include "table/dump_memory.h"

static struct slice show_server(struct differ *differ, enum diff_side side, uint32_t server) {
    struct diff_thing thing = {.section = TABLE_SECTION_server,
                               .records = {TABLE_NONE, TABLE_NONE}};
    struct dump_memory memory;
    thing.records[side] = server;
    dump_memory_open(&memory);
    diff_thing_print(memory.out, differ->diff, &thing);
    struct slice text = arena_copy_slice(differ->arena, dump_memory_close(&memory));
    dump_memory_release(&memory);
    return text;
}

/* What it is of this endpoint: "default server", or "default server at 127.0.0.1:80". */
static struct slice name_at(struct differ *differ, const uint32_t endpoints[2], const char *what) {
    const struct diff_table *own = &differ->sides[DIFF_NEW];
    if (own->table->endpoint[endpoints[DIFF_NEW]].is_wildcard) {
        return slice_from_string(what);
    }
    struct slice address = diff_class_bytes(differ, own->endpoints[endpoints[DIFF_NEW]]);
    return arena_format(differ->arena, "%s at %.*s", what, SLICE_ARGS(address));
}

static struct slice show_protocols(const struct table_endpoint *endpoint) {
    static const struct slice shown[] = {SLICE_INIT("none"),
                                         SLICE_INIT("ssl"),
                                         SLICE_INIT("http2"),
                                         SLICE_INIT("ssl http2"),
                                         SLICE_INIT("proxy_protocol"),
                                         SLICE_INIT("ssl proxy_protocol"),
                                         SLICE_INIT("http2 proxy_protocol"),
                                         SLICE_INIT("ssl http2 proxy_protocol")};
    uint32_t bits = endpoint->ssl | endpoint->http2 << 1 | endpoint->proxy_protocol << 2;
    return shown[bits];
}

static void compare_protocols(struct differ *differ, struct diff_subject *listener,
                              const uint32_t endpoints[2]) {
    struct slice shown[2];
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        shown[side] = show_protocols(&differ->sides[side].table->endpoint[endpoints[side]]);
    }
    if (!slice_equals(shown[DIFF_OLD], shown[DIFF_NEW])) {
        diff_report(differ, listener, DIFF_CHANGED, name_at(differ, endpoints, "protocols"),
                    shown[DIFF_OLD], shown[DIFF_NEW]);
    }
}

static void compare_default(struct differ *differ, struct diff_subject *listener,
                            const uint32_t endpoints[2]) {
    const struct table_endpoint *old =
        &differ->sides[DIFF_OLD].table->endpoint[endpoints[DIFF_OLD]];
    const struct table_endpoint *new =
        &differ->sides[DIFF_NEW].table->endpoint[endpoints[DIFF_NEW]];
    if (differ->sides[DIFF_OLD].servers[old->default_server].partner == new->default_server) {
        return;
    }
    diff_report(differ, listener, DIFF_CHANGED, name_at(differ, endpoints, "default server"),
                show_server(differ, DIFF_OLD, old->default_server),
                show_server(differ, DIFF_NEW, new->default_server));
}

/* Regular expressions for names are tried in order. What is compared is the order of those that
 * both have; the partners of new ones in the old index. */
static void compare_name_order(struct differ *differ, struct diff_subject *listener,
                               const uint32_t endpoints[2]) {
    struct diff_matching sides[2];
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        const struct table *table = differ->sides[side].table;
        uint32_t index = table->endpoint[endpoints[side]].names;
        struct table_range regexes = table->name_index[index].regexes;
        if (!diff_spend(differ, regexes.count)) {
            return;
        }
        uint32_t *keys =
            arena_require(&differ->scratch, ((size_t)regexes.count + 1) * sizeof *keys);
        for (uint32_t i = 0; i < regexes.count; i++) {
            keys[i] = diff_class_of(differ, side, TABLE_SECTION_regex,
                                    table->name_regex[regexes.first + i].regex);
        }
        sides[side] =
            (struct diff_matching){keys, diff_new_partners(differ, regexes.count), regexes.count};
    }
    diff_match(differ, sides);
    if (diff_is_reordered(sides[DIFF_NEW].partners, sides[DIFF_NEW].count)) {
        diff_report(differ, listener, DIFF_REORDERED, SLICE("regular expression names"), SLICE(""),
                    SLICE(""));
    }
}

void diff_compare_endpoints(struct differ *differ, struct diff_subject *listener) {
    struct diff_matching sides[2];
    uint32_t first[2];
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        const struct diff_table *own = &differ->sides[side];
        struct table_range range = own->table->listener[listener->records[side]].endpoints;
        first[side] = range.first;
        sides[side] = (struct diff_matching){own->endpoints + range.first,
                                             diff_new_partners(differ, range.count), range.count};
    }
    diff_match(differ, sides);
    for (uint32_t i = 0; i < sides[DIFF_NEW].count; i++) {
        uint32_t partner = sides[DIFF_NEW].partners[i];
        if (partner != TABLE_NONE) { /* others are told with their servers */
            const uint32_t endpoints[2] = {first[DIFF_OLD] + partner, first[DIFF_NEW] + i};
            compare_protocols(differ, listener, endpoints);
            compare_default(differ, listener, endpoints);
            compare_name_order(differ, listener, endpoints);
        }
    }
}
