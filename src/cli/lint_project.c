/* Reading project files: which statement may stand where and with how many words, by the rows of
 * `statements`. All mistakes are reported in one run. */
#include "cli/lint_project.h"

#include "base/text.h"
#include "model/tls_profile.h"
#include "syntax/parse.h"

#include <string.h>

enum { MANY = 1000, ERROR_LIMIT = 100 };

enum context { IN_FILE = 1, IN_EXCEPTION = 2 };

struct reader {
    struct arena *arena;
    struct diagnostic_list *diagnostics;
    struct lint_project *project;
    struct lint_policy *policy; /* that statements are about: the project's or an exception's */
    enum context context;
};

typedef void read_statement(struct reader *reader, const struct statement *statement);

static read_statement read_select;
static read_statement read_ignore;
static read_statement read_fail_on;
static read_statement read_severity;
static read_statement read_nginx_version;
static read_statement read_tls_profile;
static read_statement read_require_reason;
static read_statement read_per_file;

static const struct row {
    const char *name;
    unsigned contexts;
    uint32_t min; /* words behind the name */
    uint32_t max;
    bool has_block;
    read_statement *read;
    const char *usage;
} statements[] = {
    {"select", IN_FILE | IN_EXCEPTION, 1, MANY, false, read_select, "select RULE ...;"},
    {"ignore", IN_FILE | IN_EXCEPTION, 1, MANY, false, read_ignore, "ignore RULE ...;"},
    {"severity", IN_FILE | IN_EXCEPTION, 2, 2, false, read_severity, "severity RULE LEVEL;"},
    {"fail_on", IN_FILE, 1, 1, false, read_fail_on, "fail_on LEVEL;"},
    {"nginx_version", IN_FILE, 1, 1, false, read_nginx_version, "nginx_version 1.24.0;"},
    {"tls_profile", IN_FILE, 1, 1, false, read_tls_profile, "tls_profile NAME;"},
    {"require_reason", IN_FILE, 1, 1, false, read_require_reason, "require_reason on;"},
    {"per_file", IN_FILE, 1, MANY, true, read_per_file, "per_file PATTERN ... { ... }"},
};
enum { STATEMENT_COUNT = sizeof statements / sizeof statements[0] };

static struct diagnostic *report_word(struct reader *reader, enum diagnostic_code code,
                                      const struct word *word, const char *problem) {
    return diagnostic_error(reader->diagnostics, code, word->span, "%s \"%.*s\"", problem,
                            SLICE_ARGS(word->text));
}

static void suggest(struct reader *reader, struct diagnostic *diagnostic, struct slice nearest) {
    if (nearest.size > 0) {
        diagnostic_help(reader->arena, diagnostic, "did you mean \"%.*s\"?", SLICE_ARGS(nearest));
    }
}

/* --- one statement --- */

static const struct row *find_row(struct slice name) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (slice_equals(name, slice_from_string(statements[i].name))) {
            return &statements[i];
        }
    }
    return NULL;
}

static void report_unknown(struct reader *reader, const struct word *name) {
    struct slice names[STATEMENT_COUNT];
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        names[i] = slice_from_string(statements[i].name);
    }
    suggest(reader,
            report_word(reader, DIAGNOSTIC_UNKNOWN_PROJECT_STATEMENT, name,
                        "project files have no statement"),
            nearest_name(name->text, names, STATEMENT_COUNT));
}

static void report_form(struct reader *reader, const struct statement *statement,
                        const struct row *row, const char *problem) {
    struct diagnostic *diagnostic =
        diagnostic_error(reader->diagnostics, DIAGNOSTIC_INVALID_PROJECT_STATEMENT,
                         statement->words[0].span, "\"%s\" %s", row->name, problem);
    diagnostic_help(reader->arena, diagnostic, "write \"%s\"", row->usage);
}

static void read(struct reader *reader, const struct statement *statement) {
    const struct row *row = find_row(statement_name(statement));
    uint32_t count = statement_argument_count(statement);
    if (row == NULL) {
        report_unknown(reader, &statement->words[0]);
    } else if ((row->contexts & reader->context) == 0) {
        report_form(reader, statement, row, "holds for all files: it cannot stand in \"per_file\"");
    } else if (count < row->min) {
        report_form(reader, statement, row, "has too few words");
    } else if (count > row->max) {
        report_form(reader, statement, row, "has too many words");
    } else if (row->has_block != (statement->block != NULL)) {
        report_form(reader, statement, row, row->has_block ? "needs a block" : "takes no block");
    } else {
        row->read(reader, statement);
    }
}

static void read_block(struct reader *reader, struct block *block) {
    struct tree_walk walk = tree_walk_begin(block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        read(reader, s);
    }
}

/* --- what statements mean --- */

static void report_rule(struct reader *reader, const struct word *word) {
    suggest(reader,
            report_word(reader, DIAGNOSTIC_UNKNOWN_RULE, word, "no rule or family is called"),
            finding_kind_nearest(reader->arena, word->text));
}

static void read_rules(struct reader *reader, const struct statement *statement,
                       struct kind_set *set) {
    for (uint32_t i = 0; i < statement_argument_count(statement); i++) {
        const struct word *word = statement_argument(statement, i);
        if (!kind_set_add(set, word->text)) {
            report_rule(reader, word);
        }
    }
}

static void read_select(struct reader *reader, const struct statement *statement) {
    reader->policy->has_selection = true;
    read_rules(reader, statement, &reader->policy->selected);
}

static void read_ignore(struct reader *reader, const struct statement *statement) {
    read_rules(reader, statement, &reader->policy->ignored);
}

