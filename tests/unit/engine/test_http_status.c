/* Status codes: every row is found, unknown codes are harmless. */
#include "unit.h"

#include "engine/http_status.c"

static void every_row_is_found(void) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_TRUE(slice_equals(http_status_phrase(rows[i].status), rows[i].phrase));
        CU_ASSERT_TRUE(i == 0 || rows[i - 1].status < rows[i].status);
    }
}

static void unknown_codes_have_a_number_only(void) {
    char text[HTTP_STATUS_TEXT];
    CU_ASSERT_TRUE(slice_equals(http_status_text(799, text), SLICE("799")));
    CU_ASSERT_TRUE(slice_equals(http_status_text(7, text), SLICE("007")));
    CU_ASSERT_FALSE(http_status_has_page(799));
}

static void known_codes_have_a_phrase(void) {
    char text[HTTP_STATUS_TEXT];
    CU_ASSERT_TRUE(slice_equals(http_status_text(404, text), SLICE("404 Not Found")));
    CU_ASSERT_TRUE(http_status_has_page(404));
    CU_ASSERT_FALSE(http_status_has_page(200));
}

UNIT_TESTS("engine/http_status", {"every row is found", every_row_is_found},
           {"unknown codes have a number only", unknown_codes_have_a_number_only},
           {"known codes have a phrase", known_codes_have_a_phrase})
