/* Validation of how upstream groups choose their peers: methods, their keys, and what is told to
 * clients so that they keep to a peer. */
#include "table/validate.h"

static bool check_upstream(const struct table_validation *validation, uint32_t record) {
    const struct table_upstream *upstream = &validation->table->upstream[record];
    bool needs_key =
        upstream->method == TABLE_BALANCE_HASH || upstream->method == TABLE_BALANCE_HASH_CONSISTENT;
    return needs_key == (upstream->hash_key != TABLE_NONE) ||
           table_refuse(validation, TABLE_SECTION_upstream, record, "hash_key",
                        "must be there exactly when the method is a hash");
}

/* RFC 6265, 4.1.1: cookie-octet. */
static bool is_cookie_byte(unsigned char byte) {
    return byte > ' ' && byte < 0x7f && byte != '"' && byte != ',' && byte != ';' && byte != '\\';
}

static bool check_peer(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    struct slice route = table_text(table, table->peer[record].route);
    bool is_sound = route.size <= TABLE_ROUTE_LIMIT;
    for (size_t i = 0; is_sound && i < route.size; i++) {
        is_sound = is_cookie_byte((unsigned char)route.data[i]);
    }
    return is_sound || table_refuse(validation, TABLE_SECTION_peer, record, "route",
                                    "cannot be the value of a cookie");
}

/* RFC 9110, 5.5. */
static bool is_field_value(struct slice text) {
    bool is_sound = text.size <= TABLE_NAME_LIMIT;
    for (size_t i = 0; is_sound && i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        is_sound = (byte >= ' ' && byte != 0x7f) || byte == '\t';
    }
    return is_sound;
}

static bool check_sticky(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    const struct table_sticky *sticky = &table->sticky[record];
    const char *field = NULL;
    const char *fault = NULL;
    if (sticky->lookups.count == 0) {
        field = "lookups", fault = "are none";
    } else if (sticky->cookie.length > 0 && !table_is_token(table_text(table, sticky->cookie))) {
        field = "cookie", fault = "is not the name of a cookie";
    } else if (sticky->max_age > TABLE_COOKIE_AGE_LIMIT) {
        field = "max_age", fault = "is too large";
    } else if (!is_field_value(table_text(table, sticky->path))) {
        field = "path", fault = "cannot stand in a header field";
    }
    return fault == NULL || table_refuse(validation, TABLE_SECTION_sticky, record, field, fault);
}

bool table_validate_balancing(const struct table_validation *validation) {
    static const struct table_rule rules[] = {
        {TABLE_SECTION_upstream, check_upstream},
        {TABLE_SECTION_peer, check_peer},
        {TABLE_SECTION_sticky, check_sticky},
    };
    return table_apply_rules(validation, rules, sizeof rules / sizeof rules[0]);
}