static void report_value(struct reader *reader, const struct word *word, const char *wanted) {
    struct diagnostic *diagnostic =
        report_word(reader, DIAGNOSTIC_INVALID_PROJECT_STATEMENT, word, "no such value:");
    diagnostic_help(reader->arena, diagnostic, "write %s", wanted);
}

static void read_fail_on(struct reader *reader, const struct statement *statement) {
    const struct word *word = statement_argument(statement, 0);
    if (!lint_read_level(word->text, true, &reader->policy->fail_level)) {
        report_value(reader, word, "error, warning, info, note or none");
    }
    reader->policy->has_fail_level = true;
}

static void read_severity(struct reader *reader, const struct statement *statement) {
    const struct word *rule = statement_argument(statement, 0);
    const struct word *level = statement_argument(statement, 1);
    struct kind_set set = {0};
    int severity = 0;
    if (!kind_set_add(&set, rule->text)) {
        report_rule(reader, rule);
    }
    if (!lint_read_level(level->text, false, &severity)) {
        report_value(reader, level, "error, warning, info or note");
    }
    for (size_t kind = 0; kind < FINDING_KIND_COUNT; kind++) {
        if (set.has[kind]) {
            reader->policy->severities[kind] = (unsigned char)(severity + 1);
        }
    }
}

bool lint_read_version(struct slice text, uint32_t *version) {
    static const uint64_t limits[] = {999, 999, 999};
    uint32_t number = 0;
    for (size_t i = 0; i < 3; i++) {
        uint64_t part = 0;
        struct slice digits = slice_take(text, slice_find_byte(text, '.'));
        if ((i < 2 || text.size > 0) && !slice_parse_u64(digits, limits[i], &part)) {
            return false;
        }
        bool ends_with_dot = digits.size + 1 == text.size;
        number = number * 1000 + (uint32_t)part;
        text = slice_skip(text, digits.size + 1);
        if (ends_with_dot) {
            return false;
        }
    }
    *version = number;
    return text.size == 0 && number > 0;
}

static void read_nginx_version(struct reader *reader, const struct statement *statement) {
    const struct word *word = statement_argument(statement, 0);
    if (!lint_read_version(word->text, &reader->project->nginx_version)) {
        report_value(reader, word, "a version such as 1.24.0");
    }
}

const char *lint_find_profile(struct slice name) {
    for (size_t i = 0; i < tls_profile_row_count; i++) {
        const char *profile = tls_profile_rows[i].profile;
        if (profile != NULL && slice_equals(name, slice_from_string(profile))) {
            return profile;
        }
    }
    return NULL;
}

static void read_tls_profile(struct reader *reader, const struct statement *statement) {
    const struct word *word = statement_argument(statement, 0);
    reader->project->tls_profile = lint_find_profile(word->text);
    if (reader->project->tls_profile == NULL) {
        report_value(reader, word, "modern, intermediate or old");
    }
}

static void read_require_reason(struct reader *reader, const struct statement *statement) {
    const struct word *word = statement_argument(statement, 0);
    reader->project->requires_reasons = slice_equals(word->text, SLICE("on"));
    if (!reader->project->requires_reasons && !slice_equals(word->text, SLICE("off"))) {
        report_value(reader, word, "on or off");
    }
}

/* Several patterns are as many exceptions with the same contents. */
static void read_per_file(struct reader *reader, const struct statement *statement) {
    struct lint_policy policy = {0};
    struct reader inner = *reader;
    inner.policy = &policy;
    inner.context = IN_EXCEPTION;
    read_block(&inner, statement->block);
    for (uint32_t i = 0; i < statement_argument_count(statement); i++) {
        struct slice pattern =
            arena_copy_slice(reader->arena, statement_argument(statement, i)->text);
        VECTOR_PUSH(reader->arena, &reader->project->exceptions,
                    (struct lint_exception){pattern, policy});
    }
}

/* --- the file --- */

void lint_project_fill(struct arena *arena, const struct tree *tree, struct lint_project *project) {
    struct reader reader = {arena, tree->diagnostics, project, &project->policy, IN_FILE};
    read_block(&reader, tree->root);
}

static struct slice directory_of(struct slice path) {
    while (path.size > 0 && path.data[path.size - 1] != '/') {
        path.size--;
    }
    return path;
}

static void print_errors(struct source_set *sources, const struct diagnostic_list *diagnostics) {
    bool colour = cli_wants_colour(stderr);
    diagnostic_sort(diagnostics->all.items, diagnostics->all.count);
    fflush(stdout);
    for (size_t i = 0; i < diagnostics->all.count; i++) {
        diagnostic_print(stderr, sources, diagnostics->all.items[i], colour);
    }
}

struct lint_project *lint_project_read(struct lint_report *report, const char *path,
                                       enum outcome *outcome) {
    struct arena *arena = report->arena;
    struct lint_project *project = arena_require(arena, sizeof *project);
    struct source_set *sources = arena_require(arena, sizeof *sources);
    struct diagnostic_list *diagnostics = arena_require(arena, sizeof *diagnostics);
    const struct parse_options options = {0};
    struct tree tree;
    source_set_init(sources, arena);
    diagnostic_list_init(diagnostics, arena);
    diagnostics->limit = ERROR_LIMIT;
    int error = parse_file(arena, sources, diagnostics, path, &options, &tree);
    if (error != 0) {
        *outcome = cli_error(report->command, "cannot read %s: %s", path, strerror(error));
        return NULL;
    }
    project->path = slice_from_string(path);
    project->directory = directory_of(lint_full_path(report, project->path));
    lint_project_fill(arena, &tree, project);
    if (diagnostics->error_count > 0) {
        print_errors(sources, diagnostics);
        *outcome = OUTCOME_INPUT;
        return NULL;
    }
    return project;
}
