/* Which keys stand for names of hosts, and for which. */
#include "model/host_key.h"

static bool has_empty_label(struct slice text) {
    for (size_t i = 0; i + 1 < text.size; i++) {
        if (text.data[i] == '.' && text.data[i + 1] == '.') {
            return true;
        }
    }
    return false;
}

static size_t count_stars(struct slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '*';
    }
    return count;
}

bool host_key_classify(struct slice text, struct host_key *key) {
    size_t stars = count_stars(text);
    *key = (struct host_key){TABLE_NAME_EXACT, text, false};
    if (stars > 1 || has_empty_label(text)) {
        return false;
    }
    if (text.size > 1 && text.data[0] == '.') {
        *key = (struct host_key){TABLE_NAME_LEADING, text, true};
        return true;
    }
    if (text.size > 2 && slice_starts_with(text, SLICE("*."))) {
        *key = (struct host_key){TABLE_NAME_LEADING, slice_skip(text, 1), false};
        return true;
    }
    if (text.size > 2 && slice_ends_with(text, SLICE(".*"))) {
        *key = (struct host_key){TABLE_NAME_TRAILING, slice_take(text, text.size - 1), false};
        return true;
    }
    return stars == 0;
}
