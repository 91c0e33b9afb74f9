/* Rule regex-redos: expressions that are matched against what clients send and take too long for
 * some of it. */
#include "base/text.h"
#include "check/backtracking.h"
#include "check/rules.h"
#include "model/mapping.h"

/* So many expressions that are hard to judge are judged, about. Who writes more of them wants to
 * keep us busy. */
enum { EFFORT_LIMIT = 10 * BACKTRACKING_EFFORT };

/* Hosts share expressions; each is looked at once for each kind of subject. */
struct memory {
    struct finding_list *findings;
    struct map found; /* kind and expression to struct backtracking */
    uint32_t effort;
    bool is_tired; /* and has said so */
};

enum subject_kind { SUBJECT_PATH, SUBJECT_HOST, SUBJECT_FIELD };

static struct backtracking_subject describe_subject(enum subject_kind kind) {
    struct backtracking_subject subject = {.bytes = BYTE_SET_ALL, .is_path = kind == SUBJECT_PATH};
    byte_set_remove(&subject.bytes, '\0');
    if (kind == SUBJECT_FIELD) { /* what a header or a query string may hold */
        subject.bytes = (struct byte_set){{0}};
        byte_set_add_range(&subject.bytes, ' ', '~');
    } else if (kind == SUBJECT_HOST) {
        subject.bytes = (struct byte_set){{0}};
        byte_set_add_range(&subject.bytes, 'a', 'z');
        byte_set_add_range(&subject.bytes, '0', '9');
        byte_set_add_text(&subject.bytes, SLICE("-._"));
    }
    return subject;
}

/* Without a loop, and another one or a choice, there is nothing to find. */
static bool has_choice(struct slice expression) {
    size_t loops = 0;
    size_t choices = 0;
    for (size_t i = 0; i < expression.size; i++) {
        char c = expression.data[i];
        loops += c == '*' || c == '+' || c == '{' ? 1 : 0;
        choices += c == '|' || c == '?' ? 1 : 0;
    }
    return loops > 0 && loops + choices > 1;
}

static const struct backtracking *find(struct memory *memory, const struct regex *regex,
                                       enum subject_kind kind) {
    struct arena *arena = memory->findings->model->arena;
    struct slice key = arena_format(arena, "%d%d%.*s", (int)kind, (int)regex->ignore_case,
                                    SLICE_ARGS(regex->pattern));
    struct backtracking *found = map_find(&memory->found, key);
    if (found == NULL) {
        struct backtracking_subject subject = describe_subject(kind);
        found = arena_require(arena, sizeof *found);
        *found = backtracking_find(arena, regex->pattern, regex->ignore_case, &subject);
        map_insert(&memory->found, key, found);
        memory->effort += found->effort;
    }
    return found;
}

/* As it is written in a message: what cannot be seen as %0A. */
static struct slice show(struct arena *arena, struct slice bytes) {
    struct text text;
    text_init(&text, arena);
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        if (byte > ' ' && byte < 127 && byte != '%') {
            text_add_byte(&text, (char)byte);
        } else {
            text_format(&text, "%%%02X", byte);
        }
    }
    return text_slice(&text);
}

static bool is_tired(struct memory *memory, const struct regex *regex) {
    if (memory->effort < EFFORT_LIMIT) {
        return false;
    }
    if (!memory->is_tired) {
        memory->is_tired = true;
        struct diagnostic *diagnostic = check_report(
            memory->findings, RULE_regex_redos, regex->span,
            "this expression and those behind it are not judged: too many others were hard to");
        diagnostic->severity = SEVERITY_INFO;
        diagnostic_help(memory->findings->model->arena, diagnostic,
                        "lint the parts of this configuration by themselves");
    }
    return true;
}

