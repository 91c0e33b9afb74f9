/* Rules about headers: what a backend should be told, and lists that an inner block drops. */
#include "base/phrase.h"
#include "check/own_network.h"
#include "check/rules.h"
#include "check/site.h"

/* --- missing-proxy-headers --- */

struct expected_header {
    struct slice name;
    const char *value;            /* what is usually written */
    bool is_covered_by_forwarded; /* RFC 7239 says the same in one header */
};

static const struct expected_header expected_headers[] = {
    {SLICE_INIT("Host"), "$host", false},
    {SLICE_INIT("X-Real-IP"), "$remote_addr", true},
    {SLICE_INIT("X-Forwarded-For"), "$proxy_add_x_forwarded_for", true},
    {SLICE_INIT("X-Forwarded-Proto"), "$scheme", true},
};

static bool is_missing(const struct header_list *list, const struct expected_header *expected) {
    return site_find_header(list, expected->name) == NULL &&
           !(expected->is_covered_by_forwarded &&
             site_find_header(list, SLICE("Forwarded")) != NULL);
}

/* Whether nothing is missing but X-Real-IP, and X-Forwarded-For says the same: that is what most
 * programs read. */
static bool is_told_otherwise(const struct header_list *list, const struct phrase_list *missing) {
    return missing->items.count == 1 && slice_equals(missing->items.items[0], SLICE("X-Real-IP")) &&
           site_find_header(list, SLICE("X-Forwarded-For")) != NULL;
}

/* The nearest block around that has a list of its own, which this block's list replaces. */
static const struct header_list *find_outer_list(const struct settings *settings) {
    const struct settings *own = settings;
    while (own->outer != NULL && !own->is_own[SETTING_proxy_set_header]) {
        own = own->outer;
    }
    return own->outer != NULL ? &own->outer->proxy_set_header : NULL;
}

static void note_outer(struct finding_list *findings, struct diagnostic *diagnostic,
                       const struct settings *settings) {
    const struct header_list *outer = find_outer_list(settings);
    for (size_t i = 0; outer != NULL && i < outer->list.count; i++) {
        const struct header_setting *setting = &outer->list.items[i];
        if (site_find_header(&settings->proxy_set_header, setting->name) == NULL) {
            diagnostic_note(findings->model->arena, diagnostic, setting->statement->words[0].span,
                            "what is set here does not apply, because an inner block has "
                            "proxy_set_header of its own");
            return;
        }
    }
}

/* Whether the backend is somebody else's site, reached by its own name: who the visitors are, and
 * by which host they came, is no business of theirs. */
static bool is_of_others(struct model *model, const struct location *location) {
    const struct proxy_pass *proxy = location->proxy;
    const struct header_setting *host =
        site_find_header(&location->settings->proxy_set_header, SLICE("Host"));
    struct slice text;
    if (proxy->has_variables || !proxy->is_tls || proxy->upstream == NULL ||
        proxy->upstream->peers.count == 0) {
        return false;
    }
    for (size_t i = 0; i < proxy->upstream->peers.count; i++) {
        const struct address *address = &proxy->upstream->peers.items[i]->address;
        if (address->family != TABLE_FAMILY_NAME || own_network_has(address)) {
            return false;
        }
    }
    return host == NULL || template_is_constant(model, &host->value, &text);
}

/* Whether no visitor's request comes here as it is: only what auth_request, mirror or a backend's
 * X-Accel-Redirect ask for, which say themselves what is to be known. */
static bool is_for_questions(const struct location *location) {
    return location->is_internal || location->settings->proxy_pass_request_body == 0;
}

