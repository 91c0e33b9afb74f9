/* Sessions: the latest under each key, the one not used for the longest time goes first. */
#include "net/tls_sessions.h"

#include "unit.h"

static SSL_SESSION *keep(struct tls_sessions *sessions, const char *key) {
    SSL_SESSION *session = SSL_SESSION_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(session);
    /* Only one with an id can be resumed. */
    CU_ASSERT_EQUAL(SSL_SESSION_set1_id(session, (const unsigned char *)"id", 2), 1);
    CU_ASSERT_TRUE(tls_sessions_keep(sessions, slice_from_string(key), session));
    return session;
}

static SSL_SESSION *find(struct tls_sessions *sessions, const char *key) {
    return tls_sessions_find(sessions, slice_from_string(key));
}

static void finds_the_latest(void) {
    struct tls_sessions *sessions = tls_sessions_create(10);
    CU_ASSERT_PTR_NULL(find(sessions, "a"));
    (void)keep(sessions, "a");
    SSL_SESSION *b = keep(sessions, "b");
    SSL_SESSION *a = keep(sessions, "a");
    CU_ASSERT_PTR_EQUAL(find(sessions, "a"), a);
    CU_ASSERT_PTR_EQUAL(find(sessions, "b"), b);
    CU_ASSERT_PTR_NULL(find(sessions, "ab"));
    CU_ASSERT_PTR_NULL(find(sessions, ""));
    tls_sessions_destroy(sessions);
}

static void forgets_the_one_used_least_recently(void) {
    struct tls_sessions *sessions = tls_sessions_create(3);
    (void)keep(sessions, "a");
    (void)keep(sessions, "b");
    (void)keep(sessions, "c");
    CU_ASSERT_PTR_NOT_NULL(find(sessions, "a"));
    (void)keep(sessions, "d");
    CU_ASSERT_PTR_NULL(find(sessions, "b"));
    CU_ASSERT_PTR_NOT_NULL(find(sessions, "a"));
    CU_ASSERT_PTR_NOT_NULL(find(sessions, "c"));
    CU_ASSERT_PTR_NOT_NULL(find(sessions, "d"));
    tls_sessions_destroy(sessions);
}

static void resumes_only_what_can_be(void) {
    struct tls_sessions *sessions = tls_sessions_create(3);
    SSL_SESSION *session = SSL_SESSION_new();
    CU_ASSERT_TRUE(tls_sessions_keep(sessions, SLICE("a"), session));
    CU_ASSERT_PTR_NULL(find(sessions, "a"));
    tls_sessions_destroy(sessions);
}

UNIT_TESTS("net/tls_sessions", {"finds the latest", finds_the_latest},
           {"forgets the one used least recently", forgets_the_one_used_least_recently},
           {"resumes only what can be", resumes_only_what_can_be})
