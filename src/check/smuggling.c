/* Rules about requests that a backend reads in another way than this server does:
 * dangerous-method-proxying, merge-slashes-off, underscore-headers and request-smuggling-risk. */
#include "check/client_value.h"
#include "check/protection.h"
#include "check/rules.h"
#include "check/story.h"

/* --- dangerous-method-proxying --- */

static void check_method(struct finding_list *findings, const struct site_block *block) {
    struct dataflow_atom atom;
    struct slice text;
    if (!block->settings->is_own[SETTING_proxy_method]) {
        return;
    }
    if (template_is_constant(findings->model, &block->settings->proxy_method, &text) &&
        slice_equals_nocase(text, SLICE("TRACE"))) {
        struct diagnostic *diagnostic = check_report(
            findings, RULE_dangerous_method_proxying,
            block->settings->origin[SETTING_proxy_method]->words[1].span,
            "TRACE has the backend send back what it was sent, cookies and passwords included");
        diagnostic_help(findings->model->arena, diagnostic,
                        "write the method that the backend is to act by");
        return;
    }
    if (client_value_find(findings, block, &block->settings->proxy_method, NULL, &atom) &&
        !slice_equals_nocase(atom.name, SLICE("request_method"))) {
        story_report(findings, RULE_dangerous_method_proxying, &atom,
                     "choose it by a map whose results are constants",
                     "lets the client choose the method that the backend sees, whatever the one is "
                     "that was checked here");
    }
}

static void check_dav(struct finding_list *findings, const struct site_block *block) {
    const struct statement *owner = block->location != NULL ? block->location->statement
                                    : block->server != NULL ? block->server->statement
                                                            : NULL;
    const struct statement *methods = site_find_own(owner, SLICE("dav_methods"));
    if (methods == NULL || statement_argument_count(methods) == 0 ||
        slice_equals_nocase(statement_argument(methods, 0)->text, SLICE("off")) ||
        protection_is_there(&findings->site, block) ||
        (block->location != NULL && block->location->limited != NULL)) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_dangerous_method_proxying, methods->words[0].span,
                     "anybody may write and delete files here");
    diagnostic->severity = SEVERITY_ERROR;
    diagnostic_help(findings->model->arena, diagnostic,
                    "say who may, by limit_except with allow and deny or auth_basic");
}

void check_rule_dangerous_method_proxying(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        check_method(findings, &findings->site.blocks.items[i]);
        check_dav(findings, &findings->site.blocks.items[i]);
    }
}

/* --- settings of how requests are read --- */

/* Reports where the setting is written down and is as it should not be. */
static void report_setting(struct finding_list *findings, enum rule_id rule, enum setting_id id,
                           bool (*is_wrong)(const struct settings *settings), const char *message,
                           const char *help) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[id] && is_wrong(settings)) {
            struct diagnostic *diagnostic =
                check_report(findings, rule, settings->origin[id]->words[0].span, "%s", message);
            diagnostic_help(findings->model->arena, diagnostic, "%s", help);
        }
    }
}

static bool keeps_slashes(const struct settings *settings) {
    return settings->merge_slashes == 0;
}

void check_rule_merge_slashes_off(struct finding_list *findings) {
    report_setting(findings, RULE_merge_slashes_off, SETTING_merge_slashes, keeps_slashes,
                   "\"//admin\" is not in \"location /admin\" any more, though files and most "
                   "backends take the two for one path",
                   "remove it, or make sure that no location keeps anybody out");
}

static bool takes_underscores(const struct settings *settings) {
    return settings->underscores_in_headers != 0;
}

void check_rule_underscore_headers(struct finding_list *findings) {
    report_setting(findings, RULE_underscore_headers, SETTING_underscores_in_headers,
                   takes_underscores,
                   "a client's X_Real_IP passes beside the X-Real-IP that is set here, and many "
                   "backends know both by one name",
                   "remove it, or have the client send the header with dashes");
}

/* --- request-smuggling-risk --- */

/* Headers that say where a request ends. The proxy writes them itself. */
static const struct slice framing_headers[] = {SLICE_INIT("Transfer-Encoding"),
                                               SLICE_INIT("Content-Length")};

static bool is_framing(struct slice name) {
    return slice_equals_nocase(name, framing_headers[0]) ||
           slice_equals_nocase(name, framing_headers[1]);
}

static bool is_connection(const struct dataflow_atom *atom) {
    return slice_equals_nocase(atom->name, SLICE("http_connection"));
}

static void check_header(struct finding_list *findings, const struct site_block *block,
                         const struct header_setting *setting) {
    struct arena *arena = findings->model->arena;
    struct slice name = setting->name;
    struct slice value;
    bool is_constant = template_is_constant(findings->model, &setting->value, &value);
    if (is_framing(name) && !(is_constant && value.size == 0)) {
        struct diagnostic *diagnostic =
            check_report(findings, RULE_request_smuggling_risk, setting->statement->words[1].span,
                         "%.*s says where a request ends, and the body that is sent need not agree "
                         "with what is written here",
                         SLICE_ARGS(name));
        diagnostic_help(arena, diagnostic, "remove it: the proxy writes what fits the body");
        return;
    }
    struct dataflow_atom atom;
    if (slice_equals_nocase(name, SLICE("Connection")) &&
        client_value_find(findings, block, &setting->value, is_connection, &atom)) {
        story_report(
            findings, RULE_request_smuggling_risk, &atom,
            "write \"upgrade\" for WebSocket, by \"map $http_upgrade $connection_upgrade { "
            "default upgrade; '' close; }\", else nothing",
            "lets the client say which headers the backend is to drop, and switch it to "
            "another protocol");
    }
}

static bool takes_any_name(const struct settings *settings) {
    return settings->ignore_invalid_headers == 0;
}

void check_rule_request_smuggling_risk(struct finding_list *findings) {
    report_setting(
        findings, RULE_request_smuggling_risk, SETTING_ignore_invalid_headers, takes_any_name,
        "headers whose names hold more than letters, digits and dashes are passed on for "
        "the backend to make sense of",
        "remove it");
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct settings *settings = block->settings;
        for (size_t j = 0; settings->is_own[SETTING_proxy_set_header] &&
                           j < settings->proxy_set_header.list.count;
             j++) {
            check_header(findings, block, &settings->proxy_set_header.list.items[j]);
        }
    }
}
