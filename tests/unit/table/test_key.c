/* Keys: what is taken, and what is said about everything else that comes in PEM. */
#include "table/key.h"
#include "unit.h"

#include <string.h>

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
#define EC_PUBLIC                                                                                  \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEl8k4mfTLJFqSUzTvSANB5Yw5FhlF\n"                           \
    "AFABLZtKhxSPpzAJY3+C68yK51UiRqP6jtJ7UxH21CF8urEPA+qLgM/pPA==\n"                               \
    "-----END PUBLIC KEY-----\n"
#define ED448_PRIVATE                                                                              \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MEcCAQAwBQYDK2VxBDsEOd/fNyUy4DZzaQ6VVvR+pBj4tz22NV/TKBHTFqP6mjRw\n"                           \
    "SDaWcW1XFClZjUb60d0c6H2b631Y12OUhA==\n"                                                       \
    "-----END PRIVATE KEY-----\n"
#define EC_PARAMETERS                                                                              \
    "-----BEGIN EC PARAMETERS-----\n"                                                              \
    "BggqhkjOPQMBBw==\n"                                                                           \
    "-----END EC PARAMETERS-----\n"
/* An empty sequence in place of what the first line promises; nobody gets to look into it. */
#define ENCRYPTED                                                                                  \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"
#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"

/* The public key of RFC 8032, 7.1, test 1; PRIVATE is its private one. */
static const uint8_t public_bytes[TABLE_KEY_SIZE] = {
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

static void reads_both_kinds(void) {
    static const struct {
        enum table_key_kind kind;
        const char *pem;
    } cases[] = {
        {TABLE_KEY_PRIVATE, PRIVATE},
        {TABLE_KEY_PUBLIC, PUBLIC},
        {TABLE_KEY_PUBLIC, "Made on a Monday.\n" PUBLIC "\nNothing else.\n"},
        {TABLE_KEY_PRIVATE, PRIVATE PUBLIC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct table_keys keys;
        char reason[160];
        CU_ASSERT_TRUE_FATAL(table_keys_read(&keys, cases[i].kind, slice_from_string(cases[i].pem),
                                             reason, sizeof reason));
        CU_ASSERT_EQUAL(keys.count, 1);
        CU_ASSERT_EQUAL(memcmp(keys.public_bytes[0], public_bytes, sizeof public_bytes), 0);
        table_keys_release(&keys);
    }
}

static void reads_several_public_keys(void) {
    struct table_keys keys;
    char reason[160];
    CU_ASSERT_TRUE_FATAL(table_keys_read(&keys, TABLE_KEY_PUBLIC,
                                         SLICE(PUBLIC "# next year's:\n" OTHER_PUBLIC), reason,
                                         sizeof reason));
    CU_ASSERT_EQUAL(keys.count, 2);
    CU_ASSERT_EQUAL(keys.public_bytes[1][0], 0x2c);
    table_keys_release(&keys);
}

static void takes_no_more_than_it_can_hold(void) {
    char pem[(TABLE_KEYS_MOST + 1) * sizeof PUBLIC];
    size_t size = 0;
    for (int i = 0; i <= TABLE_KEYS_MOST; i++) {
        memcpy(pem + size, PUBLIC, sizeof PUBLIC - 1);
        size += sizeof PUBLIC - 1;
    }
    struct table_keys keys;
    char reason[160];
    struct slice fitting = {pem, size - (sizeof PUBLIC - 1)};
    CU_ASSERT_TRUE_FATAL(table_keys_read(&keys, TABLE_KEY_PUBLIC, fitting, reason, sizeof reason));
    CU_ASSERT_EQUAL(keys.count, TABLE_KEYS_MOST);
    table_keys_release(&keys);
    CU_ASSERT_FALSE(
        table_keys_read(&keys, TABLE_KEY_PUBLIC, (struct slice){pem, size}, reason, sizeof reason));
    CU_ASSERT_STRING_EQUAL(reason, "holds more keys than can be tried");
}

static void says_what_a_wrong_file_is(void) {
    static const struct {
        enum table_key_kind kind;
        const char *pem;
        const char *reason;
    } cases[] = {
        {TABLE_KEY_PRIVATE, PUBLIC, "is a public key; signing needs the private one"},
        {TABLE_KEY_PUBLIC, PRIVATE,
         "is a private key, which belongs where tables are signed; \"openssl pkey -in PRIVATE "
         "-pubout\" writes its public one"},
        {TABLE_KEY_PRIVATE, ENCRYPTED,
         "is encrypted; \"openssl pkey -in KEY -out PLAIN\" decrypts it"},
        {TABLE_KEY_PUBLIC, CERTIFICATE,
         "is a certificate; tables are signed with bare Ed25519 keys"},
        {TABLE_KEY_PUBLIC, EC_PUBLIC, "holds a key of the kind EC; tables are signed with Ed25519"},
        {TABLE_KEY_PUBLIC, PUBLIC EC_PUBLIC,
         "holds a key of the kind EC; tables are signed with Ed25519"},
        {TABLE_KEY_PRIVATE, ED448_PRIVATE,
         "holds a key of the kind ED448; tables are signed with Ed25519"},
        {TABLE_KEY_PRIVATE, EC_PARAMETERS,
         "is of the kind \"EC PARAMETERS\"; tables are signed with Ed25519 keys"},
        {TABLE_KEY_PUBLIC, "", "holds no key in PEM"},
        {TABLE_KEY_PRIVATE, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n", "holds no key in PEM"},
        {TABLE_KEY_PUBLIC, "-----BEGIN PUBLIC KEY-----\nMCow!\n-----END PUBLIC KEY-----\n",
         "is damaged: its PEM cannot be read"},
        {TABLE_KEY_PUBLIC, "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2Vw\n",
         "is damaged: its PEM cannot be read"},
        {TABLE_KEY_PUBLIC, "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
         "holds a key that is damaged"},
        {TABLE_KEY_PRIVATE, "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
         "holds a key that is damaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct table_keys keys;
        char reason[160] = "";
        CU_ASSERT_FALSE(table_keys_read(&keys, cases[i].kind, slice_from_string(cases[i].pem),
                                        reason, sizeof reason));
        CU_ASSERT_STRING_EQUAL(reason, cases[i].reason);
    }
}

static void refuses_what_is_too_large(void) {
    static char text[TABLE_KEY_FILE_LIMIT + 1];
    struct table_keys keys;
    char reason[160];
    CU_ASSERT_FALSE(table_keys_read(&keys, TABLE_KEY_PUBLIC, (struct slice){text, sizeof text},
                                    reason, sizeof reason));
    CU_ASSERT_STRING_EQUAL(reason, "is too large to be a key");
}

UNIT_TESTS("table/key", {"reads both kinds", reads_both_kinds},
           {"reads several public keys", reads_several_public_keys},
           {"takes no more than it can hold", takes_no_more_than_it_can_hold},
           {"says what a wrong file is", says_what_a_wrong_file_is},
           {"refuses what is too large", refuses_what_is_too_large})
