/* Tests of the variable files. Expected values are what nginx 1.22 gives for the same request,
 * except where fields of one name are joined, which it does for all of them only since 1.23.
 * "(none)" is a variable that nginx does not find: "-" in its logs. */
#include "engine/variable.h"

#include "table_builder.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void open_empty(struct engine_fixture *fixture) {
    builder_begin(&fixture->builder);
    fixture_open(fixture);
}

static bool is(struct engine_fixture *fixture, enum variable_id id, const char *suffix,
               const char *expected) {
    struct slice value = SLICE("(none)");
    if (!engine_variable(&fixture->request, id, slice_from_string(suffix), &value)) {
        value = SLICE("(none)");
    }
    return text_is(value, expected);
}

/* The value with the one or two header fields of that name. */
static bool is_with_headers(enum variable_id id, const char *suffix, const char *name,
                            const char *first, const char *second, const char *expected) {
    struct engine_fixture fixture;
    struct engine_header headers[] = {
        {SLICE("Accept"), SLICE("*/*")},
        {slice_from_string(name), slice_from_string(first)},
        {slice_from_string(name), slice_from_string(second == NULL ? "" : second)}};
    open_empty(&fixture);
    fixture.request.headers = headers;
    fixture.request.header_count = second == NULL ? 2 : 3;
    fixture.request.remote_addr = SLICE("127.0.0.1");
    bool result = is(&fixture, id, suffix, expected);
    fixture_close(&fixture);
    return result;
}

static void finds_arguments_as_nginx(void) {
    static const struct {
        const char *args, *value;
    } cases[] = {
        {"a=1", "1"},     {"A=1&a=2", "1"}, {"b=1&a=", ""},
        {"a", "(none)"},  {"a&a=2", "2"},   {"xa=1&a=%20+x&a=3", "%20+x"},
        {"a=1=2", "1=2"}, {"", "(none)"},   {"ab=1", "(none)"},
        {"&&a=5&", "5"},  {"=1", "(none)"}, {"b=a=1", "(none)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct engine_fixture fixture;
        open_empty(&fixture);
        fixture.request.args = slice_from_string(cases[i].args);
        CU_ASSERT(is(&fixture, VARIABLE_ARG, "a", cases[i].value));
        CU_ASSERT(is(&fixture, VARIABLE_ARG, "", "(none)"));
        fixture_close(&fixture);
    }
}

static void finds_cookies_as_nginx(void) {
    static const struct {
        const char *first, *second, *value;
    } cases[] = {
        {"a=1; b=2", NULL, "1"},    {"b=1; A=x y ; c", NULL, "x y "},
        {"a; a=1", NULL, "(none)"}, {"ab=1,a=2", NULL, "2"},
        {"b=a=3", NULL, "(none)"},  {"a = 5,6;z", NULL, "5,6"},
        {"ba=1;a=7", NULL, "7"},    {"b=1", "a=9", "9"},
        {"a=", NULL, ""},           {"a, a=4", NULL, "(none)"},
        {"a  x; a=4", NULL, "4"},   {"a", NULL, "(none)"},
        {"a=1", "a=2", "1"},        {"", NULL, "(none)"},
        {";;a=1", NULL, "1"},       {"b=1;", NULL, "(none)"},
        {"a=\"q\"", NULL, "\"q\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CU_ASSERT(is_with_headers(VARIABLE_COOKIE, "a", "Cookie", cases[i].first, cases[i].second,
                                  cases[i].value));
    }
    CU_ASSERT(is_with_headers(VARIABLE_COOKIE, "", "Cookie", "=1", NULL, "(none)"));
}

