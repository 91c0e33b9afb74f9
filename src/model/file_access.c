/* How files are opened: open_file_cache, open_log_file_cache and disable_symlinks. */
#include "model/quantity.h"
#include "model/reading.h"

static bool reject_cache(const struct setter_call *call, const struct word *word) {
    static const struct slice names[] = {SLICE_INIT("max="), SLICE_INIT("inactive="),
                                         SLICE_INIT("off")};
    return reject_parameter(call, word, names, sizeof names / sizeof names[0]);
}

/* One word; false after reporting what is wrong with it. */
static bool read_cache_word(const struct setter_call *call, const struct word *word,
                            struct pair *cache) {
    struct slice text = word->text;
    if (slice_starts_with(text, SLICE("max="))) {
        return (slice_parse_u64(slice_skip(text, 4), INT32_MAX, &cache->first) &&
                cache->first > 0) ||
               reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "number of files",
                            "write how many files are kept at most: max=1000");
    }
    if (slice_starts_with(text, SLICE("inactive="))) {
        uint64_t seconds;
        if (!quantity_parse_seconds(slice_skip(text, 9), &seconds)) {
            return reject_value(call, DIAGNOSTIC_INVALID_TIME, word, "time",
                                "write whole seconds: inactive=20s");
        }
        cache->second = seconds * 1000;
        return true;
    }
    if (slice_equals(text, SLICE("off"))) {
        cache->first = 0;
        return true;
    }
    return reject_cache(call, word);
}

enum { USUAL_INACTIVE_MS = 60000 };

/* The most files, 0 for none, and for how long one is kept that nobody asks for. */
bool model_set_open_file_cache(const struct setter_call *call) {
    MODEL_TYPE_PAIR *cache = call->field;
    bool is_off = false;
    *cache = (struct pair){0, USUAL_INACTIVE_MS};
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        if (!read_cache_word(call, word, cache)) {
            return false;
        }
        is_off = is_off || slice_equals(word->text, SLICE("off"));
    }
    if (cache->first == 0 && !is_off) {
        return reject_word(call, DIAGNOSTIC_INVALID_VALUE, statement_argument(call->statement, 0),
                           "write how many files are kept at most: max=1000",
                           "\"%s\" must have the parameter \"max\"", call->directive->name);
    }
    *cache = cache->first == 0 ? (struct pair){0, 0} : *cache;
    return true;
}

/* --- open_log_file_cache --- */

enum { USUAL_LOG_INACTIVE_MS = 10000, USUAL_LOG_VALID_MS = 60000 };

static bool read_log_seconds(const struct setter_call *call, const struct word *word, size_t begin,
                             uint64_t *milliseconds) {
    uint64_t seconds;
    if (!quantity_parse_seconds(slice_skip(word->text, begin), &seconds)) {
        return reject_value(call, DIAGNOSTIC_INVALID_TIME, word, "time",
                            "write whole seconds: inactive=20s, valid=1m");
    }
    *milliseconds = seconds * 1000;
    return true;
}

static bool read_log_number(const struct setter_call *call, const struct word *word, size_t begin,
                            uint64_t *number) {
    return slice_parse_u64(slice_skip(word->text, begin), INT32_MAX, number) ||
           reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "number",
                        "write a number: max=1000, min_uses=2");
}

static bool read_log_cache_word(const struct setter_call *call, const struct word *word,
                                struct log_cache_setting *cache, bool *is_off) {
    static const struct slice names[] = {SLICE_INIT("max="), SLICE_INIT("inactive="),
                                         SLICE_INIT("min_uses="), SLICE_INIT("valid="),
                                         SLICE_INIT("off")};
    uint64_t uses = cache->min_uses;
    if (slice_starts_with(word->text, names[0])) {
        return read_log_number(call, word, names[0].size, &cache->max);
    }
    if (slice_starts_with(word->text, names[1])) {
        return read_log_seconds(call, word, names[1].size, &cache->inactive);
    }
    if (slice_starts_with(word->text, names[2])) {
        bool is_read = read_log_number(call, word, names[2].size, &uses);
        cache->min_uses = (uint32_t)uses;
        return is_read;
    }
    if (slice_starts_with(word->text, names[3])) {
        return read_log_seconds(call, word, names[3].size, &cache->valid);
    }
    if (slice_equals(word->text, names[4])) {
        *is_off = true;
        return true;
    }
    return reject_parameter(call, word, names, sizeof names / sizeof names[0]);
}

/* As in nginx "off" wins over all else. */
bool model_set_open_log_file_cache(const struct setter_call *call) {
    MODEL_TYPE_LOG_CACHE *cache = call->field;
    bool is_off = false;
    *cache = (struct log_cache_setting){
        .inactive = USUAL_LOG_INACTIVE_MS, .valid = USUAL_LOG_VALID_MS, .min_uses = 1};
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        if (!read_log_cache_word(call, word, cache, &is_off)) {
            return false;
        }
    }
    if (cache->max == 0 && !is_off) {
        return reject_word(call, DIAGNOSTIC_INVALID_VALUE, statement_argument(call->statement, 0),
                           "write how many files are kept at most: max=1000",
                           "\"%s\" must have the parameter \"max\"", call->directive->name);
    }
    if (is_off) {
        *cache = (struct log_cache_setting){0};
    }
    return true;
}

/* --- disable_symlinks --- */

static bool read_from(const struct setter_call *call, struct symlinks_setting *symlinks) {
    const struct word *word = statement_argument(call->statement, 1);
    if (!slice_starts_with(word->text, SLICE("from="))) {
        static const struct slice names[] = {SLICE_INIT("from=")};
        return reject_parameter(call, word, names, 1);
    }
    if (word->text.size == 5) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "parameter",
                            "write the folder down to which links are let be: "
                            "from=$document_root");
    }
    symlinks->from = template_parse(call->model, word, slice_skip(word->text, 5), 5);
    return true;
}

bool model_set_disable_symlinks(const struct setter_call *call) {
    MODEL_TYPE_SYMLINKS *symlinks = call->field;
    const struct word *word = statement_argument(call->statement, 0);
    bool has_from = statement_argument_count(call->statement) == 2;
    *symlinks = (struct symlinks_setting){
        .is_set = !slice_equals(word->text, SLICE("off")),
        .if_not_owner = slice_equals(word->text, SLICE("if_not_owner")),
    };
    if (symlinks->is_set && !symlinks->if_not_owner && !slice_equals(word->text, SLICE("on"))) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "value",
                            "write \"on\", \"if_not_owner\" or \"off\"");
    }
    if (has_from && !symlinks->is_set) {
        return reject_word(call, DIAGNOSTIC_UNKNOWN_PARAMETER,
                           statement_argument(call->statement, 1), "leave it out",
                           "\"off\" takes no parameter");
    }
    return !has_from || read_from(call, symlinks);
}
