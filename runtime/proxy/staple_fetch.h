/* One question to an OCSP responder, from its name to the verdict about its answer. Plain HTTP, as
 * answers are signed. Whether to ask at all, and what becomes of the answer, is left to stapler.c.
 */
#ifndef PROXY_STAPLE_FETCH_H
#define PROXY_STAPLE_FETCH_H

#include "net/name_cache.h"
#include "net/staple.h"
#include "proxy/probe_answer.h"

struct proxy_state;
struct staple_fetch;

/* All of it has to be over after so many milliseconds. */
enum { STAPLE_FETCH_LIMIT_MS = 60000 };

struct staple_fetch_order {
    struct proxy_state *state;
    const struct staple *staple; /* borrowed, until it is done */
    struct name_cache *names;    /* of the server's `resolver`; NULL: the system's */
    uint64_t resolver_timeout;   /* milliseconds; 0: as long as that takes */
    /* Called once, never before staple_fetch_start returns: with the answer, which says that the
     * certificate is good until `expires`; or with one without data, when the reason was logged. */
    void (*done)(void *owner, struct slice answer, time_t expires);
    void *owner;
};

/* NULL when this worker has no memory or no connection left for it. */
struct staple_fetch *staple_fetch_start(const struct staple_fetch_order *order);

/* Nobody waits for it any more; `done` is not called. */
void staple_fetch_cancel(struct staple_fetch *fetch);

/* --- staple_answer.c: pure --- */

/* Whether the HTTP answer, which is complete, holds one that is accepted. False with the reason. */
bool staple_judge(const struct ocsp_subject *subject, const struct probe_answer *answer,
                  time_t *expires, struct failure *failure);

#endif
