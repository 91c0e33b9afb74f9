/* A table from a file, copied into sealed memory and validated there: whatever happens to the file
 * afterwards (overwritten in place, truncated, its disk gone), the table stays as it was. */
#ifndef TABLE_FILE_H
#define TABLE_FILE_H

#include "log/failure.h"
#include "table/table.h"

struct table_file {
    int descriptor; /* the sealed memory file, for workers to map */
    size_t size;
    void *mapping;
    struct table table;
};

/* False with one clear line in `failure`. */
__attribute__((warn_unused_result)) bool table_file_open(struct table_file *file, const char *path,
                                                         struct failure *failure);

void table_file_close(struct table_file *file);

#endif
