/* Signatures: what they cover, where they may stand, and that no other bytes pass for one. */
#include "table/signature.h"

#include "guard.h"
#include "sample.h"
#include "unit.h"

#define PRIVATE                                                                                    \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"                           \
    "-----END PRIVATE KEY-----\n"
#define PUBLIC                                                                                     \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"                               \
    "-----END PUBLIC KEY-----\n"
#define OTHER_PUBLIC                                                                               \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MCowBQYDK2VwAyEALOo7hgZ0p92VV3s8HIyt4mBF8hbJomUPBwGqemlaKL4=\n"                               \
    "-----END PUBLIC KEY-----\n"

static struct table_keys read_keys(enum table_key_kind kind, const char *pem) {
    struct table_keys keys;
    char reason[160];
    CU_ASSERT_TRUE_FATAL(
        table_keys_read(&keys, kind, slice_from_string(pem), reason, sizeof reason));
    return keys;
}

static struct slice sign(struct arena *arena, struct slice file) {
    struct table_keys keys = read_keys(TABLE_KEY_PRIVATE, PRIVATE);
    struct slice bytes = table_sign(arena, &keys, file);
    table_keys_release(&keys);
    CU_ASSERT_FATAL(bytes.size > 0);
    return bytes;
}

static struct guard make_signed(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice bytes = sign(&arena, sample_build(&arena));
    struct guard guard = guard_copy(bytes.data, bytes.size);
    arena_release(&arena);
    return guard;
}

static enum table_trust verify(const char *pem, const struct guard *guard) {
    struct table_keys keys = read_keys(TABLE_KEY_PUBLIC, pem);
    enum table_trust trust = table_verify(&keys, guard->data, guard->size);
    table_keys_release(&keys);
    return trust;
}

/* The message of a refusal, or "accepted". */
static const char *open_table(const struct guard *guard) {
    static char message[256];
    struct table table;
    struct table_error error;
    if (table_open(&table, guard->data, guard->size, &error)) {
        return "accepted";
    }
    table_error_format(&error, message, sizeof message);
    return message;
}

static void signs_what_it_then_verifies(void) {
    struct guard guard = make_signed();
    CU_ASSERT_STRING_EQUAL(open_table(&guard), "accepted");
    CU_ASSERT_EQUAL(verify(PUBLIC, &guard), TABLE_TRUSTED);
    CU_ASSERT_EQUAL(verify(OTHER_PUBLIC PUBLIC, &guard), TABLE_TRUSTED);
    CU_ASSERT_EQUAL(verify(OTHER_PUBLIC, &guard), TABLE_SIGNED_BY_ANOTHER);
    guard_release(&guard);
}

static void changes_no_byte_of_the_table(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice plain = sample_build(&arena);
    struct slice once = sign(&arena, plain);
    CU_ASSERT_EQUAL_FATAL(once.size, plain.size + sizeof(struct table_signature));
    CU_ASSERT_EQUAL(memcmp(once.data, plain.data, plain.size), 0);
    CU_ASSERT_TRUE(slice_equals(sign(&arena, plain), once));
    CU_ASSERT_TRUE(slice_equals(sign(&arena, once), once));
    arena_release(&arena);
}

static void finds_an_unsigned_table_unsigned(void) {
    struct guard guard = make_signed();
    guard.size -= sizeof(struct table_signature);
    CU_ASSERT_STRING_EQUAL(open_table(&guard), "accepted");
    CU_ASSERT_EQUAL(verify(PUBLIC, &guard), TABLE_UNSIGNED);
    guard.size += sizeof(struct table_signature);
    guard_release(&guard);
}

/* Even where table_open would be content, as a right checksum makes it. */
static void notices_every_changed_byte(void) {
    struct guard guard = make_signed();
    struct table_keys keys = read_keys(TABLE_KEY_PUBLIC, PUBLIC);
    struct table_header *header = (struct table_header *)(void *)guard.data;
    int unnoticed = 0;
    for (size_t i = 0; i < guard.size; i++) {
        uint64_t checksum = header->checksum;
        guard.data[i] = (char)(guard.data[i] ^ 0x10);
        unnoticed += table_verify(&keys, guard.data, guard.size) == TABLE_TRUSTED;
        header->checksum = 0;
        header->checksum = XXH3_64bits(guard.data, guard.size - sizeof(struct table_signature));
        unnoticed += table_verify(&keys, guard.data, guard.size) == TABLE_TRUSTED &&
                     header->checksum != checksum;
        guard.data[i] = (char)(guard.data[i] ^ 0x10);
        header->checksum = checksum;
    }
    CU_ASSERT_EQUAL(unnoticed, 0);
    CU_ASSERT_EQUAL(table_verify(&keys, guard.data, guard.size), TABLE_TRUSTED);
    table_keys_release(&keys);
    guard_release(&guard);
}

