/* A configuration compiled to a table in memory, by the real parser and model. */
#ifndef EMIT_COMPILED_H
#define EMIT_COMPILED_H

#include "emit/emit.h"
#include "syntax/parse.h"
#include "table/table.h"
#include "unit.h"

#include <string.h>

struct compiled {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    struct model model;
    bool is_emitted;
    struct slice bytes;
    struct table table;
};

/* `text` is the inside of http, named site.conf. is_emitted tells whether there is a table. */
static inline void compile_text(struct compiled *compiled, const char *text) {
    memset(compiled, 0, sizeof *compiled);
    arena_init(&compiled->arena, 1 << 16);
    source_set_init(&compiled->sources, &compiled->arena);
    diagnostic_list_init(&compiled->diagnostics, &compiled->arena);
    struct parse_options options = {0};
    parse_text(&compiled->arena, &compiled->sources, &compiled->diagnostics, SLICE("site.conf"),
               slice_from_string(text), &options, &compiled->tree);
    model_build(&compiled->model, &compiled->tree);
    model_refuse_unsupported(&compiled->model);
    if (compiled->diagnostics.error_count > 0) {
        return;
    }
    struct table_error error;
    compiled->is_emitted =
        emit_table(&compiled->model, &compiled->bytes) &&
        table_open(&compiled->table, compiled->bytes.data, compiled->bytes.size, &error);
}

static inline void compiled_release(struct compiled *compiled) {
    arena_release(&compiled->arena);
}

/* The first location of that name, or NULL. */
static inline const struct table_location *compiled_location(const struct compiled *compiled,
                                                             const char *name) {
    for (uint32_t i = 0; i < compiled->table.location_count; i++) {
        if (strcmp(table_chars(&compiled->table, compiled->table.location[i].name), name) == 0) {
            return &compiled->table.location[i];
        }
    }
    return NULL;
}

/* Fails the test when the text does not compile or there is no such location. */
#define COMPILE_FATAL(compiled, text)                                                              \
    do {                                                                                           \
        compile_text((compiled), (text));                                                          \
        CU_ASSERT_TRUE_FATAL((compiled)->is_emitted);                                              \
    } while (0)

#endif
