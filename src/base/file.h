/* Whole files in and out. Errors are errno values, so that the caller words the message. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/arena.h"

/* Reads all of `path` ("-" is standard input) into the arena, terminated with a zero byte that is
 * not counted. Returns 0, or an errno value (EISDIR for a directory, EFBIG beyond `limit`). */
int file_read(struct arena *arena, const char *path, size_t limit, struct slice *content);

/* The same from an open descriptor, which stays open. */
int file_read_descriptor(struct arena *arena, int descriptor, size_t limit, struct slice *content);

/* Writes `content` to a temporary file beside `path`, syncs it and renames it into place, so that
 * a reader sees the old or the new file and a full disk leaves the old one. Returns 0 or errno. */
int file_replace(const char *path, struct slice content);

/* The same for an existing file that is its owner's: mode, owner and group stay, and where `path`
 * is a symbolic link the file that it leads to is replaced. Returns 0 or errno. */
int file_rewrite(const char *path, struct slice content);

/* Writes everything, through short writes and EINTR. Returns 0 or errno. */
int file_write_all(int descriptor, struct slice content);

#endif
