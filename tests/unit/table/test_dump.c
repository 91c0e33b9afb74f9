/* The dump: what a reader is shown, and that it ends. */
#include "table/dump.h"

#include "sample.h"
#include "unit.h"

#include <stdlib.h>

/* The dump of a table as text, to be freed. */
static char *dump(const struct slice *bytes, enum table_section section) {
    struct table table;
    struct table_error error;
    CU_ASSERT_TRUE_FATAL(table_open(&table, bytes->data, bytes->size, &error));
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    table_dump(stream, &table, section);
    CU_ASSERT_EQUAL(fclose(stream), 0);
    return text;
}

static void check_lines(enum table_section section, const char *const *lines, size_t count) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    char *text = dump(&sample, section);
    for (size_t i = 0; i < count; i++) {
        if (strstr(text, lines[i]) == NULL) {
            printf("missing: %s\n", lines[i]);
            CU_FAIL("a line is missing in the dump");
        }
    }
    free(text);
    arena_release(&arena);
}

static void shows_the_site_from_the_listeners_down(void) {
    static const char *const lines[] = {
        "table, format version 1\n\nlisten 0.0.0.0:80 backlog=511  # site.conf:6\n",
        "  address 127.0.0.1: server 0 by default\n",
        "    name \"*.example.com\": server 0\n",
        "    name \"www.*\": server 0\n",
        "    name ~ \"(?<slot>x)\\\\.php$\": server 0\n",
        "  address any: server 0 by default\n    names: those of index 0, above\n",
        "server 0 \"example.com\": settings 0  # site.conf:5\n",
        "  location \"/api/\": settings 0  # site.conf:7\n",
        "    set $slot \"hello $host$1$slot\"; return 204;\n",
        "    proxy 0 \"app\" with \"/v1/\"\n",
        "    location = \"/api/x\": settings 0  # site.conf:9\n",
        "  location ~ \"\\\\.php$\": settings 0  # site.conf:10\n",
        "    return 301 \"hello $host$1$slot\";\n",
        "  location \"@fallback\": settings 0  # site.conf:11\n",
        "upstream \"app\"  # site.conf:1\n  balanced by hash of \"hello $host$1$slot\"\n"
        "  sticky cookie \"server\"\n  peer \"127.0.0.1:8080\" weight=2 max_fails=0 "
        "fail_timeout=0s\n",
        "  peer \"app.example:81\" max_fails=0 fail_timeout=0s down resolve route=\"second\"\n",
    };
    check_lines(TABLE_SECTION_COUNT, lines, sizeof lines / sizeof lines[0]);
}

static void shows_values_as_in_the_configuration(void) {
    static const char *const lines[] = {
        "section settings: settings of servers and locations, 1 record\n  0\n",
        "    proxy_http_version 1.0\n",
        "    proxy_set_header none\n",
        "    proxy_hide_header 0 \"X-Powered-By\"\n",
        "    proxy_read_timeout 0s\n",
        "    add_header 0 \"X-Host\" \"hello $host$1$slot\" always\n",
        "    server_tokens off\n",
        "    large_client_header_buffers 1 1\n",
        "    access_log 0 \"access.log\" \"combined\"\n",
        "    error_log 0 \"syslog:unix:/dev/log\" error facility=23 severity=6 tag=\"tag\"\n",
    };
    check_lines(TABLE_SECTION_settings, lines, sizeof lines / sizeof lines[0]);
}

