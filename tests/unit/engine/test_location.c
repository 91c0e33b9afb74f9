/* Tests of location.c. The expected locations of the named cases are what nginx 1.22 answers with
 * for the same configuration; the random ones are compared with a search that looks at every
 * location in turn. */
#include "table_builder.h"

#define PREFIX TABLE_LOCATION_PREFIX
#define EXACT TABLE_LOCATION_EXACT
#define FIRM TABLE_LOCATION_PREFIX_NO_REGEX
#define REGEX TABLE_LOCATION_REGEX
#define NOCASE TABLE_LOCATION_REGEX_NOCASE
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define AT(kind, name)                                                                             \
    { kind, name, false, NULL, 0 }
#define REDIRECTING(kind, name)                                                                    \
    { kind, name, true, NULL, 0 }
#define AROUND(kind, name, inner)                                                                  \
    { kind, name, false, inner, COUNT(inner) }

static void open_server(struct engine_fixture *fixture, const struct location_spec *specs,
                        size_t count) {
    builder_begin(&fixture->builder);
    builder_server(&fixture->builder, "x", builder_location_set(&fixture->builder, specs, count));
    fixture_open(fixture);
    fixture->request.server = &fixture->builder.table.server[0];
    fixture->request.settings = &fixture->builder.table.settings[0];
}

/* The location's name; "(none)", "(failed)", or "redirect to " before it. */
static const char *find(struct engine_fixture *fixture, const char *path) {
    static char text[256];
    fixture->request.uri = slice_from_string(path);
    enum engine_location_result result = engine_find_location(&fixture->request);
    const struct table_location *location = fixture->request.location;
    if (result == ENGINE_LOCATION_NONE || result == ENGINE_LOCATION_FAILED) {
        CU_ASSERT_PTR_NULL(location);
        return result == ENGINE_LOCATION_NONE ? "(none)" : "(failed)";
    }
    CU_ASSERT_PTR_EQUAL(fixture->request.settings,
                        &fixture->builder.table.settings[location->settings]);
    static const char *const modifiers[TABLE_location_kind_COUNT] = {
        [EXACT] = "= ", [FIRM] = "^~ ", [REGEX] = "~ ", [NOCASE] = "~* ", [PREFIX] = ""};
    snprintf(text, sizeof text, "%s%s%s", result == ENGINE_LOCATION_REDIRECT ? "redirect to " : "",
             modifiers[location->kind], table_chars(&fixture->builder.table, location->name));
    return text;
}

#define EXPECT(path, location) CU_ASSERT_STRING_EQUAL(find(&fixture, path), location)

static void follows_the_order_of_nginx(void) {
    static const struct location_spec specs[] = {
        AT(EXACT, "/"),
        AT(PREFIX, "/"),
        AT(PREFIX, "/documents/"),
        AT(FIRM, "/images/"),
        AT(NOCASE, "\\.(gif|jpg)$"),
        AT(PREFIX, "/images/raw"),
        AT(EXACT, "/images/one"),
        AT(REGEX, "^/doc"),
    };
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/", "= /");
    EXPECT("/index.html", "/");
    EXPECT("/documents/1", "~ ^/doc");
    EXPECT("/documents/1.GIF", "~* \\.(gif|jpg)$");
    EXPECT("/images/1.gif", "^~ /images/");
    EXPECT("/images/one", "= /images/one");
    EXPECT("/images/one/", "^~ /images/");
    EXPECT("/images/raw", "/images/raw");
    EXPECT("/images/raw.jpg", "~* \\.(gif|jpg)$");
    EXPECT("/imag", "/");
    fixture_close(&fixture);
}

static void has_no_location_for_what_nothing_matches(void) {
    static const struct location_spec specs[] = {AT(PREFIX, "/a"), AT(REGEX, "^/b")};
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/", "(none)");
    EXPECT("/c", "(none)");
    EXPECT("/a", "/a");
    EXPECT("/ab", "/a");
    EXPECT("/b", "~ ^/b");
    EXPECT("*", "(none)");
    CU_ASSERT_PTR_EQUAL(
        fixture.request.settings,
        &fixture.builder.table.settings[fixture.builder.table.location[1].settings]);
    fixture_close(&fixture);
    open_server(&fixture, NULL, 0);
    EXPECT("/", "(none)");
    fixture_close(&fixture);
}

