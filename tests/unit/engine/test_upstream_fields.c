/* Fields of a backend's answer as the client gets them: proxy_redirect and what is done to cookies.
 * That nginx does the same is tested end to end; here is what needs no backend. */
#include "decided.h"

#include "engine/upstream.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char site[] =
    "upstream app { server 10.0.0.1:80; }\n"
    "server {\n"
    "    listen 80;\n"
    "    location / { proxy_pass http://app; }\n"
    "    location /uri/ { proxy_pass http://app/in/; }\n"
    "    location /variable/ { set $to app; proxy_pass http://$to/in/; }\n"
    "    location /off/ { proxy_redirect off; proxy_pass http://app/in/; }\n"
    "    location /several/ { proxy_pass http://app/in/; proxy_redirect http://app/in/a /first;\n"
    "        proxy_redirect default; proxy_redirect ~^(https?)://(.*)$ $1:/own/$2;\n"
    "        proxy_cookie_domain app.example front.example; proxy_cookie_domain ~^x(.)$ $1.y;\n"
    "        proxy_cookie_path /in/ /; proxy_cookie_path / /outside/;\n"
    "        proxy_cookie_flags s secure samesite=lax nohttponly;\n"
    "        proxy_cookie_flags ~^t $arg_flag; }\n"
    "    location /lines/ { proxy_pass http://app; proxy_redirect http://app/ /$uri; }\n"
    "}\n";

typedef bool rewriter(struct engine_request *request, struct slice *value);

struct row {
    const char *target;
    const char *value;
    const char *expected;
};

static void check(rewriter *rewrite, const struct row *rows, size_t count) {
    struct decided decided;
    decided_open(&decided, site);
    for (size_t i = 0; i < count; i++) {
        struct engine_upstream upstream;
        struct slice value = slice_from_string(rows[i].value);
        decided_begin(&decided, "GET", rows[i].target);
        decided_run(&decided, "h");
        CU_ASSERT_EQUAL_FATAL(decided.outcome.kind, ENGINE_PROXY);
        CU_ASSERT_EQUAL_FATAL(engine_find_upstream(&decided.request, &upstream), 0);
        CU_ASSERT_TRUE(rewrite(&decided.request, &value));
        if (!slice_equals(value, slice_from_string(rows[i].expected))) {
            printf("\n  %s: %s became \"%.*s\"\n", rows[i].target, rows[i].value,
                   SLICE_ARGS(value));
            CU_FAIL("not as expected");
        }
    }
    decided_close(&decided);
}

static void rewrites_redirects(void) {
    static const struct row rows[] = {
        {"/", "http://app/x?y", "http://h/x?y"},
        {"/", "http://app:80/x", "http://h/x"},
        {"/", "http://app:81/x", "http://app:81/x"},
        {"/", "http://app", "http://app"},
        {"/", "/x", "/x"},
        {"/", "", ""},
        {"/uri/", "http://app/in/x", "http://h/uri/x"},
        {"/uri/", "http://app/x", "http://app/x"},
        {"/variable/", "http://app/in/x", "http://app/in/x"},
        {"/off/", "http://app/in/x", "http://app/in/x"},
        {"/several/", "http://app/in/ab", "http://h/firstb"},
        {"/several/", "http://app/in/b", "http://h/several/b"},
        {"/several/", "https://else/b", "https:/own/else/b"},
        {"/several/", "ftp://else/b", "ftp://else/b"},
    };
    check(engine_rewrite_location, rows, COUNT(rows));
}

static void rewrites_what_a_refresh_names(void) {
    static const struct row rows[] = {
        {"/", "0; url=http://app/x", "0; url=/x"},
        {"/", "0; URL=http://app/x", "0; URL=/x"},
        {"/", "0; url=/x", "0; url=/x"},
        {"/", "0; ur", "0; ur"},
        {"/", "url=", "url="},
        {"/", "http://app/x", "http://app/x"},
        {"/several/", "5;url=https://a", "5;url=https:/own/a"},
    };
    check(engine_rewrite_refresh, rows, COUNT(rows));
}

static void rewrites_cookies(void) {
    static const struct row rows[] = {
        {"/", "a=b; path=/in/", "a=b; path=/in/"},
        {"/several/", "a=b", "a=b"},
        {"/several/", "a=b;path=/x;  Secure", "a=b; path=/outside/x; Secure"},
        {"/several/", "a=b;Path=/in/x", "a=b; Path=/x"},
        {"/several/", "a=b; path=x;Secure", "a=b; path=x;Secure"},
        {"/several/", "a=b; Domain=.APP.example", "a=b; Domain=.front.example"},
        {"/several/", "a=b; Domain=xapp.example", "a=b; Domain=xapp.example"},
        {"/several/", "a=b; domain=XZ", "a=b; domain=Z.y"},
        {"/several/", "name; domain=xz", "name; domain=xz"},
        {"/several/", "S=; HttpOnly;samesite=Strict", "S=; SameSite=Lax; Secure"},
        {"/several/", "s=1; secure; SameSite=LAX", "s=1; secure; SameSite=LAX"},
        {"/several/?flag=secure", "two=1", "two=1; Secure"},
        {"/several/?flag=nothing", "two=1;x", "two=1;x"},
        {"/several/?flag=", "two=1;x", "two=1;x"},
        {"/several/", "", ""},
        {"/several/", ";;", ";;"},
    };
    check(engine_rewrite_cookie, rows, COUNT(rows));
}

static void without_memory_it_fails(void) {
    static const struct {
        rewriter *rewrite;
        const char *value;
    } rows[] = {{engine_rewrite_location, "http://app/in/x"},
                {engine_rewrite_refresh, "0;url=http://app/in/x"},
                {engine_rewrite_cookie, "s=1; path=/in/x; domain=app.example"}};
    struct decided decided;
    decided_open(&decided, site);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct engine_upstream upstream;
        struct slice value = slice_from_string(rows[i].value);
        decided_begin(&decided, "GET", "/several/");
        decided_run(&decided, "h");
        CU_ASSERT_EQUAL_FATAL(engine_find_upstream(&decided.request, &upstream), 0);
        decided.request.effort = ENGINE_EFFORT_LIMIT; /* the next text is one too many */
        CU_ASSERT_FALSE(rows[i].rewrite(&decided.request, &value));
    }
    decided_close(&decided);
}

UNIT_TESTS("engine/upstream_fields", {"rewrites redirects", rewrites_redirects},
           {"rewrites what a refresh names", rewrites_what_a_refresh_names},
           {"rewrites cookies", rewrites_cookies},
           {"without memory it fails", without_memory_it_fails})
