/* The radix tree over the exact and prefix locations of one set. Built from the sorted names, level
 * by level, so that the children of a node are adjacent and behind it. */
#include "emit/emitter.h"

#include <stdlib.h>

/* One name; at most one location of either kind has it. */
struct entry {
    struct slice name;
    uint32_t exact;
    uint32_t prefix;
    uint32_t order; /* of appearance: of two equal ones the first is meant */
};

/* A node in the making: the entries from `first` up to `end` begin with its path, which is `depth`
 * bytes long. */
struct pending_node {
    uint32_t first;
    uint32_t end;
    uint32_t depth;
};

struct location_tree {
    struct emitter *emitter;
    const struct entry *entries;
    struct pending_node *nodes; /* in the order of their records */
    uint32_t node_count;
    uint32_t root; /* the first one's record */
};

static int compare_entries(const void *left, const void *right) {
    const struct entry *a = left;
    const struct entry *b = right;
    int order = slice_compare(a->name, b->name);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static uint32_t collect_entries(struct location *const *locations, const uint32_t *indexes,
                                size_t count, struct entry *entries) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (locations[i]->is_condition) {
            continue;
        }
        struct entry entry = {locations[i]->name, TABLE_NONE, TABLE_NONE, (uint32_t)i};
        if (locations[i]->kind == TABLE_LOCATION_EXACT) {
            entry.exact = indexes[i];
        } else if (locations[i]->kind == TABLE_LOCATION_PREFIX ||
                   locations[i]->kind == TABLE_LOCATION_PREFIX_NO_REGEX) {
            entry.prefix = indexes[i];
        } else {
            continue;
        }
        entries[found++] = entry;
    }
    qsort(entries, found, sizeof *entries, compare_entries);
    return found;
}

/* Makes equal names one entry; returns how many are left. */
static uint32_t merge_entries(struct entry *entries, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct entry *last = kept > 0 ? &entries[kept - 1] : NULL;
        if (last == NULL || !slice_equals(last->name, entries[i].name)) {
            entries[kept++] = entries[i];
            continue;
        }
        if (last->exact == TABLE_NONE) {
            last->exact = entries[i].exact;
        }
        if (last->prefix == TABLE_NONE) {
            last->prefix = entries[i].prefix;
        }
    }
    return kept;
}

/* Length of the text that the first and the last of sorted names share, and so all between. */
static uint32_t shared_length(struct slice first, struct slice last) {
    size_t length = 0;
    while (length < first.size && length < last.size && first.data[length] == last.data[length]) {
        length++;
    }
    return (uint32_t)length;
}

/* The label of a node leads from `begin`, the end of its parent's path, to its own. */
static void add_node(struct location_tree *tree, struct pending_node node, uint32_t begin) {
    struct slice name = begin < node.depth ? tree->entries[node.first].name : SLICE("");
    struct slice label = slice_skip(slice_take(name, node.depth), begin);
    struct table_node record = {
        .label = emit_string(tree->emitter, label),
        .exact = TABLE_NONE,
        .prefix = TABLE_NONE,
    };
    emit_append(tree->emitter, TABLE_SECTION_node, &record);
    tree->nodes[tree->node_count++] = node;
}

/* Adds the children of a node: runs of entries with the same byte behind the node's path. */
static void add_children(struct location_tree *tree, const struct pending_node *node) {
    const struct entry *entries = tree->entries;
    uint32_t first = node->first;
    while (first < node->end) {
        char byte = entries[first].name.data[node->depth];
        uint32_t behind = first + 1;
        while (behind < node->end && entries[behind].name.data[node->depth] == byte) {
            behind++;
        }
        uint32_t depth = shared_length(entries[first].name, entries[behind - 1].name);
        add_node(tree, (struct pending_node){first, behind, depth}, node->depth);
        first = behind;
    }
}

/* Gives a node its locations and its children. */
static void complete_node(struct location_tree *tree, uint32_t number) {
    struct pending_node node = tree->nodes[number];
    uint32_t exact = TABLE_NONE;
    uint32_t prefix = TABLE_NONE;
    if (node.first < node.end && tree->entries[node.first].name.size == node.depth) {
        exact = tree->entries[node.first].exact;
        prefix = tree->entries[node.first].prefix;
        node.first++;
    }
    uint32_t first = tree->node_count;
    add_children(tree, &node);
    struct table_node *record =
        table_writer_record(&tree->emitter->writer, TABLE_SECTION_node, tree->root + number);
    record->children = (struct table_range){tree->root + first, tree->node_count - first};
    record->exact = exact;
    record->prefix = prefix;
}

struct table_range emit_location_tree(struct emitter *emitter, struct location *const *locations,
                                      const uint32_t *indexes, size_t count) {
    struct entry *entries = arena_require(&emitter->scratch, (count + 1) * sizeof *entries);
    uint32_t entry_count =
        merge_entries(entries, collect_entries(locations, indexes, count, entries));
    struct location_tree tree = {
        .emitter = emitter,
        .entries = entries,
        /* A node has a location or at least two children, but for a root without either. */
        .nodes =
            arena_require(&emitter->scratch, (2 * (size_t)entry_count + 1) * sizeof *tree.nodes),
        .root = emit_next(emitter, TABLE_SECTION_node),
    };
    uint32_t depth = 0;
    if (entry_count > 0) {
        depth = shared_length(entries[0].name, entries[entry_count - 1].name);
    }
    add_node(&tree, (struct pending_node){0, entry_count, depth}, 0);
    for (uint32_t i = 0; i < tree.node_count && !emitter->writer.overflow; i++) {
        complete_node(&tree, i);
    }
    return (struct table_range){tree.root, tree.node_count};
}
