/* What an observer is told of a decision: which names and locations were looked at, in which order,
 * and that looking changes nothing. */
#include "decided.h"

static const char site[] =
    "server { listen 80 default_server; server_name d ~^r\\d; return 200 default; }\n"
    "server {\n"
    "    listen 80;\n"
    "    server_name example.com *.example.com ~^(?<who>w+);\n"
    "    location / { return 200 \"$1|$who|$part\"; }\n"
    "    location = /exact { return 204; }\n"
    "    location ^~ /s/ { return 204; }\n"
    "    location /s/deep/ { return 204; }\n"
    "    location ~ ^/s/(?<part>.*)x { return 204; }\n"
    "    location ~ x$ { return 204; }\n"
    "    location /n/ { return 204; location /n/m/ { return 204; } location ~ y$ { return 204; } "
    "}\n"
    "    location /dir/ { proxy_pass http://127.0.0.1:1; }\n"
    "    location /in/ { internal; return 204; }\n"
    "}\n";

/* The events so far, as words. */
struct record {
    char text[2048];
    size_t size;
    const struct table *table;
};

static struct slice name_of(const struct table *table, const struct engine_event *event) {
    switch (event->kind) {
    case ENGINE_EVENT_NAME:
        return table_text(table, table->name_slot[event->record].key);
    case ENGINE_EVENT_SERVER:
        return table_text(table, table->server[event->record].name);
    case ENGINE_EVENT_NAME_REGEX:
        return table_text(table, table->regex[table->name_regex[event->record].regex].pattern);
    case ENGINE_EVENT_EXACT:
    case ENGINE_EVENT_PREFIX:
    case ENGINE_EVENT_REGEX:
    case ENGINE_EVENT_NO_REGEX:
    case ENGINE_EVENT_SLASH:
    case ENGINE_EVENT_LOCATION:
    case ENGINE_EVENT_ONLY_INTERNAL:
        return event->record == TABLE_NONE ? SLICE("none")
                                           : table_text(table, table->location[event->record].name);
    default:
        return SLICE("");
    }
}

static void remember(void *owner, const struct engine_event *event) {
    static const char *const kinds[ENGINE_EVENT_COUNT] = {
#define EVENT(kind, section, summary) #kind,
#include "engine/events.def"
#undef EVENT
    };
    struct record *record = owner;
    struct slice name = name_of(record->table, event);
    if (name.size > 0) {
        record->size +=
            (size_t)snprintf(record->text + record->size, sizeof record->text - record->size,
                             "%s%s %.*s%s", record->size > 0 ? ", " : "", kinds[event->kind],
                             SLICE_ARGS(name), event->result ? "" : " no");
    }
}

static const struct engine_observer observer = {.event = remember};

static const char *watch(struct decided *decided, struct record *record, const char *host,
                         const char *target) {
    decided_begin(decided, "GET", target);
    *record = (struct record){.table = &decided->compiled.table};
    decided->request.observer = &observer;
    decided->request.observer_owner = record;
    decided_run(decided, host);
    if (record->size == 0) {
        return "";
    }
    return record->text;
}

/* What follows the choice of the server. */
static const char *watch_location(struct decided *decided, struct record *record,
                                  const char *target) {
    static const char server[] = "NAME example.com no, SERVER example.com, ";
    const char *text = watch(decided, record, "example.com", target);
    CU_ASSERT_EQUAL_FATAL(strncmp(text, server, sizeof server - 1), 0);
    return text + sizeof server - 1;
}

static void tells_of_names(void) {
    struct decided decided;
    struct record record;
    decided_open(&decided, site);
    CU_ASSERT_STRING_EQUAL(watch(&decided, &record, "d", "/"), "NAME d no, SERVER d");
    CU_ASSERT_STRING_EQUAL(watch(&decided, &record, "r", "/"),
                           "NAME_REGEX ^r\\d no, NAME_REGEX ^(?<who>w+) no, SERVER d no");
    CU_ASSERT_NOT_EQUAL(
        strstr(watch(&decided, &record, "a.b.example.com", "/"), "NAME .example.com no, SERVER"),
        NULL);
    CU_ASSERT_NOT_EQUAL(strstr(watch(&decided, &record, "ww", "/"),
                               "NAME_REGEX ^r\\d no, NAME_REGEX ^(?<who>w+), SERVER example.com"),
                        NULL);
    decided_close(&decided);
}

