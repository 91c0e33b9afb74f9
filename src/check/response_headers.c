/* Rules about headers of responses: multiline-header (and those of requests to backends),
 * content-type-header, security-headers, hsts-too-short and hsts-not-always. */
#include "base/phrase.h"
#include "check/rules.h"
#include "check/steps.h"
#include "syntax/edit.h"

static const struct slice hsts_name = SLICE_INIT("Strict-Transport-Security");

/* The header of that name that is set in the block itself, or NULL. */
static const struct header_setting *find_own(const struct settings *settings, struct slice name) {
    return settings->is_own[SETTING_add_header] ? site_find_header(&settings->add_header, name)
                                                : NULL;
}

/* --- multiline-header --- */

static bool has_line_break(const struct template *value) {
    for (size_t i = 0; i < value->parts.count; i++) {
        const struct template_part *part = &value->parts.items[i];
        if (part->kind == PART_TEXT && (slice_find_byte(part->text, '\n') < part->text.size ||
                                        slice_find_byte(part->text, '\r') < part->text.size)) {
            return true;
        }
    }
    return false;
}

static void check_lines(struct finding_list *findings, const struct header_list *list) {
    for (size_t i = 0; i < list->list.count; i++) {
        const struct header_setting *setting = &list->list.items[i];
        if (!has_line_break(&setting->value)) {
            continue;
        }
        struct slice name = setting->name;
        struct diagnostic *diagnostic = check_report(
            findings, RULE_multiline_header, setting->statement->words[1].span,
            "%.*s is sent with the line breaks that it is written with", SLICE_ARGS(name));
        diagnostic_help(findings->model->arena, diagnostic,
                        "write the value on one line, or put it together by set");
    }
}

void check_rule_multiline_header(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_add_header]) {
            check_lines(findings, &settings->add_header);
        }
        if (settings->is_own[SETTING_proxy_set_header]) {
            check_lines(findings, &settings->proxy_set_header);
        }
        if (settings->is_own[SETTING_grpc_set_header]) {
            check_lines(findings, &settings->grpc_set_header);
        }
    }
}

/* --- content-type-header --- */

static bool hides(const struct name_list *hidden, struct slice name) {
    for (size_t i = 0; i < hidden->list.count; i++) {
        if (slice_equals_nocase(hidden->list.items[i].text, name)) {
            return true;
        }
    }
    return false;
}

/* Whether the block is one of a location, or a condition, that answers 204: then nothing but what
 * is added tells a type. */
static bool answers_without_content(const struct site *site, const struct settings *settings) {
    for (size_t i = 0; i < site->locations.count; i++) {
        const struct location *location = site->locations.items[i];
        if (location->settings == settings) {
            return steps_find_status(&location->rewrite) == 204;
        }
    }
    return false;
}

void check_rule_content_type_header(struct finding_list *findings) {
    static const struct slice name = SLICE_INIT("Content-Type");
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        const struct header_setting *type = find_own(settings, name);
        if (type == NULL || hides(&settings->proxy_hide_header, name) ||
            answers_without_content(&findings->site, settings)) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_content_type_header, type->statement->words[1].span,
                         "this adds a second Content-Type to the one that responses have");
        diagnostic_help(
            findings->model->arena, diagnostic,
            "write \"default_type\", with \"types { }\" where names of files would "
            "decide; for what a backend says, \"proxy_hide_header Content-Type\" first");
    }
}

/* --- HSTS --- */

/* A name=value pair among those between semicolons; false: there is none. */
static bool find_parameter(struct slice value, struct slice name, struct slice *text) {
    while (value.size > 0) {
        size_t end = slice_find_byte(value, ';');
        struct slice part = slice_trim(slice_take(value, end));
        size_t equals = slice_find_byte(part, '=');
        if (slice_equals_nocase(slice_trim(slice_take(part, equals)), name)) {
            *text = slice_trim(slice_skip(part, equals + 1));
            return true;
        }
        value = slice_skip(value, end + 1);
    }
    return false;
}

#define HALF_A_YEAR 15768000u
#define A_YEAR 31536000u

/* What is too short about it; NULL: nothing. */
static const char *find_shortage(struct slice value, enum severity *severity) {
    struct slice age;
    struct slice ignored;
    uint64_t seconds;
    if (!find_parameter(value, SLICE("max-age"), &age)) {
        return "without max-age browsers ignore this header";
    }
    if (age.size > 1 && age.data[0] == '"') {
        age = slice_take(slice_skip(age, 1), age.size - 2);
    }
    if (!slice_parse_u64(age, UINT64_MAX, &seconds)) {
        return "max-age is no number, so that browsers ignore this header";
    }
    if (seconds == 0) { /* takes back what was promised */
        return NULL;
    }
    if (find_parameter(value, SLICE("preload"), &ignored) && seconds < A_YEAR) {
        *severity = seconds < HALF_A_YEAR ? SEVERITY_WARNING : SEVERITY_INFO;
        return "lists for preloading want a max-age of a year (31536000)";
    }
    return seconds < HALF_A_YEAR
               ? "visitors who come back after that are open to being led to plain "
                 "HTTP once more"
               : NULL;
}

