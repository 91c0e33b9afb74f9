/* Lists: which entries are gone, which are new, and which have only changed. */
#include "table/differ.h"

void diff_list_reserve(struct diff_list *list, enum diff_side side, uint32_t count) {
    struct arena *scratch = &list->differ->scratch;
    size_t size = ((size_t)count + 1) * sizeof(uint32_t);
    list->sides[side] = (struct diff_list_side){
        .contents = arena_require(scratch, size),
        .names = arena_require(scratch, size),
        .partners = diff_new_partners(list->differ, count),
    };
}

static bool find_single(const struct diff_list_side *side, uint32_t *single) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < side->count; i++) {
        if (side->partners[i] == TABLE_NONE) {
            *single = i;
            count++;
        }
    }
    return count == 1;
}

static void match_last(struct diff_list *list) {
    uint32_t old = 0;
    uint32_t new = 0;
    if (find_single(&list->sides[DIFF_OLD], &old) && find_single(&list->sides[DIFF_NEW], &new)) {
        list->sides[DIFF_OLD].partners[old] = new;
        list->sides[DIFF_NEW].partners[new] = old;
    }
}

static void match_by(struct diff_list *list, const uint32_t *old_keys, const uint32_t *new_keys) {
    struct diff_matching sides[2] = {
        {old_keys, list->sides[DIFF_OLD].partners, list->sides[DIFF_OLD].count},
        {new_keys, list->sides[DIFF_NEW].partners, list->sides[DIFF_NEW].count},
    };
    diff_match(list->differ, sides);
}

static void match(struct diff_list *list) {
    match_by(list, list->sides[DIFF_OLD].contents, list->sides[DIFF_NEW].contents);
    match_by(list, list->sides[DIFF_OLD].names, list->sides[DIFF_NEW].names);
    if (list->is_replaceable) {
        match_last(list);
    }
}

static void report_gone(const struct diff_list *list, uint32_t index) {
    diff_report(list->differ, list->subject, DIFF_REMOVED, list->what,
                list->render(list, DIFF_OLD, index), SLICE(""));
}

static void report_new(const struct diff_list *list, uint32_t index) {
    diff_report(list->differ, list->subject, DIFF_ADDED, list->what, SLICE(""),
                list->render(list, DIFF_NEW, index));
}

void diff_list_report(const struct diff_list *list, uint32_t old, uint32_t new) {
    if (list->sides[DIFF_OLD].contents[old] != list->sides[DIFF_NEW].contents[new]) {
        diff_report(list->differ, list->subject, DIFF_CHANGED, list->what,
                    list->render(list, DIFF_OLD, old), list->render(list, DIFF_NEW, new));
    }
}

void diff_list_compare(struct diff_list *list) {
    const struct diff_list_side *old = &list->sides[DIFF_OLD];
    const struct diff_list_side *new = &list->sides[DIFF_NEW];
    if (!diff_spend(list->differ, (uint64_t)old->count + new->count)) {
        return;
    }
    match(list);
    for (uint32_t i = 0; i < old->count; i++) {
        if (old->partners[i] == TABLE_NONE) {
            report_gone(list, i);
        }
    }
    for (uint32_t i = 0; i < new->count; i++) {
        if (new->partners[i] == TABLE_NONE) {
            report_new(list, i);
        } else if (list->compare != NULL) {
            list->compare(list, new->partners[i], i);
        } else {
            diff_list_report(list, new->partners[i], i);
        }
    }
    if (!list->is_unordered && diff_is_reordered(new->partners, new->count)) {
        diff_report(list->differ, list->subject, DIFF_REORDERED, list->what, SLICE(""), SLICE(""));
    }
}
