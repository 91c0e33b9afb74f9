/* Which definitions of a variable, which captures and which guards can be in effect where a value
 * is used. The order is nginx's: the server's rewrite phase, then that of the location found, each
 * from top to bottom; an internal redirect may add those of another location. */
#ifndef CHECK_REACHING_H
#define CHECK_REACHING_H

#include "check/dataflow.h"
#include "check/pattern.h"

struct reaching_definition {
    const struct variable_definition *definition;
    struct dataflow_place place; /* where its own value is evaluated */
};
struct reaching_definitions {
    VECTOR_OF(struct reaching_definition) items;
};

/* A regular expression whose captures $1 to $9 may be. */
struct reaching_regex {
    const struct regex *regex;
    const struct template *subject; /* NULL: */
    bool is_path;                   /* the path, else the host */
};
struct reaching_regexes {
    VECTOR_OF(struct reaching_regex) items;
};

struct reaching_definitions reaching_find_definitions(struct dataflow *flow,
                                                      const struct dataflow_place *place,
                                                      const struct config_variable *variable);

struct reaching_regexes reaching_find_regexes(struct dataflow *flow,
                                              const struct dataflow_place *place);

/* What conditions of `if` leave of what a variable may hold. */
struct reaching_guard {
    bool has_texts; /* these are all: */
    struct pattern_texts texts;
    struct byte_set bytes; /* no others are in it */
    bool is_matched;       /* something positive was asked of it: it equals or matches */
};

struct reaching_guard reaching_find_guard(struct dataflow *flow, const struct dataflow_place *place,
                                          struct slice name);

/* Whether some listener hands this server the requests for names that no server has. */
bool reaching_is_default_server(const struct dataflow *flow, const struct server *server);

/* Remembers which block is which server or location, and what is defined there. */
void reaching_index(struct dataflow *flow, const struct site *site);

#endif
