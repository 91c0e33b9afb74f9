/* What rules ask of regular expressions, answered from their trees; see regex_tree.h. */
#include "check/regex_tree.h"

/* All that is taken by the node and what is in it. */
static struct byte_set find_bytes(const struct regex_node *node) {
    if (node->kind == REGEX_UNKNOWN) {
        return BYTE_SET_ALL;
    }
    struct byte_set bytes = node->bytes;
    for (size_t i = 0; node->kind != REGEX_LOOK && i < node->children.count; i++) {
        bytes = byte_set_unite(bytes, find_bytes(node->children.items[i]));
    }
    return bytes;
}

static bool is_group(const struct regex_node *node, uint32_t number, struct slice name) {
    return number > 0 ? node->group == number
                      : name.size > 0 && slice_equals_nocase(node->name, name);
}

static void add_group_bytes(const struct regex_node *node, uint32_t number, struct slice name,
                            struct byte_set *bytes, bool *is_found) {
    if (is_group(node, number, name)) {
        *is_found = true;
        *bytes = byte_set_unite(*bytes, find_bytes(node));
        return;
    }
    for (size_t i = 0; i < node->children.count; i++) {
        add_group_bytes(node->children.items[i], number, name, bytes, is_found);
    }
}

struct byte_set regex_tree_group_bytes(const struct regex_tree *tree, uint32_t number,
                                       struct slice name) {
    if (number == 0 && name.size == 0) {
        return find_bytes(tree->root);
    }
    struct byte_set bytes = {{0}};
    bool is_found = false;
    add_group_bytes(tree->root, number, name, &bytes, &is_found);
    /* Behind what is not understood groups may have other numbers. */
    return is_found && (tree->is_understood || number == 0) ? bytes : BYTE_SET_ALL;
}

/* Whether what the node matches begins (or ends) with such an assertion. */
static bool is_bounded(const struct regex_node *node, bool at_start) {
    size_t count = node->children.count;
    switch (node->kind) {
    case REGEX_BEGIN:
        return at_start;
    case REGEX_END:
    case REGEX_STRICT_END:
        return !at_start;
    case REGEX_CHOICE:
        for (size_t i = 0; i < count; i++) {
            if (!is_bounded(node->children.items[i], at_start)) {
                return false;
            }
        }
        return count > 0;
    case REGEX_SEQUENCE:
        for (size_t i = 0; i < count; i++) {
            if (is_bounded(node->children.items[i], at_start)) {
                return true; /* wherever it stands, nothing can be before it */
            }
        }
        return false;
    case REGEX_REPEAT:
        return node->least > 0 && is_bounded(node->children.items[0], at_start);
    default:
        return false;
    }
}

bool regex_tree_is_anchored_at_start(const struct regex_tree *tree) {
    return tree->is_understood && is_bounded(tree->root, true);
}

bool regex_tree_is_anchored_at_end(const struct regex_tree *tree) {
    return tree->is_understood && is_bounded(tree->root, false);
}

/* ".*" and the like, which leave nothing behind them. */
static bool takes_rest(const struct regex_node *node) {
    bool is_greedy = node->source.size > 0 && node->source.data[node->source.size - 1] != '?';
    if (node->kind == REGEX_REPEAT) {
        struct byte_set left = byte_set_complement(find_bytes(node));
        byte_set_remove(&left, '\n');
        return node->most == REGEX_UNBOUNDED && is_greedy && byte_set_is_empty(&left);
    }
    return node->kind != REGEX_LOOK && node->children.count > 0 &&
           (node->kind == REGEX_SEQUENCE || node->children.count == 1) &&
           takes_rest(node->children.items[node->children.count - 1]);
}

/* `is_anchored`: nothing can follow the node. */
static bool ends_with_group(const struct regex_node *node, uint32_t number, struct slice name,
                            bool is_anchored) {
    size_t count = node->children.count;
    if (is_group(node, number, name)) {
        return is_anchored || takes_rest(node);
    }
    if (node->kind == REGEX_CHOICE) {
        bool is_last = count > 0;
        for (size_t i = 0; i < count; i++) {
            is_last =
                is_last && ends_with_group(node->children.items[i], number, name, is_anchored);
        }
        return is_last;
    }
    while (node->kind == REGEX_SEQUENCE && count > 0 &&
           (node->children.items[count - 1]->kind == REGEX_END ||
            node->children.items[count - 1]->kind == REGEX_STRICT_END)) {
        is_anchored = true;
        count--;
    }
    return (node->kind == REGEX_SEQUENCE || node->kind == REGEX_REPEAT) && count > 0 &&
           ends_with_group(node->children.items[count - 1], number, name, is_anchored);
}

