/* Programs that the fuzzer chooses, and what they are made of. Every byte of the input chooses
 * something at its own place, and every choice is a sound one: what the input says is not whether
 * the table is valid but what its programs do. Zero bytes, and those that are missing, choose
 * little or nothing. The table around the programs is built in program_site.h. */
#ifndef PROGRAM_INPUT_H
#define PROGRAM_INPUT_H

#include "../unit/table/sample.h"
#include "fuzz.h"

/* How many of each there are. */
enum {
    INPUT_TEXTS = 6, /* of the input's own */
    INPUT_TEXT_SIZE = 12,
    INPUT_SLOTS = 8,
    INPUT_VARIABLES = 8,
    INPUT_REGEXES = 4,
    INPUT_TEMPLATES = 8,
    INPUT_TEMPLATE_OPS = 5,
    INPUT_REWRITES = 4,
    INPUT_SEQUENCES = 4,
    INPUT_SEQUENCE_OPS = 16,
    INPUT_PROXIES = 3,
    INPUT_MAPS = 2,
    INPUT_MAP_SLOTS = 5,
    INPUT_ERROR_PAGES = 5,
    INPUT_ACCESS_RULES = 3,
    INPUT_TRUSTED_NETWORKS = 2,
    INPUT_BINDINGS = 2,
    INPUT_ALIASES = 3,
    INPUT_INDEXES = 4,
    INPUT_TYPES = 3,
    INPUT_EXPIRES = 4,
    INPUT_REPLACEMENTS = 4,
    INPUT_COOKIE_RULES = 2,
    INPUT_TRY_FILES = 2,
    INPUT_HEADER_FIELDS = 4,
    INPUT_SETTINGS = 3,
    INPUT_LOCATIONS = 9,
};

struct program_input {
    struct table_writer writer;
    struct table_string texts[INPUT_TEXTS];
    struct slice bytes; /* not used yet */
};

static uint8_t take_byte(struct program_input *input) {
    if (input->bytes.size == 0) {
        return 0;
    }
    uint8_t byte = (uint8_t)input->bytes.data[0];
    input->bytes = slice_skip(input->bytes, 1);
    return byte;
}

static uint32_t choose(struct program_input *input, uint32_t limit) {
    return take_byte(input) % limit;
}

/* One of `limit`, or none for a zero byte. */
static uint32_t choose_any(struct program_input *input, uint32_t limit) {
    uint8_t byte = take_byte(input);
    return byte == 0 ? TABLE_NONE : (byte - 1u) % limit;
}

/* A few adjacent ones. */
static struct table_range choose_range(struct program_input *input, uint32_t limit) {
    uint32_t first = choose(input, limit);
    return (struct table_range){first, choose(input, limit - first + 1)};
}

/* --- texts --- */

static const char *const known_texts[] = {
    "",       "/",          "/a/b",         "/a",       "@n",         "@",    "http://h/",
    "0",      "?",          "/a?x=1",       "on",       "http://app", "%0d",  "http://127.0.0.1:8/",
    "/a/b/c", "\r\nX: y\n", "http://[::1]", "h=%41%2f", "https://",   "GET",  "http://unix:/s:/u",
    "&",      "=",          "app",          ".",        "..",         "\x7f", "text/html",
};

static const char *const known_patterns[] = {
    "^/a(.*)$",
    "^(.*)$",
    "(?<n>.)/(?<n2>.*)",
    "^/([^/]*)/(.*)\\?",
    "(a+)+$",
    "\\K.",
    "(?=(.))x",
    "a|()b",
    "(*UTF)^/(.)",
    "(",
    "%",
    "(?:(?=(a))\\1)*",
};

static const char *const known_names[] = {"x",       "host", "cookie", "a", "x_forwarded_for",
                                          "location"};

enum {
    KNOWN_TEXTS = sizeof known_texts / sizeof known_texts[0],
    KNOWN_PATTERNS = sizeof known_patterns / sizeof known_patterns[0],
    KNOWN_NAMES = sizeof known_names / sizeof known_names[0],
};

