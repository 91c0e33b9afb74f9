/* Decisions about a configuration: the text is compiled, a request is asked, and what the engine
 * decided is told as one line. */
#ifndef ENGINE_DECISION_H
#define ENGINE_DECISION_H

#include "emit/compiled.h"
#include "engine/engine.h"

#include <stdlib.h>

struct decision_file {
    const char *path;
    uint32_t what; /* bits of enum engine_file */
};

struct decision {
    struct compiled compiled;
    struct engine *engine;
    struct arena arena; /* of the request */
    struct engine_request request;
    struct engine_outcome outcome;
    const struct decision_file *files; /* ends with one without a path */
    uint32_t files_asked;
    char notes[4096]; /* lines of the error log */
    char said[1024];  /* the outcome as a line */
};

static inline uint32_t decision_look(void *owner, struct slice path) {
    struct decision *decision = owner;
    decision->files_asked++;
    for (const struct decision_file *file = decision->files; file != NULL && file->path != NULL;
         file++) {
        if (slice_equals(path, slice_from_string(file->path))) {
            return file->what;
        }
    }
    return ENGINE_FILE_NONE;
}

static inline void decision_note(void *owner, enum table_log_level level, const char *message) {
    struct decision *decision = owner;
    size_t used = strlen(decision->notes);
    CU_ASSERT_EQUAL(level, TABLE_LOG_ERROR);
    snprintf(decision->notes + used, sizeof decision->notes - used, "%s\n", message);
}

static const struct engine_live decision_live = {.file = decision_look, .note = decision_note};

/* `text` is the inside of http; its first server is asked. */
static inline void decision_open(struct decision *decision, const char *text) {
    memset(decision, 0, sizeof *decision);
    compile_text(&decision->compiled, text);
    if (!decision->compiled.is_emitted) {
        fprintf(stderr, "the test's configuration does not compile: %s\n", text);
        for (size_t i = 0; i < decision->compiled.diagnostics.all.count; i++) {
            fprintf(stderr, "  %.*s\n",
                    SLICE_ARGS(decision->compiled.diagnostics.all.items[i]->message));
        }
        exit(1);
    }
    decision->engine = engine_create(&decision->compiled.table);
    arena_init(&decision->arena, 4096);
    if (decision->engine == NULL) {
        exit(1);
    }
}

static inline void decision_close(struct decision *decision) {
    engine_destroy(decision->engine);
    arena_release(&decision->arena);
    compiled_release(&decision->compiled);
}

/* A fresh request, "GET /path?args"; whoever wants to change it does so before it is decided. */
static inline void decision_begin(struct decision *decision, const char *asked) {
    arena_reset(&decision->arena);
    struct slice line = slice_from_string(asked);
    size_t space = slice_find_byte(line, ' ');
    decision->request = (struct engine_request){
        .engine = decision->engine,
        .arena = &decision->arena,
        .live = &decision_live,
        .live_owner = decision,
        .method = slice_take(line, space),
        .target = slice_skip(line, space + 1),
        .protocol = SLICE("HTTP/1.1"),
        .line = line,
        .scheme = SLICE("http"),
        .host = SLICE("example.com"),
        .remote_addr = SLICE("127.0.0.1"),
        .binary_remote_addr = {"\x7f\0\0\x01", 4},
        .prefix = SLICE("/prefix"),
        .server = decision->compiled.table.server,
        .settings = &decision->compiled.table.settings[decision->compiled.table.server[0].settings],
    };
    decision->notes[0] = '\0';
    decision->files_asked = 0;
    struct slice authority;
    if (!engine_request_prepare(&decision->request) ||
        engine_parse_target(&decision->request, true, &authority) != ENGINE_TARGET_OK) {
        exit(1);
    }
}

/* The outcome: "200 text", "200 file NAME", "301 to URL", "404 page", "proxy METHOD HOST
 * PATH?ARGS". A status that an error page leaves counts instead of the answer's own: "404 text",
 * "404 proxy ...". */
static inline const char *decision_tell(struct decision *decision) {
    const struct engine_request *request = &decision->request;
    const struct engine_outcome *outcome = &decision->outcome;
    const struct table *table = &decision->compiled.table;
    char *said = decision->said;
    size_t room = sizeof decision->said;
    uint32_t status = request->error_status != 0 ? request->error_status : outcome->status;
    if (status != 0) {
        size_t size = (size_t)snprintf(said, room, "%u ", status);
        said += size;
        room -= size;
    }
    switch (outcome->kind) {
    case ENGINE_PROXY:
        snprintf(said, room, "proxy %.*s %.*s %.*s%s%.*s", SLICE_ARGS(request->method),
                 SLICE_ARGS(table_text(table, table->proxy[request->location->proxy].host)),
                 SLICE_ARGS(request->uri), request->args.data != NULL ? "?" : "",
                 SLICE_ARGS(request->args));
        break;
    case ENGINE_TEXT:
        snprintf(said, room, "%.*s", SLICE_ARGS(outcome->text));
        break;
    case ENGINE_REDIRECT:
        snprintf(said, room, "to %.*s", SLICE_ARGS(outcome->text));
        break;
    case ENGINE_FILE:
        snprintf(said, room, "file %.*s", SLICE_ARGS(outcome->text));
        break;
    case ENGINE_FOLDER:
        snprintf(said, room, "folder %.*s", SLICE_ARGS(outcome->text));
        break;
    case ENGINE_PAGE:
        snprintf(said, room, "page");
        break;
    case ENGINE_LIMIT:
        snprintf(said, room, "limits");
        break;
    case ENGINE_AUTHENTICATE:
        snprintf(said, room, "authentication");
        break;
    case ENGINE_SUBREQUEST:
        snprintf(said, room, "asks %.*s", SLICE_ARGS(outcome->text));
        break;
    }
    return decision->said;
}

static inline const char *decision_make(struct decision *decision) {
    engine_decide(&decision->request, &decision->outcome);
    return decision_tell(decision);
}

static inline bool decision_says(const char *asked, const char *said, const char *expected) {
    if (strcmp(said, expected) == 0) {
        return true;
    }
    printf("\n    %s\n      expected \"%s\"\n      got      \"%s\"\n", asked, expected, said);
    return false;
}

static inline bool decides(struct decision *decision, const char *asked, const char *expected) {
    decision_begin(decision, asked);
    return decision_says(asked, decision_make(decision), expected);
}

/* The same for a configuration that is only asked once. */
static inline bool decides_once(const char *text, const char *asked, const char *expected) {
    struct decision decision;
    decision_open(&decision, text);
    bool is_right = decides(&decision, asked, expected);
    decision_close(&decision);
    return is_right;
}

struct decision_row {
    const char *asked;
    const char *expected;
};

/* Asks a configuration all rows. */
static inline bool decides_all(const char *text, const struct decision_row *rows, size_t count) {
    struct decision decision;
    bool is_right = true;
    decision_open(&decision, text);
    for (size_t i = 0; i < count; i++) {
        is_right &= decides(&decision, rows[i].asked, rows[i].expected);
    }
    decision_close(&decision);
    return is_right;
}

#define DECIDES_ALL(text, rows)                                                                    \
    CU_ASSERT_TRUE(decides_all((text), (rows), sizeof(rows) / sizeof(rows)[0]))

#endif
