/* Match blocks applied to answers. */
#include "engine/health.h"

#include "decided.h"
#include "engine/engine.h"

#include <string.h>

static struct decided decided;

/* Whether an answer of that status, fields ("Name: value" each, up to NULL) and body is accepted by
 * a check with that match block ("": without one), and which part was looked at last. */
static bool accepts(const char *block, uint32_t status, const char *const *fields, const char *body,
                    enum engine_health_part *part) {
    char text[1024];
    struct engine_header headers[8];
    uint32_t count = 0;
    snprintf(text, sizeof text,
             "%s%s%s upstream app { server 10.0.0.1; } server { listen 80; location / {"
             "proxy_pass http://app; health_check %s; } }",
             block[0] != '\0' ? "match m { " : "", block, block[0] != '\0' ? " }" : "",
             block[0] != '\0' ? "match=m" : "");
    for (; fields != NULL && fields[count] != NULL; count++) {
        struct slice line = slice_from_string(fields[count]);
        size_t colon = slice_find_byte(line, ':');
        headers[count] =
            (struct engine_header){slice_take(line, colon), slice_skip(line, colon + 2)};
    }
    decided_open(&decided, text);
    const struct table_health_check *check = &decided.compiled.table.health_check[0];
    const struct engine_health_answer answer = {.status = status,
                                                .headers = headers,
                                                .header_count = count,
                                                .body = slice_from_string(body)};
    CU_ASSERT_EQUAL(engine_health_needs_body(decided.engine, check), strstr(block, "body") != NULL);
    bool is_right = engine_health_accepts_head(decided.engine, check, &answer, part) &&
                    engine_health_accepts_body(decided.engine, check, &answer, part);
    decided_close(&decided);
    return is_right;
}

static void without_a_match_200_to_399_are_right(void) {
    enum engine_health_part part;
    CU_ASSERT_FALSE(accepts("", 199, NULL, "", &part));
    CU_ASSERT_TRUE(accepts("", 200, NULL, "", &part));
    CU_ASSERT_TRUE(accepts("", 399, NULL, "", &part));
    CU_ASSERT_FALSE(accepts("", 400, NULL, "", &part));
    CU_ASSERT_EQUAL(part, ENGINE_HEALTH_STATUS);
}

static void statuses_are_listed_or_excluded(void) {
    static const struct {
        const char *block;
        uint32_t status;
        bool is_right;
    } rows[] = {
        {"status 200;", 200, true},
        {"status 200;", 204, false},
        {"status 200 204;", 204, true},
        {"status 301-303 307;", 302, true},
        {"status 301-303 307;", 306, false},
        {"status ! 500;", 500, false},
        {"status ! 500;", 503, true},
        {"status ! 400-499 500-599;", 503, false},
        {"status ! 400-499 500-599;", 200, true},
        {"header ! X;", 500, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum engine_health_part part;
        CU_ASSERT_EQUAL(accepts(rows[i].block, rows[i].status, NULL, "", &part), rows[i].is_right);
    }
}

static void header_fields_are_compared(void) {
    static const char *const fields[] = {"Content-Type: text/html", "x-many: a", "X-Many: b",
                                         "Empty: ", NULL};
    static const struct {
        const char *block;
        bool is_right;
    } rows[] = {
        {"header Content-Type;", true},
        {"header content-type;", true},
        {"header Empty;", true},
        {"header Missing;", false},
        {"header ! Missing;", true},
        {"header ! Empty;", false},
        {"header Content-Type = text/html;", true},
        {"header Content-Type = text;", false},
        {"header Content-Type != text/plain;", true},
        {"header Content-Type != text/html;", false},
        {"header Content-Type ~ ^text/;", true},
        {"header Content-Type ~ ^html;", false},
        {"header Content-Type !~ json;", true},
        {"header Content-Type !~ html;", false},
        {"header X-Many = b;", true},
        {"header X-Many != b;", false},
        {"header X-Many ~ ^[ab]$;", true},
        {"header Missing = x;", false},
        {"header Missing != x;", true},
        {"header Missing ~ x;", false},
        {"header Missing !~ x;", true},
        {"header Empty = \"\";", true},
        {"header Empty ~ ^$;", true},
        {"header Content-Type; header Missing;", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum engine_health_part part;
        CU_ASSERT_EQUAL(accepts(rows[i].block, 200, fields, "", &part), rows[i].is_right);
        CU_ASSERT_EQUAL(part, ENGINE_HEALTH_HEADER);
    }
}

static void bodies_are_searched(void) {
    enum engine_health_part part;
    CU_ASSERT_TRUE(accepts("body ~ well;", 200, NULL, "all is well", &part));
    CU_ASSERT_EQUAL(part, ENGINE_HEALTH_BODY);
    CU_ASSERT_FALSE(accepts("body ~ ^well;", 200, NULL, "all is well", &part));
    CU_ASSERT_TRUE(accepts("body !~ down;", 200, NULL, "all is well", &part));
    CU_ASSERT_FALSE(accepts("body !~ well;", 200, NULL, "all is well", &part));
    CU_ASSERT_TRUE(accepts("body ~ ^$;", 200, NULL, "", &part));
    CU_ASSERT_FALSE(accepts("status 200; body ~ well; body ~ ill;", 200, NULL, "well", &part));
    CU_ASSERT_FALSE(accepts("status 200; body ~ well;", 500, NULL, "well", &part));
    CU_ASSERT_EQUAL(part, ENGINE_HEALTH_STATUS);
}

UNIT_TESTS("engine/health",
           {"without a match 200 to 399 are right", without_a_match_200_to_399_are_right},
           {"statuses are listed or excluded", statuses_are_listed_or_excluded},
           {"header fields are compared", header_fields_are_compared},
           {"bodies are searched", bodies_are_searched})
