/* Rules about what strangers should not see: status-page-exposed, autoindex-on,
 * root-exposes-config and version-disclosure. */
#include "check/location_search.h"
#include "check/protection.h"
#include "check/rules.h"
#include "check/steps.h"
#include "check/story.h"
#include "syntax/edit.h"

/* --- status-page-exposed --- */

static const struct slice status_pages[] = {
    SLICE_INIT("stub_status"),
    SLICE_INIT("api"),
    SLICE_INIT("status"),
    SLICE_INIT("upstream_conf"),
};

static const char help_for_status[] =
    "write \"allow 127.0.0.1; deny all;\" beside it, with the addresses that are to read it";

static void check_status_page(struct finding_list *findings, const struct site_block *block,
                              const struct statement *owner) {
    for (size_t i = 0; i < sizeof status_pages / sizeof status_pages[0]; i++) {
        const struct statement *page = site_find_own(owner, status_pages[i]);
        if (page == NULL || protection_is_there(&findings->site, block)) {
            continue;
        }
        struct slice name = status_pages[i];
        bool is_writable = statement_argument_count(page) > 0 &&
                           slice_equals(statement_argument(page, 0)->text, SLICE("write=on"));
        struct diagnostic *diagnostic =
            check_report(findings, RULE_status_page_exposed, page->words[0].span,
                         is_writable ? "anybody may change this server by %.*s"
                                     : "anybody may read what %.*s tells of this server",
                         SLICE_ARGS(name));
        if (is_writable) {
            diagnostic->severity = SEVERITY_ERROR;
        }
        diagnostic_help(findings->model->arena, diagnostic, "%s", help_for_status);
    }
}

static bool is_path_of(const struct location *location, struct slice path) {
    return location->regex != NULL ? location_matches(location, path)
                                   : slice_equals(location->name, path);
}

/* The name under which PHP-FPM tells of its processes, where the location is for that. */
static struct slice find_fpm_status(const struct location *location) {
    static const struct slice names[] = {SLICE_INIT("/fpm-status"), SLICE_INIT("/fpm_status"),
                                         SLICE_INIT("/php-fpm-status"), SLICE_INIT("/php_status"),
                                         SLICE_INIT("/status")};
    const struct statement *pass = location->other_pass.statement;
    bool is_for_programs = pass == NULL || location->is_condition ||
                           !slice_equals(statement_name(pass), SLICE("fastcgi_pass")) ||
                           is_path_of(location, SLICE("/index.php")) ||
                           is_path_of(location, SLICE("/x")) || is_path_of(location, SLICE("/"));
    for (size_t i = 0; !is_for_programs && i < sizeof names / sizeof names[0]; i++) {
        if (is_path_of(location, names[i])) {
            return names[i];
        }
    }
    return SLICE("");
}

static void check_fpm_status(struct finding_list *findings, const struct site_block *block) {
    struct slice name = find_fpm_status(block->location);
    if (name.size > 0 && !protection_is_there(&findings->site, block)) {
        struct diagnostic *diagnostic = check_report(
            findings, RULE_status_page_exposed, block->location->name_word->span,
            "anybody may read what PHP-FPM tells of its processes: \"%.*s?full\" has the URLs "
            "that others ask for",
            SLICE_ARGS(name));
        diagnostic_help(findings->model->arena, diagnostic, "%s", help_for_status);
    }
}

void check_rule_status_page_exposed(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        if (block->server != NULL) {
            check_status_page(findings, block,
                              block->location != NULL ? block->location->statement
                                                      : block->server->statement);
        }
        if (block->location != NULL) {
            check_fpm_status(findings, block);
        }
    }
}

/* --- autoindex-on --- */

void check_rule_autoindex_on(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct statement *owner = block->location != NULL ? block->location->statement
                                        : block->server != NULL ? block->server->statement
                                                                : NULL;
        const struct statement *autoindex = site_find_own(owner, SLICE("autoindex"));
        if (autoindex == NULL || statement_argument_count(autoindex) == 0 ||
            !slice_equals_nocase(statement_argument(autoindex, 0)->text, SLICE("on")) ||
            protection_is_there(&findings->site, block)) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_autoindex_on, autoindex->words[0].span,
                         "anybody may list the folders here, and finds what nothing links to");
        diagnostic_help(findings->model->arena, diagnostic,
                        "remove it, or say who may see the lists");
        edit_replace_words(findings->model->tree, diagnostic, autoindex, "autoindex off");
    }
}

/* --- root-exposes-config --- */

/* Folders that hold what is nobody's business, and what they hold. Those with a '*' at the end are
 * meant with everything below them. */
