/* Includes: which files a pattern brings in, and what is wrong with some. Each test works in a
 * folder of its own. */
#include "parsed.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

struct folder {
    char path[64];
    struct parsed parsed;
};

static void enter(struct folder *folder) {
    snprintf(folder->path, sizeof folder->path, "/tmp/rpc-include-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder->path));
    parsed_init(&folder->parsed);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void leave(struct folder *folder) {
    parsed_release(&folder->parsed);
    nftw(folder->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(struct folder *folder, const char *name) {
    return arena_format(&folder->parsed.arena, "%s/%s", folder->path, name).data;
}

static void write_file(struct folder *folder, const char *name, const char *text) {
    FILE *file = fopen(path_of(folder, name), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(struct folder *folder, const char *name) {
    CU_ASSERT_EQUAL_FATAL(mkdir(path_of(folder, name), 0700), 0);
}

static int read_main(struct folder *folder, const char *name, const char *prefix) {
    struct parsed *parsed = &folder->parsed;
    const struct parse_options options = {.prefix = prefix};
    return parse_file(&parsed->arena, &parsed->sources, &parsed->diagnostics, path_of(folder, name),
                      &options, &parsed->tree);
}

static void expect(struct folder *folder, const char *tree, const char *errors) {
    CU_ASSERT_EQUAL_FATAL(read_main(folder, "main.conf", NULL), 0);
    CU_ASSERT_STRING_EQUAL(parsed_tree(&folder->parsed), tree);
    CU_ASSERT_STRING_EQUAL(parsed_errors(&folder->parsed), errors);
}

static void brings_in_files_in_place(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "a; include one.conf; b { include 'one.conf'; c; }");
    write_file(&folder, "one.conf", "x; y { z; }");
    expect(&folder, "a;x;y{z;}b{x;y{z;}c;}", "");

    struct block *root = folder.parsed.tree.root;
    struct statement *include = root->first->next;
    CU_ASSERT_TRUE(statement_is_include(include));
    CU_ASSERT_PTR_EQUAL(include->included->included_into, root);
    CU_ASSERT_PTR_EQUAL(include->included->included_by, include);
    CU_ASSERT_PTR_NULL(include->included->next);
    CU_ASSERT_PTR_NULL(statement_owner(include->included->first));
    leave(&folder);
}

static void knows_owners_through_includes(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "b { include 1; }");
    write_file(&folder, "1", "include 2;");
    write_file(&folder, "2", "x;");
    expect(&folder, "b{x;}", "");
    struct statement *b = folder.parsed.tree.root->first;
    struct tree_walk walk = tree_walk_begin(b->block);
    CU_ASSERT_PTR_EQUAL(statement_owner(tree_walk_next(&walk)), b);
    CU_ASSERT_PTR_NULL(tree_walk_next(&walk));
    CU_ASSERT_PTR_NULL(tree_walk_next(&walk));
    leave(&folder);
}

static void sorts_what_a_pattern_matches(void) {
    struct folder folder;
    enter(&folder);
    make_folder(&folder, "d");
    write_file(&folder, "main.conf", "include d/*.conf; include d/none*; last;");
    write_file(&folder, "d/b.conf", "b;");
    write_file(&folder, "d/a.conf", "a;");
    write_file(&folder, "d/B.conf", "B;");
    write_file(&folder, "d/.hidden.conf", "hidden;");
    write_file(&folder, "d/c.conf~", "backup;");
    expect(&folder, "B;a;b;last;", "");
    leave(&folder);
}

static void is_relative_to_the_main_file_or_the_prefix(void) {
    struct folder folder;
    enter(&folder);
    make_folder(&folder, "d");
    make_folder(&folder, "p");
    write_file(&folder, "main.conf", "include d/one.conf;");
    write_file(&folder, "d/one.conf", "include two.conf;");
    write_file(&folder, "two.conf", "beside_main;");
    write_file(&folder, "p/one.conf", "wrong;");
    expect(&folder, "beside_main;", "");
    struct slice name = folder.parsed.sources.all.items[1]->name;
    CU_ASSERT_TRUE(slice_equals(name, slice_from_string(path_of(&folder, "d/one.conf"))));
    leave(&folder);

    enter(&folder);
    make_folder(&folder, "p");
    write_file(&folder, "main.conf", "include one.conf; include o*;");
    write_file(&folder, "p/one.conf", "in_prefix;");
    const char *prefix = path_of(&folder, "p");
    CU_ASSERT_EQUAL_FATAL(read_main(&folder, "main.conf", prefix), 0);
    CU_ASSERT_STRING_EQUAL(parsed_tree(&folder.parsed), "in_prefix;in_prefix;");
    leave(&folder);
}

static void takes_a_directory_by_its_name(void) {
    struct folder folder;
    enter(&folder);
    make_folder(&folder, "[x]*");
    write_file(&folder, "[x]*/main.conf", "include a*;");
    write_file(&folder, "[x]*/a.conf", "a;");
    CU_ASSERT_EQUAL_FATAL(read_main(&folder, "[x]*/main.conf", NULL), 0);
    CU_ASSERT_STRING_EQUAL(parsed_tree(&folder.parsed), "a;");
    leave(&folder);
}

static void reports_unreadable_files(void) {
    struct folder folder;
    enter(&folder);
    make_folder(&folder, "d");
    write_file(&folder, "main.conf", "include none; include d; include main.conf/x; a;");
    expect(&folder, "a;", "RPC0012 1:9, RPC0012 1:23, RPC0012 1:34");
    leave(&folder);
    enter(&folder);
    CU_ASSERT_EQUAL(read_main(&folder, "main.conf", NULL), ENOENT);
    leave(&folder);
}

static void wants_one_argument(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "include; include a b; a;");
    expect(&folder, "a;", "RPC0013 1:1, RPC0013 1:10");
    leave(&folder);
}

static void leaves_an_include_with_a_block_to_others(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "include a { b; }");
    expect(&folder, "include<a>{b;}", "");
    leave(&folder);
}

static void reports_cycles_with_their_chain(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "a;\ninclude one.conf;");
    write_file(&folder, "one.conf", "b; include two.conf;");
    write_file(&folder, "two.conf", "c; include ./one.conf; d;");
    expect(&folder, "a;b;c;d;", "RPC0010 1:12");
    const struct diagnostic *error = folder.parsed.diagnostics.all.items[0];
    CU_ASSERT_EQUAL(error->span.source, 2);
    CU_ASSERT_EQUAL_FATAL(error->notes.count, 1);
    CU_ASSERT_EQUAL(error->notes.items[0].span.source, 1);
    leave(&folder);
}

static void knows_a_file_by_other_names(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "a; include link; include main.conf;");
    const char *link_path = path_of(&folder, "link");
    CU_ASSERT_EQUAL_FATAL(symlink("main.conf", link_path), 0);
    expect(&folder, "a;", "RPC0010 1:12, RPC0010 1:26");
    leave(&folder);
}

