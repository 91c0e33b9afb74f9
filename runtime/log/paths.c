/* Collecting a table's log files: a hash set over their paths. */
#include "log/paths.h"

#include <stdlib.h>
#include <string.h>

struct collection {
    struct log_paths *paths;
    uint32_t *slots; /* position + 1, 0 when free */
    size_t mask;
};

static uint32_t find_or_add(struct collection *collection, struct slice path) {
    struct log_paths *paths = collection->paths;
    size_t slot = (size_t)slice_hash(path) & collection->mask;
    while (collection->slots[slot] != 0) {
        uint32_t position = collection->slots[slot] - 1;
        if (slice_equals(paths->paths[position], path)) {
            return position;
        }
        slot = (slot + 1) & collection->mask;
    }
    paths->paths[paths->count] = path;
    collection->slots[slot] = ++paths->count;
    return paths->count - 1;
}

static void collect(struct collection *collection, const struct table *table) {
    for (uint32_t i = 0; i < table->error_log_count; i++) {
        collection->paths->error_logs[i] =
            find_or_add(collection, table_text(table, table->error_log[i].path));
    }
    for (uint32_t i = 0; i < table->access_log_count; i++) {
        const struct table_access_log *log = &table->access_log[i];
        struct slice path = table_text(table, log->path);
        bool is_open = path.size > 0 && log->name == TABLE_NONE;
        collection->paths->access_logs[i] = is_open ? find_or_add(collection, path) : TABLE_NONE;
    }
}

bool log_paths_collect(struct log_paths *paths, const struct table *table) {
    memset(paths, 0, sizeof *paths);
    size_t records = (size_t)table->error_log_count + table->access_log_count;
    size_t slot_count = 2;
    while (slot_count < records * 2) {
        slot_count *= 2;
    }
    /* One more than needed: a size of zero has no portable meaning. */
    paths->paths = calloc(records + 1, sizeof *paths->paths);
    paths->error_logs = calloc((size_t)table->error_log_count + 1, sizeof *paths->error_logs);
    paths->access_logs = calloc((size_t)table->access_log_count + 1, sizeof *paths->access_logs);
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    bool has_memory = paths->paths != NULL && paths->error_logs != NULL &&
                      paths->access_logs != NULL && slots != NULL;
    if (has_memory) {
        collect(&(struct collection){paths, slots, slot_count - 1}, table);
    } else {
        log_paths_release(paths);
    }
    free(slots);
    return has_memory;
}

void log_paths_release(struct log_paths *paths) {
    free(paths->paths);
    free(paths->error_logs);
    free(paths->access_logs);
    memset(paths, 0, sizeof *paths);
}

struct log_sender log_sender_of(const struct table *table, uint32_t syslog) {
    if (syslog == TABLE_NONE) {
        return (struct log_sender){0};
    }
    const struct table_syslog *record = &table->syslog[syslog];
    return (struct log_sender){.facility = record->facility,
                               .hides_host = record->nohostname != 0,
                               .tag = table_text(table, record->tag)};
}
