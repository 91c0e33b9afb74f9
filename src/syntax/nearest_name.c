/* "Did you mean": the nearest of a list of names. Case is ignored, as in a slip of the shift key;
 * leaving out, adding or changing a letter counts one, and so does swapping two neighbours
 * (Damerau-Levenshtein distance, optimal string alignment). */
#include "syntax/diagnostic.h"

/* Longer than any name of a directive, variable or parameter. */
enum { LONGEST_NAME = 64 };

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Three rows of the matrix: one for the prefix of `a` at hand, and the two above it. */
struct rows {
    size_t *current;
    const size_t *above;
    const size_t *above_that; /* what a swap looks back to */
};

/* The distance between the first i bytes of `a` and the first j of `b`. */
static size_t measure_prefixes(const struct rows *rows, struct slice a, struct slice b, size_t i,
                               size_t j) {
    char left = byte_lower(a.data[i - 1]);
    char right = byte_lower(b.data[j - 1]);
    size_t distance = smaller(rows->above[j], rows->current[j - 1]) + 1;
    distance = smaller(distance, rows->above[j - 1] + (left != right));
    if (i > 1 && j > 1 && left == byte_lower(b.data[j - 2]) && right == byte_lower(a.data[i - 2])) {
        distance = smaller(distance, rows->above_that[j - 2] + 1);
    }
    return distance;
}

/* The edit distance, or anything above `limit` when it is above that: only cells that near to the
 * diagonal are worked out, and none below a row that has nothing within the limit. */
static size_t edit_distance(struct slice a, struct slice b, size_t limit) {
    size_t matrix[3][LONGEST_NAME + 2];
    for (size_t j = 0; j <= b.size; j++) {
        matrix[0][j] = j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        struct rows rows = {matrix[i % 3], matrix[(i + 2) % 3], matrix[(i + 1) % 3]};
        size_t first = i > limit ? i - limit : 1;
        size_t last = smaller(i + limit, b.size);
        size_t nearest = rows.current[first - 1] = first == 1 ? i : limit + 1;
        for (size_t j = first; j <= last; j++) {
            rows.current[j] = measure_prefixes(&rows, a, b, i, j);
            nearest = smaller(nearest, rows.current[j]);
        }
        rows.current[last + 1] = limit + 1;
        if (nearest > limit) {
            return limit + 1;
        }
    }
    return matrix[a.size % 3][b.size];
}

/* Which letters a name has, a bit each. One edit changes at most two of them, so names whose sets
 * differ in more are further apart than that; most candidates are dismissed by this alone. */
static uint32_t letters(struct slice name) {
    uint32_t set = 0;
    for (size_t i = 0; i < name.size; i++) {
        set |= UINT32_C(1) << (name.data[i] & 31); /* the same for both cases */
    }
    return set;
}

static bool may_be_near(uint32_t a, uint32_t b, size_t limit) {
    return (size_t)__builtin_popcount(a ^ b) <= 2 * limit;
}

/* A third of the name may be wrong, three letters at most: "foo" is no misspelled "set". */
static size_t tolerated_distance(struct slice name) {
    return name.size < 3 ? 0 : smaller(name.size / 3, 3);
}

struct slice nearest_name(struct slice name, const struct slice *names, size_t count) {
    struct slice nearest = {NULL, 0};
    if (name.size > LONGEST_NAME) {
        return nearest;
    }
    size_t tolerated = tolerated_distance(name);
    uint32_t letters_of_name = letters(name);
    for (size_t i = 0; i < count; i++) {
        struct slice candidate = names[i];
        size_t difference =
            candidate.size > name.size ? candidate.size - name.size : name.size - candidate.size;
        if (candidate.size > LONGEST_NAME || difference > tolerated ||
            !may_be_near(letters_of_name, letters(candidate), tolerated)) {
            continue;
        }
        size_t distance = edit_distance(name, candidate, tolerated);
        if (nearest.data == NULL ? distance <= tolerated : distance < tolerated) {
            nearest = candidate;
            tolerated = distance;
        }
    }
    return nearest;
}
