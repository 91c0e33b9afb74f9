/* What can be told of a regular expression from its text alone: which texts it can match. It is
 * read as a set of literal texts, each complete or with a gap in it that may hold anything. So
 * `\.(png|jpe?g)$` is {".png", ".jpeg", ".jpg"} at the end, and `^/api/\d+/x` is {"/api/"..."/x"}
 * at the start; what has no literal part is {""...""}.
 *
 * The set always holds everything the expression can match. Only where is_exact is set does the
 * expression also match everything in the set; complete texts are meant then. */
#ifndef CHECK_PATTERN_H
#define CHECK_PATTERN_H

#include "base/vector.h"

struct pattern_text {
    struct slice text;
    bool is_open;        /* then comes the gap, and behind it: */
    struct slice ending; /* "" unless is_open */
    bool at_start;       /* anchored by ^ */
    bool at_end;         /* anchored by $ */
};

struct pattern_texts {
    VECTOR_OF(struct pattern_text) items;
};

struct pattern {
    struct pattern_texts texts;
    bool is_exact;
    bool ignores_case;
};

/* Never fails: what is not understood is {""...""}. */
struct pattern pattern_read(struct arena *arena, struct slice expression, bool ignores_case);

/* What group `number` (from 1), or the group called `name` when `number` is 0, can capture.
 * `subject_begins` is text that every subject begins with, e.g. "/" for paths. */
struct pattern_texts pattern_read_group(struct arena *arena, struct slice expression,
                                        uint32_t number, struct slice name,
                                        struct slice subject_begins);

/* Whether every subject that begins with "/" is matched. */
bool pattern_matches_every_path(const struct pattern *pattern);

/* Whether everything that `inner` matches is certain to be matched by `outer`. */
bool pattern_covers(const struct pattern *outer, const struct pattern *inner);

/* Whether every path that begins with `prefix` is certain to be matched. */
bool pattern_covers_prefix(const struct pattern *pattern, struct slice prefix);

/* Whether all texts are complete and anchored at both ends, i.e. these are all the subjects that
 * match. */
bool pattern_is_enumeration(const struct pattern *pattern);

#endif
