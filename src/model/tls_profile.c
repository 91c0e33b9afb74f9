/* tls_profile: directives in the name of one. A profile counts as if its directives stood in its
 * place: they win over those of the block around, and those that are given in the same block win
 * over them. */
#include "model/tls_profile.h"

#include "model/reading.h"

#define TLS_PROFILES(version, date, source)                                                        \
    const char *const tls_profile_version = version;                                               \
    const char *const tls_profile_date = date;                                                     \
    const char *const tls_profile_source = source;
#include "tls-profiles.def"

const struct tls_profile_row tls_profile_rows[] = {
#define TLS_PROFILE(name, summary) {.profile = (name), .text = (summary)},
#define TLS_PROFILE_SETTING(name, arguments) {.directive = (name), .text = (arguments)},
#include "tls-profiles.def"
};

const size_t tls_profile_row_count = sizeof tls_profile_rows / sizeof tls_profile_rows[0];

/* The row of the profile, or NULL. */
static const struct tls_profile_row *find_profile(struct slice name) {
    for (size_t i = 0; i < tls_profile_row_count; i++) {
        const struct tls_profile_row *row = &tls_profile_rows[i];
        if (row->profile != NULL && slice_equals(name, slice_from_string(row->profile))) {
            return row;
        }
    }
    return NULL;
}

static bool reject_name(const struct setter_call *call, const struct word *word) {
    struct arena *arena = call->model->arena;
    VECTOR_OF(struct slice) names = {0};
    for (size_t i = 0; i < tls_profile_row_count; i++) {
        if (tls_profile_rows[i].profile != NULL) {
            VECTOR_PUSH(arena, &names, slice_from_string(tls_profile_rows[i].profile));
        }
    }
    struct slice nearest = nearest_name(word->text, names.items, names.count);
    if (nearest.size > 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "profile", "write \"%.*s\"",
                            SLICE_ARGS(nearest));
    }
    return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "profile",
                        "the profiles are modern, intermediate and old");
}

bool model_set_tls_profile(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    struct server_settings *settings = settings_own_server(call->model, call->scope);
    if (settings->profile != NULL) {
        structure_report_duplicate(call->model, call->statement, settings->profile);
        return false;
    }
    if (find_profile(word->text) == NULL) {
        return reject_name(call, word);
    }
    settings->profile = call->statement;
    return true;
}

/* --- applying it --- */

/* The directive of a row as if it stood where the profile does. */
static struct statement *make_statement(struct model *model, const struct tls_profile_row *row,
                                        const struct statement *profile) {
    struct span place = statement_argument(profile, 0)->span;
    struct statement *statement = arena_require(model->arena, sizeof *statement);
    *statement = *profile;
    VECTOR_OF(struct word) words = {0};
    VECTOR_PUSH(model->arena, &words,
                (struct word){.text = slice_from_string(row->directive), .span = place});
    for (struct slice rest = slice_from_string(row->text); rest.size > 0;) {
        size_t end = slice_find_byte(rest, ' ');
        VECTOR_PUSH(model->arena, &words,
                    (struct word){.text = slice_take(rest, end), .span = place});
        rest = slice_skip(rest, end + 1);
    }
    statement->words = words.items;
    statement->word_count = (uint32_t)words.count;
    return statement;
}

static void apply_row(struct model *model, struct server_settings *settings,
                      const struct tls_profile_row *row) {
    const struct directive *directive =
        catalogue_find_in(&model->reading->catalogue, slice_from_string(row->directive), C_SERVER);
    if (settings->is_own[directive->setting]) {
        return;
    }
    struct statement *statement = make_statement(model, row, settings->profile);
    if (directive->state == STATE_KNOWN) {
        refuse(model, settings->profile, statement->words[0].span, "directive \"%s\"",
               directive->name);
    }
    struct setter_call call = {
        .model = model,
        .directive = directive,
        .statement = statement,
        .origin = statement,
        .field = (char *)settings + directive->offset,
    };
    if (directive->set(&call)) {
        settings->is_own[directive->setting] = true;
        settings->origin[directive->setting] = statement;
    }
}

void tls_profile_apply(struct model *model, struct server_settings *settings) {
    if (settings->profile == NULL) {
        return;
    }
    const struct tls_profile_row *last = tls_profile_rows + tls_profile_row_count;
    const struct tls_profile_row *row =
        find_profile(statement_argument(settings->profile, 0)->text) + 1;
    for (; row < last && row->profile == NULL; row++) {
        apply_row(model, settings, row);
    }
}
