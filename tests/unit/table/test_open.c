/* Opening: header and section directory, and that no bytes whatever are read beyond their end. */
#include "table/table.h"

#include "guard.h"
#include "sample.h"
#include "unit.h"

static struct guard make_sample(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    struct guard guard = guard_copy(sample.data, sample.size);
    arena_release(&arena);
    return guard;
}

static bool opens(const struct guard *guard, struct table_error *error) {
    struct table table;
    return table_open(&table, guard->data, guard->size, error);
}

static void opens_what_the_writer_made(void) {
    struct guard guard = make_sample();
    struct table table;
    struct table_error error;
    CU_ASSERT_TRUE_FATAL(table_open(&table, guard.data, guard.size, &error));
    CU_ASSERT_EQUAL(table.process_count, 1);
    CU_ASSERT_EQUAL(table.location_count, 4);
    CU_ASSERT_STRING_EQUAL(table_chars(&table, table.server[0].name), "example.com");
    CU_ASSERT_TRUE(slice_equals(table_text(&table, table.peer[1].host), SLICE("app.example")));
    guard_release(&guard);
}

static void has_something_in_every_section(void) {
    struct guard guard = make_sample();
    const struct table_header *header = (const struct table_header *)(const void *)guard.data;
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        if (header->sections[i].count == 0) {
            CU_FAIL("the sample lacks a section, whose validation no test sees");
        }
    }
    guard_release(&guard);
}

/* One number of the header changed, and what is said about it. */
static const struct {
    size_t offset;
    size_t size;
    uint64_t value;
    bool repair_checksum;
    const char *message;
} header_faults[] = {
#define FAULT(field, value, repair, message)                                                       \
    {                                                                                              \
        offsetof(struct table_header, field), sizeof(((struct table_header *)0)->field), (value),  \
            (repair), (message)                                                                    \
    }
#define SECTION_FAULT(section, field, value, message)                                              \
    {                                                                                              \
        offsetof(struct table_header, sections) +                                                  \
            TABLE_SECTION_##section * sizeof(struct table_section_entry) +                         \
            offsetof(struct table_section_entry, field),                                           \
            sizeof(((struct table_section_entry *)0)->field), (value), true, (message)             \
    }
    FAULT(magic, 0x0a454c4241545058, true, "header: its magic is not that of a table"),
    FAULT(byte_order, 0x04030201, true,
          "header: its byte_order is that of another kind of machine"),
    FAULT(version, 2, true, "header: its version is one that this program does not read"),
    FAULT(layout, 1, true, "header: its layout is that of a differently built compiler"),
    FAULT(size, 100000, true, "header: its size is more than the file holds"),
    FAULT(size, 64, true, "the table is followed by what is no signature of it"),
    FAULT(section_count, 3, true, "header: its section_count is not that of this format"),
    FAULT(reserved, 1, true, "header: its reserved is not zero"),
    FAULT(checksum, 1, false, "header: its checksum does not match: the file is damaged"),
    SECTION_FAULT(process, offset, 8,
                  "header: section \"process\" does not follow the section before"),
    SECTION_FAULT(node, offset, UINT64_MAX - 7,
                  "header: section \"node\" does not follow the section before"),
    SECTION_FAULT(node, record_size, 1, "header: section \"node\" has records of another size"),
    SECTION_FAULT(strings, count, UINT32_MAX,
                  "header: section \"strings\" reaches beyond the end of the file"),
    SECTION_FAULT(node, count, UINT32_MAX,
                  "header: section \"node\" reaches beyond the end of the file"),
    SECTION_FAULT(node, count, 1,
                  "header: section \"location_regex\" does not follow the section before"),
    SECTION_FAULT(strings, count, 1, "header: its size goes beyond the last section"),
};

static void refuses_damaged_headers(void) {
    for (size_t i = 0; i < sizeof header_faults / sizeof header_faults[0]; i++) {
        struct guard guard = make_sample();
        memcpy(guard.data + header_faults[i].offset, &header_faults[i].value,
               header_faults[i].size);
        if (header_faults[i].repair_checksum) {
            struct table_header *header = (struct table_header *)(void *)guard.data;
            header->checksum = 0;
            header->checksum = XXH3_64bits(guard.data, guard.size);
        }
        struct table_error error;
        char message[256] = "accepted";
        if (!opens(&guard, &error)) {
            table_error_format(&error, message, sizeof message);
        }
        CU_ASSERT_STRING_EQUAL(message, header_faults[i].message);
        guard_release(&guard);
    }
}

