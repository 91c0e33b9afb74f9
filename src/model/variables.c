/* Variables: which names the configuration defines, and what each reference means. Names are
 * looked up once everything is read, so that the order of definition and use does not matter. */
#include "model/reading.h"

struct config_variable *variable_intern(struct model *model, struct slice name) {
    struct slice lower = text_lower(model, name);
    struct config_variable *variable = map_find(&model->variables_by_name, lower);
    if (variable == NULL) {
        variable = arena_require(model->arena, sizeof *variable);
        variable->name = lower;
        map_set(&model->variables_by_name, lower, variable);
    }
    return variable;
}

static bool is_builtin(const struct model *model, struct slice name) {
    const struct catalogue *catalogue = &model->reading->catalogue;
    return map_find(&catalogue->builtins, name) != NULL ||
           catalogue_find_known_variable(name) != NULL;
}

static bool is_readable_name(struct slice name) {
    for (size_t i = 0; i < name.size; i++) {
        char c = byte_lower(name.data[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_')) {
            return false;
        }
    }
    return !(name.size == 1 && name.data[0] >= '1' && name.data[0] <= '9');
}

struct config_variable *variable_define(struct model *model, struct slice name, struct span span,
                                        struct variable_definition definition) {
    struct config_variable *variable = variable_intern(model, name);
    if (is_builtin(model, variable->name)) {
        if (catalogue_variable_is_changeable(variable->name)) {
            refuse(model, definition.statement, span, "setting the variable \"$%.*s\"",
                   SLICE_ARGS(variable->name));
            return NULL;
        }
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_READ_ONLY_VARIABLE, span,
                             "\"$%.*s\" is a variable of nginx's own and cannot be given a value",
                             SLICE_ARGS(variable->name));
        diagnostic_help(model->arena, diagnostic, "choose another name");
        return NULL;
    }
    VECTOR_PUSH(model->arena, &variable->definitions, definition);
    return variable;
}

bool variable_name(struct model *model, const struct word *word, struct slice *name) {
    struct diagnostic *diagnostic;
    bool has_dollar = slice_starts_with(word->text, SLICE("$"));
    if (!has_dollar || word->text.size < 2) {
        diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VARIABLE, word->span,
                             "\"%.*s\" is not the name of a variable", SLICE_ARGS(word->text));
        diagnostic_help(
            model->arena, diagnostic, "write \"$%.*s\"",
            SLICE_ARGS(has_dollar || word->text.size == 0 ? SLICE("name") : word->text));
        return false;
    }
    *name = slice_skip(word->text, 1);
    if (!is_readable_name(*name)) {
        diagnostic = diagnostic_add(
            model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VARIABLE, word->span,
            "no reference can ever name the variable \"%.*s\"", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic,
                        "a name holds letters, digits and '_'; $1 to $9 are captures");
    }
    return true;
}

static void set_builtin(struct template_part *part, enum variable_id id) {
    part->kind = PART_BUILTIN;
    part->id = id;
    part->variable = NULL;
    if (catalogue_builtin_variables[id].is_prefix) {
        struct slice prefix = slice_from_string(catalogue_builtin_variables[id].name);
        part->suffix = slice_skip(part->text, prefix.size);
    }
}

static void set_known(struct model *model, struct template_part *part,
                      const struct known_variable *known) {
    part->kind = PART_KNOWN;
    part->known = known;
    part->variable = NULL;
    refuse(model, NULL, part->span, "variable \"$%.*s\"", SLICE_ARGS(part->text));
}

static struct slice nearest_variable(const struct model *model, struct slice name) {
    VECTOR_OF(struct slice) names = {0};
    const struct map *config = &model->variables_by_name;
    for (size_t i = 0; i < config->count; i++) {
        const struct config_variable *variable = config->entries[i].value;
        if (variable->definitions.count > 0) {
            VECTOR_PUSH(model->arena, &names, variable->name);
        }
    }
    for (size_t i = 0; i < TABLE_variable_id_COUNT; i++) {
        VECTOR_PUSH(model->arena, &names, slice_from_string(catalogue_builtin_variables[i].name));
    }
    for (size_t i = 0; i < catalogue_known_variable_count(); i++) {
        VECTOR_PUSH(model->arena, &names, slice_from_string(catalogue_known_variable(i)->name));
    }
    return nearest_name(name, names.items, names.count);
}

