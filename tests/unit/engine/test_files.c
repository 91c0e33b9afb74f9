/* Tests of files.c: roots, file tests and try_files. The expected lines are what nginx 1.22 answers
 * to the same requests with the same files. */
#include "decision.h"

#define REGULAR (ENGINE_FILE_EXISTS | ENGINE_FILE_REGULAR)
#define FOLDER (ENGINE_FILE_EXISTS | ENGINE_FILE_DIRECTORY | ENGINE_FILE_EXECUTABLE)

static struct decision decision;

#define SHOW "return 200 \"$document_root|$request_filename\";"

static void names_files_below_the_root(void) {
    static const struct {
        const char *root;
        const char *asked;
        const char *expected;
    } rows[] = {
        {"root /srv;", "GET /a/b?c", "200 /srv|/srv/a/b"},
        {"root /srv/;", "GET /a", "200 /srv|/srv/a"},
        {"root /srv//;", "GET /a", "200 /srv/|/srv//a"},
        {"root /;", "GET /a", "200 |/a"},
        {"root //;", "GET /a", "200 /|//a"},
        {"root html;", "GET /a", "200 /prefix/html|/prefix/html/a"},
        {"", "GET /a", "200 /prefix/html|/prefix/html/a"},
        {"root \"\";", "GET /a", "200 /prefix/|/prefix//a"},
        {"root /srv/$host;", "GET /a", "200 /srv/example.com|/srv/example.com/a"},
        {"root $arg_r;", "GET /a?r=/srv", "200 /srv|/srv/a"},
        {"root $arg_r;", "GET /a?r=/", "200 /|//a"},
        {"root $arg_r;", "GET /a?r=srv", "200 /prefix/srv|/prefix/srv/a"},
        {"root $arg_r/;", "GET /a?r=/srv", "200 /srv|/srv/a"},
        {"root sites/$host/;", "GET /a",
         "200 /prefix/sites/example.com|/prefix/sites/example.com/a"},
        {"root /srv;", "GET /a%20b/../c%2Fd", "200 /srv|/srv/c/d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "server { location / { %s " SHOW " } }", rows[i].root);
        CU_ASSERT_TRUE(decides_once(text, rows[i].asked, rows[i].expected));
    }
}

/* $document_root is that of the location, also where a variable set before is used; the file's name
 * follows the path as it is rewritten. */
static void follows_the_location_and_the_path(void) {
    static const struct decision_row rows[] = {
        {"GET /a", "200 /outer /a|/a/a"},
        {"GET /b", "200 /outer /b|/b/new"},
        {"GET /c?a=1", "200 /outer /if|/if/c"},
    };
    DECIDES_ALL("root /outer; server { set $before $document_root;"
                " location /a { root /a; return 200 \"$before $document_root|$request_filename\"; }"
                " location /b { root /b; rewrite ^ /new;"
                "  return 200 \"$before $document_root|$request_filename\"; }"
                " location /c { root /c; if ($arg_a) { root /if; set $x y; }"
                "  return 200 \"$before $document_root|$request_filename\"; }"
                " location / { proxy_pass http://a; } }",
                rows);
}

static void has_no_prefix_when_it_is_not_known(void) {
    decision_open(&decision, "server { location / { root html; " SHOW " } }");
    decision_begin(&decision, "GET /a");
    decision.request.prefix = (struct slice){NULL, 0};
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "200 html|html/a");
    decision_close(&decision);
}

/* nginx goes a hundred deep and makes a path of that. */
static void ends_a_root_made_of_itself(void) {
    decision_open(&decision,
                  "server { location / { root $request_filename; return 200 $document_root; }"
                  " location /x { root /x$request_filename; return 200 $request_filename; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes, "cycle while evaluating \"root\"\n");
    CU_ASSERT_EQUAL(decision.request.depth, 0);
    CU_ASSERT_TRUE(decides(&decision, "GET /x", "500 page"));
    decision_close(&decision);
}

/* --- tests of if --- */

