/* Tests of server.c. The named cases are what nginx 1.22 answers with for the same server_name
 * directives; the random ones are compared with a search that looks at every name. */
#include "table_builder.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const server_names[] = {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"};

static void open_servers(struct engine_fixture *fixture, const struct server_name_spec *names,
                         size_t count) {
    builder_begin(&fixture->builder);
    uint32_t locations = builder_location_set(&fixture->builder, NULL, 0);
    for (size_t i = 0; i < COUNT(server_names); i++) {
        builder_server(&fixture->builder, server_names[i], locations);
    }
    builder_endpoint(&fixture->builder, names, count);
    fixture_open(fixture);
}

/* The number of the server that answers; -1 when the search failed. */
static int find(struct engine_fixture *fixture, const char *host) {
    struct engine_request *request = &fixture->request;
    request->host = slice_from_string(host);
    if (!engine_find_server(request, &fixture->builder.table.endpoint[0])) {
        return -1;
    }
    CU_ASSERT_PTR_EQUAL(request->settings,
                        &fixture->builder.table.settings[request->server->settings]);
    return (int)(request->server - fixture->builder.table.server);
}

static void follows_the_order_of_nginx(void) {
    static const struct server_name_spec names[] = {
        {"example.com", 1}, {"*.example.com", 2},    {"*.a.example.com", 3},
        {"www.*", 4},       {"www.example.*", 5},    {"~^(?<user>.+)\\.net$", 6},
        {"~net", 7},        {"mail.example.com", 1},
    };
    struct engine_fixture fixture;
    open_servers(&fixture, names, COUNT(names));
    CU_ASSERT_EQUAL(find(&fixture, "example.com"), 1);
    CU_ASSERT_EQUAL(find(&fixture, "mail.example.com"), 1);
    CU_ASSERT_EQUAL(find(&fixture, "x.example.com"), 2);
    CU_ASSERT_EQUAL(find(&fixture, "x.y.example.com"), 2);
    CU_ASSERT_EQUAL(find(&fixture, "x.a.example.com"), 3);
    CU_ASSERT_EQUAL(find(&fixture, "a.example.com"), 2);
    CU_ASSERT_EQUAL(find(&fixture, ".example.com"), 2);
    CU_ASSERT_EQUAL(find(&fixture, "xexample.com"), 0);
    CU_ASSERT_EQUAL(find(&fixture, "www.example.com"), 2);
    CU_ASSERT_EQUAL(find(&fixture, "www.example.org"), 5);
    CU_ASSERT_EQUAL(find(&fixture, "www.org"), 4);
    CU_ASSERT_EQUAL(find(&fixture, "www"), 0);
    CU_ASSERT_EQUAL(find(&fixture, "www.x.net"), 4);
    CU_ASSERT_EQUAL(find(&fixture, "anna.net"), 6);
    CU_ASSERT_EQUAL(find(&fixture, "net.org"), 7);
    CU_ASSERT_EQUAL(find(&fixture, "org"), 0);
    fixture_close(&fixture);
}

static int find_asked(struct engine_fixture *fixture, const char *asked, const char *host) {
    struct engine_request *request = &fixture->request;
    request->asked_name = slice_from_string(asked);
    engine_use_default_server(request, &fixture->builder.table.endpoint[0]);
    int asked_for = (int)(request->server - fixture->builder.table.server);
    return asked_for * 10 + find(fixture, host);
}

/* ngx_http_set_virtual_server: until there is a host the name in the handshake decides. */
static void keeps_to_the_name_in_a_handshake(void) {
    static const struct server_name_spec names[] = {
        {"a.test", 1}, {"*.b.test", 2}, {"~^c", 3}, {"", 4}};
    struct engine_fixture fixture;
    open_servers(&fixture, names, COUNT(names));
    CU_ASSERT_EQUAL(find_asked(&fixture, "a.test", "a.test"), 11);
    CU_ASSERT_EQUAL(find_asked(&fixture, "A.TEST", "x.b.test"), 12);
    CU_ASSERT_EQUAL(find_asked(&fixture, "x.b.test", "nobody"), 20);
    CU_ASSERT_EQUAL(find_asked(&fixture, "c.test", "nobody"), 30);
    CU_ASSERT_EQUAL(find_asked(&fixture, "c.test", "c.test"), 33);
    CU_ASSERT_EQUAL(find_asked(&fixture, "a.test", ""), 14);
    CU_ASSERT_EQUAL(find_asked(&fixture, "nobody", "a.test"), 1);
    CU_ASSERT_EQUAL(find_asked(&fixture, "nobody", "nobody"), 0);
    CU_ASSERT_EQUAL(find_asked(&fixture, "not a name", "nobody"), 0);
    CU_ASSERT_EQUAL(find_asked(&fixture, "", "nobody"), 0);
    fixture_close(&fixture);
}

