/* Queueing, limiting and ordering diagnostics, and how they are printed. */
#include "parsed.h"

struct fixture {
    struct arena arena;
    struct source_set sources;
    struct diagnostic_list list;
};

static void begin(struct fixture *fixture, struct slice text) {
    arena_init(&fixture->arena, 4096);
    source_set_init(&fixture->sources, &fixture->arena);
    diagnostic_list_init(&fixture->list, &fixture->arena);
    source_add(&fixture->sources, SLICE("t.conf"), text);
}

static void end(struct fixture *fixture) {
    arena_release(&fixture->arena);
}

static char *print(struct fixture *fixture, const struct diagnostic *diagnostic, bool colour) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    diagnostic_print(out, &fixture->sources, diagnostic, colour);
    fclose(out);
    return text;
}

static void expect(struct fixture *fixture, const struct diagnostic *diagnostic,
                   const char *expected) {
    char *text = print(fixture, diagnostic, false);
    bool is_same = strcmp(text, expected) == 0;
    CU_ASSERT_TRUE(is_same);
    if (!is_same) {
        printf("\ngot:\n%s\nexpected:\n%s\n", text, expected);
    }
    free(text);
}

static struct diagnostic *error_at(struct fixture *fixture, uint32_t from, uint32_t to) {
    return diagnostic_error(&fixture->list, DIAGNOSTIC_UNKNOWN_DIRECTIVE,
                            (struct span){0, from, to}, "what %s", "happened");
}

static void prints_place_line_and_caret(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("server {\n    proxy_pas x;\n}\n"));
    struct diagnostic *error = error_at(&fixture, 13, 22);
    diagnostic_note(&fixture.arena, error, (struct span){0, 0, 6}, "in this %d", 1);
    diagnostic_help(&fixture.arena, error, "write \"%s\"", "proxy_pass");
    expect(&fixture, error,
           "t.conf:2:5: error[RPC0100]: what happened\n"
           "   2 |     proxy_pas x;\n"
           "     |     ^~~~~~~~~\n"
           "t.conf:1:1: note: in this 1\n"
           "help: write \"proxy_pass\"\n");
    end(&fixture);
}

static void prints_without_a_place(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("a;"));
    struct diagnostic *warning = diagnostic_create(
        &fixture.arena, SEVERITY_WARNING, SLICE("some-rule"), (struct span){0}, SLICE("all of it"));
    warning->has_span = false;
    struct diagnostic_note note = {.message = SLICE("because")};
    VECTOR_PUSH(&fixture.arena, &warning->notes, note);
    expect(&fixture, warning, "warning[some-rule]: all of it\nnote: because\n");
    end(&fixture);
}

static void marks_ends_of_lines_and_texts(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("ab\ncd"));
    expect(&fixture, error_at(&fixture, 2, 2),
           "t.conf:1:3: error[RPC0100]: what happened\n   1 | ab\n     |   ^\n");
    expect(&fixture, error_at(&fixture, 5, 5),
           "t.conf:2:3: error[RPC0100]: what happened\n   2 | cd\n     |   ^\n");
    end(&fixture);
    begin(&fixture, SLICE("\n"));
    expect(&fixture, error_at(&fixture, 1, 1),
           "t.conf:2:1: error[RPC0100]: what happened\n   2 |\n     | ^\n");
    end(&fixture);
}

static void marks_only_the_first_line_of_a_span(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("a \"b\nc\" d;"));
    expect(&fixture, error_at(&fixture, 2, 7),
           "t.conf:1:3: error[RPC0100]: what happened\n   1 | a \"b\n     |   ^~\n");
    end(&fixture);
}

static void aligns_tabs_and_wide_characters(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("\ta\tbc;\n\xe6\x97\xa5\xc3\xa9 bc;"));
    expect(&fixture, error_at(&fixture, 3, 5),
           "t.conf:1:4: error[RPC0100]: what happened\n"
           "   1 |     a   bc;\n"
           "     |         ^~\n");
    expect(&fixture, error_at(&fixture, 13, 15),
           "t.conf:2:7: error[RPC0100]: what happened\n"
           "   2 | \xe6\x97\xa5\xc3\xa9 bc;\n"
           "     |     ^~\n");
    end(&fixture);
}

static void shows_nothing_that_controls_a_terminal(void) {
    struct fixture fixture;
    /* Escape, invalid UTF-8, a C1 control and a change of direction. */
    begin(&fixture, SLICE("a \x1b[2J\xff\xc2\x9b\xe2\x80\xae z;"));
    struct diagnostic *error = diagnostic_error(&fixture.list, DIAGNOSTIC_UNKNOWN_DIRECTIVE,
                                                (struct span){0, 13, 14}, "no \"\x1b]0;x\x07\n\"");
    diagnostic_help(&fixture.arena, error, "\x1b");
    diagnostic_note(&fixture.arena, error, (struct span){0, 0, 1}, "\r");
    expect(&fixture, error,
           "t.conf:1:14: error[RPC0100]: no \"?]0;x??\"\n"
           "   1 | a ?[2J??? z;\n"
           "     |           ^\n"
           "t.conf:1:1: note: ?\n"
           "help: ?\n");
    end(&fixture);
}

