/* Rules about TLS: protocol versions and cipher lists, of the server and towards backends. */
#include "check/ciphers.h"
#include "check/rules.h"
#include "model/openssl.h"

/* --- what is written --- */

/* Directives that tls_profile stands for all have the place of the profile's name. */
static bool is_of_profile(const struct statement *statement) {
    return statement->words[0].span.begin == statement->words[1].span.begin;
}

static struct slice written_name(const struct statement *statement) {
    return is_of_profile(statement) ? SLICE("tls_profile") : statement_name(statement);
}

static void suggest(struct finding_list *findings, struct diagnostic *diagnostic,
                    const struct statement *statement, const char *arguments) {
    struct slice name = written_name(statement);
    diagnostic_help(findings->model->arena, diagnostic, "write \"%.*s %s;\"", SLICE_ARGS(name),
                    is_of_profile(statement) ? "intermediate" : arguments);
}

/* --- weak-tls-protocol --- */

static const struct {
    struct slice name;
    enum severity severity;
} weak_protocols[] = {
    {SLICE_INIT("SSLv2"), SEVERITY_ERROR},
    {SLICE_INIT("SSLv3"), SEVERITY_ERROR},
    {SLICE_INIT("TLSv1"), SEVERITY_WARNING},
    {SLICE_INIT("TLSv1.1"), SEVERITY_WARNING},
};

static void check_protocols(struct finding_list *findings, const struct name_list *list) {
    struct arena *arena = findings->model->arena;
    struct phrase_list names = {0};
    enum severity severity = SEVERITY_WARNING;
    const struct name_setting *first = NULL;
    for (size_t i = 0; i < list->list.count; i++) {
        const struct name_setting *setting = &list->list.items[i];
        for (size_t j = 0; j < sizeof weak_protocols / sizeof weak_protocols[0]; j++) {
            if (slice_equals_nocase(setting->text, weak_protocols[j].name)) {
                VECTOR_PUSH(arena, &names.items, weak_protocols[j].name);
                first = first != NULL ? first : setting;
                severity =
                    weak_protocols[j].severity > severity ? weak_protocols[j].severity : severity;
            }
        }
    }
    if (first == NULL) {
        return;
    }
    struct slice joined = phrase_join(arena, &names);
    struct slice directive = written_name(first->statement);
    struct diagnostic *diagnostic = check_report(
        findings, RULE_weak_tls_protocol, first->word->span, "%.*s allows %.*s, which %s %s",
        SLICE_ARGS(directive), SLICE_ARGS(joined), names.items.count > 1 ? "are" : "is",
        severity == SEVERITY_ERROR ? "broken or obsolete" : "obsolete");
    diagnostic->severity = severity;
    suggest(findings, diagnostic, first->statement, "TLSv1.2 TLSv1.3");
}

void check_rule_weak_tls_protocol(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_proxy_ssl_protocols]) {
            check_protocols(findings, &settings->proxy_ssl_protocols);
        }
        if (settings->is_own[SETTING_grpc_ssl_protocols]) {
            check_protocols(findings, &settings->grpc_ssl_protocols);
        }
    }
    for (size_t i = 0; i < findings->site.server_settings.count; i++) {
        const struct server_settings *settings = findings->site.server_settings.items[i];
        if (settings->is_own[SERVER_SETTING_ssl_protocols]) {
            check_protocols(findings, &settings->ssl_protocols);
        }
    }
}

/* --- weak-cipher --- */

static const char good_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* More suites of one kind than this are counted, not named. */
#define NAMED_SUITES 12

/* A note without a place: "with RC4: RC4-SHA and RC4-MD5". */
static void note_suites(struct arena *arena, struct diagnostic *diagnostic, const char *kind,
                        const struct phrase_list *suites) {
    struct slice joined = phrase_join_some(arena, suites, NAMED_SUITES);
    struct diagnostic_note note = {.message =
                                       arena_format(arena, "%s: %.*s", kind, SLICE_ARGS(joined))};
    VECTOR_PUSH(arena, &diagnostic->notes, note);
}

/* "3 suites without forward secrecy and 1 with RC4" */
static struct slice count_suites(struct arena *arena, const struct cipher_list *list) {
    struct phrase_list counts = {0};
    for (size_t i = 0; i < CIPHER_WEAKNESS_COUNT; i++) {
        size_t count = list->weak[i].items.count;
        if (count > 0) {
            const char *noun = counts.items.count > 0 ? "" : count == 1 ? " suite" : " suites";
            VECTOR_PUSH(arena, &counts.items,
                        arena_format(arena, "%zu%s %s", count, noun, cipher_weakness_names[i]));
        }
    }
    return phrase_join(arena, &counts);
}

/* Whether the list has suites that are weak by more than a lack of forward secrecy. */
static bool has_broken(const struct cipher_list *list) {
    for (size_t i = 0; i < CIPHER_NO_FORWARD_SECRECY; i++) {
        if (list->weak[i].items.count > 0) {
            return true;
        }
    }
    return false;
}

