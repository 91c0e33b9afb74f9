/* The catalogue's tables and lookup. */
#include "model/catalogue.h"

#include "model/model.h"
#include "unit.h"

#include <string.h>

static struct arena arena;
static struct catalogue catalogue;

static void begin(void) {
    arena_init(&arena, 4096);
    catalogue_init(&catalogue, &arena);
}

static void chooses_by_context(void) {
    begin();
    const struct directive *http = catalogue_find_in(&catalogue, SLICE("server"), C_HTTP);
    const struct directive *upstream = catalogue_find_in(&catalogue, SLICE("server"), C_UPSTREAM);
    CU_ASSERT_PTR_NOT_NULL_FATAL(http);
    CU_ASSERT_PTR_NOT_NULL_FATAL(upstream);
    CU_ASSERT_EQUAL(http->form, FORM_BLOCK);
    CU_ASSERT_EQUAL(upstream->form, FORM_SIMPLE);
    CU_ASSERT_PTR_NULL(catalogue_find_in(&catalogue, SLICE("server"), C_LOCATION));
    CU_ASSERT_PTR_NULL(catalogue_find(&catalogue, SLICE("serverr")));
    arena_release(&arena);
}

static void prefers_rows_with_a_meaning_here(void) {
    begin();
    const struct directive *row = catalogue_find_in(&catalogue, SLICE("proxy_pass"), C_LOCATION);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT_EQUAL(row->state, STATE_RUN);
    row = catalogue_find_in(&catalogue, SLICE("proxy_pass"), C_STREAM_SERVER);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT_EQUAL(row->state, STATE_KNOWN);
    CU_ASSERT_EQUAL(row->group, GROUP_LISTED);
    arena_release(&arena);
}

/* Every row is complete: a default that its own setter refused would show as a diagnostic in the
 * tests of the other files. */
static void has_complete_rows(void) {
    for (size_t i = 0; i < catalogue_directive_count(); i++) {
        const struct directive *row = catalogue_directive(i);
        CU_ASSERT_NOT_EQUAL(row->contexts, 0);
        CU_ASSERT_EQUAL(row->contexts & ~C_ANY, 0);
        CU_ASSERT_TRUE(row->min_arguments <= row->max_arguments);
        CU_ASSERT_PTR_NOT_NULL(row->set);
        CU_ASSERT_TRUE(row->group == GROUP_LISTED || row->help[0] != '\0');
    }
    CU_ASSERT_TRUE(catalogue_directive_count() > 1000);
    for (size_t i = 0; i < TABLE_variable_id_COUNT; i++) {
        CU_ASSERT_TRUE(catalogue_builtin_variables[i].help[0] != '\0');
    }
}

/* Lookup relies on it: nginx's table is sorted, with the free lines of blocks behind it. */
static void is_sorted(void) {
    const struct directive *previous = NULL;
    bool is_entry = false;
    for (size_t i = 0; i < catalogue_directive_count(); i++) {
        const struct directive *row = catalogue_directive(i);
        if (row->group != GROUP_LISTED) {
            CU_ASSERT_PTR_NULL(previous);
            continue;
        }
        is_entry |= strcmp(row->name, "(entry)") == 0;
        CU_ASSERT_EQUAL(strcmp(row->name, "(entry)") == 0, is_entry);
        CU_ASSERT_TRUE(is_entry || previous == NULL || strcmp(previous->name, row->name) <= 0);
        previous = row;
    }
    for (size_t i = 1; i < catalogue_known_variable_count(); i++) {
        CU_ASSERT_TRUE(
            strcmp(catalogue_known_variable(i - 1)->name, catalogue_known_variable(i)->name) < 0);
    }
}

static void finds_every_row(void) {
    begin();
    for (size_t i = 0; i < catalogue_directive_count(); i++) {
        const struct directive *row = catalogue_directive(i);
        const struct directive_chain *chain =
            catalogue_find(&catalogue, slice_from_string(row->name));
        CU_ASSERT_PTR_NOT_NULL_FATAL(chain);
        bool is_there = false;
        for (size_t j = 0; j < chain->rows.count; j++) {
            is_there |= chain->rows.items[j] == row;
        }
        CU_ASSERT_TRUE(is_there);
    }
    for (size_t i = 0; i < catalogue_known_variable_count(); i++) {
        const struct known_variable *known = catalogue_known_variable(i);
        const struct known_variable *found =
            catalogue_find_known_variable(slice_from_string(known->name));
        CU_ASSERT_PTR_EQUAL(found, known->is_prefix ? NULL : known);
    }
    CU_ASSERT_PTR_NULL(catalogue_find_known_variable(SLICE("")));
    CU_ASSERT_PTR_NULL(catalogue_find_known_variable(SLICE("zzz")));
    CU_ASSERT_PTR_NULL(catalogue_find(&catalogue, SLICE("")));
    CU_ASSERT_PTR_NOT_NULL(catalogue_find_entry(&catalogue, C_STREAM_MAP));
    CU_ASSERT_PTR_NULL(catalogue_find_entry(&catalogue, C_SERVER));
    arena_release(&arena);
}

