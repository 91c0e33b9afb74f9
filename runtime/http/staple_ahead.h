/* Asking about certificates before the first client comes: contexts are made when they are first
 * needed, and an answer takes a while; so those with stapling are made ahead, one in a turn of the
 * loop, as long as they are not too many. */
#ifndef HTTP_STAPLE_AHEAD_H
#define HTTP_STAPLE_AHEAD_H

#include "net/generation.h"

struct http_service;

struct staple_ahead {
    struct loop_task task;
    struct http_service *service;
    uint32_t next; /* server of the table */
    uint32_t left; /* contexts that may still be made */
};

/* Begins with the service's current generation. */
void staple_ahead_start(struct staple_ahead *ahead, struct http_service *service);
void staple_ahead_stop(struct staple_ahead *ahead);

#endif
