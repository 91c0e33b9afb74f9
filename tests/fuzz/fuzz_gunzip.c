/* fuzz: runtime */
/* Hostile streams for gunzip: any sizes of pieces and of room give what the whole gives, no more
 * room is used than there is, and it comes to an end. What came out is compressed and comes back.
 */
#include "fuzz.h"

#include "filter/stream.h"

#include <string.h>

enum { MOST = 1 << 20 /* of a bomb, this much is looked at */ };

struct outcome {
    enum filter_result result;
    size_t size;
    char *body;
};

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* In pieces and room whose sizes follow from `seed`; 0: at once. */
static struct outcome run(struct filter_stream *stream, struct slice input, uint32_t seed) {
    struct outcome outcome = {FILTER_HUNGRY, 0, malloc(MOST)};
    bool last;
    require(stream != NULL && outcome.body != NULL);
    do {
        size_t size = seed == 0 ? input.size : 1 + next_random(&seed) % 99;
        struct slice piece = slice_take(input, size < input.size ? size : input.size);
        last = piece.size == input.size;
        input = slice_skip(input, piece.size);
        enum filter_end end = last ? FILTER_LAST : (enum filter_end)(seed % 2);
        do {
            size_t left = MOST - outcome.size;
            size_t room = seed == 0 ? left : 1 + next_random(&seed) % 9999;
            room = room < left ? room : left;
            size_t made;
            size_t before = piece.size;
            if (room == 0) {
                return outcome;
            }
            outcome.result =
                filter_stream_run(stream, &piece, end, outcome.body + outcome.size, room, &made);
            require(made <= room && piece.size <= before);
            require(outcome.result != FILTER_FULL || made == room);
            require(outcome.result != FILTER_HUNGRY || piece.size == 0);
            outcome.size += made;
        } while (outcome.result == FILTER_FULL);
    } while (!last && outcome.result != FILTER_BROKEN);
    return outcome;
}

static struct outcome gunzip(struct slice input, uint32_t seed) {
    struct filter_stream *stream = filter_gunzip_create();
    struct outcome outcome = run(stream, input, seed);
    filter_stream_destroy(stream);
    return outcome;
}

static void compress_again(const struct outcome *outcome, uint32_t seed) {
    const struct filter_gzip_options options = {.level = 1 + seed % 9,
                                                .window = 512u << seed % 7,
                                                .hash = 512u << seed % 9,
                                                .length = seed % 2 == 0 ? outcome->size : 0};
    struct filter_stream *stream = filter_gzip_create(&options);
    struct outcome packed = run(stream, (struct slice){outcome->body, outcome->size}, seed);
    require(packed.result == FILTER_HUNGRY);
    filter_stream_destroy(stream);
    struct outcome back = gunzip((struct slice){packed.body, packed.size}, seed / 3);
    require(back.result == FILTER_HUNGRY && back.size == outcome->size);
    require(memcmp(back.body, outcome->body, back.size) == 0);
    free(packed.body);
    free(back.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) {
        return 0;
    }
    uint32_t seed;
    memcpy(&seed, data, sizeof seed);
    struct slice input = {(const char *)data + 4, size - 4};
    struct outcome whole = gunzip(input, 0);
    struct outcome pieces = gunzip(input, seed | 1);
    require(whole.size == pieces.size && whole.result == pieces.result);
    require(memcmp(whole.body, pieces.body, whole.size) == 0);
    if (whole.result == FILTER_HUNGRY && whole.size < MOST / 4) {
        compress_again(&whole, seed | 1);
    }
    free(whole.body);
    free(pieces.body);
    return 0;
}
