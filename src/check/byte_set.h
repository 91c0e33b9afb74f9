/* Sets of bytes: what a character class matches, what a value may hold. */
#ifndef CHECK_BYTE_SET_H
#define CHECK_BYTE_SET_H

#include "base/slice.h"

struct byte_set {
    uint64_t bits[4];
};

#define BYTE_SET_ALL ((struct byte_set){{~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)}})

static inline bool byte_set_has(const struct byte_set *set, unsigned char byte) {
    return (set->bits[byte / 64] >> (byte % 64) & 1) != 0;
}

static inline void byte_set_add(struct byte_set *set, unsigned char byte) {
    set->bits[byte / 64] |= UINT64_C(1) << (byte % 64);
}

static inline void byte_set_remove(struct byte_set *set, unsigned char byte) {
    set->bits[byte / 64] &= ~(UINT64_C(1) << (byte % 64));
}

/* Both included; nothing when `first` is behind `last`. */
static inline void byte_set_add_range(struct byte_set *set, unsigned first, unsigned last) {
    for (unsigned byte = first; byte <= last && byte < 256; byte++) {
        byte_set_add(set, (unsigned char)byte);
    }
}

static inline void byte_set_add_text(struct byte_set *set, struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        byte_set_add(set, (unsigned char)text.data[i]);
    }
}

static inline struct byte_set byte_set_unite(struct byte_set a, struct byte_set b) {
    for (size_t i = 0; i < 4; i++) {
        a.bits[i] |= b.bits[i];
    }
    return a;
}

static inline struct byte_set byte_set_intersect(struct byte_set a, struct byte_set b) {
    for (size_t i = 0; i < 4; i++) {
        a.bits[i] &= b.bits[i];
    }
    return a;
}

static inline struct byte_set byte_set_complement(struct byte_set a) {
    for (size_t i = 0; i < 4; i++) {
        a.bits[i] = ~a.bits[i];
    }
    return a;
}

static inline bool byte_set_is_empty(const struct byte_set *set) {
    return (set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0;
}

/* Whether all are bytes of a label of a host: a value of them is a part of one, such as "$1" in
 * "app-$1.internal". */
static inline bool byte_set_is_of_label(const struct byte_set *set) {
    struct byte_set label = {{0}};
    byte_set_add_range(&label, 'a', 'z');
    byte_set_add_range(&label, 'A', 'Z');
    byte_set_add_range(&label, '0', '9');
    byte_set_add_text(&label, SLICE("-_"));
    struct byte_set others = byte_set_intersect(*set, byte_set_complement(label));
    return byte_set_is_empty(&others);
}

/* With the other case of every letter in it. */
static inline struct byte_set byte_set_fold(struct byte_set set) {
    for (unsigned c = 'a'; c <= 'z'; c++) {
        unsigned upper = c - 'a' + 'A';
        if (byte_set_has(&set, (unsigned char)c) || byte_set_has(&set, (unsigned char)upper)) {
            byte_set_add(&set, (unsigned char)c);
            byte_set_add(&set, (unsigned char)upper);
        }
    }
    return set;
}

#endif
