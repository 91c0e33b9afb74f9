/* Maps of random keys, compared with a search that looks at every key. */
#include "random_text.h"
#include "site_engine.h"

#include <strings.h>

enum { ROUNDS = 300, MOST_KEYS = 40, SUBJECTS = 100, TEXT = 40 };

struct naive_map {
    bool hostnames;
    size_t count;
    char keys[MOST_KEYS][TEXT];
};

static const char *const labels[] = {"a", "b", "ab", "www", "A", "Www"};

static char *random_host(char *text, unsigned most) {
    return random_labels(text, most, labels, 6);
}

/* What a key is with `hostnames`. */
static bool is_both(const char *key) {
    return key[0] == '.';
}

static bool is_leading(const char *key) {
    return key[0] == '*';
}

static bool is_trailing(const char *key) {
    return key[strlen(key) - 1] == '*';
}

static const char *without_mark(const char *key) {
    return is_both(key) ? key + 1 : is_leading(key) ? key + 2 : key;
}

/* What a key lays claim to for its text: 1 the text itself, 2 what ends with it, 4 what begins so.
 */
static unsigned claims(const struct naive_map *map, const char *key) {
    if (!map->hostnames) {
        return 1;
    }
    return is_both(key) ? 3 : is_leading(key) ? 2 : is_trailing(key) ? 4 : 1;
}

static bool conflict(const struct naive_map *map, const char *a, const char *b) {
    return (claims(map, a) & claims(map, b)) != 0 &&
           strcasecmp(without_mark(a), without_mark(b)) == 0;
}

static void random_key(char *key, bool hostnames) {
    unsigned form = hostnames ? random_below(5) : 0;
    char *end = stpcpy(key, form == 1 ? "*." : form == 2 ? "." : "");
    strcpy(random_host(end, 3), form == 3 ? ".*" : "");
}

static void random_map(struct naive_map *map) {
    map->hostnames = random_below(2) == 0;
    map->count = 0;
    size_t wanted = 1 + random_below(MOST_KEYS);
    for (size_t i = 0; i < wanted; i++) {
        char *key = map->keys[map->count];
        random_key(key, map->hostnames);
        bool is_new = true;
        for (size_t other = 0; other < map->count; other++) {
            is_new = is_new && !conflict(map, map->keys[other], key);
        }
        map->count += is_new;
    }
}

static void write_map(struct script *script, const struct naive_map *map) {
    script->size = 0;
    script_add(script, "map $arg_x $v { %sdefault none;\n", map->hostnames ? "hostnames; " : "");
    for (size_t i = 0; i < map->count; i++) {
        script_add(script, "%s %zu;\n", map->keys[i], i);
    }
    script_add(script, "}\nserver { listen 80; }\n");
}

static bool ends_with(const char *text, const char *end) {
    size_t size = strlen(text);
    size_t length = strlen(end);
    return size >= length && strcasecmp(text + size - length, end) == 0;
}

/* How well a key fits: 0 not at all, exact best, then *.x, then x.*, the longer the better. */
static size_t rank(const struct naive_map *map, const char *key, const char *text) {
    if (strcasecmp(key, text) == 0 && !(map->hostnames && (is_both(key) || is_leading(key)))) {
        return 10000;
    }
    if (!map->hostnames) {
        return 0;
    }
    if (is_both(key) && strcasecmp(key + 1, text) == 0) {
        return 10000;
    }
    if ((is_both(key) || is_leading(key)) && ends_with(text, key + (is_leading(key) ? 1 : 0))) {
        return 1000 + strlen(without_mark(key));
    }
    size_t size = strlen(key);
    return is_trailing(key) && strncasecmp(text, key, size - 1) == 0 ? size : 0;
}

static const char *search_all(const struct naive_map *map, const char *subject) {
    static char number[24];
    char text[4 * TEXT];
    size_t best = 0;
    strcpy(number, "none");
    strcpy(text, subject);
    if (map->hostnames && text[0] != '\0' && text[strlen(text) - 1] == '.') {
        text[strlen(text) - 1] = '\0';
    }
    for (size_t i = 0; i < map->count; i++) {
        size_t fit = rank(map, map->keys[i], text);
        if (fit > best) {
            best = fit;
            snprintf(number, sizeof number, "%zu", i);
        }
    }
    return number;
}

static void compare(struct site_engine *site, const struct naive_map *map) {
    char args[4 * TEXT] = "x=";
    char *end = random_host(args + 2, 5);
    strcpy(end, random_below(8) == 0 ? "." : "");
    const char *expected = search_all(map, args + 2);
    const char *found = site_value_for(site, "v", slice_from_string(args));
    if (strcmp(found, expected) != 0) {
        printf("%s: expected key %s, got %s, of\n%s", args, expected, found,
               site->compiled.sources.all.items[0]->text.data);
    }
    CU_ASSERT_STRING_EQUAL(found, expected);
}

static void agrees_with_a_search_of_everything(void) {
    static struct script script;
    srand(31);
    for (int round = 0; round < ROUNDS; round++) {
        struct naive_map map;
        struct site_engine site;
        random_map(&map);
        write_map(&script, &map);
        site_open(&site, script.text);
        for (int i = 0; i < SUBJECTS; i++) {
            compare(&site, &map);
        }
        site_close(&site);
    }
}

UNIT_TESTS("engine/random_map",
           {"agrees with a search of everything", agrees_with_a_search_of_everything})
