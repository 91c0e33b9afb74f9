/* Memory that ends at any point of a decision: an answer is either right or an internal error, and
 * the next request is none the worse for it. Memory is that of arenas; what regexes take at their
 * first use is not limited. */
#include "failing_arena.h"

#include "site_engine.h"

static const char *const configuration =
    "log_format line '$remote_addr $m $g $p $s $request_filename $http_x $remote_user';"
    "map $uri$args $m { hostnames; default $arg_a-$s; /map/a 1; *.example 2; ~^/map/(?<n>.*)$ "
    "$n$1; }"
    "map $http_x$m $v { volatile; default $m$m; }"
    "geo $arg_a $g { default none; proxy 10.0.0.0/8; 192.0.2.0/24 inside; }"
    "split_clients $uri$m $p { 50% $s; * two; }"
    "upstream app { server 127.0.0.1:9; }"
    "access_log site.log line; server { listen 80; server_name s.example *.s.example "
    "~^(?<sub>.+)\\.t\\.example$;"
    "  set $s \"$sub$arg_a$http_x\"; error_page 404 /missing/$uri?$args;"
    "  if ($cookie_c ~* \"(a)(b)?\") { set $s \"$1$2$s\"; }"
    "  location / { root /srv/$host; try_files $uri /x$uri/ @named; proxy_pass http://app; }"
    "  location /map/ { return 200 \"$m $v $g $p $remote_port $server_port\"; }"
    "  location /move/ { rewrite ^/move/(.*)/(.*)$ /map/$2?b=$1&$m last; return 404; }"
    "  location /back/ { rewrite ^/back/(.*)$ /other/$1? break; proxy_pass http://app/y/; }"
    "  location /away/ { rewrite ^/away/(.*)$ http://h.example/$1?$args; }"
    "  location /slash/ { proxy_pass http://app; location /slash/in/ { proxy_pass http://app; }"
    "    location ~ \\.x$ { return 204; } }"
    "  location ~ \\.y$ { return 205; }"
    "  location /missing/ { root /srv/$host; return 200 \"missing $uri $args $document_root\"; }"
    "  location @named { if ($args) { return 302 $scheme://$host$request_uri$m; } return 404; } }";

static const struct slice targets[] = {
    SLICE_INIT("/map/a?a=192.0.2.1"),
    SLICE_INIT("/map/%41%42?a=x"),
    SLICE_INIT("/move/1/2?c"),
    SLICE_INIT("/back/a%20b/c?d"),
    SLICE_INIT("/away/%3bx?y=%41"),
    SLICE_INIT("/slash?a=b%22"),
    SLICE_INIT("/slash/in/a.x"),
    SLICE_INIT("/none?q=10.0.0.1"),
    SLICE_INIT("/none/b%41"),
#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    SLICE_INIT("/map/" A64 A64 A64 A64),
    SLICE_INIT("/slash/a.y"),
    SLICE_INIT("/slash/a.x"),
    SLICE_INIT("/a/../b/./c//d.x"),
    SLICE_INIT("http://t.example/?x"),
};
static const struct slice hosts[] = {SLICE_INIT("s.example"), SLICE_INIT("a.S.Example"),
                                     SLICE_INIT("Sub.t.example")};
static const struct engine_header headers[] = {
    {SLICE_INIT("X"), SLICE_INIT("one")},
    {SLICE_INIT("Cookie"), SLICE_INIT("c=ab; d=e")},
    {SLICE_INIT("x"), SLICE_INIT("two")},
    {SLICE_INIT("Authorization"), SLICE_INIT("Basic dXNlcjpwYXNz")},
    {SLICE_INIT("X-Forwarded-For"), SLICE_INIT("192.0.2.7, 10.0.0.2")},
};

static struct site_engine site;

/* What came of one request, as text. */
struct answer {
    bool is_failure; /* said so: no memory, or an internal error */
    char text[1024];
};

static uint32_t look_at_file(void *owner, struct slice path) {
    (void)owner;
    return slice_ends_with(path, SLICE("/b")) ? ENGINE_FILE_EXISTS | ENGINE_FILE_REGULAR
                                              : ENGINE_FILE_NONE;
}

