/* The tree as JSON. */
#include "parsed.h"
#include "syntax/tree_json.h"

static void expect(struct slice text, const char *path, const char *expected) {
    struct parsed parsed;
    parsed_read(&parsed, text);
    json_t *tree = tree_json_build(&parsed.tree);
    json_t *part = tree;
    char key[32];
    for (const char *at = path; *at != '\0' && part != NULL;) {
        size_t size = strcspn(at, "/");
        snprintf(key, sizeof key, "%.*s", (int)size, at);
        part = json_is_array(part) ? json_array_get(part, strtoul(key, NULL, 10))
                                   : json_object_get(part, key);
        at += at[size] == '/' ? size + 1 : size;
    }
    char *shown = part == NULL ? NULL : json_dumps(part, JSON_COMPACT | JSON_ENCODE_ANY);
    CU_ASSERT_PTR_NOT_NULL_FATAL(shown);
    CU_ASSERT_STRING_EQUAL(shown, expected);
    if (strcmp(shown, expected) != 0) {
        printf("\n%s\n", shown);
    }
    free(shown);
    json_decref(tree);
    parsed_release(&parsed);
}

static void shows_words_and_spans(void) {
    expect(SLICE("a\n \"b\";"), "statements/0/words/1",
           "{\"text\":\"b\",\"quote\":\"double\",\"span\":{\"file\":0,"
           "\"begin\":{\"offset\":3,\"line\":2,\"column\":2},"
           "\"end\":{\"offset\":6,\"line\":2,\"column\":5}}}");
    expect(SLICE("a 'b' c;"), "statements/0/words/1/quote", "\"single\"");
    expect(SLICE("a 'b' c;"), "statements/0/words/2/quote", "\"none\"");
    expect(SLICE("a b;"), "statements/0/name", "\"a\"");
    expect(SLICE("a b;"), "statements/0/span/end/offset", "4");
    expect(SLICE("a b;"), "files", "[\"t.conf\"]");
    expect(SLICE(""), "statements", "[]");
}

static void nests_blocks(void) {
    expect(SLICE("a { b { c; } d; }"), "statements/0/block/statements/0/block/statements/0/name",
           "\"c\"");
    expect(SLICE("a { b; }"), "statements/0/block/open/begin/offset", "2");
    expect(SLICE("a { b; }"), "statements/0/block/close/begin/offset", "7");
}

static void shows_comments(void) {
    expect(SLICE("a; # b\n"), "comments/0/text", "\"# b\"");
    expect(SLICE("a; # b\n"), "comments/0/alone", "false");
    expect(SLICE("\n# b\n"), "comments/0/alone", "true");
}

static void repairs_what_is_not_utf8(void) {
    expect(SLICE("a b\xff\xc3\xa4;"), "statements/0/words/1/text", "\"b\xef\xbf\xbd\xc3\xa4\"");
    expect(SLICE("a b\xff\xc3\xa4;"), "statements/0/words/1/bytes", "\"62ffc3a4\"");
    expect(SLICE("a\xff;"), "statements/0/name", "\"a\xef\xbf\xbd\"");
}

static void shows_what_was_included(void) {
    struct parsed parsed;
    parsed_read(&parsed, SLICE("include x; a;"));
    /* As include.c does it, without a file. */
    struct source *source = source_add(&parsed.sources, SLICE("x"), SLICE("b;"));
    struct parsed inner;
    parsed_read(&inner, SLICE("b;"));
    struct block *block = inner.tree.root;
    block->open.source = source->id;
    block->included_by = parsed.tree.root->first;
    block->included_into = parsed.tree.root;
    parsed.tree.root->first->included = block;
    json_t *tree = tree_json_build(&parsed.tree);
    json_t *included =
        json_object_get(json_array_get(json_object_get(tree, "statements"), 0), "included");
    json_t *file = json_array_get(included, 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(file, "file")), 1);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(file, "statements")), 1);
    json_decref(tree);
    parsed_release(&inner);
    parsed_release(&parsed);
}

UNIT_TESTS("syntax/tree_json", {"shows words and spans", shows_words_and_spans},
           {"nests blocks", nests_blocks}, {"shows comments", shows_comments},
           {"repairs what is not UTF-8", repairs_what_is_not_utf8},
           {"shows what was included", shows_what_was_included})
