/* What of a file is sent: all of it, a range, or several, each with a head of its own (RFC 9110
 * 14.6). */
#include "file/internal.h"

#include "http/condition.h"

#include <stdio.h>
#include <sys/random.h>

enum { STATUS_OK = 200, STATUS_PARTIAL = 206, STATUS_NOT_SATISFIABLE = 416, STATUS_FAILED = 500 };

/* The longest of three numbers, and the words around them. */
enum { RANGE_TEXT_SIZE = 96, BOUNDARY_SIZE = 20 };

static bool add_content_range(struct file_answer *answer, const char *text, int size) {
    return size > 0 && exchange_add_field(answer->exchange, SLICE("Content-Range"),
                                          (struct slice){text, (size_t)size});
}

static uint32_t send_all(struct file_answer *answer) {
    answer->parts[0] = (struct file_part){.range = {0, answer->view.size}};
    answer->part_count = 1;
    answer->exchange->response.length = answer->view.size;
    return 0;
}

static uint32_t send_one(struct file_answer *answer, const struct file_range *range) {
    struct exchange *exchange = answer->exchange;
    char *text = arena_allocate_bytes(&exchange->arena, RANGE_TEXT_SIZE);
    if (text == NULL) {
        return STATUS_FAILED;
    }
    int size =
        snprintf(text, RANGE_TEXT_SIZE, "bytes %llu-%llu/%llu", (unsigned long long)range->begin,
                 (unsigned long long)range->end - 1, (unsigned long long)answer->view.size);
    answer->parts[0] = (struct file_part){.range = *range};
    answer->part_count = 1;
    exchange->response.length = range->end - range->begin;
    return add_content_range(answer, text, size) ? 0 : STATUS_FAILED;
}

/* What nobody can guess who writes what is in the file. */
static bool make_boundary(char text[BOUNDARY_SIZE + 1]) {
    uint64_t number;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) {
        return false;
    }
    return snprintf(text, BOUNDARY_SIZE + 1, "%020llu", (unsigned long long)number) ==
           BOUNDARY_SIZE;
}

/* The head of one range. */
static bool add_head(struct file_answer *answer, const char *boundary, struct slice type,
                     const struct file_range *range) {
    size_t room = RANGE_TEXT_SIZE + BOUNDARY_SIZE + 64 + type.size;
    char *text = arena_allocate_bytes(&answer->exchange->arena, room);
    if (text == NULL) {
        return false;
    }
    int size =
        snprintf(text, room, "\r\n--%s\r\n%s%.*s%sContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
                 boundary, type.size > 0 ? "Content-Type: " : "", SLICE_ARGS(type),
                 type.size > 0 ? "\r\n" : "", (unsigned long long)range->begin,
                 (unsigned long long)range->end - 1, (unsigned long long)answer->view.size);
    struct slice head = {text, (size_t)size};
    answer->parts[answer->part_count++] = (struct file_part){.text = head};
    answer->parts[answer->part_count++] = (struct file_part){.range = *range};
    answer->exchange->response.length += head.size + (range->end - range->begin);
    return true;
}

static uint32_t send_several(struct file_answer *answer, const struct file_range *ranges,
                             size_t count, struct slice *type) {
    struct exchange *exchange = answer->exchange;
    char boundary[BOUNDARY_SIZE + 1];
    if (!make_boundary(boundary)) {
        return STATUS_FAILED;
    }
    exchange->response.length = 0;
    for (size_t i = 0; i < count; i++) {
        if (!add_head(answer, boundary, *type, &ranges[i])) {
            return STATUS_FAILED;
        }
    }
    char *text = arena_allocate_bytes(&exchange->arena, RANGE_TEXT_SIZE);
    char *end = arena_allocate_bytes(&exchange->arena, RANGE_TEXT_SIZE);
    if (text == NULL || end == NULL) {
        return STATUS_FAILED;
    }
    int size = snprintf(text, RANGE_TEXT_SIZE, "multipart/byteranges; boundary=%s", boundary);
    *type = (struct slice){text, (size_t)size};
    size = snprintf(end, RANGE_TEXT_SIZE, "\r\n--%s--\r\n", boundary);
    struct slice last = {end, (size_t)size};
    answer->parts[answer->part_count++] = (struct file_part){.text = last};
    exchange->response.length += last.size;
    return 0;
}

