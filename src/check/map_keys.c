/* Facts about keys of maps; see map_keys.h. */
#include "check/map_keys.h"

#include "check/regex_match.h"
#include "model/mapping.h"

#define DEPTH_LIMIT 4
#define TRIES_OF_EXPRESSION 20 /* as much as so many comparisons */
#define ENTRY_LIMIT 500        /* of a map whose results are tried one by one */
#define PART_LIMIT 5           /* of a key, where it is tried which of its pieces fit */
#define MATCH_STEPS 10000u

/* One line of a map: for a text, for an expression, or else the default. */
struct entry {
    const struct map_key *key;
    const struct map_expression *expression;
    const struct template *value;
};

static struct entry entry_of_key(const struct map_key *key) {
    return (struct entry){.key = key, .value = &key->value};
}

static struct entry entry_of_expression(const struct map_expression *expression) {
    return (struct entry){.expression = expression, .value = &expression->value};
}

static struct entry entry_of_default(const struct map_definition *map) {
    return (struct entry){.value = &map->otherwise};
}

static struct entry find_entry(const struct map_definition *map, const struct template *result) {
    for (size_t i = 0; result->word != NULL && i < map->expressions.count; i++) {
        if (map->expressions.items[i].value.word == result->word) {
            return entry_of_expression(&map->expressions.items[i]);
        }
    }
    for (size_t i = 0; result->word != NULL && i < map->keys.count; i++) {
        if (map->keys.items[i].value.word == result->word) {
            return entry_of_key(&map->keys.items[i]);
        }
    }
    return entry_of_default(map);
}

/* False: so much has been tried that nothing more is found out. */
static bool spend(struct dataflow *flow, size_t tries) {
    bool is_there = flow->tries > tries;
    flow->tries -= is_there ? (uint32_t)tries : flow->tries;
    return is_there;
}

/* --- what a line says of its key --- */

static void add_fact(struct dataflow *flow, struct reaching_facts *facts, struct slice name,
                     const struct reaching_guard *guard) {
    struct reaching_fact fact = {.name = name, .guard = *guard};
    VECTOR_PUSH(flow->model->arena, &facts->items, fact);
}

/* A key that is written out. Case does not matter. */
static struct reaching_guard guard_of_text(struct dataflow *flow, const struct map_key *key) {
    struct reaching_guard guard = {.is_matched = true, .bytes = BYTE_SET_ALL};
    if (key->kind != TABLE_NAME_EXACT) { /* of names with an asterisk */
        return guard;
    }
    guard.bytes = (struct byte_set){{0}};
    byte_set_add_text(&guard.bytes, key->text);
    guard.bytes = byte_set_fold(guard.bytes);
    guard.has_texts = true;
    VECTOR_PUSH(flow->model->arena, &guard.texts.items, (struct pattern_text){.text = key->text});
    return guard;
}

static void add_facts_of_line(struct dataflow *flow, const struct template *subject,
                              const struct entry *entry, struct reaching_facts *facts) {
    bool is_whole = subject->parts.count == 1;
    struct reaching_guard guard = {.bytes = BYTE_SET_ALL};
    if (entry->key != NULL) {
        guard = guard_of_text(flow, entry->key);
        guard.has_texts = guard.has_texts && is_whole;
    } else if (entry->expression != NULL && is_whole && spend(flow, TRIES_OF_EXPRESSION)) {
        reaching_apply_regex(flow, entry->expression->regex, true, &guard);
    } else {
        return;
    }
    for (size_t i = 0; i < subject->parts.count; i++) {
        if (subject->parts.items[i].kind != PART_TEXT) {
            add_fact(flow, facts, subject->parts.items[i].text, &guard);
        }
    }
}

/* --- keys that are the result of another map --- */

/* The map that the variable is, and nothing else. */
static const struct variable_definition *find_map(const struct template_part *part) {
    const struct config_variable *variable = part->kind == PART_CONFIG ? part->variable : NULL;
    if (variable == NULL || variable->definitions.count != 1) {
        return NULL;
    }
    const struct map_definition *map = variable->definitions.items[0].map;
    return map != NULL && !map->hostnames && map->keys.count + map->expressions.count <= ENTRY_LIMIT
               ? &variable->definitions.items[0]
               : NULL;
}

/* Whether `text` is the subject's with `value` as the part `at`, and anything as other variables.
 */
static bool fits(const struct template *subject, size_t part, size_t at, struct slice value,
                 struct slice text) {
    if (part == subject->parts.count) {
        return text.size == 0;
    }
    const struct template_part *next = &subject->parts.items[part];
    if (next->kind == PART_TEXT || part == at) {
        struct slice wanted = part == at ? value : next->text;
        return text.size >= wanted.size &&
               slice_equals_nocase(slice_take(text, wanted.size), wanted) &&
               fits(subject, part + 1, at, value, slice_skip(text, wanted.size));
    }
    for (size_t i = 0; i <= text.size; i++) {
        if (fits(subject, part + 1, at, value, slice_skip(text, i))) {
            return true;
        }
    }
    return false;
}

