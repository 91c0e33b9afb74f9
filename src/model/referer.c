/* valid_referers: from which sites a request may come. Who is let in by it is decided by what the
 * configuration makes of $invalid_referer. */
#include "model/host_key.h"
#include "model/reading.h"

static bool add_regex(const struct setter_call *call, const struct word *word) {
    MODEL_TYPE_REFERERS *referers = call->field;
    if (word->text.size == 1) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, word, "referer",
                              "write a regular expression behind the '~'");
    }
    struct regex *regex = regex_create_nameless(call->model, word, 1, true);
    if (regex != NULL) {
        VECTOR_PUSH(call->model->arena, &referers->regexes,
                    ((struct referer_regex){.regex = regex, .is_name = false}));
    }
    return regex != NULL;
}

/* What a key is given again by: the word, or `server_names` for one of the server's. */
struct origin {
    const struct statement *statement;
    const struct word *word;
};

static bool check_conflict(struct model *model, const struct referers_setting *referers,
                           const struct referer_key *key, struct origin origin) {
    for (size_t i = 0; i < referers->keys.count; i++) {
        const struct referer_key *other = &referers->keys.items[i];
        if (other->kind != key->kind || !slice_equals(other->text, key->text)) {
            continue;
        }
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_DUPLICATE_KEY, origin.word->span,
                             "conflicting parameter \"%.*s\"", SLICE_ARGS(key->word->text));
        diagnostic_note(model->arena, diagnostic, other->word->span, "the same host stands here");
        diagnostic_help(model->arena, diagnostic, "remove one of them");
        return false;
    }
    return true;
}

static bool add_key(struct model *model, struct referers_setting *referers, struct referer_key key,
                    struct origin origin) {
    if (!check_conflict(model, referers, &key, origin)) {
        return false;
    }
    VECTOR_PUSH(model->arena, &referers->keys, key);
    return true;
}

/* .example.com is two keys. */
static bool add_host(struct model *model, struct referers_setting *referers, struct referer_key key,
                     const struct host_key *host, struct origin origin) {
    key.kind = host->kind;
    key.text = host->text;
    if (!host->is_exact_too) {
        return add_key(model, referers, key, origin);
    }
    struct referer_key exact = key;
    exact.kind = TABLE_NAME_EXACT;
    exact.text = slice_skip(host->text, 1);
    return add_key(model, referers, exact, origin) && add_key(model, referers, key, origin);
}

static void warn_about_scheme(const struct setter_call *call, const struct word *word) {
    struct diagnostic *diagnostic = diagnostic_add(
        call->model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, word->span,
        "\"%.*s\" matches no referer, as it is compared without a scheme", SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic, "begin with the host: example.com/path");
}

/* A host, and what the path behind it has to begin with. */
static bool add_place(const struct setter_call *call, const struct word *word) {
    size_t slash = slice_find_byte(word->text, '/');
    struct referer_key key = {.word = word, .path = slice_skip(word->text, slash)};
    struct host_key host;
    if (slice_starts_with(word->text, SLICE("http://")) ||
        slice_starts_with(word->text, SLICE("https://"))) {
        warn_about_scheme(call, word);
    }
    if (!host_key_classify(text_lower(call->model, slice_take(word->text, slash)), &host)) {
        return reject_word(call, DIAGNOSTIC_INVALID_VALUE, word, HOST_KEY_HELP,
                           "invalid hostname or wildcard \"%.*s\"",
                           SLICE_ARGS(slice_take(word->text, slash)));
    }
    return add_host(call->model, call->field, key, &host, (struct origin){call->statement, word});
}

static bool add_word(const struct setter_call *call, const struct word *word) {
    MODEL_TYPE_REFERERS *referers = call->field;
    if (word->text.size == 0) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, word, "referer",
                              "write a host; requests without a Referer are \"none\"");
    }
    if (slice_equals(word->text, SLICE("none"))) {
        referers->none = word;
        return true;
    }
    if (slice_equals(word->text, SLICE("blocked"))) {
        referers->blocked = word;
        return true;
    }
    if (slice_equals(word->text, SLICE("server_names"))) {
        referers->server_names = word;
        return true;
    }
    return word->text.data[0] == '~' ? add_regex(call, word) : add_place(call, word);
}

bool model_set_valid_referers(const struct setter_call *call) {
    MODEL_TYPE_REFERERS *referers = call->field;
    bool is_right = true;
    referers->statement = call->statement;
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        is_right &= add_word(call, statement_argument(call->statement, i));
    }
    referers->is_broken |= !is_right;
    return true;
}

/* --- once the names of the server are known --- */

static bool add_server_name(struct model *model, struct referers_setting *referers,
                            const struct server_name *name) {
    static const enum table_name_kind kinds[] = {
        [SERVER_NAME_EXACT] = TABLE_NAME_EXACT,
        [SERVER_NAME_LEADING] = TABLE_NAME_LEADING,
        [SERVER_NAME_BOTH] = TABLE_NAME_LEADING,
        [SERVER_NAME_TRAILING] = TABLE_NAME_TRAILING,
    };
    if (name->kind == SERVER_NAME_REGEX) {
        VECTOR_PUSH(model->arena, &referers->regexes,
                    ((struct referer_regex){.regex = name->regex, .is_name = true}));
        return true;
    }
    struct host_key host = {kinds[name->kind], name->text, name->kind == SERVER_NAME_BOTH};
    struct referer_key key = {.word = name->word != NULL ? name->word : referers->server_names};
    return add_host(model, referers, key, &host,
                    (struct origin){referers->statement, referers->server_names});
}

/* In nginx each of the two kinds of regular expressions is inherited, unless the block has some of
 * that kind itself, although the hosts beside them are replaced. */
static void inherit_regexes(struct model *model, struct referers_setting *referers,
                            const struct referers_setting *outer) {
    bool has_own[2] = {false, false};
    for (size_t i = 0; i < referers->regexes.count; i++) {
        has_own[referers->regexes.items[i].is_name] = true;
    }
    for (size_t i = 0; i < outer->regexes.count; i++) {
        if (!has_own[outer->regexes.items[i].is_name]) {
            VECTOR_PUSH(model->arena, &referers->regexes, outer->regexes.items[i]);
        }
    }
}

/* As in nginx regular expressions do not count. */
static void check_for_keys(struct model *model, const struct referers_setting *referers) {
    const struct word *word = referers->none != NULL ? referers->none : referers->blocked;
    if (word == NULL || referers->keys.count > 0) {
        return;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
        "\"%.*s\" is there, but no host that a referer may have", SLICE_ARGS(word->text));
    diagnostic_help(model->arena, diagnostic,
                    "add a host or \"server_names\"; nginx wants one beside regular expressions, "
                    "too");
}

void referer_complete(struct model *model, const struct server *server, struct settings *settings) {
    struct referers_setting *referers = &settings->valid_referers;
    if (!settings->is_own[SETTING_valid_referers] || referers->is_broken || model->is_snippet) {
        return;
    }
    for (size_t i = 0; referers->server_names != NULL && i < server->names.count; i++) {
        if (!add_server_name(model, referers, server->names.items[i])) {
            return;
        }
    }
    if (settings->outer != NULL) {
        inherit_regexes(model, referers, &settings->outer->valid_referers);
    }
    check_for_keys(model, referers);
}
