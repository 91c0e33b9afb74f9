/* Choosing the listener of a question; see arrival.h. Which socket gets a connection is the
 * kernel's rule: the one bound to the address itself, else the one bound to any; which of a
 * socket's endpoints, the runtime's: the one of the address, else the last. */
#include "cli/arrival.h"

#include "base/ip.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

enum { REMOTE_PORT = 50000 };

static const uint8_t loopback4[16] = {127, 0, 0, 1};
static const uint8_t loopback6[16] = {[15] = 1};
static const uint8_t any[16];

static size_t width(enum table_family family) {
    return family == TABLE_FAMILY_IPV4 ? 4 : family == TABLE_FAMILY_IPV6 ? 16 : 0;
}

static bool is_any(const uint8_t *bytes, enum table_family family) {
    return memcmp(bytes, any, width(family)) == 0;
}

/* An IPv4 address as sockets of IPv6 see it. */
static void map_to_ipv6(uint8_t bytes[16]) {
    uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    memcpy(mapped + 12, bytes, 4);
    memcpy(bytes, mapped, sizeof mapped);
}

/* --- what the client connects to --- */

static bool find_literal(struct slice host, struct question_address *address) {
    if (slice_equals_nocase(host, SLICE("localhost"))) {
        host = SLICE("127.0.0.1");
    }
    if (host.size > 1 && host.data[0] == '[') {
        host = slice_take(slice_skip(host, 1), host.size - 2);
    }
    address->family = TABLE_FAMILY_IPV4;
    if (ip_parse_v4(host, address->bytes)) {
        return true;
    }
    address->family = TABLE_FAMILY_IPV6;
    return ip_parse_v6(host, address->bytes);
}

/* The address that is asked for: the one given, else the URL's if it is one, else any. */
static struct question_address find_target(const struct question *question) {
    struct question_address target = question->to;
    if (target.is_given) {
        target.port = target.port != 0 ? target.port : question_port(question);
        return target;
    }
    target.port = question_port(question);
    struct slice host = question->authority;
    size_t colon = host.size;
    if (host.size > 0 && host.data[0] != '[') {
        colon = slice_find_byte(host, ':');
    } else if (host.size > 0) {
        colon = slice_find_byte(host, ']') + 1;
    }
    target.is_any = !find_literal(slice_take(host, colon), &target);
    return target;
}

/* --- listeners and their endpoints --- */

/* How well an endpoint fits; the best one is taken. */
enum fit { FIT_NONE, FIT_MAPPED, FIT_IPV6, FIT_OTHER, FIT_WILDCARD, FIT_EXACT };

static bool accepts_ipv4(const struct table_listener *listener) {
    return listener->family == TABLE_FAMILY_IPV4 ||
           (listener->family == TABLE_FAMILY_IPV6 && listener->ipv6only == 0 &&
            is_any(listener->address.bytes, TABLE_FAMILY_IPV6));
}

/* For a target whose address is known. */
static enum fit judge_address(const struct table_listener *listener,
                              const struct table_endpoint *endpoint,
                              const struct question_address *target) {
    uint8_t bytes[16];
    memcpy(bytes, target->bytes, sizeof bytes);
    bool is_mapped = target->family == TABLE_FAMILY_IPV4 && listener->family == TABLE_FAMILY_IPV6;
    if (is_mapped) {
        map_to_ipv6(bytes);
    }
    if (listener->family != (uint32_t)target->family && !(is_mapped && accepts_ipv4(listener))) {
        return FIT_NONE;
    }
    if (endpoint->is_wildcard == 0) {
        size_t size = width((enum table_family)listener->family);
        return memcmp(endpoint->address.bytes, bytes, size) == 0 ? FIT_EXACT : FIT_NONE;
    }
    return is_mapped ? FIT_MAPPED : FIT_WILDCARD;
}

