/* Files in sealed memory: found by their path, unchanged by what happens to them. */
#include "net/secrets.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/rpc-secrets-XXXXXX";

static void write_file(const char *name, struct slice content, char path[256]) {
    snprintf(path, 256, "%s/%s", folder, name);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(descriptor >= 0);
    CU_ASSERT_EQUAL(write(descriptor, content.data, content.size), (ssize_t)content.size);
    close(descriptor);
}

static bool holds(const struct secrets *secrets, const char *path, struct slice content) {
    struct secret secret;
    return secrets_find(secrets, slice_from_string(path), &secret) &&
           slice_equals(secret.content, content);
}

static void keeps_what_was_read(void) {
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    struct failure failure;
    struct secrets secrets;
    size_t size;
    char path[256];
    struct secrets_reader *reader = secrets_reader_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    static const char *const names[] = {"m", "c", "x", "a", "z", "b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        write_file(names[i], slice_from_string(names[i]), path);
        CU_ASSERT_TRUE(secrets_read(reader, slice_from_string(names[i]), path, &failure));
    }
    write_file("empty", (struct slice){"", 0}, path);
    CU_ASSERT_TRUE(secrets_read(reader, SLICE("empty"), path, &failure));
    /* The first reading counts. */
    write_file("m", SLICE("changed"), path);
    CU_ASSERT_TRUE(secrets_read(reader, SLICE("m"), path, &failure));
    int descriptor = secrets_seal(reader, &size);
    CU_ASSERT_FATAL(descriptor >= 0);
    secrets_reader_destroy(reader);
    CU_ASSERT_TRUE_FATAL(secrets_map(&secrets, descriptor, size));
    CU_ASSERT_EQUAL(ftruncate(descriptor, 0), -1);
    close(descriptor);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CU_ASSERT_TRUE(holds(&secrets, names[i], slice_from_string(names[i])));
    }
    CU_ASSERT_TRUE(holds(&secrets, "empty", (struct slice){"", 0}));
    struct secret secret;
    CU_ASSERT_FALSE(secrets_find(&secrets, SLICE("none"), &secret));
    CU_ASSERT_FALSE(secrets_find(&secrets, SLICE(""), &secret));
    secrets_unmap(&secrets);
    CU_ASSERT_FALSE(secrets_find(&secrets, SLICE("a"), &secret));
}

static void tells_contents_apart(void) {
    struct failure failure;
    struct secrets secrets;
    struct secret one;
    struct secret two;
    struct secret same;
    size_t size;
    char path[256];
    struct secrets_reader *reader = secrets_reader_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    write_file("one", SLICE("one"), path);
    CU_ASSERT_TRUE(secrets_read(reader, SLICE("one"), path, &failure));
    CU_ASSERT_TRUE(secrets_read(reader, SLICE("same"), path, &failure));
    write_file("two", SLICE("two"), path);
    CU_ASSERT_TRUE(secrets_read(reader, SLICE("two"), path, &failure));
    int descriptor = secrets_seal(reader, &size);
    CU_ASSERT_TRUE_FATAL(secrets_map(&secrets, descriptor, size));
    CU_ASSERT_TRUE(secrets_find(&secrets, SLICE("one"), &one));
    CU_ASSERT_TRUE(secrets_find(&secrets, SLICE("two"), &two));
    CU_ASSERT_TRUE(secrets_find(&secrets, SLICE("same"), &same));
    CU_ASSERT_EQUAL(memcmp(one.hash, same.hash, sizeof one.hash), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(one.hash, two.hash, sizeof one.hash), 0);
    secrets_unmap(&secrets);
    close(descriptor);
    secrets_reader_destroy(reader);
}

static void says_what_cannot_be_read(void) {
    struct failure failure;
    char path[256];
    struct secrets_reader *reader = secrets_reader_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    CU_ASSERT_FALSE(secrets_read(reader, SLICE("x"), "/nonexistent/x", &failure));
    CU_ASSERT_STRING_EQUAL(failure.text, strerror(ENOENT));
    CU_ASSERT_FALSE(secrets_read(reader, SLICE("x"), folder, &failure));
    CU_ASSERT_STRING_EQUAL(failure.text, strerror(EISDIR));
    snprintf(path, sizeof path, "%s/pipe", folder);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    CU_ASSERT_FALSE(secrets_read(reader, SLICE("x"), path, &failure));
    CU_ASSERT_STRING_EQUAL(failure.text, strerror(ESPIPE));
    CU_ASSERT_FALSE(secrets_read(reader, SLICE("x"), "/dev/zero", &failure));
    CU_ASSERT_STRING_EQUAL(failure.text, strerror(EFBIG));
    secrets_reader_destroy(reader);
}

UNIT_TESTS("net/secrets", {"keeps what was read", keeps_what_was_read},
           {"tells contents apart", tells_contents_apart},
           {"says what cannot be read", says_what_cannot_be_read})
