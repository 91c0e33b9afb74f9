/* $remote_user: the user name of Basic authentication (RFC 7617), whether or not anybody checks
 * the password. */
#include "engine/variable.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

static bool is_base64(char c) {
    return (c >= '0' && c <= '9') || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '+' ||
           c == '/';
}

/* The base64 text behind "Basic "; empty when it is something else. As in nginx the padding is
 * optional and ends it. */
static struct slice find_encoded(struct slice authorization) {
    struct slice scheme = SLICE("Basic ");
    if (!slice_starts_with_nocase(authorization, scheme)) {
        return (struct slice){NULL, 0};
    }
    struct slice encoded = slice_skip(authorization, scheme.size);
    while (encoded.size > 0 && encoded.data[0] == ' ') {
        encoded = slice_skip(encoded, 1);
    }
    encoded = slice_take(encoded, slice_find_byte(encoded, '='));
    for (size_t i = 0; i < encoded.size; i++) {
        if (!is_base64(encoded.data[i])) {
            return (struct slice){NULL, 0};
        }
    }
    return encoded;
}

/* Decodes into the arena. OpenSSL wants whole groups of four and counts the padding's bytes. */
static enum engine_value decode(struct arena *arena, struct slice encoded, struct slice *text) {
    size_t padding = (4 - encoded.size % 4) % 4;
    size_t padded = encoded.size + padding;
    if (padding == 3 || padded > INT_MAX) { /* one letter more than whole bytes need */
        return ENGINE_VALUE_NONE;
    }
    unsigned char *buffer = arena_allocate(arena, padded + padded / 4 * 3);
    if (buffer == NULL) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    memcpy(buffer, encoded.data, encoded.size);
    memset(buffer + encoded.size, '=', padding);
    int size = EVP_DecodeBlock(buffer + padded, buffer, (int)padded);
    if (size < 0 || (size_t)size < padding) {
        return ENGINE_VALUE_NONE;
    }
    *text = (struct slice){(const char *)buffer + padded, (size_t)size - padding};
    return ENGINE_VALUE_FOUND;
}

enum engine_value engine_find_credentials(struct engine_request *request,
                                          struct engine_credentials *credentials) {
    struct slice authorization;
    if (!engine_find_header(request, SLICE("authorization"), &authorization)) {
        return ENGINE_VALUE_NONE;
    }
    struct slice encoded = find_encoded(authorization);
    struct slice text;
    if (encoded.size == 0) {
        return ENGINE_VALUE_NONE;
    }
    enum engine_value result = decode(request->arena, encoded, &text);
    if (result != ENGINE_VALUE_FOUND) {
        return result;
    }
    size_t colon = slice_find_byte(text, ':');
    credentials->user = slice_take(text, colon);
    credentials->password = slice_skip(text, colon + 1);
    return colon > 0 && colon < text.size ? ENGINE_VALUE_FOUND : ENGINE_VALUE_NONE;
}

enum engine_value engine_variable_remote_user(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    struct engine_credentials credentials = {0};
    enum engine_value result = engine_find_credentials(request, &credentials);
    *value = credentials.user;
    return result;
}
