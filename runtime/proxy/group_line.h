/* The `server` lines of a group. They are told apart by what they say, and those that say the same
 * by how many of them came before, so that a peer is the same one in every table and worker. */
#ifndef PROXY_GROUP_LINE_H
#define PROXY_GROUP_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct proxy_group;

/* Finds out which lines of the group say the same, for the others here. False without memory. */
__attribute__((warn_unused_result)) bool group_line_count(struct proxy_group *group);

/* How many lines before it say the same. */
uint32_t group_line_occurrence(const struct proxy_group *group, uint32_t line);

/* Where a line of `group` is in `previous`, the same group of another table; TABLE_NONE: nowhere.
 */
uint32_t group_line_find(const struct proxy_group *previous, const struct proxy_group *group,
                         uint32_t line);

#endif
