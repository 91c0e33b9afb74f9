/* Tests of rewrite.c: what a rewrite makes of path, arguments and Location. The expected lines are
 * what nginx 1.22 answers to the same requests. */
#include "decision.h"

/* Shows what the rewrites before it made of a request. */
#define SHOW "return 200 \"$uri|$args\";"

static void replaces_the_whole_path(void) {
    static const struct decision_row rows[] = {
        {"GET /one/two", "200 /two-one|"}, {"GET /one/two/three", "200 /two/three-one|"},
        {"GET /no", "200 /no|"},           {"GET /one/two?a=b", "200 /two-one|a=b"},
        {"GET /ONE/two", "200 /two-ONE|"}, {"GET /%6fne/t%77o", "200 /two-one|"},
    };
    DECIDES_ALL("server { rewrite ^/([^/]+)/(.+)$ /$2-$1; " SHOW " }", rows);
}

static void matches_where_the_pattern_says(void) {
    static const struct decision_row rows[] = {
        {"GET /a/x/b", "200 /new|"}, {"GET /x", "200 /new|"}, {"GET /X", "200 /X|"}};
    DECIDES_ALL("server { rewrite x /new; " SHOW " }", rows);
    CU_ASSERT_TRUE(decides_once("server { rewrite (?i)x /new; " SHOW " }", "GET /X", "200 /new|"));
    CU_ASSERT_TRUE(decides_once("server { rewrite ^ /new; " SHOW " }", "GET /X", "200 /new|"));
}

/* The pattern sees the path only, and that decoded. */
static void sees_the_normalised_path(void) {
    static const struct decision_row rows[] = {
        {"GET /a%20b", "200 /space|"},  {"GET /x/../a%20b", "200 /space|"},
        {"GET //a%20b", "200 /space|"}, {"GET /a?x=%20", "200 /a|x=%20"},
        {"GET /a+b", "200 /a+b|"},
    };
    DECIDES_ALL("server { rewrite \"^/a b$\" /space; rewrite \\?x /wrong; " SHOW " }", rows);
}

