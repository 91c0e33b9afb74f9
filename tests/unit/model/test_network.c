/* Networks, with the results of nginx's ngx_ptocidr. */
#include "model/network.h"

#include "site.h"

static struct client_network network;

static enum network_problem parse(const char *text) {
    memset(&network, 0xff, sizeof network);
    return network_parse(slice_from_string(text), &network);
}

static bool is_network(enum table_client_match match, uint32_t prefix, const char *hex) {
    char shown[33] = "";
    for (size_t i = 0; i < 16; i++) {
        snprintf(shown + 2 * i, 3, "%02x", network.bytes[i]);
    }
    bool is_right = network.match == match && network.prefix == prefix && strcmp(shown, hex) == 0;
    if (!is_right) {
        printf("\n    got %d /%u %s\n", (int)network.match, network.prefix, shown);
    }
    return is_right;
}

static void reads_addresses(void) {
    CU_ASSERT_EQUAL(parse("192.0.2.1"), NETWORK_FINE);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV4, 32, "c0000201000000000000000000000000"));
    CU_ASSERT_EQUAL(parse("255.255.255.255"), NETWORK_FINE);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV4, 32, "ffffffff000000000000000000000000"));
    CU_ASSERT_EQUAL(parse("2001:db8::1"), NETWORK_FINE);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV6, 128, "20010db8000000000000000000000001"));
    CU_ASSERT_EQUAL(parse("::"), NETWORK_FINE);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV6, 128, "00000000000000000000000000000000"));
    CU_ASSERT_EQUAL(parse("::ffff:192.0.2.1"), NETWORK_FINE);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV6, 128, "00000000000000000000ffffc0000201"));
}

static void reads_networks(void) {
    static const struct {
        const char *text;
        enum table_client_match match;
        uint32_t prefix;
        const char *hex;
    } rows[] = {
        {"192.0.2.0/24", TABLE_CLIENT_IPV4, 24, "c0000200000000000000000000000000"},
        {"0.0.0.0/0", TABLE_CLIENT_IPV4, 0, "00000000000000000000000000000000"},
        {"192.0.2.1/32", TABLE_CLIENT_IPV4, 32, "c0000201000000000000000000000000"},
        {"128.0.0.0/1", TABLE_CLIENT_IPV4, 1, "80000000000000000000000000000000"},
        {"192.0.2.254/31", TABLE_CLIENT_IPV4, 31, "c00002fe000000000000000000000000"},
        {"10.0.0.0/08", TABLE_CLIENT_IPV4, 8, "0a000000000000000000000000000000"},
        {"::/0", TABLE_CLIENT_IPV6, 0, "00000000000000000000000000000000"},
        {"2001:db8::/32", TABLE_CLIENT_IPV6, 32, "20010db8000000000000000000000000"},
        {"2001:db8::1/128", TABLE_CLIENT_IPV6, 128, "20010db8000000000000000000000001"},
        {"8000::/1", TABLE_CLIENT_IPV6, 1, "80000000000000000000000000000000"},
        {"::ffff:0:0/96", TABLE_CLIENT_IPV6, 96, "00000000000000000000ffff00000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(parse(rows[i].text), NETWORK_FINE);
        CU_ASSERT_TRUE(is_network(rows[i].match, rows[i].prefix, rows[i].hex));
    }
}

/* nginx warns and goes on without them. */
static void clears_bits_behind_the_prefix(void) {
    CU_ASSERT_EQUAL(parse("192.0.2.255/24"), NETWORK_HAS_HOST_BITS);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV4, 24, "c0000200000000000000000000000000"));
    CU_ASSERT_EQUAL(parse("255.255.255.255/0"), NETWORK_HAS_HOST_BITS);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV4, 0, "00000000000000000000000000000000"));
    CU_ASSERT_EQUAL(parse("255.255.255.255/9"), NETWORK_HAS_HOST_BITS);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV4, 9, "ff800000000000000000000000000000"));
    CU_ASSERT_EQUAL(parse("2001:db8::1/32"), NETWORK_HAS_HOST_BITS);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV6, 32, "20010db8000000000000000000000000"));
    CU_ASSERT_EQUAL(parse("ffff::/1"), NETWORK_HAS_HOST_BITS);
    CU_ASSERT_TRUE(is_network(TABLE_CLIENT_IPV6, 1, "80000000000000000000000000000000"));
}

static void knows_what_is_none(void) {
    static const char *const texts[] = {"",
                                        "/",
                                        "/24",
                                        "192.0.2",
                                        "192.0.2.1.1",
                                        "256.0.2.1",
                                        "192.0.2.1/",
                                        "192.0.2.1/33",
                                        "192.0.2.1/-1",
                                        "192.0.2.1/a",
                                        "192.0.2.1/24/8",
                                        "192.0.2.1/255.255.255.0",
                                        "192.0.2.1 ",
                                        " 192.0.2.1",
                                        "192.0.2.1/ 8",
                                        "192.0.2.1/+8",
                                        "[::1]",
                                        "::1/129",
                                        "::1/",
                                        "fe80::1%lo",
                                        "localhost",
                                        "2001:db8",
                                        ":::",
                                        "192.0.2.1/4294967304",
                                        "0x7f.0.0.1",
                                        "1:2:3:4:5:6:7:8:9",
                                        "192.0.2.1/18446744073709551616"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_EQUAL(parse(texts[i]), NETWORK_INVALID);
    }
    CU_ASSERT_EQUAL(network_parse((struct slice){"192.0.2.1\0", 10}, &network), NETWORK_INVALID);
    CU_ASSERT_EQUAL(network_parse((struct slice){"::1\0/64", 7}, &network), NETWORK_INVALID);
}

static void says_what_is_wrong(void) {
    CU_ASSERT_TRUE(site_says("server { allow 192.0.2.1/33; }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_ADDRESS, "192.0.2.1/33", "192.0.2.0/24"));
    CU_ASSERT_TRUE(site_says("server { allow 192.0.2.1/24; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_ADDRESS, "192.0.2.1/24", "192.0.2.0/24"));
    CU_ASSERT_TRUE(site_says("server { allow 2001:db8::1/32; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_ADDRESS, "2001:db8::1/32", "2001:db8::/32"));
    CU_ASSERT_TRUE(site_is_clean("server { allow 192.0.2.0/24; deny 2001:db8::/32; }"));
}

UNIT_TESTS("model/network", {"reads addresses", reads_addresses},
           {"reads networks", reads_networks},
           {"clears bits behind the prefix", clears_bits_behind_the_prefix},
           {"knows what is none", knows_what_is_none}, {"says what is wrong", says_what_is_wrong})
