/* Rules about connections to backends that a header or a version decides: websocket-upgrade and
 * keepalive-connection-header. */
#include "base/container.h"
#include "check/rules.h"
#include "check/story.h"

#define VERSION_1_1_BY_DEFAULT 1029007u /* as nginx_version of struct check_options has it */

/* Whether backends are spoken to by a version that has neither upgrades nor kept connections. */
static bool speaks_old_version(const struct finding_list *findings,
                               const struct settings *settings) {
    const struct statement *origin = settings->origin[SETTING_proxy_http_version];
    if (origin != NULL && statement_argument_count(origin) > 0) {
        return slice_equals(statement_argument(origin, 0)->text, SLICE("1.0"));
    }
    uint32_t version = findings->options != NULL ? findings->options->nginx_version : 0;
    return version != 0 && version < VERSION_1_1_BY_DEFAULT;
}

/* --- websocket-upgrade --- */

/* A walk that looks whether a value may be "upgrade". */
struct walk {
    struct dataflow_visitor visitor;
    bool may_be;
};

static bool holds_upgrade(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (slice_starts_with_nocase(slice_skip(text, i), SLICE("upgrade"))) {
            return true;
        }
    }
    return false;
}

static void visit(struct dataflow_visitor *visitor, const struct dataflow_atom *atom) {
    struct walk *walk = CONTAINER_OF(visitor, struct walk, visitor);
    walk->may_be = walk->may_be || atom->control == DATAFLOW_CLIENT ||
                   (atom->control == DATAFLOW_CONSTANT && holds_upgrade(atom->text));
}

/* Whether a variable is of another file, which this one alone does not show: that is an error, and
 * what follows from it none of its own. */
static bool has_unknown(const struct template *value) {
    for (size_t i = 0; i < value->parts.count; i++) {
        const struct template_part *part = &value->parts.items[i];
        if (part->kind == PART_CONFIG && part->variable->definitions.count == 0) {
            return true;
        }
    }
    return false;
}

static bool may_upgrade(struct finding_list *findings, const struct location *location,
                        const struct header_setting *connection) {
    struct walk walk = {.visitor.visit = visit};
    struct dataflow_place place = {.server = location->server, .location = location};
    if (connection != NULL) {
        dataflow_walk(check_flow(findings), &place, &connection->value, &walk.visitor);
    }
    return walk.may_be || (connection != NULL && has_unknown(&connection->value));
}

static bool is_empty(const struct header_setting *setting) {
    return setting == NULL || setting->value.parts.count == 0;
}

static void report_upgrade(struct finding_list *findings, const struct location *location,
                           const struct header_setting *setting, const char *message,
                           const char *help) {
    struct diagnostic *diagnostic = check_report(findings, RULE_websocket_upgrade,
                                                 setting->statement->words[1].span, "%s", message);
    diagnostic_note(findings->model->arena, diagnostic, location->proxy->statement->words[0].span,
                    "requests are proxied here");
    diagnostic_help(findings->model->arena, diagnostic, "%s", help);
}

/* Libraries that take these paths for WebSockets. */
static bool is_for_sockets(const struct location *location) {
    static const struct slice names[] = {
        SLICE_INIT("/socket.io"), SLICE_INIT("/engine.io"),  SLICE_INIT("/sockjs-node"),
        SLICE_INIT("/websocket"), SLICE_INIT("/websockets"),
    };
    struct slice name = location->name;
    if (name.size > 0 && name.data[name.size - 1] == '/') {
        name = slice_take(name, name.size - 1);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_ends_with(name, names[i])) {
            return !location->is_condition && location->regex == NULL;
        }
    }
    return false;
}

static void check_sockets(struct finding_list *findings, const struct location *location) {
    const struct header_list *list = &location->settings->proxy_set_header;
    if (site_find_header(list, SLICE("Upgrade")) != NULL ||
        site_find_header(list, SLICE("Connection")) != NULL || !is_for_sockets(location)) {
        return;
    }
    struct arena *arena = findings->model->arena;
    struct diagnostic *diagnostic =
        check_report(findings, RULE_websocket_upgrade, location->name_word->span,
                     "\"%.*s\" is where WebSockets are asked for, and Upgrade is not passed on",
                     SLICE_ARGS(location->name));
    diagnostic_note(arena, diagnostic, location->proxy->statement->words[0].span,
                    "requests are proxied here");
    diagnostic_help(arena, diagnostic,
                    "write \"proxy_set_header Upgrade $http_upgrade;\" and \"proxy_set_header "
                    "Connection $connection_upgrade;\", with \"map $http_upgrade "
                    "$connection_upgrade { default upgrade; '' close; }\"");
}

