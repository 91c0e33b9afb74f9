/* Match blocks applied to answers. */
#include "engine/health.h"

#include "engine/state.h"

enum { USUAL_FIRST = 200, USUAL_LAST = 399 };

static const struct table_health_match *match_of(const struct engine *engine,
                                                 const struct table_health_check *check) {
    return check->match == TABLE_NONE ? NULL : &engine->table->health_match[check->match];
}

static bool accepts_status(const struct engine *engine, const struct table_health_match *match,
                           uint32_t status) {
    if (match == NULL) {
        return status >= USUAL_FIRST && status <= USUAL_LAST;
    }
    bool is_listed = false;
    for (uint32_t i = 0; i < match->statuses.count; i++) {
        const struct table_status_range *range =
            &engine->table->status_range[match->statuses.first + i];
        is_listed = is_listed || (status >= range->first && status <= range->last);
    }
    return match->statuses.count == 0 || is_listed == (match->is_status_negated == 0);
}

static bool holds_for(struct engine *engine, const struct table_header_test *test,
                      struct slice value) {
    switch (test->test) {
    case TABLE_MATCH_EQUAL:
    case TABLE_MATCH_DIFFERENT:
        return slice_equals(value, table_text(engine->table, test->value));
    case TABLE_MATCH_MATCHING:
    case TABLE_MATCH_UNMATCHING:
        return engine_regex_would_match(&engine->regexes, test->regex, value);
    default:
        return true;
    }
}

/* A field that comes several times is right when any of them is; negated tests want none to be. */
static bool accepts_header(struct engine *engine, const struct table_header_test *test,
                           const struct engine_health_answer *answer) {
    struct slice name = table_text(engine->table, test->name);
    bool is_negated = test->test == TABLE_MATCH_ABSENT || test->test == TABLE_MATCH_DIFFERENT ||
                      test->test == TABLE_MATCH_UNMATCHING;
    bool holds = false;
    for (uint32_t i = 0; i < answer->header_count && !holds; i++) {
        holds = slice_equals_nocase(answer->headers[i].name, name) &&
                holds_for(engine, test, answer->headers[i].value);
    }
    return holds != is_negated;
}

bool engine_health_accepts_head(struct engine *engine, const struct table_health_check *check,
                                const struct engine_health_answer *answer,
                                enum engine_health_part *part) {
    const struct table_health_match *match = match_of(engine, check);
    *part = ENGINE_HEALTH_STATUS;
    if (!accepts_status(engine, match, answer->status)) {
        return false;
    }
    for (uint32_t i = 0; match != NULL && i < match->headers.count; i++) {
        *part = ENGINE_HEALTH_HEADER;
        if (!accepts_header(engine, &engine->table->header_test[match->headers.first + i],
                            answer)) {
            return false;
        }
    }
    return true;
}

bool engine_health_needs_body(const struct engine *engine, const struct table_health_check *check) {
    const struct table_health_match *match = match_of(engine, check);
    return match != NULL && match->bodies.count > 0;
}

bool engine_health_accepts_body(struct engine *engine, const struct table_health_check *check,
                                const struct engine_health_answer *answer,
                                enum engine_health_part *part) {
    const struct table_health_match *match = match_of(engine, check);
    for (uint32_t i = 0; match != NULL && i < match->bodies.count; i++) {
        const struct table_body_test *test = &engine->table->body_test[match->bodies.first + i];
        *part = ENGINE_HEALTH_BODY;
        if (engine_regex_would_match(&engine->regexes, test->regex, answer->body) ==
            (test->is_negated != 0)) {
            return false;
        }
    }
    return true;
}
