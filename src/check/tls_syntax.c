/* Rules about words of TLS and HTTP/2 that one version of nginx has and another has not. */
#include "check/rules.h"
#include "check/safe_edit.h"

/* Versions as in struct check_options. */
#define HTTP2_DIRECTIVE_SINCE 1025001u
#define SSL_DIRECTIVE_UNTIL 1025001u

static bool is_named(const struct statement *statement, struct slice name) {
    return slice_equals(statement_name(statement), name);
}

/* Calls the function for what stands directly in http and in its servers. */
static void for_each_of_servers(struct finding_list *findings, struct block *block,
                                void (*check)(struct finding_list *, const struct statement *)) {
    struct tree_walk walk = tree_walk_begin(block);
    for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) {
        if (s->block != NULL && (is_named(s, SLICE("http")) || is_named(s, SLICE("server")))) {
            for_each_of_servers(findings, s->block, check);
        } else if (s->block == NULL) {
            check(findings, s);
        }
    }
}

/* --- ssl-on-deprecated --- */

static void check_ssl(struct finding_list *findings, const struct statement *statement) {
    if (!is_named(statement, SLICE("ssl")) || statement_argument_count(statement) != 1) {
        return;
    }
    uint32_t version = findings->options->nginx_version;
    bool is_known = version != 0 && version < SSL_DIRECTIVE_UNTIL;
    bool is_on = slice_equals(statement_argument(statement, 0)->text, SLICE("on"));
    struct diagnostic *diagnostic = check_report(
        findings, RULE_ssl_on_deprecated, statement->words[0].span, "%s",
        is_known ? "the directive \"ssl\" is gone in nginx 1.25.1"
                 : "nginx 1.25.1 and later do not know the directive \"ssl\", and do not start");
    diagnostic_help(findings->model->arena, diagnostic, "%s",
                    is_on ? "write \"ssl\" behind the listens instead, as in \"listen 443 ssl;\""
                          : "leave it out");
    if (is_on) {
        safe_edit_ssl(findings->model->tree, diagnostic, statement);
    }
}

void check_rule_ssl_on_deprecated(struct finding_list *findings) {
    for_each_of_servers(findings, findings->model->tree->root, check_ssl);
}

/* --- http2-syntax --- */

static bool has_http2_directive(const struct finding_list *findings) {
    uint32_t version = findings->options->nginx_version;
    return version == 0 || version >= HTTP2_DIRECTIVE_SINCE;
}

static const struct word *find_http2(const struct listen *listen) {
    const struct statement *statement = listen->statement;
    for (uint32_t i = 1; statement != NULL && i < statement_argument_count(statement); i++) {
        if (slice_equals(statement_argument(statement, i)->text, SLICE("http2"))) {
            return statement_argument(statement, i);
        }
    }
    return NULL;
}

static void check_listens(struct finding_list *findings, const struct listen_survey *survey,
                          const struct server *server) {
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct word *word = find_http2(server->listens.items[i]);
        if (word != NULL) {
            struct diagnostic *diagnostic =
                check_report(findings, RULE_http2_syntax, word->span,
                             "since nginx 1.25.1 this is deprecated, and holds for all servers of "
                             "the address");
            diagnostic_help(findings->model->arena, diagnostic,
                            "write \"http2 on;\" in the server instead");
            safe_edit_http2(findings->model, survey, diagnostic, server);
            return;
        }
    }
}

static void check_directive(struct finding_list *findings, const struct statement *statement) {
    if (is_named(statement, SLICE("http2"))) {
        struct diagnostic *diagnostic = check_report(
            findings, RULE_http2_syntax, statement->words[0].span,
            "nginx before 1.25.1 does not know the directive \"http2\", and does not start");
        diagnostic->severity = SEVERITY_ERROR;
        diagnostic_help(
            findings->model->arena, diagnostic,
            "write \"http2\" behind the listens instead, as in \"listen 443 ssl http2;\"");
    }
}

void check_rule_http2_syntax(struct finding_list *findings) {
    if (!has_http2_directive(findings)) {
        for_each_of_servers(findings, findings->model->tree->root, check_directive);
        return;
    }
    struct listen_survey survey;
    safe_edit_survey(findings->model, &survey);
    for (size_t i = 0; i < findings->model->servers.count; i++) {
        check_listens(findings, &survey, findings->model->servers.items[i]);
    }
}
