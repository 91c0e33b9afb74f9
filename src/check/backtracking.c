/* Ambiguity of expressions, and subjects that show it; see backtracking.h.
 *
 * Exponential: some position can come back to itself by two ways with the same text. That is looked
 * for in pairs of positions that read the same bytes. Polynomial: the same text can be passed on in
 * several loops, one behind the other; so many loops, less one, is the power. */
#include "check/backtracking.h"

#include "base/text.h"
#include "check/regex_automaton.h"
#include "check/regex_match.h"
#include "check/regex_sample.h"

#include <stdlib.h>

#define POSITIONS REGEX_POSITION_LIMIT
#define PAIR_STEPS 300000u /* of all searches in one expression */
#define TRIALS BACKTRACKING_EFFORT
#define TRIAL_STEPS 100000u
#define EXPONENTIAL_PUMPS 60u
#define POLYNOMIAL_SIZE 300u /* its cube is a multiple of: */
#define POLYNOMIAL_STEPS 400000u
#define POLYNOMIAL_LOOPS 4u
#define WORD_LIMIT 16u
#define BYTE_LIMIT 8u

struct search {
    struct arena *arena;
    struct slice expression;
    bool ignores_case;
    const struct backtracking_subject *subject;
    const struct regex_tree *tree;
    struct regex_automaton automaton;
    bool reaches[POSITIONS][POSITIONS]; /* by one step or more */
    uint32_t steps;                     /* left, of searches in pairs */
    uint32_t trials;                    /* left, of asking PCRE2 */
};

static struct byte_set shared(const struct search *search, uint32_t p, uint32_t q) {
    return byte_set_intersect(search->automaton.bytes[p], search->automaton.bytes[q]);
}

static void restrict_bytes(struct search *search) {
    for (uint32_t p = 0; p < search->automaton.count; p++) {
        search->automaton.bytes[p] =
            byte_set_intersect(search->automaton.bytes[p], search->subject->bytes);
    }
}

static void find_reachable(struct search *search) {
    uint32_t count = search->automaton.count;
    for (uint32_t p = 0; p < count; p++) {
        for (uint32_t q = 0; q < count; q++) {
            search->reaches[p][q] = search->automaton.follow[p][q] > 0;
        }
    }
    for (uint32_t middle = 0; middle < count; middle++) {
        for (uint32_t p = 0; p < count; p++) {
            for (uint32_t q = 0; search->reaches[p][middle] && q < count; q++) {
                search->reaches[p][q] = search->reaches[p][q] || search->reaches[middle][q];
            }
        }
    }
}

/* --- trying --- */

struct slice backtracking_subject(struct arena *arena, const struct backtracking *found,
                                  uint32_t pumps) {
    struct text text;
    text_init(&text, arena);
    text_add(&text, found->prefix);
    for (uint32_t i = 0; i < pumps; i++) {
        text_add(&text, found->pump);
    }
    text_add(&text, found->suffix);
    return text_slice(&text);
}

static bool is_too_long(struct search *search, const struct backtracking *found, uint32_t pumps,
                        uint32_t steps) {
    if (search->trials == 0) {
        return false;
    }
    search->trials--;
    struct slice subject = backtracking_subject(search->arena, found, pumps);
    return regex_match(search->expression, search->ignores_case, subject, steps) == REGEX_TOO_LONG;
}

/* Tries ends of the subject that make the match fail once all ways have been tried. Some
 * expressions are not even begun with unless a byte of theirs is there: a text that matches has it.
 */
static bool find_suffix(struct search *search, struct backtracking *found, uint32_t pumps,
                        uint32_t steps) {
    static const struct slice ends[] = {
        SLICE_INIT(""),  SLICE_INIT("!"), SLICE_INIT("~"),  SLICE_INIT("/"),    SLICE_INIT("-~"),
        SLICE_INIT("_"), SLICE_INIT("."), SLICE_INIT("\n"), SLICE_INIT("\n\n"),
    };
    struct regex_sample sample;
    bool has_sample = regex_sample_make(search->arena, search->tree, &sample);
    for (size_t i = 0; i < 3 * (sizeof ends / sizeof ends[0]); i++) {
        struct slice end = ends[i / 3];
        bool takes_sample = i % 3 != 0;
        bool is_possible = !takes_sample || (has_sample && sample.text.size > 0);
        for (size_t j = 0; j < end.size; j++) {
            is_possible =
                is_possible && byte_set_has(&search->subject->bytes, (unsigned char)end.data[j]);
        }
        struct slice rest = takes_sample ? sample.text : SLICE("");
        rest = i % 3 == 2 && is_possible ? slice_skip(rest, rest.size - 1) : rest;
        if (is_possible) {
            found->suffix =
                arena_format(search->arena, "%.*s%.*s", SLICE_ARGS(end), SLICE_ARGS(rest));
            if (is_too_long(search, found, pumps, steps)) {
                return true;
            }
        }
    }
    return false;
}

