/* Routes that requests name, and the cookies that responses set. The texts are those of nginx 1.31.
 */
#include "decided.h"

#include "engine/sticky.h"

/* 2026-11-28 12:34:56 UTC, a Saturday. */
static const int64_t now = 1795869296;

static const char site[] =
    "upstream plain { server 10.0.0.1; sticky cookie srv-id; }\n"
    "upstream all { server 10.0.0.1; sticky cookie a expires=1h domain=.$arg_d path=/x secure\n"
    "    httponly samesite=$arg_s; }\n"
    "upstream long { server 10.0.0.1; sticky cookie a expires=20y samesite=None; }\n"
    "upstream max { server 10.0.0.1; sticky cookie a expires=max; }\n"
    "upstream now { server 10.0.0.1; sticky cookie a expires=0; }\n"
    "upstream route { server 10.0.0.1; sticky route $cookie_a $arg_d; }\n"
    "server { listen 80; location / { return 200; } }\n";

enum { PLAIN, ALL, LONG, MAX, NOW, ROUTE };

static const struct table_sticky *sticky_of(const struct decided *decided, uint32_t upstream) {
    const struct table *table = &decided->compiled.table;
    return &table->sticky[table->upstream[upstream].sticky];
}

static void begin(struct decided *decided, const char *target, const char *cookie) {
    decided_begin(decided, "GET", target);
    if (cookie != NULL) {
        decided_add_header(decided, "Cookie", cookie);
    }
    decided_run(decided, "host.example");
}

static bool asks_for(struct decided *decided, uint32_t upstream, const char *expected) {
    struct slice route;
    return engine_find_route(&decided->request, sticky_of(decided, upstream), &route) &&
           slice_equals(route, slice_from_string(expected));
}

static void finds_the_first_that_is_not_empty(void) {
    struct decided decided;
    decided_open(&decided, site);
    begin(&decided, "/?d=x", NULL);
    CU_ASSERT_TRUE(asks_for(&decided, PLAIN, ""));
    CU_ASSERT_TRUE(asks_for(&decided, ROUTE, "x"));
    begin(&decided, "/?d=x", "a=b; SRV-ID=one; a=c");
    CU_ASSERT_TRUE(asks_for(&decided, PLAIN, "one"));
    CU_ASSERT_TRUE(asks_for(&decided, ROUTE, "b"));
    begin(&decided, "/", "a=");
    CU_ASSERT_TRUE(asks_for(&decided, ROUTE, ""));
    decided_close(&decided);
}

static void expect_cookie(struct decided *decided, uint32_t upstream, const char *expected) {
    struct slice cookie;
    CU_ASSERT_TRUE_FATAL(engine_make_cookie(&decided->request, sticky_of(decided, upstream),
                                            SLICE("peer"), now, &cookie));
    if (!slice_equals(cookie, slice_from_string(expected))) {
        printf("\nexpected: %s\n     got: %.*s\n", expected, SLICE_ARGS(cookie));
        CU_FAIL("the cookie is not as expected");
    }
}

static void makes_cookies(void) {
    struct decided decided;
    decided_open(&decided, site);
    begin(&decided, "/?d=example.com&s=LAX", NULL);
    expect_cookie(&decided, PLAIN, "srv-id=peer");
    expect_cookie(&decided, ALL,
                  "a=peer; expires=Sat, 28-Nov-26 13:34:56 GMT; max-age=3600; domain=.example.com; "
                  "httponly; secure; samesite=LAX; path=/x");
    expect_cookie(&decided, LONG,
                  "a=peer; expires=Fri, 23-Nov-2046 12:34:56 GMT; max-age=630720000; "
                  "samesite=None");
    expect_cookie(&decided, MAX, "a=peer; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000");
    expect_cookie(&decided, NOW, "a=peer; expires=Sat, 28-Nov-26 12:34:56 GMT; max-age=0");
    decided_close(&decided);
}

static void leaves_out_what_variables_leave_empty(void) {
    struct decided decided;
    decided_open(&decided, site);
    begin(&decided, "/?d=.", NULL);
    expect_cookie(&decided, ALL,
                  "a=peer; expires=Sat, 28-Nov-26 13:34:56 GMT; max-age=3600; domain=..; httponly; "
                  "secure; path=/x");
    begin(&decided, "/?s=lax%3b+x", NULL);
    expect_cookie(&decided, ALL,
                  "a=peer; expires=Sat, 28-Nov-26 13:34:56 GMT; max-age=3600; domain=.; httponly; "
                  "secure; samesite=strict; path=/x");
    decided_close(&decided);
}

UNIT_TESTS("engine/sticky",
           {"finds the first that is not empty", finds_the_first_that_is_not_empty},
           {"makes cookies", makes_cookies},
           {"leaves out what variables leave empty", leaves_out_what_variables_leave_empty})
