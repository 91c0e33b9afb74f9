/* The board: answers about certificates (OCSP), in memory that all workers share. One worker asks
 * when it is time to, all of them send what it was told; a restarted worker finds it there. It is
 * made once, before the first worker, and outlives workers and reloads.
 *
 * Nobody waits here, as there are no locks: who is to ask is settled by moving the time of the next
 * question, and an answer that was changed while it was copied, or by somebody who was killed, does
 * not match its checksum. */
#ifndef NET_STAPLE_BOARD_H
#define NET_STAPLE_BOARD_H

#include "net/ocsp.h"

struct staple_board;

/* What an answer is about: a hash of the certificate and of whom to ask. Not all zero. */
struct staple_key {
    uint64_t words[2];
};

struct staple_answer {
    time_t expires;
    uint32_t size;
    unsigned char bytes[OCSP_ANSWER_LIMIT];
};

/* In the process that forks the workers. NULL when the memory cannot be had. */
struct staple_board *staple_board_create(void);
/* NULL is allowed. */
void staple_board_destroy(struct staple_board *board);

/* Times to ask are loop times, the same in all processes. */

/* A place for the key, the same in all workers. NULL: there is none left. One that nobody has asked
 * about for long is given to another key, so a place is looked for each time. */
struct staple_place;
struct staple_place *staple_board_find(struct staple_board *board, const struct staple_key *key,
                                       uint64_t now);

/* When it is time to ask. */
uint64_t staple_place_due(const struct staple_place *place);

/* Whether the caller is to ask, now that it is time to. Nobody else does so before `until`. */
bool staple_place_claim(struct staple_place *place, uint64_t now, uint64_t until);

/* The caller, who has claimed it, was told nothing, or something. The next question is at `due`. */
void staple_place_fail(struct staple_place *place, uint64_t due);
void staple_place_publish(struct staple_place *place, const struct staple_key *key,
                          struct slice answer, time_t expires, uint64_t due);

/* Changes with each answer; 0: there was none yet. */
uint32_t staple_place_version(const struct staple_place *place);

/* Copies the latest answer. False: there is none for this key. */
bool staple_place_read(const struct staple_place *place, const struct staple_key *key,
                       struct staple_answer *answer);

#endif
