/* Temporary files that have no name: nothing is left of one when its descriptor is closed, however
 * the process ends. */
#ifndef NET_TEMP_FILE_H
#define NET_TEMP_FILE_H

#include "base/slice.h"

/* Where temporary files go. Whoever has one keeps alive what it points to. */
struct temp_place {
    const char *prefix;  /* what a relative folder begins at; NULL: the current folder */
    struct slice folder; /* empty: $TMPDIR, or else /var/tmp or /tmp */
};

/* A new empty file, to be read and written. Returns its descriptor, or -1 with errno set. */
__attribute__((warn_unused_result)) int temp_file_open(struct temp_place place);

/* Writes at `offset`. Returns 0 or an errno value; part of the bytes may then have been written. */
__attribute__((warn_unused_result)) int temp_file_write(int file, uint64_t offset,
                                                        struct slice bytes);

/* Reads what has been written at `offset` before, up to `size` bytes of it; `*got` says how many.
 * Returns 0 or an errno value, EIO when there is nothing. */
__attribute__((warn_unused_result)) int temp_file_read(int file, uint64_t offset, char *bytes,
                                                       size_t size, size_t *got);

#endif
