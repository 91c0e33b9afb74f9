/* Files as answers: what answers for a folder, the name of a file, its type, the redirect to a path
 * with a slash. The order of questions and what is answered to each is that of nginx's index and
 * static modules. Opening files and sending them is left to the caller. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/state.h"
#include "engine/variable.h"

enum {
    STATUS_OK = 200,
    STATUS_MOVED_PERMANENTLY = 301,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_NOT_ALLOWED = 405,
    STATUS_INTERNAL_ERROR = 500,
};

/* --- types --- */

/* What stands behind the last dot of the path's last part; a dot at its beginning is none. */
static struct slice find_ending(struct slice path) {
    for (size_t i = path.size; i > 2 && path.data[i - 1] != '/'; i--) {
        if (path.data[i - 1] == '.' && path.data[i - 2] != '/') {
            return slice_skip(path, i);
        }
    }
    return SLICE("");
}

/* As slice_compare, of a sorted text in lower case and one in any. */
static int compare_ending(struct slice sorted, struct slice ending) {
    for (size_t i = 0; i < sorted.size && i < ending.size; i++) {
        int order = (unsigned char)sorted.data[i] - (unsigned char)byte_lower(ending.data[i]);
        if (order != 0) {
            return order;
        }
    }
    return sorted.size < ending.size ? -1 : sorted.size > ending.size;
}

struct slice engine_find_type(const struct engine_request *request) {
    const struct table *table = request->engine->table;
    struct slice ending = find_ending(request->uri);
    uint32_t low = request->settings->types.first;
    uint32_t high = ending.size == 0 ? low : low + request->settings->types.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_ending(table_text(table, table->type[middle].ending), ending);
        if (order == 0) {
            return table_text(table, table->type[middle].type);
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return table_text(table, request->settings->default_type);
}

/* --- folders --- */

void engine_answer_folder(struct engine_request *request, struct engine_outcome *outcome) {
    struct slice escaped = engine_escape_uri(request->arena, request->uri);
    bool has_args = request->args.size > 0;
    struct slice parts[] = {escaped, SLICE("/"), has_args ? SLICE("?") : SLICE(""),
                            has_args ? request->args : SLICE("")};
    struct slice location;
    if (escaped.data == NULL || !engine_join(request, parts, 4, &location)) {
        engine_fail(request, STATUS_INTERNAL_ERROR, outcome);
        return;
    }
    engine_fail_to(request, STATUS_MOVED_PERMANENTLY, location, outcome);
}

/* Why there is no index, or none that can be told of: the line for the log, and the status. */
static const struct {
    uint32_t found;
    uint32_t status;
    const char *reason; /* with errno's number and text, as nginx writes it */
} failures[] = {
    {ENGINE_FILE_NO_FOLDER, STATUS_NOT_FOUND, "is not found (20: Not a directory)"},
    {ENGINE_FILE_TOO_LONG, STATUS_NOT_FOUND, "is not found (36: File name too long)"},
    {ENGINE_FILE_DENIED, STATUS_FORBIDDEN, "is forbidden (13: Permission denied)"},
    {ENGINE_FILE_LINK, STATUS_FORBIDDEN, NULL},
};

static uint32_t fail_index(const struct engine_request *request, struct slice name, uint32_t status,
                           const char *reason) {
    if (reason != NULL && (status != STATUS_NOT_FOUND || request->settings->log_not_found != 0)) {
        engine_note(request, TABLE_LOG_ERROR, "\"%.*s\" %s", SLICE_ARGS(name), reason);
    }
    return status;
}

/* The folder that an index was not found in: 0 when it is there. A root or alias may be the whole
 * of its name, without a slash. */
static uint32_t test_folder(struct engine_request *request, struct slice folder,
                            struct slice name) {
    bool has_slash = folder.size > 1 && slice_ends_with(folder, SLICE("/"));
    folder = slice_take(folder, folder.size - (has_slash ? 1 : 0));
    uint32_t found = engine_look_at(request, folder);
    if ((found & ENGINE_FILE_LINK) != 0) {
        return STATUS_FORBIDDEN;
    }
    if (found == ENGINE_FILE_NONE) {
        return fail_index(request, name, STATUS_NOT_FOUND,
                          "is not found (2: No such file or directory)");
    }
    /* That an index was looked for means that the folder could be searched. */
    if ((found & (ENGINE_FILE_DIRECTORY | ENGINE_FILE_DENIED)) != 0) {
        return 0;
    }
    if ((found & ENGINE_FILE_EXISTS) != 0) {
        engine_note(request, TABLE_LOG_ALERT, "\"%.*s\" is not a directory", SLICE_ARGS(folder));
    }
    return STATUS_INTERNAL_ERROR;
}

/* The search of one request for an index. */
struct index_search {
    bool is_tested;  /* the folder: it is there */
    uint32_t status; /* to fail with; 0: none yet */
};

/* Whether `name`, an index in the folder, answers. */
static bool try_index(struct engine_request *request, struct index_search *search, uint32_t record,
                      struct slice text) {
    struct slice name;
    enum engine_mapping mapping = engine_map_path(request, text, &name);
    if (mapping != ENGINE_MAPPED) {
        search->status = mapping == ENGINE_NOT_MAPPED ? STATUS_INTERNAL_ERROR : STATUS_NOT_FOUND;
        return false;
    }
    uint32_t found = engine_look_at(request, name);
    bool exists = (found & (ENGINE_FILE_EXISTS | ENGINE_FILE_SPECIAL)) != 0;
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_INDEX,
                                               .record = record,
                                               .subject = name,
                                               .result = exists});
    if (exists) {
        return true;
    }
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if ((found & failures[i].found) != 0) {
            search->status = fail_index(request, name, failures[i].status, failures[i].reason);
            return false;
        }
    }
    if (!search->is_tested) {
        search->status = test_folder(request, slice_take(name, name.size - text.size), name);
        search->is_tested = true;
    }
    if (search->status == 0 && (found & ENGINE_FILE_FAILED) != 0) {
        search->status = STATUS_INTERNAL_ERROR;
    }
    return false;
}

