/* Times of HTTP. */
#include "engine/http_date.h"
#include "guard.h"
#include "unit.h"

#include <time.h>

/* -2: it is none. The text ends where memory does. */
static int64_t read_date(const char *text) {
    int64_t seconds;
    return http_date_parse(guard_copy(slice_from_string(text)), &seconds) ? seconds : -2;
}

static void reads_three_forms(void) {
    CU_ASSERT_EQUAL(read_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    CU_ASSERT_EQUAL(read_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
    CU_ASSERT_EQUAL(read_date("Sun Nov  6 08:49:37 1994"), 784111777);
    CU_ASSERT_EQUAL(read_date("Sun Nov 16 08:49:37 1994"), 784111777 + 10 * 86400);
    CU_ASSERT_EQUAL(read_date("Wed, 06-Nov-69 08:49:37 GMT"), 3150953377);
    CU_ASSERT_EQUAL(read_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    CU_ASSERT_EQUAL(read_date("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
    CU_ASSERT_EQUAL(read_date("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800);
    CU_ASSERT_EQUAL(read_date("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
}

static void does_not_mind_what_nginx_does_not(void) {
    CU_ASSERT_EQUAL(read_date("Mon, 06 Nov 1994 08:49:37 GMT"), 784111777);
    CU_ASSERT_EQUAL(read_date("Sun,06 Nov 1994 08:49:37"), 784111777);
    CU_ASSERT_EQUAL(read_date("Sun, 06 Nov 1994 08:49:37 GMT; length=10"), 784111777);
}

static void refuses_what_is_no_time(void) {
    static const char *const texts[] = {"",
                                        " ",
                                        ",",
                                        "Sun",
                                        "Sun,",
                                        "Sun, ",
                                        "Sun, 6 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 94 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 24:00:00 GMT",
                                        "Sun, 06 Nov 1994 08:60:00 GMT",
                                        "Sun, 06 Nov 1994 08:49:60 GMT",
                                        "Sun, 31 Nov 1994 08:49:37 GMT",
                                        "Wed, 29 Feb 2023 00:00:00 GMT",
                                        "Wed, 29 Feb 1900 00:00:00 GMT",
                                        "Sun, 06 Nov 1994 08:49",
                                        "Sun, 06 Nov 1994 08:49:3",
                                        "Sunday, 06-Nov-94",
                                        "Sun Nov  6 08:49:37",
                                        "Sun Nov",
                                        "Sun Nov  6 08:49:37 199",
                                        "1994-11-06T08:49:37Z",
                                        "784111777",
                                        "Sun, 06-Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov-1994 08:49:37 GMT"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (read_date(texts[i]) != -2) {
            printf("\n    %s\n", texts[i]);
        }
        CU_ASSERT_EQUAL(read_date(texts[i]), -2);
    }
}

/* Any prefix of a time, and what it writes. */
static void reads_what_it_writes(void) {
    static const int64_t times[] = {0, 1, 951782400, 1709164800, 4102444799, 253402300799};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[HTTP_DATE_SIZE];
        struct slice date = http_date_format(times[i], text);
        char copy[HTTP_DATE_SIZE + 1] = "";
        memcpy(copy, date.data, date.size);
        CU_ASSERT_EQUAL(read_date(copy), times[i]);
        for (size_t size = 0; size < 25; size++) {
            copy[size] = '\0';
            CU_ASSERT_EQUAL(read_date(copy), -2);
            copy[size] = date.data[size];
        }
    }
    char text[HTTP_DATE_SIZE];
    CU_ASSERT(
        slice_equals(http_date_format(784111777, text), SLICE("Sun, 06 Nov 1994 08:49:37 GMT")));
}

/* Each day of 400 years, and what the calendar of the C library says. */
static void agrees_with_the_c_library(void) {
    for (int64_t day = 0; day <= 146097; day++) {
        char expected[64];
        char text[HTTP_DATE_SIZE];
        time_t seconds = day * 86400 + day % 86400;
        struct tm parts;
        CU_ASSERT_PTR_NOT_NULL_FATAL(gmtime_r(&seconds, &parts));
        size_t size = strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        if (!slice_equals(http_date_format(seconds, text), (struct slice){expected, size})) {
            CU_FAIL_FATAL("another time");
        }
    }
}

static void writes_the_nearest_it_can(void) {
    static const struct {
        int64_t seconds;
        struct slice text;
    } rows[] = {
        {-1, SLICE_INIT("Thu, 01 Jan 1970 00:00:00 GMT")},
        {INT64_MIN, SLICE_INIT("Thu, 01 Jan 1970 00:00:00 GMT")},
        {253402300799, SLICE_INIT("Fri, 31 Dec 9999 23:59:59 GMT")},
        {253402300800, SLICE_INIT("Fri, 31 Dec 9999 23:59:59 GMT")},
        {INT64_MAX, SLICE_INIT("Fri, 31 Dec 9999 23:59:59 GMT")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[HTTP_DATE_SIZE];
        CU_ASSERT(slice_equals(http_date_format(rows[i].seconds, text), rows[i].text));
    }
}

UNIT_TESTS("engine/http_date", {"reads three forms", reads_three_forms},
           {"does not mind what nginx does not", does_not_mind_what_nginx_does_not},
           {"refuses what is no time", refuses_what_is_no_time},
           {"reads what it writes", reads_what_it_writes},
           {"agrees with the C library", agrees_with_the_c_library},
           {"writes the nearest it can", writes_the_nearest_it_can})
