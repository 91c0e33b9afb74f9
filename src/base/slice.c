/* Slices: comparison, cutting and hashing of borrowed bytes. */
#include "base/slice.h"

#include <string.h>
#include <xxhash.h>

struct slice slice_from_string(const char *string) {
    return (struct slice){string, strlen(string)};
}

bool slice_equals_nocase_bytes(struct slice a, struct slice b) {
    for (size_t i = 0; i < a.size; i++) {
        bool is_equal = a.data[i] == b.data[i]; /* mostly */
        if (!is_equal && byte_lower(a.data[i]) != byte_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool slice_starts_with(struct slice s, struct slice prefix) {
    return s.size >= prefix.size && slice_equals(slice_take(s, prefix.size), prefix);
}

bool slice_starts_with_nocase(struct slice s, struct slice prefix) {
    return s.size >= prefix.size && slice_equals_nocase(slice_take(s, prefix.size), prefix);
}

bool slice_ends_with(struct slice s, struct slice suffix) {
    return s.size >= suffix.size && slice_equals(slice_skip(s, s.size - suffix.size), suffix);
}

int slice_compare(struct slice a, struct slice b) {
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

size_t slice_find_byte(struct slice s, char byte) {
    if (s.size == 0) {
        return 0;
    }
    const char *found = memchr(s.data, byte, s.size);
    return found == NULL ? s.size : (size_t)(found - s.data);
}

struct slice slice_trim(struct slice s) {
    while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s = slice_skip(s, 1);
    }
    while (s.size > 0 && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t')) {
        s.size--;
    }
    return s;
}

bool slice_parse_u64(struct slice s, uint64_t limit, uint64_t *value) {
    uint64_t total = 0;
    if (s.size == 0) {
        return false;
    }
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (digit > limit || total > (limit - digit) / 10) {
            return false;
        }
        total = total * 10 + digit;
    }
    *value = total;
    return true;
}

struct slice slice_format_u64(uint64_t number, char text[SLICE_U64_SIZE]) {
    char digits[SLICE_U64_SIZE];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(text, digits + first, sizeof digits - first);
    return (struct slice){text, sizeof digits - first};
}

struct slice slice_format_hex(uint64_t number, char text[SLICE_HEX_SIZE]) {
    char digits[SLICE_HEX_SIZE];
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number > 0);
    memcpy(text, digits + first, sizeof digits - first);
    return (struct slice){text, sizeof digits - first};
}

uint64_t slice_hash(struct slice s) {
    return XXH3_64bits(s.data, s.size);
}