/* The page of 416 says how large the file is. */
static uint32_t refuse(struct file_answer *answer) {
    struct exchange *exchange = answer->exchange;
    struct exchange_lasting_field *field = arena_allocate(&exchange->arena, sizeof *field);
    char *text = arena_allocate_bytes(&exchange->arena, RANGE_TEXT_SIZE);
    if (field == NULL || text == NULL) {
        return STATUS_FAILED;
    }
    int size =
        snprintf(text, RANGE_TEXT_SIZE, "bytes */%llu", (unsigned long long)answer->view.size);
    field->header = (struct engine_header){SLICE("Content-Range"), {text, (size_t)size}};
    field->next = exchange->lasting_fields;
    exchange->lasting_fields = field;
    return STATUS_NOT_SATISFIABLE;
}

/* What the client asks for and may have. */
struct wanted {
    struct file_range *ranges;
    size_t count;
    enum file_range_result result;
};

/* False without memory. */
static bool find_ranges(struct file_answer *answer, struct slice etag, struct slice value,
                        struct wanted *wanted) {
    struct exchange *exchange = answer->exchange;
    const struct http_validators validators = {etag, answer->view.modified};
    uint64_t most = exchange->request.settings->max_ranges;
    if (!http_condition_keeps_range(exchange, &validators)) {
        return true;
    }
    size_t limit = file_range_limit(value);
    limit = limit > most ? (size_t)most + 1 : limit;
    wanted->ranges = arena_allocate(&exchange->arena, limit * sizeof *wanted->ranges);
    if (wanted->ranges == NULL) {
        return false;
    }
    wanted->result =
        file_range_parse(value, answer->view.size, most, wanted->ranges, &wanted->count);
    return true;
}

/* What is compressed or decompressed on its way has no parts. */
static bool will_be_recoded(struct file_answer *answer, struct slice etag, struct slice type) {
    struct engine_header fields[4] = {
        {SLICE("Content-Type"), type},
        {SLICE("Last-Modified"), SLICE("")},
    };
    uint32_t count = 2;
    if (etag.data != NULL) {
        fields[count++] = (struct engine_header){SLICE("ETag"), etag};
    }
    if (answer->is_compressed) {
        fields[count++] = (struct engine_header){SLICE("Content-Encoding"), SLICE("gzip")};
    }
    answer->exchange->response.length = answer->view.size;
    return exchange_will_recode(answer->exchange, fields, count);
}

uint32_t file_choose_parts(struct file_answer *answer, struct slice etag, struct slice *type) {
    struct exchange *exchange = answer->exchange;
    struct wanted wanted = {.result = FILE_RANGE_NONE};
    struct slice value = SLICE("");
    bool is_divisible = exchange->response.status == STATUS_OK && exchange->main == NULL &&
                        exchange->request.settings->max_ranges > 0;
    bool has_range = is_divisible && http_condition_find(exchange, HTTP_FIELD_RANGE, &value) &&
                     !will_be_recoded(answer, etag, *type);
    if (has_range && !find_ranges(answer, etag, value, &wanted)) {
        return STATUS_FAILED;
    }
    if (wanted.result == FILE_RANGE_UNSATISFIABLE) {
        return refuse(answer);
    }
    bool is_partial = wanted.result == FILE_RANGE_FOUND;
    size_t parts = is_partial ? 2 * wanted.count + 1 : 1;
    answer->parts = arena_allocate(&exchange->arena, parts * sizeof *answer->parts);
    if (answer->parts == NULL) {
        return STATUS_FAILED;
    }
    if (is_partial) {
        exchange->response.status = STATUS_PARTIAL;
        return wanted.count == 1 ? send_one(answer, wanted.ranges)
                                 : send_several(answer, wanted.ranges, wanted.count, type);
    }
    if (is_divisible && !exchange_add_field(exchange, SLICE("Accept-Ranges"), SLICE("bytes"))) {
        return STATUS_FAILED;
    }
    return send_all(answer);
}
