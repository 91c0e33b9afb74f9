/* Tests of access.c: networks of every width, clients of every family, and the order of rules. */
#include "decision.h"
#include "engine/decide.h"

#include <arpa/inet.h>

/* A binary address; "" is what a unix socket has. */
static struct slice binary(const char *text) {
    static char bytes[16];
    if (text[0] == '\0') {
        return (struct slice){bytes, 0};
    }
    bool is_ipv6 = strchr(text, ':') != NULL;
    if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, bytes) != 1) {
        exit(1);
    }
    return (struct slice){bytes, is_ipv6 ? 16 : 4};
}

static bool matches(const char *client, const char *network, uint32_t prefix) {
    struct table_bytes16 address = {0};
    enum table_client_match match = TABLE_CLIENT_IPV4;
    if (strcmp(network, "all") == 0) {
        match = TABLE_CLIENT_ALL;
    } else if (strcmp(network, "unix:") == 0) {
        match = TABLE_CLIENT_UNIX;
    } else {
        match = strchr(network, ':') != NULL ? TABLE_CLIENT_IPV6 : TABLE_CLIENT_IPV4;
        struct slice bytes = binary(network);
        memcpy(address.bytes, bytes.data, bytes.size);
    }
    return engine_address_matches(binary(client), match, &address, prefix);
}

static void tells_families_apart(void) {
    static const char *const clients[] = {"192.0.2.1", "2001:db8::1", ""};
    static const char *const networks[] = {"0.0.0.0", "::", "unix:"};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            CU_ASSERT_EQUAL(matches(clients[i], networks[j], 0), i == j);
        }
        CU_ASSERT_TRUE(matches(clients[i], "all", 0));
    }
}

/* An IPv4 client of a socket for both families; an IPv6 network never has it, not even ::/0. */
static void takes_mapped_clients_for_ipv4(void) {
    CU_ASSERT_TRUE(matches("::ffff:192.0.2.1", "192.0.2.1", 32));
    CU_ASSERT_FALSE(matches("::ffff:192.0.2.1", "192.0.2.2", 32));
    CU_ASSERT_TRUE(matches("::ffff:192.0.2.1", "192.0.2.0", 24));
    CU_ASSERT_FALSE(matches("::ffff:192.0.2.1", "::", 0));
    CU_ASSERT_FALSE(matches("::192.0.2.1", "192.0.2.1", 32)); /* not mapped, but compatible */
    CU_ASSERT_TRUE(matches("::192.0.2.1", "::", 96));
    CU_ASSERT_FALSE(matches("::fffe:192.0.2.1", "192.0.2.1", 32));
}

/* A client that differs from the network in bit `bit` only is in it if that bit does not count. */
static void compares_as_many_bits_as_the_prefix_has(void) {
    for (uint32_t width = 32; width <= 128; width += 96) {
        for (uint32_t prefix = 0; prefix <= width; prefix++) {
            for (uint32_t bit = 0; bit < width; bit++) {
                struct table_bytes16 network;
                memset(network.bytes, 0xa5, sizeof network.bytes);
                char client[16];
                memcpy(client, network.bytes, sizeof client);
                client[bit / 8] = (char)(client[bit / 8] ^ (0x80 >> bit % 8));
                struct slice address = {client, width / 8};
                enum table_client_match match = width == 32 ? TABLE_CLIENT_IPV4 : TABLE_CLIENT_IPV6;
                CU_ASSERT_EQUAL(engine_address_matches(address, match, &network, prefix),
                                bit >= prefix);
            }
        }
    }
}

/* --- rules --- */

static struct decision decision;

/* Whether the rules let a client in; they stand in the location. */
static bool lets_in(const char *rules, const char *client) {
    char text[512];
    snprintf(text, sizeof text, "server { location / { %s proxy_pass http://a; } }", rules);
    decision_open(&decision, text);
    decision_begin(&decision, "GET /");
    decision.request.binary_remote_addr = binary(client);
    bool is_in = strcmp(decision_make(&decision), "proxy GET a /") == 0;
    CU_ASSERT_TRUE(is_in || strcmp(decision.said, "403 page") == 0);
    CU_ASSERT_STRING_EQUAL(decision.notes, is_in ? "" : "access forbidden by rule\n");
    decision_close(&decision);
    return is_in;
}

