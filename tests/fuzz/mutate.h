/* Changes to a table that keep most of it sound: fields get other values of their kinds, records
 * come, go and change places, programs get other ops, parts of another table come in. */
#ifndef MUTATE_H
#define MUTATE_H

#include "heal.h"
#include "mutate_values.h"

static void change_field(struct draft *draft, struct random *random) {
    enum table_section section = choose_section(draft, random);
    const struct table_record *record = &table_records[section];
    if (draft_count(draft, section) == 0 || record->field_count == 0) {
        return;
    }
    const struct table_field *field = &record->fields[random_below(random, record->field_count)];
    uint32_t index = random_below(random, draft_count(draft, section));
    char value[16];
    memcpy(value, (char *)draft_record(draft, section, index) + field->offset, 4);
    if (field->kind != TABLE_KIND_U32 && field->kind != TABLE_KIND_FLAG &&
        field->kind != TABLE_KIND_ENUM && field->kind != TABLE_KIND_INDEX &&
        field->kind != TABLE_KIND_OPTIONAL) {
        size_t size = field->kind == TABLE_KIND_PAIR || field->kind == TABLE_KIND_BYTES16 ? 16 : 8;
        memcpy(value, (char *)draft_record(draft, section, index) + field->offset, size);
        change_value(draft, field, value, random); /* may move the sections */
        memcpy((char *)draft_record(draft, section, index) + field->offset, value, size);
        return;
    }
    change_value(draft, field, value, random);
    memcpy((char *)draft_record(draft, section, index) + field->offset, value, 4);
}

/* --- records --- */

/* A reference somewhere to records of that section now names `index`. */
static void refer_to(struct draft *draft, enum table_section target, uint32_t index,
                     struct random *random) {
    for (int tries = 0; tries < 64; tries++) {
        enum table_section section = choose_section(draft, random);
        const struct table_record *record = &table_records[section];
        uint32_t count = draft_count(draft, section);
        const struct table_field *field =
            &record->fields[random_below(random, record->field_count)];
        if (count == 0 || field->target != target ||
            (field->kind != TABLE_KIND_INDEX && field->kind != TABLE_KIND_OPTIONAL)) {
            continue;
        }
        char *place = draft_record(draft, section, random_below(random, count));
        memcpy(place + field->offset, &index, sizeof index);
        return;
    }
}

/* Records may own others, which nobody else may have then. */
static void disown(const struct table_record *record, char *place) {
    static const struct table_range none = {0, 0};
    for (uint32_t i = 0; i < record->field_count; i++) {
        if (record->fields[i].kind == TABLE_KIND_OWNED) {
            memcpy(place + record->fields[i].offset, &none, sizeof none);
        }
    }
}

/* There is one process, and ops belong to programs: what changes that is seldom of interest. */
static bool is_fixed(enum table_section section, struct random *random) {
    return (section == TABLE_SECTION_process || section == TABLE_SECTION_op) &&
           !happens(random, 32);
}

/* A copy of a record at the end, that something refers to. */
static void append_record(struct draft *draft, struct random *random) {
    enum table_section section = choose_section(draft, random);
    uint32_t count = draft_count(draft, section);
    if (count == 0 || is_fixed(section, random)) {
        return;
    }
    char copy[sizeof(struct table_settings) + sizeof(struct table_process)];
    require(table_records[section].size <= sizeof copy);
    memcpy(copy, draft_record(draft, section, random_below(random, count)),
           table_records[section].size);
    draft_insert(draft, section, count);
    if (!happens(random, 4)) {
        disown(&table_records[section], copy);
    }
    memcpy(draft_record(draft, section, count), copy, table_records[section].size);
    refer_to(draft, section, count, random);
}

static void insert_record(struct draft *draft, struct random *random) {
    enum table_section section = choose_section(draft, random);
    if (is_fixed(section, random)) {
        return;
    }
    uint32_t at = random_below(random, draft_count(draft, section) + 1);
    draft_insert(draft, section, at);
    if (!happens(random, 16)) {
        draft_move_references(draft, section, at, 1);
        disown(&table_records[section], draft_record(draft, section, at));
    }
}

static void remove_record(struct draft *draft, struct random *random) {
    enum table_section section = choose_section(draft, random);
    uint32_t count = draft_count(draft, section);
    if (count == 0 || (count == 1 && !happens(random, 16)) || is_fixed(section, random)) {
        return; /* the last one of a kind is missed by many */
    }
    uint32_t at = random_below(random, count);
    draft_remove(draft, section, at);
    if (!happens(random, 16)) {
        draft_move_references(draft, section, at, -1);
    }
}