/* For one whose address nobody knows: any of the client's family, the wildcard before others. */
static enum fit judge_any(const struct table_listener *listener,
                          const struct table_endpoint *endpoint,
                          const struct question_address *from) {
    if (from->is_given && from->family == TABLE_FAMILY_IPV6 &&
        listener->family != TABLE_FAMILY_IPV6) {
        return FIT_NONE;
    }
    if (from->is_given && from->family == TABLE_FAMILY_IPV4 && !accepts_ipv4(listener)) {
        return FIT_NONE;
    }
    if (endpoint->is_wildcard == 0) {
        return FIT_OTHER;
    }
    return listener->family == TABLE_FAMILY_IPV4 ? FIT_WILDCARD : FIT_IPV6;
}

static enum fit judge(const struct table *table, const struct table_listener *listener,
                      const struct table_endpoint *endpoint, const struct question *question,
                      const struct question_address *target) {
    if (target->family == TABLE_FAMILY_UNIX) {
        return listener->family == TABLE_FAMILY_UNIX &&
                       slice_equals(table_text(table, listener->path), target->path)
                   ? FIT_EXACT
                   : FIT_NONE;
    }
    if (listener->family == TABLE_FAMILY_UNIX || listener->port != target->port) {
        return FIT_NONE;
    }
    return target->is_any ? judge_any(listener, endpoint, &question->from)
                          : judge_address(listener, endpoint, target);
}

struct choice {
    struct arrival *arrival;
    enum fit fit;
    uint32_t equals; /* endpoints that fit as well as the best */
    uint32_t others; /* that fit at all and would lead elsewhere; once the best is known */
};

static void consider(struct choice *choice, enum fit fit, const struct table_listener *listener,
                     const struct table_endpoint *endpoint) {
    if (fit == FIT_NONE || fit < choice->fit) {
        return;
    }
    choice->equals = fit == choice->fit ? choice->equals + 1 : 0;
    if (fit > choice->fit) {
        choice->fit = fit;
        choice->arrival->listener = listener;
        choice->arrival->endpoint = endpoint;
    }
}

static void count_other(struct choice *choice, enum fit fit, const struct table_listener *listener,
                        const struct table_endpoint *endpoint) {
    const struct table_endpoint *chosen = choice->arrival->endpoint;
    choice->others +=
        fit != FIT_NONE && listener->family == choice->arrival->listener->family &&
        (endpoint->names != chosen->names || endpoint->default_server != chosen->default_server);
}

static void judge_all(struct choice *choice, const struct table *table,
                      const struct question *question, const struct question_address *target,
                      void (*use)(struct choice *, enum fit, const struct table_listener *,
                                  const struct table_endpoint *)) {
    for (uint32_t i = 0; i < table->listener_count; i++) {
        const struct table_listener *listener = &table->listener[i];
        for (uint32_t e = 0; e < listener->endpoints.count; e++) {
            const struct table_endpoint *endpoint = &table->endpoint[listener->endpoints.first + e];
            use(choice, judge(table, listener, endpoint, question, target), listener, endpoint);
        }
    }
}

/* --- what is said when there is none --- */

static void add_listeners(struct text *text, const struct table *table) {
    enum { SHOWN = 8 };
    text_format(text, "%s", table->listener_count == 0 ? "; there is no listener" : "; there are");
    for (uint32_t i = 0; i < table->listener_count && i < SHOWN; i++) {
        struct slice name = table_text(table, table->listener[i].name);
        text_format(text, "%s %.*s", i > 0 ? "," : "", SLICE_ARGS(name));
    }
    if (table->listener_count > SHOWN) {
        text_format(text, " and %u more", table->listener_count - SHOWN);
    }
}

