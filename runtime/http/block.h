/* Searching bytes sixteen at a time: each function reads HTTP_BLOCK_SIZE bytes and returns a mask
 * with bit i set when byte i matches. SSE2 where the compiler has it, else words of eight bytes. */
#ifndef HTTP_BLOCK_H
#define HTTP_BLOCK_H

#include <stdint.h>

enum { HTTP_BLOCK_SIZE = 16 };

#ifdef __SSE2__

#include <emmintrin.h>

static inline __m128i http_block_load(const char *data) {
    return _mm_loadu_si128((const __m128i *)(const void *)data);
}

/* Bytes equal to `byte`. */
static inline uint32_t http_block_match(const char *data, char byte) {
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(http_block_load(data), _mm_set1_epi8(byte)));
}

/* Bytes up to and including `limit`, and DEL. */
static inline uint32_t http_block_controls(const char *data, char limit) {
    __m128i block = http_block_load(data);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(limit)), block);
    __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(low, del));
}

#else

#define HTTP_BLOCK_BYTES(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

/* The same on every byte order; compilers make one load of it where they can. */
static inline uint64_t http_block_word(const char *data) {
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) {
        word |= (uint64_t)(unsigned char)data[i] << (8 * i);
    }
    return word;
}

/* A mask of eight bits from the highest bit of each byte. */
static inline uint32_t http_block_gather(uint64_t word) {
    word = (word >> 7) & HTTP_BLOCK_BYTES(1);
    return (uint32_t)((word * UINT64_C(0x0102040810204080)) >> 56);
}

/* The highest bit of each byte that is zero. No carry crosses a byte, so it is exact. */
static inline uint64_t http_block_zeros(uint64_t word) {
    uint64_t low = (word & HTTP_BLOCK_BYTES(0x7f)) + HTTP_BLOCK_BYTES(0x7f);
    return ~(low | word) & HTTP_BLOCK_BYTES(0x80);
}

/* The highest bit of each byte that is at most `limit`, which is below 0x80. */
static inline uint64_t http_block_low(uint64_t word, char limit) {
    uint64_t sum = (word & HTTP_BLOCK_BYTES(0x7f)) + HTTP_BLOCK_BYTES(0x7f - limit);
    return ~(sum | word) & HTTP_BLOCK_BYTES(0x80);
}

static inline uint32_t http_block_match(const char *data, char byte) {
    uint64_t pattern = HTTP_BLOCK_BYTES(byte);
    uint32_t low = http_block_gather(http_block_zeros(http_block_word(data) ^ pattern));
    uint32_t high = http_block_gather(http_block_zeros(http_block_word(data + 8) ^ pattern));
    return low | high << 8;
}

static inline uint32_t http_block_controls(const char *data, char limit) {
    uint32_t mask = 0;
    for (unsigned half = 0; half < 2; half++) {
        uint64_t word = http_block_word(data + 8 * half);
        uint64_t found =
            http_block_low(word, limit) | http_block_zeros(word ^ HTTP_BLOCK_BYTES(0x7f));
        mask |= http_block_gather(found) << (8 * half);
    }
    return mask;
}

#endif

#endif
