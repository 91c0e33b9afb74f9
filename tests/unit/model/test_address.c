/* Addresses of listen, upstream servers and URLs. */
#include "model/address.h"

#include "../guard.h"
#include "unit.h"

#include <stdio.h>

/* The parts as one line: family, host, port (to last port), uri, flags; or what is wrong. */
static const char *parsed(const char *text, enum address_use use) {
    static char line[256];
    static const char *const families[] = {"ipv4", "ipv6", "unix", "name"};
    struct guard guard = guard_copy(text, strlen(text));
    struct address_parts parts;
    const char *problem = address_parse((struct slice){guard.data, guard.size}, use, 80, &parts);
    if (problem != NULL) {
        snprintf(line, sizeof line, "%s", problem);
    } else {
        snprintf(line, sizeof line, "%s %.*s %u-%u%s%s%.*s%s", families[parts.family],
                 SLICE_ARGS(parts.host), parts.port, parts.last_port,
                 parts.has_port ? " given" : "", parts.uri.size > 0 ? " " : "",
                 SLICE_ARGS(parts.uri), parts.is_wildcard ? " wildcard" : "");
    }
    guard_release(&guard);
    return line;
}

static void parses_what_to_connect_to(void) {
    CU_ASSERT_STRING_EQUAL(parsed("10.0.0.1", ADDRESS_TO_CONNECT), "ipv4 10.0.0.1 80-80");
    CU_ASSERT_STRING_EQUAL(parsed("10.0.0.1:81", ADDRESS_TO_CONNECT), "ipv4 10.0.0.1 81-81 given");
    CU_ASSERT_STRING_EQUAL(parsed("app.example:81", ADDRESS_TO_CONNECT),
                           "name app.example 81-81 given");
    CU_ASSERT_STRING_EQUAL(parsed("[2001:db8::1]", ADDRESS_TO_CONNECT), "ipv6 [2001:db8::1] 80-80");
    CU_ASSERT_STRING_EQUAL(parsed("[2001:db8::1]:81", ADDRESS_TO_CONNECT),
                           "ipv6 [2001:db8::1] 81-81 given");
    CU_ASSERT_STRING_EQUAL(parsed("unix:/run/a.sock", ADDRESS_TO_CONNECT), "unix /run/a.sock 0-0");
    CU_ASSERT_STRING_EQUAL(parsed("8080", ADDRESS_TO_CONNECT), "name 8080 80-80");
    CU_ASSERT_STRING_EQUAL(parsed("localhost", ADDRESS_TO_CONNECT), "name localhost 80-80");
}

static void parses_urls(void) {
    CU_ASSERT_STRING_EQUAL(parsed("a/b:c", ADDRESS_IN_URL), "name a 80-80 /b:c");
    CU_ASSERT_STRING_EQUAL(parsed("a:81/b", ADDRESS_IN_URL), "name a 81-81 given /b");
    CU_ASSERT_STRING_EQUAL(parsed("a?b=/c", ADDRESS_IN_URL), "name a 80-80 ?b=/c");
    CU_ASSERT_STRING_EQUAL(parsed("[::1]:81/b", ADDRESS_IN_URL), "ipv6 [::1] 81-81 given /b");
    CU_ASSERT_STRING_EQUAL(parsed("unix:/run/a:/b", ADDRESS_IN_URL), "unix /run/a 0-0 /b");
}

