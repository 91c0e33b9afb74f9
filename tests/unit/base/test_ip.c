/* IP addresses as text; each ends at an unmapped page. */
#include "base/ip.h"

#include "guard.h"
#include "unit.h"

#include <string.h>

static bool parse(const char *text, size_t size, uint8_t bytes[IP_V6_SIZE]) {
    struct guard guard = guard_copy(text, strlen(text));
    struct slice slice = {guard.data, guard.size};
    bool is_valid = size == IP_V4_SIZE ? ip_parse_v4(slice, bytes) : ip_parse_v6(slice, bytes);
    guard_release(&guard);
    return is_valid;
}

static void expect_v4(const char *text, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    const uint8_t expected[IP_V4_SIZE] = {a, b, c, d};
    uint8_t bytes[IP_V6_SIZE];
    CU_ASSERT_TRUE(parse(text, IP_V4_SIZE, bytes));
    CU_ASSERT_EQUAL(memcmp(bytes, expected, sizeof expected), 0);
}

static void parses_ipv4(void) {
    static const char *const wrong[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.",
        ".1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1..2.3",
        "1.2.3.256",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "0x1.2.3.4",
        "1.2.3.4/8",
        "1.2.3.4a",
        "4294967296",
        "99999999999999999999.1.1.1",
        "::1",
    };
    uint8_t bytes[IP_V6_SIZE];
    expect_v4("0.0.0.0", 0, 0, 0, 0);
    expect_v4("1.2.3.4", 1, 2, 3, 4);
    expect_v4("255.255.255.255", 255, 255, 255, 255);
    expect_v4("010.008.0.0001", 10, 8, 0, 1); /* decimal, as in nginx */
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CU_ASSERT_FALSE(parse(wrong[i], IP_V4_SIZE, bytes));
    }
}

static void parses_ipv6(void) {
    static const char *const wrong[] = {"",
                                        ":",
                                        ":::",
                                        "1::2::3",
                                        "1:2:3:4:5:6:7",
                                        "g::",
                                        "12345::",
                                        "[::1]",
                                        "::1%lo",
                                        "1.2.3.4",
                                        "::1 ",
                                        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    const uint8_t loopback[IP_V6_SIZE] = {[15] = 1};
    const uint8_t documentation[IP_V6_SIZE] = {0x20, 1, 0xd, 0xb8, [12] = 192, 0, 2, 1};
    uint8_t bytes[IP_V6_SIZE];
    CU_ASSERT_TRUE(parse("::1", IP_V6_SIZE, bytes));
    CU_ASSERT_EQUAL(memcmp(bytes, loopback, sizeof bytes), 0);
    CU_ASSERT_TRUE(parse("2001:DB8::192.0.2.1", IP_V6_SIZE, bytes));
    CU_ASSERT_EQUAL(memcmp(bytes, documentation, sizeof bytes), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CU_ASSERT_FALSE(parse(wrong[i], IP_V6_SIZE, bytes));
    }
    CU_ASSERT_FALSE(ip_parse_v6(SLICE("::1\0"), bytes));
}

static void parses_endpoints(void) {
    static const struct {
        const char *text;
        size_t size;
        uint32_t port;
    } rows[] = {
        {"192.0.2.1", 4, 0},
        {"192.0.2.1:80", 4, 80},
        {"::1", 16, 0},
        {"[::1]:65535", 16, 65535},
        {"1:2:3:4:5:6:7:8", 16, 0},
        {"[::1]", 0, 0},
        {"[::1]80", 0, 0},
        {"[::1]:", 0, 0},
        {"192.0.2.1:", 0, 0},
        {"192.0.2.1:0", 0, 0},
        {"192.0.2.1:65536", 0, 0},
        {":80", 0, 0},
        {"[192.0.2.1]:80", 4, 80},
        {"[::1:80", 0, 0},
        {"", 0, 0},
        {"[", 0, 0},
        {"name:80", 0, 0},
        {"192.0.2.1:8 ", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[IP_V6_SIZE];
        uint32_t port;
        size_t size = ip_parse_endpoint(slice_from_string(rows[i].text), bytes, &port);
        CU_ASSERT_EQUAL(size, rows[i].size);
        CU_ASSERT_TRUE(size == 0 || port == rows[i].port);
        CU_ASSERT_TRUE(size != IP_V4_SIZE || bytes[0] == 192);
    }
}

UNIT_TESTS("base/ip", {"parses endpoints", parses_endpoints}, {"parses IPv4", parses_ipv4},
           {"parses IPv6", parses_ipv6})
