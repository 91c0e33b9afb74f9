/* Replacing what fits by a text; see replacement.h. */
#include "engine/replacement.h"

#include "engine/decide.h"
#include "engine/program.h"
#include "engine/state.h"

bool engine_replacement_begins(struct slice subject, struct slice pattern, struct slice *part) {
    *part = slice_take(subject, pattern.size);
    return slice_starts_with(subject, pattern);
}

enum engine_replaced engine_replacement_match(struct engine_request *request, uint32_t regex,
                                              struct slice subject) {
    static const enum engine_replaced results[] = {
        [ENGINE_REGEX_MATCHED] = ENGINE_REPLACED,
        [ENGINE_REGEX_UNMATCHED] = ENGINE_REPLACED_NOT,
        [ENGINE_REGEX_FAILED] = ENGINE_REPLACED_FAILED,
    };
    if (!engine_spend(request, ENGINE_REGEX_EFFORT + subject.size)) {
        return ENGINE_REPLACED_FAILED;
    }
    return results[engine_regex_match(&request->engine->regexes, request, regex, subject)];
}

static enum engine_replaced find_part(struct engine_request *request,
                                      const struct table_replacement *replacement,
                                      engine_replacement_fit *fit, struct slice subject,
                                      struct slice *part) {
    struct slice pattern;
    if (replacement->regex != TABLE_NONE) {
        *part = subject;
        return engine_replacement_match(request, replacement->regex, subject);
    }
    if (!engine_run_template(request, replacement->pattern, &pattern)) {
        return ENGINE_REPLACED_FAILED;
    }
    return fit(subject, pattern, part) ? ENGINE_REPLACED : ENGINE_REPLACED_NOT;
}

enum engine_replaced engine_replace(struct engine_request *request,
                                    const struct table_replacement *replacement,
                                    engine_replacement_fit *fit, struct slice *subject) {
    struct slice part;
    struct slice text;
    enum engine_replaced result = find_part(request, replacement, fit, *subject, &part);
    if (result != ENGINE_REPLACED) {
        return result;
    }
    if (!engine_run_template(request, replacement->text, &text)) {
        return ENGINE_REPLACED_FAILED;
    }
    size_t before = (size_t)(part.data - subject->data);
    struct slice parts[] = {slice_take(*subject, before), text,
                            slice_skip(*subject, before + part.size)};
    return engine_join(request, parts, 3, subject) ? ENGINE_REPLACED : ENGINE_REPLACED_FAILED;
}
