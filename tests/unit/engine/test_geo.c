/* geo: whose address is looked up, and what it leads to. */
#include "engine/guard.h"
#include "site_engine.h"

#include <arpa/inet.h>

static struct site_engine site;

#define BLOCK                                                                                      \
    "{ default d; 10.0.0.0/8 ten; 10.1.0.0/16 inner; 10.1.2.3 one; 127.0.0.0/8 lo;"                \
    "  2001:db8::/32 six; ::ffff:10.0.0.0/104 mapped; 255.255.255.255 none; "

/* The client with that address; anything else connected to a unix socket. */
static void set_client(const char *address) {
    static char bytes[16];
    struct slice binary = {NULL, 0};
    if (inet_pton(AF_INET, address, bytes) == 1) {
        binary = (struct slice){bytes, 4};
    } else if (inet_pton(AF_INET6, address, bytes) == 1) {
        binary = (struct slice){bytes, 16};
    }
    site.request.remote_addr = slice_from_string(address);
    site.request.binary_remote_addr = binary.size > 0 ? guard_copy(binary) : binary;
}

static const char *geo(const char *client) {
    site_begin(&site);
    set_client(client);
    return site_value(&site, "v");
}

static void looks_up_the_client(void) {
    site_open(&site, "geo $v " BLOCK "} server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(geo("9.255.255.255"), "d");
    CU_ASSERT_STRING_EQUAL(geo("10.0.0.0"), "ten");
    CU_ASSERT_STRING_EQUAL(geo("10.1.2.2"), "inner");
    CU_ASSERT_STRING_EQUAL(geo("10.1.2.3"), "one");
    CU_ASSERT_STRING_EQUAL(geo("10.1.2.4"), "inner");
    CU_ASSERT_STRING_EQUAL(geo("10.2.0.0"), "ten");
    CU_ASSERT_STRING_EQUAL(geo("10.255.255.255"), "ten");
    CU_ASSERT_STRING_EQUAL(geo("11.0.0.0"), "d");
    CU_ASSERT_STRING_EQUAL(geo("255.255.255.255"), "none");
    CU_ASSERT_STRING_EQUAL(geo("2001:db8::1"), "six");
    CU_ASSERT_STRING_EQUAL(geo("2001:db9::"), "d");
    CU_ASSERT_STRING_EQUAL(geo("::"), "d");
    CU_ASSERT_STRING_EQUAL(geo("::ffff:10.1.0.1"), "inner"); /* an IPv4 client */
    CU_ASSERT_STRING_EQUAL(geo("unix:"), "none");
    site_close(&site);
}

static void looks_up_a_variable(void) {
    static const char *const no_addresses[] = {
        "", "x", "10.0.0", "10.0.0.1:80", "[2001:db8::1]", "10.0.0.1 ", "255.255.255.255"};
    site_open(&site, "geo $arg_x $v " BLOCK "} server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=10.1.2.3")), "one");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=010.001.2.3")), "one");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=2001:DB8::1")), "six");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=::ffff:10.0.0.1")), "ten");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("")), "none");
    for (size_t i = 0; i < sizeof no_addresses / sizeof no_addresses[0]; i++) {
        char args[64];
        int size = snprintf(args, sizeof args, "x=%s", no_addresses[i]);
        struct slice guarded = guard_copy((struct slice){args, (size_t)size});
        CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", guarded), "none");
    }
    site_close(&site);
}

