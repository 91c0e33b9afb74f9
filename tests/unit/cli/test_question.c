/* Questions: which parts are taken, and which are refused before the engine is asked. */
#include "cli/question.h"
#include "unit.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct fixture {
    struct arena arena;
    struct question question;
};

static void open_fixture(struct fixture *fixture) {
    arena_init(&fixture->arena, 4096);
    question_init(&fixture->question, &fixture->arena);
}

static bool equals(struct slice text, const char *expected) {
    return slice_equals(text, slice_from_string(expected));
}

static void takes_urls_apart(void) {
    static const struct {
        const char *url;
        const char *authority;
        const char *target;
        uint32_t port;
    } cases[] = {
        {"http://h", "h", "/", 80},
        {"HTTP://Host.Example:8080", "Host.Example:8080", "/", 8080},
        {"http://h/a/../b?c#d", "h", "/a/../b?c", 80},
        {"http://h?x=/", "h", "/?x=/", 80},
        {"http://h#f", "h", "/", 80},
        {"http://[::1]:81/x", "[::1]:81", "/x", 81},
        {"https://h/x", "h", "/x", 443},
        {"HTTPS://h:80", "h:80", "/", 80},
        {"/only/a/path?x", "", "/only/a/path?x", 80},
        {"http://h/%zz\xc3\xa9", "h", "/%zz\xc3\xa9", 80},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture fixture;
        open_fixture(&fixture);
        struct question *question = &fixture.question;
        CU_ASSERT_PTR_NULL(question_set_url(question, slice_from_string(cases[i].url)));
        CU_ASSERT_TRUE(equals(question->authority, cases[i].authority));
        CU_ASSERT_TRUE(equals(question->target, cases[i].target));
        CU_ASSERT_EQUAL(question_port(question), cases[i].port);
        arena_release(&fixture.arena);
    }
}

static void refuses_other_urls(void) {
    static const char *const urls[] = {
        "",
        "h",
        "ftp://h/",
        "http:/h",
        "http://",
        "http:///x",
        "https://",
        "http://h:/x",
        "http://h:0/",
        "http://h:x/",
        "http://u@h/",
        "http://h/a b",
        "http://h/\x01",
        "http://h h/",
        "http://unix:/x/",
        "http://[::1/",
        "http://h:65536/",
    };
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct fixture fixture;
        open_fixture(&fixture);
        CU_ASSERT_PTR_NOT_NULL(question_set_url(&fixture.question, slice_from_string(urls[i])));
        arena_release(&fixture.arena);
    }
}

static void knows_one_host(void) {
    struct fixture fixture;
    open_fixture(&fixture);
    struct question *question = &fixture.question;
    CU_ASSERT_PTR_NULL(question_set_url(question, SLICE("/x")));
    CU_ASSERT_PTR_NOT_NULL(question_check(question));
    CU_ASSERT_PTR_NULL(question_add_header_line(question, SLICE("hOST:  a:81 ")));
    CU_ASSERT_PTR_NULL(question_check(question));
    CU_ASSERT_TRUE(equals(*question_host(question), "a:81"));
    CU_ASSERT_EQUAL(question_port(question), 81);
    CU_ASSERT_PTR_NULL(question_set_url(question, SLICE("http://b:82/")));
    CU_ASSERT_TRUE(equals(*question_host(question), "a:81"));
    CU_ASSERT_EQUAL(question_port(question), 82);
    CU_ASSERT_PTR_NULL(question_add_header(question, SLICE("Host"), SLICE("c")));
    CU_ASSERT_PTR_NOT_NULL(question_check(question));
    question_remove_header(question, SLICE("host"));
    CU_ASSERT_TRUE(equals(*question_host(question), "b:82"));
    arena_release(&fixture.arena);
}

