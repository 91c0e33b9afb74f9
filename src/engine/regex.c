/* Regexes: compiled by PCRE2 with JIT on first use, so that a table with many costs nothing to
 * load. What is matched against what is decided by server.c and location.c. */
#include "engine/regex.h"

#include "engine/observe.h"
#include "engine/state.h"

#include <stdlib.h>

/* Client-controlled text is matched against patterns that may be catastrophic for it. These bound
 * one match to some milliseconds; a match beyond them is answered 500. PCRE2's own default for the
 * first is ten million. */
enum {
    MATCH_LIMIT = 1000000,
    DEPTH_LIMIT = 20000,
    HEAP_LIMIT_KIB = 4096,
    JIT_STACK_START = 32 * 1024,
    JIT_STACK_LIMIT = 1024 * 1024,
};

bool engine_regexes_init(struct engine_regexes *regexes, const struct table *table) {
    *regexes = (struct engine_regexes){.table = table};
    if (table->regex_count == 0) {
        return true;
    }
    regexes->items = calloc(table->regex_count, sizeof *regexes->items);
    regexes->context = pcre2_match_context_create(NULL);
    if (regexes->items == NULL || regexes->context == NULL) {
        return false;
    }
    pcre2_set_match_limit(regexes->context, MATCH_LIMIT);
    pcre2_set_depth_limit(regexes->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(regexes->context, HEAP_LIMIT_KIB);
    /* Without a stack of its own (also where PCRE2 was built without JIT) matching goes on with
     * the 32 KiB of machine stack that PCRE2 takes by default. */
    regexes->jit_stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_LIMIT, NULL);
    if (regexes->jit_stack != NULL) {
        pcre2_jit_stack_assign(regexes->context, NULL, regexes->jit_stack);
    }
    return true;
}

void engine_regexes_release(struct engine_regexes *regexes) {
    for (uint32_t i = 0; regexes->items != NULL && i < regexes->table->regex_count; i++) {
        pcre2_code_free(regexes->items[i].code);
    }
    free(regexes->items);
    pcre2_match_data_free(regexes->match_data);
    pcre2_match_context_free(regexes->context);
    pcre2_jit_stack_free(regexes->jit_stack);
}

/* Makes sure that match_data can hold all groups of `code`: then PCRE2 never has to cut. */
static bool reserve_groups(struct engine_regexes *regexes, const pcre2_code *code) {
    uint32_t captures = 0;
    if (pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &captures) != 0) {
        return false;
    }
    if (regexes->match_data != NULL && pcre2_get_ovector_count(regexes->match_data) > captures) {
        return true;
    }
    pcre2_match_data *larger = pcre2_match_data_create(captures + 1, NULL);
    if (larger == NULL) {
        return false;
    }
    pcre2_match_data_free(regexes->match_data);
    regexes->match_data = larger;
    return true;
}

/* As nginx compiles: bytes, not UTF-8, unless the pattern itself begins with (*UTF). */
static pcre2_code *compile(const struct table *table, const struct table_regex *record) {
    int error = 0;
    PCRE2_SIZE error_offset = 0;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)table_chars(table, record->pattern), record->pattern.length,
                      record->ignore_case ? PCRE2_CASELESS : 0, &error, &error_offset, NULL);
    if (code != NULL) {
        /* When this fails, as where memory must not be executable, the interpreter matches. */
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    }
    return code;
}

/* The compiler has checked that the pattern compiles; another PCRE2 may still refuse it. */
static const pcre2_code *prepare(struct engine_regexes *regexes, uint32_t index) {
    struct engine_regex *regex = &regexes->items[index];
    if (regex->code != NULL || regex->failed) {
        return regex->code;
    }
    pcre2_code *code = compile(regexes->table, &regexes->table->regex[index]);
    if (code == NULL || !reserve_groups(regexes, code)) {
        pcre2_code_free(code);
        regex->failed = true;
        return NULL;
    }
    regex->code = code;
    return code;
}

static void set_captures(struct engine_captures *captures, struct slice subject, int groups,
                         const PCRE2_SIZE *offsets) {
    const uint32_t limit = sizeof captures->offsets / sizeof captures->offsets[0] / 2;
    captures->subject = subject;
    captures->count = (uint32_t)groups < limit ? (uint32_t)groups : limit;
    for (uint32_t i = 0; i < 2 * captures->count; i++) {
        captures->offsets[i] = offsets[i] == PCRE2_UNSET ? UINT32_MAX : (uint32_t)offsets[i];
    }
}

