/* Tests of path.c. What a target becomes is what nginx 1.22 answers for `return 200
 * "$uri|$args|$request_uri"`, and what it sends on for `proxy_pass http://backend/`. */
#include "guard.h"
#include "table_builder.h"

struct target_case {
    const char *target;
    const char *uri; /* NULL: refused */
    const char *args;
};

static enum engine_target_error parse(struct engine_request *request, const char *target,
                                      bool merge_slashes, struct slice *authority) {
    request->target = guard_copy(slice_from_string(target));
    return engine_parse_target(request, merge_slashes, authority);
}

static void check_cases(const struct target_case *cases, size_t count, bool merge_slashes) {
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        arena_init(&arena, 512);
        struct engine_request request = {.arena = &arena, .method = SLICE("GET")};
        struct slice authority;
        enum engine_target_error error =
            parse(&request, cases[i].target, merge_slashes, &authority);
        if (cases[i].uri == NULL) {
            CU_ASSERT_EQUAL(error, ENGINE_TARGET_INVALID);
        } else {
            CU_ASSERT_EQUAL_FATAL(error, ENGINE_TARGET_OK);
            CU_ASSERT(text_is(request.uri, cases[i].uri));
            CU_ASSERT(text_is(request.args, cases[i].args));
            CU_ASSERT_EQUAL(request.uri_is_plain, slice_equals(request.uri, request.raw_path));
        }
        arena_release(&arena);
    }
}

#define CHECK(cases, merge_slashes)                                                                \
    check_cases(cases, sizeof(cases) / sizeof(cases)[0], merge_slashes)

static void normalises_as_nginx(void) {
    static const struct target_case cases[] = {
        {"/", "/", ""},
        {"/a", "/a", ""},
        {"/a%20b%2Bc+d", "/a b+c+d", ""},
        {"/a%2fb", "/a/b", ""},
        {"/a%2F%2fb", "/a/b", ""},
        {"/a//b///c", "/a/b/c", ""},
        {"/./a/./b/.", "/a/b/", ""},
        {"/a/b/../c", "/a/c", ""},
        {"/a/b/..", "/a/", ""},
        {"/a/../..b/.c/...", "/..b/.c/...", ""},
        {"/a/%2e%2E/b", "/b", ""},
        {"/a/.%2e", "/", ""},
        {"/a//../b", "/b", ""},
        {"/.well-known/x", "/.well-known/x", ""},
        {"/a?b?c#d", "/a", "b?c"},
        {"/a#b?c", "/a", ""},
        {"/a%3fb%23c?d%20", "/a?b#c", "d%20"},
        {"/%25%32%35", "/%25", ""},
        {"/\xc3\xa9%c3%a9", "/\xc3\xa9\xc3\xa9", ""},
        {"/a/..?b", "/", "b"},
        {"/a?/../..", "/a", "/../.."},
    };
    CHECK(cases, true);
}

static void keeps_slashes_without_merging(void) {
    static const struct target_case cases[] = {
        {"//", "//", ""},         {"/a//b", "/a//b", ""}, {"/a%2f/b", "/a//b", ""},
        {"/a//../b", "/a/b", ""}, {"//../b", "/b", ""},   {"/a///../../b", "/a/b", ""},
        {"//././/", "///", ""},   {"/..", NULL, NULL},    {"//../..", NULL, NULL},
    };
    CHECK(cases, false);
}

