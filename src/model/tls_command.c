/* Commands of OpenSSL's configuration, as ssl_conf_command and those of proxy_ and grpc_ have them.
 * What OpenSSL says of one is asked once: large sites have the same in each server. */
#include "model/openssl.h"
#include "model/reading.h"

#include <openssl/err.h>

/* What OpenSSL says of a command. */
enum verdict { VERDICT_GOOD, VERDICT_UNKNOWN, VERDICT_FILE, VERDICT_BAD_VALUE };

static bool is_for_server(const struct setter_call *call) {
    return call->directive->group == GROUP_SERVER;
}

/* --- asking --- */

static enum verdict ask_command(SSL_CONF_CTX *commands, const char *name, const char *value) {
    switch (SSL_CONF_cmd_value_type(commands, name)) {
    case SSL_CONF_TYPE_UNKNOWN:
        return VERDICT_UNKNOWN;
    case SSL_CONF_TYPE_FILE:
    case SSL_CONF_TYPE_DIR:
    case SSL_CONF_TYPE_STORE:
        return VERDICT_FILE;
    default:
        return SSL_CONF_cmd(commands, name, value) > 0 ? VERDICT_GOOD : VERDICT_BAD_VALUE;
    }
}

static enum verdict ask(bool is_server, const char *name, const char *value) {
    SSL_CTX *context = openssl_create_context(is_server);
    SSL_CONF_CTX *commands = SSL_CONF_CTX_new();
    if (commands == NULL) {
        memory_exhausted();
    }
    SSL_CONF_CTX_set_flags(commands, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CERTIFICATE |
                                         (is_server ? SSL_CONF_FLAG_SERVER : SSL_CONF_FLAG_CLIENT));
    SSL_CONF_CTX_set_ssl_ctx(commands, context);
    enum verdict verdict = ask_command(commands, name, value);
    SSL_CONF_CTX_free(commands);
    SSL_CTX_free(context);
    ERR_clear_error();
    return verdict;
}

/* `text` is both, as they are kept: no name has a space. */
static enum verdict find_verdict(const struct setter_call *call, struct slice text,
                                 const struct word *name, const struct word *value) {
    struct arena *arena = call->model->arena;
    struct map *verdicts = &call->model->reading->command_verdicts;
    struct slice key = text_marked(arena, is_for_server(call) ? 's' : 'b', text);
    enum verdict *verdict = map_find(verdicts, key);
    if (verdict == NULL) {
        verdict = arena_require(arena, sizeof *verdict);
        *verdict = ask(is_for_server(call), arena_copy_slice(arena, name->text).data,
                       arena_copy_slice(arena, value->text).data);
        map_set(verdicts, key, verdict);
    }
    return *verdict;
}

/* --- the directive --- */

static bool check_command(const struct setter_call *call, struct slice text,
                          const struct word *name, const struct word *value) {
    switch (find_verdict(call, text, name, value)) {
    case VERDICT_UNKNOWN:
        return reject_word(call, DIAGNOSTIC_INVALID_VALUE, name,
                           "the manual page SSL_CONF_cmd(3) lists them, such as Options or Groups",
                           "OpenSSL has no command \"%.*s\" for %s", SLICE_ARGS(name->text),
                           is_for_server(call) ? "servers" : "clients");
    case VERDICT_BAD_VALUE:
        return reject_word(call, DIAGNOSTIC_INVALID_VALUE, value,
                           "the manual page SSL_CONF_cmd(3) says what it takes",
                           "OpenSSL's command \"%.*s\" does not take \"%.*s\"",
                           SLICE_ARGS(name->text), SLICE_ARGS(value->text));
    case VERDICT_FILE:
        refuse(call->model, call->statement, name->span, "command \"%.*s\" of \"%s\"",
               SLICE_ARGS(name->text), call->directive->name);
        return true;
    case VERDICT_GOOD:
        break;
    }
    return true;
}

bool model_set_ssl_conf_command(const struct setter_call *call) {
    const struct word *name = statement_argument(call->statement, 0);
    const struct word *value = statement_argument(call->statement, 1);
    struct slice text = arena_format(call->model->arena, "%.*s %.*s", SLICE_ARGS(name->text),
                                     SLICE_ARGS(value->text));
    if (!check_command(call, text, name, value)) {
        return false;
    }
    MODEL_TYPE_NAMES *commands = call->field;
    VECTOR_PUSH(call->model->arena, &commands->list,
                (struct name_setting){
                    .statement = call->origin,
                    .word = call->origin != NULL ? name : NULL,
                    .text = text,
                });
    return true;
}
