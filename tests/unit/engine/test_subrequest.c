/* Subrequests of auth_request: what one has of its request and gives back, what its answer means
 * beside other rules, and memory that ends anywhere. */
#include "failing_arena.h"

#include "decision.h"

static struct decision decision;

/* A backend's answer to the subrequest; `note` takes more than errors. */
static bool find_variable(void *owner, enum variable_id id, struct slice suffix,
                          struct slice *value) {
    (void)owner;
    *value = SLICE("alice");
    return id == VARIABLE_UPSTREAM_HTTP && slice_equals(suffix, SLICE("x_user"));
}

static uint32_t assumed;

static uint32_t assume(void *owner, struct slice path) {
    (void)owner;
    CU_ASSERT_TRUE(slice_equals(path, SLICE("/auth")));
    return assumed;
}

static const struct engine_live live = {.variable = find_variable, .note = decision_note};
static const struct engine_live assuming = {.subrequest = assume, .note = decision_note};

static void begin(const char *text, const char *asked) {
    decision_open(&decision, text);
    decision_begin(&decision, asked);
    decision.request.live = &live;
    decision.request.takes_phases = true;
}

/* "-" is no value. */
static bool has_slot(const char *name, const char *value) {
    struct slice found;
    if (!engine_variable_by_name(&decision.request, slice_from_string(name), &found)) {
        found = SLICE("-");
    }
    bool is_right = slice_equals(found, slice_from_string(value));
    if (!is_right) {
        fprintf(stderr, "$%s is \"%.*s\"\n", name, SLICE_ARGS(found));
    }
    return is_right;
}

static struct arena part_arena;

/* The subrequest that the decision asks for, decided itself. */
static struct engine_request ask(struct engine_outcome *outcome) {
    struct engine_request part = {
        .arena = &part_arena, .live_owner = &decision, .takes_phases = true};
    arena_init(&part_arena, 4096);
    CU_ASSERT_EQUAL_FATAL(decision.outcome.kind, ENGINE_SUBREQUEST);
    CU_ASSERT_TRUE_FATAL(engine_begin_subrequest(&part, &decision.request, decision.outcome.text));
    engine_decide(&part, outcome);
    return part;
}

static void is_a_request_of_its_own(void) {
    struct engine_outcome outcome;
    begin("server { set $who nobody; location / { auth_request /auth; proxy_pass http://a;"
          "   auth_request_set $user $upstream_http_x_user; auth_request_set $both "
          "\"$user,$where\"; }"
          " location /auth { internal; deny all; auth_request /never; set $where "
          "   \"$request_method $uri $args$is_args $request_uri\"; set $who me; proxy_pass "
          "http://b; } }",
          "POST /path?a=b");
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "asks /auth");
    struct engine_request part = ask(&outcome);
    CU_ASSERT_EQUAL(outcome.kind, ENGINE_PROXY);
    CU_ASSERT_TRUE(slice_equals(part.method, SLICE("GET")));
    CU_ASSERT_TRUE(slice_equals(part.uri, SLICE("/auth")));
    CU_ASSERT_TRUE(slice_equals(decision.request.uri, SLICE("/path")));
    CU_ASSERT_TRUE(has_slot("who", "nobody"));
    CU_ASSERT_TRUE(has_slot("user", "-"));
    CU_ASSERT_TRUE(engine_end_subrequest(&decision.request, &part));
    arena_release_wiped(&part_arena);
    engine_continue(&decision.request, ENGINE_SUBREQUEST, 204, &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "proxy POST a /path?a=b");
    CU_ASSERT_TRUE(has_slot("who", "me"));
    CU_ASSERT_TRUE(has_slot("user", "alice"));
    CU_ASSERT_TRUE(has_slot("where", "POST /auth  /path?a=b"));
    CU_ASSERT_TRUE(has_slot("both", "alice,POST /auth  /path?a=b"));
    decision_close(&decision);
}

