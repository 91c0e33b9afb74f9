/* geo: networks and ranges, and what is left of those that were given twice or deleted. */
#include "model/mapping.h"

#include "site.h"

#include <arpa/inet.h>

static struct site site;

/* The geo block with these lines. */
static const struct variable_definition *read(const char *lines) {
    static char text[1024]; /* the model borrows it */
    snprintf(text, sizeof text, "geo $a { %s }", lines);
    site_read(&site, text);
    if (site.diagnostics.error_count > 0) {
        site_print(&site, text);
    }
    CU_ASSERT_EQUAL_FATAL(site.diagnostics.error_count, 0);
    const struct config_variable *variable = map_find(&site.model.variables_by_name, SLICE("a"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(variable);
    CU_ASSERT_PTR_NOT_NULL_FATAL(variable->definitions.items[0].geo);
    return &variable->definitions.items[0];
}

/* "192.0.2.0/24=x ...", or "192.0.2.1-192.0.2.2=x ..." of ranges. */
static const char *show(const struct geo_definition *geo) {
    static char text[2048];
    char first[INET6_ADDRSTRLEN];
    char last[INET6_ADDRSTRLEN];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < geo->networks.count; i++) {
        const struct client_network *network = &geo->networks.items[i].network;
        int family = network->match == TABLE_CLIENT_IPV4 ? AF_INET : AF_INET6;
        inet_ntop(family, network->bytes, first, sizeof first);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s/%u=%.*s", i > 0 ? " " : "",
                                 first, network->prefix, SLICE_ARGS(geo->networks.items[i].value));
    }
    for (size_t i = 0; i < geo->ranges.count; i++) {
        const struct geo_range *range = &geo->ranges.items[i];
        uint32_t numbers[] = {htonl(range->first), htonl(range->last)};
        inet_ntop(AF_INET, &numbers[0], first, sizeof first);
        inet_ntop(AF_INET, &numbers[1], last, sizeof last);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s-%s=%.*s", i > 0 ? " " : "",
                                 first, last, SLICE_ARGS(range->value));
    }
    return text;
}

#define EXPECT(lines, result)                                                                      \
    do {                                                                                           \
        CU_ASSERT_STRING_EQUAL(show(read(lines)->geo), (result));                                  \
        site_release(&site);                                                                       \
    } while (0)

static void reads_blocks(void) {
    const struct variable_definition *definition =
        read("default 0; volatile; proxy 10.0.0.1; proxy fc00::/7; proxy_recursive; 1.2.3.4 '$1'; "
             "5.6.7.8 0;");
    const struct geo_definition *geo = definition->geo;
    CU_ASSERT_EQUAL(definition->kind, DEFINED_BY_GEO);
    CU_ASSERT_FALSE(geo->has_subject);
    CU_ASSERT_TRUE(geo->is_volatile);
    CU_ASSERT_TRUE(geo->proxy_recursive);
    CU_ASSERT_FALSE(geo->has_ranges);
    CU_ASSERT_EQUAL_FATAL(geo->proxies.count, 2);
    CU_ASSERT_EQUAL(geo->proxies.items[1].match, TABLE_CLIENT_IPV6);
    CU_ASSERT_EQUAL(geo->proxies.items[1].prefix, 7);
    CU_ASSERT_EQUAL_FATAL(definition->results.count, 2); /* each once */
    CU_ASSERT_EQUAL(definition->results.items[1].parts.items[0].kind, PART_TEXT);
    CU_ASSERT_TRUE(text_is(definition->results.items[1].parts.items[0].text, "$1"));
    site_release(&site);
    CU_ASSERT_EQUAL(read("1.2.3.4 x;")->results.count, 2);
    site_release(&site);
}