/* --- what leads to a position --- */

static unsigned char pick(const struct search *search, struct byte_set set, bool is_begin) {
    if (is_begin && search->subject->is_path && byte_set_has(&set, '/')) {
        return '/';
    }
    return regex_sample_byte(&set);
}

/* The shortest text from the beginning up to and with position `target`. */
static struct slice find_prefix(struct search *search, uint32_t target) {
    uint32_t before[POSITIONS];
    bool is_seen[POSITIONS] = {false};
    uint32_t queue[POSITIONS];
    uint32_t end = 0;
    for (uint32_t p = 0; p < search->automaton.count; p++) {
        if (search->automaton.first[p] > 0) {
            is_seen[p] = true;
            before[p] = POSITIONS;
            queue[end++] = p;
        }
    }
    for (uint32_t i = 0; i < end && !is_seen[target]; i++) {
        for (uint32_t q = 0; q < search->automaton.count; q++) {
            if (search->automaton.follow[queue[i]][q] > 0 && !is_seen[q]) {
                is_seen[q] = true;
                before[q] = queue[i];
                queue[end++] = q;
            }
        }
    }
    char bytes[POSITIONS];
    size_t at = sizeof bytes;
    for (uint32_t p = target; is_seen[target] && p != POSITIONS; p = before[p]) {
        struct byte_set set = search->automaton.bytes[p];
        if (!byte_set_is_empty(&set)) {
            bytes[--at] = (char)pick(search, set, before[p] == POSITIONS);
        }
    }
    struct slice text = {bytes + at, sizeof bytes - at};
    bool has_slash = text.size > 0 && text.data[0] == '/';
    return arena_format(search->arena, "%s%.*s", search->subject->is_path && !has_slash ? "/" : "",
                        SLICE_ARGS(text));
}

/* --- exponential --- */

/* A pair of positions that read the same, and whether the two ways have parted. */
struct pair {
    uint32_t left;
    uint32_t right;
    bool has_parted;
};

static uint32_t pair_number(const struct search *search, struct pair pair) {
    return (pair.left * search->automaton.count + pair.right) * 2 + (pair.has_parted ? 1 : 0);
}

#define NO_PAIR UINT32_MAX

/* A breadth-first search from (root, root). `before` has the pair that each was reached from. */
struct pair_search {
    struct search *search;
    uint32_t root;
    struct pair *queue;
    uint32_t end;
    uint32_t *before; /* by pair_number; the position in the queue, or NO_PAIR */
};

static bool is_in_loop(const struct search *search, uint32_t root, uint32_t p) {
    return search->reaches[p][root] && search->reaches[root][p];
}

/* Adds a pair that was not there; true for the one that is looked for. */
static bool add_pair(struct pair_search *pairs, struct pair pair, uint32_t from) {
    uint32_t number = pair_number(pairs->search, pair);
    if (pairs->before[number] != NO_PAIR) {
        return false;
    }
    pairs->before[number] = from;
    pairs->queue[pairs->end++] = pair;
    return pair.left == pairs->root && pair.right == pairs->root && pair.has_parted;
}

static bool add_next_pairs(struct pair_search *pairs, uint32_t from) {
    struct search *search = pairs->search;
    struct pair pair = pairs->queue[from];
    uint32_t count = search->automaton.count;
    for (uint32_t p = 0; p < count; p++) {
        if (search->automaton.follow[pair.left][p] == 0 || !is_in_loop(search, pairs->root, p)) {
            continue;
        }
        for (uint32_t q = 0; q < count && search->steps > 0; q++) {
            search->steps--;
            struct byte_set common = shared(search, p, q);
            if (search->automaton.follow[pair.right][q] == 0 ||
                !is_in_loop(search, pairs->root, q) || byte_set_is_empty(&common)) {
                continue;
            }
            bool is_double =
                pair.left == pair.right && p == q && search->automaton.follow[pair.left][p] > 1;
            struct pair next = {p, q, pair.has_parted || p != q || is_double};
            if (add_pair(pairs, next, from)) {
                return true;
            }
        }
    }
    return false;
}

