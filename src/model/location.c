/* The location directive: modifiers, nesting and repetitions. */
#include "model/reading.h"

struct location_modifier {
    struct slice text;
    enum table_location_kind kind;
};

/* Longer ones first, since they may also stand glued to the path. */
static const struct location_modifier modifiers[] = {
    {SLICE_INIT("^~"), TABLE_LOCATION_PREFIX_NO_REGEX},
    {SLICE_INIT("~*"), TABLE_LOCATION_REGEX_NOCASE},
    {SLICE_INIT("~"), TABLE_LOCATION_REGEX},
    {SLICE_INIT("="), TABLE_LOCATION_EXACT},
};

#define MODIFIER_COUNT (sizeof modifiers / sizeof modifiers[0])

/* What the arguments say: kind, and the name as a part of a word. */
struct location_head {
    enum table_location_kind kind;
    const struct word *word;
    size_t offset; /* of the name in the word */
};

static bool parse_two_words(struct model *model, const struct statement *statement,
                            struct location_head *head) {
    const struct word *modifier = statement_argument(statement, 0);
    head->word = statement_argument(statement, 1);
    for (size_t i = 0; i < MODIFIER_COUNT; i++) {
        if (slice_equals(modifiers[i].text, modifier->text)) {
            head->kind = modifiers[i].kind;
            return true;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, modifier->span,
                         "invalid location modifier \"%.*s\"", SLICE_ARGS(modifier->text));
    diagnostic_help(model->arena, diagnostic, "the modifiers are =, ^~, ~ and ~*");
    return false;
}

/* A single word may begin with its modifier: "=/path". */
static void parse_one_word(const struct statement *statement, struct location_head *head) {
    head->word = statement_argument(statement, 0);
    head->kind = TABLE_LOCATION_PREFIX;
    if (slice_starts_with(head->word->text, SLICE("@"))) {
        head->kind = TABLE_LOCATION_NAMED;
        return;
    }
    for (size_t i = 0; i < MODIFIER_COUNT; i++) {
        if (slice_starts_with(head->word->text, modifiers[i].text)) {
            head->kind = modifiers[i].kind;
            head->offset = modifiers[i].text.size;
            return;
        }
    }
}

static bool is_regex(const struct location *location) {
    return location->kind == TABLE_LOCATION_REGEX || location->kind == TABLE_LOCATION_REGEX_NOCASE;
}

static struct diagnostic *reject_nesting(struct model *model, const struct location *location,
                                         enum diagnostic_code code, const char *problem) {
    const struct location *parent = location->parent;
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, code, location->name_word->span, "location \"%.*s\" %s \"%.*s\"",
        SLICE_ARGS(location->name), problem, SLICE_ARGS(parent->name));
    diagnostic_note(model->arena, diagnostic, parent->statement->words[0].span,
                    "the location around it");
    return diagnostic;
}

/* nginx's rules for a location inside another one. */
static bool check_nesting(struct model *model, const struct location *location) {
    const struct location *parent = location->parent;
    if (parent == NULL) {
        return true;
    }
    struct diagnostic *diagnostic = NULL;
    if (parent->kind == TABLE_LOCATION_EXACT) {
        diagnostic = reject_nesting(model, location, DIAGNOSTIC_LOCATION_OUTSIDE,
                                    "cannot be inside the exact location");
    } else if (parent->kind == TABLE_LOCATION_NAMED) {
        diagnostic = reject_nesting(model, location, DIAGNOSTIC_NAMED_LOCATION_MISUSED,
                                    "cannot be inside the named location");
    } else if (location->kind == TABLE_LOCATION_NAMED) {
        diagnostic = reject_nesting(model, location, DIAGNOSTIC_NAMED_LOCATION_MISUSED,
                                    "is a named one and cannot be inside");
    } else if (!is_regex(location) && !slice_starts_with(location->name, parent->name)) {
        diagnostic =
            reject_nesting(model, location, DIAGNOSTIC_LOCATION_OUTSIDE, "is outside location");
        diagnostic_help(model->arena, diagnostic,
                        "the path of a nested location begins with the path of the one around it");
        return false;
    }
    if (diagnostic != NULL) {
        diagnostic_help(model->arena, diagnostic, "move it to the level of the server");
    }
    return diagnostic == NULL;
}

