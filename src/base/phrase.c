/* Wording of lists in messages. */
#include "base/phrase.h"

#include "base/text.h"

bool phrase_list_has(const struct phrase_list *list, struct slice item) {
    for (size_t i = 0; i < list->items.count; i++) {
        if (slice_equals(list->items.items[i], item)) {
            return true;
        }
    }
    return false;
}

struct slice phrase_join(struct arena *arena, const struct phrase_list *list) {
    return phrase_join_some(arena, list, SIZE_MAX);
}

struct slice phrase_join_some(struct arena *arena, const struct phrase_list *list, size_t limit) {
    struct text text;
    size_t count = list->items.count;
    text_init(&text, arena);
    for (size_t i = 0; i < count && i < limit; i++) {
        if (i > 0) {
            text_add(&text, i + 1 == count ? SLICE(" and ") : SLICE(", "));
        }
        text_add(&text, list->items.items[i]);
    }
    if (count > limit) {
        text_format(&text, " and %zu more", count - limit);
    }
    return text_slice(&text);
}
