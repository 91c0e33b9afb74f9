/* fuzz: compiler */
/* Any bytes as a project file of rpc lint: mistakes have places within it, and what was understood
 * makes sense. */
#include "cli/lint_project.h"
#include "fuzz.h"
#include "syntax/parse.h"

static void require_sound(const struct diagnostic *diagnostic, size_t size) {
    require(diagnostic->message.size > 0 && diagnostic->label.size > 0);
    require(diagnostic->span.begin <= diagnostic->span.end && diagnostic->span.end <= size);
}

static void require_policy(const struct lint_policy *policy) {
    require(policy->fail_level >= SEVERITY_NOTE && policy->fail_level <= LINT_FAIL_NEVER);
    for (size_t i = 0; i < FINDING_KIND_COUNT; i++) {
        require(policy->severities[i] <= SEVERITY_ERROR + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree = {0};
    struct lint_project project = {0};
    arena_init(&arena, 16384);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    diagnostics.limit = 20;
    const struct parse_options options = {.ignore_includes = true};
    parse_text(&arena, &sources, &diagnostics, SLICE(".rpclint"),
               (struct slice){(const char *)data, size}, &options, &tree);
    lint_project_fill(&arena, &tree, &project);
    for (size_t i = 0; i < diagnostics.all.count; i++) {
        require_sound(diagnostics.all.items[i], size);
    }
    require_policy(&project.policy);
    for (size_t i = 0; i < project.exceptions.count; i++) {
        require_policy(&project.exceptions.items[i].policy);
    }
    require(project.nginx_version <= 999999999);
    arena_release(&arena);
    return 0;
}
