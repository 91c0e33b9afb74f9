/* Guards: conditions of `if` that leave a few known texts, or bytes, of what a variable may hold;
 * see reaching.h. A guard counts where nobody gets past it: it refuses, it is reached, and what it
 * tested is not changed behind it. */
#include "check/pattern.h"
#include "check/reaching.h"
#include "check/steps.h"

/* Whether the condition is about that variable alone. */
static bool is_about(const struct condition *condition, struct slice name) {
    return condition != NULL && condition->subject.parts.count == 1 &&
           slice_equals_nocase(condition->subject.parts.items[0].text, name);
}

static void keep_texts(struct reaching_guard *guard, struct pattern_texts texts) {
    if (!guard->has_texts) {
        guard->has_texts = true;
        guard->texts = texts;
    }
}

void reaching_apply_regex(struct dataflow *flow, const struct regex *regex, bool is_matched,
                          struct reaching_guard *guard) {
    const struct regex_tree *tree = dataflow_regex_tree(flow, regex);
    if (!is_matched) {
        struct byte_set bytes;
        if (regex_tree_is_search_for(tree, &bytes)) {
            guard->bytes = byte_set_intersect(guard->bytes, byte_set_complement(bytes));
        }
        return;
    }
    guard->is_matched = guard->is_matched || dataflow_asks_something(flow, regex);
    guard->bytes = byte_set_intersect(guard->bytes, regex_tree_subject_bytes(tree));
    struct pattern pattern = pattern_read(flow->model->arena, regex->pattern, false);
    if (pattern_is_enumeration(&pattern)) {
        keep_texts(guard, pattern.texts);
    }
}

void reaching_apply_condition(struct dataflow *flow, const struct reaching_condition *known,
                              struct reaching_guard *guard) {
    const struct condition *condition = known->condition;
    bool is_met = condition->is_negated != known->holds;
    struct slice value;
    if (condition->kind == CONDITION_REGEX) {
        reaching_apply_regex(flow, condition->regex, is_met, guard);
        return;
    }
    /* What it is compared with may be the client's, too. */
    if (condition->kind == CONDITION_EQUAL && is_met &&
        template_is_constant(flow->model, &condition->value, &value)) {
        struct pattern_texts texts = {0};
        VECTOR_PUSH(flow->model->arena, &texts.items, (struct pattern_text){.text = value});
        guard->is_matched = true;
        keep_texts(guard, texts);
    }
}

struct reaching_guard reaching_join_guards(const struct reaching_guard *a,
                                           const struct reaching_guard *b) {
    struct reaching_guard joined = a->has_texts ? *a : *b;
    joined.bytes = byte_set_intersect(a->bytes, b->bytes);
    joined.is_matched = a->is_matched || b->is_matched;
    return joined;
}

struct reaching_guard reaching_unite_guards(struct arena *arena, const struct reaching_guard *a,
                                            const struct reaching_guard *b) {
    struct reaching_guard united = {.has_texts = a->has_texts && b->has_texts,
                                    .bytes = byte_set_unite(a->bytes, b->bytes),
                                    .is_matched = a->is_matched && b->is_matched};
    const struct pattern_texts *both[] = {&a->texts, &b->texts};
    for (size_t i = 0; united.has_texts && i < 2; i++) {
        for (size_t j = 0; j < both[i]->items.count; j++) {
            VECTOR_PUSH(arena, &united.texts.items, both[i]->items.items[j]);
        }
    }
    return united;
}

const struct reaching_guard *reaching_find_fact(const struct reaching_facts *facts,
                                                struct slice name) {
    for (size_t i = 0; facts != NULL && i < facts->items.count; i++) {
        if (slice_equals_nocase(facts->items.items[i].name, name)) {
            return &facts->items.items[i].guard;
        }
    }
    return NULL;
}

/* Whether the block stands before the use, if that is a statement. */
static bool is_before(const struct location *block, const struct dataflow_place *use) {
    return use->statement == NULL ||
           (block->statement->span.source == use->statement->span.source &&
            block->statement->span.begin <= use->statement->span.begin);
}

/* Whether a refusal is answered by a named location, which passes no guard again. */
static bool is_answered_by_name(const struct location *block, const struct dataflow_place *use) {
    const struct location *base = steps_find_base(use->location);
    const struct error_page_list *pages = &block->settings->error_page;
    uint32_t status = steps_find_status(&block->rewrite);
    for (size_t i = 0; base != NULL && base->kind == TABLE_LOCATION_NAMED && i < pages->list.count;
         i++) {
        if (pages->list.items[i].status == status &&
            steps_is_target(&pages->list.items[i].target, base)) {
            return true;
        }
    }
    return false;
}

/* Whether a request that meets the condition never gets to the use, for which `steps` are run
 * first. */
static bool refuses(struct dataflow *flow, const struct location *block,
                    const struct rewrite *steps, enum steps_owner owner,
                    const struct dataflow_place *use) {
    return is_before(block, use) &&
           steps_always_leave(flow->model->arena, &block->rewrite, owner) &&
           !steps_may_stop_before(steps, owner, block->statement);
}

/* By blocks of the location that the use is in. */
static void apply_guards_of_location(struct dataflow *flow, const struct dataflow_place *place,
                                     struct slice name, struct reaching_guard *guard) {
    const struct location *location = steps_find_base(place->location);
    for (size_t i = 0; location != NULL && i < location->nested.count; i++) {
        const struct location *block = location->nested.items[i];
        if (block->is_condition && is_about(block->condition, name) &&
            refuses(flow, block, &location->rewrite, STEPS_OF_LOCATION, place) &&
            !steps_may_change(flow->model->arena, &location->rewrite, STEPS_OF_LOCATION,
                              block->statement, name)) {
            reaching_apply_condition(flow, &(struct reaching_condition){block->condition, false},
                                     guard);
        }
    }
}