static void tells_of_locations(void) {
    struct decided decided;
    struct record record;
    decided_open(&decided, site);
    CU_ASSERT_STRING_EQUAL(watch_location(&decided, &record, "/exact"),
                           "PREFIX /, EXACT /exact, NO_REGEX ^/s/(?<part>.*)x no, NO_REGEX x$ no, "
                           "LOCATION /exact");
    CU_ASSERT_STRING_EQUAL(watch_location(&decided, &record, "/s/x"),
                           "PREFIX /, PREFIX /s/, NO_REGEX ^/s/(?<part>.*)x, NO_REGEX x$, "
                           "LOCATION /s/");
    CU_ASSERT_STRING_EQUAL(watch_location(&decided, &record, "/s/deep/x"),
                           "PREFIX /, PREFIX /s/, PREFIX /s/deep/, REGEX ^/s/(?<part>.*)x, "
                           "NO_REGEX x$, LOCATION ^/s/(?<part>.*)x");
    CU_ASSERT_STRING_EQUAL(watch_location(&decided, &record, "/n/m/y"),
                           "PREFIX /, PREFIX /n/, PREFIX /n/m/, REGEX y$, NO_REGEX "
                           "^/s/(?<part>.*)x no, NO_REGEX x$ no, LOCATION y$");
    CU_ASSERT_STRING_EQUAL(watch_location(&decided, &record, "/dir"), "PREFIX /, SLASH /dir/ no");
    CU_ASSERT_STRING_EQUAL(watch_location(&decided, &record, "/in/"),
                           "PREFIX /, PREFIX /in/, REGEX ^/s/(?<part>.*)x no, REGEX x$ no, "
                           "LOCATION /in/, ONLY_INTERNAL /in/ no");
    decided_close(&decided);
}

struct steps {
    uint32_t ops[16];
    uint32_t count;
};

static void remember_step(void *owner, const struct engine_event *event) {
    struct steps *steps = owner;
    if (event->kind == ENGINE_EVENT_STEP && steps->count < 16) {
        steps->ops[steps->count++] = event->record;
    }
}

/* Each op that runs, and none that is skipped. */
static void tells_of_ops(void) {
    static const struct engine_observer step_observer = {.event = remember_step};
    struct decided decided;
    struct steps steps = {0};
    decided_open(&decided, "server { listen 80; set $a 1;\n"
                           "    if ($arg_x) { set $a 2; }\n"
                           "    if ($arg_y) { return 403; }\n"
                           "    return 204; }\n");
    const struct table *table = &decided.compiled.table;
    uint32_t first = table->program[table->server[0].rewrite].ops.first;
    decided_begin(&decided, "GET", "/?y=1");
    decided.request.observer = &step_observer;
    decided.request.observer_owner = &steps;
    decided_run(&decided, "h");
    /* set, test, skip (over set), test, skip, return */
    static const uint32_t expected[] = {0, 1, 2, 4, 5, 6};
    CU_ASSERT_EQUAL_FATAL(steps.count, sizeof expected / sizeof expected[0]);
    for (uint32_t i = 0; i < steps.count; i++) {
        CU_ASSERT_EQUAL(steps.ops[i], first + expected[i]);
    }
    decided_close(&decided);
}

/* Regexes that are tried only for the observer leave no captures behind. */
static void looking_changes_nothing(void) {
    static const char *const targets[] = {"/", "/ax", "/s/ax", "/s/deep/ax", "/exact", "/n/m/x"};
    struct decided decided;
    struct record record;
    decided_open(&decided, site);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        watch(&decided, &record, "ww", targets[i]);
        struct engine_captures captures = decided.request.captures;
        const struct table_location *location = decided.request.location;
        struct engine_outcome outcome = decided.outcome;
        decided_begin(&decided, "GET", targets[i]);
        decided_run(&decided, "ww");
        CU_ASSERT_PTR_EQUAL(decided.request.location, location);
        CU_ASSERT_EQUAL(decided.request.captures.count, captures.count);
        CU_ASSERT_EQUAL(memcmp(decided.request.captures.offsets, captures.offsets,
                               2 * captures.count * sizeof captures.offsets[0]),
                        0);
        CU_ASSERT_EQUAL(decided.outcome.status, outcome.status);
        CU_ASSERT_EQUAL(decided.outcome.text.size, outcome.text.size);
    }
    decided_close(&decided);
}

UNIT_TESTS("engine/observe", {"tells of names", tells_of_names},
           {"tells of locations", tells_of_locations}, {"tells of ops", tells_of_ops},
           {"looking changes nothing", looking_changes_nothing})
