/* Variables of header fields. Fields of one name are joined as nginx does since 1.23: cookies with
 * "; ", everything else with ", ". */
#include "engine/program.h"

#include <string.h>

bool engine_find_header(const struct engine_request *request, struct slice name,
                        struct slice *value) {
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct engine_header *header = &request->headers[i];
        if (header->name.size == name.size && slice_equals_nocase(header->name, name)) {
            *value = header->value;
            return true;
        }
    }
    return false;
}

static char variable_letter(char c) {
    if (c == '-') {
        return '_';
    }
    return byte_lower(c);
}

/* Whether a field is the one a variable asks for, in whose name '_' stands for '-'. */
static bool is_named(const struct engine_header *header, struct slice name) {
    if (header->name.size != name.size) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (variable_letter(header->name.data[i]) != variable_letter(name.data[i])) {
            return false;
        }
    }
    return true;
}

/* Writes the values of the fields of that name, each but the first behind a separator of two
 * bytes; returns the end. */
static char *write_values(char *out, const struct engine_header *headers, uint32_t count,
                          struct slice name, const char *separator) {
    bool first = true;
    for (uint32_t i = 0; i < count; i++) {
        struct slice text = headers[i].value;
        if (!is_named(&headers[i], name)) {
            continue;
        }
        if (!first) {
            out = mempcpy(out, separator, 2);
        }
        first = false;
        if (text.size > 0) {
            out = mempcpy(out, text.data, text.size);
        }
    }
    return out;
}

/* All fields of that name, then `tail` as if it were one more, unless its data is NULL. Nothing is
 * copied where there is only one. */
static enum engine_value join_fields(struct arena *arena, const struct engine_header *headers,
                                     uint32_t header_count, struct slice name,
                                     const char *separator, struct slice tail,
                                     struct slice *value) {
    size_t size = 0;
    uint32_t count = 0;
    struct slice only = tail;
    for (uint32_t i = 0; i < header_count; i++) {
        if (is_named(&headers[i], name)) {
            only = headers[i].value;
            size += only.size + 2;
            count++;
        }
    }
    count += tail.data != NULL;
    if (count == 0) {
        return ENGINE_VALUE_NONE;
    }
    if (count == 1) {
        *value = only.data != NULL ? only : SLICE("");
        return ENGINE_VALUE_FOUND;
    }
    char *joined = arena_allocate_bytes(arena, size + tail.size);
    if (joined == NULL) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    char *end = write_values(joined, headers, header_count, name, separator);
    if (tail.data != NULL) {
        end = mempcpy(mempcpy(end, separator, 2), tail.data, tail.size);
    }
    *value = (struct slice){joined, (size_t)(end - joined)};
    return ENGINE_VALUE_FOUND;
}

static enum engine_value join(struct engine_request *request, struct slice name,
                              const char *separator, struct slice tail, struct slice *value) {
    enum engine_value result = join_fields(request->arena, request->headers, request->header_count,
                                           name, separator, tail, value);
    bool is_spent = result != ENGINE_VALUE_FOUND || engine_spend_text(request, value->size);
    return is_spent ? result : ENGINE_VALUE_NO_MEMORY;
}

static const struct slice nothing = {NULL, 0};

bool engine_find_field(struct arena *arena, const struct engine_header *headers, uint32_t count,
                       struct slice suffix, struct slice *value) {
    return join_fields(arena, headers, count, suffix, ", ", nothing, value) == ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_header(struct engine_request *request, struct slice suffix,
                                         struct slice *value) {
    const char *separator = slice_equals_nocase(suffix, SLICE("cookie")) ? "; " : ", ";
    return join(request, suffix, separator, nothing, value);
}

enum engine_value engine_variable_content_length(struct engine_request *request,
                                                 struct slice suffix, struct slice *value) {
    (void)suffix;
    return join(request, SLICE("content-length"), ", ", nothing, value);
}

enum engine_value engine_variable_content_type(struct engine_request *request, struct slice suffix,
                                               struct slice *value) {
    (void)suffix;
    return join(request, SLICE("content-type"), ", ", nothing, value);
}

enum engine_value engine_variable_forwarded_for(struct engine_request *request, struct slice suffix,
                                                struct slice *value) {
    (void)suffix;
    struct slice client = request->remote_addr;
    if (client.data == NULL) {
        client = SLICE("");
    }
    return join(request, SLICE("x-forwarded-for"), ", ", client, value);
}

static struct slice skip_spaces(struct slice s) {
    size_t i = 0;
    while (i < s.size && s.data[i] == ' ') {
        i++;
    }
    return slice_skip(s, i);
}

/* Behind the next separator, which is a comma, too, for nginx. */
static struct slice skip_cookie(struct slice s) {
    size_t i = 0;
    while (i < s.size && s.data[i] != ';' && s.data[i] != ',') {
        i++;
    }
    return skip_spaces(slice_skip(s, i + 1));
}

/* The cookie of that name in one Cookie field; nginx ignores its case. */
static bool find_cookie(struct slice field, struct slice name, struct slice *value) {
    while (field.size > 0) {
        if (slice_starts_with_nocase(field, name)) {
            field = skip_spaces(slice_skip(field, name.size));
            if (field.size > 0 && field.data[0] == '=') {
                field = skip_spaces(slice_skip(field, 1));
                *value = slice_take(field, slice_find_byte(field, ';'));
                return true;
            }
            /* nginx steps over the byte that is no '='. Where that is a separator, as in
             * "a; a=1", it so overlooks the next cookie; the same value is seen here. */
            field = slice_skip(field, 1);
        }
        field = skip_cookie(field);
    }
    return false;
}

enum engine_value engine_variable_cookie(struct engine_request *request, struct slice suffix,
                                         struct slice *value) {
    for (uint32_t i = 0; suffix.size > 0 && i < request->header_count; i++) {
        const struct engine_header *header = &request->headers[i];
        if (!slice_equals_nocase(header->name, SLICE("cookie"))) {
            continue;
        }
        if (!engine_spend(request, header->value.size)) {
            return ENGINE_VALUE_NO_MEMORY;
        }
        if (find_cookie(header->value, suffix, value)) {
            return ENGINE_VALUE_FOUND;
        }
    }
    return ENGINE_VALUE_NONE;
}
