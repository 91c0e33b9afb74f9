/* Values that lead out of a folder by "..": headers, arguments and cookies, in which nothing looks
 * for them, and captures that begin in the middle of a segment. */
#ifndef CHECK_CLIMBING_H
#define CHECK_CLIMBING_H

#include "check/check.h"

/* Reports values of the client's in names of files: root, alias and try_files of the block. */
void climbing_check_files(struct finding_list *findings, const struct site_block *block);

/* The capture of the expression in the value that stands right behind a folder and may climb out of
 * it, or NULL. */
const struct template_part *climbing_find_capture(struct finding_list *findings,
                                                  const struct regex *regex,
                                                  const struct template *value);

#endif
