/* Tests of error_page.c: what is answered instead of errors. The expected lines are what nginx 1.22
 * answers to the same requests. */
#include "decision.h"

static struct decision decision;

static void takes_the_page_of_the_status(void) {
    static const struct decision_row rows[] = {
        {"GET /404", "404 page /404.html"}, {"GET /405", "405 page /405.html"},
        {"GET /410", "410 page /404.html"}, {"GET /500", "500 page"},
        {"GET /200", "200 fine"},           {"GET /text", "404 own"},
    };
    DECIDES_ALL("server { error_page 404 410 /404.html; error_page 405 /405.html;"
                " error_page 404 /second.html;"
                " location = /404 { return 404; } location = /405 { return 405; }"
                " location = /410 { return 410; } location = /500 { return 500; }"
                " location = /200 { return 200 fine; } location = /text { return 404 own; }"
                " location / { return 200 \"page $uri\"; } }",
                rows);
}

/* Of several pages for a status the first counts; a block's list replaces the outer one. */
static void takes_the_first_page_of_the_nearest_list(void) {
    static const struct decision_row rows[] = {{"GET /outer", "404 page /one"},
                                               {"GET /inner", "403 page"},
                                               {"GET /own", "404 page /three"}};
    DECIDES_ALL("error_page 403 /http; server { error_page 404 /one; error_page 404 /two;"
                " location /outer { return 404; } location /inner { return 403; }"
                " location /own { error_page 404 /three; return 404; }"
                " location / { return 200 \"page $uri\"; } }",
                rows);
}

static void changes_the_status(void) {
    static const struct decision_row rows[] = {
        {"GET /kept", "403 made"}, {"GET /given", "200 made"},        {"GET /same", "201 made"},
        {"GET /odd", "999 made"},  {"GET /redirecting", "302 to /x"},
    };
    DECIDES_ALL("server { location /kept { error_page 403 /made; return 403; }"
                " location /given { error_page 403 =200 /made; return 403; }"
                " location /same { error_page 403 = /made; return 403; }"
                " location /odd { error_page 403 =999 /made; return 403; }"
                " location /redirecting { error_page 403 /redirect; return 403; }"
                " location /redirect { return 302 /x; }"
                " location /made { return 201 made; } }",
                rows);
}

/* A path of error_page's has arguments of its own or none; those of the request are gone. */
static void goes_to_another_path(void) {
    static const struct decision_row rows[] = {
        {"GET /bare?a=b", "404 /page|"},
        {"GET /args?a=b", "404 /page|x=y"},
        {"GET /variable?a=b", "404 /page/variable|x=b"},
        {"GET /from-variable?a=/page?q", "404 /page|q"},
        {"GET /query?a=b", "404 /page|?a=b"},
    };
    DECIDES_ALL("server { location = /bare { error_page 404 /page; return 404; }"
                " location = /args { error_page 404 /page?x=y; return 404; }"
                " location = /variable { error_page 404 /page$uri?x=$arg_a; return 404; }"
                " location = /from-variable { error_page 404 $arg_a; return 404; }"
                " location = /query { error_page 404 /page??$args; return 404; }"
                " location /page { return 200 \"$uri|$args\"; } }",
                rows);
}

/* The page is got with GET, whatever the request was; HEAD stays. */
static void gets_the_page(void) {
    static const struct decision_row rows[] = {
        {"POST /path", "404 GET POST"},
        {"HEAD /path", "404 HEAD HEAD"},
        {"DELETE /path", "404 GET DELETE"},
        {"POST /named", "404 POST POST"},
        {"POST /url", "302 to http://example.org/"},
    };
    DECIDES_ALL("server { set $before $request_method;"
                " location /path { set $was $request_method; error_page 404 /page; return 404; }"
                " location /named { set $was $request_method; error_page 404 @page; return 404; }"
                " location /url { error_page 404 http://example.org/; return 404; }"
                " location /page { return 200 \"$request_method $was\"; }"
                " location @page { return 200 \"$request_method $was\"; } }",
                rows);
}

