/* Kinds of files, the walk, defaults and inheritance. */
#include "site.h"

static struct site site;

static void reads_a_whole_file(void) {
    site_read(&site, "user www staff; worker_processes auto;\n"
                     "events { worker_connections 77; use poll; }\n"
                     "http { server { listen 81; } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_FALSE(site.model.is_snippet);
    CU_ASSERT_EQUAL_FATAL(site.model.process.user.list.count, 2);
    CU_ASSERT_TRUE(text_is(site.model.process.user.list.items[1].text, "staff"));
    CU_ASSERT_EQUAL(site.model.process.worker_processes, 0);
    CU_ASSERT_EQUAL(site.model.process.worker_connections, 77);
    CU_ASSERT_EQUAL(site.model.process.use, 1);
    CU_ASSERT_EQUAL(site.model.servers.count, 1);
    site_release(&site);
}

static void has_defaults_of_the_process(void) {
    site_read(&site, "");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL(site.model.process.worker_processes, 1);
    CU_ASSERT_EQUAL(site.model.process.worker_connections, 512);
    CU_ASSERT_EQUAL(site.model.process.daemon, 0);
    CU_ASSERT_EQUAL(site.model.process.master_process, 1);
    CU_ASSERT_TRUE(text_is(site.model.process.user.list.items[0].text, "nobody"));
    CU_ASSERT_EQUAL(site.model.process.pid.size, 0);
    site_release(&site);
}

static void has_defaults_of_settings(void) {
    site_read(&site, "server { }");
    const struct settings *settings = site.model.servers.items[0]->settings;
    CU_ASSERT_EQUAL(settings->client_max_body_size, 1048576);
    CU_ASSERT_EQUAL(settings->proxy_read_timeout, 60000);
    CU_ASSERT_EQUAL(settings->keepalive_timeout.first, 75000);
    CU_ASSERT_EQUAL(settings->keepalive_timeout.second, 0);
    CU_ASSERT_EQUAL(settings->large_client_header_buffers.first, 4);
    CU_ASSERT_EQUAL(settings->large_client_header_buffers.second, 8192);
    CU_ASSERT_EQUAL(settings->proxy_http_version, 1);
    CU_ASSERT_EQUAL(settings->merge_slashes, 1);
    CU_ASSERT_TRUE(text_is(settings->default_type, "text/plain"));
    CU_ASSERT_EQUAL(settings->proxy_set_header.list.count, 0);
    CU_ASSERT_EQUAL_FATAL(settings->access_log.list.count, 1);
    CU_ASSERT_PTR_NULL(settings->access_log.list.items[0].statement);
    CU_ASSERT_TRUE(text_is(settings->access_log.list.items[0].format->name, "combined"));
    const struct server_settings *own = site.model.servers.items[0]->own_settings;
    CU_ASSERT_PTR_EQUAL(own, site.model.http_own_settings);
    CU_ASSERT_EQUAL_FATAL(own->ssl_protocols.list.count, 2);
    CU_ASSERT_PTR_NULL(own->ssl_protocols.list.items[0].statement);
    CU_ASSERT_EQUAL(own->ssl_session_timeout, 300000);
    CU_ASSERT_PTR_NULL(settings->origin[SETTING_proxy_read_timeout]);
    CU_ASSERT_PTR_NULL(site.model.main_settings->outer);
    site_release(&site);
}

/* As in nginx, what stands behind an inner block counts for it as well. */
static void inherits_single_values(void) {
    site_read(&site, "server { location / { location /a { send_timeout 3s; } } send_timeout 2s; }\n"
                     "server { }\n"
                     "send_timeout 1s;");
    const struct server *server = site.model.servers.items[0];
    const struct location *outer = server->locations.items[0];
    const struct location *inner = outer->nested.items[0];
    CU_ASSERT_EQUAL(site.model.http_settings->send_timeout, 1000);
    CU_ASSERT_EQUAL(server->settings->send_timeout, 2000);
    CU_ASSERT_EQUAL(outer->settings->send_timeout, 2000);
    CU_ASSERT_EQUAL(inner->settings->send_timeout, 3000);
    CU_ASSERT_EQUAL(site.model.servers.items[1]->settings->send_timeout, 1000);
    CU_ASSERT_TRUE(inner->settings->is_own[SETTING_send_timeout]);
    CU_ASSERT_FALSE(outer->settings->is_own[SETTING_send_timeout]);
    CU_ASSERT_PTR_EQUAL(outer->settings->origin[SETTING_send_timeout],
                        server->settings->origin[SETTING_send_timeout]);
    CU_ASSERT_PTR_EQUAL(inner->settings->outer, outer->settings);
    CU_ASSERT_PTR_EQUAL(server->settings->outer, site.model.http_settings);
    site_release(&site);
}

static void replaces_whole_lists(void) {
    site_read(&site, "proxy_set_header A 1; proxy_set_header B 2;\n"
                     "server { location / { } location /x { proxy_set_header C 3; } }");
    const struct server *server = site.model.servers.items[0];
    const struct settings *plain = server->locations.items[0]->settings;
    const struct settings *own = server->locations.items[1]->settings;
    CU_ASSERT_EQUAL_FATAL(plain->proxy_set_header.list.count, 2);
    CU_ASSERT_TRUE(text_is(plain->proxy_set_header.list.items[1].name, "B"));
    CU_ASSERT_EQUAL_FATAL(own->proxy_set_header.list.count, 1);
    CU_ASSERT_TRUE(text_is(own->proxy_set_header.list.items[0].name, "C"));
    site_release(&site);
}

/* A large site is mostly locations that set nothing. */
static void shares_what_is_merely_inherited(void) {
    site_read(&site, "server { location /a { } location /b { location /b/c { } } location /d { \n"
                     "location /d/e { } send_timeout 3s; } send_timeout 2s; }\n"
                     "server { location / { } } server { } send_timeout 1s;");
    const struct server *server = site.model.servers.items[0];
    const struct settings *shared = server->locations.items[0]->settings;
    const struct location *own = server->locations.items[2];
    CU_ASSERT_PTR_EQUAL(server->locations.items[1]->settings, shared);
    CU_ASSERT_PTR_EQUAL(shared->outer, server->settings);
    CU_ASSERT_FALSE(shared->is_own[SETTING_send_timeout]);
    CU_ASSERT_EQUAL(shared->send_timeout, 2000);
    CU_ASSERT_PTR_EQUAL(server->locations.items[1]->nested.items[0]->settings->outer, shared);
    CU_ASSERT_TRUE(own->settings->is_own[SETTING_send_timeout]);
    CU_ASSERT_EQUAL(own->nested.items[0]->settings->send_timeout, 3000);
    CU_ASSERT_PTR_EQUAL(own->nested.items[0]->settings->outer, own->settings);
    CU_ASSERT_PTR_EQUAL(site.model.servers.items[1]->settings,
                        site.model.servers.items[2]->settings);
    CU_ASSERT_EQUAL(site.model.servers.items[2]->settings->send_timeout, 1000);
    site_release(&site);
}

/* What has no field of its own in the block's settings writes into those of another. */
static void keeps_rules_of_one_block_out_of_others(void) {
    site_read(&site,
              "server { location /a { deny all; } location /b { } location /c { allow all; } }");
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_EQUAL(server->locations.items[0]->settings->allow.list.count, 1);
    CU_ASSERT_EQUAL(server->locations.items[1]->settings->allow.list.count, 0);
    CU_ASSERT_EQUAL(server->locations.items[2]->settings->allow.list.count, 1);
    CU_ASSERT_EQUAL(server->settings->allow.list.count, 0);
    site_release(&site);
}

static void reads_what_stands_in_sites_enabled(void) {
    site_read(&site,
              "upstream a { server 127.0.0.1; } server { server_name a; } server { listen 81; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_FALSE(site.model.is_snippet);
    CU_ASSERT_EQUAL(site.model.servers.count, 2);
    CU_ASSERT_EQUAL(site.model.upstreams.count, 1);
    site_release(&site);
}

static void reads_snippets_of_a_server(void) {
    site_read(&site, "location / { proxy_pass http://$arg_target; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_TRUE(site.model.is_snippet);
    CU_ASSERT_EQUAL_FATAL(site.model.servers.count, 1);
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_TRUE(server->is_implied);
    CU_ASSERT_EQUAL_FATAL(server->locations.count, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server->locations.items[0]->proxy);
    CU_ASSERT_TRUE(server->locations.items[0]->proxy->has_variables);
    site_release(&site);
}

static void reads_snippets_of_a_location(void) {
    site_read(&site, "set $target app; proxy_pass http://$target:3000;");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_TRUE(site.model.is_snippet);
    const struct location *location = site.model.servers.items[0]->locations.items[0];
    CU_ASSERT_TRUE(text_is(location->name, "/"));
    CU_ASSERT_PTR_NOT_NULL(location->proxy);
    CU_ASSERT_EQUAL(location->rewrite.steps.count, 1);
    CU_ASSERT_EQUAL(location->statement->words[0].span.begin, 0);
    site_release(&site);
}

/* One stray statement does not turn a file into something else. */
static void takes_the_kind_that_fits_most(void) {
    CU_ASSERT_TRUE(
        site_fails("server { } proxy_pass http://a;", DIAGNOSTIC_WRONG_CONTEXT, "proxy_pass"));
    site_read(&site, "http { } proxy_pass http://a; location / { }");
    CU_ASSERT_FALSE(site.model.is_snippet);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 2);
    site_release(&site);
    CU_ASSERT_TRUE(site_is_clean("proxy_set_header Host $host; proxy_read_timeout 5s;"));
    CU_ASSERT_TRUE(site_is_clean("listen 80; server_name a; location / { }"));
    CU_ASSERT_TRUE(site_is_clean("error_log /dev/null; events { }"));
}

UNIT_TESTS("model/build", {"reads a whole file", reads_a_whole_file},
           {"has defaults of the process", has_defaults_of_the_process},
           {"has defaults of settings", has_defaults_of_settings},
           {"inherits single values", inherits_single_values},
           {"replaces whole lists", replaces_whole_lists},
           {"shares what is merely inherited", shares_what_is_merely_inherited},
           {"keeps rules of one block out of others", keeps_rules_of_one_block_out_of_others},
           {"reads what stands in sites-enabled", reads_what_stands_in_sites_enabled},
           {"reads snippets of a server", reads_snippets_of_a_server},
           {"reads snippets of a location", reads_snippets_of_a_location},
           {"takes the kind that fits most", takes_the_kind_that_fits_most})
