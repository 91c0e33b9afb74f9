/* What the files of this room share while a model is being built; nobody else includes it. The
 * walk over the tree (build.c) checks each statement's place and shape (structure.c) and calls the
 * setter that its row in the catalogue names. */
#ifndef MODEL_READING_H
#define MODEL_READING_H

#include "model/catalogue.h"
#include "model/model.h"

/* The block being read, and what its directives belong to. */
struct scope {
    const struct scope *outer; /* NULL for the outermost */
    uint32_t context;          /* one C_ bit */
    struct statement *owner;   /* whose block it is; NULL for the file itself */
    struct settings *settings; /* of http, server, location; NULL elsewhere */
    struct server *server;
    struct location *location;
    struct upstream *upstream;
    struct rewrite *rewrite;
    struct health_match *match;
    bool is_refused; /* inside a block that is refused as a whole */
    /* Directives that may stand once and have no place in `settings` to remember it. */
    VECTOR_OF(const struct statement *) seen;
};

/* One statement on its way into the model. */
struct setter_call {
    struct model *model;
    struct scope *scope; /* NULL when the value is a default */
    const struct directive *directive;
    struct statement *statement;
    const struct statement *origin; /* the statement, or NULL when the value is a default */
    void *field;                    /* what a directive with a field sets */
};

/* What only building needs; lives as long as the model's arena. */
struct reading {
    struct catalogue catalogue;
    VECTOR_OF(struct template_part *) references;   /* variables to be looked up at the end */
    VECTOR_OF(struct proxy_pass *) proxies;         /* whose upstream is to be found at the end */
    struct map implicit_upstreams;                  /* "host:port" to struct upstream */
    VECTOR_OF(struct health_check *) health_checks; /* whose group is to be found at the end */
    struct map good_values;       /* marked texts that OpenSSL has been asked about, and takes */
    struct map command_verdicts;  /* what it says of commands, see tls_command.c */
    struct map matches;           /* name to struct health_match */
    struct map log_formats;       /* name to struct log_format */
    struct map log_formats_found; /* name in lower case to the first struct log_format of it */
    struct map buffered_logs;     /* path to the first struct access_log_setting with a buffer */
    const struct settings *defaults;
    struct server_settings server_defaults;
    struct upstream upstream_defaults;
    /* Stands for the settings of blocks that set nothing so far, which most of the locations of a
     * large site never do; stays empty. */
    struct settings *no_settings;
    bool has_checked_sizes; /* of buffers as `http` gives them to its servers */
};

/* One setter for each name in the setter column; false when nothing was set. */
#define HTTP_DIRECTIVE(name, contexts, min, max, storage, values, setter, ...)                     \
    bool model_set_##setter(const struct setter_call *call);
#define GRPC_DIRECTIVE HTTP_DIRECTIVE
#define SERVER_DIRECTIVE HTTP_DIRECTIVE
#define PROCESS_DIRECTIVE HTTP_DIRECTIVE
#define UPSTREAM_DIRECTIVE HTTP_DIRECTIVE
#define PLAIN_DIRECTIVE(id, name, contexts, min, max, form, setter, ...)                           \
    bool model_set_##setter(const struct setter_call *call);
#include "directives.def"
bool model_set_listed(const struct setter_call *call);
bool model_set_foreign(const struct setter_call *call);

/* --- build.c --- */

/* Reads all statements of the scope's block. */
void build_block(struct model *model, struct scope *scope, struct block *block);

/* A scope for the block of `statement`, with everything else as in the scope around it. */
struct scope build_inner_scope(struct scope *outer, struct statement *statement, uint32_t context);

/* --- structure.c --- */

/* The row of the statement's directive, or NULL after saying what is wrong with its place, its
 * form or the number of its arguments. */
const struct directive *structure_check(struct model *model, const struct scope *scope,
                                        struct statement *statement);

void structure_report_duplicate(struct model *model, const struct statement *statement,
                                const struct statement *first);

/* Whether word `index` is a directive's name at the beginning of a line, so that most likely a ';'
 * was forgotten before it. */
bool structure_begins_statement(struct model *model, uint32_t context,
                                const struct statement *statement, uint32_t index);

/* Warns when a statement has swallowed the next one, for want of a ';', without being wrong. */
void structure_warn_semicolon(struct model *model, uint32_t context,
                              const struct statement *statement);

/* Whether the block begins right behind the last word: most likely that was to go on, as a regular
 * expression with a "{" in it that is not between quotes. */
bool structure_is_cut_by_brace(const struct statement *statement);

/* Adds a hint that a ';' was forgotten before word `from` or a later one, if it looks like that. */
bool structure_hint_semicolon(struct model *model, uint32_t context,
                              const struct statement *statement, uint32_t from,
                              struct diagnostic *diagnostic);

