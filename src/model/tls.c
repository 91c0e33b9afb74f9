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
#define SUGGESTED_COUNT 4 /* nobody is to write the last two */

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
    struct slice nearest = nearest_name(word->text, protocols, SUGGESTED_COUNT);
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

/* What a setting needs beside it; the names are told behind those of the family. */
struct need {
    enum setting_id setting;
    const char *name;
    const char *needed;
    const char *example; /* for the help, behind what is to be written */
};

static const struct need verify_needs = {SETTING_proxy_ssl_verify, "ssl_verify",
                                         "ssl_trusted_certificate",
                                         ", such as /etc/ssl/certs/ca-certificates.crt"};
static const struct need certificate_needs = {SETTING_proxy_ssl_certificate, "ssl_certificate",
                                              "ssl_certificate_key", ""};

/* Whether nothing has been said of the statement so far; many locations inherit the same. */
static bool is_first(struct map *reported, const struct statement *statement) {
    struct slice key = {(const char *)&statement, sizeof(const struct statement *)};
    if (map_find(reported, key) != NULL) {
        return false;
    }
    map_set(reported, arena_copy_slice(reported->arena, key), reported);
    return true;
}

static void report_incomplete(struct model *model, struct map *reported,
                              const struct location *location, const struct need *need) {
    const struct statement *statement = location->settings->origin[need->setting];
    const struct proxy_pass *proxy = location->proxy;
    if (!is_first(reported, statement)) {
        return;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_INCOMPLETE_TLS, statement->span,
        "there is no %s_%s for %s_%s", proxy->family, need->needed, proxy->family, need->name);
    diagnostic_note(model->arena, diagnostic, proxy->statement->span,
                    proxy->has_variables ? "which backends that variables name may need"
                                         : "which this backend needs");
    diagnostic_help(model->arena, diagnostic, "add \"%s_%s FILE;\"%s", proxy->family, need->needed,
                    need->example);
}

static void check_location(struct model *model, const struct location *location,
                           struct map *reported) {
    const struct settings *settings = location->settings;
    const struct proxy_pass *proxy = location->proxy;
    if (proxy != NULL && (proxy->is_tls || proxy->has_variables)) {
        if (settings->proxy_ssl_verify != 0 && settings->proxy_ssl_trusted_certificate.size == 0) {
            report_incomplete(model, reported, location, &verify_needs);
        }
        if (settings->proxy_ssl_certificate.size > 0 &&
            settings->proxy_ssl_certificate_key.size == 0) {
            report_incomplete(model, reported, location, &certificate_needs);
        }
    }
    for (size_t i = 0; i < location->nested.count; i++) {
        check_location(model, location->nested.items[i], reported);
    }
}

void tls_check(struct model *model) {
    struct map reported;
    map_init(&reported, model->arena);
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
