/* The model: the typed site, with all inheritance applied and every reference resolved. Made from
 * a tree by model_build; read by check/ and emit/. After it, nothing asks "is it set here or
 * above". The tree it was made from stays reachable through the statements it points to. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/map.h"
#include "model/template.h"
#include "syntax/tree.h"
#include "table/layout.h"

struct reading;

/* The two values of a PAIR, e.g. number and size of buffers. */
struct pair {
    uint64_t first;
    uint64_t second;
};

struct header_setting {
    const struct statement *statement;
    struct slice name;
    struct template value;
    bool always;
};
struct header_list {
    VECTOR_OF(struct header_setting) list;
};

struct name_setting {
    const struct statement *statement;
    const struct word *word;
    struct slice text;
};
struct name_list {
    VECTOR_OF(struct name_setting) list;
};

struct log_format {
    const struct statement *statement; /* NULL for the built-in "combined" */
    struct slice name;
    enum table_log_escape escape;
    struct template line;
};

/* How a log speaks to a syslog server; the path of the log says to which. */
struct syslog_setting {
    uint32_t facility;
    uint32_t severity;
    struct slice tag;
    bool nohostname;
};

struct access_log_setting {
    const struct statement *statement; /* NULL for the default */
    struct slice path;                 /* empty: off */
    const struct word *format_name;    /* NULL: combined */
    struct log_format *format;         /* resolved */
    uint64_t buffer_size;              /* bytes; 0: none */
    uint64_t flush;                    /* milliseconds that lines wait in it at most; 0: no limit */
    const struct word *flush_word;     /* NULL: none */
    uint32_t gzip_level;               /* 1 to 9; 0: it is not compressed */
    const struct syslog_setting *syslog; /* NULL: a file */
    bool has_name;                       /* the path has variables */
    struct template name;
    const struct word *buffer_word; /* buffer= or gzip; NULL: none */
    bool has_condition;             /* only what has a value other than "0" is logged */
    struct template condition;
};
struct access_log_list {
    VECTOR_OF(struct access_log_setting) list;
};

struct error_log_setting {
    const struct statement *statement;
    struct slice path;
    const struct syslog_setting *syslog; /* NULL: a file */
    enum table_log_level level;
};
struct error_log_list {
    VECTOR_OF(struct error_log_setting) list;
};

/* One code of an error_page. */
struct error_page_setting {
    const struct statement *statement;
    uint32_t status;
    uint32_t response; /* TABLE_NONE: the error's own; 0: that of the page */
    struct template target;
};
struct error_page_list {
    VECTOR_OF(struct error_page_setting) list;
};

/* A set of client addresses: those whose first `prefix` bits are those of `bytes`. */
struct client_network {
    enum table_client_match match;
    uint8_t bytes[16]; /* IPv4 in the first four; network order; zero behind the prefix */
    uint32_t prefix;
};

struct access_rule_setting {
    const struct statement *statement;
    struct client_network network;
    bool deny;
};
struct access_rule_list {
    VECTOR_OF(struct access_rule_setting) list;
};

/* One set_real_ip_from. */
struct network_setting {
    const struct statement *statement;
    struct client_network network;
};
struct network_list {
    VECTOR_OF(struct network_setting) list;
};

/* One proxy_redirect, proxy_cookie_domain or proxy_cookie_path. */
struct replacement_setting {
    const struct statement *statement; /* NULL for a default */
    bool is_default;                   /* proxy_redirect default; the rest is empty then */
    struct regex *regex;               /* or: */
    struct template pattern;
    struct template text;
};
struct replacement_list {
    VECTOR_OF(struct replacement_setting) list;
};

/* One proxy_cookie_flags. */
struct cookie_rule_setting {
    const struct statement *statement;
    struct regex *regex; /* or: */
    struct template name;
    VECTOR_OF(struct template) flags;
};
struct cookie_rule_list {
    VECTOR_OF(struct cookie_rule_setting) list;
};

/* One word of gzip_disable; no regex: msie6. */
struct expression_setting {
    const struct statement *statement;
    struct regex *regex;
};
struct expression_list {
    VECTOR_OF(struct expression_setting) list;
};

/* One auth_request_set. */
struct assignment_setting {
    const struct statement *statement;
    struct config_variable *variable;
    struct template value; /* of the subrequest */
};
struct assignment_list {
    VECTOR_OF(struct assignment_setting) list;
};