/* Redirects, captures and errors of the one are not those of the other. */
static void has_a_fate_of_its_own(void) {
    struct engine_outcome outcome;
    begin("server { location ~ ^/(.*)/(.*)$ { auth_request /auth; return 404; }"
          " location ~ ^/a(.*)h$ { rewrite ^(.*)$ $1 last; }"
          " location / { auth_request /auth; proxy_pass http://a; } }",
          "GET /x");
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "asks /auth");
    struct engine_request part = ask(&outcome);
    CU_ASSERT_EQUAL(outcome.status, 500);
    CU_ASSERT_TRUE(part.redirects > 0);
    CU_ASSERT_EQUAL(decision.request.redirects, 0);
    CU_ASSERT_FALSE(decision.request.is_internal);
    CU_ASSERT_FALSE(decision.request.has_error_page);
    CU_ASSERT_TRUE(engine_end_subrequest(&decision.request, &part));
    arena_release(&part_arena);
    decision_close(&decision);
}

/* A trusted proxy that only the subrequest's location knows; in nginx both have one connection. */
static void shares_the_address(void) {
    struct engine_outcome outcome;
    struct engine_header header = {SLICE("X-Real-IP"), SLICE("192.0.2.7")};
    begin("server { location / { auth_request /auth; proxy_pass http://a; } location /auth {"
          " set_real_ip_from 127.0.0.1; proxy_pass http://b; } }",
          "GET /x");
    decision.request.headers = &header;
    decision.request.header_count = 1;
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "asks /auth");
    struct engine_request part = ask(&outcome);
    CU_ASSERT_TRUE(engine_end_subrequest(&decision.request, &part));
    arena_release_wiped(&part_arena);
    CU_ASSERT_TRUE(slice_equals(decision.request.remote_addr, SLICE("192.0.2.7")));
    CU_ASSERT_TRUE(slice_equals(decision.request.peer_addr, SLICE("127.0.0.1")));
    CU_ASSERT_TRUE(slice_equals(decision.request.binary_remote_addr, SLICE("\xc0\0\2\7")));
    decision_close(&decision);
}

static void means_something_beside_other_rules(void) {
    static const struct {
        const char *rules;
        uint32_t status;
        const char *answer, *notes;
    } cases[] = {
        {"", 200, "proxy GET a /", ""},
        {"", 299, "proxy GET a /", ""},
        {"", 401, "401 page", ""},
        {"", 403, "403 page", ""},
        {"", 300, "500 page", "auth request unexpected status: 300 while sending to client\n"},
        {"", 500, "500 page", "auth request unexpected status: 500 while sending to client\n"},
        {"", 101, "500 page", "auth request unexpected status: 101 while sending to client\n"},
        {"allow all;", 403, "403 page", ""},
        {"satisfy any;", 403, "403 page", "access forbidden by rule\n"},
        {"satisfy any; deny all;", 200, "proxy GET a /", ""},
        {"satisfy any; deny all;", 401, "401 page", ""},
        {"satisfy any; deny all;", 403, "403 page", "access forbidden by rule\n"},
        {"satisfy any; deny all;", 404, "500 page",
         "auth request unexpected status: 404 while sending to client\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "server { location / { auth_request /auth; %s proxy_pass http://a; } }",
                 cases[i].rules);
        for (int is_assumed = 0; is_assumed < 2; is_assumed++) {
            begin(text, "GET /");
            assumed = cases[i].status;
            decision.request.live = is_assumed ? &assuming : &live;
            decision.request.takes_phases = !is_assumed;
            const char *said = decision_make(&decision);
            if (!is_assumed) {
                CU_ASSERT_STRING_EQUAL(said, "asks /auth");
                engine_continue(&decision.request, ENGINE_SUBREQUEST, cases[i].status,
                                &decision.outcome);
                said = decision_tell(&decision);
            }
            CU_ASSERT_TRUE(decision_says(cases[i].rules, said, cases[i].answer));
            CU_ASSERT_STRING_EQUAL(decision.notes, cases[i].notes);
            decision_close(&decision);
        }
    }
}

static void asks_nobody_in_vain(void) {
    static const char *const texts[] = {"satisfy any; allow all; auth_request /auth;",
                                        "auth_request off;", "auth_request '';"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "auth_request /out; server { location / { %s proxy_pass http://a; } }", texts[i]);
        begin(text, "GET /");
        CU_ASSERT_STRING_EQUAL(decision_make(&decision), "proxy GET a /");
        decision_close(&decision);
    }
    begin("server { location / { deny all; auth_request /auth; proxy_pass http://a; } }", "GET /");
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "403 page");
    decision_close(&decision);
    begin("server { location / { auth_request /auth; proxy_pass http://a; } }", "GET /");
    decision.request.takes_phases = false;
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "proxy GET a /");
    decision_close(&decision);
}

