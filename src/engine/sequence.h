/* The run of a rewrite sequence. Inside the engine only. */
#ifndef ENGINE_SEQUENCE_H
#define ENGINE_SEQUENCE_H

#include "engine/engine.h"
#include "engine/regex.h"

struct engine_run {
    struct engine_request *request;
    struct engine_answer *answer;
    uint32_t count; /* of the program's ops */
    uint32_t next;  /* op, counted from the program's first */
    bool condition; /* result of the latest test */
    bool is_over;
    /* A rewrite has matched: from then on captures are taken as they are. */
    bool has_rewritten;
};

/* The text of a template; with `encodes` captures are encoded as arguments if the path came encoded
 * at all, as by nginx. False without memory. */
__attribute__((warn_unused_result)) bool engine_sequence_template(struct engine_request *request,
                                                                  uint32_t program, bool encodes,
                                                                  struct slice *text);

/* Matches as rewrite and if do: without a match there are no captures any more. */
enum engine_regex_result engine_sequence_match(struct engine_request *request, uint32_t regex,
                                               struct slice subject);

/* --- rewrite.c --- */

/* Op REWRITE. False without memory or when the regex failed. */
bool engine_run_rewrite(struct engine_run *run, const struct table_op *op);

#endif
