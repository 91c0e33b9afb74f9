/* proxy_bind: where connections to backends come from. */
#include "base/ip.h"
#include "model/reading.h"

static bool reject_address(const struct setter_call *call, const struct word *word) {
    return reject_word(call, DIAGNOSTIC_INVALID_ADDRESS, word,
                       "write an IP address, with a port or without: 192.0.2.1, 192.0.2.1:7000, "
                       "2001:db8::1 or [2001:db8::1]:7000; or \"off\"",
                       "\"%.*s\" is not an address that \"%s\" takes", SLICE_ARGS(word->text),
                       call->directive->name);
}

bool model_set_proxy_bind(const struct setter_call *call) {
    MODEL_TYPE_BINDING *binding = call->field;
    const struct word *word = statement_argument(call->statement, 0);
    bool has_parameter = statement_argument_count(call->statement) == 2;
    *binding = (struct binding_setting){.statement = NULL};
    if (!has_parameter && slice_equals(word->text, SLICE("off"))) {
        return true;
    }
    struct slice text;
    uint8_t bytes[IP_V6_SIZE];
    uint32_t port;
    struct template address = template_parse(call->model, word, word->text, 0);
    if (template_is_constant(call->model, &address, &text) &&
        ip_parse_endpoint(text, bytes, &port) == 0) {
        return reject_address(call, word);
    }
    if (has_parameter) {
        const struct word *parameter = statement_argument(call->statement, 1);
        if (!slice_equals(parameter->text, SLICE("transparent"))) {
            return reject_word(call, DIAGNOSTIC_UNKNOWN_PARAMETER, parameter,
                               "the only parameter is \"transparent\"",
                               "\"%s\" does not know \"%.*s\"", call->directive->name,
                               SLICE_ARGS(parameter->text));
        }
    }
    *binding = (struct binding_setting){
        .statement = call->statement,
        .address = address,
        .is_transparent = has_parameter,
    };
    return true;
}
