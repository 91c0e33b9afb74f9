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

/* What is known of a value that the expression matches, or does not match. */
static void apply_regex(struct dataflow *flow, const struct regex *regex, bool is_matched,
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

/* Adds what is known of `name` when the condition holds, or when it does not. */
static void apply_condition(struct dataflow *flow, const struct condition *condition, bool holds,
                            struct reaching_guard *guard) {
    bool is_met = condition->is_negated != holds;
    struct slice value;
    if (condition->kind == CONDITION_REGEX) {
        apply_regex(flow, condition->regex, is_met, guard);
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
            apply_condition(flow, block->condition, false, guard);
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
            apply_condition(flow, block->condition, false, guard);
        }
    }
}

struct reaching_guard reaching_find_guard(struct dataflow *flow, const struct dataflow_place *place,
                                          struct slice name) {
    struct reaching_guard guard = {.bytes = BYTE_SET_ALL};
    const struct location *block = place->location;
    if (block != NULL && block->is_condition && is_about(block->condition, name) &&
        !steps_may_change(flow->model->arena, &block->rewrite, STEPS_OF_LOCATION, NULL, name)) {
        apply_condition(flow, block->condition, true, &guard);
    }
    if (!steps_is_limited(block)) {
        apply_guards_of_location(flow, place, name, &guard);
    }
    apply_guards_of_server(flow, place, name, &guard);
    return guard;
}
