/* proxy_pass and grpc_pass: the URL, what it points to, and where a path in it is allowed. */
#include "model/address.h"
#include "model/reading.h"

#include <string.h>

/* What URLs of a directive look like. */
struct url_form {
    struct slice plain;
    struct slice tls;
    bool needs_scheme;
    uint32_t plain_port; /* where none is written; 0: one must be, unless a group has that name */
    uint32_t tls_port;
    const char *schemes; /* help where there is none that is right */
    const char *examples;
};

static const struct url_form proxy_form = {
    .plain = SLICE_INIT("http://"),
    .tls = SLICE_INIT("https://"),
    .needs_scheme = true,
    .plain_port = 80,
    .tls_port = 443,
    .schemes = "write http://HOST, https://HOST, http://HOST:PORT or http://unix:PATH",
    .examples = "write http://HOST, http://HOST:PORT or http://unix:PATH, with a path behind it or "
                "without",
};

static const struct url_form grpc_form = {
    .plain = SLICE_INIT("grpc://"),
    .tls = SLICE_INIT("grpcs://"),
    .schemes = "write grpc://HOST:PORT or grpcs://HOST:PORT",
    .examples = "write grpc://HOST:PORT, grpcs://HOST:PORT, grpc://unix:PATH, or the name of a "
                "group behind grpc://",
};

static const struct url_form *form_of(const struct proxy_pass *proxy) {
    return proxy->is_grpc ? &grpc_form : &proxy_form;
}

static uint32_t usual_port(const struct proxy_pass *proxy) {
    return proxy->is_tls ? form_of(proxy)->tls_port : form_of(proxy)->plain_port;
}

static void reject_url(const struct setter_call *call, size_t begin, const char *problem,
                       const char *help) {
    const struct word *word = statement_argument(call->statement, 0);
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_URL,
                         word_span(call->model, word, begin, word->text.size), "%s in \"%.*s\"",
                         problem, SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic, "%s", help);
}

/* Length of the scheme, or 0. */
static size_t parse_scheme(struct proxy_pass *proxy) {
    const struct url_form *form = form_of(proxy);
    proxy->is_tls = slice_starts_with_nocase(proxy->word->text, form->tls);
    if (proxy->is_tls) {
        return form->tls.size;
    }
    return slice_starts_with_nocase(proxy->word->text, form->plain) ? form->plain.size : 0;
}

/* What nginx's $proxy_host is: without the scheme's own port, "localhost" for a unix socket. */
static struct slice host_text(struct model *model, const struct proxy_pass *proxy,
                              const struct address_parts *parts) {
    if (parts->family == TABLE_FAMILY_UNIX) {
        return SLICE("localhost");
    }
    if (!proxy->has_port || parts->port == usual_port(proxy)) {
        return parts->host;
    }
    return arena_format(model->arena, "%.*s:%u", SLICE_ARGS(parts->host), parts->port);
}

static void set_target(struct model *model, struct proxy_pass *proxy,
                       const struct address_parts *parts) {
    proxy->address.family = parts->family;
    memcpy(proxy->address.bytes, parts->bytes, sizeof parts->bytes);
    proxy->address.port = parts->port;
    proxy->address.host = parts->host;
    proxy->has_port = parts->has_port;
    proxy->host = host_text(model, proxy, parts);
    proxy->has_uri = parts->uri.size > 0;
    proxy->uri = parts->uri;
    /* RFC 9112, 3.2.1: a request target begins with a slash. */
    if (proxy->has_uri && proxy->uri.data[0] != '/') {
        proxy->uri = arena_format(model->arena, "/%.*s", SLICE_ARGS(parts->uri));
    }
}

/* A path in the URL replaces the part of the request's path that the location matched, which is
 * known only for a plain prefix or exact location. */
static bool check_uri(const struct setter_call *call, const struct proxy_pass *proxy) {
    if (proxy->has_uri && proxy->is_grpc) {
        reject_url(call, proxy->word->text.size - proxy->uri.size, "grpc_pass takes no path",
                   grpc_form.examples);
        return false;
    }
    const struct location *location = call->scope->location;
    bool is_known = location->kind == TABLE_LOCATION_PREFIX ||
                    location->kind == TABLE_LOCATION_EXACT ||
                    location->kind == TABLE_LOCATION_PREFIX_NO_REGEX;
    if (!proxy->has_uri || (is_known && !location->is_condition)) {
        return true;
    }
    struct model *model = call->model;
    size_t end = proxy->word->text.size;
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_PROXY_PASS_URI,
        word_span(model, proxy->word, end - (proxy->uri.size < end ? proxy->uri.size : end), end),
        "proxy_pass cannot have a path in a location given by a regular expression, in a named "
        "location, in \"if\" or in \"limit_except\"");
    diagnostic_note(model->arena, diagnostic, location->statement->words[0].span,
                    "it stands in this block");
    diagnostic_help(model->arena, diagnostic,
                    "leave the path out, or build it with variables: "
                    "proxy_pass http://HOST$request_uri");
    return false;
}

