/* Rules about directives and parameters that a later version of nginx gave up: what still works, or
 * did until then. What does nothing any more the model reports itself. */
#include "check/rules.h"

/* --- deprecated-directive --- */

struct outdated {
    struct slice name;
    const char *what; /* happens, or happened */
    const char *help;
};

static const struct outdated outdated[] = {
    {SLICE_INIT("limit_zone"), "nginx 1.7.6 and later do not know it",
     "write \"limit_conn_zone $binary_remote_addr zone=NAME:SIZE;\""},
    {SLICE_INIT("js_include"), "njs 0.7.1 and later do not know it",
     "write \"js_import NAME from FILE;\""},
    {SLICE_INIT("upstream_conf"), "nginx-plus R16 and later do not know it", "write \"api;\""},
    {SLICE_INIT("status_format"), "nginx-plus R16 and later do not know it", "write \"api;\""},
    {SLICE_INIT("proxy_downstream_buffer"), "proxy_buffer_size has taken its place",
     "write \"proxy_buffer_size\""},
    {SLICE_INIT("proxy_upstream_buffer"), "proxy_buffer_size has taken its place",
     "write \"proxy_buffer_size\""},
    {SLICE_INIT("mqtt_rewrite_buffer_size"), "mqtt_buffers has taken its place",
     "write \"mqtt_buffers\""},
};

static void check_directive(void *context, const struct statement *statement) {
    struct finding_list *findings = context;
    struct slice name = statement_name(statement);
    for (size_t i = 0; i < sizeof outdated / sizeof outdated[0]; i++) {
        if (slice_equals(name, outdated[i].name)) {
            struct diagnostic *diagnostic =
                check_report(findings, RULE_deprecated_directive, statement->words[0].span,
                             "%.*s is out of date: %s", SLICE_ARGS(name), outdated[i].what);
            diagnostic_help(findings->model->arena, diagnostic, "%s", outdated[i].help);
        }
    }
}

void check_rule_deprecated_directive(struct finding_list *findings) {
    site_for_each_statement(findings->model->tree->root, check_directive, findings);
}