/* The widest line of a text, and the column of the byte above the caret. */
static void measure(const char *text, size_t *widest, char *marked) {
    const char *line = strchr(text, '\n') + 1;
    const char *below = strchr(line, '\n') + 1;
    *widest = (size_t)(below - line) - 1;
    *marked = line[strchr(below, '^') - below];
}

static void cuts_long_lines_around_the_caret(void) {
    static char line[2000];
    for (uint32_t at = 0; at < sizeof line; at += 37) {
        memset(line, 'x', sizeof line);
        line[at] = 'M';
        struct fixture fixture;
        begin(&fixture, (struct slice){line, sizeof line});
        char *text = print(&fixture, error_at(&fixture, at, at + 900), false);
        size_t widest;
        char marked;
        measure(text, &widest, &marked);
        CU_ASSERT_TRUE(widest <= 160);
        CU_ASSERT_TRUE(widest >= 150);
        CU_ASSERT_EQUAL(marked, 'M');
        const char *caret_line = strrchr(text, '|');
        CU_ASSERT_TRUE(strlen(caret_line) + 5 <= 161);
        free(text);
        end(&fixture);
    }
}

static void keeps_lines_that_just_fit(void) {
    static char line[154];
    memset(line, 'x', sizeof line);
    struct fixture fixture;
    begin(&fixture, (struct slice){line, 153});
    char *text = print(&fixture, error_at(&fixture, 150, 153), false);
    CU_ASSERT_PTR_NULL(strstr(text, "..."));
    free(text);
    end(&fixture);
    begin(&fixture, (struct slice){line, 154});
    text = print(&fixture, error_at(&fixture, 150, 154), false);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "..."));
    free(text);
    end(&fixture);
}

static void names_the_files_it_was_included_from(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("a;\ninclude b;"));
    struct source *inner = source_add(&fixture.sources, SLICE("b"), SLICE("\ninclude c;"));
    inner->is_included = true;
    inner->included_at = (struct span){0, 3, 13};
    struct source *innermost = source_add(&fixture.sources, SLICE("c"), SLICE("d;"));
    innermost->is_included = true;
    innermost->included_at = (struct span){1, 1, 11};
    struct diagnostic *error =
        diagnostic_error(&fixture.list, DIAGNOSTIC_UNKNOWN_DIRECTIVE, (struct span){2, 0, 1}, "no");
    expect(&fixture, error,
           "in file included from b:2\n"
           "in file included from t.conf:2\n"
           "c:1:1: error[RPC0100]: no\n"
           "   1 | d;\n"
           "     | ^\n");
    end(&fixture);
}

static void colours_only_when_asked(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("a b;"));
    struct diagnostic *error = error_at(&fixture, 2, 3);
    char *text = print(&fixture, error, true);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\033[1;31merror[RPC0100]: \033[0mwhat happened\n"));
    free(text);
    text = print(&fixture, error, false);
    CU_ASSERT_PTR_NULL(strchr(text, '\033'));
    free(text);
    end(&fixture);
}

static void sorts_by_place_and_then_by_queueing(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("abcdef"));
    struct diagnostic *items[6];
    for (size_t i = 0; i < 6; i++) {
        items[i] = diagnostic_create(&fixture.arena, SEVERITY_ERROR, SLICE(""),
                                     (struct span){i == 0, i < 4 ? 3 : 1, 6}, SLICE(""));
    }
    items[3]->has_span = false;
    struct diagnostic *sorted[6];
    memcpy(sorted, items, sizeof items);
    diagnostic_sort(sorted, 6);
    static const size_t order[] = {3, 4, 5, 1, 2, 0};
    for (size_t i = 0; i < 6; i++) {
        CU_ASSERT_PTR_EQUAL(sorted[i], items[order[i]]);
    }
    end(&fixture);
}

static void drops_errors_beyond_the_limit(void) {
    struct fixture fixture;
    begin(&fixture, SLICE("abc"));
    fixture.list.limit = 2;
    for (int i = 0; i < 5; i++) {
        struct diagnostic *error = error_at(&fixture, 0, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        diagnostic_help(&fixture.arena, error, "help");
        diagnostic_add(&fixture.list, SEVERITY_WARNING, DIAGNOSTIC_UNKNOWN_DIRECTIVE,
                       (struct span){0, 0, 1}, "warning");
    }
    CU_ASSERT_EQUAL(fixture.list.error_count, 5);
    CU_ASSERT_EQUAL(fixture.list.all.count, 2 + 5);
    end(&fixture);
}

UNIT_TESTS("syntax/diagnostic", {"prints place, line and caret", prints_place_line_and_caret},
           {"prints without a place", prints_without_a_place},
           {"marks ends of lines and texts", marks_ends_of_lines_and_texts},
           {"marks only the first line of a span", marks_only_the_first_line_of_a_span},
           {"aligns tabs and wide characters", aligns_tabs_and_wide_characters},
           {"shows nothing that controls a terminal", shows_nothing_that_controls_a_terminal},
           {"cuts long lines around the caret", cuts_long_lines_around_the_caret},
           {"keeps lines that just fit", keeps_lines_that_just_fit},
           {"names the files it was included from", names_the_files_it_was_included_from},
           {"colours only when asked", colours_only_when_asked},
           {"sorts by place, then by queueing", sorts_by_place_and_then_by_queueing},
           {"drops errors beyond the limit", drops_errors_beyond_the_limit})