static bool parse_url(const struct setter_call *call, struct proxy_pass *proxy) {
    const struct url_form *form = form_of(proxy);
    size_t scheme = parse_scheme(proxy);
    size_t colon = slice_find_byte(proxy->word->text, ':');
    bool has_other = slice_starts_with(slice_skip(proxy->word->text, colon), SLICE("://"));
    if (scheme == 0 && (form->needs_scheme || has_other)) {
        reject_url(call, 0, "invalid URL prefix", form->schemes);
        return false;
    }
    struct address_parts parts;
    const char *problem = address_parse(slice_skip(proxy->word->text, scheme), ADDRESS_IN_URL,
                                        usual_port(proxy), &parts);
    if (problem != NULL) {
        reject_url(call, scheme, problem, form->examples);
        return false;
    }
    set_target(call->model, proxy, &parts);
    return check_uri(call, proxy);
}

/* With variables only the beginning may be known. nginx finds out at the first request; what can
 * never become a URL is said here. */
static void check_variable_scheme(const struct setter_call *call, struct proxy_pass *proxy) {
    if (parse_scheme(proxy) > 0) {
        return;
    }
    const struct template_part *first = &proxy->target.parts.items[0];
    proxy->is_tls = true; /* perhaps */
    if (!proxy->is_grpc && first->kind == PART_TEXT &&
        !slice_starts_with(SLICE("http://"), first->text) &&
        !slice_starts_with(SLICE("https://"), first->text)) {
        reject_url(call, 0, "invalid URL prefix", "write http:// or https:// before the host");
    }
}

/* nginx takes one of each, and goes by the last. */
static void report_second(const struct setter_call *call, const struct proxy_pass *first) {
    struct model *model = call->model;
    struct slice name = statement_name(call->statement);
    if (slice_equals(name, statement_name(first->statement))) {
        structure_report_duplicate(model, call->statement, first->statement);
        return;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_DUPLICATE_DIRECTIVE, call->statement->words[0].span,
        "\"%.*s\" stands beside \"%.*s\", and one alone can answer", SLICE_ARGS(name),
        SLICE_ARGS(statement_name(first->statement)));
    diagnostic_note(model->arena, diagnostic, first->statement->span, "the other is here");
    diagnostic_help(model->arena, diagnostic, "remove one of them");
}

static bool set_pass(const struct setter_call *call, bool is_grpc) {
    struct model *model = call->model;
    struct location *location = call->scope->location;
    if (location->proxy != NULL) {
        report_second(call, location->proxy);
        return false;
    }
    struct proxy_pass *proxy = arena_require(model->arena, sizeof *proxy);
    proxy->statement = call->statement;
    proxy->is_grpc = is_grpc;
    proxy->word = statement_argument(call->statement, 0);
    proxy->target = template_parse(model, proxy->word, proxy->word->text, 0);
    proxy->has_variables = template_has_variables(&proxy->target);
    if (proxy->has_variables) {
        check_variable_scheme(call, proxy);
    } else if (slice_find_byte(proxy->word->text, '$') < proxy->word->text.size ||
               !parse_url(call, proxy)) {
        return false;
    } else {
        VECTOR_PUSH(model->arena, &model->reading->proxies, proxy);
    }
    location->proxy = proxy;
    return true;
}

bool model_set_proxy_pass(const struct setter_call *call) {
    return set_pass(call, false);
}

bool model_set_grpc_pass(const struct setter_call *call) {
    return set_pass(call, true);
}

/* gRPC has no usual port. */
static void check_port(struct model *model, const struct proxy_pass *proxy) {
    if (proxy->has_port || proxy->address.family == TABLE_FAMILY_UNIX || !proxy->is_grpc) {
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_URL, proxy->word->span,
                         "no port in \"%.*s\"", SLICE_ARGS(proxy->word->text));
    diagnostic_help(model->arena, diagnostic,
                    "write it behind the host, or define \"upstream %.*s "
                    "{ ... }\"",
                    SLICE_ARGS(proxy->address.host));
}

/* A group is named without a port; nginx refuses the two together. */
static void check_group_port(struct model *model, const struct proxy_pass *proxy,
                             const struct upstream *upstream) {
    if (!proxy->has_port) {
        return;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_UPSTREAM_WITH_PORT, proxy->word->span,
        "upstream \"%.*s\" may not have port %u", SLICE_ARGS(upstream->name), proxy->address.port);
    diagnostic_note(model->arena, diagnostic, upstream->statement->words[0].span,
                    "the group is defined here; its servers have the ports");
    diagnostic_help(model->arena, diagnostic, "write the name without the port");
}

void proxy_resolve(struct model *model) {
    for (size_t i = 0; i < model->reading->proxies.count; i++) {
        struct proxy_pass *proxy = model->reading->proxies.items[i];
        struct upstream *upstream = NULL;
        if (proxy->address.family != TABLE_FAMILY_UNIX) {
            upstream = model_find_upstream(model, proxy->address.host);
        }
        if (upstream != NULL) {
            check_group_port(model, proxy, upstream);
        } else {
            check_port(model, proxy);
            upstream = upstream_implied(model, proxy);
        }
        proxy->upstream = upstream;
    }
}
