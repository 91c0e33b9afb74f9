/* Random numbers within limits, of a worker's generator. */
#ifndef BALANCE_RANDOM_H
#define BALANCE_RANDOM_H

#include "balance/method.h"

/* A number below `limit`, which is not 0; each is as likely. */
uint64_t balance_random_below(struct balance_random *random, uint64_t limit);

#endif
