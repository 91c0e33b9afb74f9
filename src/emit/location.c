/* Locations: their records, and the sets of those of one server or of those nested in one
 * location. */
#include "emit/emitter.h"

#include <stdlib.h>

/* What keeps a location recognisable when the site is compiled again with other servers and
 * locations around it: where its server listens, what it is called, and the location's own and
 * outer kinds and names. Hashed step by step, each from the one before. */
static uint64_t extend_identity(uint64_t identity, uint32_t kind, struct slice text) {
    uint64_t step[3] = {identity, kind, slice_hash(text)};
    return slice_hash((struct slice){(const char *)step, sizeof step});
}

/* Two servers may have the same addresses and names; their locations are told apart by how many
 * such servers there were before. */
static uint64_t distinguish(struct emitter *emitter, uint64_t identity) {
    struct slice key = {(const char *)&identity, sizeof identity};
    uint32_t seen = emit_find(&emitter->identities, key);
    uint32_t count = seen == TABLE_NONE ? 0 : seen;
    emit_remember(&emitter->identities, key, count + 1);
    return count == 0 ? identity : extend_identity(identity, count, SLICE(""));
}

uint64_t emit_server_identity(struct emitter *emitter, const struct server *server) {
    uint64_t identity = 0;
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct address *address = &server->listens.items[i]->address;
        struct slice bytes = {(const char *)address->bytes, sizeof address->bytes};
        identity = extend_identity(identity, address->family, bytes);
        identity = extend_identity(identity, address->port, address->host);
    }
    for (size_t i = 0; i < server->names.count; i++) {
        const struct server_name *name = server->names.items[i];
        identity = extend_identity(identity, name->kind, name->text);
        if (name->regex != NULL) {
            identity = extend_identity(identity, name->kind, name->regex->pattern);
        }
    }
    return distinguish(emitter, identity);
}

uint64_t emit_location_identity(const struct location *location, uint64_t outer) {
    return extend_identity(outer, location->kind, location->name);
}

/* nginx's proxy_pass sets auto_redirect for any location whose name ends with a slash; it is
 * looked at for prefix and exact ones. */
static bool has_auto_redirect(const struct location *location) {
    bool is_literal = location->kind == TABLE_LOCATION_PREFIX ||
                      location->kind == TABLE_LOCATION_EXACT ||
                      location->kind == TABLE_LOCATION_PREFIX_NO_REGEX;
    return is_literal && location->proxy != NULL && slice_ends_with(location->name, SLICE("/"));
}

uint32_t emit_try_files(struct emitter *emitter, const struct try_files *try_files) {
    if (try_files == NULL) {
        return TABLE_NONE;
    }
    size_t count = try_files->files.count;
    struct table_try_file *files = arena_require(&emitter->scratch, (count + 1) * sizeof *files);
    for (size_t i = 0; i < count; i++) {
        files[i].name = emit_template(emitter, &try_files->files.items[i].name);
        files[i].is_directory = try_files->files.items[i].is_directory;
    }
    struct table_try_files record = {
        .files = {emit_next(emitter, TABLE_SECTION_try_file), (uint32_t)count},
        .target = try_files->status != 0 ? TABLE_NONE : emit_template(emitter, &try_files->target),
        .status = try_files->status,
        .place = emit_place(emitter, try_files->statement),
    };
    for (size_t i = 0; i < count; i++) {
        emit_append(emitter, TABLE_SECTION_try_file, &files[i]);
    }
    return emit_append(emitter, TABLE_SECTION_try_files, &record);
}

static struct table_range emit_methods(struct emitter *emitter, const struct location *location) {
    size_t count = location->limited_except.count;
    struct table_name *records = arena_require(&emitter->scratch, (count + 1) * sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i].text = emit_string(emitter, location->limited_except.items[i]);
    }
    return table_writer_intern(&emitter->writer, TABLE_SECTION_name, records, (uint32_t)count);
}

static uint32_t emit_handling(struct emitter *emitter, const struct location *location) {
    struct table_handling record = {
        .auto_redirect = has_auto_redirect(location),
        .internal = location->is_internal,
        .try_files = emit_try_files(emitter, location->try_files),
        .limited = location->limited == NULL ? TABLE_NONE
                                             : emit_condition_location(emitter, location->limited),
        .methods = emit_methods(emitter, location),
        .health_check = emit_health_check(emitter, location->health_check),
    };
    return emit_shared(emitter, TABLE_SECTION_handling, &record);
}

uint32_t emit_condition_location(struct emitter *emitter, const struct location *block) {
    static const struct table_handling plain = {
        .try_files = TABLE_NONE, .limited = TABLE_NONE, .health_check = TABLE_NONE};
    const struct location *around = block->parent;
    struct table_location record = {
        .name = emit_string(emitter, around->name),
        .kind = around->kind,
        .handling = emit_shared(emitter, TABLE_SECTION_handling, &plain),
        .identity = extend_identity(emitter->identity, emitter->condition_count++, SLICE("if")),
        .settings = emit_settings(emitter, block->settings),
        .nested = TABLE_NONE,
        .rewrite = TABLE_NONE,
        .proxy = emit_proxy(emitter, block->proxy != NULL ? block : around),
        .place = emit_place(emitter, block->statement),
    };
    return emit_append(emitter, TABLE_SECTION_location, &record);
}

