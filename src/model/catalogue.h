/* The catalogue: every directive and variable that is known by name, as tables of data. The rows
 * come from grammar/directives.def and variables.def (those with a meaning here) and from nginx's
 * fact tables (those that are merely known). Read by the model, by `rpc explain` and by shell
 * completion; it knows nothing of a particular site. */
#ifndef MODEL_CATALOGUE_H
#define MODEL_CATALOGUE_H

#include "base/map.h"
#include "model/template.h"

/* Where a directive may stand. */
#define C_MAIN (1u << 0)
#define C_EVENTS (1u << 1)
#define C_HTTP (1u << 2)
#define C_SERVER (1u << 3)
#define C_LOCATION (1u << 4)
#define C_IF_SERVER (1u << 5)
#define C_IF_LOCATION (1u << 6)
#define C_LIMIT_EXCEPT (1u << 7)
#define C_UPSTREAM (1u << 8)
#define C_STREAM (1u << 9)
#define C_STREAM_SERVER (1u << 10)
#define C_STREAM_UPSTREAM (1u << 11)
#define C_MAIL (1u << 12)
#define C_MAIL_SERVER (1u << 13)
#define C_TYPES (1u << 14)
#define C_MAP (1u << 15)
#define C_GEO (1u << 16)
#define C_SPLIT_CLIENTS (1u << 17)
#define C_CHARSET_MAP (1u << 18)
#define C_NUM_MAP (1u << 19)
#define C_MATCH (1u << 20)
#define C_MGMT (1u << 21)
#define C_ACME_ISSUER (1u << 22)
#define C_OIDC_PROVIDER (1u << 23)
#define C_OTEL_EXPORTER (1u << 24)
#define C_STREAM_MAP (1u << 25)
#define C_STREAM_GEO (1u << 26)
#define C_STREAM_SPLIT_CLIENTS (1u << 27)
#define C_STREAM_NUM_MAP (1u << 28)
#define C_STREAM_MATCH (1u << 29)
#define C_ANY ((1u << 30) - 1)

/* No upper bound of arguments. */
#define MANY UINT32_MAX

enum directive_form { FORM_SIMPLE, FORM_FLAG, FORM_BLOCK };
enum directive_state { STATE_RUN, STATE_KNOWN };

/* Whose field a directive sets. */
enum directive_group {
    GROUP_HTTP,     /* struct settings */
    GROUP_SERVER,   /* struct server_settings */
    GROUP_PROCESS,  /* struct process_settings */
    GROUP_UPSTREAM, /* struct upstream */
    GROUP_PLAIN,    /* none: blocks, lists, declarations */
    GROUP_LISTED,   /* none: known from nginx's table only */
};

enum directive_storage {
    STORAGE_NONE,
    STORAGE_FLAG,
    STORAGE_NUMBER,
    STORAGE_SIZE,
    STORAGE_TIME,
    STORAGE_ENUM,
    STORAGE_WORDS,
    STORAGE_TEXT,
    STORAGE_PAIR,
    STORAGE_HEADERS,
    STORAGE_NAMES,
    STORAGE_ACCESS_LOGS,
    STORAGE_ERROR_LOGS,
    STORAGE_TEMPLATE,
    STORAGE_RESOLVER,
    STORAGE_ERROR_PAGES,
    STORAGE_ACCESS_RULES,
    STORAGE_REQUEST_LIMITS,
    STORAGE_CONNECTION_LIMITS,
    STORAGE_BINDING,
    STORAGE_REFERERS,
    STORAGE_SESSION_CACHE,
    STORAGE_REPLACEMENTS,
    STORAGE_COOKIE_RULES,
    STORAGE_ALIAS,
    STORAGE_TEMPLATES,
    STORAGE_TYPES,
    STORAGE_EXPIRES,
    STORAGE_SYMLINKS,
    STORAGE_LOG_CACHE,
    STORAGE_TRUSTED_NETWORKS,
    STORAGE_EXPRESSIONS,
    STORAGE_ASSIGNMENTS,
};

struct setter_call;

