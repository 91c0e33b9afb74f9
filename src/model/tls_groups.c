/* Groups of the key exchange, as ssl_ecdh_curve lists them for OpenSSL. */
#include "base/text.h"
#include "model/openssl.h"
#include "model/reading.h"

#include <openssl/err.h>

/* For suggestions, the usual ones first. */
static const struct slice usual[] = {
    SLICE_INIT("X25519"),    SLICE_INIT("prime256v1"), SLICE_INIT("secp384r1"),
    SLICE_INIT("secp521r1"), SLICE_INIT("X448"),       SLICE_INIT("P-256"),
    SLICE_INIT("P-384"),     SLICE_INIT("P-521"),      SLICE_INIT("ffdhe2048"),
    SLICE_INIT("ffdhe3072"), SLICE_INIT("ffdhe4096"),  SLICE_INIT("brainpoolP256r1"),
    SLICE_INIT("secp256k1"),
};

/* What newer versions of OpenSSL have: right, but not with this one. */
static const struct slice later[] = {
    SLICE_INIT("X25519MLKEM768"), SLICE_INIT("SecP256r1MLKEM768"), SLICE_INIT("SecP384r1MLKEM1024"),
    SLICE_INIT("MLKEM512"),       SLICE_INIT("MLKEM768"),          SLICE_INIT("MLKEM1024"),
    SLICE_INIT("curveSM2"),       SLICE_INIT("curveSM2MLKEM768"),
};

static bool is_taken(SSL_CTX *context, struct arena *arena, struct slice list) {
    struct text text; /* OpenSSL's macro wants what could be written to */
    text_init(&text, arena);
    text_add(&text, list);
    bool is_good = list.size > 0 && SSL_CTX_set1_groups_list(context, text.data) == 1;
    ERR_clear_error();
    return is_good;
}

static bool is_later(struct slice name) {
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (slice_equals_nocase(name, later[i])) {
            return true;
        }
    }
    return false;
}

static void report_unknown(const struct setter_call *call, const struct word *word, size_t begin,
                           struct slice name) {
    struct model *model = call->model;
    struct span span = word_span(model, word, begin, begin + name.size);
    if (is_later(name)) {
        struct diagnostic *diagnostic = diagnostic_error(
            model->diagnostics, DIAGNOSTIC_INVALID_VALUE, span,
            "OpenSSL has no group \"%.*s\" here; newer versions have it", SLICE_ARGS(name));
        diagnostic_help(model->arena, diagnostic, "leave it out, or use an OpenSSL that has it");
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, span,
                         "\"%.*s\" is no group for a key exchange", SLICE_ARGS(name));
    struct slice nearest = nearest_name(name, usual, sizeof usual / sizeof usual[0]);
    if (slice_equals(name, SLICE("auto"))) {
        diagnostic_help(model->arena, diagnostic,
                        "\"auto\" stands alone: it leaves all to OpenSSL");
    } else if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "write \"auto\", or some of X25519:prime256v1:secp384r1");
    }
}

/* Reports what is wrong with a list that OpenSSL has refused as a whole. */
static void report_list(const struct setter_call *call, SSL_CTX *context, const struct word *word) {
    size_t found = 0;
    for (size_t end, begin = 0; begin < word->text.size; begin = end + 1) {
        end = begin + slice_find_byte(slice_skip(word->text, begin), ':');
        struct slice name = {word->text.data + begin, end - begin};
        if (!is_taken(context, call->model->arena, name)) {
            report_unknown(call, word, begin, name);
            found++;
        }
    }
    if (found == 0) {
        reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, word, "list of groups",
                       "write \"auto\", or some of X25519:prime256v1:secp384r1");
    }
}

bool model_set_ssl_groups(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    struct map *good = &call->model->reading->good_values;
    struct slice key = text_marked(call->model->arena, 'g', word->text);
    if (call->origin == NULL || slice_equals(word->text, SLICE("auto")) ||
        openssl_has_modern_groups(word->text) || map_find(good, key) != NULL) {
        return model_set_text(call);
    }
    SSL_CTX *context = openssl_create_context(true);
    bool is_good = is_taken(context, call->model->arena, word->text);
    if (is_good) {
        map_insert(good, key, good);
    } else {
        report_list(call, context, word);
    }
    SSL_CTX_free(context);
    return is_good && model_set_text(call);
}
