/* rpcd's command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "log/failure.h"
#include "table/key.h"

enum options_action {
    OPTIONS_RUN,
    OPTIONS_TEST,   /* -t */
    OPTIONS_SIGNAL, /* -s, --reload */
    OPTIONS_HELP,
    OPTIONS_VERSION,
};

struct options {
    enum options_action action;
    const char *table;              /* path */
    const char *prefix;             /* NULL: the current directory */
    const char *error_log;          /* NULL: standard error */
    const char *key_file;           /* of --require-signature, or NULL */
    int signal;                     /* of OPTIONS_SIGNAL */
    struct table_keys trusted_keys; /* what main.c has read from key_file */
};

/* False with the reason in `failure` when the command line makes no sense. */
__attribute__((warn_unused_result)) bool options_parse(struct options *options, int count,
                                                       char **arguments, struct failure *failure);

/* The keys with one of which tables must be signed, or NULL when none must. */
const struct table_keys *options_trusted_keys(const struct options *options);

extern const char options_usage[];

#endif
