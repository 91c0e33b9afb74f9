/* Reading PEM files with OpenSSL. */
#include "certificate/certificate_file.h"

#include "base/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* No file of certificates is as large. */
#define SIZE_LIMIT ((size_t)1 << 26)

static void free_certificate(void *certificate) {
    X509_free(certificate);
}

static void free_key(void *key) {
    EVP_PKEY_free(key);
}

static void own(struct arena *arena, void (*release)(void *), void *object) {
    if (!arena_add_cleanup(arena, release, object)) {
        memory_exhausted();
    }
}

static struct slice describe(struct arena *arena, int error) {
    return arena_copy_slice(arena, slice_from_string(strerror(error)));
}

/* The bytes of a file, or NULL with the problem. */
static BIO *open_file(struct arena *arena, struct slice path, struct slice *problem) {
    struct slice content;
    int error = file_read(arena, arena_copy_slice(arena, path).data, SIZE_LIMIT, &content);
    if (error != 0) {
        *problem = describe(arena, error);
        return NULL;
    }
    BIO *bytes = BIO_new_mem_buf(content.data, (int)content.size);
    if (bytes == NULL) {
        memory_exhausted();
    }
    return bytes;
}

/* Whether a private key of any kind begins anywhere. */
static bool mentions_key(BIO *bytes) {
    char *data;
    (void)BIO_reset(bytes);
    size_t size = (size_t)BIO_get_mem_data(bytes, &data);
    return memmem(data, size, "PRIVATE KEY-----", 16) != NULL;
}

/* Whether reading ended because there is no further part, not because one is damaged. */
static bool is_at_end(void) {
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static void read_certificates(struct arena *arena, BIO *bytes, struct certificate_file *file) {
    X509 *certificate;
    ERR_clear_error();
    while ((certificate = PEM_read_bio_X509_AUX(bytes, NULL, NULL, NULL)) != NULL) {
        own(arena, free_certificate, certificate);
        VECTOR_PUSH(arena, &file->certificates, certificate);
    }
    if (!is_at_end()) {
        file->problem =
            arena_format(arena, "certificate %zu in it is damaged", file->certificates.count + 1);
    } else if (file->certificates.count == 0) {
        file->problem = SLICE("there is no certificate in it");
    }
    ERR_clear_error();
}

struct certificate_file *certificate_file_read(struct arena *arena, struct slice path) {
    struct certificate_file *file = arena_require(arena, sizeof *file);
    file->path = path;
    BIO *bytes = open_file(arena, path, &file->problem);
    if (bytes != NULL) {
        read_certificates(arena, bytes, file);
        BIO_free(bytes);
    }
    return file;
}

/* --- keys --- */

/* What a key is decrypted with, and whether that was asked for. */
struct password {
    struct slice text;
    bool is_asked;
};

static int tell_password(char *text, int size, int is_for_writing, void *context) {
    struct password *password = context;
    (void)is_for_writing;
    password->is_asked = true;
    if (password->text.size == 0 || password->text.size > (size_t)size) {
        return -1;
    }
    memcpy(text, password->text.data, password->text.size);
    return (int)password->text.size;
}

static EVP_PKEY *try_password(BIO *bytes, struct password *password) {
    (void)BIO_reset(bytes);
    ERR_clear_error();
    return PEM_read_bio_PrivateKey(bytes, NULL, tell_password, password);
}

/* Takes a line off the text. */
static struct slice next_line(struct slice *text) {
    size_t end = slice_find_byte(*text, '\n');
    struct slice line = slice_take(*text, end);
    *text = slice_skip(*text, end + 1);
    line.size -= line.size > 0 && line.data[line.size - 1] == '\r' ? 1 : 0;
    return line;
}

static EVP_PKEY *try_passwords(struct arena *arena, BIO *bytes, struct slice passwords,
                               struct slice *problem) {
    struct slice rest;
    int error = file_read(arena, arena_copy_slice(arena, passwords).data, SIZE_LIMIT, &rest);
    if (error != 0) {
        *problem = arena_format(arena, "it is encrypted, and its passwords cannot be read: %s",
                                strerror(error));
        return NULL;
    }
    EVP_PKEY *key = NULL;
    while (key == NULL && rest.size > 0) {
        struct password password = {.text = next_line(&rest)};
        key = try_password(bytes, &password);
    }
    if (key == NULL) {
        *problem = arena_format(arena, "it is encrypted, and no password in \"%.*s\" opens it",
                                SLICE_ARGS(passwords));
    }
    return key;
}

static EVP_PKEY *read_key(struct arena *arena, BIO *bytes, struct slice passwords,
                          struct slice *problem) {
    struct password none = {.is_asked = false};
    EVP_PKEY *key = try_password(bytes, &none);
    if (key != NULL) {
        return key;
    }
    if (none.is_asked && passwords.size > 0) {
        return try_passwords(arena, bytes, passwords, problem);
    }
    *problem = none.is_asked         ? SLICE("it is encrypted, and no file of passwords is named")
               : mentions_key(bytes) ? SLICE("the private key in it is damaged")
                                     : SLICE("there is no private key in it");
    return NULL;
}

struct certificate_key *certificate_key_read(struct arena *arena, struct slice path,
                                             struct slice passwords) {
    struct certificate_key *key = arena_require(arena, sizeof *key);
    key->path = path;
    BIO *bytes = open_file(arena, path, &key->problem);
    if (bytes == NULL) {
        return key;
    }
    key->key = read_key(arena, bytes, passwords, &key->problem);
    if (key->key != NULL) {
        own(arena, free_key, key->key);
    }
    ERR_clear_error();
    BIO_free(bytes);
    return key;
}

/* --- other files --- */

static struct slice read_other(struct arena *arena, struct slice path, struct slice *content) {
    int error = file_read(arena, arena_copy_slice(arena, path).data, SIZE_LIMIT, content);
    return error != 0 ? describe(arena, error) : (struct slice){0};
}

struct slice certificate_file_probe(struct arena *arena, struct slice path) {
    struct slice content;
    return read_other(arena, path, &content);
}

struct slice certificate_ticket_key_probe(struct arena *arena, struct slice path) {
    struct slice content = {0};
    struct slice problem = read_other(arena, path, &content);
    if (problem.size > 0 || content.size == 48 || content.size == 80) {
        return problem;
    }
    return arena_format(arena, "it has %zu bytes, not 48 or 80", content.size);
}
