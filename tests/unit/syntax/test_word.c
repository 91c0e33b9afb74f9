/* Words: where they begin and end, quotes, escapes and comments. What is expected here is what
 * nginx does with the same text. */
#include "parsed.h"

static void splits_at_blanks(void) {
    EXPECT("a b\tc\r\nd\ne;", "a<b|c|d|e>;", "");
    EXPECT("", "", "");
    EXPECT(" \t\r\n", "", "");
    EXPECT("a;b{c;}d;", "a;b{c;}d;", "");
    EXPECT("a{}b{}", "a{}b{}", "");
}

static void quotes_only_where_a_word_begins(void) {
    EXPECT("a \"b c;{}#\" 'd \"e';", "a<b c;{}#|d \"e>;", "");
    EXPECT("a b\"c d\"e;", "a<b\"c|d\"e>;", "");
    EXPECT("a it's;", "a<it's>;", "");
    EXPECT("a \"\" '';", "a<|>;", "");
    EXPECT("a \"b\nc\";", "a<b\nc>;", "");
    EXPECT("\"a\" b;", "a<b>;", "");
}

static void resolves_escapes(void) {
    EXPECT("a \\\"b \\'c \\\\d;", "a<\"b|'c|\\d>;", "");
    EXPECT("a x\\ty\\rz\\n;", "a<x\ty\rz\n>;", "");
    EXPECT("a \\.php$ \\ b \\;c \\{d \\#e;", "a<\\.php$|\\ b|\\;c|\\{d|\\#e>;", "");
    EXPECT("a \"b\\\"c\" 'd\\'e' \"f\\'g\";", "a<b\"c|d'e|f'g>;", "");
    EXPECT("a \"b\\\\\" c;", "a<b\\|c>;", "");
    EXPECT("a b\\\nc;", "a<b\\\nc>;", "");
}

static void brace_after_dollar_stays_in_word(void) {
    EXPECT("a ${b}c;", "a<${b}c>;", "");
    EXPECT("a b${c}${d};", "a<b${c}${d}>;", "");
    EXPECT("a ${{{b;", "a<${{{b>;", "");
    EXPECT("a $${b;", "a<$${b>;", "");
    EXPECT("a $ {b;}", "a<$>{b;}", "");
    EXPECT("a $b{c;}", "a<$b>{c;}", "");
    EXPECT("a \\${b;}", "a<\\$>{b;}", "");
    EXPECT("a $\\{b;", "a<$\\{b>;", "");
}

static void hash_and_closing_brace_only_where_a_word_begins(void) {
    EXPECT("a b#c d}e;", "a<b#c|d}e>;", "");
    EXPECT("a #b;\nc;", "a<c>;", "");
    EXPECT("a;#b", "a;", "");
    EXPECT("a{b;}c;", "a{b;}c;", "");
}

static void parenthesis_may_follow_a_quote(void) {
    EXPECT("if ($a = \"b\") { c; }", "if<($a|=|b|)>{c;}", "");
    EXPECT("a \"b\");", "a<b|)>;", "");
    EXPECT("a \"b\"{c;}", "a<b>{c;}", "");
    EXPECT("a \"b\"\tc;", "a<b|c>;", "");
}

static void keeps_other_bytes(void) {
    EXPECT("a \x01\x7f\xff\xc3\xa4;", "a<\x01\x7f\xff\xc3\xa4>;", "");
    EXPECT("\xef\xbb\xbf"
           "a b;",
           "a<b>;", "");
    EXPECT("a \xef\xbb\xbf;", "a<\xef\xbb\xbf>;", "");
}

static void limits_the_length(void) {
    static char text[5000];
    memset(text, 'x', sizeof text);
    memcpy(text, "a ", 2);
    text[2 + 4095] = ';';
    struct parsed parsed;
    parsed_read(&parsed, (struct slice){text, 2 + 4095 + 1});
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "");
    CU_ASSERT_EQUAL(parsed.tree.root->first->words[1].text.size, 4095);
    parsed_release(&parsed);

    text[2 + 4095] = 'x';
    text[2 + 4096] = ';';
    parsed_read(&parsed, (struct slice){text, 2 + 4096 + 1});
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "RPC0008 1:3");
    CU_ASSERT_STRING_EQUAL(parsed_tree(&parsed), "");
    parsed_release(&parsed);
}

