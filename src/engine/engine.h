/* The engine: decisions over a validated table, without I/O. Which server answers for a host,
 * which location for a path, what rewriting, access rules and error pages make of a request, what a
 * program's text is. Linked by rpcd, which runs it for each request, and by rpc, which explains it.
 *
 * An engine belongs to one thread: it owns the compiled regexes of its table and scratch memory
 * for matching. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/arena.h"
#include "table/table.h"

struct engine;
struct engine_request;
struct engine_kept;

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

/* What the file system has under a name. Without EXISTS or SPECIAL there is nothing (ENOENT), or
 * one of the bits behind it says why it cannot be looked at. */
enum engine_file {
    ENGINE_FILE_NONE = 0,
    ENGINE_FILE_EXISTS = 1,
    ENGINE_FILE_REGULAR = 2,
    ENGINE_FILE_DIRECTORY = 4,
    ENGINE_FILE_EXECUTABLE = 8,
    ENGINE_FILE_SPECIAL = 512,  /* neither file nor folder: nothing to tests of `if` */
    ENGINE_FILE_DENIED = 16,    /* EACCES */
    ENGINE_FILE_LINK = 32,      /* ELOOP: a symbolic link that is not followed, or too many */
    ENGINE_FILE_NO_FOLDER = 64, /* ENOTDIR */
    ENGINE_FILE_TOO_LONG = 128, /* ENAMETOOLONG */
    ENGINE_FILE_FAILED = 256,   /* anything else; who looked has said so in the log */
};

/* What a file of passwords says of a user. */
enum engine_password {
    ENGINE_PASSWORD_RIGHT,
    ENGINE_PASSWORD_WRONG,
    ENGINE_PASSWORD_NO_USER,
    ENGINE_PASSWORD_NO_FILE, /* the log has been told, as of the next */
    ENGINE_PASSWORD_FAILED,
};

/* What the engine asks its caller. Each function may be NULL: there is no value then, no file, and
 * nobody to be told. */
struct engine_live {
    /* The value of a LIVE variable: sets *value (valid as long as the request's arena) and returns
     * true, or returns false when the variable has no value now; then it is "not found" (empty, and
     * "-" in logs). */
    bool (*variable)(void *owner, enum variable_id id, struct slice suffix, struct slice *value);
    /* Bits of enum engine_file. `path` holds no zero byte. */
    uint32_t (*file)(void *owner, struct slice path);
    /* For auth_basic; `file` is the name of the file, `user` is not empty and holds no ':'. NULL:
     * nobody knows passwords, so that they are taken for right. */
    enum engine_password (*password)(void *owner, struct slice file, struct slice user,
                                     struct slice password);
    /* For auth_request, of callers that do not take phases: the status that a subrequest of this
     * path is answered with. NULL: it lets everybody in. */
    uint32_t (*subrequest)(void *owner, struct slice path);
    /* A line for the error log. */
    void (*note)(void *owner, enum table_log_level level, const char *message);
};

/* What happened on the way to a decision, for those who explain it. `record` is of the section that
 * the kind implies, see events.def. */
enum engine_event_kind {
#define EVENT(kind, section, summary) ENGINE_EVENT_##kind,
#include "engine/events.def"
#undef EVENT
    ENGINE_EVENT_COUNT
};

struct engine_event {
    enum engine_event_kind kind;
    uint32_t record;
    bool result; /* of a test, a match, a rule: yes */
    uint32_t status;
    struct slice subject; /* what was looked at */
    struct slice value;   /* what came out */
};

struct engine_observer {
    void (*event)(void *owner, const struct engine_event *event);
};

/* A WWW-Authenticate of whatever the answer will be. */
struct engine_challenge {
    struct engine_challenge *next;
    struct slice value;
};

/* What the engine knows of one request. The caller fills in the first part and keeps what it
 * points to alive; the engine fills in the second. Zero it before use. */
struct engine_request {
    struct engine *engine;
    struct arena *arena;            /* for texts built while deciding */
    const struct engine_live *live; /* may be NULL */
    void *live_owner;
    const struct engine_observer *observer; /* NULL: nobody listens */
    void *observer_owner;

    struct slice method;     /* an error page makes it GET */
    struct slice target;     /* the request target as received */
    struct slice protocol;   /* HTTP/1.1 */
    struct slice line;       /* the request line as received; $request */
    struct slice scheme;     /* http */
    struct slice host;       /* $host: validated, lower case, without port; may be empty */
    struct slice asked_name; /* that the client named in its TLS handshake, as received; or empty */
    struct slice uri;        /* $uri: decoded and normalised path */
    struct slice raw_path;   /* the path as received */
    struct slice args;       /* without '?'; no data when there is no '?' */
    bool uri_is_plain;       /* normalising changed nothing: uri is the bytes of raw_path */
    const struct engine_header *headers;
    const uint8_t *header_ids; /* what each is, see http_field.h; used for backends only */
    uint32_t header_count;
    struct slice remote_addr; /* text */
    uint32_t remote_port;     /* 0: unknown (unix) */
    struct slice binary_remote_addr;
    struct slice server_addr;
    uint32_t server_port;
    /* What a header of the PROXY protocol said of the connection. */
    struct slice announced_addr; /* text; no data: there was none, or it told no address */
    uint32_t announced_port;
    uint64_t content_length; /* of the body as announced; 0 when it is not, or was too large */
    bool takes_phases;   /* the caller knows what goes on: what takes that is handed out to it */
    struct slice prefix; /* folder that relative roots begin at; without a slash at its end */
    const struct engine_request *main; /* whose subrequest this is; NULL: the client's own */

