/* map, geo and split_clients, and the other directives that define variables: not run yet, but read
 * so that the checks can follow values through them. */
#include "model/reading.h"

#include <string.h>

static void refuse_directive(const struct setter_call *call) {
    refuse(call->model, call->statement, call->statement->words[0].span, "directive \"%s\"",
           call->directive->name);
}

static void define(const struct setter_call *call, const struct word *word,
                   struct variable_definition definition) {
    struct slice name;
    if (variable_name(call->model, word, &name)) {
        (void)variable_define(call->model, name, word->span, definition);
    }
}

/* A block of entries being read. */
struct entry_block {
    const struct setter_call *call;
    const char *kind;
    struct variable_definition definition;
    const struct statement *first_default;
    uint32_t percentage; /* so far, in hundredths of a percent */
};

static void reject_entry(const struct entry_block *block, const struct word *word,
                         const char *help) {
    struct model *model = block->call->model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "invalid line in \"%s\": \"%.*s\"", block->kind, SLICE_ARGS(word->text));
    diagnostic_help(model->arena, diagnostic, "%s", help);
}

static void add_result(struct entry_block *block, const struct word *word) {
    struct model *model = block->call->model;
    VECTOR_PUSH(model->arena, &block->definition.results,
                template_parse(model, word, word->text, 0));
}

/* The results of geo and split_clients are literal, '$' included. */
static void add_constant(struct entry_block *block, const struct word *word) {
    struct model *model = block->call->model;
    struct template constant = {.word = word};
    VECTOR_PUSH(model->arena, &constant.parts,
                (struct template_part){.kind = PART_TEXT, .span = word->span, .text = word->text});
    VECTOR_PUSH(model->arena, &block->definition.results, constant);
}

static bool is_simple_pair(const struct entry_block *block, const struct statement *statement) {
    struct model *model = block->call->model;
    if (statement->block != NULL) {
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNEXPECTED_BLOCK, statement->block->open,
                         "a line in \"%s\" takes no block", block->kind);
        return false;
    }
    if (statement->word_count != 2) {
        struct diagnostic *diagnostic = diagnostic_error(
            model->diagnostics, DIAGNOSTIC_WRONG_ARGUMENT_COUNT, statement->span,
            "a line in \"%s\" has two words, not %u", block->kind, statement->word_count);
        diagnostic_help(model->arena, diagnostic,
                        "write \"KEY VALUE;\", with quotes around what holds spaces");
        return false;
    }
    return true;
}

static bool is_first_default(struct entry_block *block, const struct statement *statement) {
    if (block->first_default != NULL) {
        structure_report_duplicate(block->call->model, statement, block->first_default);
        return false;
    }
    block->first_default = statement;
    return true;
}

/* A key is a literal, or a regular expression behind '~' (or '~*', ignoring case). */
static void read_map_key(struct entry_block *block, const struct statement *statement) {
    const struct word *word = &statement->words[0];
    if (word->text.size < 2 || word->text.data[0] != '~') {
        return;
    }
    bool ignore_case = word->text.data[1] == '*';
    (void)regex_create(block->call->model, statement, word, ignore_case ? 2 : 1, ignore_case,
                       &block->definition.key);
}

static void read_map_entry(struct entry_block *block, const struct statement *statement) {
    struct slice name = statement_name(statement);
    if (statement->word_count == 1 &&
        (slice_equals(name, SLICE("hostnames")) || slice_equals(name, SLICE("volatile")))) {
        return;
    }
    if (!is_simple_pair(block, statement)) {
        return;
    }
    if (slice_equals(name, SLICE("default"))) {
        if (is_first_default(block, statement)) {
            add_result(block, &statement->words[1]);
        }
        return;
    }
    read_map_key(block, statement);
    add_result(block, &statement->words[1]);
}

static void read_geo_entry(struct entry_block *block, const struct statement *statement) {
    const struct slice singles[] = {SLICE("ranges"), SLICE("proxy_recursive"), SLICE("volatile")};
    const struct slice settings[] = {SLICE("delete"), SLICE("proxy")};
    struct slice name = statement_name(statement);
    for (size_t i = 0; statement->word_count == 1 && i < sizeof singles / sizeof singles[0]; i++) {
        if (slice_equals(name, singles[i])) {
            return;
        }
    }
    if (!is_simple_pair(block, statement)) {
        return;
    }
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (slice_equals(name, settings[i])) {
            return;
        }
    }
    if (!slice_equals(name, SLICE("default")) || is_first_default(block, statement)) {
        add_constant(block, &statement->words[1]);
    }
}

