/* Tests of phases that are handed out to who can see to them, on the example of limits. */
#include "decision.h"

static const char site[] =
    "limit_req_zone $binary_remote_addr zone=r:1m rate=1r/s;\n"
    "limit_conn_zone $arg_k$arg_l zone=c:1m;\n"
    "server {\n"
    "    error_page 503 /busy;\n"
    "    location / { return 200 root; }\n"
    "    location = /busy { limit_req zone=r; proxy_pass http://127.0.0.1:1; }\n"
    "    location /r/ { limit_req zone=r burst=5; deny 127.0.0.1; proxy_pass http://127.0.0.1:1; "
    "}\n"
    "    location /c/ { limit_conn c 1; proxy_pass http://127.0.0.1:1; }\n"
    "    location /early/ { limit_conn c 1; return 204; }\n"
    "    location /file/ { limit_conn c 1; try_files /x /r/; }\n"
    "}\n";

/* Nobody who only asks has to know of it. */
static void goes_on_for_who_only_asks(void) {
    static const struct decision_row rows[] = {
        {"GET /", "200 root"},
        {"GET /r/", "403 page"},
        {"GET /c/", "proxy GET 127.0.0.1:1 /c/"},
        {"GET /early/", "204 "},
        {"GET /file/", "403 page"},
    };
    DECIDES_ALL(site, rows);
}

static const char *begin(struct decision *decision, const char *asked) {
    decision_begin(decision, asked);
    decision->request.takes_phases = true;
    return decision_make(decision);
}

static const char *go_on(struct decision *decision, enum engine_outcome_kind kind,
                         uint32_t status) {
    engine_continue(&decision->request, kind, status, &decision->outcome);
    return decision_tell(decision);
}

static void hands_out_what_there_is(void) {
    struct decision decision;
    decision_open(&decision, site);
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /"), "200 root");
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /r/"), "limits");
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /c/"), "limits");
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /early/"), "204 "); /* the rewrite phase answers */
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /busy"), "limits");
    decision_close(&decision);
}

/* Access rules come behind limits, and what they refuse was counted. */
static void goes_on_behind_it(void) {
    struct decision decision;
    decision_open(&decision, site);
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /c/"), "limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_LIMIT, 0), "proxy GET 127.0.0.1:1 /c/");
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /r/"), "limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_LIMIT, 0), "403 page");
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /r/"), "limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_AUTHENTICATE, 0), "proxy GET 127.0.0.1:1 /r/");
    decision_close(&decision);
}

/* The page's own limits are handed out, too: the caller knows whether they are still to count. */
static void answers_what_was_refused(void) {
    struct decision decision;
    decision_open(&decision, site);
    CU_ASSERT_STRING_EQUAL(begin(&decision, "POST /c/"), "limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_LIMIT, 503), "503 limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_LIMIT, 0), "503 proxy GET 127.0.0.1:1 /busy");
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /c/"), "limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_LIMIT, 429), "429 page");
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /c/"), "limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_AUTHENTICATE, 401), "401 page");
    decision_close(&decision);
}

/* What try_files leads to has limits of its own. */
static void hands_out_again_after_a_redirect(void) {
    struct decision decision;
    decision_open(&decision, site);
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /file/"), "limits");
    CU_ASSERT_STRING_EQUAL(go_on(&decision, ENGINE_LIMIT, 0), "limits");
    CU_ASSERT_TRUE(slice_equals(decision.request.uri, SLICE("/r/")));
    decision_close(&decision);
}

static void computes_keys(void) {
    struct decision decision;
    struct slice key;
    decision_open(&decision, site);
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /r/"), "limits");
    CU_ASSERT_TRUE(engine_limit_key(&decision.request, 0, &key));
    CU_ASSERT_TRUE(slice_equals(key, (struct slice){"\x7f\0\0\x01", 4}));
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /c/?k=a&l=b"), "limits");
    CU_ASSERT_TRUE(engine_limit_key(&decision.request, 1, &key));
    CU_ASSERT_TRUE(slice_equals(key, SLICE("ab")));
    CU_ASSERT_STRING_EQUAL(begin(&decision, "GET /c/"), "limits");
    CU_ASSERT_TRUE(engine_limit_key(&decision.request, 1, &key));
    CU_ASSERT_EQUAL(key.size, 0);
    decision_close(&decision);
}

UNIT_TESTS("engine/limit", {"goes on for who only asks", goes_on_for_who_only_asks},
           {"hands out what there is", hands_out_what_there_is},
           {"goes on behind it", goes_on_behind_it},
           {"answers what was refused", answers_what_was_refused},
           {"hands out again after a redirect", hands_out_again_after_a_redirect},
           {"computes keys", computes_keys})