/* A group that took no part in the match is an empty value, as in nginx. */
static struct slice group_text(struct slice subject, const PCRE2_SIZE *offsets, size_t number) {
    PCRE2_SIZE begin = offsets[2 * number];
    PCRE2_SIZE end = offsets[2 * number + 1];
    if (begin == PCRE2_UNSET || end < begin) { /* \K in a lookahead can put the end first */
        return SLICE("");
    }
    return (struct slice){subject.data + begin, end - begin};
}

/* Of several groups of one name (allowed by (?J) and (?|) the last counts, as in nginx. */
static void fill_slots(const struct table *table, const struct table_regex *record,
                       struct engine_request *request, const pcre2_code *code, struct slice subject,
                       const PCRE2_SIZE *offsets) {
    for (uint32_t i = 0; i < record->names.count; i++) {
        const struct table_capture_name *name = &table->capture_name[record->names.first + i];
        PCRE2_SPTR first = NULL;
        PCRE2_SPTR last = NULL;
        int size = pcre2_substring_nametable_scan(code, (PCRE2_SPTR)table_chars(table, name->name),
                                                  &first, &last);
        if (size > 0) {
            size_t number = (size_t)last[0] << 8 | last[1];
            request->slots[name->slot] = group_text(subject, offsets, number);
        }
    }
}

static const char *failure_text(int error) {
    switch (error) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
        return "exceeded its match limit";
    case PCRE2_ERROR_NOMEMORY:
        return "ran out of memory";
    default:
        return "cannot be matched against this text";
    }
}

static void note_failure(const struct engine_regexes *regexes, const struct engine_request *request,
                         uint32_t index, const char *what) {
    struct slice pattern = table_text(regexes->table, regexes->table->regex[index].pattern);
    engine_note(request, TABLE_LOG_ERROR, "the regular expression \"%.*s\" %s", SLICE_ARGS(pattern),
                what);
}

static int match(const struct engine_regexes *regexes, const pcre2_code *code,
                 struct slice subject) {
    return pcre2_match(code, (PCRE2_SPTR)subject.data, subject.size, 0, 0, regexes->match_data,
                       regexes->context);
}

bool engine_regex_would_match(struct engine_regexes *regexes, uint32_t index,
                              struct slice subject) {
    const pcre2_code *code = prepare(regexes, index);
    return code != NULL && subject.data != NULL && match(regexes, code, subject) > 0;
}

/* `subject` has data, be it empty. */
static enum engine_regex_result try_match(struct engine_regexes *regexes,
                                          const struct engine_request *request, uint32_t index,
                                          struct slice subject, int *groups) {
    const pcre2_code *code = prepare(regexes, index);
    if (code == NULL) {
        note_failure(regexes, request, index, "does not compile");
        return ENGINE_REGEX_FAILED;
    }
    *groups = match(regexes, code, subject);
    if (*groups == PCRE2_ERROR_NOMATCH) {
        return ENGINE_REGEX_UNMATCHED;
    }
    if (*groups <= 0) {
        note_failure(regexes, request, index, failure_text(*groups));
        return ENGINE_REGEX_FAILED;
    }
    return ENGINE_REGEX_MATCHED;
}

enum engine_regex_result engine_regex_test(struct engine_regexes *regexes,
                                           struct engine_request *request, uint32_t index,
                                           struct slice subject) {
    int groups;
    subject.data = subject.data == NULL ? "" : subject.data;
    return try_match(regexes, request, index, subject, &groups);
}

enum engine_regex_result engine_regex_match(struct engine_regexes *regexes,
                                            struct engine_request *request, uint32_t index,
                                            struct slice subject) {
    int groups;
    subject.data = subject.data == NULL ? "" : subject.data;
    enum engine_regex_result result = try_match(regexes, request, index, subject, &groups);
    if (result != ENGINE_REGEX_MATCHED) {
        return result;
    }
    const pcre2_code *code = regexes->items[index].code;
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(regexes->match_data);
    set_captures(&request->captures, subject, groups, offsets);
    fill_slots(regexes->table, &regexes->table->regex[index], request, code, subject, offsets);
    return ENGINE_REGEX_MATCHED;
}