static void finds_headers_as_nginx(void) {
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "x_y", "X-Y", "1", NULL, "1"));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "x_y", "x_Y", "1", NULL, "1"));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "x_y", "X-Y", "", NULL, ""));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "x_y", "X-Y", "1", "2", "1, 2"));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "x_y", "X-Y", "", "", ", "));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "x_y", "X-Yz", "1", NULL, "(none)"));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "x_y", "X.Y", "1", NULL, "(none)"));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "cookie", "Cookie", "a=1", "b=2", "a=1; b=2"));
    CU_ASSERT(is_with_headers(VARIABLE_HTTP, "", "X-Y", "1", NULL, "(none)"));
    CU_ASSERT(is_with_headers(VARIABLE_CONTENT_TYPE, "", "content-TYPE", "a", "b", "a, b"));
    CU_ASSERT(is_with_headers(VARIABLE_CONTENT_TYPE, "", "X-Y", "1", NULL, "(none)"));
    CU_ASSERT(is_with_headers(VARIABLE_CONTENT_LENGTH, "", "Content-Length", "3", NULL, "3"));
}

static void finds_the_first_header_of_a_name(void) {
    static const struct engine_header headers[] = {
        {SLICE_INIT("X-Longer"), SLICE_INIT("0")},
        {SLICE_INIT("x-NAME"), SLICE_INIT("1")},
        {SLICE_INIT("X-Name"), SLICE_INIT("2")},
    };
    struct engine_request request = {.headers = headers, .header_count = COUNT(headers)};
    struct slice value;
    CU_ASSERT(engine_find_header(&request, SLICE("X-Name"), &value));
    CU_ASSERT(text_is(value, "1"));
    CU_ASSERT_FALSE(engine_find_header(&request, SLICE("X_Name"), &value));
    CU_ASSERT_FALSE(engine_find_header(&request, SLICE("X-Nam"), &value));
}

static void appends_the_client_to_forwarded_for(void) {
    enum variable_id id = VARIABLE_PROXY_ADD_X_FORWARDED_FOR;
    CU_ASSERT(is_with_headers(id, "", "X-Y", "1", NULL, "127.0.0.1"));
    CU_ASSERT(is_with_headers(id, "", "x-forwarded-for", "1.1.1.1", NULL, "1.1.1.1, 127.0.0.1"));
    CU_ASSERT(is_with_headers(id, "", "X-Forwarded-For", "1.1.1.1", "2.2.2.2",
                              "1.1.1.1, 2.2.2.2, 127.0.0.1"));
    CU_ASSERT(is_with_headers(id, "", "X-Forwarded-For", "", NULL, ", 127.0.0.1"));
}

static void decodes_the_user_of_basic_authentication(void) {
    static const struct {
        const char *authorization, *user;
    } cases[] = {
        {"Basic YTpi", "a"},          {"basic   YWI6Yw==", "ab"},   {"Basic YWI6Yw", "ab"},
        {"Basic YTpi=xx", "a"},       {"Basic IgoiOng=", "\"\n\""}, {"Basic Ong=", "(none)"},
        {"Basic YWJjZA==", "(none)"}, {"Basic YW!6", "(none)"},     {"Basic YTpiY", "(none)"},
        {"Bearer YTpi", "(none)"},    {"Basic", "(none)"},          {"Basic ", "(none)"},
        {"Basic =", "(none)"},        {"Basic YTpi----", "(none)"}, {"BasicYTpi", "(none)"},
        {"Basic YT pi", "(none)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CU_ASSERT(is_with_headers(VARIABLE_REMOTE_USER, "", "Authorization", cases[i].authorization,
                                  NULL, cases[i].user));
    }
    CU_ASSERT(is_with_headers(VARIABLE_REMOTE_USER, "", "X-Y", "1", NULL, "(none)"));
}

