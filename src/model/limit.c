/* limit_req and limit_conn, their zones, and what those who are limited are answered. */
#include "model/reading.h"

#define ZONE SLICE("zone=")

enum { SECONDS_PER_MINUTE = 60, THOUSANDTHS = 1000, FIRST_ERROR = 400, LAST_ERROR = 599 };

/* --- zones --- */

static struct zone *read_zone(const struct setter_call *call, enum zone_kind kind) {
    const struct word *key = statement_argument(call->statement, 0);
    const struct word *word = zone_find_parameter(call, 1, ZONE);
    struct template template = template_parse(call->model, key, key->text, 0);
    if (word == NULL) {
        zone_report_missing(call, ZONE, "NAME:SIZE");
        return NULL;
    }
    struct zone *zone = zone_define(call, word, ZONE.size, kind);
    if (zone != NULL) {
        zone->key = template;
    }
    return zone;
}

static bool reject_parameters(const struct setter_call *call, const struct slice *names,
                              size_t count) {
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        bool is_known = false;
        for (size_t k = 0; k < count; k++) {
            is_known |= slice_ends_with(names[k], SLICE("="))
                            ? slice_starts_with(word->text, names[k])
                            : slice_equals(word->text, names[k]);
        }
        if (!is_known) {
            return reject_parameter(call, word, names, count);
        }
    }
    return true;
}

/* Without a unit nginx takes requests in a second, of which a reader cannot be sure. */
static bool read_rate(const struct setter_call *call, const struct word *word, uint64_t *rate) {
    struct slice value = slice_skip(word->text, SLICE("rate=").size);
    bool is_by_minute = slice_ends_with(value, SLICE("r/m"));
    if ((!is_by_minute && !slice_ends_with(value, SLICE("r/s"))) ||
        !slice_parse_u64(slice_take(value, value.size - 3), INT32_MAX, rate) || *rate == 0) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, word, "rate",
                              "write how many requests in a second or a minute: rate=10r/s, "
                              "rate=30r/m");
    }
    *rate = *rate * THOUSANDTHS / (is_by_minute ? SECONDS_PER_MINUTE : 1);
    return true;
}

/* `sync` is of nginx's commercial version, for clusters. */
static void refuse_sync(const struct setter_call *call) {
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        if (slice_equals(word->text, SLICE("sync"))) {
            refuse(call->model, call->statement, word->span, "parameter \"sync\" of \"%s\"",
                   call->directive->name);
        }
    }
}

bool model_set_limit_req_zone(const struct setter_call *call) {
    static const struct slice parameters[] = {SLICE_INIT("zone="), SLICE_INIT("rate="),
                                              SLICE_INIT("sync")};
    const struct word *word = zone_find_parameter(call, 1, SLICE("rate="));
    uint64_t rate = 0;
    refuse_sync(call);
    if (!reject_parameters(call, parameters, sizeof parameters / sizeof parameters[0])) {
        return false;
    }
    if (word == NULL) {
        return zone_report_missing(call, SLICE("rate="), "NUMBERr/s, or rate=NUMBERr/m");
    }
    struct zone *zone = read_rate(call, word, &rate) ? read_zone(call, ZONE_LIMIT_REQ) : NULL;
    if (zone != NULL) {
        zone->rate = rate;
    }
    return zone != NULL;
}

bool model_set_limit_conn_zone(const struct setter_call *call) {
    static const struct slice parameters[] = {SLICE_INIT("zone=")};
    return reject_parameters(call, parameters, 1) && read_zone(call, ZONE_LIMIT_CONN) != NULL;
}

/* --- limits --- */

/* A zone may be named once in a block. */
static bool add_limit(const struct setter_call *call, enum zone_kind kind, const struct word *word,
                      const struct limit_setting *limit) {
    struct limit_list *limits = call->field;
    for (size_t i = 0; i < limits->list.count; i++) {
        if (slice_equals(limits->list.items[i].zone, limit->zone)) {
            struct diagnostic *diagnostic =
                diagnostic_error(call->model->diagnostics, DIAGNOSTIC_DUPLICATE_DIRECTIVE,
                                 word->span, "there is a \"%s\" for the zone \"%.*s\" already",
                                 call->directive->name, SLICE_ARGS(limit->zone));
            diagnostic_note(call->model->arena, diagnostic, limits->list.items[i].statement->span,
                            "first given here");
            return false;
        }
    }
    VECTOR_PUSH(call->model->arena, &limits->list, *limit);
    zone_refer(call, kind, word, limit->zone);
    return true;
}

static bool read_count(const struct setter_call *call, const struct word *word, size_t prefix,
                       uint32_t *count) {
    uint64_t value;
    if (!slice_parse_u64(slice_skip(word->text, prefix), INT32_MAX, &value) || value == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "number of requests",
                            "write a number from 1 to %d, or leave it out for none", INT32_MAX);
    }
    *count = (uint32_t)value;
    return true;
}

/* Of nodelay and delay= the last counts, as in nginx. */
static bool read_parameter(const struct setter_call *call, const struct word *word,
                           struct limit_setting *limit) {
    static const struct slice names[] = {SLICE_INIT("zone="), SLICE_INIT("burst="),
                                         SLICE_INIT("nodelay"), SLICE_INIT("delay=")};
    if (slice_starts_with(word->text, names[0])) {
        limit->zone = slice_skip(word->text, names[0].size);
        return true;
    }
    if (slice_starts_with(word->text, names[1])) {
        return read_count(call, word, names[1].size, &limit->burst);
    }
    if (slice_equals(word->text, names[2])) {
        limit->nodelay = true;
        limit->delay = 0;
        return true;
    }
    if (slice_starts_with(word->text, names[3])) {
        limit->nodelay = false;
        return read_count(call, word, names[3].size, &limit->delay);
    }
    return reject_parameter(call, word, names, sizeof names / sizeof names[0]);
}

bool model_set_limit_req(const struct setter_call *call) {
    struct limit_setting limit = {.statement = call->statement};
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        if (!read_parameter(call, statement_argument(call->statement, i), &limit)) {
            return false;
        }
    }
    const struct word *word = zone_find_parameter(call, 0, ZONE);
    return limit.zone.size > 0 ? add_limit(call, ZONE_LIMIT_REQ, word, &limit)
                               : zone_report_missing(call, ZONE, "NAME");
}

bool model_set_limit_conn(const struct setter_call *call) {
    const struct word *zone = statement_argument(call->statement, 0);
    const struct word *number = statement_argument(call->statement, 1);
    uint64_t most;
    if (!slice_parse_u64(number->text, TABLE_CONNECTION_LIMIT, &most) || most == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, number, "number of connections",
                            "write a number from 1 to %u", TABLE_CONNECTION_LIMIT);
    }
    struct limit_setting limit = {
        .statement = call->statement, .zone = zone->text, .most = (uint32_t)most};
    return add_limit(call, ZONE_LIMIT_CONN, zone, &limit);
}

bool model_set_limit_status(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    uint64_t status;
    if (!slice_parse_u64(word->text, LAST_ERROR, &status) || status < FIRST_ERROR) {
        return reject_value(call, DIAGNOSTIC_INVALID_STATUS, word, "status",
                            "write a status from %d to %d", FIRST_ERROR, LAST_ERROR);
    }
    *(MODEL_TYPE_NUMBER *)call->field = (uint32_t)status;
    return true;
}
