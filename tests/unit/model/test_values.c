/* Setters of ordinary values. */
#include "site.h"

static void refuses_wrong_values(void) {
    static const struct site_failure rows[] = {
        {"server { merge_slashes yes; }", DIAGNOSTIC_INVALID_FLAG, "yes"},
        {"server { keepalive_requests 1k; }", DIAGNOSTIC_INVALID_NUMBER, "1k"},
        {"server { keepalive_requests -1; }", DIAGNOSTIC_INVALID_NUMBER, "-1"},
        {"server { client_body_buffer_size 1g; }", DIAGNOSTIC_INVALID_SIZE, "1g"},
        {"server { client_max_body_size 10mb; }", DIAGNOSTIC_INVALID_SIZE, "10mb"},
        {"server { send_timeout 5x; }", DIAGNOSTIC_INVALID_TIME, "5x"},
        {"server { keepalive_timeout 75 1ms; }", DIAGNOSTIC_INVALID_TIME, "1ms"},
        {"server { large_client_header_buffers 0 8k; }", DIAGNOSTIC_INVALID_NUMBER, "0"},
        {"server { large_client_header_buffers 4 100; }", DIAGNOSTIC_INVALID_SIZE, "100"},
        {"server { proxy_http_version 3; }", DIAGNOSTIC_INVALID_VALUE, "3"},
        {"server { server_tokens maybe; }", DIAGNOSTIC_INVALID_VALUE, "maybe"},
        {"server { proxy_next_upstream error http_501; }", DIAGNOSTIC_INVALID_VALUE, "http_501"},
        {"server { proxy_next_upstream_tries -1; }", DIAGNOSTIC_INVALID_NUMBER, "-1"},
        {"server { proxy_next_upstream_tries 1; proxy_next_upstream_tries 2; }",
         DIAGNOSTIC_DUPLICATE_DIRECTIVE, "proxy_next_upstream_tries"},
        {"events {} worker_processes 0;", DIAGNOSTIC_INVALID_NUMBER, "0"},
        {"events {} worker_rlimit_nofile 0;", DIAGNOSTIC_INVALID_NUMBER, "0"},
        {"events {} worker_rlimit_core 1x;", DIAGNOSTIC_INVALID_SIZE, "1x"},
        {"events {} worker_priority --1;", DIAGNOSTIC_INVALID_NUMBER, "--1"},
        {"events {} worker_priority high;", DIAGNOSTIC_INVALID_NUMBER, "high"},
        {"events {} worker_cpu_affinity 01 012;", DIAGNOSTIC_INVALID_VALUE, "012"},
        {"events {} worker_cpu_affinity auto 01 10;", DIAGNOSTIC_INVALID_VALUE, "10"},
        {"events {} worker_processes AUTO;", DIAGNOSTIC_INVALID_NUMBER, "AUTO"},
        {"events {} pid '';", DIAGNOSTIC_INVALID_VALUE, "''"},
        {"upstream a { server b; keepalive 5 global; }", DIAGNOSTIC_UNKNOWN_PARAMETER, "global"},
        {"server { add_header A b sometimes; }", DIAGNOSTIC_UNKNOWN_PARAMETER, "sometimes"},
        {"server { add_header 'A B' c; }", DIAGNOSTIC_INVALID_VALUE, "'A B'"},
        {"server { add_header A: c; }", DIAGNOSTIC_INVALID_VALUE, "A:"},
        {"server { proxy_set_header '' c; }", DIAGNOSTIC_INVALID_VALUE, "''"},
        {"server { add_header A 'b\001c'; }", DIAGNOSTIC_INVALID_VALUE, "\001"},
    };
    CHECK_FAILURES(rows);
}

static void says_what_to_write(void) {
    CU_ASSERT_TRUE(site_says("server { server_tokens maybe; }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_VALUE, "maybe",
                             "write \"off\", \"on\" or \"build\""));
    CU_ASSERT_TRUE(site_says("server { proxy_http_version 3; }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_VALUE, "3", "write \"1.0\", \"1.1\" or \"2\""));
    CU_ASSERT_TRUE(site_says("events {} worker_processes many;", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_NUMBER, "many", "\"auto\""));
}