    const struct table_server *server;
    const struct table_location *location; /* NULL before one is chosen, and when none matches */
    const struct table_settings *settings; /* of the location, or of the server */
    struct slice *slots;                   /* values of the configuration's variables; see
                                              engine_request_prepare */
    struct engine_captures captures;

    /* What became of the request so far. */
    bool has_real_address;  /* remote_addr and the like are what a trusted proxy has told, and: */
    struct slice peer_addr; /* who connected */
    uint32_t peer_port;
    bool is_internal;    /* redirected internally: internal locations answer */
    bool is_rewritten;   /* path or arguments are no longer those of `target` */
    bool has_limit_rate; /* set $limit_rate, or a backend, has said how fast the answer goes: */
    uint64_t limit_rate; /* bytes a second; 0 is no limit */
    bool keeps_path;     /* rewrite ... break: a URI of proxy_pass does not replace its part */
    bool adds_to_alias;  /* try_files has chosen what is behind the alias of a regex location */
    bool is_for_proxy;   /* the location, or a block of if in it, has a proxy_pass */
    bool has_error_page; /* an error is being answered already */
    struct engine_challenge *challenges; /* in the order that they were made in */
    uint32_t refusal; /* 401 or 403, by what has been asked of access so far; 0: nobody refuses */
    struct slice redirect;  /* Location of a redirect that an error page answers; it is sent all the
                               same, as by nginx */
    struct slice kept_type; /* Content-Type of a backend that left the answer to another location;
                               no error's */
    bool is_unsettled;      /* after an error that leaves the client's connection in doubt */
    uint32_t redirects;     /* internal ones */
    uint32_t error_status;  /* the status of the answer, whoever gives it; 0: its own */
    uint32_t text_status;   /* of the return whose text is being made; 0: there was none */
    struct engine_kept *kept; /* values of variables, see kept.h; NULL: none yet */
    uint32_t depth;           /* of variables that are being evaluated */
    uint64_t effort;          /* spent on programs; bounded, see ENGINE_EFFORT_LIMIT */
    struct slice proxy_host;  /* of a proxy_pass with variables, once it is known */
    struct slice proxy_port;
};

/* A request whose rewrites go round in circles ends in 500, after as many as in nginx. */
enum { ENGINE_REDIRECT_LIMIT = 10 };

/* nginx's limit for variables that are defined by each other. */
enum { ENGINE_DEPTH_LIMIT = 100 };

/* Parts of programs evaluated, bytes of texts made of them and looked through for them, in one
 * request. Configurations that anybody wrote are far below; those made to double a text forever end
 * in 500, with a quarter of this in memory. A build for fuzzing has less. */
#ifndef ENGINE_EFFORT_LIMIT
#define ENGINE_EFFORT_LIMIT ((uint64_t)1 << 26)
#endif

/* Gives the request its slots. False when there is no memory. */
__attribute__((warn_unused_result)) bool engine_request_prepare(struct engine_request *request);

/* Until the host is known the server that the client named in its handshake and its settings apply,
 * or else the endpoint's default server, as in nginx. */
void engine_use_default_server(struct engine_request *request,
                               const struct table_endpoint *endpoint);

/* Whether the client named a server in its handshake, one that there is, and another name in its
 * request. */
bool engine_names_another_server(struct engine_request *request,
                                 const struct table_endpoint *endpoint);

/* Takes the target apart and finds the server for the host: that of an absolute target, else of the
 * Host field (RFC 9112 3.2.2), which is NULL when there is none. Returns 0, or the status to fail
 * with; the request has a server in any case. */
__attribute__((warn_unused_result)) uint32_t engine_begin(struct engine_request *request,
                                                          const struct table_endpoint *endpoint,
                                                          const struct slice *host_field);

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

/* The same with NGX_ESCAPE_ARGS: what may not stand in an argument. */
struct slice engine_escape_argument(struct arena *arena, struct slice text);

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

/* --- decide.c: the whole decision --- */

enum engine_outcome_kind {
    ENGINE_PROXY,    /* request->location->proxy answers */
    ENGINE_TEXT,     /* status and text, as `return` gives them */
    ENGINE_REDIRECT, /* status, and text is the Location */
    ENGINE_FILE,     /* text is the name of the file that answers, see engine_answer_folder */
    ENGINE_FOLDER,   /* text is the name of the folder that is listed, by autoindex */
    ENGINE_PAGE,     /* status, with the page that belongs to it; 444 and the like: none */
    /* Nothing is decided yet, engine_continue is due; with request->takes_phases alone. */
    ENGINE_LIMIT,        /* see to limit_req and limit_conn of request->settings */
    ENGINE_AUTHENTICATE, /* who asks is refused with `status`, once auth_delay is over */
    ENGINE_SUBREQUEST,   /* auth_request asks with a subrequest whose path is `text` */
};