static void is_empty_without_a_default(void) {
    site_open(&site, "geo $v { 10.0.0.0/8 ten; } server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(geo("10.0.0.1"), "ten");
    CU_ASSERT_STRING_EQUAL(geo("11.0.0.1"), "");
    CU_ASSERT_STRING_EQUAL(geo("::1"), "");
    site_close(&site);
}

static void looks_up_ranges(void) {
    site_open(&site, "geo $v { ranges; default d; 10.0.0.0-10.2.0.5 a; 10.1.0.0-10.1.0.9 b;"
                     "255.255.255.254-255.255.255.254 e; } server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(geo("9.255.255.255"), "d");
    CU_ASSERT_STRING_EQUAL(geo("10.0.0.0"), "a");
    CU_ASSERT_STRING_EQUAL(geo("10.0.255.255"), "a");
    CU_ASSERT_STRING_EQUAL(geo("10.1.0.0"), "b");
    CU_ASSERT_STRING_EQUAL(geo("10.1.0.9"), "b");
    CU_ASSERT_STRING_EQUAL(geo("10.1.0.10"), "a");
    CU_ASSERT_STRING_EQUAL(geo("10.2.0.5"), "a");
    CU_ASSERT_STRING_EQUAL(geo("10.2.0.6"), "d");
    CU_ASSERT_STRING_EQUAL(geo("255.255.255.254"), "e");
    CU_ASSERT_STRING_EQUAL(geo("255.255.255.255"), "d");
    CU_ASSERT_STRING_EQUAL(geo("::ffff:10.1.0.1"), "b");
    CU_ASSERT_STRING_EQUAL(geo("::1"), "d");
    site_close(&site);
}

/* The value for a client behind proxies, with up to two X-Forwarded-For fields. */
static const char *forwarded(const char *client, const char *first, const char *second) {
    site_begin(&site);
    set_client(client);
    struct engine_header headers[] = {
        {SLICE("X-Forwarded-For"), slice_from_string(first)},
        {SLICE("X-Other"), SLICE("10.1.2.3")},
        {SLICE("x-forwarded-FOR"), slice_from_string(second != NULL ? second : "")},
    };
    site.request.headers = headers;
    site.request.header_count = second != NULL ? 3 : 2;
    return site_value(&site, "v");
}

static void believes_proxies_once(void) {
    site_open(&site, "geo $v " BLOCK "proxy 127.0.0.0/8; } server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3", NULL), "one");
    CU_ASSERT_STRING_EQUAL(forwarded("10.0.0.1", "10.1.2.3", NULL), "ten");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3, 2001:db8::1", NULL), "six");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3, 127.0.0.9", NULL), "lo");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3", "10.0.0.9"), "ten");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3:80", NULL), "one");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "[2001:db8::1]:80", NULL), "six");
    CU_ASSERT_STRING_EQUAL(forwarded("::ffff:127.0.0.1", "10.1.2.3", NULL), "one");
    CU_ASSERT_STRING_EQUAL(forwarded("unix:", "10.1.2.3", NULL), "none");
    site_close(&site);
}

/* What is no address ends the walk where it is; these are what nginx 1.22 answers. */
static void stops_at_what_is_no_address(void) {
    static const char *const lists[] = {
        "",
        "unknown",
        "10.1.2.3:0",
        "10.1.2.3:65536",
        "10.1.2.3:x",
        "10.1.2.3:",
        "[2001:db8::1]",
        "[2001:db8::1]80",
        "[2001:db8::1",
        "10.1.2.3;",
        ",10.1.2.3",
        "255.255.255.255",
        "10.1.2.3,x",
        "10.1.2.3:99999999999999999999",
    };
    site_open(&site, "geo $v " BLOCK "proxy 127.0.0.0/8; } server { listen 80; }");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", lists[i], NULL), "lo");
    }
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "x,10.1.2.3, ,", NULL), "one");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "x 10.1.2.3 ", NULL), "one");
    site_close(&site);
}

static void walks_through_proxies(void) {
    site_open(&site, "geo $v " BLOCK "proxy 127.0.0.0/8; proxy 10.0.0.0/16; proxy 2001:db8::/32;"
                     "proxy_recursive; } server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3, 10.0.0.9, 127.0.0.9", NULL), "one");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3,10.1.0.1,127.0.0.9", NULL), "inner");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3, x, 2001:db8::1", NULL), "six");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3", "10.0.0.9, 127.0.0.9"), "one");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3", "x, 127.0.0.9"), "lo");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.1.2.3", ""), "lo");
    CU_ASSERT_STRING_EQUAL(forwarded("127.0.0.1", "10.0.0.7, 10.0.0.9", "127.0.0.9"), "ten");
    site_close(&site);
}

static void walks_from_a_variable(void) {
    site_open(&site, "geo $arg_x $v " BLOCK "proxy 127.0.0.0/8; } server { listen 80; }");
    struct engine_header header = {SLICE("X-Forwarded-For"), SLICE("10.1.2.3")};
    static const struct {
        const char *args;
        const char *value;
    } rows[] = {{"x=127.0.0.1", "one"}, {"x=10.0.0.1", "ten"}, {"x=y", "none"}, {"", "none"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        site_begin(&site);
        set_client("127.0.0.1");
        site.request.args = slice_from_string(rows[i].args);
        site.request.headers = &header;
        site.request.header_count = 1;
        CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), rows[i].value);
    }
    site_close(&site);
}

