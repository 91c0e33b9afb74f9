/* Text of configurations in JSON documents. */
#include "cli/json_text.h"

#include "base/text.h"
#include "syntax/glyph.h"

#include <stdio.h>

json_t *json_require(json_t *value) {
    if (value == NULL) {
        memory_exhausted();
    }
    return value;
}

static json_t *repaired_text(struct slice text) {
    struct arena arena;
    struct text repaired;
    arena_init(&arena, 4096);
    text_init(&repaired, &arena);
    while (text.size > 0) {
        uint32_t point = 0;
        size_t size = glyph_decode_utf8(text, &point);
        text_add(&repaired, size == 0 ? SLICE("\xef\xbf\xbd") : slice_take(text, size));
        text = slice_skip(text, size == 0 ? 1 : size);
    }
    json_t *value = json_require(json_stringn(repaired.data, repaired.size));
    arena_release(&arena);
    return value;
}

json_t *json_text(struct slice text) {
    json_t *value = json_stringn(text.size == 0 ? "" : text.data, text.size);
    return value != NULL ? value : repaired_text(text);
}

void json_put(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) != 0) {
        memory_exhausted();
    }
}

void json_append(json_t *array, json_t *value) {
    if (json_array_append_new(array, value) != 0) {
        memory_exhausted();
    }
}

void json_print(const json_t *document) {
    /* A failed write leaves its mark on the stream; main looks at it. */
    (void)json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
}
