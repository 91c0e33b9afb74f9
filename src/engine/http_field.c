/* Header fields by name, and field values that are lists. What a field means for a message is
 * decided by the parsers; what happens to it on its way through, by the rows of http_field.def.
 */
#include "engine/http_field.h"

#include "engine/http_byte.h"

#include <assert.h>
#include <string.h>

const enum http_field_passage http_field_in_request[HTTP_FIELD_COUNT] = {
#define HTTP_FIELD(id, name, request, response) [HTTP_FIELD_##id] = HTTP_##request,
#include "engine/http_field.def"
#undef HTTP_FIELD
};

const enum http_field_passage http_field_in_response[HTTP_FIELD_COUNT] = {
#define HTTP_FIELD(id, name, request, response) [HTTP_FIELD_##id] = HTTP_##response,
#include "engine/http_field.def"
#undef HTTP_FIELD
};

enum { LONGEST_NAME = 24 }; /* as many as http_field_find has cases */

#define HTTP_FIELD(id, name, request, response)                                                    \
    static_assert(sizeof(name) - 1 <= LONGEST_NAME, "more cases are needed in http_field_find");
#include "engine/http_field.def"
#undef HTTP_FIELD

/* Eight or four bytes with the bit of lower case set. In a token that folds letters only: the other
 * bytes that it changes, '^' and '_', become bytes that no row has. */
static inline uint64_t fold_long(const char *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word | UINT64_C(0x2020202020202020);
}

static inline uint32_t fold_short(const char *data) {
    uint32_t word;
    memcpy(&word, data, sizeof word);
    return word | UINT32_C(0x20202020);
}

/* With a constant `size`, a comparison of one to three machine words, of which the last may overlap
 * the one before. */
__attribute__((always_inline)) static inline bool equals_folded(const char *a, const char *b,
                                                                size_t size) {
    size_t at = 0;
    for (; size - at > 8; at += 8) {
        if (fold_long(a + at) != fold_long(b + at)) {
            return false;
        }
    }
    if (size >= 8) {
        return fold_long(a + (size - 8)) == fold_long(b + (size - 8));
    }
    if (size >= 4) {
        return fold_short(a) == fold_short(b) &&
               fold_short(a + (size - 4)) == fold_short(b + (size - 4));
    }
    while (at < size && byte_lower(a[at]) == byte_lower(b[at])) {
        at++;
    }
    return at == size;
}

/* With a constant `size`, all that the compiler keeps is the rows whose names have that length.
 * NOLINTNEXTLINE(readability-function-size) */
__attribute__((always_inline)) static inline enum http_field find_of_length(const char *name,
                                                                            size_t size) {
#define HTTP_FIELD(id, text, request, response)                                                    \
    if (sizeof(text) - 1 == size && equals_folded(name, text, sizeof(text) - 1)) {                 \
        return HTTP_FIELD_##id;                                                                    \
    }
#include "engine/http_field.def"
#undef HTTP_FIELD
    return HTTP_FIELD_OTHER;
}

#define OF_LENGTH(size)                                                                            \
    case size:                                                                                     \
        return find_of_length(name.data, size)

enum http_field http_field_find(struct slice name) {
    switch (name.size) {
        OF_LENGTH(1);
        OF_LENGTH(2);
        OF_LENGTH(3);
        OF_LENGTH(4);
        OF_LENGTH(5);
        OF_LENGTH(6);
        OF_LENGTH(7);
        OF_LENGTH(8);
        OF_LENGTH(9);
        OF_LENGTH(10);
        OF_LENGTH(11);
        OF_LENGTH(12);
        OF_LENGTH(13);
        OF_LENGTH(14);
        OF_LENGTH(15);
        OF_LENGTH(16);
        OF_LENGTH(17);
        OF_LENGTH(18);
        OF_LENGTH(19);
        OF_LENGTH(20);
        OF_LENGTH(21);
        OF_LENGTH(22);
        OF_LENGTH(23);
        OF_LENGTH(24);
    default:
        return HTTP_FIELD_OTHER;
    }
}

struct http_header_rules http_header_rules(const struct table_settings *settings) {
    return (struct http_header_rules){
        .allow_underscores = settings->underscores_in_headers != 0,
        .drop_invalid = settings->ignore_invalid_headers != 0,
    };
}

bool http_header_is_wanted(const struct http_header_rules *rules, uint8_t classes) {
    uint8_t good = HTTP_BYTE_NAME;
    if (rules == NULL || !rules->drop_invalid) {
        return true;
    }
    if (rules->allow_underscores) {
        good |= HTTP_BYTE_UNDERSCORE;
    }
    return (classes & good) != 0;
}

bool http_list_next(struct slice *rest, struct slice *element) {
    if (rest->data == NULL) {
        return false;
    }
    size_t comma = slice_find_byte(*rest, ',');
    *element = slice_trim(slice_take(*rest, comma));
    *rest = comma < rest->size ? slice_skip(*rest, comma + 1) : (struct slice){NULL, 0};
    return true;
}

bool http_list_has_token(struct slice value, struct slice token) {
    struct slice element;
    while (http_list_next(&value, &element)) {
        if (slice_equals_nocase(element, token)) {
            return true;
        }
    }
    return false;
}

bool http_fields_connection_names(const struct engine_header *fields, const uint8_t *ids,
                                  uint32_t count, struct slice name) {
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i] == HTTP_FIELD_CONNECTION && http_list_has_token(fields[i].value, name)) {
            return true;
        }
    }
    return false;
}
