/* Certificates read from the files that golden tests have, which say how they were made. */
#include "certificate/certificate_chain.h"
#include "certificate/certificate_facts.h"
#include "certificate/certificate_file.h"
#include "certificate/certificate_probe.h"

#include "unit.h"

#include <stdlib.h>

#define FOLDER "tests/golden/test-certificates/"

static struct arena arena;

static const struct certificate_file *read_file(const char *name) {
    struct slice path = arena_format(&arena, FOLDER "%s", name);
    return certificate_file_read(&arena, path);
}

static X509 *read_first(const char *name) {
    const struct certificate_file *file = read_file(name);
    CU_ASSERT_EQUAL(file->problem.size, 0);
    CU_ASSERT_TRUE_FATAL(file->certificates.count > 0);
    return file->certificates.items[0];
}

static const struct certificate_key *read_key(const char *name, const char *passwords) {
    struct slice path = arena_format(&arena, FOLDER "%s", name);
    struct slice other = arena_format(&arena, FOLDER "%s", passwords);
    return certificate_key_read(&arena, path, *passwords != '\0' ? other : (struct slice){0});
}

static bool is_text(struct slice text, const char *expected) {
    return slice_equals(text, slice_from_string(expected));
}

static void reads_all_of_a_file(void) {
    CU_ASSERT_EQUAL(read_file("www.chain.pem")->certificates.count, 2);
    CU_ASSERT_EQUAL(read_file("www.with-root.pem")->certificates.count, 3);
    CU_ASSERT_TRUE(is_text(read_file("absent.pem")->problem, "No such file or directory"));
    CU_ASSERT_TRUE(is_text(read_file("www.key")->problem, "there is no certificate in it"));
    CU_ASSERT_TRUE(is_text(read_file("damaged.pem")->problem, "certificate 2 in it is damaged"));
}

static void reads_keys(void) {
    CU_ASSERT_PTR_NOT_NULL(read_key("www.key", "")->key);
    CU_ASSERT_PTR_NOT_NULL(read_key("www.key", "absent")->key);
    CU_ASSERT_PTR_NOT_NULL(read_key("www.encrypted.key", "passwords")->key);
    CU_ASSERT_PTR_NULL(read_key("www.encrypted.key", "wrong-passwords")->key);
    CU_ASSERT_PTR_NULL(read_key("www.encrypted.key", "")->key);
    CU_ASSERT_TRUE(is_text(read_key("root.pem", "")->problem, "there is no private key in it"));
    CU_ASSERT_TRUE(
        is_text(read_key("damaged.key", "")->problem, "the private key in it is damaged"));
}

static void knows_names(void) {
    X509 *www = read_first("www.pem");
    CU_ASSERT_TRUE(certificate_covers(&arena, www, SLICE("www.example.com")));
    CU_ASSERT_TRUE(certificate_covers(&arena, www, SLICE("WWW.example.com")));
    CU_ASSERT_FALSE(certificate_covers(&arena, www, SLICE("*.example.com")));
    CU_ASSERT_FALSE(certificate_covers(&arena, www, SLICE("a.example.com")));
    CU_ASSERT_TRUE(is_text(certificate_names(&arena, www), "www.example.com and example.com"));
    X509 *wildcard = read_first("wildcard.chain.pem");
    CU_ASSERT_TRUE(certificate_covers(&arena, wildcard, SLICE("*.example.com")));
    CU_ASSERT_TRUE(certificate_covers(&arena, wildcard, SLICE("a.example.com")));
    CU_ASSERT_FALSE(certificate_covers(&arena, wildcard, SLICE("a.b.example.com")));
    CU_ASSERT_FALSE(certificate_covers(&arena, wildcard, SLICE("example.com")));
    CU_ASSERT_TRUE(certificate_covers(&arena, wildcard, SLICE("192.0.2.1")));
    CU_ASSERT_FALSE(
        certificate_covers(&arena, read_first("common-name.chain.pem"), SLICE("www.example.com")));
}