struct address {
    enum table_family family;
    uint8_t bytes[16]; /* IPv4 in the first four; network order */
    uint32_t port;
    struct slice host; /* host name, or the path of a unix socket */
};

struct resolver {
    const struct statement *statement;
    VECTOR_OF(struct address) servers;
    uint32_t valid; /* seconds; 0: as long as an answer says itself */
    bool ipv4;      /* the families to ask for */
    bool ipv6;
};

/* A proxy_bind; "off" has no statement. */
struct binding_setting {
    const struct statement *statement;
    struct template address;
    bool is_transparent;
};

/* One host of valid_referers. */
struct referer_key {
    const struct word *word;
    enum table_name_kind kind;
    struct slice text; /* in lower case, as in a table */
    struct slice path; /* that the referer's has to begin with; empty: any */
};
struct referer_regex {
    struct regex *regex;
    bool is_name; /* a server's name: it is for the host alone */
};

/* All valid_referers of a block; without any there is no statement. */
struct referers_setting {
    const struct statement *statement;
    const struct word *none; /* where it says so, or NULL; as the next two */
    const struct word *blocked;
    const struct word *server_names;
    bool is_broken; /* something about it has been reported */
    VECTOR_OF(struct referer_key) keys;
    VECTOR_OF(struct referer_regex) regexes;
};

/* A shared memory zone; all that are named anywhere share one set of names. */
enum zone_kind { ZONE_LIMIT_REQ, ZONE_LIMIT_CONN, ZONE_CACHE, ZONE_UPSTREAM, ZONE_SESSIONS };
struct zone {
    const struct statement *statement; /* that gave its size, or else named it first */
    const struct word *word;           /* where it says so */
    enum zone_kind kind;
    struct slice name;
    uint64_t size; /* bytes; 0: nobody said */
    /* Of limits: what is counted, and of ZONE_LIMIT_REQ thousandths of a request in a second. */
    struct template key;
    uint64_t rate;
};

/* "none" has nothing of this. */
struct session_cache_setting {
    bool is_off;
    uint32_t builtin;        /* sessions that each worker keeps for itself; 0: none */
    const struct zone *zone; /* NULL: none */
};

/* An alias; without one there is no statement. */
struct alias_setting {
    const struct statement *statement;
    struct template path;
    uint32_t prefix; /* of the request's path, that it stands for */
    bool is_whole;
};

/* One word of a list. */
struct template_setting {
    const struct statement *statement; /* NULL for a default */
    struct template text;
};
struct template_list {
    VECTOR_OF(struct template_setting) list;
};

/* One ending of a line in `types`. */
struct type_setting {
    const struct word *word; /* NULL for a default */
    struct slice ending;     /* in lower case */
    struct slice type;
};
struct type_list {
    VECTOR_OF(struct type_setting) list; /* sorted once all are read; no ending twice */
};

/* An expires; "off" is not set. */
struct expires_setting {
    bool is_set;
    enum table_expires_kind kind;
    bool is_negative;
    uint64_t seconds;
    struct template value; /* with variables, else without a word */
};

/* An open_log_file_cache; with no `max` it is off. */
struct log_cache_setting {
    uint64_t max;      /* files */
    uint64_t inactive; /* milliseconds until one goes that nobody writes to */
    uint64_t valid;    /* milliseconds until the name is looked at again */
    uint32_t min_uses; /* written to less often, one is not kept open */
};

/* A disable_symlinks; "off" is not set. */
struct symlinks_setting {
    bool is_set;
    bool if_not_owner;
    struct template from; /* without a word: not given */
};

/* One limit_req or limit_conn. */
struct limit_setting {
    const struct statement *statement;
    struct slice zone; /* its name */
    uint32_t burst;    /* of limit_req */
    uint32_t delay;    /* the same */
    bool nodelay;      /* the same */
    uint32_t most;     /* of limit_conn */
};
struct limit_list {
    VECTOR_OF(struct limit_setting) list;
};

