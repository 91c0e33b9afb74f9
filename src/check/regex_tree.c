/* Reads regular expressions as trees; see regex_tree.h. */
#include "check/regex_tree.h"

#define DEPTH_LIMIT 100

/* What (?i) and the like switch, up to the end of the group around. */
struct flags {
    bool ignores_case;
    bool dot_is_all;   /* s */
    bool is_multiline; /* m */
    bool is_extended;  /* x */
};

struct parser {
    struct arena *arena;
    struct slice text;
    size_t at;
    uint32_t depth;
    struct flags flags;
    struct regex_tree *tree;
};

static struct regex_node *parse_choice(struct parser *parser);

/* --- reading --- */

static char peek_ahead(const struct parser *parser, size_t distance) {
    size_t at = parser->at + distance;
    return at < parser->text.size ? parser->text.data[at] : '\0';
}

static bool is_over(const struct parser *parser) {
    return parser->at >= parser->text.size;
}

static bool take(struct parser *parser, struct slice text) {
    if (!slice_starts_with(slice_skip(parser->text, parser->at), text)) {
        return false;
    }
    parser->at += text.size;
    return true;
}

/* What stands before the next such byte, which is skipped, too. */
static struct slice take_until(struct parser *parser, char end) {
    struct slice rest = slice_skip(parser->text, parser->at);
    size_t size = slice_find_byte(rest, end);
    parser->at += size < rest.size ? size + 1 : size;
    return slice_take(rest, size);
}

/* --- nodes --- */

static struct regex_node *make(struct parser *parser, enum regex_kind kind) {
    struct regex_node *node = arena_require(parser->arena, sizeof *node);
    node->kind = kind;
    return node;
}

static struct regex_node *make_unknown(struct parser *parser) {
    parser->tree->is_understood = false;
    return make(parser, REGEX_UNKNOWN);
}

static struct regex_node *make_bytes(struct parser *parser, struct byte_set bytes) {
    struct regex_node *node = make(parser, REGEX_BYTES);
    node->bytes = bytes;
    return node;
}

static struct regex_node *make_byte(struct parser *parser, char c) {
    struct byte_set bytes = {{0}};
    byte_set_add(&bytes, (unsigned char)c);
    return make_bytes(parser, parser->flags.ignores_case ? byte_set_fold(bytes) : bytes);
}

static void add_child(struct parser *parser, struct regex_node *node, struct regex_node *child) {
    VECTOR_PUSH(parser->arena, &node->children, child);
}

/* --- groups --- */

/* "i-s" of (?i-s) or (?i-s:, up to the ')' or ':'; false: no flags. */
static bool read_flags(struct parser *parser) {
    struct flags flags = parser->flags;
    bool value = true;
    size_t at = parser->at;
    for (; at < parser->text.size; at++) {
        char c = parser->text.data[at];
        if (c == '-') {
            value = false;
        } else if (c == '^') {
            flags = (struct flags){0};
        } else if (c == 'i') {
            flags.ignores_case = value;
        } else if (c == 's') {
            flags.dot_is_all = value;
        } else if (c == 'm') {
            flags.is_multiline = value;
        } else if (c == 'x') {
            flags.is_extended = value;
        } else if (c != 'n' && c != 'J' && c != 'U') {
            break;
        }
    }
    if (at == parser->at || at == parser->text.size ||
        (parser->text.data[at] != ')' && parser->text.data[at] != ':')) {
        return false;
    }
    parser->flags = flags;
    parser->at = at;
    return true;
}

/* What follows "(?" and is neither a name nor flags. */
static const struct {
    struct slice text;
    enum regex_kind kind; /* of the node around what is in the group */
    bool is_negative;
} heads[] = {
    {SLICE_INIT(":"), REGEX_SEQUENCE, false}, {SLICE_INIT(">"), REGEX_SEQUENCE, false},
    {SLICE_INIT("="), REGEX_LOOK, false},     {SLICE_INIT("!"), REGEX_LOOK, true},
    {SLICE_INIT("<="), REGEX_LOOK, false},    {SLICE_INIT("<!"), REGEX_LOOK, true},
};

/* (?<name>, (?'name', (?P<name>: the quote's other end, or 0. */
static char read_name_begin(struct parser *parser) {
    size_t skipped = peek_ahead(parser, 0) == 'P' ? 1 : 0;
    char quote = peek_ahead(parser, skipped);
    char next = peek_ahead(parser, skipped + 1);
    if ((quote != '<' && (quote != '\'' || skipped > 0)) || next == '=' || next == '!') {
        return '\0';
    }
    parser->at += skipped + 1;
    return quote == '<' ? '>' : '\'';
}