/* --- settings.c --- */

struct settings *settings_create(struct model *model, const struct settings *outer);
/* The settings of the scope's block, to be written to: its own from now on. */
struct settings *settings_own(struct model *model, struct scope *scope);
/* Those of the scope's http or server block, to be written to, and as they are: NULL for a server
 * that has set none. */
struct server_settings *settings_own_server(struct model *model, const struct scope *scope);
struct server_settings *settings_find_server(const struct model *model, const struct scope *scope);
void settings_set_defaults(struct model *model, struct settings *settings);
void settings_set_server_defaults(struct model *model, struct server_settings *settings);
void settings_set_process_defaults(struct model *model);
void settings_set_upstream_defaults(struct model *model, struct upstream *upstream);
/* Takes what a block did not set from the block around; outer blocks first. */
void settings_inherit(struct model *model);

/* --- tls_profile.c --- */

/* Gives the block what its tls_profile stands for and what it has not set itself; before it
 * inherits. */
void tls_profile_apply(struct model *model, struct server_settings *settings);

/* --- buffering.c --- */

/* Derives the sizes of buffers that nobody gave, and reports those that do not fit together; what
 * the block inherits is there already. */
void buffering_complete(struct model *model, struct settings *settings);

/* --- compression.c --- */

/* What gzip_disable inherits although it was given. */
void compression_complete(struct model *model, struct settings *settings);

/* --- grpc.c --- */

/* What a location with these settings goes by: the same, or, where grpc_pass is, what grpc_... make
 * of them. */
struct settings *grpc_choose_settings(struct model *model, const struct location *location,
                                      struct settings *settings);

/* --- proxy_protocol.c --- */

/* Reports a $proxy_protocol_tlv_... that never has a value. */
void proxy_protocol_check_variable(struct model *model, const struct template_part *part);

/* --- word.c --- */

/* The place of bytes `begin` to `end` of a word's text in its source. */
struct span word_span(const struct model *model, const struct word *word, size_t begin, size_t end);
struct slice text_lower(struct model *model, struct slice text);
/* The mark and the text behind it, as a key: what different marks stand for is kept apart. */
struct slice text_marked(struct arena *arena, char mark, struct slice text);

/* --- syslog.c --- */

/* Whether the path of a log is a syslog server: "syslog:...". */
bool syslog_is_meant(const struct word *word);

/* What such a path says; `path` is what all logs of that server have in common. False after
 * reporting what is wrong with it. */
bool syslog_read(const struct setter_call *call, const struct word *word, struct slice *path,
                 const struct syslog_setting **setting);

/* --- access.c --- */

/* Warns of an auth_basic that protects nothing; what the location inherits is there already. */
void access_check_file(struct model *model, const struct location *location);

/* --- referer.c --- */

/* Adds the server's names where a valid_referers of the block says so. */
void referer_complete(struct model *model, const struct server *server, struct settings *settings);

/* --- secure_link.c --- */

/* Leaves the block one way to check links. */
void secure_link_inherit(struct settings *settings);

/* --- files.c --- */

/* What the block's own root and an alias around it come to. */
void files_inherit(struct settings *settings);

/* --- values.c --- */

/* What add_header_inherit says of the block's own header fields and of those around it. */
void headers_inherit(struct model *model, struct settings *settings);

/* Whether it may name a header field or a cookie. */
bool values_is_token(struct slice text);
/* False after reporting what cannot stand in a header field's value. */
bool values_check_field_value(const struct setter_call *call, const struct word *word);

/* --- reject.c: errors about a word of the directive; always false --- */

/* `message` is formatted, `help` is not. */
__attribute__((format(printf, 5, 6))) bool reject_word(const struct setter_call *call,
                                                       enum diagnostic_code code,
                                                       const struct word *word, const char *help,
                                                       const char *message, ...);

/* True unless the block has `other`, too, which is reported: ""DIRECTIVE" stands beside "OTHER"".
 */
bool reject_beside(const struct setter_call *call, enum setting_id other, enum diagnostic_code code,
                   const char *help);

/* "invalid KIND "WORD"" */
bool reject_invalid(const struct setter_call *call, enum diagnostic_code code,
                    const struct word *word, const char *kind, const char *help);

/* ""WORD" is not a valid KIND for "DIRECTIVE""; here the help is formatted. */
__attribute__((format(printf, 5, 6))) bool reject_value(const struct setter_call *call,
                                                        enum diagnostic_code code,
                                                        const struct word *word, const char *kind,
                                                        const char *help, ...);

/* "DIRECTIVE has no parameter "WORD"", with the nearest name there is; names with a value end
 * in "=". */
bool reject_parameter(const struct setter_call *call, const struct word *word,
                      const struct slice *names, size_t count);