static void swap_records(struct draft *draft, struct random *random) {
    enum table_section section = choose_section(draft, random);
    uint32_t count = draft_count(draft, section);
    if (count < 2) {
        return;
    }
    uint8_t *a = draft_record(draft, section, random_below(random, count));
    uint8_t *b = draft_record(draft, section, random_below(random, count));
    for (uint32_t i = 0; i < table_records[section].size; i++) {
        uint8_t byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

/* Bytes of texts where they lie, but for those that end them. */
static void change_strings(struct draft *draft, struct random *random) {
    struct draft_section *strings = &draft->sections[TABLE_SECTION_strings];
    uint32_t at = random_below(random, strings->count);
    uint32_t size = 0;
    while (size < 16 && at + size < strings->count && strings->records[at + size] != '\0') {
        size++;
    }
    if (size > 0) {
        LLVMFuzzerMutate(strings->records + at, size, size);
    }
}

/* --- programs --- */

/* The number of the program that has this op, or TABLE_NONE. */
static uint32_t program_of(struct draft *draft, uint32_t op) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_program); i++) {
        const struct table_program *program = draft_record(draft, TABLE_SECTION_program, i);
        if (op >= program->ops.first && op - program->ops.first < program->ops.count) {
            return i;
        }
    }
    return TABLE_NONE;
}

static void change_op(struct draft *draft, struct random *random) {
    uint32_t count = draft_count(draft, TABLE_SECTION_op);
    if (count == 0) {
        return;
    }
    uint32_t index = random_below(random, count);
    uint32_t program = program_of(draft, index);
    struct table_op *op = draft_record(draft, TABLE_SECTION_op, index);
    if (happens(random, 2)) {
        op->code = random_below(random, TABLE_op_code_COUNT);
    }
    op->a = random_below(random, 1024);
    op->b = random_below(random, 1024);
    if (program != TABLE_NONE && !happens(random, 16)) {
        heal_op(draft, program, index);
    }
    op = draft_record(draft, TABLE_SECTION_op, index);
    if (op->code == TABLE_OP_APPEND_TEXT) {
        struct table_string string = choose_string(draft, random);
        op->a = string.offset;
        op->b = string.length;
    }
}

/* One op more somewhere in a program, or one less. */
static void resize_program(struct draft *draft, struct random *random) {
    uint32_t count = draft_count(draft, TABLE_SECTION_program);
    if (count == 0) {
        return;
    }
    uint32_t index = random_below(random, count);
    struct table_range ops =
        ((struct table_program *)draft_record(draft, TABLE_SECTION_program, index))->ops;
    if ((uint64_t)ops.first + ops.count > draft_count(draft, TABLE_SECTION_op)) {
        return;
    }
    bool grows = ops.count == 0 || happens(random, 2);
    uint32_t at = ops.first + random_below(random, ops.count + (grows ? 1 : 0));
    if (grows) {
        draft_insert(draft, TABLE_SECTION_op, at);
        draft_move_references(draft, TABLE_SECTION_op, at, 1);
        ops.count++;
    } else {
        draft_remove(draft, TABLE_SECTION_op, at);
        draft_move_references(draft, TABLE_SECTION_op, at, -1);
        ops.count--;
    }
    struct table_program *program = draft_record(draft, TABLE_SECTION_program, index);
    program->ops = ops;
    for (uint32_t i = 0; i < ops.count; i++) {
        heal_op(draft, index, ops.first + i);
    }
}

/* --- splicing --- */

/* Copies a record of `other` into the draft at `index`: its strings come along, its references are
 * those of the draft that have the same place, modulo their number. */
static void import_record(struct draft *draft, struct draft *other, enum table_section section,
                          uint32_t from, uint32_t index) {
    const struct table_record *record = &table_records[section];
    char copy[sizeof(struct table_settings) + sizeof(struct table_process)];
    memcpy(copy, draft_record(other, section, from), record->size);
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct table_field *field = &record->fields[i];
        char *value = copy + field->offset;
        uint32_t number;
        struct table_string string;
        memcpy(&number, value, sizeof number);
        if (field->kind == TABLE_KIND_STRING) {
            memcpy(&string, value, sizeof string);
            string = draft_add_text(draft, draft_text(other, string));
            memcpy(value, &string, sizeof string);
        } else if (field->target != TABLE_SECTION_COUNT && number != TABLE_NONE) {
            uint32_t count = draft_count(draft, field->target);
            number = count == 0 ? 0 : number % count;
            memcpy(value, &number, sizeof number);
        }
    }
    disown(record, copy);
    memcpy(draft_record(draft, section, index), copy, record->size);
}

static void splice_record(struct draft *draft, struct draft *other, struct random *random) {
    enum table_section section = choose_section(other, random);
    uint32_t count = draft_count(draft, section);
    if (draft_count(other, section) == 0) {
        return;
    }
    uint32_t from = random_below(random, draft_count(other, section));
    if (count > 0 && happens(random, 2)) {
        import_record(draft, other, section, from, random_below(random, count));
    } else if (!is_fixed(section, random)) {
        draft_insert(draft, section, count);
        import_record(draft, other, section, from, count);
        refer_to(draft, section, count, random);
    }
}

/* A whole section, or the rest of it from some record on. */
static void splice_section(struct draft *draft, struct draft *other, struct random *random) {
    enum table_section section = random_below(random, TABLE_SECTION_COUNT);
    uint32_t count = draft_count(other, section);
    uint32_t first = random_below(random, count + 1);
    if (first > draft_count(draft, section)) {
        first = draft_count(draft, section);
    }
    draft->sections[section].count = first;
    draft_reserve(draft, section, count - first);
    memcpy(draft_record(draft, section, first), draft_record(other, section, first),
           (size_t)(count - first) * table_records[section].size);
    draft->sections[section].count = count;
}

#endif
