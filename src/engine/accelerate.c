/* X-Accel-Redirect: a backend has another location answer. Its target is a path as nginx takes one
 * from others than clients: decoded if there is an escape in it, not normalised, and refused when
 * it climbs. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/path.h"

enum { STATUS_NOT_FOUND = 404, STATUS_INTERNAL_ERROR = 500 };

/* ".." alone or before a slash. */
static bool is_climbing(struct slice path) {
    return slice_starts_with(path, SLICE("..")) && (path.size == 2 || path.data[2] == '/');
}

static bool is_safe(struct slice path) {
    if (path.size == 0 || is_climbing(path)) {
        return false;
    }
    for (size_t i = 0; i < path.size; i++) {
        bool is_up = path.data[i] == '/' && is_climbing(slice_skip(path, i + 1));
        if (path.data[i] == '\0' || is_up) {
            return false;
        }
    }
    return true;
}

/* One byte at *position; of a malformed escape what nginx leaves. Returns how many it wrote. */
static size_t decode_byte(struct slice text, size_t *position, char *out) {
    char byte = text.data[(*position)++];
    if (byte != '%' || *position == text.size) {
        *out = byte;
        return byte == '%' ? 0 : 1;
    }
    int high = engine_hex_value(text.data[*position]);
    if (high < 0) {
        *out = text.data[(*position)++];
        return 1;
    }
    (*position)++;
    int low = *position < text.size ? engine_hex_value(text.data[(*position)++]) : -1;
    *out = (char)(unsigned char)(high * 16 + low);
    return low < 0 ? 0 : 1;
}

static bool decode(struct engine_request *request, struct slice *path) {
    if (slice_find_byte(*path, '%') == path->size) {
        return true;
    }
    char *decoded = arena_allocate_bytes(request->arena, path->size);
    size_t size = 0;
    size_t position = 0;
    if (decoded == NULL) {
        return false;
    }
    while (position < path->size) {
        size += decode_byte(*path, &position, decoded + size);
    }
    *path = (struct slice){decoded, size};
    return true;
}

/* The path is asked for with GET; a named location gets the request as it is. */
enum engine_phase engine_follow_backend(struct engine_request *request, struct slice target,
                                        struct engine_outcome *outcome) {
    struct slice path;
    struct slice args;
    if (slice_starts_with(target, SLICE("@"))) {
        return engine_enter_named(request, target, outcome);
    }
    engine_split_args(target, &path, &args);
    bool is_plain_safe = is_safe(path);
    if (is_plain_safe && !decode(request, &path)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    if (!is_plain_safe || !is_safe(path)) {
        engine_note(request, TABLE_LOG_ERROR, "unsafe URI \"%.*s\" in X-Accel-Redirect",
                    SLICE_ARGS(target));
        return engine_answer_error(request, STATUS_NOT_FOUND, NULL, outcome);
    }
    if (!slice_equals(request->method, SLICE("HEAD"))) {
        request->method = SLICE("GET");
    }
    return engine_redirect_internally(request, path, args, outcome);
}
