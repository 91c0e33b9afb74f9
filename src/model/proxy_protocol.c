/* Names of values of the PROXY protocol: what may follow $proxy_protocol_tlv_. */
#include "model/reading.h"

static const struct slice names[] = {
#define TLV(name, type) SLICE_INIT(name),
#define SSL_TLV(name, type) SLICE_INIT("ssl_" name),
#include "proxy-protocol-tlvs.def"
    SLICE_INIT("ssl_verify"),
};

#define NAME_COUNT (sizeof names / sizeof names[0])

/* A byte in hexadecimal digits, behind "0x". */
static bool is_type(struct slice text) {
    uint32_t type = 0;
    if (text.size <= 2 || !slice_starts_with_nocase(text, SLICE("0x"))) {
        return false;
    }
    for (size_t i = 2; i < text.size; i++) {
        size_t digit = slice_find_byte(SLICE("0123456789abcdef"), byte_lower(text.data[i]));
        type = type * 16 + (uint32_t)digit;
        if (digit == 16 || type > UINT8_MAX) {
            return false;
        }
    }
    return true;
}

static bool is_known(struct slice name) {
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (slice_equals_nocase(names[i], name)) {
            return true;
        }
    }
    bool is_of_ssl = slice_starts_with_nocase(name, SLICE("ssl_"));
    return is_type(is_of_ssl ? slice_skip(name, 4) : name);
}

void proxy_protocol_check_variable(struct model *model, const struct template_part *part) {
    if (is_known(part->suffix)) {
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_UNKNOWN_VARIABLE, part->span,
                         "the PROXY protocol has no value \"%.*s\"", SLICE_ARGS(part->suffix));
    struct slice nearest = nearest_name(part->suffix, names, NAME_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"$proxy_protocol_tlv_%.*s\"",
                        SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "name one that nginx knows, such as authority or ssl_cn, or give its type "
                        "in hexadecimal: $proxy_protocol_tlv_0xea");
    }
}