/* C types of the storage kinds in directives.def. */
#define MODEL_TYPE_FLAG uint32_t
#define MODEL_TYPE_NUMBER uint32_t
#define MODEL_TYPE_ENUM uint32_t
#define MODEL_TYPE_WORDS uint32_t /* a bit for each word */
#define MODEL_TYPE_SIZE uint64_t
#define MODEL_TYPE_TIME uint64_t /* milliseconds */
#define MODEL_TYPE_TEXT struct slice
#define MODEL_TYPE_PAIR struct pair
#define MODEL_TYPE_HEADERS struct header_list
#define MODEL_TYPE_NAMES struct name_list
#define MODEL_TYPE_ACCESS_LOGS struct access_log_list
#define MODEL_TYPE_ERROR_LOGS struct error_log_list
#define MODEL_TYPE_TEMPLATE struct template
#define MODEL_TYPE_RESOLVER const struct resolver *
#define MODEL_TYPE_ERROR_PAGES struct error_page_list
#define MODEL_TYPE_ACCESS_RULES struct access_rule_list
#define MODEL_TYPE_REQUEST_LIMITS struct limit_list
#define MODEL_TYPE_CONNECTION_LIMITS struct limit_list
#define MODEL_TYPE_BINDING struct binding_setting
#define MODEL_TYPE_REFERERS struct referers_setting
#define MODEL_TYPE_SESSION_CACHE struct session_cache_setting
#define MODEL_TYPE_REPLACEMENTS struct replacement_list
#define MODEL_TYPE_COOKIE_RULES struct cookie_rule_list
#define MODEL_TYPE_ALIAS struct alias_setting
#define MODEL_TYPE_TEMPLATES struct template_list
#define MODEL_TYPE_TYPES struct type_list
#define MODEL_TYPE_EXPIRES struct expires_setting
#define MODEL_TYPE_SYMLINKS struct symlinks_setting
#define MODEL_TYPE_LOG_CACHE struct log_cache_setting
#define MODEL_TYPE_TRUSTED_NETWORKS struct network_list
#define MODEL_TYPE_EXPRESSIONS struct expression_list
#define MODEL_TYPE_ASSIGNMENTS struct assignment_list

/* One number per setting of http, server and location. */
enum setting_id {
#define HTTP_DIRECTIVE(name, ...) SETTING_##name,
#include "directives.def"
#define GRPC_DIRECTIVE(suffix, ...) SETTING_grpc_##suffix,
#include "directives.def"
    SETTING_COUNT
};

/* All settings of one block, inherited ones included. */
struct settings {
#define HTTP_DIRECTIVE(name, contexts, min, max, storage, ...) MODEL_TYPE_##storage name;
#define GRPC_DIRECTIVE(suffix, ...) HTTP_DIRECTIVE(grpc_##suffix, __VA_ARGS__)
#include "directives.def"
    /* The statement each came from (for lists the last one); NULL for a default. */
    const struct statement *origin[SETTING_COUNT];
    /* Whether it was given in this very block rather than inherited. */
    bool is_own[SETTING_COUNT];
    /* The settings of the block around; NULL for the outermost. */
    const struct settings *outer;
    /* What all blocks inside that set nothing themselves share; NULL when there are none. */
    struct settings *heir;
    /* The same where grpc_pass is, see grpc.c; NULL: nobody has needed them. */
    struct settings *for_grpc;
    bool is_for_grpc; /* these are */
};

/* One number per setting of http and server alone. */
enum server_setting_id {
#define SERVER_DIRECTIVE(name, ...) SERVER_SETTING_##name,
#include "directives.def"
    SERVER_SETTING_COUNT
};

/* The settings of whole connections, as http or one server has them, inherited ones included. */
struct server_settings {
#define SERVER_DIRECTIVE(name, contexts, min, max, storage, ...) MODEL_TYPE_##storage name;
#include "directives.def"
    /* As in struct settings. */
    const struct statement *origin[SERVER_SETTING_COUNT];
    bool is_own[SERVER_SETTING_COUNT];
    const struct statement *profile; /* the tls_profile of this very block, or NULL */
};

struct process_settings {
#define PROCESS_DIRECTIVE(name, contexts, min, max, storage, ...) MODEL_TYPE_##storage name;
#include "directives.def"
};