static void begin(struct slice target) {
    arena_release(&site.arena);
    arena_init(&site.arena, 1); /* each piece of memory for itself */
    site.live.file = look_at_file;
    site.request = (struct engine_request){
        .engine = site.engine,
        .arena = &site.arena,
        .live = &site.live,
        .live_owner = &site,
        .method = SLICE("GET"),
        .scheme = SLICE("http"),
        .target = target,
        .headers = headers,
        .header_count = sizeof headers / sizeof headers[0],
        .remote_addr = SLICE("10.0.0.1"),
        .binary_remote_addr = SLICE("\x0a\0\0\1"),
        .remote_port = 1024,
        .server_port = 80,
        .prefix = SLICE("/prefix"),
    };
}

/* As rpcd does it. */
static void ask(struct slice target, struct slice host, struct answer *answer) {
    struct engine_request *request = &site.request;
    struct slice authority;
    struct slice line = SLICE("");
    struct engine_outcome outcome = {.kind = ENGINE_PAGE, .status = 500};
    begin(target);
    answer->is_failure = true;
    if (!engine_request_prepare(request) ||
        engine_parse_target(request, true, &authority) != ENGINE_TARGET_OK ||
        !engine_parse_host(&site.arena, host, &request->host) ||
        !engine_find_server(request, &site.compiled.table.endpoint[0])) {
        return;
    }
    engine_decide(request, &outcome);
    const struct table *table = &site.compiled.table;
    const struct table_log_format *format = &table->log_format[table->access_log[0].format];
    bool has_line = engine_run_log_line(request, format, &line);
    answer->is_failure = !has_line || (outcome.kind == ENGINE_PAGE && outcome.status == 500);
    snprintf(answer->text, sizeof answer->text, "%d %u '%.*s' %.*s?%.*s %llx log: %.*s",
             outcome.kind, outcome.kind == ENGINE_PROXY ? 0 : outcome.status,
             SLICE_ARGS(outcome.text), SLICE_ARGS(request->uri), SLICE_ARGS(request->args),
             request->location == NULL ? 0 : (unsigned long long)request->location->identity,
             SLICE_ARGS(line));
}

/* Lets memory end ever later until the request is answered. Returns how often it was not. */
static uint32_t ask_with_little_memory(struct slice target, struct slice host, bool recovers) {
    enum { MOST = 1000 };
    static struct answer right;
    static struct answer other;
    ask(target, host, &right);
    CU_ASSERT_FALSE_FATAL(right.is_failure);
    uint32_t failures = 0;
    failing_arena_recovers = recovers;
    for (int pieces = 0; pieces < MOST; pieces++) {
        failing_arena_left = pieces;
        ask(target, host, &other);
        bool has_enough = failing_arena_left > 0;
        failing_arena_left = -1;
        failures += other.is_failure;
        CU_ASSERT_TRUE(other.is_failure || strcmp(other.text, right.text) == 0);
        if (has_enough) {
            CU_ASSERT_FALSE(other.is_failure);
            return failures;
        }
    }
    CU_FAIL("the memory that a request needs has no end");
    return failures;
}

static void is_right_or_an_error(void) {
    site_open(&site, configuration);
    uint32_t failures = 0;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        for (size_t j = 0; j < sizeof hosts / sizeof hosts[0]; j++) {
            failures += ask_with_little_memory(targets[i], hosts[j], false);
            failures += ask_with_little_memory(targets[i], hosts[j], true);
        }
    }
    CU_ASSERT_TRUE(failures > 600);
    site_close(&site);
}

static void engines_are_whole_or_not_there(void) {
    site_open(&site, configuration);
    struct engine *engine = engine_create(&site.compiled.table);
    CU_ASSERT_PTR_NOT_NULL(engine);
    engine_destroy(engine);
    begin(SLICE("/"));
    failing_arena_left = 0;
    CU_ASSERT_FALSE(engine_request_prepare(&site.request));
    failing_arena_left = -1;
    site_close(&site);
}

UNIT_TESTS("engine/memory", {"an answer is right or an error", is_right_or_an_error},
           {"engines are whole or not there", engines_are_whole_or_not_there})