static void refuses_data_that_is_not_aligned(void) {
    struct guard guard = make_sample();
    struct table table;
    struct table_error error;
    char message[256];
    CU_ASSERT_FALSE(table_open(&table, guard.data + 4, guard.size - 4, &error));
    table_error_format(&error, message, sizeof message);
    CU_ASSERT_STRING_EQUAL(message, "the table is not aligned in memory");
    guard_release(&guard);
}

static void refuses_non_zero_bytes_between_sections(void) {
    struct guard guard = make_sample();
    const struct table_header *header = (const struct table_header *)(const void *)guard.data;
    int gaps = 0;
    for (enum table_section i = 0; i + 1 < TABLE_SECTION_COUNT; i++) {
        const struct table_section_entry *entry = &header->sections[i];
        size_t end = entry->offset + (size_t)entry->count * entry->record_size;
        if (end == header->sections[i + 1].offset) {
            continue;
        }
        gaps++;
        guard.data[end] = 1;
        sample_repair(guard.data, guard.size);
        struct table_error error;
        CU_ASSERT_FALSE(opens(&guard, &error));
        CU_ASSERT_STRING_EQUAL(error.reason, "has non-zero bytes before it");
        guard.data[end] = 0;
    }
    CU_ASSERT_TRUE(gaps > 0);
    guard_release(&guard);
}

static void wants_one_process_record(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct table_writer writer;
    table_writer_init(&writer, &arena);
    struct slice bytes = table_writer_finish(&writer);
    struct table table;
    struct table_error error;
    char message[256];
    CU_ASSERT_FALSE_FATAL(table_open(&table, bytes.data, bytes.size, &error));
    table_error_format(&error, message, sizeof message);
    CU_ASSERT_STRING_EQUAL(message, "section \"process\", record 0: must be exactly one record");
    arena_release(&arena);
}

/* Whatever a file is cut to: as it was, and with a header that says it is whole. */
static void refuses_every_truncation(void) {
    struct guard whole = make_sample();
    for (size_t size = 0; size < whole.size; size += 8) {
        struct guard guard = guard_copy(whole.data, size);
        struct table_error error;
        CU_ASSERT_FALSE(opens(&guard, &error));
        if (size >= offsetof(struct table_header, sections)) {
            sample_repair(guard.data, guard.size);
            CU_ASSERT_FALSE(opens(&guard, &error));
        }
        if (size >= offsetof(struct table_header, sections) && size < sizeof(struct table_header)) {
            CU_ASSERT_STRING_EQUAL(error.reason, "is too small for the section directory");
        }
        guard_release(&guard);
    }
    guard_release(&whole);
}

static void notices_every_changed_byte(void) {
    struct guard guard = make_sample();
    struct table_error error;
    int unnoticed = 0;
    for (size_t i = 0; i < guard.size; i++) {
        guard.data[i] = (char)(guard.data[i] ^ 0x10);
        unnoticed += opens(&guard, &error);
        guard.data[i] = (char)(guard.data[i] ^ 0x10);
    }
    CU_ASSERT_EQUAL(unnoticed, 0);
    CU_ASSERT_TRUE(opens(&guard, &error));
    guard_release(&guard);
}

/* With a right checksum a changed byte may be harmless, but it is never read as more than it is. */
static void survives_every_changed_byte_behind_a_right_checksum(void) {
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    struct guard guard = make_sample();
    struct table_error error;
    int refused = 0;
    for (size_t i = offsetof(struct table_header, sections); i < guard.size; i++) {
        char original = guard.data[i];
        for (size_t j = 0; j < sizeof values; j++) {
            guard.data[i] = (char)values[j];
            sample_repair(guard.data, guard.size);
            refused += !opens(&guard, &error);
        }
        guard.data[i] = original;
    }
    CU_ASSERT_TRUE(refused > 1000);
    guard_release(&guard);
}

UNIT_TESTS("table/open", {"opens what the writer made", opens_what_the_writer_made},
           {"has something in every section", has_something_in_every_section},
           {"refuses damaged headers", refuses_damaged_headers},
           {"refuses data that is not aligned", refuses_data_that_is_not_aligned},
           {"refuses non-zero bytes between sections", refuses_non_zero_bytes_between_sections},
           {"wants one process record", wants_one_process_record},
           {"refuses every truncation", refuses_every_truncation},
           {"notices every changed byte", notices_every_changed_byte},
           {"survives every changed byte behind a right checksum",
            survives_every_changed_byte_behind_a_right_checksum})
