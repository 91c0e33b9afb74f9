/* Small tables for the engine's tests, built from plain C data with the table writer and opened
 * with validation, so that what is tested is what rpcd would run. */
#ifndef ENGINE_TABLE_BUILDER_H
#define ENGINE_TABLE_BUILDER_H

#include "engine/engine.h"
#include "table/setting.h"
#include "table/writer.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

struct table_builder {
    struct arena arena;
    struct table_writer writer;
    struct table table;
    struct table_place place;
};

/* A location, or a whole tree of them. */
struct location_spec {
    enum table_location_kind kind;
    const char *name;
    bool auto_redirect;
    const struct location_spec *nested;
    size_t nested_count;
};

struct server_name_spec {
    const char *name; /* x, *.x, x.*, ~regex, or empty */
    uint32_t server;
};

/* The record of section `section` with that index, as its type. */
#define BUILDER_RECORD(builder, section, index)                                                    \
    ((struct table_##section *)table_writer_record(&(builder)->writer, TABLE_SECTION_##section,    \
                                                   (index)))

static inline struct table_string builder_string(struct table_builder *builder, const char *text) {
    return table_writer_string(&builder->writer, slice_from_string(text));
}

/* Adds a record of process, settings, server_settings or upstream with the least numbers that are
 * valid. */
static inline uint32_t builder_settings(struct table_builder *builder, enum table_section section) {
    uint32_t index = table_writer_add(&builder->writer, section);
    char *record = table_writer_record(&builder->writer, section, index);
    for (uint32_t i = 0; i < table_setting_count; i++) {
        const struct table_setting *setting = &table_settings[i];
        struct table_setting_limits limits = table_setting_limits(setting);
        if (setting->section != section) {
            continue;
        }
        void *field = record + setting->offset;
        switch (setting->storage) {
        case TABLE_STORAGE_NUMBER:
            *(uint32_t *)field = (uint32_t)limits.minimum;
            break;
        case TABLE_STORAGE_SIZE:
        case TABLE_STORAGE_TIME:
            *(uint64_t *)field = limits.minimum;
            break;
        case TABLE_STORAGE_PAIR:
            *(struct table_pair *)field =
                (struct table_pair){limits.minimum, limits.second_minimum};
            break;
        case TABLE_STORAGE_TEMPLATE:
        case TABLE_STORAGE_RESOLVER:
        case TABLE_STORAGE_BINDING:
        case TABLE_STORAGE_SESSION_CACHE:
        case TABLE_STORAGE_ALIAS:
        case TABLE_STORAGE_EXPIRES:
        case TABLE_STORAGE_SYMLINKS:
        case TABLE_STORAGE_LOG_CACHE:
        case TABLE_STORAGE_REFERERS:
            *(uint32_t *)field = TABLE_NONE;
            break;
        default:
            break;
        }
    }
    return index;
}

static inline void builder_begin(struct table_builder *builder) {
    memset(builder, 0, sizeof *builder);
    arena_init(&builder->arena, 64 * 1024);
    table_writer_init(&builder->writer, &builder->arena);
    builder->place = (struct table_place){TABLE_NONE, 0};
    builder_settings(builder, TABLE_SECTION_process);
}

/* Opens what was built. A table that does not validate is a fault of the test. */
static inline void builder_open(struct table_builder *builder) {
    struct slice bytes = table_writer_finish(&builder->writer);
    struct table_error error;
    if (!table_open(&builder->table, bytes.data, bytes.size, &error)) {
        char message[256];
        table_error_format(&error, message, sizeof message);
        fprintf(stderr, "the test's table is invalid: %s\n", message);
        exit(1);
    }
}

static inline void builder_end(struct table_builder *builder) {
    arena_release(&builder->arena);
}

static inline uint32_t builder_slot(struct table_builder *builder, struct slice name) {
    struct table_string string = table_writer_string(&builder->writer, name);
    uint32_t count = builder->writer.sections[TABLE_SECTION_slot].count;
    for (uint32_t i = 0; i < count; i++) {
        struct table_string other = BUILDER_RECORD(builder, slot, i)->name;
        if (other.offset == string.offset && other.length == string.length) {
            return i;
        }
    }
    uint32_t index = table_writer_add(&builder->writer, TABLE_SECTION_slot);
    *BUILDER_RECORD(builder, slot, index) =
        (struct table_slot){string, TABLE_SLOT_SET, TABLE_NONE, TABLE_NONE, TABLE_NONE};
    return index;
}

