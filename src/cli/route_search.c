/* The two searches, for the server and for the location: what was chosen, what else was looked at,
 * and why it was not taken. Only when a search is over is it known why the others lost. */
#include "cli/route_teller.h"

#include "cli/notation.h"

static void consider(struct route_teller *teller, const struct engine_event *event,
                     const char *why) {
    VECTOR_PUSH(
        teller->route->arena, &teller->considered,
        (struct route_considered){event->kind, event->record, event->result, why, teller->decider});
}

static void forget(struct route_teller *teller) {
    teller->considered.count = 0;
    teller->decider = TABLE_NONE;
    teller->decides = "";
}

static void add_candidate(struct route *route, struct route_step *step, struct slice name,
                          struct table_place place, bool matches, struct slice why) {
    VECTOR_PUSH(route->arena, &step->considered,
                (struct route_candidate){name, place, matches, why});
}

/* --- servers --- */

void route_tell_name(struct route_teller *teller, const struct engine_event *event) {
    consider(teller, event, NULL);
}

static struct slice regex_name(const struct route *route, uint32_t record) {
    const struct table *table = route->table;
    const struct table_regex *regex = &table->regex[table->name_regex[record].regex];
    struct slice pattern = table_text(table, regex->pattern);
    return arena_format(route->arena, "~%.*s", SLICE_ARGS(pattern));
}

static void explain_by_slot(struct route *route, struct route_step *step, uint32_t record) {
    static const char *const words[] = {
        [TABLE_NAME_EXACT] = "exact",
        [TABLE_NAME_LEADING] = "wildcard",
        [TABLE_NAME_TRAILING] = "wildcard",
    };
    const struct table_name_slot *slot = &route->table->name_slot[record];
    struct slice name = notation_name(route->arena, route->table, slot);
    bool is_exact = slot->kind == TABLE_NAME_EXACT;
    step->note = arena_format(route->arena,
                              is_exact ? "has the name \"%.*s\""
                                       : "the longest wildcard that matches is \"%.*s\"",
                              SLICE_ARGS(name));
    route_add_text(route, step, "name", name);
    route_add_text(route, step, "by", slice_from_string(words[slot->kind]));
}

static void explain_by_regex(struct route *route, struct route_step *step, uint32_t record) {
    struct slice name = regex_name(route, record);
    step->note = arena_format(route->arena, "the first regular expression that matches is \"%.*s\"",
                              SLICE_ARGS(name));
    route_add_text(route, step, "name", name);
    route_add_text(route, step, "by", SLICE("regex"));
}

static void explain_default(struct route *route, struct route_step *step, struct slice host) {
    struct slice listener = table_text(route->table, route->arrival.listener->name);
    if (host.size == 0) {
        step->note = arena_format(route->arena,
                                  "the default server of %.*s; the request names no "
                                  "host",
                                  SLICE_ARGS(listener));
    } else {
        step->note = arena_format(route->arena,
                                  "the default server of %.*s; no name matches "
                                  "\"%.*s\"",
                                  SLICE_ARGS(listener), SLICE_ARGS(host));
    }
    route_add_text(route, step, "by", SLICE("default"));
}

static void add_regex_names(struct route_teller *teller, struct route_step *step) {
    struct route *route = teller->route;
    for (size_t i = 0; i < teller->considered.count; i++) {
        const struct route_considered *considered = &teller->considered.items[i];
        if (considered->kind == ENGINE_EVENT_NAME_REGEX && !considered->matches) {
            uint32_t server = route->table->name_regex[considered->record].server;
            add_candidate(route, step, regex_name(route, considered->record),
                          route->table->server[server].place, false, SLICE("does not match"));
        }
    }
}

void route_tell_server(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    const struct table_server *server = &route->table->server[event->record];
    struct slice name = table_text(route->table, server->name);
    struct route_step *step =
        route_add_step(teller, "server", server->place, notation_word(route->arena, name));
    route_add_text(route, step, "server", name);
    route_add_text(route, step, "host", event->subject);
    size_t count = teller->considered.count;
    if (!event->result || count == 0) {
        explain_default(route, step, event->subject);
    } else if (teller->considered.items[count - 1].kind == ENGINE_EVENT_NAME) {
        explain_by_slot(route, step, teller->considered.items[count - 1].record);
    } else {
        explain_by_regex(route, step, teller->considered.items[count - 1].record);
    }
    add_regex_names(teller, step);
    forget(teller);
}

/* --- locations --- */

/* Once one of these is told the regexes that follow are not tried any more. */
static void note_decider(struct route_teller *teller, const struct engine_event *event) {
    bool has_mark =
        event->kind == ENGINE_EVENT_PREFIX &&
        teller->route->table->location[event->record].kind == TABLE_LOCATION_PREFIX_NO_REGEX;
    if (event->kind == ENGINE_EVENT_EXACT) {
        teller->decides = "matches exactly";
    } else if (event->kind == ENGINE_EVENT_REGEX && event->result) {
        teller->decides = "comes first";
    } else if (has_mark) {
        teller->decides = "rules regular expressions out";
    } else {
        return;
    }
    teller->decider = event->record;
}

void route_tell_candidate(struct route_teller *teller, const struct engine_event *event) {
    note_decider(teller, event);
    consider(teller, event, teller->decides);
}

