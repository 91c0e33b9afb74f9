/* rpc explain: what the project's own tables say of a rule, a kind of error, a directive or a
 * variable. */
#include "cli/explain.h"
#include "cli/finding_kind.h"

#include "check/check.h"
#include "model/catalogue.h"

#include <string.h>

static const char help[] =
    "Without an argument it lists the rules of rpc lint. RPC0100 and the like are the numbers of\n"
    "errors; any directive of nginx's may be named, and any variable, as in '$uri'.\n"
    "\n"
    "  -m, --markdown        print the page of docs/rules: of a rule, or the one that lists them\n"
    "  -h, --help            this text\n";

/* RPC0100, rpc100 or 100. */
static bool explain_error(struct arena *arena, struct slice name) {
    bool has_letters = slice_starts_with_nocase(name, SLICE("RPC"));
    size_t kind =
        finding_kind_find(has_letters ? name : arena_format(arena, "RPC%.*s", SLICE_ARGS(name)));
    if (kind >= FINDING_KIND_COUNT) {
        return false;
    }
    printf("%s (error in the input)\n", finding_kind_name(arena, kind).data);
    explain_wrapped(slice_from_string(finding_kind_get(kind).summary), 2);
    return true;
}

/* "Values: a, b or c" of "a|b|c". */
static void print_choices(const char *values) {
    struct slice rest = slice_from_string(values);
    const char *before = "Values: ";
    while (rest.size > 0) {
        size_t size = slice_find_byte(rest, '|');
        printf("%s%.*s", before, (int)size, rest.data);
        rest = slice_skip(rest, size + 1);
        before = slice_find_byte(rest, '|') == rest.size ? " or " : ", ";
    }
    putchar('\n');
}

static void print_state(bool is_run) {
    printf("State: %s\n",
           is_run ? "compiled and run by rpcd" : "checked by rpc lint; rpcd does not run it yet");
}

/* One statement a line; what follows "; " is the next one. */
static void print_syntax(const char *syntax) {
    struct slice rest = slice_from_string(syntax);
    for (const char *title = "Syntax: "; rest.size > 0; title = "        ") {
        const char *end = strstr(rest.data, "; ");
        size_t size = end == NULL ? rest.size : (size_t)(end - rest.data) + 1;
        printf("%s%.*s\n", title, (int)size, rest.data);
        rest = slice_skip(rest, size + 1);
    }
}

static void print_row(struct arena *arena, const struct directive *row, const char *syntax) {
    struct slice contexts = catalogue_context_names(arena, row->contexts);
    printf("\nWhere: %.*s\n", SLICE_ARGS(contexts));
    if (syntax[0] != '\0') {
        print_syntax(syntax);
    } else {
        struct slice arguments = catalogue_argument_text(arena, row);
        printf("Takes: %.*s%s\n", SLICE_ARGS(arguments),
               row->form == FORM_BLOCK ? " and a block" : "");
    }
    bool is_flag = row->form == FORM_FLAG || row->storage == STORAGE_FLAG;
    if (is_flag && syntax[0] == '\0') {
        printf("Values: on or off\n");
    } else if (row->values != NULL && row->values[0] != '\0') {
        print_choices(row->values);
    }
    if (row->initial != NULL && row->initial[0] != '\0') {
        printf("Default: %s\n", row->initial);
    }
    print_state(row->state == STATE_RUN);
    if (row->group == GROUP_LISTED) {
        printf("Module: %s%s\n", row->module, row->is_commercial ? " (commercial)" : "");
    }
    if (strncmp(row->deprecated, "yes", 3) == 0) {
        printf("Deprecated%s%s\n", row->deprecated[3] == ':' ? ", use instead: " : "",
               row->deprecated[3] == ':' ? row->deprecated + 4 : "");
    }
}

static bool explain_directive(struct arena *arena, const struct catalogue *catalogue,
                              struct slice name) {
    const struct directive_chain *chain = catalogue_find(catalogue, name);
    if (chain == NULL) {
        return false;
    }
    printf("%.*s (directive)\n", SLICE_ARGS(name));
    uint32_t told = 0;
    for (size_t i = 0; i < chain->rows.count; i++) {
        const struct directive *row = chain->rows.items[i];
        if ((row->contexts & ~told) == 0) { /* nginx's table has ours too */
            continue;
        }
        told |= row->contexts;
        if (row->help != NULL && row->help[0] != '\0') {
            explain_wrapped(slice_from_string(row->help), 2);
        }
        print_row(arena, row, catalogue_syntax(chain, row->contexts));
    }
    if (slice_equals(name, SLICE("tls_profile"))) {
        explain_profiles();
    }
    return true;
}

static bool explain_builtin(const struct catalogue *catalogue, struct slice name) {
    const struct builtin_variable *variable = catalogue_find_builtin(catalogue, name);
    if (variable == NULL) {
        return false;
    }
    printf("$%s%s (variable)\n", variable->name, variable->is_prefix ? "NAME" : "");
    explain_wrapped(slice_from_string(variable->help), 2);
    printf("\nChosen by: %s\n", variable->chosen);
    print_state(true);
    return true;
}

static bool explain_known(struct slice name) {
    static const char *const chosen[] = {[CONTROL_SERVER] = "the server",
                                         [CONTROL_PARTLY] = "the client, within limits",
                                         [CONTROL_CLIENT] = "the client"};
    const struct known_variable *variable = catalogue_find_known(name);
    if (variable == NULL) {
        return false;
    }
    printf("$%s%s (variable)\n\nChosen by: %s\n", variable->name, variable->is_prefix ? "NAME" : "",
           chosen[variable->control]);
    print_state(false);
    return true;
}

