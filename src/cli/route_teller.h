/* From the events of the engine to the steps of a route. Inside route_*.c only. */
#ifndef CLI_ROUTE_TELLER_H
#define CLI_ROUTE_TELLER_H

#include "cli/route.h"

/* What was considered in the search that is going on. */
struct route_considered {
    enum engine_event_kind kind;
    uint32_t record;
    bool matches;
    const char *why; /* of regexes that were not tried */
    uint32_t than;   /* what `why` is about: a location */
};

struct route_teller {
    struct route *route;
    struct table_range places; /* of the sequence that runs, from its first op on */
    uint32_t first_op;
    struct table_place place; /* of the statement that runs */
    uint32_t unknown_uses;    /* that were told already */
    bool has_answer;          /* nothing that could fail is left */
    bool has_response;        /* what follows is about the response */
    bool has_reply;           /* a backend has answered the subrequest whose values are taken */
    VECTOR_OF(struct route_considered) considered;
    uint32_t decider; /* the latest exact, ^~ or regex location that cuts the search short */
    const char *decides;
};

/* The engine's observer; its owner is a teller. */
extern const struct engine_observer route_observer;

/* What the engine asks for; its owner is a teller. */
extern const struct engine_live route_live;

/* auth_request; struct engine_live */
uint32_t route_ask_subrequest(void *owner, struct slice path);

/* A new step, to be filled in; valid until the next. */
struct route_step *route_add_step(struct route_teller *teller, const char *kind,
                                  struct table_place place, struct slice title);

/* Marks the step when the text holds the name of an unknown variable, or one was asked for since
 * the step before. */
void route_mark_uncertain(struct route_teller *teller, struct route_step *step, struct slice text);

void route_add_text(struct route *route, struct route_step *step, const char *name,
                    struct slice text);
void route_add_number(struct route *route, struct route_step *step, const char *name,
                      uint64_t number);
void route_add_flag(struct route *route, struct route_step *step, const char *name, bool flag);

static const struct table_place route_nowhere = {TABLE_NONE, 0};

typedef void route_tell(struct route_teller *teller, const struct engine_event *event);

/* --- route_search.c --- */
route_tell route_tell_name;
route_tell route_tell_server;
route_tell route_tell_candidate;
route_tell route_tell_location;

/* --- route_rewrite.c --- */
route_tell route_tell_step;
route_tell route_tell_test;
route_tell route_tell_enter;
route_tell route_tell_set;
route_tell route_tell_set_args;
route_tell route_tell_set_rate;
route_tell route_tell_rewrite;
route_tell route_tell_break;
route_tell route_tell_return;

#endif
