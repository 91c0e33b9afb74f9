/* Networks of client addresses: 192.0.2.0/24, 2001:db8::/32, or one address. */
#ifndef MODEL_NETWORK_H
#define MODEL_NETWORK_H

#include "model/model.h"

enum network_problem {
    NETWORK_FINE,
    NETWORK_HAS_HOST_BITS, /* bits behind the prefix were set, and have been cleared */
    NETWORK_INVALID,
};

/* Pure parsing; `network` is valid unless the result is NETWORK_INVALID. */
enum network_problem network_parse(struct slice text, struct client_network *network);

/* The same for `text`, a part of `word`; reports both problems there. False for an invalid one. */
bool network_read(struct model *model, const struct word *word, struct slice text,
                  struct client_network *network);

#endif