struct listen {
    const struct statement *statement; /* NULL for the implied listen of a server without one */
    struct address address;
    bool is_wildcard;
    bool is_default;
    bool has_socket_options; /* any of backlog, reuseport, bind, ipv6only ... */
    uint32_t backlog;
    bool has_backlog;
    bool reuseport;
    bool ipv6only;
    bool deferred;
    uint32_t fastopen;       /* these are 0 where they are not given */
    uint32_t receive_buffer; /* bytes */
    uint32_t send_buffer;
    bool keepalive;          /* the kernel probes idle connections: */
    uint32_t keepalive_idle; /* seconds, or 0: as the system has it; likewise the next two */
    uint32_t keepalive_interval;
    uint32_t keepalive_count;
    bool ssl;
    bool http2;
    bool quic;
    bool proxy_protocol;
};

enum server_name_kind {
    SERVER_NAME_EXACT,
    SERVER_NAME_LEADING,  /* *.example.com */
    SERVER_NAME_BOTH,     /* .example.com: exact and leading */
    SERVER_NAME_TRAILING, /* www.example.* */
    SERVER_NAME_REGEX,    /* ~^www */
};

struct regex {
    struct span span;
    struct slice pattern;
    bool ignore_case;
    uint32_t capture_count;
    VECTOR_OF(struct config_variable *) names; /* slots of named captures */
    VECTOR_OF(struct slice) capture_names;     /* parallel to names */
};

struct server_name {
    const struct word *word; /* NULL for the implied "" */
    enum server_name_kind kind;
    struct slice text; /* lower case; for LEADING/BOTH without "*", e.g. ".example.com"; for
                          TRAILING without "*", e.g. "www.example." */
    struct regex *regex;
};

/* A variable that the configuration defines: by set, a named capture, map, geo, ... */
struct config_variable {
    struct slice name;
    uint32_t slot; /* position in model->variables */
    VECTOR_OF(struct variable_definition) definitions;
};

/* The condition of an `if`. */
enum condition_kind { CONDITION_TRUE, CONDITION_EQUAL, CONDITION_REGEX, CONDITION_FILE };

struct condition {
    enum condition_kind kind;
    bool is_negated;
    struct template subject;
    struct template value;     /* CONDITION_EQUAL */
    struct regex *regex;       /* CONDITION_REGEX */
    enum table_file_test test; /* CONDITION_FILE */
};

/* A rewrite directive. */
struct rewriting {
    struct regex *regex;
    struct template path;
    struct template args; /* what a literal '?' separates from the path, unless it is a redirect */
    bool has_args;        /* redirect: `path` holds a literal '?' */
    bool sets_args;       /* `args` is there, be it empty */
    bool keeps_args;
    enum table_rewrite_flag flag;
    uint32_t redirect; /* status; 0: none */
};

/* What the rewrite phase of a server or location does, in order. */
enum rewrite_kind {
    REWRITE_SET,
    REWRITE_SET_ARGS, /* set $args */
    REWRITE_SET_RATE, /* set $limit_rate */
    REWRITE_RETURN,
    REWRITE_IF,
    REWRITE_PATH,
    REWRITE_BREAK,
};

struct rewrite_step {
    const struct statement *statement;
    enum rewrite_kind kind;
    struct config_variable *variable; /* REWRITE_SET */
    uint32_t status;                  /* REWRITE_RETURN */
    bool has_text;                    /* REWRITE_RETURN: `text` is body or redirect target */
    bool is_redirect;
    struct template text;              /* REWRITE_SET and the like: the value */
    const struct condition *condition; /* REWRITE_IF */
    struct location *block;            /* REWRITE_IF: what holds when the condition is met */
    const struct rewriting *rewriting; /* REWRITE_PATH */
};

struct rewrite {
    VECTOR_OF(struct rewrite_step) steps;
};

struct proxy_pass {
    const struct statement *statement;
    const struct word *word;
    struct template target; /* the whole argument */
    bool has_variables;
    bool is_grpc; /* grpc_pass */
    bool is_tls;  /* https:// or grpcs://, or perhaps, when variables give the scheme */
    /* Without variables: */
    struct slice host;      /* $proxy_host: without the scheme's own port; localhost for unix: */
    struct address address; /* what it points to when no upstream group has that name */
    bool has_port;          /* written in the URL */
    bool has_uri;
    struct slice uri;
    struct upstream *upstream; /* the named group, or an implicit one made for the address */
};

