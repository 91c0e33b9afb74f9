/* Follows values to where they come from; see dataflow.h. What is in effect where is reaching.c's
 * to say; here it is turned into atoms. */
#include "check/dataflow.h"

#include "base/container.h"
#include "check/map_keys.h"
#include "check/reaching.h"
#include "check/regex_match.h"
#include "check/steps.h"
#include "model/mapping.h"

/* A walk ends after so many steps: definitions may multiply without end. */
#define STEP_LIMIT 1000000
#define STEPS_PER_VARIABLE 100
#define DEPTH_LIMIT 32
#define MATCH_STEPS 10000u

struct builtin {
    enum dataflow_control control;
    uint32_t characters;
};

enum { NARROW = 0, NEWLINE = 1, SLASH = 2, COLON = 4 };

static const struct builtin builtins[TABLE_variable_id_COUNT] = {
#define SERVER DATAFLOW_SERVER
#define PARTLY DATAFLOW_PARTLY
#define CLIENT DATAFLOW_CLIENT
#define VARIABLE(id, name, form, provider, control, characters, help)                              \
    [VARIABLE_##id] = {control, characters},
#include "variables.def"
#undef VARIABLE
#undef SERVER
#undef PARTLY
#undef CLIENT
};

/* One level of a walk. */
struct frame {
    struct dataflow *flow;
    struct dataflow_place place;
    const struct dataflow_step *path;
    uint32_t depth;
    struct dataflow_visitor *visitor;
    const struct template *captured;     /* in a map's result: the key, which $1 is a part of */
    const struct regex *matched;         /* by this expression; NULL: by none */
    const struct reaching_facts *facts;  /* about variables, where the value is in effect */
    const struct reaching_guard *filter; /* what the whole value is known to be; NULL: nothing */
};

static void walk_template(const struct frame *frame, const struct template *value);

static void visit(const struct frame *frame, struct dataflow_atom atom) {
    if (frame->flow->budget > 0) {
        frame->flow->budget--;
        atom.path = frame->path;
        if (frame->filter != NULL && atom.control != DATAFLOW_CONSTANT) {
            atom.bytes = byte_set_intersect(atom.bytes, frame->filter->bytes);
            atom.may_hold_slash = atom.may_hold_slash && byte_set_has(&atom.bytes, '/');
            atom.is_matched = atom.is_matched || frame->filter->is_matched;
        }
        frame->visitor->visit(frame->visitor, &atom);
    }
}

static void visit_text(const struct frame *frame, struct slice text, struct span span) {
    struct dataflow_atom atom = {.control = DATAFLOW_CONSTANT, .text = text, .span = span};
    byte_set_add_text(&atom.bytes, text);
    visit(frame, atom);
}

/* What a variable is known to hold: who chooses it, and which bytes are in it. */
struct origin {
    enum dataflow_control control;
    struct byte_set bytes;
    bool is_path;
    bool is_matched;
    enum dataflow_host host;
};

static void visit_value(const struct frame *frame, const struct template_part *part,
                        const struct origin *origin) {
    visit(frame, (struct dataflow_atom){
                     .control = origin->control,
                     .name = part->text,
                     .span = part->span,
                     .may_hold_slash = byte_set_has(&origin->bytes, '/'),
                     .is_capture = part->kind == PART_CAPTURE,
                     .is_path = origin->is_path,
                     .is_matched = origin->is_matched,
                     .host = origin->host,
                     .bytes = origin->bytes,
                 });
}

/* One of several texts, each followed, if it is open, by something of that origin. */
static void visit_texts(const struct frame *frame, const struct template_part *part,
                        const struct pattern_texts *texts, const struct origin *origin) {
    uint32_t before = frame->visitor->states;
    uint32_t after = 0;
    for (size_t i = 0; i < texts->items.count; i++) {
        const struct pattern_text *text = &texts->items.items[i];
        frame->visitor->states = before;
        visit_text(frame, text->text, part->span);
        if (text->is_open) {
            visit_value(frame, part, origin);
            visit_text(frame, text->ending, part->span);
        }
        after |= frame->visitor->states;
    }
    frame->visitor->states = after;
}

/* $host can only be one of the server's names when all of them are exact and requests for other
 * names go to another server. */
static bool find_host_names(struct dataflow *flow, const struct server *server,
                            struct pattern_texts *texts) {
    if (server == NULL || server->is_implied || server->names.count == 0 ||
        reaching_is_default_server(flow, server)) {
        return false;
    }
    *texts = (struct pattern_texts){0};
    for (size_t i = 0; i < server->names.count; i++) {
        const struct server_name *name = server->names.items[i];
        if (name->kind != SERVER_NAME_EXACT || name->text.size == 0) {
            return false;
        }
        VECTOR_PUSH(flow->model->arena, &texts->items,
                    (struct pattern_text){.text = name->text, .at_start = true, .at_end = true});
    }
    return true;
}

/* No value has a zero byte: neither paths nor header fields may. */
static struct byte_set bytes_of_characters(uint32_t characters) {
    struct byte_set bytes = BYTE_SET_ALL;
    byte_set_remove(&bytes, '\0');
    if ((characters & NEWLINE) == 0) {
        byte_set_remove(&bytes, '\n');
        byte_set_remove(&bytes, '\r');
    }
    if ((characters & SLASH) == 0) {
        byte_set_remove(&bytes, '/');
    }
    if ((characters & COLON) == 0) {
        byte_set_remove(&bytes, ':');
    }
    return bytes;
}

/* What is known of a variable by where it stands, and by what the value is in effect for. */
static struct reaching_guard find_guard(const struct frame *frame, struct slice name) {
    struct reaching_guard guard = reaching_find_guard(frame->flow, &frame->place, name);
    const struct reaching_guard *fact = reaching_find_fact(frame->facts, name);
    return fact != NULL ? reaching_join_guards(&guard, fact) : guard;
}

/* The texts that a guard leaves; false: it leaves more. */
static bool visit_guarded(const struct frame *frame, const struct template_part *part,
                          const struct reaching_guard *guard) {
    if (guard->has_texts) {
        struct origin origin = {
            .control = DATAFLOW_CLIENT, .bytes = guard->bytes, .is_matched = true};
        visit_texts(frame, part, &guard->texts, &origin);
    }
    return guard->has_texts;
}

static bool is_host(enum variable_id id) {
    return id == VARIABLE_HOST || id == VARIABLE_SERVER_NAME || id == VARIABLE_SSL_SERVER_NAME;
}

/* Whether the path is there as the client sent it. Nothing is decoded then, and no line break in
 * it. */
static bool has_raw_path(const struct frame *frame) {
    const struct location *base = steps_find_base(frame->place.location);
    return base != NULL && !steps_is_limited(frame->place.location) &&
           frame->place.statement == NULL &&
           steps_take_raw_path(frame->flow->model->arena, &base->rewrite);
}

static void visit_builtin(const struct frame *frame, const struct template_part *part) {
    struct reaching_guard guard = find_guard(frame, part->text);
    if (!guard.has_texts && part->id == VARIABLE_HOST) {
        guard.has_texts = find_host_names(frame->flow, frame->place.server, &guard.texts);
    }
    if (visit_guarded(frame, part, &guard)) {
        return;
    }
    const struct builtin *builtin = &builtins[part->id];
    bool is_path = part->id == VARIABLE_URI || part->id == VARIABLE_DOCUMENT_URI;
    bool is_raw = is_path && has_raw_path(frame);
    uint32_t characters = is_raw ? builtin->characters & ~(uint32_t)NEWLINE : builtin->characters;
    struct byte_set bytes = byte_set_intersect(bytes_of_characters(characters), guard.bytes);
    visit(frame,
          (struct dataflow_atom){
              .control = builtin->control,
              .name = part->text,
              .span = part->span,
              .begins_with_slash = is_path || part->id == VARIABLE_REQUEST_URI,
              .is_argument_mark = part->id == VARIABLE_IS_ARGS,
              .is_arguments = part->id == VARIABLE_ARGS || part->id == VARIABLE_ARG ||
                              part->id == VARIABLE_QUERY_STRING,
              .may_hold_slash = byte_set_has(&bytes, '/'),
              .is_path = is_path && !is_raw,
              .is_matched = guard.is_matched,
              .host = is_host(part->id) || slice_equals_nocase(part->text, SLICE("http_host"))
                          ? DATAFLOW_HOST_WHOLE
                          : DATAFLOW_HOST_NONE,
              .bytes = bytes,
          });
}

static void visit_known(const struct frame *frame, const struct template_part *part) {
    struct reaching_guard guard = find_guard(frame, part->text);
    if (visit_guarded(frame, part, &guard)) {
        return;
    }
    struct origin origin = {
        .control = DATAFLOW_CLIENT,
        .is_path = slice_equals_nocase(part->text, SLICE("fastcgi_script_name")) ||
                   slice_equals_nocase(part->text, SLICE("fastcgi_path_info")),
        .is_matched = guard.is_matched,
    };
    if (part->known->control == CONTROL_SERVER) {
        origin.control = DATAFLOW_SERVER;
    } else if (part->known->control == CONTROL_PARTLY) {
        origin.control = DATAFLOW_PARTLY;
    }
    uint32_t characters = SLASH | COLON | (part->known->may_hold_newline ? NEWLINE : NARROW);
    origin.bytes = byte_set_intersect(bytes_of_characters(characters), guard.bytes);
    visit_value(frame, part, &origin);
}

static void keep_control(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    visitor->states |= 1u << atom->control;
}

static enum dataflow_control highest_control(uint32_t states) {
    enum dataflow_control control = DATAFLOW_CLIENT;
    while (control != DATAFLOW_CONSTANT && (states & (1u << control)) == 0) {
        control--;
    }
    return control;
}

/* A walk that gathers what is known of a whole value. */
struct gathering {
    struct dataflow_visitor visitor;
    bool is_path;
    bool has_host;
    bool has_others; /* values that are no hosts */
    struct byte_set bytes;
};

static void gather(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct gathering *gathering = CONTAINER_OF(visitor, struct gathering, visitor);
    visitor->states |= 1u << atom->control;
    gathering->bytes = byte_set_unite(gathering->bytes, atom->bytes);
    gathering->is_path = gathering->is_path || atom->is_path;
    gathering->has_host = gathering->has_host || atom->host == DATAFLOW_HOST_WHOLE;
    gathering->has_others = gathering->has_others || (atom->control != DATAFLOW_CONSTANT &&
                                                      atom->host != DATAFLOW_HOST_WHOLE);
}

/* What a regular expression is matched against. */
static struct origin find_subject_origin(const struct frame *frame, const struct template *key) {
    struct gathering gathering = {.visitor.visit = gather};
    struct frame inner = *frame;
    inner.visitor = &gathering.visitor;
    inner.captured = NULL;
    inner.filter = NULL;
    inner.depth++;
    if (inner.depth >= DEPTH_LIMIT) {
        return (struct origin){.control = DATAFLOW_CLIENT, .bytes = BYTE_SET_ALL};
    }
    walk_template(&inner, key);
    enum dataflow_control control = highest_control(gathering.visitor.states);
    return (struct origin){
        .control = control == DATAFLOW_CONSTANT ? DATAFLOW_SERVER : control,
        .bytes = gathering.bytes,
        .is_path = gathering.is_path,
        .host = !gathering.has_host    ? DATAFLOW_HOST_NONE
                : gathering.has_others ? DATAFLOW_HOST_PART
                                       : DATAFLOW_HOST_WHOLE,
    };
}

/* Of the path, which may hold anything, or of the host. */
static struct origin find_request_origin(bool is_path) {
    return (struct origin){
        .control = DATAFLOW_CLIENT,
        .bytes = bytes_of_characters(is_path ? NEWLINE | SLASH | COLON : NARROW),
        .is_path = is_path,
        .host = is_path ? DATAFLOW_HOST_NONE : DATAFLOW_HOST_WHOLE,
    };
}

/* What group `number`, or the group called `name`, captures of a subject. */
static struct origin find_group_origin(const struct frame *frame, struct origin subject,
                                       const struct regex *regex, uint32_t number,
                                       struct slice name) {
    if (regex != NULL) {
        const struct regex_tree *tree = dataflow_regex_tree(frame->flow, regex);
        subject.bytes =
            byte_set_intersect(subject.bytes, regex_tree_group_bytes(tree, number, name));
        if (subject.host == DATAFLOW_HOST_WHOLE && !regex_tree_group_is_last(tree, number, name)) {
            subject.host = DATAFLOW_HOST_PART;
        }
    }
    return subject;
}

/* In a map's result. */
static void visit_map_capture(const struct frame *frame, const struct template_part *part) {
    struct origin origin = find_subject_origin(frame, frame->captured);
    if (frame->matched == NULL) {
        visit_value(frame, part, &origin);
        return;
    }
    origin = find_group_origin(frame, origin, frame->matched, part->capture, SLICE(""));
    struct pattern_texts texts =
        pattern_read_group(frame->flow->model->arena, frame->matched->pattern, part->capture,
                           SLICE(""), origin.is_path ? SLICE("/") : SLICE(""));
    visit_texts(frame, part, &texts, &origin);
}

/* $1 to $9: of whichever expression matched last. Without any the value is empty. */
static void visit_capture(const struct frame *frame, const struct template_part *part) {
    if (frame->captured != NULL) {
        visit_map_capture(frame, part);
        return;
    }
    struct arena *arena = frame->flow->model->arena;
    struct reaching_regexes regexes = reaching_find_regexes(frame->flow, &frame->place);
    uint32_t before = frame->visitor->states;
    uint32_t after = 0;
    for (size_t i = 0; i < regexes.items.count; i++) {
        const struct reaching_regex *found = &regexes.items.items[i];
        struct pattern_texts texts =
            pattern_read_group(arena, found->regex->pattern, part->capture, SLICE(""),
                               found->is_path ? SLICE("/") : SLICE(""));
        struct origin origin = found->subject != NULL ? find_subject_origin(frame, found->subject)
                                                      : find_request_origin(found->is_path);
        if (origin.is_path && found->is_rewrite && has_raw_path(frame)) {
            origin.is_path = false;
            origin.bytes = bytes_of_characters(SLASH | COLON);
        }
        origin = find_group_origin(frame, origin, found->regex, part->capture, SLICE(""));
        frame->visitor->states = before;
        visit_texts(frame, part, &texts, &origin);
        after |= frame->visitor->states;
    }
    frame->visitor->states = regexes.items.count > 0 ? after : before;
}

static void walk_named_capture(const struct frame *frame, const struct template_part *part,
                               const struct variable_definition *definition) {
    struct slice expression = definition->regex != NULL ? definition->regex->pattern : SLICE("");
    struct slice name = statement_name(definition->statement);
    bool is_path = slice_equals(name, SLICE("location")) || slice_equals(name, SLICE("rewrite"));
    struct pattern_texts texts = pattern_read_group(frame->flow->model->arena, expression, 0,
                                                    part->text, is_path ? SLICE("/") : SLICE(""));
    struct origin origin = definition->key.parts.count > 0
                               ? find_subject_origin(frame, &definition->key)
                               : find_request_origin(is_path);
    origin = find_group_origin(frame, origin, definition->regex, 0, part->text);
    visit_texts(frame, part, &texts, &origin);
}

/* The expression of a map that leads to this result; NULL: it is that of a text. */
static const struct regex *find_matched(const struct variable_definition *definition,
                                        const struct template *result) {
    for (size_t i = 0; definition->map != NULL && i < definition->map->expressions.count; i++) {
        const struct map_expression *expression = &definition->map->expressions.items[i];
        if (result->word != NULL && expression->value.word == result->word) {
            return expression->regex;
        }
    }
    return NULL;
}

/* The value of a map, geo or split_clients is one of its results. */
static void walk_results(const struct frame *frame, const struct variable_definition *definition) {
    struct frame inner = *frame;
    inner.captured = &definition->key;
    uint32_t before = frame->visitor->states;
    uint32_t after = 0;
    for (size_t i = 0; i < definition->results.count; i++) {
        frame->visitor->states = before;
        inner.matched = find_matched(definition, &definition->results.items[i]);
        inner.facts = map_keys_find_facts(frame->flow, definition, &definition->results.items[i]);
        walk_template(&inner, &definition->results.items[i]);
        after |= frame->visitor->states;
    }
    frame->visitor->states = definition->results.count > 0 ? after : before;
}

static void walk_definition(const struct frame *frame, const struct template_part *part,
                            const struct variable_definition *definition) {
    switch (definition->kind) {
    case DEFINED_BY_SET:
    case DEFINED_BY_REPLY:
        walk_template(frame, &definition->value);
        break;
    case DEFINED_BY_CAPTURE:
        walk_named_capture(frame, part, definition);
        break;
    case DEFINED_BY_MAP:
    case DEFINED_BY_GEO:
    case DEFINED_BY_SPLIT:
        walk_results(frame, definition);
        break;
    case DEFINED_ELSEWHERE: /* by a response or a script: not by the client directly */
        visit_value(frame, part,
                    &(struct origin){.control = DATAFLOW_SERVER,
                                     .bytes = bytes_of_characters(SLASH | COLON)});
        break;
    }
}

static bool is_set(const struct config_variable *variable) {
    for (size_t i = 0; i < variable->definitions.count; i++) {
        if (variable->definitions.items[i].kind == DEFINED_BY_SET) {
            return true;
        }
    }
    return false;
}

/* What the conditions say of the variable itself, and as facts of others. */
static struct reaching_guard apply_conditions(struct dataflow *flow, struct slice name,
                                              const struct reaching_conditions *conditions,
                                              struct reaching_facts *facts) {
    struct reaching_guard own = {.bytes = BYTE_SET_ALL};
    for (size_t i = 0; i < conditions->items.count; i++) {
        const struct reaching_condition *known = &conditions->items.items[i];
        struct slice about = known->condition->subject.parts.items[0].text;
        if (slice_equals_nocase(about, name)) {
            reaching_apply_condition(flow, known, &own);
            continue;
        }
        struct reaching_fact fact = {.name = about, .guard.bytes = BYTE_SET_ALL};
        reaching_apply_condition(flow, known, &fact.guard);
        VECTOR_PUSH(flow->model->arena, &facts->items, fact);
    }
    return own;
}

/* `guard` is what is known of the variable, wherever its value comes from. */
static void walk_reaching(const struct frame *frame, const struct template_part *part,
                          const struct reaching_definition *reaching,
                          const struct reaching_guard *guard, const struct dataflow_step *step) {
    struct frame inner = *frame;
    struct reaching_facts facts = {0};
    struct reaching_guard own =
        apply_conditions(frame->flow, part->text, &reaching->conditions, &facts);
    own = reaching_join_guards(guard, &own);
    if (frame->filter != NULL) {
        own.bytes = byte_set_intersect(own.bytes, frame->filter->bytes);
        own.is_matched = own.is_matched || frame->filter->is_matched;
    }
    inner.place = reaching->place;
    inner.path = step;
    inner.captured = NULL;
    inner.facts = &facts;
    inner.filter = &own;
    inner.depth++;
    if (!visit_guarded(&inner, part, &own)) {
        walk_definition(&inner, part, reaching->definition);
    }
}

/* In a map's result, the group of that name in the expression that leads to it: whatever else
 * defines the variable, this one has matched last. NULL: there is none. */
static const struct variable_definition *find_own_capture(const struct frame *frame,
                                                          const struct config_variable *variable) {
    if (frame->captured == NULL || frame->matched == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < variable->definitions.count; i++) {
        if (variable->definitions.items[i].regex == frame->matched) {
            return &variable->definitions.items[i];
        }
    }
    return NULL;
}

static void visit_config(const struct frame *frame, const struct template_part *part) {
    const struct variable_definition *own = find_own_capture(frame, part->variable);
    if (own != NULL) {
        walk_named_capture(frame, part, own);
        return;
    }
    struct reaching_guard guard = {.bytes = BYTE_SET_ALL};
    const struct reaching_guard *fact = reaching_find_fact(frame->facts, part->text);
    if (!is_set(part->variable)) {
        guard = find_guard(frame, part->text);
        if (visit_guarded(frame, part, &guard)) {
            return;
        }
    } else if (fact != NULL) {
        guard = *fact;
    }
    if (frame->depth >= DEPTH_LIMIT || frame->flow->budget < STEPS_PER_VARIABLE) {
        return; /* variables defined by each other have no value */
    }
    frame->flow->budget -= STEPS_PER_VARIABLE;
    struct reaching_definitions found =
        reaching_find_definitions(frame->flow, &frame->place, part->variable);
    struct dataflow_step *step = arena_require(frame->flow->model->arena, sizeof *step);
    *step = (struct dataflow_step){.outer = frame->path, .span = part->span, .name = part->text};
    uint32_t before = frame->visitor->states;
    uint32_t after = 0;
    for (size_t i = 0; i < found.items.count; i++) {
        frame->visitor->states = before;
        walk_reaching(frame, part, &found.items.items[i], &guard, step);
        after |= frame->visitor->states;
    }
    frame->visitor->states = found.items.count > 0 ? after : before;
}

static void walk_template(const struct frame *frame, const struct template *value) {
    for (size_t i = 0; i < value->parts.count; i++) {
        const struct template_part *part = &value->parts.items[i];
        switch (part->kind) {
        case PART_TEXT:
            visit_text(frame, part->text, part->span);
            break;
        case PART_BUILTIN:
            visit_builtin(frame, part);
            break;
        case PART_CONFIG:
            visit_config(frame, part);
            break;
        case PART_CAPTURE:
            visit_capture(frame, part);
            break;
        case PART_KNOWN:
            visit_known(frame, part);
            break;
        }
    }
}

void dataflow_init(struct dataflow *flow, struct model *model, const struct site *site) {
    *flow = (struct dataflow){.model = model, .ways = STEP_LIMIT, .tries = STEP_LIMIT};
    reaching_index(flow, site);
}

void dataflow_walk(struct dataflow *flow, const struct dataflow_place *place,
                   const struct template *value, struct dataflow_visitor *visitor) {
    flow->budget = STEP_LIMIT;
    struct frame frame = {.flow = flow, .place = *place, .visitor = visitor};
    walk_template(&frame, value);
}

enum dataflow_control dataflow_find_control(struct dataflow *flow,
                                            const struct dataflow_place *place,
                                            const struct template *value) {
    struct dataflow_visitor visitor = {.visit = keep_control};
    dataflow_walk(flow, place, value, &visitor);
    return highest_control(visitor.states);
}

struct byte_set dataflow_find_bytes(struct dataflow *flow, const struct dataflow_place *place,
                                    const struct template *value) {
    struct gathering gathering = {.visitor.visit = gather};
    dataflow_walk(flow, place, value, &gathering.visitor);
    return gathering.bytes;
}

const struct regex_tree *dataflow_regex_tree(struct dataflow *flow, const struct regex *regex) {
    struct map *trees = &flow->trees[regex->ignore_case ? 1 : 0];
    struct regex_tree *tree = map_find(trees, regex->pattern);
    if (tree == NULL) {
        tree = arena_require(flow->model->arena, sizeof *tree);
        regex_tree_read(flow->model->arena, regex->pattern, regex->ignore_case, tree);
        map_insert(trees, regex->pattern, tree);
    }
    return tree;
}

bool dataflow_asks_something(struct dataflow *flow, const struct regex *regex) {
    static const struct slice strangers[] = {SLICE_INIT("https://attacker.net"),
                                             SLICE_INIT("attacker.net"), SLICE_INIT("anything")};
    /* As dataflow_regex_tree has it, and const there. */
    (void)dataflow_regex_tree(flow, regex);
    struct regex_tree *tree = map_find(&flow->trees[regex->ignore_case ? 1 : 0], regex->pattern);
    for (size_t i = 0;
         tree->asks == REGEX_ASKS_UNKNOWN && i < sizeof strangers / sizeof strangers[0]; i++) {
        if (regex_match(regex->pattern, regex->ignore_case, strangers[i], MATCH_STEPS) ==
            REGEX_MATCHED) {
            tree->asks = REGEX_ASKS_NOTHING;
        }
    }
    tree->asks = tree->asks == REGEX_ASKS_UNKNOWN ? REGEX_ASKS_SOMETHING : tree->asks;
    return tree->asks == REGEX_ASKS_SOMETHING;
}

const struct dataflow_step *dataflow_first_step(const struct dataflow_atom *atom) {
    const struct dataflow_step *first = atom->path;
    while (first != NULL && first->outer != NULL) {
        first = first->outer;
    }
    return first;
}
