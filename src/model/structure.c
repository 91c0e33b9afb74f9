/* The one voice for structural errors: unknown directives, wrong places, wrong forms, wrong
 * numbers of arguments, repetitions. What the arguments mean is left to the setters. */
#include "model/foreign.h"
#include "model/reading.h"

#include <string.h>

/* Looking for similar names is the slow part of an error; a file with more errors than this has
 * other problems than typing mistakes. */
#define MOST_SUGGESTIONS 20

static struct position place_of(const struct model *model, const struct word *word) {
    return source_locate(model->tree->sources, word->span.source, word->span.begin);
}

bool structure_begins_statement(struct model *model, uint32_t context,
                                const struct statement *statement, uint32_t index) {
    const struct word *word = &statement->words[index];
    const struct word *previous = &statement->words[index - 1];
    if (word->quote != QUOTE_NONE || previous->span.source != word->span.source ||
        catalogue_find_in(&model->reading->catalogue, word->text, context) == NULL) {
        return false;
    }
    return place_of(model, word).line > place_of(model, previous).line;
}

/* The first word from `from` on that begins a statement, or 0. */
static uint32_t find_statement_inside(struct model *model, uint32_t context,
                                      const struct statement *statement, uint32_t from) {
    for (uint32_t i = from; i < statement->word_count; i++) {
        if (structure_begins_statement(model, context, statement, i)) {
            return i;
        }
    }
    return 0;
}

bool structure_hint_semicolon(struct model *model, uint32_t context,
                              const struct statement *statement, uint32_t from,
                              struct diagnostic *diagnostic) {
    uint32_t index = find_statement_inside(model, context, statement, from);
    if (index == 0) {
        return false;
    }
    const struct word *previous = &statement->words[index - 1];
    diagnostic_note(model->arena, diagnostic, previous->span,
                    "a ';' seems to be missing after this, as \"%.*s\" begins a line",
                    SLICE_ARGS(statement->words[index].text));
    diagnostic_help(model->arena, diagnostic, "write \"%.*s;\"", SLICE_ARGS(previous->text));
    return true;
}

void structure_warn_semicolon(struct model *model, uint32_t context,
                              const struct statement *statement) {
    uint32_t index = find_statement_inside(model, context, statement, 1);
    if (index == 0) {
        return;
    }
    const struct word *word = &statement->words[index];
    const struct word *previous = &statement->words[index - 1];
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_MISSING_SEMICOLON,
                       word->span, "\"%.*s\" is read as an argument of \"%.*s\" here",
                       SLICE_ARGS(word->text), SLICE_ARGS(statement_name(statement)));
    diagnostic_help(model->arena, diagnostic, "write \"%.*s;\" on the line above",
                    SLICE_ARGS(previous->text));
}

bool structure_is_cut_by_brace(const struct statement *statement) {
    const struct word *last = &statement->words[statement->word_count - 1];
    return statement->block != NULL && last->quote == QUOTE_NONE &&
           last->span.source == statement->block->open.source &&
           last->span.end == statement->block->open.begin;
}

/* What follows the "{" in a{2} or a{1,}. */
static bool is_repetition(const struct statement *statement) {
    const struct statement *owner = statement_owner(statement);
    struct slice name = statement_name(statement);
    return owner != NULL && owner->block->first == statement && structure_is_cut_by_brace(owner) &&
           name.size > 0 && ((name.data[0] >= '0' && name.data[0] <= '9') || name.data[0] == ',');
}

/* Words of other languages. */
static bool hint_foreign(struct model *model, struct slice name, struct diagnostic *diagnostic) {
    static const struct slice words[] = {SLICE_INIT("else"), SLICE_INIT("elif"),
                                         SLICE_INIT("elsif"), SLICE_INIT("elseif")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_equals(name, words[i])) {
            diagnostic_help(model->arena, diagnostic,
                            "write a second \"if\" with the opposite condition, or choose a value "
                            "by a map");
            return true;
        }
    }
    return false;
}

/* Such a word is no directive's name; it was meant to be an argument. */
static bool looks_like_value(struct slice word) {
    if (word.size == 0) {
        return false;
    }
    char first = word.data[0];
    return (first >= '0' && first <= '9') || first == '/' || first == '$' || first == '~' ||
           first == '=' || first == '-' || slice_find_byte(word, ':') < word.size;
}

static const struct statement *previous_statement(const struct statement *statement) {
    const struct statement *previous = NULL;
    for (const struct statement *s = statement->parent->first; s != statement; s = s->next) {
        previous = s;
    }
    return previous;
}

