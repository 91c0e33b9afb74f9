/* The Range field (RFC 9110 14.1.2), as nginx reads it. Pure: a text in, numbers out. */
#ifndef FILE_RANGE_H
#define FILE_RANGE_H

#include "base/slice.h"

/* Bytes from `begin` on, up to but not including `end`. */
struct file_range {
    uint64_t begin;
    uint64_t end;
};

enum file_range_result {
    FILE_RANGE_NONE,          /* the whole file is to be sent */
    FILE_RANGE_FOUND,         /* one range at least */
    FILE_RANGE_UNSATISFIABLE, /* 416: malformed, or nothing of it is there */
};

/* How many ranges a value can hold at most. */
size_t file_range_limit(struct slice value);

/* Takes the value apart for a file of `size` bytes, at most INT64_MAX. `ranges` has room for
 * file_range_limit, or for one more than `most`; more than those are as if there were none, and so
 * are ranges that are longer together than the file. */
enum file_range_result file_range_parse(struct slice value, uint64_t size, uint64_t most,
                                        struct file_range *ranges, size_t *count);

#endif
