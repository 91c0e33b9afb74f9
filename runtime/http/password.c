/* Looks a user up in a file and checks the password. The file is read for each request, as in
 * nginx, so that a change counts at once; reading it blocks. No password or hash gets into a log.
 */
#include "http/internal.h"
#include "http/password_file.h"
#include "http/password_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

static enum engine_password report_open(struct exchange *exchange, const char *path, int error) {
    bool is_missing = error == ENOENT;
    exchange_log(exchange, is_missing ? TABLE_LOG_ERROR : TABLE_LOG_CRIT, (struct slice){0},
                 "open() \"%s\" failed (%d: %s)", path, error, strerror(error));
    return is_missing ? ENGINE_PASSWORD_NO_FILE : ENGINE_PASSWORD_FAILED;
}

static enum engine_password report_read(struct exchange *exchange, const char *path, int error) {
    exchange_log(exchange, TABLE_LOG_CRIT, (struct slice){0}, "read() \"%s\" failed (%d: %s)", path,
                 error, strerror(error));
    return ENGINE_PASSWORD_FAILED;
}

/* Whether the user is in the file; -1: it cannot be read. */
static int search_file(struct http_password_search *search, int file) {
    enum { PIECE = 4096 };
    char piece[PIECE];
    ssize_t size;
    bool is_found = false;
    do {
        size = read(file, piece, sizeof piece);
        is_found =
            size > 0 && http_password_search_feed(search, (struct slice){piece, (size_t)size});
    } while (!is_found && (size > 0 || (size < 0 && errno == EINTR)));
    int error = errno;
    OPENSSL_cleanse(piece, sizeof piece);
    errno = error;
    if (size < 0) {
        return -1;
    }
    return http_password_search_end(search);
}

static enum engine_password judge(struct exchange *exchange, const char *password,
                                  const char *hash) {
    switch (http_password_check(password, hash)) {
    case HTTP_PASSWORD_RIGHT:
        return ENGINE_PASSWORD_RIGHT;
    case HTTP_PASSWORD_WRONG:
        return ENGINE_PASSWORD_WRONG;
    case HTTP_PASSWORD_FAILED:
        break;
    }
    exchange_log(exchange, TABLE_LOG_CRIT, (struct slice){0}, "crypt_r() failed");
    return ENGINE_PASSWORD_FAILED;
}

/* The texts behind slices, with a zero byte; NULL without memory. A password ends at a zero byte,
 * as for crypt(3). */
static char *make_string(struct exchange *exchange, struct slice text) {
    char *string = arena_allocate_bytes(&exchange->arena, text.size + 1);
    if (string != NULL) {
        memcpy(string, text.size > 0 ? text.data : "", text.size);
        string[text.size] = '\0';
    }
    return string;
}

enum engine_password exchange_check_password(void *owner, struct slice file, struct slice user,
                                             struct slice password) {
    struct exchange *exchange = owner;
    struct http_password_search search;
    char *path = make_string(exchange, file);
    char *secret = make_string(exchange, password);
    if (path == NULL || secret == NULL) {
        return ENGINE_PASSWORD_FAILED;
    }
    /* Without O_NONBLOCK a pipe would hold the worker up. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0) {
        return report_open(exchange, path, errno);
    }
    http_password_search_begin(&search, user);
    int found = search_file(&search, descriptor);
    int error = errno;
    close(descriptor);
    enum engine_password result = found < 0    ? report_read(exchange, path, error)
                                  : found == 0 ? ENGINE_PASSWORD_NO_USER
                                               : judge(exchange, secret, search.hash);
    http_password_search_release(&search);
    OPENSSL_cleanse(secret, password.size);
    return result;
}
