/* Programs that would not end in time, or not at all: what ends them, and how. */
#include "engine/program.h"
#include "site_engine.h"

static struct site_engine site;
static uint32_t note_count;

static void count_note(void *owner, enum table_log_level level, const char *message) {
    (void)owner;
    (void)level;
    (void)message;
    note_count++;
}

static void open_site(const char *text) {
    site_open(&site, text);
    note_count = 0;
    site.live.note = count_note;
}

/* The outcome of a request for "/". */
static struct engine_outcome decide(void) {
    struct engine_outcome outcome;
    site_begin(&site);
    site.request.method = SLICE("GET");
    site.request.uri = site.request.raw_path = SLICE("/");
    CU_ASSERT_TRUE_FATAL(engine_find_server(&site.request, &site.compiled.table.endpoint[0]));
    engine_decide(&site.request, &outcome);
    return outcome;
}

/* A text that doubles with each line. */
static void ends_texts_that_double(void) {
    char text[4096] = "server { listen 80; set $a 0123456789abcdef;";
    size_t size = strlen(text);
    for (int i = 0; i < 40; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "set $a $a$a;");
    }
    snprintf(text + size, sizeof text - size, "return 200 $a; }");
    open_site(text);
    struct engine_outcome outcome = decide();
    CU_ASSERT_EQUAL(outcome.kind, ENGINE_PAGE);
    CU_ASSERT_EQUAL(outcome.status, 500);
    CU_ASSERT_EQUAL(note_count, 1);
    site_close(&site);
}

/* Looking for an argument takes as long as the query string is, also when it is not there. */
static void counts_what_is_looked_through(void) {
    static char args[1 << 16];
    memset(args, 'x', sizeof args);
    struct slice value;
    const struct engine_header header = {SLICE("Cookie"), {args, sizeof args}};
    open_site("server { listen 80; location / { return 200 $arg_a$cookie_b$http_cookie; } }");
    site.request.args = (struct slice){args, sizeof args};
    site.request.headers = &header;
    site.request.header_count = 1;
    CU_ASSERT_FALSE(engine_variable(&site.request, VARIABLE_ARG, SLICE("a"), &value));
    CU_ASSERT_TRUE(site.request.effort >= sizeof args);
    CU_ASSERT_FALSE(engine_variable(&site.request, VARIABLE_COOKIE, SLICE("b"), &value));
    CU_ASSERT_TRUE(site.request.effort >= 2 * sizeof args);
    CU_ASSERT_TRUE(engine_variable(&site.request, VARIABLE_HTTP, SLICE("cookie"), &value));
    CU_ASSERT_TRUE(site.request.effort >= 3 * sizeof args);
    site.request.effort = ENGINE_EFFORT_LIMIT;
    CU_ASSERT_FALSE(engine_variable(&site.request, VARIABLE_HTTP, SLICE("cookie"), &value));
    site_close(&site);
}

static void counts_regexes(void) {
    open_site("server { listen 80; location / { if ($uri ~ x) { return 204; } return 200; } }");
    CU_ASSERT_EQUAL(decide().status, 200);
    CU_ASSERT_TRUE(site.request.effort >= ENGINE_REGEX_EFFORT);
    site_close(&site);
}

/* Each value needs the next twice and is never remembered: without an end to it there would be two
 * to the hundredth power of them, and a line in the log for each. */
static void ends_circles_of_volatile_variables(void) {
    open_site("map $b $a { volatile; default $b$b; } map $a $b { volatile; default $a; }"
              "server { listen 80; return 200 $a; }");
    struct engine_outcome outcome = decide();
    CU_ASSERT_EQUAL(outcome.kind, ENGINE_PAGE);
    CU_ASSERT_EQUAL(outcome.status, 500);
    CU_ASSERT_TRUE(note_count > 1 && note_count <= 101);
    CU_ASSERT_EQUAL(site.request.depth, 0);
    site_close(&site);
}

static void ends_roots_made_of_themselves(void) {
    open_site("map $document_root $a { volatile; default /x; }"
              "server { listen 80; root /$a; return 200 $document_root; }");
    struct engine_outcome outcome = decide();
    CU_ASSERT_EQUAL(outcome.status, 500);
    CU_ASSERT_EQUAL(site.request.depth, 0);
    CU_ASSERT_TRUE(note_count > 0);
    site_close(&site);
}

/* No compiler writes it: the root is the program that returns it. */
static void ends_roots_that_are_themselves(void) {
    open_site("server { listen 80; root /x; return 200 /x$document_root; }");
    const struct table *table = &site.compiled.table;
    const struct table_program *sequence = &table->program[table->server[0].rewrite];
    const struct table_op *answer = &table->op[sequence->ops.first];
    CU_ASSERT_EQUAL_FATAL(answer->code, TABLE_OP_RETURN_TEXT);
    uint32_t settings = table->server[0].settings;
    ((struct table_settings *)(uintptr_t)&table->settings[settings])->root = answer->b;
    CU_ASSERT_EQUAL(decide().status, 500);
    CU_ASSERT_EQUAL(site.request.depth, 0);
    CU_ASSERT_EQUAL(note_count, 1);
    site_close(&site);
}

/* After all of it an error page is worked out anew. */
static void leaves_room_for_the_error_page(void) {
    open_site("map $b $a { volatile; default $b$b; } map $a $b { volatile; default $a; }"
              "server { listen 80; error_page 500 /sorry; location / { return 200 $a; }"
              "location /sorry { set $c sor; return 200 ${c}ry; } }");
    struct engine_outcome outcome = decide();
    CU_ASSERT_EQUAL(outcome.kind, ENGINE_TEXT);
    CU_ASSERT_TRUE(slice_equals(outcome.text, SLICE("sorry")));
    site_close(&site);
}

/* A request that is refused before it has slots is logged all the same. */
static void has_no_values_without_slots(void) {
    struct slice value;
    open_site("map $a $m { default x; } server { listen 80; set $a 1; return 200 $a$m; }");
    site.request.slots = NULL;
    CU_ASSERT_EQUAL(engine_slot_value(&site.request, site_slot(&site, "a"), &value),
                    ENGINE_VALUE_NO_MEMORY);
    CU_ASSERT_EQUAL(engine_slot_value(&site.request, site_slot(&site, "m"), &value),
                    ENGINE_VALUE_NO_MEMORY);
    site_close(&site);
}

UNIT_TESTS("engine/effort", {"ends texts that double", ends_texts_that_double},
           {"counts what is looked through", counts_what_is_looked_through},
           {"counts regexes", counts_regexes},
           {"ends circles of volatile variables", ends_circles_of_volatile_variables},
           {"ends roots made of themselves", ends_roots_made_of_themselves},
           {"ends roots that are themselves", ends_roots_that_are_themselves},
           {"leaves room for the error page", leaves_room_for_the_error_page},
           {"has no values without slots", has_no_values_without_slots})