static void knows_the_request(void) {
    struct engine_fixture fixture;
    open_empty(&fixture);
    struct engine_request *request = &fixture.request;
    request->method = SLICE("GET");
    request->target = SLICE("/%61?b");
    request->protocol = SLICE("HTTP/1.1");
    request->line = SLICE("GET /%61?b HTTP/1.1");
    request->scheme = SLICE("https");
    request->uri = SLICE("/a");
    request->args = SLICE("b");
    request->host = SLICE("h");
    CU_ASSERT(is(&fixture, VARIABLE_REQUEST, "", "GET /%61?b HTTP/1.1"));
    CU_ASSERT(is(&fixture, VARIABLE_REQUEST_METHOD, "", "GET"));
    CU_ASSERT(is(&fixture, VARIABLE_REQUEST_URI, "", "/%61?b"));
    CU_ASSERT(is(&fixture, VARIABLE_SERVER_PROTOCOL, "", "HTTP/1.1"));
    CU_ASSERT(is(&fixture, VARIABLE_URI, "", "/a"));
    CU_ASSERT(is(&fixture, VARIABLE_DOCUMENT_URI, "", "/a"));
    CU_ASSERT(is(&fixture, VARIABLE_ARGS, "", "b"));
    CU_ASSERT(is(&fixture, VARIABLE_QUERY_STRING, "", "b"));
    CU_ASSERT(is(&fixture, VARIABLE_IS_ARGS, "", "?"));
    CU_ASSERT(is(&fixture, VARIABLE_SCHEME, "", "https"));
    CU_ASSERT(is(&fixture, VARIABLE_HTTPS, "", "on"));
    CU_ASSERT(is(&fixture, VARIABLE_HOST, "", "h"));
    request->scheme = SLICE("http");
    request->args = SLICE("");
    CU_ASSERT(is(&fixture, VARIABLE_HTTPS, "", ""));
    CU_ASSERT(is(&fixture, VARIABLE_IS_ARGS, "", ""));
    CU_ASSERT(is(&fixture, VARIABLE_ARGS, "", "(none)"));
    fixture_close(&fixture);
}

/* As when a request was refused before it could be read. */
static void has_no_value_for_what_was_not_read(void) {
    static const enum variable_id ids[] = {
        VARIABLE_ARGS,        VARIABLE_BINARY_REMOTE_ADDR,
        VARIABLE_HOST,        VARIABLE_PROXY_HOST,
        VARIABLE_PROXY_PORT,  VARIABLE_REQUEST,
        VARIABLE_SCHEME,      VARIABLE_REQUEST_METHOD,
        VARIABLE_REQUEST_URI, VARIABLE_SERVER_NAME,
        VARIABLE_URI,         VARIABLE_SERVER_PROTOCOL,
    };
    struct engine_fixture fixture;
    open_empty(&fixture);
    for (size_t i = 0; i < COUNT(ids); i++) {
        CU_ASSERT(is(&fixture, ids[i], "", "(none)"));
    }
    fixture_close(&fixture);
}

static void knows_both_ends(void) {
    struct engine_fixture fixture;
    open_empty(&fixture);
    fixture.request.remote_addr = SLICE("192.0.2.1");
    fixture.request.binary_remote_addr = SLICE("\300\0\2\1");
    fixture.request.remote_port = 65535;
    fixture.request.server_addr = SLICE("::1");
    fixture.request.server_port = 80;
    struct slice binary;
    CU_ASSERT(is(&fixture, VARIABLE_REMOTE_ADDR, "", "192.0.2.1"));
    CU_ASSERT(is(&fixture, VARIABLE_REMOTE_PORT, "", "65535"));
    CU_ASSERT(is(&fixture, VARIABLE_SERVER_ADDR, "", "::1"));
    CU_ASSERT(is(&fixture, VARIABLE_SERVER_PORT, "", "80"));
    CU_ASSERT(engine_variable(&fixture.request, VARIABLE_BINARY_REMOTE_ADDR, SLICE(""), &binary));
    CU_ASSERT(slice_equals(binary, SLICE("\300\0\2\1")));
    fixture.request.remote_port = 0; /* a unix socket */
    CU_ASSERT(is(&fixture, VARIABLE_REMOTE_PORT, "", ""));
    fixture_close(&fixture);
}