static void parses_what_to_listen_on(void) {
    CU_ASSERT_STRING_EQUAL(parsed("8080", ADDRESS_TO_LISTEN), "ipv4  8080-8080 given wildcard");
    CU_ASSERT_STRING_EQUAL(parsed("8080-8082", ADDRESS_TO_LISTEN),
                           "ipv4  8080-8082 given wildcard");
    CU_ASSERT_STRING_EQUAL(parsed("*:81", ADDRESS_TO_LISTEN), "ipv4 * 81-81 given wildcard");
    CU_ASSERT_STRING_EQUAL(parsed("0.0.0.0", ADDRESS_TO_LISTEN), "ipv4 0.0.0.0 80-80 wildcard");
    CU_ASSERT_STRING_EQUAL(parsed("127.0.0.1:81-83", ADDRESS_TO_LISTEN),
                           "ipv4 127.0.0.1 81-83 given");
    CU_ASSERT_STRING_EQUAL(parsed("[::]:81", ADDRESS_TO_LISTEN), "ipv6 [::] 81-81 given wildcard");
    CU_ASSERT_STRING_EQUAL(parsed("localhost:81", ADDRESS_TO_LISTEN), "ipv4 localhost 81-81 given");
}

static void says_what_is_wrong(void) {
    CU_ASSERT_STRING_EQUAL(parsed("", ADDRESS_TO_CONNECT), "no host");
    CU_ASSERT_STRING_EQUAL(parsed(":80", ADDRESS_TO_CONNECT), "no host");
    CU_ASSERT_STRING_EQUAL(parsed("a:", ADDRESS_TO_CONNECT), "invalid port");
    CU_ASSERT_STRING_EQUAL(parsed("a:0", ADDRESS_TO_CONNECT), "invalid port");
    CU_ASSERT_STRING_EQUAL(parsed("a:65536", ADDRESS_TO_CONNECT), "invalid port");
    CU_ASSERT_STRING_EQUAL(parsed("a:80x", ADDRESS_TO_CONNECT), "invalid port");
    CU_ASSERT_STRING_EQUAL(parsed("a:81-82", ADDRESS_TO_CONNECT), "invalid port");
    CU_ASSERT_STRING_EQUAL(parsed("82-81", ADDRESS_TO_LISTEN), "invalid port");
    CU_ASSERT_STRING_EQUAL(parsed("a/b", ADDRESS_TO_CONNECT), "invalid host");
    CU_ASSERT_STRING_EQUAL(parsed("[::1", ADDRESS_TO_CONNECT),
                           "the closing ']' of the IPv6 address is missing");
    CU_ASSERT_STRING_EQUAL(parsed("[::1]x", ADDRESS_TO_CONNECT), "invalid host");
    CU_ASSERT_STRING_EQUAL(parsed("[::x]", ADDRESS_TO_CONNECT), "invalid IPv6 address");
    CU_ASSERT_STRING_EQUAL(parsed("[]", ADDRESS_TO_CONNECT), "invalid IPv6 address");
    CU_ASSERT_STRING_EQUAL(parsed("unix:", ADDRESS_TO_CONNECT),
                           "no path in the unix domain socket");
    char path[200] = "unix:";
    memset(path + 5, 'x', sizeof path - 6);
    CU_ASSERT_STRING_EQUAL(parsed(path, ADDRESS_TO_CONNECT),
                           "too long path in the unix domain socket");
}

static void gives_the_bytes_of_literals(void) {
    struct address_parts parts;
    const uint8_t ipv4[4] = {192, 0, 2, 7};
    CU_ASSERT_PTR_NULL(address_parse(SLICE("192.0.2.7"), ADDRESS_TO_CONNECT, 80, &parts));
    CU_ASSERT_EQUAL(memcmp(parts.bytes, ipv4, sizeof ipv4), 0);
    const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    CU_ASSERT_PTR_NULL(address_parse(SLICE("[2001:db8::1]"), ADDRESS_TO_CONNECT, 80, &parts));
    CU_ASSERT_EQUAL(memcmp(parts.bytes, ipv6, sizeof ipv6), 0);
}

UNIT_TESTS("model/address", {"parses what to connect to", parses_what_to_connect_to},
           {"parses URLs", parses_urls}, {"parses what to listen on", parses_what_to_listen_on},
           {"says what is wrong", says_what_is_wrong},
           {"gives the bytes of literals", gives_the_bytes_of_literals})
