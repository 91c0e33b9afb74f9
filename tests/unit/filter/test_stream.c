/* Streams: what was compressed comes back, whatever the sizes of pieces and of room; what is no
 * gzip is found out; memory is one piece, given back. */
#include "unit.h"

#include <stdlib.h>

/* Allocations that are still out, and how many more there may be; negative: any. */
static int allocated;
static int allowed = -1;

static void *count_malloc(size_t size) {
    if (allowed == 0) {
        return NULL;
    }
    allowed -= allowed > 0;
    allocated++;
    return malloc(size);
}

static void count_free(void *memory) {
    allocated -= memory != NULL;
    free(memory);
}

#define malloc count_malloc
#define free count_free
#include "../../../runtime/filter/stream.c"
#undef malloc
#undef free

#include <string.h>

enum { TEXT_SIZE = 300000, OUT_SIZE = 2 * TEXT_SIZE };

static char text[TEXT_SIZE];
static char packed[OUT_SIZE];
static char unpacked[OUT_SIZE];

static const struct filter_gzip_options usual = {.level = 1, .window = 32768, .hash = 65536};

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static void make_text(void) {
    static const char *const words[] = {"one ", "two ", "<p>", "three\n", "&amp;", "x"};
    uint32_t seed = 1;
    for (size_t at = 0; at < TEXT_SIZE;) {
        const char *word = words[next_random(&seed) % 6];
        for (size_t i = 0; word[i] != '\0' && at < TEXT_SIZE; i++) {
            text[at++] = word[i];
        }
    }
}

/* Runs it all through, in pieces and room of sizes that follow from `seed` (0: as large as can be);
 * the size of the output, or SIZE_MAX for FILTER_BROKEN. */
static size_t run_all(struct filter_stream *stream, struct slice input, uint32_t seed,
                      char *output) {
    size_t size = 0;
    for (;;) {
        size_t piece_size = seed == 0 ? input.size : next_random(&seed) % 5000;
        piece_size = piece_size < input.size ? piece_size : input.size;
        struct slice piece = slice_take(input, piece_size);
        bool last = piece_size == input.size;
        bool flush = seed != 0 && next_random(&seed) % 8 == 0;
        enum filter_end end = last ? FILTER_LAST : flush ? FILTER_FLUSH : FILTER_MORE;
        enum filter_result result;
        do {
            size_t room = seed == 0 ? OUT_SIZE - size : 1 + next_random(&seed) % 3000;
            size_t made;
            result = filter_stream_run(stream, &piece, end, output + size, room, &made);
            CU_ASSERT_TRUE(made <= room);
            size += made;
        } while (result == FILTER_FULL);
        if (result == FILTER_BROKEN) {
            return SIZE_MAX;
        }
        CU_ASSERT_EQUAL_FATAL(piece.size, 0);
        input = slice_skip(input, piece_size);
        if (last) {
            return size;
        }
    }
}

