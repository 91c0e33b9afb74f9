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

static bool is_fixed(const struct table *table, uint32_t program) {
    struct table_range ops = table->program[program].ops;
    for (uint32_t i = 0; i < ops.count; i++) {
        if (table->op[ops.first + i].code != TABLE_OP_APPEND_TEXT) {
            return false;
        }
    }
    return true;
}

const struct table_alias *engine_alias_of(const struct engine_request *request) {
    return request->settings == NULL || request->settings->alias == TABLE_NONE
               ? NULL
               : &request->engine->table->alias[request->settings->alias];
}

/* A relative one begins at the prefix. There is none before a server is known. */
bool engine_find_base(struct engine_request *request, struct engine_base *base) {
    const struct table_alias *alias = engine_alias_of(request);
    uint32_t program = alias != NULL               ? alias->path
                       : request->settings != NULL ? request->settings->root
                                                   : TABLE_NONE;
    *base = (struct engine_base){SLICE(""), 0};
    if (program != TABLE_NONE && !run_root(request, program, &base->text)) {
        return false;
    }
    bool is_relative = !slice_starts_with(base->text, SLICE("/")) && request->prefix.size > 0 &&
                       (program == TABLE_NONE || !is_top(request->engine->table, program));
    struct slice parts[] = {request->prefix, SLICE("/"), base->text};
    if (is_relative && !engine_join(request, parts, 3, &base->text)) {
        return false;
    }
    bool is_literal = program == TABLE_NONE || is_fixed(request->engine->table, program);
    base->fixed = is_literal ? base->text.size : is_relative ? request->prefix.size : 0;
    return true;
}

/* Whether a part of the name from `from` on is "..", which no path of a client's has once it is
 * normalised: it comes of joining ("/a../b" where a location is called "/a"), or of variables. */
static bool climbs(struct slice name, size_t from) {
    for (size_t i = from; i + 2 <= name.size; i++) {
        bool is_begin = i == 0 || name.data[i - 1] == '/';
        bool is_end = i + 2 == name.size || name.data[i + 2] == '/';
        if (is_begin && is_end && name.data[i] == '.' && name.data[i + 1] == '.') {
            return true;
        }
    }
    return false;
}

/* Whether a name is not below the root, whatever the request says. Behind a root that is no alias a
 * path without a slash, which a rewrite may leave, would be part of the root's own name. */
static bool is_outside(const struct engine_request *request, const struct engine_base *base,
                       struct slice rest, struct slice name) {
    bool is_glued = engine_alias_of(request) == NULL && rest.size > 0 && rest.data[0] != '/';
    return is_glued || climbs(name, base->fixed);
}

static bool join_name(struct engine_request *request, const struct engine_base *base,
                      struct slice path, struct slice more, struct slice *name) {
    struct slice parts[] = {base->text, path, more};
    return engine_join(request, parts, 3, name);
}

static struct slice location_name(const struct engine_request *request) {
    return request->location == NULL ? SLICE("")
                                     : table_text(request->engine->table, request->location->name);
}

/* What of the path is behind the root, or behind what the alias stands for. */
static bool find_rest(struct engine_request *request, struct slice *rest) {
    const struct table_alias *alias = engine_alias_of(request);
    *rest = request->uri;
    if (alias == NULL) {
        return true;
    }
    if (request->keeps_path) {
        engine_note(request, TABLE_LOG_ALERT,
                    "\"alias\" cannot be used in location \"%.*s\" where URI was rewritten",
                    SLICE_ARGS(location_name(request)));
        return false;
    }
    if (alias->is_whole) {
        *rest = request->adds_to_alias ? request->uri : SLICE("");
        return true;
    }
    if (request->uri.size < alias->prefix) { /* the path is not one of the location's */
        engine_note(request, TABLE_LOG_ALERT,
                    "\"alias\" of location \"%.*s\" stands for more than \"%.*s\"",
                    SLICE_ARGS(location_name(request)), SLICE_ARGS(request->uri));
        return false;
    }
    *rest = slice_skip(request->uri, alias->prefix);
    return true;
}

enum engine_mapping engine_map_path(struct engine_request *request, struct slice more,
                                    struct slice *name) {
    struct engine_base base;
    struct slice rest;
    if (!find_rest(request, &rest) || !engine_find_base(request, &base) ||
        !join_name(request, &base, rest, more, name)) {
        return ENGINE_NOT_MAPPED;
    }
    if (is_outside(request, &base, rest, *name)) {
        engine_note(request, TABLE_LOG_ERROR, "\"%.*s\" leads out of the root", SLICE_ARGS(*name));
        return ENGINE_MAPPED_OUTSIDE;
    }
    return ENGINE_MAPPED;
}

bool engine_find_root(struct engine_request *request, struct slice *root) {
    struct engine_base base;
    struct slice rest;
    bool is_found = find_rest(request, &rest) && engine_find_base(request, &base);
    *root = is_found ? base.text : SLICE("");
    return is_found;
}

