/* Comments that turn rules off:
 *
 *     proxy_pass http://$host;  # rpc:disable=open-proxy
 *
 *     # rpc:disable=missing-proxy-headers,header-inheritance (the backend needs none)
 *     location /metrics { ... }
 *
 * Such a comment covers the statement it stands beside or directly above, with all of its block
 * and with the files it includes. */
#ifndef CHECK_SUPPRESSION_H
#define CHECK_SUPPRESSION_H

#include "check/check.h"

struct suppression {
    struct span name;  /* of the rule, in the comment */
    struct span names; /* of all rules in it */
    struct span comment;
    struct span covered; /* the statement, with its block */
    uint32_t line;       /* of a comment beside a statement: whatever begins there; else 0 */
    struct slice reason; /* see suppression_find_reason */
};

struct suppressions {
    VECTOR_OF(struct suppression) items;
};

struct suppression_list {
    struct suppressions of_rules[RULE_COUNT]; /* in order of reading */
    struct suppressions of_codes;             /* of warnings of the compiler: RPC0108 */
    size_t count;
};

/* Those of the whole configuration; read once. */
struct suppression_list *suppression_collect(struct finding_list *findings);

/* What suppresses a finding, or NULL. One in an included file is covered where it stands or where
 * the file is included. */
struct suppression *suppression_find(struct finding_list *findings, const struct finding *finding);

/* The same for a warning of the compiler. */
struct suppression *suppression_find_code(struct finding_list *findings,
                                          const struct diagnostic *warning);

/* Whether it is the code of a kind of warning or error, as diagnostics are labelled. */
bool suppression_is_code(struct slice name);

/* Finds what follows "rpc:disable=" in a comment: names, commas between them, up to a space. */
bool suppression_find_names(const struct tree *tree, const struct comment *comment,
                            struct span *names);

/* Takes the next name off `names`; false at the end. Empty names between commas are skipped. */
bool suppression_next_name(const struct tree *tree, struct span *names, struct span *name);

/* What a comment says behind the names, without parentheses, dashes or a colon around it. */
struct slice suppression_find_reason(const struct tree *tree, const struct comment *comment,
                                     struct span names);

struct slice suppression_text(const struct tree *tree, struct span span);

/* Puts the findings that a comment covers apart. */
void suppression_apply(struct finding_list *findings);

#endif
