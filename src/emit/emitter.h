/* What the files of this room share: the state of one emission and who emits what. Each function
 * adds records to the writer and returns an index, a range or a string of the table. Places of the
 * configuration are taken along, so that rpcd and rpc can say where a record came from. */
#ifndef EMIT_EMITTER_H
#define EMIT_EMITTER_H

#include "model/model.h"
#include "table/hash_slot.h"
#include "table/writer.h"

struct emitter {
    struct model *model;
    struct table_writer writer;
    struct arena scratch; /* records on their way into the writer; emptied after each server */
    /* Addresses of things of the model, to their records. Only looked up, never walked: their order
     * would differ from run to run. */
    struct map servers;
    struct map upstreams;
    struct map log_formats;
    struct map health_matches;
    struct map name_indexes;  /* by an endpoint's list of servers */
    struct map wrong_numbers; /* statements that an error has been queued about */
    struct map identities;    /* of servers: how many have each */
    uint64_t identity;        /* of the location that is being emitted */
    uint32_t condition_count; /* of its blocks so far */
    /* The settings emitted last and their record: those of neighbouring locations are often the
     * same. */
    const struct settings *latest_settings;
    uint32_t latest_settings_record;
    const struct server_settings *latest_server_settings;
    uint32_t latest_server_settings_record;
    bool failed; /* an error was queued */
};

/* emit.c */
/* A record that others may share: an equal one is found again. */
uint32_t emit_shared(struct emitter *emitter, enum table_section section, const void *record);
/* A record of its own. */
uint32_t emit_append(struct emitter *emitter, enum table_section section, const void *record);
/* Where the next record of its own will be. */
uint32_t emit_next(const struct emitter *emitter, enum table_section section);
struct table_string emit_string(struct emitter *emitter, struct slice text);
struct table_place emit_place(struct emitter *emitter, const struct statement *statement);

/* The number remembered for a key, or TABLE_NONE. */
uint32_t emit_find(const struct map *map, struct slice key);
void emit_remember(struct map *map, struct slice key, uint32_t number);
/* The same for a thing of the model, whose address is the key. */
uint32_t emit_find_thing(const struct map *map, const void *thing);
void emit_remember_thing(struct map *map, const void *thing, uint32_t number);

/* program.c */
uint32_t emit_program(struct emitter *emitter, enum table_program_kind kind,
                      const struct table_op *ops, size_t count);
uint32_t emit_template(struct emitter *emitter, const struct template *template);
uint32_t emit_regex(struct emitter *emitter, const struct regex *regex);

/* slot.c */
void emit_slots(struct emitter *emitter);

/* map.c, geo.c, split.c: `is_volatile` comes from any definition of the variable */
uint32_t emit_map(struct emitter *emitter, const struct map_definition *map, bool is_volatile);
uint32_t emit_geo(struct emitter *emitter, const struct geo_definition *geo, bool is_volatile);
uint32_t emit_split(struct emitter *emitter, const struct split_definition *split);

/* rewrite.c */
/* The program, or TABLE_NONE; `places` get where its ops stand. */
uint32_t emit_rewrite(struct emitter *emitter, const struct rewrite *rewrite,
                      struct table_range *places);
/* Keeps them for the server or location whose sequence it is; the other is TABLE_NONE. */
void emit_sequence_place(struct emitter *emitter, uint32_t server, uint32_t location,
                         struct table_range places);

/* settings.c */
void emit_process(struct emitter *emitter);
uint32_t emit_settings(struct emitter *emitter, const struct settings *settings);
uint32_t emit_server_settings(struct emitter *emitter, const struct server_settings *settings);
void emit_upstream_settings(struct emitter *emitter, const struct upstream *upstream,
                            struct table_upstream *record);

/* list.c: settings that are lists */
struct table_range emit_headers(struct emitter *emitter, const struct header_list *headers);
struct table_range emit_names(struct emitter *emitter, const struct name_list *names);
struct table_range emit_access_logs(struct emitter *emitter, const struct access_log_list *logs);
struct table_range emit_error_logs(struct emitter *emitter, const struct error_log_list *logs);
struct table_range emit_error_pages(struct emitter *emitter, const struct error_page_list *pages);
struct table_range emit_trusted_networks(struct emitter *emitter,
                                         const struct network_list *networks);
