/* Questions and answers, by OpenSSL's functions for them. */
#include "net/ocsp.h"

#include "net/tls_error.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* Clocks may differ by so many seconds. */
enum { CLOCK_TOLERANCE = 300, DAY = 86400, NEVER_EXPIRES = 10 * 365 * DAY };

/* --- whom to ask --- */

char *ocsp_find_responder(X509 *certificate) {
    static const struct slice scheme = SLICE_INIT("http://");
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
    char *found = NULL;
    for (int i = 0; found == NULL && i < sk_OPENSSL_STRING_num(urls); i++) {
        const char *url = sk_OPENSSL_STRING_value(urls, i);
        if (slice_starts_with_nocase(slice_from_string(url), scheme)) {
            found = strdup(url);
        }
    }
    X509_email_free(urls);
    return found;
}

/* No space, control or other byte that ends a line or word of a request (RFC 3986 2). */
static bool is_plain(struct slice url) {
    for (size_t i = 0; i < url.size; i++) {
        if (url.data[i] <= ' ' || url.data[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static bool parse_port(struct slice text, uint16_t *port) {
    uint64_t number = 80;
    if (text.size > 0 && (!slice_parse_u64(text, UINT16_MAX, &number) || number == 0)) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

/* The end of the host: behind the bracket of an IPv6 address, or where the port begins. */
static size_t host_size(struct slice authority) {
    if (authority.size > 0 && authority.data[0] == '[') {
        return slice_find_byte(authority, ']') + 1;
    }
    return slice_find_byte(authority, ':');
}

static bool parse_authority(struct ocsp_responder *responder) {
    struct slice authority = responder->authority;
    size_t size = host_size(authority);
    if (size > authority.size || slice_find_byte(authority, '@') < authority.size) {
        return false;
    }
    struct slice host = slice_take(authority, size);
    struct slice port = slice_skip(authority, size);
    if (port.size > 0 && port.data[0] != ':') {
        return false;
    }
    bool has_brackets = host.size > 0 && host.data[0] == '[';
    responder->host = has_brackets ? (struct slice){host.data + 1, host.size - 2} : host;
    return responder->host.size > 0 && parse_port(slice_skip(port, 1), &responder->port);
}

bool ocsp_parse_responder(struct slice url, struct ocsp_responder *responder) {
    static const struct slice scheme = SLICE_INIT("http://");
    if (!slice_starts_with_nocase(url, scheme) || !is_plain(url)) {
        return false;
    }
    struct slice rest = slice_skip(url, scheme.size);
    size_t end = slice_find_byte(rest, '/');
    responder->authority = slice_take(rest, end);
    responder->path = slice_skip(rest, end);
    return parse_authority(responder);
}

/* --- the question --- */

/* In DER; to be freed by OPENSSL_free. Returns its size, or 0 without memory. */
static int encode_question(const OCSP_CERTID *id, unsigned char **der) {
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_CERTID *copy = OCSP_CERTID_dup(id);
    int size = 0;
    if (request != NULL && copy != NULL && OCSP_request_add0_id(request, copy) != NULL) {
        copy = NULL;
        size = i2d_OCSP_REQUEST(request, der);
    }
    OCSP_CERTID_free(copy);
    OCSP_REQUEST_free(request);
    ERR_clear_error();
    return size > 0 ? size : 0;
}

/* Base64, of whose alphabet three characters mean something else in a path. */
static size_t escape(char *to, const char *base64) {
    char *end = to;
    for (; *base64 != '\0'; base64++) {
        if (*base64 == '+' || *base64 == '/' || *base64 == '=') {
            end += snprintf(end, 4, "%%%02X", (unsigned char)*base64);
        } else {
            *end++ = *base64;
        }
    }
    return (size_t)(end - to);
}

/* One slash between the responder's path and the question. */
static struct slice directory_of(struct slice path) {
    return path.size > 0 && path.data[path.size - 1] == '/' ? slice_take(path, path.size - 1)
                                                            : path;
}

/* HTTP/1.0, as nginx does it: the answer ends with the connection, in whatever framing. */
bool ocsp_write_request(const OCSP_CERTID *id, const struct ocsp_responder *responder,
                        struct arena *arena, struct slice *request) {
    unsigned char *der = NULL;
    size_t size = (size_t)encode_question(id, &der);
    size_t base64_size = (size + 2) / 3 * 4;
    size_t room = 3 * base64_size + responder->path.size + responder->authority.size + 64;
    char *base64 = arena_allocate_bytes(arena, base64_size + 1);
    char *escaped = arena_allocate_bytes(arena, 3 * base64_size + 1);
    char *text = arena_allocate_bytes(arena, room);
    bool is_written = size > 0 && base64 != NULL && escaped != NULL && text != NULL;
    if (is_written) {
        EVP_EncodeBlock((unsigned char *)base64, der, (int)size);
        size_t escaped_size = escape(escaped, base64);
        int text_size = snprintf(text, room, "GET %.*s/%.*s HTTP/1.0\r\nHost: %.*s\r\n\r\n",
                                 SLICE_ARGS(directory_of(responder->path)), (int)escaped_size,
                                 escaped, SLICE_ARGS(responder->authority));
        *request = (struct slice){text, (size_t)text_size};
    }
    OPENSSL_free(der);
    return is_written;
}

/* --- the answer --- */

static bool fail(struct failure *failure, const char *what) {
    char text[TLS_ERROR_SIZE];
    return failure_set(failure, "%s (%s)", what, tls_error_take(text));
}

/* How long from now; answers without an end are good until a newer one is asked for. */
static bool find_end(const ASN1_GENERALIZEDTIME *end, time_t *expires) {
    int days;
    int seconds;
    if (end == NULL) {
        *expires = time(NULL) + NEVER_EXPIRES;
        return true;
    }
    if (ASN1_TIME_diff(&days, &seconds, NULL, end) != 1) {
        return false;
    }
    *expires = time(NULL) + (time_t)days * DAY + seconds;
    return true;
}

static bool accept_status(const struct ocsp_subject *subject, OCSP_BASICRESP *basic,
                          time_t *expires, struct failure *failure) {
    int status;
    ASN1_GENERALIZEDTIME *begin;
    ASN1_GENERALIZEDTIME *end;
    if (OCSP_resp_find_status(basic, subject->id, &status, NULL, NULL, &begin, &end) != 1) {
        return failure_set(failure, "certificate status not found in the OCSP response");
    }
    if (OCSP_check_validity(begin, end, CLOCK_TOLERANCE, -1) != 1) {
        return fail(failure, "OCSP_check_validity() failed");
    }
    if (!find_end(end, expires)) {
        return failure_set(failure, "invalid nextUpdate time in certificate status");
    }
    if (status != V_OCSP_CERTSTATUS_GOOD) {
        return failure_set(failure, "certificate status \"%s\" in the OCSP response",
                           OCSP_cert_status_str(status));
    }
    return true;
}

static bool accept_basic(const struct ocsp_subject *subject, OCSP_BASICRESP *basic, time_t *expires,
                         struct failure *failure) {
    unsigned long flags = subject->verifies ? OCSP_TRUSTOTHER : OCSP_NOVERIFY;
    if (basic == NULL) {
        return fail(failure, "OCSP_response_get1_basic() failed");
    }
    if (OCSP_basic_verify(basic, subject->signers, subject->trusted, flags) != 1) {
        return fail(failure, "OCSP_basic_verify() failed");
    }
    return accept_status(subject, basic, expires, failure);
}

bool ocsp_accept(const struct ocsp_subject *subject, struct slice answer, time_t *expires,
                 struct failure *failure) {
    const unsigned char *bytes = (const unsigned char *)answer.data;
    ERR_clear_error();
    OCSP_RESPONSE *response = answer.size <= OCSP_ANSWER_LIMIT
                                  ? d2i_OCSP_RESPONSE(NULL, &bytes, (long)answer.size)
                                  : NULL;
    if (response == NULL || bytes != (const unsigned char *)answer.data + answer.size) {
        OCSP_RESPONSE_free(response);
        return fail(failure, "d2i_OCSP_RESPONSE() failed");
    }
    int status = OCSP_response_status(response);
    bool is_good = false;
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        failure_set(failure, "OCSP response not successful (%d: %s)", status,
                    OCSP_response_status_str(status));
    } else {
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
        is_good = accept_basic(subject, basic, expires, failure);
        OCSP_BASICRESP_free(basic);
    }
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return is_good;
}
