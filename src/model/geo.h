/* The lines of a geo block while it is read: networks, or ranges in their place. Inside this room
 * only. */
#ifndef MODEL_GEO_H
#define MODEL_GEO_H

#include "model/mapping.h"

/* --- geo_network.c: the longest prefix wins --- */

/* A line about a network, in order of appearance. */
struct geo_line {
    struct client_network network;
    const struct statement *statement;
    uint32_t order;
    bool is_deletion;
};

struct geo_lines {
    VECTOR_OF(struct geo_line) list;
};

void geo_network_add(struct model *model, struct geo_lines *lines,
                     const struct client_network *network, const struct statement *statement,
                     bool is_deletion);

/* Fills in the definition's networks, and warns of repeated and missing ones. Sorts the lines. */
void geo_network_finish(struct model *model, struct geo_lines *lines,
                        struct geo_definition *definition);

/* --- geo_range.c: the later range wins inside an earlier one --- */

struct geo_slices;

struct geo_slices *geo_range_begin(struct model *model);

/* Takes in a line "FIRST-LAST VALUE" or "delete FIRST-LAST"; says what is wrong with it. */
void geo_range_add(struct model *model, struct geo_slices *slices, const struct statement *line);
void geo_range_delete(struct model *model, struct geo_slices *slices, const struct statement *line);

/* Fills in the definition's ranges. */
void geo_range_finish(struct model *model, const struct geo_slices *slices,
                      struct geo_definition *definition);

#endif