static void goes_to_a_named_location(void) {
    static const struct decision_row rows[] = {
        {"GET /a?b=c", "404 named /a|b=c"},
        {"GET /own?b=c", "200 named /own|b=c"},
        {"GET /proxied?b=c", "404 proxy GET a /proxied?b=c"},
        {"GET /none", "500 page"},
        {"GET /variable?n=named", "404 named /variable|n=named"},
    };
    DECIDES_ALL("server { error_page 404 @named; location / { return 404; }"
                " location /own { error_page 404 =200 @named; return 404; }"
                " location /proxied { error_page 404 @proxied; return 404; }"
                " location /none { error_page 404 @nowhere; return 404; }"
                " location /variable { error_page 404 @$arg_n; return 404; }"
                " location @proxied { proxy_pass http://a; }"
                " location @named { return 200 \"named $uri|$args\"; } }",
                rows);
}

static void says_that_a_named_location_is_missing(void) {
    decision_open(&decision, "server { error_page 404 @nowhere; return 404; }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes, "could not find named location \"@nowhere\"\n");
    decision_close(&decision);
}

/* nginx: a named location is no place for a request that a rewrite left without a path. */
static void needs_a_path_for_a_named_location(void) {
    decision_open(&decision, "server { error_page 500 @named; rewrite ^/(.*) $1;"
                             " location @named { return 200 named; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes, "the rewritten URI has a zero length\n"
                                           "empty URI in redirect to named location \"@named\"\n");
    decision_close(&decision);
}

static void redirects_to_urls(void) {
    static const struct decision_row rows[] = {
        {"GET /plain", "302 to http://example.org/gone"},
        {"GET /301", "301 to http://example.org/gone"},
        {"GET /303", "303 to http://example.org/gone"},
        {"GET /308", "308 to http://example.org/gone"},
        {"GET /200", "302 to http://example.org/gone"},
        {"GET /same", "302 to http://example.org/gone"},
        {"GET /relative", "302 to gone"},
        {"GET /variable?t=x", "302 to http://x/variable"},
        {"GET /empty", "302 to "},
    };
    DECIDES_ALL("server { set $u http://example.org/gone;"
                " location /plain { error_page 404 http://example.org/gone; return 404; }"
                " location /301 { error_page 404 =301 http://example.org/gone; return 404; }"
                " location /303 { error_page 404 =303 http://example.org/gone; return 404; }"
                " location /308 { error_page 404 =308 http://example.org/gone; return 404; }"
                " location /200 { error_page 404 =200 http://example.org/gone; return 404; }"
                " location /same { error_page 404 = http://example.org/gone; return 404; }"
                " location /relative { error_page 404 gone; return 404; }"
                " location /variable { error_page 404 http://$arg_t$uri; return 404; }"
                " location /empty { error_page 404 $arg_none; return 404; } }",
                rows);
}

/* Redirects are errors to error_page, from return, rewrite and the missing slash. What answers
 * instead keeps their Location. */
static void answers_redirects(void) {
    static const struct decision_row rows[] = {
        {"GET /return", "302 instead"},
        {"GET /rewrite", "301 instead"},
        {"GET /slash", "301 instead"},
        {"GET /307", "307 to /else"},
    };
    decision_open(
        &decision,
        "server { error_page 301 302 /instead; location /return { return 302 /else; }"
        " location /rewrite { rewrite ^ /else permanent; }"
        " location /slash/ { proxy_pass http://a; }"
        " location /307 { return 307 /else; } location /instead { return 200 instead; } }");
    static const char *const locations[] = {"/else", "/else", "/slash/"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_TRUE(decides(&decision, rows[i].asked, rows[i].expected));
        struct slice redirect = decision.request.redirect;
        CU_ASSERT_TRUE(i == 3 || slice_equals(redirect, slice_from_string(locations[i])));
    }
    decision_close(&decision);
}