/* What nginx has for streams only or not at all, or takes more of in its commercial build. */
static bool is_own(const struct directive *row) {
    static const char *const names[] = {"proxy_protocol", "ssl_alpn", "tls_profile",
                                        "limit_req_zone"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(row->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What has a meaning here stands where nginx allows it and takes as many arguments. */
static void agrees_with_nginx(void) {
    begin();
    for (size_t i = 0; i < catalogue_directive_count(); i++) {
        const struct directive *row = catalogue_directive(i);
        if (row->group == GROUP_LISTED || is_own(row)) {
            continue;
        }
        uint32_t contexts = 0;
        const struct directive_chain *chain =
            catalogue_find(&catalogue, slice_from_string(row->name));
        for (size_t j = 0; j < chain->rows.count; j++) {
            const struct directive *listed = chain->rows.items[j];
            if (listed->group == GROUP_LISTED && (listed->contexts & row->contexts) != 0) {
                contexts |= listed->contexts;
                CU_ASSERT_EQUAL(listed->min_arguments, row->min_arguments);
                CU_ASSERT_EQUAL(listed->max_arguments, row->max_arguments);
            }
        }
        CU_ASSERT_EQUAL(contexts & row->contexts, row->contexts);
        if ((contexts & row->contexts) != row->contexts) {
            printf("\n  %s stands where nginx does not take it\n", row->name);
        }
    }
    arena_release(&arena);
}

static void knows_exact_argument_counts(void) {
    struct directive row = {.min_arguments = 1, .max_arguments = 3, .argument_counts = "1,3"};
    CU_ASSERT_TRUE(catalogue_takes_count(&row, 1));
    CU_ASSERT_FALSE(catalogue_takes_count(&row, 2));
    CU_ASSERT_TRUE(catalogue_takes_count(&row, 3));
    CU_ASSERT_FALSE(catalogue_takes_count(&row, 0));
    CU_ASSERT_FALSE(catalogue_takes_count(&row, 31));
    row = (struct directive){.min_arguments = 2, .max_arguments = MANY, .argument_counts = "2+"};
    CU_ASSERT_FALSE(catalogue_takes_count(&row, 1));
    CU_ASSERT_TRUE(catalogue_takes_count(&row, 100));
}

static bool argument_text_is(uint32_t min, uint32_t max, const char *counts, const char *text) {
    struct directive row = {.min_arguments = min, .max_arguments = max, .argument_counts = counts};
    return slice_equals(catalogue_argument_text(&arena, &row), slice_from_string(text));
}

static void words_argument_counts(void) {
    arena_init(&arena, 4096);
    CU_ASSERT_TRUE(argument_text_is(0, 0, "", "no arguments"));
    CU_ASSERT_TRUE(argument_text_is(1, 1, "", "1 argument"));
    CU_ASSERT_TRUE(argument_text_is(2, 2, "", "2 arguments"));
    CU_ASSERT_TRUE(argument_text_is(1, 2, "", "1 or 2 arguments"));
    CU_ASSERT_TRUE(argument_text_is(1, 3, "1,3", "1 or 3 arguments"));
    CU_ASSERT_TRUE(argument_text_is(1, 3, "1,2,3", "1 to 3 arguments"));
    CU_ASSERT_TRUE(argument_text_is(2, MANY, "2+", "at least 2 arguments"));
    arena_release(&arena);
}

static void names_contexts(void) {
    arena_init(&arena, 4096);
    struct slice text = catalogue_context_names(&arena, C_HTTP | C_SERVER | C_LOCATION);
    CU_ASSERT_TRUE(slice_equals(text, SLICE("http, server or location")));
    text = catalogue_context_names(&arena, C_UPSTREAM);
    CU_ASSERT_TRUE(slice_equals(text, SLICE("upstream")));
    text = catalogue_context_names(&arena, C_ANY);
    CU_ASSERT_TRUE(slice_equals(text, SLICE("any block")));
    arena_release(&arena);
}

static void finds_the_nearest_name(void) {
    begin();
    struct slice name = catalogue_nearest_directive(&catalogue, SLICE("proxy_pas"), C_LOCATION);
    CU_ASSERT_TRUE(slice_equals(name, SLICE("proxy_pass")));
    /* Not allowed there, but what was meant all the same. */
    name = catalogue_nearest_directive(&catalogue, SLICE("worker_proceses"), C_LOCATION);
    CU_ASSERT_TRUE(slice_equals(name, SLICE("worker_processes")));
    name = catalogue_nearest_directive(&catalogue, SLICE("zzzzzzzzzz"), C_LOCATION);
    CU_ASSERT_EQUAL(name.size, 0);
    arena_release(&arena);
}

UNIT_TESTS("model/catalogue", {"chooses by context", chooses_by_context},
           {"prefers rows with a meaning here", prefers_rows_with_a_meaning_here},
           {"has complete rows", has_complete_rows}, {"is sorted", is_sorted},
           {"finds every row", finds_every_row}, {"agrees with nginx", agrees_with_nginx},
           {"knows exact argument counts", knows_exact_argument_counts},
           {"words argument counts", words_argument_counts}, {"names contexts", names_contexts},
           {"finds the nearest name", finds_the_nearest_name})