/* A backend that is asked in another way than by HTTP, e.g. by fastcgi_pass: known, but not run. */
struct other_pass {
    const struct statement *statement; /* NULL: none */
    struct template target;
};

struct try_file {
    struct template name; /* behind the root */
    bool is_directory;
};

struct try_files {
    const struct statement *statement;
    VECTOR_OF(struct try_file) files;
    struct template target; /* when none of them exists; or: */
    uint32_t status;
};

/* One line of a match block. */
struct header_test {
    struct slice name;
    enum table_match_test test;
    struct slice value;  /* EQUAL, DIFFERENT */
    struct regex *regex; /* MATCHING, UNMATCHING */
};
struct body_test {
    struct regex *regex;
    bool is_negated;
};
struct status_range {
    uint32_t first;
    uint32_t last;
};

struct health_match {
    const struct statement *statement;
    struct slice name;
    const struct statement *status; /* NULL: any will do */
    bool is_status_negated;
    VECTOR_OF(struct status_range) statuses;
    VECTOR_OF(struct header_test) headers;
    VECTOR_OF(struct body_test) bodies;
};

struct health_check {
    const struct statement *statement;
    struct location *location;
    struct slice uri;
    uint64_t interval; /* milliseconds, as the other times */
    uint64_t jitter;
    uint64_t keepalive_time; /* 0: each check has a connection of its own */
    uint32_t fails;
    uint32_t passes;
    uint32_t port; /* 0: that of the server */
    bool is_mandatory;
    bool is_persistent;
    const struct word *match_word; /* NULL: any status of 2xx and 3xx will do */
    struct slice match_name;
    struct health_match *match; /* resolved */
};

struct location {
    const struct statement *statement;
    enum table_location_kind kind;
    struct slice name; /* the text that is matched */
    const struct word *name_word;
    struct regex *regex;
    struct server *server;
    struct location *parent;             /* NULL directly in the server */
    VECTOR_OF(struct location *) nested; /* in order of appearance */
    struct settings *settings;
    struct rewrite rewrite;
    struct proxy_pass *proxy; /* NULL: none */
    struct other_pass other_pass;
    struct try_files *try_files;
    struct health_check *health_check; /* NULL: none */
    bool is_internal;                  /* given here, or in a location around */
    const struct statement *internal;  /* given here */
    /* The block of an `if` or limit_except is a nested location without a name of its own. No path
     * leads to it: a step of `rewrite`, or `limited`, does. */
    bool is_condition;
    const struct condition *condition;      /* of an `if`; NULL when it was not understood */
    struct location *limited;               /* limit_except: holds for other methods than: */
    VECTOR_OF(struct slice) limited_except; /* their names */
};

struct server {
    const struct statement *statement;
    VECTOR_OF(struct listen *) listens;
    VECTOR_OF(struct listen *) quic_listens; /* of UDP, which have nothing to do with the others */
    VECTOR_OF(struct server_name *) names;
    VECTOR_OF(struct location *) locations; /* outermost, in order of appearance */
    struct settings *settings;
    struct server_settings *own_settings; /* those of http when it sets none of them itself */
    /* Whose certificates clients are shown: its own, or without any those of the default server;
     * itself in a snippet. NULL: it speaks no TLS. */
    const struct server *tls_server;
    struct rewrite rewrite;
    VECTOR_OF(struct location *) conditions; /* `if` blocks of the server */
    struct try_files *try_files;
    /* Made around a snippet. Its statement, and that of a location made with it, is made up: it has
     * the place of the file's first word and the file as its block. */
    bool is_implied;
};

/* sticky: requests name their peer by the first of `lookups` that is not empty. */
struct sticky {
    const struct statement *statement;
    VECTOR_OF(struct template) lookups;
    struct slice cookie; /* that responses set; empty: none */
    enum table_cookie_life life;
    uint64_t max_age; /* seconds */
    bool has_domain;
    struct template domain;
    struct slice path;
    bool httponly;
    bool secure;
    bool has_samesite;
    struct template samesite;
};

struct peer {
    const struct statement *statement; /* NULL for an implicit group's only peer */
    struct slice name;                 /* as written */
    struct address address;
    uint32_t weight;
    uint32_t max_fails;
    uint64_t fail_timeout; /* milliseconds */
    uint32_t max_conns;    /* 0: any number */
    uint64_t slow_start;   /* milliseconds */
    bool backup;
    bool down;
    bool drain;
    struct slice route;
    bool resolve; /* a host name that is resolved again and again */
};

