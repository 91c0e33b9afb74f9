/* What `expires` says. */
#include "base/expiry.h"

#include "base/duration.h"

enum { SECONDS_OF_DAY = 24 * 60 * 60 };

/* Words that stand for themselves; not behind "modified". */
static const struct {
    struct slice word;
    enum expiry_kind kind;
} words[] = {
    {SLICE_INIT("epoch"), EXPIRY_EPOCH},
    {SLICE_INIT("max"), EXPIRY_MAX},
    {SLICE_INIT("off"), EXPIRY_OFF},
};

static bool find_word(struct slice text, struct expiry *expiry) {
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_equals(words[i].word, text)) {
            expiry->kind = words[i].kind;
            return true;
        }
    }
    return false;
}

const char *expiry_parse(struct slice text, bool is_modified, struct expiry *expiry) {
    *expiry = (struct expiry){.kind = is_modified ? EXPIRY_MODIFIED : EXPIRY_ACCESS};
    if (!is_modified && find_word(text, expiry)) {
        return NULL;
    }
    char first = text.size > 0 ? text.data[0] : '\0';
    if (first == '@' && is_modified) {
        return "a time of the day cannot be used with \"modified\"";
    }
    expiry->kind = first == '@' ? EXPIRY_DAILY : expiry->kind;
    expiry->is_negative = first == '-';
    bool has_mark = first == '@' || first == '+' || first == '-';
    if (!duration_parse_seconds(slice_skip(text, has_mark ? 1 : 0), &expiry->seconds)) {
        return "it is no time";
    }
    if (expiry->seconds > EXPIRY_LIMIT) {
        return "it is too long";
    }
    return expiry->kind == EXPIRY_DAILY && expiry->seconds > SECONDS_OF_DAY
               ? "a time of the day is less than 24 hours"
               : NULL;
}
