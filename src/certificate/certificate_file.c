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

/* As file_read, to which "-" would be standard input. */
static int read_content(struct arena *arena, struct slice path, struct slice *content) {
    const char *name = slice_equals(path, SLICE("-")) ? "./-" : arena_copy_slice(arena, path).data;
    return file_read(arena, name, SIZE_LIMIT, content);
}

BIO *certificate_file_open(struct arena *arena, struct slice path, struct slice *problem) {
    struct slice content;
    int error = read_content(arena, path, &content);
    if (error != 0) {
        *problem = arena_copy_slice(arena, slice_from_string(strerror(error)));
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

/* The first may come with OpenSSL's notes about trust; servers pass over further ones that do. */
static X509 *read_certificate(BIO *bytes, bool is_first) {
    return is_first ? PEM_read_bio_X509_AUX(bytes, NULL, NULL, NULL)
                    : PEM_read_bio_X509(bytes, NULL, NULL, NULL);
}

static void read_certificates(struct arena *arena, BIO *bytes, struct certificate_file *file) {
    X509 *certificate;
    ERR_clear_error();
    while ((certificate = read_certificate(bytes, file->certificates.count == 0)) != NULL) {
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
    BIO *bytes = certificate_file_open(arena, path, &file->problem);
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
    if (read_content(arena, passwords, &rest) != 0) {
        return NULL; /* which is that file's problem */
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
    BIO *bytes = certificate_file_open(arena, path, &key->problem);
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