static void shows_one_section_alone(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    char *text = dump(&sample, TABLE_SECTION_op);
    CU_ASSERT_STRING_EQUAL(text, "section op: operations of programs, 8 records\n"
                                 "  0: code APPEND_TEXT; a 39; b 6  # \"hello \"\n"
                                 "  1: code APPEND_VARIABLE; a 0; b 0  # $host\n"
                                 "  2: code APPEND_CAPTURE; a 1; b 0  # $1\n"
                                 "  3: code APPEND_SLOT; a 0; b 0  # $slot\n"
                                 "  4: code SET; a 0; b 0  # set $slot \"hello $host$1$slot\";\n"
                                 "  5: code RETURN_STATUS; a 204; b 0  # return 204;\n"
                                 "  6: code RETURN_REDIRECT; a 301; b 0"
                                 "  # return 301 \"hello $host$1$slot\";\n"
                                 "  7: code REWRITE; a 0; b 0"
                                 "  # rewrite \"(?<slot>x)\\\\.php$\" \"hello $host$1$slot\" ? "
                                 "\"hello $host$1$slot\" last;\n");
    free(text);
    arena_release(&arena);
}

static void shows_what_addresses_and_texts_lead_to(void) {
    static const struct {
        enum table_section section;
        const char *line;
    } lines[] = {
        {TABLE_SECTION_slot,
         "  1: name \"mapped\"; source map; map 0 \"hello $host$1$slot\"; geo none"},
        {TABLE_SECTION_slot,
         "  2: name \"country\"; source geo; map none; geo 0 the client's address"},
        {TABLE_SECTION_slot, "split 0 \"hello $host$1$slot\"\n"},
        {TABLE_SECTION_map, "; slots 0 to 4; has_leading yes; has_trailing yes; regexes 0 "
                            "~ \"(?<slot>x)\\\\.php$\" \"hello $host$1$slot\"; otherwise 0"},
        {TABLE_SECTION_geo, "; ipv4 0 to 2; ipv6 0 to 1; proxies 0 127.0.0.0/8, 1 fc00::/16; "},
        {TABLE_SECTION_geo_ipv4, "  1: first 10.0.0.0; value \"inside\"\n"},
        {TABLE_SECTION_geo_ipv6,
         "  0: first ::; value \"\"\n  1: first 2000::; value \"inside\"\n"},
        {TABLE_SECTION_geo_proxy, "  1: match ipv6; prefix 16; address fc00::\n"},
        {TABLE_SECTION_split,
         "; parts 0 below 1000 \"a\", 1 below 2000 \"b\", 2 all others \"c\"; "},
        {TABLE_SECTION_health_check,
         "  0: uri \"/health\"; interval 5s; jitter 500ms; keepalive_time 0s; fails 3; passes 2; "
         "port 8081; mandatory yes; match 0 \"well\" { status 200-299 304; "
         "header X-State = \"up\"; header Server ~ \"(?<slot>x)\\\\.php$\"; "
         "body !~ \"(?<slot>x)\\\\.php$\"; }; server 0 "},
        {TABLE_SECTION_handling, "; health_check 0 uri=/health interval=5s jitter=500ms fails=3 "
                                 "passes=2 port=8081 mandatory "
                                 "match=\"well\" { "},
        {TABLE_SECTION_header_test, "  1: name \"Server\"; test matching; value \"\"; regex 0 "},
        {TABLE_SECTION_name_server, "  1: family ipv6; port 5353; address 2001:db8::\n"},
        {TABLE_SECTION_resolver, "  0: servers 0 10.0.0.2:53, 1 [2001:db8::]:5353; valid 30; ipv4 "
                                 "yes; ipv6 no\n"},
        {TABLE_SECTION_upstream,
         "; resolver 0 10.0.0.2:53 [2001:db8::]:5353 valid=30s ipv6=off; resolver_timeout 0s; "},
        {TABLE_SECTION_trusted_network, "  0: match ipv6; prefix 32; address 2001:db8::; "},
        {TABLE_SECTION_settings, "    limit_req 0 zone=\"api\" burst=20 nodelay, "
                                 "1 zone=\"api\" burst=5 delay=2\n    limit_req_status 400\n"},
        {TABLE_SECTION_settings, "    limit_conn 0 \"clients\" 10\n    limit_conn_status 400\n"},
        {TABLE_SECTION_limit_zone, "name \"api\"; kind requests; key_text \"hello\"; key 0 "
                                   "\"hello $host$1$slot\"; size 65536; rate 10000; place "},
        {TABLE_SECTION_access_rule, "  0: deny yes; match ipv4; prefix 8; address 10.0.0.0; "},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_lines(lines[i].section, &lines[i].line, 1);
    }
}

