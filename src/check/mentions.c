/* A walk over all words of the tree; see mentions.h. */
#include "check/mentions.h"

#include <ctype.h>
#include <string.h>

/* --- sets of names --- */

static struct slice lower(struct arena *arena, struct slice text) {
    char *copy = arena_require(arena, text.size + 1);
    for (size_t i = 0; i < text.size; i++) {
        copy[i] = (char)tolower((unsigned char)text.data[i]);
    }
    return (struct slice){copy, text.size};
}

static bool is_lower(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (isupper((unsigned char)text.data[i])) {
            return false;
        }
    }
    return true;
}

static void add(struct map *set, struct arena *arena, struct slice name) {
    if (name.size > 0) {
        map_insert(set, is_lower(name) ? name : lower(arena, name), set);
    }
}

bool mentions_has(const struct mentions *mentions, const struct map *set, struct slice name) {
    return map_find(set, is_lower(name) ? name : lower(mentions->names.arena, name)) != NULL;
}

/* --- words --- */

static bool is_variable_byte(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_name_byte(char c) {
    return is_variable_byte(c) || c == '.' || c == '-';
}

static struct slice take_while(struct slice text, bool (*is_wanted)(char)) {
    size_t size = 0;
    while (size < text.size && is_wanted(text.data[size])) {
        size++;
    }
    return slice_take(text, size);
}

static void add_variables(struct mentions *mentions, struct slice text) {
    for (size_t i = slice_find_byte(text, '$'); i < text.size;) {
        struct slice rest = slice_skip(text, i + 1);
        rest = slice_skip(rest, rest.size > 0 && rest.data[0] == '{' ? 1 : 0);
        struct slice name = take_while(rest, is_variable_byte);
        add(&mentions->variables, mentions->variables.arena, name);
        text = slice_skip(rest, name.size);
        i = slice_find_byte(text, '$');
    }
}

/* `is_behind_variable` is true when a reference ends where the text begins. */
static void add_name(struct mentions *mentions, struct slice name, bool is_behind_variable,
                     bool is_before_variable) {
    struct arena *arena = mentions->names.arena;
    add(&mentions->names, arena, name);
    if (name.size > 0 && is_before_variable) {
        VECTOR_PUSH(arena, &mentions->beginnings, name);
    }
    if (name.size > 0 && is_behind_variable) {
        VECTOR_PUSH(arena, &mentions->endings, name);
    }
}

static size_t reference_size(struct slice text) {
    struct slice rest = slice_skip(text, 1);
    if (rest.size > 0 && rest.data[0] == '{') {
        return slice_find_byte(text, '}') + 1;
    }
    return 1 + take_while(rest, is_variable_byte).size;
}

static void add_names(struct mentions *mentions, struct slice text) {
    bool is_behind_variable = false;
    while (text.size > 0) {
        if (text.data[0] == '$') {
            text = slice_skip(text, reference_size(text));
            is_behind_variable = true;
            continue;
        }
        struct slice name = take_while(text, is_name_byte);
        text = slice_skip(text, name.size > 0 ? name.size : 1);
        bool is_before_variable = text.size > 0 && text.data[0] == '$';
        add_name(mentions, name, is_behind_variable, is_before_variable);
        is_behind_variable = false;
    }
}

bool mentions_has_name(const struct mentions *mentions, struct slice name) {
    for (size_t i = 0; i < mentions->beginnings.count; i++) {
        if (slice_starts_with_nocase(name, mentions->beginnings.items[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < mentions->endings.count; i++) {
        struct slice ending = mentions->endings.items[i];
        if (name.size >= ending.size &&
            slice_equals_nocase(slice_skip(name, name.size - ending.size), ending)) {
            return true;
        }
    }
    return mentions_has(mentions, &mentions->names, name);
}

/* --- statements --- */

/* Directives whose first or last argument is the name of a variable that they define. */
static const struct {
    struct slice name;
    bool is_last;
} defining[] = {
    {SLICE_INIT("set"), false},    {SLICE_INIT("auth_request_set"), false},
    {SLICE_INIT("map"), true},     {SLICE_INIT("geo"), true},
    {SLICE_INIT("num_map"), true}, {SLICE_INIT("split_clients"), true},
};

static uint32_t find_defined(const struct statement *statement) {
    for (size_t i = 0; i < sizeof defining / sizeof defining[0]; i++) {
        if (slice_equals(statement_name(statement), defining[i].name)) {
            return defining[i].is_last ? statement->word_count - 1 : 1;
        }
    }
    return 0;
}

/* Beginnings of directives that run programs or fill in pages. */
static bool is_program(struct slice name) {
    static const struct slice beginnings[] = {
        SLICE_INIT("js_"),         SLICE_INIT("perl"),       SLICE_INIT("ssi"),
        SLICE_INIT("xslt_"),       SLICE_INIT("xml_"),       SLICE_INIT("modsecurity"),
        SLICE_INIT("lua_"),        SLICE_INIT("access_by_"), SLICE_INIT("otel_"),
        SLICE_INIT("rewrite_by_"), SLICE_INIT("set_by_"),    SLICE_INIT("content_by_"),
        SLICE_INIT("balancer_by_")};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (slice_starts_with(name, beginnings[i])) {
            return true;
        }
    }
    return false;
}

/* Folders by whose files distributions load modules, e.g. /etc/nginx/modules-enabled/ and
 * /usr/share/nginx/modules/: these use nothing. They are seldom where a configuration is linted. */
static bool is_for_modules(const struct statement *include) {
    static const struct slice folders[] = {SLICE_INIT("modules-enabled/"), SLICE_INIT("modules/"),
                                           SLICE_INIT("modules.d/")};
    struct slice path =
        statement_argument_count(include) > 0 ? statement_argument(include, 0)->text : SLICE("");
    for (size_t i = 0; i < path.size; i++) {
        for (size_t j = 0; j < sizeof folders / sizeof folders[0]; j++) {
            if ((i == 0 || path.data[i - 1] == '/') &&
                slice_starts_with(slice_skip(path, i), folders[j])) {
                return true;
            }
        }
    }
    return false;
}

static void collect_block(struct mentions *mentions, const struct block *block, bool is_group);

static void collect_statement(struct mentions *mentions, const struct statement *statement,
                              bool is_group) {
    if (statement_is_include(statement)) {
        mentions->is_incomplete |= statement->included == NULL && !is_for_modules(statement);
        for (const struct block *b = statement->included; b != NULL; b = b->next) {
            collect_block(mentions, b, is_group);
        }
        return;
    }
    struct slice name = statement_name(statement);
    mentions->is_incomplete |= is_program(name);
    if (slice_equals(name, SLICE("memcached_pass"))) {
        add_variables(mentions, SLICE("$memcached_key")); /* which it asks for by itself */
    }
    uint32_t defined = find_defined(statement);
    is_group |= statement->block != NULL && slice_equals(name, SLICE("upstream"));
    for (uint32_t i = 0; i < statement->word_count; i++) {
        if (i == 0 || i != defined) {
            add_variables(mentions, statement->words[i].text);
        }
        if (i > 0 && !is_group) {
            add_names(mentions, statement->words[i].text);
        }
    }
    if (statement->block != NULL) {
        collect_block(mentions, statement->block, is_group);
    }
}

static void collect_block(struct mentions *mentions, const struct block *block, bool is_group) {
    for (const struct statement *s = block->first; s != NULL; s = s->next) {
        collect_statement(mentions, s, is_group);
    }
}

void mentions_collect(struct mentions *mentions, const struct model *model) {
    *mentions = (struct mentions){0};
    map_init(&mentions->variables, model->arena);
    map_init(&mentions->names, model->arena);
    collect_block(mentions, model->tree->root, false);
}
