/* One request that a table is asked about: what a client would send, from where and to where, and
 * which files there shall be. What is wrong with a part of it is said by whoever takes it: each
 * function that returns a text returns NULL when nothing is. The texts live in the arena. */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include "base/vector.h"
#include "engine/engine.h"

struct question_address {
    bool is_given;
    enum table_family family; /* not NAME */
    uint8_t bytes[16];
    bool is_any; /* --to PORT: whatever address */
    uint32_t port;
    struct slice path; /* of a unix socket */
};

struct question {
    struct arena *arena;
    struct slice method;
    struct slice url;       /* as written */
    struct slice target;    /* what the request line has of it */
    bool is_tls;            /* https:// */
    struct slice authority; /* the Host field, unless one is given; empty for a mere path */
    VECTOR_OF(struct engine_header) headers;
    struct question_address from;
    struct question_address to;
    VECTOR_OF(struct slice) files;
    bool has_body;
    uint64_t body_size;
    struct slice prefix; /* where relative roots begin; empty: they stay relative */
};

/* A GET without anything. Texts that are set later are borrowed. */
void question_init(struct question *question, struct arena *arena);

const char *question_set_method(struct question *question, struct slice method);

/* http://HOST[:PORT][/PATH], https:// the same, or a path alone when a Host field names the host:
 * it is asked for by TLS where the listener wants that. */
const char *question_set_url(struct question *question, struct slice url);

/* One more field. What describes the body is not given as a field. */
const char *question_add_header(struct question *question, struct slice name, struct slice value);

/* "Name: value" */
const char *question_add_header_line(struct question *question, struct slice line);

/* Takes back what was added under that name. */
void question_remove_header(struct question *question, struct slice name);

/* ADDRESS[:PORT] or unix: */
const char *question_set_from(struct question *question, struct slice text);

/* ADDRESS:PORT, PORT or unix:PATH */
const char *question_set_to(struct question *question, struct slice text);

/* A file that is there; a folder when it ends with a slash. So are the folders around it. */
void question_add_file(struct question *question, struct slice path);

/* Bits of enum engine_file for a path. */
uint32_t question_find_file(const struct question *question, struct slice path);

/* The folder that rpcd would have as its prefix; NULL: nobody says. */
void question_set_prefix(struct question *question, const char *prefix);

const char *question_set_body_size(struct question *question, struct slice text);

/* What the whole lacks or has too much of: one host. To be called last. */
const char *question_check(const struct question *question);

/* The Host field, or NULL when there is none; the one given, else the URL's. */
const struct slice *question_host(const struct question *question);

/* The port that a client would connect to: that of the URL, or of the Host field for a path. */
uint32_t question_port(const struct question *question);

#endif