/* nginx: a location with proxy_pass whose name ends with a slash. The redirect wins over shorter
 * prefixes and over regexes; an exact or full-length prefix location wins over it. */
static void redirects_to_the_path_with_a_slash(void) {
    static const struct location_spec specs[] = {
        AT(PREFIX, "/"),
        AT(REGEX, "a"),
        REDIRECTING(PREFIX, "/a/"),
        AT(PREFIX, "/b/"),
        REDIRECTING(PREFIX, "/c/"),
        AT(EXACT, "/c"),
        REDIRECTING(PREFIX, "/da/"),
        AT(PREFIX, "/da"),
        REDIRECTING(PREFIX, "/e/x/"),
        REDIRECTING(EXACT, "/f/"),
    };
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/a", "redirect to /a/");
    EXPECT("/a/", "~ a");
    EXPECT("/b", "/");
    EXPECT("/c", "= /c");
    EXPECT("/da", "~ a");
    EXPECT("/e/x", "redirect to /e/x/");
    EXPECT("/e/", "/");
    EXPECT("/e", "/");
    EXPECT("/f", "redirect to = /f/");
    fixture_close(&fixture);
}

static void searches_nested_locations_first(void) {
    static const struct location_spec deepest[] = {AT(REGEX, "\\.deep$"),
                                                   AT(EXACT, "/a/b/c/exact")};
    static const struct location_spec inner[] = {AROUND(PREFIX, "/a/b/c/", deepest),
                                                 AT(REGEX, "\\.inner$")};
    static const struct location_spec firm[] = {AT(REGEX, "\\.inside$")};
    static const struct location_spec in_regex[] = {AT(REGEX, "\\.two$")};
    static const struct location_spec specs[] = {
        AROUND(PREFIX, "/a/", inner),
        AT(REGEX, "\\.(inner|outer|deep)$"),
        AROUND(FIRM, "/firm/", firm),
        AROUND(REGEX, "/r", in_regex),
    };
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/a/x", "/a/");
    EXPECT("/a/x.inner", "~ \\.inner$");
    EXPECT("/a/x.outer", "~ \\.(inner|outer|deep)$");
    EXPECT("/a/b/c/x.outer", "~ \\.(inner|outer|deep)$");
    EXPECT("/a/b/c/x.inner", "~ \\.inner$");
    EXPECT("/a/b/c/x.deep", "~ \\.deep$");
    EXPECT("/a/b/c/exact", "= /a/b/c/exact");
    EXPECT("/a/b/c/", "/a/b/c/");
    EXPECT("/firm/x.outer", "^~ /firm/");
    EXPECT("/firm/x.inside", "~ \\.inside$");
    EXPECT("/r", "~ /r");
    EXPECT("/r/x", "~ /r");
    EXPECT("/r/x.two", "~ \\.two$");
    EXPECT("/r/x.outer", "~ \\.(inner|outer|deep)$");
    fixture_close(&fixture);
}

/* ^~ keeps off the regexes beside it, not those beside the location around it. */
static void lets_outer_regexes_match_around_a_nested_firm_prefix(void) {
    static const struct location_spec inner[] = {AT(FIRM, "/a/b"), AT(REGEX, "x")};
    static const struct location_spec specs[] = {AROUND(PREFIX, "/a", inner), AT(REGEX, "xy")};
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/a/bx", "^~ /a/b");
    EXPECT("/a/bxy", "~ xy");
    EXPECT("/a/x", "~ x");
    fixture_close(&fixture);
}

