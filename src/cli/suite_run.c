/* Running a suite: each request is asked once, and every expectation of the blocks around it is
 * held against its route. */
#include "cli/suite.h"

struct run {
    struct suite *suite;
    struct engine *engine;
    struct arena arena; /* of the test that runs */
    struct suite_result result;
    struct suite_totals *totals;
};

static void add_failure(struct run *run, struct suite_failed_request *failed,
                        const struct suite_expectation *expectation, struct slice actual) {
    VECTOR_PUSH(&run->arena, &failed->failures, (struct suite_failure){expectation, actual});
}

/* Those further out first, as they are written first. */
static void judge(struct run *run, struct suite_failed_request *failed,
                  const struct suite_scope *scope) {
    if (scope->outer != NULL) {
        judge(run, failed, scope->outer);
    }
    for (size_t i = 0; i < scope->expectations.count; i++) {
        struct slice actual;
        run->totals->expectations++;
        if (!suite_is_met(scope->expectations.items[i], failed->route, &actual)) {
            add_failure(run, failed, scope->expectations.items[i], actual);
        }
    }
}

static void run_request(struct run *run, const struct suite_request *request) {
    struct suite_failed_request failed = {.request = request};
    failed.route = arena_require(&run->arena, sizeof *failed.route);
    run->totals->requests++;
    const char *problem = route_ask(failed.route, &run->arena, run->engine, &request->question);
    if (problem != NULL) {
        failed.route = NULL;
        add_failure(run, &failed, NULL, slice_from_string(problem));
    } else {
        judge(run, &failed, &request->scope);
    }
    if (failed.failures.count > 0) {
        VECTOR_PUSH(&run->arena, &run->result.failed, failed);
    }
}

static void run_case(struct run *run, const struct suite_case *test) {
    run->result = (struct suite_result){.test = test};
    run->totals->tests++;
    for (size_t i = 0; i < test->requests.count; i++) {
        run_request(run, test->requests.items[i]);
    }
    run->totals->failed += run->result.failed.count > 0;
}

void suite_run(struct suite *suite, struct engine *engine, const struct suite_listener *listeners,
               size_t listener_count, struct suite_totals *totals) {
    enum { ARENA_CHUNK = 1 << 16 };
    struct run run = {.suite = suite, .engine = engine, .totals = totals};
    arena_init(&run.arena, ARENA_CHUNK);
    for (size_t i = 0; i < suite->cases.count; i++) {
        run_case(&run, suite->cases.items[i]);
        for (size_t k = 0; k < listener_count; k++) {
            listeners[k].done(listeners[k].owner, suite, &run.result);
        }
        arena_reset(&run.arena);
    }
    arena_release(&run.arena);
}
