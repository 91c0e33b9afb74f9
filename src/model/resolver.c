/* resolver: the name servers that are asked at run time, and how. Which of them an upstream group
 * asks for its `server NAME resolve` lines is decided here, too. */
#include "model/address.h"
#include "model/quantity.h"
#include "model/reading.h"

#include <string.h>

#define DNS_PORT 53

/* Says what is wrong with a word; always false, for those who read one to return. */
static bool reject(const struct setter_call *call, const struct word *word, const char *problem,
                   const char *help) {
    return reject_word(call, DIAGNOSTIC_INVALID_VALUE, word, help, "%s in \"%.*s\"", problem,
                       SLICE_ARGS(word->text));
}

static bool set_valid(const struct setter_call *call, const struct word *word, struct slice value,
                      struct resolver *resolver) {
    uint64_t seconds;
    if (!quantity_parse_seconds(value, &seconds) || seconds > INT32_MAX) {
        return reject(call, word, "invalid time",
                      "write whole seconds: valid=30s, valid=5m; 0 keeps answers as long as they "
                      "say themselves");
    }
    resolver->valid = (uint32_t)seconds;
    return true;
}

static bool set_family(const struct setter_call *call, const struct word *word, struct slice value,
                       bool *wants) {
    *wants = slice_equals(value, SLICE("on"));
    return *wants || slice_equals(value, SLICE("off")) ||
           reject(call, word, "invalid value", "write \"on\" or \"off\" behind the \"=\"");
}

static bool set_ipv4(const struct setter_call *call, const struct word *word, struct slice value,
                     struct resolver *resolver) {
    return set_family(call, word, value, &resolver->ipv4);
}

static bool set_ipv6(const struct setter_call *call, const struct word *word, struct slice value,
                     struct resolver *resolver) {
    return set_family(call, word, value, &resolver->ipv6);
}

static bool set_status_zone(const struct setter_call *call, const struct word *word,
                            struct slice value, struct resolver *resolver) {
    (void)value;
    (void)resolver;
    refuse(call->model, call->statement, word->span, "parameter \"status_zone\" of resolver");
    return true;
}

static const struct {
    struct slice name;
    bool (*set)(const struct setter_call *call, const struct word *word, struct slice value,
                struct resolver *resolver);
} parameters[] = {
    {SLICE_INIT("valid="), set_valid},
    {SLICE_INIT("ipv4="), set_ipv4},
    {SLICE_INIT("ipv6="), set_ipv6},
    {SLICE_INIT("status_zone="), set_status_zone},
};

#define PARAMETER_COUNT (sizeof parameters / sizeof parameters[0])

static bool report_unknown(const struct setter_call *call, const struct word *word) {
    struct slice names[PARAMETER_COUNT];
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        names[i] = parameters[i].name;
    }
    return reject_parameter(call, word, names, PARAMETER_COUNT);
}

/* A host name would have to be resolved itself first. */
static bool add_server(const struct setter_call *call, const struct word *word,
                       struct resolver *resolver) {
    struct address_parts parts;
    const char *problem = address_parse(word->text, ADDRESS_TO_CONNECT, DNS_PORT, &parts);
    if (problem == NULL && parts.family == TABLE_FAMILY_UNIX) {
        problem = "no address of a name server";
    }
    if (problem != NULL) {
        return reject(call, word, problem,
                      "write the address of a name server: 127.0.0.53, "
                      "10.0.0.2:5353 or [2001:db8::53]");
    }
    if (parts.family == TABLE_FAMILY_NAME) {
        refuse(call->model, call->statement, word->span, "a host name as address of a resolver");
    }
    struct address server = {.family = parts.family, .port = parts.port};
    memcpy(server.bytes, parts.bytes, sizeof server.bytes);
    VECTOR_PUSH(call->model->arena, &resolver->servers, server);
    return true;
}

static bool read_word(const struct setter_call *call, const struct word *word,
                      struct resolver *resolver) {
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        if (slice_starts_with(word->text, parameters[i].name)) {
            return parameters[i].set(call, word, slice_skip(word->text, parameters[i].name.size),
                                     resolver);
        }
    }
    if (slice_find_byte(word->text, '=') < word->text.size) {
        return report_unknown(call, word);
    }
    return add_server(call, word, resolver);
}

static bool check_whole(const struct setter_call *call, const struct resolver *resolver) {
    const struct word *name = &call->statement->words[0];
    if (resolver->servers.count == 0) {
        return reject(call, name, "no name server is given", "write resolver ADDRESS ...;");
    }
    if (!resolver->ipv4 && !resolver->ipv6) {
        return reject(call, name, "both families of addresses are off",
                      "leave ipv4=off or ipv6=off out");
    }
    return true;
}

bool model_set_resolver(const struct setter_call *call) {
    struct resolver *resolver = arena_require(call->model->arena, sizeof *resolver);
    resolver->statement = call->statement;
    resolver->ipv4 = resolver->ipv6 = true;
    *(MODEL_TYPE_RESOLVER *)call->field = resolver; /* a wrong one is not a missing one */
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        if (!read_word(call, statement_argument(call->statement, i), resolver)) {
            return false;
        }
    }
    return check_whole(call, resolver);
}

bool model_set_upstream_resolver_timeout(const struct setter_call *call) {
    if (call->scope != NULL) {
        call->scope->upstream->has_resolver_timeout = true;
    }
    return model_set_time(call);
}

/* --- what upstream groups ask --- */

static const struct peer *find_resolved(const struct upstream *upstream) {
    for (size_t i = 0; i < upstream->peers.count; i++) {
        if (upstream->peers.items[i]->resolve) {
            return upstream->peers.items[i];
        }
    }
    return NULL;
}

static void report_missing(struct model *model, const struct upstream *upstream,
                           const struct peer *peer) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_NO_RESOLVER, peer->statement->span,
                         "no resolver is defined to resolve names at run time in upstream \"%.*s\"",
                         SLICE_ARGS(upstream->name));
    diagnostic_help(model->arena, diagnostic,
                    "write \"resolver ADDRESS;\" in this upstream or in http, or leave "
                    "\"resolve\" out: the name is then resolved once, at the start");
}

/* A group without a resolver of its own takes that of http, as in nginx since 1.27.3. One that has
 * nothing to resolve has none. */
void resolver_resolve(struct model *model) {
    for (size_t i = 0; i < model->upstreams.count; i++) {
        struct upstream *upstream = model->upstreams.items[i];
        const struct peer *peer = find_resolved(upstream);
        if (peer == NULL) {
            upstream->resolver = NULL;
            upstream->resolver_timeout = model->reading->upstream_defaults.resolver_timeout;
            continue;
        }
        if (upstream->resolver == NULL) {
            upstream->resolver = model->http_settings->resolver;
        }
        if (!upstream->has_resolver_timeout) {
            upstream->resolver_timeout = model->http_settings->resolver_timeout;
        }
        if (upstream->resolver == NULL) {
            report_missing(model, upstream, peer);
        }
    }
}
