/* Arenas: alignment, large pieces, cleanups, reuse. Leaks are AddressSanitizer's to find. */
#include "base/arena.h"
#include "unit.h"

#include <stdalign.h>
#include <string.h>

static bool is_aligned(const void *piece) {
    return (uintptr_t)piece % alignof(max_align_t) == 0;
}

static bool is_zero(const char *piece, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (piece[i] != 0) {
            return false;
        }
    }
    return true;
}

static void gives_aligned_zeroed_pieces(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        char *bytes = arena_allocate_bytes(&arena, i % 7);
        CU_ASSERT_PTR_NOT_NULL(bytes);
        size_t size = i * 5 + 1;
        pieces[i] = arena_allocate(&arena, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pieces[i]);
        CU_ASSERT_TRUE(is_aligned(pieces[i]));
        CU_ASSERT_TRUE(is_zero(pieces[i], size));
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < 200; i++) {
        CU_ASSERT_EQUAL(pieces[i][0], (char)i);
        CU_ASSERT_EQUAL(pieces[i][i * 5], (char)i);
    }
    arena_release(&arena);
}

static void keeps_using_its_chunk_after_a_large_piece(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    char *first = arena_allocate(&arena, 16);
    char *large = arena_allocate(&arena, 100000);
    char *second = arena_allocate(&arena, 16);
    CU_ASSERT_PTR_NOT_NULL_FATAL(large);
    memset(large, 1, 100000);
    CU_ASSERT_PTR_EQUAL(second, first + 16);
    arena_release(&arena);
}

static void refuses_impossible_sizes(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    volatile size_t huge = SIZE_MAX;
    CU_ASSERT_PTR_NULL(arena_allocate(&arena, huge));
    CU_ASSERT_PTR_NULL(arena_allocate(&arena, huge - 8));
    CU_ASSERT_PTR_NULL(arena_allocate_bytes(&arena, huge));
    CU_ASSERT_PTR_NOT_NULL(arena_allocate(&arena, 8));
    CU_ASSERT_PTR_NULL(arena_allocate(&arena, huge));
    arena_release(&arena);
}

struct cleanup_log {
    char text[8];
    size_t size;
};
struct cleanup_entry {
    struct cleanup_log *log;
    char name;
};

static void log_cleanup(void *data) {
    const struct cleanup_entry *entry = data;
    entry->log->text[entry->log->size++] = entry->name;
}

static void runs_cleanups_newest_first(void) {
    struct cleanup_log log = {"", 0};
    struct cleanup_entry a = {&log, 'a'};
    struct cleanup_entry b = {&log, 'b'};
    struct arena arena;
    arena_init(&arena, 1024);
    CU_ASSERT_TRUE(arena_add_cleanup(&arena, log_cleanup, &a));
    CU_ASSERT_TRUE(arena_add_cleanup(&arena, log_cleanup, &b));
    arena_reset(&arena);
    CU_ASSERT_STRING_EQUAL(log.text, "ba");
    arena_release(&arena); /* not again */
    CU_ASSERT_STRING_EQUAL(log.text, "ba");
}

static void is_usable_after_reset_and_release(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    char *first = arena_allocate(&arena, 16);
    arena_reset(&arena);
    char *again = arena_allocate(&arena, 16);
    CU_ASSERT_PTR_EQUAL(first, again); /* the chunk was kept */
    CU_ASSERT_TRUE(is_zero(again, 16));
    memset(again, 1, 16);
    arena_release(&arena);
    first = arena_allocate(&arena, 16);
    CU_ASSERT_PTR_NOT_NULL(arena_allocate(&arena, 4000));
    arena_reset(&arena); /* keeps the ordinary chunk, not the large piece */
    CU_ASSERT_PTR_EQUAL(arena_allocate(&arena, 16), first);
    arena_release(&arena);
    again = arena_allocate(&arena, 4000);
    CU_ASSERT_PTR_NOT_NULL(again);
    arena_reset(&arena); /* only a large piece: nothing to keep */
    CU_ASSERT_PTR_NOT_NULL(arena_allocate(&arena, 16));
    arena_release(&arena);
    arena_reset(&arena);
    arena_release(&arena);
}

static void copies_and_formats_text(void) {
    struct arena arena;
    arena_init(&arena, 64);
    struct slice copy = arena_copy_slice(&arena, SLICE("a\0b"));
    CU_ASSERT_TRUE(slice_equals(copy, SLICE("a\0b")));
    CU_ASSERT_EQUAL(copy.data[3], '\0');
    copy = arena_copy_slice(&arena, (struct slice){NULL, 0});
    CU_ASSERT_EQUAL(copy.data[0], '\0');
    struct slice text = arena_format(&arena, "%d-%s-%200s", 7, "x", "y");
    CU_ASSERT_EQUAL(text.size, 204);
    CU_ASSERT_EQUAL(text.data[204], '\0');
    CU_ASSERT_TRUE(slice_starts_with(text, SLICE("7-x- ")));
    arena_release(&arena);
}

static void takes_texts_over(void) {
    struct arena arena;
    arena_init(&arena, 64);
    char bytes[] = "text";
    struct slice text = {bytes, 4};
    struct slice none = {NULL, 0};
    CU_ASSERT_TRUE(arena_take_over(&arena, &text));
    CU_ASSERT_TRUE(arena_take_over(&arena, &none));
    memset(bytes, 'x', sizeof bytes);
    CU_ASSERT_TRUE(slice_equals(text, SLICE("text")));
    CU_ASSERT_EQUAL(none.size, 0);
    struct slice huge = {bytes, SIZE_MAX};
    CU_ASSERT_FALSE(arena_take_over(&arena, &huge));
    CU_ASSERT_PTR_EQUAL(huge.data, bytes);
    arena_release(&arena);
}

UNIT_TESTS("base/arena", {"gives aligned, zeroed pieces", gives_aligned_zeroed_pieces},
           {"keeps using its chunk after a large piece", keeps_using_its_chunk_after_a_large_piece},
           {"refuses impossible sizes", refuses_impossible_sizes},
           {"runs cleanups newest first", runs_cleanups_newest_first},
           {"is usable after reset and release", is_usable_after_reset_and_release},
           {"copies and formats text", copies_and_formats_text},
           {"takes texts over", takes_texts_over})