struct table_range emit_access_rules(struct emitter *emitter, const struct access_rule_list *rules);
struct table_range emit_replacements(struct emitter *emitter, const struct replacement_list *list);
struct table_range emit_cookie_rules(struct emitter *emitter, const struct cookie_rule_list *list);
struct table_range emit_expression_list(struct emitter *emitter,
                                        const struct expression_list *list);
struct table_range emit_assignments(struct emitter *emitter, const struct assignment_list *list);

/* files.c: settings of serving files; those that are not set are NONE */
uint32_t emit_alias(struct emitter *emitter, const struct alias_setting *alias);
struct table_range emit_templates(struct emitter *emitter, const struct template_list *templates);
struct table_range emit_types(struct emitter *emitter, const struct type_list *types);
uint32_t emit_expires(struct emitter *emitter, const struct expires_setting *expires);
uint32_t emit_symlinks(struct emitter *emitter, const struct symlinks_setting *symlinks);
uint32_t emit_log_cache(struct emitter *emitter, const struct log_cache_setting *cache);

/* limit.c: their zones must be there, see model_refuse_unsupported */
struct table_range emit_request_limits(struct emitter *emitter, const struct limit_list *limits);
struct table_range emit_connection_limits(struct emitter *emitter, const struct limit_list *limits);

/* referer.c */
uint32_t emit_referers(struct emitter *emitter, const struct referers_setting *referers);

/* health.c */
uint32_t emit_health_check(struct emitter *emitter, const struct health_check *check); /* or NONE */

/* resolver.c */
uint32_t emit_resolver(struct emitter *emitter, const struct resolver *resolver); /* or NONE */

/* upstream.c */
uint32_t emit_session_cache(struct emitter *emitter,
                            const struct session_cache_setting *cache);                /* or NONE */
uint32_t emit_binding(struct emitter *emitter, const struct binding_setting *binding); /* or NONE */
void emit_upstreams(struct emitter *emitter);
uint32_t emit_proxy(struct emitter *emitter, const struct location *location); /* or TABLE_NONE */

/* location.c and location_index.c */
uint64_t emit_server_identity(struct emitter *emitter, const struct server *server);
uint32_t emit_locations(struct emitter *emitter, struct location *const *locations, size_t count,
                        uint64_t identity);
struct table_range emit_named_locations(struct emitter *emitter, const struct server *server,
                                        uint64_t identity);
uint32_t emit_location(struct emitter *emitter, const struct location *location, uint64_t identity);
/* Of the block of an `if` or limit_except in the location that is being emitted. */
uint32_t emit_condition_location(struct emitter *emitter, const struct location *block);
uint32_t emit_try_files(struct emitter *emitter, const struct try_files *try_files); /* or NONE */
uint64_t emit_location_identity(const struct location *location, uint64_t outer);
/* `indexes` are the locations' records. */
struct table_range emit_location_tree(struct emitter *emitter, struct location *const *locations,
                                      const uint32_t *indexes, size_t count);

/* server.c */
void emit_servers(struct emitter *emitter);

/* hash_slots.c: hash slots over keys */
struct hash_slots {
    struct emitter *emitter;
    struct table_hash_slot *items; /* in the emitter's scratch */
    uint32_t count;
    bool has[TABLE_name_kind_COUNT];
};

/* Room for that many keys. */
void hash_slots_begin(struct hash_slots *slots, struct emitter *emitter, uint64_t keys);
/* The target of a key; TABLE_NONE when it has none yet. */
uint32_t hash_slots_find(const struct hash_slots *slots, struct slice key,
                         enum table_name_kind kind);
/* The first of equal keys of one kind counts. */
void hash_slots_put(struct hash_slots *slots, struct slice key, enum table_name_kind kind,
                    uint32_t target);
struct table_range hash_slots_emit(const struct hash_slots *slots, enum table_section section);
/* The same, but records that are there already are used again. */
struct table_range hash_slots_share(const struct hash_slots *slots, enum table_section section);

/* listener.c and name_index.c */
void emit_listeners(struct emitter *emitter);
uint32_t emit_name_index(struct emitter *emitter, const struct endpoint *endpoint);

#endif