/* A regex; each (?<name>...) in it gets a slot of that name. */
static inline uint32_t builder_regex(struct table_builder *builder, const char *pattern,
                                     bool ignore_case) {
    uint32_t index = table_writer_add(&builder->writer, TABLE_SECTION_regex);
    struct table_range names = {builder->writer.sections[TABLE_SECTION_capture_name].count, 0};
    for (const char *group = strstr(pattern, "(?<"); group != NULL; group = strstr(group, "(?<")) {
        group += 3;
        if (*group == '=' || *group == '!') {
            continue;
        }
        struct slice name = {group, strcspn(group, ">")};
        uint32_t slot = builder_slot(builder, name);
        BUILDER_RECORD(builder, slot, slot)->source = TABLE_SLOT_CAPTURE;
        struct table_string string = table_writer_string(&builder->writer, name);
        uint32_t record = table_writer_add(&builder->writer, TABLE_SECTION_capture_name);
        *BUILDER_RECORD(builder, capture_name, record) = (struct table_capture_name){string, slot};
        names.count++;
    }
    struct table_string text = builder_string(builder, pattern);
    struct table_regex *regex = BUILDER_RECORD(builder, regex, index);
    regex->pattern = text;
    regex->ignore_case = ignore_case;
    regex->names = names;
    return index;
}

/* --- programs --- */

static inline struct table_op builder_text_op(struct table_builder *builder, const char *text) {
    struct table_string string = builder_string(builder, text);
    return (struct table_op){TABLE_OP_APPEND_TEXT, string.offset, string.length};
}

static inline struct table_op builder_variable_op(struct table_builder *builder,
                                                  enum variable_id id, const char *suffix) {
    struct table_string string = builder_string(builder, suffix);
    uint32_t index = table_writer_add(&builder->writer, TABLE_SECTION_variable);
    *BUILDER_RECORD(builder, variable, index) = (struct table_variable){id, string};
    return (struct table_op){TABLE_OP_APPEND_VARIABLE, index, 0};
}

static inline uint32_t builder_program(struct table_builder *builder, enum table_program_kind kind,
                                       const struct table_op *ops, uint32_t count) {
    uint32_t first = builder->writer.sections[TABLE_SECTION_op].count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t op = table_writer_add(&builder->writer, TABLE_SECTION_op);
        *BUILDER_RECORD(builder, op, op) = ops[i];
    }
    uint32_t index = table_writer_add(&builder->writer, TABLE_SECTION_program);
    *BUILDER_RECORD(builder, program, index) = (struct table_program){kind, {first, count}};
    return index;
}

/* --- locations --- */

static inline bool builder_is_regex(enum table_location_kind kind) {
    return kind == TABLE_LOCATION_REGEX || kind == TABLE_LOCATION_REGEX_NOCASE;
}

/* A node of the tree while it is built, one byte per edge before it is written out. */
struct builder_node {
    struct builder_node *children[256];
    uint32_t exact;
    uint32_t prefix;
};

static inline struct builder_node *builder_node(struct arena *arena) {
    struct builder_node *node = arena_require(arena, sizeof *node);
    node->exact = node->prefix = TABLE_NONE;
    return node;
}

static inline struct builder_node *builder_only_child(const struct builder_node *node,
                                                      unsigned char *byte) {
    struct builder_node *only = NULL;
    for (unsigned i = 0; i < 256; i++) {
        if (node->children[i] != NULL) {
            if (only != NULL) {
                return NULL;
            }
            only = node->children[i];
            *byte = (unsigned char)i;
        }
    }
    return only;
}

/* Writes the child at `byte` as record `index`: chains of single edges become one label. Returns
 * the node at the label's end. */
static inline const struct builder_node *builder_write_node(struct table_builder *builder,
                                                            const struct builder_node *node,
                                                            unsigned char byte, uint32_t index) {
    char label[1024];
    size_t size = 0;
    const struct builder_node *next = node->children[byte];
    label[size++] = (char)byte;
    while (next->exact == TABLE_NONE && next->prefix == TABLE_NONE) {
        const struct builder_node *only = builder_only_child(next, &byte);
        if (only == NULL) {
            break;
        }
        label[size++] = (char)byte;
        next = only;
    }
    struct table_string string = table_writer_string(&builder->writer, (struct slice){label, size});
    struct table_node *record = BUILDER_RECORD(builder, node, index);
    record->label = string;
    record->exact = next->exact;
    record->prefix = next->prefix;
    return next;
}

/* Writes the children of record `root` and all below, breadth first. */
static inline void builder_write_tree(struct table_builder *builder,
                                      const struct builder_node *node, uint32_t root) {
    const struct builder_node *queue[1024] = {node};
    uint32_t written = 1;
    for (uint32_t done = 0; done < written; done++) {
        uint32_t first = root + written;
        for (unsigned i = 0; i < 256; i++) {
            if (queue[done]->children[i] != NULL) {
                uint32_t child = table_writer_add(&builder->writer, TABLE_SECTION_node);
                queue[written++] =
                    builder_write_node(builder, queue[done], (unsigned char)i, child);
            }
        }
        BUILDER_RECORD(builder, node, root + done)->children =
            (struct table_range){first, root + written - first};
    }
}

