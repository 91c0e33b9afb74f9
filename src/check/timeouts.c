/* Rules about timeouts: those that end quiet WebSockets, and those that are none or far too short.
 */
#include "check/rules.h"
#include "check/site.h"
#include "model/quantity.h"

#include <stddef.h>

static const struct header_setting *find_header(const struct header_list *list, struct slice name) {
    for (size_t i = 0; i < list->list.count; i++) {
        if (slice_equals_nocase(list->list.items[i].name, name)) {
            return &list->list.items[i];
        }
    }
    return NULL;
}

/* The setting that lets connections be upgraded, or NULL; an empty value takes the header away. */
static const struct header_setting *find_upgrade(const struct settings *settings) {
    const struct header_setting *header =
        find_header(&settings->proxy_set_header, SLICE("Upgrade"));
    return header != NULL && header->value.parts.count > 0 ? header : NULL;
}

/* --- websocket-timeout --- */

/* What http sets is there in case of need, and says nothing of WebSockets in one place. */
static bool is_for_all(const struct header_setting *header) {
    const struct statement *owner = statement_owner(header->statement);
    return owner == NULL || slice_equals(statement_name(owner), SLICE("http"));
}

/* The default, in milliseconds; pings are usually sent more often than that. */
#define USUAL_WAIT 60000

static void check_wait(struct finding_list *findings, const struct location *location) {
    const struct statement *chosen = location->settings->origin[SETTING_proxy_read_timeout];
    uint64_t wait = location->settings->proxy_read_timeout;
    if (wait == 0 || wait > USUAL_WAIT || (chosen != NULL && wait == USUAL_WAIT)) {
        return;
    }
    bool is_chosen_here = location->settings->is_own[SETTING_proxy_read_timeout];
    struct diagnostic *diagnostic = check_report(
        findings, RULE_websocket_timeout,
        is_chosen_here ? chosen->words[0].span : location->proxy->statement->words[0].span,
        "WebSockets are closed when the backend is silent for %llu seconds%s",
        (unsigned long long)((wait + 999) / 1000),
        chosen == NULL ? ", the default of proxy_read_timeout" : "");
    diagnostic_help(findings->model->arena, diagnostic,
                    "write \"proxy_read_timeout 1h;\", or let one side send pings more often");
}

void check_rule_websocket_timeout(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        const struct header_setting *upgrade = find_upgrade(location->settings);
        if (location->proxy != NULL && !location->proxy->is_grpc && upgrade != NULL &&
            !is_for_all(upgrade)) {
            check_wait(findings, location);
        }
    }
}

/* --- infinite-or-tiny-timeout --- */

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* What waits for a client should end within the hour, and for a head within minutes: whoever sends
 * nothing holds a connection.
 * Backends may be slow on purpose, and streams are; a connection to one is made fast or never. */
struct timeout {
    enum setting_id id;
    size_t offset;
    uint64_t least; /* milliseconds */
    uint64_t most;
    bool is_for_streams; /* as long as it likes where connections are upgraded */
};

#define TIMEOUT(name, least, most, streams)                                                        \
    { SETTING_##name, offsetof(struct settings, name), least, most, streams }

static const struct timeout timeouts[] = {
    TIMEOUT(client_header_timeout, SECOND, 10 * MINUTE, false),
    TIMEOUT(client_body_timeout, SECOND, HOUR, false),
    TIMEOUT(send_timeout, SECOND, HOUR, true),
    TIMEOUT(proxy_connect_timeout, 10, HOUR, false),
    TIMEOUT(proxy_send_timeout, 100, DAY, true),
    TIMEOUT(proxy_read_timeout, 100, DAY, true),
    TIMEOUT(grpc_connect_timeout, 10, HOUR, false),
    TIMEOUT(grpc_send_timeout, 100, 366 * DAY, true),
    TIMEOUT(grpc_read_timeout, 100, 366 * DAY, true),
};

static void report_short(struct finding_list *findings, const struct statement *statement,
                         uint64_t value) {
    struct slice name = statement_name(statement);
    bool is_for_client =
        slice_starts_with(name, SLICE("client_")) || slice_equals(name, SLICE("send_timeout"));
    struct diagnostic *diagnostic = check_report(
        findings, RULE_infinite_or_tiny_timeout, statement_argument(statement, 0)->span,
        value == 0      ? "%.*s of 0 is not \"never\": it is over before anything can happen"
        : is_for_client ? "%.*s is over before a slow client's next packet can be there"
        : slice_ends_with(name, SLICE("_connect_timeout"))
            ? "%.*s is over before most connections can be there"
            : "%.*s is over before most answers can be there",
        SLICE_ARGS(name));
    diagnostic_help(findings->model->arena, diagnostic,
                    value == 0 ? "write how long to wait, such as 60s"
                               : "write seconds, such as 60s, unless milliseconds are meant");
}

static void report_long(struct finding_list *findings, const struct statement *statement) {
    struct slice name = statement_name(statement);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_infinite_or_tiny_timeout, statement_argument(statement, 0)->span,
        "%.*s is so long that connections on which nothing happens are never given up",
        SLICE_ARGS(name));
    diagnostic_help(findings->model->arena, diagnostic,
                    "write no more than work that goes well can take, such as 60s or 10m");
}

static void check_timeout(struct finding_list *findings, const struct settings *settings,
                          const struct timeout *timeout) {
    uint64_t value = *(const uint64_t *)((const char *)settings + timeout->offset);
    const struct statement *statement = settings->origin[timeout->id];
    if (!settings->is_own[timeout->id] || statement == NULL ||
        statement_argument_count(statement) == 0) {
        return;
    }
    if (value < timeout->least) {
        report_short(findings, statement, value);
    } else if (value > timeout->most &&
               !(timeout->is_for_streams && find_upgrade(settings) != NULL)) {
        report_long(findings, statement);
    }
}

/* The same of modules that the model does not hold. */
static const struct {
    struct slice name;
    uint64_t least;
    uint64_t most;
} other_timeouts[] = {
    {SLICE_INIT("fastcgi_connect_timeout"), 10, HOUR},
    {SLICE_INIT("fastcgi_send_timeout"), 100, DAY},
    {SLICE_INIT("fastcgi_read_timeout"), 100, DAY},
    {SLICE_INIT("uwsgi_connect_timeout"), 10, HOUR},
    {SLICE_INIT("uwsgi_send_timeout"), 100, DAY},
    {SLICE_INIT("uwsgi_read_timeout"), 100, DAY},
    {SLICE_INIT("scgi_connect_timeout"), 10, HOUR},
    {SLICE_INIT("scgi_send_timeout"), 100, DAY},
    {SLICE_INIT("scgi_read_timeout"), 100, DAY},
};

static void check_other_timeout(void *context, const struct statement *statement) {
    uint64_t value;
    for (size_t i = 0; i < sizeof other_timeouts / sizeof other_timeouts[0]; i++) {
        if (!slice_equals(statement_name(statement), other_timeouts[i].name) ||
            statement_argument_count(statement) != 1 ||
            !quantity_parse_time(statement_argument(statement, 0)->text, &value)) {
            continue;
        }
        if (value < other_timeouts[i].least) {
            report_short(context, statement, value);
        } else if (value > other_timeouts[i].most) {
            report_long(context, statement);
        }
    }
}

void check_rule_infinite_or_tiny_timeout(struct finding_list *findings) {
    site_for_each_statement(findings->model->tree->root, check_other_timeout, findings);
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        for (size_t j = 0; j < sizeof timeouts / sizeof timeouts[0]; j++) {
            check_timeout(findings, settings, &timeouts[j]);
        }
    }
}