static void check_proxy(struct finding_list *findings, const struct location *location) {
    struct model *model = findings->model;
    const struct header_list *list = &location->settings->proxy_set_header;
    struct phrase_list missing = {0};
    const struct expected_header *first = NULL;
    for (size_t i = 0; i < sizeof expected_headers / sizeof expected_headers[0]; i++) {
        if (is_missing(list, &expected_headers[i])) {
            VECTOR_PUSH(model->arena, &missing.items, expected_headers[i].name);
            first = first != NULL ? first : &expected_headers[i];
        }
    }
    if (first == NULL) {
        return;
    }
    struct slice names = phrase_join(model->arena, &missing);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_missing_proxy_headers, location->proxy->statement->words[0].span,
        "requests are proxied without proxy_set_header for %.*s", SLICE_ARGS(names));
    if (location->server->is_implied && list->list.count == 0) {
        diagnostic->severity = SEVERITY_INFO;
        diagnostic_help(model->arena, diagnostic,
                        "set them here unless the block that includes this snippet does");
        return;
    }
    if (is_for_questions(location) || is_told_otherwise(list, &missing)) {
        diagnostic->severity = SEVERITY_INFO;
    }
    note_outer(findings, diagnostic, location->settings);
    diagnostic_help(model->arena, diagnostic, "write \"proxy_set_header %.*s %s;\"%s",
                    SLICE_ARGS(first->name), first->value,
                    missing.items.count > 1 ? " and so on" : "");
}

void check_rule_missing_proxy_headers(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        if (location->proxy != NULL && !location->proxy->is_grpc &&
            !is_of_others(findings->model, location)) {
            check_proxy(findings, location);
        }
    }
}

/* --- header-inheritance --- */

static const struct header_list *header_list_of(const struct settings *settings,
                                                enum setting_id id) {
    return id == SETTING_add_header        ? &settings->add_header
           : id == SETTING_grpc_set_header ? &settings->grpc_set_header
                                           : &settings->proxy_set_header;
}

/* Whether some proxy_pass, or grpc_pass, uses the list that the location has. */
static bool is_used_for_proxying(const struct location *location, enum setting_id id) {
    if (location->proxy != NULL) {
        return location->proxy->is_grpc == (id == SETTING_grpc_set_header);
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        const struct location *nested = location->nested.items[i];
        if (!nested->settings->is_own[id] && is_used_for_proxying(nested, id)) {
            return true;
        }
    }
    return false;
}

static bool is_used_in_server(const struct server *server, enum setting_id id) {
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        if (!location->settings->is_own[id] && is_used_for_proxying(location, id)) {
            return true;
        }
    }
    return false;
}

/* Whether the block answers by itself, so that $upstream_cache_status and its like are empty: a
 * header of nothing else is not sent there anyhow. */
static bool has_no_backend(const struct location *location) {
    return location != NULL && !location->is_condition && location->proxy == NULL &&
           location->other_pass.statement == NULL && location->nested.count == 0;
}

static bool is_about_backend(const struct header_setting *setting) {
    for (size_t i = 0; i < setting->value.parts.count; i++) {
        const struct template_part *part = &setting->value.parts.items[i];
        if (part->kind == PART_TEXT || !slice_starts_with_nocase(part->text, SLICE("upstream_"))) {
            return false;
        }
    }
    return setting->value.parts.count > 0;
}

/* The first header of the outer list that the inner one lacks, and the names of all such. */
static const struct header_setting *find_lost(struct arena *arena, const struct header_list *outer,
                                              const struct header_list *inner,
                                              const struct location *location,
                                              struct phrase_list *names) {
    const struct header_setting *first = NULL;
    for (size_t i = 0; i < outer->list.count; i++) {
        const struct header_setting *setting = &outer->list.items[i];
        if (has_no_backend(location) && is_about_backend(setting)) {
            continue;
        }
        if (site_find_header(inner, setting->name) == NULL &&
            !phrase_list_has(names, setting->name)) {
            VECTOR_PUSH(arena, &names->items, setting->name);
            first = first != NULL ? first : setting;
        }
    }
    return first;
}

/* add_header_inherit (nginx 1.29.3) in this block or around it says what becomes of the outer
 * headers: merged, or dropped on purpose. */