static void checks_methods_and_fields(void) {
    struct fixture fixture;
    open_fixture(&fixture);
    struct question *question = &fixture.question;
    CU_ASSERT_PTR_NULL(question_set_method(question, SLICE("M-SEARCH")));
    CU_ASSERT_PTR_NOT_NULL(question_set_method(question, SLICE("get")));
    CU_ASSERT_PTR_NOT_NULL(question_set_method(question, SLICE("")));
    CU_ASSERT_PTR_NOT_NULL(question_set_method(question, SLICE("CONNECT")));
    CU_ASSERT_TRUE(equals(question->method, "M-SEARCH"));
    CU_ASSERT_PTR_NULL(question_add_header(question, SLICE("X_y.z"), SLICE(" a\tb ")));
    CU_ASSERT_TRUE(equals(question->headers.items[0].value, "a\tb"));
    CU_ASSERT_PTR_NULL(question_add_header(question, SLICE("X"), SLICE("")));
    CU_ASSERT_PTR_NOT_NULL(question_add_header(question, SLICE("X y"), SLICE("1")));
    CU_ASSERT_PTR_NOT_NULL(question_add_header(question, SLICE(""), SLICE("1")));
    CU_ASSERT_PTR_NOT_NULL(question_add_header(question, SLICE("X"), SLICE("a\r\nb")));
    CU_ASSERT_PTR_NOT_NULL(question_add_header(question, SLICE("content-LENGTH"), SLICE("1")));
    CU_ASSERT_PTR_NOT_NULL(question_add_header_line(question, SLICE("Transfer-Encoding: x")));
    CU_ASSERT_PTR_NOT_NULL(question_add_header_line(question, SLICE("no colon")));
    CU_ASSERT_EQUAL(question->headers.count, 2);
    CU_ASSERT_PTR_NULL(question_set_body_size(question, SLICE("2k")));
    CU_ASSERT_EQUAL(question->body_size, 2048);
    CU_ASSERT_PTR_NOT_NULL(question_set_body_size(question, SLICE("-1")));
    arena_release(&fixture.arena);
}

static void checks_addresses(void) {
    struct fixture fixture;
    open_fixture(&fixture);
    struct question *question = &fixture.question;
    CU_ASSERT_PTR_NULL(question_set_from(question, SLICE("192.0.2.1:7")));
    CU_ASSERT_EQUAL(question->from.port, 7);
    CU_ASSERT_EQUAL(question->from.family, TABLE_FAMILY_IPV4);
    CU_ASSERT_PTR_NULL(question_set_from(question, SLICE("2001:db8::1")));
    CU_ASSERT_EQUAL(question->from.family, TABLE_FAMILY_IPV6);
    CU_ASSERT_EQUAL(question->from.port, 0);
    CU_ASSERT_PTR_NULL(question_set_from(question, SLICE("[2001:db8::1]:8")));
    CU_ASSERT_EQUAL(question->from.port, 8);
    CU_ASSERT_PTR_NULL(question_set_from(question, SLICE("unix:")));
    CU_ASSERT_EQUAL(question->from.family, TABLE_FAMILY_UNIX);
    CU_ASSERT_PTR_NOT_NULL(question_set_from(question, SLICE("name")));
    CU_ASSERT_PTR_NOT_NULL(question_set_from(question, SLICE("1.2.3.4/8")));
    CU_ASSERT_PTR_NULL(question_set_to(question, SLICE("8080")));
    CU_ASSERT_TRUE(question->to.is_any && question->to.port == 8080);
    CU_ASSERT_PTR_NULL(question_set_to(question, SLICE("10.0.0.1")));
    CU_ASSERT_TRUE(!question->to.is_any && question->to.port == 0);
    CU_ASSERT_PTR_NULL(question_set_to(question, SLICE("unix:/run/s")));
    CU_ASSERT_TRUE(equals(question->to.path, "/run/s"));
    CU_ASSERT_PTR_NOT_NULL(question_set_to(question, SLICE("80-90")));
    CU_ASSERT_PTR_NOT_NULL(question_set_to(question, SLICE("name:80")));
    arena_release(&fixture.arena);
}

static void finds_files_and_the_folders_around_them(void) {
    const uint32_t folder = ENGINE_FILE_EXISTS | ENGINE_FILE_DIRECTORY | ENGINE_FILE_EXECUTABLE;
    const uint32_t file = ENGINE_FILE_EXISTS | ENGINE_FILE_REGULAR | ENGINE_FILE_EXECUTABLE;
    struct fixture fixture;
    open_fixture(&fixture);
    struct question *question = &fixture.question;
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("/")), ENGINE_FILE_NONE);
    question_add_file(question, SLICE("/srv//a/b.html"));
    question_add_file(question, SLICE("html/c/"));
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("/srv/a/b.html")), file);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("//srv/a//b.html")), file);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("/srv/a/")), folder);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("/srv")), folder);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("/")), folder);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("html/c")), folder);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("html")), folder);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("/srv/a/b")), ENGINE_FILE_NONE);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("/sr")), ENGINE_FILE_NONE);
    CU_ASSERT_EQUAL(question_find_file(question, SLICE("srv/a/b.html")), ENGINE_FILE_NONE);
    arena_release(&fixture.arena);
}

UNIT_TESTS("cli/question", {"takes URLs apart", takes_urls_apart},
           {"refuses other URLs", refuses_other_urls}, {"knows one host", knows_one_host},
           {"checks methods and fields", checks_methods_and_fields},
           {"checks addresses", checks_addresses},
           {"finds files and the folders around them", finds_files_and_the_folders_around_them})
