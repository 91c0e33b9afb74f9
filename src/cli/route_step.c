/* Steps of a route and what they are made of. */
#include "cli/route_teller.h"

#include <string.h>

struct route_step *route_add_step(struct route_teller *teller, const char *kind,
                                  struct table_place place, struct slice title) {
    struct route *route = teller->route;
    VECTOR_PUSH(route->arena, &route->steps,
                (struct route_step){.kind = kind, .place = place, .title = title});
    struct route_step *step = &route->steps.items[route->steps.count - 1];
    step->is_uncertain = route->unknown_uses != teller->unknown_uses;
    teller->unknown_uses = route->unknown_uses;
    return step;
}

static bool holds(struct slice text, struct slice name) {
    return name.size <= text.size && name.size > 0 &&
           memmem(text.data, text.size, name.data, name.size) != NULL;
}

void route_mark_uncertain(struct route_teller *teller, struct route_step *step, struct slice text) {
    const struct route *route = teller->route;
    for (size_t i = 0; i < route->unknown.count; i++) {
        step->is_uncertain = step->is_uncertain || holds(text, route->unknown.items[i]);
    }
}

void route_add_text(struct route *route, struct route_step *step, const char *name,
                    struct slice text) {
    VECTOR_PUSH(route->arena, &step->facts,
                (struct route_fact){.name = name, .kind = ROUTE_TEXT, .text = text});
}

void route_add_number(struct route *route, struct route_step *step, const char *name,
                      uint64_t number) {
    VECTOR_PUSH(route->arena, &step->facts,
                (struct route_fact){.name = name, .kind = ROUTE_NUMBER, .number = number});
}

void route_add_flag(struct route *route, struct route_step *step, const char *name, bool flag) {
    VECTOR_PUSH(route->arena, &step->facts,
                (struct route_fact){.name = name, .kind = ROUTE_FLAG, .number = flag});
}
