/* The keys that rpcd --require-signature names. They are read once, at the start: what a running
 * rpcd trusts is not changed by changing a file. */
#ifndef TRUSTED_KEYS_H
#define TRUSTED_KEYS_H

#include "log/failure.h"
#include "table/key.h"

/* Reads the public keys in the file. False, with nothing to release and the reason in `failure`. */
__attribute__((warn_unused_result)) bool
trusted_keys_read(struct table_keys *keys, const char *path, struct failure *failure);

#endif