void check_rule_hsts_too_short(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        const struct header_setting *hsts = find_own(settings, hsts_name);
        struct slice value;
        enum severity severity = SEVERITY_WARNING;
        const char *shortage =
            hsts != NULL && template_is_constant(findings->model, &hsts->value, &value)
                ? find_shortage(value, &severity)
                : NULL;
        if (shortage != NULL) {
            struct diagnostic *diagnostic = check_report(
                findings, RULE_hsts_too_short, hsts->statement->words[2].span, "%s", shortage);
            diagnostic->severity = severity;
            diagnostic_help(findings->model->arena, diagnostic,
                            "write \"max-age=63072000\", two years, once all of the site works "
                            "with TLS");
        }
    }
}

void check_rule_hsts_not_always(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        const struct header_setting *hsts = find_own(settings, hsts_name);
        if (hsts == NULL || hsts->always) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_hsts_not_always, hsts->statement->words[1].span,
                         "errors go without this header: it is for answers of 2xx and 3xx alone");
        diagnostic_help(findings->model->arena, diagnostic, "add \"always\" behind the value");
        edit_append_word(findings->model->tree, diagnostic, hsts->statement, "always");
    }
}

/* --- security-headers --- */

static bool speaks_tls(const struct server *server) {
    for (size_t i = 0; i < server->listens.count; i++) {
        if (server->listens.items[i]->ssl) {
            return true;
        }
    }
    return server->quic_listens.count > 0;
}

/* Whether any block below or the server itself sends the header. */
static bool sends(const struct server *server, struct slice name) {
    bool is_sent = site_find_header(&server->settings->add_header, name) != NULL;
    for (size_t i = 0; !is_sent && i < server->locations.count; i++) {
        is_sent = site_find_header(&server->locations.items[i]->settings->add_header, name) != NULL;
    }
    return is_sent;
}

/* Whether the server is for those who ask for no name that it has: their answers are refusals. */
static bool has_names(const struct server *server) {
    for (size_t i = 0; i < server->names.count; i++) {
        const struct server_name *name = server->names.items[i];
        if (name->kind == SERVER_NAME_REGEX || slice_find_byte(name->text, '.') < name->text.size) {
            return true;
        }
    }
    return false;
}

static bool refuses(struct arena *arena, const struct server *server) {
    uint32_t status = steps_find_status(&server->rewrite);
    return server->own_settings->ssl_reject_handshake != 0 ||
           (status >= 400 && steps_always_leave(arena, &server->rewrite, STEPS_OF_SERVER));
}

static void check_hsts(struct finding_list *findings, const struct server *server) {
    const struct model *model = findings->model;
    if (!speaks_tls(server) || server->is_implied || !has_names(server) ||
        sends(server, hsts_name) || refuses(model->arena, server) ||
        site_find_in_effect(&findings->site, server->statement, SLICE("more_set_headers")) !=
            NULL) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_security_headers, server->statement->words[0].span,
                     "no answer of this server tells browsers to keep to TLS "
                     "(Strict-Transport-Security)");
    if (steps_always_leave(model->arena, &server->rewrite, STEPS_OF_SERVER)) {
        diagnostic->severity = SEVERITY_INFO; /* it redirects; what follows may say so */
    }
    diagnostic_help(model->arena, diagnostic,
                    "write \"add_header Strict-Transport-Security \"max-age=63072000\" always;\", "
                    "unless the backend sends it");
}

/* Headers that go together: who sends one of them has thought of it, and may have forgotten others.
 */
static const struct slice companions[] = {
    SLICE_INIT("X-Frame-Options"),         SLICE_INIT("X-Content-Type-Options"),
    SLICE_INIT("Content-Security-Policy"), SLICE_INIT("Referrer-Policy"),
    SLICE_INIT("Permissions-Policy"),
};

static const struct header_setting *find_companion(const struct header_list *list) {
    for (size_t i = 0; i < list->list.count; i++) {
        for (size_t j = 0; j < sizeof companions / sizeof companions[0]; j++) {
            if (slice_equals_nocase(list->list.items[i].name, companions[j])) {
                return &list->list.items[i];
            }
        }
    }
    return NULL;
}

static void check_companions(struct finding_list *findings, const struct settings *settings) {
    struct arena *arena = findings->model->arena;
    const struct header_list *list = &settings->add_header;
    const struct header_setting *first = find_companion(list);
    struct phrase_list missing = {0};
    if (first == NULL) {
        return;
    }
    if (site_find_header(list, SLICE("X-Content-Type-Options")) == NULL) {
        VECTOR_PUSH(arena, &missing.items, SLICE("X-Content-Type-Options"));
    }
    if (site_find_header(list, SLICE("X-Frame-Options")) == NULL &&
        site_find_header(list, SLICE("Content-Security-Policy")) == NULL) {
        VECTOR_PUSH(arena, &missing.items, SLICE("X-Frame-Options"));
    }
    if (missing.items.count == 0) {
        return;
    }
    struct slice names = phrase_join(arena, &missing);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_security_headers, first->statement->words[0].span,
                     "headers that protect pages are sent here, but not %.*s", SLICE_ARGS(names));
    diagnostic->severity = SEVERITY_INFO;
    diagnostic_help(arena, diagnostic,
                    slice_equals(missing.items.items[0], SLICE("X-Frame-Options"))
                        ? "write \"add_header X-Frame-Options SAMEORIGIN always;\""
                        : "write \"add_header X-Content-Type-Options nosniff always;\"");
}

void check_rule_security_headers(struct finding_list *findings) {
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        check_hsts(findings, findings->model->servers.items[i]);
    }
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_add_header]) {
            check_companions(findings, settings);
        }
    }
}
