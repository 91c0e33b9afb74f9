/* Daemonising. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent: one byte means that all is well; otherwise the child has said why not. */
__attribute__((noreturn)) static void wait_for_child(int report, pid_t child) {
    char byte;
    ssize_t got;
    do {
        got = read(report, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1) {
        _exit(EXIT_SUCCESS);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(EXIT_FAILURE);
}

bool daemon_start(int *report, struct failure *failure) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return failure_set(failure, "cannot go to the background: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return failure_set(failure, "cannot go to the background: %s", strerror(error));
    }
    if (child > 0) {
        close(ends[1]);
        wait_for_child(ends[0], child);
    }
    close(ends[0]);
    (void)setsid(); /* cannot fail: a new child leads no group */
    *report = ends[1];
    return true;
}

bool daemon_gives_up(int descriptor) {
    struct stat status;
    return descriptor == STDIN_FILENO || isatty(descriptor) != 0 ||
           (fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode));
}

void daemon_report_ready(int report) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = STDIN_FILENO; nothing >= 0 && i <= STDERR_FILENO; i++) {
        if (daemon_gives_up(i)) {
            (void)dup2(nothing, i);
        }
    }
    if (nothing > STDERR_FILENO) {
        close(nothing);
    }
    while (write(report, "", 1) < 0 && errno == EINTR) {
    }
    close(report);
}
