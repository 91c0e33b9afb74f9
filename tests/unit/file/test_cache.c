/* The cache of open files: what it knows, for how long, and whose descriptors they are. */
#include "file/cache.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECOND = 1000 };

static char folder[] = "/tmp/file-cache-XXXXXX";
static struct file_cache_rules rules;
static struct file_cache *cache;
static uint64_t now;

static void begin(uint64_t max) {
    const struct file_cache_options options = {max, 20 * SECOND};
    rules = (struct file_cache_rules){.valid_ms = 60 * SECOND, .min_uses = 1};
    now = 1000 * SECOND;
    memcpy(strrchr(folder, '-'), "-XXXXXX", 8);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    cache = file_cache_create(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
}

static const char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text) {
    char temporary[128];
    snprintf(temporary, sizeof temporary, "%s/new", folder);
    FILE *file = fopen(temporary, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    CU_ASSERT_EQUAL(rename(temporary, path_of(name)), 0);
}

static void end(void) {
    static const char *const names[] = {"a", "b", "c", "d"};
    file_cache_destroy(cache);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(path_of(names[i]));
    }
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static struct file_view find(const char *name) {
    struct file_view view;
    const char *path = path_of(name);
    file_cache_find(cache, path, strlen(path), &rules, now, &view);
    return view;
}

static void give_back(const struct file_view *view) {
    if (view->entry != NULL) {
        file_cache_give_back(view->entry, rules.min_uses, now);
    }
}

/* The size that is known; -1: there is no such file. */
static int64_t size_of(const char *name) {
    struct file_view view = find(name);
    give_back(&view);
    return view.error != 0 ? -1 : (int64_t)view.size;
}

static bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

static void believes_what_it_knows_for_a_time(void) {
    begin(10);
    write_file("a", "12345");
    CU_ASSERT_EQUAL(size_of("a"), 5);
    write_file("a", "123");
    now += 59 * SECOND;
    CU_ASSERT_EQUAL(size_of("a"), 5);
    now += 2 * SECOND;
    CU_ASSERT_EQUAL(size_of("a"), 3);
    end();
}

static void sees_that_an_open_file_has_changed(void) {
    begin(10);
    write_file("a", "12345");
    struct file_view first = find("a");
    give_back(&first);
    CU_ASSERT_EQUAL(truncate(path_of("a"), 2), 0);
    now += 61 * SECOND;
    struct file_view second = find("a");
    CU_ASSERT_EQUAL(second.size, 2);
    CU_ASSERT_EQUAL(second.fd, first.fd); /* the same file, not opened again */
    give_back(&second);
    end();
}

static void keeps_a_descriptor_for_who_uses_it(void) {
    begin(10);
    write_file("a", "old");
    struct file_view old = find("a");
    write_file("a", "newer");
    now += 61 * SECOND;
    struct file_view new = find("a");
    char byte;
    CU_ASSERT_NOT_EQUAL(old.fd, new.fd);
    CU_ASSERT_EQUAL(pread(old.fd, &byte, 1, 0), 1);
    CU_ASSERT_EQUAL(byte, 'o');
    give_back(&old);
    CU_ASSERT_FALSE(is_open(old.fd));
    file_cache_empty(cache);
    CU_ASSERT_EQUAL(pread(new.fd, &byte, 1, 0), 1);
    give_back(&new);
    CU_ASSERT_FALSE(is_open(new.fd));
    end();
}

static void remembers_errors_only_when_told_to(void) {
    begin(10);
    CU_ASSERT_EQUAL(size_of("a"), -1);
    write_file("a", "1");
    CU_ASSERT_EQUAL(size_of("a"), 1);
    rules.keeps_errors = true;
    CU_ASSERT_EQUAL(find("b").error, ENOENT);
    write_file("b", "1");
    CU_ASSERT_EQUAL(size_of("b"), -1);
    now += 61 * SECOND;
    CU_ASSERT_EQUAL(size_of("b"), 1);
    CU_ASSERT_EQUAL(unlink(path_of("b")), 0);
    now += 61 * SECOND;
    CU_ASSERT_EQUAL(size_of("b"), -1);
    end();
}

static void keeps_open_what_is_asked_for_often(void) {
    begin(10);
    rules.min_uses = 2;
    write_file("a", "1");
    struct file_view view = find("a");
    int fd = view.fd;
    give_back(&view);
    CU_ASSERT_FALSE(is_open(fd));
    view = find("a");
    fd = view.fd;
    give_back(&view);
    CU_ASSERT_TRUE(is_open(fd));
    end();
}

static void lets_the_longest_unused_go_first(void) {
    begin(2);
    write_file("a", "1");
    write_file("b", "1");
    write_file("c", "1");
    struct file_view a = find("a");
    give_back(&a);
    struct file_view b = find("b");
    give_back(&b);
    CU_ASSERT_EQUAL(size_of("a"), 1); /* used again */
    CU_ASSERT_EQUAL(size_of("c"), 1);
    CU_ASSERT_TRUE(is_open(a.fd));
    write_file("b", "123");
    CU_ASSERT_EQUAL(size_of("b"), 3); /* it was forgotten */
    end();
}

static void lets_go_what_nobody_asks_for(void) {
    begin(10);
    write_file("a", "1");
    write_file("b", "1");
    struct file_view a = find("a");
    give_back(&a);
    now += 21 * SECOND;
    CU_ASSERT_EQUAL(size_of("b"), 1);
    CU_ASSERT_FALSE(is_open(a.fd));
    end();
}

static void has_no_descriptor_of_a_folder(void) {
    begin(10);
    struct file_view view = find(".");
    CU_ASSERT_TRUE(view.error == 0 && view.is_folder && view.fd < 0);
    CU_ASSERT_PTR_NULL(view.entry);
    end();
}

static void asks_again_by_another_rule_for_links(void) {
    begin(10);
    write_file("a", "1");
    CU_ASSERT_EQUAL(symlink("a", path_of("d")), 0);
    CU_ASSERT_EQUAL(size_of("d"), 1);
    rules.links.links = FILE_LINKS_REFUSED;
    CU_ASSERT_EQUAL(find("d").error, ELOOP);
    rules.links.links = FILE_LINKS_FOLLOWED;
    CU_ASSERT_EQUAL(size_of("d"), 1);
    end();
}

UNIT_TESTS("file/cache", {"believes what it knows for a time", believes_what_it_knows_for_a_time},
           {"sees that an open file has changed", sees_that_an_open_file_has_changed},
           {"keeps a descriptor for who uses it", keeps_a_descriptor_for_who_uses_it},
           {"remembers errors only when told to", remembers_errors_only_when_told_to},
           {"keeps open what is asked for often", keeps_open_what_is_asked_for_often},
           {"lets the longest unused go first", lets_the_longest_unused_go_first},
           {"lets go what nobody asks for", lets_go_what_nobody_asks_for},
           {"has no descriptor of a folder", has_no_descriptor_of_a_folder},
           {"asks again by another rule for links", asks_again_by_another_rule_for_links})
