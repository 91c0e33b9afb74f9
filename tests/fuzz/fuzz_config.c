/* fuzz: compiler */
/* Any bytes as a configuration: read, walked, printed, made a model of, and where that has no
 * errors a table, which answers. Includes stay unexpanded, so that no input opens a file. */
#include "asked_site.h"
#include "model/model.h"
#include "syntax/parse.h"
#include "syntax/tree_json.h"

#include <string.h>

/* JSON takes longer than all else together; small inputs show its faults as well. */
enum { JSON_SIZE_LIMIT = 64 };

/* Every span lies within its source, and every statement points back to its block. */
static void check_block(const struct tree *tree, struct block *block) {
    struct tree_walk walk = tree_walk_begin(block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        const struct source *source = tree->sources->all.items[s->span.source];
        if (s->parent != block || s->word_count == 0 || s->span.begin >= s->span.end ||
            s->span.end > source->text.size) {
            abort();
        }
        if (s->block != NULL) {
            check_block(tree, s->block);
        }
    }
}

static void print_all(struct source_set *sources, struct diagnostic_list *diagnostics) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        abort();
    }
    diagnostic_sort(diagnostics->all.items, diagnostics->all.count);
    for (size_t i = 0; i < diagnostics->all.count; i++) {
        diagnostic_print(out, sources, diagnostics->all.items[i], false);
    }
    fclose(out);
    /* Nothing that could control a terminal. */
    if (memchr(text, '\033', size) != NULL) {
        abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    arena_init(&arena, 16384);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    diagnostics.limit = 20;

    /* A copy of its own size, so that a read beyond it is seen. */
    char *copy = copy_input(data, size);
    const struct parse_options options = {.ignore_includes = true};
    parse_text(&arena, &sources, &diagnostics, SLICE("fuzz.conf"), (struct slice){copy, size},
               &options, &tree);
    check_block(&tree, tree.root);
    if (size <= JSON_SIZE_LIMIT) {
        json_decref(tree_json_build(&tree));
    }
    struct model model;
    model_build(&model, &tree);
    model_refuse_unsupported(&model);
    if (diagnostics.error_count == 0) {
        asked_site(&model);
    }
    print_all(&sources, &diagnostics);
    free(copy);
    arena_release(&arena);
    return 0;
}
