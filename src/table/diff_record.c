/* Records field by field, by the descriptions that layout.def was made into. */
#include "table/differ.h"

#include <string.h>

/* One field of two records. */
struct comparison {
    struct differ *differ;
    struct diff_subject *subject;
    struct slice prefix; /* of the field's name in what is reported */
    enum table_section section;
    const uint32_t *records;
    const struct table_field *field;
};

static const void *value_of(const struct comparison *comparison, enum diff_side side) {
    return table_record_at(comparison->differ->sides[side].table, comparison->section,
                           comparison->records[side]) +
           comparison->field->offset;
}

static struct slice name_of(const struct comparison *comparison) {
    return arena_format(comparison->differ->arena, "%.*s%s", SLICE_ARGS(comparison->prefix),
                        diff_field_word(comparison->section, comparison->field));
}

static void report_values(const struct comparison *comparison) {
    struct slice values[2];
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        values[side] = diff_render_field(comparison->differ, side, comparison->section,
                                         comparison->records[side], comparison->field);
    }
    diff_report(comparison->differ, comparison->subject, DIFF_CHANGED, name_of(comparison),
                values[DIFF_OLD], values[DIFF_NEW]);
}

static void compare_bytes(const struct comparison *comparison, size_t size) {
    if (memcmp(value_of(comparison, DIFF_OLD), value_of(comparison, DIFF_NEW), size) != 0) {
        report_values(comparison);
    }
}

static void compare_u32(const struct comparison *comparison) {
    compare_bytes(comparison, sizeof(uint32_t));
}

static void compare_u64(const struct comparison *comparison) {
    compare_bytes(comparison, sizeof(uint64_t));
}

static void compare_bytes16(const struct comparison *comparison) {
    compare_bytes(comparison, sizeof(struct table_bytes16));
}

static void compare_pair(const struct comparison *comparison) {
    compare_bytes(comparison, sizeof(struct table_pair));
}

static void compare_string(const struct comparison *comparison) {
    uint32_t classes[2];
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        const struct table_string *string = value_of(comparison, side);
        classes[side] = diff_class_of_string(comparison->differ, side, *string);
    }
    if (classes[DIFF_OLD] != classes[DIFF_NEW]) {
        report_values(comparison);
    }
}

/* A mere move within the source is no difference. */
static void compare_place(const struct comparison *comparison) {
    (void)comparison;
}

static bool is_sequence(const struct table *table, uint32_t program) {
    return program != TABLE_NONE && table->program[program].kind == TABLE_PROGRAM_SEQUENCE;
}

/* Blocks with settings of their own, which are no part of the program's class. */
static bool has_blocks(struct differ *differ, uint32_t program) {
    const struct table *table = differ->sides[DIFF_NEW].table;
    struct table_range ops = table->program[program].ops;
    bool found = false;
    for (uint32_t i = ops.first; i < ops.first + ops.count && diff_spend(differ, 1); i++) {
        found |= table->op[i].code == TABLE_OP_ENTER;
    }
    return found;
}

static void report_records(const struct comparison *comparison, const uint32_t targets[2]);

/* Where ops differ there is something to tell, be it that no statement shows it. */
static void compare_sequences(const struct comparison *comparison, const uint32_t programs[2],
                              bool is_equal) {
    struct differ *differ = comparison->differ;
    uint64_t count = differ->report_count;
    if (!is_equal || has_blocks(differ, programs[DIFF_NEW])) {
        diff_compare_sequences(differ, comparison->subject, name_of(comparison), programs);
    }
    if (!is_equal && differ->report_count == count) {
        report_records(comparison, programs);
    }
}

static enum diff_kind kind_of(const uint32_t targets[2]) {
    if (targets[DIFF_OLD] == TABLE_NONE) {
        return DIFF_ADDED;
    }
    return targets[DIFF_NEW] == TABLE_NONE ? DIFF_REMOVED : DIFF_CHANGED;
}

static void compare_behind(const struct comparison *comparison, const uint32_t targets[2]) {
    struct slice prefix =
        arena_format(comparison->differ->arena, "%.*s ", SLICE_ARGS(name_of(comparison)));
    diff_compare_fields(comparison->differ, comparison->subject, prefix, comparison->field->target,
                        targets);
}

