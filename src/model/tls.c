/* Settings of TLS. Files are not looked at: their place is the machine that rpcd runs on. What a
 * cipher string comes to is expanded in check/, with OpenSSL. */
#include "model/reading.h"

#include <openssl/opensslconf.h>

/* The newest first, as the nearest of several is the first of them. */
static const struct slice protocols[] = {
    SLICE_INIT("TLSv1.3"), SLICE_INIT("TLSv1.2"), SLICE_INIT("TLSv1.1"),
    SLICE_INIT("TLSv1"),   SLICE_INIT("SSLv3"),   SLICE_INIT("SSLv2"),
};

#define PROTOCOL_COUNT (sizeof protocols / sizeof protocols[0])

static bool check_protocol(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
        if (slice_equals_nocase(word->text, protocols[i])) {
            return true;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "\"%.*s\" is no TLS version", SLICE_ARGS(word->text));
    uint32_t index = (uint32_t)(word - call->statement->words);
    if (structure_hint_semicolon(model, call->scope->context, call->statement, index, diagnostic)) {
        return false;
    }
    struct slice nearest = nearest_name(word->text, protocols, PROTOCOL_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic, "the versions in use are TLSv1.2 and TLSv1.3");
    }
    return false;
}

/* Versions that OpenSSL no longer has, or was built without. */
static bool is_gone(struct slice version) {
#if defined OPENSSL_NO_SSL3 || defined OPENSSL_NO_SSL3_METHOD
    return slice_equals_nocase(version, SLICE("SSLv2")) ||
           slice_equals_nocase(version, SLICE("SSLv3"));
#else
    return slice_equals_nocase(version, SLICE("SSLv2"));
#endif
}

bool model_set_ssl_protocols(const struct setter_call *call) {
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        if (!check_protocol(call, word)) {
            return false;
        }
        if (is_gone(word->text)) {
            refuse_absent(call->model, call->statement, word);
        }
    }
    return model_set_names(call);
}

/* --- certificates --- */

/* What nginx finds elsewhere than in a file. */
static const struct slice other_sources[] = {
    SLICE_INIT("data:"),
    SLICE_INIT("engine:"),
    SLICE_INIT("store:"),
};

/* By which of them, or an empty slice. */
static struct slice find_source(struct slice text) {
    for (size_t i = 0; i < sizeof other_sources / sizeof other_sources[0]; i++) {
        if (slice_starts_with(text, other_sources[i])) {
            return other_sources[i];
        }
    }
    return (struct slice){0};
}

bool tls_is_file_name(struct slice text) {
    return find_source(text).size == 0 && slice_find_byte(text, '$') == text.size;
}

/* nginx takes an empty name for the prefix, a folder, and does not start. */
static void check_is_named(const struct setter_call *call, const struct word *word) {
    if (word->text.size > 0) {
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "\"%s\" names no file", call->directive->name);
    diagnostic_help(call->model->arena, diagnostic,
                    "write the file's path, or leave the directive out");
}

/* Its text; what is more than the name of a file is refused. */
static struct slice read_file_name(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *word = statement_argument(call->statement, 0);
    struct slice path;
    struct template template = template_parse(model, word, word->text, 0);
    if (!template_is_constant(model, &template, &path)) {
        refuse(model, call->statement, word->span, "variables in \"%s\"", call->directive->name);
        return word->text;
    }
    struct slice source = find_source(path);
    if (source.size > 0) {
        refuse(model, call->statement, word->span, "\"%.*s\" in \"%s\"", SLICE_ARGS(source),
               call->directive->name);
    }
    return path;
}

/* An empty name cancels what the block around says, as in nginx 1.23.0. */
bool model_set_ssl_file(const struct setter_call *call) {
    *(MODEL_TYPE_TEXT *)call->field = read_file_name(call);
    return true;
}

bool model_set_ssl_files(const struct setter_call *call) {
    MODEL_TYPE_NAMES *files = call->field;
    check_is_named(call, statement_argument(call->statement, 0));
    VECTOR_PUSH(call->model->arena, &files->list,
                (struct name_setting){
                    .statement = call->origin,
                    .word = call->origin != NULL ? statement_argument(call->statement, 0) : NULL,
                    .text = read_file_name(call),
                });
    return true;
}

bool model_set_ssl_password_file(const struct setter_call *call) {
    check_is_named(call, statement_argument(call->statement, 0));
    return model_set_text(call);
}

/* --- what belongs together --- */

/* What has been reported; many locations inherit the same. */
struct statement_list {
    VECTOR_OF(const struct statement *) list;
};

static void report_incomplete(struct model *model, struct statement_list *reported,
                              const struct location *location, const struct statement *statement,
                              const char *problem, const char *help) {
    for (size_t i = 0; i < reported->list.count; i++) {
        if (reported->list.items[i] == statement) {
            return;
        }
    }
    VECTOR_PUSH(model->arena, &reported->list, statement);
    struct diagnostic *diagnostic = diagnostic_error(model->diagnostics, DIAGNOSTIC_INCOMPLETE_TLS,
                                                     statement->span, "%s", problem);
    diagnostic_note(model->arena, diagnostic, location->proxy->statement->span,
                    location->proxy->has_variables ? "which backends that variables name may need"
                                                   : "which this backend needs");
    diagnostic_help(model->arena, diagnostic, "%s", help);
}

static void check_location(struct model *model, const struct location *location,
                           struct statement_list *reported) {
    const struct settings *settings = location->settings;
    const struct proxy_pass *proxy = location->proxy;
    if (proxy != NULL && (proxy->is_tls || proxy->has_variables)) {
        if (settings->proxy_ssl_verify != 0 && settings->proxy_ssl_trusted_certificate.size == 0) {
            report_incomplete(
                model, reported, location, settings->origin[SETTING_proxy_ssl_verify],
                proxy->is_grpc ? "there is no grpc_ssl_trusted_certificate for grpc_ssl_verify"
                               : "there is no proxy_ssl_trusted_certificate for proxy_ssl_verify",
                proxy->is_grpc ? "add \"grpc_ssl_trusted_certificate FILE;\", such as "
                                 "/etc/ssl/certs/ca-certificates.crt"
                               : "add \"proxy_ssl_trusted_certificate FILE;\", such as "
                                 "/etc/ssl/certs/ca-certificates.crt");
        }
        if (settings->proxy_ssl_certificate.size > 0 &&
            settings->proxy_ssl_certificate_key.size == 0) {
            report_incomplete(
                model, reported, location, settings->origin[SETTING_proxy_ssl_certificate],
                proxy->is_grpc ? "there is no grpc_ssl_certificate_key for grpc_ssl_certificate"
                               : "there is no proxy_ssl_certificate_key for proxy_ssl_certificate",
                proxy->is_grpc ? "add \"grpc_ssl_certificate_key FILE;\""
                               : "add \"proxy_ssl_certificate_key FILE;\"");
        }
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        check_location(model, location->nested.items[i], reported);
    }
}

void tls_check(struct model *model) {
    struct statement_list reported = {0};
    if (model->is_snippet) {
        return; /* the rest may be given around it */
    }
    for (size_t i = 0; i < model->servers.count; i++) {
        const struct server *server = model->servers.items[i];
        for (size_t j = 0; j < server->locations.count; j++) {
            check_location(model, server->locations.items[j], &reported);
        }
    }
}