static inline void builder_plant(struct table_builder *builder, struct builder_node *root,
                                 const struct location_spec *spec, uint32_t location) {
    struct builder_node *node = root;
    for (const char *c = spec->name; *c != '\0'; c++) {
        struct builder_node **next = &node->children[(unsigned char)*c];
        if (*next == NULL) {
            *next = builder_node(&builder->arena);
        }
        node = *next;
    }
    *(spec->kind == TABLE_LOCATION_EXACT ? &node->exact : &node->prefix) = location;
}

static inline uint32_t builder_location(struct table_builder *builder,
                                        const struct location_spec *spec, uint32_t nested) {
    uint32_t index = table_writer_add(&builder->writer, TABLE_SECTION_location);
    uint32_t settings = builder_settings(builder, TABLE_SECTION_settings);
    uint32_t handling = table_writer_add(&builder->writer, TABLE_SECTION_handling);
    *BUILDER_RECORD(builder, handling, handling) =
        (struct table_handling){.auto_redirect = spec->auto_redirect,
                                .try_files = TABLE_NONE,
                                .limited = TABLE_NONE,
                                .health_check = TABLE_NONE};
    *BUILDER_RECORD(builder, location, index) = (struct table_location){
        .name = builder_string(builder, spec->name),
        .kind = spec->kind,
        .handling = handling,
        .settings = settings,
        .nested = nested,
        .rewrite = TABLE_NONE,
        .proxy = TABLE_NONE,
        .place = builder->place,
    };
    return index;
}

/* Fills in set `set`; `next_set` is the index that the first nested set will get. */
static inline void builder_fill_set(struct table_builder *builder, uint32_t set,
                                    const struct location_spec *specs, size_t count,
                                    uint32_t next_set) {
    struct builder_node *root = builder_node(&builder->arena);
    uint32_t first_regex = builder->writer.sections[TABLE_SECTION_location_regex].count;
    uint32_t regex_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t nested = specs[i].nested_count > 0 ? next_set++ : TABLE_NONE;
        uint32_t location = builder_location(builder, &specs[i], nested);
        if (!builder_is_regex(specs[i].kind)) {
            builder_plant(builder, root, &specs[i], location);
            continue;
        }
        uint32_t regex =
            builder_regex(builder, specs[i].name, specs[i].kind == TABLE_LOCATION_REGEX_NOCASE);
        uint32_t record = table_writer_add(&builder->writer, TABLE_SECTION_location_regex);
        *BUILDER_RECORD(builder, location_regex, record) =
            (struct table_location_regex){regex, location};
        regex_count++;
    }
    uint32_t first_node = table_writer_add(&builder->writer, TABLE_SECTION_node);
    struct table_node *node = BUILDER_RECORD(builder, node, first_node);
    node->exact = node->prefix = TABLE_NONE;
    builder_write_tree(builder, root, first_node);
    struct table_location_set *record = BUILDER_RECORD(builder, location_set, set);
    record->nodes.first = first_node;
    record->nodes.count = builder->writer.sections[TABLE_SECTION_node].count - first_node;
    record->regexes = (struct table_range){first_regex, regex_count};
}

/* The set of these locations and, behind it, level by level, those nested in them. */
static inline uint32_t builder_location_set(struct table_builder *builder,
                                            const struct location_spec *specs, size_t count) {
    struct pending {
        const struct location_spec *specs;
        size_t count;
    } queue[64] = {{specs, count}};
    uint32_t root = builder->writer.sections[TABLE_SECTION_location_set].count;
    uint32_t queued = 1;
    table_writer_add(&builder->writer, TABLE_SECTION_location_set);
    for (uint32_t done = 0; done < queued; done++) {
        struct pending current = queue[done];
        uint32_t next_set = root + queued;
        for (size_t i = 0; i < current.count; i++) {
            if (current.specs[i].nested_count > 0) {
                table_writer_add(&builder->writer, TABLE_SECTION_location_set);
                queue[queued++] =
                    (struct pending){current.specs[i].nested, current.specs[i].nested_count};
            }
        }
        builder_fill_set(builder, root + done, current.specs, current.count, next_set);
    }
    return root;
}

/* --- servers --- */