static void reads_the_variable_with_the_address(void) {
    site_read(&site, "geo $Http_X $a { default 0; }");
    const struct config_variable *variable = map_find(&site.model.variables_by_name, SLICE("a"));
    const struct variable_definition *definition = &variable->definitions.items[0];
    CU_ASSERT_TRUE(definition->geo->has_subject);
    CU_ASSERT_EQUAL_FATAL(definition->geo->subject.parts.count, 1);
    CU_ASSERT_EQUAL(definition->geo->subject.parts.items[0].id, VARIABLE_HTTP);
    CU_ASSERT_EQUAL(definition->key.parts.count, 1);
    site_release(&site);
    static const char *const wrong[] = {"$uri$args", "${uri}", "$uri-",  "$1",
                                        "$",         "uri",    "'$uri '"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "geo %s $a { default 0; }", wrong[i]);
        site_read(&site, text);
        CU_ASSERT_TRUE(site.diagnostics.error_count > 0);
        site_release(&site);
    }
}

static void orders_networks(void) {
    EXPECT("", "");
    EXPECT("10.1.0.0/16 b; 10.0.0.0/8 a; 2001:db8::/32 e; 1.2.3.4 d; ::1 f; 10.0.0.0/16 c;",
           "1.2.3.4/32=d 10.0.0.0/8=a 10.0.0.0/16=c 10.1.0.0/16=b ::1/128=f 2001:db8::/32=e");
    EXPECT("1.2.3.4 a; default b;", "0.0.0.0/0=b 1.2.3.4/32=a ::/0=b");
    EXPECT("255.255.255.255 a; 010.0.0.1 b;", "10.0.0.1/32=b 255.255.255.255/32=a");
}

