/* The site as it will serve: listeners, addresses, names, servers with their locations, upstream
 * groups. */
#include "table/dump_overview.h"

#include "base/arena.h"
#include "table/dump.h"

#include <stddef.h>
#include <stdlib.h>

/* A validated table may still refer to one location set from many places, nested ones included.
 * No sound compiler does that, and a dump ends all the same: no deeper than this, and with no more
 * locations than there are. */
enum { DEEPEST_NESTING = 100 };

struct overview {
    const struct dumper *dumper;
    uint32_t printed_indexes; /* name indexes before this one have been printed */
    uint32_t locations_left;
};

static void print_line_place(const struct dumper *dumper, struct table_place place) {
    fputs("  # ", dumper->out);
    dump_place(dumper, place);
    fputc('\n', dumper->out);
}

static int compare_slots(const void *left, const void *right, void *context) {
    const struct table *table = context;
    const struct table_name_slot *a = &table->name_slot[*(const uint32_t *)left];
    const struct table_name_slot *b = &table->name_slot[*(const uint32_t *)right];
    if (a->server != b->server) {
        return a->server < b->server ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return slice_compare(table_text(table, a->key), table_text(table, b->key));
}

static void print_slot(const struct dumper *dumper, const struct table_name_slot *slot) {
    fputs(slot->kind == TABLE_NAME_LEADING ? "    name \"*" : "    name \"", dumper->out);
    dump_text(dumper, table_text(dumper->table, slot->key));
    fputs(slot->kind == TABLE_NAME_TRAILING ? "*\"" : "\"", dumper->out);
    fprintf(dumper->out, ": server %u\n", slot->server);
}

/* In the order of servers rather than of hashes. */
static void print_slots(const struct dumper *dumper, struct table_range slots) {
    const struct table *table = dumper->table;
    uint32_t *used = calloc((size_t)slots.count + 1, sizeof *used);
    if (used == NULL) {
        memory_exhausted();
    }
    size_t count = 0;
    for (uint32_t i = slots.first; i < slots.first + slots.count; i++) {
        if (table->name_slot[i].server != TABLE_NONE) {
            used[count++] = i;
        }
    }
    struct table context = *table;
    qsort_r(used, count, sizeof *used, compare_slots, &context);
    for (size_t i = 0; i < count; i++) {
        print_slot(dumper, &table->name_slot[used[i]]);
    }
    free(used);
}

static void print_names(struct overview *overview, uint32_t index) {
    const struct dumper *dumper = overview->dumper;
    if (index < overview->printed_indexes) {
        fprintf(dumper->out, "    names: those of index %u, above\n", index);
        return;
    }
    overview->printed_indexes = index + 1;
    const struct table_name_index *names = &dumper->table->name_index[index];
    print_slots(dumper, names->slots);
    for (uint32_t i = 0; i < names->regexes.count; i++) {
        const struct table_name_regex *name = &dumper->table->name_regex[names->regexes.first + i];
        fputs("    name ~ ", dumper->out);
        dump_string(dumper, dumper->table->regex[name->regex].pattern);
        fprintf(dumper->out, ": server %u\n", name->server);
    }
}

static void print_listener(struct overview *overview, const struct table_listener *listener) {
    const struct dumper *dumper = overview->dumper;
    fputs("listen ", dumper->out);
    dump_text(dumper, table_text(dumper->table, listener->name));
    fprintf(dumper->out, " backlog=%u%s%s", listener->backlog,
            listener->reuseport ? " reuseport" : "", listener->ipv6only ? " ipv6only=on" : "");
    print_line_place(dumper, listener->place);
    static const struct table_field address = {.name = "address",
                                               .kind = TABLE_KIND_BYTES16,
                                               .target = TABLE_SECTION_COUNT,
                                               .offset = offsetof(struct table_endpoint, address)};
    for (uint32_t i = 0; i < listener->endpoints.count; i++) {
        const struct table_endpoint *endpoint =
            &dumper->table->endpoint[listener->endpoints.first + i];
        fputs("  address ", dumper->out);
        if (endpoint->is_wildcard) {
            fputs("any", dumper->out);
        } else {
            dump_field(dumper, TABLE_SECTION_endpoint, &address, endpoint);
        }
        fprintf(dumper->out, ":%s%s%s server %u by default\n", endpoint->ssl ? " ssl" : "",
                endpoint->http2 ? " http2" : "", endpoint->proxy_protocol ? " proxy_protocol" : "",
                endpoint->default_server);
        print_names(overview, endpoint->names);
    }
}

static void print_indent(const struct dumper *dumper, unsigned depth) {
    fprintf(dumper->out, "%*s", (int)(2 * depth), "");
}

static void print_rewrite(const struct dumper *dumper, uint32_t program, unsigned depth) {
    if (program != TABLE_NONE) {
        print_indent(dumper, depth);
        dump_program(dumper, program);
        fputc('\n', dumper->out);
    }
}

static void print_set(struct overview *overview, uint32_t set, unsigned depth);

static void print_location(struct overview *overview, uint32_t index, unsigned depth) {
    static const char *const marks[TABLE_location_kind_COUNT] = {"", "= ", "^~ ", "~ ", "~* ", ""};
    const struct dumper *dumper = overview->dumper;
    if (overview->locations_left == 0) {
        return;
    }
    overview->locations_left--;
    const struct table_location *location = &dumper->table->location[index];
    print_indent(dumper, depth);
    fprintf(dumper->out, "location %s", marks[location->kind]);
    dump_string(dumper, location->name);
    fprintf(dumper->out, ": settings %u", location->settings);
    print_line_place(dumper, location->place);
    print_rewrite(dumper, location->rewrite, depth + 1);
    if (location->proxy != TABLE_NONE) {
        print_indent(dumper, depth + 1);
        fputs("proxy ", dumper->out);
        dump_reference(dumper, TABLE_SECTION_proxy, location->proxy);
        fputc('\n', dumper->out);
    }
    if (location->nested != TABLE_NONE && depth < DEEPEST_NESTING) {
        print_set(overview, location->nested, depth + 1);
    }
}

static void print_set(struct overview *overview, uint32_t set, unsigned depth) {
    const struct table *table = overview->dumper->table;
    struct table_range nodes = table->location_set[set].nodes;
    for (uint32_t i = nodes.first; i < nodes.first + nodes.count; i++) {
        if (table->node[i].exact != TABLE_NONE) {
            print_location(overview, table->node[i].exact, depth);
        }
        if (table->node[i].prefix != TABLE_NONE) {
            print_location(overview, table->node[i].prefix, depth);
        }
    }
    struct table_range regexes = table->location_set[set].regexes;
    for (uint32_t i = regexes.first; i < regexes.first + regexes.count; i++) {
        print_location(overview, table->location_regex[i].location, depth);
    }
}

static void print_server(struct overview *overview, uint32_t index) {
    const struct dumper *dumper = overview->dumper;
    const struct table_server *server = &dumper->table->server[index];
    fprintf(dumper->out, "server %u ", index);
    dump_string(dumper, server->name);
    fprintf(dumper->out, ": settings %u", server->settings);
    print_line_place(dumper, server->place);
    print_rewrite(dumper, server->rewrite, 1);
    print_set(overview, server->locations, 1);
    for (uint32_t i = 0; i < server->named.count; i++) {
        uint32_t named = server->named.first + i;
        print_location(overview, dumper->table->named_location[named].location, 1);
    }
}

static void print_balancing(const struct dumper *dumper, const struct table_upstream *upstream) {
    if (upstream->method != TABLE_BALANCE_ROUND_ROBIN) {
        fprintf(dumper->out, "  balanced by %s", table_balance_method_word(upstream->method));
        if (upstream->hash_key != TABLE_NONE) {
            fputs(" of ", dumper->out);
            dump_program(dumper, upstream->hash_key);
        }
        fputc('\n', dumper->out);
    }
    if (upstream->sticky != TABLE_NONE) {
        fputs("  sticky ", dumper->out);
        dump_description(dumper, TABLE_SECTION_sticky, upstream->sticky);
        fputc('\n', dumper->out);
    }
}

static void print_upstream(const struct dumper *dumper, const struct table_upstream *upstream) {
    fputs("upstream ", dumper->out);
    dump_string(dumper, upstream->name);
    fputs(upstream->implicit ? ", implied by proxy_pass" : "", dumper->out);
    print_line_place(dumper, upstream->place);
    print_balancing(dumper, upstream);
    for (uint32_t i = 0; i < upstream->peers.count; i++) {
        const struct table_peer *peer = &dumper->table->peer[upstream->peers.first + i];
        fputs("  peer ", dumper->out);
        dump_string(dumper, peer->name);
        table_dump_peer_parameters(dumper->out, peer);
        if (peer->route.length > 0) {
            fputs(" route=", dumper->out);
            dump_string(dumper, peer->route);
        }
        fputc('\n', dumper->out);
    }
}

void dump_overview(const struct dumper *dumper) {
    const struct table *table = dumper->table;
    struct overview overview = {.dumper = dumper, .locations_left = table->location_count};
    for (uint32_t i = 0; i < table->listener_count; i++) {
        print_listener(&overview, &table->listener[i]);
    }
    for (uint32_t i = 0; i < table->server_count; i++) {
        print_server(&overview, i);
    }
    for (uint32_t i = 0; i < table->upstream_count; i++) {
        print_upstream(dumper, &table->upstream[i]);
    }
}
