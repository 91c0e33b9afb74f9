/* The signature behind a table: finding, making and verifying it. Says who vouches for the bytes;
 * that they are sound is table_open's to say, which knows nothing of keys. */
#ifndef TABLE_SIGNATURE_H
#define TABLE_SIGNATURE_H

#include "base/arena.h"
#include "table/key.h"
#include "table/layout.h"

/* The signature in a file's bytes (8-byte aligned), which may be any; NULL when what they are is
 * not a table with a signature behind it. Nothing is verified. */
const struct table_signature *table_signature_find(const void *data, size_t size);

/* The file with a signature by the first of the keys, in the arena; a signature that was there is
 * replaced. `file` is one that table_open has accepted. The same table and key give the same
 * bytes. An empty slice when there is no memory. */
struct slice table_sign(struct arena *arena, const struct table_keys *keys, struct slice file);

enum table_trust {
    TABLE_TRUSTED, /* signed with one of the keys, every byte */
    TABLE_UNSIGNED,
    TABLE_SIGNED_BY_ANOTHER,
    TABLE_SIGNATURE_WRONG,
    TABLE_TRUST_UNKNOWN, /* there is no memory to find out */
};

/* Whether one of the keys has signed these bytes (8-byte aligned). They may be any: this can be
 * asked before table_open looks at them. */
enum table_trust table_verify(const struct table_keys *keys, const void *data, size_t size);

/* What that says about the file: "is not signed". */
const char *table_trust_text(enum table_trust trust);

#endif
