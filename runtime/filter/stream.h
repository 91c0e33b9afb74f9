/* Compression of a body on its way: bytes in, bytes out, no I/O. A stream has memory of its own, in
 * one piece of a size that is known beforehand, and nothing else of it grows: whoever gives it
 * little room for output gets little output, however much a small input may stand for. */
#ifndef FILTER_STREAM_H
#define FILTER_STREAM_H

#include "base/slice.h"

struct filter_stream;

struct filter_gzip_options {
    uint32_t level;  /* 1 to 9 */
    uint64_t window; /* bytes, a power of two from 512 to 32768 */
    uint64_t hash;   /* bytes, a power of two from 512 to 131072 */
    uint64_t length; /* of the body, when it is known: a short one needs less memory; else 0 */
};

/* A stream that compresses into the format gzip (RFC 1952); NULL without memory. */
__attribute__((warn_unused_result)) struct filter_stream *
filter_gzip_create(const struct filter_gzip_options *options);

/* One that decompresses it, several members one after the other included. */
__attribute__((warn_unused_result)) struct filter_stream *filter_gunzip_create(void);

/* NULL is allowed. */
void filter_stream_destroy(struct filter_stream *stream);

enum filter_end {
    FILTER_MORE,  /* further input follows; what it becomes may be kept for later */
    FILTER_FLUSH, /* what the input so far stands for is wanted now */
    FILTER_LAST,  /* nothing follows */
};

enum filter_result {
    FILTER_HUNGRY, /* all input was taken; FLUSH and LAST: and all of its output is there */
    FILTER_FULL,   /* there is no room for more output: to be called again, with what is left */
    FILTER_BROKEN, /* gunzip: the input is not in the format, or ended too early */
};

/* Takes from the beginning of `input`, which is moved on, and writes at most `room` bytes to
 * `output`; `*made` is how many. After FILTER_BROKEN, and LAST with FILTER_HUNGRY, the stream is
 * only to be destroyed. `room` is not 0. */
enum filter_result filter_stream_run(struct filter_stream *stream, struct slice *input,
                                     enum filter_end end, char *output, size_t room, size_t *made);

/* Bytes taken and made so far. */
uint64_t filter_stream_taken(const struct filter_stream *stream);
uint64_t filter_stream_made(const struct filter_stream *stream);

#endif
