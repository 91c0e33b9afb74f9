/* X-Accel-Redirect: what answers instead of the backend. Compared with nginx end to end, too. */
#include "decision.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char site[] =
    "server { listen 80; recursive_error_pages on;\n"
    "    location / { proxy_pass http://10.0.0.1; }\n"
    "    location /in/ { internal; return 200 \"$request_method $uri $is_args$args\"; }\n"
    "    location /page/ { error_page 404 /in/page; proxy_pass http://10.0.0.2; }\n"
    "    location @named { return 200 \"named $request_method $uri\"; }\n"
    "}\n";

/* Asks, and lets the backend that would answer name the target. */
static const char *follow(struct decision *decision, const char *asked, const char *target) {
    decision_begin(decision, asked);
    engine_decide(&decision->request, &decision->outcome);
    CU_ASSERT_EQUAL_FATAL(decision->outcome.kind, ENGINE_PROXY);
    engine_accelerate(&decision->request, slice_from_string(target), &decision->outcome);
    return decision_tell(decision);
}

static void goes_on_elsewhere(void) {
    static const struct {
        const char *asked;
        const char *target;
        const char *told;
    } rows[] = {
        {"GET /", "/in/x", "200 GET /in/x "},
        {"POST /?a", "/in/x?b=%20?c", "200 GET /in/x ?b=%20?c"},
        {"HEAD /?a", "/in/x", "200 HEAD /in/x "},
        {"POST /?a", "@named", "200 named POST /"},
        {"GET /", "/in/%3Fa%20b?c", "200 GET /in/?a b ?c"},
        {"GET /", "/in//x/./y", "200 GET /in//x/./y "},
        {"GET /", "/in/%", "200 GET /in/ "},
        {"GET /", "/in/%z%4", "200 GET /in/z "},
        {"GET /", "/in/%4gx", "200 GET /in/x "},
        {"GET /", "/in/..x", "200 GET /in/..x "},
        {"PUT /", "/other?x", "proxy GET 10.0.0.1 /other?x"},
    };
    struct decision decision;
    decision_open(&decision, site);
    for (size_t i = 0; i < COUNT(rows); i++) {
        CU_ASSERT_STRING_EQUAL(follow(&decision, rows[i].asked, rows[i].target), rows[i].told);
        CU_ASSERT_STRING_EQUAL(decision.notes, "");
    }
    decision_close(&decision);
}

static void refuses_what_climbs(void) {
    static const char *const targets[] = {
        "", "?x", "..", "../x", "/..", "/in/../x", "/in/%2e%2e/x", "%2e.", "/in/%2E.", "/in/%00"};
    struct decision decision;
    decision_open(&decision, site);
    for (size_t i = 0; i < COUNT(targets); i++) {
        CU_ASSERT_STRING_EQUAL(follow(&decision, "GET /", targets[i]), "404 page");
        CU_ASSERT_PTR_NOT_NULL(strstr(decision.notes, "unsafe URI"));
        CU_ASSERT_STRING_EQUAL(follow(&decision, "GET /page/", targets[i]), "404 GET /in/page ");
    }
    CU_ASSERT_STRING_EQUAL(follow(&decision, "GET /", "@missing"), "500 page");
    decision_close(&decision);
}

/* One that goes round ends as other internal redirects do. */
static void ends_after_ten(void) {
    struct decision decision;
    decision_open(&decision, site);
    (void)follow(&decision, "GET /", "/0");
    for (uint32_t i = 1; i < ENGINE_REDIRECT_LIMIT; i++) {
        engine_accelerate(&decision.request, SLICE("/x"), &decision.outcome);
        CU_ASSERT_EQUAL(decision.outcome.kind, ENGINE_PROXY);
    }
    engine_accelerate(&decision.request, SLICE("/x"), &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "500 page");
    decision_close(&decision);
}

UNIT_TESTS("engine/accelerate", {"goes on elsewhere", goes_on_elsewhere},
           {"refuses what climbs", refuses_what_climbs}, {"ends after ten", ends_after_ten})
