/* Random locations of all kinds, nested in each other, as the compiler indexes them, compared with
 * nginx's search, which looks at every location of a block in turn and goes down recursively. */
#include "random_text.h"
#include "site_engine.h"

enum { ROUNDS = 300, MOST = 60, PATHS = 100, DEPTH = 3, TEXT = 24 };

/* Each stands on a line of its own, which tells it from the others. */
struct naive_location {
    enum table_location_kind kind;
    char name[TEXT];
    int outer; /* position, or -1 */
    bool proxies;
    uint32_t line;
};

struct naive_site {
    struct naive_location all[MOST];
    size_t count;
};

static const char *const regexes[] = {"a/", "b$", "^/a", "ab", "/b/", "^/a/b$"};

static bool is_regex(const struct naive_location *location) {
    return location->kind == TABLE_LOCATION_REGEX;
}

static void random_path(char *text, const char *begin, unsigned most) {
    char *end = stpcpy(text, begin);
    unsigned size = random_below(most + 1);
    for (unsigned i = 0; i < size; i++) {
        *end++ = "/ab"[random_below(3)];
    }
    *end = '\0';
}

static bool is_taken(const struct naive_site *site, const struct naive_location *location) {
    for (size_t i = 0; i < site->count; i++) {
        const struct naive_location *other = &site->all[i];
        bool same_class =
            is_regex(other) == is_regex(location) &&
            (other->kind == TABLE_LOCATION_EXACT) == (location->kind == TABLE_LOCATION_EXACT);
        if (other->outer == location->outer && same_class &&
            strcmp(other->name, location->name) == 0) {
            return true;
        }
    }
    return false;
}

/* Inside of a regex only regexes are found. */
static void random_location(const struct naive_site *site, int outer,
                            struct naive_location *location) {
    static const enum table_location_kind kinds[] = {TABLE_LOCATION_PREFIX, TABLE_LOCATION_PREFIX,
                                                     TABLE_LOCATION_PREFIX_NO_REGEX,
                                                     TABLE_LOCATION_EXACT, TABLE_LOCATION_REGEX};
    const struct naive_location *around = outer < 0 ? NULL : &site->all[outer];
    *location = (struct naive_location){.kind = kinds[random_below(5)], .outer = outer};
    if (around != NULL && is_regex(around)) {
        location->kind = TABLE_LOCATION_REGEX;
    }
    if (is_regex(location)) {
        strcpy(location->name, regexes[random_below(6)]);
    } else {
        random_path(location->name, around == NULL ? "/" : around->name, outer < 0 ? 3 : 2);
        location->proxies = random_below(3) == 0;
    }
}

static void write_locations(struct naive_site *site, struct script *script, int outer,
                            unsigned depth) {
    static const char *const modifiers[TABLE_location_kind_COUNT] = {
        [TABLE_LOCATION_EXACT] = "= ",
        [TABLE_LOCATION_PREFIX_NO_REGEX] = "^~ ",
        [TABLE_LOCATION_REGEX] = "~ ",
        [TABLE_LOCATION_PREFIX] = "",
    };
    unsigned wanted = random_below(depth == 0 ? 10 : 4);
    while (wanted-- > 0 && site->count < MOST) {
        struct naive_location *location = &site->all[site->count];
        random_location(site, outer, location);
        if (is_taken(site, location)) {
            continue;
        }
        int self = (int)site->count++;
        location->line = 2;
        for (const char *c = script->text; c < script->text + script->size; c++) {
            location->line += *c == '\n';
        }
        script_add(script, "\nlocation %s%s {", modifiers[location->kind], location->name);
        if (location->proxies) {
            script_add(script, " proxy_pass http://127.0.0.1:1;");
        }
        if (location->kind != TABLE_LOCATION_EXACT && depth + 1 < DEPTH) {
            write_locations(site, script, self, depth + 1);
        }
        script_add(script, " }");
    }
}

static bool matches_regex(const char *regex, const char *path) {
    size_t size = strlen(regex);
    bool at_start = regex[0] == '^';
    bool at_end = regex[size - 1] == '$';
    char text[TEXT];
    snprintf(text, sizeof text, "%.*s", (int)(size - at_start - at_end), regex + at_start);
    const char *found = strstr(path, text);
    if (at_start) {
        return found == path && (!at_end || strlen(path) == strlen(text));
    }
    if (at_end) {
        return strlen(path) >= strlen(text) &&
               strcmp(path + strlen(path) - strlen(text), text) == 0;
    }
    return found != NULL;
}