/* nginx never finds an exact or prefix location inside a regex one. */
static void finds_only_regexes_inside_a_regex(void) {
    static const struct location_spec deepest[] = {AT(REGEX, "aaa")};
    static const struct location_spec inner[] = {AT(PREFIX, "/a/"), AT(EXACT, "/aa"),
                                                 AROUND(REGEX, "aa$", deepest)};
    static const struct location_spec specs[] = {AROUND(REGEX, "/a", inner)};
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/a/", "~ /a");
    EXPECT("/aa", "~ aa$");
    EXPECT("/aaa", "~ aaa");
    fixture_close(&fixture);
}

static void keeps_captures_of_the_location(void) {
    static const struct location_spec specs[] = {AT(REGEX, "^/(?<user>\\w+)/(x)?(.*)$")};
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/anna/rest", "~ ^/(?<user>\\w+)/(x)?(.*)$");
    const struct engine_captures *captures = &fixture.request.captures;
    CU_ASSERT_EQUAL(captures->count, 4);
    CU_ASSERT_EQUAL(captures->offsets[2], 1);
    CU_ASSERT_EQUAL(captures->offsets[3], 5);
    CU_ASSERT_EQUAL(captures->offsets[4], UINT32_MAX);
    CU_ASSERT(text_is(fixture.request.slots[0], "anna"));
    fixture_close(&fixture);
}

/* A pattern that backtracks without end is answered, not waited for. */
static void fails_a_catastrophic_regex(void) {
    static const struct location_spec specs[] = {AT(REGEX, "^/(a+)+$")};
    struct engine_fixture fixture;
    char path[64] = "/";
    memset(path + 1, 'a', sizeof path - 2);
    path[sizeof path - 2] = 'b';
    path[sizeof path - 1] = '\0';
    open_server(&fixture, specs, COUNT(specs));
    EXPECT(path, "(failed)");
    EXPECT("/aaaaaaaaaaaaaaaaaaaa", "~ ^/(a+)+$");
    fixture_close(&fixture);
}

/* As in nginx, bytes unless the pattern asks for UTF; then garbage is an error. */
static void matches_bytes_unless_the_pattern_asks_for_utf(void) {
    static const struct location_spec specs[] = {AT(REGEX, "^/b.$"), AT(REGEX, "(*UTF)^/u.$")};
    struct engine_fixture fixture;
    open_server(&fixture, specs, COUNT(specs));
    EXPECT("/b\xff", "~ ^/b.$");
    EXPECT("/u\xc3\xa9", "~ (*UTF)^/u.$");
    EXPECT("/u\xff", "(failed)");
    fixture_close(&fixture);
}

/* --- against a search that looks at everything --- */

enum { MOST_LOCATIONS = 24, ROUNDS = 400, PATHS = 60 };

struct naive_site {
    struct location_spec specs[MOST_LOCATIONS];
    char names[MOST_LOCATIONS][16];
    size_t count;
};

static void random_path(char *text, size_t limit) {
    size_t size = 1 + (size_t)rand() % limit;
    text[0] = '/';
    for (size_t i = 1; i < size; i++) {
        text[i] = "/ab\x80"[rand() % 4];
    }
    text[size] = '\0';
}

static bool is_taken(const struct naive_site *site, const struct location_spec *spec) {
    for (size_t i = 0; i < site->count; i++) {
        bool same_class = (site->specs[i].kind == EXACT) == (spec->kind == EXACT);
        if (same_class && strcmp(site->specs[i].name, spec->name) == 0) {
            return true;
        }
    }
    return false;
}

static void random_site(struct naive_site *site) {
    static const char *const regexes[] = {"a/", "b$", "^/a", "ab", "/b/"};
    static const enum table_location_kind kinds[] = {PREFIX, PREFIX, FIRM, EXACT, REGEX};
    site->count = 0;
    for (size_t i = 0; i < MOST_LOCATIONS; i++) {
        struct location_spec *spec = &site->specs[site->count];
        char *name = site->names[site->count];
        *spec = (struct location_spec){.kind = kinds[rand() % 5], .name = name};
        spec->auto_redirect = spec->kind != REGEX && rand() % 2 == 0;
        random_path(name, 6);
        if (spec->kind == REGEX) {
            strcpy(name, regexes[rand() % 5]);
        }
        site->count += spec->kind == REGEX || !is_taken(site, spec);
    }
}

