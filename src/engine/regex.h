/* The compiled regexes of an engine: made from the table's records when first used, and matched
 * within limits. Inside the engine only. */
#ifndef ENGINE_REGEX_H
#define ENGINE_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/engine.h"

#include <pcre2.h>

struct engine_regex {
    pcre2_code *code; /* NULL until first used */
    bool failed;      /* does not compile; not tried again */
};

struct engine_regexes {
    const struct table *table;
    struct engine_regex *items;   /* by record of section regex */
    pcre2_match_data *match_data; /* with room for the captures of every compiled regex */
    pcre2_match_context *context;
    pcre2_jit_stack *jit_stack;
};

enum engine_regex_result {
    ENGINE_REGEX_MATCHED,
    ENGINE_REGEX_UNMATCHED,
    ENGINE_REGEX_FAILED, /* beyond the limits, invalid UTF-8 for a (*UTF) pattern, no memory */
};

/* Compiles nothing yet. False when there is no memory. */
__attribute__((warn_unused_result)) bool engine_regexes_init(struct engine_regexes *regexes,
                                                             const struct table *table);
void engine_regexes_release(struct engine_regexes *regexes);

/* Matches regex `index` against `subject`, which the request's captures then point into. A match
 * sets the captures and the slots of named groups; no match leaves both as they were. */
enum engine_regex_result engine_regex_match(struct engine_regexes *regexes,
                                            struct engine_request *request, uint32_t index,
                                            struct slice subject);

/* The same, but neither captures nor slots are set. */
enum engine_regex_result engine_regex_test(struct engine_regexes *regexes,
                                           struct engine_request *request, uint32_t index,
                                           struct slice subject);

/* Whether it would match, for those who explain; changes nothing. */
bool engine_regex_would_match(struct engine_regexes *regexes, uint32_t index, struct slice subject);

#endif
