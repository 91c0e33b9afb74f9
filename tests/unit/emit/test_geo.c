/* geo laid flat: where intervals begin, and that neighbours of one value are one. */
#include "compiled.h"

#include <arpa/inet.h>

/* "0.0.0.0=d 10.0.0.0=a ..." of the first geo. */
static const char *show(const char *lines, int family) {
    static char shown[2048];
    char text[1024];
    struct compiled compiled;
    char address[INET6_ADDRSTRLEN];
    size_t used = 0;
    snprintf(text, sizeof text, "geo $a { %s } server { listen 80; }", lines);
    COMPILE_FATAL(&compiled, text);
    const struct table *table = &compiled.table;
    struct table_range range = family == AF_INET ? table->geo[0].ipv4 : table->geo[0].ipv6;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        uint32_t number = family == AF_INET ? htonl(table->geo_ipv4[i].first) : 0;
        const void *first = &number;
        struct table_string value = {0, 0};
        if (family == AF_INET) {
            value = table->geo_ipv4[i].value;
        } else {
            first = table->geo_ipv6[i].first.bytes;
            value = table->geo_ipv6[i].value;
        }
        inet_ntop(family, first, address, sizeof address);
        used += (size_t)snprintf(shown + used, sizeof shown - used, "%s%s=%s", used > 0 ? " " : "",
                                 address, table_chars(table, value));
    }
    compiled_release(&compiled);
    return shown;
}

#define IPV4(lines, result) CU_ASSERT_STRING_EQUAL(show((lines), AF_INET), (result))
#define IPV6(lines, result) CU_ASSERT_STRING_EQUAL(show((lines), AF_INET6), (result))

static void begins_at_the_lowest_address(void) {
    IPV4("", "0.0.0.0=");
    IPV6("", "::=");
    IPV4("default d;", "0.0.0.0=d");
    IPV6("default d;", "::=d");
    IPV4("0.0.0.0/8 a;", "0.0.0.0=a 1.0.0.0=");
    IPV6("::/0 a;", "::=a");
}

static void ends_at_the_highest_address(void) {
    IPV4("255.255.255.255 a;", "0.0.0.0= 255.255.255.255=a");
    IPV4("128.0.0.0/1 a; 255.0.0.0/8 b;", "0.0.0.0= 128.0.0.0=a 255.0.0.0=b");
    IPV6("ffff::/16 a;", "::= ffff::=a");
}

static void goes_back_to_what_is_around(void) {
    IPV4("10.0.0.0/8 a; 10.1.0.0/16 b; 10.1.1.0/24 c;",
         "0.0.0.0= 10.0.0.0=a 10.1.0.0=b 10.1.1.0=c 10.1.2.0=b 10.2.0.0=a 11.0.0.0=");
    IPV4("10.0.0.0/8 a; 10.0.0.0/16 b; 10.0.0.0/24 c;",
         "0.0.0.0= 10.0.0.0=c 10.0.1.0=b 10.1.0.0=a 11.0.0.0=");
    IPV4("10.0.0.0/8 a; 10.255.0.0/16 b; 10.255.255.0/24 c;",
         "0.0.0.0= 10.0.0.0=a 10.255.0.0=b 10.255.255.0=c 11.0.0.0=");
    IPV6("2001:db8::/32 a; 2001:db8:ffff:ffff::/64 b;",
         "::= 2001:db8::=a 2001:db8:ffff:ffff::=b 2001:db9::=");
}

static void joins_neighbours_of_one_value(void) {
    IPV4("10.0.0.0/24 a; 10.0.1.0/24 a; 10.0.2.0/24 b;",
         "0.0.0.0= 10.0.0.0=a 10.0.2.0=b 10.0.3.0=");
    IPV4("default a; 10.0.0.0/8 a;", "0.0.0.0=a");
    IPV4("10.0.0.0/8 a; 10.0.0.0/16 b; 10.0.0.0/24 a; 10.0.1.0/24 a;",
         "0.0.0.0= 10.0.0.0=a 10.0.2.0=b 10.1.0.0=a 11.0.0.0=");
    IPV4("ranges; 10.0.0.0-10.3.0.0 a;", "0.0.0.0= 10.0.0.0=a 10.3.0.1=");
}

static void lays_ranges_flat(void) {
    IPV4("ranges; default d; 10.0.0.1-10.0.0.9 a; 10.0.0.3-10.0.0.4 b;",
         "0.0.0.0=d 10.0.0.1=a 10.0.0.3=b 10.0.0.5=a 10.0.0.10=d");
    IPV4("ranges; default d; 0.0.0.0-255.255.255.254 a;", "0.0.0.0=a 255.255.255.255=d");
    IPV4("ranges;", "0.0.0.0=");
    IPV6("ranges; default d; 10.0.0.1-10.0.0.9 a;", "::=d");
}

/* As deep as prefixes can be in each other. */
static void nests_every_prefix(void) {
    char lines[1024] = "";
    size_t used = 0;
    for (int prefix = 0; prefix <= 32; prefix++) {
        used +=
            (size_t)snprintf(lines + used, sizeof lines - used, "0.0.0.0/%d %d; ", prefix, prefix);
    }
    CU_ASSERT_TRUE(strncmp(show(lines, AF_INET), "0.0.0.0=32 0.0.0.1=31 0.0.0.2=30 ", 33) == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(show(lines, AF_INET), " 64.0.0.0=1 128.0.0.0=0"));
    static char deeper[129 * 16];
    used = 0;
    for (int prefix = 0; prefix <= 128; prefix++) {
        used += (size_t)snprintf(deeper + used, sizeof deeper - used, "::/%d %d; ", prefix, prefix);
    }
    struct compiled compiled;
    static char text[sizeof deeper + 64];
    snprintf(text, sizeof text, "geo $a { %s } server { listen 80; }", deeper);
    COMPILE_FATAL(&compiled, text);
    CU_ASSERT_EQUAL(compiled.table.geo_ipv6_count, 129);
    compiled_release(&compiled);
}

static void keeps_proxies(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "geo $arg_x $a { proxy 10.0.0.0/8; proxy ::1; proxy_recursive; }"
                             "geo $b { } server { listen 80; }");
    const struct table *table = &compiled.table;
    CU_ASSERT_NOT_EQUAL(table->geo[0].subject, TABLE_NONE);
    CU_ASSERT_EQUAL(table->geo[1].subject, TABLE_NONE);
    CU_ASSERT_EQUAL(table->geo[0].proxy_recursive, 1);
    CU_ASSERT_EQUAL_FATAL(table->geo[0].proxies.count, 2);
    CU_ASSERT_EQUAL(table->geo_proxy[0].prefix, 8);
    CU_ASSERT_EQUAL(table->geo_proxy[0].address.bytes[0], 10);
    CU_ASSERT_EQUAL(table->geo_proxy[1].match, TABLE_CLIENT_IPV6);
    CU_ASSERT_EQUAL(table->geo[1].proxies.count, 0);
    compiled_release(&compiled);
}

UNIT_TESTS("emit/geo", {"begins at the lowest address", begins_at_the_lowest_address},
           {"ends at the highest address", ends_at_the_highest_address},
           {"goes back to what is around", goes_back_to_what_is_around},
           {"joins neighbours of one value", joins_neighbours_of_one_value},
           {"lays ranges flat", lays_ranges_flat}, {"nests every prefix", nests_every_prefix},
           {"keeps proxies", keeps_proxies})
