/* Lines are sorted to find equal ones: groups may have very many. */
#include "proxy/group_line.h"

#include "proxy/group.h"

#include <stdlib.h>

struct line {
    struct slice text;
    uint32_t number;
};

static struct slice text_of(const struct proxy_group *group, uint32_t line) {
    const struct table *table = &group->generation->table;
    return table_text(table, table->peer[group->record->peers.first + line].name);
}

static int compare_lines(const void *first, const void *second) {
    const struct line *a = first;
    const struct line *b = second;
    int order = slice_compare(a->text, b->text);
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

/* Returns whether there are any that say the same. */
static bool count_equal(const struct line *sorted, uint32_t count, uint32_t *occurrences) {
    bool has_any = false;
    for (uint32_t i = 1; i < count; i++) {
        if (slice_equals(sorted[i].text, sorted[i - 1].text)) {
            occurrences[sorted[i].number] = occurrences[sorted[i - 1].number] + 1;
            has_any = true;
        }
    }
    return has_any;
}

bool group_line_count(struct proxy_group *group) {
    uint32_t count = group->record->peers.count;
    if (count < 2) {
        return true;
    }
    struct line *lines = calloc(count, sizeof *lines);
    uint32_t *occurrences = calloc(count, sizeof *occurrences);
    bool is_done = lines != NULL && occurrences != NULL;
    if (is_done) {
        for (uint32_t i = 0; i < count; i++) {
            lines[i] = (struct line){text_of(group, i), i};
        }
        qsort(lines, count, sizeof *lines, compare_lines);
        if (count_equal(lines, count, occurrences)) {
            group->occurrences = occurrences;
            occurrences = NULL;
        }
    }
    free(lines);
    free(occurrences);
    return is_done;
}

uint32_t group_line_occurrence(const struct proxy_group *group, uint32_t line) {
    return group->occurrences == NULL ? 0 : group->occurrences[line];
}

uint32_t group_line_find(const struct proxy_group *previous, const struct proxy_group *group,
                         uint32_t line) {
    struct slice text = text_of(group, line);
    uint32_t occurrence = group_line_occurrence(group, line);
    uint32_t count = previous->record->peers.count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t candidate = (line + i) % count; /* most lines stay where they were */
        if (group_line_occurrence(previous, candidate) == occurrence &&
            slice_equals(text_of(previous, candidate), text)) {
            return candidate;
        }
    }
    return TABLE_NONE;
}
