/* Rules and kinds of errors by name; see finding_kind.h. */
#include "cli/finding_kind.h"

static const struct {
    unsigned number;
    const char *summary;
} codes[] = {
#define DIAGNOSTIC(number, name, summary) {number, summary},
#include "diagnostics.def"
#undef DIAGNOSTIC
};

struct finding_kind finding_kind_get(size_t kind) {
    if (kind < RULE_COUNT) {
        return (struct finding_kind){.rule = &check_rules[kind],
                                     .summary = check_rules[kind].summary};
    }
    return (struct finding_kind){.number = codes[kind - RULE_COUNT].number,
                                 .summary = codes[kind - RULE_COUNT].summary};
}

struct slice finding_kind_name(struct arena *arena, size_t kind) {
    struct finding_kind found = finding_kind_get(kind);
    return found.rule != NULL ? slice_from_string(found.rule->slug)
                              : arena_format(arena, "RPC%04u", found.number);
}

static size_t find_code(struct slice name) {
    uint64_t number;
    if (!slice_starts_with_nocase(name, SLICE("RPC")) ||
        !slice_parse_u64(slice_skip(name, 3), 9999, &number)) {
        return FINDING_KIND_COUNT;
    }
    size_t kind = RULE_COUNT;
    while (kind < FINDING_KIND_COUNT && codes[kind - RULE_COUNT].number != number) {
        kind++;
    }
    return kind;
}

size_t finding_kind_find(struct slice name) {
    const struct rule *rule = check_find_rule(name);
    return rule != NULL ? (size_t)(rule - check_rules) : find_code(name);
}

static bool add_family(struct kind_set *set, struct slice name) {
    size_t family = 0;
    while (family < FAMILY_COUNT &&
           !slice_equals(name, slice_from_string(check_families[family].name))) {
        family++;
    }
    for (size_t i = 0; family < FAMILY_COUNT && i < RULE_COUNT; i++) {
        set->has[i] |= check_rule_family((enum rule_id)i) == (enum rule_family)family;
    }
    return family < FAMILY_COUNT;
}

bool kind_set_add(struct kind_set *set, struct slice name) {
    size_t kind = finding_kind_find(name);
    if (kind < FINDING_KIND_COUNT) {
        set->has[kind] = true;
        return true;
    }
    return add_family(set, name);
}

struct slice finding_kind_nearest(struct arena *arena, struct slice name) {
    VECTOR_OF(struct slice) names = {0};
    for (size_t i = 0; i < RULE_COUNT; i++) {
        VECTOR_PUSH(arena, &names, slice_from_string(check_rules[i].slug));
    }
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        VECTOR_PUSH(arena, &names, slice_from_string(check_families[i].name));
    }
    return nearest_name(name, names.items, names.count);
}
