/* Answers to probes. */
#include "proxy/probe_answer.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_LIMIT = 32 * 1024, LEAST_ROOM = 2048, FIRST_CAPACITY = 4096 };

/* The head's fields point into the bytes. */
static void move_fields(struct http_response_head *head, const char *old, const char *new) {
    for (uint32_t i = 0; i < head->fields.count; i++) {
        struct engine_header *field = &head->fields.items[i];
        field->name.data = new + (field->name.data - old);
        field->value.data = new + (field->value.data - old);
    }
}

char *probe_answer_room(struct probe_answer *answer, size_t *size) {
    if (answer->capacity - answer->size < LEAST_ROOM) {
        size_t capacity = answer->capacity == 0 ? FIRST_CAPACITY : answer->capacity * 2;
        char *bytes = malloc(capacity);
        if (bytes == NULL) {
            return NULL;
        }
        if (answer->size > 0) {
            memcpy(bytes, answer->bytes, answer->size);
        }
        if (answer->has_head) {
            move_fields(&answer->head, answer->bytes, bytes);
        }
        free(answer->bytes);
        answer->bytes = bytes;
        answer->capacity = capacity;
    }
    *size = answer->capacity - answer->size;
    return answer->bytes + answer->size;
}

static enum probe_progress break_off(struct probe_answer *answer, const char *reason) {
    answer->reason = reason;
    return PROBE_BROKEN;
}

/* --- the body --- */

/* Decoded bytes join those that are there; `data` lies in the same memory, not before its place. */
static void add_body(struct probe_answer *answer, struct slice data) {
    if (data.size > 0) {
        memmove(answer->bytes + answer->body_begin + answer->body_size, data.data, data.size);
        answer->body_size += data.size;
    }
}

static enum probe_progress take_length(struct probe_answer *answer, struct slice input) {
    struct slice data = slice_take(input, answer->remaining);
    add_body(answer, data);
    answer->remaining -= data.size;
    answer->is_whole = answer->remaining == 0 && data.size == input.size;
    return answer->remaining == 0 ? PROBE_DONE : PROBE_MORE;
}

static enum probe_progress take_chunks(struct probe_answer *answer, struct slice input) {
    for (;;) {
        size_t consumed;
        struct slice data;
        enum http_chunked_result result =
            http_chunked_decode(&answer->chunked, input, &consumed, &data);
        input = slice_skip(input, consumed);
        switch (result) {
        case HTTP_CHUNKED_DATA:
            add_body(answer, data);
            break;
        case HTTP_CHUNKED_TRAILER:
            break;
        case HTTP_CHUNKED_MORE:
            return PROBE_MORE;
        case HTTP_CHUNKED_END:
            answer->is_whole = input.size == 0;
            return PROBE_DONE;
        case HTTP_CHUNKED_BAD:
            return break_off(answer, "invalid chunk");
        }
    }
}

static enum probe_progress take_framed(struct probe_answer *answer, struct slice input) {
    switch (answer->head.framing) {
    case HTTP_BODY_LENGTH:
        return take_length(answer, input);
    case HTTP_BODY_CHUNKED:
        return take_chunks(answer, input);
    case HTTP_BODY_UNTIL_CLOSE:
        add_body(answer, input);
        return PROBE_MORE;
    case HTTP_BODY_NONE:
        break;
    }
    answer->is_whole = input.size == 0;
    return PROBE_DONE;
}

/* The bytes from `from` on are of the body. */
static enum probe_progress take_body(struct probe_answer *answer, size_t from) {
    struct slice input = {answer->bytes + from, answer->size - from};
    enum probe_progress progress = take_framed(answer, input);
    answer->size = answer->body_begin + answer->body_size;
    bool is_enough = answer->body_size >= answer->body_limit;
    return progress == PROBE_MORE && is_enough ? PROBE_DONE : progress;
}

/* --- the head --- */

/* An interim response (RFC 9110 15.2) is dropped. 101 is no such thing: nobody has asked for it. */
static bool is_interim(const struct http_response_head *head) {
    return head->status < 200 && head->status != 101;
}

static enum probe_progress use_head(struct probe_answer *answer, size_t size, bool wants_body) {
    const struct http_response_head *head = &answer->head;
    answer->has_head = true;
    answer->body_begin = size;
    answer->remaining = head->content_length;
    http_chunked_init(&answer->chunked);
    bool is_empty = head->framing == HTTP_BODY_NONE ||
                    (head->framing == HTTP_BODY_LENGTH && head->content_length == 0);
    if (!wants_body || is_empty) {
        answer->is_whole = is_empty && answer->size == size;
        answer->size = size;
        return PROBE_DONE;
    }
    return take_body(answer, size);
}

static void drop(struct probe_answer *answer, size_t size) {
    answer->size -= size;
    answer->scanned = 0;
    memmove(answer->bytes, answer->bytes + size, answer->size);
}

static enum probe_progress take_head(struct probe_answer *answer, bool wants_body) {
    size_t size;
    while ((size = http_head_find_end(answer->bytes, answer->size, &answer->scanned)) > 0) {
        answer->head = (struct http_response_head){.fields = {.items = answer->fields,
                                                              .ids = answer->field_ids,
                                                              .capacity = PROBE_FIELDS_LIMIT}};
        switch (http_parse_response(answer->bytes, size, false, &answer->head)) {
        case HTTP_PARSE_BAD:
            return break_off(answer, answer->head.reason);
        case HTTP_PARSE_TOO_MANY_FIELDS:
            return break_off(answer, "too many header fields");
        case HTTP_PARSE_OK:
            break;
        }
        if (!is_interim(&answer->head)) {
            return use_head(answer, size, wants_body);
        }
        drop(answer, size);
    }
    return answer->size < HEAD_LIMIT ? PROBE_MORE : break_off(answer, "too large a header");
}

enum probe_progress probe_answer_take(struct probe_answer *answer, size_t count, bool wants_body) {
    size_t before = answer->size;
    answer->size += count;
    return answer->has_head ? take_body(answer, before) : take_head(answer, wants_body);
}

enum probe_progress probe_answer_end(struct probe_answer *answer) {
    if (answer->has_head && answer->head.framing == HTTP_BODY_UNTIL_CLOSE) {
        return PROBE_DONE;
    }
    return break_off(answer, "the connection was closed too early");
}

struct slice probe_answer_body(const struct probe_answer *answer) {
    size_t size = answer->body_size < answer->body_limit ? answer->body_size : answer->body_limit;
    return answer->has_head ? (struct slice){answer->bytes + answer->body_begin, size} : SLICE("");
}

void probe_answer_release(struct probe_answer *answer) {
    free(answer->bytes);
    answer->bytes = NULL;
}
