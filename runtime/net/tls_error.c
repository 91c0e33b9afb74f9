/* The words for OpenSSL's errors. */
#include "net/tls_error.h"

#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>

const char *tls_error_take(char text[TLS_ERROR_SIZE]) {
    const char *data;
    int flags;
    unsigned long code;
    int size = snprintf(text, TLS_ERROR_SIZE, "SSL:");
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        char reason[TLS_ERROR_SIZE];
        bool has_data = (flags & ERR_TXT_STRING) != 0 && data != NULL && data[0] != '\0';
        ERR_error_string_n(code, reason, sizeof reason);
        if (size < TLS_ERROR_SIZE) {
            size += snprintf(text + size, (size_t)(TLS_ERROR_SIZE - size), " %s%s%s", reason,
                             has_data ? ":" : "", has_data ? data : "");
        }
    }
    return text;
}