/* The longest prefix among what was considered. */
static uint32_t find_longest(const struct route_teller *teller) {
    uint32_t longest = TABLE_NONE;
    for (size_t i = 0; i < teller->considered.count; i++) {
        if (teller->considered.items[i].kind == ENGINE_EVENT_PREFIX) {
            longest = teller->considered.items[i].record;
        }
    }
    return longest;
}

static bool is_regex(const struct table *table, uint32_t location) {
    return location != TABLE_NONE &&
           (table->location[location].kind == TABLE_LOCATION_REGEX ||
            table->location[location].kind == TABLE_LOCATION_REGEX_NOCASE);
}

static struct slice why_prefix_lost(const struct route *route, uint32_t prefix, uint32_t longest,
                                    uint32_t chosen) {
    const struct table *table = route->table;
    bool has_mark = table->location[prefix].kind == TABLE_LOCATION_PREFIX_NO_REGEX;
    uint32_t winner = prefix != longest ? longest : chosen;
    struct slice name = notation_location(route->arena, table, winner);
    if (prefix != longest) {
        return arena_format(route->arena, "matches, but %.*s is longer%s", SLICE_ARGS(name),
                            has_mark ? "; ^~ counts only where it is the longest" : "");
    }
    if (is_regex(table, chosen)) {
        return arena_format(route->arena,
                            "the longest prefix, but the regular expression %.*s matches",
                            SLICE_ARGS(name));
    }
    bool is_exact = table->location[chosen].kind == TABLE_LOCATION_EXACT;
    return arena_format(route->arena,
                        is_exact ? "matches, but %.*s matches exactly"
                                 : "matches, but %.*s is the path with a slash behind it",
                        SLICE_ARGS(name));
}

static struct slice why_untried(const struct route *route,
                                const struct route_considered *considered) {
    struct slice name = notation_location(route->arena, route->table, considered->than);
    return arena_format(route->arena,
                        considered->matches ? "would match, but %.*s %s"
                                            : "not tried, as %.*s %s; would not match",
                        SLICE_ARGS(name), considered->why);
}

static struct slice why_regex_lost(const struct route *route,
                                   const struct route_considered *considered, uint32_t chosen) {
    if (!considered->matches) {
        return SLICE("does not match");
    }
    struct slice name = notation_location(route->arena, route->table, chosen);
    return arena_format(route->arena, "matches, but so does %.*s inside it", SLICE_ARGS(name));
}

static void add_losers(struct route_teller *teller, struct route_step *step, uint32_t chosen) {
    struct route *route = teller->route;
    uint32_t longest = find_longest(teller);
    for (size_t i = 0; i < teller->considered.count; i++) {
        const struct route_considered *considered = &teller->considered.items[i];
        uint32_t record = considered->record;
        struct slice why;
        if (record == chosen) {
            continue;
        }
        if (considered->kind == ENGINE_EVENT_PREFIX) {
            why = why_prefix_lost(route, record, longest, chosen);
        } else if (considered->kind == ENGINE_EVENT_NO_REGEX) {
            why = why_untried(route, considered);
        } else {
            why = why_regex_lost(route, considered, chosen);
        }
        add_candidate(route, step, notation_location(route->arena, route->table, record),
                      route->table->location[record].place, considered->matches, why);
    }
}

static bool has_tried_regexes(const struct route_teller *teller) {
    for (size_t i = 0; i < teller->considered.count; i++) {
        if (teller->considered.items[i].kind == ENGINE_EVENT_REGEX) {
            return true;
        }
    }
    return false;
}

static struct slice why_chosen(const struct route_teller *teller, uint32_t chosen) {
    if (chosen == TABLE_NONE) {
        return SLICE("no location matches the path");
    }
    switch ((enum table_location_kind)teller->route->table->location[chosen].kind) {
    case TABLE_LOCATION_EXACT:
        return SLICE("matches exactly, which ends the search");
    case TABLE_LOCATION_REGEX:
    case TABLE_LOCATION_REGEX_NOCASE:
        return SLICE("the first regular expression that matches; those go before prefixes");
    case TABLE_LOCATION_PREFIX_NO_REGEX:
        return SLICE("the longest prefix; ^~ keeps regular expressions from being tried");
    case TABLE_LOCATION_PREFIX:
    case TABLE_LOCATION_NAMED:
        break;
    }
    return has_tried_regexes(teller) ? SLICE("the longest prefix; no regular expression matches")
                                     : SLICE("the longest prefix");
}

void route_tell_location(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    uint32_t chosen = event->record;
    struct table_place place =
        chosen == TABLE_NONE ? route_nowhere : route->table->location[chosen].place;
    struct slice name = notation_location(route->arena, route->table, chosen);
    struct route_step *step = route_add_step(teller, "location", place, name);
    step->note =
        event->kind == ENGINE_EVENT_SLASH
            ? SLICE("the path exists only with a slash behind it: the client is sent there")
            : why_chosen(teller, chosen);
    route_add_text(route, step, "path", route->request.uri);
    if (chosen != TABLE_NONE) {
        route_add_text(route, step, "location", name);
    }
    add_losers(teller, step, chosen);
    forget(teller);
}
