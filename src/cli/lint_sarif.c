/* Findings as a SARIF log, version 2.1.0 (OASIS), which code scanning services read. Every rule is
 * described, whether it found something or not; of the kinds of errors those that occurred.
 * Columns count UTF-16 code units, the format's own default. */
#include "cli/json_text.h"
#include "cli/lint.h"

#include "base/text.h"
#include "cli/rule_example.h"

#include <string.h>

#define SCHEMA                                                                                     \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define PRINT_NAME "rpcFinding/v1"
#define ROOT_NAME "%SRCROOT%"

static const char *const levels[] = {
    [SEVERITY_NOTE] = "note",
    [SEVERITY_INFO] = "note",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error",
};

/* Positions in the array of rules, by kind; -1: not described. */
struct sarif {
    struct lint_report *report;
    json_t *rules;
    json_t *results;
    json_int_t positions[FINDING_KIND_COUNT];
};

static json_t *string(const char *text) {
    return json_text(slice_from_string(text));
}

static json_t *message(struct slice text) {
    json_t *object = json_require(json_object());
    json_put(object, "text", json_text(text));
    return object;
}

/* --- rules --- */

/* "OpenProxy" of "open-proxy". */
static struct slice camel_case(struct arena *arena, const char *slug) {
    struct text name;
    text_init(&name, arena);
    bool is_first = true;
    for (; *slug != '\0'; slug++) {
        char byte = *slug;
        if (is_first && byte >= 'a' && byte <= 'z') {
            byte = (char)(byte - 'a' + 'A');
        }
        is_first = byte == '-';
        if (!is_first) {
            text_add_byte(&name, byte);
        }
    }
    return text_slice(&name);
}

/* A list of links. A helpUri would be that of the rule's own page, which has no address. */
static void add_references(struct text *text, struct slice references) {
    while (references.size > 0) {
        struct slice one = slice_take(references, slice_find_byte(references, ' '));
        references = slice_skip(references, one.size + 1);
        text_format(text, "\n- <%.*s>", SLICE_ARGS(one));
    }
    text_format(text, "\n");
}

static json_t *describe_help(struct arena *arena, const struct rule *rule) {
    const char *bad = rule_example_find(rule->slug, "bad");
    const char *good = rule_example_find(rule->slug, "good");
    struct text text;
    text_init(&text, arena);
    text_format(&text, "%s\n\n", rule->rationale);
    if (bad != NULL) {
        text_format(&text, "Wrong:\n\n```nginx\n%s```\n\n", bad);
    }
    text_format(&text, "%s\n", rule->fix);
    if (good != NULL) {
        text_format(&text, "\nRight:\n\n```nginx\n%s```\n", good);
    }
    add_references(&text, slice_from_string(rule->references));
    json_t *help = message(slice_from_string(rule->fix));
    json_put(help, "markdown", json_text(text_slice(&text)));
    return help;
}

static void put_level(json_t *object, enum severity severity) {
    json_t *configuration = json_require(json_object());
    json_put(configuration, "level", string(levels[severity]));
    json_put(object, "defaultConfiguration", configuration);
}

static json_t *describe_rule(struct arena *arena, size_t kind) {
    const struct rule *rule = &check_rules[kind];
    json_t *object = json_require(json_object());
    json_put(object, "id", string(rule->slug));
    json_put(object, "name", json_text(camel_case(arena, rule->slug)));
    json_put(object, "shortDescription", message(slice_from_string(rule->summary)));
    json_put(object, "fullDescription", message(slice_from_string(rule->rationale)));
    json_put(object, "help", describe_help(arena, rule));
    put_level(object, rule->severity);
    json_t *properties = json_require(json_object());
    json_t *tags = json_require(json_array());
    json_append(tags, string(check_families[check_rule_family((enum rule_id)kind)].name));
    json_put(properties, "tags", tags);
    json_put(object, "properties", properties);
    return object;
}

static json_t *describe_code(struct arena *arena, size_t kind, enum severity severity) {
    struct slice name = finding_kind_name(arena, kind);
    struct slice summary = slice_from_string(finding_kind_get(kind).summary);
    json_t *object = json_require(json_object());
    json_put(object, "id", json_text(name));
    json_put(object, "name", json_text(name));
    json_put(object, "shortDescription", message(summary));
    json_put(object, "fullDescription", message(summary));
    json_put(object, "help", message(summary));
    put_level(object, severity);
    return object;
}

static json_int_t find_rule(struct sarif *sarif, const struct lint_finding *finding) {
    json_int_t *position = &sarif->positions[finding->kind];
    if (*position < 0) {
        *position = (json_int_t)json_array_size(sarif->rules);
        json_append(sarif->rules, describe_code(sarif->report->arena, finding->kind,
                                                finding->diagnostic->severity));
    }
    return *position;
}

/* --- places --- */

