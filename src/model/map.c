/* map: a variable that depends on a text. Which keys there may be beside each other is nginx's rule
 * (ngx_hash_add_key); matching is the engine's. */
#include "model/entries.h"
#include "model/host_key.h"
#include "model/mapping.h"

struct map_reading {
    struct entry_block block;
    struct map_definition *definition;
    const struct statement *first_default;
    struct map seen[TABLE_name_kind_COUNT]; /* keys to their statements */
};

static const struct slice flags[] = {SLICE_INIT("hostnames"), SLICE_INIT("volatile")};

#define FLAG_COUNT (sizeof flags / sizeof flags[0])

/* --- keys --- */

static bool may_be_wildcard(struct slice text) {
    return slice_find_byte(text, '*') < text.size || (text.size > 1 && text.data[0] == '.');
}

/* nginx compares keys above `hostnames` as they stand. */
static void warn_about_early_wildcards(const struct map_reading *reading) {
    struct model *model = reading->block.model;
    for (size_t i = 0; i < reading->definition->keys.count; i++) {
        const struct map_key *key = &reading->definition->keys.items[i];
        if (key->kind != TABLE_NAME_EXACT || !may_be_wildcard(key->text)) {
            continue;
        }
        struct diagnostic *diagnostic =
            diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE,
                           key->statement->words[0].span,
                           "\"%.*s\" stands above \"hostnames\" and is not taken for a wildcard",
                           SLICE_ARGS(key->text));
        diagnostic_help(model->arena, diagnostic, "write \"hostnames;\" as the first line");
    }
}

static void report_conflict(struct model *model, const struct word *word,
                            const struct statement *first) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_DUPLICATE_KEY, word->span,
                         "conflicting parameter \"%.*s\"", SLICE_ARGS(word->text));
    diagnostic_note(model->arena, diagnostic, first->words[0].span, "the same key stands here");
    diagnostic_help(model->arena, diagnostic,
                    "remove one of them; upper and lower case are the same in a map");
}

/* False after saying that the key is there already. */
static bool add_key(struct map_reading *reading, struct map_key key) {
    struct model *model = reading->block.model;
    void *line = (void *)(uintptr_t)key.statement;
    const struct statement *first = map_insert(&reading->seen[key.kind], key.text, line);
    if (first != key.statement) {
        report_conflict(model, &key.statement->words[0], first);
        return false;
    }
    VECTOR_PUSH(model->arena, &reading->definition->keys, key);
    return true;
}

static void add_host_key(struct map_reading *reading, struct map_key key) {
    struct host_key host;
    if (!host_key_classify(key.text, &host)) {
        struct model *model = reading->block.model;
        const struct word *word = &key.statement->words[0];
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                             "invalid hostname or wildcard \"%.*s\"", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic, HOST_KEY_HELP);
        return;
    }
    if (host.is_exact_too) {
        key.text = slice_skip(host.text, 1);
        if (!add_key(reading, key)) {
            return;
        }
    }
    key.kind = host.kind;
    key.text = host.text;
    (void)add_key(reading, key);
}

/* --- lines --- */

static bool is_regex(struct slice text) {
    return text.size > 0 && text.data[0] == '~';
}

/* Behind '~', or '~*' for one that ignores case. */
static void add_regex(struct map_reading *reading, const struct statement *line,
                      struct template value) {
    const struct word *word = &line->words[0];
    bool ignore_case = word->text.size > 1 && word->text.data[1] == '*';
    struct regex *regex = regex_create(reading->block.model, line, word, ignore_case ? 2 : 1,
                                       ignore_case, &reading->definition->subject);
    if (regex != NULL) {
        VECTOR_PUSH(reading->block.model->arena, &reading->definition->expressions,
                    (struct map_expression){regex, value});
    }
}

static void set_default(struct map_reading *reading, const struct statement *line) {
    if (reading->first_default != NULL) {
        structure_report_duplicate(reading->block.model, line, reading->first_default);
        return;
    }
    reading->first_default = line;
    reading->definition->otherwise = entry_add_template(&reading->block, &line->words[1]);
}

/* A backslash keeps a key from being read as one of the others. */
static void read_entry(struct map_reading *reading, const struct statement *line) {
    struct slice text = statement_name(line);
    if (slice_equals(text, SLICE("default"))) {
        set_default(reading, line);
        return;
    }
    struct template value = entry_add_template(&reading->block, &line->words[1]);
    if (is_regex(text)) {
        add_regex(reading, line, value);
        return;
    }
    if (slice_starts_with(text, SLICE("\\"))) {
        text = slice_skip(text, 1);
    }
    struct map_key key = {.statement = line,
                          .kind = TABLE_NAME_EXACT,
                          .text = text_lower(reading->block.model, text),
                          .value = value};
    if (reading->definition->hostnames) {
        add_host_key(reading, key);
    } else {
        (void)add_key(reading, key);
    }
}

static void read_line(struct map_reading *reading, const struct statement *line) {
    switch (entry_find_flag(line, flags, FLAG_COUNT)) {
    case 0:
        warn_about_early_wildcards(reading);
        reading->definition->hostnames = true;
        break;
    case 1:
        reading->definition->is_volatile = true;
        break;
    default:
        if (entry_is_pair(&reading->block, line, flags, FLAG_COUNT)) {
            read_entry(reading, line);
        }
        break;
    }
}

bool model_set_map_block(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *subject = statement_argument(call->statement, 0);
    struct map_reading reading = {
        .block = entry_block_begin(call, DEFINED_BY_MAP, statement_argument(call->statement, 1)),
        .definition = arena_require(model->arena, sizeof *reading.definition),
    };
    for (size_t i = 0; i < TABLE_name_kind_COUNT; i++) {
        map_init(&reading.seen[i], model->arena);
    }
    reading.definition->statement = call->statement;
    reading.definition->subject = template_parse(model, subject, subject->text, 0);
    reading.block.definition.key = reading.definition->subject;
    reading.block.definition.map = reading.definition;
    struct tree_walk walk = tree_walk_begin(call->statement->block);
    for (struct statement *line; (line = tree_walk_next(&walk)) != NULL;) {
        read_line(&reading, line);
    }
    if (reading.first_default == NULL) {
        entry_add_empty(&reading.block);
    }
    entry_block_end(&reading.block);
    return true;
}
