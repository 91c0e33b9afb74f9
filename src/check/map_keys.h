/* What is known of the key of a map where it gives a certain result: `~^https://a\.b$ $http_origin`
 * is for an origin that matches. Where the key is a variable of another map, it is known which of
 * that one's results lead here, and so what its key has to be. */
#ifndef CHECK_MAP_KEYS_H
#define CHECK_MAP_KEYS_H

#include "check/reaching.h"

/* They are found once, and belong to the data flow. */
const struct reaching_facts *map_keys_find_facts(struct dataflow *flow,
                                                 const struct variable_definition *definition,
                                                 const struct template *result);

#endif
