/* Questions about certificates, and which answers are accepted. */
#include "net/ocsp.h"

#include "ocsp_authority.h"

#include <stdlib.h>

static struct ocsp_authority authority;
static unsigned char bytes[OCSP_ANSWER_LIMIT];
static time_t expires;
static struct failure failure;

static bool accepts(const struct ocsp_draft *draft) {
    failure.text[0] = '\0';
    struct slice answer = {(char *)bytes, authority_answer(&authority, draft, bytes)};
    return ocsp_accept(&authority.subject, answer, &expires, &failure);
}

static bool refuses(const struct ocsp_draft *draft, const char *reason) {
    return !accepts(draft) && strstr(failure.text, reason) != NULL;
}

static const struct ocsp_draft good = {.status = V_OCSP_CERTSTATUS_GOOD, .begin = -60, .end = 3600};

static void accepts_what_is_good(void) {
    authority_open(&authority);
    CU_ASSERT_TRUE(accepts(&good));
    CU_ASSERT_TRUE(expires >= time(NULL) + 3590 && expires <= time(NULL) + 3600);
    struct ocsp_draft open = good;
    open.end = 0;
    CU_ASSERT_TRUE(accepts(&open));
    CU_ASSERT_TRUE(expires > time(NULL) + 86400 * 365);
    authority_close(&authority);
}

static void refuses_other_statuses(void) {
    authority_open(&authority);
    struct ocsp_draft draft = good;
    draft.status = V_OCSP_CERTSTATUS_REVOKED;
    CU_ASSERT_TRUE(refuses(&draft, "certificate status \"revoked\" in the OCSP response"));
    draft.status = V_OCSP_CERTSTATUS_UNKNOWN;
    CU_ASSERT_TRUE(refuses(&draft, "certificate status \"unknown\" in the OCSP response"));
    draft = good;
    draft.serial = 77;
    CU_ASSERT_TRUE(refuses(&draft, "certificate status not found in the OCSP response"));
    draft = good;
    draft.response_status = OCSP_RESPONSE_STATUS_TRYLATER;
    CU_ASSERT_TRUE(refuses(&draft, "OCSP response not successful (3: trylater)"));
    authority_close(&authority);
}

/* Clocks may differ by five minutes; the answer's end is its end nevertheless. */
static void refuses_other_times(void) {
    authority_open(&authority);
    struct ocsp_draft draft = good;
    draft.begin = -7200;
    draft.end = -400;
    CU_ASSERT_TRUE(refuses(&draft, "OCSP_check_validity() failed"));
    draft.end = -200;
    CU_ASSERT_TRUE(accepts(&draft));
    CU_ASSERT_TRUE(expires < time(NULL));
    draft = good;
    draft.begin = 400;
    CU_ASSERT_TRUE(refuses(&draft, "OCSP_check_validity() failed"));
    draft.begin = 200;
    CU_ASSERT_TRUE(accepts(&draft));
    authority_close(&authority);
}

static void refuses_what_is_no_answer(void) {
    authority_open(&authority);
    size_t size = authority_answer(&authority, &good, bytes);
    for (size_t i = 0; i < size; i++) {
        CU_ASSERT_FALSE(
            ocsp_accept(&authority.subject, (struct slice){(char *)bytes, i}, &expires, &failure));
    }
    CU_ASSERT_FALSE(ocsp_accept(&authority.subject, (struct slice){(char *)bytes, size + 1},
                                &expires, &failure));
    bytes[size - 1] ^= 1; /* of the signature */
    CU_ASSERT_FALSE(
        ocsp_accept(&authority.subject, (struct slice){(char *)bytes, size}, &expires, &failure));
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "OCSP_basic_verify() failed"));
    authority_close(&authority);
}

/* A stranger is nobody to vouch for it, unless nobody asks. */
static void looks_at_who_has_signed(void) {
    authority_open(&authority);
    struct ocsp_draft draft = good;
    draft.signer_key = EVP_EC_gen("P-256");
    draft.signer = authority_make_certificate(draft.signer_key, "stranger", 9, NULL);
    X509_sign(draft.signer, draft.signer_key, EVP_sha256());
    draft.shows_signer = true;
    CU_ASSERT_TRUE(refuses(&draft, "OCSP_basic_verify() failed"));
    authority.subject.verifies = false;
    CU_ASSERT_TRUE(accepts(&draft));
    X509_free(draft.signer);
    EVP_PKEY_free(draft.signer_key);
    authority_close(&authority);
}

/* RFC 6960 4.2.2.2: somebody whom the authority has appointed. */
static void accepts_an_appointed_signer(void) {
    authority_open(&authority);
    struct ocsp_draft draft = good;
    draft.shows_signer = true;
    draft.signer_key = EVP_EC_gen("P-256");
    draft.signer = authority_make_certificate(draft.signer_key, "signer", 9, authority.certificate);
    authority_add_extension(draft.signer, authority.certificate, NID_ext_key_usage, "OCSPSigning");
    X509_sign(draft.signer, authority.key, EVP_sha256());
    CU_ASSERT_TRUE(accepts(&draft));
    X509_free(draft.signer);
    draft.signer = authority_issue(&authority, draft.signer_key, "not appointed", 10, NULL);
    CU_ASSERT_TRUE(refuses(&draft, "OCSP_basic_verify() failed"));
    X509_free(draft.signer);
    EVP_PKEY_free(draft.signer_key);
    authority_close(&authority);
}

