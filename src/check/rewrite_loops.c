/* Rule rewrite-loop: rewrites that lead to where they stand. A request is followed through the
 * rewrites of its locations as nginx does it; only what is certain is reported, so that anything
 * which depends on more than the path ends the search. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/text.h"
#include "check/pattern.h"
#include "check/redirect_loops.h"
#include "check/rules.h"

#include <pcre2.h>

/* nginx gives up after as many, with status 500. */
#define MOST_CYCLES 10
/* $0 to $9 */
#define CAPTURES 10
/* An expression that takes longer is not followed. */
#define MATCH_LIMIT 100000
/* Steps in all, enough for any site but one that is made to take long: one for a location that is
 * looked at, more for an expression that is tried. */
#define MOST_STEPS 5000000
#define STEPS_OF_MATCH 10
/* A path that grows this long goes on growing. */
#define LONGEST_PATH 4096

struct walker {
    struct finding_list *findings;
    const struct server *server;
    pcre2_match_data *match; /* of the last match */
    pcre2_match_context *limits;
    uint32_t *budget;  /* steps left */
    struct map *codes; /* struct regex, by its address, to its pcre2_code */
};

/* Whether there are so many steps left. */
static bool spend(const struct walker *walker, size_t steps) {
    *walker->budget = *walker->budget > steps ? *walker->budget - (uint32_t)steps : 0;
    return *walker->budget > 0;
}

/* --- regular expressions --- */

/* Compiled when it is first used: every location that is looked for tries those of the server. */
static const pcre2_code *find_code(const struct walker *walker, const struct regex *regex,
                                   bool ignores_case) {
    struct slice key = {(const char *)&regex, sizeof regex};
    pcre2_code *code = map_find(walker->codes, key);
    if (code == NULL) {
        int error;
        PCRE2_SIZE at;
        code = pcre2_compile(
            (PCRE2_SPTR)(regex->pattern.size > 0 ? regex->pattern.data : ""), regex->pattern.size,
            ignores_case || regex->ignore_case ? PCRE2_CASELESS : 0, &error, &at, NULL);
        if (code != NULL) {
            map_insert(walker->codes, arena_copy_slice(walker->findings->model->arena, key), code);
        }
    }
    return code;
}

/* The number of captures and the whole, 0 without a match. */
static int match_regex(const struct walker *walker, const struct regex *regex, bool ignores_case,
                       struct slice subject) {
    const pcre2_code *code = find_code(walker, regex, ignores_case);
    if (code == NULL || !spend(walker, STEPS_OF_MATCH)) {
        return 0;
    }
    int count = pcre2_match(code, (PCRE2_SPTR)subject.data, subject.size, 0, 0, walker->match,
                            walker->limits);
    return count < 0 ? 0 : count == 0 ? CAPTURES : count;
}

static struct slice captured(const struct walker *walker, uint32_t number, int count,
                             struct slice subject) {
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(walker->match);
    if ((int)number >= count || ends[2 * number] == PCRE2_UNSET) {
        return SLICE("");
    }
    return (struct slice){subject.data + ends[2 * number], ends[2 * number + 1] - ends[2 * number]};
}

/* --- locations --- */

static const struct location *find_static(struct location *const *items, size_t count,
                                          struct slice path) {
    const struct location *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct location *location = items[i];
        if (location->is_condition) {
            continue;
        }
        if (location->kind == TABLE_LOCATION_EXACT && slice_equals(location->name, path)) {
            return location;
        }
        if ((location->kind == TABLE_LOCATION_PREFIX ||
             location->kind == TABLE_LOCATION_PREFIX_NO_REGEX) &&
            slice_starts_with(path, location->name) &&
            (best == NULL || location->name.size > best->name.size)) {
            best = location;
        }
    }
    return best;
}

static bool is_final(const struct location *location) {
    return location->kind == TABLE_LOCATION_EXACT || location->regex != NULL;
}

/* As ngx_http_core_find_location. */
static const struct location *find_location(const struct walker *walker,
                                            struct location *const *items, size_t count,
                                            struct slice path) {
    if (!spend(walker, count)) {
        return NULL;
    }
    const struct location *found = find_static(items, count, path);
    if (found != NULL && !is_final(found) && found->nested.count > 0) {
        const struct location *inner =
            find_location(walker, found->nested.items, found->nested.count, path);
        found = inner != NULL ? inner : found;
    }
    if (found != NULL && (is_final(found) || found->kind == TABLE_LOCATION_PREFIX_NO_REGEX)) {
        return found;
    }
    for (size_t i = 0; i < count; i++) {
        const struct location *location = items[i];
        if (!location->is_condition && location->regex != NULL &&
            match_regex(walker, location->regex, location->kind == TABLE_LOCATION_REGEX_NOCASE,
                        path) > 0) {
            return location;
        }
    }
    return found;
}

static const struct location *locate(const struct walker *walker, struct slice path) {
    return find_location(walker, walker->server->locations.items, walker->server->locations.count,
                         path);
}

/* --- one location's rewrites --- */

enum way {
    WAY_ENDS,  /* the request stays here, is answered, or more than the path decides */
    WAY_AGAIN, /* a location is looked for anew */
};

/* Writes the new path; false when it is not known. */
static bool substitute(const struct walker *walker, const struct rewriting *rewriting, int count,
                       struct slice *path) {
    struct text text;
    text_init(&text, walker->findings->model->arena);
    for (size_t i = 0; i < rewriting->path.parts.count; i++) {
        const struct template_part *part = &rewriting->path.parts.items[i];
        if (part->kind == PART_TEXT) {
            text_format(&text, "%.*s", SLICE_ARGS(part->text));
        } else if (part->kind == PART_CAPTURE) {
            struct slice value = captured(walker, part->capture, count, *path);
            text_format(&text, "%.*s", SLICE_ARGS(value));
        } else {
            return false;
        }
    }
    *path = text_slice(&text);
    return path->size > 0 && path->data[0] == '/' && path->size < LONGEST_PATH;
}

