/* Random numbers within limits. */
#include "balance/random.h"

/* Numbers above the last whole multiple of the limit would favour the small ones. */
uint64_t balance_random_below(struct balance_random *random, uint64_t limit) {
    uint64_t excess = (UINT64_MAX % limit + 1) % limit;
    uint64_t number;
    do {
        number = balance_random_next(random);
    } while (number > UINT64_MAX - excess);
    return number % limit;
}