static json_t *describe_artifact(struct arena *arena, struct slice path) {
    json_t *artifact = json_require(json_object());
    json_put(artifact, "uri", json_text(lint_uri(arena, path)));
    if (!slice_starts_with(path, SLICE("/"))) {
        json_put(artifact, "uriBaseId", string(ROOT_NAME));
    }
    return artifact;
}

static json_t *describe_region(struct lint_report *report, const struct lint_file *file,
                               struct span span) {
    struct lint_region region = lint_region_in_units(report, file, span);
    json_t *object = json_require(json_object());
    json_put(object, "startLine", json_integer(region.begin.line));
    json_put(object, "startColumn", json_integer(region.begin.column));
    json_put(object, "endLine", json_integer(region.end.line));
    json_put(object, "endColumn", json_integer(region.end.column));
    return object;
}

static json_t *describe_location(struct sarif *sarif, const struct lint_file *file,
                                 struct span span) {
    struct slice path = lint_path(sarif->report, lint_source(file, span)->name);
    json_t *physical = json_require(json_object());
    json_put(physical, "artifactLocation", describe_artifact(sarif->report->arena, path));
    json_put(physical, "region", describe_region(sarif->report, file, span));
    json_t *location = json_require(json_object());
    json_put(location, "physicalLocation", physical);
    return location;
}

/* --- results --- */

/* Notes with a place are related locations, those without one join the message. */
static void put_notes(struct sarif *sarif, const struct lint_file *file,
                      const struct diagnostic *diagnostic, json_t *result) {
    json_t *related = json_require(json_array());
    struct text text;
    text_init(&text, sarif->report->arena);
    text_add(&text, diagnostic->message);
    for (size_t i = 0; i < diagnostic->notes.count; i++) {
        const struct diagnostic_note *note = &diagnostic->notes.items[i];
        if (!note->has_span) {
            text_format(&text, "\n%.*s", SLICE_ARGS(note->message));
            continue;
        }
        json_t *location = describe_location(sarif, file, note->span);
        json_put(location, "id", json_integer((json_int_t)json_array_size(related) + 1));
        json_put(location, "message", message(note->message));
        json_append(related, location);
    }
    if (diagnostic->help.size > 0) {
        text_format(&text, "\nhelp: %.*s", SLICE_ARGS(diagnostic->help));
    }
    json_put(result, "message", message(text_slice(&text)));
    if (json_array_size(related) > 0) {
        json_put(result, "relatedLocations", related);
    } else {
        json_decref(related);
    }
}

/* Replacements of one file, in order of appearance. */
static json_t *describe_changes(struct sarif *sarif, const struct lint_file *file,
                                const struct diagnostic *diagnostic, uint32_t source) {
    json_t *replacements = json_require(json_array());
    for (size_t i = 0; i < diagnostic->edits.count; i++) {
        const struct diagnostic_edit *edit = &diagnostic->edits.items[i];
        if (edit->span.source != source) {
            continue;
        }
        json_t *replacement = json_require(json_object());
        json_put(replacement, "deletedRegion", describe_region(sarif->report, file, edit->span));
        json_put(replacement, "insertedContent", message(edit->text));
        json_append(replacements, replacement);
    }
    struct slice path = lint_path(sarif->report, file->input->sources.all.items[source]->name);
    json_t *change = json_require(json_object());
    json_put(change, "artifactLocation", describe_artifact(sarif->report->arena, path));
    json_put(change, "replacements", replacements);
    return change;
}

static bool is_first_of_source(const struct diagnostic *diagnostic, size_t position) {
    for (size_t i = 0; i < position; i++) {
        if (diagnostic->edits.items[i].span.source ==
            diagnostic->edits.items[position].span.source) {
            return false;
        }
    }
    return true;
}

static void put_fixes(struct sarif *sarif, const struct lint_file *file,
                      const struct diagnostic *diagnostic, json_t *result) {
    if (diagnostic->edits.count == 0) {
        return;
    }
    json_t *changes = json_require(json_array());
    for (size_t i = 0; i < diagnostic->edits.count; i++) {
        if (is_first_of_source(diagnostic, i)) {
            json_append(changes, describe_changes(sarif, file, diagnostic,
                                                  diagnostic->edits.items[i].span.source));
        }
    }
    json_t *fix = json_require(json_object());
    json_put(fix, "description",
             message(diagnostic->help.size > 0 ? diagnostic->help : diagnostic->message));
    json_put(fix, "artifactChanges", changes);
    json_t *fixes = json_require(json_array());
    json_append(fixes, fix);
    json_put(result, "fixes", fixes);
}

