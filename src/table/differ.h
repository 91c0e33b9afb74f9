/* What the files of the comparison share.
 *
 * Two records say the same exactly when they are of one class. A class is a number for some bytes:
 * those of a record with everything that differs between equal sites left out or replaced by the
 * class of what it refers to. Classes are shared by both tables and computed once a record, so
 * that comparing whole lists, programs and settings means comparing numbers. */
#ifndef TABLE_DIFFER_H
#define TABLE_DIFFER_H

#include "base/map.h"
#include "base/text.h"
#include "table/diff.h"

/* What a section's records are to the comparison. */
enum diff_role {
    DIFF_VALUE,     /* compared by content: settings, programs, list entries */
    DIFF_THING,     /* known by name; its changes are told one by one */
    DIFF_STRUCTURE, /* how things hang together: indexes, which the things themselves account for */
};

/* Where a server is to be found, as classes; see diff_name.c. */
struct diff_server {
    uint32_t name;      /* its first name, which is also $server_name */
    uint32_t names;     /* set of all names */
    uint32_t addresses; /* set of all addresses */
    uint32_t routes;    /* which names at which addresses */
    bool is_ambiguous;  /* another server of the table has the same first name */
    uint32_t partner;   /* the same server of the other table, or TABLE_NONE */
};

struct diff_table {
    const struct table *table;
    uint32_t *classes[TABLE_SECTION_COUNT]; /* by record; 0 while unknown */
    uint32_t *location_sets;                /* classes by set, all that is nested included */
    uint32_t *locations;                    /* the same for single ones */
    struct map strings;                     /* place of a string to its class */
    struct map ranges;                      /* section and range to its class */
    struct diff_server *servers;
    uint32_t *endpoints; /* class of what each is called: 127.0.0.1:80 */
    bool *is_proxied;    /* by upstream group: some proxy_pass names it */
};

struct diff_recording {
    VECTOR_OF(struct diff_change *) changes;
};

struct differ {
    struct table_diff *diff;
    struct arena *arena;
    struct arena scratch; /* emptied after each thing that is not inside of another */
    struct diff_table sides[2];
    struct map classes; /* bytes to class */
    struct text key;    /* a stack of bytes on their way to a class */
    struct map changes; /* what one says to the change, so that equal ones are joined */
    struct map parts;   /* pairs of settings and the like, to what was recorded of them */
    struct diff_recording *recording; /* NULL when nobody records */
    uint64_t report_count;            /* how often something was told of a thing */
    uint64_t budget;                  /* steps that are left */
    bool is_exhausted;                /* there were too few */
};

/* A thing while it is being compared: it is kept only when there is something to tell of it. */
struct diff_subject {
    struct diff_subject *outer;
    enum table_section section;
    uint32_t records[2];
    const char *block;
    struct slice condition;
    const struct diff_thing *kept;
};

/* --- diff_class.c --- */

/* Takes `steps` from the budget, which a comparison of any compiler's tables leaves nearly
 * untouched. False when it is used up; what has been found is of no use then. */
bool diff_spend(struct differ *differ, uint64_t steps);

/* Bytes to a class: begin, add, end. Between the two other classes may be made. */
size_t diff_class_begin(struct differ *differ, uint32_t tag);
void diff_class_add(struct differ *differ, uint32_t number);
void diff_class_add_bytes(struct differ *differ, const void *bytes, size_t size);
uint32_t diff_class_end(struct differ *differ, size_t begin);

/* The bytes of a class, without their tag. */
struct slice diff_class_bytes(const struct differ *differ, uint32_t class);

/* The class of a text, and of a text of one of the tables. */
uint32_t diff_class_of_text(struct differ *differ, struct slice text);
uint32_t diff_class_of_string(struct differ *differ, enum diff_side side,
                              struct table_string string);

/* The class of a value by its content, of a thing by its name. */
uint32_t diff_class_of(struct differ *differ, enum diff_side side, enum table_section section,
                       uint32_t record);
uint32_t diff_class_of_range(struct differ *differ, enum diff_side side, enum table_section section,
                             struct table_range range);

/* Adds one field's value, or all fields of a record that are neither structure nor place. */
void diff_class_add_field(struct differ *differ, enum diff_side side,
                          const struct table_field *field, const void *value);
void diff_class_add_fields(struct differ *differ, enum diff_side side, enum table_section section,
                           uint32_t record);

/* The class of a set of classes, which is sorted for it, and its members. */
uint32_t diff_class_of_set(struct differ *differ, uint32_t *members, size_t count);
const uint32_t *diff_class_members(const struct differ *differ, uint32_t set, size_t *count);

/* --- diff_thing.c --- */

enum diff_role diff_role(enum table_section section);

/* The name of a thing, as a field of its record; false when it has none. */
bool diff_name_of(const struct table *table, enum table_section section, uint32_t record,
                  struct table_string *name);

/* Adds to a class what tells a thing apart from others. */
void diff_class_add_identity(struct differ *differ, enum diff_side side, enum table_section section,
                             uint32_t record);

/* What a field is called in what is told. */
const char *diff_field_word(enum table_section section, const struct table_field *field);

/* Fields that say nothing of their own: what they follow from is compared elsewhere. */
bool diff_is_derived(enum table_section section, const struct table_field *field);