/* Beyond this many, similar names are not looked for: it is the slow part. */
#define MOST_SUGGESTIONS 20

static bool is_capture(struct slice name) {
    return name.size == 1 && name.data[0] >= '1' && name.data[0] <= '9';
}

static void report_capture(struct model *model, const struct template_part *part) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_VARIABLE, part->span,
                         "there is no variable named \"%.*s\"", SLICE_ARGS(part->text));
    diagnostic_help(
        model->arena, diagnostic,
        "a capture is written $%.*s, without braces; log formats have none: there, name "
        "the group by (?<name>...) and write $name",
        SLICE_ARGS(part->text));
}

/* In a snippet the definition may well be in the part that is not there: only what looks like a
 * typing mistake is worth a word then, and nothing is known about the value. */
static void report_undefined(struct model *model, struct template_part *part, size_t *reported) {
    struct slice nearest = {NULL, 0};
    if (is_capture(part->text)) {
        report_capture(model, part);
        return;
    }
    if ((*reported)++ < MOST_SUGGESTIONS) {
        nearest = nearest_variable(model, part->text);
    }
    if (model->is_snippet) {
        struct variable_definition definition = {.kind = DEFINED_ELSEWHERE};
        if (part->variable->definitions.count == 0) {
            VECTOR_PUSH(model->arena, &part->variable->definitions, definition);
        }
        if (nearest.size == 0) {
            return;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, model->is_snippet ? SEVERITY_WARNING : SEVERITY_ERROR,
                       DIAGNOSTIC_UNKNOWN_VARIABLE, part->span, "unknown variable \"$%.*s\"",
                       SLICE_ARGS(part->text));
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"$%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "define it with set, map or a named capture, or put text that is not a "
                        "variable's name behind ${...}");
    }
}

/* nginx's order: what the configuration defines, its own variables, prefixes. */
static void resolve_part(struct model *model, struct template_part *part, size_t *reported) {
    if (part->variable->definitions.count > 0) {
        return;
    }
    const struct builtin_variable *builtin =
        catalogue_find_builtin(&model->reading->catalogue, part->text);
    bool is_tlv = builtin == &catalogue_builtin_variables[VARIABLE_PROXY_PROTOCOL_TLV];
    /* nginx's commercial build has some of its own that begin like this. */
    if (builtin != NULL && !(is_tlv && catalogue_find_known_variable(part->text) != NULL)) {
        set_builtin(part, (enum variable_id)(builtin - catalogue_builtin_variables));
        if (is_tlv) {
            proxy_protocol_check_variable(model, part);
        }
        return;
    }
    const struct known_variable *known = catalogue_find_known(part->text);
    if (known != NULL) {
        set_known(model, part, known);
        return;
    }
    report_undefined(model, part, reported);
}

/* Leaves the variables that have a definition, in order of first mention. */
static void keep_defined(struct model *model) {
    struct map mentioned = model->variables_by_name;
    map_init(&model->variables_by_name, model->arena);
    for (size_t i = 0; i < mentioned.count; i++) {
        struct config_variable *variable = mentioned.entries[i].value;
        if (variable->definitions.count > 0) {
            variable->slot = (uint32_t)model->variables.count;
            VECTOR_PUSH(model->arena, &model->variables, variable);
            map_set(&model->variables_by_name, variable->name, variable);
        }
    }
}

void variables_resolve(struct model *model) {
    size_t reported = 0;
    for (size_t i = 0; i < model->reading->references.count; i++) {
        resolve_part(model, model->reading->references.items[i], &reported);
    }
    keep_defined(model);
}
