/* Accept-Encoding and User-Agent as nginx reads them; that it does so is compared with nginx itself
 * by tests/e2e/test_gzip.py. Every input ends where memory ends. */
#include "unit.h"

#include "engine/accept_encoding.h"

#include "guard.h"

static bool asks(bool (*question)(struct slice), const char *text) {
    return question(guard_copy(slice_from_string(text)));
}

static void takes_gzip_where_it_is_named(void) {
    static const char *const accepted[] = {"gzip",
                                           "GZip",
                                           "gzip,deflate",
                                           "deflate, gzip",
                                           "br;q=1,gzip;q=0.5",
                                           "gzip;q=1",
                                           "gzip;q=1.0",
                                           "gzip;q=1.000",
                                           "gzip; q=0.001",
                                           "gzip ; q=0.1, br",
                                           "gzip;q=0.01 ",
                                           "gzip;Q=1",
                                           "gzip;",
                                           "gzip ; ",
                                           "xgzipgzip",
                                           "gzip ,gzipx",
                                           "gzip,gzip;q=0",
                                           "gzip;q=1.",
                                           "x-gzip, gzip",
                                           "gzip;q=0.5,br",
                                           "gzip  ",
                                           "identity,  gzip  ",
                                           "gzip;q=1,gzip;q=0"};
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        CU_ASSERT_TRUE(asks(engine_accepts_gzip, accepted[i]));
    }
}

static void takes_nothing_else_for_it(void) {
    static const char *const refused[] = {
        "",          "*",           "identity",      "gz",         "x-gzip",         "gzipped",
        "gzip;q=0",  "gzip;q=0.0",  "gzip;q=0.000",  "gzip;q=",    "gzip;q",         "gzip;q=2",
        "gzip;q=.5", "gzip;q=1.1",  "gzip;q=0.1234", "gzip;q=0,5", "gzip;q=0.5x",    "gzip;level=9",
        "gzip=1",    "gzip;q =0.5", "gzip;q=-1",     "gzip\t",     "gzip;q=0, gzip", "gzipx gzip"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CU_ASSERT_FALSE(asks(engine_accepts_gzip, refused[i]));
    }
}

static void knows_old_browsers(void) {
    static const char *const old[] = {"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
                                      "MSIE 4.01", "x MSIE 5.5", "MSIE 6.0 SV"};
    static const char *const others[] = {
        "",         "MSIE ",    "MSIE 6",        "MSIE 6.",   "MSIE 7.0",  "MSIE 3.0",
        "msie 6.0", "MSIE 60.", "MSIE 6.0; SV1", "MSIE 10.0", "MSIE  6.0", "Mozilla/5.0"};
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
        CU_ASSERT_TRUE(asks(engine_is_msie6, old[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CU_ASSERT_FALSE(asks(engine_is_msie6, others[i]));
    }
}

UNIT_TESTS("engine/accept_encoding", {"takes gzip where it is named", takes_gzip_where_it_is_named},
           {"takes nothing else for it", takes_nothing_else_for_it},
           {"knows old browsers", knows_old_browsers})
