/* Templates: text with variables in it, parsed once. */
#ifndef MODEL_TEMPLATE_H
#define MODEL_TEMPLATE_H

#include "syntax/tree.h"
#include "table/layout.h"

struct model;
struct config_variable;
struct rewrite_step;
struct map_definition;
struct geo_definition;
struct split_definition;

enum template_part_kind {
    PART_TEXT,
    PART_BUILTIN, /* a row of grammar/variables.def */
    PART_CONFIG,  /* a variable that the configuration defines */
    PART_CAPTURE, /* $1 to $9 */
    PART_KNOWN,   /* a variable of nginx's that rpcd does not run yet */
};

struct template_part {
    enum template_part_kind kind;
    struct span span;    /* the reference in the source, from '$' on; text: its place */
    struct slice text;   /* PART_TEXT: the text; else the variable's whole name without '$' */
    enum variable_id id; /* PART_BUILTIN */
    struct slice suffix; /* PART_BUILTIN of a prefix variable: what follows the prefix */
    struct config_variable *variable;   /* PART_CONFIG */
    uint32_t capture;                   /* PART_CAPTURE */
    const struct known_variable *known; /* PART_KNOWN */
};

struct template {
    const struct word *word;
    VECTOR_OF(struct template_part) parts; /* none for an empty text */
};

/* Facts about one of nginx's variables, generated from grammar/nginx-variables.tsv. */
struct known_variable {
    const char *name;
    bool is_prefix;
    enum { CONTROL_SERVER, CONTROL_PARTLY, CONTROL_CLIENT } control;
    bool may_hold_newline;
};

/* How a value may come to be, for data flow in check/. */
enum definition_kind {
    DEFINED_BY_SET,     /* value: the template */
    DEFINED_BY_CAPTURE, /* a named capture of `regex`, matched against the path or host */
    DEFINED_BY_MAP,     /* results: one template per possible value, key: the source */
    DEFINED_BY_GEO,     /* results: constants */
    DEFINED_BY_SPLIT,   /* results: constants */
    DEFINED_BY_REPLY,   /* auth_request_set; value: the template */
    DEFINED_ELSEWHERE,  /* perl_set, ...: nothing is known about it */
};

struct variable_definition {
    const struct statement *statement;
    enum definition_kind kind;
    struct template value;
    struct template key;
    VECTOR_OF(struct template) results;
    struct regex *regex;
    /* The block that it is, for emission (mapping.h): */
    const struct map_definition *map;
    const struct geo_definition *geo;
    const struct split_definition *split;
};

/* Parses a word with variables. Undefined variables are looked up after the whole site has been
 * read, as nginx does; until then such a part is PART_CONFIG with a variable nothing defines. */
struct template template_parse(struct model *model, const struct word *word, struct slice text,
                               uint32_t offset_in_word);

bool template_has_variables(const struct template *template);

/* Whether it has no variables; `text` gets the whole of it. */
bool template_is_constant(struct model *model, const struct template *template, struct slice *text);

#endif
