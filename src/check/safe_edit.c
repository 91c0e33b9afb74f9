/* Edits that need a look around; see safe_edit.h. */
#include "check/safe_edit.h"

#include "base/text.h"
#include "syntax/edit.h"

static const struct word *find_word(const struct statement *statement, uint32_t begin,
                                    struct slice text) {
    for (uint32_t i = begin; i < statement_argument_count(statement); i++) {
        if (slice_equals(statement_argument(statement, i)->text, text)) {
            return statement_argument(statement, i);
        }
    }
    return NULL;
}

/* --- ssl on --- */

void safe_edit_ssl(const struct tree *tree, struct diagnostic *diagnostic,
                   const struct statement *ssl) {
    const struct statement *server = statement_owner(ssl);
    bool has_listen = false;
    if (server == NULL || server->block == NULL ||
        !slice_equals(statement_name(server), SLICE("server"))) {
        return;
    }
    struct tree_walk walk = tree_walk_begin(server->block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        if (slice_equals(statement_name(s), SLICE("listen"))) {
            has_listen = true;
            if (find_word(s, 1, SLICE("ssl")) == NULL) {
                return;
            }
        }
    }
    if (has_listen) {
        edit_remove_statement(tree, diagnostic, ssl);
    }
}

/* --- listen ... http2 --- */

/* Where an address is in the survey. */
static struct slice address_key(struct arena *arena, const struct address *address) {
    struct text text;
    text_init(&text, arena);
    text_format(&text, "%d %u ", (int)address->family, address->port);
    text_add(&text, (struct slice){(const char *)address->bytes, sizeof address->bytes});
    text_add(&text, address->host);
    return text_slice(&text);
}

static bool has_http2(const struct listen *listen) {
    return listen->statement != NULL && find_word(listen->statement, 1, SLICE("http2")) != NULL;
}

void safe_edit_survey(const struct model *model, struct listen_survey *survey) {
    map_init(&survey->without_http2, model->arena);
    for (size_t i = 0; i < model->servers.count; i++) {
        struct server *server = model->servers.items[i];
        for (size_t j = 0; j < server->listens.count; j++) {
            if (!has_http2(server->listens.items[j])) {
                map_insert(&survey->without_http2,
                           address_key(model->arena, &server->listens.items[j]->address), server);
            }
        }
    }
}

void safe_edit_http2(const struct model *model, const struct listen_survey *survey,
                     struct diagnostic *diagnostic, const struct server *server) {
    const struct statement *last = NULL;
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct listen *listen = server->listens.items[i];
        struct slice key = address_key(model->arena, &listen->address);
        if (!has_http2(listen) || map_find(&survey->without_http2, key) != NULL ||
            (last != NULL && last->span.source != listen->statement->span.source)) {
            return;
        }
        last = listen->statement;
    }
    if (last == NULL || server->is_implied || server->statement->block == NULL) {
        return;
    }
    bool has_directive = false;
    struct tree_walk walk = tree_walk_begin(server->statement->block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        has_directive |= slice_equals(statement_name(s), SLICE("http2"));
    }
    if (has_directive) {
        return; /* it may say off */
    }
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct statement *listen = server->listens.items[i]->statement;
        const struct word *word = find_word(listen, 1, SLICE("http2"));
        edit_remove_argument(model->tree, diagnostic, listen,
                             (uint32_t)(word - statement_argument(listen, 0)));
    }
    edit_add_below(model->tree, diagnostic, last, "http2 on;");
}

/* --- rewrite ^ https://... permanent --- */

static bool has_capture(struct slice text) {
    for (size_t i = 0; i + 1 < text.size; i++) {
        size_t digit = text.data[i + 1] == '{' && i + 2 < text.size ? i + 2 : i + 1;
        if (text.data[i] == '$' && text.data[digit] >= '0' && text.data[digit] <= '9') {
            return true;
        }
    }
    return false;
}

static bool contains(struct slice text, struct slice part) {
    for (; text.size >= part.size; text = slice_skip(text, 1)) {
        if (slice_starts_with(text, part)) {
            return true;
        }
    }
    return false;
}

/* A rewrite adds the arguments of the request, unless its target ends with '?'. Those that
 * $request_uri has already would be there twice, which nobody means. */
static struct slice redirect_target(struct arena *arena, struct slice text) {
    bool ends_with_mark = slice_ends_with(text, SLICE("?"));
    struct slice path = ends_with_mark ? slice_take(text, text.size - 1) : text;
    if (slice_find_byte(path, '?') < path.size || has_capture(path)) {
        return (struct slice){NULL, 0};
    }
    bool has_arguments = ends_with_mark || contains(path, SLICE("$request_uri"));
    return has_arguments ? path : arena_format(arena, "%.*s$is_args$args", SLICE_ARGS(path));
}

void safe_edit_redirect(const struct tree *tree, struct diagnostic *diagnostic,
                        const struct rewrite_step *step) {
    const struct statement *statement = step->statement;
    if (step->kind != REWRITE_PATH || statement_argument_count(statement) < 2) {
        return;
    }
    const struct word *pattern = statement_argument(statement, 0);
    const struct word *target = statement_argument(statement, 1);
    bool is_whole = slice_equals(pattern->text, SLICE("^")) ||
                    slice_equals(pattern->text, SLICE("^.*$")) ||
                    slice_equals(pattern->text, SLICE(".*"));
    bool is_url = slice_starts_with(target->text, SLICE("https://")) ||
                  slice_starts_with(target->text, SLICE("http://")) ||
                  slice_starts_with(target->text, SLICE("$scheme://"));
    struct slice text = redirect_target(tree->arena, target->text);
    if (is_whole && is_url && text.size > 0 &&
        target->span.end - target->span.begin == target->text.size &&
        step->rewriting->redirect != 0) {
        edit_replace_words(tree, diagnostic, statement, "return %u %.*s", step->rewriting->redirect,
                           SLICE_ARGS(text));
    }
}
