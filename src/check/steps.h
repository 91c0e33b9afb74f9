/* What can be told of rewrite phases from their steps alone: whether they get to a statement,
 * whether they answer, and where they send requests on to. */
#ifndef CHECK_STEPS_H
#define CHECK_STEPS_H

#include "model/model.h"

/* The location that a block of `if` or limit_except belongs to, or the location itself; NULL for
 * one of the server. */
const struct location *steps_find_base(const struct location *location);

/* Whether it is the block of a limit_except, for which nothing is rewritten. */
bool steps_is_limited(const struct location *location);

/* Whose phase it is. It goes on behind `last` in a server, where a location follows; in a location
 * the request is in another one then. */
enum steps_owner { STEPS_OF_SERVER, STEPS_OF_LOCATION };

/* Whether the phase may be over before it gets to `statement` while the request goes on to what
 * follows the phase here: by break, or by a rewrite with such a flag. NULL: before its end. */
bool steps_may_stop_before(const struct rewrite *rewrite, enum steps_owner owner,
                           const struct statement *statement);

/* Whether "rewrite ^ $request_uri" gives every request that gets there its path as the client sent
 * it: not decoded, and with its arguments. */
bool steps_take_raw_path(struct arena *arena, const struct rewrite *rewrite);

/* Which of the steps the statement is, or which block it stands in; their number: none. */
size_t steps_find_position(const struct rewrite *rewrite, const struct statement *statement);

/* Whether a request that gets to these steps surely goes no further than them: it is answered or,
 * from a location, sent elsewhere. */
bool steps_always_leave(struct arena *arena, const struct rewrite *rewrite, enum steps_owner owner);

/* The expression that $1 to $9 are surely of in a step of the block; NULL: others may have matched.
 */
const struct regex *steps_find_captured(const struct location *block,
                                        const struct rewrite_step *step);

/* The status that a return among them answers with, or 0. */
uint32_t steps_find_status(const struct rewrite *rewrite);

/* Whether a variable of the request (without '$') may have a value that the client chooses anew
 * after `statement`, because the path or the query string is rewritten. NULL: by any step. */
bool steps_may_change(struct arena *arena, const struct rewrite *rewrite, enum steps_owner owner,
                      const struct statement *statement, struct slice variable);

/* Whether the target of an error_page or try_files may be that location. */
bool steps_is_target(const struct template *target, const struct location *to);

/* Whether `from` may hand requests on to `to`, a location of the same server, by itself or by way
 * of others: by rewrites, error pages and try_files. What is looked at is taken off the budget;
 * when that is used up it may. */
bool steps_lead_to(struct arena *arena, const struct location *from, const struct location *to,
                   uint32_t *budget);

#endif