static uint32_t add_upstream(struct table_builder *builder) {
    uint32_t peer = table_writer_add(&builder->writer, TABLE_SECTION_peer);
    BUILDER_RECORD(builder, peer, peer)->weight = 1;
    BUILDER_RECORD(builder, peer, peer)->place = builder->place;
    uint32_t upstream = builder_settings(builder, TABLE_SECTION_upstream);
    BUILDER_RECORD(builder, upstream, upstream)->peers = (struct table_range){peer, 1};
    BUILDER_RECORD(builder, upstream, upstream)->hash_key = TABLE_NONE;
    BUILDER_RECORD(builder, upstream, upstream)->sticky = TABLE_NONE;
    BUILDER_RECORD(builder, upstream, upstream)->place = builder->place;
    return upstream;
}

/* proxy_pass to a group when `target` is TABLE_NONE, else to what that program says. */
static void add_proxy(struct table_builder *builder, uint32_t location, uint32_t target) {
    uint32_t upstream = target == TABLE_NONE ? add_upstream(builder) : TABLE_NONE;
    uint32_t proxy = table_writer_add(&builder->writer, TABLE_SECTION_proxy);
    *BUILDER_RECORD(builder, proxy, proxy) =
        (struct table_proxy){.upstream = upstream,
                             .target = target,
                             .host = builder_string(builder, "back:8080"),
                             .port = builder_string(builder, "8080")};
    BUILDER_RECORD(builder, location, location)->proxy = proxy;
}

static bool live_variable(void *owner, enum variable_id id, struct slice suffix,
                          struct slice *value) {
    const char *text = owner;
    if (id == VARIABLE_STATUS) {
        *value = slice_from_string(text);
        return true;
    }
    *value = suffix;
    return id == VARIABLE_SENT_HTTP;
}

static void knows_the_server_and_the_location(void) {
    static const struct location_spec specs[] = {
        {TABLE_LOCATION_PREFIX, "/fixed", false, NULL, 0},
        {TABLE_LOCATION_PREFIX, "/variable", false, NULL, 0},
        {TABLE_LOCATION_PREFIX, "/none", false, NULL, 0}};
    static const struct engine_live live = {.variable = live_variable};
    static char owner[] = "live";
    struct engine_fixture fixture;
    struct table_builder *builder = &fixture.builder;
    builder_begin(builder);
    builder_server(builder, "first", builder_location_set(builder, specs, 3));
    add_proxy(builder, 0, TABLE_NONE);
    add_proxy(builder, 1, builder_program(builder, TABLE_PROGRAM_TEMPLATE, NULL, 0));
    fixture_open(&fixture);
    struct engine_request *request = &fixture.request;
    request->server = &builder->table.server[0];
    CU_ASSERT(is(&fixture, VARIABLE_SERVER_NAME, "", "first"));
    CU_ASSERT(is(&fixture, VARIABLE_HOST, "", "first"));
    request->location = &builder->table.location[0];
    CU_ASSERT(is(&fixture, VARIABLE_PROXY_HOST, "", "back:8080"));
    CU_ASSERT(is(&fixture, VARIABLE_PROXY_PORT, "", "8080"));
    request->location = &builder->table.location[1];
    CU_ASSERT(is(&fixture, VARIABLE_PROXY_HOST, "", "(none)"));
    request->live = &live;
    request->live_owner = owner;
    request->proxy_host = SLICE("chosen");
    CU_ASSERT(is(&fixture, VARIABLE_PROXY_HOST, "", "chosen"));
    CU_ASSERT(is(&fixture, VARIABLE_PROXY_PORT, "", "(none)"));
    request->location = &builder->table.location[2];
    CU_ASSERT(is(&fixture, VARIABLE_PROXY_HOST, "", "(none)"));
    fixture_close(&fixture);
}