/* What is said of these in short is not all that they say. */
static bool is_told_by_fields(enum table_section section) {
    return section == TABLE_SECTION_map || section == TABLE_SECTION_geo ||
           section == TABLE_SECTION_split;
}

/* Records that differ: by what they say in short, or else by their fields. */
static void report_records(const struct comparison *comparison, const uint32_t targets[2]) {
    struct differ *differ = comparison->differ;
    enum table_section section = comparison->field->target;
    enum diff_kind kind = kind_of(targets);
    struct slice values[2] = {SLICE(""), SLICE("")};
    bool is_described = true;
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        if (targets[side] != TABLE_NONE) {
            is_described &=
                diff_render_description(differ, side, section, targets[side], &values[side]);
        }
    }
    bool has_fields = diff_role(section) == DIFF_VALUE && section != TABLE_SECTION_program;
    bool is_shown = is_described && !is_told_by_fields(section) &&
                    !slice_equals(values[DIFF_OLD], values[DIFF_NEW]);
    if (kind == DIFF_CHANGED && has_fields && !is_shown) {
        compare_behind(comparison, targets);
        return;
    }
    diff_report(differ, comparison->subject, kind, name_of(comparison), values[DIFF_OLD],
                values[DIFF_NEW]);
}

static void report_recorded(const struct comparison *comparison,
                            const struct diff_recording *recording) {
    for (size_t i = 0; i < recording->changes.count; i++) {
        diff_report_again(comparison->differ, comparison->subject, recording->changes.items[i]);
    }
}

/* Records that a thing shares with others, as if their fields were its own. */
static bool is_part(enum table_section section) {
    return section == TABLE_SECTION_settings || section == TABLE_SECTION_server_settings ||
           section == TABLE_SECTION_handling;
}

/* What differs between two such records is found out once. */
static void compare_parts(const struct comparison *comparison, const uint32_t targets[2],
                          const uint32_t classes[2]) {
    struct differ *differ = comparison->differ;
    struct slice key = {(const char *)classes, 2 * sizeof *classes};
    struct diff_recording *recording = map_find(&differ->parts, key);
    if (recording != NULL) {
        report_recorded(comparison, recording);
        return;
    }
    recording = arena_require(differ->arena, sizeof *recording);
    map_insert(&differ->parts, arena_copy_slice(differ->arena, key), recording);
    differ->recording = recording;
    diff_compare_fields(differ, comparison->subject, comparison->prefix, comparison->field->target,
                        targets);
    differ->recording = NULL;
}

static void compare_reference(const struct comparison *comparison) {
    struct differ *differ = comparison->differ;
    enum table_section section = comparison->field->target;
    uint32_t targets[2];
    uint32_t classes[2];
    if (diff_role(section) == DIFF_STRUCTURE) {
        return;
    }
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        targets[side] = *(const uint32_t *)value_of(comparison, side);
        classes[side] =
            targets[side] == TABLE_NONE ? 0 : diff_class_of(differ, side, section, targets[side]);
    }
    bool is_equal = classes[DIFF_OLD] == classes[DIFF_NEW];
    if (section == TABLE_SECTION_program &&
        (is_sequence(differ->sides[DIFF_OLD].table, targets[DIFF_OLD]) ||
         is_sequence(differ->sides[DIFF_NEW].table, targets[DIFF_NEW]))) {
        compare_sequences(comparison, targets, is_equal);
    } else if (is_equal) {
        return;
    } else if (is_part(section)) {
        compare_parts(comparison, targets, classes);
    } else {
        report_records(comparison, targets);
    }
}

static void compare_range(const struct comparison *comparison) {
    enum table_section section = comparison->field->target;
    const struct table_range ranges[2] = {
        *(const struct table_range *)value_of(comparison, DIFF_OLD),
        *(const struct table_range *)value_of(comparison, DIFF_NEW),
    };
    switch (diff_role(section)) {
    case DIFF_VALUE:
        diff_compare_entries(comparison->differ, comparison->subject, name_of(comparison), section,
                             ranges);
        break;
    case DIFF_THING:
        if (diff_compare_things(comparison->differ, comparison->subject, section, ranges, NULL)) {
            diff_report(comparison->differ, comparison->subject, DIFF_REORDERED,
                        name_of(comparison), SLICE(""), SLICE(""));
        }
        break;
    case DIFF_STRUCTURE:
        break;
    }
}

