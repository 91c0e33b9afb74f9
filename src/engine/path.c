/* Request targets: taking them apart and normalising paths, with the results of nginx's
 * ngx_http_parse_complex_uri; and encoding a normalised path for a backend. Whether the target may
 * hold other control bytes than NUL, or spaces, is the protocol parsers' business. */
#include "engine/path.h"

/* Bytes that matter while the path's end is looked for. */
enum {
    BYTE_END = 1,
    BYTE_SLASH,
    BYTE_DECODED, /* to be looked at by decode_byte, which refuses a NUL */
};

static const unsigned char path_bytes[256] = {['?'] = BYTE_END,
                                              ['#'] = BYTE_END,
                                              ['/'] = BYTE_SLASH,
                                              ['%'] = BYTE_DECODED,
                                              ['\0'] = BYTE_DECODED};

/* The length of the path that `text` begins with; a query or a fragment ends it. `*is_simple` is
 * set when nothing in it can need normalising. */
static size_t measure_path(struct slice text, bool *is_simple) {
    bool simple = true;
    size_t i = 0;
    for (; i < text.size; i++) {
        unsigned char kind = path_bytes[(unsigned char)text.data[i]];
        if (kind == 0) {
            continue;
        }
        if (kind == BYTE_END) {
            break;
        }
        if (kind == BYTE_DECODED ||
            (i + 1 < text.size && (text.data[i + 1] == '/' || text.data[i + 1] == '.'))) {
            simple = false;
        }
    }
    *is_simple = simple;
    return i;
}

/* The query string behind the path, up to a fragment. Without a '?' it has no data, so that whoever
 * sends the target on can tell "/x?" from "/x". */
static struct slice find_args(struct slice rest) {
    if (rest.size == 0 || rest.data[0] != '?') {
        return (struct slice){NULL, 0};
    }
    struct slice args = slice_skip(rest, 1);
    return slice_take(args, slice_find_byte(args, '#'));
}

/* The byte at *position, percent-decoded; moves *position behind it. False for a malformed escape
 * and for a NUL, encoded or not. */
static bool decode_byte(struct slice path, size_t *position, char *byte) {
    char c = path.data[(*position)++];
    if (c != '%') {
        *byte = c;
        return c != '\0';
    }
    if (path.size - *position < 2) {
        return false;
    }
    int high = engine_hex_value(path.data[*position]);
    int low = engine_hex_value(path.data[*position + 1]);
    *position += 2;
    *byte = (char)(unsigned char)(high * 16 + low);
    return high >= 0 && low >= 0 && *byte != '\0';
}

/* A normalised path while it is written. `segment` is where its last segment begins, just behind a
 * slash. The result is never longer than what was read. */
struct normal_path {
    char *data;
    size_t size;
    size_t segment;
    bool merge_slashes;
};

/* Takes back ".." and the segment before it. False above the root. */
static bool leave_directory(struct normal_path *path) {
    size_t slash = path->segment - 1;
    if (slash == 0) {
        return false;
    }
    do {
        slash--;
    } while (path->data[slash] != '/');
    path->size = path->segment = slash + 1;
    return true;
}

/* Ends the segment just written: with a slash, or at the end of the path. */
static bool end_segment(struct normal_path *path, bool at_slash) {
    size_t length = path->size - path->segment;
    const char *text = path->data + path->segment;
    if (length == 1 && text[0] == '.') {
        path->size = path->segment;
        return true;
    }
    if (length == 2 && text[0] == '.' && text[1] == '.') {
        return leave_directory(path);
    }
    if (at_slash && (length > 0 || !path->merge_slashes)) {
        path->data[path->size++] = '/';
        path->segment = path->size;
    }
    return true;
}

/* Decoded bytes count like literal ones: %2F separates segments and %2E%2E leaves one. Only '?'
 * and '#' are different, and those ended the raw path already. */
static bool normalise(struct slice raw, struct normal_path *path) {
    path->data[0] = '/';
    path->size = path->segment = 1;
    for (size_t position = 1; position < raw.size;) {
        char byte;
        if (!decode_byte(raw, &position, &byte)) {
            return false;
        }
        if (byte != '/') {
            path->data[path->size++] = byte;
        } else if (!end_segment(path, true)) {
            return false;
        }
    }
    return end_segment(path, false);
}

static enum engine_target_error normalise_path(struct engine_request *request, bool merge_slashes) {
    struct slice raw = request->raw_path;
    struct normal_path path = {.data = arena_allocate_bytes(request->arena, raw.size),
                               .merge_slashes = merge_slashes};
    if (path.data == NULL) {
        return ENGINE_TARGET_NO_MEMORY;
    }
    if (!normalise(raw, &path)) {
        return ENGINE_TARGET_INVALID;
    }
    request->uri = (struct slice){path.data, path.size};
    request->uri_is_plain = slice_equals(request->uri, raw);
    return ENGINE_TARGET_OK;
}

