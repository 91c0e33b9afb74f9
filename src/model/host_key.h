/* Keys that stand for names of hosts: those of a map below `hostnames`, and those of
 * valid_referers. Which there may be is nginx's rule (ngx_hash_add_key). */
#ifndef MODEL_HOST_KEY_H
#define MODEL_HOST_KEY_H

#include "base/slice.h"
#include "table/layout.h"

#include <stdbool.h>

/* Unlike a server name it may be ".": it stands for itself. */
struct host_key {
    enum table_name_kind kind;
    struct slice text; /* as in a table: ".example.com" of LEADING, "www." of TRAILING */
    bool is_exact_too; /* .example.com: the text without its dot is a key as well */
};

/* What a key is; false for a wildcard in a place that nginx does not support. */
bool host_key_classify(struct slice text, struct host_key *key);

/* What to write instead of a key that is none. */
#define HOST_KEY_HELP                                                                              \
    "a '*' stands for whole labels at the beginning or the end only: *.example.com, "              \
    ".example.com or www.example.*"

#endif
