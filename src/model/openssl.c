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
