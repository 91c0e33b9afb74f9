/* Where a head begins and ends in what has arrived, before anything of it is parsed. */
#include "http/head.h"

#include "engine/http_byte.h"
#include "http/block.h"

#include <string.h>

/* What the search for the end carries from one block of bytes to the next. */
struct line_ends {
    uint32_t carriage_return; /* 1: the byte before the block is CR */
    uint32_t ends;            /* bit 1: that byte ends a line; bit 0: the one before it does */
};

static bool is_line_end(const char *data, size_t position) {
    return position > 0 && data[position] == '\n' && data[position - 1] == '\r';
}

static struct line_ends line_ends_before(const char *data, size_t position) {
    struct line_ends before = {0, 0};
    if (position > 0) {
        before.carriage_return = data[position - 1] == '\r';
        before.ends = (uint32_t)is_line_end(data, position - 1) << 1;
    }
    if (position > 1) {
        before.ends |= is_line_end(data, position - 2);
    }
    return before;
}

/* Bit i: byte i of the block is the last of a head, or an LF without its CR. */
static uint32_t match_ends(const char *block, struct line_ends *before) {
    uint32_t feeds = http_block_match(block, '\n');
    uint32_t returns = http_block_match(block, '\r');
    uint32_t after_return = returns << 1 | before->carriage_return;
    uint32_t ends = feeds & after_return;
    uint32_t empty_lines = ends & (ends << 2 | before->ends);
    uint32_t bare_feeds = feeds & ~after_return;
    before->carriage_return = returns >> (HTTP_BLOCK_SIZE - 1) & 1;
    before->ends = ends >> (HTTP_BLOCK_SIZE - 2) & 3;
    return empty_lines | bare_feeds;
}

size_t http_head_find_end(const char *data, size_t size, size_t *scanned) {
    if (*scanned == 0 && size > 0 && data[0] != '\r' && !http_byte_is(data[0], HTTP_BYTE_TOKEN)) {
        return 1;
    }
    size_t position = *scanned;
    struct line_ends before = line_ends_before(data, position);
    for (; size - position >= HTTP_BLOCK_SIZE; position += HTTP_BLOCK_SIZE) {
        uint32_t found = match_ends(data + position, &before);
        if (found != 0) {
            return position + (size_t)__builtin_ctz(found) + 1;
        }
    }
    char last[HTTP_BLOCK_SIZE] = {0};
    if (position < size) {
        memcpy(last, data + position, size - position);
    }
    uint32_t found = match_ends(last, &before);
    *scanned = size;
    return found == 0 ? 0 : position + (size_t)__builtin_ctz(found) + 1;
}

size_t http_head_count_empty_lines(const char *data, size_t size) {
    size_t position = 0;
    while (size - position >= 2 && data[position] == '\r' && data[position + 1] == '\n') {
        position += 2;
    }
    return position;
}
