/* Syntax errors: each is reported once, at its place, and the rest of the text is read all the
 * same. */
#include "parsed.h"

static void misses_semicolons(void) {
    EXPECT("a{b 1 }c;", "a{b<1>;}c;", "RPC0004 1:6");
    EXPECT("a{b\n}", "a{b;}", "RPC0004 1:4");
    EXPECT("a b", "a<b>;", "RPC0004 1:4");
    EXPECT("a \"b\"", "a<b>;", "RPC0004 1:6");
    EXPECT("a{b \"c\"}", "a{b<c>;}", "RPC0004 1:8");
    EXPECT("a b\\", "a<b\\>;", "RPC0004 1:5");
    EXPECT("\\", "\\;", "RPC0004 1:2");
}

static void finds_stray_braces(void) {
    EXPECT("}", "", "RPC0001 1:1");
    EXPECT("a{}}b;}c;", "a{}b;c;", "RPC0001 1:4, RPC0001 1:7");
    EXPECT("a }b;", "b;", "RPC0001 1:3");
}

static void finds_statements_without_a_directive(void) {
    EXPECT(";", "", "RPC0006 1:1");
    EXPECT("a;;b;", "a;b;", "RPC0006 1:3");
    EXPECT("a{};", "a{}", "RPC0006 1:4");
    EXPECT("{a;}b;", "b;", "RPC0006 1:1");
    EXPECT("a{{b 1 }}", "a{}", "RPC0006 1:3, RPC0004 1:7");
}

static void reports_unclosed_blocks_once(void) {
    EXPECT("a{b;", "a{b;}", "RPC0002 1:2");
    EXPECT("a {\n b {\n c {", "a{b{c{}}}", "RPC0002 3:4");
    EXPECT("a{b 1", "a{b<1>;}", "RPC0002 1:2, RPC0004 1:6");

    struct parsed parsed;
    parsed_read(&parsed, SLICE("a {\n b {\n c {"));
    CU_ASSERT_EQUAL_FATAL(parsed.diagnostics.all.count, 1);
    CU_ASSERT_EQUAL(parsed.diagnostics.all.items[0]->notes.count, 2);
    parsed_release(&parsed);
}

static void notes_where_indentation_tells_of_a_missing_brace(void) {
    struct parsed parsed;
    parsed_read(&parsed, SLICE("a {\n  b {\n    c {\n      d;\n  }\n}\n"));
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "RPC0002 1:3");
    const struct diagnostic *error = parsed.diagnostics.all.items[0];
    CU_ASSERT_EQUAL_FATAL(error->notes.count, 1);
    struct span span = error->notes.items[0].span;
    CU_ASSERT_EQUAL(source_locate(&parsed.sources, span.source, span.begin).line, 5);
    parsed_release(&parsed);

    /* Unusual, but balanced within "a": no suspicion is left for "e". */
    parsed_read(&parsed, SLICE("a {\n  b {\n    }\n}\ne {\n"));
    CU_ASSERT_EQUAL_FATAL(parsed.diagnostics.all.count, 1);
    CU_ASSERT_EQUAL(parsed.diagnostics.all.items[0]->notes.count, 0);
    parsed_release(&parsed);
}

static void notes_a_brace_glued_to_a_word(void) {
    struct parsed parsed;
    parsed_read(&parsed, SLICE("a b}; c { d ${x};\n"));
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "RPC0002 1:9");
    /* That of "b}" is not in the block. */
    CU_ASSERT_EQUAL(parsed.diagnostics.all.items[0]->notes.count, 0);
    parsed_release(&parsed);

    parsed_read(&parsed, SLICE("c { d ${x} 80}\n e;\n"));
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "RPC0002 1:3");
    CU_ASSERT_EQUAL_FATAL(parsed.diagnostics.all.items[0]->notes.count, 1);
    CU_ASSERT_EQUAL(parsed.diagnostics.all.items[0]->notes.items[0].span.begin, 13);
    parsed_release(&parsed);

    EXPECT("a { b 80}", "a{}", "RPC0002 1:3");
    EXPECT("b 80}", "b<80}>;", "RPC0004 1:6");
}