static void limits_the_depth(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "include 1;");
    for (int i = 1; i <= 60; i++) {
        char name[8];
        char text[32];
        snprintf(name, sizeof name, "%d", i);
        snprintf(text, sizeof text, "f%d; include %d;", i, i + 1);
        write_file(&folder, name, text);
    }
    CU_ASSERT_EQUAL_FATAL(read_main(&folder, "main.conf", NULL), 0);
    CU_ASSERT_STRING_EQUAL(parsed_errors(&folder.parsed), "RPC0011 1:14");
    CU_ASSERT_EQUAL(folder.parsed.sources.all.count, 51);
    CU_ASSERT_TRUE(folder.parsed.diagnostics.all.items[0]->notes.count > 0);
    leave(&folder);
}

static void counts_nesting_through_includes(void) {
    struct folder folder;
    enter(&folder);
    struct text nested;
    text_init(&nested, &folder.parsed.arena);
    for (int i = 0; i < 150; i++) {
        text_add(&nested, SLICE("a{"));
    }
    text_add(&nested, SLICE("include inner;"));
    for (int i = 0; i < 150; i++) {
        text_add_byte(&nested, '}');
    }
    write_file(&folder, "main.conf", nested.data);
    write_file(&folder, "inner", nested.data);
    CU_ASSERT_EQUAL_FATAL(read_main(&folder, "main.conf", NULL), 0);
    CU_ASSERT_STRING_EQUAL(parsed_errors(&folder.parsed), "RPC0009 1:102");
    leave(&folder);
}

static void goes_on_after_errors_in_an_included_file(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "a { include bad; } b 1");
    write_file(&folder, "bad", "c 1 } d;");
    expect(&folder, "a{d;}b<1>;", "RPC0004 1:23, RPC0001 1:5");
    leave(&folder);
}

static void reads_standard_input(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "a; include -;");
    int saved = dup(STDIN_FILENO);
    int input = open(path_of(&folder, "main.conf"), O_RDONLY | O_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(saved >= 0 && input >= 0 && dup2(input, STDIN_FILENO) >= 0);
    struct parsed *parsed = &folder.parsed;
    const struct parse_options options = {.prefix = folder.path};
    CU_ASSERT_EQUAL(parse_file(&parsed->arena, &parsed->sources, &parsed->diagnostics, "-",
                               &options, &parsed->tree),
                    0);
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(input);
    CU_ASSERT_STRING_EQUAL(parsed_tree(parsed), "a;");
    /* Within a file "-" is a file's name. */
    CU_ASSERT_STRING_EQUAL(parsed_errors(parsed), "RPC0012 1:12");
    CU_ASSERT_TRUE(slice_equals(parsed->sources.all.items[0]->name, SLICE("<stdin>")));
    leave(&folder);
}

static void walks_through_empty_files(void) {
    struct folder folder;
    enter(&folder);
    write_file(&folder, "main.conf", "include e?; include e1; a; include e2;");
    write_file(&folder, "e1", "");
    write_file(&folder, "e2", "# nothing\n");
    write_file(&folder, "e3", "include e1; b; include e2;");
    expect(&folder, "b;a;", "");
    CU_ASSERT_EQUAL(folder.parsed.tree.comments.count, 3);
    leave(&folder);
}

UNIT_TESTS("syntax/include", {"brings in files in place", brings_in_files_in_place},
           {"knows owners through includes", knows_owners_through_includes},
           {"sorts what a pattern matches", sorts_what_a_pattern_matches},
           {"is relative to the main file or the prefix",
            is_relative_to_the_main_file_or_the_prefix},
           {"takes a directory by its name", takes_a_directory_by_its_name},
           {"reports unreadable files", reports_unreadable_files},
           {"wants one argument", wants_one_argument},
           {"leaves an include with a block to others", leaves_an_include_with_a_block_to_others},
           {"reports cycles with their chain", reports_cycles_with_their_chain},
           {"knows a file by other names", knows_a_file_by_other_names},
           {"limits the depth", limits_the_depth},
           {"counts nesting through includes", counts_nesting_through_includes},
           {"goes on after errors in an included file", goes_on_after_errors_in_an_included_file},
           {"reads standard input", reads_standard_input},
           {"walks through empty files", walks_through_empty_files})
