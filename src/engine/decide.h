/* The phases of a decision and what leads from one to another. Each function returns the phase to
 * go on with; ENGINE_PHASE_DONE when it has filled in the outcome. Inside the engine only. */
#ifndef ENGINE_DECIDE_H
#define ENGINE_DECIDE_H

#include "engine/engine.h"

enum engine_phase {
    ENGINE_PHASE_ADDRESS,  /* of the client, by the server's settings */
    ENGINE_PHASE_SERVER,   /* the rewrite sequence of the server */
    ENGINE_PHASE_FIND,     /* the location */
    ENGINE_PHASE_LOCATION, /* its rewrite sequence */
    ENGINE_PHASE_LIMIT,    /* the client's address, limit_req, limit_conn */
    ENGINE_PHASE_ACCESS,
    ENGINE_PHASE_FILES, /* try_files */
    ENGINE_PHASE_CONTENT,
    ENGINE_PHASE_DONE,
};

/* Goes on with another path, from the server's rewrite sequence on. */
enum engine_phase engine_redirect_internally(struct engine_request *request, struct slice uri,
                                             struct slice args, struct engine_outcome *outcome);

/* Goes on in a named location; `name` begins with "@". */
enum engine_phase engine_enter_named(struct engine_request *request, struct slice name,
                                     struct engine_outcome *outcome);

/* engine_fail with a redirect's target. */
void engine_fail_to(struct engine_request *request, uint32_t status, struct slice location,
                    struct engine_outcome *outcome);

/* --- accelerate.c --- */

/* Goes on as X-Accel-Redirect says. */
enum engine_phase engine_follow_backend(struct engine_request *request, struct slice target,
                                        struct engine_outcome *outcome);

/* --- error_page.c --- */

/* What error_page has for the status, else the page that belongs to it, or the redirect to
 * `location` when that is not NULL. */
enum engine_phase engine_answer_error(struct engine_request *request, uint32_t status,
                                      const struct slice *location, struct engine_outcome *outcome);

/* --- files.c --- */

enum engine_phase engine_try_files(struct engine_request *request, uint32_t record,
                                   struct engine_outcome *outcome);

/* Whether there is such a file as `test` asks for. */
bool engine_test_file(const struct engine_request *request, struct slice path,
                      enum table_file_test test);

/* What a name in the file system is made of: a part that the configuration wrote as it is, and
 * behind it what variables and paths made. */
struct engine_base {
    struct slice text; /* the root or the alias */
    size_t fixed;      /* bytes of it in which "/.." is the configuration's own */
};

/* The root, or the alias, in effect. False without memory, or when it is made of itself. */
__attribute__((warn_unused_result)) bool engine_find_base(struct engine_request *request,
                                                          struct engine_base *base);

/* The alias in effect; NULL: there is none. */
const struct table_alias *engine_alias_of(const struct engine_request *request);

enum engine_mapping {
    ENGINE_MAPPED,
    ENGINE_MAPPED_OUTSIDE, /* what was made climbs: no such file, and the log says so */
    ENGINE_NOT_MAPPED,     /* 500 */
};

/* The name of the file that the path stands for, with `more` behind it. */
enum engine_mapping engine_map_path(struct engine_request *request, struct slice more,
                                    struct slice *name);

/* Bits of enum engine_file. */
uint32_t engine_look_at(const struct engine_request *request, struct slice path);

/* --- content.c --- */

/* Where nothing but files is left: an index, a file, or what nginx answers instead. */
enum engine_phase engine_serve_files(struct engine_request *request,
                                     struct engine_outcome *outcome);

/* --- limit.c --- */

/* Tells an observer of the limits in effect. */
void engine_tell_limits(const struct engine_request *request);

/* --- access.c --- */

/* What allow, deny, auth_basic and auth_request say of the client, as satisfy joins them: 0, the
 * status of the refusal, or ENGINE_ACCESS_ASKED. */
uint32_t engine_check_access(struct engine_request *request);

/* The same behind ENGINE_ACCESS_ASKED, the subrequest being answered with `status`. */
uint32_t engine_end_access(struct engine_request *request, uint32_t status);

/* Whether a binary address is in the network; `prefix` is at most its width. */
bool engine_address_matches(struct slice address, enum table_client_match match,
                            const struct table_bytes16 *network, uint32_t prefix);

/* The IPv4 address inside an IPv4-mapped IPv6 one; any other as it is. */
struct slice engine_unmap_address(struct slice address);

/* --- real_address.c --- */

/* Where set_real_ip_from is in effect and the client is a proxy that is trusted, the client is who
 * that says; once in a request. False when that takes too much, or memory. */
__attribute__((warn_unused_result)) bool engine_find_real_address(struct engine_request *request);

static inline bool engine_takes_real_address(struct engine_request *request) {
    return request->settings->set_real_ip_from.count == 0 || engine_find_real_address(request);
}

/* --- auth_basic.c --- */

/* What one kind of access control says. */
enum engine_access {
    ENGINE_ACCESS_DECLINED = 0, /* nothing */
    ENGINE_ACCESS_GRANTED = 1,
    ENGINE_ACCESS_ASKED = 2, /* a subrequest is to find out */
    /* any other: the status of the refusal */
};

/* One of enum engine_access, or a status. */
uint32_t engine_check_user(struct engine_request *request);

/* --- subrequest.c --- */

/* What auth_request says, or that it has to ask. */
uint32_t engine_ask_subrequest(struct engine_request *request);

/* What its answer means; one of enum engine_access, or a status. */
uint32_t engine_judge_subrequest(const struct engine_request *request, uint32_t status);

/* --- program.c --- */

/* The parts in one piece, in the request's arena. False without memory. */
__attribute__((warn_unused_result)) bool engine_join(struct engine_request *request,
                                                     const struct slice *parts, uint32_t count,
                                                     struct slice *text);

/* A text's path and what follows its first "?". */
void engine_split_args(struct slice text, struct slice *path, struct slice *args);

#endif