/* The line that a key of this text gets; false when trying them has become too much. */
static bool choose_entry(struct dataflow *flow, const struct map_definition *map, struct slice text,
                         struct entry *entry) {
    if (!spend(flow, map->keys.count)) {
        return false;
    }
    for (size_t i = 0; i < map->keys.count; i++) {
        if (slice_equals_nocase(map->keys.items[i].text, text)) {
            *entry = entry_of_key(&map->keys.items[i]);
            return true;
        }
    }
    for (size_t i = 0; i < map->expressions.count; i++) {
        const struct regex *regex = map->expressions.items[i].regex;
        if (!spend(flow, TRIES_OF_EXPRESSION)) {
            return false;
        }
        if (regex_match(regex->pattern, regex->ignore_case, text, MATCH_STEPS) == REGEX_MATCHED) {
            *entry = entry_of_expression(&map->expressions.items[i]);
            return true;
        }
    }
    *entry = entry_of_default(map);
    return true;
}

/* Whether the map may be at `entry` when the part `at` of its key has this value. */
static bool leads_to(struct dataflow *flow, const struct map_definition *map,
                     const struct entry *entry, size_t at, struct slice value) {
    struct entry chosen;
    if (map->hostnames || map->subject.parts.count > PART_LIMIT) {
        return true;
    }
    if (map->subject.parts.count == 1) {
        return !choose_entry(flow, map, value, &chosen) || chosen.value == entry->value;
    }
    return entry->key == NULL || fits(&map->subject, 0, at, value, entry->key->text);
}

/* What is known from every one of several lines. */
struct common {
    bool is_begun;
    struct reaching_facts facts;
};

static void keep_common(struct dataflow *flow, struct common *common,
                        const struct reaching_facts *facts) {
    if (!common->is_begun) {
        common->is_begun = true;
        common->facts = *facts;
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < common->facts.items.count; i++) {
        struct reaching_fact *fact = &common->facts.items.items[i];
        const struct reaching_guard *other = reaching_find_fact(facts, fact->name);
        if (other != NULL) {
            fact->guard = reaching_unite_guards(flow->model->arena, &fact->guard, other);
            common->facts.items.items[kept++] = *fact;
        }
    }
    common->facts.items.count = kept;
}

static void add_facts(struct dataflow *flow, const struct map_definition *map,
                      const struct entry *entry, uint32_t depth, struct reaching_facts *facts);

/* False: it is not known whether the line of the inner map leads to `entry`. */
static bool add_line(struct dataflow *flow, const struct map_definition *map,
                     const struct entry *entry, size_t at, const struct map_definition *inner,
                     const struct entry *line, uint32_t depth, struct common *common) {
    struct slice value;
    if (!template_is_constant(flow->model, line->value, &value) || !spend(flow, 1)) {
        return false;
    }
    if (leads_to(flow, map, entry, at, value)) {
        struct reaching_facts facts = {0};
        add_facts(flow, inner, line, depth + 1, &facts);
        keep_common(flow, common, &facts);
    }
    return true;
}

static void add_facts_of_inner(struct dataflow *flow, const struct map_definition *map,
                               const struct entry *entry, size_t at, uint32_t depth,
                               struct reaching_facts *facts) {
    const struct variable_definition *definition = find_map(&map->subject.parts.items[at]);
    if (definition == NULL || depth == DEPTH_LIMIT) {
        return;
    }
    const struct map_definition *inner = definition->map;
    struct common common = {0};
    struct entry line = entry_of_default(inner);
    bool is_known = add_line(flow, map, entry, at, inner, &line, depth, &common);
    for (size_t i = 0; is_known && i < inner->keys.count; i++) {
        line = entry_of_key(&inner->keys.items[i]);
        is_known = add_line(flow, map, entry, at, inner, &line, depth, &common);
    }
    for (size_t i = 0; is_known && i < inner->expressions.count; i++) {
        line = entry_of_expression(&inner->expressions.items[i]);
        is_known = add_line(flow, map, entry, at, inner, &line, depth, &common);
    }
    for (size_t i = 0; is_known && i < common.facts.items.count; i++) {
        const struct reaching_fact *fact = &common.facts.items.items[i];
        add_fact(flow, facts, fact->name, &fact->guard);
    }
}

static void add_facts(struct dataflow *flow, const struct map_definition *map,
                      const struct entry *entry, uint32_t depth, struct reaching_facts *facts) {
    add_facts_of_line(flow, &map->subject, entry, facts);
    for (size_t i = 0; i < map->subject.parts.count; i++) {
        add_facts_of_inner(flow, map, entry, i, depth, facts);
    }
}

const struct reaching_facts *map_keys_find_facts(struct dataflow *flow,
                                                 const struct variable_definition *definition,
                                                 const struct template *result) {
    static const struct reaching_facts none;
    if (definition->map == NULL || !template_has_variables(result)) {
        return &none;
    }
    struct slice key = {(const char *)&result, sizeof result};
    struct reaching_facts *facts = map_find(&flow->map_facts, key);
    if (facts == NULL) {
        struct entry entry = find_entry(definition->map, result);
        facts = arena_require(flow->model->arena, sizeof *facts);
        add_facts(flow, definition->map, &entry, 0, facts);
        map_insert(&flow->map_facts, arena_copy_slice(flow->model->arena, key), facts);
    }
    return facts;
}