static json_t *describe_result(struct sarif *sarif, const struct lint_file *file,
                               const struct lint_finding *finding) {
    const struct diagnostic *diagnostic = finding->diagnostic;
    json_t *result = json_require(json_object());
    json_put(result, "ruleId", json_text(diagnostic->label));
    json_put(result, "ruleIndex", json_integer(find_rule(sarif, finding)));
    json_put(result, "level", string(levels[diagnostic->severity]));
    put_notes(sarif, file, diagnostic, result);
    json_t *locations = json_require(json_array());
    json_append(locations, describe_location(sarif, file, diagnostic->span));
    json_put(result, "locations", locations);
    json_t *prints = json_require(json_object());
    json_put(prints, PRINT_NAME, json_text(finding->print));
    json_put(result, "partialFingerprints", prints);
    put_fixes(sarif, file, diagnostic, result);
    return result;
}

static void put_suppression(json_t *result, const char *kind, struct slice reason) {
    json_t *suppression = json_require(json_object());
    json_put(suppression, "kind", string(kind));
    if (reason.size > 0) {
        json_put(suppression, "justification", json_text(reason));
    }
    json_t *suppressions = json_require(json_array());
    json_append(suppressions, suppression);
    json_put(result, "suppressions", suppressions);
}

static void add_results(struct sarif *sarif, const struct lint_file *file,
                        const struct lint_findings *findings, const char *suppressed,
                        const char *state) {
    for (size_t i = 0; i < findings->items.count; i++) {
        const struct lint_finding *finding = &findings->items.items[i];
        json_t *result = describe_result(sarif, file, finding);
        if (suppressed != NULL) {
            put_suppression(result, suppressed, finding->reason);
        }
        if (state != NULL) {
            json_put(result, "baselineState", string(state));
        }
        json_append(sarif->results, result);
    }
}

/* --- the log --- */

static json_t *describe_tool(struct sarif *sarif) {
    json_t *driver = json_require(json_object());
    json_put(driver, "name", string("rpc lint"));
    json_put(driver, "version", string(RPC_VERSION));
    json_put(driver, "rules", sarif->rules);
    json_t *tool = json_require(json_object());
    json_put(tool, "driver", driver);
    return tool;
}

/* Files that could not be read are notifications. */
static json_t *describe_invocation(struct lint_report *report) {
    json_t *notifications = json_require(json_array());
    for (size_t i = 0; i < report->failures.count; i++) {
        const struct lint_failure *failure = &report->failures.items[i];
        json_t *notification = json_require(json_object());
        json_put(notification, "level", string("error"));
        json_put(notification, "message",
                 message(arena_format(report->arena, "cannot read %s: %s", failure->path,
                                      strerror(failure->error))));
        json_append(notifications, notification);
    }
    json_t *invocation = json_require(json_object());
    json_put(invocation, "executionSuccessful", json_boolean(report->failures.count == 0));
    json_put(invocation, "toolExecutionNotifications", notifications);
    json_t *invocations = json_require(json_array());
    json_append(invocations, invocation);
    return invocations;
}

/* The folder is not named: the log of equal runs on two machines is the same. */
static json_t *describe_roots(void) {
    json_t *root = json_require(json_object());
    json_put(root, "description", message(SLICE("the working directory of the run")));
    json_t *roots = json_require(json_object());
    json_put(roots, ROOT_NAME, root);
    return roots;
}

static json_t *describe_run(struct sarif *sarif) {
    json_t *run = json_require(json_object());
    json_put(run, "tool", describe_tool(sarif));
    json_put(run, "invocations", describe_invocation(sarif->report));
    json_put(run, "originalUriBaseIds", describe_roots());
    json_put(run, "columnKind", string("utf16CodeUnits"));
    json_put(run, "results", sarif->results);
    return run;
}

static void describe_rules(struct sarif *sarif) {
    for (size_t kind = 0; kind < FINDING_KIND_COUNT; kind++) {
        sarif->positions[kind] = -1;
        if (kind < RULE_COUNT) {
            sarif->positions[kind] = (json_int_t)kind;
            json_append(sarif->rules, describe_rule(sarif->report->arena, kind));
        }
    }
}

void lint_print_sarif(struct lint_report *report) {
    struct sarif sarif = {
        .report = report,
        .rules = json_require(json_array()),
        .results = json_require(json_array()),
    };
    describe_rules(&sarif);
    for (size_t i = 0; i < report->files.count; i++) {
        const struct lint_file *file = report->files.items[i];
        add_results(&sarif, file, &file->errors, NULL, NULL);
        add_results(&sarif, file, &file->findings, NULL,
                    report->options->baseline != NULL ? "new" : NULL);
        add_results(&sarif, file, &file->suppressed, "inSource", NULL);
        add_results(&sarif, file, &file->known, "external", "unchanged");
    }
    json_t *runs = json_require(json_array());
    json_append(runs, describe_run(&sarif));
    json_t *log = json_require(json_object());
    json_put(log, "$schema", string(SCHEMA));
    json_put(log, "version", string("2.1.0"));
    json_put(log, "runs", runs);
    json_print(log);
    json_decref(log);
}