static void hint_unknown(struct model *model, const struct scope *scope,
                         const struct statement *statement, struct diagnostic *diagnostic) {
    const struct catalogue *catalogue = &model->reading->catalogue;
    struct slice name = statement_name(statement);
    if (structure_hint_semicolon(model, scope->context, statement, 1, diagnostic) ||
        hint_foreign(model, name, diagnostic)) {
        return;
    }
    if (is_repetition(statement)) {
        diagnostic_help(
            model->arena, diagnostic,
            "the \"{\" before it begins a block: put a regular expression that holds one "
            "between quotes");
        return;
    }
    if (looks_like_value(name)) {
        const struct statement *previous = previous_statement(statement);
        if (previous != NULL && previous->block == NULL) {
            diagnostic_note(model->arena, diagnostic, previous->span,
                            "if it belongs to this statement, the ';' there comes too early");
        }
        diagnostic_help(model->arena, diagnostic,
                        "a statement begins with the name of a directive");
        return;
    }
    struct slice nearest = catalogue_nearest_directive(catalogue, name, scope->context);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    }
}

static void report_unknown(struct model *model, const struct scope *scope,
                           const struct statement *statement) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_DIRECTIVE, statement->words[0].span,
                         "unknown directive \"%.*s\"", SLICE_ARGS(statement_name(statement)));
    if (model->diagnostics->error_count <= MOST_SUGGESTIONS) {
        hint_unknown(model, scope, statement, diagnostic);
    }
}

#define STREAM_CONTEXTS                                                                            \
    (C_STREAM | C_STREAM_SERVER | C_STREAM_UPSTREAM | C_STREAM_MAP | C_STREAM_GEO |                \
     C_STREAM_SPLIT_CLIENTS | C_STREAM_NUM_MAP | C_STREAM_MATCH)
#define MAIL_CONTEXTS (C_MAIL | C_MAIL_SERVER)

/* What a directive is in stream and mail helps nobody who writes http, and the other way round. */
static uint32_t same_family(uint32_t allowed, uint32_t here) {
    uint32_t others = STREAM_CONTEXTS | MAIL_CONTEXTS;
    if ((here & STREAM_CONTEXTS) != 0) {
        others = ~(uint32_t)STREAM_CONTEXTS;
    } else if ((here & MAIL_CONTEXTS) != 0) {
        others = ~(uint32_t)MAIL_CONTEXTS;
    }
    return (allowed & ~others) != 0 ? allowed & ~others : allowed;
}

static void report_context(struct model *model, const struct scope *scope,
                           const struct statement *statement, uint32_t allowed) {
    allowed = same_family(allowed, scope->context);
    struct slice here = catalogue_context_names(model->arena, scope->context);
    struct slice there = catalogue_context_names(model->arena, allowed);
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_WRONG_CONTEXT, statement->words[0].span,
        "\"%.*s\" is not allowed in %.*s", SLICE_ARGS(statement_name(statement)), SLICE_ARGS(here));
    if (scope->owner != NULL) {
        diagnostic_note(model->arena, diagnostic, scope->owner->words[0].span,
                        "it stands in this block");
    } else if (scope->context != C_MAIN) {
        diagnostic_help(model->arena, diagnostic,
                        "it may stand in %.*s; this file is read as what stands in %.*s",
                        SLICE_ARGS(there), SLICE_ARGS(here));
        return;
    }
    if (slice_equals(statement_name(statement), SLICE("if")) &&
        (scope->context & (C_IF_SERVER | C_IF_LOCATION)) != 0) {
        diagnostic_help(model->arena, diagnostic,
                        "conditions are not nested: put what is to be tested together: set $both "
                        "\"$a:$b\"; if ($both = \"x:y\"), or use a map");
        return;
    }
    diagnostic_help(model->arena, diagnostic, "it may stand in %.*s", SLICE_ARGS(there));
}

static bool check_form(struct model *model, const struct scope *scope,
                       const struct statement *statement, const struct directive *directive) {
    bool needs_block = directive->form == FORM_BLOCK;
    if (needs_block == (statement->block != NULL)) {
        return true;
    }
    struct diagnostic *diagnostic;
    if (needs_block) {
        diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_EXPECTED_BLOCK,
                             statement->words[0].span, "\"%s\" needs a block", directive->name);
        diagnostic_help(model->arena, diagnostic, "write \"{ ... }\" instead of \";\"");
        return false;
    }
    diagnostic = diagnostic_error(model->diagnostics, DIAGNOSTIC_UNEXPECTED_BLOCK,
                                  statement->block->open, "\"%s\" takes no block", directive->name);
    if (structure_is_cut_by_brace(statement)) {
        diagnostic_help(
            model->arena, diagnostic,
            "put a word with \"{\" in it between quotes, or end the statement with \";\"");
    } else if (!structure_hint_semicolon(model, scope->context, statement, 1, diagnostic)) {
        diagnostic_help(model->arena, diagnostic, "end the statement with \";\"");
    }
    return false;
}

/* A syntax longer than this would say too much to be of help. */
enum { LONGEST_SYNTAX = 200 };