/* The key of *.a is ".a", which may be a name, too. */
static bool names_another(struct engine_fixture *fixture, const char *asked, const char *host) {
    fixture->request.asked_name = slice_from_string(asked);
    fixture->request.host = slice_from_string(host);
    return engine_names_another_server(&fixture->request, &fixture->builder.table.endpoint[0]);
}

/* Of names that lead to a server, whichever that is. */
static void tells_another_name_from_that_in_a_handshake(void) {
    static const struct server_name_spec names[] = {{"a.test", 1}, {"also.test", 1}, {"~^c", 2}};
    struct engine_fixture fixture;
    open_servers(&fixture, names, COUNT(names));
    CU_ASSERT_FALSE(names_another(&fixture, "a.test", "a.test"));
    CU_ASSERT_FALSE(names_another(&fixture, "A.Test", "a.test"));
    CU_ASSERT_TRUE(names_another(&fixture, "a.test", "also.test"));
    CU_ASSERT_TRUE(names_another(&fixture, "a.test", "nobody"));
    CU_ASSERT_TRUE(names_another(&fixture, "a.test", ""));
    CU_ASSERT_TRUE(names_another(&fixture, "c.test", "a.test"));
    CU_ASSERT_FALSE(names_another(&fixture, "c.test", "c.test"));
    CU_ASSERT_FALSE(names_another(&fixture, "nobody", "a.test"));
    CU_ASSERT_FALSE(names_another(&fixture, "not a name", "a.test"));
    CU_ASSERT_FALSE(names_another(&fixture, "", "a.test"));
    fixture_close(&fixture);
}

static void tells_keys_of_different_kinds_apart(void) {
    static const struct server_name_spec names[] = {{".a", 1}, {"*.a", 2}, {"*.b", 3}, {".b", 4}};
    struct engine_fixture fixture;
    open_servers(&fixture, names, COUNT(names));
    CU_ASSERT_EQUAL(find(&fixture, ".a"), 1);
    CU_ASSERT_EQUAL(find(&fixture, "x.a"), 2);
    CU_ASSERT_EQUAL(find(&fixture, "x.b"), 3);
    CU_ASSERT_EQUAL(find(&fixture, ".b"), 4);
    fixture_close(&fixture);
}

static void fills_slots_and_captures(void) {
    static const struct server_name_spec names[] = {{"~^(?<user>.+)\\.(NET)$", 1}, {"~x", 2}};
    struct engine_fixture fixture;
    open_servers(&fixture, names, COUNT(names));
    CU_ASSERT_EQUAL(find(&fixture, "anna.net"), 1);
    CU_ASSERT(text_is(fixture.request.slots[0], "anna"));
    CU_ASSERT_EQUAL(fixture.request.captures.count, 3);
    CU_ASSERT_EQUAL(find(&fixture, "org"), 0);
    CU_ASSERT_EQUAL(fixture.request.captures.count, 3); /* a failed match changes nothing */
    CU_ASSERT_EQUAL(find(&fixture, "x"), 2);
    CU_ASSERT_EQUAL(fixture.request.captures.count, 1);
    fixture_close(&fixture);
}

/* nginx asks only the exact names about a request without a host. */
static void finds_the_empty_name(void) {
    static const struct server_name_spec regex[] = {{"~^", 1}};
    static const struct server_name_spec empty[] = {{"~^", 1}, {"", 2}};
    struct engine_fixture fixture;
    open_servers(&fixture, regex, 1);
    CU_ASSERT_EQUAL(find(&fixture, ""), 0);
    CU_ASSERT_EQUAL(find(&fixture, "a"), 1);
    fixture_close(&fixture);
    open_servers(&fixture, empty, 2);
    CU_ASSERT_EQUAL(find(&fixture, ""), 2);
    fixture_close(&fixture);
    open_servers(&fixture, NULL, 0);
    CU_ASSERT_EQUAL(find(&fixture, ""), 0);
    CU_ASSERT_EQUAL(find(&fixture, "a.b"), 0);
    fixture_close(&fixture);
}

