/* Rules about what one request may cost: being sent to a backend twice, bodies without an end,
 * attempts to log in without a limit, and waiting for one's turn. */
#include "check/pattern.h"
#include "check/rules.h"
#include "check/site.h"
#include "check/steps.h"

/* The first argument that begins with `text`, or NULL. */
static const struct word *find_beginning(const struct statement *statement, struct slice text) {
    for (uint32_t i = 0; statement != NULL && i < statement_argument_count(statement); i++) {
        if (slice_starts_with(statement_argument(statement, i)->text, text)) {
            return statement_argument(statement, i);
        }
    }
    return NULL;
}

/* --- retry-non-idempotent --- */

static void check_retry(struct finding_list *findings, const struct statement *statement,
                        uint32_t tries) {
    const struct word *word = find_beginning(statement, SLICE("non_idempotent"));
    if (word == NULL || tries == 1) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_retry_non_idempotent, word->span,
                     "a POST that a backend may have carried out is sent to another one");
    diagnostic_help(findings->model->arena, diagnostic,
                    "leave \"non_idempotent\" out unless the backends notice repeated requests");
}

/* The same of modules that the model does not hold. */
static void check_other_retry(void *context, const struct statement *statement) {
    static const struct slice names[] = {SLICE_INIT("fastcgi_next_upstream"),
                                         SLICE_INIT("uwsgi_next_upstream"),
                                         SLICE_INIT("scgi_next_upstream")};
    struct finding_list *findings = context;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals(statement_name(statement), names[i])) {
            check_retry(findings, statement, 0);
        }
    }
}

void check_rule_retry_non_idempotent(struct finding_list *findings) {
    site_for_each_statement(findings->model->tree->root, check_other_retry, findings);
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_proxy_next_upstream]) {
            check_retry(findings, settings->origin[SETTING_proxy_next_upstream],
                        settings->proxy_next_upstream_tries);
        }
        if (settings->is_own[SETTING_grpc_next_upstream]) {
            check_retry(findings, settings->origin[SETTING_grpc_next_upstream],
                        settings->grpc_next_upstream_tries);
        }
    }
}

/* --- unlimited-body --- */

/* What becomes of the bodies of requests that are proxied: of streams nothing is stored here, and
 * they have no size that could be limited. */
struct bodies {
    bool are_stored;
    bool are_streamed;
};

static void look_at(struct bodies *bodies, const struct location *location) {
    if (location->proxy != NULL) {
        bool is_stored = !location->proxy->is_grpc && location->settings->proxy_request_buffering;
        bodies->are_stored |= is_stored;
        bodies->are_streamed |= !is_stored;
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        look_at(bodies, location->nested.items[i]);
    }
}

static void check_body(struct finding_list *findings, const struct settings *settings,
                       const struct bodies *bodies, bool is_of_location) {
    const struct statement *statement = settings->origin[SETTING_client_max_body_size];
    if (!settings->is_own[SETTING_client_max_body_size] || statement == NULL ||
        settings->client_max_body_size != 0 || (bodies->are_streamed && !bodies->are_stored)) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_unlimited_body, statement->words[0].span, "%s",
        is_of_location ? "request bodies may be of any size here"
                       : "request bodies may be of any size, wherever nothing else is said");
    if (is_of_location) {
        diagnostic->severity = SEVERITY_INFO;
    }
    diagnostic_help(findings->model->arena, diagnostic, "%s",
                    is_of_location ? "write the largest size that is needed, such as 10g"
                                   : "write a size here, and a larger one in the locations "
                                     "that take uploads");
}

void check_rule_unlimited_body(struct finding_list *findings) {
    struct model *model = findings->model;
    struct bodies all = {0};
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        struct bodies bodies = {0};
        for (size_t j = 0; j < server->locations.count; j++) {
            look_at(&bodies, server->locations.items[j]);
        }
        check_body(findings, server->settings, &bodies, false);
        all.are_stored |= bodies.are_stored;
        all.are_streamed |= bodies.are_streamed;
    }
    check_body(findings, model->http_settings, &all, false);
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->settings->is_own[SETTING_client_max_body_size]) {
            struct bodies bodies = {0};
            look_at(&bodies, location);
            check_body(findings, location->settings, &bodies, true);
        }
    }
}

/* --- missing-rate-limit --- */

/* Last parts of paths under which passwords are tried. */
static const struct slice login_names[] = {
    SLICE_INIT("login"),        SLICE_INIT("log-in"),          SLICE_INIT("login.php"),
    SLICE_INIT("wp-login.php"), SLICE_INIT("signin"),          SLICE_INIT("sign-in"),
    SLICE_INIT("sign_in"),      SLICE_INIT("signup"),          SLICE_INIT("sign-up"),
    SLICE_INIT("register"),     SLICE_INIT("xmlrpc.php"),      SLICE_INIT("password-reset"),
    SLICE_INIT("authenticate"), SLICE_INIT("forgot-password"), SLICE_INIT("reset-password"),
};