static void delays_its_refusals(void) {
    begin("server { location / { auth_delay 1s; auth_request /auth; proxy_pass http://a; } }",
          "GET /");
    decision.request.live = NULL; /* which is told of it */
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "asks /auth");
    engine_continue(&decision.request, ENGINE_SUBREQUEST, 401, &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "401 authentication");
    decision_make(&decision);
    engine_continue(&decision.request, ENGINE_SUBREQUEST, 403, &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "403 page");
    decision_close(&decision);
}

static void keeps_challenges_in_order(void) {
    begin("server { }", "GET /");
    CU_ASSERT_TRUE(engine_add_challenge(&decision.request, SLICE("one")));
    CU_ASSERT_TRUE(engine_add_challenge(&decision.request, SLICE("two")));
    const struct engine_challenge *first = decision.request.challenges;
    CU_ASSERT_TRUE(slice_equals(first->value, SLICE("one")));
    CU_ASSERT_TRUE(slice_equals(first->next->value, SLICE("two")));
    CU_ASSERT_PTR_NULL(first->next->next);
    decision_close(&decision);
}

/* Without memory the request is as it was, or has more; nothing of it is lost. */
static void survives_without_memory(void) {
    enum { MOST = 100 };
    begin("map $uri $mapped { default \"m$uri\"; } server { set $who nobody; location / {"
          " auth_request /auth; proxy_pass http://a; auth_request_set $user"
          " \"$upstream_http_x_user$mapped$invalid_referer\"; }"
          " location /auth { valid_referers a.example; set $who \"me$args\"; proxy_pass http://b; "
          "} }",
          "GET /x");
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "asks /auth");
    struct engine_request before = decision.request;
    int pieces = 0;
    bool is_done = false;
    for (; pieces < MOST && !is_done; pieces++) {
        struct engine_request part = {
            .arena = &part_arena, .live_owner = &decision, .takes_phases = true};
        struct engine_outcome outcome;
        decision.request = before;
        arena_init(&part_arena, 1);
        failing_arena_left = pieces;
        is_done = engine_begin_subrequest(&part, &decision.request, SLICE("/auth"));
        if (is_done) {
            engine_decide(&part, &outcome);
            is_done = outcome.kind == ENGINE_PROXY &&
                      engine_end_subrequest(&decision.request, &part) && failing_arena_left > 0;
        }
        failing_arena_left = -1;
        arena_release(&part_arena);
    }
    CU_ASSERT_TRUE(pieces > 5 && pieces < MOST);
    CU_ASSERT_TRUE(has_slot("user", "alicem/auth1"));
    CU_ASSERT_TRUE(has_slot("who", "me"));
    CU_ASSERT_TRUE(has_slot("mapped", "m/auth"));
    decision_close(&decision);
}

UNIT_TESTS("engine/subrequest", {"is a request of its own", is_a_request_of_its_own},
           {"has a fate of its own", has_a_fate_of_its_own},
           {"shares the address", shares_the_address},
           {"means something beside other rules", means_something_beside_other_rules},
           {"asks nobody in vain", asks_nobody_in_vain},
           {"delays its refusals", delays_its_refusals},
           {"keeps challenges in order", keeps_challenges_in_order},
           {"survives without memory", survives_without_memory})
