/* Opening files without following symbolic links: disable_symlinks. */
#ifndef FILE_SYMLINKS_H
#define FILE_SYMLINKS_H

#include "file/find.h"

/* open(2) of a name that ends with a zero byte behind its `size` bytes, by the rule. -1 with errno,
 * and the call that failed, when it cannot be opened. With `is_appended` it is made if need be, and
 * written to at its end; otherwise it is read. */
int file_open(const char *name, size_t size, const struct file_link_rule *rule, bool is_appended,
              const char **call);

#endif
