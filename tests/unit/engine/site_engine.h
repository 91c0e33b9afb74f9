/* An engine over a configuration compiled in memory, and one request to it. */
#ifndef ENGINE_SITE_ENGINE_H
#define ENGINE_SITE_ENGINE_H

#include "emit/compiled.h"
#include "engine/engine.h"
#include "engine/slot.h"

#include <stdio.h>
#include <stdlib.h>

struct site_engine {
    struct compiled compiled;
    struct engine *engine;
    struct arena arena; /* of the request */
    struct engine_live live;
    struct engine_request request;
    char note[512]; /* the latest for the error log */
};

static inline void site_keep_note(void *owner, enum table_log_level level, const char *message) {
    (void)level;
    struct site_engine *site = owner;
    snprintf(site->note, sizeof site->note, "%s", message);
}

/* Begins another request, which has no values of variables yet. */
static inline void site_begin(struct site_engine *site) {
    arena_reset(&site->arena);
    site->request = (struct engine_request){
        .engine = site->engine,
        .arena = &site->arena,
        .live = &site->live,
        .live_owner = site,
    };
    site->note[0] = '\0';
    if (!engine_request_prepare(&site->request)) {
        exit(1);
    }
}

/* `text` is the inside of http and must compile; it is borrowed. */
static inline void site_open(struct site_engine *site, const char *text) {
    memset(site, 0, sizeof *site);
    compile_text(&site->compiled, text);
    if (!site->compiled.is_emitted) {
        for (size_t i = 0; i < site->compiled.diagnostics.all.count; i++) {
            struct slice message = site->compiled.diagnostics.all.items[i]->message;
            fprintf(stderr, "%.*s\n", SLICE_ARGS(message));
        }
        fprintf(stderr, "the test's configuration does not compile:\n%s\n", text);
        exit(1);
    }
    site->engine = engine_create(&site->compiled.table);
    arena_init(&site->arena, 4096);
    site->live.note = site_keep_note;
    site_begin(site);
}

static inline void site_close(struct site_engine *site) {
    engine_destroy(site->engine);
    arena_release(&site->arena);
    compiled_release(&site->compiled);
}

static inline uint32_t site_slot(const struct site_engine *site, const char *name) {
    const struct table *table = &site->compiled.table;
    for (uint32_t i = 0; i < table->slot_count; i++) {
        if (strcmp(table_chars(table, table->slot[i].name), name) == 0) {
            return i;
        }
    }
    fprintf(stderr, "no variable $%s\n", name);
    exit(1);
}

/* The value of a variable that the configuration defines; "(none)" or "(failed)" without one. */
static inline const char *site_value(struct site_engine *site, const char *name) {
    static char text[65536];
    struct slice value;
    switch (engine_slot_value(&site->request, site_slot(site, name), &value)) {
    case ENGINE_VALUE_NONE:
        return "(none)";
    case ENGINE_VALUE_NO_MEMORY:
        return "(failed)";
    case ENGINE_VALUE_FOUND:
        break;
    }
    snprintf(text, sizeof text, "%.*s", SLICE_ARGS(value));
    return text;
}

/* The same in a request whose arguments are those: $arg_x is how tests give a text. */
static inline const char *site_value_for(struct site_engine *site, const char *name,
                                         struct slice args) {
    site_begin(site);
    site->request.args = args;
    return site_value(site, name);
}

#endif