/* Each of many addresses is compared with each of many proxies. */
static void bounds_walks_without_end(void) {
    enum { ADDRESSES = 100000, PROXIES = 1000 };
    static char block[PROXIES * 24 + 100];
    static char list[ADDRESSES * 4];
    size_t used = (size_t)snprintf(block, sizeof block, "geo $v { proxy_recursive;");
    for (int i = 0; i < PROXIES; i++) {
        used += (size_t)snprintf(block + used, sizeof block - used, "proxy 10.%d.%d.0/24;", i / 256,
                                 i % 256);
    }
    snprintf(block + used, sizeof block - used, "proxy ::/0; } server { listen 80; }");
    for (size_t i = 0; i < sizeof list; i += 4) {
        memcpy(list + i, "::, ", 4);
    }
    struct engine_header header = {SLICE("X-Forwarded-For"), {list, sizeof list}};
    site_open(&site, block);
    set_client("::1");
    site.request.headers = &header;
    site.request.header_count = 1;
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "(failed)");
    site_begin(&site);
    set_client("::1");
    header.value.size = 40000; /* more than any request has by default */
    site.request.headers = &header;
    site.request.header_count = 1;
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "");
    site_close(&site);
}

static void is_worked_out_once_unless_volatile(void) {
    site_open(&site, "geo $arg_x $v { 10.0.0.0/8 ten; 11.0.0.0/8 eleven; }"
                     "geo $arg_x $w { volatile; 10.0.0.0/8 ten; 11.0.0.0/8 eleven; }"
                     "server { listen 80; }");
    site.request.args = SLICE("x=10.0.0.1");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "ten");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "w"), "ten");
    site.request.args = SLICE("x=11.0.0.1");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "ten");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "w"), "eleven");
    site_close(&site);
}

static void needs_no_memory(void) {
    site_open(&site, "geo $v " BLOCK "proxy 127.0.0.1; } server { listen 80; }");
    set_client("10.1.2.3");
    struct arena arena = site.arena;
    arena_init(&site.arena, SIZE_MAX);
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "one");
    site.arena = arena;
    site_close(&site);
}

static struct engine_event latest;

static void keep_event(void *owner, const struct engine_event *event) {
    (void)owner;
    latest = *event;
}

static void tells_whose_address_it_was(void) {
    static const struct engine_observer observer = {keep_event};
    struct engine_header header = {SLICE("X-Forwarded-For"), SLICE("10.0.0.1, 10.1.2.3:80")};
    site_open(&site, "geo $v " BLOCK "proxy 127.0.0.1; } server { listen 80; }");
    set_client("127.0.0.1");
    site.request.observer = &observer;
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "lo");
    CU_ASSERT_EQUAL(latest.kind, ENGINE_EVENT_VARIABLE);
    CU_ASSERT_TRUE(slice_equals(latest.subject, SLICE("127.0.0.1")));
    CU_ASSERT_TRUE(slice_equals(latest.value, SLICE("lo")));
    site_begin(&site);
    set_client("127.0.0.1");
    site.request.observer = &observer;
    site.request.headers = &header;
    site.request.header_count = 1;
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "one");
    CU_ASSERT_TRUE(slice_equals(latest.subject, SLICE("10.1.2.3")));
    site_close(&site);
}

UNIT_TESTS("engine/geo", {"looks up the client", looks_up_the_client},
           {"looks up a variable", looks_up_a_variable},
           {"is empty without a default", is_empty_without_a_default},
           {"looks up ranges", looks_up_ranges}, {"believes proxies once", believes_proxies_once},
           {"stops at what is no address", stops_at_what_is_no_address},
           {"walks through proxies", walks_through_proxies},
           {"walks from a variable", walks_from_a_variable},
           {"bounds walks without end", bounds_walks_without_end},
           {"is worked out once unless volatile", is_worked_out_once_unless_volatile},
           {"needs no memory", needs_no_memory},
           {"tells whose address it was", tells_whose_address_it_was})