/* Without what is nested in it. */
uint32_t emit_location(struct emitter *emitter, const struct location *location,
                       uint64_t identity) {
    emitter->identity = identity;
    emitter->condition_count = 0;
    struct table_range places;
    struct table_location record = {
        .name = emit_string(emitter, location->name),
        .kind = location->kind,
        .identity = identity,
        .settings = emit_settings(emitter, location->settings),
        .nested = TABLE_NONE,
        .rewrite = emit_rewrite(emitter, &location->rewrite, &places),
        .proxy = emit_proxy(emitter, location),
        .place = emit_place(emitter, location->statement),
    };
    record.handling = emit_handling(emitter, location);
    uint32_t index = emit_append(emitter, TABLE_SECTION_location, &record);
    emit_sequence_place(emitter, TABLE_NONE, index, places);
    return index;
}

static bool is_regex(const struct location *location) {
    return location->kind == TABLE_LOCATION_REGEX || location->kind == TABLE_LOCATION_REGEX_NOCASE;
}

/* Whether an index leads to it. */
static bool is_indexed(const struct location *location) {
    return location->kind != TABLE_LOCATION_NAMED && !location->is_condition;
}

static struct table_range emit_regexes(struct emitter *emitter, struct location *const *locations,
                                       const uint32_t *indexes, size_t count) {
    struct table_range range = {emit_next(emitter, TABLE_SECTION_location_regex), 0};
    for (size_t i = 0; i < count; i++) {
        if (is_indexed(locations[i]) && is_regex(locations[i])) {
            struct table_location_regex record = {emit_regex(emitter, locations[i]->regex),
                                                  indexes[i]};
            emit_append(emitter, TABLE_SECTION_location_regex, &record);
            range.count++;
        }
    }
    return range;
}

static bool has_nested(const struct location *location) {
    for (size_t i = 0; i < location->nested.count; i++) {
        if (is_indexed(location->nested.items[i])) {
            return true;
        }
    }
    return false;
}

static void emit_nested(struct emitter *emitter, const struct location *location, uint32_t index,
                        uint64_t outer) {
    if (!has_nested(location)) {
        return;
    }
    uint32_t nested = emit_locations(emitter, location->nested.items, location->nested.count,
                                     emit_location_identity(location, outer));
    struct table_location *record =
        table_writer_record(&emitter->writer, TABLE_SECTION_location, index);
    record->nested = nested;
}

uint32_t emit_locations(struct emitter *emitter, struct location *const *locations, size_t count,
                        uint64_t identity) {
    struct table_writer *writer = &emitter->writer;
    uint32_t set = table_writer_add(writer, TABLE_SECTION_location_set);
    uint32_t *indexes = arena_require(&emitter->scratch, (count + 1) * sizeof *indexes);
    for (size_t i = 0; i < count; i++) {
        if (is_indexed(locations[i])) {
            indexes[i] = emit_location(emitter, locations[i],
                                       emit_location_identity(locations[i], identity));
        }
    }
    struct table_range nodes = emit_location_tree(emitter, locations, indexes, count);
    struct table_range regexes = emit_regexes(emitter, locations, indexes, count);
    struct table_location_set *record =
        table_writer_record(writer, TABLE_SECTION_location_set, set);
    *record = (struct table_location_set){nodes, regexes};
    for (size_t i = 0; i < count; i++) {
        if (is_indexed(locations[i])) {
            emit_nested(emitter, locations[i], indexes[i], identity);
        }
    }
    return set;
}

static int compare_names(const void *left, const void *right) {
    const struct location *const *a = left;
    const struct location *const *b = right;
    return slice_compare((*a)->name, (*b)->name);
}

struct table_range emit_named_locations(struct emitter *emitter, const struct server *server,
                                        uint64_t identity) {
    size_t count = 0;
    struct location **named =
        arena_require(&emitter->scratch, (server->locations.count + 1) * sizeof(struct location *));
    for (size_t i = 0; i < server->locations.count; i++) {
        if (server->locations.items[i]->kind == TABLE_LOCATION_NAMED) {
            named[count++] = server->locations.items[i];
        }
    }
    qsort(named, count, sizeof(struct location *), compare_names);
    struct table_range range = {emit_next(emitter, TABLE_SECTION_named_location), (uint32_t)count};
    for (size_t i = 0; i < count; i++) {
        struct table_named_location record = {
            emit_string(emitter, named[i]->name),
            emit_location(emitter, named[i], emit_location_identity(named[i], identity)),
        };
        emit_append(emitter, TABLE_SECTION_named_location, &record);
    }
    return range;
}
