/* Directives that are known from nginx's table only: their place and number of arguments are
 * checked, on and off where they are flags, blocks inside them, and that the variables are known
 * which they define; compile refuses them. */
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
    {SLICE_INIT("charset_map"), C_HTTP, C_CHARSET_MAP},
    {SLICE_INIT("num_map"), C_HTTP, C_NUM_MAP},
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

/* Backends that are asked in another way than by HTTP: where they are is kept, for rules. */
static void keep_pass(const struct setter_call *call) {
    static const struct slice names[] = {SLICE_INIT("fastcgi_pass"), SLICE_INIT("uwsgi_pass"),
                                         SLICE_INIT("scgi_pass"), SLICE_INIT("memcached_pass")};
    struct slice name = slice_from_string(call->directive->name);
    struct location *location = call->scope->location;
    for (size_t i = 0; location != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals(name, names[i])) {
            const struct word *word = statement_argument(call->statement, 0);
            location->other_pass.statement = call->statement;
            location->other_pass.target = template_parse(call->model, word, word->text, 0);
        }
    }
}

/* Directives whose argument names a variable that they define. */
struct defining_directive {
    struct slice name;
    uint32_t argument; /* LAST: the last one */
};

#define LAST UINT32_MAX

static const struct defining_directive defining_directives[] = {
    {SLICE_INIT("perl_set"), 0},
    {SLICE_INIT("js_set"), 0},
    {SLICE_INIT("js_var"), 0},
    {SLICE_INIT("auth_jwt_claim_set"), 0},
    {SLICE_INIT("auth_jwt_header_set"), 0},
    {SLICE_INIT("keyval"), 1},
    {SLICE_INIT("num_map"), LAST},
};

#define DEFINING_COUNT (sizeof defining_directives / sizeof defining_directives[0])

static void define_variable(const struct setter_call *call) {
    struct slice name = slice_from_string(call->directive->name);
    for (size_t i = 0; i < DEFINING_COUNT; i++) {
        if (!slice_equals(defining_directives[i].name, name)) {
            continue;
        }
        uint32_t last = statement_argument_count(call->statement) - 1;
        uint32_t argument = defining_directives[i].argument;
        const struct word *word =
            statement_argument(call->statement, argument < last ? argument : last);
        struct slice variable;
        if (variable_name(call->model, word, &variable)) {
            (void)variable_define(call->model, variable, word->span,
                                  (struct variable_definition){.statement = call->statement,
                                                               .kind = DEFINED_ELSEWHERE});
        }
    }
}

/* Whether the statement says "off" where that is what nginx does without it: rpcd does so anyway,
 * so that there is nothing to run. */
static bool is_switched_off(const struct setter_call *call) {
    return call->directive->is_off_by_default && statement_argument_count(call->statement) == 1 &&
           slice_equals(statement_argument(call->statement, 0)->text, SLICE("off"));
}

bool model_set_listed(const struct setter_call *call) {
    if (!call->scope->is_refused && !is_switched_off(call)) {
        refuse(call->model, call->statement, call->statement->words[0].span, "directive \"%s\"",
               call->directive->name);
    }
    if (call->statement->block != NULL) {
        read_inside(call);
    }
    /* Variables of stream and mail are no concern of the http site. */
    if (!call->scope->is_refused) {
        define_variable(call);
        keep_pass(call);
    }
    return call->directive->form != FORM_FLAG || model_set_flag(call);
}