static bool is_login_path(struct slice path) {
    while (path.size > 0 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    size_t begin = path.size;
    while (begin > 0 && path.data[begin - 1] != '/') {
        begin--;
    }
    struct slice name = slice_skip(path, begin);
    for (size_t i = 0; i < sizeof login_names / sizeof login_names[0]; i++) {
        if (slice_equals_nocase(name, login_names[i])) {
            return true;
        }
    }
    return false;
}

/* Whether all that the location is for is logging in. */
static bool is_login(struct arena *arena, const struct location *location) {
    if (location->is_condition || location->kind == TABLE_LOCATION_NAMED) {
        return false;
    }
    if (location->regex == NULL) {
        return is_login_path(location->name);
    }
    struct pattern pattern = pattern_read(arena, location->regex->pattern, false);
    for (size_t i = 0; i < pattern.texts.items.count; i++) {
        const struct pattern_text *text = &pattern.texts.items.items[i];
        if (!is_login_path(text->text)) {
            return false;
        }
    }
    return pattern.texts.items.count > 0;
}

static bool is_passed_on(const struct location *location) {
    static const struct slice handlers[] = {SLICE_INIT("fastcgi_pass"), SLICE_INIT("uwsgi_pass"),
                                            SLICE_INIT("scgi_pass")};
    if (location->proxy != NULL) {
        return !location->proxy->is_grpc;
    }
    struct tree_walk walk = tree_walk_begin(location->statement->block);
    for (const struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
            if (slice_equals(statement_name(s), handlers[i])) {
                return true;
            }
        }
    }
    return false;
}

void check_rule_missing_rate_limit(struct finding_list *findings) {
    struct model *model = findings->model;
    for (size_t i = 0; !model->is_snippet && i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        const struct settings *settings = location->settings;
        if (location->is_internal || settings->limit_req.list.count > 0 ||
            settings->allow.list.count > 0 || !is_login(model->arena, location) ||
            !is_passed_on(location) ||
            steps_always_leave(model->arena, &location->rewrite, STEPS_OF_LOCATION)) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_missing_rate_limit, location->name_word->span,
                         "passwords can be tried here as fast as the backend answers");
        diagnostic_help(
            model->arena, diagnostic,
            "write \"limit_req_zone $binary_remote_addr zone=login:10m rate=10r/m;\" at "
            "http level, and \"limit_req zone=login burst=5 nodelay;\" here");
    }
}

/* --- limit-without-nodelay-note --- */

/* Waits that people notice, in milliseconds. */
#define NOTED_WAIT 2000

/* Where everybody shares one count, waiting for one's turn is what the limit is for. */
static bool counts_clients(const struct zone *zone) {
    for (size_t i = 0; i < zone->key.parts.count; i++) {
        const struct template_part *part = &zone->key.parts.items[i];
        if (part->kind != PART_TEXT && (slice_equals(part->text, SLICE("remote_addr")) ||
                                        slice_equals(part->text, SLICE("binary_remote_addr")))) {
            return true;
        }
    }
    return false;
}

static void check_delay(struct finding_list *findings, const struct limit_setting *limit) {
    const struct zone *zone = model_find_zone(findings->model, ZONE_LIMIT_REQ, limit->zone);
    if (limit->nodelay || limit->burst == 0 || limit->delay >= limit->burst || zone == NULL ||
        zone->rate == 0 || !counts_clients(zone)) {
        return;
    }
    uint64_t wait = (uint64_t)(limit->burst - limit->delay) * 1000 * 1000 / zone->rate;
    const struct word *word = find_beginning(limit->statement, SLICE("burst="));
    if (wait < NOTED_WAIT || word == NULL) {
        return;
    }
    struct diagnostic *diagnostic = check_report(
        findings, RULE_limit_without_nodelay_note, word->span,
        "requests beyond the rate wait for their turn, the last of a burst for %llu seconds",
        (unsigned long long)(wait / 1000));
    diagnostic_help(findings->model->arena, diagnostic,
                    "add \"nodelay\" to answer a burst at once and refuse what is beyond it");
}

static void check_delays(struct finding_list *findings, const struct settings *settings) {
    for (size_t i = 0; settings->is_own[SETTING_limit_req] && i < settings->limit_req.list.count;
         i++) {
        check_delay(findings, &settings->limit_req.list.items[i]);
    }
}

void check_rule_limit_without_nodelay_note(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        check_delays(findings, findings->site.settings.items[i]);
    }
}
