/* What an answer that needs no backend says, and what the configuration adds to any response. How a
 * page looks and how all of it gets onto the wire is the runtime's business. */
#ifndef ENGINE_REPLY_H
#define ENGINE_REPLY_H

#include "engine/engine.h"

struct engine_reply {
    uint32_t status;
    struct slice detail; /* what the page says besides the status; empty: nothing */
    bool is_silent;      /* the connection is closed without an answer: 444 and the like */
    bool has_page;       /* the body is the page of the status; else it is `text` */
    struct slice text;
    struct slice type;     /* Content-Type; empty: none */
    struct slice location; /* Location; without data: none */
};

/* The answer of an outcome other than ENGINE_PROXY. False without memory. */
__attribute__((warn_unused_result)) bool engine_make_reply(struct engine_request *request,
                                                           const struct engine_outcome *outcome,
                                                           struct engine_reply *reply);

/* A Location that begins with "/" made absolute with this request's scheme, host and port. Borrowed
 * when nothing changes; without data: no memory. */
struct slice engine_absolute_location(struct engine_request *request, struct slice location);

/* The same for a Location that the configuration made: control characters, which would let a client
 * write header fields, are percent-encoded. */
struct slice engine_own_location(struct engine_request *request, struct slice location);

/* One field of add_header for a response of that status: without a name when it does not apply,
 * with an empty value when there is nothing to add. False without memory. */
__attribute__((warn_unused_result)) bool
engine_make_added_header(struct engine_request *request, const struct table_header_field *field,
                         uint32_t status, struct engine_header *header);

/* Whether add_header without `always`, and expires, apply to an answer of that status. */
bool engine_takes_added_headers(uint32_t status);

#endif