/* `text` is the target from its path on. */
static enum engine_target_error take_path(struct engine_request *request, struct slice text,
                                          bool merge_slashes) {
    bool is_simple;
    size_t length = measure_path(text, &is_simple);
    /* A target without a path means the root (RFC 9112 3.2.1, 3.2.2). */
    request->raw_path = length > 0 ? slice_take(text, length) : SLICE("/");
    request->args = find_args(slice_skip(text, length));
    if (!is_simple) {
        return normalise_path(request, merge_slashes);
    }
    request->uri = request->raw_path;
    request->uri_is_plain = true;
    return ENGINE_TARGET_OK;
}

static bool is_letter(char c) {
    return byte_lower(c) >= 'a' && byte_lower(c) <= 'z';
}

static bool is_scheme_byte(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

bool engine_split_absolute(struct slice target, struct slice *authority, struct slice *rest) {
    size_t i = 0;
    if (target.size == 0 || !is_letter(target.data[0])) {
        return false;
    }
    while (i < target.size && is_scheme_byte(target.data[i])) {
        i++;
    }
    if (!slice_starts_with(slice_skip(target, i), SLICE("://"))) {
        return false;
    }
    *rest = slice_skip(target, i + 3);
    for (i = 0; i < rest->size; i++) {
        if (rest->data[i] == '/' || rest->data[i] == '?' || rest->data[i] == '#') {
            break;
        }
    }
    *authority = slice_take(*rest, i);
    *rest = slice_skip(*rest, i);
    /* nginx refuses a fragment right behind the authority; http requires a host (RFC 9110 4.2.1).
     */
    return i > 0 && (rest->size == 0 || rest->data[0] != '#');
}

enum engine_target_error engine_parse_target(struct engine_request *request, bool merge_slashes,
                                             struct slice *authority) {
    struct slice target = request->target;
    *authority = (struct slice){NULL, 0};
    if (target.size > 0 && target.data[0] == '/') {
        return take_path(request, target, merge_slashes);
    }
    /* nginx 1.22 refuses "*" altogether; RFC 9112 3.2.4 has it for OPTIONS, and only for that. */
    if (slice_equals(target, SLICE("*")) && slice_equals(request->method, SLICE("OPTIONS"))) {
        request->raw_path = request->uri = target;
        request->args = (struct slice){NULL, 0};
        request->uri_is_plain = true;
        return ENGINE_TARGET_OK;
    }
    struct slice rest;
    if (!engine_split_absolute(target, authority, &rest)) {
        return ENGINE_TARGET_INVALID;
    }
    return take_path(request, rest, merge_slashes);
}

/* Where a byte is encoded; controls, space, DEL and everything above are everywhere. */
enum {
    ESCAPED_IN_URI = 1,      /* NGX_ESCAPE_URI, since 1.21.1 */
    ESCAPED_IN_ARGUMENT = 2, /* NGX_ESCAPE_ARGS: also what separates arguments */
    ESCAPED = ESCAPED_IN_URI | ESCAPED_IN_ARGUMENT,
};

static const unsigned char escaped_bytes[128] = {
    ['"'] = ESCAPED,
    ['#'] = ESCAPED,
    ['%'] = ESCAPED,
    ['<'] = ESCAPED,
    ['>'] = ESCAPED,
    ['?'] = ESCAPED,
    ['\\'] = ESCAPED,
    ['^'] = ESCAPED,
    ['`'] = ESCAPED,
    ['{'] = ESCAPED,
    ['|'] = ESCAPED,
    ['}'] = ESCAPED,
    ['&'] = ESCAPED_IN_ARGUMENT,
    ['+'] = ESCAPED_IN_ARGUMENT,
    [';'] = ESCAPED_IN_ARGUMENT,
};

static bool is_escaped(unsigned char where, unsigned char byte) {
    return byte <= ' ' || byte >= 0x7f || (escaped_bytes[byte] & where) != 0;
}

static size_t count_escaped(unsigned char where, struct slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += is_escaped(where, (unsigned char)text.data[i]);
    }
    return count;
}

static struct slice escape(struct arena *arena, unsigned char where, struct slice text) {
    static const char digits[] = "0123456789ABCDEF";
    size_t count = count_escaped(where, text);
    if (count == 0) {
        return text.data != NULL ? text : SLICE("");
    }
    char *escaped = arena_allocate_bytes(arena, text.size + 2 * count);
    if (escaped == NULL) {
        return (struct slice){NULL, 0};
    }
    char *end = escaped;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (!is_escaped(where, byte)) {
            *end++ = (char)byte;
            continue;
        }
        *end++ = '%';
        *end++ = digits[byte >> 4];
        *end++ = digits[byte & 15];
    }
    return (struct slice){escaped, (size_t)(end - escaped)};
}

struct slice engine_escape_uri(struct arena *arena, struct slice uri) {
    return escape(arena, ESCAPED_IN_URI, uri);
}

struct slice engine_escape_argument(struct arena *arena, struct slice text) {
    return escape(arena, ESCAPED_IN_ARGUMENT, text);
}
