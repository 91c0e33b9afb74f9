/* Whole files in and out. */
#include "base/file.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct folder {
    struct arena arena;
    char path[64];
    char file[80];
};

static void enter(struct folder *folder) {
    arena_init(&folder->arena, 4096);
    snprintf(folder->path, sizeof folder->path, "/tmp/rpc-file-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder->path));
    snprintf(folder->file, sizeof folder->file, "%s/f", folder->path);
}

static void leave(struct folder *folder) {
    unlink(folder->file);
    CU_ASSERT_EQUAL(rmdir(folder->path), 0); /* nothing else was left in it */
    arena_release(&folder->arena);
}

static void writes_and_reads_back(void) {
    struct folder folder;
    enter(&folder);
    struct slice content;
    CU_ASSERT_EQUAL(file_replace(folder.file, SLICE("one\0two")), 0);
    CU_ASSERT_EQUAL(file_read(&folder.arena, folder.file, 100, &content), 0);
    CU_ASSERT_TRUE(slice_equals(content, SLICE("one\0two")));
    CU_ASSERT_EQUAL(content.data[content.size], '\0');
    CU_ASSERT_EQUAL(file_replace(folder.file, SLICE("")), 0);
    CU_ASSERT_EQUAL(file_read(&folder.arena, folder.file, 100, &content), 0);
    CU_ASSERT_EQUAL(content.size, 0);
    leave(&folder);
}

static void rewrites_what_a_link_leads_to(void) {
    struct folder folder;
    enter(&folder);
    char link[96];
    struct stat status;
    struct slice content;
    snprintf(link, sizeof link, "%s/link", folder.path);
    CU_ASSERT_EQUAL(file_replace(folder.file, SLICE("one")), 0);
    CU_ASSERT_EQUAL(chmod(folder.file, 0640), 0);
    if (geteuid() == 0) {
        CU_ASSERT_EQUAL(chown(folder.file, 1234, 4321), 0);
    }
    CU_ASSERT_EQUAL(symlink("f", link), 0);
    CU_ASSERT_EQUAL(file_rewrite(link, SLICE("two")), 0);
    CU_ASSERT_EQUAL(lstat(link, &status), 0);
    CU_ASSERT_TRUE(S_ISLNK(status.st_mode));
    CU_ASSERT_EQUAL(stat(folder.file, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 07777, 0640);
    CU_ASSERT_TRUE(geteuid() != 0 || (status.st_uid == 1234 && status.st_gid == 4321));
    CU_ASSERT_EQUAL(file_read(&folder.arena, folder.file, 100, &content), 0);
    CU_ASSERT_TRUE(slice_equals(content, SLICE("two")));
    unlink(link);
    CU_ASSERT_EQUAL(file_rewrite(link, SLICE("x")), ENOENT);
    CU_ASSERT_EQUAL(file_rewrite(folder.path, SLICE("x")), EINVAL);
    leave(&folder);
}

static void reads_large_files(void) {
    struct folder folder;
    enter(&folder);
    size_t size = 300001;
    char *data = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    for (size_t i = 0; i < size; i++) {
        data[i] = (char)(i * 7);
    }
    struct slice content;
    CU_ASSERT_EQUAL(file_replace(folder.file, (struct slice){data, size}), 0);
    CU_ASSERT_EQUAL(file_read(&folder.arena, folder.file, size, &content), 0);
    CU_ASSERT_TRUE(slice_equals(content, (struct slice){data, size}));
    CU_ASSERT_EQUAL(file_read(&folder.arena, folder.file, size - 1, &content), EFBIG);
    free(data);
    leave(&folder);
}

/* A pipe says no size beforehand. */
static void reads_what_has_no_size(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        for (int i = 0; i < 20000; i++) {
            if (file_write_all(ends[1], SLICE("0123456789")) != 0) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    struct slice content = {NULL, 0};
    CU_ASSERT_EQUAL(file_read_descriptor(&arena, ends[0], 1000000, &content), 0);
    CU_ASSERT_EQUAL(content.size, 200000);
    CU_ASSERT_TRUE(slice_ends_with(content, SLICE("890123456789")));
    close(ends[0]);
    CU_ASSERT_EQUAL(waitpid(child, NULL, 0), child);
    arena_release(&arena);
}

static void limits_what_has_no_size(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(zero >= 0);
    struct slice content;
    CU_ASSERT_EQUAL(file_read_descriptor(&arena, zero, 1000000, &content), EFBIG);
    close(zero);
    arena_release(&arena);
}

static void says_why_it_can_not_read(void) {
    struct folder folder;
    enter(&folder);
    struct slice content;
    CU_ASSERT_EQUAL(file_read(&folder.arena, folder.file, 100, &content), ENOENT);
    CU_ASSERT_EQUAL(file_read(&folder.arena, folder.path, 100, &content), EISDIR);
    CU_ASSERT_EQUAL(file_replace("/nonexistent/folder/f", SLICE("x")), ENOENT);
    leave(&folder);
}

static void replaces_as_a_whole(void) {
    struct folder folder;
    enter(&folder);
    CU_ASSERT_EQUAL(file_replace(folder.file, SLICE("old")), 0);
    int reader = open(folder.file, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL(file_replace(folder.file, SLICE("new")), 0);
    char seen[4] = "";
    CU_ASSERT_EQUAL(read(reader, seen, 3), 3); /* who has it open still reads the old one */
    CU_ASSERT_STRING_EQUAL(seen, "old");
    close(reader);
    struct stat status;
    mode_t mask = umask(0);
    umask(mask);
    CU_ASSERT_EQUAL(stat(folder.file, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0666 & ~mask);
    leave(&folder);
}

UNIT_TESTS("base/file", {"writes and reads back", writes_and_reads_back},
           {"rewrites what a link leads to", rewrites_what_a_link_leads_to},
           {"reads large files", reads_large_files},
           {"reads what has no size", reads_what_has_no_size},
           {"limits what has no size", limits_what_has_no_size},
           {"says why it can not read", says_why_it_can_not_read},
           {"replaces as a whole", replaces_as_a_whole})
