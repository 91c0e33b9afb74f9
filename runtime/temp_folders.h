/* The folders that the configuration names for temporary files. */
#ifndef TEMP_FOLDERS_H
#define TEMP_FOLDERS_H

#include "privileges.h"

/* Creates those that are missing, gives them to the workers' user, and tries whether a worker can
 * make files there. Relative ones begin at `prefix`, or NULL for the current folder. False with the
 * reason, which names the folder, in `failure`. */
__attribute__((warn_unused_result)) bool temp_folders_prepare(const struct table *table,
                                                              const char *prefix,
                                                              const struct privileges *privileges,
                                                              struct failure *failure);

#endif
