/* A table from a file, copied into sealed memory, and verified and validated there: whatever
 * happens to the file afterwards (overwritten in place, truncated, its disk gone), the table stays
 * as it was, and what was signed is what is mapped. */
#ifndef TABLE_FILE_H
#define TABLE_FILE_H

#include "log/failure.h"
#include "table/key.h"
#include "table/table.h"

struct table_file {
    int descriptor; /* the sealed memory file, for workers to map */
    size_t size;    /* with a signature behind the table */
    void *mapping;
    struct table table;
};

/* Unless `trusted_keys` is NULL the table must be signed with one of them. False with one clear
 * line in `failure`. */
__attribute__((warn_unused_result)) bool table_file_open(struct table_file *file, const char *path,
                                                         const struct table_keys *trusted_keys,
                                                         struct failure *failure);

void table_file_close(struct table_file *file);

#endif
