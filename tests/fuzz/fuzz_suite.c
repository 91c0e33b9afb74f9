/* fuzz: compiler */
/* Any bytes as a file of tests, read and, when it is understood, run against a site with most of
 * what can decide: nothing that is printed can control a terminal, and counts add up. */
#include "cli/suite.h"
#include "compiled_site.h"
#include "engine/engine.h"

#include <stdio.h>
#include <string.h>

static const char site[] =
    "upstream app { server 10.0.0.1:8080; server b.example:8080; }\n"
    "server {\n"
    "    listen 80; listen [::]:81; listen unix:/s; server_name example.com *.org ~^(?<n>x+);\n"
    "    set $b app; if ($cookie_c = 1) { set $b other; }\n"
    "    add_header X-A \"$uri $request_id\" always; proxy_set_header Host $host;\n"
    "    location / { proxy_pass http://$b; }\n"
    "    location = /exact { return 204; }\n"
    "    location ^~ /static/ { return 200 \"$args\"; }\n"
    "    location ~ \\.php$ { return 403; }\n"
    "    location /to { proxy_pass http://$arg_to; }\n"
    "    location /old/ { rewrite ^/old/(.*)$ /$1?a=$1 last; }\n"
    "    location /moved { return 301 /$n; }\n"
    "    location /files/ { root /srv; try_files $uri $uri/ =404; proxy_pass http://app; }\n"
    "    location /small { client_max_body_size 1k; error_page 413 =200 /static/; deny "
    "10.0.0.0/8;\n"
    "                      limit_except GET { deny all; } proxy_pass http://app/x/; }\n"
    "}\n";

struct printed {
    FILE *out;
    struct junit *junit;
    size_t failed;
};

static void print(void *owner, struct suite *suite, const struct suite_result *result) {
    struct printed *printed = owner;
    printed->failed += result->failed.count > 0;
    if (result->failed.count > 0) {
        suite_print_failures(printed->out, suite, result, false);
    } else {
        suite_print_passed(printed->out, suite, result, false);
    }
    junit_add(printed->junit, suite, result);
}

static void run(struct suite *suite, struct engine *engine) {
    char *text = NULL;
    size_t size = 0;
    struct suite_totals totals = {0};
    struct printed printed = {.out = open_memstream(&text, &size), .junit = junit_create()};
    const struct suite_listener listener = {print, &printed};
    junit_begin_suite(printed.junit);
    suite_run(suite, engine, &listener, 1, &totals);
    junit_end_suite(printed.junit, "fuzz.test");
    struct slice report = junit_finish(printed.junit);
    fclose(printed.out);
    require(totals.failed == printed.failed && totals.failed <= totals.tests);
    require(size == 0 || memchr(text, '\033', size) == NULL);
    require(memchr(report.data, '\033', report.size) == NULL);
    junit_destroy(printed.junit);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct table table;
    static struct engine *engine;
    struct suite suite;
    const struct parse_options options = {.ignore_includes = true};
    if (engine == NULL) {
        compiled_site_open(&table, SLICE(site));
        engine = engine_create(&table);
    }
    suite_init(&suite, "fuzz.test", NULL);
    parse_text(&suite.arena, &suite.sources, &suite.diagnostics, SLICE("fuzz.test"),
               (struct slice){(const char *)data, size}, &options, &suite.tree);
    if (suite_build(&suite, &table)) {
        run(&suite, engine);
    }
    suite_release(&suite);
    return 0;
}
