/* The contents of the files that TLS needs (certificates, keys, passwords, lists of revoked
 * certificates), in sealed memory: the supervisor reads them while it has the right to, and workers
 * get them as one descriptor. They stay what they were when the table was loaded, whatever happens
 * to the files. What the contents mean is left to tls_context.c. */
#ifndef NET_SECRETS_H
#define NET_SECRETS_H

#include "base/slice.h"
#include "log/failure.h"

struct secrets_entry;

/* Read-only; mapped from a descriptor. All zero: there are none. */
struct secrets {
    void *mapping;
    size_t size;
    const struct secrets_entry *entries; /* sorted by path */
    uint32_t count;
};

struct secret {
    struct slice content;
    uint64_t hash[2]; /* XXH3-128 of the content */
};

/* Maps what secrets_seal made; the descriptor stays the caller's. False with errno set. */
__attribute__((warn_unused_result)) bool secrets_map(struct secrets *secrets, int descriptor,
                                                     size_t size);
void secrets_unmap(struct secrets *secrets);

/* The file that a table names `path`; false when it was not read. */
bool secrets_find(const struct secrets *secrets, struct slice path, struct secret *secret);

/* Files on their way into sealed memory. */
struct secrets_reader;

/* NULL without memory. */
struct secrets_reader *secrets_reader_create(void);
void secrets_reader_destroy(struct secrets_reader *reader);

/* Reads `file`, which the table calls `path`, unless it was read already. `path` is borrowed. False
 * with the reason in `failure`, without the file's name. */
__attribute__((warn_unused_result)) bool secrets_read(struct secrets_reader *reader,
                                                      struct slice path, const char *file,
                                                      struct failure *failure);

/* Returns a descriptor of sealed memory that holds everything read so far, and its size; or -1 with
 * errno set. */
int secrets_seal(const struct secrets_reader *reader, size_t *size);

#endif
