/* What rewrite phases do; see steps.h. */
#include "check/steps.h"

#include "check/pattern.h"

const struct location *steps_find_base(const struct location *location) {
    while (location != NULL && location->is_condition) {
        location = location->parent;
    }
    return location;
}

bool steps_is_limited(const struct location *location) {
    return location != NULL && location->parent != NULL && location->parent->limited == location;
}

/* --- ends of a phase --- */

static bool stops(const struct rewrite_step *step, enum steps_owner owner) {
    if (step->kind == REWRITE_BREAK) {
        return true;
    }
    return step->kind == REWRITE_PATH && step->rewriting->redirect == 0 &&
           (step->rewriting->flag == TABLE_REWRITE_BREAK ||
            (step->rewriting->flag == TABLE_REWRITE_LAST && owner == STEPS_OF_SERVER));
}

static bool is_before(const struct rewrite_step *step, const struct statement *statement) {
    return statement == NULL || step->statement->span.source != statement->span.source ||
           step->statement->span.begin < statement->span.begin;
}

bool steps_may_stop_before(const struct rewrite *rewrite, enum steps_owner owner,
                           const struct statement *statement) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (!is_before(step, statement)) {
            return false;
        }
        if (stops(step, owner) ||
            (step->kind == REWRITE_IF &&
             steps_may_stop_before(&step->block->rewrite, owner, statement))) {
            return true;
        }
    }
    return false;
}

size_t steps_find_position(const struct rewrite *rewrite, const struct statement *statement) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->statement == statement ||
            (step->kind == REWRITE_IF && steps_find_position(&step->block->rewrite, statement) <
                                             step->block->rewrite.steps.count)) {
            return i;
        }
    }
    return rewrite->steps.count;
}

/* Whether the rewrite is one for any path. */
static bool is_for_every_path(struct arena *arena, const struct rewriting *rewriting) {
    struct pattern pattern = pattern_read(arena, rewriting->regex->pattern, false);
    return pattern_matches_every_path(&pattern);
}

bool steps_take_raw_path(struct arena *arena, const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        const struct rewriting *rewriting = step->kind == REWRITE_PATH ? step->rewriting : NULL;
        if (step->kind == REWRITE_BREAK || step->kind == REWRITE_RETURN) {
            return false;
        }
        if (rewriting == NULL) {
            continue;
        }
        const struct template *path = &rewriting->path;
        bool is_raw = path->parts.count == 1 && path->parts.items[0].kind == PART_BUILTIN &&
                      path->parts.items[0].id == VARIABLE_REQUEST_URI;
        if (is_raw && rewriting->redirect == 0 && is_for_every_path(arena, rewriting)) {
            return true;
        }
        if (rewriting->flag != 0) {
            return false;
        }
    }
    return false;
}

bool steps_always_leave(struct arena *arena, const struct rewrite *rewrite,
                        enum steps_owner owner) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_RETURN) {
            return true;
        }
        if (stops(step, owner)) {
            return false;
        }
        if (step->kind == REWRITE_PATH &&
            (step->rewriting->redirect != 0 || step->rewriting->flag == TABLE_REWRITE_LAST) &&
            is_for_every_path(arena, step->rewriting)) {
            return true;
        }
    }
    return false;
}

const struct regex *steps_find_captured(const struct location *block,
                                        const struct rewrite_step *step) {
    if (step->kind == REWRITE_PATH) {
        return step->rewriting->regex;
    }
    const struct condition *condition = block != NULL ? block->condition : NULL;
    if (condition == NULL || condition->kind != CONDITION_REGEX || condition->is_negated) {
        return NULL;
    }
    for (size_t i = 0; &block->rewrite.steps.items[i] != step; i++) {
        if (block->rewrite.steps.items[i].kind == REWRITE_PATH) {
            return NULL;
        }
    }
    return condition->regex;
}

uint32_t steps_find_status(const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        if (rewrite->steps.items[i].kind == REWRITE_RETURN) {
            return rewrite->steps.items[i].status;
        }
    }
    return 0;
}

/* --- what a step changes --- */

static bool is_one_of(struct slice name, const char *const *names) {
    for (; *names != NULL; names++) {
        if (slice_equals_nocase(name, slice_from_string(*names))) {
            return true;
        }
    }
    return false;
}

static bool depends_on_args(struct slice variable) {
    static const char *const names[] = {"args", "query_string", "is_args", NULL};
    return slice_starts_with_nocase(variable, SLICE("arg_")) || is_one_of(variable, names);
}

static bool depends_on_path(struct slice variable) {
    static const char *const names[] = {"uri", "document_uri", "request_filename", NULL};
    return is_one_of(variable, names);
}

static bool changes(const struct rewrite_step *step, struct slice variable) {
    if (step->kind == REWRITE_SET_ARGS) {
        return depends_on_args(variable) && template_has_variables(&step->text);
    }
    if (step->kind != REWRITE_PATH || step->rewriting->redirect != 0) {
        return false;
    }
    return (depends_on_args(variable) && template_has_variables(&step->rewriting->args)) ||
           (depends_on_path(variable) && template_has_variables(&step->rewriting->path));
}