static void take_texts(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_TEXTS; i++) {
        char text[INPUT_TEXT_SIZE];
        size_t size = choose(input, INPUT_TEXT_SIZE + 1);
        for (size_t j = 0; j < sizeof text; j++) {
            text[j] = (char)take_byte(input);
        }
        input->texts[i] = table_writer_string(&input->writer, (struct slice){text, size});
    }
}

static struct table_string choose_text(struct program_input *input) {
    uint32_t choice = choose(input, KNOWN_TEXTS + INPUT_TEXTS);
    return choice < KNOWN_TEXTS ? sample_string(&input->writer, known_texts[choice])
                                : input->texts[choice - KNOWN_TEXTS];
}

/* --- records --- */

#define INPUT_ADD(input, name, ...)                                                                \
    table_writer_append(&(input)->writer, TABLE_SECTION_##name, &(struct table_##name){__VA_ARGS__})

static const struct table_place nowhere = {TABLE_NONE, 0};

static void add_slots(struct program_input *input) {
    static const struct {
        const char *name;
        enum table_slot_source source;
        uint32_t index;
    } slots[INPUT_SLOTS] = {
        {"s", TABLE_SLOT_SET, 0},      {"t", TABLE_SLOT_SET, 0},   {"n", TABLE_SLOT_CAPTURE, 0},
        {"n2", TABLE_SLOT_CAPTURE, 0}, {"m", TABLE_SLOT_MAP, 0},   {"m2", TABLE_SLOT_MAP, 1},
        {"g", TABLE_SLOT_GEO, 0},      {"p", TABLE_SLOT_SPLIT, 0},
    };
    for (uint32_t i = 0; i < INPUT_SLOTS; i++) {
        enum table_slot_source source = slots[i].source;
        INPUT_ADD(input, slot, .name = sample_string(&input->writer, slots[i].name),
                  .source = source, .map = source == TABLE_SLOT_MAP ? slots[i].index : TABLE_NONE,
                  .geo = source == TABLE_SLOT_GEO ? slots[i].index : TABLE_NONE,
                  .split = source == TABLE_SLOT_SPLIT ? slots[i].index : TABLE_NONE);
    }
}

static void add_variables(struct program_input *input) {
    for (uint32_t i = 0; i < INPUT_VARIABLES; i++) {
        uint32_t id = choose(input, TABLE_variable_id_COUNT);
        const char *suffix = known_names[choose(input, KNOWN_NAMES)];
        INPUT_ADD(input, variable, .id = id, .suffix = sample_string(&input->writer, suffix));
    }
}

/* Groups n and n2 fill the slots of these names where a pattern has them. */
static void add_regexes(struct program_input *input) {
    struct table_range names = {
        INPUT_ADD(input, capture_name, sample_string(&input->writer, "n"), 2), 2};
    INPUT_ADD(input, capture_name, sample_string(&input->writer, "n2"), 3);
    for (uint32_t i = 0; i < INPUT_REGEXES; i++) {
        uint32_t choice = choose(input, KNOWN_PATTERNS + INPUT_TEXTS);
        struct table_string pattern = choice < KNOWN_PATTERNS
                                          ? sample_string(&input->writer, known_patterns[choice])
                                          : input->texts[choice - KNOWN_PATTERNS];
        INPUT_ADD(input, regex, .pattern = pattern, .ignore_case = choose(input, 2),
                  .names = names);
    }
}

static void finish_program(struct program_input *input, enum table_program_kind kind,
                           const struct table_op *ops, uint32_t count) {
    struct table_range range = {input->writer.sections[TABLE_SECTION_op].count, count};
    for (uint32_t i = 0; i < count; i++) {
        INPUT_ADD(input, op, ops[i].code, ops[i].a, ops[i].b);
    }
    INPUT_ADD(input, program, .kind = kind, .ops = range);
}

static uint32_t make_status(uint8_t byte) {
    static const uint32_t statuses[] = {0,   100, 101, 199, 200, 204, 301, 302, 303, 304, 307, 308,
                                        400, 403, 404, 405, 408, 413, 444, 499, 500, 502, 503, 999};
    return statuses[byte % (sizeof statuses / sizeof statuses[0])];
}

/* What an operand of each meaning is below. */
enum operand_limit {
    LIMIT_UNUSED = 1,
    LIMIT_STRING = 1, /* choose_op chooses a text */
    LIMIT_LENGTH = 1,
    LIMIT_PROGRAM = INPUT_TEMPLATES,
    LIMIT_SLOT = INPUT_SLOTS,
    LIMIT_VARIABLE = INPUT_VARIABLES,
    LIMIT_CAPTURE = 10,
    LIMIT_LOCATION = INPUT_LOCATIONS,
    LIMIT_REGEX = INPUT_REGEXES,
    LIMIT_REWRITE = INPUT_REWRITES,
    LIMIT_FILE_TEST = TABLE_file_test_COUNT,
    LIMIT_COUNT = 1000, /* the ops that follow */
    LIMIT_STATUS,
};

static const struct {
    enum table_program_kind kind;
    enum operand_limit a;
    enum operand_limit b;
} op_limits[TABLE_op_code_COUNT] = {
#define OP(code, kind, a, b, summary) {TABLE_PROGRAM_##kind, LIMIT_##a, LIMIT_##b},
#include "table/ops.def"
#undef OP
};

static uint32_t choose_operand(struct program_input *input, enum operand_limit limit,
                               uint32_t behind) {
    uint8_t byte = take_byte(input);
    switch (limit) {
    case LIMIT_COUNT:
        return byte % (behind + 1);
    case LIMIT_STATUS:
        return make_status(byte);
    default:
        return byte % (uint32_t)limit;
    }
}

/* One of the codes that programs of that kind may have. */
static uint32_t choose_code(struct program_input *input, enum table_program_kind kind) {
    uint32_t codes[TABLE_op_code_COUNT];
    uint32_t count = 0;
    for (uint32_t code = 0; code < TABLE_op_code_COUNT; code++) {
        if (op_limits[code].kind == kind) {
            codes[count++] = code;
        }
    }
    return codes[choose(input, count)];
}

static struct table_op choose_op(struct program_input *input, enum table_program_kind kind,
                                 uint32_t behind) {
    struct table_op op = {.code = choose_code(input, kind)};
    if (op.code == TABLE_OP_APPEND_TEXT) {
        struct table_string text = choose_text(input);
        take_byte(input);
        op.a = text.offset;
        op.b = text.length;
        return op;
    }
    op.a = choose_operand(input, op_limits[op.code].a, behind);
    op.b = choose_operand(input, op_limits[op.code].b, behind);
    return op;
}

static void add_programs(struct program_input *input, enum table_program_kind kind, uint32_t number,
                         uint32_t limit) {
    struct table_op ops[INPUT_SEQUENCE_OPS];
    for (uint32_t i = 0; i < number; i++) {
        uint32_t count = choose(input, limit + 1);
        for (uint32_t j = 0; j < limit; j++) {
            ops[j] = choose_op(input, kind, j < count ? count - j - 1 : 0);
        }
        finish_program(input, kind, ops, count);
    }
}

static uint32_t choose_template(struct program_input *input) {
    return choose(input, INPUT_TEMPLATES);
}

static uint32_t choose_any_template(struct program_input *input) {
    return choose_any(input, INPUT_TEMPLATES);
}

/* Sequences are behind the templates. */
static uint32_t choose_sequence(struct program_input *input) {
    uint32_t choice = choose_any(input, INPUT_SEQUENCES);
    return choice == TABLE_NONE ? choice : INPUT_TEMPLATES + choice;
}

static void add_rewrites(struct program_input *input) {
    static const uint32_t redirects[] = {0, 0, 0, 301, 302, 303, 200};
    for (uint32_t i = 0; i < INPUT_REWRITES; i++) {
        struct table_rewrite rewrite = {.regex = choose(input, INPUT_REGEXES),
                                        .path = choose_template(input),
                                        .args = choose_any_template(input),
                                        .keep_args = choose(input, 2),
                                        .has_args = choose(input, 2),
                                        .flag = choose(input, TABLE_rewrite_flag_COUNT),
                                        .redirect = redirects[choose(input, 7)],
                                        .place = nowhere};
        if (rewrite.redirect != 0) {
            rewrite.args = TABLE_NONE;
        }
        table_writer_append(&input->writer, TABLE_SECTION_rewrite, &rewrite);
    }
}

#endif
