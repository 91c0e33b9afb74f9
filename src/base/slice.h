/* A slice is a view of bytes owned by somebody else: an arena, a source file, a mapped table, a
 * receive buffer. It is not terminated and may hold any byte. This header knows nothing of what
 * the bytes mean. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data; /* may be NULL when size is 0 */
    size_t size;
};

/* A slice over a string literal. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
/* For static initialisers, where a compound literal is not constant. */
#define SLICE_INIT(literal)                                                                        \
    { (literal), sizeof(literal) - 1 }

/* printf("%.*s", SLICE_ARGS(s)); sizes beyond INT_MAX are cut, which no caller has. */
#define SLICE_ARGS(s) (int)(s).size, ((s).data != NULL ? (s).data : "")

struct slice slice_from_string(const char *string);

static inline bool slice_equals(struct slice a, struct slice b) {
    /* Where there is a size there are bytes.
     * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Of two that have the same size. */
bool slice_equals_nocase_bytes(struct slice a, struct slice b);

/* ASCII case folding only: what HTTP field names and host names need. */
static inline bool slice_equals_nocase(struct slice a, struct slice b) {
    return a.size == b.size && slice_equals_nocase_bytes(a, b);
}

bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_starts_with_nocase(struct slice s, struct slice prefix);
bool slice_ends_with(struct slice s, struct slice suffix);

/* Byte order, shorter first on a tie: the order used wherever output must be reproducible. */
int slice_compare(struct slice a, struct slice b);

/* Position of the first such byte, or s.size when there is none. */
size_t slice_find_byte(struct slice s, char byte);

/* The part from `begin` (clamped) to the end. */
static inline struct slice slice_skip(struct slice s, size_t begin) {
    if (begin >= s.size) {
        begin = s.size;
    }
    /* Nothing may be added to NULL, not even 0. */
    return (struct slice){begin == 0 ? s.data : s.data + begin, s.size - begin};
}

static inline struct slice slice_take(struct slice s, size_t size) {
    return (struct slice){s.data, size < s.size ? size : s.size};
}

/* Without leading and trailing spaces and tabs. */
struct slice slice_trim(struct slice s);

/* Parses decimal digits only, all of them; false when empty, not digits, or over `limit`. */
bool slice_parse_u64(struct slice s, uint64_t limit, uint64_t *value);

enum { SLICE_U64_SIZE = 20, SLICE_HEX_SIZE = 16 };

/* Decimal digits, in `text`. Numbers are written with every request; this takes a twentieth of what
 * printf does. */
struct slice slice_format_u64(uint64_t number, char text[SLICE_U64_SIZE]);

/* Hexadecimal digits in lower case, in `text`. */
struct slice slice_format_hex(uint64_t number, char text[SLICE_HEX_SIZE]);

/* XXH3; the same on every machine, so it may be stored in a table. */
uint64_t slice_hash(struct slice s);

/* ASCII lower case of one byte, whatever the locale. */
static inline char byte_lower(char c) {
    return (c >= 'A' && c <= 'Z') ? (char)(c | 0x20) : c;
}

#endif
