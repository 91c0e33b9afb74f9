/* fuzz: compiler */
/* Any bytes as a configuration that is linted: whatever the model understood of it, the rules must
 * cope with. Every finding has a place within its source and a message. */
#include "check/check.h"
#include "fuzz.h"
#include "syntax/parse.h"

#include <string.h>

static void require_sound(const struct source_set *sources, const struct diagnostic *diagnostic) {
    require(diagnostic->has_span && diagnostic->message.size > 0 && diagnostic->label.size > 0);
    require(diagnostic->span.source < sources->all.count);
    const struct source *source = sources->all.items[diagnostic->span.source];
    require(diagnostic->span.begin <= diagnostic->span.end &&
            diagnostic->span.end <= source->text.size);
    for (size_t i = 0; i < diagnostic->notes.count; i++) {
        const struct diagnostic_note *note = &diagnostic->notes.items[i];
        require(note->message.size > 0);
        require(!note->has_span || note->span.end <= source->text.size);
    }
    for (size_t i = 0; i < diagnostic->edits.count; i++) {
        const struct span *span = &diagnostic->edits.items[i].span;
        require(span->begin <= span->end &&
                span->end <= sources->all.items[span->source]->text.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree = {0};
    struct model model = {0};
    struct finding_list findings;
    arena_init(&arena, 16384);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    diagnostics.limit = 20;
    const struct parse_options options = {.ignore_includes = true};
    parse_text(&arena, &sources, &diagnostics, SLICE("fuzz.conf"),
               (struct slice){(const char *)data, size}, &options, &tree);
    model_build(&model, &tree);
    check_run(&model, NULL, &findings);
    for (size_t i = 0; i < findings.all.count; i++) {
        require_sound(&sources, findings.all.items[i].diagnostic);
    }
    arena_release(&arena);
    return 0;
}