/* Where nothing else is admitted, no-forward-secrecy says so. */
static bool has_weak(const struct cipher_list *list) {
    return has_broken(list) ||
           (list->has_forward_secrecy && list->weak[CIPHER_NO_FORWARD_SECRECY].items.count > 0);
}

static void report_weak(struct finding_list *findings, const struct statement *statement,
                        const struct cipher_list *list) {
    struct arena *arena = findings->model->arena;
    struct slice counts = count_suites(arena, list);
    struct slice directive = written_name(statement);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_weak_cipher, statement_argument(statement, 0)->span,
                     "%.*s admits %.*s", SLICE_ARGS(directive), SLICE_ARGS(counts));
    if (has_broken(list)) {
        diagnostic->severity = SEVERITY_ERROR;
    }
    for (size_t i = 0; i < CIPHER_WEAKNESS_COUNT; i++) {
        if (list->weak[i].items.count > 0) {
            note_suites(arena, diagnostic, cipher_weakness_names[i], &list->weak[i]);
        }
    }
    suggest(findings, diagnostic, statement, good_ciphers);
}

/* Expands what the statement gives; NULL when it gives nothing that can be. */
static const struct cipher_list *find_list(struct finding_list *findings,
                                           const struct statement *statement) {
    struct arena *arena = findings->model->arena;
    if (statement == NULL || statement_argument_count(statement) == 0) {
        return NULL;
    }
    const struct word *word = statement_argument(statement, 0);
    if (openssl_is_profile(word->text)) {
        return NULL;
    }
    struct cipher_list *list = map_find(&findings->cipher_lists, word->text);
    if (list == NULL) {
        list = arena_require(arena, sizeof *list);
        ciphers_expand(arena, word->text, list);
        map_insert(&findings->cipher_lists, word->text, list);
    }
    return list;
}

static void check_ciphers(struct finding_list *findings, const struct statement *statement) {
    const struct cipher_list *list = find_list(findings, statement);
    if (list != NULL && has_weak(list)) {
        report_weak(findings, statement, list);
    }
}

void check_rule_weak_cipher(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_proxy_ssl_ciphers]) {
            check_ciphers(findings, settings->origin[SETTING_proxy_ssl_ciphers]);
        }
        if (settings->is_own[SETTING_grpc_ssl_ciphers]) {
            check_ciphers(findings, settings->origin[SETTING_grpc_ssl_ciphers]);
        }
    }
    for (size_t i = 0; i < findings->site.server_settings.count; i++) {
        const struct server_settings *settings = findings->site.server_settings.items[i];
        if (settings->is_own[SERVER_SETTING_ssl_ciphers]) {
            check_ciphers(findings, settings->origin[SERVER_SETTING_ssl_ciphers]);
        }
    }
}

/* --- no-forward-secrecy --- */

static bool is_for_tls13_only(const struct name_list *protocols) {
    for (size_t i = 0; i < protocols->list.count; i++) {
        if (!slice_equals_nocase(protocols->list.items[i].text, SLICE("TLSv1.3"))) {
            return false;
        }
    }
    return protocols->list.count > 0;
}

static void check_secrecy(struct finding_list *findings, const struct statement *statement,
                          const struct name_list *protocols) {
    const struct cipher_list *list = find_list(findings, statement);
    if (list == NULL || list->has_forward_secrecy || is_for_tls13_only(protocols) ||
        list->weak[CIPHER_NO_FORWARD_SECRECY].items.count == 0) {
        return;
    }
    struct slice directive = written_name(statement);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_no_forward_secrecy, statement_argument(statement, 0)->span,
                     "%.*s admits no suite with forward secrecy", SLICE_ARGS(directive));
    note_suites(findings->model->arena, diagnostic,
                cipher_weakness_names[CIPHER_NO_FORWARD_SECRECY],
                &list->weak[CIPHER_NO_FORWARD_SECRECY]);
    suggest(findings, diagnostic, statement, good_ciphers);
}

void check_rule_no_forward_secrecy(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.settings.count; i++) {
        const struct settings *settings = findings->site.settings.items[i];
        if (settings->is_own[SETTING_proxy_ssl_ciphers]) {
            check_secrecy(findings, settings->origin[SETTING_proxy_ssl_ciphers],
                          &settings->proxy_ssl_protocols);
        }
        if (settings->is_own[SETTING_grpc_ssl_ciphers]) {
            check_secrecy(findings, settings->origin[SETTING_grpc_ssl_ciphers],
                          &settings->grpc_ssl_protocols);
        }
    }
    for (size_t i = 0; i < findings->site.server_settings.count; i++) {
        const struct server_settings *settings = findings->site.server_settings.items[i];
        if (settings->is_own[SERVER_SETTING_ssl_ciphers]) {
            check_secrecy(findings, settings->origin[SERVER_SETTING_ssl_ciphers],
                          &settings->ssl_protocols);
        }
    }
}