bool steps_may_change(struct arena *arena, const struct rewrite *rewrite, enum steps_owner owner,
                      const struct statement *statement, struct slice variable) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (statement != NULL && is_before(step, statement)) {
            continue;
        }
        if (changes(step, variable)) {
            return true;
        }
        /* Nobody comes back from a block that always leaves. */
        if (step->kind == REWRITE_IF && !steps_always_leave(arena, &step->block->rewrite, owner) &&
            steps_may_change(arena, &step->block->rewrite, owner, NULL, variable)) {
            return true;
        }
    }
    return false;
}

/* --- ways from one location to another --- */

/* The text that every value begins with; `*is_whole` when that is all. */
static struct slice beginning(const struct template *target, bool *is_whole) {
    *is_whole = target->parts.count <= 1;
    if (target->parts.count == 0 || target->parts.items[0].kind != PART_TEXT) {
        *is_whole = target->parts.count == 0;
        return SLICE("");
    }
    struct slice text = target->parts.items[0].text;
    size_t question = slice_find_byte(text, '?');
    *is_whole = *is_whole || question < text.size;
    return slice_take(text, question);
}

static bool takes_path(const struct location *to, struct slice path, bool is_whole) {
    switch (to->kind) {
    case TABLE_LOCATION_NAMED:
        return false;
    case TABLE_LOCATION_REGEX:
    case TABLE_LOCATION_REGEX_NOCASE:
        return true;
    case TABLE_LOCATION_EXACT:
        return is_whole ? slice_equals(path, to->name) : slice_starts_with(to->name, path);
    case TABLE_LOCATION_PREFIX:
    case TABLE_LOCATION_PREFIX_NO_REGEX:
        break;
    }
    return slice_starts_with(path, to->name) || (!is_whole && slice_starts_with(to->name, path));
}

bool steps_is_target(const struct template *target, const struct location *to) {
    bool is_whole;
    struct slice text = beginning(target, &is_whole);
    if (text.size == 0) {
        return !is_whole;
    }
    if (text.data[0] == '@') {
        return to->kind == TABLE_LOCATION_NAMED &&
               (is_whole ? slice_equals(text, to->name) : slice_starts_with(to->name, text));
    }
    return text.data[0] == '/' && takes_path(to, text, is_whole);
}

static bool rewrites_to(const struct rewrite *rewrite, const struct location *to) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_PATH && step->rewriting->redirect == 0 &&
            step->rewriting->flag != TABLE_REWRITE_BREAK) {
            bool is_whole;
            struct slice path = beginning(&step->rewriting->path, &is_whole);
            if (takes_path(to, path, is_whole)) {
                return true;
            }
        }
    }
    return false;
}

/* By the location itself, its blocks left out. */
static bool sends_to(const struct location *from, const struct location *to) {
    const struct error_page_list *pages = &from->settings->error_page;
    for (size_t i = 0; i < pages->list.count; i++) {
        if (steps_is_target(&pages->list.items[i].target, to)) {
            return true;
        }
    }
    if (from->try_files != NULL && from->try_files->status == 0 &&
        steps_is_target(&from->try_files->target, to)) {
        return true;
    }
    /* A subrequest may get to any location, and its variables are those of the request. */
    return rewrites_to(&from->rewrite, to) || from->settings->auth_request.size > 0;
}

static bool leads_directly(const struct location *from, const struct location *to) {
    if (sends_to(from, to)) {
        return true;
    }
    for (size_t i = 0; i < from->nested.count; i++) {
        const struct location *block = from->nested.items[i];
        if (block->is_condition && sends_to(block, to)) {
            return true;
        }
    }
    return false;
}

/* A search through the locations of a server. */
struct search {
    struct arena *arena;
    uint32_t budget;
    VECTOR_OF(const struct location *) seen; /* reached, the first of them `from` */
};

static bool is_seen(const struct search *search, const struct location *location) {
    for (size_t i = 0; i < search->seen.count; i++) {
        if (search->seen.items[i] == location) {
            return true;
        }
    }
    return false;
}

static void add_reached(struct search *search, const struct location *from,
                        struct location *const *locations, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct location *location = locations[i];
        if (search->budget == 0) {
            return;
        }
        search->budget -= 1;
        if (!location->is_condition && leads_directly(from, location) &&
            !is_seen(search, location)) {
            VECTOR_PUSH(search->arena, &search->seen, location);
        }
        add_reached(search, from, location->nested.items, location->nested.count);
    }
}

bool steps_lead_to(struct arena *arena, const struct location *from, const struct location *to,
                   uint32_t *budget) {
    struct search search = {.arena = arena, .budget = *budget};
    bool is_found = false;
    VECTOR_PUSH(arena, &search.seen, from);
    for (size_t i = 0; i < search.seen.count && !is_found; i++) {
        const struct location *reached = search.seen.items[i];
        is_found = search.budget == 0 || leads_directly(reached, to);
        if (!is_found) {
            add_reached(&search, reached, from->server->locations.items,
                        from->server->locations.count);
        }
    }
    *budget = search.budget;
    return is_found || search.budget == 0;
}