static void tests_files_of_a_request(void) {
    static const struct decision_file files[] = {{"/srv/file", REGULAR},
                                                 {"/srv/folder", FOLDER},
                                                 {"/srv/folder/", FOLDER},
                                                 {"/srv/program", REGULAR | ENGINE_FILE_EXECUTABLE},
                                                 {NULL, 0}};
    static const struct decision_row rows[] = {
        {"GET /file", "200 +f+e-d-x"},    {"GET /folder", "200 +e+d+x-f"},
        {"GET /folder/", "200 +e+d+x-f"}, {"GET /program", "200 +f+e+x-d"},
        {"GET /none", "200 -f-e-d-x"},    {"GET /file?x", "200 +f+e-d-x"},
    };
    decision_open(&decision, "server { root /srv; location / { set $s \"\";"
                             " if (-f $request_filename) { set $s \"$s+f\"; }"
                             " if (-e $request_filename) { set $s \"$s+e\"; }"
                             " if (-d $request_filename) { set $s \"$s+d\"; }"
                             " if (-x $request_filename) { set $s \"$s+x\"; }"
                             " if (!-f $request_filename) { set $s \"$s-f\"; }"
                             " if (!-e $request_filename) { set $s \"$s-e\"; }"
                             " if (!-d $request_filename) { set $s \"$s-d\"; }"
                             " if (!-x $request_filename) { set $s \"$s-x\"; } return 200 $s; } }");
    decision.files = files;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_TRUE(decides(&decision, rows[i].asked, rows[i].expected));
        CU_ASSERT_EQUAL(decision.files_asked, 8);
    }
    decision_close(&decision);
}

/* A name that C would cut off is the name of nothing, and nobody is asked about it; so is no name.
 */
static void knows_no_file_with_a_zero_byte(void) {
    decision_open(&decision, "server { location / { if (-e $arg_f) { return 200 there; }"
                             " if (!-e $arg_f) { return 200 none; } return 200 neither; } }");
    static const struct decision_file files[] = {{"/etc", FOLDER}, {NULL, 0}};
    decision.files = files;
    CU_ASSERT_TRUE(decides(&decision, "GET /?f=/etc", "200 there"));
    CU_ASSERT_EQUAL(decision.files_asked, 1);
    decision_begin(&decision, "GET /");
    decision.request.args = (struct slice){"f=/etc\0", 7};
    CU_ASSERT_STRING_EQUAL(decision_make(&decision), "200 none");
    CU_ASSERT_EQUAL(decision.files_asked, 0);
    CU_ASSERT_TRUE(decides(&decision, "GET /", "200 none"));
    CU_ASSERT_EQUAL(decision.files_asked, 0);
    decision_close(&decision);
}

/* --- try_files --- */

static const struct decision_file tried[] = {{"/srv/a", REGULAR},
                                             {"/srv/b", REGULAR},
                                             {"/srv/folder", FOLDER},
                                             {"/srv/a.html", REGULAR},
                                             {"/srv/x/found", REGULAR},
                                             {"/other/a", REGULAR},
                                             {"/srv/odd", ENGINE_FILE_EXISTS},
                                             {NULL, 0}};

static void try_all(const char *text, const struct decision_row *rows, size_t count) {
    decision_open(&decision, text);
    decision.files = tried;
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(decides(&decision, rows[i].asked, rows[i].expected));
    }
    decision_close(&decision);
}

#define TRY_ALL(text, rows) try_all((text), (rows), sizeof(rows) / sizeof(rows)[0])

/* The path becomes that of the first one that is there; the arguments stay. */
static void takes_the_first_file_that_exists(void) {
    static const struct decision_row rows[] = {
        {"GET /a?q", "proxy GET up /a?q"},
        {"GET /none?q", "proxy GET up /b?q"},
        {"GET /a%2Ehtml", "proxy GET up /a.html"},
        {"GET /odd", "proxy GET up /odd"},
    };
    TRY_ALL("server { root /srv; location / { try_files $uri /b =404; proxy_pass http://up; } }",
            rows);
}

static void tells_files_from_folders(void) {
    static const struct decision_row rows[] = {
        {"GET /file/folder", "404 page"},
        {"GET /folder/folder", "proxy GET up /folder"},
        {"GET /folder/a", "404 page"},
        {"GET /file/a", "proxy GET up /a"},
        {"GET /both/folder", "proxy GET up /folder"},
        {"GET /both/none", "404 page"},
    };
    TRY_ALL("server { root /srv; location ~ ^/file(?<rest>/.*) { try_files $rest =404;"
            "  proxy_pass http://up; }"
            " location ~ ^/folder(?<rest>/.*) { try_files $rest/ =404; proxy_pass http://up; }"
            " location ~ ^/both(?<rest>/.*) { try_files $rest $rest/ =404; proxy_pass http://up; }"
            " location / { return 404; } }",
            rows);
}

static void looks_into_the_root_of_the_location(void) {
    static const struct decision_row rows[] = {{"GET /a", "proxy GET up /a"},
                                               {"GET /b", "404 page"}};
    TRY_ALL("root /srv; server { location / { root /other; try_files $uri =404;"
            " proxy_pass http://up; } }",
            rows);
}

/* A name without a slash is put behind the root as it is, and becomes the path so. */
static void joins_root_and_name(void) {
    static const struct decision_row rows[] = {{"GET /", "proxy GET up .html"}};
    TRY_ALL("server { location / { root /srv/a; try_files .html =404; proxy_pass http://up; } }",
            rows);
}