/* By those of the server. */
static void apply_guards_of_server(struct dataflow *flow, const struct dataflow_place *place,
                                   struct slice name, struct reaching_guard *guard) {
    const struct location *base = steps_find_base(place->location);
    struct arena *arena = flow->model->arena;
    for (size_t i = 0; place->server != NULL && i < place->server->conditions.count; i++) {
        const struct location *block = place->server->conditions.items[i];
        if (is_about(block->condition, name) &&
            refuses(flow, block, &place->server->rewrite, STEPS_OF_SERVER, place) &&
            !is_answered_by_name(block, place) &&
            !steps_may_change(arena, &place->server->rewrite, STEPS_OF_SERVER, block->statement,
                              name) &&
            (base == NULL ||
             !steps_may_change(arena, &base->rewrite, STEPS_OF_LOCATION, NULL, name))) {
            reaching_apply_condition(flow, &(struct reaching_condition){block->condition, false},
                                     guard);
        }
    }
}

struct reaching_guard reaching_find_guard(struct dataflow *flow, const struct dataflow_place *place,
                                          struct slice name) {
    struct reaching_guard guard = {.bytes = BYTE_SET_ALL};
    const struct location *block = place->location;
    if (block != NULL && block->is_condition && is_about(block->condition, name) &&
        !steps_may_change(flow->model->arena, &block->rewrite, STEPS_OF_LOCATION, NULL, name)) {
        reaching_apply_condition(flow, &(struct reaching_condition){block->condition, true},
                                 &guard);
    }
    if (!steps_is_limited(block)) {
        apply_guards_of_location(flow, place, name, &guard);
    }
    apply_guards_of_server(flow, place, name, &guard);
    return guard;
}

/* --- conditions between a definition and its use --- */

struct gathering {
    struct dataflow *flow;
    const struct dataflow_place *use;
    const struct config_variable *variable;
    struct reaching_conditions *found;
};

/* Whether nobody comes by the block with the value that the variable had before it. */
static bool diverts(const struct gathering *gathering, const struct location *block,
                    enum steps_owner owner) {
    if (steps_always_leave(gathering->flow->model->arena, &block->rewrite, owner)) {
        return owner == STEPS_OF_LOCATION || !is_answered_by_name(block, gathering->use);
    }
    for (size_t i = 0; i < block->rewrite.steps.count; i++) {
        const struct rewrite_step *step = &block->rewrite.steps.items[i];
        if (step->kind == REWRITE_SET && step->variable == gathering->variable) {
            return !steps_may_stop_before(&block->rewrite, owner, step->statement);
        }
    }
    return false;
}

static bool changes_args_or_path(const struct gathering *gathering, struct slice name) {
    const struct server *server = gathering->use->server;
    const struct location *base = steps_find_base(gathering->use->location);
    struct arena *arena = gathering->flow->model->arena;
    return steps_may_change(arena, &server->rewrite, STEPS_OF_SERVER, NULL, name) ||
           (base != NULL && steps_may_change(arena, &base->rewrite, STEPS_OF_LOCATION, NULL, name));
}

/* Whether the condition is about the variable, or about one whose value is the same all the time.
 */
static bool is_of_use(const struct gathering *gathering, const struct condition *condition) {
    if (condition == NULL || condition->subject.parts.count != 1) {
        return false;
    }
    const struct template_part *part = &condition->subject.parts.items[0];
    return (part->kind == PART_CONFIG && part->variable == gathering->variable) ||
           ((part->kind == PART_BUILTIN || part->kind == PART_KNOWN) &&
            !changes_args_or_path(gathering, part->text));
}

/* Those among the steps from `from` on, NULL: from the first, up to `until`, NULL: to the last. */
static void gather_conditions(const struct gathering *gathering, const struct rewrite *rewrite,
                              enum steps_owner owner, const struct statement *from,
                              const struct statement *until) {
    size_t end = until != NULL ? steps_find_position(rewrite, until) : rewrite->steps.count;
    size_t begin = from != NULL ? steps_find_position(rewrite, from) + 1 : 0;
    for (size_t i = begin > rewrite->steps.count ? 0 : begin; i < end; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind != REWRITE_IF || !is_of_use(gathering, step->block->condition)) {
            continue;
        }
        bool is_inside = gathering->use->location == step->block;
        if (is_inside || (diverts(gathering, step->block, owner) &&
                          !steps_may_stop_before(rewrite, owner, step->statement))) {
            struct reaching_condition condition = {step->block->condition, is_inside};
            VECTOR_PUSH(gathering->flow->model->arena, &gathering->found->items, condition);
        }
    }
}

void reaching_find_conditions(struct dataflow *flow, const struct dataflow_place *use,
                              const struct config_variable *variable,
                              const struct variable_definition *definition,
                              const struct dataflow_place *scope,
                              struct reaching_conditions *found) {
    struct gathering gathering = {flow, use, variable, found};
    const struct location *use_base = steps_find_base(use->location);
    const struct location *base = steps_find_base(scope->location);
    bool is_local = scope->server != NULL && scope->server == use->server;
    if (!is_local || (base != NULL && base != use_base)) {
        return;
    }
    if (base == NULL) {
        gather_conditions(&gathering, &scope->server->rewrite, STEPS_OF_SERVER,
                          definition->statement, use_base == NULL ? use->statement : NULL);
    }
    if (use_base != NULL && !steps_is_limited(use->location)) {
        gather_conditions(&gathering, &use_base->rewrite, STEPS_OF_LOCATION,
                          base != NULL ? definition->statement : NULL, use->statement);
    }
}
