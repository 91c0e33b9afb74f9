/* The catalogue's tables, made from the .def files and the generated fact tables, and lookup in
 * them. What is done with a directive is its setter's affair. */
#include "model/catalogue.h"

#include "base/text.h"
#include "model/reading.h"

#include <string.h>

/* How the rows of nginx's table spell their kinds. */
#define LISTED_SIMPLE FORM_SIMPLE
#define LISTED_FLAG FORM_FLAG
#define LISTED_BLOCK FORM_BLOCK

#define FIELD_ROW(owner, row_group, row_setting, row_name, row_contexts, min, max, row_storage,    \
                  row_values, setter, row_initial, row_state, row_help)                            \
    {.name = #row_name,                                                                            \
     .contexts = (row_contexts),                                                                   \
     .min_arguments = (min),                                                                       \
     .max_arguments = (max),                                                                       \
     .argument_counts = "",                                                                        \
     .syntax = "",                                                                                 \
     .form = STORAGE_##row_storage == STORAGE_FLAG    ? FORM_FLAG                                  \
             : STORAGE_##row_storage == STORAGE_TYPES ? FORM_BLOCK                                 \
                                                      : FORM_SIMPLE,                               \
     .state = STATE_##row_state,                                                                   \
     .group = (row_group),                                                                         \
     .storage = STORAGE_##row_storage,                                                             \
     .offset = offsetof(struct owner, row_name),                                                   \
     .size = sizeof(MODEL_TYPE_##row_storage),                                                     \
     .setting = (row_setting),                                                                     \
     .values = (row_values),                                                                       \
     .initial = (row_initial),                                                                     \
     .help = (row_help),                                                                           \
     .module = "",                                                                                 \
     .deprecated = "",                                                                             \
     .set = model_set_##setter},

static const struct directive directives[] = {
#define HTTP_DIRECTIVE(name, ...) FIELD_ROW(settings, GROUP_HTTP, SETTING_##name, name, __VA_ARGS__)
#define GRPC_DIRECTIVE(suffix, ...) HTTP_DIRECTIVE(grpc_##suffix, __VA_ARGS__)
#define SERVER_DIRECTIVE(name, ...)                                                                \
    FIELD_ROW(server_settings, GROUP_SERVER, SERVER_SETTING_##name, name, __VA_ARGS__)
#define PROCESS_DIRECTIVE(name, ...)                                                               \
    FIELD_ROW(process_settings, GROUP_PROCESS, 0, name, __VA_ARGS__)
#define UPSTREAM_DIRECTIVE(name, ...) FIELD_ROW(upstream, GROUP_UPSTREAM, 0, name, __VA_ARGS__)
#define PLAIN_DIRECTIVE(id, row_name, row_contexts, min, max, row_form, setter, row_state,         \
                        row_help)                                                                  \
    {.name = (row_name),                                                                           \
     .contexts = (row_contexts),                                                                   \
     .min_arguments = (min),                                                                       \
     .max_arguments = (max),                                                                       \
     .argument_counts = "",                                                                        \
     .syntax = "",                                                                                 \
     .form = FORM_##row_form,                                                                      \
     .state = STATE_##row_state,                                                                   \
     .group = GROUP_PLAIN,                                                                         \
     .values = "",                                                                                 \
     .initial = "",                                                                                \
     .help = (row_help),                                                                           \
     .module = "",                                                                                 \
     .deprecated = "",                                                                             \
     .set = model_set_##setter},
#include "directives.def"
#define KNOWN_DIRECTIVE(row_name, row_module, row_contexts, min, max, counts, row_syntax, kind,    \
                        row_deprecated, commercial, is_off)                                        \
    {.name = (row_name),                                                                           \
     .contexts = (row_contexts),                                                                   \
     .min_arguments = (min),                                                                       \
     .max_arguments = (max),                                                                       \
     .argument_counts = (counts),                                                                  \
     .syntax = (row_syntax),                                                                       \
     .form = LISTED_##kind,                                                                        \
     .state = STATE_KNOWN,                                                                         \
     .group = GROUP_LISTED,                                                                        \
     .values = "",                                                                                 \
     .initial = "",                                                                                \
     .help = "",                                                                                   \
     .module = (row_module),                                                                       \
     .deprecated = (row_deprecated),                                                               \
     .is_commercial = (commercial),                                                                \
     .is_off_by_default = (is_off),                                                                \
     .set = model_set_listed},
#include "known_directives.inc"
#undef KNOWN_DIRECTIVE
};

#define DIRECTIVE_COUNT (sizeof directives / sizeof directives[0])

/* Rows with a meaning here come first, then nginx's table, sorted by name. The rows of its blocks'
 * free lines are the last ones. */
enum row_position {
#define HTTP_DIRECTIVE(name, ...) OWN_ROW_HTTP_##name,
#define GRPC_DIRECTIVE(suffix, ...) OWN_ROW_GRPC_##suffix,
#define SERVER_DIRECTIVE(name, ...) OWN_ROW_SERVER_##name,
#define PROCESS_DIRECTIVE(name, ...) OWN_ROW_PROCESS_##name,
#define UPSTREAM_DIRECTIVE(name, ...) OWN_ROW_UPSTREAM_##name,
#define PLAIN_DIRECTIVE(id, ...) OWN_ROW_PLAIN_##id,
#include "directives.def"
    OWN_COUNT,
};

#define FORM_IS_PREFIX_PLAIN false
#define FORM_IS_PREFIX_PREFIX true
#define CHOSEN_CLIENT "the client"
#define CHOSEN_PARTLY "the client, within limits"
#define CHOSEN_SERVER "the server"
const struct builtin_variable catalogue_builtin_variables[TABLE_variable_id_COUNT] = {
#define VARIABLE(id, name, form, provider, control, characters, help)                              \
    [VARIABLE_##id] = {(name), FORM_IS_PREFIX_##form, CHOSEN_##control, (help)},
#include "variables.def"
#undef VARIABLE
};

static const struct known_variable known_variables[] = {
#define KNOWN_VARIABLE(name, is_prefix, control, may_hold_newline)                                 \
    {(name), (is_prefix), (control), (may_hold_newline)},
#include "known_variables.inc"
#undef KNOWN_VARIABLE
};

#define KNOWN_VARIABLE_COUNT (sizeof known_variables / sizeof known_variables[0])

/* Besides these, every variable of the ssl module may be given a value in nginx. */
static const struct slice changeable_variables[] = {
    SLICE_INIT("args"),           SLICE_INIT("limit_rate"), SLICE_INIT("ancient_browser"),
    SLICE_INIT("modern_browser"), SLICE_INIT("msie"),       SLICE_INIT("invalid_referer"),
    SLICE_INIT("uid_reset"),      SLICE_INIT("proxy_host"), SLICE_INIT("proxy_port"),
};

struct context_name {
    uint32_t context;
    const char *name;
};

static const struct context_name context_names[] = {
    {C_MAIN, "main (the top level)"},
    {C_EVENTS, "events"},
    {C_HTTP, "http"},
    {C_SERVER, "server"},
    {C_LOCATION, "location"},
    {C_IF_SERVER, "if in server"},
    {C_IF_LOCATION, "if in location"},
    {C_LIMIT_EXCEPT, "limit_except"},
    {C_UPSTREAM, "upstream"},
    {C_STREAM, "stream"},
    {C_STREAM_SERVER, "server in stream"},
    {C_STREAM_UPSTREAM, "upstream in stream"},
    {C_MAIL, "mail"},
    {C_MAIL_SERVER, "server in mail"},
    {C_TYPES, "types"},
    {C_MAP, "map"},
    {C_GEO, "geo"},
    {C_SPLIT_CLIENTS, "split_clients"},
    {C_CHARSET_MAP, "charset_map"},
    {C_NUM_MAP, "num_map"},
    {C_MATCH, "match"},
    {C_MGMT, "mgmt"},
    {C_ACME_ISSUER, "acme_issuer"},
    {C_OIDC_PROVIDER, "oidc_provider"},
    {C_OTEL_EXPORTER, "otel_exporter"},
    {C_STREAM_MAP, "map in stream"},
    {C_STREAM_GEO, "geo in stream"},
    {C_STREAM_SPLIT_CLIENTS, "split_clients in stream"},
    {C_STREAM_NUM_MAP, "num_map in stream"},
    {C_STREAM_MATCH, "match in stream"},
};

#define CONTEXT_COUNT (sizeof context_names / sizeof context_names[0])

size_t catalogue_directive_count(void) {
    return DIRECTIVE_COUNT;
}

const struct directive *catalogue_directive(size_t index) {
    return &directives[index];
}

size_t catalogue_known_variable_count(void) {
    return KNOWN_VARIABLE_COUNT;
}

const struct known_variable *catalogue_known_variable(size_t index) {
    return &known_variables[index];
}

bool catalogue_variable_is_changeable(struct slice name) {
    for (size_t i = 0; i < sizeof changeable_variables / sizeof changeable_variables[0]; i++) {
        if (slice_equals(name, changeable_variables[i])) {
            return true;
        }
    }
    return slice_starts_with(name, SLICE("ssl_"));
}

/* Maps hold pointers to things that may change; these tables do not, and nobody writes through
 * what is taken out of these maps. */
static void *constant_value(const void *value) {
    return (void *)(uintptr_t)value;
}

static struct slice directive_name(size_t index) {
    return slice_from_string(directives[index].name);
}

/* Behind the last row of nginx's table that has a real name. */
static size_t listed_end(void) {
    size_t end = DIRECTIVE_COUNT;
    while (end > OWN_COUNT && directives[end - 1].name[0] == '(') {
        end--;
    }
    return end;
}

/* The first row of nginx's table with that name, or where it would be. */
static size_t search_listed(struct slice name) {
    size_t low = OWN_COUNT;
    size_t high = listed_end();
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(directive_name(middle), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void add_row(const struct catalogue *catalogue, struct directive_chain *chain,
                    const struct directive *row) {
    VECTOR_PUSH(catalogue->arena, &chain->rows, row);
    chain->contexts |= row->contexts;
}

/* Remembers the rows that begin at `first` and have its name. */
static struct directive_chain *add_chain(const struct catalogue *catalogue, size_t first) {
    struct directive_chain *chain = arena_require(catalogue->arena, sizeof *chain);
    struct slice name = directive_name(first);
    for (size_t i = first; i < DIRECTIVE_COUNT && slice_equals(directive_name(i), name); i++) {
        add_row(catalogue, chain, &directives[i]);
    }
    map_set(catalogue->directives, name, chain);
    return chain;
}

/* A row with a meaning here comes before those of nginx's table with the same name. */
static void add_own_row(const struct catalogue *catalogue, size_t index) {
    struct slice name = directive_name(index);
    struct directive_chain *chain = map_find(catalogue->directives, name);
    if (chain != NULL) {
        add_row(catalogue, chain, &directives[index]);
        return;
    }
    chain = arena_require(catalogue->arena, sizeof *chain);
    add_row(catalogue, chain, &directives[index]);
    map_set(catalogue->directives, name, chain);
}

static void add_listed_rows(const struct catalogue *catalogue, const struct map_entry *entry) {
    for (size_t i = search_listed(entry->key);
         i < DIRECTIVE_COUNT && slice_equals(directive_name(i), entry->key); i++) {
        add_row(catalogue, entry->value, &directives[i]);
    }
}

void catalogue_init(struct catalogue *catalogue, struct arena *arena) {
    *catalogue = (struct catalogue){.arena = arena};
    catalogue->directives = arena_require(arena, sizeof *catalogue->directives);
    map_init(catalogue->directives, arena);
    for (size_t i = 0; i < OWN_COUNT; i++) {
        add_own_row(catalogue, i);
    }
    for (size_t i = 0; i < catalogue->directives->count; i++) {
        add_listed_rows(catalogue, &catalogue->directives->entries[i]);
    }
    (void)add_chain(catalogue, listed_end());
    map_init(&catalogue->builtins, arena);
    for (size_t i = 0; i < TABLE_variable_id_COUNT; i++) {
        const struct builtin_variable *variable = &catalogue_builtin_variables[i];
        if (!variable->is_prefix) {
            map_set(&catalogue->builtins, slice_from_string(variable->name),
                    constant_value(variable));
        }
    }
}

const struct builtin_variable *catalogue_find_builtin(const struct catalogue *catalogue,
                                                      struct slice name) {
    const struct builtin_variable *found = map_find(&catalogue->builtins, name);
    bool is_prefixed = found == NULL;
    size_t longest = 0;
    for (size_t i = 0; is_prefixed && i < TABLE_variable_id_COUNT; i++) {
        const struct builtin_variable *candidate = &catalogue_builtin_variables[i];
        struct slice prefix = slice_from_string(candidate->name);
        if (candidate->is_prefix && prefix.size > longest && slice_starts_with(name, prefix)) {
            longest = prefix.size;
            found = candidate;
        }
    }
    return found;
}

const struct known_variable *catalogue_find_known(struct slice name) {
    const struct known_variable *known = catalogue_find_known_variable(name);
    for (size_t i = 0; known == NULL && i < KNOWN_VARIABLE_COUNT; i++) {
        if (known_variables[i].is_prefix &&
            slice_starts_with(name, slice_from_string(known_variables[i].name))) {
            known = &known_variables[i];
        }
    }
    return known;
}

const struct known_variable *catalogue_find_known_variable(struct slice name) {
    size_t low = 0;
    size_t high = KNOWN_VARIABLE_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(slice_from_string(known_variables[middle].name), name);
        if (order == 0) {
            return known_variables[middle].is_prefix ? NULL : &known_variables[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct directive_chain *catalogue_find(const struct catalogue *catalogue, struct slice name) {
    const struct directive_chain *chain = map_find(catalogue->directives, name);
    if (chain != NULL) {
        return chain;
    }
    size_t first = search_listed(name);
    bool is_listed = first < DIRECTIVE_COUNT && slice_equals(directive_name(first), name);
    return is_listed ? add_chain(catalogue, first) : NULL;
}

const struct directive *catalogue_find_in(const struct catalogue *catalogue, struct slice name,
                                          uint32_t context) {
    const struct directive_chain *chain = catalogue_find(catalogue, name);
    for (size_t i = 0; chain != NULL && i < chain->rows.count; i++) {
        if ((chain->rows.items[i]->contexts & context) != 0) {
            return chain->rows.items[i];
        }
    }
    return NULL;
}

const struct directive *catalogue_find_entry(const struct catalogue *catalogue, uint32_t context) {
    return catalogue_find_in(catalogue, SLICE("(entry)"), context);
}

struct slice catalogue_nearest_directive(const struct catalogue *catalogue, struct slice name,
                                         uint32_t context) {
    VECTOR_OF(struct slice) candidates = {0};
    size_t end = listed_end();
    for (size_t i = 0; i < end; i++) {
        if ((directives[i].contexts & context) != 0) {
            VECTOR_PUSH(catalogue->arena, &candidates, directive_name(i));
        }
    }
    struct slice nearest = nearest_name(name, candidates.items, candidates.count);
    if (nearest.size == 0 && context != C_ANY) {
        return catalogue_nearest_directive(catalogue, name, C_ANY);
    }
    return nearest;
}

struct slice catalogue_context_names(struct arena *arena, uint32_t contexts) {
    if ((contexts & C_ANY) == C_ANY) {
        return SLICE("any block");
    }
    struct text text;
    text_init(&text, arena);
    for (size_t i = 0; i < CONTEXT_COUNT; i++) {
        uint32_t bit = context_names[i].context;
        if ((contexts & bit) == 0) {
            continue;
        }
        contexts &= ~bit;
        if (text.size > 0) {
            text_format(&text, "%s", contexts == 0 ? " or " : ", ");
        }
        text_format(&text, "%s", context_names[i].name);
    }
    return text_slice(&text);
}

const char *catalogue_syntax(const struct directive_chain *chain, uint32_t contexts) {
    for (size_t i = 0; i < chain->rows.count; i++) {
        const struct directive *row = chain->rows.items[i];
        if (row->syntax[0] != '\0' && (row->contexts & contexts) != 0) {
            return row->syntax;
        }
    }
    return "";
}

struct slice catalogue_argument_text(struct arena *arena, const struct directive *directive) {
    uint32_t min = directive->min_arguments;
    uint32_t max = directive->max_arguments;
    if (max == 0) {
        return SLICE("no arguments");
    }
    if (max == MANY) {
        return arena_format(arena, "at least %u argument%s", min, min == 1 ? "" : "s");
    }
    if (min == max) {
        return arena_format(arena, "%u argument%s", min, min == 1 ? "" : "s");
    }
    bool is_pair = max == min + 1 || strcmp(directive->argument_counts, "1,3") == 0;
    return arena_format(arena, "%u %s %u arguments", min, is_pair ? "or" : "to", max);
}

struct slice catalogue_obsolete_advice(const struct directive *directive) {
    static const struct slice mark = SLICE_INIT("obsolete: ");
    struct slice help = slice_from_string(directive->help);
    return slice_starts_with(help, mark) ? slice_skip(help, mark.size) : (struct slice){0};
}

/* Counts are single digits, joined by commas. */
bool catalogue_takes_count(const struct directive *directive, uint32_t count) {
    if (count < directive->min_arguments || count > directive->max_arguments) {
        return false;
    }
    const char *counts = directive->argument_counts;
    if (counts[0] == '\0' || directive->max_arguments == MANY) {
        return true;
    }
    return count <= 9 && strchr(counts, (int)('0' + count)) != NULL;
}
