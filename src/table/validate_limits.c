/* Validation of limits: zones that something can be kept in, rates that arithmetic can be done
 * with, and limits that name a zone of their kind. */
#include "table/validate.h"

/* In thousandths: as many requests in a second as a limit_req_zone can say. */
static const uint64_t rate_limit = (uint64_t)INT32_MAX * 1000;

/* What can be mapped anywhere. */
static const uint64_t size_limit = (uint64_t)1 << 40;

static bool check_zone(const struct table_validation *validation, uint32_t record) {
    const struct table_limit_zone *zone = &validation->table->limit_zone[record];
    bool has_rate = zone->kind == TABLE_LIMIT_REQUESTS;
    const char *field = NULL;
    const char *fault = NULL;
    if (zone->size < TABLE_LIMIT_ZONE_MINIMUM || zone->size > size_limit) {
        field = "size", fault = "is out of bounds";
    } else if (zone->rate > rate_limit || has_rate != (zone->rate > 0)) {
        field = "rate", fault = "is out of bounds";
    }
    return fault == NULL ||
           table_refuse(validation, TABLE_SECTION_limit_zone, record, field, fault);
}

static bool is_of_kind(const struct table_validation *validation, uint32_t zone,
                       enum table_limit_kind kind) {
    return validation->table->limit_zone[zone].kind == (uint32_t)kind;
}

static bool check_requests(const struct table_validation *validation, uint32_t record) {
    const struct table_request_limit *limit = &validation->table->request_limit[record];
    const char *field = NULL;
    const char *fault = NULL;
    if (!is_of_kind(validation, limit->zone, TABLE_LIMIT_REQUESTS)) {
        field = "zone", fault = "is of another kind";
    } else if (limit->burst > INT32_MAX) {
        field = "burst", fault = "is out of bounds";
    } else if (limit->delay > INT32_MAX || (limit->nodelay != 0 && limit->delay != 0)) {
        field = "delay", fault = "is out of bounds";
    }
    return fault == NULL ||
           table_refuse(validation, TABLE_SECTION_request_limit, record, field, fault);
}

static bool check_connections(const struct table_validation *validation, uint32_t record) {
    const struct table_connection_limit *limit = &validation->table->connection_limit[record];
    if (!is_of_kind(validation, limit->zone, TABLE_LIMIT_CONNECTIONS)) {
        return table_refuse(validation, TABLE_SECTION_connection_limit, record, "zone",
                            "is of another kind");
    }
    return (limit->most > 0 && limit->most <= TABLE_CONNECTION_LIMIT) ||
           table_refuse(validation, TABLE_SECTION_connection_limit, record, "most",
                        "is out of bounds");
}

bool table_validate_limits(const struct table_validation *validation) {
    static const struct table_rule rules[] = {
        {TABLE_SECTION_limit_zone, check_zone},
        {TABLE_SECTION_request_limit, check_requests},
        {TABLE_SECTION_connection_limit, check_connections},
    };
    return table_apply_rules(validation, rules, sizeof rules / sizeof rules[0]);
}
