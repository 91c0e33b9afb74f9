/* What the rooms count of their work, from text to table. */
#include "base/progress.h"

#include "check/check.h"
#include "emit/emit.h"
#include "syntax/parse.h"
#include "unit.h"

static size_t shown;

static void count_shown(struct progress *progress) {
    (void)progress;
    shown++;
}

static struct progress progress = {.show = count_shown};

/* 2 upstreams of 2 statements each, 3 servers of 4 statements each, all with their own. */
static const char text[] = "upstream a { server 127.0.0.1:1; } upstream b { server 127.0.0.1:2; }"
                           "server { listen 1; location / { return 200; } }"
                           "server { listen 2; location / { return 200; } }"
                           "server { listen 3; location / { return 200; } }";
enum { STATEMENTS = 2 * 2 + 3 * 4, SERVERS = 3 };

static void begin(const char *name, size_t interval) {
    shown = 0;
    progress_begin(&progress, (struct progress_phase){name, "steps", 0, interval});
    CU_ASSERT_EQUAL(shown, 1);
}

static void counts_what_each_room_does(void) {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    struct model model;
    struct finding_list findings;
    struct slice table;
    arena_init(&arena, 1 << 16);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    struct parse_options options = {.progress = &progress};
    begin("reading", 5);
    parse_text(&arena, &sources, &diagnostics, SLICE("site.conf"), slice_from_string(text),
               &options, &tree);
    CU_ASSERT_EQUAL(progress.done, STATEMENTS);
    CU_ASSERT_EQUAL(shown, 1 + STATEMENTS / 5);
    begin("understanding", 1);
    model_build(&model, &tree);
    CU_ASSERT_EQUAL(progress.done, STATEMENTS);
    CU_ASSERT_EQUAL(shown, 1 + STATEMENTS);
    begin("checking", 1);
    check_run(&model, NULL, &findings);
    CU_ASSERT_EQUAL(progress.done, RULE_COUNT);
    begin("writing the table", 100);
    CU_ASSERT_TRUE(emit_table(&model, &table));
    CU_ASSERT_EQUAL(progress.done, SERVERS);
    CU_ASSERT_EQUAL(shown, 1);
    arena_release(&arena);
}

static void does_without(void) {
    progress_begin(NULL, (struct progress_phase){"reading", "steps", 0, 1});
    progress_step(NULL);
}

UNIT_TESTS("emit/progress", {"counts what each room does", counts_what_each_room_does},
           {"does without", does_without})
