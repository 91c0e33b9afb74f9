/* Positions and what follows them, after Glushkov; see regex_automaton.h. */
#include "check/regex_automaton.h"

#define COPY_LIMIT 12 /* of what is repeated {n,m} times */
#define DEPTH_LIMIT 64

/* A part of the expression: where it begins and ends, in how many ways, and whether it may be
 * empty.
 */
struct part {
    uint8_t first[REGEX_POSITION_LIMIT];
    uint8_t last[REGEX_POSITION_LIMIT];
    bool is_nullable;
};

struct builder {
    struct arena *arena;
    struct regex_automaton *automaton;
    uint32_t depth;
    bool has_failed;
};

static void build(struct builder *builder, const struct regex_node *node, struct part *part);

static uint8_t cap(unsigned ways) {
    return (uint8_t)(ways > 2 ? 2 : ways);
}

static struct part *make_part(struct builder *builder) {
    return arena_require(builder->arena, sizeof(struct part));
}

static void connect(struct builder *builder, const struct part *left, const struct part *right) {
    struct regex_automaton *automaton = builder->automaton;
    for (uint32_t p = 0; p < automaton->count; p++) {
        for (uint32_t q = 0; left->last[p] > 0 && q < automaton->count; q++) {
            automaton->follow[p][q] =
                cap((unsigned)automaton->follow[p][q] + left->last[p] * right->first[q]);
        }
    }
}

static void add_ways(struct builder *builder, uint8_t *ways, const uint8_t *others) {
    for (uint32_t p = 0; p < builder->automaton->count; p++) {
        ways[p] = cap((unsigned)ways[p] + others[p]);
    }
}

/* `part` followed by `next`. */
static void append(struct builder *builder, struct part *part, const struct part *next) {
    connect(builder, part, next);
    if (part->is_nullable) {
        add_ways(builder, part->first, next->first);
    }
    if (next->is_nullable) {
        add_ways(builder, part->last, next->last);
    } else {
        memcpy(part->last, next->last, sizeof part->last);
    }
    part->is_nullable = part->is_nullable && next->is_nullable;
}

static void build_bytes(struct builder *builder, const struct regex_node *node, struct part *part) {
    struct regex_automaton *automaton = builder->automaton;
    if (automaton->count == REGEX_POSITION_LIMIT) {
        builder->has_failed = true;
        return;
    }
    automaton->bytes[automaton->count] = node->bytes;
    part->first[automaton->count] = 1;
    part->last[automaton->count] = 1;
    automaton->count++;
}

static void build_sequence(struct builder *builder, const struct regex_node *node,
                           struct part *part) {
    part->is_nullable = true;
    for (size_t i = 0; i < node->children.count && !builder->has_failed; i++) {
        struct part *next = make_part(builder);
        build(builder, node->children.items[i], next);
        append(builder, part, next);
    }
}

static void build_choice(struct builder *builder, const struct regex_node *node,
                         struct part *part) {
    for (size_t i = 0; i < node->children.count && !builder->has_failed; i++) {
        struct part *branch = make_part(builder);
        build(builder, node->children.items[i], branch);
        add_ways(builder, part->first, branch->first);
        add_ways(builder, part->last, branch->last);
        part->is_nullable = part->is_nullable || branch->is_nullable;
    }
}

/* So many copies, the last of which is repeated without end if the repetition is; those beyond
 * `least` may be left out. */
static void build_repeat(struct builder *builder, const struct regex_node *node,
                         struct part *part) {
    bool is_endless = node->most == REGEX_UNBOUNDED;
    uint32_t copies = is_endless ? (node->least > 0 ? node->least : 1) : node->most;
    part->is_nullable = true;
    for (uint32_t i = 0; i < copies && i < COPY_LIMIT && !builder->has_failed; i++) {
        struct part *copy = make_part(builder);
        build(builder, node->children.items[0], copy);
        if (is_endless && (i + 1 == copies || i + 1 == COPY_LIMIT)) {
            connect(builder, copy, copy);
        }
        copy->is_nullable = copy->is_nullable || i >= node->least;
        append(builder, part, copy);
    }
}

static void build(struct builder *builder, const struct regex_node *node, struct part *part) {
    if (builder->depth == DEPTH_LIMIT) {
        builder->has_failed = true;
        return;
    }
    builder->depth++;
    switch (node->kind) {
    case REGEX_BYTES:
        build_bytes(builder, node, part);
        break;
    case REGEX_SEQUENCE:
        build_sequence(builder, node, part);
        break;
    case REGEX_CHOICE:
        build_choice(builder, node, part);
        break;
    case REGEX_REPEAT:
        build_repeat(builder, node, part);
        break;
    default:
        part->is_nullable = true;
        break;
    }
    builder->depth--;
}

bool regex_automaton_build(const struct regex_tree *tree, struct regex_automaton *automaton) {
    *automaton = (struct regex_automaton){0};
    struct arena scratch;
    arena_init(&scratch, 1u << 14);
    struct builder builder = {.arena = &scratch, .automaton = automaton};
    if (tree->is_understood) {
        struct part *whole = make_part(&builder);
        build(&builder, tree->root, whole);
        memcpy(automaton->first, whole->first, sizeof automaton->first);
    }
    arena_release(&scratch);
    return tree->is_understood && !builder.has_failed && automaton->count > 0;
}