/* The text that both ways read, from the last pair of the queue back to the first. */
static struct slice read_pump(const struct pair_search *pairs) {
    struct search *search = pairs->search;
    char bytes[WORD_LIMIT];
    size_t at = sizeof bytes;
    uint32_t i = pairs->end - 1;
    while (i != 0 && at > 0) {
        struct pair pair = pairs->queue[i];
        bytes[--at] = (char)pick(search, shared(search, pair.left, pair.right), false);
        i = pairs->before[pair_number(search, pair)];
    }
    struct slice pump = {bytes + at, sizeof bytes - at};
    return i == 0 ? arena_copy_slice(search->arena, pump) : SLICE("");
}

static struct slice find_pump(struct search *search, uint32_t root) {
    uint32_t count = search->automaton.count;
    size_t pair_count = (size_t)count * count * 2;
    struct arena scratch;
    arena_init(&scratch, 1u << 16);
    struct pair_search pairs = {.search = search, .root = root};
    pairs.queue = arena_require(&scratch, (pair_count + 1) * sizeof *pairs.queue);
    pairs.before = arena_require(&scratch, pair_count * sizeof *pairs.before);
    memset(pairs.before, 0xff, pair_count * sizeof *pairs.before);
    pairs.queue[pairs.end++] = (struct pair){root, root, false};
    bool is_found = false;
    for (uint32_t i = 0; i < pairs.end && !is_found && search->steps > 0; i++) {
        is_found = add_next_pairs(&pairs, i);
    }
    struct slice pump = is_found ? read_pump(&pairs) : SLICE("");
    arena_release(&scratch);
    return pump;
}

/* Whether a loop through the position can part at all: somewhere in it two ways go on with the same
 * byte. */