static bool matches_regex(const char *pattern, const char *path) {
    size_t size = strlen(pattern);
    if (pattern[0] == '^') {
        return strncmp(path, pattern + 1, size - 1) == 0;
    }
    if (pattern[size - 1] == '$') {
        return path[strlen(path) - 1] == pattern[0];
    }
    return strstr(path, pattern) != NULL;
}

/* The location that nginx's documentation says, looking at each in turn. */
static const struct location_spec *search_all(const struct naive_site *site, const char *path,
                                              bool *redirect) {
    const struct location_spec *longest = NULL;
    const struct location_spec *slash = NULL;
    size_t size = strlen(path);
    bool wanted = false;
    for (size_t i = 0; i < site->count; i++) {
        const struct location_spec *spec = &site->specs[i];
        size_t length = strlen(spec->name);
        if (spec->kind == EXACT && strcmp(spec->name, path) == 0) {
            return spec;
        }
        if (builder_is_regex(spec->kind)) {
            continue;
        }
        if (length == size + 1 && spec->name[size] == '/' && strncmp(spec->name, path, size) == 0) {
            slash = slash == NULL || spec->kind == EXACT ? spec : slash;
            wanted |= spec->auto_redirect;
        }
        if (spec->kind != EXACT && strncmp(spec->name, path, length) == 0 &&
            (longest == NULL || length > strlen(longest->name))) {
            longest = spec;
        }
    }
    *redirect = wanted && (longest == NULL || strlen(longest->name) < size);
    if (*redirect) {
        return slash;
    }
    for (size_t i = 0; i < site->count && (longest == NULL || longest->kind != FIRM); i++) {
        if (site->specs[i].kind == REGEX && matches_regex(site->specs[i].name, path)) {
            return &site->specs[i];
        }
    }
    return longest;
}

static void compare(struct engine_fixture *fixture, const struct naive_site *site,
                    const char *path) {
    bool redirect = false;
    const struct location_spec *expected = search_all(site, path, &redirect);
    const char *found = find(fixture, path);
    CU_ASSERT_EQUAL(redirect, strncmp(found, "redirect to ", 12) == 0);
    if (expected == NULL) {
        CU_ASSERT_STRING_EQUAL(found, "(none)");
        return;
    }
    const struct table_location *location = fixture->request.location;
    CU_ASSERT_PTR_NOT_NULL_FATAL(location);
    CU_ASSERT_EQUAL(location->kind, (uint32_t)expected->kind);
    CU_ASSERT(text_is(table_text(&fixture->builder.table, location->name), expected->name));
}

static void agrees_with_a_search_of_everything(void) {
    srand(20);
    for (int round = 0; round < ROUNDS; round++) {
        struct naive_site site;
        struct engine_fixture fixture;
        random_site(&site);
        open_server(&fixture, site.specs, site.count);
        for (int i = 0; i < PATHS; i++) {
            char path[16];
            random_path(path, 8);
            compare(&fixture, &site, path);
        }
        fixture_close(&fixture);
    }
}

UNIT_TESTS("engine/location", {"follows the order of nginx", follows_the_order_of_nginx},
           {"has no location for what nothing matches", has_no_location_for_what_nothing_matches},
           {"redirects to the path with a slash", redirects_to_the_path_with_a_slash},
           {"searches nested locations first", searches_nested_locations_first},
           {"lets outer regexes match around a nested firm prefix",
            lets_outer_regexes_match_around_a_nested_firm_prefix},
           {"finds only regexes inside a regex", finds_only_regexes_inside_a_regex},
           {"keeps captures of the location", keeps_captures_of_the_location},
           {"fails a catastrophic regex", fails_a_catastrophic_regex},
           {"matches bytes unless the pattern asks for UTF",
            matches_bytes_unless_the_pattern_asks_for_utf},
           {"agrees with a search of everything", agrees_with_a_search_of_everything})