enum outcome { NOT_FOUND, LONGEST_PREFIX, FINAL, REDIRECTED };

/* Among exact and prefix locations of one block. */
static enum outcome search_static(const struct naive_site *site, int outer, const char *path,
                                  int *found) {
    int longest = -1;
    int slash = -1;
    size_t size = strlen(path);
    bool redirects = false;
    for (int i = 0; i < (int)site->count; i++) {
        const struct naive_location *location = &site->all[i];
        size_t length = strlen(location->name);
        if (location->outer != outer || is_regex(location)) {
            continue;
        }
        if (location->kind == TABLE_LOCATION_EXACT && strcmp(location->name, path) == 0) {
            *found = i;
            return FINAL;
        }
        if (length == size + 1 && location->name[size] == '/' &&
            strncmp(location->name, path, size) == 0) {
            slash = slash < 0 || location->kind == TABLE_LOCATION_EXACT ? i : slash;
            redirects |= location->proxies;
        }
        if (location->kind != TABLE_LOCATION_EXACT && strncmp(location->name, path, length) == 0 &&
            (longest < 0 || length > strlen(site->all[longest].name))) {
            longest = i;
        }
    }
    if (redirects && (longest < 0 || strlen(site->all[longest].name) < size)) {
        *found = slash;
        return REDIRECTED;
    }
    if (longest >= 0) {
        *found = longest;
        return LONGEST_PREFIX;
    }
    return NOT_FOUND;
}

/* ngx_http_core_find_location; `is_below_regex`: static locations are not looked at. */
static enum outcome search(const struct naive_site *site, int outer, const char *path, int *found) {
    enum outcome outcome = NOT_FOUND;
    bool no_regex = false;
    if (outer < 0 || !is_regex(&site->all[outer])) {
        outcome = search_static(site, outer, path, found);
    }
    if (outcome == LONGEST_PREFIX) {
        no_regex = site->all[*found].kind == TABLE_LOCATION_PREFIX_NO_REGEX;
        enum outcome inner = search(site, *found, path, found);
        outcome = inner == FINAL || inner == REDIRECTED ? inner : LONGEST_PREFIX;
    }
    for (int i = 0; i < (int)site->count && !no_regex; i++) {
        const struct naive_location *location = &site->all[i];
        if (outcome == FINAL || outcome == REDIRECTED) {
            break;
        }
        if (location->outer == outer && is_regex(location) && matches_regex(location->name, path)) {
            *found = i;
            (void)search(site, i, path, found);
            return FINAL;
        }
    }
    return outcome;
}

static void compare(struct site_engine *site, const struct naive_site *naive) {
    char path[TEXT];
    int expected = -1;
    random_path(path, "/", 6);
    site_begin(site);
    site->request.server = &site->compiled.table.server[0];
    site->request.settings = &site->compiled.table.settings[site->request.server->settings];
    site->request.uri = slice_from_string(path);
    enum engine_location_result result = engine_find_location(&site->request);
    enum outcome outcome = search(naive, -1, path, &expected);
    uint32_t expected_line = outcome == NOT_FOUND ? 0 : naive->all[expected].line;
    uint32_t line = site->request.location == NULL ? 0 : site->request.location->place.line;
    if (line != expected_line) {
        printf("%s: expected line %u, got %u, of\n%s\n", path, expected_line, line,
               site->compiled.sources.all.items[0]->text.data);
    }
    CU_ASSERT_EQUAL(line, expected_line);
    CU_ASSERT_EQUAL(result == ENGINE_LOCATION_REDIRECT, outcome == REDIRECTED);
}

static void agrees_with_a_search_of_everything(void) {
    static struct script script;
    srand(35);
    for (int round = 0; round < ROUNDS; round++) {
        struct naive_site naive = {.count = 0};
        struct site_engine site;
        script.size = 0;
        script_add(&script, "server { listen 80;");
        write_locations(&naive, &script, -1, 0);
        script_add(&script, "\n}\n");
        site_open(&site, script.text);
        for (int i = 0; i < PATHS; i++) {
            compare(&site, &naive);
        }
        site_close(&site);
    }
}

UNIT_TESTS("engine/random_locations",
           {"agrees with a search of everything", agrees_with_a_search_of_everything})