static void refuses_what_nginx_refuses(void) {
    static const struct target_case cases[] = {
        {"/..", NULL, NULL},
        {"/../", NULL, NULL},
        {"/a/../../b", NULL, NULL},
        {"/%2e%2e/", NULL, NULL},
        {"/%00", NULL, NULL},
        {"/a%", NULL, NULL},
        {"/a%4", NULL, NULL},
        {"/a%4?", NULL, NULL},
        {"/%zz", NULL, NULL},
        {"/%4g", NULL, NULL},
        {"a", NULL, NULL},
        {"", NULL, NULL},
        {"?a", NULL, NULL},
        {"*", NULL, NULL},
        {"*/", NULL, NULL},
        {"a:80", NULL, NULL},
        {"//a/../../..", NULL, NULL},
    };
    CHECK(cases, true);
    struct engine_request request = {.target = SLICE("/a\0b")};
    struct slice authority;
    struct arena arena;
    arena_init(&arena, 512);
    request.arena = &arena;
    CU_ASSERT_EQUAL(engine_parse_target(&request, true, &authority), ENGINE_TARGET_INVALID);
    arena_release(&arena);
}

static void takes_absolute_targets(void) {
    static const struct {
        const char *target, *authority, *raw_path, *uri, *args, *request_uri;
    } cases[] = {
        {"http://Host", "Host", "/", "/", "", "/"},
        {"http://host/", "host", "/", "/", "", "/"},
        {"HTTPS://[::1]:8/a/../b?c", "[::1]:8", "/a/../b", "/b", "c", "/a/../b?c"},
        {"http://host:80?x#f", "host:80", "/", "/", "x", "?x#f"},
        {"h2+x-y.z://u@h/", "u@h", "/", "/", "", "/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        arena_init(&arena, 512);
        struct engine_request request = {.arena = &arena, .method = SLICE("GET")};
        struct slice authority;
        struct slice request_uri;
        CU_ASSERT_EQUAL_FATAL(parse(&request, cases[i].target, true, &authority), ENGINE_TARGET_OK);
        CU_ASSERT(text_is(authority, cases[i].authority));
        CU_ASSERT(text_is(request.raw_path, cases[i].raw_path));
        CU_ASSERT(text_is(request.uri, cases[i].uri));
        CU_ASSERT(text_is(request.args, cases[i].args));
        CU_ASSERT(engine_variable(&request, VARIABLE_REQUEST_URI, SLICE(""), &request_uri));
        CU_ASSERT(text_is(request_uri, cases[i].request_uri));
        arena_release(&arena);
    }
}

static void refuses_absolute_targets_without_a_host(void) {
    static const struct target_case cases[] = {
        {"http://", NULL, NULL},    {"http:///a", NULL, NULL},     {"http://?a", NULL, NULL},
        {"http:/a", NULL, NULL},    {"http:a", NULL, NULL},        {"://a", NULL, NULL},
        {"1http://a", NULL, NULL},  {"http://host#f", NULL, NULL}, {"ht tp://a", NULL, NULL},
        {"http://a/%", NULL, NULL},
    };
    CHECK(cases, true);
}

/* RFC 9112 3.2.4; nginx 1.22 refuses it. */
static void takes_an_asterisk_for_options_only(void) {
    struct engine_request request = {.method = SLICE("OPTIONS")};
    struct slice authority;
    CU_ASSERT_EQUAL(parse(&request, "*", true, &authority), ENGINE_TARGET_OK);
    CU_ASSERT(text_is(request.uri, "*"));
    CU_ASSERT(request.uri_is_plain);
    request.method = SLICE("POST");
    CU_ASSERT_EQUAL(parse(&request, "*", true, &authority), ENGINE_TARGET_INVALID);
}

static void tells_an_empty_query_from_none(void) {
    struct engine_request request = {.method = SLICE("GET")};
    struct slice authority;
    CU_ASSERT_EQUAL(parse(&request, "/a?", true, &authority), ENGINE_TARGET_OK);
    CU_ASSERT_PTR_NOT_NULL(request.args.data);
    CU_ASSERT_EQUAL(parse(&request, "/a", true, &authority), ENGINE_TARGET_OK);
    CU_ASSERT_PTR_NULL(request.args.data);
}

/* The arena has no memory, so anything that allocates fails. */
static void allocates_only_where_something_changes(void) {
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct engine_request request = {.arena = &arena, .method = SLICE("GET")};
    struct slice authority;
    CU_ASSERT_EQUAL(parse(&request, "/plain/path.html?x=%20//", true, &authority),
                    ENGINE_TARGET_OK);
    CU_ASSERT_PTR_EQUAL(request.uri.data, request.target.data);
    CU_ASSERT_EQUAL(parse(&request, "/%20", true, &authority), ENGINE_TARGET_NO_MEMORY);
    struct slice plain = SLICE("/plain/path.html:@!$&'()*+,;=~-_[]");
    CU_ASSERT_PTR_EQUAL(engine_escape_uri(&arena, plain).data, plain.data);
    CU_ASSERT_PTR_NULL(engine_escape_uri(&arena, SLICE("/a b")).data);
    CU_ASSERT_PTR_NOT_NULL(engine_escape_uri(&arena, (struct slice){NULL, 0}).data);
}

/* Every byte, as nginx 1.22 proxied it. */
static void escapes_as_nginx(void) {
    static const char unescaped[] = "!$&'()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_"
                                    "abcdefghijklmnopqrstuvwxyz~";
    for (unsigned byte = 0; byte < 256; byte++) {
        struct arena arena;
        arena_init(&arena, 512);
        char uri[2] = {'/', (char)byte};
        char expected[8];
        if (byte != 0 && strchr(unescaped, (int)byte) != NULL) {
            snprintf(expected, sizeof expected, "/%c", (char)byte);
        } else {
            snprintf(expected, sizeof expected, "/%%%02X", byte);
        }
        struct slice text = guard_copy((struct slice){uri, 2});
        CU_ASSERT(text_is(engine_escape_uri(&arena, text), expected));
        arena_release(&arena);
    }
}

/* Whatever the bytes: an accepted path is absolute, without segments to resolve, and stays the
 * same when it is escaped and parsed once more. */
static void normalises_to_a_fixed_point(void) {
    static const char bytes[] = "/./.%2eF%25a?#\x80";
    srand(7);
    for (int round = 0; round < 50000; round++) {
        struct arena arena;
        arena_init(&arena, 512);
        char target[16] = "/";
        size_t size = 1 + (size_t)rand() % 14;
        for (size_t i = 1; i < size; i++) {
            target[i] = bytes[(size_t)rand() % (sizeof bytes - 1)];
        }
        target[size] = '\0';
        struct engine_request request = {.arena = &arena};
        struct slice authority;
        if (parse(&request, target, true, &authority) == ENGINE_TARGET_OK) {
            struct slice uri = {
                memcpy(arena_require(&arena, request.uri.size), request.uri.data, request.uri.size),
                request.uri.size};
            CU_ASSERT_EQUAL(uri.data[0], '/');
            CU_ASSERT_EQUAL(memmem(uri.data, uri.size, "//", 2), NULL);
            CU_ASSERT_EQUAL(memmem(uri.data, uri.size, "/./", 3), NULL);
            CU_ASSERT_EQUAL(memmem(uri.data, uri.size, "/../", 4), NULL);
            request.target = engine_escape_uri(&arena, uri);
            CU_ASSERT_EQUAL(engine_parse_target(&request, true, &authority), ENGINE_TARGET_OK);
            CU_ASSERT(slice_equals(request.uri, uri));
        }
        arena_release(&arena);
    }
}

UNIT_TESTS("engine/path", {"normalises as nginx", normalises_as_nginx},
           {"keeps slashes without merging", keeps_slashes_without_merging},
           {"refuses what nginx refuses", refuses_what_nginx_refuses},
           {"takes absolute targets", takes_absolute_targets},
           {"refuses absolute targets without a host", refuses_absolute_targets_without_a_host},
           {"takes an asterisk for OPTIONS only", takes_an_asterisk_for_options_only},
           {"tells an empty query from none", tells_an_empty_query_from_none},
           {"allocates only where something changes", allocates_only_where_something_changes},
           {"escapes as nginx", escapes_as_nginx},
           {"normalises to a fixed point", normalises_to_a_fixed_point})
