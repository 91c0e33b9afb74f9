/* root and try_files: where files are looked for, and what follows. */
#include "model/reading.h"

#include <string.h>

/* nginx refuses these names anywhere in a root, which would be made of itself. */
static bool check_recursion(struct model *model, const struct word *word) {
    static const struct slice names[] = {
        SLICE_INIT("$document_root"), SLICE_INIT("${document_root}"), SLICE_INIT("$realpath_root"),
        SLICE_INIT("${realpath_root}")};
    for (size_t i = 0; word->text.size > 0 && i < sizeof names / sizeof names[0]; i++) {
        const char *found = memmem(word->text.data, word->text.size, names[i].data, names[i].size);
        if (found == NULL) {
            continue;
        }
        size_t begin = (size_t)(found - word->text.data);
        struct diagnostic *diagnostic = diagnostic_error(
            model->diagnostics, DIAGNOSTIC_INVALID_VALUE,
            word_span(model, word, begin, begin + names[i].size),
            "the root cannot be made of \"%.*s\", which is the root", SLICE_ARGS(names[i]));
        diagnostic_help(model->arena, diagnostic, "write the path of a folder");
        return false;
    }
    return true;
}

/* nginx cuts the slash at the end off, be it the only one. */
bool model_set_root(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_TEMPLATE *root = call->field;
    const struct word *word = statement_argument(call->statement, 0);
    if (!check_recursion(model, word)) {
        return false;
    }
    size_t size = word->text.size;
    if (slice_equals(word->text, SLICE("/"))) {
        *root = template_parse(model, word, word->text, 0);
        root->parts.items[0].text.size = 0; /* a text, though empty: no relative root */
        return true;
    }
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
    uint64_t status = 0;
    bool is_status = slice_starts_with(word->text, SLICE("="));
    if (is_status && !slice_parse_u64(slice_skip(word->text, 1), LARGEST_STATUS, &status)) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_STATUS, word->span,
                             "invalid code \"%.*s\" of try_files", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic, "write \"=404\", a path or a named location");
        return false;
    }
    try_files->status = (uint32_t)status;
    if (status == 0) { /* nginx takes "=0" for a path */
        try_files->target = template_parse(model, word, word->text, 0);
    }
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