bool regex_tree_group_is_last(const struct regex_tree *tree, uint32_t number, struct slice name) {
    return tree->is_understood && ends_with_group(tree->root, number, name, false);
}

/* The bytes that a match may begin with; all, where that is not plain. */
static struct byte_set find_first_bytes(const struct regex_node *node) {
    while ((node->kind == REGEX_SEQUENCE || node->kind == REGEX_REPEAT ||
            (node->kind == REGEX_CHOICE && node->children.count == 1)) &&
           node->children.count > 0) {
        node = node->children.items[0];
    }
    return node->kind == REGEX_BYTES ? node->bytes : BYTE_SET_ALL;
}

/* Whether a text that the group follows may end with another byte than a slash. */
static bool may_follow_letter(const struct regex_node *sequence, size_t at) {
    for (size_t i = at; i-- > 0;) {
        const struct regex_node *before = sequence->children.items[i];
        bool is_optional = before->kind == REGEX_REPEAT && before->least == 0;
        if (before->kind == REGEX_REPEAT) {
            before = before->children.items[0];
        }
        if (before->kind != REGEX_BYTES || !byte_set_has(&before->bytes, '/')) {
            return before->kind == REGEX_BYTES;
        }
        if (!is_optional) {
            return false;
        }
    }
    return false;
}

static bool climbs(const struct regex_node *sequence, size_t at) {
    struct byte_set first = find_first_bytes(sequence->children.items[at]);
    struct byte_set all = find_bytes(sequence->children.items[at]);
    return byte_set_has(&first, '.') && byte_set_has(&all, '/') && may_follow_letter(sequence, at);
}

static bool may_climb(const struct regex_node *node, uint32_t number, struct slice name) {
    for (size_t i = 0; i < node->children.count; i++) {
        const struct regex_node *child = node->children.items[i];
        bool is_behind = node->kind == REGEX_SEQUENCE && is_group(child, number, name);
        if ((is_behind && climbs(node, i)) || may_climb(child, number, name)) {
            return true;
        }
    }
    return false;
}

bool regex_tree_group_may_climb(const struct regex_tree *tree, uint32_t number, struct slice name) {
    return tree->is_understood && may_climb(tree->root, number, name);
}

static bool has_kind(const struct regex_node *node, enum regex_kind kind) {
    bool is_found = node->kind == kind;
    for (size_t i = 0; !is_found && i < node->children.count; i++) {
        is_found = has_kind(node->children.items[i], kind);
    }
    return is_found;
}

struct byte_set regex_tree_subject_bytes(const struct regex_tree *tree) {
    if (!regex_tree_is_anchored_at_start(tree) || !regex_tree_is_anchored_at_end(tree)) {
        return BYTE_SET_ALL;
    }
    struct byte_set bytes = find_bytes(tree->root);
    if (has_kind(tree->root, REGEX_END)) {
        byte_set_add(&bytes, '\n');
    }
    return bytes;
}

bool regex_tree_is_search_for(const struct regex_tree *tree, struct byte_set *bytes) {
    const struct regex_node *node = tree->root;
    while ((node->kind == REGEX_CHOICE || node->kind == REGEX_SEQUENCE) &&
           node->children.count == 1) {
        node = node->children.items[0];
    }
    if (node->kind == REGEX_REPEAT && node->least == 1) {
        node = node->children.items[0];
    }
    *bytes = node->bytes;
    if (node->kind == REGEX_CHOICE) { /* \r|\n */
        for (size_t i = 0; i < node->children.count; i++) {
            const struct regex_node *branch = node->children.items[i];
            if (branch->children.count != 1 || branch->children.items[0]->kind != REGEX_BYTES) {
                return false;
            }
            *bytes = byte_set_unite(*bytes, branch->children.items[0]->bytes);
        }
        return true;
    }
    return node->kind == REGEX_BYTES;
}
