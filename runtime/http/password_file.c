/* The search for a user; see password_file.h. It decides as ngx_http_auth_basic_handler does: what
 * begins with '#' or a carriage return is skipped, the first line of the user counts. A line that
 * ends within the user's name takes the one behind it along, which is nginx's way, too. */
#include "http/password_file.h"

#include <openssl/crypto.h>

void http_password_search_begin(struct http_password_search *search, struct slice user) {
    search->user = user;
    search->state = HTTP_PASSWORD_SEARCHING;
    search->matched = 0;
    search->hash_size = 0;
    search->hash[0] = '\0';
}

static void match_byte(struct http_password_search *search, char byte) {
    if (search->matched == 0 && byte == '\n') {
        return;
    }
    if (search->matched == 0 && (byte == '#' || byte == '\r')) {
        search->state = HTTP_PASSWORD_SKIPPING;
        return;
    }
    char wanted = search->matched < search->user.size ? search->user.data[search->matched] : ':';
    if (byte != wanted) {
        search->state = HTTP_PASSWORD_SKIPPING;
        return;
    }
    if (search->matched == search->user.size) {
        search->state = HTTP_PASSWORD_READING;
    }
    search->matched++;
}

static void skip_byte(struct http_password_search *search, char byte) {
    if (byte == '\n') {
        search->state = HTTP_PASSWORD_SEARCHING;
        search->matched = 0;
    }
}

static void finish(struct http_password_search *search) {
    search->hash[search->hash_size] = '\0';
    search->state = HTTP_PASSWORD_FOUND;
}

static void read_byte(struct http_password_search *search, char byte) {
    if (byte == '\n' || byte == '\r' || byte == ':' ||
        search->hash_size == HTTP_PASSWORD_HASH_LIMIT) {
        finish(search);
    } else {
        search->hash[search->hash_size++] = byte;
    }
}

bool http_password_search_feed(struct http_password_search *search, struct slice piece) {
    static void (*const steps[])(struct http_password_search *, char) = {
        [HTTP_PASSWORD_SEARCHING] = match_byte,
        [HTTP_PASSWORD_SKIPPING] = skip_byte,
        [HTTP_PASSWORD_READING] = read_byte,
    };
    for (size_t i = 0; i < piece.size && search->state != HTTP_PASSWORD_FOUND; i++) {
        steps[search->state](search, piece.data[i]);
    }
    return search->state == HTTP_PASSWORD_FOUND;
}

bool http_password_search_end(struct http_password_search *search) {
    if (search->state == HTTP_PASSWORD_READING) {
        finish(search);
    }
    return search->state == HTTP_PASSWORD_FOUND;
}

void http_password_search_release(struct http_password_search *search) {
    OPENSSL_cleanse(search->hash, sizeof search->hash);
}
