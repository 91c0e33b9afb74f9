/* Servers with random names, as the compiler indexes them, compared with a search that looks at
 * every name in turn. */
#include "random_text.h"
#include "site_engine.h"

enum { ROUNDS = 300, SERVERS = 8, MOST_NAMES = 6, HOSTS = 100, TEXT = 32 };

static const char *const labels[] = {"a", "b", "ab", "www"};

struct naive_server {
    char names[MOST_NAMES][TEXT];
    bool is_ignored[MOST_NAMES];
    size_t count;
};

static void random_name(char *name) {
    unsigned form = random_below(10);
    if (form == 9) {
        static const char *const regexes[] = {"~^a", "~b$", "~\\.ab", "~^www\\.a$"};
        strcpy(name, regexes[random_below(4)]);
        return;
    }
    char *end = stpcpy(name, form < 2 ? "*." : form < 4 ? "." : "");
    strcpy(random_labels(end, 3, labels, 4), form == 5 || form == 6 ? ".*" : "");
}

static bool is_half_of(const char *name, const char *dotted) {
    return strcmp(name, dotted) == 0 || strcmp(name, dotted + 1) == 0 ||
           (name[0] == '*' && strcmp(name + 1, dotted) == 0);
}

/* .a is ignored as a whole if there is a, *.a or .a above, be it in the same server. */
static bool is_taken(const struct naive_server *servers, size_t last, const char *dotted) {
    for (size_t i = 0; i <= last; i++) {
        for (size_t j = 0; j < servers[i].count; j++) {
            if (!servers[i].is_ignored[j] && is_half_of(servers[i].names[j], dotted)) {
                return true;
            }
        }
    }
    return false;
}

static void random_servers(struct naive_server servers[SERVERS], struct script *script) {
    script->size = 0;
    for (size_t i = 0; i < SERVERS; i++) {
        size_t wanted = random_below(MOST_NAMES + 1);
        servers[i].count = 0;
        script_add(script, "server { listen 80; server_name -");
        for (size_t j = 0; j < wanted; j++, servers[i].count++) {
            char *name = servers[i].names[j];
            random_name(name);
            servers[i].is_ignored[j] = name[0] == '.' && is_taken(servers, i, name);
            script_add(script, " %s", servers[i].names[j]);
        }
        script_add(script, "; }\n");
    }
}

static bool ends_with(const char *text, const char *end) {
    size_t size = strlen(text);
    size_t length = strlen(end);
    return size >= length && strcmp(text + size - length, end) == 0;
}

static bool matches_regex(const char *regex, const char *host) {
    if (strcmp(regex, "~^a") == 0) {
        return host[0] == 'a';
    }
    if (strcmp(regex, "~b$") == 0) {
        return ends_with(host, "b");
    }
    return strcmp(regex, "~^www\\.a$") == 0 ? strcmp(host, "www.a") == 0
                                            : strstr(host, ".ab") != NULL;
}

/* How well a name fits: 0 not at all, then regexes, x.*, *.x, exact; the longer the better. */
static size_t rank(const char *name, const char *host) {
    size_t size = strlen(name);
    if (name[0] == '~') {
        return matches_regex(name, host) ? 1 : 0;
    }
    if (name[0] == '.') {
        return strcmp(host, name + 1) == 0 ? 10000 : ends_with(host, name) ? 1000 + size : 0;
    }
    if (name[0] == '*') {
        return ends_with(host, name + 1) ? 1000 + size - 1 : 0;
    }
    if (name[size - 1] == '*') {
        return strncmp(host, name, size - 1) == 0 ? 10 + size : 0;
    }
    return strcmp(host, name) == 0 ? 10000 : 0;
}

/* Of equals the first counts; nobody: the first server is the default. */
static uint32_t search_all(const struct naive_server servers[SERVERS], const char *host) {
    uint32_t found = 0;
    size_t best = 0;
    for (uint32_t i = 0; i < SERVERS; i++) {
        for (size_t j = 0; j < servers[i].count; j++) {
            size_t fit = servers[i].is_ignored[j] ? 0 : rank(servers[i].names[j], host);
            if (fit > best) {
                best = fit;
                found = i;
            }
        }
    }
    return found;
}

static void compare(struct site_engine *site, const struct naive_server servers[SERVERS]) {
    char host[64];
    const struct table *table = &site->compiled.table;
    random_labels(host, 5, labels, 4);
    site_begin(site);
    site->request.host = slice_from_string(host);
    CU_ASSERT_TRUE_FATAL(engine_find_server(&site->request, &table->endpoint[0]));
    uint32_t found = (uint32_t)(site->request.server - table->server);
    uint32_t expected = search_all(servers, host);
    if (found != expected) {
        printf("%s: expected server %u, got %u, of\n%s", host, expected, found,
               site->compiled.sources.all.items[0]->text.data);
    }
    CU_ASSERT_EQUAL(found, expected);
}

static void agrees_with_a_search_of_everything(void) {
    static struct script script;
    srand(34);
    for (int round = 0; round < ROUNDS; round++) {
        struct naive_server servers[SERVERS];
        struct site_engine site;
        random_servers(servers, &script);
        site_open(&site, script.text);
        for (int i = 0; i < HOSTS; i++) {
            compare(&site, servers);
        }
        site_close(&site);
    }
}

UNIT_TESTS("engine/random_names",
           {"agrees with a search of everything", agrees_with_a_search_of_everything})
