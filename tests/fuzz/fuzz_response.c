/* fuzz: runtime */
/* Heads of responses: what is accepted lies inside the input, is a whole head, and has one way to
 * be framed. */
#include "fuzz.h"

#include "http/head.h"

#include <string.h>

enum { CAPACITY = 64 };

static uint32_t count_fields(const struct http_fields *fields, enum http_field id) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        count += fields->ids[i] == id;
        require(http_field_find(fields->items[i].name) == fields->ids[i]);
    }
    return count;
}

static void check_framing(const struct http_response_head *head, bool to_head) {
    uint32_t lengths = count_fields(&head->fields, HTTP_FIELD_CONTENT_LENGTH);
    uint32_t codings = count_fields(&head->fields, HTTP_FIELD_TRANSFER_ENCODING);
    bool has_body = !to_head && head->status >= 200 && head->status != 204 && head->status != 304;
    require(lengths + codings <= 1 && (codings == 0 || head->minor == 1));
    require(has_body == (head->framing != HTTP_BODY_NONE));
    require(head->has_content_length == (lengths == 1));
    if (has_body) {
        require((head->framing == HTTP_BODY_LENGTH) == (lengths == 1));
        require((head->framing == HTTP_BODY_CHUNKED) == (codings == 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct engine_header items[CAPACITY];
    static uint8_t ids[CAPACITY];
    struct slice input = {(const char *)data, size};
    bool to_head = (take_last(&input) & 1) != 0;
    size_t scanned = 0;
    size_t end = http_head_find_end(input.data, input.size, &scanned);
    size_t head_size = end != 0 ? end : input.size;
    struct http_response_head head = {.fields = {items, ids, 0, CAPACITY}};
    enum http_parse_result result = http_parse_response(input.data, head_size, to_head, &head);
    require(lies_inside(head.reason_phrase, input));
    for (uint32_t i = 0; i < head.fields.count; i++) {
        require(lies_inside(items[i].name, input) && lies_inside(items[i].value, input));
        require(slice_find_byte(items[i].value, '\n') == items[i].value.size);
    }
    if (result == HTTP_PARSE_OK) {
        require(end != 0 && memcmp(input.data + end - 4, "\r\n\r\n", 4) == 0);
        require(head.status >= 100 && head.status <= 999 && head.minor <= 1);
        check_framing(&head, to_head);
    } else {
        require(head.reason != NULL);
    }
    return 0;
}
