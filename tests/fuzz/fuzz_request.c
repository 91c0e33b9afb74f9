/* fuzz: runtime */
/* Heads of requests: the end is the same however the bytes arrive; what is accepted lies inside the
 * input, and is accepted alike when written anew from its parts. */
#include "fuzz.h"

#include "http/head.h"

#include <stdio.h>
#include <string.h>

enum { CAPACITY = 64, ANEW_LIMIT = 1 << 20 };

struct arrays {
    struct engine_header items[CAPACITY];
    uint8_t ids[CAPACITY];
};

static size_t find_end(struct slice input, size_t step) {
    size_t scanned = 0;
    size_t end = 0;
    for (size_t arrived = step; end == 0 && arrived < input.size; arrived += step) {
        end = http_head_find_end(input.data, arrived, &scanned);
    }
    return end != 0 ? end : http_head_find_end(input.data, input.size, &scanned);
}

static void check_slices(const struct http_request_head *head, struct slice input) {
    require(lies_inside(head->line, input) && lies_inside(head->method, head->line));
    require(lies_inside(head->target, head->line) && lies_inside(head->host, input));
    for (uint32_t i = 0; i < head->fields.count; i++) {
        struct engine_header field = head->fields.items[i];
        require(lies_inside(field.name, input) && lies_inside(field.value, input));
        require(field.name.size > 0 && slice_find_byte(field.name, ':') == field.name.size);
        require(slice_find_byte(field.value, '\r') == field.value.size);
        require(slice_find_byte(field.value, '\n') == field.value.size);
        require(slice_find_byte(field.value, '\0') == field.value.size);
    }
}

static void check_anew(const struct http_request_head *head,
                       const struct http_header_rules *rules) {
    static char text[ANEW_LIMIT];
    static struct arrays arrays;
    size_t size = (size_t)snprintf(text, sizeof text, "%.*s\r\n", SLICE_ARGS(head->line));
    for (uint32_t i = 0; i < head->fields.count; i++) {
        struct engine_header field = head->fields.items[i];
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*s:%.*s\r\n",
                                 SLICE_ARGS(field.name), SLICE_ARGS(field.value));
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "\r\n");
    struct http_request_head again = {.fields = {arrays.items, arrays.ids, 0, CAPACITY}};
    require(http_parse_request(text, size, rules, &again) == HTTP_PARSE_OK);
    require(again.fields.count == head->fields.count && again.framing == head->framing);
    require(again.content_length == head->content_length && slice_equals(again.host, head->host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct arrays arrays;
    struct slice input = {(const char *)data, size < ANEW_LIMIT / 4 ? size : ANEW_LIMIT / 4};
    uint8_t options = take_last(&input);
    struct http_header_rules rules = {(options & 1) != 0, (options & 2) != 0};
    size_t end = find_end(input, input.size + 1);
    require(find_end(input, 1u + (options >> 2)) == end && end <= input.size);
    struct http_request_head head = {.fields = {arrays.items, arrays.ids, 0, CAPACITY}};
    size_t head_size = end != 0 ? end : input.size;
    enum http_parse_result result = http_parse_request(input.data, head_size, &rules, &head);
    check_slices(&head, input);
    struct slice host = {input.data, 0};
    bool is_found = http_find_host(input.data, head_size, head_size, &host);
    require(lies_inside(host, input));
    if (result == HTTP_PARSE_OK) {
        require(is_found == head.has_host && slice_equals(host, head.host));
    }
    if (result == HTTP_PARSE_OK) {
        require(end != 0 && memcmp(input.data + end - 4, "\r\n\r\n", 4) == 0);
        check_anew(&head, &rules);
    } else {
        require(head.reason != NULL && head.status >= 400 && head.status < 600);
    }
    return 0;
}