/* "0.5%", at most two digits behind the point, in hundredths of a percent. */
static bool parse_percentage(struct slice text, uint32_t *hundredths) {
    if (!slice_ends_with(text, SLICE("%"))) {
        return false;
    }
    text.size--;
    size_t point = slice_find_byte(text, '.');
    struct slice fraction = slice_skip(text, point + 1);
    uint64_t whole;
    uint64_t part = 0;
    if (point < text.size && (fraction.size > 2 || !slice_parse_u64(fraction, 99, &part))) {
        return false;
    }
    if (!slice_parse_u64(slice_take(text, point), 100, &whole)) {
        return false;
    }
    *hundredths = (uint32_t)(whole * 100 + (fraction.size == 1 ? part * 10 : part));
    return true;
}

static void read_split_entry(struct entry_block *block, const struct statement *statement) {
    if (!is_simple_pair(block, statement)) {
        return;
    }
    uint32_t hundredths = 0;
    if (!slice_equals(statement_name(statement), SLICE("*")) &&
        !parse_percentage(statement_name(statement), &hundredths)) {
        reject_entry(block, &statement->words[0], "write a percentage such as 12.5%, or \"*\"");
        return;
    }
    block->percentage += hundredths;
    if (block->percentage > 10000) {
        reject_entry(block, &statement->words[0], "all percentages together are at most 100%");
        block->percentage = 0;
    }
    add_constant(block, &statement->words[1]);
}

static void read_entries(struct entry_block *block,
                         void (*read)(struct entry_block *, const struct statement *)) {
    struct tree_walk walk = tree_walk_begin(block->call->statement->block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        read(block, s);
    }
    /* Without a default the value is empty when nothing matches. */
    if (block->first_default == NULL && block->definition.kind != DEFINED_BY_SPLIT) {
        VECTOR_PUSH(block->call->model->arena, &block->definition.results, (struct template){0});
    }
}

bool model_set_map_block(const struct setter_call *call) {
    refuse_directive(call);
    const struct word *source = statement_argument(call->statement, 0);
    struct entry_block block = {
        .call = call,
        .kind = "map",
        .definition = {.statement = call->statement,
                       .kind = DEFINED_BY_MAP,
                       .key = template_parse(call->model, source, source->text, 0)},
    };
    read_entries(&block, read_map_entry);
    define(call, statement_argument(call->statement, 1), block.definition);
    return true;
}

bool model_set_geo_block(const struct setter_call *call) {
    refuse_directive(call);
    uint32_t count = statement_argument_count(call->statement);
    struct entry_block block = {
        .call = call,
        .kind = "geo",
        .definition = {.statement = call->statement, .kind = DEFINED_BY_GEO},
    };
    if (count == 2) {
        const struct word *source = statement_argument(call->statement, 0);
        block.definition.key = template_parse(call->model, source, source->text, 0);
    }
    read_entries(&block, read_geo_entry);
    define(call, statement_argument(call->statement, count - 1), block.definition);
    return true;
}

bool model_set_split_clients_block(const struct setter_call *call) {
    refuse_directive(call);
    const struct word *source = statement_argument(call->statement, 0);
    struct entry_block block = {
        .call = call,
        .kind = "split_clients",
        .definition = {.statement = call->statement,
                       .kind = DEFINED_BY_SPLIT,
                       .key = template_parse(call->model, source, source->text, 0)},
    };
    read_entries(&block, read_split_entry);
    define(call, statement_argument(call->statement, 1), block.definition);
    return true;
}

/* Directives of nginx's table whose argument names a variable that they define. */
struct defining_directive {
    struct slice name;
    uint32_t argument; /* LAST: the last one */
};

#define LAST UINT32_MAX

static const struct defining_directive defining_directives[] = {
    {SLICE_INIT("auth_request_set"), 0},
    {SLICE_INIT("perl_set"), 0},
    {SLICE_INIT("js_set"), 0},
    {SLICE_INIT("js_var"), 0},
    {SLICE_INIT("auth_jwt_claim_set"), 0},
    {SLICE_INIT("auth_jwt_header_set"), 0},
    {SLICE_INIT("keyval"), 1},
    {SLICE_INIT("num_map"), LAST},
};

#define DEFINING_COUNT (sizeof defining_directives / sizeof defining_directives[0])

void map_define_listed(const struct setter_call *call) {
    struct slice name = slice_from_string(call->directive->name);
    for (size_t i = 0; i < DEFINING_COUNT; i++) {
        if (!slice_equals(defining_directives[i].name, name)) {
            continue;
        }
        uint32_t last = statement_argument_count(call->statement) - 1;
        uint32_t argument = defining_directives[i].argument;
        define(
            call, statement_argument(call->statement, argument < last ? argument : last),
            (struct variable_definition){.statement = call->statement, .kind = DEFINED_ELSEWHERE});
    }
}
