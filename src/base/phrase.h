/* Wording that several rules share. */
#ifndef CHECK_PHRASE_H
#define CHECK_PHRASE_H

#include "base/vector.h"

struct phrase_list {
    VECTOR_OF(struct slice) items;
};

bool phrase_list_has(const struct phrase_list *list, struct slice item);

/* "a", "a and b", "a, b and c". */
struct slice phrase_join(struct arena *arena, const struct phrase_list *list);

#endif
