/* Files: names below the root, tests of them, try_files. What is there is asked of the request's
 * owner; the engine does no I/O. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/state.h"
#include "engine/variable.h"

#include <string.h>

enum { STATUS_INTERNAL_ERROR = 500 };

/* "root /", whose slash goes with those at the ends of other roots: an empty text, while what is
 * written as nothing, or turns out to be, is relative. */
static bool is_top(const struct table *table, uint32_t program) {
    struct table_range ops = table->program[program].ops;
    return ops.count == 1 && table->op[ops.first].code == TABLE_OP_APPEND_TEXT &&
           table->op[ops.first].b == 0;
}

/* A root made of itself has no end; the compiler refuses it, but not every way to write one. */
static bool run_root(struct engine_request *request, uint32_t program, struct slice *root) {
    if (request->depth >= ENGINE_DEPTH_LIMIT) {
        engine_note(request, TABLE_LOG_ERROR, "cycle while evaluating \"root\"");
        return false;
    }
    request->depth++;
    bool has_run = engine_run_template(request, program, root);
    request->depth--;
    return has_run;
}

/* The root of the location; a relative one begins at the prefix. There is none before a server is
 * known. */
static bool find_root(struct engine_request *request, struct slice *root) {
    uint32_t program = request->settings != NULL ? request->settings->root : TABLE_NONE;
    *root = SLICE("");
    if (program != TABLE_NONE && !run_root(request, program, root)) {
        return false;
    }
    if (slice_starts_with(*root, SLICE("/")) || request->prefix.size == 0 ||
        (program != TABLE_NONE && is_top(request->engine->table, program))) {
        return true;
    }
    struct slice parts[] = {request->prefix, SLICE("/"), *root};
    return engine_join(request, parts, 3, root);
}

enum engine_value engine_variable_document_root(struct engine_request *request, struct slice suffix,
                                                struct slice *value) {
    (void)suffix;
    return find_root(request, value) ? ENGINE_VALUE_FOUND : ENGINE_VALUE_NO_MEMORY;
}

enum engine_value engine_variable_request_filename(struct engine_request *request,
                                                   struct slice suffix, struct slice *value) {
    (void)suffix;
    struct slice root;
    if (!find_root(request, &root)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    struct slice parts[] = {root, request->uri};
    return engine_join(request, parts, 2, value) ? ENGINE_VALUE_FOUND : ENGINE_VALUE_NO_MEMORY;
}

static uint32_t look_at(const struct engine_request *request, struct slice path) {
    if (request->live == NULL || request->live->file == NULL || path.size == 0 ||
        memchr(path.data, '\0', path.size) != NULL) {
        return ENGINE_FILE_NONE;
    }
    return request->live->file(request->live_owner, path);
}

bool engine_test_file(const struct engine_request *request, struct slice path,
                      enum table_file_test test) {
    static const uint32_t wanted[TABLE_file_test_COUNT] = {
        [TABLE_FILE_REGULAR] = ENGINE_FILE_REGULAR,
        [TABLE_FILE_DIRECTORY] = ENGINE_FILE_DIRECTORY,
        [TABLE_FILE_EXISTS] = ENGINE_FILE_EXISTS,
        [TABLE_FILE_EXECUTABLE] = ENGINE_FILE_EXECUTABLE,
    };
    return (look_at(request, path) & wanted[test]) != 0;
}

/* --- try_files --- */

static enum engine_phase fall_back(struct engine_request *request,
                                   const struct table_try_files *try_files,
                                   struct engine_outcome *outcome) {
    struct slice target = SLICE("");
    if (try_files->target != TABLE_NONE &&
        !engine_run_template(request, try_files->target, &target)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    ENGINE_TELL(request, (struct engine_event){
                             .kind = ENGINE_EVENT_FALLBACK,
                             .record = (uint32_t)(try_files - request->engine->table->try_files),
                             .status = try_files->status,
                             .value = target,
                         });
    if (try_files->target == TABLE_NONE) {
        return engine_answer_error(request, try_files->status, NULL, outcome);
    }
    if (slice_starts_with(target, SLICE("@"))) {
        return engine_enter_named(request, target, outcome);
    }
    struct slice uri;
    struct slice args;
    engine_split_args(target, &uri, &args);
    return engine_redirect_internally(request, uri, args, outcome);
}

/* Whether file number `record` is there; `name` gets what the path becomes then. */
static bool try_file(struct engine_request *request, uint32_t record, struct slice root,
                     struct slice *name, bool *exists) {
    const struct table_try_file *file = &request->engine->table->try_file[record];
    struct slice path;
    if (!engine_run_template(request, file->name, name)) {
        return false;
    }
    struct slice parts[] = {root, *name};
    if (!engine_join(request, parts, 2, &path)) {
        return false;
    }
    uint32_t found = look_at(request, path);
    *exists = found != ENGINE_FILE_NONE &&
              ((found & ENGINE_FILE_DIRECTORY) != 0) == (file->is_directory != 0);
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_TRY_FILE,
                                               .record = record,
                                               .subject = path,
                                               .result = *exists});
    return true;
}

enum engine_phase engine_try_files(struct engine_request *request, uint32_t record,
                                   struct engine_outcome *outcome) {
    const struct table_try_files *try_files = &request->engine->table->try_files[record];
    struct slice root;
    if (!find_root(request, &root)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    for (uint32_t i = 0; i < try_files->files.count; i++) {
        struct slice name;
        bool exists;
        if (!try_file(request, try_files->files.first + i, root, &name, &exists)) {
            return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
        }
        if (exists) {
            request->uri = name;
            return ENGINE_PHASE_CONTENT;
        }
    }
    return fall_back(request, try_files, outcome);
}