static void follows_the_first_rule_that_matches(void) {
    static const struct {
        const char *rules;
        const char *client;
        bool is_in;
    } rows[] = {
        {"", "192.0.2.1", true},
        {"deny all;", "192.0.2.1", false},
        {"allow all;", "192.0.2.1", true},
        {"allow all; deny all;", "192.0.2.1", true},
        {"deny all; allow all;", "192.0.2.1", false},
        {"allow 192.0.2.1; deny all;", "192.0.2.1", true},
        {"allow 192.0.2.1; deny all;", "192.0.2.2", false},
        {"deny 192.0.2.1;", "192.0.2.2", true}, /* no rule matches: let in */
        {"deny 192.0.2.1; allow 192.0.2.0/24; deny all;", "192.0.2.1", false},
        {"deny 192.0.2.1; allow 192.0.2.0/24; deny all;", "192.0.2.7", true},
        {"deny 192.0.2.1; allow 192.0.2.0/24; deny all;", "198.51.100.1", false},
        {"allow 2001:db8::/32; deny all;", "2001:db8:ffff::1", true},
        {"allow 2001:db8::/32; deny all;", "2001:db9::1", false},
        {"allow 2001:db8::/32; deny all;", "192.0.2.1", false},
        {"allow unix:; deny all;", "", true},
        {"allow unix:; deny all;", "192.0.2.1", false},
        {"deny unix:;", "", false},
        {"deny 0.0.0.0/0; deny ::/0;", "", true},
        {"allow 192.0.2.0/24; deny all;", "", false},
        {"allow 192.0.2.1; deny all;", "::ffff:192.0.2.1", true},
        {"allow 192.0.2.77/24; deny all;", "192.0.2.1", true}, /* bits behind the prefix: none */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_right = lets_in(rows[i].rules, rows[i].client) == rows[i].is_in;
        if (!is_right) {
            printf("\n    %s: %s\n", rows[i].rules, rows[i].client);
        }
        CU_ASSERT_TRUE(is_right);
    }
}

/* nginx asks the rules for IPv6 about a mapped client when there are none for IPv4. */
static void asks_ipv6_rules_about_mapped_clients_when_there_are_no_others(void) {
    CU_ASSERT_FALSE(lets_in("deny ::/0;", "::ffff:192.0.2.1"));
    CU_ASSERT_FALSE(lets_in("deny ::/0;", "2001:db8::1"));
    CU_ASSERT_TRUE(lets_in("deny ::/0;", "192.0.2.1"));
    CU_ASSERT_TRUE(lets_in("deny ::/0; allow 192.0.2.0/24;", "::ffff:192.0.2.1"));
    CU_ASSERT_TRUE(lets_in("deny 198.51.100.1; deny ::/0;", "::ffff:192.0.2.1"));
    CU_ASSERT_TRUE(lets_in("allow ::ffff:192.0.2.1; deny ::/0;", "::ffff:192.0.2.1"));
    CU_ASSERT_FALSE(lets_in("allow ::ffff:192.0.2.1; deny ::/0;", "::ffff:192.0.2.2"));
    CU_ASSERT_FALSE(lets_in("allow ::ffff:192.0.2.1; deny all;", "::ffff:192.0.2.1"));
}

/* With one kind of access control `any` has nothing to add; nginx says why all the same. */
static void satisfies_any_as_all(void) {
    CU_ASSERT_FALSE(lets_in("satisfy any; deny all;", "192.0.2.1"));
    CU_ASSERT_TRUE(lets_in("satisfy any; allow 192.0.2.1; deny all;", "192.0.2.1"));
    CU_ASSERT_TRUE(lets_in("satisfy any; deny 198.51.100.1;", "192.0.2.1"));
}

/* One rule of its own, and a block has none of those around. */
static void inherits_rules_as_a_list(void) {
    static const struct decision_row rows[] = {
        {"GET /outer", "403 page"},
        {"GET /own", "proxy GET a /own"},
        {"GET /own/inner", "proxy GET a /own/inner"},
        {"GET /outer/inner", "proxy GET a /outer/inner"},
        {"GET /if?a=1", "403 page"},
        {"GET /missing", "403 page"},
    };
    DECIDES_ALL("deny all; server { location /outer { proxy_pass http://a;"
                "  location /outer/inner { allow all; proxy_pass http://a; } }"
                " location /own { deny 198.51.100.1; proxy_pass http://a;"
                "  location /own/inner { proxy_pass http://a; } }"
                " location /if { if ($arg_a) { set $x y; } proxy_pass http://a; } }",
                rows);
}

/* An internal redirect is judged where it leads. */
static void judges_every_location_on_the_way(void) {
    static const struct decision_row rows[] = {
        {"GET /to-denied", "403 page"},
        {"GET /from-denied", "403 open"},
        {"GET /named-denied", "403 page"},
    };
    DECIDES_ALL("server { location /to-denied { error_page 404 /denied; try_files /none =404;"
                "  proxy_pass http://a; }"
                " location /from-denied { error_page 403 /open; deny all; proxy_pass http://a; }"
                " location /named-denied { error_page 404 @denied; try_files /none =404;"
                "  proxy_pass http://a; }"
                " location @denied { deny all; proxy_pass http://a; }"
                " location /denied { deny all; proxy_pass http://a; }"
                " location /open { return 200 open; } }",
                rows);
}

UNIT_TESTS("engine/access", {"tells families apart", tells_families_apart},
           {"takes mapped clients for IPv4", takes_mapped_clients_for_ipv4},
           {"compares as many bits as the prefix has", compares_as_many_bits_as_the_prefix_has},
           {"follows the first rule that matches", follows_the_first_rule_that_matches},
           {"asks IPv6 rules about mapped clients when there are no others",
            asks_ipv6_rules_about_mapped_clients_when_there_are_no_others},
           {"satisfies any as all", satisfies_any_as_all},
           {"inherits rules as a list", inherits_rules_as_a_list},
           {"judges every location on the way", judges_every_location_on_the_way})
