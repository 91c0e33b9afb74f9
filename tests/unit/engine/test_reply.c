/* Answers made here: status, type, Location, and the fields that are added. */
#include "decided.h"

#include "engine/reply.h"

static const char site[] = "server {\n"
                           "    listen 80;\n"
                           "    add_header X-Usual \"$arg_x\";\n"
                           "    add_header X-Always \"$uri\" always;\n"
                           "    location /text { default_type text/css; return 200 body; }\n"
                           "    location /bare { return 404; }\n"
                           "    location /empty { return 204; }\n"
                           "    location /here { return 302 /there?$uri; }\n"
                           "    location /away { return 301 https://example.org/; }\n"
                           "    location /nothing { return 301 \"\"; }\n"
                           "    location /close { return 444; }\n"
                           "    location /odd { return 799; }\n"
                           "    location /replaced { error_page 404 =202 /text; return 404; }\n"
                           "}\n";

struct expected {
    uint32_t status;
    bool has_page;
    const char *type;
    const char *location;
    const char *text;
};

static bool equals(struct slice text, const char *expected) {
    return slice_equals(text, slice_from_string(expected));
}

static void expect(struct decided *decided, const char *target, struct expected expected) {
    struct engine_reply reply;
    decided_begin(decided, "GET", target);
    decided_run(decided, "Host.example:8080");
    CU_ASSERT_TRUE(engine_make_reply(&decided->request, &decided->outcome, &reply));
    CU_ASSERT_EQUAL(reply.status, expected.status);
    CU_ASSERT_EQUAL(reply.has_page, expected.has_page);
    CU_ASSERT_FALSE(reply.is_silent);
    CU_ASSERT_TRUE(equals(reply.type, expected.type));
    CU_ASSERT_TRUE(equals(reply.location, expected.location));
    CU_ASSERT_TRUE(equals(reply.text, expected.text));
}

static void says_what_the_configuration_says(void) {
    struct decided decided;
    decided_open(&decided, site);
    expect(&decided, "/text", (struct expected){200, false, "text/css", "", "body"});
    expect(&decided, "/bare", (struct expected){404, true, "text/html", "", ""});
    expect(&decided, "/empty", (struct expected){204, false, "", "", ""});
    expect(&decided, "/away",
           (struct expected){301, true, "text/html", "https://example.org/", ""});
    expect(&decided, "/nothing", (struct expected){301, true, "text/html", "", ""});
    expect(&decided, "/odd", (struct expected){799, false, "", "", ""});
    expect(&decided, "/replaced", (struct expected){202, false, "text/css", "", "body"});
    decided_close(&decided);
}

/* Whatever a path held decoded, a Location is one line. */
static void makes_locations_absolute_and_safe(void) {
    struct decided decided;
    decided_open(&decided, site);
    expect(&decided, "/here",
           (struct expected){302, true, "text/html", "http://host.example/there?/here", ""});
    expect(
        &decided, "/here%0d%0a%7f",
        (struct expected){302, true, "text/html", "http://host.example/there?/here%0D%0A%7F", ""});
    struct engine_request *request = &decided.request;
    request->server_port = 8080;
    CU_ASSERT_TRUE(
        equals(engine_absolute_location(request, SLICE("/x")), "http://host.example:8080/x"));
    CU_ASSERT_TRUE(equals(engine_absolute_location(request, SLICE("x")), "x"));
    request->scheme = SLICE("https");
    request->server_port = 443;
    request->host = SLICE("");
    CU_ASSERT_TRUE(equals(engine_absolute_location(request, SLICE("/x")), "https://192.0.2.2/x"));
    decided_close(&decided);
}

static void closes_silently(void) {
    struct decided decided;
    struct engine_reply reply;
    decided_open(&decided, site);
    decided_begin(&decided, "GET", "/close");
    decided_run(&decided, "h");
    CU_ASSERT_TRUE(engine_make_reply(&decided.request, &decided.outcome, &reply));
    CU_ASSERT_TRUE(reply.is_silent);
    CU_ASSERT_EQUAL(reply.status, 444);
    decided_close(&decided);
}

static void adds_headers_by_status(void) {
    struct decided decided;
    struct engine_header header;
    decided_open(&decided, site);
    decided_begin(&decided, "GET", "/a%0ab?x=1");
    decided_run(&decided, "h");
    struct table_range added = decided.request.settings->add_header;
    CU_ASSERT_EQUAL_FATAL(added.count, 2);
    const struct table_header_field *fields = &decided.compiled.table.header_field[added.first];
    CU_ASSERT_TRUE(engine_make_added_header(&decided.request, &fields[0], 200, &header));
    CU_ASSERT_TRUE(equals(header.name, "X-Usual") && equals(header.value, "1"));
    CU_ASSERT_TRUE(engine_make_added_header(&decided.request, &fields[0], 404, &header));
    CU_ASSERT_EQUAL(header.name.size, 0);
    CU_ASSERT_TRUE(engine_make_added_header(&decided.request, &fields[1], 404, &header));
    CU_ASSERT_TRUE(equals(header.name, "X-Always") && equals(header.value, "/a b"));
    decided_close(&decided);
}

UNIT_TESTS("engine/reply", {"says what the configuration says", says_what_the_configuration_says},
           {"makes locations absolute and safe", makes_locations_absolute_and_safe},
           {"closes silently", closes_silently}, {"adds headers by status", adds_headers_by_status})
