/* What is said of a peer besides its address, as in the configuration; what nginx takes anyway is
 * left out. */
#include "table/dump.h"

enum { USUAL_WEIGHT = 1, USUAL_MAX_FAILS = 1, USUAL_FAIL_TIMEOUT = 10000 };

static void print_time(FILE *out, const char *name, uint64_t milliseconds) {
    bool is_whole = milliseconds % 1000 == 0;
    fprintf(out, " %s=%llu%s", name,
            (unsigned long long)(is_whole ? milliseconds / 1000 : milliseconds),
            is_whole ? "s" : "ms");
}

void table_dump_peer_parameters(FILE *out, const struct table_peer *peer) {
    if (peer->weight != USUAL_WEIGHT) {
        fprintf(out, " weight=%u", peer->weight);
    }
    if (peer->max_fails != USUAL_MAX_FAILS) {
        fprintf(out, " max_fails=%u", peer->max_fails);
    }
    if (peer->fail_timeout != USUAL_FAIL_TIMEOUT) {
        print_time(out, "fail_timeout", peer->fail_timeout);
    }
    if (peer->max_conns != 0) {
        fprintf(out, " max_conns=%u", peer->max_conns);
    }
    if (peer->slow_start != 0) {
        print_time(out, "slow_start", peer->slow_start);
    }
    fputs(peer->backup != 0 ? " backup" : "", out);
    fputs(peer->down != 0 ? " down" : "", out);
    fputs(peer->drain != 0 ? " drain" : "", out);
    fputs(peer->resolve != 0 ? " resolve" : "", out);
}