static void tries_them_in_order_and_no_more(void) {
    decision_open(&decision, "server { root /srv; location / {"
                             " try_files /none /a /b =404; proxy_pass http://up; } }");
    decision.files = tried;
    CU_ASSERT_TRUE(decides(&decision, "GET /", "proxy GET up /a"));
    CU_ASSERT_EQUAL(decision.files_asked, 2);
    decision_close(&decision);
}

static void falls_back(void) {
    static const struct decision_row rows[] = {
        {"GET /status", "410 page"},
        {"GET /named?q", "200 named /named|q"},
        {"GET /path?q", "200 target /target|"},
        {"GET /args?q", "200 target /target/args|x=q"},
        {"GET /variable?n=named", "200 named /variable|n=named"},
        {"GET /variable?n=nowhere", "500 page"},
        {"GET /from-variable?t=/target?r", "200 target /target|r"},
        {"GET /close", "444 page"},
        {"GET /redirect", "301 page"},
        {"GET /zero", "404 page"},
        {"GET /error", "403 error"},
    };
    TRY_ALL(
        "server { root /srv; location / { return 404; } location /status { try_files /none =410; "
        "proxy_pass http://up; }"
        " location /named { try_files /none @named; proxy_pass http://up; }"
        " location /path { try_files /none /target; proxy_pass http://up; }"
        " location /args { try_files /none /target$uri?x=$args; proxy_pass http://up; }"
        " location /variable { try_files /none @$arg_n; proxy_pass http://up; }"
        " location /from-variable { try_files /none $arg_t; proxy_pass http://up; }"
        " location /close { try_files /none =444; proxy_pass http://up; }"
        " location /redirect { try_files /none =301; proxy_pass http://up; }"
        " location /zero { try_files /none =0; proxy_pass http://up; }"
        " location /error { error_page 403 /denied; try_files /none =403; proxy_pass http://up; }"
        " location /denied { return 200 error; }"
        " location /target { return 200 \"target $uri|$args\"; }"
        " location @named { return 200 \"named $uri|$args\"; } }",
        rows);
}

/* The last word is never looked for, even if it is there. */
static void does_not_look_for_the_fallback(void) {
    decision_open(&decision, "server { root /srv; location / { try_files /none /a;"
                             " proxy_pass http://up; } location = /a { return 200 $uri; } }");
    decision.files = tried;
    CU_ASSERT_TRUE(decides(&decision, "GET /", "200 /a"));
    CU_ASSERT_EQUAL(decision.files_asked, 1);
    decision_close(&decision);
}

static void ends_a_cycle(void) {
    decision_open(&decision, "server { location / { try_files /none /again;"
                             " proxy_pass http://up; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes, "rewrite or internal redirection cycle while internally "
                                           "redirecting to \"/again\"\n");
    decision_close(&decision);
}

/* Captures of the location are there, those of its rewrites, too. */
static void knows_captures(void) {
    static const struct decision_row rows[] = {{"GET /x/found", "proxy GET up /x/found"},
                                               {"GET /none/a", "proxy GET up /a"}};
    TRY_ALL("server { root /srv; location / { return 404; } location ~ ^/(\\w+)/(.*)$ { try_files "
            "/$1/$2 /$2 =404;"
            " proxy_pass http://up; } }",
            rows);
}

/* The server's own are for paths that no location matches. */
static void tries_files_of_the_server(void) {
    static const struct decision_row rows[] = {{"GET /none", "proxy GET up /none"},
                                               {"GET /lost", "200 named lost"}};
    TRY_ALL("server { try_files /none @named; location / { proxy_pass http://up; }"
            " location /lost { rewrite ^/(.*)$ $1 last; }"
            " location @named { return 200 \"named $uri\"; } }",
            rows);
}

UNIT_TESTS("engine/files", {"names files below the root", names_files_below_the_root},
           {"follows the location and the path", follows_the_location_and_the_path},
           {"has no prefix when it is not known", has_no_prefix_when_it_is_not_known},
           {"ends a root made of itself", ends_a_root_made_of_itself},
           {"tests files of a request", tests_files_of_a_request},
           {"knows no file with a zero byte", knows_no_file_with_a_zero_byte},
           {"takes the first file that exists", takes_the_first_file_that_exists},
           {"tells files from folders", tells_files_from_folders},
           {"looks into the root of the location", looks_into_the_root_of_the_location},
           {"joins root and name", joins_root_and_name},
           {"tries them in order and no more", tries_them_in_order_and_no_more},
           {"falls back", falls_back},
           {"does not look for the fallback", does_not_look_for_the_fallback},
           {"ends a cycle", ends_a_cycle}, {"knows captures", knows_captures},
           {"tries files of the server", tries_files_of_the_server})
