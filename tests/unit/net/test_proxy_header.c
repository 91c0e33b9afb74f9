/* Headers of the PROXY protocol: what each kind says, what is broken, and that all of it is known
 * from any beginning. Inputs end at an unmapped page. */
#include "guard.h"
#include "unit.h"

#include "net/proxy_header.h"

#include <stdio.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(literal) ((struct slice){literal, sizeof literal - 1})

static struct proxy_header header;

/* What the values lie in must outlive the call, so the guard is the caller's. */
static enum proxy_header_result read_guarded(struct guard *guard, struct slice bytes,
                                             size_t *size) {
    *guard = guard_copy(bytes.data, bytes.size);
    return proxy_header_read((struct slice){guard->data, guard->size}, &header, size);
}

/* Every beginning of a sound header may become one; what follows is left alone. */
static bool is_read(struct slice bytes) {
    struct guard guard;
    size_t size = 0;
    for (size_t part = 0; part < bytes.size; part++) {
        bool may_become = read_guarded(&guard, slice_take(bytes, part), &size) == PROXY_HEADER_MORE;
        guard_release(&guard);
        if (!may_become) {
            printf("no beginning of a header after %zu bytes\n", part);
            return false;
        }
    }
    char longer[PROXY_HEADER_LIMIT + 16];
    memcpy(longer, bytes.data, bytes.size);
    memset(longer + bytes.size, '\n', 16);
    bool is_done =
        read_guarded(&guard, (struct slice){longer, bytes.size + 16}, &size) == PROXY_HEADER_DONE &&
        size == bytes.size;
    guard_release(&guard);
    return is_done;
}

static bool tells(const char *source, uint32_t port, const char *destination, uint32_t to_port) {
    return header.has_ends && strcmp(header.source.text, source) == 0 &&
           header.source.port == port && strcmp(header.destination.text, destination) == 0 &&
           header.destination.port == to_port;
}

