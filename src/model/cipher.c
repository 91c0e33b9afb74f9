/* Lists that OpenSSL reads: cipher suites and groups of key exchanges. OpenSSL passes over names of
 * suites that it does not know, so that a typing mistake weakens a site without a word; here it is
 * an error, unless the name is one that some other OpenSSL may have. */
#include "model/reading.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#define LIST_HELP "write, for example, \"ECDHE+AESGCM:ECDHE+CHACHA20\""

/* What names of suites are made of, those of old and other builds included. */
static const char vocabulary[] =
    " TLS SSL SSLv2 SSLv3 TLSv1 WITH DHE EDH ECDHE ECDH EECDH DH ADH AECDH kEDH kEECDH kECDH kECDHe"
    " kECDHr kDH kDHr kDHd kDHE kECDHE kRSA RSA aRSA ECDSA aECDSA aECDH aDH DSS aDSS DSA PSK kPSK "
    "SRP"
    " KRB5 kKRB5 GOST AES AES128 AES256 AESGCM AESCCM AESCCM8 CAMELLIA CAMELLIA128 CAMELLIA256 ARIA"
    " ARIA128 ARIA256 ARIAGCM SEED IDEA RC2 RC4 DES 3DES CBC3 CBC EDE3 GCM CCM CCM8 CHACHA20 "
    "POLY1305"
    " MD5 SHA SHA1 SHA224 SHA256 SHA384 SHA512 NULL eNULL aNULL EXP EXPORT EXPORT40 EXPORT56 "
    "EXP1024"
    " LOW MEDIUM HIGH ALL FIPS DRAFT OLD D 40 56 64 128 168 256 8 ";

static bool is_vocabulary(struct arena *arena, struct slice part) {
    struct slice padded = arena_format(arena, " %.*s ", SLICE_ARGS(part));
    return part.size > 0 && slice_find_byte(part, ' ') == part.size &&
           strstr(vocabulary, padded.data) != NULL;
}

static bool is_plausible(struct arena *arena, struct slice name) {
    size_t begin = 0;
    for (size_t at = 0; at <= name.size; at++) {
        if (at < name.size && strchr("-+_", name.data[at]) == NULL) {
            continue;
        }
        struct slice part = {name.data + begin, at - begin};
        if (!is_vocabulary(arena, part)) {
            return false;
        }
        begin = at + 1;
    }
    return true;
}

static SSL_CTX *make_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        memory_exhausted();
    }
    SSL_CTX_set_security_level(context, 0);
    return context;
}

static bool takes_ciphers(SSL_CTX *context, struct arena *arena, struct slice list) {
    bool is_taken = SSL_CTX_set_cipher_list(context, arena_copy_slice(arena, list).data) == 1;
    ERR_clear_error();
    return is_taken;
}

static bool takes_groups(SSL_CTX *context, struct arena *arena, struct slice list) {
    bool is_taken = SSL_CTX_set1_groups_list(context, arena_copy_slice(arena, list).data) == 1;
    ERR_clear_error();
    return is_taken;
}

/* Tells the nearest name that OpenSSL has. */
static struct slice make_help(struct model *model, struct slice name) {
    SSL_CTX *context = make_context();
    VECTOR_OF(struct slice) names = {0};
    (void)SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL");
    STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
        const char *suite = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, i));
        VECTOR_PUSH(model->arena, &names, slice_from_string(suite));
    }
    struct slice nearest = nearest_name(name, names.items, names.count);
    struct slice help = nearest.size > 0
                            ? arena_format(model->arena, "write \"%.*s\"", SLICE_ARGS(nearest))
                            : SLICE("\"openssl ciphers ALL\" lists what there is");
    SSL_CTX_free(context);
    return help;
}

static bool reject_name(const struct setter_call *call, const struct word *word, size_t begin,
                        struct slice name, const char *kind, struct slice help) {
    struct model *model = call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE,
                         word_span(model, word, begin, begin + name.size),
                         "OpenSSL knows no %s \"%.*s\"", kind, SLICE_ARGS(name));
    diagnostic_help(model->arena, diagnostic, "%.*s", SLICE_ARGS(help));
    return false;
}

/* Takes out what is excluded, moved or commanded: a name that is not there does no harm in these.
 */
static bool is_wish(struct slice name) {
    return name.size > 0 && strchr("!-+@", name.data[0]) == NULL;
}

static bool check_names(const struct setter_call *call, const struct word *word, SSL_CTX *context) {
    struct arena *arena = call->model->arena;
    struct slice text = word->text;
    for (size_t begin = 0; begin <= text.size;) {
        size_t end = begin;
        while (end < text.size && strchr(": ,;", text.data[end]) == NULL) {
            end++;
        }
        struct slice name = {text.data + begin, end - begin};
        if (is_wish(name) && !takes_ciphers(context, arena, name) && !is_plausible(arena, name)) {
            return reject_name(call, word, begin, name, "cipher suite",
                               make_help(call->model, name));
        }
        begin = end + 1;
    }
    return true;
}

static bool check_list(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    /* Red Hat's OpenSSL reads these from a file of the machine. */
    if (slice_starts_with(word->text, SLICE("PROFILE=")) ||
        map_find(&model->reading->ciphers, word->text) != NULL) {
        return true;
    }
    SSL_CTX *context = make_context();
    bool is_fine = check_names(call, word, context);
    if (is_fine && !takes_ciphers(context, model->arena, word->text)) {
        is_fine = reject_word(call, DIAGNOSTIC_INVALID_VALUE, word, LIST_HELP,
                              "\"%s\" admits no cipher suite at all", call->directive->name);
    }
    SSL_CTX_free(context);
    if (is_fine) {
        map_set(&model->reading->ciphers, word->text, model);
    }
    return is_fine;
}

bool model_set_ssl_ciphers(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    return (call->origin == NULL || check_list(call, word)) && model_set_text(call);
}

/* "auto" leaves them to OpenSSL. */
bool model_set_ssl_groups(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    struct slice text = word->text;
    SSL_CTX *context = make_context();
    bool is_fine =
        slice_equals(text, SLICE("auto")) || takes_groups(context, call->model->arena, text);
    for (size_t begin = 0; !is_fine && begin <= text.size;) {
        struct slice rest = slice_skip(text, begin);
        struct slice name = slice_take(rest, slice_find_byte(rest, ':'));
        if (!takes_groups(context, call->model->arena, name)) {
            SSL_CTX_free(context);
            return reject_name(call, word, begin, name, "group",
                               SLICE("\"openssl ecparam -list_curves\" lists most of them"));
        }
        begin += name.size + 1;
    }
    SSL_CTX_free(context);
    return (is_fine || reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "list of groups",
                                    "name each once, such as X25519:prime256v1")) &&
           model_set_text(call);
}
