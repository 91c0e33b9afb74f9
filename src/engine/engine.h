/* The engine: decisions over a validated table, without I/O. Which server answers for a host,
 * which location for a path, what a program's text is. Linked by rpcd, which runs it for each
 * request, and by rpc, which explains it.
 *
 * An engine belongs to one thread: it owns the compiled regexes of its table and scratch memory
 * for matching. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/arena.h"
#include "table/table.h"

struct engine;
struct engine_request;

/* Regexes are compiled (JIT) on first use. NULL when there is no memory. `table` is borrowed. */
__attribute__((warn_unused_result)) struct engine *engine_create(const struct table *table);
void engine_destroy(struct engine *engine);
const struct table *engine_table(const struct engine *engine);

struct engine_header {
    struct slice name; /* as received */
    struct slice value;
};

/* Captures of the latest successful regex match: pairs of offsets into `subject`. */
struct engine_captures {
    struct slice subject;
    uint32_t count;
    uint32_t offsets[20]; /* captures 0 to 9; begin, end; UINT32_MAX for one that did not match */
};

/* Where the values of LIVE variables come from. */
struct engine_live {
    /* Sets *value (valid as long as the request's arena) and returns true, or returns false when
     * the variable has no value now; then it is "not found" (empty, and "-" in logs). */
    bool (*variable)(void *owner, enum variable_id id, struct slice suffix, struct slice *value);
};

/* What the engine knows of one request. The caller fills in the first part and keeps what it
 * points to alive; the engine fills in the second. Zero it before use. */
struct engine_request {
    struct engine *engine;
    struct arena *arena;            /* for texts built while deciding */
    const struct engine_live *live; /* may be NULL: no LIVE variable has a value */
    void *live_owner;

    struct slice method;
    struct slice target;   /* the request target as received */
    struct slice protocol; /* HTTP/1.1 */
    struct slice line;     /* the request line as received; $request */
    struct slice scheme;   /* http */
    struct slice host;     /* $host: validated, lower case, without port; may be empty */
    struct slice uri;      /* $uri: decoded and normalised path */
    struct slice raw_path; /* the path as received */
    struct slice args;     /* without '?'; no data when there is no '?' */
    bool uri_is_plain;     /* normalising changed nothing: uri is the bytes of raw_path */
    const struct engine_header *headers;
    uint32_t header_count;
    struct slice remote_addr; /* text */
    uint32_t remote_port;     /* 0: unknown (unix) */
    struct slice binary_remote_addr;
    struct slice server_addr;
    uint32_t server_port;

    const struct table_server *server;
    const struct table_location *location; /* NULL before one is chosen */
    const struct table_settings *settings; /* of the location, or of the server */
    struct slice *slots;                   /* values of the configuration's variables; see
                                              engine_request_prepare */
    struct engine_captures captures;
};

/* Gives the request its slots. False when there is no memory. */
__attribute__((warn_unused_result)) bool engine_request_prepare(struct engine_request *request);

/* --- path.c: request targets --- */

enum engine_target_error {
    ENGINE_TARGET_OK,
    ENGINE_TARGET_INVALID, /* 400: bad escape, a NUL byte, a path above the root, no form at all */
    ENGINE_TARGET_NO_MEMORY,
};

/* Takes apart request->target (origin form, absolute form or "*"), and fills in raw_path, args and
 * the normalised uri as nginx does: percent-decoding, merging of slashes when `merge_slashes`,
 * "." and ".." resolved. request->method decides whether "*" is one. `authority` gets the
 * host[:port] of an absolute form, for engine_parse_host to validate; else it is empty. */
enum engine_target_error engine_parse_target(struct engine_request *request, bool merge_slashes,
                                             struct slice *authority);

/* Percent-encodes what may not stand in a path of a request to a backend, as nginx's
 * ngx_escape_uri(NGX_ESCAPE_URI): used where a normalised uri is sent on. Borrowed when nothing
 * changes; an empty data pointer means no memory. */
struct slice engine_escape_uri(struct arena *arena, struct slice uri);

/* --- host.c: Host values --- */

/* Splits and validates a Host value or authority: lower case, no port, no trailing dot. False for
 * what nginx answers 400. The result may be borrowed from `value` or lie in `arena`. */
bool engine_parse_host(struct arena *arena, struct slice value, struct slice *host);

/* --- server.c: virtual servers --- */

/* The server for request->host on this endpoint: exact names, then the longest *.x, then the
 * longest x.*, then regexes in order, then the default. Sets request->server and settings, and the
 * captures and slots of a regex. False when a regex exceeded its match limits (500). */
__attribute__((warn_unused_result)) bool engine_find_server(struct engine_request *request,
                                                            const struct table_endpoint *endpoint);

/* --- location.c: locations --- */

enum engine_location_result {
    ENGINE_LOCATION_FOUND,    /* request->location and settings are set */
    ENGINE_LOCATION_NONE,     /* no location matches: 404 */
    ENGINE_LOCATION_REDIRECT, /* 301 to the same path with "/" appended; location is set */
    ENGINE_LOCATION_FAILED,   /* a regex exceeded its match limits: 500 */
};

/* nginx's order: exact, longest prefix, nested ones, then regexes in order unless ^~. */
enum engine_location_result engine_find_location(struct engine_request *request);

/* --- program.c: programs --- */

/* The text of a template; may be borrowed from the table or the request. False without memory. */
__attribute__((warn_unused_result)) bool engine_run_template(struct engine_request *request,
                                                             uint32_t program, struct slice *text);

struct engine_answer {
    uint32_t status; /* 0: the sequence did not answer, go on */
    bool has_text;
    bool is_redirect; /* text is the Location */
    struct slice text;
};

/* Runs a rewrite sequence. False without memory or when a regex failed (500). */
__attribute__((warn_unused_result)) bool
engine_run_sequence(struct engine_request *request, uint32_t program, struct engine_answer *answer);

/* A template whose variables are escaped one by one; missing ones are "-" (nginx's log_format). */
__attribute__((warn_unused_result)) bool engine_run_log_line(struct engine_request *request,
                                                             const struct table_log_format *format,
                                                             struct slice *line);

/* --- variable.c: built-in variables --- */

/* Value of one built-in variable; false when it has none. */
bool engine_variable(struct engine_request *request, enum variable_id id, struct slice suffix,
                     struct slice *value);

/* First header field of that name (compared without case); false when there is none. */
bool engine_find_header(const struct engine_request *request, struct slice name,
                        struct slice *value);

/* The value of a variable such as $sent_http_x_y among `headers`: `suffix` is the field's name with
 * '_' for '-'. Several fields of that name are joined by ", ". False when there is none. */
bool engine_find_field(struct arena *arena, const struct engine_header *headers, uint32_t count,
                       struct slice suffix, struct slice *value);

#endif
