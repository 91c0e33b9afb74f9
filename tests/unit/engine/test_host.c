/* Tests of host.c. Accepted values give what nginx 1.22 has in $host; those that it accepts and
 * this refuses, because RFC 3986 does, are apart. */
#include "guard.h"
#include "table_builder.h"

static bool parse(const char *value, struct arena *arena, struct slice *host) {
    arena_init(arena, 512);
    return engine_parse_host(arena, guard_copy(slice_from_string(value)), host);
}

static void takes_hosts_as_nginx(void) {
    static const struct {
        const char *value, *host;
    } cases[] = {
        {"a", "a"},
        {"Example.COM", "example.com"},
        {"a.", "a"},
        {"a.:80", "a"},
        {"a:80", "a"},
        {"a:", "a"},
        {"a:65535", "a"},
        {".a", ".a"},
        {"a_b~c", "a_b~c"},
        {"*.a", "*.a"},
        {"a,b;c=d", "a,b;c=d"},
        {"a%41b", "a%41b"},
        {"192.0.2.1:8080", "192.0.2.1"},
        {"[::1]", "[::1]"},
        {"[::1]:80", "[::1]"},
        {"[::FFFF:1.2.3.4]", "[::ffff:1.2.3.4]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct slice host;
        CU_ASSERT_FATAL(parse(cases[i].value, &arena, &host));
        CU_ASSERT(text_is(host, cases[i].host));
        arena_release(&arena);
    }
}

static void refuse(const char *const *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct slice host;
        bool accepted = parse(values[i], &arena, &host);
        if (accepted) {
            printf("accepted \"%s\"\n", values[i]);
        }
        CU_ASSERT_FALSE(accepted);
        arena_release(&arena);
    }
}

static void refuses_what_nginx_refuses(void) {
    static const char *const values[] = {"",    ".",   "..",    "a..",    "a..b", ":80",
                                         "::1", "a/b", "/",     "a\001b", "a b",  "a\tb",
                                         " a",  "a ",  "a\x7f", "a:..",   "]"};
    refuse(values, sizeof values / sizeof values[0]);
    struct arena arena;
    struct slice host;
    arena_init(&arena, 512);
    CU_ASSERT_FALSE(engine_parse_host(&arena, (struct slice){"a\0b", 3}, &host));
    CU_ASSERT_FALSE(engine_parse_host(&arena, (struct slice){"[::1\0]", 6}, &host));
    CU_ASSERT_FALSE(engine_parse_host(&arena, (struct slice){NULL, 0}, &host));
    arena_release(&arena);
}

static void refuses_what_rfc_3986_refuses(void) {
    static const char *const values[] = {
        "a@b",
        "a\"b",
        "a<b",
        "a\\b",
        "a?b",
        "a#b",
        "a|b",
        "a{b}",
        "a^b",
        "a`b",
        "a[b",
        "a]b",
        "\xc3\xa9",
        "a%4",
        "a%4g",
        "a%",
        "a:x",
        "a:8x",
        "a:-1",
        "a:80:90",
        "a:65536",
        "[::1",
        "[::1]x",
        "[::1].",
        "[::1]8",
        "[]",
        "[1.2.3.4]",
        "[v1.a]",
        "[fe80::1%25eth0]",
        "[::1]:x",
        "[[::1]]",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"};
    refuse(values, sizeof values / sizeof values[0]);
}

/* No DNS name is longer than 255 bytes. */
static void refuses_hosts_that_no_name_can_be(void) {
    char value[300];
    struct arena arena;
    struct slice host;
    memset(value, 'a', sizeof value);
    arena_init(&arena, 512);
    CU_ASSERT(engine_parse_host(&arena, (struct slice){value, 255}, &host));
    CU_ASSERT_FALSE(engine_parse_host(&arena, (struct slice){value, 256}, &host));
    arena_release(&arena);
}

static void allocates_only_for_upper_case(void) {
    struct arena arena;
    struct slice host;
    struct slice lower = SLICE("www.example.com:443");
    arena_init(&arena, SIZE_MAX); /* has no memory */
    CU_ASSERT(engine_parse_host(&arena, lower, &host));
    CU_ASSERT_PTR_EQUAL(host.data, lower.data);
    CU_ASSERT_FALSE(engine_parse_host(&arena, SLICE("A"), &host));
}

UNIT_TESTS("engine/host", {"takes hosts as nginx", takes_hosts_as_nginx},
           {"refuses what nginx refuses", refuses_what_nginx_refuses},
           {"refuses what RFC 3986 refuses", refuses_what_rfc_3986_refuses},
           {"refuses hosts that no name can be", refuses_hosts_that_no_name_can_be},
           {"allocates only for upper case", allocates_only_for_upper_case})