static void settles_networks_given_twice(void) {
    EXPECT("10.0.0.0/8 a; 10.0.0.0/8 b;", "10.0.0.0/8=b");
    CU_ASSERT_TRUE(site_says("geo $a { 10.0.0.0/8 a; 10.0.0.0/8 b; }", SEVERITY_WARNING,
                             DIAGNOSTIC_DUPLICATE_KEY, "10.0.0.0/8", NULL));
    CU_ASSERT_TRUE(site_says("geo $a { default a; default b; }", SEVERITY_WARNING,
                             DIAGNOSTIC_DUPLICATE_KEY, "default", NULL));
    CU_ASSERT_TRUE(site_says("geo $a { ::/0 a; default b; }", SEVERITY_WARNING,
                             DIAGNOSTIC_DUPLICATE_KEY, "default", NULL));
    CU_ASSERT_TRUE(site_says("geo $a { 10.0.0.1/8 a; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_ADDRESS, "10.0.0.1/8", NULL));
}

static void deletes_networks(void) {
    EXPECT("10.0.0.0/8 a; 10.1.0.0/16 b; delete 10.0.0.0/8;", "10.1.0.0/16=b");
    EXPECT("10.0.0.0/8 a; delete 10.0.0.0/8; 10.0.0.0/8 b;", "10.0.0.0/8=b");
    EXPECT("default a; delete 0.0.0.0/0;", "::/0=a");
    CU_ASSERT_TRUE(site_is_clean("geo $a { 10.0.0.0/8 a; delete 10.0.0.0/8; 10.0.0.0/8 b; }"));
    CU_ASSERT_TRUE(site_says("geo $a { 10.0.0.0/8 a; delete 10.0.0.0/9; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, "10.0.0.0/9", NULL));
    CU_ASSERT_TRUE(site_says("geo $a { delete 10.0.0.0/8; 10.0.0.0/8 a; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, "10.0.0.0/8", NULL));
}

/* What stands around is what nginx 1.22 makes of the same lines. */
static void puts_ranges_into_each_other(void) {
    EXPECT("ranges; 10.0.0.5-10.0.0.9 a; 10.0.0.1-10.0.0.2 b; 10.0.0.3-10.0.0.4 c;",
           "10.0.0.1-10.0.0.2=b 10.0.0.3-10.0.0.4=c 10.0.0.5-10.0.0.9=a");
    EXPECT("ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.4-10.0.0.5 b;",
           "10.0.0.1-10.0.0.3=a 10.0.0.4-10.0.0.5=b 10.0.0.6-10.0.0.9=a");
    EXPECT("ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.1-10.0.0.5 b;",
           "10.0.0.1-10.0.0.5=b 10.0.0.6-10.0.0.9=a");
    EXPECT("ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.4-10.0.0.9 b;",
           "10.0.0.1-10.0.0.3=a 10.0.0.4-10.0.0.9=b");
    EXPECT("ranges; 10.0.0.1-10.0.0.1 a; 10.0.0.1-10.0.0.1 b;", "10.0.0.1-10.0.0.1=b");
    EXPECT("ranges; 10.0.0.0-10.1.0.0 a;", "10.0.0.0-10.0.255.255=a 10.1.0.0-10.1.0.0=a");
    EXPECT("ranges; 255.255.0.0-255.255.255.254 a; 0.0.0.0-0.0.0.0 b;",
           "0.0.0.0-0.0.0.0=b 255.255.0.0-255.255.255.254=a");
    /* Seen as a whole these overlap in part, slice by slice they do not. */
    EXPECT("ranges; 10.0.0.0-10.1.255.255 a; 10.0.255.0-10.2.0.1 b;",
           "10.0.0.0-10.0.254.255=a 10.0.255.0-10.0.255.255=b 10.1.0.0-10.1.255.255=b "
           "10.2.0.0-10.2.0.1=b");
}

static void deletes_ranges(void) {
    EXPECT("ranges; 10.0.0.1-10.0.0.9 a; delete 10.0.0.1-10.0.0.9;", "");
    EXPECT("ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.4-10.0.0.5 b; delete 10.0.0.4-10.0.0.5;",
           "10.0.0.1-10.0.0.3=a 10.0.0.6-10.0.0.9=a");
    EXPECT("ranges; 10.0.0.0-10.2.0.9 a; delete 10.1.0.0-10.2.0.5;",
           "10.0.0.0-10.0.255.255=a 10.2.0.0-10.2.0.9=a");
    CU_ASSERT_TRUE(site_says("geo $a { ranges; 10.0.0.1-10.0.0.9 a; delete 10.0.0.1-10.0.0.8; }",
                             SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, "10.0.0.1-10.0.0.8",
                             NULL));
    CU_ASSERT_TRUE(site_says("geo $a { ranges; delete 10.0.0.1-10.0.0.8; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, "10.0.0.1-10.0.0.8", NULL));
}

static void takes_the_last_default_of_ranges(void) {
    const struct geo_definition *geo = read("ranges; default a; default b;")->geo;
    CU_ASSERT_TRUE(text_is(geo->otherwise, "b"));
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 1);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"geo a { default b; }", DIAGNOSTIC_INVALID_VARIABLE, "a"},
        {"geo $a { 10.0.0.256 b; }", DIAGNOSTIC_INVALID_ADDRESS, "10.0.0.256"},
        {"geo $a { 10.0.0.0/33 b; }", DIAGNOSTIC_INVALID_ADDRESS, "10.0.0.0/33"},
        {"geo $a { ::/129 b; }", DIAGNOSTIC_INVALID_ADDRESS, "::/129"},
        {"geo $a { example.com b; }", DIAGNOSTIC_INVALID_ADDRESS, "example.com"},
        {"geo $a { unix: b; }", DIAGNOSTIC_INVALID_ADDRESS, "unix:"},
        {"geo $a { delete x; }", DIAGNOSTIC_INVALID_ADDRESS, "x"},
        {"geo $a { proxy x; }", DIAGNOSTIC_INVALID_ADDRESS, "x"},
        {"geo $a { 10.0.0.0; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "10.0.0.0;"},
        {"geo $a { 10.0.0.0 b c; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "10.0.0.0 b c;"},
        {"geo $a { 10.0.0.0 { } }", DIAGNOSTIC_UNEXPECTED_BLOCK, "{"},
        {"geo $a { default b; ranges; }", DIAGNOSTIC_INVALID_VALUE, "ranges"},
        {"geo $a { 10.0.0.0-10.0.0.1 b; }", DIAGNOSTIC_INVALID_VALUE, "10.0.0.0-10.0.0.1"},
        {"geo $a { ranges; 10.0.0.0 b; }", DIAGNOSTIC_INVALID_ADDRESS, "10.0.0.0"},
        {"geo $a { ranges; ::1 b; }", DIAGNOSTIC_INVALID_ADDRESS, "::1"},
        {"geo $a { ranges; ::1-::2 b; }", DIAGNOSTIC_INVALID_ADDRESS, "::1-::2"},
        {"geo $a { ranges; 10.0.0.1-10.0.0.300 b; }", DIAGNOSTIC_INVALID_ADDRESS,
         "10.0.0.1-10.0.0.300"},
        {"geo $a { ranges; 0.0.0.0-255.255.255.255 b; }", DIAGNOSTIC_INVALID_ADDRESS,
         "0.0.0.0-255.255.255.255"},
        {"geo $a { ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.5-10.0.0.10 b; }",
         DIAGNOSTIC_OVERLAPPING_RANGES, "10.0.0.5-10.0.0.10"},
        {"geo $a { ranges; 10.0.0.5-10.0.0.9 a; 10.0.0.1-10.0.0.5 b; }",
         DIAGNOSTIC_OVERLAPPING_RANGES, "10.0.0.1-10.0.0.5"},
        {"geo $a { ranges; 10.0.0.5-10.0.0.9 a; 10.0.0.1-10.0.0.20 b; }",
         DIAGNOSTIC_OVERLAPPING_RANGES, "10.0.0.1-10.0.0.20"},
    };
    CHECK_FAILURES(rows);
}

static void says_what_to_write(void) {
    static const struct {
        const char *lines;
        enum diagnostic_code code;
        const char *underlined;
        const char *help;
    } rows[] = {
        {"ranges; 10.1.0.0/16 b;", DIAGNOSTIC_INVALID_ADDRESS, "10.1.0.0/16",
         "\"10.1.0.0-10.1.255.255\""},
        {"ranges; 10.1.2.3 b;", DIAGNOSTIC_INVALID_ADDRESS, "10.1.2.3", "\"10.1.2.3-10.1.2.3\""},
        {"ranges; 0.0.0.0/1 b;", DIAGNOSTIC_INVALID_ADDRESS, "0.0.0.0/1",
         "\"0.0.0.0-127.255.255.255\""},
        {"ranges; 10.0.0.2-10.0.0.1 b;", DIAGNOSTIC_INVALID_ADDRESS, "10.0.0.2-10.0.0.1",
         "\"10.0.0.1-10.0.0.2\""},
        {"10.0.0.1-10.0.0.2 b;", DIAGNOSTIC_INVALID_VALUE, "10.0.0.1-10.0.0.2", "\"ranges;\""},
        {"range;", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "range;", "\"ranges;\""},
        {"proxy-recursive;", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "proxy-recursive;",
         "\"proxy_recursive;\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "geo $a { %s }", rows[i].lines);
        CU_ASSERT_TRUE(
            site_says(text, SEVERITY_ERROR, rows[i].code, rows[i].underlined, rows[i].help));
    }
}

UNIT_TESTS("model/geo", {"reads blocks", reads_blocks},
           {"reads the variable with the address", reads_the_variable_with_the_address},
           {"orders networks", orders_networks},
           {"settles networks given twice", settles_networks_given_twice},
           {"deletes networks", deletes_networks},
           {"puts ranges into each other", puts_ranges_into_each_other},
           {"deletes ranges", deletes_ranges},
           {"takes the last default of ranges", takes_the_last_default_of_ranges},
           {"reports mistakes", reports_mistakes}, {"says what to write", says_what_to_write})