static void stores_values(void) {
    struct site site;
    site_read(&site,
              "upstream a { server b; keepalive 5 local; keepalive_timeout 1m; }\n"
              "server { merge_slashes OFF; client_max_body_size 2G; proxy_http_version 1.0;\n"
              "server_tokens Build; keepalive_timeout 1m 30; large_client_header_buffers 2 16k;\n"
              "add_header A b; add_header C \"\" always; keepalive_requests 7;\n"
              "default_type a/b; proxy_hide_header X-A; client_body_buffer_size 8k; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct settings *settings = site.model.servers.items[0]->settings;
    CU_ASSERT_EQUAL(settings->merge_slashes, 0);
    CU_ASSERT_EQUAL(settings->client_max_body_size, 2147483648);
    CU_ASSERT_EQUAL(settings->proxy_http_version, 0);
    CU_ASSERT_EQUAL(settings->server_tokens, 2);
    CU_ASSERT_EQUAL(settings->keepalive_timeout.first, 60000);
    CU_ASSERT_EQUAL(settings->keepalive_timeout.second, 30000);
    CU_ASSERT_EQUAL(settings->large_client_header_buffers.second, 16384);
    CU_ASSERT_EQUAL(settings->keepalive_requests, 7);
    CU_ASSERT_TRUE(text_is(settings->default_type, "a/b"));
    CU_ASSERT_TRUE(text_is(settings->proxy_hide_header.list.items[0].text, "X-A"));
    CU_ASSERT_EQUAL_FATAL(settings->add_header.list.count, 2);
    CU_ASSERT_FALSE(settings->add_header.list.items[0].always);
    CU_ASSERT_TRUE(settings->add_header.list.items[1].always);
    CU_ASSERT_EQUAL(settings->add_header.list.items[1].value.parts.count, 0);
    const struct upstream *upstream = site.model.upstreams.items[0];
    CU_ASSERT_EQUAL(upstream->keepalive.first, 5);
    CU_ASSERT_EQUAL(upstream->keepalive.second, 1);
    CU_ASSERT_EQUAL(upstream->keepalive_timeout, 60000);
    CU_ASSERT_EQUAL(upstream->keepalive_requests, 1000);
    site_release(&site);
}

static uint32_t next_upstream(const char *text) {
    struct site site;
    site_read(&site, text);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    uint32_t words = site.model.servers.items[0]->settings->proxy_next_upstream;
    site_release(&site);
    return words;
}

/* As nginx: rows of one block are one set, an inner block has its own, "off" beats what stands
 * beside it. */
static void collects_words(void) {
    CU_ASSERT_EQUAL(next_upstream("server { }"), TABLE_NEXT_ERROR | TABLE_NEXT_TIMEOUT);
    CU_ASSERT_EQUAL(next_upstream("server { proxy_next_upstream HTTP_503 http_404; }"),
                    TABLE_NEXT_HTTP_503 | TABLE_NEXT_HTTP_404);
    CU_ASSERT_EQUAL(
        next_upstream("server { proxy_next_upstream error; proxy_next_upstream error http_500; }"),
        TABLE_NEXT_ERROR | TABLE_NEXT_HTTP_500);
    CU_ASSERT_EQUAL(next_upstream("proxy_next_upstream off; server { }"), TABLE_NEXT_OFF);
    CU_ASSERT_EQUAL(
        next_upstream("proxy_next_upstream off; server { proxy_next_upstream timeout; }"),
        TABLE_NEXT_TIMEOUT);
    CU_ASSERT_EQUAL(next_upstream("server { proxy_next_upstream off error; "
                                  "proxy_next_upstream timeout; }"),
                    TABLE_NEXT_OFF);
}

UNIT_TESTS("model/values", {"refuses wrong values", refuses_wrong_values},
           {"says what to write", says_what_to_write}, {"stores values", stores_values},
           {"collects words", collects_words})
