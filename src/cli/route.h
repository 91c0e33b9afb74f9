/* How a request fares: what was decided step by step and what came of it, kept as data for the
 * printers of text and JSON and for the expectations of tests. Who decides is the engine. */
#ifndef CLI_ROUTE_H
#define CLI_ROUTE_H

#include "cli/arrival.h"
#include "engine/reply.h"
#include "engine/upstream.h"

#include <stdio.h>

/* One thing that a step says, for programs. */
enum route_fact_kind { ROUTE_TEXT, ROUTE_NUMBER, ROUTE_FLAG };
struct route_fact {
    const char *name;
    enum route_fact_kind kind;
    struct slice text;
    uint64_t number;
};

/* A server name or location that was considered and not chosen. */
struct route_candidate {
    struct slice name;
    struct table_place place;
    bool matches; /* or would */
    struct slice why;
};

struct route_step {
    const char *kind;         /* "server", "location", or the directive */
    struct table_place place; /* source TABLE_NONE: nobody wrote it */
    struct slice title;       /* what it is about */
    struct slice note;        /* why, or what came of it; may be empty */
    bool is_uncertain;        /* depends on a value that only a running rpcd has */
    VECTOR_OF(struct route_fact) facts;
    VECTOR_OF(struct route_candidate) considered;
};

struct route_header {
    struct slice name;
    struct slice value;
    bool is_always; /* added whatever the status; otherwise to the usual ones only */
};

struct route {
    struct arena *arena; /* owns what is not the table's or the question's */
    const struct table *table;
    const struct question *question;
    struct arrival arrival;
    VECTOR_OF(struct engine_header) headers; /* of the request, as far as rpcd lets them in */
    VECTOR_OF(struct route_step) steps;

    struct engine_request request; /* as the decision left it */
    struct engine_outcome outcome;
    struct engine_upstream upstream;         /* ENGINE_PROXY */
    struct engine_upstream_head head;        /* the same */
    struct engine_source source;             /* the same */
    struct engine_reply reply;               /* any other outcome */
    uint32_t status;                         /* of the response; 0: the backend's */
    VECTOR_OF(struct route_header) response; /* fields, as far as the configuration says */

    VECTOR_OF(struct slice) unknown; /* names of variables that only a running rpcd knows */
    uint32_t unknown_uses;           /* how often they were asked for */
    bool looked_at_files;
};

/* Asks the engine. Returns NULL, or why there is no answer. The question must outlive the route, as
 * must the engine. */
const char *route_ask(struct route *route, struct arena *arena, struct engine *engine,
                      const struct question *question);

/* The group or the address that the request goes to. */
struct slice route_upstream_name(const struct route *route);

/* --- route_limit.c --- */

/* A setting that limits a request; the last row has no name. */
struct route_limit {
    const char *name;
    bool is_of_backend;
};
extern const struct route_limit route_limits[];

bool route_limit_applies(const struct route *route, const struct route_limit *limit);

/* --- route_text.c, route_json.c --- */

void route_print_text(FILE *out, const struct route *route, bool colour);

/* Steps and the end alone, each line behind `indent`; the end with what the backend is sent and
 * with the fields of the response where they are wanted. */
void route_print_briefly(FILE *out, const struct route *route, const char *indent, bool colour,
                         bool shows_backend, bool shows_response);

void route_print_json(const struct route *route);

#endif
