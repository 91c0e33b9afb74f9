/* Wording of lists in messages. For the compiler: running out of memory ends the process. */
#ifndef BASE_PHRASE_H
#define BASE_PHRASE_H

#include "base/vector.h"

struct phrase_list {
    VECTOR_OF(struct slice) items;
};

bool phrase_list_has(const struct phrase_list *list, struct slice item);

/* "a", "a and b", "a, b and c". */
struct slice phrase_join(struct arena *arena, const struct phrase_list *list);

/* The same with the first `limit` items; the others are counted: "a, b and 3 more". */
struct slice phrase_join_some(struct arena *arena, const struct phrase_list *list, size_t limit);

#endif
