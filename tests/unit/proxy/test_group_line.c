/* Lines that say the same are counted, and lines are found again whatever their order is. */
#include "unit.h"

#include "proxy/group.h"
#include "proxy/group_line.h"

#include <stdlib.h>
#include <string.h>

enum { LINES = 8 };

/* A group of which there is nothing but its lines, each a letter. */
struct fake {
    struct table_peer peers[LINES];
    struct table_upstream record;
    struct generation generation;
    struct proxy_group group;
};

static void init(struct fake *fake, const char *letters) {
    memset(fake, 0, sizeof *fake);
    fake->record.peers.count = (uint32_t)strlen(letters);
    for (uint32_t i = 0; i < fake->record.peers.count; i++) {
        fake->peers[i].name = (struct table_string){.offset = i, .length = 1};
    }
    fake->generation.table.strings = letters;
    fake->generation.table.peer = fake->peers;
    fake->group.generation = &fake->generation;
    fake->group.record = &fake->record;
    CU_ASSERT_TRUE_FATAL(group_line_count(&fake->group));
}

static void expect_occurrences(const char *letters, const char *digits) {
    struct fake fake;
    init(&fake, letters);
    for (uint32_t i = 0; digits[i] != '\0'; i++) {
        CU_ASSERT_EQUAL(group_line_occurrence(&fake.group, i), (uint32_t)(digits[i] - '0'));
    }
    free(fake.group.occurrences);
}

static void equal_lines_are_counted(void) {
    expect_occurrences("", "");
    expect_occurrences("a", "0");
    expect_occurrences("abc", "000");
    expect_occurrences("abacab", "001021");
    expect_occurrences("aaaa", "0123");
}

static void nothing_is_kept_where_all_lines_differ(void) {
    struct fake fake;
    init(&fake, "abcd");
    CU_ASSERT_PTR_NULL(fake.group.occurrences);
}

/* `places` of the lines of `next` in `previous`; '-': nowhere. */
static void expect_places(const char *previous, const char *next, const char *places) {
    struct fake old;
    struct fake new;
    init(&old, previous);
    init(&new, next);
    for (uint32_t i = 0; places[i] != '\0'; i++) {
        uint32_t expected = places[i] == '-' ? TABLE_NONE : (uint32_t)(places[i] - '0');
        CU_ASSERT_EQUAL(group_line_find(&old.group, &new.group, i), expected);
    }
    free(old.group.occurrences);
    free(new.group.occurrences);
}

static void lines_are_found_again(void) {
    expect_places("abc", "abc", "012");
    expect_places("abc", "cab", "201");
    expect_places("ab", "xabx", "-01-");
    expect_places("", "a", "-");
    expect_places("abab", "aabb", "0213");
    expect_places("ab", "aa", "0-"); /* one does not stand for both */
}

UNIT_TESTS("proxy/group_line", {"equal lines are counted", equal_lines_are_counted},
           {"nothing is kept where all lines differ", nothing_is_kept_where_all_lines_differ},
           {"lines are found again", lines_are_found_again})
