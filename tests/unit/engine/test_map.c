/* map: which value a text leads to, when it is worked out, and what is done when it cannot be. */
#include "engine/guard.h"
#include "random_text.h"
#include "site_engine.h"

static struct site_engine site;

/* The value of $v when $arg_x is `text`, whose last byte is the last readable one. */
static const char *map(const char *text) {
    char args[4096];
    int size = snprintf(args, sizeof args, "x=%s", text);
    return site_value_for(&site, "v", guard_copy((struct slice){args, (size_t)size}));
}

#define EXPECT(text, value) CU_ASSERT_STRING_EQUAL(map(text), (value))

static void compares_without_case(void) {
    site_open(&site, "map $arg_x $v { default d; One 1; two Two; '\\default' e; '\\~a' f; *.x g; }"
                     "server { listen 80; }");
    EXPECT("one", "1");
    EXPECT("ONE", "1");
    EXPECT("two", "Two");
    EXPECT("three", "d");
    EXPECT("on", "d");
    EXPECT("", "d");
    EXPECT("default", "e");
    EXPECT("~A", "f");
    EXPECT("*.x", "g");
    EXPECT("a.x", "d");
    site_close(&site);
}

static void is_empty_without_a_default(void) {
    site_open(&site, "map $arg_x $v { '' none; a 1; } server { listen 80; }");
    EXPECT("a", "1");
    EXPECT("", "none");
    EXPECT("b", "");
    site_close(&site);
    site_open(&site, "map $arg_x $v { } server { listen 80; }");
    EXPECT("b", "");
    site_close(&site);
}

static void follows_the_order_of_nginx(void) {
    site_open(&site, "map $arg_x $v { hostnames; default d; example.com 1; .example.org 2;"
                     "*.example.com 3; *.a.example.com 4; www.* 5; www.example.* 6;"
                     "~^www\\.(?<rest>.+)$ never; ~\\.net$ 7; ~net 8; }"
                     "server { listen 80; }");
    EXPECT("example.com", "1");
    EXPECT("EXAMPLE.com.", "1");
    EXPECT("example.com..", "d");
    EXPECT("example.org", "2");
    EXPECT("x.y.example.org", "2");
    EXPECT("x.example.com", "3");
    EXPECT("a.example.com", "3");
    EXPECT("x.A.example.com", "4");
    EXPECT(".example.com", "3");
    EXPECT("www.example.com", "3");
    EXPECT("www.example.net", "6");
    EXPECT("www.x.net", "5");
    EXPECT("www.", "d"); /* the dot at the end does not count */
    EXPECT("x.net", "7");
    EXPECT("net.x", "8");
    EXPECT(".", "d");
    EXPECT("", "d");
    site_close(&site);
}

static void lets_the_dot_count_without_hostnames(void) {
    site_open(&site, "map $arg_x $v { default d; a 1; ~^b\\.$ 2; } server { listen 80; }");
    EXPECT("a.", "d");
    EXPECT("b.", "2");
    site_close(&site);
    site_open(&site, "map $arg_x $v { hostnames; default d; ~^b\\.$ 2; } server { listen 80; }");
    EXPECT("b.", "d");
    EXPECT("b..", "2");
    site_close(&site);
}

static void asks_regexes_in_order(void) {
    site_open(&site, "map $arg_x $v { default d; abc exact; ~^a 1; ~*^A 2; ~* 3; }"
                     "server { listen 80; }");
    EXPECT("abc", "exact");
    EXPECT("ABC", "exact");
    EXPECT("abcd", "1");
    EXPECT("Abcd", "2");
    EXPECT("x", "3");
    EXPECT("", "d"); /* none is asked about an empty text */
    site_close(&site);
}

static void shows_captures_to_the_value(void) {
    site_open(&site, "map $arg_x $v { default '[$1$name]'; ~^(.)(?<name>..)$ $2-$1-$name;"
                     "~^(?:(q)|(z))$ '<$1$2>'; }"
                     "server { listen 80; }");
    EXPECT("aBc", "Bc-a-Bc");
    EXPECT("z", "<z>");
    EXPECT("zzzz", "[]");
    site_close(&site);
}

static void joins_texts_and_asks_other_maps(void) {
    site_open(&site, "map $w$arg_y $v { 1b yes; default 'no $w'; } map $arg_x $w { a 1; b $u; }"
                     "map $arg_y $u { b 1; } server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=a&y=b")), "yes");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=b&y=b")), "yes");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=a&y=c")), "no 1");
    CU_ASSERT_STRING_EQUAL(site_value_for(&site, "v", SLICE("x=b&y=c")), "no ");
    site_close(&site);
}

static void takes_long_texts(void) {
    char text[2000];
    site_open(&site, "map $arg_x $v { hostnames; default d; *.END 1; } server { listen 80; }");
    memset(text, 'A', sizeof text);
    strcpy(text + sizeof text - 5, ".End");
    EXPECT(text, "1");
    text[sizeof text - 5] = 'x';
    EXPECT(text, "d");
    site_close(&site);
}

static void is_worked_out_once_unless_volatile(void) {
    site_open(&site, "map $arg_x $v { default $arg_x; } map $arg_x $w { volatile; default $arg_x; }"
                     "map $w $u { default $w; }"
                     "server { listen 80; }");
    site.request.args = SLICE("x=1");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "1");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "w"), "1");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "u"), "1");
    site.request.args = SLICE("x=2");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "1");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "w"), "2");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "u"), "1");
    site_close(&site);
}

