/* Refusals: what a site asks for that rpcd does not run yet. lint accepts it; compile says it. */
#include "model/reading.h"

#include "base/text.h"

void refuse(struct model *model, const struct statement *statement, struct span span,
            const char *format, ...) {
    struct text what;
    text_init(&what, model->arena);
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&what, format, arguments);
    va_end(arguments);
    VECTOR_PUSH(model->arena, &model->refusals,
                (struct refusal){.statement = statement, .span = span, .what = text_slice(&what)});
}

void refuse_absent(struct model *model, const struct statement *statement,
                   const struct word *word) {
    VECTOR_PUSH(
        model->arena, &model->refusals,
        (struct refusal){
            .statement = statement, .span = word->span, .what = word->text, .is_absent = true});
}

/* One error for each kind of thing, with a note at the second place it stands. */
struct refused {
    struct diagnostic *diagnostic;
    size_t count;
};

static struct diagnostic *add_refusal(struct model *model, const struct refusal *refusal) {
    struct diagnostic *diagnostic;
    if (refusal->is_absent) {
        diagnostic = diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, refusal->span,
                                      "OpenSSL has no %.*s here", SLICE_ARGS(refusal->what));
        diagnostic_help(model->arena, diagnostic, "take it out: nobody could use it");
    } else {
        diagnostic = diagnostic_error(model->diagnostics, DIAGNOSTIC_NOT_RUN_YET, refusal->span,
                                      "%.*s is not run by rpcd yet", SLICE_ARGS(refusal->what));
        diagnostic_help(model->arena, diagnostic,
                        "take it out of what is compiled; `rpc lint` checks it all the same");
    }
    return diagnostic;
}

static void report_refusal(struct model *model, struct map *reported,
                           const struct refusal *refusal) {
    struct refused *refused = map_find(reported, refusal->what);
    if (refused != NULL) {
        if (++refused->count == 2) {
            diagnostic_note(model->arena, refused->diagnostic, refusal->span, "and again here");
        }
        return;
    }
    refused = arena_require(model->arena, sizeof *refused);
    refused->count = 1;
    refused->diagnostic = add_refusal(model, refusal);
    map_set(reported, refusal->what, refused);
}

static struct span beginning(const struct model *model) {
    const struct block *root = model->tree->root;
    return (struct span){.source = root->open.source, .begin = 0, .end = 0};
}

/* A table is for serving: there must be a server of its own. */
static bool has_server(struct model *model) {
    if (model->servers.count > 0 && !model->is_snippet) {
        return true;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_MISSING_HTTP, beginning(model),
                         model->is_snippet ? "this is a part of a server, not a site to compile"
                                           : "no server is configured: there is nothing to serve");
    diagnostic_help(model->arena, diagnostic,
                    "write at least \"server { listen 80; location / { ... } }\"");
    return false;
}

bool model_refuse_unsupported(struct model *model) {
    bool is_refused = !has_server(model);
    is_refused |= zone_refuse_unknown(model);
    struct map reported;
    map_init(&reported, model->arena);
    for (size_t i = 0; i < model->refusals.count; i++) {
        report_refusal(model, &reported, &model->refusals.items[i]);
    }
    return is_refused || model->refusals.count > 0;
}