/* An error of an error page is answered plainly, unless recursive_error_pages is on where it
 * happens. That holds from the first error on for which a list is in effect. */
static void answers_errors_of_pages_plainly(void) {
    static const struct decision_row rows[] = {
        {"GET /404", "403 page"},     {"GET /404-r", "403 end"},      {"GET /mixed", "403 page"},
        {"GET /no-page", "404 page"}, {"GET /via-named", "405 page"},
    };
    DECIDES_ALL("server { location /404 { error_page 404 /403; return 404; }"
                " location /403 { error_page 403 /end; return 403; }"
                " location /404-r { error_page 404 /403-r; recursive_error_pages on; return 404; }"
                " location /403-r { error_page 403 /end; recursive_error_pages on; return 403; }"
                " location /mixed { error_page 404 /403-r; return 404; }"
                " location /no-page { error_page 500 /end; return 404; }"
                " location /via-named { error_page 404 @named; return 404; }"
                " location @named { error_page 405 /end; return 405; }"
                " location /end { return 200 end; } }",
                rows);
}

static void has_a_limit_of_cycles(void) {
    decision_open(&decision,
                  "server { recursive_error_pages on; error_page 404 /again; return 404; }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes, "rewrite or internal redirection cycle while internally "
                                           "redirecting to \"/again\"\n");
    CU_ASSERT_EQUAL(decision.request.redirects, ENGINE_REDIRECT_LIMIT + 1);
    decision_close(&decision);
    decision_open(&decision, "server { recursive_error_pages on; error_page 404 500 @again;"
                             " location / { return 404; } location @again { return 404; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes,
                           "rewrite or internal redirection cycle while redirect to "
                           "named location \"@again\"\n");
    decision_close(&decision);
}

/* Each of them counts, also where there is no path to go on with. */
static void has_a_limit_without_a_path(void) {
    decision_open(&decision, "server { recursive_error_pages on; error_page 500 @named;"
                             " rewrite ^/(.*) $1; location @named { return 200 named; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_EQUAL(decision.request.redirects, ENGINE_REDIRECT_LIMIT + 1);
    decision_close(&decision);
}

/* Ten internal redirects are allowed. */
static void allows_as_many_redirects_as_nginx(void) {
    CU_ASSERT_TRUE(decides_once("server { recursive_error_pages on; error_page 404 /p$uri;"
                                " location = /p/p/p/p/p/p/p/p/p/p/ { return 200 end; }"
                                " location / { return 404; } }",
                                "GET /", "404 end"));
    CU_ASSERT_TRUE(decides_once("server { recursive_error_pages on; error_page 404 /p$uri;"
                                " location = /p/p/p/p/p/p/p/p/p/p/p/ { return 200 end; }"
                                " location / { return 404; } }",
                                "GET /", "500 page"));
}

/* Nobody is there to be answered, or nobody is to be. */
static void has_no_pages_for_silent_statuses(void) {
    static const struct decision_row rows[] = {
        {"GET /444", "444 page"}, {"GET /408", "408 page"}, {"GET /499", "499 page"}};
    DECIDES_ALL("server { error_page 408 444 /page; location /444 { return 444; }"
                " location /408 { return 408; } location /499 { return 499; }"
                " location /page { return 200 shown; } }",
                rows);
}

static void unsettles_the_connection(void) {
    static const uint32_t unsettling[] = {400, 413, 414, 495, 496, 497, 500, 501};
    decision_open(&decision, "server { error_page 404 414 /page; location /page { return 200; } }");
    for (uint32_t status = 400; status < 600; status++) {
        bool expected = false;
        for (size_t i = 0; i < sizeof unsettling / sizeof unsettling[0]; i++) {
            expected = expected || unsettling[i] == status;
        }
        decision_begin(&decision, "GET /");
        engine_fail(&decision.request, status, &decision.outcome);
        CU_ASSERT_EQUAL(decision.request.is_unsettled, expected);
    }
    decision_begin(&decision, "GET /");
    engine_fail(&decision.request, 500, &decision.outcome);
    engine_fail(&decision.request, 404, &decision.outcome);
    CU_ASSERT_TRUE(decision.request.is_unsettled); /* for good */
    decision_close(&decision);
}

/* What a backend answers, for proxy_intercept_errors. */
static void knows_whether_there_is_a_page(void) {
    decision_open(&decision, "server { error_page 404 502 /page; location / { return 200; } }");
    decision_begin(&decision, "GET /");
    CU_ASSERT_TRUE(engine_has_error_page(&decision.request, 404));
    CU_ASSERT_TRUE(engine_has_error_page(&decision.request, 502));
    CU_ASSERT_FALSE(engine_has_error_page(&decision.request, 500));
    decision_close(&decision);
}

/* An error while a backend was asked: pages of the location that asked it. */
static void answers_errors_from_anywhere(void) {
    decision_open(&decision, "server { error_page 502 /server; location /a { proxy_pass http://a; }"
                             " location /b { error_page 502 =503 @b; proxy_pass http://a; }"
                             " location @b { return 200 b; }"
                             " location /server { return 200 \"server $uri $args\"; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /a?x", "proxy GET a /a?x"));
    engine_fail(&decision.request, 502, &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "502 server /server ");
    CU_ASSERT_TRUE(decides(&decision, "GET /b", "proxy GET a /b"));
    engine_fail(&decision.request, 502, &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "503 b");
    CU_ASSERT_TRUE(decides(&decision, "GET /b", "proxy GET a /b"));
    engine_fail(&decision.request, 504, &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "504 page");
    decision_close(&decision);
}

