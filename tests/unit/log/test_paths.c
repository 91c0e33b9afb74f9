/* The list of log files that supervisor and worker derive from a table. */
#include "log/paths.h"

#include "unit.h"

static const char strings[] = "a.log\0b.log\0a.log";

static struct table make_table(const struct table_error_log *errors, uint32_t error_count,
                               const struct table_access_log *accesses, uint32_t access_count) {
    return (struct table){
        .strings = strings,
        .error_log = errors,
        .error_log_count = error_count,
        .access_log = accesses,
        .access_log_count = access_count,
    };
}

static void lists_each_path_once_in_order(void) {
    const struct table_error_log errors[] = {{.path = {6, 5}}, {.path = {0, 5}}};
    const struct table_access_log accesses[] = {{.path = {0, 5}, .name = TABLE_NONE},
                                                {.path = {0, 0}, .name = TABLE_NONE},
                                                {.path = {12, 5}, .name = TABLE_NONE},
                                                {.path = {6, 5}, .name = TABLE_NONE},
                                                {.path = {0, 5}, .name = 0}};
    struct table table = make_table(errors, 2, accesses, 5);
    struct log_paths paths;
    CU_ASSERT_FATAL(log_paths_collect(&paths, &table));
    CU_ASSERT_EQUAL_FATAL(paths.count, 2);
    CU_ASSERT_TRUE(slice_equals(paths.paths[0], SLICE("b.log")));
    CU_ASSERT_TRUE(slice_equals(paths.paths[1], SLICE("a.log")));
    CU_ASSERT_EQUAL(paths.error_logs[0], 0);
    CU_ASSERT_EQUAL(paths.error_logs[1], 1);
    CU_ASSERT_EQUAL(paths.access_logs[0], 1);
    CU_ASSERT_EQUAL(paths.access_logs[1], TABLE_NONE); /* access_log off */
    CU_ASSERT_EQUAL(paths.access_logs[2], 1);          /* equal text, stored elsewhere */
    CU_ASSERT_EQUAL(paths.access_logs[3], 0);
    CU_ASSERT_EQUAL(paths.access_logs[4], TABLE_NONE); /* variables make the path */
    log_paths_release(&paths);
}

static void a_table_may_name_none(void) {
    struct table table = make_table(NULL, 0, NULL, 0);
    struct log_paths paths;
    CU_ASSERT_FATAL(log_paths_collect(&paths, &table));
    CU_ASSERT_EQUAL(paths.count, 0);
    log_paths_release(&paths);
}

UNIT_TESTS("log/paths", {"lists each path once, in order", lists_each_path_once_in_order},
           {"a table may name none", a_table_may_name_none})
