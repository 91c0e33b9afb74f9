/* Temporary files: they hold what is written, have no name, and are where they should be. */
#include "unit.h"

#include "net/temp_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t count_entries(const char *folder) {
    DIR *directory = opendir(folder);
    size_t count = 0;
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count - 2;
}

static void bytes_come_back(void) {
    int file = temp_file_open((struct temp_place){0});
    CU_ASSERT_TRUE_FATAL(file >= 0);
    CU_ASSERT_EQUAL(temp_file_write(file, 0, SLICE("hello ")), 0);
    CU_ASSERT_EQUAL(temp_file_write(file, 6, SLICE("world")), 0);
    char bytes[64];
    size_t got;
    CU_ASSERT_EQUAL(temp_file_read(file, 4, bytes, sizeof bytes, &got), 0);
    CU_ASSERT_EQUAL(got, 7);
    CU_ASSERT_EQUAL(memcmp(bytes, "o world", 7), 0);
    CU_ASSERT_EQUAL(temp_file_read(file, 0, bytes, 3, &got), 0);
    CU_ASSERT_EQUAL(got, 3);
    close(file);
}

static void what_is_not_there_is_an_error(void) {
    int file = temp_file_open((struct temp_place){0});
    char bytes[8];
    size_t got;
    CU_ASSERT_EQUAL(temp_file_read(file, 0, bytes, sizeof bytes, &got), EIO);
    CU_ASSERT_EQUAL(got, 0);
    close(file);
    CU_ASSERT_EQUAL(temp_file_read(file, 0, bytes, sizeof bytes, &got), EBADF);
    CU_ASSERT_EQUAL(temp_file_write(file, 0, SLICE("x")), EBADF);
}

static void relative_folders_begin_at_the_prefix(void) {
    char folder[] = "/tmp/temp_file.XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    char inner[64];
    snprintf(inner, sizeof inner, "%s/bodies", folder);
    struct temp_place place = {.prefix = folder, .folder = SLICE("bodies")};
    CU_ASSERT_EQUAL(temp_file_open(place), -1);
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_EQUAL(mkdir(inner, 0700), 0);
    int file = temp_file_open(place);
    CU_ASSERT_TRUE(file >= 0);
    struct stat state;
    struct stat of_folder;
    CU_ASSERT_EQUAL(fstat(file, &state), 0);
    CU_ASSERT_EQUAL(stat(inner, &of_folder), 0);
    CU_ASSERT_EQUAL(state.st_dev, of_folder.st_dev);
    CU_ASSERT_EQUAL(state.st_nlink, 0);
    CU_ASSERT_EQUAL(count_entries(inner), 0);
    close(file);
    rmdir(inner);
    rmdir(folder);
}

static void the_environment_names_the_default(void) {
    setenv("TMPDIR", "/nowhere/at/all", 1);
    CU_ASSERT_EQUAL(temp_file_open((struct temp_place){0}), -1);
    setenv("TMPDIR", "/tmp", 1);
    int file = temp_file_open((struct temp_place){0});
    CU_ASSERT_TRUE(file >= 0);
    close(file);
    unsetenv("TMPDIR");
}

static void a_path_that_is_too_long_is_an_error(void) {
    static char folder[5000];
    memset(folder, 'x', sizeof folder);
    struct temp_place place = {.folder = {folder, sizeof folder}};
    CU_ASSERT_EQUAL(temp_file_open(place), -1);
    CU_ASSERT_EQUAL(errno, ENAMETOOLONG);
}

UNIT_TESTS("net/temp_file", {"bytes come back", bytes_come_back},
           {"what is not there is an error", what_is_not_there_is_an_error},
           {"relative folders begin at the prefix", relative_folders_begin_at_the_prefix},
           {"the environment names the default", the_environment_names_the_default},
           {"a path that is too long is an error", a_path_that_is_too_long_is_an_error})
