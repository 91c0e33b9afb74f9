/* Slices: comparison, cutting, numbers. */
#include "base/slice.h"
#include "unit.h"

#include <string.h>

static const struct slice none = {NULL, 0};

static void compares(void) {
    CU_ASSERT_TRUE(slice_equals(SLICE("ab"), SLICE("ab")));
    CU_ASSERT_FALSE(slice_equals(SLICE("ab"), SLICE("aB")));
    CU_ASSERT_FALSE(slice_equals(SLICE("ab"), SLICE("abc")));
    CU_ASSERT_TRUE(slice_equals(SLICE("a\0b"), SLICE("a\0b")));
    CU_ASSERT_FALSE(slice_equals(SLICE("a\0b"), SLICE("a\0c")));
    CU_ASSERT_TRUE(slice_equals(none, SLICE("")));
    CU_ASSERT_TRUE(slice_equals_nocase(SLICE("HoSt-1"), SLICE("hOsT-1")));
    CU_ASSERT_FALSE(slice_equals_nocase(SLICE("@["), SLICE("`{"))); /* not letters */
    CU_ASSERT_FALSE(slice_equals_nocase(SLICE("a"), SLICE("ab")));
    CU_ASSERT_TRUE(slice_equals_nocase(none, none));
}

static void orders(void) {
    CU_ASSERT_TRUE(slice_compare(SLICE("a"), SLICE("b")) < 0);
    CU_ASSERT_TRUE(slice_compare(SLICE("b"), SLICE("a")) > 0);
    CU_ASSERT_TRUE(slice_compare(SLICE("a"), SLICE("ab")) < 0);
    CU_ASSERT_TRUE(slice_compare(SLICE("b"), SLICE("ab")) > 0);
    CU_ASSERT_TRUE(slice_compare(SLICE("\x7f"), SLICE("\x80")) < 0); /* bytes are unsigned */
    CU_ASSERT_EQUAL(slice_compare(none, SLICE("")), 0);
    CU_ASSERT_TRUE(slice_compare(none, SLICE("a")) < 0);
}

static void finds_prefixes_and_suffixes(void) {
    CU_ASSERT_TRUE(slice_starts_with(SLICE("abc"), SLICE("ab")));
    CU_ASSERT_TRUE(slice_starts_with(SLICE("abc"), none));
    CU_ASSERT_FALSE(slice_starts_with(SLICE("ab"), SLICE("abc")));
    CU_ASSERT_FALSE(slice_starts_with(SLICE("abc"), SLICE("AB")));
    CU_ASSERT_TRUE(slice_starts_with_nocase(SLICE("abc"), SLICE("AB")));
    CU_ASSERT_TRUE(slice_ends_with(SLICE("abc"), SLICE("bc")));
    CU_ASSERT_TRUE(slice_ends_with(SLICE("abc"), none));
    CU_ASSERT_FALSE(slice_ends_with(SLICE("c"), SLICE("bc")));
}

static void cuts(void) {
    CU_ASSERT_TRUE(slice_equals(slice_skip(SLICE("abc"), 1), SLICE("bc")));
    CU_ASSERT_EQUAL(slice_skip(SLICE("abc"), 9).size, 0);
    CU_ASSERT_EQUAL(slice_skip(none, 1).size, 0);
    CU_ASSERT_TRUE(slice_equals(slice_take(SLICE("abc"), 2), SLICE("ab")));
    CU_ASSERT_TRUE(slice_equals(slice_take(SLICE("abc"), 9), SLICE("abc")));
    CU_ASSERT_TRUE(slice_equals(slice_trim(SLICE(" \ta b\t ")), SLICE("a b")));
    CU_ASSERT_TRUE(slice_equals(slice_trim(SLICE("\na\n")), SLICE("\na\n")));
    CU_ASSERT_EQUAL(slice_trim(SLICE(" \t ")).size, 0);
    CU_ASSERT_EQUAL(slice_trim(none).size, 0);
}

static void finds_bytes(void) {
    CU_ASSERT_EQUAL(slice_find_byte(SLICE("abab"), 'b'), 1);
    CU_ASSERT_EQUAL(slice_find_byte(SLICE("abab"), 'c'), 4);
    CU_ASSERT_EQUAL(slice_find_byte(none, 'c'), 0);
    CU_ASSERT_EQUAL(slice_find_byte(SLICE("a\xff"), '\xff'), 1);
}

static void expect_number(const char *text, uint64_t limit, bool is_valid, uint64_t expected) {
    uint64_t value = 12345;
    CU_ASSERT_EQUAL(slice_parse_u64(slice_from_string(text), limit, &value), is_valid);
    CU_ASSERT_EQUAL(value, is_valid ? expected : 12345);
}

static void parses_numbers(void) {
    expect_number("0", UINT64_MAX, true, 0);
    expect_number("007", UINT64_MAX, true, 7);
    expect_number("18446744073709551615", UINT64_MAX, true, UINT64_MAX);
    expect_number("18446744073709551616", UINT64_MAX, false, 0);
    expect_number("99999999999999999999999", UINT64_MAX, false, 0);
    expect_number("65535", 65535, true, 65535);
    expect_number("65536", 65535, false, 0);
    expect_number("3", 3, true, 3);
    expect_number("4", 3, false, 0);
    expect_number("10", 3, false, 0);
    expect_number("0", 0, true, 0);
    expect_number("1", 0, false, 0);
    expect_number("", 9, false, 0);
    expect_number("-1", 9, false, 0);
    expect_number("+1", 9, false, 0);
    expect_number(" 1", 9, false, 0);
    expect_number("1 ", 9, false, 0);
    expect_number("1a", 9, false, 0);
}

static void formats_numbers(void) {
    static const struct {
        uint64_t number;
        struct slice text;
    } rows[] = {
        {0, SLICE_INIT("0")},
        {9, SLICE_INIT("9")},
        {10, SLICE_INIT("10")},
        {1234567890, SLICE_INIT("1234567890")},
        {UINT64_MAX, SLICE_INIT("18446744073709551615")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[SLICE_U64_SIZE];
        CU_ASSERT_TRUE(slice_equals(slice_format_u64(rows[i].number, text), rows[i].text));
    }
}

static void formats_hexadecimal_numbers(void) {
    static const struct {
        uint64_t number;
        struct slice text;
    } rows[] = {
        {0, SLICE_INIT("0")},
        {15, SLICE_INIT("f")},
        {16, SLICE_INIT("10")},
        {0x0123456789abcdef, SLICE_INIT("123456789abcdef")},
        {UINT64_MAX, SLICE_INIT("ffffffffffffffff")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[SLICE_HEX_SIZE];
        CU_ASSERT_TRUE(slice_equals(slice_format_hex(rows[i].number, text), rows[i].text));
    }
}

static void hashes_the_same_everywhere(void) {
    /* XXH3's published value for no input; a table relies on it. */
    CU_ASSERT_EQUAL(slice_hash(none), 0x2d06800538d394c2U);
    CU_ASSERT_EQUAL(slice_hash(SLICE("")), slice_hash(none));
    CU_ASSERT_NOT_EQUAL(slice_hash(SLICE("a")), slice_hash(SLICE("b")));
}

UNIT_TESTS("base/slice", {"compares", compares}, {"orders", orders},
           {"finds prefixes and suffixes", finds_prefixes_and_suffixes}, {"cuts", cuts},
           {"finds bytes", finds_bytes}, {"parses numbers", parses_numbers},
           {"formats numbers", formats_numbers},
           {"formats hexadecimal numbers", formats_hexadecimal_numbers},
           {"hashes the same everywhere", hashes_the_same_everywhere})
