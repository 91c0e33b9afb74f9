/* Wording that several rules share. */
#include "check/phrase.h"

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
    struct text text;
    text_init(&text, arena);
    for (size_t i = 0; i < list->items.count; i++) {
        if (i > 0) {
            text_add(&text, i + 1 == list->items.count ? SLICE(" and ") : SLICE(", "));
        }
        text_add(&text, list->items.items[i]);
    }
    return text_slice(&text);
}
