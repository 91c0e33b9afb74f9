/* A generation: a loaded table together with what this worker built from it. Reference-counted: an
 * exchange keeps the one it began on; the worker keeps the current one. */
#ifndef NET_GENERATION_H
#define NET_GENERATION_H

#include "engine/engine.h"
#include "log/log.h"
#include "net/secrets.h"
#include "net/shared_memory.h"
#include "net/tls_server_context.h"
#include "net/tls_shared.h"
#include "table/table.h"

struct generation {
    uint32_t references;
    uint32_t number; /* 1 for the first, counting reloads */
    struct table table;
    void *mapping;
    size_t mapping_size;
    struct engine *engine;
    struct secrets secrets; /* files that TLS needs */
    struct tls_shared tls_shared;
    struct shared_area *limit_zones; /* by record of section limit_zone */
    uint32_t limit_zone_count;
    struct tls_server_cache tls_servers;
    /* By record of sections error_log and access_log; without a file for access_log off and
     * for paths with variables. */
    struct log_target *error_logs;
    struct log_target *access_logs;
    struct log
        *log; /* whose files these are: `file_count` references, in the order of log/paths.h */
    struct log_file **files;
    uint32_t file_count;
    /* Owned by http/: what it built from the table, released through `release_extension`. */
    void *extension;
    void (*release_extension)(void *extension);
};

/* Maps a table of `size` bytes from `descriptor` (a sealed memory file that the supervisor has
 * validated), which is closed afterwards. NULL with a reason in `error`. */
struct generation *generation_open(int descriptor, size_t size, uint32_t number, char *error,
                                   size_t error_size);

/* Gives the generation its log files: `descriptors` are those of the table's distinct paths, in the
 * order of log/paths.h, and pass to the log. False when there is no memory. */
__attribute__((warn_unused_result)) bool generation_open_logs(struct generation *generation,
                                                              struct log *log,
                                                              const int *descriptors,
                                                              uint32_t count);

/* Gives it the secrets that the supervisor has read, from their descriptor, which is closed
 * afterwards. False with errno set. */
__attribute__((warn_unused_result)) bool generation_open_secrets(struct generation *generation,
                                                                 int descriptor, size_t size);

/* Gives it the shared memory that the supervisor has made, from its descriptors, which are closed
 * afterwards and -1. False with errno set. */
__attribute__((warn_unused_result)) bool generation_open_memories(struct generation *generation,
                                                                  int *descriptors,
                                                                  const uint32_t *numbers,
                                                                  uint32_t count);

/* Puts its log files on new descriptors, in the same order. */
void generation_reopen_logs(struct generation *generation, const int *descriptors, uint32_t count);

struct generation *generation_hold(struct generation *generation);
void generation_release(struct generation *generation);

/* The targets of a settings record's error_log list; NULL when it is empty. */
static inline const struct log_target *generation_error_logs(const struct generation *generation,
                                                             const struct table_settings *settings,
                                                             uint32_t *count) {
    *count = settings->error_log.count;
    return *count > 0 ? generation->error_logs + settings->error_log.first : NULL;
}

#endif