static void limits_the_length_of_quoted_words_by_their_closing_quote(void) {
    static char text[5000];
    memset(text, 'x', sizeof text);
    memcpy(text, "a \"", 3);
    memcpy(text + 3 + 4094, "\";", 2);
    struct parsed parsed;
    parsed_read(&parsed, (struct slice){text, 3 + 4094 + 2});
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "");
    parsed_release(&parsed);

    memcpy(text + 3 + 4094, "x\";", 3);
    parsed_read(&parsed, (struct slice){text, 3 + 4095 + 2});
    CU_ASSERT_STRING_EQUAL(parsed_errors(&parsed), "RPC0008 1:3");
    parsed_release(&parsed);
}

static void knows_place_and_quote_of_each_word(void) {
    struct parsed parsed;
    parsed_read(&parsed, SLICE("a\n  'b c' \"d\"; e { f; }"));
    const struct statement *s = parsed.tree.root->first;
    CU_ASSERT_EQUAL_FATAL(s->word_count, 3);
    CU_ASSERT_EQUAL(s->words[0].quote, QUOTE_NONE);
    CU_ASSERT_EQUAL(s->words[1].quote, QUOTE_SINGLE);
    CU_ASSERT_EQUAL(s->words[2].quote, QUOTE_DOUBLE);
    CU_ASSERT_EQUAL(s->words[1].span.begin, 4);
    CU_ASSERT_EQUAL(s->words[1].span.end, 9);
    CU_ASSERT_EQUAL(s->span.begin, 0);
    CU_ASSERT_EQUAL(s->span.end, 14);
    const struct statement *e = s->next;
    CU_ASSERT_EQUAL(e->span.begin, 15);
    CU_ASSERT_EQUAL(e->span.end, 23);
    CU_ASSERT_EQUAL(e->block->open.begin, 17);
    CU_ASSERT_EQUAL(e->block->close.begin, 22);
    CU_ASSERT_PTR_EQUAL(e->block->owner, e);
    CU_ASSERT_PTR_EQUAL(statement_owner(e->block->first), e);
    CU_ASSERT_PTR_NULL(statement_owner(e));
    parsed_release(&parsed);
}

static void collects_comments(void) {
    struct parsed parsed;
    parsed_read(&parsed, SLICE("# one\r\na; # two\n\t #three #\n'#' b#c;\n#"));
    CU_ASSERT_EQUAL_FATAL(parsed.tree.comments.count, 4);
    const struct comment *comments = parsed.tree.comments.items;
    CU_ASSERT_EQUAL(comments[0].span.begin, 0);
    CU_ASSERT_EQUAL(comments[0].span.end, 5); /* without the CR */
    CU_ASSERT_TRUE(comments[0].is_alone);
    CU_ASSERT_EQUAL(comments[1].line, 2);
    CU_ASSERT_FALSE(comments[1].is_alone);
    CU_ASSERT_EQUAL(comments[2].line, 3);
    CU_ASSERT_TRUE(comments[2].is_alone);
    CU_ASSERT_EQUAL(comments[2].span.end - comments[2].span.begin, 8);
    CU_ASSERT_EQUAL(comments[3].line, 5);
    parsed_release(&parsed);
}

UNIT_TESTS("syntax/word", {"splits at blanks", splits_at_blanks},
           {"quotes only where a word begins", quotes_only_where_a_word_begins},
           {"resolves escapes", resolves_escapes},
           {"brace after dollar stays in word", brace_after_dollar_stays_in_word},
           {"# and } only where a word begins", hash_and_closing_brace_only_where_a_word_begins},
           {"parenthesis may follow a quote", parenthesis_may_follow_a_quote},
           {"keeps other bytes", keeps_other_bytes}, {"limits the length", limits_the_length},
           {"limits the length of quoted words",
            limits_the_length_of_quoted_words_by_their_closing_quote},
           {"knows place and quote of each word", knows_place_and_quote_of_each_word},
           {"collects comments", collects_comments})
