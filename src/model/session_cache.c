/* ssl_session_cache: where sessions of TLS from clients are kept. */
#include "model/quantity.h"
#include "model/reading.h"

/* SSL_SESSION_CACHE_MAX_SIZE_DEFAULT of OpenSSL, which nginx leaves in force. */
#define BUILTIN_SESSIONS 20480

#define FORMS                                                                                      \
    "write off, none, builtin, builtin:SESSIONS, shared:NAME:SIZE, or both of the latter two"

/* What the words said so far. As in nginx the last one counts of those that exclude each other. */
struct cache_words {
    bool is_off;
    bool is_none;
    uint32_t builtin;
    const struct zone *zone;
};

static bool reject_cache(const struct setter_call *call, const struct word *word) {
    return reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, word, "session cache", FORMS);
}

static bool read_builtin(const struct setter_call *call, const struct word *word,
                         struct slice number, struct cache_words *words) {
    uint64_t sessions = BUILTIN_SESSIONS;
    if (number.size > 0 &&
        (!slice_parse_u64(slice_skip(number, 1), INT32_MAX, &sessions) || sessions == 0)) {
        return reject_cache(call, word);
    }
    *words = (struct cache_words){.builtin = (uint32_t)sessions, .zone = words->zone};
    return true;
}

/* "NAME:SIZE" */
static bool read_shared(const struct setter_call *call, const struct word *word, struct slice value,
                        struct cache_words *words) {
    size_t colon = slice_find_byte(value, ':');
    struct slice name = slice_take(value, colon);
    uint64_t size;
    if (name.size == 0 || !quantity_parse_size(slice_skip(value, colon + 1), false, &size)) {
        return reject_cache(call, word);
    }
    if (size < ZONE_SMALLEST) {
        return reject_word(call, DIAGNOSTIC_INVALID_SIZE, word,
                           "a megabyte is enough for some 4000 sessions; the least is 32k",
                           "session cache \"%.*s\" is too small", SLICE_ARGS(name));
    }
    words->zone = zone_claim(call, word, name, ZONE_SESSIONS, size);
    return words->zone != NULL;
}

static bool read_word(const struct setter_call *call, const struct word *word,
                      struct cache_words *words) {
    static const struct slice shared = SLICE_INIT("shared:");
    static const struct slice builtin = SLICE_INIT("builtin");
    struct slice text = word->text;
    if (slice_equals(text, SLICE("off"))) {
        *words = (struct cache_words){.is_off = true, .zone = words->zone};
        return true;
    }
    if (slice_equals(text, SLICE("none"))) {
        *words = (struct cache_words){.is_none = true, .zone = words->zone};
        return true;
    }
    if (slice_starts_with(text, shared)) {
        return read_shared(call, word, slice_skip(text, shared.size), words);
    }
    struct slice number = slice_skip(text, builtin.size);
    if (slice_starts_with(text, builtin) && (number.size == 0 || number.data[0] == ':')) {
        return read_builtin(call, word, number, words);
    }
    return reject_cache(call, word);
}

bool model_set_session_cache(const struct setter_call *call) {
    MODEL_TYPE_SESSION_CACHE *cache = call->field;
    struct cache_words words = {0};
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        if (!read_word(call, statement_argument(call->statement, i), &words)) {
            return false;
        }
    }
    *cache = (struct session_cache_setting){.is_off = words.is_off};
    if (!words.is_off && !words.is_none) {
        cache->builtin = words.builtin;
        cache->zone = words.zone;
    }
    return true;
}
