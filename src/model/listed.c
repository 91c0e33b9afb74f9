/* Directives that are known from nginx's table only: their place and number of arguments are
 * checked, on and off where they are flags, and blocks inside them; compile refuses them. */
#include "model/reading.h"

/* What the inside of a listed block is, by the block's name and place. */
struct listed_block {
    struct slice name;
    uint32_t context; /* it stands in */
    uint32_t inside;
};

static const struct listed_block listed_blocks[] = {
    {SLICE_INIT("stream"), C_MAIN, C_STREAM},
    {SLICE_INIT("server"), C_STREAM, C_STREAM_SERVER},
    {SLICE_INIT("upstream"), C_STREAM, C_STREAM_UPSTREAM},
    {SLICE_INIT("map"), C_STREAM, C_STREAM_MAP},
    {SLICE_INIT("geo"), C_STREAM, C_STREAM_GEO},
    {SLICE_INIT("split_clients"), C_STREAM, C_STREAM_SPLIT_CLIENTS},
    {SLICE_INIT("num_map"), C_STREAM, C_STREAM_NUM_MAP},
    {SLICE_INIT("match"), C_STREAM, C_STREAM_MATCH},
    {SLICE_INIT("mail"), C_MAIN, C_MAIL},
    {SLICE_INIT("server"), C_MAIL, C_MAIL_SERVER},
    {SLICE_INIT("mgmt"), C_MAIN, C_MGMT},
    {SLICE_INIT("types"), C_HTTP | C_SERVER | C_LOCATION, C_TYPES},
    {SLICE_INIT("charset_map"), C_HTTP, C_CHARSET_MAP},
    {SLICE_INIT("num_map"), C_HTTP, C_NUM_MAP},
    {SLICE_INIT("match"), C_HTTP, C_MATCH},
    {SLICE_INIT("acme_issuer"), C_HTTP, C_ACME_ISSUER},
    {SLICE_INIT("oidc_provider"), C_HTTP, C_OIDC_PROVIDER},
    {SLICE_INIT("otel_exporter"), C_HTTP, C_OTEL_EXPORTER},
};

#define LISTED_BLOCK_COUNT (sizeof listed_blocks / sizeof listed_blocks[0])

/* The block's inside is not looked at when nothing is known about it. */
static void read_inside(const struct setter_call *call) {
    for (size_t i = 0; i < LISTED_BLOCK_COUNT; i++) {
        const struct listed_block *block = &listed_blocks[i];
        if ((block->context & call->scope->context) != 0 &&
            slice_equals(block->name, slice_from_string(call->directive->name))) {
            struct scope inner = build_inner_scope(call->scope, call->statement, block->inside);
            inner.is_refused = true;
            build_block(call->model, &inner, call->statement->block);
            return;
        }
    }
}

bool model_set_listed(const struct setter_call *call) {
    if (!call->scope->is_refused) {
        refuse(call->model, call->statement, call->statement->words[0].span, "directive \"%s\"",
               call->directive->name);
    }
    if (call->statement->block != NULL) {
        read_inside(call);
    }
    /* Variables of stream and mail are no concern of the http site. */
    if (!call->scope->is_refused) {
        map_define_listed(call);
    }
    return call->directive->form != FORM_FLAG || model_set_flag(call);
}