static enum way follow(const struct walker *walker, const struct location *location,
                       struct slice *path, const struct rewrite_step **last) {
    enum way way = WAY_ENDS;
    for (size_t i = 0; i < location->rewrite.steps.count; i++) {
        const struct rewrite_step *step = &location->rewrite.steps.items[i];
        if (step->kind == REWRITE_SET || step->kind == REWRITE_SET_ARGS) {
            continue;
        }
        if (step->kind != REWRITE_PATH || step->rewriting->redirect != 0) {
            return WAY_ENDS;
        }
        int count = match_regex(walker, step->rewriting->regex, false, *path);
        if (count == 0) {
            continue;
        }
        if (step->rewriting->flag == TABLE_REWRITE_BREAK ||
            !substitute(walker, step->rewriting, count, path)) {
            return WAY_ENDS;
        }
        way = WAY_AGAIN;
        *last = step;
        if (step->rewriting->flag == TABLE_REWRITE_LAST) {
            break;
        }
    }
    return way;
}

/* The rewrite in which the request goes round, or NULL. */
static const struct rewrite_step *find_loop(const struct walker *walker, struct slice path) {
    const struct rewrite_step *last = NULL;
    for (int cycle = 0; cycle <= MOST_CYCLES; cycle++) {
        const struct location *location = locate(walker, path);
        if (location == NULL || follow(walker, location, &path, &last) == WAY_ENDS ||
            *walker->budget == 0) {
            return NULL;
        }
    }
    return last;
}

/* --- paths to begin with --- */

static bool is_candidate(const struct location *location) {
    if (location->is_condition || location->kind == TABLE_LOCATION_NAMED) {
        return false;
    }
    for (size_t i = 0; i < location->rewrite.steps.count; i++) {
        const struct rewrite_step *step = &location->rewrite.steps.items[i];
        if (step->kind == REWRITE_PATH && step->rewriting->redirect == 0 &&
            step->rewriting->flag != TABLE_REWRITE_BREAK) {
            return true;
        }
        if (step->kind != REWRITE_SET && step->kind != REWRITE_PATH) {
            return false;
        }
    }
    return false;
}

/* A path that an expression may match: its literal texts, and an "x" in each gap. */
static struct slice make_path(struct arena *arena, const struct regex *regex) {
    struct pattern pattern = pattern_read(arena, regex->pattern, false);
    if (pattern.texts.items.count == 0) {
        return SLICE("/x");
    }
    const struct pattern_text *text = &pattern.texts.items.items[0];
    const char *slash = slice_starts_with(text->text, SLICE("/")) ? "" : "/x";
    return arena_format(arena, "%s%.*s%s%.*s", slash, SLICE_ARGS(text->text),
                        text->is_open ? "x" : "", SLICE_ARGS(text->ending));
}

static void check_location(const struct walker *walker, const struct location *location) {
    struct arena *arena = walker->findings->model->arena;
    struct slice paths[3] = {SLICE("/x"), SLICE("/x"), SLICE("/x")};
    size_t count = 0;
    if (location->regex != NULL) {
        paths[count++] = make_path(arena, location->regex);
    } else {
        paths[count++] = location->name;
        paths[count++] = arena_format(arena, "%.*sx", SLICE_ARGS(location->name));
    }
    for (size_t i = 0; i < location->rewrite.steps.count && count < 3; i++) {
        const struct rewrite_step *step = &location->rewrite.steps.items[i];
        if (step->kind == REWRITE_PATH) {
            paths[count++] = make_path(arena, step->rewriting->regex);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct rewrite_step *step =
            locate(walker, paths[i]) == location ? find_loop(walker, paths[i]) : NULL;
        if (step != NULL) {
            struct diagnostic *diagnostic =
                check_report(walker->findings, RULE_rewrite_loop, step->statement->words[0].span,
                             "\"%.*s\" is rewritten again and again, until it is answered with 500",
                             SLICE_ARGS(paths[i]));
            diagnostic_help(arena, diagnostic,
                            "end it with \"break\" to stay in the location, or let the expression "
                            "match no path that is rewritten already");
            return;
        }
    }
}

static void free_walker(struct walker *walker) {
    for (size_t i = 0; i < walker->codes->count; i++) {
        pcre2_code_free(walker->codes->entries[i].value);
    }
    pcre2_match_context_free(walker->limits);
    pcre2_match_data_free(walker->match);
}

void check_rule_rewrite_loop(struct finding_list *findings) {
    redirect_loops_check(findings);
    uint32_t budget = MOST_STEPS;
    struct map codes;
    map_init(&codes, findings->model->arena);
    struct walker walker = {
        .findings = findings,
        .match = pcre2_match_data_create(CAPTURES, NULL),
        .limits = pcre2_match_context_create(NULL),
        .budget = &budget,
        .codes = &codes,
    };
    if (walker.limits != NULL) {
        pcre2_set_match_limit(walker.limits, MATCH_LIMIT);
    }
    for (size_t i = 0; walker.match != NULL && budget > 0 && i < findings->site.locations.count;
         i++) {
        const struct location *location = findings->site.locations.items[i];
        walker.server = location->server;
        if (is_candidate(location) && walker.server != NULL) {
            check_location(&walker, location);
        }
    }
    free_walker(&walker);
}