static size_t pack(const struct filter_gzip_options *options, struct slice input, uint32_t seed) {
    struct filter_stream *stream = filter_gzip_create(options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    size_t size = run_all(stream, input, seed, packed);
    CU_ASSERT_EQUAL(filter_stream_taken(stream), input.size);
    CU_ASSERT_EQUAL(filter_stream_made(stream), size);
    filter_stream_destroy(stream);
    return size;
}

static size_t unpack(struct slice input, uint32_t seed) {
    struct filter_stream *stream = filter_gunzip_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    size_t size = run_all(stream, input, seed, unpacked);
    filter_stream_destroy(stream);
    return size;
}

static void what_goes_in_comes_out(void) {
    static const size_t sizes[] = {0, 1, 20, 1000, 65536, TEXT_SIZE};
    make_text();
    for (uint32_t seed = 0; seed < 30; seed++) {
        size_t size = sizes[seed % 6];
        const struct filter_gzip_options options = {.level = 1 + seed % 9,
                                                    .window = 512u << seed % 7,
                                                    .hash = 512u << seed % 9,
                                                    .length = seed % 2 == 0 ? size : 0};
        size_t packed_size = pack(&options, (struct slice){text, size}, seed);
        CU_ASSERT_TRUE(seed != 5 || packed_size < size / 2);
        size_t back = unpack((struct slice){packed, packed_size}, seed * 3);
        CU_ASSERT_EQUAL_FATAL(back, size);
        CU_ASSERT_EQUAL(memcmp(unpacked, text, size), 0);
    }
    CU_ASSERT_EQUAL(allocated, 0);
}

/* The sizes that are asked for are those that zlib needs: nothing else is allocated. */
static void memory_is_one_piece(void) {
    for (uint64_t window = 512; window <= 32768; window *= 2) {
        for (uint64_t hash = 512; hash <= 131072; hash *= 2) {
            for (uint64_t length = 0; length <= 40000; length += 4001) {
                struct filter_gzip_options options = {9, window, hash, length};
                struct filter_stream *stream = filter_gzip_create(&options);
                CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
                CU_ASSERT_EQUAL(allocated, 1);
                filter_stream_destroy(stream);
            }
        }
    }
    size_t size = pack(&usual, (struct slice){text, TEXT_SIZE}, 0);
    struct filter_stream *stream = filter_gunzip_create();
    CU_ASSERT_EQUAL(run_all(stream, (struct slice){packed, size}, 1, unpacked), TEXT_SIZE);
    CU_ASSERT_EQUAL(allocated, 1);
    filter_stream_destroy(stream);
    CU_ASSERT_EQUAL(allocated, 0);
}

static void small_bodies_take_little(void) {
    struct filter_gzip_options options = usual;
    struct filter_stream *large = filter_gzip_create(&options);
    options.length = 1000;
    struct filter_stream *small = filter_gzip_create(&options);
    CU_ASSERT_EQUAL(large->memory_size, 8192 + (128 << 10) + (128 << 10));
    CU_ASSERT_TRUE(small->memory_size < 32768);
    filter_stream_destroy(large);
    filter_stream_destroy(small);
}

static void without_memory_there_is_none(void) {
    allowed = 0;
    CU_ASSERT_PTR_NULL(filter_gzip_create(&usual));
    CU_ASSERT_PTR_NULL(filter_gunzip_create());
    allowed = -1;
    CU_ASSERT_EQUAL(allocated, 0);
    filter_stream_destroy(NULL);
}

/* What was flushed is there without anything that follows. */
static void a_flush_brings_out_everything(void) {
    struct filter_stream *stream = filter_gzip_create(&usual);
    size_t size = 0;
    for (int i = 0; i < 3; i++) {
        struct slice piece = SLICE("event\n");
        size_t made;
        CU_ASSERT_EQUAL(filter_stream_run(stream, &piece, FILTER_FLUSH, packed + size, 1000, &made),
                        FILTER_HUNGRY);
        CU_ASSERT_TRUE(made > 0);
        size += made;
        struct filter_stream *back = filter_gunzip_create();
        struct slice so_far = {packed, size};
        (void)filter_stream_run(back, &so_far, FILTER_MORE, unpacked, 1000, &made);
        CU_ASSERT_EQUAL(made, 6 * (size_t)(i + 1));
        filter_stream_destroy(back);
        struct slice nothing = SLICE("");
        CU_ASSERT_EQUAL(filter_stream_run(stream, &nothing, FILTER_FLUSH, packed + size, 9, &made),
                        FILTER_HUNGRY);
        CU_ASSERT_EQUAL(made, 0);
    }
    filter_stream_destroy(stream);
}

static void several_members_are_one_body(void) {
    size_t size = pack(&usual, SLICE("one"), 0);
    memmove(packed + size, packed, size);
    CU_ASSERT_EQUAL(unpack((struct slice){packed, 2 * size}, 0), 6);
    CU_ASSERT_EQUAL(memcmp(unpacked, "oneone", 6), 0);
}

static void what_is_no_gzip_is_broken(void) {
    size_t size = pack(&usual, (struct slice){text, 5000}, 0);
    CU_ASSERT_EQUAL(unpack((struct slice){packed, size}, 0), 5000);
    for (size_t cut = 1; cut < size; cut += 7) {
        CU_ASSERT_EQUAL(unpack((struct slice){packed, cut}, 0), SIZE_MAX); /* ended early */
    }
    packed[size] = 'x';
    CU_ASSERT_EQUAL(unpack((struct slice){packed, size + 1}, 0), SIZE_MAX); /* goes on */
    packed[size - 1] ^= 1;
    CU_ASSERT_EQUAL(unpack((struct slice){packed, size}, 0), SIZE_MAX); /* another length */
    packed[size - 1] ^= 1;
    packed[size - 5] ^= 1;
    CU_ASSERT_EQUAL(unpack((struct slice){packed, size}, 0), SIZE_MAX); /* another sum */
    CU_ASSERT_EQUAL(unpack(SLICE("plain text"), 0), SIZE_MAX);
    CU_ASSERT_EQUAL(unpack(SLICE(""), 0), 0);
    CU_ASSERT_EQUAL(allocated, 0);
}

/* A small input that stands for a large one comes out as there is room for it. */
static void a_bomb_waits_for_room(void) {
    static char zeros[TEXT_SIZE];
    const struct filter_gzip_options best = {9, 32768, 65536, 0};
    size_t size = pack(&best, (struct slice){zeros, TEXT_SIZE}, 0);
    CU_ASSERT_TRUE(size < 1000);
    struct filter_stream *stream = filter_gunzip_create();
    struct slice input = {packed, size};
    size_t total = 0;
    enum filter_result result;
    do {
        size_t made;
        result = filter_stream_run(stream, &input, FILTER_LAST, unpacked, 100, &made);
        CU_ASSERT_TRUE(made <= 100);
        total += made;
    } while (result == FILTER_FULL);
    CU_ASSERT_EQUAL(result, FILTER_HUNGRY);
    CU_ASSERT_EQUAL(total, TEXT_SIZE);
    filter_stream_destroy(stream);
}

UNIT_TESTS("filter/stream", {"what goes in comes out", what_goes_in_comes_out},
           {"memory is one piece", memory_is_one_piece},
           {"small bodies take little", small_bodies_take_little},
           {"without memory there is none", without_memory_there_is_none},
           {"a flush brings out everything", a_flush_brings_out_everything},
           {"several members are one body", several_members_are_one_body},
           {"what is no gzip is broken", what_is_no_gzip_is_broken},
           {"a bomb waits for room", a_bomb_waits_for_room})
