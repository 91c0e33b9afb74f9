/* A request decided on a configuration that was compiled by the real compiler. */
#ifndef ENGINE_DECIDED_H
#define ENGINE_DECIDED_H

#include "engine/engine.h"
#include "engine/http_field.h"
#include "tests/unit/emit/compiled.h"

struct decided {
    struct compiled compiled;
    struct arena arena;
    struct engine *engine;
    struct engine_header headers[8];
    uint8_t ids[8];
    struct engine_request request;
    struct engine_outcome outcome;
};

/* `text` is the inside of http. */
static inline void decided_open(struct decided *decided, const char *text) {
    memset(decided, 0, sizeof *decided);
    COMPILE_FATAL(&decided->compiled, text);
    arena_init(&decided->arena, 4096);
    decided->engine = engine_create(&decided->compiled.table);
    CU_ASSERT_PTR_NOT_NULL_FATAL(decided->engine);
}

static inline void decided_add_header(struct decided *decided, const char *name,
                                      const char *value) {
    uint32_t count = decided->request.header_count++;
    decided->headers[count] =
        (struct engine_header){slice_from_string(name), slice_from_string(value)};
    decided->ids[count] = (uint8_t)http_field_find(slice_from_string(name));
}

/* A fresh request; headers, observer and the like may be added to it. */
static inline void decided_begin(struct decided *decided, const char *method, const char *target) {
    arena_reset(&decided->arena);
    decided->request = (struct engine_request){
        .engine = decided->engine,
        .arena = &decided->arena,
        .method = slice_from_string(method),
        .target = slice_from_string(target),
        .protocol = SLICE("HTTP/1.1"),
        .scheme = SLICE("http"),
        .headers = decided->headers,
        .header_ids = decided->ids,
        .remote_addr = SLICE("192.0.2.1"),
        .binary_remote_addr = SLICE("\xc0\x00\x02\x01"),
        .server_addr = SLICE("192.0.2.2"),
        .server_port = 80,
    };
    CU_ASSERT_TRUE_FATAL(engine_request_prepare(&decided->request));
}

static inline void decided_run(struct decided *decided, const char *host) {
    struct slice field = slice_from_string(host);
    uint32_t failure =
        engine_begin(&decided->request, &decided->compiled.table.endpoint[0], &field);
    if (failure != 0) {
        engine_fail(&decided->request, failure, &decided->outcome);
    } else {
        engine_decide(&decided->request, &decided->outcome);
    }
}

static inline void decided_close(struct decided *decided) {
    engine_destroy(decided->engine);
    arena_release(&decided->arena);
    compiled_release(&decided->compiled);
}

#endif