static void keeps_or_drops_arguments(void) {
    static const struct {
        const char *replacement;
        const char *asked;
        const char *expected;
    } rows[] = {
        {"/new", "GET /old?a=b", "200 /new|a=b"},
        {"/new", "GET /old", "200 /new|"},
        {"/new?", "GET /old?a=b", "200 /new|"},
        {"/new?x=y", "GET /old?a=b", "200 /new|x=y&a=b"},
        {"/new?x=y", "GET /old", "200 /new|x=y"},
        {"/new?x=y", "GET /old?", "200 /new|x=y"},
        {"/new?x=y?", "GET /old?a=b", "200 /new|x=y"},
        {"/new??", "GET /old?a=b", "200 /new|"},
        {"/new?x=y&", "GET /old?a=b", "200 /new|x=y&&a=b"},
        {"/new?x?y", "GET /old?a=b", "200 /new|x?y&a=b"},
        {"/new?old=$args?", "GET /old?a=b", "200 /new|old=a=b"},
        {"/new?x=$arg_a", "GET /old?a=b", "200 /new|x=b&a=b"},
        {"/new$is_args", "GET /old?a=b", "200 /new?|a=b"},
        {"$arg_p", "GET /old?p=/x?y", "200 /x?y|p=/x?y"},
        {"/new/$uri", "GET /old?a", "200 /new//old|a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "server { rewrite ^/old \"%s\"; " SHOW " }",
                 rows[i].replacement);
        CU_ASSERT_TRUE(decides_once(text, rows[i].asked, rows[i].expected));
    }
}

/* A rewrite without a flag is followed by the next. */
static void goes_on_with_what_became_of_it(void) {
    static const struct decision_row rows[] = {
        {"GET /a?q", "200 /c|two&one&q"}, {"GET /b?q", "200 /c|two&q"}, {"GET /c?q", "200 /c|q"}};
    DECIDES_ALL("server { rewrite ^/a /b?one; rewrite ^/b /c?two; " SHOW " }", rows);
}

/* nginx: captures in arguments are encoded if the path came with an escape or a plus sign, those in
 * paths never. */
static void encodes_captures_in_arguments(void) {
    static const struct decision_row rows[] = {
        {"GET /args/a%26b", "200 /new|q=a%26b"},
        {"GET /args/a&b", "200 /new|q=a&b"},
        {"GET /args/a+b", "200 /new|q=a%2Bb"},
        {"GET /args/a%20b+c", "200 /new|q=a%20b%2Bc"},
        {"GET /args/%61&b", "200 /new|q=a%26b"},
        {"GET /args/a%25", "200 /new|q=a%25"},
        {"GET /args/a%2Fb", "200 /new|q=a/b"},
        {"GET /path/a%20b%26", "200 /new/a b&|"},
        {"GET /args/a%3D%3b", "200 /new|q=a=%3B"},
        {"GET /args/%C3%A9", "200 /new|q=%C3%A9"},
        {"GET /variable/a%20b", "200 /new|q=/variable/a b"},
    };
    DECIDES_ALL("server { rewrite ^/args/(.*)$ /new?q=$1; rewrite ^/path/(.*)$ /new/$1;"
                " rewrite ^/variable/ /new?q=$uri; " SHOW " }",
                rows);
}

static void redirects(void) {
    static const struct {
        const char *rewrite;
        const char *asked;
        const char *expected;
    } rows[] = {
        {"^/old(.*)$ /new$1 redirect", "GET /old/x", "302 to /new/x"},
        {"^/old(.*)$ /new$1 permanent", "GET /old/x?a=b", "301 to /new/x?a=b"},
        {"^/old(.*)$ /new$1? permanent", "GET /old/x?a=b", "301 to /new/x"},
        {"^/old(.*)$ /new$1?x=y permanent", "GET /old/x?a=b", "301 to /new/x?x=y&a=b"},
        {"^/old(.*)$ /new$1?x=y? permanent", "GET /old/x?a=b", "301 to /new/x?x=y"},
        {"^/old(.*)$ http://example.org$1", "GET /old/x?a=b", "302 to http://example.org/x?a=b"},
        {"^/old(.*)$ https://example.org$1 permanent", "GET /old/x",
         "301 to https://example.org/x"},
        {"^/old(.*)$ $scheme://example.org$1", "GET /old/x", "302 to http://example.org/x"},
        {"^/old(.*)$ http://example.org$1 last", "GET /old/x", "302 to http://example.org/x"},
        {"^/old(.*)$ http://example.org$1 break", "GET /old/x", "302 to http://example.org/x"},
        {"^ $scheme://$host$request_uri?", "GET /old/%20?a=b",
         "302 to http://example.com/old/%20?a=b"},
        {"^/old http://example.org/??", "GET /old?a", "302 to http://example.org/?"},
        {"^/old new redirect", "GET /old", "302 to new"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "server { rewrite %s; return 200 not; }", rows[i].rewrite);
        CU_ASSERT_TRUE(decides_once(text, rows[i].asked, rows[i].expected));
    }
}

/* NGX_UNESCAPE_REDIRECT: what was encoded, if it is harmless plain, comes plain again, up to the
 * first "?"; nothing is decoded that could change the meaning or the line. */
static void writes_the_paths_of_redirects(void) {
    static const struct decision_row rows[] = {
        {"GET /%41b", "302 to /new/Ab"},           {"GET /a%20b", "302 to /new/a%20b"},
        {"GET /a%25b", "302 to /new/a%25b"},       {"GET /a%3Fb", "302 to /new/a?b"},
        {"GET /a%3Fb%3Fc", "302 to /new/a?b%3Fc"}, {"GET /a%26b", "302 to /new/a&b"},
        {"GET /a+b", "302 to /new/a+b"},           {"GET /a%0Db", "302 to /new/a%0Db"},
        {"GET /%C3%A9", "302 to /new/%C3%A9"},     {"GET /a%22b", "302 to /new/a%22b"},
        {"GET /a%7Fb", "302 to /new/a%7Fb"},       {"GET /a%20b?c=%41", "302 to /new/a%20b?c=%41"},
    };
    DECIDES_ALL("server { rewrite ^/(.*)$ /new/$1 redirect; }", rows);
}

/* Escapes of the configuration's own are read the same way, broken ones too. */
static void reads_escapes_in_the_replacement(void) {
    static const struct {
        const char *replacement;
        const char *expected;
    } rows[] = {
        {"/a%41%2f", "302 to /aA/"},
        {"/a%20", "302 to /a%20"},
        {"/a?%41", "302 to /a?%41"},
        {"/a%", "302 to /a"},
        {"/a%4", "302 to /a"},
        {"/a%zb", "302 to /azb"},
        {"/a%4zb", "302 to /ab"},
        {"/%3F%41", "302 to /?%41"},
        {"/%e9%00%1f", "302 to /%e9%00%1f"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "server { rewrite ^ \"%s\" redirect; }", rows[i].replacement);
        CU_ASSERT_TRUE(decides_once(text, "GET /", rows[i].expected));
    }
}

static void fills_named_groups(void) {
    static const struct decision_row rows[] = {{"GET /anna/7", "200 /user/anna|id=7 anna 7 [7]"},
                                               {"GET /anna", "200 /anna|   []"}};
    DECIDES_ALL("server { rewrite ^/(?<name>\\w+)/(?<id>\\d+)$ /user/$name?id=$id;"
                " return 200 \"$uri|$args $name $id [$2]\"; }",
                rows);
}

/* A later rewrite that does not match takes the captures of an earlier one away, not its named
 * groups. */
static void loses_captures_of_a_rewrite_that_does_not_match(void) {
    CU_ASSERT_TRUE(decides_once("server { rewrite ^/(?<a>.)(.*)$ /$2; rewrite ^/nothing$ /x;"
                                " return 200 \"$uri [$1][$a]\"; }",
                                "GET /abc", "200 /bc [][a]"));
}

static void refuses_an_empty_path(void) {
    struct decision decision;
    decision_open(&decision, "server { rewrite ^/e ?a=b; rewrite ^/v(.*) $1; " SHOW " }");
    CU_ASSERT_TRUE(decides(&decision, "GET /e", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes, "the rewritten URI has a zero length\n");
    CU_ASSERT_TRUE(decides(&decision, "GET /v", "500 page"));
    CU_ASSERT_TRUE(decides(&decision, "GET /vx", "200 x|"));
    decision_close(&decision);
}

/* last looks for a location again, from the one it is in on; break stays; without a flag the rest
 * of the sequence runs first. */
static void follows_its_flag(void) {
    static const struct decision_row rows[] = {
        {"GET /last/x", "200 target /target/x"},     {"GET /break/x", "proxy GET a /target/x"},
        {"GET /none/x", "200 target /target/x"},     {"GET /twice/x", "200 target /target/once"},
        {"GET /return/x", "200 returned /target/x"},
    };
    DECIDES_ALL(
        "server { location /target { return 200 \"target $uri\"; }"
        " location /last { rewrite ^/last(.*)$ /target$1 last; return 200 not; }"
        " location /break { rewrite ^/break(.*)$ /target$1 break; return 200 not;"
        "   proxy_pass http://a; }"
        " location /none { rewrite ^/none(.*)$ /target$1; }"
        " location /twice { rewrite ^/twice /else; rewrite ^/else /target/once; }"
        " location /return { rewrite ^/return(.*)$ /target$1; return 200 \"returned $uri\"; } }",
        rows);
}

/* nginx: the flag ends the server's sequence, too; a location is looked for either way. */
static void follows_its_flag_in_the_server(void) {
    static const struct decision_row rows[] = {{"GET /last", "200 target s"},
                                               {"GET /break", "200 target s"},
                                               {"GET /none", "200 target later"}};
    DECIDES_ALL("server { set $v s; rewrite ^/last /target last; rewrite ^/break /target break;"
                " rewrite ^/none /target; set $v later;"
                " location = /target { return 200 \"target $v\"; } }",
                rows);
}

/* What a proxied path is made of: see keeps_path and is_rewritten in engine.h. */
static void tells_what_became_of_the_path(void) {
    static const struct {
        const char *asked;
        bool is_rewritten;
        bool keeps_path;
    } rows[] = {{"GET /plain", false, false}, {"GET /last", true, false},
                {"GET /break", true, true},   {"GET /stop", true, true},
                {"GET /none", true, false},   {"GET /unmatched", false, false},
                {"GET /server", true, true},  {"GET /bare", false, false}};
    struct decision decision;
    decision_open(&decision,
                  "server { rewrite ^/server /x break; location / { proxy_pass http://a; }"
                  " location /last { rewrite ^ /x last; }"
                  " location /break { rewrite ^ /x break; proxy_pass http://a; }"
                  " location /stop { rewrite ^ /x; break; proxy_pass http://a; }"
                  " location /none { rewrite ^ /x; }"
                  " location /unmatched { rewrite ^/y /x break; proxy_pass http://a; }"
                  " location /bare { break; proxy_pass http://a; } }");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        decision_begin(&decision, rows[i].asked);
        (void)decision_make(&decision);
        CU_ASSERT_EQUAL(decision.outcome.kind, ENGINE_PROXY);
        CU_ASSERT_EQUAL(decision.request.is_rewritten, rows[i].is_rewritten);
        CU_ASSERT_EQUAL(decision.request.keeps_path, rows[i].keeps_path);
    }
    decision_close(&decision);
}

UNIT_TESTS("engine/rewrite", {"replaces the whole path", replaces_the_whole_path},
           {"matches where the pattern says", matches_where_the_pattern_says},
           {"sees the normalised path", sees_the_normalised_path},
           {"keeps or drops arguments", keeps_or_drops_arguments},
           {"goes on with what became of it", goes_on_with_what_became_of_it},
           {"encodes captures in arguments", encodes_captures_in_arguments},
           {"redirects", redirects},
           {"writes the paths of redirects", writes_the_paths_of_redirects},
           {"reads escapes in the replacement", reads_escapes_in_the_replacement},
           {"fills named groups", fills_named_groups},
           {"loses captures of a rewrite that does not match",
            loses_captures_of_a_rewrite_that_does_not_match},
           {"refuses an empty path", refuses_an_empty_path}, {"follows its flag", follows_its_flag},
           {"follows its flag in the server", follows_its_flag_in_the_server},
           {"tells what became of the path", tells_what_became_of_the_path})