static struct regex_node *finish_group(struct parser *parser, struct regex_node *node) {
    add_child(parser, node, parse_choice(parser));
    (void)take(parser, SLICE(")"));
    return node;
}

static struct regex_node *parse_special_group(struct parser *parser) {
    char quote = read_name_begin(parser);
    if (quote != '\0') {
        struct regex_node *node = make(parser, REGEX_SEQUENCE);
        node->group = ++parser->tree->group_count;
        node->name = take_until(parser, quote);
        return finish_group(parser, node);
    }
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (take(parser, heads[i].text)) {
            struct regex_node *node = make(parser, heads[i].kind);
            node->is_negative = heads[i].is_negative;
            return finish_group(parser, node);
        }
    }
    if (take(parser, SLICE("#"))) {
        (void)take_until(parser, ')');
        return make(parser, REGEX_SEQUENCE);
    }
    if (read_flags(parser) && take(parser, SLICE(":"))) {
        return finish_group(parser, make(parser, REGEX_SEQUENCE));
    }
    if (peek_ahead(parser, 0) == ')') { /* flags for the rest of the group around */
        parser->at++;
        return make(parser, REGEX_SEQUENCE);
    }
    /* Recursion, conditions, numbers that begin anew: what follows is not numbered either. */
    parser->at = parser->text.size;
    return make_unknown(parser);
}

/* Behind its '('. */
static struct regex_node *parse_group(struct parser *parser) {
    struct flags flags = parser->flags;
    struct regex_node *node;
    bool keeps_flags = false;
    if (take(parser, SLICE("?"))) {
        size_t begin = parser->at;
        node = parse_special_group(parser);
        keeps_flags = node->children.count == 0 && begin < parser->text.size;
    } else if (peek_ahead(parser, 0) == '*') { /* (*VERB) */
        (void)take_until(parser, ')');
        node = make_unknown(parser);
    } else {
        node = make(parser, REGEX_SEQUENCE);
        node->group = ++parser->tree->group_count;
        node = finish_group(parser, node);
    }
    if (!keeps_flags) {
        parser->flags = flags;
    }
    return node;
}

/* --- pieces --- */

/* Behind the backslash. */
static struct regex_node *parse_escape(struct parser *parser) {
    static const struct {
        char letter;
        enum regex_kind kind;
    } assertions[] = {{'A', REGEX_BEGIN},   {'Z', REGEX_END},    {'z', REGEX_STRICT_END},
                      {'b', REGEX_BORDER},  {'B', REGEX_BORDER}, {'G', REGEX_BORDER},
                      {'E', REGEX_SEQUENCE}};
    char letter = peek_ahead(parser, 0);
    for (size_t i = 0; i < sizeof assertions / sizeof assertions[0]; i++) {
        if (letter == assertions[i].letter) {
            parser->at++;
            return make(parser, assertions[i].kind);
        }
    }
    if (letter == 'Q') {
        parser->at++;
        struct regex_node *node = make(parser, REGEX_SEQUENCE);
        while (!is_over(parser) && !take(parser, SLICE("\\E"))) {
            add_child(parser, node, make_byte(parser, parser->text.data[parser->at++]));
        }
        return node;
    }
    struct byte_set bytes;
    if (!regex_class_read_escape(parser->text, &parser->at, &bytes)) {
        struct slice rest = slice_skip(parser->text, parser->at);
        if (rest.size > 0 && rest.data[0] == '{') { /* \p{…}, \g{…} */
            (void)take_until(parser, '}');
        }
        return make_unknown(parser);
    }
    return make_bytes(parser, parser->flags.ignores_case ? byte_set_fold(bytes) : bytes);
}

static struct regex_node *parse_dot(struct parser *parser) {
    struct byte_set bytes = BYTE_SET_ALL;
    if (!parser->flags.dot_is_all) {
        byte_set_remove(&bytes, '\n');
    }
    return make_bytes(parser, bytes);
}

static struct regex_node *parse_brackets(struct parser *parser) {
    struct byte_set bytes;
    if (!regex_class_read_brackets(parser->text, &parser->at, parser->flags.ignores_case, &bytes)) {
        parser->at = parser->text.size;
        return make_unknown(parser);
    }
    return make_bytes(parser, bytes);
}