struct upstream {
    const struct statement *statement; /* NULL: implicit, made by proxy_pass to an address */
    struct slice name;
    uint32_t port; /* of an implicit group */
    VECTOR_OF(struct peer *) peers;
    enum table_balance_method method;
    const struct statement *method_statement; /* NULL: round robin, by default */
    struct template hash_key;                 /* of TABLE_BALANCE_HASH and _HASH_CONSISTENT */
    struct sticky *sticky;                    /* NULL: none */
#define UPSTREAM_DIRECTIVE(name, contexts, min, max, storage, ...) MODEL_TYPE_##storage name;
#include "directives.def"
    bool has_resolver_timeout;               /* its own, not that of http */
    const struct health_check *health_check; /* of any location; NULL: none */
    const struct proxy_pass *implied_by;     /* the first proxy_pass that needed it */
};

/* One socket to bind, with the virtual servers behind it. */
struct endpoint {
    struct address address;
    bool is_wildcard;
    VECTOR_OF(struct server *) servers; /* in order of appearance */
    struct server *default_server;
    const struct listen *default_listen; /* the listen that said default_server; may be NULL */
    bool ssl;                            /* any listen says so, as in nginx */
    bool http2;
    bool proxy_protocol;
    const struct listen *ssl_listen; /* the first that says ssl; NULL: none does */
};

struct listener {
    const struct listen *listen; /* the first that asked for it, with its socket options */
    struct address address;
    struct slice name;                      /* as nginx prints it */
    VECTOR_OF(struct endpoint *) endpoints; /* the wildcard one last */
};

/* A place that names a zone which is defined elsewhere. */
struct zone_reference {
    const struct statement *statement;
    const struct word *word; /* the argument that names the zone */
    enum zone_kind kind;
    struct slice name;
};

/* A statement that compile must refuse, because rpcd does not run it yet, or OpenSSL cannot. */
struct refusal {
    const struct statement *statement;
    struct span span; /* the word to underline */
    /* E.g. directive "gzip", parameter "ssl" of listen, variable "$ssl_cipher". */
    struct slice what;
    bool is_absent; /* OpenSSL does not have it */
};

struct model {
    struct arena *arena;
    struct tree *tree;
    struct diagnostic_list *diagnostics;
    struct process_settings process;
    struct settings *main_settings; /* of the main level */
    struct settings *http_settings;
    struct server_settings *http_own_settings;
    VECTOR_OF(struct server *) servers;
    VECTOR_OF(struct listener *) listeners;
    VECTOR_OF(struct upstream *) upstreams; /* named, then implicit */
    struct map upstreams_by_name;
    VECTOR_OF(struct log_format *) log_formats;
    VECTOR_OF(struct config_variable *) variables;
    struct map variables_by_name;
    struct map zones; /* name to struct zone */
    VECTOR_OF(struct zone_reference) zone_references;
    VECTOR_OF(struct refusal) refusals;
    bool is_snippet;         /* statements of a server or location without one around them */
    struct reading *reading; /* what only model_build needs; private to this room */
};

/* Builds the model of a parsed tree. Problems are queued in the tree's diagnostics; the model holds
 * what was understood, so that checks can run on it. `model` borrows the tree's arena. */
void model_build(struct model *model, struct tree *tree);

/* Whether anything asked for is not run by rpcd yet; queues one error for each such statement. */
bool model_refuse_unsupported(struct model *model);

/* Whether access rules keep everybody out. */
bool model_is_closed(const struct settings *settings);

/* Whether the argument of ssl_certificate and the like is the name of a file: no variable, and no
 * other source that nginx knows. */
bool tls_is_file_name(struct slice text);

/* The zone of that kind and name, or NULL; and the name of that kind that is nearest, or none. */
const struct zone *model_find_zone(const struct model *model, enum zone_kind kind,
                                   struct slice name);
struct slice model_nearest_zone(const struct model *model, enum zone_kind kind, struct slice name);

/* The named upstream group, or NULL. */
struct upstream *model_find_upstream(const struct model *model, struct slice name);

#endif
