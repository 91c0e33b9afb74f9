/* Where values come from. A template is walked as a sequence of atoms: texts, and values whose
 * origin is known by kind (the client, the server, the configuration). Variables that the
 * configuration defines are followed through set, map, geo, split_clients and captures to what they
 * are made of; a variable with several definitions makes the walk branch, and the visitor's state
 * afterwards is the union of the branches.
 *
 * Only definitions that can be in effect at the place of use count: an unconditional set hides the
 * earlier ones, another server's do not reach, and a guard such as
 * `if ($arg_app !~ ^(one|two)$) { return 403; }` leaves two texts of what was anything. */
#ifndef CHECK_DATAFLOW_H
#define CHECK_DATAFLOW_H

#include "check/byte_set.h"
#include "check/regex_tree.h"
#include "check/site.h"
#include "model/model.h"

/* Who chooses a value. */
enum dataflow_control {
    DATAFLOW_CONSTANT, /* the configuration's author */
    DATAFLOW_SERVER,   /* machine, connection or backend */
    DATAFLOW_PARTLY,   /* the client, within a narrow alphabet or a part of the text */
    DATAFLOW_CLIENT,   /* the client, freely */
};

/* What of the host that the visitor asked for a value is. */
enum dataflow_host {
    DATAFLOW_HOST_NONE,
    DATAFLOW_HOST_PART,  /* of it, or of it and other things */
    DATAFLOW_HOST_WHOLE, /* or all behind some of its labels */
};

/* How a value was reached: the references on the way, innermost first. */
struct dataflow_step {
    const struct dataflow_step *outer;
    struct span span; /* the reference, from '$' on */
    struct slice name;
};

struct dataflow_atom {
    enum dataflow_control control;
    struct slice text;      /* DATAFLOW_CONSTANT */
    struct slice name;      /* else: the variable, without '$' */
    struct span span;       /* where it stands */
    bool begins_with_slash; /* and is never empty */
    bool is_argument_mark;  /* $is_args: "?" exactly when there are arguments */
    bool is_arguments;      /* empty when there are none: $args, $arg_... */
    bool may_hold_slash;
    bool is_capture; /* $1 to $9, which a redirect by rewrite escapes */
    bool is_path;    /* of the path, decoded: $uri, or captured of it */
    bool is_matched; /* a condition or a map has found it to match something */
    enum dataflow_host host;
    struct byte_set bytes;            /* that the value may hold; those of the text */
    const struct dataflow_step *path; /* variables it came through; NULL: written in place */
};

/* What a rule learns from a walk. `states` is a set of states of the rule's own, one bit each. */
struct dataflow_visitor {
    void (*visit)(struct dataflow_visitor *visitor, const struct dataflow_atom *atom);
    uint32_t states;
};

/* Where a template is evaluated. */
struct dataflow_place {
    const struct server *server;       /* NULL: anywhere */
    const struct location *location;   /* NULL: at server level */
    const struct statement *statement; /* a set whose value it is; NULL: after all of them */
    const struct regex *captured;      /* what $1 to $9 are surely of; NULL: any that may reach */
};

struct dataflow {
    struct model *model;
    /* Made by reaching_index: */
    struct map scopes;          /* statement of a block to its struct dataflow_place */
    struct map definitions;     /* variable and server to the definitions there */
    struct map default_servers; /* servers that get requests for any name */
    struct map trees[2];        /* expression to its struct regex_tree; [1]: case is ignored */
    struct map map_facts;       /* result of a map to its struct reaching_facts, see map_keys.h */
    uint32_t budget;            /* steps left in this walk */
    uint32_t tries;             /* lines of maps that may be tried yet, in all walks */
    uint32_t ways;              /* steps left for ways from location to location, in all walks */
};

void dataflow_init(struct dataflow *flow, struct model *model, const struct site *site);

void dataflow_walk(struct dataflow *flow, const struct dataflow_place *place,
                   const struct template *value, struct dataflow_visitor *visitor);

/* Who has most control over any part of the value. */
enum dataflow_control dataflow_find_control(struct dataflow *flow,
                                            const struct dataflow_place *place,
                                            const struct template *value);

/* The bytes that may be in the value, whoever chooses them. */
struct byte_set dataflow_find_bytes(struct dataflow *flow, const struct dataflow_place *place,
                                    const struct template *value);

/* The tree of a regular expression, which is read once. */
const struct regex_tree *dataflow_regex_tree(struct dataflow *flow, const struct regex *regex);

/* Whether it asks for anything: "^https://.+$" takes any origin. */
bool dataflow_asks_something(struct dataflow *flow, const struct regex *regex);

/* The first reference that an atom was reached by, i.e. the one that stands in the template itself;
 * NULL: the atom does. */
const struct dataflow_step *dataflow_first_step(const struct dataflow_atom *atom);

#endif
