/* zlib with memory that is allocated once, beside the stream. */
#include "filter/stream.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    STATE_SIZE = 8192,      /* zlib's own state takes about 6 KB to compress, 7 to decompress */
    WINDOW_BITS_LEAST = 9,  /* of 512 bytes */
    WINDOW_SLACK = 262,     /* by which zlib's window is smaller than its name says */
    MEMORY_LEVEL_LEAST = 1, /* a hash of 512 bytes */
    GZIP_FORMAT = 16,       /* added to the bits of the window */
    ALIGNMENT = 16,
};

struct filter_stream {
    z_stream zlib;
    int (*step)(z_stream *zlib, int flush);
    int (*end)(z_stream *zlib);
    bool is_gunzip;
    bool is_between;    /* gunzip: a member has ended, and nothing has come since */
    bool owes;          /* there was no room for output: there may be more without input */
    bool has_unflushed; /* gzip: input since the last FILTER_FLUSH */
    uint64_t taken;
    uint64_t made;
    size_t memory_size;
    size_t memory_used;
    _Alignas(ALIGNMENT) char memory[];
};

/* --- memory --- */

static void *take_memory(void *owner, unsigned count, unsigned size) {
    struct filter_stream *stream = owner;
    size_t wanted = ((size_t)count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (stream->memory_size - stream->memory_used < wanted) {
        return malloc(wanted); /* another zlib than the sizes were measured with */
    }
    void *memory = stream->memory + stream->memory_used;
    stream->memory_used += wanted;
    return memory;
}

static void give_memory(void *owner, void *memory) {
    struct filter_stream *stream = owner;
    char *at = memory;
    if (at < stream->memory || at >= stream->memory + stream->memory_size) {
        free(memory);
    }
}

static struct filter_stream *create(size_t memory_size) {
    struct filter_stream *stream = malloc(sizeof *stream + memory_size);
    if (stream != NULL) {
        *stream = (struct filter_stream){.memory_size = memory_size};
        stream->zlib.zalloc = take_memory;
        stream->zlib.zfree = give_memory;
        stream->zlib.opaque = stream;
    }
    return stream;
}

void filter_stream_destroy(struct filter_stream *stream) {
    if (stream != NULL) {
        (void)stream->end(&stream->zlib);
        free(stream);
    }
}

/* --- kinds --- */

static int log2_of(uint64_t size) {
    return 63 - __builtin_clzll(size | 1);
}

/* As nginx: no larger than the body needs. */
struct filter_stream *filter_gzip_create(const struct filter_gzip_options *options) {
    int bits = log2_of(options->window);
    int level = log2_of(options->hash) - 8;
    while (options->length > 0 && bits > WINDOW_BITS_LEAST &&
           options->length + WINDOW_SLACK < (uint64_t)1 << (bits - 1)) {
        bits--;
        level -= level > MEMORY_LEVEL_LEAST;
    }
    struct filter_stream *stream =
        create(STATE_SIZE + ((size_t)1 << (bits + 2)) + ((size_t)1 << (level + 9)));
    if (stream == NULL) {
        return NULL;
    }
    stream->step = deflate;
    stream->end = deflateEnd;
    if (deflateInit2(&stream->zlib, (int)options->level, Z_DEFLATED, bits + GZIP_FORMAT, level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

struct filter_stream *filter_gunzip_create(void) {
    struct filter_stream *stream = create(STATE_SIZE + ((size_t)1 << MAX_WBITS));
    if (stream == NULL) {
        return NULL;
    }
    stream->step = inflate;
    stream->end = inflateEnd;
    stream->is_gunzip = true;
    stream->is_between = true;
    if (inflateInit2(&stream->zlib, MAX_WBITS + GZIP_FORMAT) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

/* --- running --- */

/* One call of zlib, whose counters are smaller than those here. */
static int step(struct filter_stream *stream, struct slice *input, int flush, char *output,
                size_t room, size_t *made) {
    z_stream *zlib = &stream->zlib;
    unsigned size = input->size < UINT_MAX ? (unsigned)input->size : UINT_MAX;
    unsigned space = room < UINT_MAX ? (unsigned)room : UINT_MAX;
    zlib->next_in = (z_const Bytef *)(uintptr_t)(size > 0 ? input->data : "");
    zlib->avail_in = size;
    zlib->next_out = (Bytef *)output;
    zlib->avail_out = space;
    int result = stream->step(zlib, flush);
    stream->taken += size - zlib->avail_in;
    stream->made += space - zlib->avail_out;
    *made += space - zlib->avail_out;
    *input = slice_skip(*input, size - zlib->avail_in);
    return result;
}

static const int flushes[] = {
    [FILTER_MORE] = Z_NO_FLUSH, [FILTER_FLUSH] = Z_SYNC_FLUSH, [FILTER_LAST] = Z_FINISH};

static enum filter_result compress_input(struct filter_stream *stream, struct slice *input,
                                         enum filter_end end, char *output, size_t room,
                                         size_t *made) {
    stream->has_unflushed = stream->has_unflushed || input->size > 0;
    for (;;) {
        bool has_work = input->size > 0 || stream->owes || end == FILTER_LAST ||
                        (end == FILTER_FLUSH && stream->has_unflushed);
        if (!has_work) {
            return FILTER_HUNGRY;
        }
        if (*made == room) {
            return FILTER_FULL;
        }
        int result = step(stream, input, flushes[end], output + *made, room - *made, made);
        if (result == Z_STREAM_ERROR) {
            return FILTER_BROKEN;
        }
        stream->owes = *made == room && result != Z_STREAM_END;
        if (result == Z_STREAM_END) {
            return FILTER_HUNGRY;
        }
        if (!stream->owes && input->size == 0) {
            stream->has_unflushed = stream->has_unflushed && end != FILTER_FLUSH;
        }
    }
}

/* What follows a member is another one. */
static bool begin_member(struct filter_stream *stream) {
    bool is_first = stream->taken == 0;
    stream->is_between = false;
    return is_first || inflateReset(&stream->zlib) == Z_OK;
}

static enum filter_result decompress_input(struct filter_stream *stream, struct slice *input,
                                           enum filter_end end, char *output, size_t room,
                                           size_t *made) {
    while (input->size > 0 || stream->owes) {
        if (*made == room) {
            return FILTER_FULL;
        }
        if (stream->is_between && !begin_member(stream)) {
            return FILTER_BROKEN;
        }
        int result = step(stream, input, Z_NO_FLUSH, output + *made, room - *made, made);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            return FILTER_BROKEN;
        }
        stream->is_between = result == Z_STREAM_END;
        stream->owes = *made == room && !stream->is_between;
    }
    return end == FILTER_LAST && !stream->is_between ? FILTER_BROKEN : FILTER_HUNGRY;
}

enum filter_result filter_stream_run(struct filter_stream *stream, struct slice *input,
                                     enum filter_end end, char *output, size_t room, size_t *made) {
    *made = 0;
    return stream->is_gunzip ? decompress_input(stream, input, end, output, room, made)
                             : compress_input(stream, input, end, output, room, made);
}

uint64_t filter_stream_taken(const struct filter_stream *stream) {
    return stream->taken;
}

uint64_t filter_stream_made(const struct filter_stream *stream) {
    return stream->made;
}
