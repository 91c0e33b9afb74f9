/* Directives of modules that are not nginx's own, as grammar/foreign-directives.def names them:
 * they are left alone, but for the variables that they define. */
#include "model/foreign.h"

#include "model/reading.h"

#include <string.h>

enum match { MATCH_WHOLE, MATCH_PREFIX, MATCH_PART };

struct pattern {
    struct slice name;
    enum match match;
};

static const struct pattern patterns[] = {
#define FOREIGN_DIRECTIVE(name, match) {SLICE_INIT(name), MATCH_##match},
#include "foreign-directives.def"
#undef FOREIGN_DIRECTIVE
};

static bool matches(const struct pattern *pattern, struct slice name) {
    switch (pattern->match) {
    case MATCH_WHOLE:
        return slice_equals(name, pattern->name);
    case MATCH_PREFIX:
        return slice_starts_with(name, pattern->name);
    case MATCH_PART:
        return memmem(name.data, name.size, pattern->name.data, pattern->name.size) != NULL;
    }
    return false;
}

#define TAKEN_AS(row_form)                                                                         \
    {                                                                                              \
        .name = "", .contexts = C_ANY, .max_arguments = MANY, .argument_counts = "", .syntax = "", \
        .form = FORM_##row_form, .state = STATE_KNOWN, .group = GROUP_PLAIN, .values = "",         \
        .initial = "", .help = "", .module = "", .deprecated = "", .set = model_set_foreign        \
    }

static const struct directive taken_simple = TAKEN_AS(SIMPLE);
static const struct directive taken_block = TAKEN_AS(BLOCK);

const struct directive *foreign_find(const struct statement *statement) {
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (matches(&patterns[i], statement_name(statement))) {
            return statement->block != NULL ? &taken_block : &taken_simple;
        }
    }
    return NULL;
}

/* A word that names a variable is taken for one that the statement defines. */
static void define_named(const struct setter_call *call, const struct statement *statement,
                         uint32_t index) {
    const struct word *word = index < statement->word_count ? &statement->words[index] : NULL;
    bool is_name = word != NULL && word->text.size > 1 && word->text.data[0] == '$' &&
                   word->text.data[1] != '{';
    for (size_t i = 1; is_name && i < word->text.size; i++) {
        char byte = word->text.data[i];
        is_name = byte == '_' || (byte >= '0' && byte <= '9') ||
                  ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
    }
    struct slice variable;
    if (is_name && variable_name(call->model, word, &variable)) {
        (void)variable_define(
            call->model, variable, word->span,
            (struct variable_definition){.statement = call->statement, .kind = DEFINED_ELSEWHERE});
    }
}

bool model_set_foreign(const struct setter_call *call) {
    const struct statement *statement = call->statement;
    if (call->scope->is_refused) {
        return true;
    }
    refuse(call->model, statement, statement->words[0].span,
           "directive \"%.*s\" of a foreign module", SLICE_ARGS(statement_name(statement)));
    define_named(call, statement, 1);
    if (statement->block != NULL && statement->word_count > 1) {
        for (const struct statement *s = statement->block->first; s != NULL; s = s->next) {
            define_named(call, s, 0);
        }
    }
    return true;
}
