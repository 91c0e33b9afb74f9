/* Model to table: the order in which things are emitted, and what all the files of this room use.
 * The finished table is opened as rpcd would, so that compile never hands out one that rpcd
 * refuses. */
#include "emit/emit.h"

#include "emit/emitter.h"
#include "table/table.h"

uint32_t emit_shared(struct emitter *emitter, enum table_section section, const void *record) {
    return table_writer_intern(&emitter->writer, section, record, 1).first;
}

uint32_t emit_append(struct emitter *emitter, enum table_section section, const void *record) {
    return table_writer_append(&emitter->writer, section, record);
}

uint32_t emit_next(const struct emitter *emitter, enum table_section section) {
    return emitter->writer.sections[section].count;
}

struct table_string emit_string(struct emitter *emitter, struct slice text) {
    return table_writer_string(&emitter->writer, text);
}

struct table_place emit_place(struct emitter *emitter, const struct statement *statement) {
    if (statement == NULL) {
        return (struct table_place){TABLE_NONE, 0};
    }
    struct span span = statement->span;
    struct position position =
        source_locate(emitter->model->tree->sources, span.source, span.begin);
    return (struct table_place){span.source, position.line};
}

uint32_t emit_find(const struct map *map, struct slice key) {
    uintptr_t value = (uintptr_t)map_find(map, key);
    return value == 0 ? TABLE_NONE : (uint32_t)(value - 1);
}

void emit_remember(struct map *map, struct slice key, uint32_t number) {
    /* A map's values are pointers. NOLINTNEXTLINE(performance-no-int-to-ptr) */
    void *value = (void *)((uintptr_t)number + 1);
    map_set(map, arena_copy_slice(map->arena, key), value);
}

uint32_t emit_find_thing(const struct map *map, const void *thing) {
    return emit_find(map, (struct slice){(const char *)&thing, sizeof(const void *)});
}

void emit_remember_thing(struct map *map, const void *thing, uint32_t number) {
    emit_remember(map, (struct slice){(const char *)&thing, sizeof(const void *)}, number);
}

enum { SCRATCH_CHUNK = 64 * 1024 };

/* Source names are as the user gave them: the record's number is the source's id. */
static void emit_sources(struct emitter *emitter) {
    const struct source_set *sources = emitter->model->tree->sources;
    for (size_t i = 0; i < sources->all.count; i++) {
        struct table_source record = {emit_string(emitter, sources->all.items[i]->name)};
        emit_append(emitter, TABLE_SECTION_source, &record);
    }
}

static void initialise(struct emitter *emitter, struct model *model) {
    *emitter = (struct emitter){.model = model};
    arena_init(&emitter->scratch, SCRATCH_CHUNK);
    table_writer_init(&emitter->writer, model->arena);
    map_init(&emitter->servers, model->arena);
    map_init(&emitter->upstreams, model->arena);
    map_init(&emitter->log_formats, model->arena);
    map_init(&emitter->health_matches, model->arena);
    map_init(&emitter->name_indexes, model->arena);
    map_init(&emitter->wrong_numbers, model->arena);
    map_init(&emitter->identities, model->arena);
}

/* The site as a whole is at fault: the place is the beginning of the main file. */
static bool refuse(struct model *model, const char *message) {
    diagnostic_error(model->diagnostics, DIAGNOSTIC_TABLE_TOO_LARGE, model->tree->root->open, "%s",
                     message);
    return false;
}

static bool check(struct model *model, struct slice bytes) {
    struct table table;
    struct table_error error;
    if (table_open(&table, bytes.data, bytes.size, &error)) {
        return true;
    }
    char reason[256];
    table_error_format(&error, reason, sizeof reason);
    diagnostic_error(model->diagnostics, DIAGNOSTIC_TABLE_TOO_LARGE, model->tree->root->open,
                     "the site does not fit into a table: %s", reason);
    return false;
}

static void emit_site(struct emitter *emitter) {
    emit_sources(emitter);
    emit_slots(emitter);
    emit_process(emitter);
    emit_upstreams(emitter);
    emit_servers(emitter);
    emit_listeners(emitter);
}

bool emit_table(struct model *model, struct slice *bytes) {
    struct emitter emitter;
    initialise(&emitter, model);
    emit_site(&emitter);
    arena_release(&emitter.scratch);
    if (emitter.failed) {
        return false;
    }
    *bytes = table_writer_finish(&emitter.writer);
    if (bytes->size == 0) {
        return refuse(model, "the site is too large for a table");
    }
    return check(model, *bytes);
}
