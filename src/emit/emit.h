/* Model to table. */
#ifndef EMIT_EMIT_H
#define EMIT_EMIT_H

#include "base/slice.h"
#include "model/model.h"

/* Builds the table of a model that has no errors and no refusals. The bytes are in the model's
 * arena; the same sources give the same bytes. On failure (a site beyond the format's limits) an
 * error is queued and false returned. */
bool emit_table(struct model *model, struct slice *bytes);

#endif
