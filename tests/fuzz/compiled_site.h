/* A table compiled from a configuration of the target's own, for as long as the process lives. */
#ifndef COMPILED_SITE_H
#define COMPILED_SITE_H

#include "emit/emit.h"
#include "fuzz.h"
#include "syntax/parse.h"
#include "table/table.h"

/* Once in a process. */
static void compiled_site_open(struct table *table, struct slice text) {
    static struct arena arena;
    static struct source_set sources;
    static struct diagnostic_list diagnostics;
    static struct tree tree;
    static struct model model;
    struct slice bytes;
    struct table_error error;
    struct parse_options options = {0};
    arena_init(&arena, 1 << 16);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    parse_text(&arena, &sources, &diagnostics, SLICE("site.conf"), text, &options, &tree);
    model_build(&model, &tree);
    require(diagnostics.error_count == 0 && !model_refuse_unsupported(&model));
    require(emit_table(&model, &bytes) && table_open(table, bytes.data, bytes.size, &error));
}

#endif