static void asks_the_owner_for_live_variables(void) {
    static const struct engine_live live = {.variable = live_variable};
    static char owner[] = "200";
    struct engine_fixture fixture;
    open_empty(&fixture);
    CU_ASSERT(is(&fixture, VARIABLE_STATUS, "", "(none)"));
    fixture.request.live = &live;
    fixture.request.live_owner = owner;
    CU_ASSERT(is(&fixture, VARIABLE_STATUS, "", "200"));
    CU_ASSERT(is(&fixture, VARIABLE_SENT_HTTP, "x_y", "x_y"));
    CU_ASSERT(is(&fixture, VARIABLE_HOSTNAME, "", "(none)"));
    fixture_close(&fixture);
}

static bool note_id(void *owner, enum variable_id id, struct slice suffix, struct slice *value) {
    (void)suffix;
    bool *asked = owner;
    asked[id] = true;
    *value = SLICE("");
    return true;
}

/* The owner is asked for all LIVE rows of variables.def and, without a proxy, for no others. */
static void computes_every_engine_variable_itself(void) {
    enum { ENGINE, LIVE };
    static const int providers[TABLE_variable_id_COUNT] = {
#define VARIABLE(id, name, form, provider, control, characters, help) provider,
#include "variables.def"
#undef VARIABLE
    };
    static const struct engine_live live = {.variable = note_id};
    struct engine_fixture fixture;
    bool asked[TABLE_variable_id_COUNT] = {false};
    open_empty(&fixture);
    fixture.request.live = &live;
    fixture.request.live_owner = asked;
    for (int id = 0; id < TABLE_variable_id_COUNT; id++) {
        struct slice value;
        (void)engine_variable(&fixture.request, (enum variable_id)id, SLICE("x"), &value);
        CU_ASSERT_EQUAL(asked[id], providers[id] == LIVE);
    }
    fixture_close(&fixture);
}

static void tells_missing_memory_from_missing_values(void) {
    struct engine_fixture fixture;
    struct engine_header headers[] = {{SLICE("X-Y"), SLICE("1")},
                                      {SLICE("X-Y"), SLICE("2")},
                                      {SLICE("Authorization"), SLICE("Basic YTpi")}};
    struct slice value;
    open_empty(&fixture);
    arena_init(&fixture.arena, SIZE_MAX);
    fixture.request.headers = headers;
    fixture.request.header_count = 3;
    fixture.request.server_port = 80;
    CU_ASSERT_EQUAL(engine_variable_find(&fixture.request, VARIABLE_HTTP, SLICE("x_y"), &value),
                    ENGINE_VALUE_NO_MEMORY);
    CU_ASSERT_EQUAL(engine_variable_find(&fixture.request, VARIABLE_REMOTE_USER, SLICE(""), &value),
                    ENGINE_VALUE_NO_MEMORY);
    CU_ASSERT_EQUAL(engine_variable_find(&fixture.request, VARIABLE_SERVER_PORT, SLICE(""), &value),
                    ENGINE_VALUE_NO_MEMORY);
    CU_ASSERT_FALSE(engine_variable(&fixture.request, VARIABLE_SERVER_PORT, SLICE(""), &value));
    CU_ASSERT_EQUAL(engine_variable_find(&fixture.request, VARIABLE_URI, SLICE(""), &value),
                    ENGINE_VALUE_NONE);
    fixture_close(&fixture);
}

UNIT_TESTS("engine/variable", {"finds arguments as nginx", finds_arguments_as_nginx},
           {"finds cookies as nginx", finds_cookies_as_nginx},
           {"finds headers as nginx", finds_headers_as_nginx},
           {"finds the first header of a name", finds_the_first_header_of_a_name},
           {"appends the client to X-Forwarded-For", appends_the_client_to_forwarded_for},
           {"decodes the user of Basic authentication", decodes_the_user_of_basic_authentication},
           {"knows the request", knows_the_request},
           {"has no value for what was not read", has_no_value_for_what_was_not_read},
           {"knows both ends", knows_both_ends},
           {"knows the server and the location", knows_the_server_and_the_location},
           {"asks the owner for live variables", asks_the_owner_for_live_variables},
           {"computes every engine variable itself", computes_every_engine_variable_itself},
           {"tells missing memory from missing values", tells_missing_memory_from_missing_values})