static void (*const comparers[TABLE_KIND_COUNT])(const struct comparison *) = {
    [TABLE_KIND_U32] = compare_u32,         [TABLE_KIND_U64] = compare_u64,
    [TABLE_KIND_FLAG] = compare_u32,        [TABLE_KIND_ENUM] = compare_u32,
    [TABLE_KIND_STRING] = compare_string,   [TABLE_KIND_BYTES16] = compare_bytes16,
    [TABLE_KIND_PAIR] = compare_pair,       [TABLE_KIND_PLACE] = compare_place,
    [TABLE_KIND_INDEX] = compare_reference, [TABLE_KIND_OPTIONAL] = compare_reference,
    [TABLE_KIND_RANGE] = compare_range,     [TABLE_KIND_OWNED] = compare_range,
};

void diff_compare_fields(struct differ *differ, struct diff_subject *subject, struct slice prefix,
                         enum table_section section, const uint32_t records[2]) {
    const struct table_record *description = &table_records[section];
    for (uint32_t i = 0; i < description->field_count; i++) {
        const struct comparison comparison = {
            .differ = differ,
            .subject = subject,
            .prefix = prefix,
            .section = section,
            .records = records,
            .field = &description->fields[i],
        };
        if (!diff_is_derived(section, comparison.field)) {
            comparers[comparison.field->kind](&comparison);
        }
    }
}

/* A thing with its partner on the other side, or without one. */
static void compare_thing(struct differ *differ, struct diff_subject subject,
                          void (*compare)(struct differ *, struct diff_subject *)) {
    if (subject.records[DIFF_OLD] == TABLE_NONE || subject.records[DIFF_NEW] == TABLE_NONE) {
        diff_report_thing(differ, &subject);
        return;
    }
    diff_compare_fields(differ, &subject, SLICE(""), subject.section, subject.records);
    if (compare != NULL) {
        compare(differ, &subject);
    }
}

static struct diff_matching make_matching(struct differ *differ, enum diff_side side,
                                          enum table_section section, struct table_range range) {
    uint32_t *keys = arena_require(&differ->scratch, ((size_t)range.count + 1) * sizeof *keys);
    for (uint32_t i = 0; i < range.count; i++) {
        keys[i] = diff_class_of(differ, side, section, range.first + i);
    }
    return (struct diff_matching){keys, diff_new_partners(differ, range.count), range.count};
}

bool diff_compare_things(struct differ *differ, struct diff_subject *outer,
                         enum table_section section, const struct table_range ranges[2],
                         void (*compare)(struct differ *, struct diff_subject *)) {
    const struct table_range *old = &ranges[DIFF_OLD];
    const struct table_range *new = &ranges[DIFF_NEW];
    if (!diff_spend(differ, (uint64_t)old->count + new->count)) {
        return false;
    }
    struct diff_matching sides[2] = {make_matching(differ, DIFF_OLD, section, *old),
                                     make_matching(differ, DIFF_NEW, section, *new)};
    diff_match(differ, sides);
    struct diff_subject subject = {.outer = outer, .section = section};
    for (uint32_t i = 0; i < old->count; i++) {
        if (sides[DIFF_OLD].partners[i] == TABLE_NONE) {
            subject.records[DIFF_OLD] = old->first + i;
            subject.records[DIFF_NEW] = TABLE_NONE;
            compare_thing(differ, subject, compare);
        }
    }
    for (uint32_t i = 0; i < new->count && !differ->is_exhausted; i++) {
        uint32_t partner = sides[DIFF_NEW].partners[i];
        subject.records[DIFF_OLD] = partner == TABLE_NONE ? TABLE_NONE : old->first + partner;
        subject.records[DIFF_NEW] = new->first + i;
        compare_thing(differ, subject, compare);
    }
    return diff_is_reordered(sides[DIFF_NEW].partners, new->count);
}