static const struct {
    struct slice folder;
    const char *contents;
} private_folders[] = {
    {SLICE_INIT("/"), "the whole machine"},
    {SLICE_INIT("/etc/nginx"), "this configuration and its keys"},
    {SLICE_INIT("/etc/nginx/conf.d*"), "this configuration"},
    {SLICE_INIT("/etc/nginx/sites-*"), "this configuration"},
    {SLICE_INIT("/etc/ssl*"), "private keys"},
    {SLICE_INIT("/etc/letsencrypt*"), "private keys"},
    {SLICE_INIT("/etc"), "this machine's configuration"},
    {SLICE_INIT("/usr/local/etc"), "this machine's configuration"},
    {SLICE_INIT("/usr/local/nginx"), "this configuration and its logs"},
    {SLICE_INIT("/root*"), "the administrator's files"},
    {SLICE_INIT("/home"), "all users' files"},
    {SLICE_INIT("/proc*"), "what runs on this machine"},
    {SLICE_INIT("/sys*"), "this machine's devices"},
    {SLICE_INIT("/dev*"), "this machine's devices"},
    {SLICE_INIT("/boot*"), "this machine's kernel"},
    {SLICE_INIT("/usr"), "this machine's programs"},
    {SLICE_INIT("/var"), "logs, mail and databases"},
    {SLICE_INIT("/var/log"), "all logs"},
    {SLICE_INIT("/var/lib"), "databases"},
    {SLICE_INIT("/var/lib/mysql*"), "databases"},
    {SLICE_INIT("/var/lib/postgresql*"), "databases"},
    {SLICE_INIT("/var/lib/docker*"), "all containers' files"},
    {SLICE_INIT("/var/backups*"), "backups of this machine"},
    {SLICE_INIT("/var/mail*"), "mail"},
    {SLICE_INIT("/var/spool*"), "mail and jobs"},
    {SLICE_INIT("/run*"), "sockets and process ids"},
    {SLICE_INIT("/var/run*"), "sockets and process ids"},
    {SLICE_INIT("/tmp"), "what any program puts aside"},
};

static struct slice without_slashes(struct slice path) {
    while (path.size > 1 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    return path;
}

/* The user's own folder, with what lies hidden in it: /home/name. */
static bool is_home(struct slice path) {
    struct slice rest = slice_skip(path, sizeof "/home/" - 1);
    return slice_starts_with(path, SLICE("/home/")) && rest.size > 0 &&
           slice_find_byte(rest, '/') == rest.size;
}

static const char *find_contents(struct slice path) {
    for (size_t i = 0; i < sizeof private_folders / sizeof private_folders[0]; i++) {
        struct slice folder = private_folders[i].folder;
        bool is_whole = folder.size > 1 && folder.data[folder.size - 1] == '*';
        folder.size -= is_whole ? 1 : 0;
        bool is_below = is_whole && slice_starts_with(path, folder) &&
                        (path.size == folder.size || path.data[folder.size] == '/' ||
                         folder.data[folder.size - 1] == '-');
        if (is_below || slice_equals(path, folder)) {
            return private_folders[i].contents;
        }
    }
    return is_home(path) ? "a user's files, keys among them" : NULL;
}

static void check_folder(struct finding_list *findings, const struct site_block *block,
                         const struct statement *statement, const struct template *folder) {
    struct slice text;
    if (statement == NULL || statement_argument_count(statement) == 0 ||
        !template_is_constant(findings->model, folder, &text)) {
        return;
    }
    text = statement_argument(statement, 0)->text; /* the model has "/" without its slash */
    const char *contents = find_contents(without_slashes(text));
    if (contents == NULL || protection_is_there(&findings->site, block) ||
        (block->location != NULL &&
         (block->location->kind == TABLE_LOCATION_EXACT || block->location->proxy != NULL ||
          protection_is_closed(findings->model->arena, block->location)))) {
        return;
    }
    struct slice name = statement_name(statement);
    struct diagnostic *diagnostic =
        check_report(findings, RULE_root_exposes_config, statement_argument(statement, 0)->span,
                     "this %.*s lets anybody read %s", SLICE_ARGS(name), contents);
    diagnostic_help(findings->model->arena, diagnostic,
                    "name a folder that holds nothing but what is to be seen");
}

void check_rule_root_exposes_config(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct site_block *block = &findings->site.blocks.items[i];
        const struct settings *settings = block->settings;
        if (settings->is_own[SETTING_root]) {
            check_folder(findings, block, settings->origin[SETTING_root], &settings->root);
        }
        if (settings->is_own[SETTING_alias]) {
            check_folder(findings, block, settings->alias.statement, &settings->alias.path);
        }
    }
}

/* --- version-disclosure --- */

void check_rule_version_disclosure(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.blocks.count; i++) {
        const struct settings *settings = findings->site.blocks.items[i].settings;
        const struct statement *origin = settings->origin[SETTING_server_tokens];
        if (!settings->is_own[SETTING_server_tokens] || origin == NULL ||
            statement_argument_count(origin) == 0 ||
            slice_equals_nocase(statement_argument(origin, 0)->text, SLICE("off"))) {
            continue;
        }
        struct diagnostic *diagnostic =
            check_report(findings, RULE_version_disclosure, origin->words[0].span,
                         "every answer and error page names the server's version");
        diagnostic_help(findings->model->arena, diagnostic, "write \"server_tokens off;\"");
        edit_replace_words(findings->model->tree, diagnostic, origin, "server_tokens off");
    }
}
