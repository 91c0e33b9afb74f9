/* Rule server-name-as-host: $server_name in a redirect or in Host where the server's first name is
 * no host. The variable is that name as it is written, whatever the request's host is. */
#include "check/rules.h"

/* Why the name is no host, as a sentence goes on; NULL when it is one. */
static const char *find_fault(const struct server *server) {
    if (server->names.count == 0 || server->names.items[0]->word == NULL) {
        return "empty here, as the server has no name";
    }
    const struct server_name *name = server->names.items[0];
    switch (name->kind) {
    case SERVER_NAME_EXACT:
        return name->text.size == 0                   ? "empty here, as is the server's first name"
               : slice_equals(name->text, SLICE("_")) ? "\"_\" here, which is no host"
                                                      : NULL;
    case SERVER_NAME_LEADING:
    case SERVER_NAME_TRAILING:
        return "a name with an asterisk here, which is no host";
    case SERVER_NAME_REGEX:
        return "a regular expression here, which is no host";
    case SERVER_NAME_BOTH: /* without the dot in front */
        break;
    }
    return NULL;
}

/* The part that is $server_name, or NULL. */
static const struct template_part *find_name(const struct template *template) {
    for (size_t i = 0; i < template->parts.count; i++) {
        if (template->parts.items[i].kind == PART_BUILTIN &&
            slice_equals(template->parts.items[i].text, SLICE("server_name"))) {
            return &template->parts.items[i];
        }
    }
    return NULL;
}

static void check_template(struct finding_list *findings, const struct server *server,
                           const struct template *template) {
    const struct template_part *part = find_name(template);
    const char *fault = part != NULL ? find_fault(server) : NULL;
    if (fault == NULL) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_server_name_as_host, part->span, "$server_name is %s", fault);
    if (server->names.count > 0 && server->names.items[0]->word != NULL) {
        diagnostic_note(findings->model->arena, diagnostic, server->names.items[0]->word->span,
                        "this is what it stands for");
    }
    diagnostic_help(findings->model->arena, diagnostic,
                    "write \"$host\", or the host that is meant");
}

static void check_steps(struct finding_list *findings, const struct server *server,
                        const struct rewrite *rewrite) {
    for (size_t i = 0; i < rewrite->steps.count; i++) {
        const struct rewrite_step *step = &rewrite->steps.items[i];
        if (step->kind == REWRITE_RETURN && step->is_redirect) {
            check_template(findings, server, &step->text);
        } else if (step->kind == REWRITE_PATH && step->rewriting->redirect != 0) {
            check_template(findings, server, &step->rewriting->path);
        }
    }
}

static void check_headers(struct finding_list *findings, const struct site_block *block) {
    const struct header_list *headers = &block->settings->proxy_set_header;
    bool is_proxied = block->location->proxy != NULL;
    for (size_t i = 0; is_proxied && i < headers->list.count; i++) {
        if (slice_equals_nocase(headers->list.items[i].name, SLICE("Host"))) {
            check_template(findings, block->server, &headers->list.items[i].value);
        }
    }
}

void check_rule_server_name_as_host(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        if (block->server == NULL || block->server->statement == NULL ||
            block->server->is_implied) {
            continue;
        }
        check_steps(findings, block->server,
                    block->location != NULL ? &block->location->rewrite : &block->server->rewrite);
        if (block->location != NULL) {
            check_headers(findings, block);
        }
    }
}
