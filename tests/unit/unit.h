/* The frame of a unit test program: one program per file of tests, one CUnit suite in it.
 *
 *     static void finds_nothing_in_an_empty_map(void) { CU_ASSERT_PTR_NULL(…); }
 *     UNIT_TESTS("base/map", {"finds nothing in an empty map", finds_nothing_in_an_empty_map})
 *
 * A test may include the .c file it is about, so that statics stay static. */
#ifndef UNIT_H
#define UNIT_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stddef.h>
#include <stdio.h>

struct unit_test {
    const char *name;
    void (*run)(void);
};

static int unit_run(const char *suite_name, const struct unit_test *tests, size_t count) {
    if (CU_initialize_registry() != CUE_SUCCESS) {
        return 1;
    }
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (size_t i = 0; suite != NULL && i < count; i++) {
        if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL) {
            suite = NULL;
        }
    }
    if (suite == NULL) {
        CU_cleanup_registry();
        return 1;
    }
    CU_basic_set_mode(CU_BRM_SILENT);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_tests_failed();
    unsigned run = CU_get_number_of_tests_run();
    if (failed > 0) {
        CU_basic_show_failures(CU_get_failure_list());
        printf("\n");
    }
    printf("%s: %u of %u tests passed\n", suite_name, run - failed, run);
    CU_cleanup_registry();
    return failed > 0;
}

#define UNIT_TESTS(suite_name, ...)                                                                \
    int main(void) {                                                                               \
        static const struct unit_test tests[] = {__VA_ARGS__};                                     \
        return unit_run(suite_name, tests, sizeof tests / sizeof tests[0]);                        \
    }

#endif
