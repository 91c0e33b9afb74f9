/* Validation of location indexes: trees whose walk always ends within the set, and locations that
 * are found under their own names, so that whoever matched a location knows that the path begins
 * with its name. */
#include "table/validate.h"

static bool is_within(struct table_range inner, struct table_range outer) {
    return inner.first >= outer.first &&
           (uint64_t)inner.first + inner.count <= (uint64_t)outer.first + outer.count;
}

static unsigned char first_byte(const struct table *table, const struct table_node *node) {
    return (unsigned char)table_chars(table, node->label)[0];
}

/* Ends at the first byte that is not greater than the one before: at the latest after 256. */
static const char *check_children(const struct table *table, struct table_range children) {
    int previous = -1;
    for (uint32_t i = children.first; i < children.first + children.count; i++) {
        if (table->node[i].label.length == 0) {
            return "have an empty label";
        }
        int byte = first_byte(table, &table->node[i]);
        if (byte <= previous) {
            return "are not sorted by their first bytes";
        }
        previous = byte;
    }
    return NULL;
}

static bool check_node(const struct table_validation *validation, struct table_range nodes,
                       uint32_t record) {
    const struct table *table = validation->table;
    const struct table_node *node = &table->node[record];
    if (node->children.count == 0) {
        return true;
    }
    const char *fault = NULL;
    if (!is_within(node->children, nodes)) {
        fault = "are not in the same index";
    } else if (node->children.first <= record) {
        fault = "are not behind their parent";
    } else {
        fault = check_children(table, node->children);
    }
    return fault == NULL || table_refuse(validation, TABLE_SECTION_node, record, "children", fault);
}

/* The child whose label begins with `byte`, or TABLE_NONE. */
static uint32_t find_child(const struct table *table, struct table_range children,
                           unsigned char byte) {
    uint32_t low = children.first;
    uint32_t high = children.first + children.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        unsigned char other = first_byte(table, &table->node[middle]);
        if (other == byte) {
            return middle;
        }
        if (other < byte) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return TABLE_NONE;
}

/* The node that the labels spelling out `name` lead to, or TABLE_NONE. */
static uint32_t find_node(const struct table *table, uint32_t root, struct slice name) {
    uint32_t node = root;
    while (node != TABLE_NONE) {
        struct slice label = table_text(table, table->node[node].label);
        if (!slice_starts_with(name, label)) {
            return TABLE_NONE;
        }
        name = slice_skip(name, label.size);
        if (name.size == 0) {
            return node;
        }
        node = find_child(table, table->node[node].children, (unsigned char)name.data[0]);
    }
    return TABLE_NONE;
}

static bool is_prefix_kind(uint32_t kind) {
    return kind == TABLE_LOCATION_PREFIX || kind == TABLE_LOCATION_PREFIX_NO_REGEX;
}

static bool is_regex_kind(uint32_t kind) {
    return kind == TABLE_LOCATION_REGEX || kind == TABLE_LOCATION_REGEX_NOCASE;
}

/* What is common to all ways of finding a location from set number `set`. */
static const char *check_nesting(const struct table_location *location, uint32_t set) {
    return location->nested == TABLE_NONE || location->nested > set
               ? NULL
               : "names a location whose nested index is not behind this one";
}

static const char *check_named_by_node(const struct table *table, uint32_t set, uint32_t node,
                                       uint32_t index) {
    const struct table_location *location = &table->location[index];
    struct slice name = table_text(table, location->name);
    if (name.size > TABLE_NAME_LIMIT) {
        return "names a location whose name is too long";
    }
    if (find_node(table, table->location_set[set].nodes.first, name) != node) {
        return "names a location of another name";
    }
    return check_nesting(location, set);
}

static bool check_node_locations(const struct table_validation *validation, uint32_t set,
                                 uint32_t record) {
    const struct table *table = validation->table;
    const struct table_node *node = &table->node[record];
    const char *fault = NULL;
    if (node->exact != TABLE_NONE) {
        fault = table->location[node->exact].kind != TABLE_LOCATION_EXACT
                    ? "names a location of another kind"
                    : check_named_by_node(table, set, record, node->exact);
    }
    if (fault != NULL) {
        return table_refuse(validation, TABLE_SECTION_node, record, "exact", fault);
    }
    if (node->prefix != TABLE_NONE) {
        fault = !is_prefix_kind(table->location[node->prefix].kind)
                    ? "names a location of another kind"
                    : check_named_by_node(table, set, record, node->prefix);
    }
    return fault == NULL || table_refuse(validation, TABLE_SECTION_node, record, "prefix", fault);
}

static bool check_set(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    struct table_range nodes = table->location_set[record].nodes;
    if (nodes.count == 0) {
        return table_refuse(validation, TABLE_SECTION_location_set, record, "nodes",
                            "are none, not even a root");
    }
    for (uint32_t i = nodes.first; i < nodes.first + nodes.count; i++) {
        if (!check_node(validation, nodes, i)) {
            return false;
        }
    }
    for (uint32_t i = nodes.first; i < nodes.first + nodes.count; i++) {
        if (!check_node_locations(validation, record, i)) {
            return false;
        }
    }
    struct table_range regexes = table->location_set[record].regexes;
    for (uint32_t i = regexes.first; i < regexes.first + regexes.count; i++) {
        const struct table_location *location = &table->location[table->location_regex[i].location];
        const char *fault = is_regex_kind(location->kind) ? check_nesting(location, record)
                                                          : "names a location of another kind";
        if (fault != NULL) {
            return table_refuse(validation, TABLE_SECTION_location_regex, i, "location", fault);
        }
    }
    return true;
}

/* Named locations are searched by bisection. */
static bool check_named(const struct table_validation *validation, struct table_range named) {
    const struct table *table = validation->table;
    for (uint32_t i = named.first; i < named.first + named.count; i++) {
        const struct table_named_location *current = &table->named_location[i];
        const struct table_location *location = &table->location[current->location];
        if (location->kind != TABLE_LOCATION_NAMED) {
            return table_refuse(validation, TABLE_SECTION_named_location, i, "location",
                                "names a location of another kind");
        }
        if (i > named.first && slice_compare(table_text(table, current[-1].name),
                                             table_text(table, current->name)) >= 0) {
            return table_refuse(validation, TABLE_SECTION_named_location, i, "name",
                                "is not behind the one before");
        }
    }
    return true;
}

bool table_validate_locations(const struct table_validation *validation) {
    const struct table *table = validation->table;
    for (uint32_t i = 0; i < table->location_set_count; i++) {
        if (!check_set(validation, i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < table->server_count; i++) {
        if (!check_named(validation, table->server[i].named)) {
            return false;
        }
    }
    return true;
}
