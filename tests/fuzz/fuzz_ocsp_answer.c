/* fuzz: runtime -max_len=20000 */
/* Answers of OCSP responders, as they arrive: the head, the body in whatever framing, and what it
 * says of a certificate. What is accepted says so in bytes that are whole and bounded, in whatever
 * pieces they came. */
#include "fuzz.h"

#include "proxy/staple_fetch.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* An authority and a certificate of its, good until the year 2126; the kept answers are about it.
 */
static const char authority_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfzCCASWgAwIBAgIUdheMWlD4HRKyJtGJGi/0PUb25PkwCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyOTAyMTIwMloYDzIxMjYxMTA1\n"
    "MDIxMjAyWjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAAR26j1dDoLslClCoscIqweh0V0sCX9vrEJCRMMVZnIgfJpumQeyZPCR\n"
    "f92uJRoi50mO+xDCoEErV8XywLZvhGDBo1MwUTAdBgNVHQ4EFgQUki7Igs62F8fS\n"
    "Vj0lENKTg08plnYwHwYDVR0jBBgwFoAUki7Igs62F8fSVj0lENKTg08plnYwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA1Iq7PmGVEP3bY/HVhp33\n"
    "dLBzZGJYl/BnY/bYcwuQE4ACIBFX4/B48cpEInihsuMeaQrG7e3ctHFDORtm8ovy\n"
    "zn/i\n"
    "-----END CERTIFICATE-----\n";
static const char certificate_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBETCBtwIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwIBcN\n"
    "MjYxMTI5MDIxMjAyWhgPMjEyNjExMDUwMjEyMDJaMBMxETAPBgNVBAMMCHd3dy50\n"
    "ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMNgYx+wTjIW5xo2QKK+7SOln\n"
    "NSc3B85hVWRDtMmE4dqdlXXySou3AI6yke8yGZSsWR4VymslqJOLKhsOLS0pHzAK\n"
    "BggqhkjOPQQDAgNJADBGAiEA7ntM/i2pYeXyRyRV4jBgSPmrKU46kDbjtbreDK74\n"
    "TOMCIQDL+6iSp8j6kODzIbCrjkqgwAlGcccrwE7UgOIB4/r1hA==\n"
    "-----END CERTIFICATE-----\n";

static X509 *read_certificate(const char *pem) {
    BIO *input = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(input, NULL, NULL, NULL);
    require(certificate != NULL);
    BIO_free(input);
    return certificate;
}

/* Made once. */
static struct ocsp_subject *subject(void) {
    static struct ocsp_subject made;
    if (made.id == NULL) {
        X509 *authority = read_certificate(authority_pem);
        X509 *certificate = read_certificate(certificate_pem);
        made.id = OCSP_cert_to_id(NULL, certificate, authority);
        made.signers = sk_X509_new_null();
        made.trusted = X509_STORE_new();
        sk_X509_push(made.signers, authority);
        X509_STORE_add_cert(made.trusted, authority);
        X509_free(certificate);
    }
    return &made;
}

/* Its bytes in pieces of that size, then the end of the connection. */
static enum probe_progress collect(struct probe_answer *answer, struct slice input, size_t piece) {
    enum probe_progress progress = PROBE_MORE;
    while (input.size > 0 && progress == PROBE_MORE) {
        size_t room;
        char *place = probe_answer_room(answer, &room);
        require(place != NULL && room > 0);
        size_t count = input.size < piece ? input.size : piece;
        count = count < room ? count : room;
        memcpy(place, input.data, count);
        input = slice_skip(input, count);
        progress = probe_answer_take(answer, count, true);
    }
    return progress == PROBE_MORE ? probe_answer_end(answer) : progress;
}

/* Returns whether it is accepted. */
static bool judge(struct slice input, size_t piece, bool verifies) {
    struct probe_answer answer = {.body_limit = OCSP_ANSWER_LIMIT + 1};
    struct failure failure = {""};
    time_t expires;
    bool is_accepted = false;
    if (collect(&answer, input, piece) == PROBE_DONE) {
        subject()->verifies = verifies;
        is_accepted = staple_judge(subject(), &answer, &expires, &failure);
        require(is_accepted != (failure.text[0] != '\0'));
        require(probe_answer_body(&answer).size <= OCSP_ANSWER_LIMIT || !is_accepted);
        require(ERR_peek_error() == 0);
    } else {
        require(answer.reason != NULL);
    }
    probe_answer_release(&answer);
    return is_accepted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = {(const char *)data, size};
    uint8_t choice = take_last(&input);
    bool verifies = (choice & 1) != 0;
    bool is_accepted = judge(input, input.size + 1, verifies);
    require(judge(input, 1 + choice / 2U, verifies) == is_accepted);
    /* Who must be vouched for is accepted without, too. */
    require(!is_accepted || judge(input, input.size + 1, false));
    return 0;
}
