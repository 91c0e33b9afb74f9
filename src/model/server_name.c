/* The server_name directive: kinds of names, and which names nginx refuses. */
#include "model/reading.h"

static bool reject_name(struct model *model, const struct word *word, const char *help) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "invalid server name or wildcard \"%.*s\"", SLICE_ARGS(word->text));
    diagnostic_help(model->arena, diagnostic, "%s", help);
    return false;
}

static bool has_upper_case(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (byte_lower(text.data[i]) != text.data[i]) {
            return true;
        }
    }
    return false;
}

static void add(struct model *model, struct server *server, struct server_name name) {
    struct server_name *stored = arena_require(model->arena, sizeof *stored);
    *stored = name;
    VECTOR_PUSH(model->arena, &server->names, stored);
}

void server_name_add_implied(struct model *model, struct server *server) {
    add(model, server, (struct server_name){.kind = SERVER_NAME_EXACT, .text = SLICE("")});
}

/* As in nginx an upper-case letter makes the expression ignore case: host names are lower case by
 * the time they are compared. */
static bool add_regex(const struct setter_call *call, const struct word *word) {
    if (word->text.size == 1) {
        return reject_name(call->model, word, "write a regular expression behind the '~'");
    }
    bool ignore_case = has_upper_case(slice_skip(word->text, 1));
    struct regex *regex = regex_create(call->model, call->statement, word, 1, ignore_case, NULL);
    if (regex == NULL) {
        return false;
    }
    add(call->model, call->scope->server,
        (struct server_name){
            .word = word, .kind = SERVER_NAME_REGEX, .text = regex->pattern, .regex = regex});
    return true;
}

static size_t count_stars(struct slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '*';
    }
    return count;
}

static bool has_empty_label(struct slice text) {
    for (size_t i = 0; i + 1 < text.size; i++) {
        if (text.data[i] == '.' && text.data[i + 1] == '.') {
            return true;
        }
    }
    return false;
}

/* Which kind a name is, and the part of it that is compared; false for a wildcard in a place that
 * nginx does not support. */
static bool classify(struct slice text, struct server_name *name) {
    size_t stars = count_stars(text);
    name->kind = SERVER_NAME_EXACT;
    name->text = text;
    if (text.size > 0 && text.data[0] == '.') {
        name->kind = SERVER_NAME_BOTH;
        return text.size > 1 && stars == 0;
    }
    if (stars == 0) {
        return true;
    }
    if (stars == 1 && text.size > 2 && slice_starts_with(text, SLICE("*."))) {
        name->kind = SERVER_NAME_LEADING;
        name->text = slice_skip(text, 1);
        return true;
    }
    if (stars == 1 && text.size > 2 && slice_ends_with(text, SLICE(".*"))) {
        name->kind = SERVER_NAME_TRAILING;
        name->text = slice_take(text, text.size - 1);
        return true;
    }
    return false;
}

static void warn_about_slash(struct model *model, const struct word *word) {
    size_t slash = slice_find_byte(word->text, '/');
    if (slash == word->text.size) {
        return;
    }
    struct diagnostic *diagnostic = diagnostic_add(
        model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, word->span,
        "server name \"%.*s\" can never match: a host has no '/'", SLICE_ARGS(word->text));
    diagnostic_help(model->arena, diagnostic, "write the host alone, without scheme and path");
}

static bool add_name(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    if (word->text.size > 0 && word->text.data[0] == '~') {
        return add_regex(call, word);
    }
    if (slice_equals_nocase(word->text, SLICE("$hostname"))) {
        refuse(model, call->statement, word->span, "server name \"$hostname\"");
    }
    struct server_name name = {.word = word};
    if (!classify(text_lower(model, word->text), &name) || has_empty_label(name.text)) {
        return reject_name(model, word,
                           "a '*' stands for whole labels at the beginning or the end only: "
                           "*.example.com, .example.com or www.example.*");
    }
    warn_about_slash(model, word);
    add(model, call->scope->server, name);
    return true;
}

bool model_set_server_name(const struct setter_call *call) {
    bool is_set = true;
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        is_set &= add_name(call, statement_argument(call->statement, i));
    }
    return is_set;
}
