/* Evaluation of a template's ops, shared by texts and log lines. */
#ifndef ENGINE_PROGRAM_H
#define ENGINE_PROGRAM_H

#include "engine/variable.h"

/* What one op of a template appends. */
enum engine_value engine_program_part(struct engine_request *request, const struct table_op *op,
                                      struct slice *value);

/* As engine_run_template, but captures are encoded as arguments. */
__attribute__((warn_unused_result)) bool
engine_run_escaped_template(struct engine_request *request, uint32_t program, struct slice *text);

/* Counts a part of a program and the bytes that it made or looked through. False beyond
 * ENGINE_EFFORT_LIMIT. */
__attribute__((warn_unused_result)) bool engine_spend(struct engine_request *request, size_t size);

/* The same for a text that was made: it stays in memory as long as the request. */
__attribute__((warn_unused_result)) bool engine_spend_text(struct engine_request *request,
                                                           size_t size);

/* What trying a regex counts for: most end at the first byte, but one can take milliseconds. */
enum { ENGINE_REGEX_EFFORT = 512 };

#endif