/* The path is asked for again, as that of the index, so that its location decides. */
static enum engine_phase go_to_index(struct engine_request *request, struct slice text,
                                     struct engine_outcome *outcome) {
    struct slice parts[] = {request->uri, text};
    struct slice path;
    if (!engine_join(request, parts, 2, &path)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    return engine_redirect_internally(request, path, request->args, outcome);
}

/* Without a callback JSON is what JSONP is. */
struct slice engine_listing_type(struct engine_request *request) {
    static const struct slice types[] = {
        [TABLE_LISTING_HTML] = SLICE_INIT("text/html"),
        [TABLE_LISTING_XML] = SLICE_INIT("text/xml; charset=utf-8"),
        [TABLE_LISTING_JSON] = SLICE_INIT("application/json"),
        [TABLE_LISTING_JSONP] = SLICE_INIT("application/javascript"),
    };
    uint32_t format = request->settings->autoindex_format;
    struct slice callback = SLICE("");
    (void)engine_variable_argument(request, SLICE("callback"), &callback);
    return types[format == TABLE_LISTING_JSONP && callback.size == 0 ? TABLE_LISTING_JSON : format];
}

static bool is_listed(const struct engine_request *request) {
    return request->settings->autoindex != 0 && (slice_equals(request->method, SLICE("GET")) ||
                                                 slice_equals(request->method, SLICE("HEAD")));
}

/* There is no index: the folder is listed, or nobody is told what is in it. */
static enum engine_phase show_folder(struct engine_request *request,
                                     struct engine_outcome *outcome) {
    struct slice name;
    bool is_mapped = engine_map_path(request, SLICE(""), &name) == ENGINE_MAPPED;
    if (is_mapped && is_listed(request)) {
        bool has_slash = name.size > 1 && slice_ends_with(name, SLICE("/"));
        name.size -= has_slash ? 1 : 0;
        ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_LISTED, .value = name});
        *outcome = (struct engine_outcome){ENGINE_FOLDER, STATUS_OK, name};
        return ENGINE_PHASE_DONE;
    }
    if (is_mapped) {
        engine_note(request, TABLE_LOG_ERROR, "directory index of \"%.*s\" is forbidden",
                    SLICE_ARGS(name));
    }
    return engine_answer_error(request, STATUS_FORBIDDEN, NULL, outcome);
}

static enum engine_phase find_index(struct engine_request *request,
                                    struct engine_outcome *outcome) {
    const struct table *table = request->engine->table;
    struct table_range names = request->settings->index;
    struct index_search search = {.status = 0};
    for (uint32_t i = names.first; i < names.first + names.count; i++) {
        struct slice text;
        if (!engine_run_template(request, table->template[i].text, &text)) {
            return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
        }
        if (slice_starts_with(text, SLICE("/"))) {
            return engine_redirect_internally(request, text, request->args, outcome);
        }
        if (try_index(request, &search, i, text)) {
            return go_to_index(request, text, outcome);
        }
        if (search.status != 0) {
            return engine_answer_error(request, search.status, NULL, outcome);
        }
    }
    return show_folder(request, outcome);
}

/* --- files --- */

static void tell_of_file(const struct engine_request *request, struct slice name) {
    const struct table_location *location = request->location;
    ENGINE_TELL(request,
                (struct engine_event){
                    .kind = ENGINE_EVENT_FILE,
                    .record = location == NULL
                                  ? TABLE_NONE
                                  : (uint32_t)(location - request->engine->table->location),
                    .value = name,
                });
}

static bool is_served(struct slice method) {
    return slice_equals(method, SLICE("GET")) || slice_equals(method, SLICE("HEAD")) ||
           slice_equals(method, SLICE("POST"));
}

enum engine_phase engine_serve_files(struct engine_request *request,
                                     struct engine_outcome *outcome) {
    struct slice name = SLICE("");
    enum engine_mapping mapping = engine_map_path(request, SLICE(""), &name);
    tell_of_file(request, name);
    if (!is_served(request->method)) {
        return engine_answer_error(request, STATUS_NOT_ALLOWED, NULL, outcome);
    }
    if (mapping != ENGINE_MAPPED) {
        uint32_t status = mapping == ENGINE_NOT_MAPPED ? STATUS_INTERNAL_ERROR : STATUS_NOT_FOUND;
        return engine_answer_error(request, status, NULL, outcome);
    }
    if (slice_ends_with(request->uri, SLICE("/"))) {
        return find_index(request, outcome);
    }
    *outcome = (struct engine_outcome){ENGINE_FILE, STATUS_OK, name};
    return ENGINE_PHASE_DONE;
}
