/* Which listener and endpoint a question reaches. */
#include "cli/arrival.h"
#include "tests/unit/emit/compiled.h"

static const char site[] =
    "server { listen 80; listen [::]:80 ipv6only=off; listen 127.0.0.1:82; server_name a; return "
    "204; }\n"
    "server { listen 10.0.0.1:80; server_name b; return 204; }\n"
    "server { listen 10.0.0.2:81; listen 10.0.0.3:81; server_name c; return 204; }\n"
    "server { listen [2001:db8::1]:83; listen [::]:84 ipv6only=off; server_name d; return 204; }\n"
    "server { listen unix:/run/s; server_name e; return 204; }\n";

struct answer {
    const char *server;   /* the endpoint's default; NULL: no connection */
    const char *listener; /* its name */
    const char *local;
    const char *remote;
};

static struct compiled compiled;

static bool equals(struct slice text, const char *expected) {
    bool is_equal = slice_equals(text, slice_from_string(expected));
    if (!is_equal) {
        printf("expected \"%s\", got \"%.*s\"\n", expected, SLICE_ARGS(text));
    }
    return is_equal;
}

static void ask(const char *url, const char *to, const char *from, struct answer answer) {
    struct arena arena;
    struct question question;
    struct arrival arrival;
    const struct table *table = &compiled.table;
    arena_init(&arena, 4096);
    question_init(&question, &arena);
    CU_ASSERT_PTR_NULL(question_set_url(&question, slice_from_string(url)));
    if (to != NULL) {
        CU_ASSERT_PTR_NULL(question_set_to(&question, slice_from_string(to)));
    }
    if (from != NULL) {
        CU_ASSERT_PTR_NULL(question_set_from(&question, slice_from_string(from)));
    }
    const char *problem = arrival_find(&arena, table, &question, &arrival);
    CU_ASSERT_EQUAL(problem == NULL, answer.server != NULL);
    if (problem == NULL && answer.server != NULL) {
        const struct table_server *server = &table->server[arrival.endpoint->default_server];
        CU_ASSERT_TRUE(equals(table_text(table, server->name), answer.server));
        CU_ASSERT_TRUE(equals(table_text(table, arrival.listener->name), answer.listener));
        CU_ASSERT_TRUE(equals(arrival.local.text, answer.local));
        CU_ASSERT_TRUE(equals(arrival.remote.text, answer.remote));
    }
    arena_release(&arena);
}

static const struct answer nobody = {0};

static void follows_the_kernel_and_the_runtime(void) {
    COMPILE_FATAL(&compiled, site);
    ask("http://h/", NULL, NULL, (struct answer){"a", "0.0.0.0:80", "127.0.0.1", "127.0.0.1"});
    ask("http://10.0.0.1/", NULL, NULL,
        (struct answer){"b", "0.0.0.0:80", "10.0.0.1", "127.0.0.1"});
    ask("http://h/", "10.0.0.1", "192.0.2.7:9",
        (struct answer){"b", "0.0.0.0:80", "10.0.0.1", "192.0.2.7"});
    ask("http://h/", "10.0.0.9:80", NULL,
        (struct answer){"a", "0.0.0.0:80", "10.0.0.9", "127.0.0.1"});
    ask("http://h/", NULL, "2001:db8::9", (struct answer){"a", "[::]:80", "::1", "2001:db8::9"});
    ask("http://[2001:db8::1]:83/", NULL, NULL,
        (struct answer){"d", "[2001:db8::1]:83", "2001:db8::1", "::1"});
    ask("http://10.0.0.3:81/", NULL, NULL,
        (struct answer){"c", "10.0.0.3:81", "10.0.0.3", "127.0.0.1"});
    ask("http://localhost:82/", NULL, NULL,
        (struct answer){"a", "127.0.0.1:82", "127.0.0.1", "127.0.0.1"});
    ask("http://h/", "unix:/run/s", NULL, (struct answer){"e", "unix:/run/s", "unix:", "unix:"});
    ask("http://h/", "84", "192.0.2.7", (struct answer){"d", "[::]:84", "::1", "::ffff:192.0.2.7"});
    ask("http://192.0.2.1:84/", NULL, "192.0.2.7",
        (struct answer){"d", "[::]:84", "::ffff:192.0.2.1", "::ffff:192.0.2.7"});
    compiled_release(&compiled);
}

static void says_when_there_is_none(void) {
    COMPILE_FATAL(&compiled, site);
    ask("http://h:90/", NULL, NULL, nobody);
    ask("http://10.0.0.9:81/", NULL, NULL, nobody);
    ask("http://h:81/", NULL, NULL, nobody); /* one of two */
    ask("http://h/", "unix:/run/t", NULL, nobody);
    ask("http://h/", "unix:/run/s", "10.0.0.1", nobody);
    ask("http://h/", NULL, "unix:", nobody);
    ask("http://h:83/", NULL, "10.0.0.1", nobody);
    ask("http://h:82/", NULL, "2001:db8::1", nobody);
    compiled_release(&compiled);
}

UNIT_TESTS("cli/arrival",
           {"follows the kernel and the runtime", follows_the_kernel_and_the_runtime},
           {"says when there is none", says_when_there_is_none})
