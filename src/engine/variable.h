/* Built-in variables inside the engine: the functions behind grammar/variables.def, by family. Each
 * has nginx's meaning, its differences between "empty" and "no value" included. */
#ifndef ENGINE_VARIABLE_H
#define ENGINE_VARIABLE_H

#include "engine/engine.h"

enum engine_value {
    ENGINE_VALUE_FOUND,
    ENGINE_VALUE_NONE, /* "not found" in nginx: empty, but "-" in logs */
    ENGINE_VALUE_NO_MEMORY,
};

/* As engine_variable, but tells apart why there is no value. */
enum engine_value engine_variable_find(struct engine_request *request, enum variable_id id,
                                       struct slice suffix, struct slice *value);

/* A getter sets *value when it returns ENGINE_VALUE_FOUND. `suffix` is what follows the name of a
 * prefix variable, else empty. */
typedef enum engine_value engine_getter(struct engine_request *request, struct slice suffix,
                                        struct slice *value);

/* variable_request.c: the request line and what it was taken apart into */
engine_getter engine_variable_args;
engine_getter engine_variable_cache_status;
engine_getter engine_variable_limit_rate;
engine_getter engine_variable_argument;
engine_getter engine_variable_host;
engine_getter engine_variable_https;
engine_getter engine_variable_is_args;
engine_getter engine_variable_request_line;
engine_getter engine_variable_request_method;
engine_getter engine_variable_request_uri;
engine_getter engine_variable_scheme;
engine_getter engine_variable_server_protocol;
engine_getter engine_variable_uri;

/* variable_header.c: header fields */
engine_getter engine_variable_content_length;
engine_getter engine_variable_content_type;
engine_getter engine_variable_cookie;
engine_getter engine_variable_header;
engine_getter engine_variable_forwarded_for;

/* referer.c */
engine_getter engine_variable_invalid_referer;

/* secure_link.c */
engine_getter engine_variable_secure_link;
engine_getter engine_variable_secure_link_expires;

/* files.c */
engine_getter engine_variable_document_root;
engine_getter engine_variable_request_filename;

/* variable_user.c: user and password of Basic authentication */
struct engine_credentials {
    struct slice user; /* not empty, without ':' */
    struct slice password;
};
enum engine_value engine_find_credentials(struct engine_request *request,
                                          struct engine_credentials *credentials);

engine_getter engine_variable_remote_user;

/* variable_place.c: addresses, and the server and location that were chosen */
engine_getter engine_variable_binary_remote_addr;
engine_getter engine_variable_proxy_host;
engine_getter engine_variable_proxy_port;
engine_getter engine_variable_realip_remote_addr;
engine_getter engine_variable_realip_remote_port;
engine_getter engine_variable_remote_addr;
engine_getter engine_variable_remote_port;
engine_getter engine_variable_server_addr;
engine_getter engine_variable_server_name;
engine_getter engine_variable_server_port;

/* FOUND, or NONE for a text that was never there (no data, as opposed to empty). */
static inline enum engine_value engine_value_of(struct slice text, struct slice *value) {
    *value = text;
    return text.data != NULL ? ENGINE_VALUE_FOUND : ENGINE_VALUE_NONE;
}

/* The value of a LIVE variable. */
static inline enum engine_value engine_value_live(struct engine_request *request,
                                                  enum variable_id id, struct slice suffix,
                                                  struct slice *value) {
    if (request->live == NULL || request->live->variable == NULL) {
        return ENGINE_VALUE_NONE;
    }
    return request->live->variable(request->live_owner, id, suffix, value) ? ENGINE_VALUE_FOUND
                                                                           : ENGINE_VALUE_NONE;
}

#endif
