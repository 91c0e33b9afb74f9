/* Texts that expressions match; see regex_sample.h. */
#include "check/regex_sample.h"

#include "base/text.h"

#define SIZE_LIMIT 500
#define STEP_LIMIT 5000   /* what repeats nothing, repeatedly, has no size */
#define WILDCARD_SIZE 128 /* a class of more bytes is one for any */

unsigned char regex_sample_byte(const struct byte_set *set) {
    static const char preferred[] =
        "axbcdefghijklmnopqrstuvwyz0123456789AXBCDEFGHIJKLMNOPQRSTUVWYZ-_";
    for (size_t i = 0; preferred[i] != '\0'; i++) {
        if (byte_set_has(set, (unsigned char)preferred[i])) {
            return (unsigned char)preferred[i];
        }
    }
    for (unsigned byte = '!'; byte < 256; byte++) {
        if (byte_set_has(set, (unsigned char)byte)) {
            return (unsigned char)byte;
        }
    }
    unsigned byte = 0;
    while (byte < '!' && !byte_set_has(set, (unsigned char)byte)) {
        byte++;
    }
    return (unsigned char)byte;
}

struct writer {
    struct arena *arena;
    struct text text;
    struct regex_sample *sample;
    uint32_t steps;
    bool is_repeated;
    bool is_too_long;
};

static size_t count_bytes(const struct byte_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < sizeof set->bits / sizeof set->bits[0]; i++) {
        count += (size_t)__builtin_popcountll(set->bits[i]);
    }
    return count;
}

static void write_byte(struct writer *writer, const struct byte_set *set) {
    if (byte_set_is_empty(set)) {
        writer->is_too_long = true;
        return;
    }
    char c = (char)regex_sample_byte(set);
    if (!writer->is_repeated && count_bytes(set) > WILDCARD_SIZE && byte_set_has(set, '.')) {
        c = '.';
        VECTOR_PUSH(writer->arena, &writer->sample->wildcards, writer->text.size);
    }
    text_add_byte(&writer->text, c);
}

static void write_node(struct writer *writer, const struct regex_node *node) {
    if (++writer->steps > STEP_LIMIT || writer->text.size > SIZE_LIMIT) {
        writer->is_too_long = true;
        return;
    }
    if (node->kind == REGEX_BYTES) {
        write_byte(writer, &node->bytes);
        return;
    }
    bool was_repeated = writer->is_repeated;
    writer->is_repeated = was_repeated || (node->kind == REGEX_REPEAT && node->most > 1);
    size_t count = node->kind == REGEX_CHOICE     ? 1
                   : node->kind == REGEX_SEQUENCE ? node->children.count
                   : node->kind == REGEX_REPEAT   ? node->least
                                                  : 0;
    for (size_t i = 0; i < count && !writer->is_too_long; i++) {
        size_t child = node->kind == REGEX_SEQUENCE ? i : 0;
        write_node(writer, node->children.items[child]);
    }
    writer->is_repeated = was_repeated;
}

bool regex_sample_make(struct arena *arena, const struct regex_tree *tree,
                       struct regex_sample *sample) {
    *sample = (struct regex_sample){0};
    if (!tree->is_understood) {
        return false;
    }
    struct writer writer = {.arena = arena, .sample = sample};
    text_init(&writer.text, arena);
    write_node(&writer, tree->root);
    sample->text = text_slice(&writer.text);
    return !writer.is_too_long;
}