static void fails_a_catastrophic_regex(void) {
    static const struct server_name_spec names[] = {{"~^(a+)+$", 1}};
    struct engine_fixture fixture;
    char host[256];
    memset(host, 'a', sizeof host);
    strcpy(host + 200, "b");
    open_servers(&fixture, names, COUNT(names));
    CU_ASSERT_EQUAL(find(&fixture, host), -1);
    CU_ASSERT_EQUAL(find(&fixture, "aaa"), 1);
    fixture_close(&fixture);
}

static void fails_a_regex_that_does_not_compile(void) {
    static const struct server_name_spec names[] = {{"~(", 1}};
    struct engine_fixture fixture;
    open_servers(&fixture, names, COUNT(names));
    CU_ASSERT_EQUAL(find(&fixture, "a"), -1);
    CU_ASSERT_EQUAL(find(&fixture, "a"), -1);
    fixture_close(&fixture);
}

/* --- against a search that looks at everything --- */

enum { MOST_NAMES = 40, ROUNDS = 300, HOSTS = 60 };

struct naive_names {
    struct server_name_spec specs[MOST_NAMES];
    char texts[MOST_NAMES][40];
    size_t count;
};

static size_t random_host(char *text, int most_labels) {
    static const char *const labels[] = {"a", "b", "ab", "www"};
    int count = 1 + rand() % most_labels;
    char *end = text;
    for (int i = 0; i < count; i++) {
        end = stpcpy(stpcpy(end, i == 0 ? "" : "."), labels[rand() % 4]);
    }
    return (size_t)(end - text);
}

static void random_names(struct naive_names *names) {
    names->count = 0;
    for (size_t i = 0; i < MOST_NAMES; i++) {
        char *text = names->texts[names->count];
        int form = rand() % 4;
        char *host = stpcpy(text, form == 1 ? "*." : "");
        strcpy(host + random_host(host, 3), form == 2 ? ".*" : "");
        bool is_new = true;
        for (size_t other = 0; other < names->count; other++) {
            is_new = is_new && strcmp(names->texts[other], text) != 0;
        }
        names->specs[names->count] = (struct server_name_spec){text, (uint32_t)rand() % 8};
        names->count += is_new;
    }
}

/* How well a name fits: 0 not at all, exact best, then *.x, then x.*, the longer the better. */
static size_t rank(const char *name, const char *host) {
    size_t size = strlen(name);
    size_t length = strlen(host);
    if (strcmp(name, host) == 0) {
        return 1000;
    }
    if (name[0] == '*' && length >= size - 1 && strcmp(host + length - (size - 1), name + 1) == 0) {
        return 500 + size;
    }
    return name[size - 1] == '*' && strncmp(host, name, size - 1) == 0 ? size : 0;
}

static int search_all(const struct naive_names *names, const char *host) {
    size_t best = 0;
    uint32_t server = 0;
    for (size_t i = 0; i < names->count; i++) {
        size_t fit = rank(names->specs[i].name, host);
        if (fit > best) {
            best = fit;
            server = names->specs[i].server;
        }
    }
    return (int)server;
}

static void agrees_with_a_search_of_everything(void) {
    srand(11);
    for (int round = 0; round < ROUNDS; round++) {
        struct naive_names names;
        struct engine_fixture fixture;
        random_names(&names);
        open_servers(&fixture, names.specs, names.count);
        for (int i = 0; i < HOSTS; i++) {
            char host[40];
            random_host(host, 5);
            CU_ASSERT_EQUAL(find(&fixture, host), search_all(&names, host));
        }
        fixture_close(&fixture);
    }
}

UNIT_TESTS("engine/server", {"follows the order of nginx", follows_the_order_of_nginx},
           {"keeps to the name in a handshake", keeps_to_the_name_in_a_handshake},
           {"tells another name from that in a handshake",
            tells_another_name_from_that_in_a_handshake},
           {"tells keys of different kinds apart", tells_keys_of_different_kinds_apart},
           {"fills slots and captures", fills_slots_and_captures},
           {"finds the empty name", finds_the_empty_name},
           {"fails a catastrophic regex", fails_a_catastrophic_regex},
           {"fails a regex that does not compile", fails_a_regex_that_does_not_compile},
           {"agrees with a search of everything", agrees_with_a_search_of_everything})
