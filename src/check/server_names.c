/* Rule duplicate-server-name: names that two servers of one address and port share. */
#include "check/rules.h"

/* The first server with a name, on one endpoint. */
struct first_use {
    const struct server *server;
    const struct server_name *name;
};

/* What requests with such names look like, by kind; ".x" is "x" and "*.x". */
static const char *const kind_prefixes[] = {
    [SERVER_NAME_EXACT] = "",    [SERVER_NAME_LEADING] = "*", [SERVER_NAME_BOTH] = "",
    [SERVER_NAME_TRAILING] = "", [SERVER_NAME_REGEX] = "~",
};

static struct span place_of(const struct first_use *use) {
    return use->name->word != NULL ? use->name->word->span : use->server->statement->words[0].span;
}

static void report(struct finding_list *findings, const struct first_use *first,
                   const struct first_use *second) {
    struct arena *arena = findings->model->arena;
    struct slice text = second->name->word != NULL ? second->name->word->text : SLICE("");
    struct diagnostic *diagnostic;
    if (second->name->word == NULL) {
        diagnostic = check_report(findings, RULE_duplicate_server_name, place_of(second),
                                  "this server is never chosen: it has no server_name, and an "
                                  "earlier one without a name has its address and port");
        diagnostic_help(arena, diagnostic, "give it a server_name");
    } else if (first->server == second->server) {
        diagnostic = check_report(findings, RULE_duplicate_server_name, place_of(second),
                                  "the server has the name \"%.*s\" already", SLICE_ARGS(text));
        diagnostic_help(arena, diagnostic, "remove one of them");
    } else {
        diagnostic = check_report(findings, RULE_duplicate_server_name, place_of(second),
                                  "the name \"%.*s\" is ignored here: an earlier server with the "
                                  "same address and port has it",
                                  SLICE_ARGS(text));
        diagnostic_help(arena, diagnostic,
                        "remove the name from one of the servers, or merge the two");
    }
    diagnostic_note(arena, diagnostic, place_of(first), "the earlier one is here");
}

/* Adds one form of a name; true when another use of it came first. Servers that share several
 * addresses come here for each; equal findings are reported once. */
static bool add_name(struct finding_list *findings, struct map *names, const char *prefix,
                     struct slice text, struct first_use *use) {
    struct slice key = arena_format(findings->model->arena, "%s%.*s", prefix, SLICE_ARGS(text));
    const struct first_use *first = map_insert(names, key, use);
    if (first == use) {
        return false;
    }
    report(findings, first, use);
    return true;
}

static void check_endpoint(struct finding_list *findings, const struct endpoint *endpoint) {
    struct arena *arena = findings->model->arena;
    struct map names;
    map_init(&names, arena);
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        for (size_t j = 0; server->statement != NULL && j < server->names.count; j++) {
            const struct server_name *name = server->names.items[j];
            struct first_use *use = arena_require(arena, sizeof *use);
            *use = (struct first_use){.server = server, .name = name};
            if (name->kind == SERVER_NAME_BOTH) {
                if (!add_name(findings, &names, "", slice_skip(name->text, 1), use)) {
                    (void)add_name(findings, &names, "*", name->text, use);
                }
            } else {
                (void)add_name(findings, &names, kind_prefixes[name->kind], name->text, use);
            }
        }
    }
}

void check_rule_duplicate_server_name(struct finding_list *findings) {
    struct model *model = findings->model;
    for (size_t i = 0; i < model->listeners.count; i++) {
        const struct listener *listener = model->listeners.items[i];
        for (size_t j = 0; j < listener->endpoints.count; j++) {
            check_endpoint(findings, listener->endpoints.items[j]);
        }
    }
}