enum engine_value engine_variable_document_root(struct engine_request *request, struct slice suffix,
                                                struct slice *value) {
    struct engine_base base;
    (void)suffix;
    bool is_found = engine_find_base(request, &base);
    *value = base.text;
    return is_found ? ENGINE_VALUE_FOUND : ENGINE_VALUE_NO_MEMORY;
}

enum engine_value engine_variable_request_filename(struct engine_request *request,
                                                   struct slice suffix, struct slice *value) {
    struct engine_base base;
    struct slice rest;
    (void)suffix;
    bool is_found = find_rest(request, &rest) && engine_find_base(request, &base) &&
                    join_name(request, &base, rest, SLICE(""), value);
    return is_found ? ENGINE_VALUE_FOUND : ENGINE_VALUE_NO_MEMORY;
}

uint32_t engine_look_at(const struct engine_request *request, struct slice path) {
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
    return (engine_look_at(request, path) & wanted[test]) != 0;
}

/* --- try_files --- */

/* Where an alias stands for the location's name, nginx takes that off again what variables have
 * put it into: off "$uri", but not off what is written out. */
static struct slice take_off_prefix(const struct engine_request *request, uint32_t program,
                                    struct slice name) {
    const struct table_alias *alias = engine_alias_of(request);
    if (alias == NULL || alias->is_whole || is_fixed(request->engine->table, program) ||
        request->uri.size < alias->prefix ||
        !slice_starts_with(name, slice_take(request->uri, alias->prefix))) {
        return name;
    }
    return slice_skip(name, alias->prefix);
}

static enum engine_phase fall_back(struct engine_request *request,
                                   const struct table_try_files *try_files,
                                   struct engine_outcome *outcome) {
    struct slice target = SLICE("");
    if (try_files->target != TABLE_NONE &&
        !engine_run_template(request, try_files->target, &target)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    if (try_files->target != TABLE_NONE) {
        target = take_off_prefix(request, try_files->target, target);
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

/* nginx finds it critical that a file cannot be looked at for another reason than its absence. */
static void note_trouble(const struct engine_request *request, struct slice path, uint32_t found) {
    const char *trouble = (found & ENGINE_FILE_DENIED) != 0 ? "(13: Permission denied)"
                          : (found & ENGINE_FILE_LINK) != 0
                              ? "(40: Too many levels of symbolic links)"
                              : NULL;
    if (trouble != NULL) {
        engine_note(request, TABLE_LOG_CRIT, "stat() \"%.*s\" failed %s", SLICE_ARGS(path),
                    trouble);
    }
}

/* Whether file number `record` is there; `name` gets what is behind the root or the alias. */
static bool try_file(struct engine_request *request, uint32_t record,
                     const struct engine_base *base, struct slice *name, bool *exists) {
    const struct table_try_file *file = &request->engine->table->try_file[record];
    struct slice path;
    if (!engine_run_template(request, file->name, name)) {
        return false;
    }
    *name = take_off_prefix(request, file->name, *name);
    if (!join_name(request, base, *name, SLICE(""), &path)) {
        return false;
    }
    uint32_t found = climbs(path, base->fixed) ? 0 : engine_look_at(request, path);
    note_trouble(request, path, found);
    *exists = (found & (ENGINE_FILE_EXISTS | ENGINE_FILE_SPECIAL)) != 0 &&
              ((found & ENGINE_FILE_DIRECTORY) != 0) == (file->is_directory != 0);
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_TRY_FILE,
                                               .record = record,
                                               .subject = path,
                                               .result = *exists});
    return true;
}

/* The path becomes one that leads to the file. False without memory. */
static bool choose_file(struct engine_request *request, struct slice name, bool is_directory) {
    const struct table_alias *alias = engine_alias_of(request);
    if (alias != NULL && alias->is_whole) {
        request->adds_to_alias = request->adds_to_alias || !is_directory;
        request->uri = is_directory ? request->uri : name;
        return true;
    }
    if (alias == NULL) {
        request->uri = name;
        return true;
    }
    struct slice parts[] = {slice_take(request->uri, alias->prefix), name};
    return engine_join(request, parts, 2, &request->uri);
}

enum engine_phase engine_try_files(struct engine_request *request, uint32_t record,
                                   struct engine_outcome *outcome) {
    const struct table_try_files *try_files = &request->engine->table->try_files[record];
    struct engine_base base;
    struct slice rest;
    if (!find_rest(request, &rest) || !engine_find_base(request, &base)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    for (uint32_t i = try_files->files.first; i < try_files->files.first + try_files->files.count;
         i++) {
        struct slice name;
        bool exists = false;
        if (!try_file(request, i, &base, &name, &exists) ||
            (exists &&
             !choose_file(request, name, request->engine->table->try_file[i].is_directory != 0))) {
            return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
        }
        if (exists) {
            return ENGINE_PHASE_CONTENT;
        }
    }
    return fall_back(request, try_files, outcome);
}