static struct slice address_text(struct arena *arena, enum table_family family,
                                 const uint8_t *bytes) {
    char text[INET6_ADDRSTRLEN] = "";
    if (family == TABLE_FAMILY_UNIX) {
        return SLICE("unix:");
    }
    inet_ntop(family == TABLE_FAMILY_IPV4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
    return arena_copy_slice(arena, slice_from_string(text));
}

static const char *complain(struct arena *arena, const struct table *table,
                            const struct question *question, const struct question_address *target,
                            bool is_ambiguous) {
    struct text text;
    text_init(&text, arena);
    struct slice address = address_text(arena, target->family, target->bytes);
    if (is_ambiguous) {
        text_format(&text,
                    "several addresses listen on port %u, and the URL does not say which is "
                    "meant; say where to (--to ADDRESS:PORT)",
                    target->port);
    } else if (target->family == TABLE_FAMILY_UNIX) {
        text_format(&text, "nothing listens on unix:%.*s", SLICE_ARGS(target->path));
    } else if (target->is_any) {
        text_format(&text, "nothing listens on port %u%s", target->port,
                    question->from.is_given ? " for such a client" : "");
    } else {
        text_format(&text,
                    target->family == TABLE_FAMILY_IPV6 ? "nothing listens on [%.*s]:%u"
                                                        : "nothing listens on %.*s:%u",
                    SLICE_ARGS(address), target->port);
    }
    add_listeners(&text, table);
    return text_slice(&text).data;
}

/* --- both ends --- */

static void set_end(struct arena *arena, struct arrival_end *end, enum table_family family,
                    const uint8_t *bytes, uint32_t port) {
    end->family = family;
    end->port = family == TABLE_FAMILY_UNIX ? 0 : port;
    memcpy(end->bytes, bytes, sizeof end->bytes);
    end->binary = (struct slice){(const char *)end->bytes, width(family)};
    end->text = address_text(arena, family, end->bytes);
}

/* As the sockets of that family have it. False when they never do. */
static bool adapt(enum table_family family, enum table_family own, uint8_t bytes[16]) {
    if (family == TABLE_FAMILY_IPV6 && own == TABLE_FAMILY_IPV4) {
        map_to_ipv6(bytes);
        return true;
    }
    return family == own;
}

static const uint8_t *loopback(enum table_family family) {
    return family == TABLE_FAMILY_IPV4 ? loopback4 : family == TABLE_FAMILY_IPV6 ? loopback6 : any;
}

static const char *set_ends(struct arena *arena, const struct question *question,
                            const struct question_address *target, struct arrival *arrival) {
    enum table_family family = (enum table_family)arrival->listener->family;
    uint8_t remote[16];
    uint8_t local[16];
    struct question_address from = question->from;
    memcpy(remote, from.is_given ? from.bytes : loopback(family), sizeof remote);
    if (from.is_given && !adapt(family, from.family, remote)) {
        return "such a client cannot reach that listener: their addresses are of different "
               "families";
    }
    uint32_t port = from.is_given && from.port != 0 ? from.port : REMOTE_PORT;
    set_end(arena, &arrival->remote, family, remote, port);
    memcpy(local, loopback(family), sizeof local);
    if (!target->is_any && target->family != TABLE_FAMILY_UNIX) {
        memcpy(local, target->bytes, sizeof local);
        (void)adapt(family, target->family, local);
    } else if (arrival->endpoint->is_wildcard == 0) {
        memcpy(local, arrival->endpoint->address.bytes, sizeof local);
    }
    set_end(arena, &arrival->local, family, local, arrival->listener->port);
    if (question->is_tls && arrival->endpoint->ssl == 0) {
        return "that listener does not speak TLS: ask with http://";
    }
    return NULL;
}

const char *arrival_find(struct arena *arena, const struct table *table,
                         const struct question *question, struct arrival *arrival) {
    struct choice choice = {.arrival = arrival, .fit = FIT_NONE};
    struct question_address target = find_target(question);
    *arrival = (struct arrival){0};
    judge_all(&choice, table, question, &target, consider);
    bool is_ambiguous = choice.fit == FIT_OTHER && choice.equals > 0;
    if (choice.fit == FIT_NONE || is_ambiguous) {
        return complain(arena, table, question, &target, is_ambiguous);
    }
    if (target.is_any) {
        judge_all(&choice, table, question, &target, count_other);
    }
    arrival->others = choice.others;
    return set_ends(arena, question, &target, arrival);
}