/* Every length but those of the table and of the signed table. */
static void refuses_every_truncation(void) {
    struct guard whole = make_signed();
    struct table_keys keys = read_keys(TABLE_KEY_PUBLIC, PUBLIC);
    size_t table_size = whole.size - sizeof(struct table_signature);
    int accepted = 0;
    for (size_t size = 0; size < whole.size; size += 8) {
        struct guard guard = guard_copy(whole.data, size);
        accepted += strcmp(open_table(&guard), "accepted") == 0 && size != table_size;
        CU_ASSERT_EQUAL(table_verify(&keys, guard.data, guard.size), TABLE_UNSIGNED);
        guard_release(&guard);
    }
    CU_ASSERT_EQUAL(accepted, 0);
    table_keys_release(&keys);
    guard_release(&whole);
}

static void refuses_anything_else_behind_the_table(void) {
    static const char refused[] = "the table is followed by what is no signature of it";
    static const size_t fields[] = {offsetof(struct table_signature, magic),
                                    offsetof(struct table_signature, algorithm),
                                    offsetof(struct table_signature, reserved)};
    struct guard guard = make_signed();
    size_t table_size = guard.size - sizeof(struct table_signature);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        guard.data[table_size + fields[i]] ^= 4;
        CU_ASSERT_STRING_EQUAL(open_table(&guard), refused);
        CU_ASSERT_EQUAL(verify(PUBLIC, &guard), TABLE_UNSIGNED);
        guard.data[table_size + fields[i]] ^= 4;
    }
    char *bytes = malloc(guard.size + sizeof(struct table_signature));
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memcpy(bytes, guard.data, guard.size);
    memcpy(bytes + guard.size, guard.data + table_size, sizeof(struct table_signature));
    struct guard twice = guard_copy(bytes, guard.size + sizeof(struct table_signature));
    CU_ASSERT_STRING_EQUAL(open_table(&twice), refused);
    guard_release(&twice);
    free(bytes);
    guard_release(&guard);
}

/* A table that counts the signature as its own is not a signed one. */
static void tells_a_signature_from_a_string_that_looks_like_one(void) {
    struct guard guard = make_signed();
    ((struct table_header *)(void *)guard.data)->size = guard.size;
    CU_ASSERT_EQUAL(verify(PUBLIC, &guard), TABLE_UNSIGNED);
    guard_release(&guard);
}

static void finds_none_in_a_size_that_is_not_aligned(void) {
    struct guard guard = make_signed();
    char *copy = malloc(guard.size + 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    size_t table_size = guard.size - sizeof(struct table_signature);
    memcpy(copy, guard.data, table_size);
    memset(copy + table_size, 0, 4);
    memcpy(copy + table_size + 4, guard.data + table_size, sizeof(struct table_signature));
    ((struct table_header *)(void *)copy)->size += 4;
    CU_ASSERT_PTR_NULL(table_signature_find(copy, guard.size + 4));
    free(copy);
    guard_release(&guard);
}

UNIT_TESTS("table/signature", {"signs what it then verifies", signs_what_it_then_verifies},
           {"changes no byte of the table", changes_no_byte_of_the_table},
           {"finds an unsigned table unsigned", finds_an_unsigned_table_unsigned},
           {"notices every changed byte", notices_every_changed_byte},
           {"refuses every truncation", refuses_every_truncation},
           {"refuses anything else behind the table", refuses_anything_else_behind_the_table},
           {"tells a signature from a string that looks like one",
            tells_a_signature_from_a_string_that_looks_like_one},
           {"finds none in a size that is not aligned", finds_none_in_a_size_that_is_not_aligned})
