/* Health checks and the match blocks that they name. */
#include "emit/emitter.h"

static struct table_range emit_statuses(struct emitter *emitter, const struct health_match *match) {
    struct table_range range = {emit_next(emitter, TABLE_SECTION_status_range),
                                (uint32_t)match->statuses.count};
    for (size_t i = 0; i < match->statuses.count; i++) {
        const struct status_range *status = &match->statuses.items[i];
        struct table_status_range record = {.first = status->first, .last = status->last};
        emit_append(emitter, TABLE_SECTION_status_range, &record);
    }
    return range;
}

static struct table_range emit_header_tests(struct emitter *emitter,
                                            const struct health_match *match) {
    struct table_range range = {emit_next(emitter, TABLE_SECTION_header_test),
                                (uint32_t)match->headers.count};
    for (size_t i = 0; i < match->headers.count; i++) {
        const struct header_test *test = &match->headers.items[i];
        struct table_header_test record = {
            .name = emit_string(emitter, test->name),
            .test = test->test,
            .value = emit_string(emitter, test->value),
            .regex = test->regex == NULL ? TABLE_NONE : emit_regex(emitter, test->regex),
        };
        emit_append(emitter, TABLE_SECTION_header_test, &record);
    }
    return range;
}

static struct table_range emit_body_tests(struct emitter *emitter,
                                          const struct health_match *match) {
    struct table_range range = {emit_next(emitter, TABLE_SECTION_body_test),
                                (uint32_t)match->bodies.count};
    for (size_t i = 0; i < match->bodies.count; i++) {
        const struct body_test *test = &match->bodies.items[i];
        struct table_body_test record = {.regex = emit_regex(emitter, test->regex),
                                         .is_negated = test->is_negated};
        emit_append(emitter, TABLE_SECTION_body_test, &record);
    }
    return range;
}

static uint32_t emit_match(struct emitter *emitter, const struct health_match *match) {
    if (match == NULL) {
        return TABLE_NONE;
    }
    uint32_t index = emit_find_thing(&emitter->health_matches, match);
    if (index == TABLE_NONE) {
        struct table_health_match record = {
            .name = emit_string(emitter, match->name),
            .statuses = emit_statuses(emitter, match),
            .is_status_negated = match->is_status_negated,
            .headers = emit_header_tests(emitter, match),
            .bodies = emit_body_tests(emitter, match),
            .place = emit_place(emitter, match->statement),
        };
        index = emit_append(emitter, TABLE_SECTION_health_match, &record);
        emit_remember_thing(&emitter->health_matches, match, index);
    }
    return index;
}

uint32_t emit_health_check(struct emitter *emitter, const struct health_check *check) {
    if (check == NULL) {
        return TABLE_NONE;
    }
    struct table_health_check record = {
        .uri = emit_string(emitter, check->uri),
        .interval = check->interval,
        .jitter = check->jitter,
        .keepalive_time = check->keepalive_time,
        .fails = check->fails,
        .passes = check->passes,
        .port = check->port,
        .mandatory = check->is_mandatory,
        .match = emit_match(emitter, check->match),
        /* Its record comes behind those of its locations. */
        .server = emit_next(emitter, TABLE_SECTION_server),
        .place = emit_place(emitter, check->statement),
    };
    return emit_append(emitter, TABLE_SECTION_health_check, &record);
}
