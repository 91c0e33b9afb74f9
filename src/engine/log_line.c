/* Log lines: templates whose variables are escaped one by one, as nginx's log_format does. */
#include "engine/json.h"
#include "engine/program.h"

#include <string.h>

/* Templates of more parts than this get their scratch space from the arena. */
enum { FEW_PARTS = 48 };

/* Of ENGINE_EFFORT_LIMIT: what one line may take, 4 MiB before anything is escaped. */
enum { LINE_EFFORT = ENGINE_EFFORT_LIMIT / 16 };

static const char digits[] = "0123456789ABCDEF";

/* How one escape= setting writes a variable. */
struct escaping {
    const char *missing;                   /* what stands for a variable without a value */
    size_t (*measure)(unsigned char byte); /* how long the byte becomes; NULL: nothing changes */
    char *(*write)(char *out, unsigned char byte);
};

/* default: quotes, backslashes, controls and whatever is not ASCII become \xHH. */
static size_t measure_default(unsigned char byte) {
    return byte < ' ' || byte > '~' || byte == '"' || byte == '\\' ? 4 : 1;
}

static char *write_default(char *out, unsigned char byte) {
    if (measure_default(byte) == 1) {
        *out++ = (char)byte;
        return out;
    }
    *out++ = '\\';
    *out++ = 'x';
    *out++ = digits[byte >> 4];
    *out++ = digits[byte & 15];
    return out;
}

static const struct escaping escapings[TABLE_log_escape_COUNT] = {
    [TABLE_ESCAPE_DEFAULT] = {"-", measure_default, write_default},
    [TABLE_ESCAPE_JSON] = {"", engine_json_measure, engine_json_write},
    [TABLE_ESCAPE_NONE] = {"", NULL, NULL},
};

/* A piece of the line before it is written. */
struct part {
    struct slice value;
    size_t written; /* how long it becomes; value.size when it is copied as it is */
};

static size_t measure(const struct escaping *escaping, struct slice value) {
    if (escaping->measure == NULL) {
        return value.size;
    }
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        size += escaping->measure((unsigned char)value.data[i]);
    }
    return size;
}

static char *write_part(char *out, const struct escaping *escaping, const struct part *part) {
    struct slice value = part->value;
    if (part->written == value.size) {
        return value.size > 0 ? mempcpy(out, value.data, value.size) : out;
    }
    for (size_t i = 0; i < value.size; i++) {
        out = escaping->write(out, (unsigned char)value.data[i]);
    }
    return out;
}

static bool evaluate(struct engine_request *request, const struct escaping *escaping,
                     const struct table_op *op, struct part *part) {
    switch (engine_program_part(request, op, &part->value)) {
    case ENGINE_VALUE_NO_MEMORY:
        return false;
    case ENGINE_VALUE_NONE:
        part->value = slice_from_string(escaping->missing);
        part->written = part->value.size;
        return engine_spend(request, part->written);
    case ENGINE_VALUE_FOUND:
        break;
    }
    if (!engine_spend(request, part->value.size)) {
        return false;
    }
    bool is_literal = op->code == TABLE_OP_APPEND_TEXT;
    part->written = is_literal ? part->value.size : measure(escaping, part->value);
    return true;
}

static bool build(struct engine_request *request, const struct escaping *escaping,
                  struct table_range range, struct part *parts, struct slice *line) {
    const struct table_op *ops = engine_table(request->engine)->op;
    size_t size = 0;
    for (uint32_t i = 0; i < range.count; i++) {
        if (!evaluate(request, escaping, &ops[range.first + i], &parts[i])) {
            return false;
        }
        size += parts[i].written;
    }
    char *text = arena_allocate_bytes(request->arena, size);
    if (text == NULL) {
        return false;
    }
    char *end = text;
    for (uint32_t i = 0; i < range.count; i++) {
        end = write_part(end, escaping, &parts[i]);
    }
    *line = (struct slice){text, size};
    return true;
}

bool engine_run_log_line(struct engine_request *request, const struct table_log_format *format,
                         struct slice *line) {
    const struct table *table = engine_table(request->engine);
    struct table_range range = table->program[format->line].ops;
    struct part few[FEW_PARTS];
    struct part *parts = few;
    if (range.count > FEW_PARTS) {
        parts = arena_allocate(request->arena, range.count * sizeof *parts);
        if (parts == NULL) {
            return false;
        }
    }
    /* A request that took too much work is logged all the same. */
    uint64_t effort = request->effort;
    request->effort = ENGINE_EFFORT_LIMIT - LINE_EFFORT;
    bool is_built = build(request, &escapings[format->escape], range, parts, line);
    request->effort = effort;
    return is_built;
}
