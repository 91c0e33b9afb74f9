/* What compiles must serve: a model becomes a table, the table opens, and the engine has an answer
 * for whatever it is asked. */
#ifndef ASKED_SITE_H
#define ASKED_SITE_H

#include "emit/emit.h"
#include "engine/engine.h"
#include "fuzz.h"

static void asked_site_decide(struct engine *engine, struct arena *arena, struct slice host,
                              struct slice target) {
    const struct table *table = engine_table(engine);
    struct engine_request request = {.engine = engine,
                                     .arena = arena,
                                     .method = SLICE("GET"),
                                     .target = target,
                                     .protocol = SLICE("HTTP/1.1"),
                                     .scheme = SLICE("http"),
                                     .host = host,
                                     .remote_addr = SLICE("127.0.0.1"),
                                     .binary_remote_addr = SLICE("\x7f\0\0\1")};
    struct slice authority;
    struct slice line;
    struct engine_outcome outcome;
    require(engine_request_prepare(&request));
    if (engine_parse_target(&request, true, &authority) != ENGINE_TARGET_OK ||
        !engine_find_server(&request, &table->endpoint[0])) {
        return;
    }
    engine_decide(&request, &outcome);
    require(outcome.kind == ENGINE_PROXY ? request.location->proxy != TABLE_NONE
                                         : outcome.status > 0 && outcome.status <= 999);
    for (uint32_t i = 0; i < table->log_format_count && i < 4; i++) {
        (void)!engine_run_log_line(&request, &table->log_format[i], &line);
    }
}

static void asked_site_ask(struct engine *engine) {
    static const struct slice targets[] = {SLICE_INIT("/"), SLICE_INIT("/a/b.php?x=y"),
                                           SLICE_INIT("/%41%2f..")};
    enum { LOCATIONS = 8 };
    const struct table *table = engine_table(engine);
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        asked_site_decide(engine, &arena, SLICE("example.com"), targets[i]);
        arena_reset(&arena);
    }
    for (uint32_t i = 0; i < table->location_count && i < LOCATIONS; i++) {
        struct slice name = table_text(table, table->location[i].name);
        asked_site_decide(engine, &arena, table_text(table, table->server[0].name), name);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

/* Numbers may be beyond what rpcd takes; but what is emitted is sound. */
static bool is_refused_soundly(const struct model *model) {
    const struct diagnostic_list *diagnostics = model->diagnostics;
    const struct diagnostic *last = diagnostics->all.items[diagnostics->all.count - 1];
    return diagnostics->error_count > 0 &&
           !slice_starts_with(last->message, SLICE("the site does not fit into a table"));
}

/* Of a model without errors. */
static void asked_site(struct model *model) {
    struct slice file;
    struct table table;
    struct table_error error;
    if (!emit_table(model, &file)) {
        require(is_refused_soundly(model));
        return;
    }
    require(table_open(&table, file.data, file.size, &error));
    if (table.endpoint_count == 0) {
        return;
    }
    struct engine *engine = engine_create(&table);
    require(engine != NULL);
    asked_site_ask(engine);
    engine_destroy(engine);
}

#endif