static bool may_part(const struct search *search, uint32_t root) {
    uint32_t count = search->automaton.count;
    for (uint32_t p = 0; p < count; p++) {
        for (uint32_t q = 0; is_in_loop(search, root, p) && q < count; q++) {
            if (search->automaton.follow[p][q] == 0 || !is_in_loop(search, root, q)) {
                continue;
            }
            for (uint32_t r = q; r < count; r++) {
                struct byte_set common = shared(search, q, r);
                unsigned ways = search->automaton.follow[p][r];
                if (is_in_loop(search, root, r) && !byte_set_is_empty(&common) &&
                    (r == q ? ways > 1 : ways > 0)) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* "//" is one slash by the time that it is matched, and "/./" none at all. */
static bool is_possible_pump(const struct search *search, struct slice pump) {
    for (size_t i = 0; search->subject->is_path && i < pump.size; i++) {
        char next = pump.data[(i + 1) % pump.size];
        if (pump.data[i] == '/' && (next == '/' || next == '.')) {
            return false;
        }
    }
    return pump.size > 0;
}

/* "aa", read over and over, is "a". */
static struct slice shorten(struct slice pump) {
    for (size_t period = 1; period < pump.size; period++) {
        bool repeats = pump.size % period == 0;
        for (size_t i = period; repeats && i < pump.size; i++) {
            repeats = pump.data[i] == pump.data[i - period];
        }
        if (repeats) {
            return slice_take(pump, period);
        }
    }
    return pump;
}

static bool find_exponential(struct search *search, struct backtracking *found) {
    for (uint32_t root = 0; root < search->automaton.count && search->steps > 0; root++) {
        if (!search->reaches[root][root] || !may_part(search, root)) {
            continue;
        }
        found->pump = shorten(find_pump(search, root));
        found->prefix = find_prefix(search, root);
        if (is_possible_pump(search, found->pump) &&
            find_suffix(search, found, EXPONENTIAL_PUMPS, TRIAL_STEPS)) {
            found->kind = BACKTRACKING_EXPONENTIAL;
            return true;
        }
    }
    return false;
}

/* --- polynomial --- */

/* Which positions lead to which by reading a word. */
struct relation {
    bool leads[POSITIONS][POSITIONS];
};

static bool step_reads(const struct search *search, uint32_t p, uint32_t q, char byte) {
    return search->automaton.follow[p][q] > 0 &&
           byte_set_has(&search->automaton.bytes[q], (unsigned char)byte);
}

static void find_relation(const struct search *search, struct slice word,
                          struct relation *relation) {
    uint32_t count = search->automaton.count;
    for (uint32_t p = 0; p < count; p++) {
        bool now[POSITIONS] = {false};
        now[p] = true;
        for (size_t i = 0; i < word.size; i++) {
            bool next[POSITIONS] = {false};
            for (uint32_t q = 0; q < count; q++) {
                for (uint32_t r = 0; now[q] && r < count; r++) {
                    next[r] = next[r] || step_reads(search, q, r, word.data[i]);
                }
            }
            memcpy(now, next, sizeof now);
        }
        memcpy(relation->leads[p], now, sizeof now);
    }
}

/* The most loops on the word that lie one behind the other, up to and with position `p`. Positions
 * of one loop count once. `loops` is 0 where it is not known yet. */
static uint32_t count_loops(const struct search *search, const struct relation *relation,
                            uint32_t p, uint32_t *loops) {
    if (loops[p] > 0) {
        return loops[p];
    }
    loops[p] = 1;
    uint32_t most = 0;
    for (uint32_t q = 0; q < search->automaton.count; q++) {
        bool is_before = search->reaches[q][p] && !search->reaches[p][q];
        if (is_before && relation->leads[q][q] && relation->leads[q][p]) {
            uint32_t count = count_loops(search, relation, q, loops);
            most = count > most ? count : most;
        }
    }
    loops[p] = most + 1;
    return loops[p];
}

static bool try_word(struct search *search, struct slice word, struct backtracking *found) {
    struct relation relation;
    uint32_t loops[POSITIONS] = {0};
    bool is_anchored = regex_tree_is_anchored_at_start(search->tree);
    uint32_t begin = POSITIONS; /* of a chain that is long enough */
    find_relation(search, word, &relation);
    for (uint32_t p = 0; p < search->automaton.count; p++) {
        if (relation.leads[p][p] &&
            count_loops(search, &relation, p, loops) + (is_anchored ? 0 : 1) >= POLYNOMIAL_LOOPS) {
            begin = p;
            break;
        }
    }
    if (begin == POSITIONS || !is_possible_pump(search, word)) {
        return false;
    }
    for (uint32_t p = 0; p < search->automaton.count; p++) {
        if (relation.leads[p][p] && loops[p] == 1 && search->reaches[p][begin]) {
            begin = p;
            break;
        }
    }
    found->pump = arena_copy_slice(search->arena, word);
    found->prefix = find_prefix(search, begin);
    uint32_t pumps = POLYNOMIAL_SIZE / (uint32_t)word.size;
    return find_suffix(search, found, pumps, POLYNOMIAL_STEPS);
}

/* Bytes that stand for the classes of loops: one of each that no earlier one stands for. */
static uint32_t find_bytes(const struct search *search, char bytes[BYTE_LIMIT]) {
    uint32_t count = 0;
    for (uint32_t p = 0; p < search->automaton.count && count < BYTE_LIMIT; p++) {
        const struct byte_set *set = &search->automaton.bytes[p];
        if (byte_set_is_empty(set)) {
            continue;
        }
        bool is_new = true;
        char byte = (char)regex_sample_byte(set);
        for (uint32_t i = 0; i < count; i++) {
            is_new = is_new && bytes[i] != byte;
        }
        if (is_new) {
            bytes[count++] = byte;
        }
    }
    return count;
}

/* Whether enough positions loop on themselves for a chain of that many. */
static bool may_chain(const struct search *search) {
    uint32_t loops = 0;
    for (uint32_t p = 0; p < search->automaton.count; p++) {
        loops += search->reaches[p][p] ? 1 : 0;
    }
    return loops + 1 >= POLYNOMIAL_LOOPS;
}

static bool find_polynomial(struct search *search, struct backtracking *found) {
    char bytes[BYTE_LIMIT];
    uint32_t count = may_chain(search) ? find_bytes(search, bytes) : 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j <= count; j++) {
            char word[2] = {bytes[i], j < count ? bytes[j] : '\0'};
            struct slice text = {word, j < count ? 2 : 1};
            if ((j == count || j != i) && try_word(search, text, found)) {
                found->kind = BACKTRACKING_POLYNOMIAL;
                return true;
            }
        }
    }
    return false;
}

struct backtracking backtracking_find(struct arena *arena, struct slice expression,
                                      bool ignores_case,
                                      const struct backtracking_subject *subject) {
    struct backtracking found = {0};
    struct regex_tree tree;
    regex_tree_read(arena, expression, ignores_case, &tree);
    struct search *search = malloc(sizeof *search);
    if (search == NULL) {
        memory_exhausted();
    }
    *search = (struct search){.arena = arena,
                              .expression = expression,
                              .ignores_case = ignores_case,
                              .subject = subject,
                              .tree = &tree,
                              .steps = PAIR_STEPS,
                              .trials = TRIALS};
    if (regex_automaton_build(&tree, &search->automaton)) {
        restrict_bytes(search);
        find_reachable(search);
        if (!find_exponential(search, &found) && !find_polynomial(search, &found)) {
            found = (struct backtracking){0};
        }
    }
    found.effort = (TRIALS - search->trials) +
                   (PAIR_STEPS - search->steps) / (PAIR_STEPS / BACKTRACKING_EFFORT);
    free(search);
    return found;
}
