/* Generations: mapping a table, giving it its log files, counting who still uses it. */
#include "net/generation.h"

#include "log/file.h"
#include "log/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool map_table(struct generation *generation, int descriptor, size_t size) {
    void *mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapping == MAP_FAILED) {
        return false;
    }
    generation->mapping = mapping;
    generation->mapping_size = size;
    table_attach(&generation->table, mapping);
    return true;
}

struct generation *generation_open(int descriptor, size_t size, uint32_t number, char *error,
                                   size_t error_size) {
    struct generation *generation = calloc(1, sizeof *generation);
    if (generation == NULL) {
        snprintf(error, error_size, "%s", strerror(ENOMEM));
        close(descriptor);
        return NULL;
    }
    generation->references = 1;
    generation->number = number;
    bool is_mapped = map_table(generation, descriptor, size);
    int reason = errno;
    close(descriptor);
    if (is_mapped) {
        generation->engine = engine_create(&generation->table);
        reason = ENOMEM;
    }
    if (generation->engine == NULL) {
        snprintf(error, error_size, "%s", strerror(reason));
        generation_release(generation);
        return NULL;
    }
    return generation;
}

/* The descriptors from `first` on have no other owner. */
static void close_rest(const int *descriptors, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < count; i++) {
        close(descriptors[i]);
    }
}

static bool adopt_files(struct generation *generation, const struct log_paths *paths,
                        const int *descriptors, uint32_t count) {
    uint32_t done = 0;
    while (done < count && done < paths->count) {
        struct log_file *file =
            log_file_adopt(generation->log, paths->paths[done], descriptors[done]);
        done++;
        if (file == NULL) {
            break;
        }
        generation->files[generation->file_count++] = file;
    }
    close_rest(descriptors, done, count);
    return generation->file_count == paths->count;
}

/* As in nginx a file that one log has a buffer for has it for all access logs. */
static void hold_lines(struct generation *generation) {
    const struct table *table = &generation->table;
    for (uint32_t i = 0; i < generation->file_count; i++) {
        log_file_hold(generation->log, generation->files[i], &(struct log_hold_rule){0});
    }
    for (uint32_t i = 0; i < table->access_log_count; i++) {
        const struct table_access_log *record = &table->access_log[i];
        struct log_file *file = generation->access_logs[i].file;
        if (file != NULL && record->buffer_size > 0) {
            const struct log_hold_rule rule = {record->buffer_size, record->flush, record->gzip};
            log_file_hold(generation->log, file, &rule);
        }
    }
}

/* Access logs of syslog servers have one severity for all their lines. */
static uint32_t level_of(const struct table *table, uint32_t syslog) {
    return syslog != TABLE_NONE ? table->syslog[syslog].severity : 0;
}

static void assign_files(struct generation *generation, const struct log_paths *paths) {
    const struct table *table = &generation->table;
    for (uint32_t i = 0; i < table->error_log_count; i++) {
        generation->error_logs[i] = (struct log_target){
            .file = generation->files[paths->error_logs[i]],
            .level = table->error_log[i].level,
            .sender = log_sender_of(table, table->error_log[i].syslog),
        };
    }
    for (uint32_t i = 0; i < table->access_log_count; i++) {
        uint32_t position = paths->access_logs[i];
        uint32_t syslog = table->access_log[i].syslog;
        generation->access_logs[i] = (struct log_target){
            .file = position != TABLE_NONE ? generation->files[position] : NULL,
            .level = level_of(table, syslog),
            .sender = log_sender_of(table, syslog),
        };
    }
    hold_lines(generation);
}

static bool allocate_arrays(struct generation *generation, uint32_t file_count) {
    const struct table *table = &generation->table;
    generation->files = calloc((size_t)file_count + 1, sizeof(struct log_file *));
    generation->error_logs = calloc((size_t)table->error_log_count + 1, sizeof(struct log_target));
    generation->access_logs =
        calloc((size_t)table->access_log_count + 1, sizeof(struct log_target));
    return generation->files != NULL && generation->error_logs != NULL &&
           generation->access_logs != NULL;
}

bool generation_open_logs(struct generation *generation, struct log *log, const int *descriptors,
                          uint32_t count) {
    struct log_paths paths;
    if (!log_paths_collect(&paths, &generation->table)) {
        close_rest(descriptors, 0, count);
        return false;
    }
    generation->log = log;
    bool is_done = allocate_arrays(generation, paths.count);
    if (is_done) {
        is_done = adopt_files(generation, &paths, descriptors, count);
    } else {
        close_rest(descriptors, 0, count);
    }
    if (is_done) {
        assign_files(generation, &paths);
    }
    log_paths_release(&paths);
    return is_done;
}

bool generation_open_secrets(struct generation *generation, int descriptor, size_t size) {
    bool is_mapped = secrets_map(&generation->secrets, descriptor, size);
    int error = errno;
    close(descriptor);
    errno = error;
    return is_mapped;
}

static bool map_limit_zones(struct generation *generation, const int *descriptors, uint32_t count) {
    generation->limit_zones = calloc((size_t)count + 1, sizeof *generation->limit_zones);
    if (generation->limit_zones == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!shared_area_map(&generation->limit_zones[i], descriptors[i])) {
            return false;
        }
        generation->limit_zone_count++;
    }
    return true;
}

/* What TLS has, then as many zones of limits as the table has. */
bool generation_open_memories(struct generation *generation, int *descriptors,
                              const uint32_t *numbers, uint32_t count) {
    uint32_t limits = generation->table.limit_zone_count;
    uint32_t others = count > limits ? count - limits : 0;
    bool is_mapped = tls_shared_map(&generation->tls_shared, descriptors, numbers, others) &&
                     map_limit_zones(generation, descriptors + others, count - others);
    int error = errno;
    for (uint32_t i = 0; i < count; i++) {
        if (descriptors[i] >= 0) {
            close(descriptors[i]);
            descriptors[i] = -1;
        }
    }
    errno = error;
    return is_mapped;
}

void generation_reopen_logs(struct generation *generation, const int *descriptors, uint32_t count) {
    uint32_t done = 0;
    for (; done < count && done < generation->file_count; done++) {
        log_file_reopen(generation->log, generation->files[done], descriptors[done]);
    }
    close_rest(descriptors, done, count);
}

struct generation *generation_hold(struct generation *generation) {
    generation->references++;
    return generation;
}

void generation_release(struct generation *generation) {
    if (--generation->references > 0) {
        return;
    }
    if (generation->release_extension != NULL) {
        generation->release_extension(generation->extension);
    }
    for (uint32_t i = 0; i < generation->file_count; i++) {
        log_file_release(generation->log, generation->files[i]);
    }
    if (generation->engine != NULL) {
        engine_destroy(generation->engine);
    }
    tls_server_cache_release(&generation->tls_servers);
    secrets_unmap(&generation->secrets);
    tls_shared_unmap(&generation->tls_shared);
    for (uint32_t i = 0; i < generation->limit_zone_count; i++) {
        shared_area_unmap(&generation->limit_zones[i]);
    }
    free(generation->limit_zones);
    if (generation->mapping != NULL) {
        munmap(generation->mapping, generation->mapping_size);
    }
    free(generation->files);
    free(generation->error_logs);
    free(generation->access_logs);
    free(generation);
}