static inline uint32_t builder_server(struct table_builder *builder, const char *name,
                                      uint32_t locations) {
    uint32_t settings = builder_settings(builder, TABLE_SECTION_settings);
    uint32_t own = builder_settings(builder, TABLE_SECTION_server_settings);
    uint32_t index = table_writer_add(&builder->writer, TABLE_SECTION_server);
    *BUILDER_RECORD(builder, server, index) = (struct table_server){
        .name = builder_string(builder, name),
        .settings = settings,
        .own_settings = own,
        .locations = locations,
        .rewrite = TABLE_NONE,
        .try_files = TABLE_NONE,
        .place = builder->place,
    };
    return index;
}

/* What a wildcard is found by; the others are their own key. */
static inline struct slice builder_name_key(const char *name, enum table_name_kind *kind) {
    struct slice key = slice_from_string(name);
    *kind = TABLE_NAME_EXACT;
    if (slice_starts_with(key, SLICE("*."))) {
        *kind = TABLE_NAME_LEADING;
        return slice_skip(key, 1);
    }
    if (slice_ends_with(key, SLICE(".*"))) {
        *kind = TABLE_NAME_TRAILING;
        return slice_take(key, key.size - 1);
    }
    return key;
}

static inline void builder_place_name(struct table_builder *builder, struct table_name_index *index,
                                      const struct server_name_spec *spec) {
    enum table_name_kind kind;
    struct slice key = builder_name_key(spec->name, &kind);
    uint64_t hash = slice_hash(key);
    uint32_t i = table_hash_home(hash, index->slots.count);
    while (BUILDER_RECORD(builder, name_slot, index->slots.first + i)->server != TABLE_NONE) {
        i = (i + 1) % index->slots.count;
    }
    struct table_string string = table_writer_string(&builder->writer, key);
    *BUILDER_RECORD(builder, name_slot, index->slots.first + i) =
        (struct table_name_slot){hash, string, kind, spec->server};
    index->has_leading |= kind == TABLE_NAME_LEADING;
    index->has_trailing |= kind == TABLE_NAME_TRAILING;
}

/* An endpoint with these names; server 0 is its default. */
static inline uint32_t builder_endpoint(struct table_builder *builder,
                                        const struct server_name_spec *names, size_t count) {
    struct table_name_index index = {
        .slots = {builder->writer.sections[TABLE_SECTION_name_slot].count, (uint32_t)count + 1}};
    for (uint32_t i = 0; i < index.slots.count; i++) {
        uint32_t slot = table_writer_add(&builder->writer, TABLE_SECTION_name_slot);
        BUILDER_RECORD(builder, name_slot, slot)->server = TABLE_NONE;
    }
    index.regexes.first = builder->writer.sections[TABLE_SECTION_name_regex].count;
    for (size_t i = 0; i < count; i++) {
        if (names[i].name[0] != '~') {
            builder_place_name(builder, &index, &names[i]);
            continue;
        }
        uint32_t regex = builder_regex(builder, names[i].name + 1, true);
        uint32_t record = table_writer_add(&builder->writer, TABLE_SECTION_name_regex);
        *BUILDER_RECORD(builder, name_regex, record) =
            (struct table_name_regex){regex, names[i].server};
        index.regexes.count++;
    }
    uint32_t number = table_writer_add(&builder->writer, TABLE_SECTION_name_index);
    *BUILDER_RECORD(builder, name_index, number) = index;
    uint32_t endpoint = table_writer_add(&builder->writer, TABLE_SECTION_endpoint);
    struct table_endpoint *record = BUILDER_RECORD(builder, endpoint, endpoint);
    record->is_wildcard = 1;
    record->names = number;
    return endpoint;
}

/* --- engines over what was built --- */

struct engine_fixture {
    struct table_builder builder;
    struct engine *engine;
    struct arena arena; /* of the request */
    struct engine_request request;
};

/* Opens the fixture's builder and begins a request on it. */
static inline void fixture_open(struct engine_fixture *fixture) {
    builder_open(&fixture->builder);
    fixture->engine = engine_create(&fixture->builder.table);
    arena_init(&fixture->arena, 1024);
    fixture->request = (struct engine_request){.engine = fixture->engine, .arena = &fixture->arena};
    if (fixture->engine == NULL || !engine_request_prepare(&fixture->request)) {
        exit(1);
    }
}

static inline void fixture_close(struct engine_fixture *fixture) {
    engine_destroy(fixture->engine);
    arena_release(&fixture->arena);
    builder_end(&fixture->builder);
}

/* Compares and says what was there instead. */
static inline bool text_is(struct slice text, const char *expected) {
    if (slice_equals(text, slice_from_string(expected))) {
        return true;
    }
    printf("expected \"%s\", got \"%.*s\"\n", expected, SLICE_ARGS(text));
    return false;
}

#endif
