/* Searches of sixteen bytes at a time. */
#include "unit.h"

#include "http/block.h"

#include <string.h>

static void blocks_are_searched_exactly(void) {
    char block[HTTP_BLOCK_SIZE];
    for (unsigned byte = 0; byte < 256; byte++) {
        for (unsigned place = 0; place < HTTP_BLOCK_SIZE; place++) {
            memset(block, 'x', sizeof block);
            block[place] = (char)byte;
            uint32_t bit = 1u << place;
            uint32_t all = 0xffff;
            CU_ASSERT_EQUAL(http_block_match(block, (char)byte), byte == 'x' ? all : bit);
            CU_ASSERT_EQUAL(http_block_match(block, 'x'), byte == 'x' ? all : all & ~bit);
            CU_ASSERT_EQUAL(http_block_controls(block, ' '), byte <= ' ' || byte == 0x7f ? bit : 0);
            CU_ASSERT_EQUAL(http_block_controls(block, ' ' - 1),
                            byte < ' ' || byte == 0x7f ? bit : 0);
        }
    }
}

UNIT_TESTS("http/block", {"blocks are searched exactly", blocks_are_searched_exactly})