/* A certificate that was never signed, with a subject as its encoder liked it. */
static X509 *make_named(int kind, const char *type, const char *bytes) {
    X509 *certificate = X509_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(certificate);
    CU_ASSERT_EQUAL(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), type, kind,
                                               (const unsigned char *)bytes, -1, -1, 0),
                    1);
    return certificate;
}

static bool has_title(int kind, const char *type, const char *bytes, const char *title) {
    X509 *certificate = make_named(kind, type, bytes);
    bool is_same = is_text(certificate_title(&arena, certificate), title);
    X509_free(certificate);
    return is_same;
}

static void survives_odd_names(void) {
    CU_ASSERT_TRUE(has_title(V_ASN1_UTF8STRING, "CN", "a\033[31mb", "a?[31mb"));
    CU_ASSERT_TRUE(has_title(V_ASN1_UTF8STRING, "CN",
                             "a\xc2\x9b"
                             "31mb\xc3\xa4",
                             "a?31mb\xc3\xa4"));
    CU_ASSERT_TRUE(has_title(V_ASN1_UTF8STRING, "O", "Company", "O=Company"));
    CU_ASSERT_TRUE(has_title(V_ASN1_UTF8STRING, "O", "\xff\xfe", "O=\\FF\\FE"));
    CU_ASSERT_TRUE(has_title(V_ASN1_UTF8STRING, "CN", "\xff\xfe", "CN=\\FF\\FE"));
}

static void knows_times(void) {
    X509 *www = read_first("www.pem");
    CU_ASSERT_EQUAL(certificate_begin(www), 1893456000);
    CU_ASSERT_TRUE(is_text(certificate_day(&arena, certificate_begin(www)), "2030-01-01"));
    CU_ASSERT_TRUE(is_text(certificate_day(&arena, certificate_end(www)), "2030-03-31"));
}

static void knows_strength(void) {
    X509 *weak = read_first("weak.chain.pem");
    CU_ASSERT_TRUE(is_text(certificate_weak_key(&arena, weak), "RSA of 1024 bits"));
    CU_ASSERT_TRUE(is_text(certificate_weak_signature(&arena, weak), "SHA-1"));
    CU_ASSERT_EQUAL(certificate_weak_key(&arena, read_first("www.pem")).size, 0);
    CU_ASSERT_EQUAL(certificate_weak_signature(&arena, read_first("www.pem")).size, 0);
}

