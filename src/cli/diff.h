/* What rpc diff found, on its way to one of its formats. */
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include "table/diff.h"

struct diff_report {
    const struct table_diff *diff;
    const char *paths[2]; /* what was compared, as the user named it; by enum diff_side */
    bool shows_all;       /* every thing that a change applies to, text only */
};

/* --- diff_text.c --- */

void diff_text_print(const struct diff_report *report);

/* --- diff_json.c --- */

void diff_json_print(const struct diff_report *report);

#endif
