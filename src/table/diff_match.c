/* Finding partners by key, in n log n. */
#include "table/differ.h"

#include <stdlib.h>

struct candidate {
    uint32_t key;
    uint32_t index;
};

struct candidates {
    struct candidate *items;
    uint32_t count;
};

uint32_t *diff_new_partners(struct differ *differ, uint32_t count) {
    uint32_t *partners = arena_require(&differ->scratch, ((size_t)count + 1) * sizeof *partners);
    for (uint32_t i = 0; i < count; i++) {
        partners[i] = TABLE_NONE;
    }
    return partners;
}

/* Most lists are equal or nearly so: what stands at the same place on both sides, as long as
 * everything before does, needs no sorting. */
static uint32_t match_beginning(struct diff_matching sides[2]) {
    uint32_t i = 0;
    while (i < sides[DIFF_OLD].count && i < sides[DIFF_NEW].count &&
           sides[DIFF_OLD].partners[i] == TABLE_NONE && sides[DIFF_NEW].partners[i] == TABLE_NONE &&
           sides[DIFF_OLD].keys[i] != 0 && sides[DIFF_OLD].keys[i] == sides[DIFF_NEW].keys[i]) {
        sides[DIFF_OLD].partners[i] = i;
        sides[DIFF_NEW].partners[i] = i;
        i++;
    }
    return i;
}

static int compare_candidates(const void *left, const void *right) {
    const struct candidate *a = left;
    const struct candidate *b = right;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

static struct candidates collect(struct differ *differ, const struct diff_matching *side,
                                 uint32_t first) {
    struct candidates found = {0};
    found.items =
        arena_require(&differ->scratch, ((size_t)side->count - first + 1) * sizeof *found.items);
    for (uint32_t i = first; i < side->count; i++) {
        if (side->keys[i] != 0 && side->partners[i] == TABLE_NONE) {
            found.items[found.count++] = (struct candidate){side->keys[i], i};
        }
    }
    qsort(found.items, found.count, sizeof *found.items, compare_candidates);
    return found;
}

void diff_match(struct differ *differ, struct diff_matching sides[2]) {
    uint32_t first = match_beginning(sides);
    struct candidates old = collect(differ, &sides[DIFF_OLD], first);
    struct candidates new = collect(differ, &sides[DIFF_NEW], first);
    uint32_t i = 0;
    uint32_t j = 0;
    while (i < old.count && j < new.count) {
        if (old.items[i].key == new.items[j].key) {
            sides[DIFF_OLD].partners[old.items[i].index] = new.items[j].index;
            sides[DIFF_NEW].partners[new.items[j].index] = old.items[i].index;
            i++, j++;
        } else if (old.items[i].key < new.items[j].key) {
            i++;
        } else {
            j++;
        }
    }
}

bool diff_is_reordered(const uint32_t *partners, uint32_t count) {
    uint32_t latest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (partners[i] != TABLE_NONE) {
            if (partners[i] < latest) {
                return true;
            }
            latest = partners[i];
        }
    }
    return false;
}
