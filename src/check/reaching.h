/* Which definitions of a variable, which captures and which guards can be in effect where a value
 * is used. The order is nginx's: the server's rewrite phase, then that of the location found, each
 * from top to bottom; an internal redirect may add those of another location. */
#ifndef CHECK_REACHING_H
#define CHECK_REACHING_H

#include "check/dataflow.h"
#include "check/pattern.h"

/* What is known of a condition wherever something is in effect. */
struct reaching_condition {
    const struct condition *condition;
    bool holds;
};
struct reaching_conditions {
    VECTOR_OF(struct reaching_condition) items;
};

struct reaching_definition {
    const struct variable_definition *definition;
    struct dataflow_place place; /* where its own value is evaluated */
    /* Of `if` blocks that come between it and the use: what meets them has another value there, or
     * is refused. */
    struct reaching_conditions conditions;
};
struct reaching_definitions {
    VECTOR_OF(struct reaching_definition) items;
};

/* A regular expression whose captures $1 to $9 may be. */
struct reaching_regex {
    const struct regex *regex;
    const struct template *subject; /* NULL: */
    bool is_path;                   /* the path, else the host */
    bool is_rewrite;                /* of a rewrite in the location */
};
struct reaching_regexes {
    VECTOR_OF(struct reaching_regex) items;
};

struct reaching_definitions reaching_find_definitions(struct dataflow *flow,
                                                      const struct dataflow_place *place,
                                                      const struct config_variable *variable);

struct reaching_regexes reaching_find_regexes(struct dataflow *flow,
                                              const struct dataflow_place *place);

/* What is left of what a variable may hold, by conditions of `if` and keys of maps. */
struct reaching_guard {
    bool has_texts; /* these are all: */
    struct pattern_texts texts;
    struct byte_set bytes; /* no others are in it */
    bool is_matched;       /* something positive was asked of it: it equals or matches */
};

/* What is known of one variable (without '$'). */
struct reaching_fact {
    struct slice name;
    struct reaching_guard guard;
};
struct reaching_facts {
    VECTOR_OF(struct reaching_fact) items;
};

/* What is known of the variable, or NULL. */
const struct reaching_guard *reaching_find_fact(const struct reaching_facts *facts,
                                                struct slice name);

/* What holds when both do, and when either does. */
struct reaching_guard reaching_join_guards(const struct reaching_guard *a,
                                           const struct reaching_guard *b);
struct reaching_guard reaching_unite_guards(struct arena *arena, const struct reaching_guard *a,
                                            const struct reaching_guard *b);

/* Adds what is known of a value that the expression matches, or does not match. */
void reaching_apply_regex(struct dataflow *flow, const struct regex *regex, bool is_matched,
                          struct reaching_guard *guard);

/* Adds what is known of the variable that the condition is about. */
void reaching_apply_condition(struct dataflow *flow, const struct reaching_condition *known,
                              struct reaching_guard *guard);

/* The conditions between a definition that stands in `scope` and the use. */
void reaching_find_conditions(struct dataflow *flow, const struct dataflow_place *use,
                              const struct config_variable *variable,
                              const struct variable_definition *definition,
                              const struct dataflow_place *scope,
                              struct reaching_conditions *found);

struct reaching_guard reaching_find_guard(struct dataflow *flow, const struct dataflow_place *place,
                                          struct slice name);

/* Whether some listener hands this server the requests for names that no server has. */
bool reaching_is_default_server(const struct dataflow *flow, const struct server *server);

/* Remembers which block is which server or location, and what is defined there. */
void reaching_index(struct dataflow *flow, const struct site *site);

#endif