/* What a row's help says of the arguments stands behind a colon; else nginx's table knows. */
static void hint_syntax(struct model *model, const struct directive *directive,
                        struct diagnostic *diagnostic) {
    const char *colon = strstr(directive->help, ": ");
    if (colon != NULL) {
        diagnostic_help(model->arena, diagnostic, "%s takes %s", directive->name, colon + 2);
        return;
    }
    const struct directive_chain *chain =
        catalogue_find(&model->reading->catalogue, slice_from_string(directive->name));
    const char *syntax = chain == NULL ? "" : catalogue_syntax(chain, directive->contexts);
    if (syntax[0] != '\0' && strlen(syntax) <= LONGEST_SYNTAX) {
        diagnostic_help(model->arena, diagnostic, "write \"%s\"", syntax);
    }
}

static void hint_arguments(struct model *model, const struct statement *statement,
                           const struct directive *directive, struct diagnostic *diagnostic) {
    struct slice advice = catalogue_obsolete_advice(directive);
    if (advice.size > 0) {
        diagnostic_help(model->arena, diagnostic, "leave it out: %.*s", SLICE_ARGS(advice));
    } else if (directive->form == FORM_FLAG) {
        diagnostic_help(model->arena, diagnostic, "write \"%s on;\" or \"%s off;\"",
                        directive->name, directive->name);
    } else if (directive->initial[0] != '\0') {
        diagnostic_help(model->arena, diagnostic, "for example \"%s %s;\"", directive->name,
                        directive->initial);
    } else if (directive->max_arguments != MANY &&
               statement_argument_count(statement) > directive->max_arguments &&
               directive->max_arguments > 0) {
        diagnostic_help(model->arena, diagnostic,
                        "a value with spaces goes between quotes; a statement ends with \";\"");
    } else {
        hint_syntax(model, directive, diagnostic);
    }
}

static bool check_count(struct model *model, const struct scope *scope,
                        const struct statement *statement, const struct directive *directive) {
    uint32_t count = statement_argument_count(statement);
    if (catalogue_takes_count(directive, count)) {
        return true;
    }
    struct slice wanted = catalogue_argument_text(model->arena, directive);
    /* The first word that is too many, or the name when something is missing. */
    const struct word *word = &statement->words[0];
    if (count > directive->max_arguments) {
        word = &statement->words[directive->max_arguments + 1];
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_WRONG_ARGUMENT_COUNT, word->span,
                         "\"%s\" takes %.*s, not %u", directive->name, SLICE_ARGS(wanted), count);
    if (!structure_hint_semicolon(model, scope->context, statement, 1, diagnostic)) {
        hint_arguments(model, statement, directive, diagnostic);
    }
    return false;
}

/* Several rows may count in one context, e.g. two modules with one name; the best fit is meant. */
static const struct directive *choose_row(const struct directive_chain *chain, uint32_t context,
                                          const struct statement *statement) {
    const struct directive *first = NULL;
    for (size_t i = 0; i < chain->rows.count; i++) {
        const struct directive *row = chain->rows.items[i];
        if ((row->contexts & context) == 0) {
            continue;
        }
        /* What has a meaning here overrides nginx's table. */
        if (row->group != GROUP_LISTED) {
            return row;
        }
        if ((row->form == FORM_BLOCK) == (statement->block != NULL) &&
            catalogue_takes_count(row, statement_argument_count(statement))) {
            return row;
        }
        first = first == NULL ? row : first;
    }
    return first;
}

const struct directive *structure_check(struct model *model, const struct scope *scope,
                                        struct statement *statement) {
    const struct catalogue *catalogue = &model->reading->catalogue;
    const struct directive_chain *chain = catalogue_find(catalogue, statement_name(statement));
    const struct directive *directive = NULL;
    if (chain != NULL) {
        directive = choose_row(chain, scope->context, statement);
    }
    if (directive == NULL) {
        directive = catalogue_find_entry(catalogue, scope->context);
    }
    if (directive == NULL && chain == NULL) {
        directive = foreign_find(statement);
    }
    if (directive == NULL) {
        if (chain == NULL) {
            report_unknown(model, scope, statement);
        } else {
            report_context(model, scope, statement, chain->contexts);
        }
        return NULL;
    }
    bool fits = check_form(model, scope, statement, directive) &&
                check_count(model, scope, statement, directive);
    return fits ? directive : NULL;
}

void structure_report_duplicate(struct model *model, const struct statement *statement,
                                const struct statement *first) {
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_DUPLICATE_DIRECTIVE, statement->words[0].span,
        "\"%.*s\" is given twice in one block", SLICE_ARGS(statement_name(statement)));
    diagnostic_note(model->arena, diagnostic, first->span, "first given here");
    diagnostic_help(model->arena, diagnostic, "remove one of them");
}