/* --- diff_match.c --- */

/* One side of a matching. Entries that have a partner already, and those whose key is 0, are left
 * alone. */
struct diff_matching {
    const uint32_t *keys;
    uint32_t *partners; /* TABLE_NONE when there is none */
    uint32_t count;
};

/* Makes partners of entries with equal keys, in order among equals. */
void diff_match(struct differ *differ, struct diff_matching sides[2]);

/* Partners for `count` entries, all TABLE_NONE. */
uint32_t *diff_new_partners(struct differ *differ, uint32_t count);

/* Whether partners come in another order than those who have them. */
bool diff_is_reordered(const uint32_t *partners, uint32_t count);

/* --- diff_report.c --- */

void diff_report(struct differ *differ, struct diff_subject *subject, enum diff_kind kind,
                 struct slice what, struct slice old, struct slice new);

/* Tells that a thing was added or removed, unless that follows from what is told of others. */
void diff_report_thing(struct differ *differ, struct diff_subject *subject);

/* Tells of one more thing that a change applies to. */
void diff_report_again(struct differ *differ, struct diff_subject *subject,
                       struct diff_change *change);

/* A field, or a record, in the notation of the configuration. */
struct slice diff_render_field(struct differ *differ, enum diff_side side,
                               enum table_section section, uint32_t record,
                               const struct table_field *field);
struct slice diff_render_record(struct differ *differ, enum diff_side side,
                                enum table_section section, uint32_t record);

/* A record in few words; false when there is no short way to say it. */
bool diff_render_description(struct differ *differ, enum diff_side side, enum table_section section,
                             uint32_t record, struct slice *text);

/* --- diff_record.c --- */

/* Compares all fields of two records of a section. `prefix` is put before the fields' names. */
void diff_compare_fields(struct differ *differ, struct diff_subject *subject, struct slice prefix,
                         enum table_section section, const uint32_t records[2]);

/* Compares the things of two ranges by name, each inside of `outer` (NULL: of none). `compare`,
 * when not NULL, goes on with two partners where their fields end. True when those that both sides
 * have come in another order. */
bool diff_compare_things(struct differ *differ, struct diff_subject *outer,
                         enum table_section section, const struct table_range ranges[2],
                         void (*compare)(struct differ *, struct diff_subject *));

/* --- diff_list.c --- */

/* One side of a list: its entries by what they say and by what they are called. */
struct diff_list_side {
    uint32_t count;
    uint32_t *contents; /* classes */
    uint32_t *names;    /* classes, 0 for an entry without a name */
    uint32_t *partners; /* filled in */
};

struct diff_list {
    struct differ *differ;
    struct diff_subject *subject;
    struct slice what;
    struct diff_list_side sides[2];
    bool is_unordered;
    bool is_replaceable; /* when one is gone and one is new, it is the same one, changed */
    const void *context; /* of the functions */
    struct slice (*render)(const struct diff_list *list, enum diff_side side, uint32_t index);
    /* Tells what differs between two partners; NULL: both are rendered. */
    void (*compare)(const struct diff_list *list, uint32_t old, uint32_t new);
};

/* Room for `count` entries on one side. */
void diff_list_reserve(struct diff_list *list, enum diff_side side, uint32_t count);

/* Tells which entries are gone, new, or have changed. */
void diff_list_compare(struct diff_list *list);

/* Tells of two partners by rendering them. */
void diff_list_report(const struct diff_list *list, uint32_t old, uint32_t new);

/* --- diff_entry.c --- */

/* Compares two lists of records that are values. */
void diff_compare_entries(struct differ *differ, struct diff_subject *subject, struct slice what,
                          enum table_section section, const struct table_range ranges[2]);

/* --- diff_sequence.c --- */

/* Compares two sequences, either of which may be TABLE_NONE, statement by statement. */
void diff_compare_sequences(struct differ *differ, struct diff_subject *subject, struct slice what,
                            const uint32_t programs[2]);

/* --- diff_location.c --- */

/* Computes the classes of all location sets of a side. */
void diff_classify_locations(struct differ *differ, enum diff_side side);

/* Compares the locations of two servers, given as subject. */
void diff_compare_locations(struct differ *differ, struct diff_subject *server);

/* Compares two blocks of a location that have settings of their own, as `if` has: either may be
 * TABLE_NONE. `block` is the directive, `condition` what is behind it. */
void diff_compare_block(struct differ *differ, struct diff_subject *outer, const char *block,
                        struct slice condition, const uint32_t locations[2]);

/* --- diff_name.c --- */

/* Finds out where the servers of a side are to be found. */
void diff_locate_servers(struct differ *differ, enum diff_side side);

/* A member of diff_server.names, as in the configuration. */
struct slice diff_server_name_text(const struct differ *differ, uint32_t name);

/* --- diff_partner.c --- */

/* Finds each server's partner. */
void diff_match_servers(struct differ *differ);

/* --- diff_server.c --- */

void diff_compare_servers(struct differ *differ);

/* --- diff_listener.c --- */

/* Goes on with what is behind two listeners. */
void diff_compare_endpoints(struct differ *differ, struct diff_subject *listener);

#endif
