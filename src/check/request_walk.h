/* A request that a client could send, followed through rewrites by its very texts. Whatever depends
 * on more than the request and the configuration ends the walk, so that what is told of it surely
 * happens: files that may be there or not, addresses, times, what stands between client and server.
 *
 * There is no file whose name holds REQUEST_WALK_NO_FILE: among all names that a client can think
 * of some are of no file at all, and it stands for one of these. */
#ifndef CHECK_REQUEST_WALK_H
#define CHECK_REQUEST_WALK_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "check/check.h"

#include <pcre2.h>

#define REQUEST_WALK_NO_FILE "no_such_file"
/* $0 to $9 */
#define REQUEST_WALK_CAPTURES 10

/* What walks share. */
struct request_walker {
    struct model *model;
    struct arena scratch; /* for what a walk makes; its owner empties it between walks */
    pcre2_match_data *match;
    pcre2_match_context *limits;
    uint32_t budget;  /* steps left, in all walks */
    struct map codes; /* struct regex, by its address, to its pcre2_code */
    /* Made when a server is first looked for: */
    struct map ports;   /* number to what listens there */
    struct map servers; /* "PORT NAME" to the server */
};

/* False without memory; it is to be released all the same. */
bool request_walker_init(struct request_walker *walker, struct model *model);
void request_walker_release(struct request_walker *walker);

/* As a client asks for it. */
struct request_url {
    bool is_tls;
    uint32_t port;
    struct slice host; /* empty: not known */
    struct slice path;
    struct slice args;
};

/* Something of a request by a variable's name, such as http_user_agent or request_method. */
struct request_wish {
    struct slice name; /* empty: none */
    struct slice value;
};

struct request_walk {
    struct request_walker *walker;
    const struct server *server;
    struct request_url url; /* in the beginning */
    struct request_wish wish;
    /* Now: */
    const struct location *location; /* NULL: in the server's own phase */
    struct slice path;
    struct slice args;
    bool is_internal;
    bool is_sent; /* to `location`, which is a named one */
    struct slice captures[REQUEST_WALK_CAPTURES];
    struct map values; /* of variables that were set, by name: struct walk_value */
    bool is_lost;      /* an expression took too long */
    /* What was seen on the way: */
    bool depends_on_cookies;
    bool depends_on_files;
    const struct statement *last;   /* that changed the path, or redirects */
    const struct rewrite_step *met; /* the `if` around it; NULL: none */
    struct slice target;            /* of the redirect */
};

enum request_end {
    REQUEST_STAYS,      /* it is answered, or more than is known here decides */
    REQUEST_ROUND,      /* it is rewritten until nginx gives up */
    REQUEST_REDIRECTED, /* to walk->target */
};

/* Whether a header, by its variable's name, is one that those between client and server write. */
bool request_walk_is_relayed(struct slice name);

/* Sends the request to the server. `wish` may be NULL. */
enum request_end request_walk_run(struct request_walker *walker, struct request_walk *walk,
                                  const struct server *server, const struct request_url *url,
                                  const struct request_wish *wish);

/* Whether the path is in a request as it is: nothing of it is encoded, and nothing changes when it
 * is brought to its normal form. */
bool request_walk_is_plain_path(struct slice path);

/* Where the redirect leads; false when that is not known, or perhaps to another machine: nothing
 * listens there, or has that name. */
bool request_walk_follow(const struct request_walk *walk, struct request_url *url,
                         const struct server **server);

/* The server that a request for the URL gets to, or NULL. One that gets it as the default only is
 * not `*is_named`. */
const struct server *request_walk_find_server(struct request_walker *walker,
                                              const struct request_url *url, bool *is_named);

#endif
