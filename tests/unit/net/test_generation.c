/* Generations: a table from a memory file, its logs by record, and who holds it. */
#include "net/generation.h"

#include "log/file.h"
#include "table/writer.h"
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILES = 2 };

/* A table with two error logs and three access logs, over two files. */
static struct slice build_table(struct arena *arena) {
    struct table_writer writer;
    table_writer_init(&writer, arena);
    struct table_string first = table_writer_string(&writer, SLICE("first.log"));
    struct table_string second = table_writer_string(&writer, SLICE("second.log"));
    table_writer_add(&writer, TABLE_SECTION_process);
    for (int i = 0; i < 2; i++) {
        uint32_t index = table_writer_add(&writer, TABLE_SECTION_error_log);
        struct table_error_log *log = table_writer_record(&writer, TABLE_SECTION_error_log, index);
        log->path = i == 0 ? second : first;
        log->level = i == 0 ? TABLE_LOG_WARN : TABLE_LOG_ERROR;
        log->syslog = TABLE_NONE;
    }
    for (int i = 0; i < 3; i++) {
        uint32_t index = table_writer_add(&writer, TABLE_SECTION_access_log);
        struct table_access_log *log =
            table_writer_record(&writer, TABLE_SECTION_access_log, index);
        log->path = i == 1 ? (struct table_string){0, 0} : first;
        log->format = TABLE_NONE;
        log->name = TABLE_NONE;
        log->syslog = TABLE_NONE;
    }
    return table_writer_finish(&writer);
}

static int open_table(size_t *size) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice bytes = build_table(&arena);
    int descriptor = memfd_create("test", MFD_CLOEXEC);
    CU_ASSERT_FATAL(descriptor >= 0);
    CU_ASSERT_FATAL(write(descriptor, bytes.data, bytes.size) == (ssize_t)bytes.size);
    *size = bytes.size;
    arena_release(&arena);
    return descriptor;
}

static struct generation *open_generation(void) {
    size_t size;
    int descriptor = open_table(&size);
    char error[128] = "";
    struct generation *generation = generation_open(descriptor, size, 3, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(generation);
    CU_ASSERT_EQUAL(fcntl(descriptor, F_GETFD), -1);
    return generation;
}

static void open_files(int descriptors[FILES]) {
    for (int i = 0; i < FILES; i++) {
        descriptors[i] = open("/dev/null", O_WRONLY | O_CLOEXEC);
        CU_ASSERT_FATAL(descriptors[i] >= 0);
    }
}

static void opens_a_table(void) {
    struct generation *generation = open_generation();
    CU_ASSERT_EQUAL(generation->number, 3);
    CU_ASSERT_EQUAL(generation->table.access_log_count, 3);
    CU_ASSERT_PTR_EQUAL(engine_table(generation->engine), &generation->table);
    generation_release(generation);
}

static void says_why_it_cannot(void) {
    char error[128] = "";
    CU_ASSERT_PTR_NULL(generation_open(-1, 4096, 1, error, sizeof error));
    CU_ASSERT_STRING_EQUAL(error, "Bad file descriptor");
}

static void gives_each_record_its_file(void) {
    struct log log;
    log_init(&log, NULL);
    struct generation *generation = open_generation();
    int descriptors[FILES];
    open_files(descriptors);
    CU_ASSERT_FATAL(generation_open_logs(generation, &log, descriptors, FILES));
    CU_ASSERT_STRING_EQUAL(generation->error_logs[0].file->path, "second.log");
    CU_ASSERT_EQUAL(generation->error_logs[0].level, TABLE_LOG_WARN);
    CU_ASSERT_STRING_EQUAL(generation->error_logs[1].file->path, "first.log");
    CU_ASSERT_PTR_EQUAL(generation->access_logs[0].file, generation->error_logs[1].file);
    CU_ASSERT_PTR_NULL(generation->access_logs[1].file);
    CU_ASSERT_PTR_EQUAL(generation->access_logs[2].file, generation->access_logs[0].file);
    CU_ASSERT_EQUAL(generation->error_logs[0].file->descriptor, descriptors[0]);
    generation_release(generation);
    CU_ASSERT_EQUAL(log.file_count, 0);
    CU_ASSERT_EQUAL(fcntl(descriptors[0], F_GETFD), -1);
    log_destroy(&log);
}

static void missing_files_are_a_failure(void) {
    struct log log;
    log_init(&log, NULL);
    struct generation *generation = open_generation();
    int descriptors[FILES];
    open_files(descriptors);
    CU_ASSERT_FALSE(generation_open_logs(generation, &log, descriptors, 1));
    close(descriptors[1]);
    generation_release(generation);
    CU_ASSERT_EQUAL(log.file_count, 0);
    log_destroy(&log);
}

static void files_outlive_a_reload(void) {
    struct log log;
    log_init(&log, NULL);
    struct generation *old = open_generation();
    struct generation *new = open_generation();
    int descriptors[FILES];
    open_files(descriptors);
    CU_ASSERT_FATAL(generation_open_logs(old, &log, descriptors, FILES));
    open_files(descriptors);
    CU_ASSERT_FATAL(generation_open_logs(new, &log, descriptors, FILES));
    CU_ASSERT_PTR_EQUAL(old->access_logs[0].file, new->access_logs[0].file);
    open_files(descriptors);
    generation_reopen_logs(new, descriptors, FILES);
    CU_ASSERT_EQUAL(new->access_logs[0].file->descriptor, descriptors[1]);
    generation_release(old);
    CU_ASSERT_EQUAL(log.file_count, FILES);
    generation_release(new);
    CU_ASSERT_EQUAL(log.file_count, 0);
    log_destroy(&log);
}

static void count_release(void *extension) {
    ++*(int *)extension;
}

static void the_last_holder_releases_it(void) {
    struct generation *generation = open_generation();
    int released = 0;
    generation->extension = &released;
    generation->release_extension = count_release;
    CU_ASSERT_PTR_EQUAL(generation_hold(generation), generation);
    generation_release(generation);
    CU_ASSERT_EQUAL(released, 0);
    generation_release(generation);
    CU_ASSERT_EQUAL(released, 1);
}

UNIT_TESTS("net/generation", {"opens a table", opens_a_table},
           {"says why it cannot", says_why_it_cannot},
           {"gives each record its file", gives_each_record_its_file},
           {"missing files are a failure", missing_files_are_a_failure},
           {"files outlive a reload", files_outlive_a_reload},
           {"the last holder releases it", the_last_holder_releases_it})
