/* Asking OpenSSL; see openssl.h. */
#include "model/openssl.h"

#include <openssl/err.h>
#include <string.h>

SSL_CTX *openssl_create_context(bool is_server) {
    SSL_CTX *context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (context == NULL) {
        memory_exhausted();
    }
    SSL_CTX_set_security_level(context, 0);
    return context;
}

bool openssl_set_ciphers(SSL_CTX *context, struct arena *arena, struct slice list) {
    bool is_any = SSL_CTX_set_cipher_list(context, arena_copy_slice(arena, list).data) == 1;
    ERR_clear_error();
    return is_any;
}

static bool is_separator(char byte) {
    return strchr(": ,;", byte) != NULL;
}

bool openssl_next_cipher(struct slice *rest, struct slice *element) {
    size_t begin = 0;
    while (begin < rest->size && is_separator(rest->data[begin])) {
        begin++;
    }
    size_t end = begin;
    while (end < rest->size && !is_separator(rest->data[end]) &&
           (end == begin || rest->data[end] != '@')) {
        end++;
    }
    *element = (struct slice){rest->data + begin, end - begin};
    *rest = slice_skip(*rest, end);
    return element->size > 0;
}

bool openssl_is_profile(struct slice list) {
    return slice_starts_with(list, SLICE("PROFILE="));
}

static const struct slice modern_suites[] = {
    SLICE_INIT("ECDHE-ECDSA-AES128-GCM-SHA256"), SLICE_INIT("ECDHE-RSA-AES128-GCM-SHA256"),
    SLICE_INIT("ECDHE-ECDSA-AES256-GCM-SHA384"), SLICE_INIT("ECDHE-RSA-AES256-GCM-SHA384"),
    SLICE_INIT("ECDHE-ECDSA-CHACHA20-POLY1305"), SLICE_INIT("ECDHE-RSA-CHACHA20-POLY1305"),
    SLICE_INIT("DHE-RSA-AES128-GCM-SHA256"),     SLICE_INIT("DHE-RSA-AES256-GCM-SHA384"),
    SLICE_INIT("DHE-RSA-CHACHA20-POLY1305"),     SLICE_INIT("ECDHE-ECDSA-AES128-SHA256"),
    SLICE_INIT("ECDHE-RSA-AES128-SHA256"),       SLICE_INIT("ECDHE-ECDSA-AES256-SHA384"),
    SLICE_INIT("ECDHE-RSA-AES256-SHA384"),
};

static const struct slice modern_groups[] = {SLICE_INIT("X25519"), SLICE_INIT("prime256v1"),
                                             SLICE_INIT("secp384r1"), SLICE_INIT("secp521r1")};

/* Position of the word, or `count`. */
static size_t find_word(struct slice word, const struct slice *words, size_t count) {
    size_t i = 0;
    while (i < count && !slice_equals(word, words[i])) {
        i++;
    }
    return i;
}

/* Whether the list has these words only, each once, with colons between them. */
static bool has_only(struct slice list, const struct slice *words, size_t count) {
    uint32_t found = 0;
    for (;;) {
        size_t end = slice_find_byte(list, ':');
        size_t word = find_word(slice_take(list, end), words, count);
        if (word == count || (found >> word & 1) != 0) {
            return false;
        }
        if (end == list.size) {
            return true;
        }
        found |= UINT32_C(1) << word;
        list = slice_skip(list, end + 1);
    }
}

bool openssl_has_modern_suites(struct slice list) {
    return has_only(list, modern_suites, sizeof modern_suites / sizeof modern_suites[0]);
}

bool openssl_has_modern_groups(struct slice list) {
    return has_only(list, modern_groups, sizeof modern_groups / sizeof modern_groups[0]);
}
