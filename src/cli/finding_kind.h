/* Everything that findings and errors can be about, in one list: the rules of the registry and
 * behind them the kinds of errors of grammar/diagnostics.def, by their numbers. */
#ifndef CLI_FINDING_KIND_H
#define CLI_FINDING_KIND_H

#include "check/check.h"

enum finding_kind_place {
    FINDING_KIND_BEFORE_CODES = RULE_COUNT - 1,
#define DIAGNOSTIC(number, name, summary) FINDING_KIND_##name,
#include "diagnostics.def"
#undef DIAGNOSTIC
    FINDING_KIND_COUNT
};

struct finding_kind {
    const struct rule *rule; /* NULL for a kind of error */
    unsigned number;         /* of a kind of error: RPC0100 is 100 */
    const char *summary;
};

struct finding_kind finding_kind_get(size_t kind);

/* "open-proxy", or "RPC0100" in `arena`. */
struct slice finding_kind_name(struct arena *arena, size_t kind);

/* The kind of that name, which may be a code without its zeros or in lower case; FINDING_KIND_COUNT
 * when there is none. */
size_t finding_kind_find(struct slice name);

/* Kinds that somebody chose. */
struct kind_set {
    bool has[FINDING_KIND_COUNT];
};

/* Adds what is called so: a rule, a kind of error or a family. False when nothing is. */
bool kind_set_add(struct kind_set *set, struct slice name);

/* The name that was probably meant, or an empty slice. */
struct slice finding_kind_nearest(struct arena *arena, struct slice name);

#endif
