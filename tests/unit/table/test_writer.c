/* The writer: equal things stored once, reproducible bytes, limits. */
#include "table/writer.h"

#include "sample.h"
#include "unit.h"

static void starts_with_the_empty_string(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    struct table_string empty = table_writer_string(&writer, SLICE(""));
    CU_ASSERT_EQUAL(empty.offset, 0);
    CU_ASSERT_EQUAL(empty.length, 0);
    CU_ASSERT_EQUAL(writer.sections[TABLE_SECTION_strings].count, 1);
    arena_release(&arena);
}

static void stores_equal_strings_once(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    struct table_string first = table_writer_string(&writer, SLICE("proxy"));
    struct table_string other = table_writer_string(&writer, SLICE("prox"));
    struct table_string again = table_writer_string(&writer, SLICE("proxy"));
    CU_ASSERT_EQUAL(first.offset, again.offset);
    CU_ASSERT_NOT_EQUAL(first.offset, other.offset);
    CU_ASSERT_EQUAL(other.length, 4);
    CU_ASSERT_EQUAL(writer.sections[TABLE_SECTION_strings].count, 1 + 6 + 5);
    arena_release(&arena);
}

/* Keys are copies in arrays that grow: they must outlive the growth. */
static void finds_strings_again_after_growth(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    enum { COUNT = 5000 };
    static uint32_t offsets[COUNT];
    char text[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "host%d.example", i);
        offsets[i] = table_writer_string(&writer, slice_from_string(text)).offset;
    }
    uint32_t size = writer.sections[TABLE_SECTION_strings].count;
    int different = 0;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "host%d.example", i);
        different += table_writer_string(&writer, slice_from_string(text)).offset != offsets[i];
    }
    CU_ASSERT_EQUAL(different, 0);
    CU_ASSERT_EQUAL(writer.sections[TABLE_SECTION_strings].count, size);
    arena_release(&arena);
}

static void stores_equal_runs_once(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    const struct table_op ops[] = {{1, 2, 0}, {2, 3, 0}, {1, 2, 0}};
    struct table_range all = table_writer_intern(&writer, TABLE_SECTION_op, ops, 3);
    struct table_range first = table_writer_intern(&writer, TABLE_SECTION_op, ops, 1);
    struct table_range last = table_writer_intern(&writer, TABLE_SECTION_op, ops + 2, 1);
    struct table_range again = table_writer_intern(&writer, TABLE_SECTION_op, ops, 3);
    CU_ASSERT_EQUAL(all.first, again.first);
    CU_ASSERT_EQUAL(all.count, 3);
    CU_ASSERT_EQUAL(first.first, 3);
    CU_ASSERT_EQUAL(last.first, first.first);
    CU_ASSERT_EQUAL(writer.sections[TABLE_SECTION_op].count, 4);
    arena_release(&arena);
}

static void keeps_records_of_their_own_apart(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    uint32_t first = table_writer_add(&writer, TABLE_SECTION_node);
    uint32_t second = table_writer_add(&writer, TABLE_SECTION_node);
    CU_ASSERT_NOT_EQUAL(first, second);
    struct table_node *node = table_writer_record(&writer, TABLE_SECTION_node, second);
    CU_ASSERT_EQUAL(node->children.count, 0);
    node->exact = 7;
    for (int i = 0; i < 1000; i++) {
        table_writer_add(&writer, TABLE_SECTION_node);
    }
    node = table_writer_record(&writer, TABLE_SECTION_node, second);
    CU_ASSERT_EQUAL(node->exact, 7);
    arena_release(&arena);
}

/* An addition is zeroed although a run that was found elsewhere had been tried in its place. */
static void zeroes_what_a_found_run_left_behind(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    const struct table_op op = {1, 2, 3};
    table_writer_intern(&writer, TABLE_SECTION_op, &op, 1);
    table_writer_intern(&writer, TABLE_SECTION_op, &op, 1);
    uint32_t added = table_writer_add(&writer, TABLE_SECTION_op);
    const struct table_op *record = table_writer_record(&writer, TABLE_SECTION_op, added);
    CU_ASSERT_EQUAL(added, 1);
    CU_ASSERT_EQUAL(record->code, 0);
    CU_ASSERT_EQUAL(record->b, 0);
    arena_release(&arena);
}

static void makes_the_same_bytes_again(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice first = sample_build(&arena);
    struct slice second = sample_build(&arena);
    CU_ASSERT_TRUE(first.size > 0);
    CU_ASSERT_TRUE(slice_equals(first, second));
    arena_release(&arena);
}

static void refuses_more_than_the_format_can_address(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    const struct table_op ops[2] = {{1, 2, 3}, {4, 5, 6}};
    table_writer_intern(&writer, TABLE_SECTION_op, ops, 2);
    CU_ASSERT_FALSE(writer.overflow);
    writer.sections[TABLE_SECTION_op].count = TABLE_NONE - 1;
    struct table_range range = table_writer_intern(&writer, TABLE_SECTION_op, ops + 1, 1);
    CU_ASSERT_TRUE(writer.overflow);
    CU_ASSERT_EQUAL(range.count, 0);
    CU_ASSERT_EQUAL(table_writer_finish(&writer).size, 0);
    arena_release(&arena);
}

static void refuses_strings_beyond_32_bits(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    writer.sections[TABLE_SECTION_strings].count = TABLE_NONE - 4;
    struct table_string string = table_writer_string(&writer, SLICE("long"));
    CU_ASSERT_TRUE(writer.overflow);
    CU_ASSERT_EQUAL(string.length, 0);
    arena_release(&arena);
}

UNIT_TESTS("table/writer", {"starts with the empty string", starts_with_the_empty_string},
           {"stores equal strings once", stores_equal_strings_once},
           {"finds strings again after growth", finds_strings_again_after_growth},
           {"stores equal runs once", stores_equal_runs_once},
           {"keeps records of their own apart", keeps_records_of_their_own_apart},
           {"zeroes what a found run left behind", zeroes_what_a_found_run_left_behind},
           {"makes the same bytes again", makes_the_same_bytes_again},
           {"refuses more than the format can address", refuses_more_than_the_format_can_address},
           {"refuses strings beyond 32 bits", refuses_strings_beyond_32_bits})
