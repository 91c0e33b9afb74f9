/* Open log files: shared by path, replaced when reopened, closed with the last reference. */
#include "log/file.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_open(int descriptor) {
    return fcntl(descriptor, F_GETFD) >= 0;
}

static int open_nothing(void) {
    int descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CU_ASSERT_FATAL(descriptor >= 0);
    return descriptor;
}

static void one_path_is_one_file(void) {
    struct log log;
    log_init(&log, NULL);
    int first = open_nothing();
    struct log_file *file = log_file_adopt(&log, SLICE("a.log"), first);
    int second = open_nothing();
    CU_ASSERT_PTR_EQUAL(log_file_adopt(&log, SLICE("a.log"), second), file);
    CU_ASSERT_FALSE(is_open(first));
    struct log_file *other = log_file_adopt(&log, SLICE("b.log"), open_nothing());
    CU_ASSERT_PTR_NOT_EQUAL(other, file);
    log_file_release(&log, file);
    CU_ASSERT_TRUE(is_open(second));
    log_file_release(&log, file);
    CU_ASSERT_FALSE(is_open(second));
    log_destroy(&log);
}

static void holds_many_files(void) {
    enum { FILES = 500 };
    struct log log;
    log_init(&log, NULL);
    struct log_file *files[FILES];
    for (int i = 0; i < FILES; i++) {
        char path[32];
        int size = snprintf(path, sizeof path, "log-%d", i);
        files[i] = log_file_adopt(&log, (struct slice){path, (size_t)size}, open_nothing());
        CU_ASSERT_PTR_NOT_NULL_FATAL(files[i]);
    }
    unsigned found = 0;
    for (int i = 0; i < FILES; i++) {
        char path[32];
        int size = snprintf(path, sizeof path, "log-%d", i);
        found +=
            log_file_adopt(&log, (struct slice){path, (size_t)size}, open_nothing()) == files[i];
    }
    CU_ASSERT_EQUAL(found, FILES);
    CU_ASSERT_EQUAL(log.file_count, FILES);
    log_destroy(&log);
    CU_ASSERT_EQUAL(log.file_count, 0);
}

static void lines_go_to_the_file_open_when_they_were_written(void) {
    struct loop loop;
    struct log log;
    CU_ASSERT_FATAL(loop_init(&loop, LOOP_POLL));
    log_init(&log, &loop);
    int before[2];
    int after[2];
    CU_ASSERT_FATAL(pipe2(before, O_CLOEXEC | O_NONBLOCK) == 0);
    CU_ASSERT_FATAL(pipe2(after, O_CLOEXEC | O_NONBLOCK) == 0);
    struct log_file *file = log_file_adopt(&log, SLICE("a.log"), before[1]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    log_write(&log, file, SLICE("old"));
    log_file_reopen(&log, file, after[1]);
    log_write(&log, file, SLICE("new"));
    CU_ASSERT(loop_run_once(&loop));
    char text[16] = "";
    CU_ASSERT_EQUAL(read(before[0], text, sizeof text), 4);
    CU_ASSERT(memcmp(text, "old\n", 4) == 0);
    CU_ASSERT_EQUAL(read(after[0], text, sizeof text), 4);
    CU_ASSERT(memcmp(text, "new\n", 4) == 0);
    log_write(&log, file, SLICE("last"));
    log_file_release(&log, file);
    CU_ASSERT_EQUAL(read(after[0], text, sizeof text), 5);
    CU_ASSERT_EQUAL(read(after[0], text, sizeof text), 0); /* closed */
    loop_destroy(&loop);
    log_destroy(&log);
    close(before[0]);
    close(after[0]);
}

static void opens_for_appending(void) {
    char folder[] = "/tmp/rpcd-log-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof path, "%s/new.log", folder);
    int descriptor = log_descriptor_open(path);
    CU_ASSERT_FATAL(descriptor >= 0);
    int flags = fcntl(descriptor, F_GETFL);
    CU_ASSERT_EQUAL(flags & (O_APPEND | O_NONBLOCK), O_APPEND);
    CU_ASSERT_EQUAL(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(descriptor);
    CU_ASSERT_EQUAL(log_descriptor_open(folder), -1);
    CU_ASSERT_EQUAL(errno, EISDIR);
    unlink(path);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    CU_ASSERT_EQUAL(log_descriptor_open(path), -1); /* nobody reads: no waiting */
    CU_ASSERT_EQUAL(errno, ENXIO);
    unlink(path);
    rmdir(folder);
}

/* A socket has no name in the file system: opening /dev/stdout would fail, a duplicate does not. */
static void own_descriptors_may_be_sockets(void) {
    int pair[2];
    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    int saved = dup(STDOUT_FILENO);
    fflush(stdout);
    CU_ASSERT_EQUAL(dup2(pair[1], STDOUT_FILENO), STDOUT_FILENO);
    int descriptor = log_descriptor_open("/dev/stdout");
    CU_ASSERT_EQUAL(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    close(saved);
    CU_ASSERT_FATAL(descriptor > STDERR_FILENO);
    CU_ASSERT_EQUAL(write(descriptor, "x", 1), 1);
    char byte = 0;
    CU_ASSERT_EQUAL(read(pair[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 'x');
    close(descriptor);
    close(pair[0]);
    close(pair[1]);
    CU_ASSERT_EQUAL(log_own_descriptor(SLICE("stderr")), STDERR_FILENO);
    CU_ASSERT_EQUAL(log_own_descriptor(SLICE("/dev/stderr")), STDERR_FILENO);
    CU_ASSERT_EQUAL(log_own_descriptor(SLICE("stdout")), -1); /* a file of that name, as in nginx */
}

UNIT_TESTS("log/file", {"one path is one file", one_path_is_one_file},
           {"holds many files", holds_many_files},
           {"lines go to the file open when they were written",
            lines_go_to_the_file_open_when_they_were_written},
           {"opens for appending", opens_for_appending},
           {"own descriptors may be sockets", own_descriptors_may_be_sockets})
