/* Accept-Encoding and User-Agent, read byte by byte as nginx reads them: what is compressed for
 * whom must not depend on who answers. */
#include "engine/accept_encoding.h"

/* Where `word` begins, ignoring case; the text's size when it is nowhere. */
static size_t find_word(struct slice text, struct slice word) {
    for (size_t at = 0; at + word.size <= text.size; at++) {
        if (slice_equals_nocase((struct slice){text.data + at, word.size}, word)) {
            return at;
        }
    }
    return text.size;
}

/* The same in this very spelling. */
static size_t find_exactly(struct slice text, struct slice word) {
    for (size_t at = 0; at + word.size <= text.size; at++) {
        if (slice_equals((struct slice){text.data + at, word.size}, word)) {
            return at;
        }
    }
    return text.size;
}

/* What follows the name "gzip", which begins the text or stands behind a comma, a space or another
 * "gzip"; false when there is none. */
static bool skip_gzip(struct slice *rest) {
    for (;;) {
        size_t at = find_word(*rest, SLICE("gzip"));
        if (at == rest->size) {
            return false;
        }
        bool begins = at == 0 || rest->data[at - 1] == ',' || rest->data[at - 1] == ' ';
        *rest = slice_skip(*rest, at + 4);
        if (begins) {
            return true;
        }
    }
}

static bool ends_weight(char byte) {
    return byte == ',' || byte == ' ';
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* Whether a weight, "0" to "1.000", is there and more than 0. */
static bool is_weight_positive(struct slice weight) {
    if (weight.size == 0 || (weight.data[0] != '0' && weight.data[0] != '1')) {
        return false;
    }
    bool is_one = weight.data[0] == '1';
    if (weight.size == 1 || ends_weight(weight.data[1])) {
        return is_one;
    }
    if (weight.data[1] != '.') {
        return false;
    }
    bool has_fraction = false;
    size_t digits = 0;
    for (size_t i = 2; i < weight.size && !ends_weight(weight.data[i]); i++) {
        if (!is_digit(weight.data[i])) {
            return false;
        }
        has_fraction = has_fraction || weight.data[i] != '0';
        digits++;
    }
    return digits <= 3 && is_one != has_fraction;
}

static struct slice skip_spaces(struct slice rest) {
    while (rest.size > 0 && rest.data[0] == ' ') {
        rest = slice_skip(rest, 1);
    }
    return rest;
}

bool engine_accepts_gzip(struct slice accept_encoding) {
    struct slice rest = accept_encoding;
    if (!skip_gzip(&rest)) {
        return false;
    }
    rest = skip_spaces(rest);
    if (rest.size == 0 || rest.data[0] == ',') {
        return true;
    }
    if (rest.data[0] != ';') {
        return false;
    }
    rest = skip_spaces(slice_skip(rest, 1));
    if (rest.size == 0) {
        return true;
    }
    if (rest.size < 2 || byte_lower(rest.data[0]) != 'q' || rest.data[1] != '=') {
        return false;
    }
    return is_weight_positive(slice_skip(rest, 2));
}

bool engine_is_msie6(struct slice user_agent) {
    size_t at = find_exactly(user_agent, SLICE("MSIE "));
    /* "MSIE 6.0": the number, its point, and something behind it */
    if (at + 7 >= user_agent.size || user_agent.data[at + 6] != '.') {
        return false;
    }
    char version = user_agent.data[at + 5];
    struct slice rest = slice_skip(user_agent, at + 8);
    return version == '4' || version == '5' ||
           (version == '6' && find_exactly(rest, SLICE("SV1")) == rest.size);
}