static bool explain_capture(struct slice name) {
    if (name.size != 1 || name.data[0] < '1' || name.data[0] > '9') {
        return false;
    }
    printf("$%.*s (capture)\n", SLICE_ARGS(name));
    explain_wrapped(
        SLICE("what this group of the latest regular expression that matched holds: of a "
              "server name, a location, a rewrite or an if; in a map, of the line"),
        2);
    return true;
}

/* $name or ${name}; directives may have the same names. */
static bool explain_variable(const struct catalogue *catalogue, struct slice word) {
    if (!slice_starts_with(word, SLICE("$"))) {
        return false;
    }
    struct slice name = slice_skip(word, 1);
    if (slice_starts_with(name, SLICE("{")) && slice_ends_with(name, SLICE("}"))) {
        name = slice_take(slice_skip(name, 1), name.size - 2);
    }
    return explain_builtin(catalogue, name) || explain_known(name) || explain_capture(name);
}

/* Everything that has an explanation, for suggestions. */
struct names {
    VECTOR_OF(struct slice) items;
};

static struct names collect_names(struct arena *arena, bool is_variable) {
    struct names names = {0};
    for (size_t i = 0; is_variable && i < TABLE_variable_id_COUNT; i++) {
        VECTOR_PUSH(arena, &names.items,
                    arena_format(arena, "$%s", catalogue_builtin_variables[i].name));
    }
    for (size_t i = 0; is_variable && i < catalogue_known_variable_count(); i++) {
        VECTOR_PUSH(arena, &names.items,
                    arena_format(arena, "$%s", catalogue_known_variable(i)->name));
    }
    for (size_t i = 0; !is_variable && i < RULE_COUNT; i++) {
        VECTOR_PUSH(arena, &names.items, slice_from_string(check_rules[i].slug));
    }
    for (size_t i = 0; !is_variable && i < catalogue_directive_count(); i++) {
        VECTOR_PUSH(arena, &names.items, slice_from_string(catalogue_directive(i)->name));
    }
    return names;
}

static void suggest(struct arena *arena, const struct catalogue *catalogue, struct slice word) {
    bool is_variable = slice_starts_with(word, SLICE("$"));
    if (catalogue_find_builtin(catalogue, word) != NULL || catalogue_find_known(word) != NULL) {
        fprintf(stderr, "Did you mean \"rpc explain '$%.*s'\"?\n", SLICE_ARGS(word));
        return;
    }
    struct names names = collect_names(arena, is_variable);
    struct slice nearest = nearest_name(word, names.items.items, names.items.count);
    const char *quote = is_variable ? "'" : ""; /* from the shell */
    if (nearest.size > 0) {
        fprintf(stderr, "Did you mean \"rpc explain %s%.*s%s\"?\n", quote, SLICE_ARGS(nearest),
                quote);
    }
}

static enum outcome fail_unknown(const struct command *command, struct arena *arena,
                                 const struct catalogue *catalogue, struct slice word) {
    if (slice_starts_with(word, SLICE("$"))) {
        cli_error(command, "\"%.*s\" is no variable of nginx's own", SLICE_ARGS(word));
    } else {
        cli_error(command, "\"%.*s\" is no rule, directive, variable or error", SLICE_ARGS(word));
    }
    suggest(arena, catalogue, word);
    return OUTCOME_FAILED;
}

static enum outcome explain(const struct command *command, struct arena *arena, const char *word) {
    struct slice name = slice_from_string(word);
    const struct rule *rule = check_find_rule(name);
    if (rule != NULL) {
        explain_rule(rule);
        return OUTCOME_CLEAN;
    }
    struct catalogue catalogue;
    catalogue_init(&catalogue, arena);
    if (explain_directive(arena, &catalogue, name) || explain_error(arena, name) ||
        explain_variable(&catalogue, name)) {
        return OUTCOME_CLEAN;
    }
    return fail_unknown(command, arena, &catalogue, name);
}

static enum outcome explain_page(const struct command *command, const char *word) {
    if (word == NULL) {
        explain_rules_page();
        return OUTCOME_CLEAN;
    }
    const struct rule *rule = check_find_rule(slice_from_string(word));
    if (rule == NULL) {
        return cli_error(command, "\"%s\" is no rule: only rules have a page", word);
    }
    explain_rule_page(rule);
    return OUTCOME_CLEAN;
}

enum outcome command_explain(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {
        {"markdown", no_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool is_page = false;
    int option;
    while ((option = getopt_long(argc, argv, ":mh", known, NULL)) != -1) {
        if (option == 'h') {
            return cli_print_help(command, help);
        }
        if (option != 'm') {
            return cli_option_error(command, option, argv);
        }
        is_page = true;
    }
    if (argc - optind > 1) {
        return cli_usage_error(command, "more than one word is given");
    }
    if (is_page) {
        return explain_page(command, argv[optind]);
    }
    if (optind == argc) {
        explain_rule_list();
        return OUTCOME_CLEAN;
    }
    struct arena arena;
    arena_init(&arena, 1u << 16);
    enum outcome outcome = explain(command, &arena, argv[optind]);
    arena_release(&arena);
    return outcome;
}