/* An empty value is worked out once, too. */
static void remembers_empty_values(void) {
    site_open(&site, "map $arg_x $v { default ''; 2 two; } server { listen 80; }");
    site.request.args = SLICE("x=1");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "");
    site.request.args = SLICE("x=2");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "");
    site_close(&site);
}

static void gives_way_to_set_once_that_ran(void) {
    site_open(&site, "map $arg_x $v { volatile; default mapped; }"
                     "server { listen 80; location / { set $v set; return 204; } }");
    struct engine_answer answer;
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "mapped");
    const struct table_location *location = compiled_location(&site.compiled, "/");
    CU_ASSERT_TRUE(engine_run_sequence(&site.request, location->rewrite, &answer));
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "set");
    site_close(&site);
}

/* nginx's limit; what is around it is remembered, so that the second ask is quiet. */
static void ends_circles(void) {
    site_open(&site, "map $b $a { default <$b>; } map $a $b { default $a; } server { listen 80; }");
    CU_ASSERT_EQUAL(strlen(site_value(&site, "a")), 2 * 50); /* "<" and ">" at every other level */
    CU_ASSERT_TRUE(strncmp(site.note, "cycle while evaluating variable \"", 33) == 0);
    site.note[0] = '\0';
    CU_ASSERT_STRING_NOT_EQUAL(site_value(&site, "a"), "(failed)");
    CU_ASSERT_STRING_EQUAL(site.note, "");
    CU_ASSERT_EQUAL(site.request.depth, 0);
    site_close(&site);
}

/* A chain of so many variables, each with the value of the next; the last one's is "end". */
static const char *follow_chain(unsigned length) {
    static struct script script;
    script.size = 0;
    for (unsigned i = 0; i + 1 < length; i++) {
        script_add(&script, "map x $v%u { default $v%u; }\n", i, i + 1);
    }
    script_add(&script, "map x $v%u { default end; } server { listen 80; }", length - 1);
    site_open(&site, script.text);
    const char *value = site_value(&site, "v0");
    site_close(&site);
    return value;
}

static void follows_as_many_as_nginx(void) {
    CU_ASSERT_STRING_EQUAL(follow_chain(100), "end");
    CU_ASSERT_STRING_EQUAL(follow_chain(101), "");
}

/* Each asks the other twice, and nothing is remembered: 2 to the 100th ways. */
static void bounds_work_that_doubles(void) {
    site_open(&site, "map $b$b $a { volatile; default $b$b; } map $a$a $b { volatile; default x; }"
                     "server { listen 80; }");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "a"), "(failed)");
    CU_ASSERT_STRING_EQUAL(site.note, "variables of this request take too much work");
    CU_ASSERT_EQUAL(site.request.depth, 0);
    site_close(&site);
}

static void fails_with_its_regex(void) {
    char text[256];
    site_open(&site, "map $arg_x $v { default d; ~^(a+)+$ 1; } server { listen 80; }");
    memset(text, 'a', sizeof text);
    strcpy(text + 200, "b");
    EXPECT(text, "(failed)");
    CU_ASSERT_TRUE(strstr(site.note, "exceeded its match limit") != NULL);
    EXPECT("b", "d");
    site_close(&site);
}

static void fails_without_memory(void) {
    site_open(&site, "map $arg_x$arg_y $v { default d; } map $arg_x $w { default d; a 1; }"
                     "server { listen 80; }");
    static char args[600] = "y=1&x=";
    memset(args + 6, 'A', sizeof args - 7);
    site.request.args = slice_from_string(args);
    struct arena arena = site.arena;
    arena_init(&site.arena, SIZE_MAX);
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "(failed)");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "w"), "(failed)"); /* to make it lower case */
    site.request.args = SLICE("x=A");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "w"), "1"); /* a short one needs none */
    site.arena = arena;
    site_close(&site);
}

static struct engine_event latest;

static void keep_event(void *owner, const struct engine_event *event) {
    (void)owner;
    latest = *event;
}

static void tells_what_it_found(void) {
    static const struct engine_observer observer = {keep_event};
    site_open(&site, "map $arg_x $v { default d; ~^(.) $1; } server { listen 80; }");
    site.request.observer = &observer;
    site.request.args = SLICE("x=Abc");
    CU_ASSERT_STRING_EQUAL(site_value(&site, "v"), "A");
    CU_ASSERT_EQUAL(latest.kind, ENGINE_EVENT_VARIABLE);
    CU_ASSERT_EQUAL(latest.record, site_slot(&site, "v"));
    CU_ASSERT_TRUE(slice_equals(latest.subject, SLICE("Abc")));
    CU_ASSERT_TRUE(slice_equals(latest.value, SLICE("A")));
    site_close(&site);
}

UNIT_TESTS("engine/map", {"compares without case", compares_without_case},
           {"is empty without a default", is_empty_without_a_default},
           {"follows the order of nginx", follows_the_order_of_nginx},
           {"lets the dot count without hostnames", lets_the_dot_count_without_hostnames},
           {"asks regexes in order", asks_regexes_in_order},
           {"shows captures to the value", shows_captures_to_the_value},
           {"joins texts and asks other maps", joins_texts_and_asks_other_maps},
           {"takes long texts", takes_long_texts},
           {"is worked out once unless volatile", is_worked_out_once_unless_volatile},
           {"remembers empty values", remembers_empty_values},
           {"gives way to set once that ran", gives_way_to_set_once_that_ran},
           {"ends circles", ends_circles}, {"follows as many as nginx", follows_as_many_as_nginx},
           {"bounds work that doubles", bounds_work_that_doubles},
           {"fails with its regex", fails_with_its_regex},
           {"fails without memory", fails_without_memory},
           {"tells what it found", tells_what_it_found})
