/* Evaluation of a template's ops, shared by texts and log lines. */
#ifndef ENGINE_PROGRAM_H
#define ENGINE_PROGRAM_H

#include "engine/variable.h"

/* What one op of a template appends. */
enum engine_value engine_program_part(struct engine_request *request, const struct table_op *op,
                                      struct slice *value);

#endif