static struct certificate_chain follow(const char *name, const char *trusted) {
    setenv("SSL_CERT_FILE", arena_format(&arena, FOLDER "%s", trusted).data, 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    return certificate_chain_follow(&arena, read_file(name), certificate_trust_load(&arena));
}

static void follows_a_chain(void) {
    struct certificate_chain chain = follow("www.chain.pem", "root.pem");
    CU_ASSERT_EQUAL(chain.way.count, 2);
    CU_ASSERT_TRUE(chain.is_complete);
    chain = follow("www.unordered.pem", "root.pem");
    CU_ASSERT_EQUAL(chain.way.count, 3);
    CU_ASSERT_EQUAL(chain.misplaced, 1);
    chain = follow("www.twice.pem", "root.pem");
    CU_ASSERT_EQUAL(chain.repeated, 1);
    CU_ASSERT_EQUAL(chain.misplaced, CERTIFICATE_NONE);
    chain = follow("www.unrelated.pem", "root.pem");
    CU_ASSERT_EQUAL(chain.unrelated, 1);
    CU_ASSERT_TRUE(chain.is_complete);
}

static void follows_every_way(void) {
    CU_ASSERT_TRUE(follow("www.cross.pem", "root.pem").is_complete);
    CU_ASSERT_TRUE(follow("www.cross.pem", "other-root.pem").is_complete);
    CU_ASSERT_FALSE(follow("www.cross.pem", "absent.pem").is_complete);
    struct certificate_chain chain = follow("www.both-ways.pem", "absent.pem");
    CU_ASSERT_EQUAL(chain.way.count, 2);
    CU_ASSERT_EQUAL(chain.misplaced, CERTIFICATE_NONE);
    CU_ASSERT_EQUAL(chain.unrelated, CERTIFICATE_NONE);
    CU_ASSERT_TRUE(chain.is_complete);
}

static bool is_problem(const char *name, enum certificate_content content, const char *problem) {
    struct slice path = arena_format(&arena, FOLDER "%s", name);
    return is_text(certificate_probe(&arena, path, content), problem);
}

static void probes_what_a_file_is_for(void) {
    static const struct {
        const char *name;
        enum certificate_content content;
        const char *problem;
    } rows[] = {
        {"absent.pem", CERTIFICATE_CONTENT_AUTHORITIES, "No such file or directory"},
        {"root.pem", CERTIFICATE_CONTENT_AUTHORITIES, ""},
        {"none-revoked.crl", CERTIFICATE_CONTENT_AUTHORITIES, ""},
        {"damaged.pem", CERTIFICATE_CONTENT_AUTHORITIES, "it is damaged"},
        {"make", CERTIFICATE_CONTENT_AUTHORITIES, "there is no certificate in it"},
        {"none-revoked.crl", CERTIFICATE_CONTENT_REVOCATIONS, ""},
        {"root.pem", CERTIFICATE_CONTENT_REVOCATIONS,
         "there is no list of revoked certificates in it"},
        {"root.pem", CERTIFICATE_CONTENT_PARAMETERS, "there are no parameters in it"},
        {"ticket.key", CERTIFICATE_CONTENT_TICKET_KEY, ""},
        {"root.pem", CERTIFICATE_CONTENT_PASSWORDS, ""},
        {"root.pem", CERTIFICATE_CONTENT_ANSWER, "there is no answer of an OCSP responder in it"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_TRUE(is_problem(rows[i].name, rows[i].content, rows[i].problem));
    }
}

static void tells_password_files_from_keys(void) {
    const struct certificate_key *key = read_key("www.encrypted.key", "absent");
    CU_ASSERT_PTR_NULL(key->key);
    CU_ASSERT_EQUAL(key->problem.size, 0);
}

static void knows_where_one_is_missing(void) {
    CU_ASSERT_TRUE(follow("www.pem", "root.pem").lacks_an_issuer);
    CU_ASSERT_TRUE(follow("www.pem", "absent.pem").lacks_an_issuer);
    CU_ASSERT_FALSE(follow("www.pem", "issuing.pem").lacks_an_issuer);
    CU_ASSERT_FALSE(follow("www.chain.pem", "absent.pem").lacks_an_issuer);
    CU_ASSERT_FALSE(follow("www.chain.pem", "other-root.pem").lacks_an_issuer);
    CU_ASSERT_FALSE(follow("company.pem", "other-root.pem").lacks_an_issuer);
    CU_ASSERT_FALSE(follow("company.pem", "absent.pem").is_complete);
    CU_ASSERT_FALSE(follow("private.pem", "other-root.pem").lacks_an_issuer);
    CU_ASSERT_TRUE(follow("self-signed.pem", "absent.pem").is_complete);
    arena_release(&arena);
}

UNIT_TESTS("certificate/certificate", {"reads all of a file", reads_all_of_a_file},
           {"reads keys", reads_keys}, {"knows names", knows_names},
           {"survives odd names", survives_odd_names}, {"knows times", knows_times},
           {"knows strength", knows_strength}, {"follows a chain", follows_a_chain},
           {"follows every way", follows_every_way},
           {"probes what a file is for", probes_what_a_file_is_for},
           {"tells password files from keys", tells_password_files_from_keys},
           {"knows where one is missing", knows_where_one_is_missing})