static void resumes_after_an_unclosed_quote(void) {
    EXPECT("a \"b;\nc {\n d 1\n}\n", "c{d<1>;}", "RPC0003 1:3, RPC0004 3:5");
    EXPECT("a 'b {\n c;\n}\nd;", "d;", "RPC0003 1:3");
    EXPECT("a 'b; # c;\nd;", "d;", "RPC0003 1:3");
    EXPECT("a 'b; \r\nd;", "d;", "RPC0003 1:3");
    EXPECT("a \"b\nc;\nd;", "d;", "RPC0003 1:3");
    EXPECT("a{b \"c\n}d;", "a{}d;", "RPC0003 1:5");
    EXPECT("\"", "", "RPC0003 1:1");
    EXPECT("a \"\\", "", "RPC0003 1:3");
    EXPECT("a \"\\\"", "", "RPC0003 1:3");
}

static void finds_text_after_a_quote(void) {
    EXPECT("a \"b\"c; d;", "d;", "RPC0005 1:6");
    EXPECT("a \"b\"\"c\"\"d\"; e;", "e;", "RPC0005 1:6");
    EXPECT("a 'b'#c\n; d;", "d;", "RPC0005 1:6");
    EXPECT("a \"b\"c { d 1 } e;", "e;", "RPC0005 1:6, RPC0004 1:13");
}

static void reports_zero_bytes_once(void) {
    EXPECT("a\0b\0 c; d 1", "d<1>;", "RPC0014 1:2, RPC0004 1:12");
}

static void limits_nesting(void) {
    static char text[3 * 300 + 1];
    for (size_t i = 0; i < 300; i++) {
        memcpy(text + 2 * i, "a{", 2);
        text[600 + i] = '}';
    }
    struct parsed parsed;
    parsed_read(&parsed, (struct slice){text, 900});
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "RPC0009 1:402");
    parsed_release(&parsed);

    parsed_read(&parsed, (struct slice){text, 600});
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "RPC0002 1:400, RPC0009 1:402");
    parsed_release(&parsed);
}

static void survives_extreme_nesting(void) {
    size_t size = 1000000;
    char *text = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, '{', size);
    struct parsed parsed;
    parsed_read(&parsed, (struct slice){text, size});
    /* One for each nameless block up to the limit, the limit, and the end. */
    CU_ASSERT_EQUAL(parsed.diagnostics.error_count, 202);
    parsed_release(&parsed);
    free(text);
}

static void reports_independent_errors_in_one_run(void) {
    EXPECT("events {\n"
           "    worker_connections 64\n"
           "}\n"
           "http {\n"
           "    server { listen 80;; }\n"
           "    server { server_name \"a\"b; }\n"
           "}\n"
           "}\n",
           "events{worker_connections<64>;}http{server{listen<80>;}server{}}",
           "RPC0004 2:26, RPC0006 5:24, RPC0005 6:29, RPC0001 8:1");
}

UNIT_TESTS("syntax/reader", {"misses semicolons", misses_semicolons},
           {"finds stray braces", finds_stray_braces},
           {"finds statements without a directive", finds_statements_without_a_directive},
           {"reports unclosed blocks once", reports_unclosed_blocks_once},
           {"notes where indentation tells of a missing brace",
            notes_where_indentation_tells_of_a_missing_brace},
           {"notes a brace glued to a word", notes_a_brace_glued_to_a_word},
           {"resumes after an unclosed quote", resumes_after_an_unclosed_quote},
           {"finds text after a quote", finds_text_after_a_quote},
           {"reports zero bytes once", reports_zero_bytes_once}, {"limits nesting", limits_nesting},
           {"survives extreme nesting", survives_extreme_nesting},
           {"reports independent errors in one run", reports_independent_errors_in_one_run})
