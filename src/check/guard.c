/* Guards: conditions of `if` that leave a few known texts of what a variable may hold; see
 * reaching.h. A guard counts where nobody gets past it: it refuses, it is reached, and what it
 * tested is not changed behind it. */
#include "check/pattern.h"
#include "check/reaching.h"
#include "check/steps.h"

/* The texts that `name` is left with when the condition holds, or when it does not. */
static bool read_texts(struct dataflow *flow, const struct condition *condition, bool holds,
                       struct slice name, struct pattern_texts *texts) {
    struct arena *arena = flow->model->arena;
    struct slice value;
    if (condition == NULL || condition->is_negated == holds ||
        condition->subject.parts.count != 1 ||
        !slice_equals_nocase(condition->subject.parts.items[0].text, name)) {
        return false;
    }
    if (condition->kind == CONDITION_REGEX) {
        struct pattern pattern = pattern_read(arena, condition->regex->pattern, false);
        *texts = pattern.texts;
        return pattern_is_enumeration(&pattern);
    }
    /* What it is compared with may be the client's, too. */
    if (condition->kind != CONDITION_EQUAL ||
        !template_is_constant(flow->model, &condition->value, &value)) {
        return false;
    }
    *texts = (struct pattern_texts){0};
    VECTOR_PUSH(arena, &texts->items, (struct pattern_text){.text = value});
    return true;
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

/* By a block of the location that the use is in. */
static bool is_guarded_in_location(struct dataflow *flow, const struct dataflow_place *place,
                                   struct slice name, struct pattern_texts *texts) {
    const struct location *location = steps_find_base(place->location);
    for (size_t i = 0; location != NULL && i < location->nested.count; i++) {
        const struct location *block = location->nested.items[i];
        if (block->is_condition && read_texts(flow, block->condition, false, name, texts) &&
            refuses(flow, block, &location->rewrite, STEPS_OF_LOCATION, place) &&
            !steps_may_change(flow->model->arena, &location->rewrite, STEPS_OF_LOCATION,
                              block->statement, name)) {
            return true;
        }
    }
    return false;
}

/* By one of the server. */
static bool is_guarded_in_server(struct dataflow *flow, const struct dataflow_place *place,
                                 struct slice name, struct pattern_texts *texts) {
    const struct location *base = steps_find_base(place->location);
    struct arena *arena = flow->model->arena;
    for (size_t i = 0; place->server != NULL && i < place->server->conditions.count; i++) {
        const struct location *block = place->server->conditions.items[i];
        if (read_texts(flow, block->condition, false, name, texts) &&
            refuses(flow, block, &place->server->rewrite, STEPS_OF_SERVER, place) &&
            !is_answered_by_name(block, place) &&
            !steps_may_change(arena, &place->server->rewrite, STEPS_OF_SERVER, block->statement,
                              name) &&
            (base == NULL ||
             !steps_may_change(arena, &base->rewrite, STEPS_OF_LOCATION, NULL, name))) {
            return true;
        }
    }
    return false;
}

bool reaching_find_guard(struct dataflow *flow, const struct dataflow_place *place,
                         struct slice name, struct pattern_texts *texts) {
    const struct location *block = place->location;
    if (block != NULL && block->is_condition &&
        read_texts(flow, block->condition, true, name, texts) &&
        !steps_may_change(flow->model->arena, &block->rewrite, STEPS_OF_LOCATION, NULL, name)) {
        return true;
    }
    return (!steps_is_limited(block) && is_guarded_in_location(flow, place, name, texts)) ||
           is_guarded_in_server(flow, place, name, texts);
}
