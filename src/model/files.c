/* root, alias, index and try_files: where files are looked for, and what follows. */
#include "model/reading.h"

#include <string.h>

/* nginx refuses these names anywhere in a root, which would be made of itself. */
static bool check_recursion(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    static const struct slice names[] = {
        SLICE_INIT("$document_root"), SLICE_INIT("${document_root}"), SLICE_INIT("$realpath_root"),
        SLICE_INIT("${realpath_root}")};
    for (size_t i = 0; word->text.size > 0 && i < sizeof names / sizeof names[0]; i++) {
        const char *found = memmem(word->text.data, word->text.size, names[i].data, names[i].size);
        if (found == NULL) {
            continue;
        }
        size_t begin = (size_t)(found - word->text.data);
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE,
                             word_span(model, word, begin, begin + names[i].size),
                             "\"%s\" cannot be made of \"%.*s\", which it makes itself",
                             call->directive->name, SLICE_ARGS(names[i]));
        diagnostic_help(model->arena, diagnostic, "write the path of a folder");
        return false;
    }
    return true;
}

/* A block has a root or an alias. */
static bool check_other(const struct setter_call *call, enum setting_id other) {
    return reject_beside(call, other, DIAGNOSTIC_DUPLICATE_DIRECTIVE, "remove one of them");
}

/* nginx cuts the slash at the end off, be it the only one. */
bool model_set_root(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_TEMPLATE *root = call->field;
    const struct word *word = statement_argument(call->statement, 0);
    if (!check_recursion(call, word) || !check_other(call, SETTING_alias)) {
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

/* In a regex location it is a whole name, as in nginx. */
bool model_set_alias(const struct setter_call *call) {
    MODEL_TYPE_ALIAS *alias = call->field;
    const struct location *location = call->scope->location;
    const struct word *word = statement_argument(call->statement, 0);
    if (location->kind == TABLE_LOCATION_NAMED) {
        return reject_word(call, DIAGNOSTIC_NAMED_LOCATION_MISUSED, &call->statement->words[0],
                           "write \"root\", as there is no path that the alias could stand for",
                           "\"alias\" cannot be inside a named location");
    }
    if (!check_recursion(call, word) || !check_other(call, SETTING_root)) {
        return false;
    }
    *alias = (struct alias_setting){
        .statement = call->statement,
        .path = template_parse(call->model, word, word->text, 0),
        .prefix = (uint32_t)location->name.size,
        .is_whole = location->regex != NULL,
    };
    return true;
}

/* A root of the block's own counts more than an alias around it. */
void files_inherit(struct settings *settings) {
    if (settings->is_own[SETTING_root] && !settings->is_own[SETTING_alias]) {
        settings->alias = (struct alias_setting){0};
        settings->origin[SETTING_alias] = NULL;
    }
}

static bool add_index(const struct setter_call *call, uint32_t number) {
    struct model *model = call->model;
    MODEL_TYPE_TEMPLATES *names = call->field;
    const struct word *word = statement_argument(call->statement, number);
    if (word->text.size == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "name",
                            "write the name of a file");
    }
    if (word->text.data[0] == '/' && number + 1 < statement_argument_count(call->statement)) {
        struct diagnostic *diagnostic = diagnostic_add(
            model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, word->span,
            "\"%.*s\" answers whether it exists or not, so that no file behind it is looked for",
            SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic, "write it last");
    }
    struct template_setting name = {call->origin, template_parse(model, word, word->text, 0)};
    VECTOR_PUSH(model->arena, &names->list, name);
    return true;
}

bool model_set_index(const struct setter_call *call) {
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        if (!add_index(call, i)) {
            return false;
        }
    }
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