static bool parses(const char *url, const char *host, uint16_t port, const char *path) {
    struct ocsp_responder found;
    return ocsp_parse_responder(slice_from_string(url), &found) && found.port == port &&
           slice_equals(found.host, slice_from_string(host)) &&
           slice_equals(found.path, slice_from_string(path));
}

static void takes_urls_apart(void) {
    CU_ASSERT_TRUE(parses("http://ocsp.test", "ocsp.test", 80, ""));
    CU_ASSERT_TRUE(parses("HTTP://ocsp.test:8080/a/b", "ocsp.test", 8080, "/a/b"));
    CU_ASSERT_TRUE(parses("http://[::1]:81/", "::1", 81, "/"));
    CU_ASSERT_TRUE(parses("http://[::1]", "::1", 80, ""));
    static const char *const bad[] = {
        "https://ocsp.test/",
        "ocsp.test",
        "http://",
        "http:///path",
        "http://:80/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:b/",
        "http://[::1/",
        "http://[::1]x/",
        "http://u@h/",
        "http://a/ HTTP/1.1",
        "http://a/\r\nX: y",
        "http://a\x7f/",
        "http://\xc3\xa4/",
        "http://[]/",
        "",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ocsp_responder found;
        CU_ASSERT_FALSE(ocsp_parse_responder(slice_from_string(bad[i]), &found));
    }
}

static void finds_the_first_responder_by_http(void) {
    authority_open(&authority);
    char *url = ocsp_find_responder(authority.leaf);
    CU_ASSERT_STRING_EQUAL(url, AUTHORITY_URL);
    free(url);
    X509 *several = authority_issue(&authority, authority.leaf_key, "several", 3,
                                    "OCSP;URI:ldap://a.test/,OCSP;URI:http://b.test/,"
                                    "OCSP;URI:http://c.test/");
    url = ocsp_find_responder(several);
    CU_ASSERT_STRING_EQUAL(url, "http://b.test/");
    free(url);
    X509_free(several);
    CU_ASSERT_PTR_NULL(ocsp_find_responder(authority.certificate));
    authority_close(&authority);
}

/* Decodes what stands behind the last slash of the path. */
static OCSP_REQUEST *decode_question(struct slice text) {
    char base64[512];
    unsigned char der[512];
    size_t size = 0;
    const unsigned char *at = der;
    for (size_t i = 0; i < text.size; i++) {
        unsigned code = 0;
        if (text.data[i] == '%' && sscanf(text.data + i + 1, "%2X", &code) == 1) {
            i += 2;
        }
        base64[size++] = code != 0 ? (char)code : text.data[i];
    }
    int decoded = EVP_DecodeBlock(der, (unsigned char *)base64, (int)size);
    return d2i_OCSP_REQUEST(NULL, &at, decoded);
}

static void asks_for_the_certificate(const char *url, const char *begin, const char *end) {
    struct arena arena;
    struct ocsp_responder responder;
    struct slice text;
    arena_init(&arena, 4096);
    CU_ASSERT_TRUE_FATAL(ocsp_parse_responder(slice_from_string(url), &responder));
    CU_ASSERT_TRUE_FATAL(ocsp_write_request(authority.subject.id, &responder, &arena, &text));
    CU_ASSERT_TRUE_FATAL(slice_starts_with(text, slice_from_string(begin)));
    CU_ASSERT_TRUE_FATAL(slice_ends_with(text, slice_from_string(end)));
    struct slice question = slice_skip(text, strlen(begin));
    question = slice_take(question, question.size - strlen(end));
    CU_ASSERT_EQUAL(slice_find_byte(question, '/'), question.size);
    OCSP_REQUEST *request = decode_question(question);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request);
    CU_ASSERT_EQUAL(OCSP_request_onereq_count(request), 1);
    OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, 0));
    CU_ASSERT_EQUAL(OCSP_id_cmp(id, authority.subject.id), 0);
    OCSP_REQUEST_free(request);
    arena_release(&arena);
}

static void writes_requests(void) {
    authority_open(&authority);
    asks_for_the_certificate("http://a.test", "GET /", " HTTP/1.0\r\nHost: a.test\r\n\r\n");
    asks_for_the_certificate("http://a.test:81/", "GET /", " HTTP/1.0\r\nHost: a.test:81\r\n\r\n");
    asks_for_the_certificate("http://[::1]/p/q", "GET /p/q/", " HTTP/1.0\r\nHost: [::1]\r\n\r\n");
    authority_close(&authority);
}

UNIT_TESTS("net/ocsp", {"accepts what is good", accepts_what_is_good},
           {"refuses other statuses", refuses_other_statuses},
           {"refuses other times", refuses_other_times},
           {"refuses what is no answer", refuses_what_is_no_answer},
           {"looks at who has signed", looks_at_who_has_signed},
           {"accepts an appointed signer", accepts_an_appointed_signer},
           {"takes URLs apart", takes_urls_apart},
           {"finds the first responder by HTTP", finds_the_first_responder_by_http},
           {"writes requests", writes_requests})
