/* The file that tells others the supervisor's process id. */
#ifndef PID_FILE_H
#define PID_FILE_H

#include "log/failure.h"

#include <sys/types.h>

/* Writes this process's id, in one step for readers; a file left by a dead process is replaced. */
__attribute__((warn_unused_result)) bool pid_file_write(const char *path, struct failure *failure);

/* Removes the file, if it still names this process. */
void pid_file_remove(const char *path);

__attribute__((warn_unused_result)) bool pid_file_read(const char *path, pid_t *process,
                                                       struct failure *failure);

#endif
