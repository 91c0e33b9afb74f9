/* fuzz: runtime */
/* Chunked bodies: pieces of any size give what the whole gives, and what is accepted is what a
 * decoder that looks only for sizes and line ends makes of it. */
#include "fuzz.h"

#include "http/chunked.h"

#include <string.h>

struct outcome {
    enum http_chunked_result result;
    size_t consumed;
    size_t body_size;    /* with the trailer section, if that is wanted */
    size_t trailer_size; /* of it */
    char *body;
};

/* In pieces whose sizes follow from `seed`; 0: at once. */
static struct outcome decode(struct slice input, uint32_t seed, bool gives_trailer) {
    struct outcome outcome = {HTTP_CHUNKED_MORE, 0, 0, 0, malloc(input.size + 1)};
    struct http_chunked decoder;
    http_chunked_init(&decoder);
    decoder.gives_trailer = gives_trailer;
    require(outcome.body != NULL);
    while (outcome.consumed < input.size && outcome.result != HTTP_CHUNKED_END &&
           outcome.result != HTTP_CHUNKED_BAD) {
        struct slice data;
        size_t consumed;
        struct slice piece = slice_skip(input, outcome.consumed);
        if (seed != 0) {
            seed = seed * 1664525 + 1013904223;
            piece = slice_take(piece, 1 + (seed >> 24) % 19);
        }
        outcome.result = http_chunked_decode(&decoder, piece, &consumed, &data);
        require(consumed <= piece.size && lies_inside(data, slice_take(piece, consumed)));
        bool is_trailer = outcome.result != HTTP_CHUNKED_DATA && data.size > 0;
        require(outcome.result != HTTP_CHUNKED_DATA || data.size > 0);
        require(outcome.result != HTTP_CHUNKED_TRAILER || data.size > 0);
        require(outcome.result != HTTP_CHUNKED_MORE || consumed == piece.size);
        require(!is_trailer || decoder.gives_trailer);
        memcpy(outcome.body + outcome.body_size, data.size > 0 ? data.data : "", data.size);
        outcome.body_size += data.size;
        outcome.trailer_size += is_trailer ? data.size : 0;
        outcome.consumed += consumed;
    }
    return outcome;
}

/* The body of an input that is known to be good. */
static size_t decode_naively(struct slice input, char *body) {
    size_t body_size = 0;
    size_t size;
    const char *at = input.data;
    while ((size = strtoull(at, NULL, 16)) > 0) {
        at = (const char *)memchr(at, '\n', (size_t)(input.data + input.size - at)) + 1;
        memcpy(body + body_size, at, size);
        body_size += size;
        at += size + 2;
    }
    return body_size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = {(const char *)data, size};
    uint32_t seed = take_last(&input) + 1u;
    bool gives_trailer = seed % 2 == 0;
    struct outcome whole = decode(input, 0, gives_trailer);
    struct outcome pieces = decode(input, seed, gives_trailer);
    require(pieces.consumed == whole.consumed && pieces.body_size == whole.body_size);
    require(pieces.trailer_size == whole.trailer_size);
    require(memcmp(pieces.body, whole.body, whole.body_size) == 0);
    require(whole.result == pieces.result ||
            (whole.result != HTTP_CHUNKED_END && whole.result != HTTP_CHUNKED_BAD));
    if (whole.result == HTTP_CHUNKED_END) {
        require(decode_naively(input, pieces.body) == whole.body_size - whole.trailer_size);
        require(memcmp(pieces.body, whole.body, whole.body_size - whole.trailer_size) == 0);
    }
    free(whole.body);
    free(pieces.body);
    return 0;
}
