/* log_format, access_log and error_log. */
#include "site.h"

static struct site site;

static void reads_formats(void) {
    site_read(&site, "log_format a '$remote_addr ' \"$request\"; log_format b escape=json '{}';");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(site.model.log_formats.count, 3);
    const struct log_format *combined = site.model.log_formats.items[0];
    CU_ASSERT_TRUE(text_is(combined->name, "combined"));
    CU_ASSERT_PTR_NULL(combined->statement);
    CU_ASSERT_EQUAL(combined->line.parts.count, 16);
    CU_ASSERT_EQUAL(combined->line.parts.items[0].id, VARIABLE_REMOTE_ADDR);
    CU_ASSERT_TRUE(text_is(combined->line.parts.items[12].suffix, "referer"));
    const struct log_format *a = site.model.log_formats.items[1];
    CU_ASSERT_EQUAL_FATAL(a->line.parts.count, 3);
    CU_ASSERT_EQUAL(a->line.parts.items[2].id, VARIABLE_REQUEST);
    CU_ASSERT_EQUAL(site.model.log_formats.items[2]->escape, TABLE_ESCAPE_JSON);
    site_release(&site);
}

static void reads_access_logs(void) {
    site_read(&site, "log_format a x; access_log /a a; access_log /b;\n"
                     "server { access_log off; location / { access_log /c a; } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct access_log_list *outer = &site.model.http_settings->access_log;
    CU_ASSERT_EQUAL_FATAL(outer->list.count, 2);
    CU_ASSERT_TRUE(text_is(outer->list.items[0].format->name, "a"));
    CU_ASSERT_TRUE(text_is(outer->list.items[1].format->name, "combined"));
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_EQUAL_FATAL(server->settings->access_log.list.count, 1);
    CU_ASSERT_EQUAL(server->settings->access_log.list.items[0].path.size, 0);
    const struct settings *inner = server->locations.items[0]->settings;
    CU_ASSERT_EQUAL_FATAL(inner->access_log.list.count, 1);
    CU_ASSERT_TRUE(text_is(inner->access_log.list.items[0].path, "/c"));
    site_release(&site);
}

/* In nginx "off" wins, wherever it stands in the block. */
static void switches_off_the_whole_block(void) {
    CU_ASSERT_TRUE(site_says("access_log /a; access_log off;", SEVERITY_WARNING,
                             DIAGNOSTIC_DUPLICATE_DIRECTIVE, "access_log /a;", NULL));
    CU_ASSERT_TRUE(site_says("access_log off; access_log /a;", SEVERITY_WARNING,
                             DIAGNOSTIC_DUPLICATE_DIRECTIVE, "access_log /a;", NULL));
    static const char *const texts[] = {"access_log off; access_log /a;",
                                        "access_log /a; access_log off;",
                                        "access_log off; access_log off;"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        site_read(&site, texts[i]);
        CU_ASSERT_EQUAL_FATAL(site.model.http_settings->access_log.list.count, 1);
        CU_ASSERT_EQUAL(site.model.http_settings->access_log.list.items[0].path.size, 0);
        site_release(&site);
    }
    CU_ASSERT_TRUE(site_is_clean("access_log off; access_log off;"));
}

static void reads_paths_with_variables(void) {
    site_read(&site,
              "access_log /logs/$host.log combined if=$uri;\n"
              "open_log_file_cache max=10 valid=2s; server { open_log_file_cache off max=3; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct access_log_setting *log = &site.model.http_settings->access_log.list.items[0];
    CU_ASSERT_TRUE(log->has_name);
    CU_ASSERT_TRUE(text_is(log->path, "/logs/$host.log"));
    CU_ASSERT_EQUAL(log->name.parts.count, 3);
    const struct log_cache_setting *cache = &site.model.http_settings->open_log_file_cache;
    CU_ASSERT_EQUAL(cache->max, 10);
    CU_ASSERT_EQUAL(cache->inactive, 10000);
    CU_ASSERT_EQUAL(cache->valid, 2000);
    CU_ASSERT_EQUAL(cache->min_uses, 1);
    CU_ASSERT_EQUAL(site.model.servers.items[0]->settings->open_log_file_cache.max, 0);
    site_release(&site);
}

static void reads_syslog_servers(void) {
    site_read(&site,
              "access_log syslog:server=a.example;\n"
              "access_log syslog:tag=T_1,server=[::1]:99,facility=kern,severity=emerg,nohostname;\n"
              "error_log syslog:server=unix:/dev/log warn;");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct access_log_list *logs = &site.model.http_settings->access_log;
    CU_ASSERT_EQUAL_FATAL(logs->list.count, 2);
    CU_ASSERT_TRUE(text_is(logs->list.items[0].path, "syslog:a.example:514"));
    const struct syslog_setting *usual = logs->list.items[0].syslog;
    CU_ASSERT_EQUAL(usual->facility, 23);
    CU_ASSERT_EQUAL(usual->severity, TABLE_LOG_INFO);
    CU_ASSERT_TRUE(text_is(usual->tag, "nginx"));
    CU_ASSERT_FALSE(usual->nohostname);
    CU_ASSERT_TRUE(text_is(logs->list.items[1].path, "syslog:[::1]:99"));
    const struct syslog_setting *own = logs->list.items[1].syslog;
    CU_ASSERT_EQUAL(own->facility, 0);
    CU_ASSERT_EQUAL(own->severity, TABLE_LOG_EMERG);
    CU_ASSERT_TRUE(text_is(own->tag, "T_1"));
    CU_ASSERT_TRUE(own->nohostname);
    const struct error_log_setting *error = &site.model.http_settings->error_log.list.items[0];
    CU_ASSERT_TRUE(text_is(error->path, "syslog:unix:/dev/log"));
    CU_ASSERT_EQUAL(error->level, TABLE_LOG_WARN);
    site_release(&site);
}

static void reads_error_logs(void) {
    site_read(&site,
              "events {} error_log stderr notice; error_log /a; http { error_log /b debug; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct error_log_list *outer = &site.model.main_settings->error_log;
    CU_ASSERT_EQUAL_FATAL(outer->list.count, 2);
    CU_ASSERT_TRUE(text_is(outer->list.items[0].path, "/dev/stderr"));
    CU_ASSERT_EQUAL(outer->list.items[0].level, TABLE_LOG_NOTICE);
    CU_ASSERT_EQUAL(outer->list.items[1].level, TABLE_LOG_ERROR);
    CU_ASSERT_EQUAL(site.model.http_settings->error_log.list.items[0].level, TABLE_LOG_DEBUG);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"log_format a escape=xml b;", DIAGNOSTIC_INVALID_VALUE, "escape=xml"},
        {"log_format combined b;", DIAGNOSTIC_DUPLICATE_LOG_FORMAT, "combined"},
        {"log_format a b; log_format a c;", DIAGNOSTIC_DUPLICATE_LOG_FORMAT, "a"},
        {"log_format a $1x;", DIAGNOSTIC_UNKNOWN_VARIABLE, "$1x"},
        {"access_log /a nope;", DIAGNOSTIC_UNKNOWN_LOG_FORMAT, "nope"},
        {"access_log off a;", DIAGNOSTIC_UNKNOWN_PARAMETER, "a"},
        {"access_log /a combined foo;", DIAGNOSTIC_UNKNOWN_PARAMETER, "foo"},
        {"access_log /a combined buffer=x;", DIAGNOSTIC_INVALID_VALUE, "buffer=x"},
        {"access_log /a combined flush=5s;", DIAGNOSTIC_INVALID_VALUE, "flush=5s"},
        {"access_log /a combined gzip=11;", DIAGNOSTIC_INVALID_VALUE, "gzip=11"},
        {"access_log /a combined if=$nope_not_there;", DIAGNOSTIC_UNKNOWN_VARIABLE,
         "$nope_not_there"},
        {"error_log /a warning;", DIAGNOSTIC_INVALID_VALUE, "warning"},
        {"error_log /a warn error;", DIAGNOSTIC_INVALID_VALUE, "error"},
        {"error_log /a WARN;", DIAGNOSTIC_INVALID_VALUE, "WARN"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("log_format main x; access_log /a mian;", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_LOG_FORMAT, "mian", "write \"main\""));
    CU_ASSERT_TRUE(site_is_clean("location / { access_log /a main; }"));
    CU_ASSERT_TRUE(site_is_clean("access_log /a main; log_format main x;"));
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("error_log memory:1m;", "memory: in error_log"));
    CU_ASSERT_TRUE(site_refuses("error_log /a debug_http;", "level \"debug_http\" of error_log"));
}

UNIT_TESTS("model/log", {"reads formats", reads_formats}, {"reads access logs", reads_access_logs},
           {"switches off the whole block", switches_off_the_whole_block},
           {"reads syslog servers", reads_syslog_servers},
           {"reads paths with variables", reads_paths_with_variables},
           {"reads error logs", reads_error_logs}, {"reports mistakes", reports_mistakes},
           {"names what does not run", names_what_does_not_run})