struct directive {
    const char *name;
    uint32_t contexts;
    uint32_t min_arguments;
    uint32_t max_arguments;
    const char *argument_counts; /* exact counts, e.g. "1,3"; "": all from min to max */
    const char *syntax;          /* in nginx's table: "name <argument>;", several side by side */
    enum directive_form form;
    enum directive_state state;
    enum directive_group group;
    enum directive_storage storage;
    size_t offset; /* of its field */
    size_t size;
    uint32_t
        setting; /* enum setting_id, for GROUP_HTTP; enum server_setting_id, for GROUP_SERVER */
    const char *values;     /* the words of an ENUM or WORDS, joined by | */
    const char *initial;    /* the default */
    const char *help;       /* "" for one that is merely listed */
    const char *module;     /* nginx's module, for one that is merely listed */
    const char *deprecated; /* "", "yes" or "yes:replacement" */
    bool is_commercial;     /* only in nginx's commercial build */
    bool is_off_by_default; /* for one that is merely listed: "off" is as if it were not there */
    bool (*set)(const struct setter_call *call);
};

/* A variable of variables.def. */
struct builtin_variable {
    const char *name;
    bool is_prefix;     /* the name goes on freely */
    const char *chosen; /* by whom the value is, in words */
    const char *help;
};

/* All directives, those with a meaning here first; free lines of blocks such as map have the name
 * "(entry)". A name has one row for each group of contexts in which it means something else. */
size_t catalogue_directive_count(void);
const struct directive *catalogue_directive(size_t index);

/* Indexed by enum variable_id. */
extern const struct builtin_variable catalogue_builtin_variables[TABLE_variable_id_COUNT];

size_t catalogue_known_variable_count(void);
const struct known_variable *catalogue_known_variable(size_t index);

/* Whether it may be given a value although nginx defines it. */
bool catalogue_variable_is_changeable(struct slice name);

/* Rows of one name. */
struct directive_chain {
    VECTOR_OF(const struct directive *) rows;
    uint32_t contexts; /* of all rows together */
};

/* Lookup by name. nginx's table is sorted, so that a lookup there needs no preparation: most
 * configurations use a few dozen of its thousand names. */
struct catalogue {
    struct arena *arena;
    struct map *directives; /* name to struct directive_chain, of names looked up so far */
    struct map builtins;    /* name to struct builtin_variable; no prefixes */
};

void catalogue_init(struct catalogue *catalogue, struct arena *arena);

/* The row of variables.def of that name, or of the longest prefix that it begins with, or NULL. */
const struct builtin_variable *catalogue_find_builtin(const struct catalogue *catalogue,
                                                      struct slice name);

/* The known variable of that name, or one whose name is a prefix of it, or NULL. */
const struct known_variable *catalogue_find_known(struct slice name);

/* The known variable of exactly that name, or NULL; prefixes are not tried. */
const struct known_variable *catalogue_find_known_variable(struct slice name);

/* All rows of a name, or NULL. */
const struct directive_chain *catalogue_find(const struct catalogue *catalogue, struct slice name);

/* The row of a name that counts in a context (one C_ bit), or NULL. */
const struct directive *catalogue_find_in(const struct catalogue *catalogue, struct slice name,
                                          uint32_t context);

/* The row for lines without a directive's name in such a context, or NULL. */
const struct directive *catalogue_find_entry(const struct catalogue *catalogue, uint32_t context);

/* The nearest name of a directive, preferably one of that context; empty when none is near. */
struct slice catalogue_nearest_directive(const struct catalogue *catalogue, struct slice name,
                                         uint32_t context);

/* How nginx's documentation writes a directive of that name in any of those contexts: one or more
 * statements side by side, with <names> for what is to be put in. "" where it does not say. */
const char *catalogue_syntax(const struct directive_chain *chain, uint32_t contexts);

/* "http, server or location". */
struct slice catalogue_context_names(struct arena *arena, uint32_t contexts);

/* "1 argument", "1 or 2 arguments", "at least 2 arguments". */
struct slice catalogue_argument_text(struct arena *arena, const struct directive *directive);

/* What is to be used instead of a directive that does nothing any more; empty for the others. */
struct slice catalogue_obsolete_advice(const struct directive *directive);

/* Whether the directive takes that many arguments. */
bool catalogue_takes_count(const struct directive *directive, uint32_t count);

#endif
