/* split_clients: a variable that divides clients by percentages. */
#include "model/entries.h"
#include "model/mapping.h"

enum { WHOLE = 10000 }; /* hundredths of a percent */

struct split_reading {
    struct entry_block block;
    struct split_definition *definition;
    uint32_t sum;                   /* of the shares so far */
    const struct statement *others; /* the line of "*" */
};

/* "12.5%", at most two digits behind the point, as nginx's ngx_atofp takes it: a digit may be
 * missing on either side of the point. */
static bool parse_percentage(struct slice text, uint64_t *hundredths) {
    if (!slice_ends_with(text, SLICE("%"))) {
        return false;
    }
    text.size--;
    size_t point = slice_find_byte(text, '.');
    struct slice whole = slice_take(text, point);
    struct slice fraction = slice_skip(text, point + 1);
    uint64_t percent = 0;
    uint64_t part = 0;
    if ((whole.size > 0 && !slice_parse_u64(whole, UINT32_MAX, &percent)) || fraction.size > 2 ||
        (fraction.size > 0 && !slice_parse_u64(fraction, UINT32_MAX, &part))) {
        return false;
    }
    *hundredths = percent * 100 + (fraction.size == 1 ? part * 10 : part);
    return *hundredths > 0;
}

static void add_share(struct split_reading *reading, const struct statement *line,
                      uint32_t hundredths) {
    VECTOR_PUSH(reading->block.model->arena, &reading->definition->shares,
                (struct split_share){hundredths, line->words[1].text});
    entry_add_literal(&reading->block, &line->words[1]);
}

/* nginx takes a second "*", which nothing is left for. */
static void add_others(struct split_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    if (reading->others == NULL) {
        reading->others = line;
        add_share(reading, line, 0);
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_DUPLICATE_KEY,
                       line->words[0].span, "nothing is left for this \"*\"");
    diagnostic_note(model->arena, diagnostic, reading->others->words[0].span,
                    "this one takes all that is left");
}

static void report_sum(const struct split_reading *reading, const struct statement *line) {
    struct model *model = reading->block.model;
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, line->words[0].span,
                         "the percentages are more than 100%% together");
    if (reading->others != NULL) {
        diagnostic_note(model->arena, diagnostic, reading->others->words[0].span,
                        "this takes all that is left");
        diagnostic_help(model->arena, diagnostic, "write \"*\" as the last line");
    } else {
        uint32_t left = WHOLE - reading->sum;
        diagnostic_help(model->arena, diagnostic, "%u.%02u%% is left for this line", left / 100,
                        left % 100);
    }
}

static void read_line(struct split_reading *reading, const struct statement *line) {
    if (!entry_is_pair(&reading->block, line, NULL, 0)) {
        return;
    }
    uint64_t hundredths;
    if (slice_equals(statement_name(line), SLICE("*"))) {
        add_others(reading, line);
    } else if (!parse_percentage(statement_name(line), &hundredths)) {
        entry_reject(&reading->block, &line->words[0],
                     "write a percentage above zero such as 12.5%, with at most two digits behind "
                     "the point, or \"*\"");
    } else if (reading->others != NULL || hundredths > WHOLE - reading->sum) {
        report_sum(reading, line);
    } else {
        reading->sum += (uint32_t)hundredths;
        add_share(reading, line, (uint32_t)hundredths);
    }
}

bool model_set_split_clients_block(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *subject = statement_argument(call->statement, 0);
    struct split_reading reading = {
        .block = entry_block_begin(call, DEFINED_BY_SPLIT, statement_argument(call->statement, 1)),
        .definition = arena_require(model->arena, sizeof *reading.definition),
    };
    reading.definition->statement = call->statement;
    reading.definition->subject = template_parse(model, subject, subject->text, 0);
    reading.block.definition.key = reading.definition->subject;
    reading.block.definition.split = reading.definition;
    struct tree_walk walk = tree_walk_begin(call->statement->block);
    for (struct statement *line; (line = tree_walk_next(&walk)) != NULL;) {
        read_line(&reading, line);
    }
    if (reading.others == NULL && reading.sum < WHOLE) {
        entry_add_empty(&reading.block);
    }
    entry_block_end(&reading.block);
    return true;
}
