/* health_check and match. */
#include "site.h"

static struct site site;

#define GROUP "upstream app { server 10.0.0.1; } "

static const struct health_check *check_of(const char *parameters) {
    static char text[512];
    snprintf(text, sizeof text,
             GROUP
             "match good { } server { location / { proxy_pass http://app; health_check %s; } }",
             parameters);
    site_read(&site, text);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct health_check *check =
        site.model.servers.items[0]->locations.items[0]->health_check;
    CU_ASSERT_PTR_NOT_NULL_FATAL(check);
    CU_ASSERT_PTR_EQUAL(site.model.upstreams.items[0]->health_check, check);
    return check;
}

static void has_nginxs_defaults(void) {
    const struct health_check *check = check_of("");
    CU_ASSERT_EQUAL(check->interval, 5000);
    CU_ASSERT_EQUAL(check->jitter, 0);
    CU_ASSERT_EQUAL(check->keepalive_time, 0);
    CU_ASSERT_TRUE(check->fails == 1 && check->passes == 1 && check->port == 0);
    CU_ASSERT_TRUE(text_is(check->uri, "/"));
    CU_ASSERT_FALSE(check->is_mandatory);
    CU_ASSERT_PTR_NULL(check->match);
    site_release(&site);
}

static void reads_parameters(void) {
    const struct health_check *check = check_of(
        "interval=500ms jitter=1s fails=3 passes=2 uri=/a?b port=8080 mandatory persistent "
        "match=good keepalive_time=1m");
    CU_ASSERT_EQUAL(check->interval, 500);
    CU_ASSERT_EQUAL(check->jitter, 1000);
    CU_ASSERT_EQUAL(check->keepalive_time, 60000);
    CU_ASSERT_TRUE(check->fails == 3 && check->passes == 2 && check->port == 8080);
    CU_ASSERT_TRUE(text_is(check->uri, "/a?b"));
    CU_ASSERT_TRUE(check->is_mandatory && check->is_persistent);
    CU_ASSERT_PTR_NOT_NULL_FATAL(check->match);
    CU_ASSERT_TRUE(text_is(check->match->name, "good"));
    site_release(&site);
}

#define IN_LOCATION(parameters)                                                                    \
    GROUP "server { location / { proxy_pass http://app; health_check " parameters "; } }"

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {IN_LOCATION("interval=0"), DIAGNOSTIC_INVALID_TIME, "interval=0"},
        {IN_LOCATION("interval=often"), DIAGNOSTIC_INVALID_TIME, "interval=often"},
        {IN_LOCATION("jitter=-1s"), DIAGNOSTIC_INVALID_TIME, "jitter=-1s"},
        {IN_LOCATION("keepalive_time="), DIAGNOSTIC_INVALID_TIME, "keepalive_time="},
        {IN_LOCATION("fails=0"), DIAGNOSTIC_INVALID_NUMBER, "fails=0"},
        {IN_LOCATION("passes=x"), DIAGNOSTIC_INVALID_NUMBER, "passes=x"},
        {IN_LOCATION("port=65536"), DIAGNOSTIC_INVALID_NUMBER, "port=65536"},
        {IN_LOCATION("port=0"), DIAGNOSTIC_INVALID_NUMBER, "port=0"},
        {IN_LOCATION("uri=health"), DIAGNOSTIC_INVALID_VALUE, "uri=health"},
        {IN_LOCATION("uri="), DIAGNOSTIC_INVALID_VALUE, "uri="},
        {IN_LOCATION("match="), DIAGNOSTIC_INVALID_VALUE, "match="},
        {IN_LOCATION("match=nobody"), DIAGNOSTIC_UNKNOWN_MATCH, "match=nobody"},
        {IN_LOCATION("persistent"), DIAGNOSTIC_INVALID_VALUE, "health_check persistent;"},
        {"server { location / { health_check; } }", DIAGNOSTIC_HEALTH_CHECK_WITHOUT_GROUP,
         "health_check"},
        {"server { location / { proxy_pass http://10.0.0.1; health_check; } }",
         DIAGNOSTIC_HEALTH_CHECK_WITHOUT_GROUP, "health_check"},
        {GROUP "server { location / { proxy_pass http://$host; health_check; } }",
         DIAGNOSTIC_HEALTH_CHECK_WITHOUT_GROUP, "health_check"},
        {GROUP "server { location / { proxy_pass http://app; health_check; } "
               "location /a { proxy_pass http://app; health_check; } }",
         DIAGNOSTIC_CONFLICTING_HEALTH_CHECK, "health_check"},
        {GROUP
         "server { location / { proxy_pass http://app; health_check; health_check port=1; } }",
         DIAGNOSTIC_CONFLICTING_HEALTH_CHECK, "health_check"},
        {"match a { } match a { }", DIAGNOSTIC_DUPLICATE_MATCH, "a"},
        {"match a { status 2xx; }", DIAGNOSTIC_INVALID_VALUE, "2xx"},
        {"match a { status 300-200; }", DIAGNOSTIC_INVALID_VALUE, "300-200"},
        {"match a { status 1000; }", DIAGNOSTIC_INVALID_VALUE, "1000"},
        {"match a { status !; }", DIAGNOSTIC_INVALID_VALUE, "!"},
        {"match a { status 200; status 201; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "status"},
        {"match a { header X == y; }", DIAGNOSTIC_INVALID_VALUE, "=="},
        {"match a { header X y; }", DIAGNOSTIC_INVALID_VALUE, "X"},
        {"match a { header X ~ \"(\"; }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"match a { body = x; }", DIAGNOSTIC_INVALID_VALUE, "="},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says(IN_LOCATION("intervall=5s"), SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "intervall=5s", "write \"interval=\""));
    CU_ASSERT_TRUE(site_says("match good { } " IN_LOCATION("match=goof"), SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_MATCH, "match=goof", "write \"match=good\""));
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses(IN_LOCATION("type=grpc"), "parameter \"type\" of health_check"));
    CU_ASSERT_TRUE(site_refuses("match a { require $upstream_http_x; }", "directive \"require\""));
}