struct location *location_create(struct model *model, const struct scope *scope,
                                 struct statement *statement) {
    struct location *location = arena_require(model->arena, sizeof *location);
    location->statement = statement;
    location->server = scope->server;
    location->parent = scope->location;
    location->settings = model->reading->no_settings;
    return location;
}

static void attach(struct model *model, struct location *location) {
    if (location->parent != NULL) {
        VECTOR_PUSH(model->arena, &location->parent->nested, location);
    } else {
        VECTOR_PUSH(model->arena, &location->server->locations, location);
    }
}

bool model_set_location_block(const struct setter_call *call) {
    struct model *model = call->model;
    struct location_head head = {0};
    if (statement_argument_count(call->statement) == 1) {
        parse_one_word(call->statement, &head);
    } else if (!parse_two_words(model, call->statement, &head)) {
        return false;
    }
    struct location *location = location_create(model, call->scope, call->statement);
    location->kind = head.kind;
    location->name_word = head.word;
    location->name = slice_skip(head.word->text, head.offset);
    bool is_right = check_nesting(model, location);
    if (is_regex(location)) {
        bool ignore_case = location->kind == TABLE_LOCATION_REGEX_NOCASE;
        location->regex =
            regex_create(model, call->statement, head.word, head.offset, ignore_case, NULL);
        is_right &= location->regex != NULL;
    }
    if (is_right) {
        attach(model, location);
    }
    struct scope inner = build_inner_scope(call->scope, call->statement, C_LOCATION);
    inner.settings = location->settings;
    inner.location = location;
    inner.rewrite = &location->rewrite;
    build_block(model, &inner, call->statement->block);
    return is_right;
}

static void report_duplicate(struct model *model, const struct location *location,
                             const struct location *first) {
    /* nginx takes the first of two equal named locations without a word. */
    enum severity severity =
        location->kind == TABLE_LOCATION_NAMED ? SEVERITY_WARNING : SEVERITY_ERROR;
    struct diagnostic *diagnostic = diagnostic_add(
        model->diagnostics, severity, DIAGNOSTIC_DUPLICATE_LOCATION, location->name_word->span,
        "duplicate location \"%.*s\"", SLICE_ARGS(location->name));
    diagnostic_note(model->arena, diagnostic, first->name_word->span, "first given here");
    diagnostic_help(model->arena, diagnostic, "put both together, or remove one of them");
}

/* Prefixes with and without ^~ are the same to nginx. */
static struct slice duplicate_key(struct arena *arena, const struct location *location) {
    char mark = '/';
    if (location->kind == TABLE_LOCATION_EXACT) {
        mark = '=';
    } else if (location->kind == TABLE_LOCATION_NAMED) {
        mark = '@';
    }
    return text_marked(arena, mark, location->name);
}

static void check_level(struct model *model, struct arena *scratch,
                        struct location *const *locations, size_t count) {
    struct map seen;
    map_init(&seen, scratch);
    for (size_t i = 0; i < count; i++) {
        struct location *location = locations[i];
        if (!is_regex(location) && !location->is_condition && location->name_word != NULL) {
            struct location *first = map_insert(&seen, duplicate_key(scratch, location), location);
            if (first != location) {
                report_duplicate(model, location, first);
            }
        }
        check_level(model, scratch, location->nested.items, location->nested.count);
    }
}

enum { SCRATCH_CHUNK = 16 * 1024 };

void location_check_duplicates(struct model *model) {
    struct arena scratch; /* for one server at a time */
    arena_init(&scratch, SCRATCH_CHUNK);
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        check_level(model, &scratch, server->locations.items, server->locations.count);
        arena_reset(&scratch);
    }
    arena_release(&scratch);
}
