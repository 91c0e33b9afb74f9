/* Tests of auth_basic.c and of what satisfy makes of several kinds of access control. */
#include "decision.h"

static struct decision decision;

/* What the only file says; what was asked of it. */
static enum engine_password verdict;
static char asked[128];

static enum engine_password look_up(void *owner, struct slice file, struct slice user,
                                    struct slice password) {
    (void)owner;
    snprintf(asked, sizeof asked, "%.*s in %.*s with %.*s", SLICE_ARGS(user), SLICE_ARGS(file),
             SLICE_ARGS(password));
    return verdict;
}

static void note(void *owner, enum table_log_level level, const char *message) {
    (void)level;
    snprintf(((struct decision *)owner)->notes, sizeof decision.notes, "%s", message);
}

static const struct engine_live live = {.password = look_up, .note = note};

/* What a location with these rules answers to somebody from 192.0.2.1, and how it asks for more. */
static bool answers(const char *rules, const char *authorization, const char *expected,
                    const char *challenge) {
    char text[512];
    static char address[] = {(char)192, 0, 2, 1};
    struct engine_header header = {SLICE("Authorization"), slice_from_string(authorization)};
    snprintf(text, sizeof text, "server { location / { %s proxy_pass http://a; } }", rules);
    decision_open(&decision, text);
    decision_begin(&decision, "GET /");
    decision.request.live = &live;
    decision.request.binary_remote_addr = (struct slice){address, sizeof address};
    decision.request.prefix = SLICE("/etc/rpcd");
    decision.request.headers = &header;
    decision.request.header_count = 1;
    asked[0] = '\0';
    bool is_right = strcmp(decision_make(&decision), expected) == 0;
    const struct engine_challenge *made = decision.request.challenges;
    struct slice told = made != NULL ? made->value : SLICE("");
    is_right = is_right && slice_equals(told, slice_from_string(challenge)) &&
               (made == NULL || made->next == NULL);
    if (!is_right) {
        fprintf(stderr, "%s: %s, %.*s\n", rules, decision.said, SLICE_ARGS(told));
    }
    decision_close(&decision);
    return is_right;
}

#define ALICE "Basic YWxpY2U6c2VjcmV0"
#define ASK "auth_basic 'a b'; auth_basic_user_file users; "
#define REALM "Basic realm=\"a b\""

static void asks_the_file(void) {
    static const struct {
        enum engine_password verdict;
        const char *answer, *challenge, *note;
    } cases[] = {
        {ENGINE_PASSWORD_RIGHT, "proxy GET a /", "", ""},
        {ENGINE_PASSWORD_WRONG, "401 page", REALM, "user \"alice\": password mismatch"},
        {ENGINE_PASSWORD_NO_USER, "401 page", REALM,
         "user \"alice\" was not found in \"/etc/rpcd/users\""},
        {ENGINE_PASSWORD_NO_FILE, "403 page", "", ""},
        {ENGINE_PASSWORD_FAILED, "500 page", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        verdict = cases[i].verdict;
        CU_ASSERT(answers(ASK, ALICE, cases[i].answer, cases[i].challenge));
        CU_ASSERT_STRING_EQUAL(asked, "alice in /etc/rpcd/users with secret");
        CU_ASSERT_STRING_EQUAL(decision.notes, cases[i].note);
    }
}

static void asks_no_file_without_a_user(void) {
    static const char *const headers[] = {"", "Bearer x", "Basic", "Basic YWxpY2U=", "Basic OmE="};
    verdict = ENGINE_PASSWORD_RIGHT;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        CU_ASSERT(answers(ASK, headers[i], "401 page", REALM));
        CU_ASSERT_STRING_EQUAL(asked, "");
    }
    CU_ASSERT(answers("auth_basic off; auth_basic_user_file users;", "", "proxy GET a /", ""));
    CU_ASSERT(answers("auth_basic a;", "", "proxy GET a /", ""));
    CU_ASSERT(answers("auth_basic_user_file users;", "", "proxy GET a /", ""));
}

static void satisfies_all_or_any(void) {
    static const struct {
        const char *rules;
        enum engine_password verdict;
        const char *answer, *challenge;
    } cases[] = {
        {ASK "allow all;", ENGINE_PASSWORD_WRONG, "401 page", REALM},
        {ASK "deny all;", ENGINE_PASSWORD_RIGHT, "403 page", ""},
        {ASK "satisfy any; allow all;", ENGINE_PASSWORD_WRONG, "proxy GET a /", ""},
        {ASK "satisfy any; deny all;", ENGINE_PASSWORD_RIGHT, "proxy GET a /", ""},
        {ASK "satisfy any; deny all;", ENGINE_PASSWORD_WRONG, "401 page", REALM},
        {ASK "satisfy any; deny all;", ENGINE_PASSWORD_NO_FILE, "403 page", ""},
        {ASK "satisfy any; deny all;", ENGINE_PASSWORD_FAILED, "500 page", ""},
        {ASK "satisfy any; allow 10.0.0.0/8;", ENGINE_PASSWORD_WRONG, "401 page", REALM},
        {"satisfy any; deny all;", ENGINE_PASSWORD_RIGHT, "403 page", ""},
        {"satisfy any; allow 10.0.0.0/8;", ENGINE_PASSWORD_RIGHT, "proxy GET a /", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        verdict = cases[i].verdict;
        CU_ASSERT(answers(cases[i].rules, ALICE, cases[i].answer, cases[i].challenge));
    }
}

UNIT_TESTS("engine/auth_basic", {"asks the file", asks_the_file},
           {"asks no file without a user", asks_no_file_without_a_user},
           {"satisfies all or any", satisfies_all_or_any})
