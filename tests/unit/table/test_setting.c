/* The catalogue of settings: what validation, dump and emission go by. */
#include "table/setting.h"

#include "unit.h"

#include <stddef.h>

static void finds_a_setting_by_its_field(void) {
    const struct table_setting *setting = table_setting_find(
        TABLE_SECTION_settings, offsetof(struct table_settings, proxy_read_timeout));
    CU_ASSERT_PTR_NOT_NULL_FATAL(setting);
    CU_ASSERT_STRING_EQUAL(setting->name, "proxy_read_timeout");
    CU_ASSERT_EQUAL(setting->storage, TABLE_STORAGE_TIME);
    CU_ASSERT_PTR_NULL(table_setting_find(TABLE_SECTION_upstream, 0));
    CU_ASSERT_PTR_NULL(table_setting_find(TABLE_SECTION_server, 0));
}

static void knows_the_words_of_an_enumeration(void) {
    const struct table_setting *setting =
        table_setting_find(TABLE_SECTION_settings, offsetof(struct table_settings, server_tokens));
    CU_ASSERT_PTR_NOT_NULL_FATAL(setting);
    CU_ASSERT_TRUE(slice_equals(table_setting_word(setting, 0), SLICE("off")));
    CU_ASSERT_TRUE(slice_equals(table_setting_word(setting, 2), SLICE("build")));
    CU_ASSERT_TRUE(slice_equals(table_setting_word(setting, 3), SLICE("")));
    CU_ASSERT_EQUAL(table_setting_limits(setting).maximum, 2);
}

/* What the runtime knows as bits must be the words' positions. */
static void knows_the_words_of_a_set(void) {
    static const struct {
        uint32_t bit;
        struct slice word;
    } words[] = {
        {TABLE_NEXT_ERROR, SLICE_INIT("error")},
        {TABLE_NEXT_TIMEOUT, SLICE_INIT("timeout")},
        {TABLE_NEXT_INVALID_HEADER, SLICE_INIT("invalid_header")},
        {TABLE_NEXT_HTTP_500, SLICE_INIT("http_500")},
        {TABLE_NEXT_HTTP_502, SLICE_INIT("http_502")},
        {TABLE_NEXT_HTTP_503, SLICE_INIT("http_503")},
        {TABLE_NEXT_HTTP_504, SLICE_INIT("http_504")},
        {TABLE_NEXT_HTTP_403, SLICE_INIT("http_403")},
        {TABLE_NEXT_HTTP_404, SLICE_INIT("http_404")},
        {TABLE_NEXT_HTTP_429, SLICE_INIT("http_429")},
        {TABLE_NEXT_NON_IDEMPOTENT, SLICE_INIT("non_idempotent")},
        {TABLE_NEXT_UPDATING, SLICE_INIT("updating")},
        {TABLE_NEXT_OFF, SLICE_INIT("off")},
    };
    const struct table_setting *setting = table_setting_find(
        TABLE_SECTION_settings, offsetof(struct table_settings, proxy_next_upstream));
    CU_ASSERT_PTR_NOT_NULL_FATAL(setting);
    uint32_t count = sizeof words / sizeof words[0];
    CU_ASSERT_EQUAL(table_setting_limits(setting).maximum, (UINT64_C(1) << count) - 1);
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(words[i].bit, UINT32_C(1) << i);
        CU_ASSERT_TRUE(slice_equals(table_setting_word(setting, i), words[i].word));
    }
}

static void reads_numbers_of_both_widths(void) {
    struct table_settings settings = {.client_max_body_size = 1ull << 40, .keepalive_requests = 7};
    const struct table_setting *size = table_setting_find(
        TABLE_SECTION_settings, offsetof(struct table_settings, client_max_body_size));
    const struct table_setting *number = table_setting_find(
        TABLE_SECTION_settings, offsetof(struct table_settings, keepalive_requests));
    CU_ASSERT_EQUAL(table_setting_number(size, &settings), 1ull << 40);
    CU_ASSERT_EQUAL(table_setting_number(number, &settings), 7);
}

static void limits_every_number_to_something_above_its_least(void) {
    for (uint32_t i = 0; i < table_setting_count; i++) {
        struct table_setting_limits limits = table_setting_limits(&table_settings[i]);
        CU_ASSERT_TRUE(limits.minimum < limits.maximum);
        CU_ASSERT_TRUE(limits.second_minimum <= limits.second_maximum);
    }
}

UNIT_TESTS("table/setting", {"finds a setting by its field", finds_a_setting_by_its_field},
           {"knows the words of an enumeration", knows_the_words_of_an_enumeration},
           {"knows the words of a set", knows_the_words_of_a_set},
           {"reads numbers of both widths", reads_numbers_of_both_widths},
           {"limits every number to something above its least",
            limits_every_number_to_something_above_its_least})