static void reads_matches(void) {
    site_read(&site,
              GROUP "match good { status ! 500-599 404; header X; header ! Y; header A = b;"
                    "header C != d; header E ~ f; header G !~ h; body ~ i; body !~ j; }"
                    "server { location / { proxy_pass http://app; health_check match=good; } }");
    CU_ASSERT_EQUAL_FATAL(site.diagnostics.all.count, 0);
    const struct health_match *match = site.model.upstreams.items[0]->health_check->match;
    static const enum table_match_test tests[] = {TABLE_MATCH_PRESENT,  TABLE_MATCH_ABSENT,
                                                  TABLE_MATCH_EQUAL,    TABLE_MATCH_DIFFERENT,
                                                  TABLE_MATCH_MATCHING, TABLE_MATCH_UNMATCHING};
    CU_ASSERT_TRUE(match->is_status_negated);
    CU_ASSERT_EQUAL_FATAL(match->statuses.count, 2);
    CU_ASSERT_TRUE(match->statuses.items[0].first == 500 && match->statuses.items[0].last == 599);
    CU_ASSERT_TRUE(match->statuses.items[1].first == 404 && match->statuses.items[1].last == 404);
    CU_ASSERT_EQUAL_FATAL(match->headers.count, 6);
    for (size_t i = 0; i < 6; i++) {
        CU_ASSERT_EQUAL(match->headers.items[i].test, tests[i]);
        CU_ASSERT_EQUAL(match->headers.items[i].regex != NULL, i >= 4);
    }
    CU_ASSERT_TRUE(text_is(match->headers.items[1].name, "Y"));
    CU_ASSERT_TRUE(text_is(match->headers.items[2].value, "b"));
    CU_ASSERT_EQUAL_FATAL(match->bodies.count, 2);
    CU_ASSERT_TRUE(!match->bodies.items[0].is_negated && match->bodies.items[1].is_negated);
    site_release(&site);
}

UNIT_TESTS("model/health", {"has nginx's defaults", has_nginxs_defaults},
           {"reads parameters", reads_parameters}, {"reports mistakes", reports_mistakes},
           {"names what does not run", names_what_does_not_run}, {"reads matches", reads_matches})