/* Adds that name to an error. */
void reject_hint_parameter(const struct setter_call *call, struct diagnostic *diagnostic,
                           const struct word *word, const struct slice *names, size_t count);

/* --- upstream_parameter.c --- */

/* What stands behind the address of a `server` in an upstream. */
bool upstream_read_parameters(const struct setter_call *call, struct peer *peer);

/* --- balancing.c --- */

/* Reports what the servers of a group have that its balancing method excludes. */
void balancing_check(struct model *model, const struct upstream *upstream);

/* --- zone.c --- */

/* Least bytes of a zone: eight pages, as in nginx. */
enum { ZONE_SMALLEST = 32768 };

/* The zone of that name, which is for one kind of use and has one size; `size` is 0 where none is
 * told. NULL after reporting at `word` that it has been used otherwise before. */
struct zone *zone_claim(const struct setter_call *call, const struct word *word, struct slice name,
                        enum zone_kind kind, uint64_t size);

/* The first argument from that one on which begins so, or NULL. */
const struct word *zone_find_parameter(const struct setter_call *call, uint32_t first,
                                       struct slice name);

/* Says that a parameter is missing, and what is to be written behind its name. Returns false. */
bool zone_report_missing(const struct setter_call *call, struct slice parameter, const char *form);

/* The zone that the word defines by NAME:SIZE behind its first `prefix` bytes. NULL after saying
 * what is wrong with that. */
struct zone *zone_define(const struct setter_call *call, const struct word *word, size_t prefix,
                         enum zone_kind kind);

/* Notes that the word names a zone. */
void zone_refer(const struct setter_call *call, enum zone_kind kind, const struct word *word,
                struct slice name);

/* Whether limits name zones that nothing defines; queues an error for each. */
bool zone_refuse_unknown(struct model *model);

/* --- upstream_zone.c --- */

/* Once all groups are read: reports zones that none of them gives a size. */
void upstream_zone_check(struct model *model);

/* --- sticky.c --- */

/* The server parameter route=; false after reporting what is wrong with it. */
bool sticky_set_route(const struct setter_call *call, const struct word *word, struct peer *peer);

/* --- template.c --- */

/* The line of a log format: several words, joined as they are. */
struct template template_parse_log(struct model *model, const struct word *words, uint32_t count);

/* --- regex.c --- */

/* Compiles the pattern, which begins `offset` bytes into the word's text, and defines its named
 * captures. `key` is what it is matched against, or NULL when that is the path or the host.
 * Returns NULL after reporting what is wrong with it. */
struct regex *regex_create(struct model *model, const struct statement *statement,
                           const struct word *word, size_t offset, bool ignore_case,
                           const struct template *key);

/* The same for one whose captures nothing ever names: named ones are not defined. */
struct regex *regex_create_nameless(struct model *model, const struct word *word, size_t offset,
                                    bool ignore_case);

/* --- variables.c --- */

/* The variable that the configuration defines under that name (without '$'), or the entry for one
 * that it may define later. Names are compared in lower case. */
struct config_variable *variable_intern(struct model *model, struct slice name);

/* Adds a definition; NULL when nginx defines the variable itself, which is reported at `span`. */
struct config_variable *variable_define(struct model *model, struct slice name, struct span span,
                                        struct variable_definition definition);

/* The name in an argument such as "$name"; false after reporting a malformed one. */
bool variable_name(struct model *model, const struct word *word, struct slice *name);

/* Gives every reference its meaning, now that all definitions are known. */
void variables_resolve(struct model *model);

/* --- refuse.c --- */

__attribute__((format(printf, 4, 5))) void refuse(struct model *model,
                                                  const struct statement *statement,
                                                  struct span span, const char *format, ...);

/* What OpenSSL was built without. */
void refuse_absent(struct model *model, const struct statement *statement, const struct word *word);

/* --- the rest, one per file of the same name --- */

struct server *server_create(struct model *model, struct statement *statement);
/* Adds the listen and the name that a server without one has. */
void server_finish(struct model *model, struct server *server);
struct location *location_create(struct model *model, const struct scope *scope,
                                 struct statement *statement);
void location_check_duplicates(struct model *model);
void listener_build(struct model *model);
struct listen *listen_implied(struct model *model);
bool listen_is_same_address(const struct address *a, const struct address *b);
void log_add_combined(struct model *model);
void log_resolve(struct model *model);
void proxy_resolve(struct model *model);
void resolver_resolve(struct model *model);
void tls_check(struct model *model);
void tls_server_check(struct model *model);
void health_resolve(struct model *model);
void server_name_add_implied(struct model *model, struct server *server);
struct upstream *upstream_implied(struct model *model, const struct proxy_pass *proxy);
/* Reads the block of an `if` or limit_except as a nameless location inside what is around it. */
struct location *condition_read_block(const struct setter_call *call, uint32_t context);

#endif
