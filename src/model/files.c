/* root and try_files: where files are looked for, and what follows. */
#include "model/reading.h"

/* nginx cuts the slash at the end off. */
bool model_set_root(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_TEMPLATE *root = call->field;
    const struct word *word = statement_argument(call->statement, 0);
    const struct slice recursive[] = {SLICE("$document_root"), SLICE("${document_root}"),
                                      SLICE("$realpath_root"), SLICE("${realpath_root}")};
    for (size_t i = 0; i < sizeof recursive / sizeof recursive[0]; i++) {
        if (slice_starts_with(word->text, recursive[i])) {
            struct diagnostic *diagnostic = diagnostic_error(
                model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                "the root cannot be made of \"%.*s\", which is the root", SLICE_ARGS(word->text));
            diagnostic_help(model->arena, diagnostic, "write the path of a folder");
            return false;
        }
    }
    size_t size = word->text.size;
    *root = template_parse(
        model, word,
        slice_take(word->text, slice_ends_with(word->text, SLICE("/")) ? size - 1 : size), 0);
    return true;
}

enum { LARGEST_STATUS = 999 };

static bool read_fallback(const struct setter_call *call, struct try_files *try_files) {
    struct model *model = call->model;
    const struct word *word =
        statement_argument(call->statement, statement_argument_count(call->statement) - 1);
    uint64_t status;
    if (!slice_starts_with(word->text, SLICE("="))) {
        try_files->target = template_parse(model, word, word->text, 0);
        return true;
    }
    if (!slice_parse_u64(slice_skip(word->text, 1), LARGEST_STATUS, &status)) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_STATUS, word->span,
                             "invalid code \"%.*s\" of try_files", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic, "write \"=404\", a path or a named location");
        return false;
    }
    try_files->status = (uint32_t)status;
    return true;
}

/* "name/" is a folder; the slash is not part of the name that is looked for. */
static void add_file(const struct setter_call *call, struct try_files *try_files,
                     const struct word *word) {
    struct try_file file = {
        .is_directory = slice_ends_with(word->text, SLICE("/")),
    };
    size_t size = word->text.size - (file.is_directory ? 1 : 0);
    file.name = template_parse(call->model, word, slice_take(word->text, size), 0);
    VECTOR_PUSH(call->model->arena, &try_files->files, file);
}

bool model_set_try_files(const struct setter_call *call) {
    struct model *model = call->model;
    const struct scope *scope = call->scope;
    struct try_files **slot =
        scope->location != NULL ? &scope->location->try_files : &scope->server->try_files;
    if (*slot != NULL) {
        structure_report_duplicate(model, call->statement, (*slot)->statement);
        return false;
    }
    struct try_files *try_files = arena_require(model->arena, sizeof *try_files);
    try_files->statement = call->statement;
    if (!read_fallback(call, try_files)) {
        return false;
    }
    for (uint32_t i = 0; i + 1 < statement_argument_count(call->statement); i++) {
        add_file(call, try_files, statement_argument(call->statement, i));
    }
    *slot = try_files;
    return true;
}

/* --- what is not run yet --- */

static bool may_end_early(const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        enum rewrite_kind kind = rewrite->steps.items[i].kind;
        if (kind == REWRITE_BREAK || kind == REWRITE_PATH) {
            return true;
        }
    }
    return false;
}

/* Whether the rewrite phase always ends with an answer of its own. */
static bool always_answers(const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_RETURN) {
            return true;
        }
        if (step->kind == REWRITE_BREAK || step->kind == REWRITE_PATH ||
            (step->kind == REWRITE_IF && may_end_early(&step->block->rewrite))) {
            return false;
        }
    }
    return false;
}

/* What answers a request that got here: a proxy_pass given in this block or, for a block of `if` or
 * limit_except, in the location around. */
static bool has_proxy(const struct location *location) {
    return location->proxy != NULL ||
           (location->is_condition && location->parent != NULL && location->parent->proxy != NULL);
}

static void refuse_root(struct model *model, const struct settings *settings) {
    const struct statement *root = settings->origin[SETTING_root];
    if (root != NULL) {
        refuse(model, root, root->words[0].span, "serving files below \"root\"");
    }
}

/* A block of `if` is followed by the rest of the location around; under limit_except nothing is
 * rewritten. */
static bool is_answered(const struct location *location) {
    if (!location->is_condition) {
        return always_answers(&location->rewrite);
    }
    return always_answers(&location->rewrite) ||
           (location->parent != NULL && location != location->parent->limited &&
            always_answers(&location->parent->rewrite));
}

static void refuse_in_location(struct model *model, const struct location *location) {
    if (!has_proxy(location) && !is_answered(location)) {
        refuse_root(model, location->settings);
        if (location->try_files != NULL) {
            refuse(model, location->try_files->statement,
                   location->try_files->statement->words[0].span,
                   "serving the files of \"try_files\"");
        }
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        refuse_in_location(model, location->nested.items[i]);
    }
}

/* Whether some location takes every path, so that nothing is left to the server itself. */
static bool takes_everything(const struct location *location) {
    return (location->kind == TABLE_LOCATION_PREFIX ||
            location->kind == TABLE_LOCATION_PREFIX_NO_REGEX) &&
           location->name.size <= 1;
}

static void refuse_in_server(struct model *model, const struct server *server) {
    bool is_covered = always_answers(&server->rewrite);
    for (size_t i = 0; i < server->locations.count; i++) {
        is_covered = is_covered || takes_everything(server->locations.items[i]);
        refuse_in_location(model, server->locations.items[i]);
    }
    if (!is_covered) {
        refuse_root(model, server->settings);
        if (server->try_files != NULL) {
            refuse(model, server->try_files->statement, server->try_files->statement->words[0].span,
                   "serving the files of \"try_files\"");
        }
    }
}

void files_refuse(struct model *model) {
    for (size_t i = 0; i < model->servers.count; i++) {
        refuse_in_server(model, model->servers.items[i]);
    }
}
