/* Commands of OpenSSL's configuration, as ssl_conf_command and proxy_ssl_conf_command have them. */
#include "model/reading.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* OpenSSL, asked on behalf of servers or of clients. */
struct asking {
    SSL_CTX *context;
    SSL_CONF_CTX *commands;
};

static struct asking begin(bool is_server) {
    struct asking asking = {
        .context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()),
        .commands = SSL_CONF_CTX_new(),
    };
    if (asking.context == NULL || asking.commands == NULL) {
        memory_exhausted();
    }
    SSL_CONF_CTX_set_flags(asking.commands,
                           SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CERTIFICATE |
                               (is_server ? SSL_CONF_FLAG_SERVER : SSL_CONF_FLAG_CLIENT));
    SSL_CONF_CTX_set_ssl_ctx(asking.commands, asking.context);
    return asking;
}

static void end(const struct asking *asking) {
    SSL_CONF_CTX_free(asking->commands);
    SSL_CTX_free(asking->context);
    ERR_clear_error();
}

static bool check_value(const struct setter_call *call, const struct asking *asking,
                        const char *name, const struct word *word) {
    const char *value = arena_copy_slice(call->model->arena, word->text).data;
    if (SSL_CONF_cmd(asking->commands, name, value) > 0) {
        return true;
    }
    return reject_word(call, DIAGNOSTIC_INVALID_VALUE, word,
                       "the manual page SSL_CONF_cmd(3) says what it takes",
                       "OpenSSL's command \"%s\" does not take \"%s\"", name, value);
}

static bool check_command(const struct setter_call *call, const struct word *name,
                          const struct word *value) {
    bool is_server = call->directive->group == GROUP_SERVER;
    const char *text = arena_copy_slice(call->model->arena, name->text).data;
    struct asking asking = begin(is_server);
    bool is_good = true;
    switch (SSL_CONF_cmd_value_type(asking.commands, text)) {
    case SSL_CONF_TYPE_UNKNOWN:
        is_good = reject_word(
            call, DIAGNOSTIC_INVALID_VALUE, name,
            "the manual page SSL_CONF_cmd(3) lists them, such as Options or Groups",
            "OpenSSL has no command \"%s\" for %s", text, is_server ? "servers" : "clients");
        break;
    case SSL_CONF_TYPE_FILE:
    case SSL_CONF_TYPE_DIR:
    case SSL_CONF_TYPE_STORE:
        refuse(call->model, call->statement, name->span, "command \"%s\" of \"%s\"", text,
               call->directive->name);
        break;
    default:
        is_good = check_value(call, &asking, text, value);
        break;
    }
    end(&asking);
    return is_good;
}

/* Name and value are one text: no name has a space. */
bool model_set_ssl_conf_command(const struct setter_call *call) {
    const struct word *name = statement_argument(call->statement, 0);
    const struct word *value = statement_argument(call->statement, 1);
    if (!check_command(call, name, value)) {
        return false;
    }
    MODEL_TYPE_NAMES *commands = call->field;
    VECTOR_PUSH(call->model->arena, &commands->list,
                (struct name_setting){
                    .statement = call->origin,
                    .word = call->origin != NULL ? name : NULL,
                    .text = arena_format(call->model->arena, "%.*s %.*s", SLICE_ARGS(name->text),
                                         SLICE_ARGS(value->text)),
                });
    return true;
}
