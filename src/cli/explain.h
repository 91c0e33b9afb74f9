/* What rpc explain tells beside the columns of a row. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli/cli.h"

/* What tls_profile stands for. */
void explain_profiles(void);

#endif
