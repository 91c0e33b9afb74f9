/* geo: a variable that depends on an address. Networks and ranges have files of their own. */
#include "model/geo.h"
#include "model/entries.h"
#include "model/network.h"

struct geo_reading {
    struct entry_block block;
    struct geo_definition *definition;
    struct geo_lines lines;
    struct geo_slices *slices;           /* with `ranges` */
    const struct statement *first_entry; /* of those that `ranges` must stand above */
    const struct statement *first_default;
    struct map values; /* that were added to the results */
};

enum { FLAG_RANGES, FLAG_PROXY_RECURSIVE, FLAG_VOLATILE, FLAG_COUNT };

static const struct slice flags[FLAG_COUNT] = {
    [FLAG_RANGES] = SLICE_INIT("ranges"),
    [FLAG_PROXY_RECURSIVE] = SLICE_INIT("proxy_recursive"),
    [FLAG_VOLATILE] = SLICE_INIT("volatile"),
};

static void begin_ranges(struct geo_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    if (reading->slices != NULL) {
        return;
    }
    if (reading->first_entry != NULL) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, line->words[0].span,
                             "\"ranges\" must be the first line in \"geo\"");
        diagnostic_note(model->arena, diagnostic, reading->first_entry->words[0].span,
                        "this line is read as a network");
        return;
    }
    reading->definition->has_ranges = true;
    reading->slices = geo_range_begin(model);
}

/* A million networks have few values. */
static void add_value(struct geo_reading *reading, const struct word *word) {
    void *value = (void *)(uintptr_t)word;
    if (map_insert(&reading->values, word->text, value) == value) {
        entry_add_literal(&reading->block, word);
    }
}

/* --- lines --- */

static void warn_about_second_default(struct geo_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    if (reading->first_default != NULL) {
        struct diagnostic *diagnostic = diagnostic_add(
            model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_DUPLICATE_KEY, line->words[0].span,
            "the \"default\" is given twice; this value counts");
        diagnostic_note(model->arena, diagnostic, reading->first_default->words[0].span,
                        "not this one");
    }
    reading->first_default = line;
}

/* Among networks it is that of all addresses, which may also be written as such. */
static void read_default(struct geo_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    add_value(reading, &line->words[1]);
    if (reading->slices != NULL) {
        warn_about_second_default(reading, line);
        reading->definition->otherwise = line->words[1].text;
        return;
    }
    reading->first_default = line;
    struct client_network all = {.match = TABLE_CLIENT_IPV4};
    geo_network_add(model, &reading->lines, &all, line, false);
    all.match = TABLE_CLIENT_IPV6;
    geo_network_add(model, &reading->lines, &all, line, false);
}

static void read_proxy(struct geo_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    const struct word *word = &line->words[1];
    struct client_network network;
    if (network_read(model, word, word->text, &network)) {
        VECTOR_PUSH(model->arena, &reading->definition->proxies, network);
    }
}

static void read_delete(struct geo_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    const struct word *word = &line->words[1];
    struct client_network network;
    if (reading->slices != NULL) {
        geo_range_delete(model, reading->slices, line);
    } else if (network_read(model, word, word->text, &network)) {
        geo_network_add(model, &reading->lines, &network, line, true);
    }
}

static bool is_range(struct slice text) {
    return text.size > 0 && text.data[0] >= '0' && text.data[0] <= '9' &&
           slice_find_byte(text, '-') < text.size;
}

static void read_entry(struct geo_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    const struct word *word = &line->words[0];
    struct client_network network;
    add_value(reading, &line->words[1]);
    if (reading->slices != NULL) {
        geo_range_add(model, reading->slices, line);
    } else if (is_range(word->text)) {
        entry_reject(&reading->block, word,
                     "write \"ranges;\" as the first line if addresses are to be given as ranges");
    } else if (network_read(model, word, word->text, &network)) {
        geo_network_add(model, &reading->lines, &network, line, false);
    }
}

static void read_pair(struct geo_reading *reading, const struct statement *line) {
    struct slice key = statement_name(line);
    if (slice_equals(key, SLICE("proxy"))) {
        read_proxy(reading, line);
        return;
    }
    if (reading->first_entry == NULL) {
        reading->first_entry = line;
    }
    if (slice_equals(key, SLICE("default"))) {
        read_default(reading, line);
    } else if (slice_equals(key, SLICE("delete"))) {
        read_delete(reading, line);
    } else {
        read_entry(reading, line);
    }
}

static void read_line(struct geo_reading *reading, const struct statement *line) {
    switch (entry_find_flag(line, flags, FLAG_COUNT)) {
    case FLAG_RANGES:
        begin_ranges(reading, line);
        break;
    case FLAG_PROXY_RECURSIVE:
        reading->definition->proxy_recursive = true;
        break;
    case FLAG_VOLATILE:
        reading->definition->is_volatile = true;
        break;
    default:
        if (entry_is_pair(&reading->block, line, flags, FLAG_COUNT)) {
            read_pair(reading, line);
        }
        break;
    }
}

/* --- the block --- */

/* The address is the value of one variable, not of a text with variables. */
static void read_subject(struct geo_reading *reading, const struct word *word) {
    struct model *model = reading->block.model;
    struct slice name = slice_skip(word->text, 1);
    if (name.size == 0 || word->text.data[0] != '$') {
        (void)variable_name(model, word, &name); /* which says what is wrong */
        return;
    }
    struct template subject = template_parse(model, word, word->text, 0);
    const struct template_part *part = subject.parts.items;
    bool is_variable = subject.parts.count == 1 && part->kind == PART_CONFIG &&
                       slice_equals_nocase(part->text, name);
    if (!is_variable) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VARIABLE, word->span,
                             "\"%.*s\" is not the name of one variable", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic,
                        "write the variable that holds the address, such as $remote_addr");
        return;
    }
    reading->definition->has_subject = true;
    reading->definition->subject = subject;
    reading->block.definition.key = subject;
}

static void finish(struct geo_reading *reading) {
    struct model *model = reading->block.model;
    if (reading->slices != NULL) {
        geo_range_finish(model, reading->slices, reading->definition);
    } else {
        geo_network_finish(model, &reading->lines, reading->definition);
    }
    if (reading->first_default == NULL) {
        entry_add_empty(&reading->block);
    }
    entry_block_end(&reading->block);
}

bool model_set_geo_block(const struct setter_call *call) {
    struct model *model = call->model;
    uint32_t last = statement_argument_count(call->statement) - 1;
    struct geo_reading reading = {
        .block = entry_block_begin(call, DEFINED_BY_GEO, statement_argument(call->statement, last)),
        .definition = arena_require(model->arena, sizeof *reading.definition),
    };
    map_init(&reading.values, model->arena);
    reading.definition->statement = call->statement;
    reading.block.definition.geo = reading.definition;
    if (last > 0) {
        read_subject(&reading, statement_argument(call->statement, 0));
    }
    struct tree_walk walk = tree_walk_begin(call->statement->block);
    for (struct statement *line; (line = tree_walk_next(&walk)) != NULL;) {
        read_line(&reading, line);
    }
    finish(&reading);
    return true;
}
