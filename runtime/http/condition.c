/* Whether what a client has already, or wants only of what it knows, is what there is. */
#include "http/condition.h"

#include "engine/http_date.h"

enum { NOT_MODIFIED = 304, PRECONDITION_FAILED = 412 };

bool http_condition_find(const struct exchange *exchange, enum http_field id, struct slice *value) {
    const struct http_fields *fields = &exchange->head.fields;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->ids[i] == (uint8_t)id) {
            *value = fields->items[i].value;
            return true;
        }
    }
    return false;
}

static struct slice without_weakness(struct slice tag) {
    return tag.size > 2 && slice_starts_with(tag, SLICE("W/")) ? slice_skip(tag, 2) : tag;
}

static bool is_separator(char byte) {
    return byte == ' ' || byte == '\t' || byte == ',';
}

/* Whether a list of tags has `etag` in it. With `is_weak` marks of weakness do not count. */
static bool list_has_tag(struct slice list, struct slice etag, bool is_weak) {
    while (list.size > 0) {
        struct slice rest = is_weak ? without_weakness(list) : list;
        if (slice_starts_with(rest, etag)) {
            rest = slice_skip(rest, etag.size);
            while (rest.size > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t')) {
                rest = slice_skip(rest, 1);
            }
            if (rest.size == 0 || rest.data[0] == ',') {
                return true;
            }
        }
        list = slice_skip(rest, slice_find_byte(rest, ','));
        while (list.size > 0 && is_separator(list.data[0])) {
            list = slice_skip(list, 1);
        }
    }
    return false;
}

/* Whether some field of that kind names the tag, or any. */
static bool matches(const struct exchange *exchange, enum http_field id, struct slice etag,
                    bool is_weak) {
    const struct http_fields *fields = &exchange->head.fields;
    etag = is_weak ? without_weakness(etag) : etag;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->ids[i] != (uint8_t)id) {
            continue;
        }
        struct slice value = fields->items[i].value;
        if (slice_equals(value, SLICE("*")) ||
            (etag.data != NULL && list_has_tag(value, etag, is_weak))) {
            return true;
        }
    }
    return false;
}

static bool is_unmodified_since(struct slice value, int64_t modified) {
    int64_t since;
    return modified != HTTP_NOT_MODIFIED && http_date_parse(value, &since) && since >= modified;
}

static bool is_modified_since(const struct exchange *exchange, struct slice value,
                              int64_t modified) {
    uint32_t mode = exchange->request.settings->if_modified_since;
    int64_t since;
    if (modified == HTTP_NOT_MODIFIED || mode == TABLE_MODIFIED_OFF) {
        return true;
    }
    if (!http_date_parse(value, &since)) {
        since = HTTP_NOT_MODIFIED;
    }
    return since != modified && (mode == TABLE_MODIFIED_EXACT || since < modified);
}

/* Most requests have no such field; one look at them all tells. */
static bool has_any(const struct exchange *exchange) {
    const struct http_fields *fields = &exchange->head.fields;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->ids[i] >= HTTP_FIELD_IF_MATCH &&
            fields->ids[i] <= HTTP_FIELD_IF_UNMODIFIED_SINCE) {
            return true;
        }
    }
    return false;
}

uint32_t http_condition_test(const struct exchange *exchange,
                             const struct http_validators *validators) {
    if (exchange->main != NULL) {
        return 0; /* what a subrequest answers is nobody's copy */
    }
    struct slice value;
    if (!has_any(exchange)) {
        return 0;
    }
    if (http_condition_find(exchange, HTTP_FIELD_IF_UNMODIFIED_SINCE, &value) &&
        !is_unmodified_since(value, validators->modified)) {
        return PRECONDITION_FAILED;
    }
    if (http_condition_find(exchange, HTTP_FIELD_IF_MATCH, &value) &&
        !matches(exchange, HTTP_FIELD_IF_MATCH, validators->etag, false)) {
        return PRECONDITION_FAILED;
    }
    bool has_since = http_condition_find(exchange, HTTP_FIELD_IF_MODIFIED_SINCE, &value);
    if (has_since && is_modified_since(exchange, value, validators->modified)) {
        return 0;
    }
    bool has_tags = http_condition_find(exchange, HTTP_FIELD_IF_NONE_MATCH, &value);
    if (has_tags && !matches(exchange, HTTP_FIELD_IF_NONE_MATCH, validators->etag, true)) {
        return 0;
    }
    return has_since || has_tags ? NOT_MODIFIED : 0;
}

/* As nginx: what ends in a quote is a tag and must be the very same, anything else a time. */
bool http_condition_keeps_range(const struct exchange *exchange,
                                const struct http_validators *validators) {
    struct slice value;
    int64_t time;
    if (!http_condition_find(exchange, HTTP_FIELD_IF_RANGE, &value)) {
        return true;
    }
    if (value.size >= 2 && slice_ends_with(value, SLICE("\""))) {
        return validators->etag.data != NULL && slice_equals(value, validators->etag);
    }
    return validators->modified != HTTP_NOT_MODIFIED && http_date_parse(value, &time) &&
           time == validators->modified;
}