static void reads_lines(void) {
    CU_ASSERT_TRUE(is_read(BYTES("PROXY TCP4 192.0.2.7 198.51.100.9 4321 443\r\n")));
    CU_ASSERT_TRUE(tells("192.0.2.7", 4321, "198.51.100.9", 443));
    CU_ASSERT_EQUAL(header.tlvs.size, 0);
    CU_ASSERT_TRUE(is_read(BYTES("PROXY TCP6 2001:DB8::7 ::1 0 65535\r\n")));
    CU_ASSERT_TRUE(tells("2001:DB8::7", 0, "::1", 65535));
    CU_ASSERT_TRUE(is_read(BYTES("PROXY UNKNOWN\r\n")));
    CU_ASSERT_FALSE(header.has_ends);
    CU_ASSERT_TRUE(is_read(BYTES("PROXY UNKNOWN and whatever\r\n")));
    CU_ASSERT_FALSE(header.has_ends);
    /* The longest that there may be. */
    CU_ASSERT_TRUE(is_read(BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n")));
}

static void refuses_lines(void) {
    static const char *const broken[] = {
        "GET / HTTP/1.1\r\n",
        "PROXX",
        "proxy TCP4 192.0.2.7 198.51.100.9 4321 443\r\n",
        "PROXY  TCP4 192.0.2.7 198.51.100.9 4321 443\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.9 4321 443\r\n",
        "PROXY TCP5 192.0.2.7 198.51.100.9 4321 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.9 4321\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.9\r\n",
        "PROXY TCP4\r\n",
        "PROXY \r\n",
        "PROXY \n",
        "PROXY TCP4 192.0.2.7 198.51.100.9 4321 443 1\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.9 4321 443\n",
        "PROXY UNKNOWN\n",
        "PROXY TCP4 192.0.2.7 198.51.100.9 65536 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.9 -1 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.9 4321 x\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.9 4321 \r\n",
        "PROXY TCP4 192.0.2 198.51.100.9 4321 443\r\n",
        "PROXY TCP4 ::1 ::1 4321 443\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.9 4321 443\r\n",
        "PROXY TCP6 2001:db8::7 name 4321 443\r\n",
        "PROXY TCP6 0000:0000:0000:0000:0000:0000:0000:000000000001 ::1 1 1\r\n",
        "PROXY UNKNOWN "
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxx",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct guard guard;
        size_t size = 0;
        if (read_guarded(&guard, slice_from_string(broken[i]), &size) != PROXY_HEADER_BROKEN) {
            printf("not broken: %s\n", broken[i]);
            CU_FAIL("taken for a header");
        }
        CU_ASSERT_FALSE(header.has_ends);
        guard_release(&guard);
    }
}

static void reads_version_2(void) {
    CU_ASSERT_TRUE(is_read(BYTES(SIGNATURE "\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x09\x10\xe1"
                                           "\x01\xbb")));
    CU_ASSERT_TRUE(tells("192.0.2.7", 4321, "198.51.100.9", 443));
    CU_ASSERT_TRUE(is_read(BYTES(SIGNATURE "\x21\x21\0\x24"
                                           "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
                                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01\xff\xff")));
    CU_ASSERT_TRUE(tells("2001:db8::7", 1, "::1", 65535));
    static const struct slice silent[] = {
        {SIGNATURE "\x20\0\0\0", 16},       /* the proxy's own */
        {SIGNATURE "\x20\x11\0\x02xx", 18}, /* whatever it says */
        {SIGNATURE "\x2f\x11\0\x02xx", 18}, /* another command */
        {SIGNATURE "\x21\0\0\0", 16},       /* no family */
        {SIGNATURE "\x21\x12\0\x04"
                   "1234",
         20},                                 /* datagrams */
        {SIGNATURE "\x21\x31\0\x04/a/b", 20}, /* a unix socket */
    };
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        CU_ASSERT_TRUE(is_read(silent[i]));
        CU_ASSERT_FALSE(header.has_ends);
        CU_ASSERT_EQUAL(header.tlvs.size, 0);
    }
}

static enum proxy_header_result refuses(struct slice bytes, size_t *size) {
    struct guard guard;
    enum proxy_header_result result = read_guarded(&guard, bytes, size);
    guard_release(&guard);
    return result;
}

static void refuses_version_2(void) {
    size_t size;
    CU_ASSERT_EQUAL(refuses(BYTES("\r\n\r\nG"), &size), PROXY_HEADER_BROKEN);
    CU_ASSERT_EQUAL(refuses(BYTES("\r\n\r\n\0\r\nQUIT\r"), &size), PROXY_HEADER_BROKEN);
    CU_ASSERT_EQUAL(refuses(BYTES(SIGNATURE "\x21\x11\0\x0b"
                                            "0123456789a"),
                            &size),
                    PROXY_HEADER_BROKEN);
    CU_ASSERT_EQUAL(refuses(BYTES(SIGNATURE "\x21\x21\0\x0c"
                                            "0123456789ab"),
                            &size),
                    PROXY_HEADER_BROKEN);
    CU_ASSERT_EQUAL(refuses(BYTES(SIGNATURE "\x31\x11\0\0"), &size), PROXY_HEADER_OTHER_VERSION);
    CU_ASSERT_EQUAL(size, 3);
    /* Whose length alone says so. */
    CU_ASSERT_EQUAL(refuses(BYTES(SIGNATURE "\x21\x11\x0f\xf1"), &size), PROXY_HEADER_TOO_LARGE);
    CU_ASSERT_EQUAL(refuses(BYTES(SIGNATURE "\x21\x11\x0f\xf0"), &size), PROXY_HEADER_MORE);
}

/* --- values --- */

#define SSL_VALUE                                                                                  \
    "\x20\0\x0f\x07\0\0\0\x14\x21\0\x03"                                                           \
    "1.3\x22\0\x01"                                                                                \
    "c"
#define VALUES "\x01\0\x02h2" SSL_VALUE "\xea\0\0\x02\0\x01z\x02\0\x01y"

static bool finds(struct slice tlvs, const char *name, const char *expected) {
    struct guard guard = guard_copy(tlvs.data, tlvs.size);
    char text[PROXY_TLV_TEXT_SIZE];
    struct slice value = {0};
    enum proxy_tlv_result result = proxy_header_find_tlv((struct slice){guard.data, guard.size},
                                                         slice_from_string(name), text, &value);
    bool is_right = expected == NULL ? result == PROXY_TLV_NONE
                                     : result == PROXY_TLV_FOUND &&
                                           slice_equals(value, slice_from_string(expected));
    guard_release(&guard);
    return is_right;
}

static void finds_values(void) {
    struct slice tlvs = BYTES(VALUES);
    CU_ASSERT_TRUE(finds(tlvs, "alpn", "h2"));
    CU_ASSERT_TRUE(finds(tlvs, "ALPN", "h2"));
    CU_ASSERT_TRUE(finds(tlvs, "authority", "z")); /* the first */
    CU_ASSERT_TRUE(finds(tlvs, "0x02", "z"));
    CU_ASSERT_TRUE(finds(tlvs, "0x2", "z"));
    CU_ASSERT_TRUE(finds(tlvs, "0xEa", ""));
    CU_ASSERT_TRUE(finds(tlvs, "unique_id", NULL));
    CU_ASSERT_TRUE(finds(tlvs, "0x", NULL));
    CU_ASSERT_TRUE(finds(tlvs, "0x102", NULL));
    CU_ASSERT_TRUE(finds(tlvs, "0xg1", NULL));
    CU_ASSERT_TRUE(finds(tlvs, "nonsense", NULL));
    CU_ASSERT_TRUE(finds(tlvs, "ssl_version", "1.3"));
    CU_ASSERT_TRUE(finds(tlvs, "ssl_cn", "c"));
    CU_ASSERT_TRUE(finds(tlvs, "ssl_0x22", "c"));
    CU_ASSERT_TRUE(finds(tlvs, "ssl_verify", "20"));
    CU_ASSERT_TRUE(finds(tlvs, "ssl_cipher", NULL));
    CU_ASSERT_TRUE(finds(tlvs, "version", NULL));
    CU_ASSERT_TRUE(finds(BYTES(""), "alpn", NULL));
    CU_ASSERT_TRUE(finds(BYTES(""), "ssl_cn", NULL));
    CU_ASSERT_TRUE(finds(BYTES("\x20\0\x05\0\xff\xff\xff\xff"), "ssl_verify", "4294967295"));
}

static void says_what_is_broken(void) {
    static const struct slice broken[] = {{"\x02", 1},
                                          {"\x02\0", 2},
                                          {"\x05\0\x01", 3},
                                          {"\x05\0\0\x02\0\x01", 6},
                                          {"\x05\xff\xffz", 4}};
    char text[PROXY_TLV_TEXT_SIZE];
    struct slice value;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct guard guard = guard_copy(broken[i].data, broken[i].size);
        CU_ASSERT_EQUAL(proxy_header_find_tlv((struct slice){guard.data, guard.size},
                                              SLICE("authority"), text, &value),
                        PROXY_TLV_BROKEN);
        guard_release(&guard);
    }
    CU_ASSERT_EQUAL(
        proxy_header_find_tlv(BYTES("\x20\0\x04\0\0\0\0"), SLICE("ssl_verify"), text, &value),
        PROXY_TLV_BROKEN);
    CU_ASSERT_EQUAL(
        proxy_header_find_tlv(BYTES("\x20\0\x06\0\0\0\0\0x"), SLICE("ssl_cn"), text, &value),
        PROXY_TLV_BROKEN);
    /* Behind what was found nobody looks. */
    CU_ASSERT_TRUE(finds(BYTES("\x02\0\x01z\x05\xff"), "authority", "z"));
}

UNIT_TESTS("net/proxy_header", {"reads lines", reads_lines}, {"refuses lines", refuses_lines},
           {"reads version 2", reads_version_2}, {"refuses version 2", refuses_version_2},
           {"finds values", finds_values}, {"says what is broken", says_what_is_broken})
