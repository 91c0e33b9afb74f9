/* Tests of files of passwords and of hashes, as nginx reads and makes them. */
#include "http/password_file.h"
#include "http/password_hash.h"

#include "guard.h"
#include "unit.h"

#include <string.h>

/* The hash of a user in a file that comes in pieces of that size, or NULL. */
static const char *find(const char *file, const char *user, size_t piece) {
    static struct http_password_search search;
    struct slice rest = slice_from_string(file);
    http_password_search_begin(&search, slice_from_string(user));
    while (rest.size > 0) {
        struct guard guard = guard_copy(rest.data, rest.size < piece ? rest.size : piece);
        bool is_found = http_password_search_feed(&search, (struct slice){guard.data, guard.size});
        guard_release(&guard);
        if (is_found) {
            return search.hash;
        }
        rest = slice_skip(rest, piece);
    }
    return http_password_search_end(&search) ? search.hash : NULL;
}

static bool finds(const char *file, const char *user, const char *hash) {
    for (size_t piece = 1; piece <= strlen(file) + 1; piece++) {
        const char *found = find(file, user, piece);
        if (hash == NULL ? found != NULL : found == NULL || strcmp(found, hash) != 0) {
            return false;
        }
    }
    return true;
}

static void finds_users(void) {
    const char *file =
        "# a:no\n\n\ra:no\nab:one\na:two:comment\nb:three\r\na:four\n:five\nc:\nd:six";
    CU_ASSERT(finds(file, "a", "two"));
    CU_ASSERT(finds(file, "ab", "one"));
    CU_ASSERT(finds(file, "b", "three"));
    CU_ASSERT(finds(file, "c", ""));
    CU_ASSERT(finds(file, "d", "six"));
    CU_ASSERT(finds(file, "e", NULL));
    CU_ASSERT(finds(file, "# a", NULL));
    CU_ASSERT(finds("", "a", NULL));
    CU_ASSERT(finds("a", "a", NULL));
    CU_ASSERT(finds("a:", "a", ""));
}

/* nginx's way: what differs at the line's end skips up to the next one. */
static void skips_what_follows_half_a_name(void) {
    CU_ASSERT(finds("al\nalice:hidden\nalice:found\n", "alice", "found"));
    CU_ASSERT(finds("al\nalice:hidden\n", "alice", NULL));
}

static void cuts_long_hashes(void) {
    char file[HTTP_PASSWORD_HASH_LIMIT + 100] = "a:";
    memset(file + 2, 'x', sizeof file - 3);
    const char *found = find(file, "a", 1000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL(strlen(found), HTTP_PASSWORD_HASH_LIMIT);
}

static void checks_hashes(void) {
    static const struct {
        const char *password, *hash;
        enum http_password_result result;
    } cases[] = {
        {"open sesame:%", "$apr1$saltsalt$/omWT0tAgLPidX6SDPQ.E.", HTTP_PASSWORD_RIGHT},
        {"", "$apr1$saltsalt$a8ml/vK5HEjiZ5oypDWA7/", HTTP_PASSWORD_RIGHT},
        {"open sesame", "$apr1$saltsalt$/omWT0tAgLPidX6SDPQ.E.", HTTP_PASSWORD_WRONG},
        {"open sesame:%", "$apr1$saltsalt$/omWT0tAgLPidX6SDPQ.E", HTTP_PASSWORD_WRONG},
        {"", "$apr1$", HTTP_PASSWORD_WRONG},
        {"plain", "{PLAIN}plain", HTTP_PASSWORD_RIGHT},
        {"", "{PLAIN}", HTTP_PASSWORD_RIGHT},
        {"plain", "{PLAIN}Plain", HTTP_PASSWORD_WRONG},
        {"plain", "plain", HTTP_PASSWORD_WRONG},
        {"abc", "{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", HTTP_PASSWORD_RIGHT},
        {"abd", "{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", HTTP_PASSWORD_WRONG},
        {"abc", "{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0", HTTP_PASSWORD_WRONG},
        {"abc", "{SSHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", HTTP_PASSWORD_RIGHT},
        {"abc", "{SSHA}", HTTP_PASSWORD_WRONG},
        {"abc", "{SSHA}=", HTTP_PASSWORD_WRONG},
        {"abc", "{SSHA}====", HTTP_PASSWORD_WRONG},
        {"abc", "{SSHA}AAAA", HTTP_PASSWORD_WRONG},
        {"abc", "", HTTP_PASSWORD_WRONG},
        {"abc", "*0", HTTP_PASSWORD_WRONG},
        {"abc", "*1", HTTP_PASSWORD_WRONG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(http_password_check(cases[i].password, cases[i].hash), cases[i].result);
    }
}

UNIT_TESTS("http/password", {"finds users", finds_users},
           {"skips what follows half a name", skips_what_follows_half_a_name},
           {"cuts long hashes", cuts_long_hashes}, {"checks hashes", checks_hashes})