static void finds_sections_by_name(void) {
    CU_ASSERT_EQUAL(table_section_by_name(SLICE("process")), TABLE_SECTION_process);
    CU_ASSERT_EQUAL(table_section_by_name(SLICE("strings")), TABLE_SECTION_strings);
    CU_ASSERT_EQUAL(table_section_by_name(SLICE("proces")), TABLE_SECTION_COUNT);
    CU_ASSERT_EQUAL(table_section_by_name(SLICE("")), TABLE_SECTION_COUNT);
}

/* A set whose two locations, "a" and "b", both have the next set nested in them. */
static void add_doubling_set(struct table_writer *writer, uint32_t number, uint32_t count) {
    static const char *const names[] = {"a", "b"};
    uint32_t nested = number + 1 < count ? number + 1 : TABLE_NONE;
    uint32_t first_node = number * 3;
    struct table_node nodes[3] = {{{0}, {first_node + 1, 2}, TABLE_NONE, TABLE_NONE}};
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t location =
            SAMPLE_ADD(writer, location, .name = sample_string(writer, names[i]),
                       .identity = 100 + 2 * number + i, .nested = nested, .rewrite = TABLE_NONE,
                       .proxy = TABLE_NONE, .place = {TABLE_NONE, 0});
        nodes[i + 1] =
            (struct table_node){sample_string(writer, names[i]), {0, 0}, TABLE_NONE, location};
    }
    struct table_location_set set = {{first_node, 3}, {0, 0}};
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t node = table_writer_add(writer, TABLE_SECTION_node);
        memcpy(table_writer_record(writer, TABLE_SECTION_node, node), &nodes[i], sizeof nodes[i]);
    }
    table_writer_intern(writer, TABLE_SECTION_location_set, &set, 1);
}

/* Sound by all rules, and with 2^200 ways through it. */
static void ends_where_sets_are_nested_in_many_locations(void) {
    enum { SETS = 200 };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    struct table_process process = {0};
    sample_fill_settings(TABLE_SECTION_process, &process);
    table_writer_intern(&writer, TABLE_SECTION_process, &process, 1);
    struct table_settings settings = {0};
    sample_fill_settings(TABLE_SECTION_settings, &settings);
    table_writer_intern(&writer, TABLE_SECTION_settings, &settings, 1);
    sample_add_server_settings(&writer);
    SAMPLE_ADD(&writer, handling, .try_files = TABLE_NONE, .limited = TABLE_NONE,
               .health_check = TABLE_NONE);
    for (uint32_t i = 0; i < SETS; i++) {
        add_doubling_set(&writer, i, SETS);
    }
    SAMPLE_ADD(&writer, server, .rewrite = TABLE_NONE, .try_files = TABLE_NONE,
               .place = {TABLE_NONE, 0});
    struct slice bytes = table_writer_finish(&writer);
    char *text = dump(&bytes, TABLE_SECTION_COUNT);
    CU_ASSERT_TRUE(strlen(text) < 1 << 20);
    free(text);
    arena_release(&arena);
}

UNIT_TESTS("table/dump",
           {"shows the site from the listeners down", shows_the_site_from_the_listeners_down},
           {"shows values as in the configuration", shows_values_as_in_the_configuration},
           {"shows one section alone", shows_one_section_alone},
           {"shows what addresses and texts lead to", shows_what_addresses_and_texts_lead_to},
           {"finds sections by name", finds_sections_by_name},
           {"ends where sets are nested in many locations",
            ends_where_sets_are_nested_in_many_locations})