static void check_regex(struct memory *memory, const struct regex *regex, enum subject_kind kind) {
    if (!has_choice(regex->pattern) || is_tired(memory, regex)) {
        return;
    }
    const struct backtracking *found = find(memory, regex, kind);
    if (found->kind == BACKTRACKING_NONE) {
        return;
    }
    struct arena *arena = memory->findings->model->arena;
    struct slice pump = show(arena, found->pump);
    struct slice subject =
        show(arena, backtracking_subject(arena, found, found->pump.size > 2 ? 3 : 6));
    bool is_exponential = found->kind == BACKTRACKING_EXPONENTIAL;
    struct diagnostic *diagnostic = check_report(
        memory->findings, RULE_regex_redos, regex->span,
        is_exponential ? "the time that matching takes grows exponentially with each further "
                         "\"%.*s\" in \"%.*s\": a few dozen of them hold a worker up"
                       : "with twice as many \"%.*s\" in \"%.*s\" matching takes at least eight "
                         "times as long, and a request has room for thousands",
        SLICE_ARGS(pump), SLICE_ARGS(subject));
    if (is_exponential) {
        diagnostic->severity = SEVERITY_ERROR;
    }
    diagnostic_help(arena, diagnostic, "%s",
                    is_exponential
                        ? "let a text be matched in one way only: no repetition within a "
                          "repetition, no alternatives that match the same, or a possessive \"++\""
                        : "let loops differ in what they match: \"[^/]*\" instead of \".*\" before "
                          "a slash, or a possessive \"++\"");
}

/* The kind of subject that a variable is; false: the client does not choose it. */
static bool find_kind(struct finding_list *findings, const struct dataflow_place *place,
                      const struct template *subject, enum subject_kind *kind) {
    enum dataflow_control control = dataflow_find_control(check_flow(findings), place, subject);
    if (control != DATAFLOW_CLIENT && control != DATAFLOW_PARTLY) {
        return false;
    }
    struct slice name = subject->parts.count == 1 ? subject->parts.items[0].text : SLICE("");
    *kind =
        slice_equals_nocase(name, SLICE("uri")) || slice_equals_nocase(name, SLICE("document_uri"))
            ? SUBJECT_PATH
        : slice_equals_nocase(name, SLICE("host")) ? SUBJECT_HOST
                                                   : SUBJECT_FIELD;
    return true;
}

static void check_steps(struct memory *memory, const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        if (rewrite->steps.items[i].kind == REWRITE_PATH) {
            check_regex(memory, rewrite->steps.items[i].rewriting->regex, SUBJECT_PATH);
        }
    }
}

static void check_location(struct memory *memory, const struct location *location) {
    const struct condition *condition = location->condition;
    if (location->regex != NULL && !location->is_condition) {
        check_regex(memory, location->regex, SUBJECT_PATH);
    }
    check_steps(memory, &location->rewrite);
    if (condition == NULL || condition->kind != CONDITION_REGEX ||
        !has_choice(condition->regex->pattern)) {
        return;
    }
    struct dataflow_place place = {.server = location->server, .location = location->parent};
    enum subject_kind kind;
    if (find_kind(memory->findings, &place, &condition->subject, &kind)) {
        check_regex(memory, condition->regex, kind);
    }
}

static void check_variable(struct memory *memory, const struct config_variable *variable) {
    for (size_t i = 0; i < variable->definitions.count; i++) {
        const struct variable_definition *definition = &variable->definitions.items[i];
        const struct map_definition *map = definition->map;
        struct dataflow_place anywhere = {0};
        enum subject_kind kind;
        if (map == NULL || map->expressions.count == 0 ||
            !find_kind(memory->findings, &anywhere, &definition->key, &kind)) {
            continue;
        }
        for (size_t j = 0; j < map->expressions.count; j++) {
            check_regex(memory, map->expressions.items[j].regex, kind);
        }
    }
}

void check_rule_regex_redos(struct finding_list *findings) {
    struct memory memory = {.findings = findings};
    struct model *model = findings->model;
    map_init(&memory.found, model->arena);
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        for (size_t j = 0; j < server->names.count; j++) {
            if (server->names.items[j]->regex != NULL) {
                check_regex(&memory, server->names.items[j]->regex, SUBJECT_HOST);
            }
        }
        check_steps(&memory, &server->rewrite);
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_location(&memory, findings->site.locations.items[i]);
    }
    for (size_t i = 0; i < model->variables.count; i++) {
        check_variable(&memory, model->variables.items[i]);
    }
}
