/* What a rewrite sequence did, as steps: if, set, rewrite, break, return. */
#include "cli/route_teller.h"

#include "cli/notation.h"

static struct slice word(const struct route *route, struct slice text) {
    return notation_word(route->arena, text);
}

/* Where the ops of a server's or location's sequence stand; none when the table does not say. */
static struct table_range find_places(const struct table *table, uint32_t server,
                                      uint32_t location) {
    for (uint32_t i = 0; i < table->sequence_place_count; i++) {
        const struct table_sequence_place *record = &table->sequence_place[i];
        if (record->server == server && record->location == location) {
            return record->places;
        }
    }
    return (struct table_range){0, 0};
}

static bool begins(const struct table *table, uint32_t program, uint32_t op) {
    return program != TABLE_NONE && table->program[program].ops.first == op;
}

/* Locations are chosen when the server's sequence has run, blocks of `if` have none of their own.
 */
static void note_sequence(struct route_teller *teller, uint32_t op) {
    const struct route *route = teller->route;
    const struct table *table = route->table;
    const struct table_location *location = route->request.location;
    const struct table_server *server = route->request.server;
    if (location != NULL && begins(table, location->rewrite, op)) {
        teller->places = find_places(table, TABLE_NONE, (uint32_t)(location - table->location));
        teller->first_op = op;
    } else if (location == NULL && begins(table, server->rewrite, op)) {
        teller->places = find_places(table, (uint32_t)(server - table->server), TABLE_NONE);
        teller->first_op = op;
    }
}

void route_tell_step(struct route_teller *teller, const struct engine_event *event) {
    note_sequence(teller, event->record);
    uint32_t step = event->record - teller->first_op;
    teller->place = step < teller->places.count
                        ? teller->route->table->step_place[teller->places.first + step].place
                        : route_nowhere;
}

void route_tell_test(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct slice condition = notation_condition(route->arena, route->table, event->record);
    struct slice subject = word(route, event->subject);
    struct route_step *step = route_add_step(teller, "if", teller->place, condition);
    bool tests_file = route->table->op[event->record].code == TABLE_OP_TEST_FILE;
    step->note = arena_format(route->arena, "%s; %s %.*s", event->result ? "met" : "not met",
                              tests_file ? "the file is" : "the text is", SLICE_ARGS(subject));
    route_add_text(route, step, "condition", condition);
    route_add_text(route, step, "subject", event->subject);
    route_add_flag(route, step, "result", event->result);
    route_mark_uncertain(teller, step, event->subject);
}

void route_tell_enter(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = route->table->location[event->record].place;
    struct route_step *step = route_add_step(teller, "block", place, SLICE("if"));
    step->note = SLICE("settings and proxy_pass are those of the block");
}

void route_tell_set(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct slice name = table_text(route->table, route->table->slot[event->record].name);
    struct slice value = word(route, event->value);
    struct slice title =
        arena_format(route->arena, "$%.*s = %.*s", SLICE_ARGS(name), SLICE_ARGS(value));
    struct route_step *step = route_add_step(teller, "set", teller->place, title);
    route_add_text(route, step, "variable", name);
    route_add_text(route, step, "value", event->value);
    route_mark_uncertain(teller, step, event->value);
}

/* One of nginx's variables got a value. */
static void tell_builtin(struct route_teller *teller, const struct engine_event *event,
                         struct slice name) {
    struct route *route = teller->route;
    struct slice value = word(route, event->value);
    struct slice title =
        arena_format(route->arena, "$%.*s = %.*s", SLICE_ARGS(name), SLICE_ARGS(value));
    struct route_step *step = route_add_step(teller, "set", teller->place, title);
    route_add_text(route, step, "variable", name);
    route_add_text(route, step, "value", event->value);
    route_mark_uncertain(teller, step, event->value);
}

void route_tell_set_args(struct route_teller *teller, const struct engine_event *event) {
    tell_builtin(teller, event, SLICE("args"));
}

void route_tell_set_rate(struct route_teller *teller, const struct engine_event *event) {
    tell_builtin(teller, event, SLICE("limit_rate"));
}

/* The path and arguments as they are now, or the Location. */
static struct slice rewritten(const struct route *route, const struct table_rewrite *rewrite,
                              const struct engine_event *event) {
    struct slice args = route->request.args;
    if (rewrite->redirect != 0 || args.size == 0) {
        return event->value;
    }
    return arena_format(route->arena, "%.*s?%.*s", SLICE_ARGS(event->value), SLICE_ARGS(args));
}

static struct slice rewrite_flag(const struct table_rewrite *rewrite) {
    static const char *const flags[] = {"", "last", "break"};
    if (rewrite->redirect != 0) {
        return rewrite->redirect == 301 ? SLICE("permanent") : SLICE("redirect");
    }
    return slice_from_string(flags[rewrite->flag]);
}

void route_tell_rewrite(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    const struct table_rewrite *rewrite = &route->table->rewrite[event->record];
    struct slice pattern = table_text(route->table, route->table->regex[rewrite->regex].pattern);
    struct slice before = word(route, event->subject);
    struct slice flag = rewrite_flag(rewrite);
    struct slice title = flag.size == 0 ? pattern
                                        : arena_format(route->arena, "%.*s (%.*s)",
                                                       SLICE_ARGS(pattern), SLICE_ARGS(flag));
    struct route_step *step = route_add_step(teller, "rewrite", rewrite->place, title);
    route_add_text(route, step, "pattern", pattern);
    route_add_flag(route, step, "matches", event->result);
    route_add_text(route, step, "before", event->subject);
    if (!event->result) {
        step->note = arena_format(route->arena, "does not match %.*s", SLICE_ARGS(before));
        return;
    }
    struct slice after = rewritten(route, rewrite, event);
    struct slice shown = word(route, after);
    step->note =
        arena_format(route->arena, "%.*s becomes %.*s", SLICE_ARGS(before), SLICE_ARGS(shown));
    route_add_text(route, step, "after", after);
    route_add_text(route, step, "flag", flag);
    route_mark_uncertain(teller, step, after);
}

void route_tell_break(struct route_teller *teller, const struct engine_event *event) {
    (void)event;
    route_add_step(teller, "break", teller->place, SLICE("the rewriting ends here"));
}

void route_tell_return(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct slice value = event->value.size > 0 ? word(route, event->value) : SLICE("");
    struct slice title = arena_format(route->arena, "%u%s%.*s", event->status,
                                      value.size > 0 ? " " : "", SLICE_ARGS(value));
    struct route_step *step = route_add_step(teller, "return", teller->place, title);
    route_add_number(route, step, "status", event->status);
    if (event->value.size > 0) {
        route_add_text(route, step, "value", event->value);
    }
    route_mark_uncertain(teller, step, event->value);
}
