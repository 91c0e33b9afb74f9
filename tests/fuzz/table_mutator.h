/* What libFuzzer asks to change a table: mutations that know the format, see mutate.h, and now and
 * then damage to the bytes as they are. For targets whose input is a table. */
#ifndef TABLE_MUTATOR_H
#define TABLE_MUTATOR_H

#include "mutate.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out, unsigned int seed);

static size_t start_from_sample(uint8_t *data, size_t max_size) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice sample = sample_build(&arena);
    size_t size = sample.size <= max_size ? sample.size : 0;
    memcpy(data, sample.data, size);
    arena_release(&arena);
    return size;
}

/* The bytes as they are: cut off, damaged anywhere, or in the directory. Returns the size. */
static size_t damage(uint8_t *data, size_t size, size_t max_size, struct random *random) {
    struct table_header *header = (struct table_header *)(void *)data;
    switch (random_below(random, 4)) {
    case 0:
        return LLVMFuzzerMutate(data, size, max_size);
    case 1:
        size = 1 + random_below(random, (uint32_t)size);
        if (size < sizeof *header) {
            return size;
        }
        break;
    case 2:
        change_words(header, sizeof *header, random);
        return size;
    default:
        change_words(header->sections, sizeof header->sections, random);
        break;
    }
    sample_repair(data, size);
    return size;
}

static void (*const changes[])(struct draft *, struct random *) = {
    change_field,   change_field,   change_field,   change_field,  change_op,
    change_op,      append_record,  insert_record,  remove_record, swap_records,
    change_strings, resize_program, resize_program,
};

/* Appends a signature, mostly a well-formed one. */
static size_t append_signature(uint8_t *data, size_t size, size_t max_size, struct random *random) {
    struct table_signature signature = {.magic = TABLE_SIGNATURE_MAGIC,
                                        .algorithm = TABLE_SIGNATURE_ED25519};
    if (max_size - size < sizeof signature) {
        return size;
    }
    if (happens(random, 4)) {
        ((uint8_t *)&signature)[random_below(random, sizeof signature)] ^= 1;
    }
    memcpy(data + size, &signature, sizeof signature);
    return size + sizeof signature;
}

/* Makes the draft sound again, but not always; compact, when there is no room otherwise. */
static size_t finish(struct draft *draft, uint8_t *data, size_t max_size, struct random *random) {
    if (!happens(random, 8)) {
        heal(draft, !happens(random, 4));
    }
    if (happens(random, 8)) {
        draft_compact(draft);
    }
    size_t size = draft_write(draft, data, max_size);
    if (size == 0) {
        draft_compact(draft);
        size = draft_write(draft, data, max_size);
    }
    draft_release(draft);
    return size > 0 && happens(random, 16) ? append_signature(data, size, max_size, random) : size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    struct random random = {seed};
    struct draft draft;
    next_random(&random);
    if (!is_table(data, size)) {
        return start_from_sample(data, max_size);
    }
    if (happens(&random, 16)) {
        return damage(data, size, max_size, &random);
    }
    draft_read(&draft, data);
    do {
        changes[random_below(&random, sizeof changes / sizeof changes[0])](&draft, &random);
    } while (!happens(&random, 3));
    size_t changed = finish(&draft, data, max_size, &random);
    return changed > 0 ? changed : size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out, unsigned int seed) {
    struct random random = {seed};
    struct draft draft;
    struct draft other;
    next_random(&random);
    if (!is_table(data1, size1) || !is_table(data2, size2)) {
        return start_from_sample(out, max_out);
    }
    draft_read(&draft, data1);
    draft_read(&other, data2);
    if (happens(&random, 4)) {
        splice_section(&draft, &other, &random);
    } else {
        for (uint32_t i = random_below(&random, 4); i < 4; i++) {
            splice_record(&draft, &other, &random);
        }
    }
    draft_release(&other);
    size_t size = finish(&draft, out, max_out, &random);
    return size > 0 ? size : start_from_sample(out, max_out);
}

#endif