static bool is_inheritance_chosen(struct site *site, const struct statement *statement) {
    const struct statement *inherit =
        site_find_in_effect(site, statement, SLICE("add_header_inherit"));
    return inherit != NULL && statement_argument_count(inherit) > 0 &&
           !slice_equals_nocase(statement_argument(inherit, 0)->text, SLICE("on"));
}

/* Whether all that is answered is a few words that are written here, such as to a check of health
 * or to a preflight: no page, that headers could protect. */
static bool answers_few_words(struct model *model, const struct location *location) {
    struct slice text = SLICE("");
    for (size_t i = 0; location != NULL && i < location->rewrite.steps.count; i++) {
        const struct rewrite_step *step = &location->rewrite.steps.items[i];
        if (step->kind == REWRITE_RETURN) {
            return step->status / 100 == 2 && template_is_constant(model, &step->text, &text) &&
                   slice_find_byte(text, '<') == text.size;
        }
        if (step->kind == REWRITE_BREAK || step->kind == REWRITE_PATH) {
            return false;
        }
    }
    return false;
}

/* Without these a preflight fails. */
static bool has_cors(const struct phrase_list *names) {
    for (size_t i = 0; i < names->items.count; i++) {
        if (slice_starts_with_nocase(names->items.items[i], SLICE("Access-Control-"))) {
            return true;
        }
    }
    return false;
}

/* `location` is the block, NULL: a server. */
static void check_list(struct finding_list *findings, const struct settings *settings,
                       const struct location *location, enum setting_id id) {
    struct arena *arena = findings->model->arena;
    if (settings->outer == NULL || !settings->is_own[id]) {
        return;
    }
    const struct header_list *inner = header_list_of(settings, id);
    struct phrase_list names = {0};
    const struct header_setting *lost =
        find_lost(arena, header_list_of(settings->outer, id), inner, location, &names);
    if (lost == NULL || inner->list.count == 0) {
        return;
    }
    const struct statement *statement = inner->list.items[0].statement;
    if (id == SETTING_add_header && is_inheritance_chosen(&findings->site, statement)) {
        return;
    }
    struct slice directive = statement_name(statement);
    struct slice list = phrase_join(arena, &names);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_header_inheritance, statement->words[0].span,
        "%.*s here drops %.*s of the outer block", SLICE_ARGS(directive), SLICE_ARGS(list));
    bool is_lesser = id == SETTING_add_header ? answers_few_words(findings->model, location) &&
                                                    !(location->is_condition && has_cors(&names))
                                              : location != NULL && is_for_questions(location);
    if (is_lesser) {
        diagnostic->severity = SEVERITY_INFO;
    }
    diagnostic_note(arena, diagnostic, lost->statement->words[0].span, "%.*s is set here%s",
                    SLICE_ARGS(lost->name), names.items.count > 1 ? ", like the others" : "");
    diagnostic_help(arena, diagnostic,
                    "repeat %s in this block: a block with %.*s of its own "
                    "inherits none",
                    names.items.count > 1 ? "them" : "it", SLICE_ARGS(directive));
}

static const enum setting_id to_backends[] = {SETTING_proxy_set_header, SETTING_grpc_set_header};

void check_rule_header_inheritance(struct finding_list *findings) {
    struct model *model = findings->model;
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        check_list(findings, server->settings, NULL, SETTING_add_header);
        for (size_t j = 0; j < sizeof to_backends / sizeof to_backends[0]; j++) {
            if (is_used_in_server(server, to_backends[j])) {
                check_list(findings, server->settings, NULL, to_backends[j]);
            }
        }
    }
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        const struct location *location = findings->site.locations.items[i];
        check_list(findings, location->settings, location, SETTING_add_header);
        for (size_t j = 0; j < sizeof to_backends / sizeof to_backends[0]; j++) {
            if (is_used_for_proxying(location, to_backends[j])) {
                check_list(findings, location->settings, location, to_backends[j]);
            }
        }
    }
}