static void check_upgrade(struct finding_list *findings, const struct location *location,
                          struct story_list *reported) {
    struct arena *arena = findings->model->arena;
    const struct header_list *list = &location->settings->proxy_set_header;
    const struct header_setting *upgrade = site_find_header(list, SLICE("Upgrade"));
    const struct header_setting *connection = site_find_header(list, SLICE("Connection"));
    struct slice text;
    if (is_empty(upgrade)) {
        if (connection != NULL &&
            template_is_constant(findings->model, &connection->value, &text) &&
            holds_upgrade(text) && story_add(arena, reported, connection->statement)) {
            report_upgrade(findings, location, connection,
                           "Connection speaks of an upgrade, but no header Upgrade says to what",
                           "write \"proxy_set_header Upgrade $http_upgrade;\"");
        }
        return;
    }
    if (!may_upgrade(findings, location, connection)) {
        if (story_add(arena, reported, upgrade->statement)) {
            report_upgrade(findings, location, upgrade,
                           "Upgrade is passed on without \"upgrade\" in Connection, so that the "
                           "backend ignores it",
                           "write \"proxy_set_header Connection $connection_upgrade;\" with \"map "
                           "$http_upgrade $connection_upgrade { default upgrade; '' close; }\"");
        }
    } else if (speaks_old_version(findings, location->settings) &&
               story_add(arena, reported, upgrade->statement)) {
        report_upgrade(findings, location, upgrade,
                       "Upgrade is passed on by HTTP/1.0, which has no upgrades",
                       "write \"proxy_http_version 1.1;\"");
    }
}

void check_rule_websocket_upgrade(struct finding_list *findings) {
    struct story_list reported = {0};
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->proxy != NULL && !location->proxy->is_grpc) {
            check_upgrade(findings, location, &reported);
            check_sockets(findings, location);
        }
    }
}

/* --- keepalive-connection-header --- */

/* The keepalive of a group that is written down; NULL: there is none, or it is for none. */
static const struct statement *find_keepalive(const struct upstream *upstream) {
    const struct statement *keepalive =
        upstream != NULL ? site_find_own(upstream->statement, SLICE("keepalive")) : NULL;
    return keepalive != NULL && statement_argument_count(keepalive) > 0 &&
                   !slice_equals(statement_argument(keepalive, 0)->text, SLICE("0"))
               ? keepalive
               : NULL;
}

static void check_keepalive(struct finding_list *findings, const struct location *location) {
    const struct settings *settings = location->settings;
    const struct statement *keepalive = find_keepalive(location->proxy->upstream);
    const struct header_setting *connection =
        site_find_header(&settings->proxy_set_header, SLICE("Connection"));
    struct slice text;
    bool closes =
        connection == NULL || (template_is_constant(findings->model, &connection->value, &text) &&
                               slice_equals_nocase(text, SLICE("close")));
    bool is_old = speaks_old_version(findings, settings);
    if (keepalive == NULL || (!closes && !is_old)) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_keepalive_connection_header, location->proxy->statement->words[0].span,
        "no connection is kept: requests are sent %s",
        is_old && closes ? "by HTTP/1.0 with \"Connection: close\""
        : is_old         ? "by HTTP/1.0"
                         : "with \"Connection: close\"");
    diagnostic_note(findings->model->arena, diagnostic, keepalive->words[0].span,
                    "the group is to keep connections");
    diagnostic_help(findings->model->arena, diagnostic, "write \"%s%s\"",
                    is_old ? "proxy_http_version 1.1;" : "",
                    !closes  ? ""
                    : is_old ? " proxy_set_header Connection '';"
                             : "proxy_set_header Connection '';");
}

void check_rule_keepalive_connection_header(struct finding_list *findings) {
    uint32_t version = findings->options != NULL ? findings->options->nginx_version : 0;
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (version != 0 && version < VERSION_1_1_BY_DEFAULT && location->proxy != NULL &&
            !location->proxy->is_grpc && !location->proxy->has_variables) {
            check_keepalive(findings, location);
        }
    }
}