static struct regex_node *parse_atom(struct parser *parser) {
    char c = parser->text.data[parser->at++];
    bool is_multiline = parser->flags.is_multiline;
    switch (c) {
    case '(':
        return parse_group(parser);
    case '[':
        return parse_brackets(parser);
    case '\\':
        return parse_escape(parser);
    case '.':
        return parse_dot(parser);
    case '^':
        return make(parser, is_multiline ? REGEX_BORDER : REGEX_BEGIN);
    case '$':
        return make(parser, is_multiline ? REGEX_BORDER : REGEX_END);
    default:
        return make_byte(parser, c);
    }
}

/* --- quantifiers --- */

static bool read_count(struct parser *parser, size_t *at, uint32_t *count) {
    size_t begin = *at;
    uint32_t value = 0;
    while (*at < parser->text.size && parser->text.data[*at] >= '0' &&
           parser->text.data[*at] <= '9') {
        value = value < 100000 ? value * 10 + (uint32_t)(parser->text.data[*at] - '0') : value;
        *at += 1;
    }
    *count = value;
    return *at > begin;
}

/* {2}, {2,} and {2,5}; anything else is text. */
static bool read_braces(struct parser *parser, uint32_t *least, uint32_t *most) {
    size_t at = parser->at + 1;
    if (peek_ahead(parser, 0) != '{' || !read_count(parser, &at, least)) {
        return false;
    }
    *most = *least;
    if (at < parser->text.size && parser->text.data[at] == ',') {
        at++;
        if (!read_count(parser, &at, most)) {
            *most = REGEX_UNBOUNDED;
        }
    }
    if (at >= parser->text.size || parser->text.data[at] != '}') {
        return false;
    }
    parser->at = at + 1;
    return true;
}

static bool read_quantifier(struct parser *parser, uint32_t *least, uint32_t *most) {
    char c = peek_ahead(parser, 0);
    if (c == '?' || c == '*' || c == '+') {
        parser->at++;
        *least = c == '+' ? 1 : 0;
        *most = c == '?' ? 1 : REGEX_UNBOUNDED;
        return true;
    }
    return read_braces(parser, least, most);
}

static struct regex_node *parse_piece(struct parser *parser) {
    size_t begin = parser->at;
    struct regex_node *node = parse_atom(parser);
    uint32_t least;
    uint32_t most;
    while (read_quantifier(parser, &least, &most)) {
        (void)(take(parser, SLICE("?")) || take(parser, SLICE("+"))); /* lazy, possessive */
        struct regex_node *repeat = make(parser, REGEX_REPEAT);
        repeat->least = least;
        repeat->most = most;
        add_child(parser, repeat, node);
        node = repeat;
    }
    node->source = slice_take(slice_skip(parser->text, begin), parser->at - begin);
    return node;
}

/* White space and comments, where (?x) says so. */
static bool skip_ignored(struct parser *parser) {
    char c = peek_ahead(parser, 0);
    if (!parser->flags.is_extended || is_over(parser)) {
        return false;
    }
    if (c == '#') {
        (void)take_until(parser, '\n');
        return true;
    }
    bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
    parser->at += is_space ? 1 : 0;
    return is_space;
}

static struct regex_node *parse_sequence(struct parser *parser) {
    struct regex_node *node = make(parser, REGEX_SEQUENCE);
    while (!is_over(parser) && peek_ahead(parser, 0) != '|' && peek_ahead(parser, 0) != ')') {
        if (!skip_ignored(parser)) {
            add_child(parser, node, parse_piece(parser));
        }
    }
    return node;
}

static struct regex_node *parse_choice(struct parser *parser) {
    if (parser->depth == DEPTH_LIMIT) {
        parser->at = parser->text.size;
        return make_unknown(parser);
    }
    parser->depth++;
    struct regex_node *node = make(parser, REGEX_CHOICE);
    do {
        add_child(parser, node, parse_sequence(parser));
    } while (take(parser, SLICE("|")));
    parser->depth--;
    return node;
}

void regex_tree_read(struct arena *arena, struct slice expression, bool ignores_case,
                     struct regex_tree *tree) {
    *tree = (struct regex_tree){.is_understood = true};
    struct parser parser = {
        .arena = arena, .text = expression, .flags.ignores_case = ignores_case, .tree = tree};
    tree->root = parse_choice(&parser);
    if (!is_over(&parser)) { /* a stray ')': it does not compile */
        tree->root = make_unknown(&parser);
    }
}