/* Before a location is known the server's pages count. */
static void answers_errors_before_there_is_a_location(void) {
    decision_open(&decision, "server { error_page 400 /bad; location / { error_page 400 /not; }"
                             " location /bad { return 200 bad; } }");
    decision_begin(&decision, "GET /");
    engine_fail(&decision.request, 400, &decision.outcome);
    CU_ASSERT_STRING_EQUAL(decision_tell(&decision), "400 bad");
    decision_close(&decision);
}

/* A block of if has pages of its own, or those around it. */
static void takes_the_pages_of_an_if(void) {
    static const struct decision_row rows[] = {
        {"GET /?a=1", "404 if"}, {"GET /?b=1", "404 around"}, {"GET /", "404 around"}};
    DECIDES_ALL("server { location / { error_page 404 /around;"
                " if ($arg_a) { error_page 404 /if; } if ($arg_b) { set $x y; } return 404; }"
                " location /around { return 200 around; } location /if { return 200 if; } }",
                rows);
}

UNIT_TESTS("engine/error_page", {"takes the page of the status", takes_the_page_of_the_status},
           {"takes the first page of the nearest list", takes_the_first_page_of_the_nearest_list},
           {"changes the status", changes_the_status},
           {"goes to another path", goes_to_another_path}, {"gets the page", gets_the_page},
           {"goes to a named location", goes_to_a_named_location},
           {"says that a named location is missing", says_that_a_named_location_is_missing},
           {"needs a path for a named location", needs_a_path_for_a_named_location},
           {"redirects to URLs", redirects_to_urls}, {"answers redirects", answers_redirects},
           {"answers errors of pages plainly", answers_errors_of_pages_plainly},
           {"has a limit of cycles", has_a_limit_of_cycles},
           {"has a limit without a path", has_a_limit_without_a_path},
           {"allows as many redirects as nginx", allows_as_many_redirects_as_nginx},
           {"has no pages for silent statuses", has_no_pages_for_silent_statuses},
           {"unsettles the connection", unsettles_the_connection},
           {"knows whether there is a page", knows_whether_there_is_a_page},
           {"answers errors from anywhere", answers_errors_from_anywhere},
           {"answers errors before there is a location", answers_errors_before_there_is_a_location},
           {"takes the pages of an if", takes_the_pages_of_an_if})