struct engine_outcome {
    enum engine_outcome_kind kind;
    uint32_t status;
    struct slice text;
};

/* What answers a request whose server has been found: runs the rewrite phases, finds the location,
 * applies access rules, error pages and try_files, in nginx's order. A status in
 * request->error_status counts instead of the answer's own. */
void engine_decide(struct engine_request *request, struct engine_outcome *outcome);

/* Goes on behind what was handed out, `kind`, now or later: with status 0 as if nothing had been in
 * the way, else with that error. With ENGINE_SUBREQUEST it is the status of the subrequest's
 * answer. */
void engine_continue(struct engine_request *request, enum engine_outcome_kind kind, uint32_t status,
                     struct engine_outcome *outcome);

/* The same after an error anywhere, e.g. of a backend: what error_page has for `status`, else its
 * page. The request must be prepared and have a server. */
void engine_fail(struct engine_request *request, uint32_t status, struct engine_outcome *outcome);

/* The same for the target that X-Accel-Redirect of a backend names: a path, with arguments or
 * without, or a named location. What is no path is answered 404. */
void engine_accelerate(struct engine_request *request, struct slice target,
                       struct engine_outcome *outcome);

/* --- subrequest.c: requests that are a part of another --- */

/* Makes `part` a subrequest of `main`: a GET of that path from the same client to the same server,
 * with variables that are main's so far. `part` has its own arena, live_owner and takes_phases
 * already, all else is filled in. `main` must stay, and waits for it: what is to follow is
 * engine_decide(part), and engine_end_subrequest. False without memory. */
__attribute__((warn_unused_result)) bool engine_begin_subrequest(struct engine_request *part,
                                                                 const struct engine_request *main,
                                                                 struct slice path);

/* The subrequest is answered: auth_request_set gets its values, and what the variables of the
 * configuration have become is main's; nothing of it is borrowed. False without memory. */
__attribute__((warn_unused_result)) bool engine_end_subrequest(struct engine_request *main,
                                                               struct engine_request *part);

/* Adds a WWW-Authenticate to the answer; `value` is borrowed. False without memory. */
__attribute__((warn_unused_result)) bool engine_add_challenge(struct engine_request *request,
                                                              struct slice value);

/* --- content.c: files as answers --- */

/* The file of ENGINE_FILE turned out to be a folder: the client is sent to the path with a slash.
 */
void engine_answer_folder(struct engine_request *request, struct engine_outcome *outcome);

/* The Content-Type of the list of a folder. */
struct slice engine_listing_type(struct engine_request *request);

/* The Content-Type by the end of the path, or else the default; empty: none. */
struct slice engine_find_type(const struct engine_request *request);

/* Whether an error_page in effect is for that status; for proxy_intercept_errors. */
bool engine_has_error_page(const struct engine_request *request, uint32_t status);

/* --- limit.c: what limits count --- */

/* The key of a zone of limits for this request; an empty one is not counted. May be borrowed as a
 * template's text. False without memory. */
__attribute__((warn_unused_result)) bool engine_limit_key(struct engine_request *request,
                                                          uint32_t zone, struct slice *key);

/* --- files.c: names of files --- */

/* The folder that the request's path is looked for in: what $document_root is. False where the path
 * is none of the location's alias, which is noted, and without memory. */
__attribute__((warn_unused_result)) bool engine_find_root(struct engine_request *request,
                                                          struct slice *root);

/* --- program.c: programs --- */

/* The text of a template; may be borrowed from the table or the request. False without memory. */
__attribute__((warn_unused_result)) bool engine_run_template(struct engine_request *request,
                                                             uint32_t program, struct slice *text);

/* --- sequence.c: the rewrite phase --- */

struct engine_answer {
    uint32_t status;   /* 0: the sequence did not answer, go on */
    bool has_text;     /* written, be it empty in the end */
    bool is_redirect;  /* text is the Location */
    bool changed_path; /* without an answer: a location is to be found for the new path */
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

/* --- variable_name.c: variables by name, without '$' --- */

/* Whether the configuration defines it or it is built in. */
bool engine_variable_exists(const struct table *table, struct slice name);

/* Its value; false when it has none. The configuration's own go before built-in ones. */
bool engine_variable_by_name(struct engine_request *request, struct slice name,
                             struct slice *value);

/* First header field of that name (compared without case); false when there is none. */
bool engine_find_header(const struct engine_request *request, struct slice name,
                        struct slice *value);

/* The value of a variable such as $sent_http_x_y among `headers`: `suffix` is the field's name with
 * '_' for '-'. Several fields of that name are joined by ", ". False when there is none. */
bool engine_find_field(struct arena *arena, const struct engine_header *headers, uint32_t count,
                       struct slice suffix, struct slice *value);

#endif
