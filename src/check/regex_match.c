/* Matching by PCRE2, within limits; see regex_match.h. */
#include "check/regex_match.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static enum regex_outcome match(const pcre2_code *code, struct slice subject, uint32_t steps) {
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    int result = PCRE2_ERROR_NOMEMORY;
    if (data != NULL && context != NULL) {
        (void)pcre2_set_match_limit(context, steps);
        result = pcre2_match(code, (PCRE2_SPTR)(subject.size > 0 ? subject.data : ""), subject.size,
                             0, 0, data, context);
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    switch (result) {
    case PCRE2_ERROR_NOMATCH:
        return REGEX_UNMATCHED;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
        return REGEX_TOO_LONG;
    default:
        return result >= 0 ? REGEX_MATCHED : REGEX_FAILED;
    }
}

enum regex_outcome regex_match(struct slice expression, bool ignores_case, struct slice subject,
                               uint32_t steps) {
    int error;
    PCRE2_SIZE at;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(expression.size > 0 ? expression.data : ""), expression.size,
                      ignores_case ? PCRE2_CASELESS : 0, &error, &at, NULL);
    if (code == NULL) {
        return REGEX_FAILED;
    }
    enum regex_outcome outcome = match(code, subject, steps);
    pcre2_code_free(code);
    return outcome;
}
